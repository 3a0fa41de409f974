//! ChaCha20-Poly1305 (RFC 8439 section 2.8).
#![forbid(unsafe_code)]

use embedded_mtls::crypto::{CryptoError, NONCE_LEN, TAG_LEN};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use crate::chacha20::{BLOCK, ChaCha20};
use crate::number::reveal;
use crate::poly1305::Poly1305;

/// Encrypts `in_out` in place and returns the tag.
pub(crate) fn seal(
    key: &[u8; 32],
    nonce: &[u8; NONCE_LEN],
    aad: &[u8],
    in_out: &mut [u8],
) -> Result<[u8; TAG_LEN], CryptoError> {
    check_length(in_out)?;
    let mut cipher = ChaCha20::new(key, nonce);
    let mac = authenticator(&mut cipher);
    cipher.apply(in_out);
    Ok(tag(mac, aad, in_out))
}

/// Checks the tag, then decrypts `in_out` in place. Leaves it unchanged if the tag is wrong.
pub(crate) fn open(
    key: &[u8; 32],
    nonce: &[u8; NONCE_LEN],
    aad: &[u8],
    in_out: &mut [u8],
    tag: &[u8; TAG_LEN],
) -> Result<(), CryptoError> {
    check_length(in_out)?;
    let mut cipher = ChaCha20::new(key, nonce);
    let mac = authenticator(&mut cipher);
    if !reveal(self::tag(mac, aad, in_out).ct_eq(tag).unwrap_u8().into()) {
        return Err(CryptoError::Forged);
    }
    cipher.apply(in_out);
    Ok(())
}

/// Refuses a text of 4 GiB or more, which is far below the 2^32 blocks of one nonce (RFC 8439 section 2.4).
fn check_length(text: &[u8]) -> Result<(), CryptoError> {
    u32::try_from(text.len()).map(drop).map_err(|_| CryptoError::Invalid)
}

/// Makes the authenticator, whose key is the first half of block 0 (RFC 8439 section 2.6), and leaves the cipher at block 1.
#[inline(never)]
fn authenticator(cipher: &mut ChaCha20) -> Poly1305 {
    let mut block = [[0; BLOCK / 2]; 2];
    cipher.apply(block.as_flattened_mut());
    let [key, _] = &block;
    let mac = Poly1305::new(key);
    block.zeroize();
    mac
}

/// Returns the tag over the associated data, the ciphertext, and the length of each.
#[inline(never)]
fn tag(mut mac: Poly1305, aad: &[u8], encrypted: &[u8]) -> [u8; TAG_LEN] {
    mac.update_padded(aad);
    mac.update_padded(encrypted);
    let mut lengths = [[0; 8]; 2];
    for (place, bytes) in lengths.iter_mut().zip([aad, encrypted]) {
        *place = u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_le_bytes();
    }
    mac.update_padded(lengths.as_flattened());
    mac.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex::{bytes, hex};

    /// RFC 8439 section 2.8.2.
    #[test]
    fn a_text_is_sealed_as_in_the_rfc() {
        let key = core::array::from_fn(|index| 0x80 + u8::try_from(index).unwrap());
        let nonce = bytes("070000004041424344454647");
        let aad = hex("50515253c0c1c2c3c4c5c6c7");
        let text = b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, \
                     sunscreen would be it.";
        let mut in_out = *text;
        let tag = seal(&key, &nonce, &aad, &mut in_out).unwrap();
        let expected = hex("d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6\
                            3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36\
                            92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc\
                            3ff4def08e4b7a9de576d26586cec64b6116");
        assert_eq!(in_out[..], expected);
        assert_eq!(tag, bytes("1ae10b594f09e26a7e902ecbd0600691"));
        assert_eq!(open(&key, &nonce, &aad, &mut in_out, &tag), Ok(()));
        assert_eq!(in_out, *text);
    }

    #[test]
    fn no_changed_bit_of_a_tag_is_accepted_and_the_text_stays() {
        let mut in_out = [7; 100];
        let tag = seal(&[1; 32], &[2; 12], b"header", &mut in_out).unwrap();
        let sealed = in_out;
        for bit in 0..128 {
            let mut forged = tag;
            forged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(open(&[1; 32], &[2; 12], b"header", &mut in_out, &forged), Err(CryptoError::Forged), "{bit}");
            assert_eq!(in_out, sealed);
        }
        assert_eq!(open(&[1; 32], &[2; 12], b"Header", &mut in_out, &tag), Err(CryptoError::Forged));
        assert_eq!(open(&[1; 32], &[2; 12], b"header", &mut in_out, &tag), Ok(()));
    }
}
