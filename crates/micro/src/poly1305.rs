//! Poly1305 (RFC 8439 section 2.5): a polynomial in `r` modulo p = 2^130 - 5, whose coefficients are the message.
//!
//! Numbers are in words of 32 bits. RFC 8439 clears bits of `r` such that products do not overflow ("clamping", for this purpose):
//! each word of `r` is below 2^28, and all but the lowest are multiples of 4. So `r1 * 2^128`, where a product reaches over 2^130,
//! is `r1 / 4 * 2^130`, which is `5 * r1 / 4` modulo p, a whole number below 2^29.
#![forbid(unsafe_code)]

use zeroize::ZeroizeOnDrop;

use crate::selected::poly1305::poly1305;
use crate::words::{high, little_endian, low};

/// Bytes of a block.
pub(crate) const BLOCK: usize = 16;

/// A polynomial with its key.
#[derive(ZeroizeOnDrop)]
pub(crate) struct Poly1305 {
    r: [u32; 4],
    /// Below 2^130 + 2^32 between blocks: the highest word is at most 4.
    h: [u32; 5],
    /// Number that is added at the end.
    pad: [u32; 4],
}

impl Poly1305 {
    /// Starts with a key that is used once (RFC 8439 section 2.5): `r`, which is clamped, and `s`.
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        let [r0, r1, r2, r3, s0, s1, s2, s3] = little_endian(key);
        let r = [r0 & 0x0fff_ffff, r1 & 0x0fff_fffc, r2 & 0x0fff_fffc, r3 & 0x0fff_fffc];
        Self { r, h: [0; 5], pad: [s0, s1, s2, s3] }
    }

    /// Hashes bytes, and zeros up to the end of a block (RFC 8439 section 2.8: `pad16`).
    pub(crate) fn update_padded(&mut self, bytes: &[u8]) {
        let (blocks, rest) = bytes.as_chunks();
        poly1305(&self.r, &mut self.h, blocks);
        if !rest.is_empty() {
            let mut block = [0; BLOCK];
            block.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
            poly1305(&self.r, &mut self.h, &[block]);
        }
    }

    /// Returns the tag.
    pub(crate) fn finish(self) -> [u8; 16] {
        let mut tag = [0; 16];
        let (words, _) = tag.as_chunks_mut();
        let mut carry = 0;
        for ((word, h), pad) in words.iter_mut().zip(reduced(&self.h)).zip(self.pad) {
            let sum = u64::from(h) + u64::from(pad) + u64::from(carry);
            *word = low(sum).to_le_bytes();
            carry = high(sum);
        }
        tag
    }
}

/// The lowest 128 bits of `h` modulo p: `h` is below 2 p, so that p is taken away once or not at all. `h - p` is not negative if `h + 5`
/// has a bit at 2^130, and has the same low bits as `h + 5`.
fn reduced([h @ .., h4]: &[u32; 5]) -> [u32; 4] {
    let mut carry = 5;
    let less = h.map(|word| {
        let sum = u64::from(word) + u64::from(carry);
        carry = high(sum);
        low(sum)
    });
    let take = (h4 + carry) >> 2;
    let mask = core::hint::black_box(take.wrapping_neg());
    let mut reduced = *h;
    reduced.iter_mut().zip(less).for_each(|(word, less)| *word ^= (*word ^ less) & mask);
    reduced
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases::Random;
    use crate::hex::{bytes, hex};

    fn tag(key: &[u8; 32], message: &[u8]) -> [u8; 16] {
        let mut mac = Poly1305::new(key);
        mac.update_padded(message);
        mac.finish()
    }

    /// RFC 8439 appendix A.3, test vectors 7 to 11: sums at and around p, carries through all words.
    #[test]
    fn sums_at_the_modulus_are_reduced() {
        let one = "01000000000000000000000000000000";
        let two = "02000000000000000000000000000000";
        let four_words = "01000000000000000400000000000000";
        let zero = "00000000000000000000000000000000";
        let vectors: [(&str, &str, &str, &str); 5] = [
            (two, zero, "ffffffffffffffffffffffffffffffff", "03000000000000000000000000000000"),
            (two, "ffffffffffffffffffffffffffffffff", two, "03000000000000000000000000000000"),
            (
                one,
                zero,
                "fffffffffffffffffffffffffffffffff0ffffffffffffffffffffffffffffff11000000000000000000000000000000",
                "05000000000000000000000000000000",
            ),
            (
                one,
                zero,
                "fffffffffffffffffffffffffffffffffbfefefefefefefefefefefefefefefe01010101010101010101010101010101",
                zero,
            ),
            (two, zero, "fdffffffffffffffffffffffffffffff", "faffffffffffffffffffffffffffffff"),
        ];
        for (r, pad, message, expected) in vectors {
            let key = bytes(&[r, pad].concat());
            assert_eq!(tag(&key, &hex(message)), bytes(expected), "{message}");
        }
        // Vectors 10 and 11.
        let key = bytes(&[four_words, zero].concat());
        let message = "e33594d7505e43b900000000000000003394d7505e4379cd0100000000000000\
                       00000000000000000000000000000000";
        let longer = [message, one].concat();
        assert_eq!(tag(&key, &hex(&longer)), bytes("14000000000000005500000000000000"));
        assert_eq!(tag(&key, &hex(message)), bytes("13000000000000000000000000000000"));
    }

    /// Adds to each byte what the byte below it is too much, up to the last.
    fn carry(number: &mut [u64]) {
        for index in 1..number.len() {
            number[index] += number[index - 1] >> 8;
            number[index - 1] &= 0xff;
        }
    }

    /// The product of two numbers in bytes, below 2^130 + 2^9.
    fn product(h: &[u64; 17], r: &[u64; 16]) -> [u64; 17] {
        let mut product = [0_u64; 34];
        for (i, h) in h.iter().enumerate() {
            for (j, r) in r.iter().enumerate() {
                product[i + j] += h * r;
            }
        }
        for _ in 0..3 {
            carry(&mut product);
            for index in 17..34 {
                // 2^136 is 5 * 2^6 modulo p.
                product[index - 17] += 320 * core::mem::take(&mut product[index]);
            }
            // 2^130 is 5.
            product[0] += 5 * (product[16] >> 2);
            product[16] &= 3;
        }
        carry(&mut product[..17]);
        *product.first_chunk().unwrap()
    }

    /// Poly1305 in bytes: nothing is shared with the code above.
    fn in_bytes(key: &[u8; 32], message: &[u8]) -> [u8; 16] {
        let clamp = |index| match index {
            3 | 7 | 11 | 15 => 0x0f,
            4 | 8 | 12 => 0xfc,
            _ => 0xff,
        };
        let r = core::array::from_fn(|index| u64::from(key[index] & clamp(index)));
        let mut h = [0_u64; 17];
        for block in message.chunks(16) {
            h.iter_mut().zip(block).for_each(|(to, from)| *to += u64::from(*from));
            h[16] += 1;
            h = product(&h, &r);
        }
        let mut plus_five = h;
        plus_five[0] += 5;
        carry(&mut plus_five);
        let mut sum = if plus_five[16] >= 4 { plus_five } else { h };
        sum.iter_mut().zip(&key[16..]).for_each(|(to, from)| *to += u64::from(*from));
        carry(&mut sum);
        core::array::from_fn(|index| u8::try_from(sum[index]).unwrap())
    }

    #[test]
    fn extreme_keys_and_blocks_agree_with_arithmetic_in_bytes() {
        let bytes = [0x00, 0x01, 0xfb, 0xfe, 0xff];
        let mut random = Random::new(1);
        for key_byte in bytes {
            for first in bytes {
                for second in bytes {
                    let message = [[first; 16], [second; 16], [first; 16], random.array(), [0xff; 16]].concat();
                    for key in [[key_byte; 32], random.array()] {
                        assert_eq!(tag(&key, &message), in_bytes(&key, &message), "{key:02x?} {message:02x?}");
                    }
                }
            }
        }
    }
}
