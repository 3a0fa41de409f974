//! The provider for hosts against RustCrypto: what one makes the other accepts, and both reject the same.
//!
//! On a processor without the instructions of the assembly, RustCrypto is compared with itself.

use embedded_mtls::crypto::rustcrypto::{Ed25519SigningKey, P256SigningKey, P384SigningKey, RustCrypto};
use embedded_mtls::crypto::{
    Aead, AeadAlgorithm, CryptoError, CryptoProvider, HashAlgorithm, KeyExchange, SignatureAlgorithm,
};
use embedded_mtls::io::SigningKey;
use embedded_mtls::{NamedGroup, Signature};
use embedded_mtls_host::{HostCrypto, HostSigningKey};
use p256::Scalar;
use p256::elliptic_curve::PrimeField;

/// The order of the group of P-256, and the numbers beside it; 0; and the largest of 32 bytes.
fn edges() -> Vec<[u8; 32]> {
    let order = (-Scalar::ONE).to_repr();
    let mut below: [u8; 32] = order.into();
    let mut edges = vec![[0; 32], [0xff; 32], below];
    for _ in 0..2 {
        below[31] += 1;
        edges.push(below);
    }
    edges
}

fn digest(seed: &[u8]) -> [u8; 32] {
    RustCrypto.digest(HashAlgorithm::Sha256, &[seed]).unwrap().as_bytes().try_into().unwrap()
}

#[test]
fn a_seed_gives_the_same_key_share_and_secret() {
    let seeds = edges().into_iter().chain((0..20).map(|seed| digest(&[seed])));
    for (index, seed) in seeds.enumerate() {
        for group in &[NamedGroup::X25519, NamedGroup::SECP256R1, NamedGroup::SECP384R1] {
            let [ours, theirs] = [seed, digest(&seed)];
            let (near, far) =
                (HostCrypto::default().key_exchange(*group, &ours), RustCrypto.key_exchange(*group, &theirs));
            let (near, far) = (near.unwrap(), far.unwrap());
            let same = RustCrypto.key_exchange(*group, &ours).unwrap();
            let shares = [near.key_share(), same.key_share(), far.key_share()].map(Result::unwrap);
            assert_eq!(shares[0].as_bytes(), shares[1].as_bytes(), "{group} {index}");
            let secret = near.agree(shares[2].as_bytes()).unwrap();
            assert_eq!(secret.as_bytes(), far.agree(shares[0].as_bytes()).unwrap().as_bytes(), "{group} {index}");
        }
    }
}

#[test]
fn a_share_that_is_not_a_point_in_its_uncompressed_form_is_rejected() {
    for group in [NamedGroup::SECP256R1, NamedGroup::SECP384R1] {
        let key = || HostCrypto::default().key_exchange(group, &[1; 32]).unwrap();
        let share = key().key_share().unwrap().as_bytes().to_vec();
        let rejected = |share: &[u8]| assert_eq!(key().agree(share).err(), Some(CryptoError::Invalid), "{share:02x?}");
        for form in (0..=255).filter(|form| *form != share[0]) {
            rejected(&[&[form], &share[1..]].concat());
        }
        let middle = share.len().div_ceil(2);
        rejected(&[&[2 + (share[share.len() - 1] & 1)], &share[1..middle]].concat());
        rejected(&[&[4], &vec![0; share.len() - 1][..]].concat());
        rejected(&share[1..]);
        rejected(&[]);
        for byte in 1..share.len() {
            let mut off = share.clone();
            off[byte] ^= 1;
            rejected(&off);
        }
    }
    let key = || HostCrypto::default().key_exchange(NamedGroup::X25519, &[1; 32]).unwrap();
    for len in [0, 31, 33] {
        assert_eq!(key().agree(&vec![9; len]).err(), Some(CryptoError::Invalid));
    }
    assert_eq!(key().agree(&[0; 32]).err(), Some(CryptoError::Invalid));
}

const AEADS: [AeadAlgorithm; 3] = [AeadAlgorithm::Aes128Gcm, AeadAlgorithm::Aes256Gcm, AeadAlgorithm::ChaCha20Poly1305];

#[test]
fn records_of_all_lengths_are_sealed_alike_and_opened() {
    for algorithm in AEADS {
        let key = &digest(b"key")[..algorithm.key_len()];
        let (ours, theirs) =
            (HostCrypto::default().aead(algorithm, key).unwrap(), RustCrypto.aead(algorithm, key).unwrap());
        for len in (0..300).chain([1_024, 4_095, 16_384, 16_640]) {
            let content: Vec<u8> = (0..len).map(|index| u8::try_from(index % 251).unwrap()).collect();
            let aad = &content[..len.min(5)];
            let [mut one, mut other] = [content.clone(), content.clone()];
            let tag = ours.seal(&[3; 12], aad, &mut one).unwrap();
            assert_eq!(theirs.seal(&[3; 12], aad, &mut other), Ok(tag), "{algorithm:?} {len}");
            assert_eq!(one, other, "{algorithm:?} {len}");
            assert_eq!(ours.open(&[3; 12], aad, &mut one, &tag), Ok(()), "{algorithm:?} {len}");
            assert_eq!(one, content, "{algorithm:?} {len}");
        }
    }
}

/// The record may have been sealed with other keys, which are tried next.
#[test]
fn a_record_that_does_not_open_stays_as_it_was() {
    for algorithm in AEADS {
        let [former, latter] =
            [1, 2].map(|byte| HostCrypto::default().aead(algorithm, &[byte; 32][..algorithm.key_len()]).unwrap());
        for len in [0, 1, 100, 16_640] {
            let mut record = vec![7; len];
            let tag = former.seal(&[3; 12], b"header", &mut record).unwrap();
            let sealed = record.clone();
            let mut other_tag = tag;
            other_tag[15] ^= 0x80;
            assert_eq!(latter.open(&[3; 12], b"header", &mut record, &tag), Err(CryptoError::Forged));
            assert_eq!(former.open(&[4; 12], b"header", &mut record, &tag), Err(CryptoError::Forged));
            assert_eq!(former.open(&[3; 12], b"Header", &mut record, &tag), Err(CryptoError::Forged));
            assert_eq!(former.open(&[3; 12], b"header", &mut record, &other_tag), Err(CryptoError::Forged));
            assert_eq!(record, sealed, "{algorithm:?}");
            assert_eq!(former.open(&[3; 12], b"header", &mut record, &tag), Ok(()));
            assert_eq!(record, vec![7; len], "{algorithm:?}");
        }
    }
}

#[test]
fn a_record_key_of_another_length_is_rejected() {
    for algorithm in AEADS {
        for len in (0..=33).filter(|len| *len != algorithm.key_len()) {
            assert_eq!(HostCrypto::default().aead(algorithm, &[0; 33][..len]).err(), Some(CryptoError::Invalid));
        }
    }
}

/// SEC 1 section C.4 without the public key.
fn sec1(scalar: &[u8], curve: &[u8]) -> Vec<u8> {
    let parameters = [&[6, u8::try_from(curve.len()).unwrap()], curve].concat();
    let content = [
        &[2, 1, 1, 4, u8::try_from(scalar.len()).unwrap()],
        scalar,
        &[0xa0, u8::try_from(parameters.len()).unwrap()],
        &parameters,
    ]
    .concat();
    [&[0x30, u8::try_from(content.len()).unwrap()], &content[..]].concat()
}

const SECP256R1: [u8; 8] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
const SECP384R1: [u8; 5] = [0x2b, 0x81, 4, 0, 0x22];

/// `r` and `s` in DER (RFC 3279 section 2.2.3).
fn ecdsa_der(r_s: &[u8]) -> Vec<u8> {
    let (r, s) = r_s.split_at(r_s.len() / 2);
    let content = [r, s].map(|number| {
        let digits = &number[number.iter().take_while(|digit| **digit == 0).count()..];
        let positive = [&[0][..usize::from(digits.first().is_none_or(|digit| *digit >= 0x80))], digits].concat();
        [&[2, u8::try_from(positive.len()).unwrap()], &positive[..]].concat()
    });
    let content = content.concat();
    [&[0x30, u8::try_from(content.len()).unwrap()], &content[..]].concat()
}

#[test]
fn signatures_verify_with_both() {
    let p256 = P256SigningKey::from_bytes(&[5; 32]).unwrap().public_key();
    let p384 = P384SigningKey::from_bytes(&[5; 48]).unwrap().public_key();
    let ed25519 = Ed25519SigningKey::from_bytes(&[5; 32]).public_key();
    let pkcs8 = [&[0x30, 46, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 34, 4, 32], &[5; 32][..]].concat();
    let keys: [(Vec<u8>, &[u8], SignatureAlgorithm); 3] = [
        (sec1(&[5; 32], &SECP256R1), &p256, SignatureAlgorithm::EcdsaP256Sha256),
        (sec1(&[5; 48], &SECP384R1), &p384, SignatureAlgorithm::EcdsaP384Sha384),
        (pkcs8, &ed25519, SignatureAlgorithm::Ed25519),
    ];
    for (der, public, algorithm) in keys {
        let key = HostSigningKey::from_der(&der).unwrap();
        for message in [&b""[..], b"message", &[9; 1_000]] {
            let signature = match key.sign(message, b"hedge").unwrap() {
                Signature::P256(signature) => ecdsa_der(&signature),
                Signature::P384(signature) => ecdsa_der(&signature),
                Signature::Ed25519(signature) => signature.to_vec(),
                other => panic!("{other:?}"),
            };
            let digest = algorithm.hash().map(|hash| RustCrypto.digest(hash, &[message]).unwrap());
            let signed = digest.as_ref().map_or(message, |digest| digest.as_bytes());
            assert_eq!(RustCrypto.verify(algorithm, public, signed, &signature), Ok(()), "{algorithm:?}");
            let other = [message, b"!"].concat();
            for provider in [HostCrypto::default(), HostCrypto::portable()] {
                assert_eq!(provider.verify(algorithm, public, message, &signature), Ok(()), "{algorithm:?}");
                assert_eq!(provider.verify(algorithm, public, &other, &signature), Err(CryptoError::Forged));
            }
        }
    }
}

#[test]
fn a_nonce_is_never_repeated() {
    let key = HostSigningKey::from_der(&sec1(&[5; 32], &SECP256R1)).unwrap();
    let [Some(Signature::P256(one)), Some(Signature::P256(other))] = [b"one", b"two"].map(|hedge| key.sign(b"", hedge))
    else {
        panic!("a signature")
    };
    assert_ne!(one[..32], other[..32]);
}

#[test]
fn a_key_that_is_not_a_scalar_is_rejected() {
    for scalar in edges().into_iter().filter(|scalar| *scalar != <[u8; 32]>::from((-Scalar::ONE).to_repr())) {
        assert_eq!(HostSigningKey::from_der(&sec1(&scalar, &SECP256R1)).err(), Some(CryptoError::Invalid));
    }
    assert!(HostSigningKey::from_der(&[0x30, 0]).is_err());
}

/// A message with a signature that is valid: public key, message and signature.
fn signed() -> (Vec<u8>, &'static [u8], Vec<u8>) {
    let key = P256SigningKey::from_bytes(&[7; 32]).unwrap();
    let Some(Signature::P256(signature)) = key.sign(b"message", b"hedge") else { panic!("a signature") };
    (key.public_key().to_vec(), b"message", ecdsa_der(&signature))
}

/// Verifies with both, which have to agree.
fn verify(public: &[u8], message: &[u8], signature: &[u8]) -> Result<(), CryptoError> {
    let algorithm = SignatureAlgorithm::EcdsaP256Sha256;
    let verified = HostCrypto::default().verify(algorithm, public, message, signature);
    assert_eq!(verified, RustCrypto.verify(algorithm, public, &digest(message), signature));
    assert_eq!(verified, HostCrypto::portable().verify(algorithm, public, message, signature));
    verified
}

#[test]
fn a_number_of_a_signature_that_is_not_a_scalar_is_forged() {
    let (public, message, _) = signed();
    let last = <[u8; 32]>::from((-Scalar::ONE).to_repr());
    for edge in edges().into_iter().filter(|edge| *edge != last) {
        for r_s in [[edge, last].concat(), [last, edge].concat()] {
            assert_eq!(verify(&public, message, &ecdsa_der(&r_s)), Err(CryptoError::Forged), "{r_s:02x?}");
        }
    }
}

#[test]
fn a_signature_that_is_not_der_is_invalid() {
    let (public, message, signature) = signed();
    assert_eq!(verify(&public, message, &signature), Ok(()));
    // A length in more bytes than it needs, bytes behind it, a missing byte, nothing.
    let long = [&[0x30, 0x81], &signature[1..]].concat();
    for other in [&long, &[&signature[..], &[0]].concat(), &signature[..signature.len() - 1], &[][..]] {
        assert_eq!(verify(&public, message, other), Err(CryptoError::Invalid));
    }
}

#[test]
fn a_public_key_that_is_not_a_point_is_invalid() {
    let (public, message, signature) = signed();
    assert_eq!(verify(&public[1..], message, &signature), Err(CryptoError::Invalid));
    assert_eq!(verify(&[], message, &signature), Err(CryptoError::Invalid));
    for byte in 0..65 {
        let mut off = public.clone();
        off[byte] ^= 1;
        assert_eq!(verify(&off, message, &signature), Err(CryptoError::Invalid), "{byte}");
    }
}
