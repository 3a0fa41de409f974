//! The expected results of a handshake.

use crate::Trouble;
use crate::flags::Expectation;
use crate::host::{DEFAULT, Heard};
use crate::identity::certificates;
use embedded_mtls::{Credential, KeyHandle, Session, Side};

/// Compares the session with what the flags expect of it.
pub(crate) fn check(expectation: &Expectation, session: &Session<'_, impl Side>, heard: &Heard) -> Result<(), Trouble> {
    match expectation {
        Expectation::AdvertisedAlpn(names) => same("offered ALPN", &heard.protocols, names),
        Expectation::Alpn(name) => same("ALPN", &session.negotiated().alpn.unwrap_or_default(), &name.as_slice()),
        Expectation::Authorities(names) => same("issuers", &heard.authorities, &hex_list(names)),
        Expectation::CipherSuite(suite) => same("cipher suite", &session.negotiated().cipher_suite.0, suite),
        Expectation::Group(group) => same("group", &session.negotiated().group.0, group),
        Expectation::NoPeerCertificate => same("certificate of the peer", &session.peer().is_some(), &false),
        Expectation::PeerCertificate(file) => {
            let wanted = certificates(file)?;
            let shown = session.peer().map(|peer| peer.sha256_fingerprint());
            let wanted = wanted.first().map(|leaf| fingerprint(leaf));
            same("certificate of the peer", &shown, &wanted)
        }
        Expectation::PeerSignatureScheme(scheme) => same(
            "scheme of the peer",
            &session.negotiated().peer_signature_scheme.map(|scheme| scheme.0),
            &Some(*scheme),
        ),
        Expectation::PeerVerifyPref(place, scheme) => {
            same("accepted scheme", &heard.schemes.get(*place).map(|scheme| scheme.0), &Some(*scheme))
        }
        Expectation::Retried(retried) => same("HelloRetryRequest", &session.negotiated().retried, retried),
        Expectation::SelectedCredential(number) => {
            let shown = session.sent_credential().map(Credential::key).filter(|&key| key != DEFAULT);
            same("credential", &shown.map_or(-1, |KeyHandle(number)| i64::from(number)), number)
        }
        Expectation::ServerName(name) => same("server name", &heard.server_name.as_deref(), &Some(name.as_str())),
    }
}

/// Parses values in hexadecimal, separated by commas.
pub(crate) fn hex_list(list: &str) -> Vec<Vec<u8>> {
    let digits = |word: &str, at: usize| word.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    list.split(',').map(|word| (0..word.len()).step_by(2).filter_map(|at| digits(word, at)).collect()).collect()
}

fn fingerprint(certificate: &[u8]) -> [u8; 32] {
    let mut fingerprint = [0; 32];
    let digest = ring::digest::digest(&ring::digest::SHA256, certificate);
    fingerprint.copy_from_slice(digest.as_ref());
    fingerprint
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: &T, wanted: &T) -> Result<(), Trouble> {
    if found == wanted {
        return Ok(());
    }
    Err(Trouble::Failed(format!("{what}: found {found:?}, wanted {wanted:?}")))
}
