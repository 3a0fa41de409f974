//! Handshake and access control: U01 to U15.

use std::cell::RefCell;

use super::{ends, porter, shows, with_hosts};
use embedded_mtls::credential::{Choice, NoMatch, PeerRequest, Selector};
use embedded_mtls::crypto::rustcrypto::RustCrypto;
use embedded_mtls::io::{Host, SoftwareHost};
use embedded_mtls::x509::{Time, TrustAnchor, UnixTime};
use embedded_mtls::{
    AlertDescription, ApiMisuse, CertificateError, CertificateProblem, ClientAuth, ClientAuthStatus, ClientConfig,
    Credential, Error, KeyHandle, Malformation, PeerIncompatible, ServerConfig, Side, SignInput, Signature,
    SignatureScheme,
};
use embedded_mtls_operator::access::{AllowList, Rule};
use embedded_mtls_operator::variables::{Variable, Verify};
use rcgen::PublicKeyData as _;
use sha2::{Digest as _, Sha256};
use test_support::messages::*;
use test_support::pair::{Setup, TestHost, TestSession, anchors, exchange, host, leak, leak_all, now};
use test_support::pki::{CLIENT_NAME, Issued, NOW, Pki, Role, SERVER_NAME, Template};
use test_support::script::{client, server};

/// Names and signature schemes of a request.
type Asked = (Vec<String>, Vec<u16>);

/// A host that writes down what it is asked for.
struct Curious<'a>(TestHost, &'a RefCell<Vec<Asked>>);

impl Host for Curious<'_> {
    type Choice = Choice<'static>;

    fn time(&mut self) -> Time {
        now()
    }

    fn credential(&mut self, request: &PeerRequest<'_>) -> Choice<'static> {
        let names = request.authorities().map(|name| name.to_string()).collect();
        let schemes = request.signature_schemes().map(|scheme: SignatureScheme| scheme.0).collect();
        self.1.borrow_mut().push((names, schemes));
        self.0.credential(request)
    }

    fn sign(&mut self, request: &SignInput) -> Option<Signature> {
        self.0.sign(request)
    }
}

#[test]
fn u01_a_client_sees_which_issuers_are_accepted_and_no_list_means_any() {
    let pki = Pki::new();
    let issuing = leak_all(vec![leak(Box::new(anchors(&[&pki.intermediate])[0])).subject().unwrap()]);
    let usual = Setup::new(&pki).server;
    for (server, names) in [
        (usual, vec!["CN=Example Root,O=Example"]),
        (usual.with_authority_names(&[]), vec![]),
        (usual.with_authority_names(issuing), vec!["CN=Example Intermediate,O=Example"]),
    ] {
        let asked = RefCell::default();
        let curious = Curious(shows(&[&pki.client, &pki.intermediate]), &asked);
        let mut setup = with_hosts(&pki, curious, shows(&[&pki.server, &pki.intermediate]));
        setup.server = server;
        assert_eq!(ends(setup), (None, None));
        let asked = asked.into_inner();
        assert_eq!(asked.len(), 1);
        assert_eq!(asked[0].0, names);
        assert!(asked[0].1.contains(&ECDSA_P256));
    }
}

#[test]
fn u02_a_name_matches_the_issuer_of_every_certificate_of_a_chain_and_a_policy_decides_if_none_does() {
    let pki = Pki::new();
    let other = Template::ca("Other Root").self_signed();
    let (entries, keys) = super::keystore(&[("plant", &[&pki.client, &pki.intermediate])]);
    let visit = |root: &Issued, no_match| {
        let host =
            SoftwareHost::with_selector(Selector { no_match, ..Selector::new(entries) }, keys, now as fn() -> Time);
        let mut setup = with_hosts(&pki, host, shows(&[&pki.server, &pki.intermediate]));
        setup.server = ServerConfig::new(ClientAuth::Optional(anchors(&[root])));
        setup.run()
    };
    // The root has issued the intermediate, not the leaf.
    let (_, server) = visit(&pki.root, NoMatch::Decline).sessions();
    assert_eq!(server.peer().unwrap().common_name(), Some(CLIENT_NAME));
    let (_, server) = visit(&other, NoMatch::Decline).sessions();
    assert_eq!(server.client_auth(), ClientAuthStatus::Declined);
    let sent_all_the_same = visit(&other, NoMatch::Default("plant")).errors();
    assert!(matches!(sent_all_the_same.1, Some(Error::Certificate(_))), "{sent_all_the_same:?}");
    assert_eq!(visit(&other, NoMatch::Fail).errors().0, Some(PeerIncompatible::NoCredential.into()));
}

#[test]
fn u03_the_leaf_is_sent_first_then_the_intermediates_and_a_server_accepts_any_order() {
    let pki = Pki::new();
    let (mut real, mut script) = client(Setup::new(&pki));
    let flight = script.server_flight(&pki, |message| message);
    real.feed(&script.seal_all(&flight));
    let certificate = script.open_messages(&real.take()).into_iter().find(|message| message[0] == CERTIFICATE).unwrap();
    assert_eq!(certificate, chain_of(&pki.client, &pki.intermediate), "leaf, intermediate, and no root");

    for chain in [vec![&pki.client, &pki.root, &pki.intermediate], vec![&pki.client, &pki.intermediate, &pki.root]] {
        assert_eq!(ends(Setup { client_host: shows(&chain), ..Setup::new(&pki) }), (None, None));
    }
    // A chain that is longer than the buffer is sent piece by piece, from its own memory.
    let mut small = Setup::new(&pki);
    // A ClientHello and the change_cipher_spec after it fit.
    small.client_sizes.tx = 275;
    assert_eq!(ends(small), (None, None));
}

#[test]
fn u04_a_connected_client_is_not_yet_accepted_and_a_server_serves_only_authenticated_clients() {
    let pki = Pki::new();
    let (mut near, mut far) = Setup::new(&pki).run().sessions();
    assert_eq!(near.client_auth(), ClientAuthStatus::Presented);
    near.write(b"order").unwrap();
    exchange(&mut near, &mut far).unwrap();
    far.write(b"taken").unwrap();
    exchange(&mut far, &mut near).unwrap();
    assert_eq!(near.client_auth(), ClientAuthStatus::Accepted);

    // A server that waits for the certificate gives no session, so there is nothing to read from or write to.
    let (real, _) = server(Setup::new(&pki));
    assert_eq!(real.handshake.into_session().err(), Some(ApiMisuse::HandshakeUnfinished.into()));
}

#[test]
fn u05_a_client_that_must_send_a_certificate_and_sends_none_gets_alert_116() {
    let pki = Pki::new();
    let nobody = |client_auth| {
        let mut setup = Setup { client_host: host(vec![], vec![]), ..Setup::new(&pki) };
        setup.server = ServerConfig::new(client_auth);
        ends(setup)
    };
    let roots = anchors(&[&pki.root]);
    let required = (
        Some(Error::AlertReceived(AlertDescription::CERTIFICATE_REQUIRED)),
        Some(PeerIncompatible::ClientCertificateRequired.into()),
    );
    assert_eq!(AlertDescription::CERTIFICATE_REQUIRED.0, 116);
    assert_eq!(nobody(ClientAuth::Required(roots)), required);
    assert_eq!(nobody(ClientAuth::Optional(roots)), (None, None));
    assert_eq!(nobody(ClientAuth::None), (None, None));
    // To require certificates without a trust anchor is a mistake.
    let mut setup = Setup::new(&pki);
    setup.server = ServerConfig::new(ClientAuth::Required(&[]));
    assert_eq!(setup.server_handshake().err(), Some(ApiMisuse::NoTrustAnchors.into()));
}

#[test]
fn u06_depth_is_counted_as_in_apache_and_the_depth_used_can_be_read() {
    let pki = Pki::new();
    let limited = |depth| {
        let mut setup = Setup::new(&pki);
        setup.server = setup.server.with_max_depth(depth);
        setup.run()
    };
    // Leaf, intermediate, root: two CAs are above the leaf.
    assert_eq!(limited(2).sessions().1.path().unwrap().depth, 2);
    let Some(Error::Certificate(error)) = limited(1).errors().1 else { panic!("too deep") };
    assert_eq!(error.problem, CertificateProblem::DepthExceeded);
}

#[test]
fn u07_an_anchor_may_be_a_root_or_an_intermediate_and_there_may_be_several() {
    let pki = Pki::new();
    let other = Template::ca("Other Root").self_signed();
    for (trusted, place, depth) in
        [(vec![&pki.root], 0, 2), (vec![&pki.intermediate], 0, 1), (vec![&other, &pki.intermediate], 1, 1)]
    {
        for role in Role::ALL {
            let mut setup = Setup::new(&pki);
            match role {
                Role::Server => setup.client = ClientConfig::new(server_name(), anchors(&trusted)),
                Role::Client => setup.server = ServerConfig::new(ClientAuth::Required(anchors(&trusted))),
            }
            let (near, far) = setup.run().sessions();
            let path = if role == Role::Server { near.path() } else { far.path() }.unwrap();
            assert_eq!((path.anchor, path.depth), (Some(place), depth), "{role:?}");
        }
    }
}

#[test]
fn u08_a_client_offers_authentication_after_the_handshake_only_if_configured() {
    let (_, script) = client(Setup::new(&Pki::new()));
    assert_eq!(script.client_hello.extension(POST_HANDSHAKE_AUTH), None);
}

/// Carries what one has to send to the other.
#[cfg(feature = "post-handshake-auth")]
fn hand_over(from: &mut TestSession<impl Side>, to: &mut TestSession<impl Side>) {
    let bytes = from.tx_pending().to_vec();
    to.rx_space()[..bytes.len()].copy_from_slice(&bytes);
    to.rx_commit(bytes.len()).unwrap();
    from.tx_consume(bytes.len());
}

#[cfg(feature = "post-handshake-auth")]
#[test]
fn u08_a_client_that_is_asked_after_the_handshake_authenticates() {
    use embedded_mtls::Event;

    let pki = Pki::new();
    let mut setup = Setup::new(&pki);
    setup.client = setup.client.with_post_handshake_auth(true);
    setup.server = ServerConfig::new(ClientAuth::None);
    let (mut near, mut far) = setup.run().sessions();
    assert!(far.negotiated().post_handshake_auth && far.peer().is_none());
    far.request_certificate(ClientAuth::Required(anchors(&[&pki.root]))).unwrap();
    let mut me = shows(&[&pki.client, &pki.intermediate]);
    while far.certificate_answer().is_none() {
        loop {
            match far.poll().unwrap() {
                Event::Time(request) => request.provide(now()).unwrap(),
                Event::Authorize(request) => request.accept().unwrap(),
                Event::Yield => {}
                _ => break,
            }
        }
        hand_over(&mut far, &mut near);
        loop {
            match near.poll().unwrap() {
                Event::Credential(request) => {
                    let Choice::Send(shown) = me.credential(&request.peer_request()) else { panic!("it fits") };
                    request.answer(shown).unwrap();
                }
                Event::Sign(request) => {
                    let signature = me.sign(&request.input).unwrap();
                    request.complete(&signature).unwrap();
                }
                _ => break,
            }
        }
        hand_over(&mut near, &mut far);
    }
    assert_eq!(far.certificate_answer(), Some(ClientAuthStatus::Accepted));
    assert_eq!(far.peer().unwrap().common_name(), Some(CLIENT_NAME));
}

#[test]
fn u09_the_identity_of_a_peer_has_the_variable_names_of_apache() {
    let (near, far) = Setup::new(&Pki::new()).run().sessions();
    fn of(session: &TestSession<impl Side>) -> Vec<String> {
        let peer = session.peer().unwrap();
        let variables = Variable::all_of(&peer, UnixTime(NOW), Verify::Success);
        variables.map(|variable| format!("SSL_CLIENT_{}={}", variable.name, variable.value)).collect()
    }
    for wanted in [
        "SSL_CLIENT_VERIFY=SUCCESS",
        "SSL_CLIENT_S_DN=CN=gateway-7,O=Example",
        "SSL_CLIENT_S_DN_CN=gateway-7",
        "SSL_CLIENT_I_DN=CN=Example Intermediate,O=Example",
        "SSL_CLIENT_V_START=Jan  1 00:00:00 2020 GMT",
        "SSL_CLIENT_V_END=Jan  1 00:00:00 2040 GMT",
        "SSL_CLIENT_V_REMAIN=4787",
    ] {
        assert!(of(&far).iter().any(|line| line == wanted), "{wanted}: {:?}", of(&far));
    }
    for name in ["SSL_CLIENT_M_SERIAL=", "SSL_CLIENT_SHA256="] {
        assert!(of(&far).iter().any(|line| line.starts_with(name)), "{name}");
    }
    assert!(of(&near).contains(&format!("SSL_CLIENT_SAN_DNS_0={SERVER_NAME}")), "a client sees the server so");
}

#[test]
fn u10_an_authenticated_peer_that_is_not_on_the_list_gets_alert_49_or_is_left_to_http() {
    let pki = Pki::new();
    let client = || shows(&[&pki.client, &pki.intermediate]);
    let server: &[(&str, &[&Issued])] = &[("supplier", &[&pki.server, &pki.intermediate])];
    let list = |name| AllowList::any_of(leak_all(vec![Rule::CommonName("cxml.example"), Rule::CommonName(name)]));
    assert_eq!(ends(with_hosts(&pki, client(), porter(server, list(CLIENT_NAME)))), (None, None));
    let denied = AlertDescription::ACCESS_DENIED;
    assert_eq!(denied.0, 49);
    let refused = (Some(Error::AlertReceived(denied)), Some(Error::NotAuthorized(denied)));
    assert_eq!(ends(with_hosts(&pki, client(), porter(server, list("gateway-8")))), refused);
    // Everybody is let in, and HTTP decides by what the session knows.
    let (_, session) = with_hosts(&pki, client(), porter(server, AllowList::everybody())).run().sessions();
    let status = if list("gateway-8").authorize(RustCrypto, &session.peer().unwrap()).is_ok() { 200 } else { 403 };
    assert_eq!(status, 403);
}

#[test]
fn u11_the_core_accepts_der_and_rejects_pem() {
    let pki = Pki::new();
    let pem = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
    let problem = CertificateProblem::Malformed(Malformation::Der);
    let unusable = ApiMisuse::CredentialUnusable(CertificateError { index: 0, problem });
    assert_eq!(Credential::new(&[&pem[..]], KeyHandle(0)).err(), Some(unusable.into()));
    assert!(matches!(TrustAnchor::from_certificate(pem), Err(Error::ApiMisuse(ApiMisuse::TrustAnchorUnusable(_)))));
    assert!(Credential::new(&[&pki.client.der[..]], KeyHandle(0)).is_ok());
}

/// The peer of this walk is a script that shares no code with the core but the primitives; programs of others are met in
/// `tests/interop`.
#[test]
fn u12_both_roles_interoperate_with_another_implementation() {
    let pki = Pki::new();
    let (mut real, mut script) = client(Setup::new(&pki));
    let flight = script.server_flight(&pki, |message| message);
    real.feed(&script.seal_all(&flight));
    assert_eq!(real.verdict(&mut script), None);
    let (mut real, mut script) = server(Setup::new(&pki));
    let flight = script.client_flight(&pki, |message| message);
    real.feed(&script.seal_all(&flight));
    assert_eq!(real.verdict(&mut script), None);
}

#[test]
fn u13_a_client_that_was_not_asked_knows_it_before_it_sends_anything() {
    let pki = Pki::new();
    let mut setup = Setup::new(&pki);
    setup.server = ServerConfig::new(ClientAuth::None);
    let (near, far) = setup.run().sessions();
    assert_eq!(
        (near.client_auth(), far.client_auth()),
        (ClientAuthStatus::NotRequested, ClientAuthStatus::NotRequested)
    );
    assert!(near.sent_credential().is_none());
    // "Mutual or nothing" takes a program one line.
    let may_send = near.client_auth() != ClientAuthStatus::NotRequested;
    assert!(!may_send);
}

#[test]
fn u14_trust_anchors_are_data_with_a_fingerprint_to_compare() {
    let pki = Pki::new();
    // As it would come out of a file, at run time.
    let bytes: Vec<u8> = pki.root.der.clone();
    let trusted = leak_all(vec![TrustAnchor::from_certificate(leak(bytes.into_boxed_slice())).unwrap()]);
    let mut setup = Setup::new(&pki);
    setup.client = ClientConfig::new(server_name(), trusted);
    let (near, _) = setup.run().sessions();
    let fingerprint = near.peer().unwrap().sha256_fingerprint();
    assert_eq!(fingerprint[..], Sha256::digest(&pki.server.der)[..]);
    // And a fingerprint alone can be what is trusted.
    let mut setup = Setup::new(&pki);
    setup.client = ClientConfig::new(server_name(), leak_all(vec![TrustAnchor::from_fingerprint(fingerprint)]));
    assert_eq!(ends(setup), (None, None));
}

#[test]
fn u15_a_name_and_the_key_itself_can_be_required_in_addition_to_the_chain_in_both_roles() {
    let pki = Pki::new();
    let pinned = |issued: &Issued| {
        let digest: [u8; 32] = Sha256::digest(issued.key.subject_public_key_info()).into();
        AllowList::any_of(leak_all(vec![Rule::KeyPin(digest)]))
    };
    let own: &[(&str, &[&Issued])] = &[("gateway", &[&pki.client, &pki.intermediate])];
    let theirs: &[(&str, &[&Issued])] = &[("supplier", &[&pki.server, &pki.intermediate])];
    let visit = |of_server: &Issued, of_client: &Issued| {
        ends(with_hosts(&pki, porter(own, pinned(of_server)), porter(theirs, pinned(of_client))))
    };
    assert_eq!(visit(&pki.server, &pki.client), (None, None));
    assert_eq!(visit(&pki.client, &pki.client).0, Some(Error::NotAuthorized(AlertDescription::ACCESS_DENIED)));
    assert_eq!(visit(&pki.server, &pki.server).1, Some(Error::NotAuthorized(AlertDescription::ACCESS_DENIED)));
    // A valid chain of the same authority with another name is not enough.
    let other = Template::server("other.example").signed_by(&pki.intermediate);
    let setup = Setup { server_host: shows(&[&other, &pki.intermediate]), ..Setup::new(&pki) };
    let Some(Error::Certificate(error)) = ends(setup).0 else { panic!("another name") };
    assert_eq!(error.problem, CertificateProblem::NameMismatch);
}

fn server_name() -> embedded_mtls::x509::ServerName<'static> {
    embedded_mtls::x509::ServerName::parse(SERVER_NAME).unwrap()
}
