//! A client's offers beside what it checks, and what either side can learn of the negotiation.
#![allow(missing_docs)]

use embedded_mtls::crypto::CryptoProvider;
use embedded_mtls::crypto::rustcrypto::RustCrypto;
use embedded_mtls::x509::ServerName;
use embedded_mtls::{
    AlertDescription, ApiMisuse, CipherSuite, ClientAuth, Error, NamedGroup, ServerConfig, SignatureScheme, Step,
};
use test_support::messages::*;
use test_support::pair::{Setup, deliver, exchange};
use test_support::pki::{Pki, SERVER_NAME};
use test_support::script::{Real, Script, client};

fn with_shares(pki: &Pki, groups: &'static [NamedGroup]) -> Setup {
    let mut setup = Setup::new(pki);
    setup.client = setup.client.with_groups(&[NamedGroup::X25519, NamedGroup::SECP256R1]).with_key_shares(groups);
    setup
}

#[test]
fn a_client_sends_the_configured_key_shares() {
    let pki = Pki::new();
    let rows: [&[NamedGroup]; 4] =
        [&[], &[NamedGroup::X25519], &[NamedGroup::SECP256R1], &[NamedGroup::X25519, NamedGroup::SECP256R1]];
    for groups in rows {
        let (_, script) = client(with_shares(&pki, groups));
        let sent: Vec<NamedGroup> = script.client_hello.shared_groups().into_iter().map(NamedGroup::from).collect();
        assert_eq!(sent, groups);
        for wanted in [NamedGroup::X25519, NamedGroup::SECP256R1] {
            let mut setup = with_shares(&pki, groups);
            setup.server = setup.server.with_groups(test_support::pair::leak_all(vec![wanted]));
            let (mut a, mut b) = setup.run().sessions();
            assert_eq!((a.negotiated().group, b.negotiated().group), (wanted, wanted));
            let retried = !groups.contains(&wanted);
            assert_eq!((a.negotiated().retried, b.negotiated().retried), (retried, retried), "{groups:?}, {wanted}");
            a.write(b"order").unwrap();
            assert_eq!(exchange(&mut a, &mut b).unwrap().1, b"order");
        }
    }
}

#[test]
fn a_group_whose_share_was_sent_cannot_be_requested() {
    let pki = Pki::new();
    for group in [X25519, P256] {
        let (mut real, script) = client(with_shares(&pki, &[NamedGroup::X25519, NamedGroup::SECP256R1]));
        real.feed(&record(22, &Hello::retry(&script.client_hello.session_id, AES_128_GCM, group).emit()));
        assert_eq!(real.error(), Some(Error::PeerMisbehaved(embedded_mtls::PeerMisbehaved::HelloRetryRequestIllegal)));
    }
}

/// "MUST send the same ClientHello without modification", its shares, too, where only a cookie is asked for.
#[test]
fn both_shares_come_again_with_a_cookie() {
    let pki = Pki::new();
    let (mut real, script) = client(with_shares(&pki, &[NamedGroup::X25519, NamedGroup::SECP256R1]));
    let retry = Hello::retry(&script.client_hello.session_id, AES_128_GCM, P256).without(KEY_SHARE);
    real.feed(&record(22, &retry.with(COOKIE, &vec16(b"cookie")).emit()));
    let said = real.take();
    let second = records(&said).into_iter().find(|record| record[0] == 22).expect("a second hello").to_vec();
    let second = Hello::parse(&second[5..]);
    assert_eq!(second.extension(KEY_SHARE), script.client_hello.extension(KEY_SHARE));
    assert_eq!(second.extension(COOKIE), Some(&vec16(b"cookie")[..]));
}

#[test]
fn impossible_key_shares_are_rejected() {
    let pki = Pki::new();
    let rows: [&[NamedGroup]; 5] = [
        &[NamedGroup::X25519, NamedGroup::X25519],
        &[NamedGroup::SECP256R1, NamedGroup::X25519],
        &[NamedGroup(0x7a7a)],
        &[NamedGroup::X25519, NamedGroup(0x19)],
        &[NamedGroup::X25519, NamedGroup::SECP256R1, NamedGroup::X25519],
    ];
    for groups in rows {
        let refused = with_shares(&pki, groups).client_handshake().err();
        assert_eq!(refused, Some(ApiMisuse::KeySharesUnusable.into()), "{groups:?}");
    }
}

#[test]
fn a_list_of_groups_names_each_once() {
    const X25519: NamedGroup = NamedGroup::X25519;
    let pki = Pki::new();
    let rows: [&[NamedGroup]; 2] = [&[X25519, X25519], &[X25519, NamedGroup::SECP256R1, X25519]];
    for groups in rows {
        let mut setup = Setup::new(&pki);
        setup.client = setup.client.with_groups(groups);
        assert_eq!(setup.client_handshake().err(), Some(ApiMisuse::GroupsRepeated.into()), "{groups:?}");
        let mut setup = Setup::new(&pki);
        setup.server = setup.server.with_groups(groups);
        assert_eq!(setup.server_handshake().err(), Some(ApiMisuse::GroupsRepeated.into()), "{groups:?}");
    }
}

#[test]
fn the_name_that_is_sent_need_not_be_the_one_that_is_checked() {
    let pki = Pki::new();
    let name = |name| ServerName::parse(name).expect("a name");
    for (sent, expected) in
        [(Some(name("front.example")), Some("front.example")), (Some(name("192.0.2.7")), None), (None, None)]
    {
        let mut setup = Setup::new(&pki);
        setup.client = setup.client.with_sent_server_name(sent);
        let (mut real, mut script) = client(setup);
        let extension = script.client_hello.extension(SERVER_NAME_EXTENSION).map(|body| body[5..].to_vec());
        assert_eq!(extension.as_deref(), expected.map(str::as_bytes));
        // The certificate is still that of the name that is checked.
        let flight = script.server_flight(&pki, |message| message);
        real.feed(&script.seal_all(&flight));
        assert_eq!(real.end, Some(Ok(())));
    }
    let mut setup = Setup::new(&pki);
    setup.client = embedded_mtls::ClientConfig::new(name("front.example"), test_support::pair::anchors(&[&pki.root]))
        .with_sent_server_name(Some(name(SERVER_NAME)));
    assert!(matches!(setup.run().errors().0, Some(Error::Certificate(_))));
}

/// RFC 6066 section 3: an answer to a name that was not sent is unsolicited.
#[test]
fn an_answer_to_a_name_that_was_not_sent_is_rejected() {
    let pki = Pki::new();
    let mut setup = Setup::new(&pki);
    setup.client = setup.client.with_sent_server_name(None);
    let (mut real, mut script) = client(setup);
    let flight = script.server_flight(&pki, |message| match message[0] {
        ENCRYPTED_EXTENSIONS => encrypted_extensions(&[(SERVER_NAME_EXTENSION, vec![])]),
        _ => message,
    });
    real.feed(&script.seal_all(&flight));
    assert_eq!(real.error(), Some(Error::PeerMisbehaved(embedded_mtls::PeerMisbehaved::UnsolicitedExtension)));
}

#[test]
fn a_server_sees_the_protocols_that_a_client_offers() {
    let pki = Pki::new();
    for offered in [&[][..], &[&b"h2"[..], b"http/1.1"]] {
        let mut setup = Setup::new(&pki);
        setup.client = setup.client.with_alpn(test_support::pair::leak_all(offered.to_vec()));
        let mut hello = Real::client(setup).take();
        let mut server = Setup::new(&pki).server_handshake().unwrap();
        deliver(&mut hello, &mut server, 0);
        let Ok(Step::Credential(request)) = server.poll() else { panic!("no question") };
        assert!(request.peer_request().protocols().eq(offered.iter().copied()));
        assert!(request.peer_request().protocols().eq(offered.iter().copied()));
    }
}

#[test]
fn both_sides_return_the_signature_scheme_of_the_peer() {
    let pki = Pki::new();
    let (a, b) = Setup::new(&pki).run().sessions();
    let scheme = Some(SignatureScheme::ECDSA_SECP256R1_SHA256);
    assert_eq!((a.negotiated().peer_signature_scheme, b.negotiated().peer_signature_scheme), (scheme, scheme));
    assert!(!a.negotiated().retried && !b.negotiated().retried);
    let mut setup = Setup::new(&pki);
    setup.server = ServerConfig::new(ClientAuth::None);
    let (a, b) = setup.run().sessions();
    assert_eq!(a.negotiated().peer_signature_scheme, Some(SignatureScheme::ECDSA_SECP256R1_SHA256));
    assert_eq!(b.negotiated().peer_signature_scheme, None);
}

#[test]
fn code_points_are_numbers_both_ways() {
    assert_eq!(u16::from(NamedGroup::X25519), 0x1d);
    assert_eq!(NamedGroup::from(0x18), NamedGroup::SECP384R1);
    assert_eq!(u16::from(SignatureScheme::ED25519), 0x0807);
    assert_eq!(SignatureScheme::from(0x0403), SignatureScheme::ECDSA_SECP256R1_SHA256);
    assert_eq!(u16::from(CipherSuite::TLS_AES_128_GCM_SHA256), 0x1301);
    assert_eq!(CipherSuite::from(0x1303), CipherSuite::TLS_CHACHA20_POLY1305_SHA256);
    assert_eq!(u8::from(AlertDescription::UNKNOWN_CA), 48);
    assert!(RustCrypto::NAMED_GROUPS.iter().all(|group| NamedGroup::from(u16::from(*group)) == *group));
}

/// IANA's registry "TLS Alerts".
#[test]
fn every_assigned_alert_has_a_name() {
    let assigned = [
        0, 10, 20, 21, 22, 30, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 60, 70, 71, 80, 86, 90, 100, 109,
        110, 111, 112, 113, 114, 115, 116, 117, 120, 121,
    ];
    for number in 0..=255 {
        assert_eq!(AlertDescription(number).name().is_some(), assigned.contains(&number), "{number}");
    }
}

/// A script receives the messages of a client to a server that has proved nothing.
#[test]
fn a_hello_of_a_client_without_shares_waits_for_the_group() {
    let pki = Pki::new();
    let (mut real, script) = client(with_shares(&pki, &[]));
    let retry = Hello::retry(&script.client_hello.session_id, AES_128_GCM, P256);
    real.feed(&record(22, &retry.emit()));
    let said = real.take();
    let second = records(&said).into_iter().find(|record| record[0] == 22).expect("a second hello").to_vec();
    assert_eq!(Script::server(&second).client_hello.share().0, P256);
}
