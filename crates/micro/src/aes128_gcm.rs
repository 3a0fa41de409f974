//! AES-128 in GCM (SP 800-38D).
#![forbid(unsafe_code)]

use embedded_mtls::crypto::{CryptoError, NONCE_LEN, TAG_LEN};
use subtle::ConstantTimeEq;

use crate::aes128::{Aes128, BLOCK};
use crate::ghash::Ghash;
use crate::words::little_endian;

/// The key stream of a key with a nonce.
struct Stream {
    cipher: Aes128,
    nonce: [u32; 3],
}

/// The hash, and the key stream for it.
struct Tag {
    ghash: Ghash,
    mask: [u8; BLOCK],
}

/// Encrypts `in_out` in place and returns the tag.
pub(crate) fn seal(
    key: &[u8; 16],
    nonce: &[u8; NONCE_LEN],
    aad: &[u8],
    in_out: &mut [u8],
) -> Result<[u8; TAG_LEN], CryptoError> {
    let (stream, tag) = start(key, nonce, in_out)?;
    stream.apply(in_out);
    Ok(tag.of(aad, in_out))
}

/// Checks the tag, then decrypts `in_out` in place. Leaves it unchanged if the tag is wrong.
pub(crate) fn open(
    key: &[u8; 16],
    nonce: &[u8; NONCE_LEN],
    aad: &[u8],
    in_out: &mut [u8],
    tag: &[u8; TAG_LEN],
) -> Result<(), CryptoError> {
    let (stream, expected) = start(key, nonce, in_out)?;
    if !bool::from(expected.of(aad, in_out).ct_eq(tag)) {
        return Err(CryptoError::Forged);
    }
    stream.apply(in_out);
    Ok(())
}

/// Makes both (SP 800-38D section 7.1, steps 1 and 2): the key of the hash is an encrypted block of zeros, the stream of the tag is that of counter 1.
fn start(key: &[u8; 16], nonce: &[u8; NONCE_LEN], in_out: &[u8]) -> Result<(Stream, Tag), CryptoError> {
    // Far below the 2^32 blocks that one nonce is good for.
    u32::try_from(in_out.len()).map_err(|_| CryptoError::Invalid)?;
    let stream = Stream { cipher: Aes128::new(key), nonce: little_endian(nonce) };
    let mut blocks = [[0; 4], stream.counter(1)];
    stream.cipher.encrypt(&mut blocks);
    let [h, mask] = blocks.map(bytes);
    Ok((stream, Tag { ghash: Ghash::new(&h), mask }))
}

/// Converts words to bytes.
fn bytes(words: [u32; 4]) -> [u8; BLOCK] {
    let mut bytes = [0; BLOCK];
    let (chunks, _) = bytes.as_chunks_mut();
    chunks.iter_mut().zip(words).for_each(|(chunk, word)| *chunk = word.to_le_bytes());
    bytes
}

impl Stream {
    fn counter(&self, number: u32) -> [u32; 4] {
        let [n0, n1, n2] = self.nonce;
        [n0, n1, n2, number.swap_bytes()]
    }

    /// Encrypts or decrypts, from counter 2 on, two blocks at a time.
    fn apply(&self, data: &mut [u8]) {
        for (piece, counter) in data.chunks_mut(2 * BLOCK).zip((2_u32..).step_by(2)) {
            let mut blocks = [counter, counter.wrapping_add(1)].map(|number| self.counter(number));
            self.cipher.encrypt(&mut blocks);
            let key_stream = blocks.as_flattened().iter().flat_map(|word| word.to_le_bytes());
            piece.iter_mut().zip(key_stream).for_each(|(byte, key)| *byte ^= key);
        }
    }
}

impl Tag {
    /// Returns the tag of the associated data and the ciphertext, with the length of each in bits.
    fn of(mut self, aad: &[u8], encrypted: &[u8]) -> [u8; TAG_LEN] {
        self.ghash.update_padded(aad);
        self.ghash.update_padded(encrypted);
        let bits = |bytes: &[u8]| (8 * u64::try_from(bytes.len()).unwrap_or(0)).to_be_bytes();
        self.ghash.update_padded([bits(aad), bits(encrypted)].as_flattened());
        let mut tag = self.ghash.finish();
        tag.iter_mut().zip(self.mask).for_each(|(byte, mask)| *byte ^= mask);
        tag
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex::{bytes, hex};

    /// Test case 4 of the specification of GCM (D. A. `McGrew`, J. Viega): a text of 60 bytes with 20 bytes of associated data.
    #[test]
    fn a_text_is_sealed_as_in_the_specification() {
        let key = bytes("feffe9928665731c6d6a8f9467308308");
        let nonce = bytes("cafebabefacedbaddecaf888");
        let aad = hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
        let text = hex("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
                        1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39");
        let mut in_out = text.clone();
        let tag = seal(&key, &nonce, &aad, &mut in_out).unwrap();
        let expected = hex("42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e\
                            21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091");
        assert_eq!(in_out, expected);
        assert_eq!(tag, bytes("5bc94fbc3221a5db94fae95ae7121a47"));
        for bit in 0..128 {
            let mut forged = tag;
            forged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(open(&key, &nonce, &aad, &mut in_out, &forged), Err(CryptoError::Forged));
            assert_eq!(in_out, expected);
        }
        assert_eq!(open(&key, &nonce, &aad, &mut in_out, &tag), Ok(()));
        assert_eq!(in_out, text);
    }
}
