//! GHASH (SP 800-38D section 6.4): a polynomial in `h` in the field of 2^128 elements, whose coefficients are the message.
//!
//! Products of polynomials over two elements are made of products of numbers: where only each fourth bit may be set, eight of them at most meet in a
//! place, and the three bits above it have room for their sum, of which the lowest bit is the wanted one (T. Pornin, `BearSSL`). So no
//! table is needed that is read at secret places, and it takes constant time where a multiplication does.
#![forbid(unsafe_code)]

use zeroize::ZeroizeOnDrop;

#[cfg(assembly)]
use crate::assembly::ghash::ghash;
use crate::words::big_endian;
#[cfg(not(assembly))]
use crate::words::{high, low};

/// Bytes of a block.
const BLOCK: usize = 16;
/// Each fourth bit of a word.
const FOURTHS: u32 = 0x1111_1111;

/// An element of the field in words, the lowest first; in the order of SP 800-38D, the highest bit is the coefficient of `x^0`.
type Element = [u32; 4];

/// The product of a word with one of the key: the product, or in the place of its first word that word before; then each fourth bit of that
/// of the key, from the lowest on, from the second on, and so forth.
pub(crate) type Product = [u32; 6];

/// A hash with its key. 232 bytes, wiped when dropped.
#[derive(ZeroizeOnDrop)]
pub(crate) struct Ghash {
    /// Of the parts of the sum and of the key.
    products: [Product; PARTS],
    sum: Element,
}

/// Words and sums of words of which the products of two elements are made, by A. Karatsuba's rule, twice.
const PARTS: usize = 9;

impl Ghash {
    pub(crate) fn new(h: &[u8; BLOCK]) -> Self {
        let products = parts(element(h)).map(|part| {
            let [b0, b1, b2, b3] = fourths(part);
            [0, 0, b0, b1, b2, b3]
        });
        Self { products, sum: [0; 4] }
    }

    /// Hashes bytes, and zeros up to the end of a block.
    pub(crate) fn update_padded(&mut self, bytes: &[u8]) {
        let (blocks, rest) = bytes.as_chunks();
        for block in blocks {
            self.update(block);
        }
        if !rest.is_empty() {
            let mut block = [0; BLOCK];
            block.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
            self.update(&block);
        }
    }

    fn update(&mut self, block: &[u8; BLOCK]) {
        ghash(&mut self.products, &mut self.sum, block);
    }

    pub(crate) fn finish(self) -> [u8; BLOCK] {
        let mut bytes = [0; BLOCK];
        let (words, _) = bytes.as_chunks_mut();
        words.iter_mut().zip(self.sum.iter().rev()).for_each(|(to, word)| *to = word.to_be_bytes());
        bytes
    }
}

/// Adds a block to the sum, and multiplies that by the key.
///
/// In this order, the product of two numbers has `x^k` at bit 254 - k. Shifted by one, its upper half has the coefficients up to `x^127`, in the
/// right places, and its lower half those from `x^128` on. As `x^128 = x^7 + x^2 + x + 1`, each word of the lower half is added times that four
/// words above, where times x is a shift to the right; what that shifts out is at the word below. From the lowest word on, so that
/// what comes to the lower half this way is in its highest word, the last.
#[cfg(not(assembly))]
fn ghash(parts_of_key: &mut [Product; PARTS], sum: &mut Element, block: &[u8; BLOCK]) {
    sum.iter_mut().zip(element(block)).for_each(|(to, from)| *to ^= from);
    for (product, part) in parts_of_key.iter_mut().zip(parts(*sum)) {
        multiply(product, part);
    }
    let [p0, p1, p2, p3, p01, p23, p02, p13, p0123] = &*parts_of_key;
    let [l0, l1, l2, l3] = twice_as_long(p0, p1, p01);
    let [h0, h1, h2, h3] = twice_as_long(p2, p3, p23);
    let [m0, m1, m2, m3] = twice_as_long(p02, p13, p0123);
    // (a + b)(c + d) = ac + bd + (ad + bc), in the words from 2 to 5.
    let mut words = [l0, l1, l2 ^ m0 ^ l0 ^ h0, l3 ^ m1 ^ l1 ^ h1, h0 ^ m2 ^ l2 ^ h2, h1 ^ m3 ^ l3 ^ h3, h2, h3];
    let mut below = 0;
    for word in &mut words {
        (*word, below) = (*word << 1 | below, *word >> 31);
    }
    let [z0, z1, z2, z3, z4, z5, z6, z7] = words;
    let (z3, z4) = (z3 ^ out_of(z0), z4 ^ times_7_2_1_0(z0) ^ out_of(z1));
    let (z5, z6) = (z5 ^ times_7_2_1_0(z1) ^ out_of(z2), z6 ^ times_7_2_1_0(z2) ^ out_of(z3));
    *sum = [z4, z5, z6, z7 ^ times_7_2_1_0(z3)];
}

/// A word times `x^7 + x^2 + x + 1`, as far as it stays in the word.
#[cfg(not(assembly))]
const fn times_7_2_1_0(word: u32) -> u32 {
    word ^ word >> 1 ^ word >> 2 ^ word >> 7
}

/// The part of that in the word below.
#[cfg(not(assembly))]
const fn out_of(word: u32) -> u32 {
    word << 31 ^ word << 30 ^ word << 25
}

fn element(bytes: &[u8; BLOCK]) -> Element {
    let [a3, a2, a1, a0] = big_endian(bytes);
    [a0, a1, a2, a3]
}

/// The words, the sums of the lower two and of the upper two, and the sums of the lower and the upper two: of each and of both.
const fn parts([a0, a1, a2, a3]: Element) -> [u32; PARTS] {
    [a0, a1, a2, a3, a0 ^ a1, a2 ^ a3, a0 ^ a2, a1 ^ a3, a0 ^ a1 ^ a2 ^ a3]
}

/// Each fourth bit, from the first four on.
const fn fourths(word: u32) -> [u32; 4] {
    [word & FOURTHS, word & (FOURTHS << 1), word & (FOURTHS << 2), word & (FOURTHS << 3)]
}

/// The product of two elements of two words, from those of the lower words, of the upper ones, and of their sums.
#[cfg(not(assembly))]
const fn twice_as_long([l0, l1, ..]: &Product, [h0, h1, ..]: &Product, [m0, m1, ..]: &Product) -> Element {
    [*l0, *l1 ^ *m0 ^ *l0 ^ *h0, *h0 ^ *m1 ^ *l1 ^ *h1, *h1]
}

/// Multiplies by a word. Each number is in four with each fourth bit: a product of two has a bit of a wanted place in each fourth place.
#[cfg(not(assembly))]
fn multiply([to_low, to_high, b0, b1, b2, b3]: &mut Product, factor: u32) {
    let [a0, a1, a2, a3] = fourths(factor);
    let product = |a: u32, b: &u32| u64::from(a) * u64::from(*b);
    let mask = u64::from(FOURTHS) << 32 | u64::from(FOURTHS);
    let bits_0 = product(a0, b0) ^ product(a1, b3) ^ product(a2, b2) ^ product(a3, b1);
    let bits_1 = product(a0, b1) ^ product(a1, b0) ^ product(a2, b3) ^ product(a3, b2);
    let bits_2 = product(a0, b2) ^ product(a1, b1) ^ product(a2, b0) ^ product(a3, b3);
    let bits_3 = product(a0, b3) ^ product(a1, b2) ^ product(a2, b1) ^ product(a3, b0);
    let wide = bits_0 & mask | bits_1 & (mask << 1) | bits_2 & (mask << 2) | bits_3 & (mask << 3);
    (*to_low, *to_high) = (low(wide), high(wide));
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
                let mut ghash = Ghash::new(&a.to_be_bytes());
                ghash.update(&b.to_be_bytes());
                assert_eq!(ghash.finish(), in_bits(*a, *b).to_be_bytes(), "{a:032x} {b:032x}");
            }
        }
    }
}
