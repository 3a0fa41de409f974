//! Diagnoses of a program that was built without an algorithm, about certificates that need it. It is tested here because the
//! tests of the root package always have every algorithm: the package depends on itself for them, and Cargo builds one
//! package once, with the features of both.

use embedded_mtls::{AlertDescription, CertificateError, CertificateProblem, Diagnosis, Error, SignatureScheme};
use std::path::Path;
use test_support::messages::*;
use test_support::pair::Setup;
use test_support::pki::Pki;
use test_support::script::{ALERT, Epoch, Sent, client};

/// Certificates in `tests/data/algorithms`, the verdict on that of the server, and the diagnosis.
const KINDS: &[(&str, &str, Diagnosis)] = &[
    ("rsa2048-pkcs1-sha256", "found 1.2.840.113549.1.1.1 (RSA, which needs the feature `rsa`)", Diagnosis::RsaNotBuilt),
    ("p384-sha384", "found 1.3.132.0.34 (P-384, which needs the feature `p384`)", Diagnosis::P384NotBuilt),
    ("ed25519", "found 1.3.101.112 (Ed25519, which needs the feature `ed25519`)", Diagnosis::Ed25519NotBuilt),
];

fn server_certificate(kind: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/algorithms").join(kind).join("server.der");
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// `cargo test --workspace` builds the core once, with the features of all packages.
#[track_caller]
fn assert_left_out(hello: &Hello) {
    let offered = hello.extension(SIGNATURE_ALGORITHMS).expect("schemes");
    let p256 = list16(&[SignatureScheme::ECDSA_SECP256R1_SHA256.0]);
    assert_eq!(offered, p256, "this build has more: run `cargo test --package interop`");
}

#[test]
fn a_certificate_whose_algorithm_was_left_out_is_rejected_with_the_name_of_its_feature() {
    let pki = Pki::new();
    for (kind, said, diagnosis) in KINDS {
        let (mut real, mut script) = client(Setup::new(&pki));
        assert_left_out(&script.client_hello);
        let flight = script.server_flight(&pki, |message| match message[0] {
            CERTIFICATE => certificate(&[&server_certificate(kind)]),
            _ => message,
        });
        real.feed(&script.seal_all(&flight));
        let refused = CertificateError { index: 0, problem: CertificateProblem::UnsupportedKey };
        assert_eq!(real.error(), Some(Error::Certificate(refused)), "{kind}");
        assert_eq!(real.handshake.failure().map(|failure| failure.diagnosis()), Some(*diagnosis), "{kind}");
        let verdict =
            real.handshake.failure().and_then(|failure| failure.verdict()).expect("it was refused").to_string();
        assert!(verdict.contains(said), "{verdict}");
    }
}

/// Such a server is the usual reason why it finds nothing in common with what a build without RSA offers.
#[test]
fn a_server_that_finds_nothing_in_common_may_have_an_rsa_certificate() {
    let (mut real, mut script) = client(Setup::new(&Pki::new()));
    let alert = AlertDescription::HANDSHAKE_FAILURE;
    real.feed(&script.seal(&Sent::new(Epoch::Plain, ALERT, &[2, alert.0])));
    assert_eq!(real.error(), Some(Error::AlertReceived(alert)));
    assert_eq!(real.handshake.failure().map(|failure| failure.diagnosis()), Some(Diagnosis::RsaPerhapsNeeded));
}
