//! Refusals by HTTP.

use embedded_mtls::Diagnosis;
use embedded_mtls_operator::Finding::{self, Tls};
use test_support::pair::{Setup, credential, host, signing_key};
use test_support::pki::{Pki, Role};
use test_support::script::client;

/// The answers of well-known servers by HTTP, though TLS is the reason.
pub(crate) const ANSWERS: &[(&str, u16, &str, Finding)] = &[
    (
        "Apache requires a certificate in a `<Location>` only, and the client did not offer that",
        403,
        "Reason: Cannot perform Post-Handshake Authentication.",
        Finding::PostHandshakeNeeded,
    ),
    ("nginx, and the client sent none", 400, "No required SSL certificate was sent", Tls(Diagnosis::OursMissing)),
    ("nginx, which rejects the client's certificate", 400, "The SSL certificate error", Tls(Diagnosis::OursRefused)),
    ("IIS, and the client sent none", 403, "HTTP Error 403.7 - Forbidden", Tls(Diagnosis::OursMissing)),
    ("IIS, without a mapping for the client", 403, "HTTP Error 403.12 - Forbidden", Tls(Diagnosis::AccessDenied)),
    (
        "IIS, and the client's certificate was revoked",
        403,
        "HTTP Error 403.13 - Forbidden",
        Tls(Diagnosis::OursRevoked),
    ),
    (
        "IIS, which does not trust the client's certificate",
        403,
        "HTTP Error 403.16 - Forbidden",
        Tls(Diagnosis::OursNotTrusted),
    ),
    (
        "IIS, and the client's certificate has expired",
        403,
        "HTTP Error 403.17 - Forbidden",
        Tls(Diagnosis::OursExpired),
    ),
    ("any server whose rules do not name the client", 403, "Forbidden", Finding::Forbidden),
    (
        "F5 BIG-IP in front of the server",
        403,
        "The requested URL was rejected. Please consult with your administrator.",
        Finding::FirewallRefused,
    ),
    ("a server that requires a password", 401, "Unauthorized", Finding::LoginRequired),
    ("a server that does not know the name", 421, "Misdirected Request", Finding::MisdirectedRequest),
    ("a proxy that terminates TLS", 407, "Proxy Authentication Required", Finding::ProxyLoginRequired),
];

#[test]
fn each_answer_by_http_gets_its_name() {
    for (what, status, body, expected) in ANSWERS {
        assert_eq!(Finding::of_http(*status, body.as_bytes(), true), Some(*expected), "{what}");
    }
}

#[test]
fn a_refusal_by_http_takes_faults_of_our_own_certificate_into_account() {
    let pki = Pki::new();
    for (years, expected) in [((2020, 2040), Diagnosis::OursRefused), ((2020, 2026), Diagnosis::OursExpired)] {
        let leaf = Role::Client.template().years(years.0, years.1).signed_by(&pki.intermediate);
        let mut setup = Setup::new(&pki);
        setup.client_host = host(vec![credential(&[&leaf, &pki.intermediate], 0)], vec![signing_key(&leaf)]);
        let (mut real, mut script) = client(setup);
        let flight = script.server_flight(&pki, |message| message);
        real.feed(&script.seal_all(&flight));
        let session = real.session();
        let of_response = |status, body: &[u8]| Finding::of_response(&session, status, body);
        assert_eq!(of_response(400, b"The SSL certificate error"), Some(Tls(expected)));
        assert_eq!(of_response(407, b""), Some(Finding::ProxyLoginRequired));
        assert_eq!(of_response(404, b""), None);
    }
}
