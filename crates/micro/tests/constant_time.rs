//! No branch and no index depends on a secret: valgrind's memcheck runs the operations with secrets in memory that counts as undefined, and
//! reports each decision that depends on it.
//!
//! With `MICRO_LEAKY=1` the crate is built with a branch on a secret, which has to be found.
//! Only in the release profile: checks of overflow are branches.
#![cfg(all(target_arch = "x86_64", target_os = "linux", not(debug_assertions)))]

use embedded_mtls::NamedGroup;
use embedded_mtls::crypto::{Aead, AeadAlgorithm, CryptoProvider, HashAlgorithm, KeyExchange};
use embedded_mtls_micro::{Micro, MicroSigningKey};
use memcheck::{findings, hide};
use std::hint::black_box;

/// The one function in which a decision about a secret becomes public, and what memcheck calls the decision.
const REVEALED: &[(&str, &str)] = &[("Cond", "*embedded_mtls_micro*reveal*")];

#[test]
fn no_branch_or_index_depends_on_a_secret() {
    let findings = findings("all_operations_with_secrets", REVEALED);
    if cfg!(leaky) {
        assert!(findings.is_some(), "valgrind finds no branch in the variant that has one");
    } else {
        assert_eq!(findings, None, "a branch or an index depends on a secret");
    }
}

#[test]
fn an_index_and_a_branch_are_found() {
    assert!(findings("an_index_with_a_secret", REVEALED).is_some());
    assert!(findings("a_branch_on_a_secret", REVEALED).is_some());
}

#[test]
#[ignore = "run under valgrind by another test"]
fn all_operations_with_secrets() {
    for secret in [[0x35; 32], [0x80; 32]] {
        let peer = Micro.key_exchange(NamedGroup::SECP256R1, &[7; 32]).unwrap().key_share().unwrap();
        let mut key = Micro.key_exchange(NamedGroup::SECP256R1, &secret).unwrap();
        hide(&mut key);
        black_box(key.key_share().unwrap());
        black_box(key.agree(peer.as_bytes()).unwrap());
        let mut seed = secret;
        hide(&mut seed);
        black_box(Micro.key_exchange(NamedGroup::SECP256R1, &seed).unwrap());
        black_box(MicroSigningKey::from_bytes(&seed).unwrap());
        let mut key = MicroSigningKey::from_bytes(&secret).unwrap();
        hide(&mut key);
        black_box(key.sign_digest(&[0x42; 32], b"hedge").unwrap());
        black_box(key.sign_digest(&seed, &seed).unwrap());
        black_box(Micro.hmac(HashAlgorithm::Sha256, &seed, &[&seed, b"message"]).unwrap());
        for algorithm in [AeadAlgorithm::ChaCha20Poly1305, AeadAlgorithm::Aes128Gcm] {
            let key = Micro.aead(algorithm, &seed[..algorithm.key_len()]).unwrap();
            for length in [0, 1, 16, 31, 64, 200] {
                let mut text = vec![7; length];
                hide(text.as_mut_slice());
                let tag = key.seal(&[1; 12], b"header", &mut text).unwrap();
                key.open(&[1; 12], b"header", &mut text, &tag).unwrap();
                let mut other = tag;
                other[15] ^= 1;
                key.open(&[1; 12], b"header", &mut text, &other).unwrap_err();
            }
        }
    }
}

#[test]
#[ignore = "run under valgrind by another test"]
fn a_branch_on_a_secret() {
    let mut secret = [1_u8];
    hide(&mut secret);
    if black_box(secret)[0] == 2 {
        black_box(());
        println!("two");
    }
}

#[test]
#[ignore = "run under valgrind by another test"]
fn an_index_with_a_secret() {
    let mut secret = [1_u8];
    hide(&mut secret);
    let table: [u8; 256] = black_box([3; 256]);
    black_box(table[usize::from(black_box(secret)[0])]);
}
