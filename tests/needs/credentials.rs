//! The form of credentials, as far as the core is concerned: U16 to U23.

use super::{ends, keystore, shows, with_hosts};
use embedded_mtls::credential::{Admission, Choice, PeerRequest, ProofOfPossession, SlotError};
use embedded_mtls::credential::{Chain, Entry, Expiry, Reference, Slots};
use embedded_mtls::crypto::rustcrypto::{P256SigningKey, RustCrypto};
use embedded_mtls::io::Host;
use embedded_mtls::x509::{PeerIdentity, ServerName, Time, UnixTime};
use embedded_mtls::{
    ApiMisuse, ClientConfig, Credential, Error, KeyHandle, PeerIncompatible, Role, SignInput, Signature,
};
use test_support::messages::*;
use test_support::pair::{Setup, anchors, credential, leak, now};
use test_support::pki::{CLIENT_NAME, NOW, Pki, SERVER_NAME, Template};
use test_support::script::{Real, Script, client};

/// A key that is not here: what is to be signed goes somewhere else.
struct External(&'static Credential<'static>, test_support::pki::Key);

impl Host for External {
    type Choice = Choice<'static>;

    fn time(&mut self) -> Time {
        now()
    }

    fn credential(&mut self, _: &PeerRequest<'_>) -> Choice<'static> {
        Choice::Send(self.0)
    }

    fn sign(&mut self, input: &SignInput) -> Option<Signature> {
        assert_eq!((input.key, input.digest(RustCrypto).ok()?.as_bytes().len()), (KeyHandle(7), 32));
        Signature::encoded(&self.1.sign_der(input.message()))
    }
}

#[test]
fn u16_a_credential_borrows_der_and_names_a_key_that_is_a_number_or_somewhere_else() {
    let pki = Pki::new();
    // The number, 32 bytes, and the leaf belong together or not.
    let key = P256SigningKey::from_bytes(&pki.client.key.scalar()).unwrap();
    assert_eq!(key.public_key()[..], *pki.client.key.point());
    assert!(P256SigningKey::from_bytes(&[0; 32]).is_err());
    let shown = leak(Box::new(credential(&[&pki.client, &pki.intermediate], 7)));
    let external = External(shown, pki.client.key.clone());
    let setup = with_hosts(&pki, external, shows(&[&pki.server, &pki.intermediate]));
    assert_eq!(setup.run().sessions().1.peer().unwrap().common_name(), Some(CLIENT_NAME));
}

#[test]
fn u17_the_core_reads_no_passwords_and_no_files_of_keys() {
    // It takes only 32 bytes; other code unwraps them.
    let takes: fn(&[u8; 32]) -> _ = P256SigningKey::from_bytes;
    assert!(takes(&[1; 32]).is_ok());
}

#[test]
fn u18_a_credential_has_a_slot_of_its_own_and_is_found_by_a_reference() {
    static ORDERS: [Reference; 1] = [Reference::new()];
    let pki = Pki::new();
    let mut memory = [[0; 1500]; 2];
    let slots = Slots::new(memory.each_mut().map(|slot| &mut slot[..]), &ORDERS);
    assert_eq!(slots.lease(&ORDERS[0]).err(), Some(SlotError::NotFound));
    let mut stage = slots.stage().unwrap();
    let len = stage.copy([&pki.client.der[..], &pki.intermediate.der]).unwrap();
    let proof = ProofOfPossession::PublicKey(pki.client.key.point());
    let admission = Admission { role: Role::Client, time: now(), key: proof };
    ORDERS[0].set(stage.credential(RustCrypto, "orders", len, KeyHandle(3), &admission).unwrap());
    let lease = slots.lease(&ORDERS[0]).unwrap();
    assert_eq!((lease.alias(), lease.credential().unwrap().key()), ("orders", KeyHandle(3)));
}

#[test]
fn u19_a_chain_may_lead_to_any_of_several_anchors_also_by_a_cross_signed_certificate() {
    let pki = Pki::new();
    let old_root = Template::ca("Old Root").self_signed();
    // The same name and key, signed by two roots.
    let cross = Template::ca("Example Intermediate").signed_by(&old_root);
    for trusted in [&pki.root, &old_root] {
        let mut setup = Setup::new(&pki);
        setup.client = ClientConfig::new(ServerName::parse(SERVER_NAME).unwrap(), anchors(&[trusted]));
        setup.server_host = shows(&[&pki.server, &pki.intermediate, &cross]);
        assert_eq!(setup.run().sessions().0.path().unwrap().depth, 2);
    }
}

#[test]
fn u20_no_data_is_sent_before_both_sides_are_authenticated() {
    const EARLY_DATA: u16 = 42;
    let pki = Pki::new();
    let (_, script) = client(Setup::new(&pki));
    assert_eq!(script.client_hello.extension(EARLY_DATA), None, "no 0-RTT");
    // What a server has sent before the client's certificate ends with its Finished, and it cannot send more.
    let (mut real, mut script) = (Real::server(Setup::new(&pki)), Script::client(Script::hello(X25519)));
    real.feed(&script.say_hello());
    let said = script.hear_server(&real.take());
    assert_eq!(said.last().map(|message| message[0]), Some(20));
    assert_eq!(real.handshake.into_session().err(), Some(ApiMisuse::HandshakeUnfinished.into()));
}

#[test]
fn u21_the_client_is_known_at_each_request_so_that_access_can_depend_on_the_path() {
    let (_, session) = Setup::new(&Pki::new()).run().sessions();
    let may = |path: &str| {
        let peer = session.peer();
        let name = peer.as_ref().and_then(PeerIdentity::common_name);
        matches!((path, name), ("/orders", Some(CLIENT_NAME)) | ("/", _))
    };
    assert!(may("/orders") && may("/") && !may("/prices"));
}

#[test]
fn u22_certificates_are_reported_before_they_expire() {
    let pki = Pki::new();
    // Valid to 2027-01-01, 39 days from now.
    let soon = Template::client(CLIENT_NAME).years(2020, 2027).signed_by(&pki.intermediate);
    let (entries, _) = keystore(&[("orders", &[&soon, &pki.intermediate]), ("later", &[&pki.client])]);
    let today = UnixTime(NOW);
    let expiring = |days| {
        let expiry = move |entry: &Entry<'_>| Expiry::within(entry.credential.not_after(), today, days);
        entries.iter().filter_map(move |entry| Some((entry, expiry(entry)?)))
    };
    assert_eq!(expiring(30).count(), 0);
    let (entry, expiry) = expiring(40).next().unwrap();
    assert_eq!((entry.alias, expiry.days_left()), ("orders", 39));
    // Of the peer, and of an anchor.
    let (near, _) = Setup::new(&pki).run().sessions();
    assert_eq!(near.peer().unwrap().not_after().to_string(), "2040-01-01T00:00:00Z");
    let root = anchors(&[&pki.root])[0];
    assert_eq!(Expiry::within(root.not_after().unwrap(), today, 365), None);
}

#[test]
fn u23_the_profile_is_tls_1_3_with_named_suites_and_groups_and_nothing_older() {
    let pki = Pki::new();
    let (near, _) = Setup::new(&pki).run().sessions();
    assert_eq!(near.negotiated().group.to_string(), if cfg!(feature = "x25519") { "x25519" } else { "secp256r1" });
    assert!(near.negotiated().cipher_suite.to_string().starts_with("TLS_"));
    let old = Script::hello(X25519).without(SUPPORTED_VERSIONS).without(KEY_SHARE);
    let (mut real, mut script) = (Real::server(Setup::new(&pki)), Script::client(old));
    real.feed(&script.say_hello());
    let error = real.error().unwrap();
    assert_eq!(error, Error::from(PeerIncompatible::Tls13NotOffered));
    assert_eq!(error.alert().unwrap().0, 70);
}

#[test]
fn u16_certificates_of_one_file_or_of_several_are_the_same_chain() {
    let pki = Pki::new();
    let joined = leak(Box::new([&pki.client.der[..], &pki.intermediate.der].concat()));
    let chain = Credential::new(Chain::joined(joined), KeyHandle(0)).unwrap();
    assert!(chain.chain().iter().eq(credential(&[&pki.client, &pki.intermediate], 0).chain().iter()));
    assert_eq!(ends(Setup::new(&pki)), (None, None));
}
