//! GHASH (SP 800-38D section 6.4): a polynomial in `h` in the field of 2^128 elements, whose coefficients are the message.
//!
//! Products of polynomials over two elements are made of products of numbers in which only each fourth bit may be set: at most eight bits meet in a
//! place, and the three bits above it have room for their sum, whose lowest bit is the result (T. Pornin, `BearSSL`). So there is no
//! table, and it takes constant time if a multiplication does.
#![forbid(unsafe_code)]

use zeroize::ZeroizeOnDrop;

use crate::words::{low, low64};

/// A hash with its key. Both are in the order of SP 800-38D: the highest bit is the coefficient of `x^0`.
#[derive(ZeroizeOnDrop)]
pub(crate) struct Ghash {
    h: u128,
    sum: u128,
}

impl Ghash {
    pub(crate) fn new(h: [u8; 16]) -> Self {
        Self { h: u128::from_be_bytes(h), sum: 0 }
    }

    /// Hashes bytes, and zeros up to the end of a block.
    pub(crate) fn update_padded(&mut self, bytes: &[u8]) {
        for piece in bytes.chunks(16) {
            let mut block = [0; 16];
            block.iter_mut().zip(piece).for_each(|(to, from)| *to = *from);
            self.sum = multiply(self.sum ^ u128::from_be_bytes(block), self.h);
        }
    }

    pub(crate) fn finish(self) -> [u8; 16] {
        self.sum.to_be_bytes()
    }
}

/// Multiplies in the field.
///
/// In this order, the product of two numbers has `x^k` at bit 254 - k. Shifted by one, its upper half has the coefficients up to `x^127`, in the right
/// places, and its lower half those from `x^128` on. As `x^128 = x^7 + x^2 + x + 1`, the lower half is added times that, where times x is a shift
/// to the right. Bits that are shifted out are treated the same way: they are added to the lower half before.
#[inline(never)]
fn multiply(a: u128, b: u128) -> u128 {
    let (upper, lower) = product_128(a, b);
    let (upper, lower) = (upper << 1 | lower >> 127, lower << 1);
    let lower = lower ^ lower << 127 ^ lower << 126 ^ lower << 121;
    upper ^ lower ^ lower >> 1 ^ lower >> 2 ^ lower >> 7
}

/// Upper and lower half of the product of polynomials, by three of half their length (A. Karatsuba): `(a + b)(c + d) = ac + bd + (ad + bc)`.
fn product_128(a: u128, b: u128) -> (u128, u128) {
    let [(a1, a0), (b1, b0)] = [a, b].map(|number| (low64(number >> 64), low64(number)));
    let (upper, lower) = (product_64(a1, b1), product_64(a0, b0));
    let middle = product_64(a1 ^ a0, b1 ^ b0) ^ upper ^ lower;
    (upper ^ middle >> 64, lower ^ middle << 64)
}

#[inline(never)]
fn product_64(a: u64, b: u64) -> u128 {
    let [(a1, a0), (b1, b0)] = [a, b].map(|number| (low(number >> 32), low(number)));
    let (upper, lower) = (product_32(a1, b1), product_32(a0, b0));
    let middle = product_32(a1 ^ a0, b1 ^ b0) ^ upper ^ lower;
    u128::from(upper) << 64 ^ u128::from(middle) << 32 ^ u128::from(lower)
}

/// Each number in four with each fourth bit: a product of two has a bit of a wanted place in each fourth place.
#[inline(never)]
fn product_32(a: u32, b: u32) -> u64 {
    const FOURTHS: u32 = 0x1111_1111;
    let parts = |n: u32| (n & FOURTHS, n & (FOURTHS << 1), n & (FOURTHS << 2), n & (FOURTHS << 3));
    let ((a0, a1, a2, a3), (b0, b1, b2, b3)) = (parts(a), parts(b));
    let product = |a: u32, b: u32| u64::from(a) * u64::from(b);
    let mask = u64::from(FOURTHS) << 32 | u64::from(FOURTHS);
    let bits_0 = product(a0, b0) ^ product(a1, b3) ^ product(a2, b2) ^ product(a3, b1);
    let bits_1 = product(a0, b1) ^ product(a1, b0) ^ product(a2, b3) ^ product(a3, b2);
    let bits_2 = product(a0, b2) ^ product(a1, b1) ^ product(a2, b0) ^ product(a3, b3);
    let bits_3 = product(a0, b3) ^ product(a1, b2) ^ product(a2, b1) ^ product(a3, b0);
    bits_0 & mask | bits_1 & (mask << 1) | bits_2 & (mask << 2) | bits_3 & (mask << 3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex::Random;

    /// SP 800-38D section 6.3, bit by bit.
    fn in_bits(a: u128, b: u128) -> u128 {
        let (mut sum, mut multiple) = (0, b);
        for place in (0..128).rev() {
            if a >> place & 1 == 1 {
                sum ^= multiple;
            }
            multiple = multiple >> 1 ^ if multiple & 1 == 1 { 0xe1 << 120 } else { 0 };
        }
        sum
    }

    #[test]
    fn products_are_those_of_the_standard() {
        let mut random = Random::new(9);
        let mut numbers = std::vec![0, 1, 2, u128::MAX, 0xe1 << 120, 1 << 127, 1 << 64, u128::from(u64::MAX)];
        numbers.extend((0..128).map(|place| 1 << place));
        numbers.extend((0..40).map(|_| u128::from_be_bytes(random.array())));
        for a in &numbers {
            for b in &numbers {
                assert_eq!(multiply(*a, *b), in_bits(*a, *b), "{a:032x} {b:032x}");
            }
        }
    }
}
