//! The ten bad chains in whole handshakes, both roles: each is refused with its own error, and the
//! peer receives the alert of that error.
#![allow(missing_docs)]

use embedded_mtls::crypto::rustcrypto::P256SigningKey;
use embedded_mtls::x509::ServerName;
use embedded_mtls::{CertificateError, ClientAuth, ClientConfig, Error, ServerConfig, Stage};
use test_support::pair::{Outcome, Setup, anchors_der, credential_der, host};
use test_support::pki::{BadChain, Defect, Pki, Role, SERVER_NAME};

/// Runs a handshake in which the side of `role` sends the bad chain and the other validates it.
fn run(role: Role, bad: &BadChain) -> Outcome {
    let base = Setup::new(&Pki::new());
    let anchors = anchors_der(&bad.anchor);
    let key = P256SigningKey::from_bytes(&bad.key.scalar()).expect("a valid scalar");
    let bad_host = host(vec![credential_der(&bad.chain, 0)], vec![key]);
    let setup = match role {
        Role::Client => {
            // Without names of CAs, the client sends what it has.
            let server = ServerConfig::new(ClientAuth::Required(anchors)).with_authority_names(&[]);
            Setup { server, client_host: bad_host, ..base }
        }
        Role::Server => {
            let name = ServerName::parse(SERVER_NAME).expect("a host name");
            Setup { client: ClientConfig::new(name, anchors), server_host: bad_host, ..base }
        }
    };
    setup.run()
}

#[test]
fn each_bad_chain_is_rejected_with_its_own_error_and_the_peer_receives_its_alert() {
    let page = include_str!("../docs/verdicts.md");
    for role in Role::ALL {
        let mut seen = Vec::new();
        for defect in Defect::ALL {
            let bad = BadChain::new(defect, role);
            let outcome = run(role, &bad);
            let expected = Error::Certificate(CertificateError { index: bad.index, problem: bad.problem });
            let verdicts = outcome.verdicts.clone();
            let (judge, heard) = outcome.judgement(role);
            let (error, stage) = judge.err().unwrap_or_else(|| panic!("{role:?} {defect:?} was accepted"));
            assert_eq!((error, stage), (expected, Stage::Path), "{role:?} {defect:?}");
            let [by_client, by_server] = verdicts;
            let (verdict, none) = if role == Role::Client { (by_server, by_client) } else { (by_client, by_server) };
            let verdict = verdict.expect("a verdict explains the refusal");
            assert!(page.contains(&verdict), "{role:?} {defect:?}: not in docs/verdicts.md: {verdict}");
            assert_eq!(none, None);
            let alert = expected.alert().expect("a certificate error has an alert");
            assert_eq!(heard, Some(Error::AlertReceived(alert)), "{role:?} {defect:?}");
            assert!(!seen.contains(&error), "{role:?} {defect:?}: {error} stands for two defects");
            seen.push(error);
        }
        assert_eq!(seen.len(), 10);
    }
}
