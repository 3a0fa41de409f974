//! Private keys as OpenSSL writes them, in DER and PEM.
//!
//! ```sh
//! openssl ecparam -name prime256v1 -genkey -noout -outform DER -out p256.sec1.der
//! openssl pkcs8 -topk8 -nocrypt -inform DER -in p256.sec1.der -outform DER -out p256.pkcs8.der
//! openssl pkcs8 -topk8 -inform DER -in p256.sec1.der -outform DER -passout pass:secret -out p256.encrypted.der
//! openssl ec -inform DER -in p256.sec1.der -out p256.sec1.pem
//! openssl genpkey -algorithm ED25519 -outform DER -out ed25519.pkcs8.der
//! ```

use embedded_mtls::crypto::rustcrypto::{Ed25519SigningKey, P256SigningKey, P384SigningKey};
use embedded_mtls::crypto::{CryptoError, DecodedKey};
use embedded_mtls::io::AnySigningKey;
use embedded_mtls::pem;

macro_rules! key {
    ($name:literal) => {
        include_bytes!(concat!("data/keys/", $name))
    };
}

const P256: [&[u8]; 2] = [key!("p256.sec1.der"), key!("p256.pkcs8.der")];
const P384: [&[u8]; 2] = [key!("p384.sec1.der"), key!("p384.pkcs8.der")];
const ED25519: &[u8] = key!("ed25519.pkcs8.der");

#[test]
fn both_encodings_have_the_same_key_and_its_public_key() {
    for der in P256 {
        let key = P256SigningKey::from_der(der).unwrap();
        assert!(key!("p256.public.der").ends_with(&key.public_key()));
        assert!(matches!(AnySigningKey::from_der(der), Ok(AnySigningKey::P256(_))));
    }
    for der in P384 {
        let key = P384SigningKey::from_der(der).unwrap();
        assert!(key!("p384.public.der").ends_with(&key.public_key()));
        assert!(matches!(AnySigningKey::from_der(der), Ok(AnySigningKey::P384(_))));
    }
    let key = Ed25519SigningKey::from_der(ED25519).unwrap();
    assert!(key!("ed25519.public.der").ends_with(&key.public_key()));
    assert!(matches!(AnySigningKey::from_der(ED25519), Ok(AnySigningKey::Ed25519(_))));
}

#[test]
fn a_pem_file_is_decoded_in_place() {
    for (text, label) in [(&key!("p256.sec1.pem")[..], "EC PRIVATE KEY"), (key!("p256.pkcs8.pem"), "PRIVATE KEY")] {
        let mut text = text.to_vec();
        let der = pem::private_key(&mut text).unwrap();
        assert_eq!(DecodedKey::from_der(der), DecodedKey::from_der(P256[0]), "{label}");
    }
}

#[test]
fn keys_that_are_encrypted_or_of_another_kind_are_rejected() {
    assert_eq!(DecodedKey::from_der(key!("p256.encrypted.der")), Err(CryptoError::Invalid));
    assert_eq!(DecodedKey::from_der(key!("rsa.pkcs8.der")), Err(CryptoError::Unsupported));
    assert_eq!(DecodedKey::from_der(key!("p521.sec1.der")), Err(CryptoError::Unsupported));
    assert_eq!(P256SigningKey::from_der(P384[0]).err(), Some(CryptoError::Unsupported));
    assert_eq!(P384SigningKey::from_der(P256[0]).err(), Some(CryptoError::Unsupported));
    assert_eq!(Ed25519SigningKey::from_der(P256[0]).err(), Some(CryptoError::Unsupported));
}

#[test]
fn a_key_that_is_cut_or_continued_is_rejected() {
    for der in P256.iter().chain(&P384).chain(&[ED25519]) {
        for len in 0..der.len() {
            assert!(DecodedKey::from_der(&der[..len]).is_err(), "{len} bytes");
        }
        assert!(DecodedKey::from_der(&[der, &[0][..]].concat()).is_err());
    }
}

#[test]
fn a_curve_that_is_named_twice_is_the_same() {
    // The parameters within PKCS#8, which OpenSSL leaves out.
    const SEC1: &[u8] = key!("p256.sec1.der");
    let byte = |len: usize| u8::try_from(len).unwrap();
    let of_curve = |outer: &[u8]| {
        let algorithm = [&[0x30, 9 + byte(outer.len()), 6, 7][..], b"\x2a\x86\x48\xce\x3d\x02\x01", outer].concat();
        let inside = [&[2, 1, 0][..], &algorithm, &[4, byte(SEC1.len())], SEC1].concat();
        [&[0x30, 0x81, byte(inside.len())][..], &inside].concat()
    };
    let same = of_curve(b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07");
    assert_eq!(DecodedKey::from_der(&same), DecodedKey::from_der(SEC1));
    assert_eq!(DecodedKey::from_der(&of_curve(b"\x06\x05\x2b\x81\x04\x00\x22")), Err(CryptoError::Invalid));
}
