//! The AEADs of `embedded-mtls`, for use by that crate only: those of RustCrypto behind non-generic functions.
//!
//! Cargo sets optimization levels crate by crate, and generic code is compiled in the crate that uses it. The loops
//! over the bytes of a record, all from generic crates, are therefore compiled here, and a program that is otherwise
//! optimized for size can optimize them for speed:
//!
//! ```toml
//! [profile.release.package.embedded-mtls-aead]
//! opt-level = 3
//! ```
#![no_std]
#![forbid(unsafe_code)]

use aead::consts::{U12, U16};
use aead::inout::InOutBuf;
use aead::{AeadInOut, Key, KeyInit, Nonce, Tag};

/// Bytes of a nonce.
pub const NONCE_LEN: usize = 12;
/// Bytes of a tag.
pub const TAG_LEN: usize = 16;

/// The failure of an operation: the tag does not match, or the data exceeds the limit of the algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failed;

/// The two functions of an algorithm.
macro_rules! algorithm {
    ($(#[$meta:meta])* $name:ident, $algorithm:ty, $key_len:literal) => {
        $(#[$meta])*
        pub mod $name {
            use super::{Failed, NONCE_LEN, TAG_LEN};

            /// Encrypts `in_out` in place and returns the tag.
            ///
            /// # Errors
            /// [`Failed`] if it is too long.
            // not inlined, since it would get the optimization of its caller
            #[inline(never)]
            pub fn seal(
                key: &[u8; $key_len],
                nonce: &[u8; NONCE_LEN],
                aad: &[u8],
                in_out: &mut [u8],
            ) -> Result<[u8; TAG_LEN], Failed> {
                super::seal::<$algorithm>(key.into(), nonce, aad, in_out)
            }

            /// Checks the tag, then decrypts `in_out` in place.
            ///
            /// # Errors
            /// [`Failed`] if the tag is wrong; `in_out` is unchanged then.
            #[inline(never)]
            pub fn open(
                key: &[u8; $key_len],
                nonce: &[u8; NONCE_LEN],
                aad: &[u8],
                in_out: &mut [u8],
                tag: &[u8; TAG_LEN],
            ) -> Result<(), Failed> {
                super::open::<$algorithm>(key.into(), nonce, aad, in_out, tag)
            }
        }
    };
}

algorithm! {
    /// AES-128-GCM.
    #[cfg(feature = "aes-gcm")]
    aes_128_gcm, aes_gcm::Aes128Gcm, 16
}

algorithm! {
    /// AES-256-GCM.
    #[cfg(feature = "aes-gcm")]
    aes_256_gcm, aes_gcm::Aes256Gcm, 32
}

algorithm! {
    /// ChaCha20-Poly1305.
    #[cfg(feature = "chacha20-poly1305")]
    chacha20_poly1305, chacha20poly1305::ChaCha20Poly1305, 32
}

fn seal<A: AeadInOut<NonceSize = U12, TagSize = U16> + KeyInit>(
    key: &Key<A>,
    nonce: &[u8; NONCE_LEN],
    aad: &[u8],
    in_out: &mut [u8],
) -> Result<[u8; TAG_LEN], Failed> {
    let nonce: &Nonce<A> = nonce.into();
    let tag = A::new(key).encrypt_inout_detached(nonce, aad, InOutBuf::from(in_out)).map_err(|_| Failed)?;
    Ok(tag.into())
}

fn open<A: AeadInOut<NonceSize = U12, TagSize = U16> + KeyInit>(
    key: &Key<A>,
    nonce: &[u8; NONCE_LEN],
    aad: &[u8],
    in_out: &mut [u8],
    tag: &[u8; TAG_LEN],
) -> Result<(), Failed> {
    let (nonce, tag): (&Nonce<A>, &Tag<A>) = (nonce.into(), tag.into());
    // All of them compare the tag in constant time, and before they decrypt.
    A::new(key).decrypt_inout_detached(nonce, aad, InOutBuf::from(in_out), tag).map_err(|_| Failed)
}

#[cfg(all(test, feature = "aes-gcm", feature = "chacha20-poly1305"))]
mod tests {
    use super::*;
    use zeroize::ZeroizeOnDrop;

    #[test]
    fn a_sealed_text_opens_and_a_changed_one_does_not() {
        macro_rules! check {
            ($name:ident, $key_len:literal) => {
                let (key, nonce, aad, mut bytes) = ([1; $key_len], [2; NONCE_LEN], [3; 5], [4; 100]);
                let tag = $name::seal(&key, &nonce, &aad, &mut bytes).unwrap();
                assert_ne!(bytes, [4; 100]);
                let mut changed = bytes;
                changed[99] ^= 1;
                let forged = changed;
                assert_eq!($name::open(&key, &nonce, &aad, &mut changed, &tag), Err(Failed));
                assert_eq!(changed, forged, "it may be opened with another key");
                let mut sealed = bytes;
                assert_eq!($name::open(&key, &nonce, &[3; 6], &mut sealed, &tag), Err(Failed));
                assert_eq!($name::open(&[9; $key_len], &nonce, &aad, &mut sealed, &tag), Err(Failed));
                assert_eq!(sealed, bytes, "it may be opened with another key");
                assert_eq!($name::open(&key, &nonce, &aad, &mut bytes, &tag), Ok(()));
                assert_eq!(bytes, [4; 100]);
            };
        }
        check!(aes_128_gcm, 16);
        check!(aes_256_gcm, 32);
        check!(chacha20_poly1305, 32);
    }

    #[test]
    fn types_with_secrets_are_wiped_when_dropped() {
        const fn wiped<T: ZeroizeOnDrop>() {}
        // Poly1305 wipes itself too, but does not implement the trait.
        wiped::<aes_gcm::Aes128Gcm>();
        wiped::<aes_gcm::Aes256Gcm>();
        wiped::<chacha20poly1305::ChaCha20Poly1305>();
    }
}
