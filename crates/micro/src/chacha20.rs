//! ChaCha20 (RFC 8439 section 2.3 and 2.4).
//!
//! Only additions, rotations and exclusive or: nothing but the values depends on a secret.
#![forbid(unsafe_code)]

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::selected::chacha20::xor_block;
use crate::words::little_endian;

/// Bytes of a block.
pub(crate) const BLOCK: usize = 64;
/// "expand 32-byte k", the first row of each state.
const CONSTANTS: [u32; 4] = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574];

/// A key with a nonce, and the number of the next block.
#[derive(ZeroizeOnDrop)]
pub(crate) struct ChaCha20([[u32; 4]; 4]);

impl ChaCha20 {
    /// Starts with block 0.
    pub(crate) fn new(key: &[u8; 32], nonce: &[u8; 12]) -> Self {
        let [k0, k1, k2, k3, k4, k5, k6, k7] = little_endian(key);
        let [n0, n1, n2] = little_endian(nonce);
        Self([CONSTANTS, [k0, k1, k2, k3], [k4, k5, k6, k7], [0, n0, n1, n2]])
    }

    /// Encrypts or decrypts from the next block on. If the last block is not full, the rest of it is lost.
    pub(crate) fn apply(&mut self, data: &mut [u8]) {
        let (blocks, rest) = data.as_chunks_mut();
        for block in blocks {
            self.xor_next(block);
        }
        if !rest.is_empty() {
            let mut key_stream = [0; BLOCK];
            self.xor_next(&mut key_stream);
            rest.iter_mut().zip(&key_stream).for_each(|(byte, key)| *byte ^= key);
            key_stream.zeroize();
        }
    }

    /// Adds the next block of the key stream.
    fn xor_next(&mut self, block: &mut [u8; BLOCK]) {
        xor_block(&self.0, block);
        let [_, _, _, [counter, ..]] = &mut self.0;
        *counter = counter.wrapping_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex::{bytes, hex};

    /// RFC 8439 section 2.3.2.
    #[test]
    fn a_block_is_that_of_the_rfc() {
        let key: [u8; 32] = core::array::from_fn(|index| u8::try_from(index).unwrap());
        let mut cipher = ChaCha20::new(&key, &bytes("000000090000004a00000000"));
        let mut blocks = [0; 2 * BLOCK];
        cipher.apply(&mut blocks);
        let expected = "10f1e7e4d13b5915500fdd1fa32071c4c7d1f4c733c068030422aa9ac3d46c4e\
                        d2826446079faa0914c2d705d98b02a2b5129cd1de164eb9cbd083e8a2503c4e";
        assert_eq!(blocks[BLOCK..], hex(expected));
    }

    /// RFC 8439 appendix A.2, test vector 3, cut at each place.
    #[test]
    fn a_text_of_any_length_is_encrypted() {
        let text = "'Twas brillig, and the slithy toves\nDid gyre and gimble in the wabe:\nAll mimsy were the \
                    borogoves,\nAnd the mome raths outgrabe.";
        let expected = hex("62e6347f95ed87a45ffae7426f27a1df5fb69110044c0d73118effa95b01e5cf\
                            166d3df2d721caf9b21e5fb14c616871fd84c54f9d65b283196c7fe4f60553eb\
                            f39c6402c42234e32a356b3e764312a61a5532055716ead6962568f87d3f3f77\
                            04c6a8d1bcd1bf4d50d6154b6da731b187b58dfd728afa36757a797ac188d1");
        let key = bytes("1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0");
        for len in 0..=text.len() {
            let mut cipher = ChaCha20::new(&key, &bytes("000000000000000000000002"));
            // The vector begins with block 42.
            cipher.apply(&mut [0; 42 * BLOCK]);
            let mut data = text.as_bytes()[..len].to_vec();
            cipher.apply(&mut data);
            assert_eq!(data, expected[..len], "{len}");
        }
    }
}
