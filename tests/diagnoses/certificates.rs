//! Handshakes that fail at a certificate.

use embedded_mtls::crypto::rustcrypto::RustCrypto;
use embedded_mtls::x509::{ServerName, TrustAnchor};
use embedded_mtls::{AlertDescription, ClientAuth, ClientConfig, Diagnosis, ServerConfig};
use test_support::pair::{anchors, credential, host, leak_all, signing_key};
use test_support::pki::{Defect, Role, SERVER_NAME, Template};

use crate::world::{Case, at, both, clocked};

pub(crate) const CASES: &[Case] = &[
    Case(
        "we trust a root other than the server's, which sends its intermediate and requests our certificate",
        |w| {
            let root = Template::ca("Root of the server").self_signed();
            let issuer = Template::ca("Issuer of the server").signed_by(&root);
            let leaf = Role::Server.template().signed_by(&issuer);
            w.server_sends(&[&leaf, &issuer]);
        },
        both(Diagnosis::TheirsNotTrusted, Diagnosis::OursNotTrusted),
    ),
    Case(
        "a proxy presents the right name under its own authority, with its intermediate; it cannot request our \
         certificate",
        |w| {
            let root = Template::ca("Inspection Root").self_signed();
            let issuer = Template::ca("Inspection Issuer").signed_by(&root);
            let leaf = Role::Server.template().signed_by(&issuer);
            w.server_sends(&[&leaf, &issuer]);
            w.setup.server = ServerConfig::new(ClientAuth::None);
        },
        both(Diagnosis::InterposedProxy, Diagnosis::OursNotTrusted),
    ),
    Case(
        "the same with its root",
        |w| {
            let root = Template::ca("Inspection Root").self_signed();
            let leaf = Role::Server.template().signed_by(&root);
            w.server_sends(&[&leaf, &root]);
            w.setup.server = ServerConfig::new(ClientAuth::None);
        },
        both(Diagnosis::InterposedProxy, Diagnosis::OursNotTrusted),
    ),
    Case(
        "the same without either",
        |w| {
            let root = Template::ca("Inspection Root").self_signed();
            let leaf = Role::Server.template().signed_by(&root);
            w.server_sends(&[&leaf]);
            w.setup.server = ServerConfig::new(ClientAuth::None);
        },
        both(Diagnosis::InterposedProxy, Diagnosis::OursIncomplete),
    ),
    Case(
        "the server sends its certificate without the intermediate",
        |w| {
            let leaf = w.pki.server.clone();
            w.server_sends(&[&leaf]);
        },
        both(Diagnosis::TheirsIncomplete, Diagnosis::OursIncomplete),
    ),
    Case(
        "the client sends its certificate without the intermediate",
        |w| {
            let leaf = w.pki.client.clone();
            w.client_sends(&[&leaf]);
        },
        both(Diagnosis::OursIncomplete, Diagnosis::TheirsIncomplete),
    ),
    Case(
        "the client sends a complete chain from another root",
        |w| {
            let root = Template::ca("Other Root").self_signed();
            let issuer = Template::ca("Other Intermediate").signed_by(&root);
            let leaf = Role::Client.template().signed_by(&issuer);
            w.client_sends(&[&leaf, &issuer]);
        },
        both(Diagnosis::OursNotTrusted, Diagnosis::TheirsNotTrusted),
    ),
    Case(
        "the server's certificate is self-signed",
        |w| {
            let leaf = Role::Server.template().self_signed();
            w.server_sends(&[&leaf]);
        },
        both(Diagnosis::TheirsNotTrusted, Diagnosis::OursNotTrusted),
    ),
    Case(
        "the server's certificate has expired",
        |w| w.bad_server(Defect::Expired),
        both(Diagnosis::TheirsExpired, Diagnosis::OursExpired),
    ),
    Case(
        "the client's certificate has expired",
        |w| w.bad_client(Defect::Expired),
        both(Diagnosis::OursExpired, Diagnosis::TheirsExpired),
    ),
    Case(
        "the client's certificate is valid, and the server's clock is in the year 2045",
        |w| w.setup.server_host.inner = clocked(&w.pki, Role::Server, || at(2045)),
        both(Diagnosis::ClockWrong, Diagnosis::TheirsExpired),
    ),
    Case(
        "the client's clock is at 1970, and the client trusts it",
        |w| w.setup.client_host = clocked(&w.pki, Role::Client, || at(1970)),
        both(Diagnosis::ClockWrong, Diagnosis::OursExpired),
    ),
    Case(
        "the server sends a certificate for clients",
        |w| w.bad_server(Defect::ExtendedKeyUsageOfTheOtherRole),
        both(Diagnosis::TheirsWrongPurpose, Diagnosis::OursWrongPurpose),
    ),
    Case(
        "the client sends a certificate for servers",
        |w| w.bad_client(Defect::ExtendedKeyUsageOfTheOtherRole),
        both(Diagnosis::OursWrongPurpose, Diagnosis::TheirsWrongPurpose),
    ),
    Case(
        "the server's certificate is for another host",
        |w| w.bad_server(Defect::OtherName),
        both(Diagnosis::NameMismatch, Diagnosis::OursRefusedByClient),
    ),
    Case(
        "the wildcard of the server's certificate covers one label less",
        |w| {
            w.server_leaf(Template::server("*.example.com"));
            w.client_wants("orders.supplier.example.com");
        },
        both(Diagnosis::NameNearMiss, Diagnosis::OursRefusedByClient),
    ),
    Case(
        "the server's address is in its certificate as a host name",
        |w| {
            w.server_leaf(Template::server("192.0.2.7"));
            w.client_wants("192.0.2.7");
        },
        both(Diagnosis::NameNearMiss, Diagnosis::OursRefusedByClient),
    ),
    Case(
        "the client has no certificate",
        |w| w.setup.client_host = host(vec![], vec![]),
        both(Diagnosis::OursMissing, Diagnosis::TheirsMissing),
    ),
    Case(
        "the server's rules do not name the client",
        |w| w.setup.server_host.refusal = Some(AlertDescription::ACCESS_DENIED),
        both(Diagnosis::AccessDenied, Diagnosis::TheirsNotAllowed),
    ),
    Case(
        "the server knows that the client's certificate is revoked",
        |w| w.setup.server_host.refusal = Some(AlertDescription::CERTIFICATE_REVOKED),
        both(Diagnosis::OursRevoked, Diagnosis::TheirsNotAllowed),
    ),
    Case(
        "the server rejects the client's certificate without a reason",
        |w| w.setup.server_host.refusal = Some(AlertDescription::BAD_CERTIFICATE),
        both(Diagnosis::OursRefused, Diagnosis::TheirsNotAllowed),
    ),
    Case(
        "the client's key does not match its certificate",
        |w| {
            let chain = credential(&[&w.pki.client, &w.pki.intermediate], 0);
            w.setup.client_host = host(vec![chain], vec![signing_key(&w.pki.server)]);
        },
        both(Diagnosis::OursUnproven, Diagnosis::TheirsUnproven),
    ),
    Case(
        "the server's intermediate is deeper than its authority allows",
        |w| w.bad_server(Defect::PathLengthExceeded),
        both(Diagnosis::TheirsInvalid, Diagnosis::OursRefusedByClient),
    ),
    Case(
        "more authorities are above the server's certificate than the client allows",
        |w| w.setup.client = w.setup.client.with_max_depth(1),
        both(Diagnosis::TheirsTooDeep, Diagnosis::OursNotTrusted),
    ),
    Case(
        "the client's trust anchor has expired",
        |w| {
            let root = Template::ca("Old Root").years(2020, 2021).self_signed();
            let leaf = Role::Server.template().signed_by(&root);
            w.server_sends(&[&leaf]);
            w.setup.client = ClientConfig::new(ServerName::parse(SERVER_NAME).unwrap(), anchors(&[&root]));
        },
        both(Diagnosis::OurAnchorExpired, Diagnosis::OursExpired),
    ),
    Case(
        "the client pins a certificate, and the server has a new one",
        |w| {
            let old = Template::server("old.example.com").signed_by(&w.pki.intermediate);
            let leaf = w.pki.server.clone();
            w.server_sends(&[&leaf]);
            let pin = vec![TrustAnchor::from_pinned_certificate(RustCrypto, &old.der).unwrap()];
            w.setup.client = ClientConfig::new(ServerName::parse(SERVER_NAME).unwrap(), leak_all(pin));
        },
        both(Diagnosis::TheirsNotTrusted, Diagnosis::OursIncomplete),
    ),
    Case(
        "the client's certificate is self-signed",
        |w| {
            let leaf = Role::Client.template().self_signed();
            w.client_sends(&[&leaf]);
        },
        both(Diagnosis::OursNotTrusted, Diagnosis::TheirsNotTrusted),
    ),
];
