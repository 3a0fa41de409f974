//! GHASH (SP 800-38D section 6.4): a polynomial in `h` in the field of 2^128 elements, whose coefficients are the message.
//!
//! Products of polynomials over two elements are made of products of numbers: where only each fourth bit may be set, eight of them at most meet in a
//! place, and the three bits above it have room for their sum, of which the lowest bit is the wanted one (T. Pornin, `BearSSL`). So no
//! table is needed that is read at secret places, and it takes constant time where a multiplication does.
#![forbid(unsafe_code)]

use zeroize::ZeroizeOnDrop;

use crate::selected::ghash::ghash;
use crate::words::big_endian;

/// Bytes of a block.
pub(crate) const BLOCK: usize = 16;
/// Each fourth bit of a word.
pub(crate) const FOURTHS: u32 = 0x1111_1111;

/// An element of the field in words, the lowest first; in the order of SP 800-38D, the highest bit is the coefficient of `x^0`.
pub(crate) type Element = [u32; 4];

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
pub(crate) const PARTS: usize = 9;

impl Ghash {
    /// The place for a hash, which is too long to be moved.
    pub(crate) const UNSET: Self = Self { products: [[0; 6]; PARTS], sum: [0; 4] };

    /// Prepares the products with a key.
    pub(crate) fn set(&mut self, h: &[u8; BLOCK]) {
        set_key(&mut self.products, h);
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

    pub(crate) fn finish(&self) -> [u8; BLOCK] {
        let mut bytes = [0; BLOCK];
        let (words, _) = bytes.as_chunks_mut();
        words.iter_mut().zip(self.sum.iter().rev()).for_each(|(to, word)| *to = word.to_be_bytes());
        bytes
    }
}

pub(crate) fn set_key(products: &mut [Product; PARTS], h: &[u8; BLOCK]) {
    for ([_, _, of_key @ ..], part) in products.iter_mut().zip(parts(element(h))) {
        *of_key = fourths(part);
    }
}

pub(crate) fn element(bytes: &[u8; BLOCK]) -> Element {
    let [a3, a2, a1, a0] = big_endian(bytes);
    [a0, a1, a2, a3]
}

/// The words, the sums of the lower two and of the upper two, and the sums of the lower and the upper two: of each and of both.
pub(crate) const fn parts([a0, a1, a2, a3]: Element) -> [u32; PARTS] {
    [a0, a1, a2, a3, a0 ^ a1, a2 ^ a3, a0 ^ a2, a1 ^ a3, a0 ^ a1 ^ a2 ^ a3]
}

/// Each fourth bit, from the first four on.
pub(crate) const fn fourths(word: u32) -> [u32; 4] {
    [word & FOURTHS, word & (FOURTHS << 1), word & (FOURTHS << 2), word & (FOURTHS << 3)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases::Random;

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
                let mut ghash = Ghash::UNSET;
                ghash.set(&a.to_be_bytes());
                ghash.update(&b.to_be_bytes());
                assert_eq!(ghash.finish(), in_bits(*a, *b).to_be_bytes(), "{a:032x} {b:032x}");
            }
        }
    }
}
