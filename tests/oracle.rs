//! An unauthenticated server learns nothing about the credentials of a client.
#![allow(missing_docs)]

#[cfg(feature = "events")]
use core::sync::atomic::AtomicU8;
use embedded_mtls::credential::{Entry, NoMatch, Selector};
#[cfg(feature = "events")]
use embedded_mtls::events::{EventRing, LogEvent};
use embedded_mtls::io::SoftwareHost;
use embedded_mtls::x509::{Time, TrustAnchor};
use embedded_mtls::{ApiMisuse, Error, PeerIncompatible, Stage, Step};
use test_support::messages::*;
use test_support::pair::{Setup, credential, leak_all, now, signing_key};
use test_support::pki::{Pki, Template};
use test_support::script::{Epoch, Real, Script, client};

/// A client with one credential that ends the handshake if it does not fit.
macro_rules! choosy {
    ($pki:expr) => {{
        let base = Setup::new($pki);
        let entries = leak_all(vec![Entry::new("orders", credential(&[&$pki.client, &$pki.intermediate], 0))]);
        let clock: fn() -> Time = now;
        let keys = leak_all(vec![signing_key(&$pki.client)]);
        Setup {
            client: base.client,
            server: base.server,
            client_host: SoftwareHost::with_selector(
                Selector { no_match: NoMatch::Fail, ..Selector::new(entries) },
                keys,
                clock,
            ),
            server_host: base.server_host,
            client_sizes: base.client_sizes,
            server_sizes: base.server_sizes,
            chunk: 0,
        }
    }};
}

/// Extensions of a CertificateRequest that names one authority.
fn naming(authority: &test_support::pki::Issued) -> Extensions {
    let anchor = TrustAnchor::from_certificate(&authority.der).expect("an anchor");
    vec![(CERTIFICATE_AUTHORITIES, vec16(&vec16(anchor.subject().expect("a name").as_der())))]
}

#[test]
fn a_client_whose_policy_is_to_fail_does_so_only_after_the_server_is_authenticated() {
    let pki = Pki::new();
    let stranger = Template::ca("Another Root").self_signed();
    for authority in [&pki.root, &stranger] {
        let (mut real, mut script) = client(choosy!(&pki));
        let flight = script.server_flight(&pki, |message| match message[0] {
            CERTIFICATE_REQUEST => certificate_request(&naming(authority)),
            _ => message,
        });
        // All but Finished.
        real.feed(&script.seal_all(&flight[..5]));
        assert_eq!(real.end, None);
        assert_eq!(real.take(), []);
        real.feed(&script.seal_all(&flight[5..]));
        let fits = std::ptr::eq(authority, &raw const pki.root);
        if fits {
            assert_eq!(real.end, Some(Ok(())));
        } else {
            assert_eq!(real.error(), Some(PeerIncompatible::NoCredential.into()));
            assert_eq!(real.handshake.stage(), Stage::Finished);
            let said = real.take();
            assert_eq!(script.alert(&said), Some(40));
        }
    }
}

/// The proof of the server decides; the credential changes nothing about it.
#[test]
fn a_server_that_is_not_authenticated_cannot_tell_which_credentials_match() {
    let pki = Pki::new();
    let stranger = Template::ca("Another Root").self_signed();
    let heard = [&pki.root, &stranger].map(|authority| {
        let (mut real, mut script) = client(choosy!(&pki));
        let flight = script.server_flight(&pki, |mut message| match message[0] {
            CERTIFICATE_REQUEST => certificate_request(&naming(authority)),
            CERTIFICATE_VERIFY => {
                *message.last_mut().expect("a signature") ^= 1;
                message
            }
            _ => message,
        });
        real.feed(&script.seal_all(&flight));
        let said = real.take();
        (real.error(), script.open(&said))
    });
    assert_eq!(heard[0], heard[1]);
}

/// The same of a program that insists on a credential whose signatures the server does not verify.
#[test]
fn a_credential_of_a_scheme_that_the_server_does_not_offer_fails_the_handshake_no_earlier() {
    let pki = Pki::new();
    let handshake = Setup::new(&pki).client_handshake().expect("a client");
    let mut real = Real { handshake, host: Setup::new(&pki).client_host, end: None, out: Vec::new() };
    #[cfg(feature = "events")]
    let ring = {
        let ring = EventRing::new(test_support::pair::leak_all((0..2000).map(|_| AtomicU8::new(0)).collect()))
            .expect("a ring");
        real.handshake.set_events(ring);
        ring
    };
    real.feed(&[]);
    let mut script = Script::server(&real.take());
    let flight = script.server_flight(&pki, |message| match message[0] {
        CERTIFICATE_REQUEST => message_with_schemes(&[0x0807]),
        _ => message,
    });
    let mut bytes = script.seal_all(&flight[..5]);
    let chosen = leak_all(vec![credential(&[&pki.client, &pki.intermediate], 0)]);
    loop {
        match real.handshake.poll().expect("nothing is wrong yet") {
            Step::NeedInput if bytes.is_empty() => break,
            Step::NeedInput => assert_ne!(test_support::pair::deliver(&mut bytes, &mut real.handshake, 0), 0),
            Step::Credential(request) => assert_eq!(request.answer(&chosen[0]), Ok(())),
            Step::Time(request) => request.provide(now()).unwrap(),
            Step::Authorize(request) => request.accept().unwrap(),
            Step::Yield => {}
            step => panic!("{step:?}"),
        }
    }
    let finished = script.seal_all(&flight[5..]);
    real.feed(&finished);
    assert_eq!(real.error(), Some(Error::ApiMisuse(ApiMisuse::CredentialSchemeNotOffered)));
    assert_eq!(flight[5].epoch, Epoch::Handshake);
    #[cfg(feature = "events")]
    {
        let events: Vec<_> = ring.records().expect("a ring").map(|record| record.event).collect();
        assert!(!events.iter().any(|event| matches!(event, LogEvent::Selected { .. })), "{events:#?}");
    }
}

fn message_with_schemes(schemes: &[u16]) -> Vec<u8> {
    message(CERTIFICATE_REQUEST, &[vec![0], block(&[(SIGNATURE_ALGORITHMS, list16(schemes))])].concat())
}

/// A server cannot hide this: it sends first.
#[test]
fn a_server_rejects_a_credential_of_a_scheme_that_the_client_did_not_offer_at_once() {
    let pki = Pki::new();
    let mut server = Setup::new(&pki).server_handshake().unwrap();
    let mut script = Script::client(Script::hello(X25519).with(SIGNATURE_ALGORITHMS, &list16(&[0x0807])));
    let mut hello = script.say_hello();
    let chosen = leak_all(vec![credential(&[&pki.server, &pki.intermediate], 0)]);
    loop {
        match server.poll().unwrap() {
            Step::NeedInput => assert_ne!(test_support::pair::deliver(&mut hello, &mut server, 0), 0),
            Step::Credential(request) => {
                let expected = Error::ApiMisuse(ApiMisuse::CredentialSchemeNotOffered);
                assert_eq!(request.answer(&chosen[0]), Err(expected));
                break;
            }
            step => panic!("{step:?}"),
        }
    }
    assert_eq!(server.tx_pending(), record(test_support::script::ALERT, &[2, 80]));
}
