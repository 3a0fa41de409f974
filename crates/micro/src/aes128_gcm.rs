//! AES-128 in GCM (SP 800-38D).
#![forbid(unsafe_code)]

use embedded_mtls::crypto::{CryptoError, NONCE_LEN, TAG_LEN};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use crate::aes128::{Aes128, BLOCK, State};
use crate::ghash::Ghash;
use crate::number::reveal;
use crate::words::little_endian;

/// The key stream of a key with a nonce.
struct Stream {
    cipher: Aes128,
    /// Two blocks with the nonce, of which words take turns; the last two are counters.
    counters: State,
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
    let (mut stream, mut tag) = (Stream::UNSET, Tag::UNSET);
    start(&mut stream, &mut tag, key, nonce, in_out)?;
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
    let (mut stream, mut expected) = (Stream::UNSET, Tag::UNSET);
    start(&mut stream, &mut expected, key, nonce, in_out)?;
    if !reveal(expected.of(aad, in_out).ct_eq(tag).unwrap_u8().into()) {
        return Err(CryptoError::Forged);
    }
    stream.apply(in_out);
    Ok(())
}

/// Makes both (SP 800-38D section 7.1, steps 1 and 2): the key of the hash is an encrypted block of zeros, the stream of the tag is that of counter 1.
fn start(
    stream: &mut Stream,
    tag: &mut Tag,
    key: &[u8; 16],
    nonce: &[u8; NONCE_LEN],
    in_out: &[u8],
) -> Result<(), CryptoError> {
    // Far below the 2^32 blocks that one nonce is good for.
    u32::try_from(in_out.len()).map_err(|_| CryptoError::Invalid)?;
    let [n0, n1, n2] = little_endian(nonce);
    stream.cipher.set(key);
    stream.counters = [n0, n0, n1, n1, n2, n2, 0, 0];
    let mut blocks = [0; 2 * BLOCK];
    stream.cipher.xor(&[0, n0, 0, n1, 0, n2, 0, 1_u32.to_be()], &mut blocks);
    let ([h, mask], _) = blocks.as_chunks() else { return Err(CryptoError::Invalid) };
    tag.ghash.set(h);
    tag.mask = *mask;
    blocks.zeroize();
    Ok(())
}

impl Stream {
    const UNSET: Self = Self { cipher: Aes128::UNSET, counters: [0; 8] };

    /// Encrypts or decrypts, from counter 2 on, two blocks at a time.
    fn apply(&mut self, data: &mut [u8]) {
        let mut counter = 2;
        let (pairs, rest) = data.as_chunks_mut();
        for pair in pairs {
            self.xor(counter, pair);
            counter += 2;
        }
        if !rest.is_empty() {
            let mut key_stream = [0; 2 * BLOCK];
            self.xor(counter, &mut key_stream);
            rest.iter_mut().zip(&key_stream).for_each(|(byte, key)| *byte ^= key);
            key_stream.zeroize();
        }
    }

    /// Adds the blocks of two counters.
    fn xor(&mut self, counter: u32, data: &mut [u8; 2 * BLOCK]) {
        let [.., first, second] = &mut self.counters;
        (*first, *second) = (counter.to_be(), (counter + 1).to_be());
        self.cipher.xor(&self.counters, data);
    }
}

impl Tag {
    const UNSET: Self = Self { ghash: Ghash::UNSET, mask: [0; BLOCK] };

    /// Returns the tag of the associated data and the ciphertext, with the length of each in bits.
    fn of(&mut self, aad: &[u8], encrypted: &[u8]) -> [u8; TAG_LEN] {
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
