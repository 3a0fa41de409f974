//! The scripted peer follows the protocol when nothing else is asked of it.
#![allow(missing_docs)]

use embedded_mtls::{Event, NamedGroup};
use test_support::messages::{AES_128_GCM, CHACHA20, P256, X25519};
use test_support::pair::Setup;
use test_support::pki::{Pki, Role};
use test_support::script::{APPLICATION_DATA, CHANGE_CIPHER_SPEC, Epoch, HANDSHAKE, Real, Script, Sent};

#[test]
fn a_client_finishes_with_the_scripted_server_and_exports_the_same() {
    let pki = Pki::new();
    for (suite, groups) in [(AES_128_GCM, &[NamedGroup::X25519]), (CHACHA20, &[NamedGroup::SECP256R1])] {
        let mut setup = Setup::new(&pki);
        setup.client = setup.client.with_groups(groups);
        let mut real = Real::client(setup);
        let mut script = Script::server(&real.take());
        script.suite = suite;
        let flight = script.server_flight(&pki, |message| message);
        let exported = script.export("EXPORTER-test", b"context", 50);
        real.feed(&script.seal_all(&flight));
        let said: Vec<_> = script.open(&real.take()).into_iter().map(|(kind, _)| kind).collect();
        assert_eq!(said, [CHANGE_CIPHER_SPEC, HANDSHAKE], "Certificate, CertificateVerify and Finished in one record");
        let mut session = real.session();
        let mut out = [0; 50];
        session.export(b"EXPORTER-test", b"context", &mut out).unwrap();
        assert_eq!(out[..], exported);

        session.write(b"order").unwrap();
        assert_eq!(script.open(session.tx_pending()), [(APPLICATION_DATA, b"order".to_vec())]);
    }
}

#[test]
fn a_server_finishes_with_the_scripted_client() {
    let pki = Pki::new();
    for group in [X25519, P256] {
        let mut setup = Setup::new(&pki);
        setup.server = setup.server.with_retry_for_preferred_group(true);
        let mut real = Real::server(setup);
        let mut script = Script::client(Script::hello(group));
        real.feed(&script.say_hello());
        assert_eq!(script.hear_server(&real.take()).len(), if group == X25519 { 6 } else { 1 });
        if group == P256 {
            // The server prefers X25519.
            let share = Script::hello(X25519).share().1.to_vec();
            script.client_hello = script
                .client_hello
                .with(51, &test_support::messages::vec16(&test_support::messages::key_share((X25519, &share))));
            real.feed(&script.say_hello());
            assert_eq!(script.hear_server(&real.take()).len(), 6);
        }
        let flight = script.client_flight(&pki, |message| message);
        real.feed(&script.seal_all(&flight));
        let mut session = real.session();
        let data = script.seal(&Sent::new(Epoch::Application, APPLICATION_DATA, b"order"));
        session.rx_space()[..data.len()].copy_from_slice(&data);
        session.rx_commit(data.len()).unwrap();
        let Ok(Event::Data(received)) = session.poll() else { panic!("no data") };
        assert_eq!(*received, *b"order");
        let _ = script.keys(Epoch::Application, Role::Client);
    }
}
