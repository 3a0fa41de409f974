//! The way to a server, as far as it concerns the core: U46, U47, U51.

use super::{ends, shows};
use embedded_mtls::x509::ServerName;
use embedded_mtls::{AlertDescription, CertificateProblem, ClientConfig, Error, ServerConfig};
use embedded_mtls::{ClientAuth, PeerIncompatible};
use rcgen::GeneralSubtree;
use test_support::pair::{Setup, anchors};
use test_support::pki::{Pki, SERVER_NAME, Template};

fn name() -> ServerName<'static> {
    ServerName::parse(SERVER_NAME).unwrap()
}

#[test]
fn u46_the_authority_of_a_company_and_a_public_one_are_trusted_where_they_are_configured_and_nowhere_else() {
    let company = Pki::new();
    let public = Template::ca("Public Root").self_signed();
    let bought = Template::server(SERVER_NAME).key("public").signed_by(&public);
    let (of_company, of_public) = (vec![&company.server, &company.intermediate], vec![&bought]);
    for (trusted, chain, is_accepted) in [
        (vec![&company.root], &of_company, true),
        (vec![&company.root], &of_public, false),
        (vec![&public], &of_public, true),
        (vec![&public], &of_company, false),
        (vec![&company.root, &public], &of_company, true),
        (vec![&company.root, &public], &of_public, true),
    ] {
        let mut setup = Setup { server_host: shows(chain), ..Setup::new(&company) };
        setup.client = ClientConfig::new(name(), anchors(&trusted));
        let refused = ends(setup).0;
        assert_eq!(refused.is_none(), is_accepted, "{refused:?}");
        assert!(is_accepted || matches!(refused, Some(Error::Certificate(_))), "{refused:?}");
    }
}

#[test]
fn u47_an_authority_is_trusted_for_one_connection_and_only_for_the_names_that_it_is_limited_to() {
    let pki = Pki::new();
    let limited = |names: &str| {
        let root = Template::ca("Company Root").self_signed();
        let below =
            Template::ca("Company CA").constraints(&[GeneralSubtree::DnsName(names.into())], &[]).signed_by(&root);
        let leaf = Template::server(SERVER_NAME).key("company").signed_by(&below);
        let mut setup = Setup { server_host: shows(&[&leaf, &below]), ..Setup::new(&pki) };
        // The configuration of this endpoint: another one does not trust the company.
        setup.client = ClientConfig::new(name(), anchors(&[&root]));
        ends(setup).0
    };
    assert_eq!(limited("example.com"), None);
    let Some(Error::Certificate(error)) = limited("plant.example") else { panic!("a name outside is accepted") };
    assert_eq!(error.problem, CertificateProblem::NameNotPermitted);
    assert_eq!(ends(Setup::new(&pki)), (None, None), "another endpoint is as before");
}

#[test]
fn u51_a_client_speaks_http_1_1_only_on_a_connection_for_one_name_so_that_no_request_is_for_another_endpoint() {
    let pki = Pki::new();
    let visit = |offered: &'static [&'static [u8]]| {
        let mut setup = Setup::new(&pki);
        setup.client = ClientConfig::new(name(), anchors(&[&pki.root])).with_alpn(&[b"http/1.1"]);
        setup.server = ServerConfig::new(ClientAuth::Required(anchors(&[&pki.root]))).with_alpn(offered);
        setup
    };
    let (near, far) = visit(&[b"h2", b"http/1.1"]).run().sessions();
    assert_eq!((near.negotiated().alpn, far.negotiated().alpn), (Some(&b"http/1.1"[..]), Some(&b"http/1.1"[..])));
    let (client, server) = ends(visit(&[b"h2"]));
    assert_eq!(client, Some(Error::AlertReceived(AlertDescription::NO_APPLICATION_PROTOCOL)));
    assert_eq!(server, Some(PeerIncompatible::NoApplicationProtocol.into()));
}
