//! The tickets: what a client keeps and offers, what a server issues, and the room that both have for them.

use super::{HOUR, at, first, keys, mine, offer, second, setup, stranger_root, ticket_of};
use embedded_mtls::x509::{CommonName, ServerName, Time};
use embedded_mtls::{
    CipherSuite, Client, ClientAuth, ClientAuthStatus, Credential, Error, Event, Handshake, ServerConfig,
    SignatureScheme, Ticket, TicketError,
};
use rcgen::SanType;
use test_support::messages::session_ticket;
use test_support::pair::{
    Setup, Sizes, TestHost, anchors, credential, entropy, exchange, host, leak, now, signing_key,
};
use test_support::pki::{CLIENT_NAME, Issued, Pki, SERVER_NAME, Template};
use test_support::script::{Epoch, HANDSHAKE, Sent, client as script_client};

#[test]
fn a_client_rejects_tickets_that_are_not_for_this_handshake() {
    let pki = Pki::new();
    let ticket = first(setup(&pki));
    let stranger: Issued = Template::client("stranger").signed_by(&pki.root);
    let other: Option<&'static Credential<'static>> = Some(leak(Box::new(credential(&[&stranger], 0))));
    let name = |name| ServerName::parse(name).unwrap();
    let refusal = |edit: &dyn Fn(&mut Setup), ticket: &[u8], credential, now| {
        let mut setup = setup(&pki);
        edit(&mut setup);
        offer(&mut setup.client_handshake().unwrap(), ticket, credential, now).err()
    };
    let same: &dyn Fn(&mut Setup) = &|_| {};
    assert_eq!(refusal(same, &ticket, Some(mine(&pki)), at(3_599)), None);
    assert_eq!(refusal(same, &ticket, Some(mine(&pki)), at(3_600)), Some(TicketError::Expired));
    assert_eq!(refusal(same, &ticket, Some(mine(&pki)), at(-61)), Some(TicketError::Expired));
    assert_eq!(refusal(same, &ticket, None, at(1)), Some(TicketError::OtherCredential));
    assert_eq!(refusal(same, &ticket, other, at(1)), Some(TicketError::OtherCredential));
    for (edit, why) in [
        (&|s: &mut Setup| s.client = setup(&pki).client.with_max_depth(3), TicketError::OtherConfiguration),
        (
            &|s| s.client = embedded_mtls::ClientConfig::new(name("b.example"), anchors(&[&pki.root])),
            TicketError::OtherConfiguration,
        ),
        (
            &|s| s.client = embedded_mtls::ClientConfig::new(name(SERVER_NAME), anchors(&[&stranger_root()])),
            TicketError::OtherConfiguration,
        ),
        (
            &|s| s.client = s.client.with_cipher_suites(&[CipherSuite::TLS_AES_256_GCM_SHA384]),
            TicketError::OtherConfiguration,
        ),
        (&|s| s.client = s.client.with_max_proof_age(0), TicketError::ProofTooOld),
    ] as [(&dyn Fn(&mut Setup), TicketError); 5]
    {
        assert_eq!(refusal(edit, &ticket, Some(mine(&pki)), at(1)), Some(why));
    }
    for byte in 0..ticket.len() {
        let mut damaged = ticket.clone();
        damaged[byte] ^= 1 << (byte % 8);
        assert_eq!(refusal(same, &damaged, Some(mine(&pki)), at(1)), Some(TicketError::Damaged), "byte {byte}");
    }
    for len in (0..ticket.len()).step_by(7) {
        assert_eq!(refusal(same, &ticket[..len], Some(mine(&pki)), at(1)), Some(TicketError::Damaged), "{len} bytes");
    }
}

#[test]
fn a_ticket_is_for_one_common_name_and_for_the_schemes_of_its_handshake() {
    let pki = Pki::new();
    let with = |name, schemes: &'static [SignatureScheme]| {
        let mut setup = setup(&pki);
        let name = CommonName::exact(name).unwrap();
        setup.client = setup.client.with_common_name(name).with_signature_schemes(schemes);
        setup
    };
    let (one, two) = (
        &[SignatureScheme::ECDSA_SECP256R1_SHA256][..],
        &[SignatureScheme::ECDSA_SECP256R1_SHA256, SignatureScheme::RSA_PSS_RSAE_SHA256][..],
    );
    let ticket = first(with(SERVER_NAME, one));
    let offered =
        |name, schemes| offer(&mut with(name, schemes).client_handshake().unwrap(), &ticket, Some(mine(&pki)), at(1));
    assert_eq!(offered(SERVER_NAME, one), Ok(()));
    let other = Err(TicketError::OtherConfiguration);
    assert_eq!((offered("other.example.com", one), offered(SERVER_NAME, two)), (other, other));
}

#[test]
fn a_ticket_of_another_version_is_not_read() {
    use embedded_mtls::crypto::rustcrypto::RustCrypto;
    use embedded_mtls::crypto::{CryptoProvider as _, HashAlgorithm};
    let pki = Pki::new();
    let mut ticket = first(setup(&pki));
    for (version, expected) in [(ticket[0], Ok(())), (ticket[0] + 1, Err(TicketError::Damaged))] {
        ticket[0] = version;
        let (content, sum) = ticket.split_last_chunk_mut::<8>().unwrap();
        let digest = RustCrypto.digest(HashAlgorithm::Sha256, &[content]).unwrap();
        sum.copy_from_slice(&digest.as_bytes()[..8]);
        let mut client = setup(&pki).client_handshake().unwrap();
        assert_eq!(offer(&mut client, &ticket, Some(mine(&pki)), at(1)), expected);
    }
}

/// RFC 9846 section 4.7.1: "The value of zero indicates that the ticket should be discarded immediately."
#[test]
fn a_ticket_with_a_lifetime_of_zero_is_not_kept() {
    let pki = Pki::new();
    for (lifetime, kept) in [(60, true), (0, false)] {
        let (mut real, mut script) = script_client(setup(&pki));
        let flight = script.server_flight(&pki, |message| message);
        real.feed(&script.seal_all(&flight));
        let mut session = real.session();
        let mut ticket = session_ticket(b"ticket", &[]);
        ticket[7] = lifetime;
        let bytes = script.seal(&Sent::new(Epoch::Application, HANDSHAKE, &ticket));
        session.rx_space()[..bytes.len()].copy_from_slice(&bytes);
        session.rx_commit(bytes.len()).unwrap();
        while let Ok(Event::Transmit) = session.poll() {
            session.tx_consume(usize::MAX);
        }
        let taken = session.take_ticket(at(0), &mut [0; Ticket::MAX_LEN]).unwrap();
        assert_eq!(taken.is_some(), kept, "lifetime {lifetime}");
    }
}

/// The ticket contains names of 750 bytes. The binder covers the hello, however it is sent and received.
#[test]
fn a_ticket_is_offered_through_every_tx_and_accepted_from_every_rx() {
    let mut pki = Pki::new();
    let name = |number: usize| SanType::DnsName(format!("{number}.{}.example", "n".repeat(50)).try_into().unwrap());
    let names: Vec<SanType> = (0..12).map(name).collect();
    let leaf = Template::client(CLIENT_NAME).alternatives(&names).signed_by(&pki.intermediate);
    pki.client = leaf;
    let ticket = first(setup(&pki));
    assert!(ticket.len() > 1_200, "{}", ticket.len());
    for retried in [false, true] {
        for tx in (160..200).chain([512, 1_024, 1_500, 2_048]) {
            let mut setup = setup(&pki);
            if retried {
                setup.client = setup.client.with_key_shares(&[]);
            }
            setup.client_sizes.tx = tx;
            setup.chunk = tx % 3 * 50;
            if tx % 2 == 1 {
                setup.server_sizes = Sizes { rx: 512, peer: 4096, ..setup.server_sizes };
            }
            let outcome = second(setup, &ticket, Some(mine(&pki)), at(1));
            let (client, server) = outcome.sessions();
            assert!(client.negotiated().resumed && server.negotiated().resumed, "tx of {tx} bytes");
            assert_eq!(client.negotiated().retried, retried);
            assert!(server.peer().unwrap().proved_before().is_some());
        }
    }
}

#[test]
fn a_ticket_that_does_not_fit_into_the_peer_memory_names_the_size_that_is_enough() {
    let pki = Pki::new();
    let ticket = first(setup(&pki));
    let refusal = |size: usize| {
        let mut setup = setup(&pki);
        setup.client_sizes.peer = size;
        offer(&mut setup.client_handshake().unwrap(), &ticket, Some(mine(&pki)), at(1)).err()
    };
    let Some(TicketError::TooLargeForPeer(need)) = refusal(64) else { panic!("the ticket does not fit") };
    let size = usize::try_from(need).unwrap();
    assert_eq!(refusal(size - 1), Some(TicketError::TooLargeForPeer(need)));
    let mut exact = setup(&pki);
    exact.client_sizes.peer = size;
    assert!(second(exact, &ticket, Some(mine(&pki)), at(1)).sessions().0.negotiated().resumed, "it is enough");
}

#[test]
fn a_ticket_is_wiped_once_it_is_used_and_offered_once() {
    let pki = Pki::new();
    let ticket = first(setup(&pki));
    let setup = setup(&pki);
    let (mut bytes, config) = (ticket.clone(), setup.client);
    for expected in [Ok(()), Err(TicketError::Damaged)] {
        let mut handshake = Handshake::<Client>::new(&config, setup.client_sizes.buffers(), entropy(1)).unwrap();
        assert_eq!(handshake.resume(Ticket::new(&mut bytes), Some(mine(&pki)), at(1)), expected);
    }
    assert!(!bytes.windows(32).any(|bytes| bytes == &ticket[2..34]));
    let mut client = setup.client_handshake().unwrap();
    offer(&mut client, &ticket, Some(mine(&pki)), at(1)).unwrap();
    assert_eq!(offer(&mut client, &ticket, Some(mine(&pki)), at(1)), Err(TicketError::Begun));
}

#[test]
fn a_ticket_that_does_not_fit_stays_until_there_is_room() {
    let pki = Pki::new();
    let (mut client, mut server) = setup(&pki).run().sessions();
    exchange(&mut client, &mut server).unwrap();
    let mut small = [0xaa; 100];
    let Err(Error::BufferTooSmall { need, .. }) = client.take_ticket(at(0), &mut small) else { panic!() };
    assert_eq!(small, [0; 100], "no part of a secret is left");
    let mut out = vec![0; usize::from(need)];
    assert_eq!(client.take_ticket(at(0), &mut out), Ok(Some(out.len())));
    assert_eq!(client.take_ticket(at(0), &mut out), Ok(None), "it is given once");
}

#[test]
fn a_ticket_for_which_a_server_has_no_room_is_sent_later_or_not_at_all() {
    let pki = Pki::new();
    // Data of the server fills its buffer; the ticket follows it.
    let (mut client, mut server) = setup(&pki).run().sessions();
    assert!(ticket_of(&mut client, &mut server, at(0)).is_some());
    while server.write(&[7; 512]) != Ok(0) {}
    assert_eq!(server.send_ticket(at(1)), Ok(true));
    assert!(ticket_of(&mut client, &mut server, at(1)).is_some());
    // A buffer that can never hold it.
    let names: Vec<_> =
        (0..9).map(|number| SanType::DnsName(format!("{number}.{}", "n".repeat(60)).try_into().unwrap())).collect();
    let mut long = Pki::new();
    long.client = Template::client(CLIENT_NAME).alternatives(&names).signed_by(&long.intermediate);
    let mut small = setup(&long);
    small.server_sizes.tx = 420;
    let (mut client, mut server) = small.run().sessions();
    assert!(ticket_of(&mut client, &mut server, at(0)).is_none());
    server.write(b"response").unwrap();
    assert_eq!(exchange(&mut client, &mut server).unwrap().0, b"response");
}

#[test]
fn each_ticket_of_a_session_has_a_key_and_a_name_of_its_own() {
    let pki = Pki::new();
    let (mut client, mut server) = setup(&pki).run().sessions();
    let one = ticket_of(&mut client, &mut server, at(0)).unwrap();
    assert_eq!(server.send_ticket(at(0)), Ok(true));
    let two = ticket_of(&mut client, &mut server, at(0)).unwrap();
    assert_eq!(one.len(), two.len());
    assert_ne!(one[2..34], two[2..34], "the pre-shared keys");
    assert_ne!(one[78..82], two[78..82], "ticket_age_add");
    for ticket in [&one, &two] {
        assert!(second(setup(&pki), ticket, Some(mine(&pki)), at(1)).sessions().1.negotiated().resumed);
    }
}

#[test]
fn a_session_issues_256_tickets_and_then_carries_on_without() {
    let pki = Pki::new();
    let (mut client, mut server) = setup(&pki).run().sessions();
    assert!(ticket_of(&mut client, &mut server, at(0)).is_some());
    for _ in 1..256 {
        assert_eq!(server.send_ticket(at(0)), Ok(true));
        // A client accepts only a few messages without data between them.
        server.write(b"-").unwrap();
        exchange(&mut client, &mut server).unwrap();
    }
    assert!(ticket_of(&mut client, &mut server, at(0)).is_some());
    assert_eq!(server.send_ticket(at(0)), Ok(false));
    client.write(b"order").unwrap();
    assert_eq!(exchange(&mut client, &mut server).unwrap().1, b"order");
    assert_eq!(ticket_of(&mut client, &mut server, at(0)), None);
}

#[test]
fn a_server_with_too_little_memory_for_a_ticket_goes_on_with_a_full_handshake() {
    let pki = Pki::new();
    let with = || {
        let mut setup = setup(&pki);
        setup.server = ServerConfig::new(ClientAuth::Optional(anchors(&[&pki.root]))).with_tickets(keys(1), HOUR);
        setup
    };
    let ticket = first(with());
    let mut small = with();
    small.server_sizes.peer = 64;
    small.client_host = host(vec![], vec![]);
    let (client, server) = second(small, &ticket, Some(mine(&pki)), at(1)).sessions();
    assert!(!client.negotiated().resumed && !server.negotiated().resumed);
    assert_eq!(server.client_auth(), ClientAuthStatus::Declined);
}

#[test]
fn a_session_whose_path_was_validated_without_a_time_has_no_ticket() {
    let pki = Pki::new();
    let mut with = setup(&pki);
    let chain = credential(&[&pki.client, &pki.intermediate], 0);
    with.client_host = TestHost::new(
        leak(vec![chain].into_boxed_slice()),
        leak(vec![signing_key(&pki.client)].into_boxed_slice()),
        Time::dangerous_unknown,
    );
    let (mut client, mut server) = with.run().sessions();
    assert_eq!(ticket_of(&mut client, &mut server, at(0)), None);
    assert_eq!(now(), Time::Trusted(at(0)));
}
