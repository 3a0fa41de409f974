//! After the handshake: data, key updates, closing, tickets.
#![allow(missing_docs)]

use embedded_mtls::{AlertDescription, ApiMisuse, Client, Diagnosis, Error, Event, PeerMisbehaved, Server, Side};
use test_support::messages::*;
use test_support::pair::{Setup, Sizes, TestSession, exchange, pass, read_all};
use test_support::pki::{Pki, Role};
use test_support::script::{ALERT, APPLICATION_DATA, Epoch, HANDSHAKE, Script, Sent, client, misbehaved, server};

fn pair() -> (TestSession<Client>, TestSession<Server>) {
    Setup::new(&Pki::new()).run().sessions()
}

/// A session of a client with the scripted server at its end.
fn client_session() -> (TestSession<Client>, Script) {
    let pki = Pki::new();
    let (mut real, mut script) = client(Setup::new(&pki));
    let flight = script.server_flight(&pki, |message| message);
    real.feed(&script.seal_all(&flight));
    script.open(&real.take());
    (real.session(), script)
}

/// A session of a server with the scripted client at its end.
fn server_session() -> (TestSession<Server>, Script) {
    let pki = Pki::new();
    let (mut real, mut script) = server(Setup::new(&pki));
    let flight = script.client_flight(&pki, |message| message);
    real.feed(&script.seal_all(&flight));
    (real.session(), script)
}

/// Delivers bytes, reads what comes, and gives it with what was sent in answer.
fn feed(session: &mut TestSession<impl Side>, mut bytes: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Error> {
    let (mut received, mut sent) = (Vec::new(), Vec::new());
    loop {
        let space = session.rx_space();
        let count = space.len().min(bytes.len());
        space[..count].copy_from_slice(&bytes[..count]);
        session.rx_commit(count)?;
        bytes = &bytes[count..];
        let result = loop {
            let before = (received.len(), sent.len());
            let result = read_all(session, &mut received);
            sent.extend_from_slice(session.tx_pending());
            session.tx_consume(usize::MAX);
            if result.is_err() || before == (received.len(), sent.len()) {
                break result;
            }
        };
        result?;
        if bytes.is_empty() {
            return Ok((received, sent));
        }
    }
}

/// Delivers bytes and reads what comes.
fn deliver(bytes: &[u8], session: &mut TestSession<impl Side>, received: &mut Vec<u8>) -> Result<(), Error> {
    session.rx_space()[..bytes.len()].copy_from_slice(bytes);
    session.rx_commit(bytes.len())?;
    read_all(session, received)
}

fn key_update_sent(request: u8) -> Sent {
    Sent::new(Epoch::Application, HANDSHAKE, &key_update(request))
}

fn data(content: &[u8]) -> Sent {
    Sent::new(Epoch::Application, APPLICATION_DATA, content)
}

/// Bytes that do not repeat soon.
fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|at| u8::try_from((at * 7 + at / 251) % 256).unwrap()).collect()
}

#[test]
fn a_mebibyte_passes_each_way_whatever_the_size_of_the_buffers() {
    let content = pattern(1 << 20);
    for (rx, tx) in [(4096, 1024), (2048, 300), (20_000, 17_000)] {
        let mut setup = Setup::new(&Pki::new());
        setup.client_sizes = Sizes { rx, tx, ..Sizes::DEFAULT };
        setup.server_sizes = Sizes { rx, tx, ..Sizes::DEFAULT };
        let (mut client, mut server) = setup.run().sessions();
        let (mut to_server, mut to_client) = (&content[..], &content[..]);
        let (mut at_server, mut at_client) = (Vec::new(), Vec::new());
        while at_server.len() < content.len() || at_client.len() < content.len() {
            // In turns: a session offers what it received once all it has to send has left.
            to_server = &to_server[client.write(to_server).unwrap()..];
            pass(&mut client, &mut server, &mut at_server).unwrap();
            to_client = &to_client[server.write(to_client).unwrap()..];
            pass(&mut server, &mut client, &mut at_client).unwrap();
            assert_eq!(at_server.len(), content.len() - to_server.len(), "no progress");
        }
        assert!(at_server == content && at_client == content);
    }
}

#[test]
fn records_are_as_large_as_the_buffer_allows_and_not_larger_than_tls_does() {
    for (tx, plaintext) in [(160, 160 - 46), (1024, 1024 - 46), (16_430, 16_384), (20_000, 16_384)] {
        let mut setup = Setup::new(&Pki::new());
        // A client that receives any record sets no limit.
        setup.client_sizes.rx = 20_000;
        setup.server_sizes = Sizes { tx, ..Sizes::DEFAULT };
        let (_, mut server) = setup.run().sessions();
        assert_eq!(server.write(&vec![1; 30_000]), Ok(plaintext), "tx of {tx} bytes");
        assert_eq!(server.tx_pending().len(), plaintext + 22);
    }
}

#[test]
fn data_may_be_consumed_in_parts() {
    let (mut client, mut server) = pair();
    let content = pattern(300);
    client.write(&content).unwrap();
    let bytes = client.tx_pending().to_vec();
    server.rx_space()[..bytes.len()].copy_from_slice(&bytes);
    server.rx_commit(bytes.len()).unwrap();
    let mut rest = &content[..];
    for count in [0, 1, 2, 100, 0, 196, 1000].into_iter().cycle() {
        match server.poll().unwrap() {
            Event::Data(data) => {
                assert_eq!(*data, *rest);
                rest = &rest[count.min(rest.len())..];
                data.consume(count);
            }
            _ => break,
        }
    }
    assert!(rest.is_empty());
    assert!(matches!(server.poll(), Ok(Event::NeedInput)));
}

#[test]
fn plaintext_may_be_written_in_place() {
    let (mut client, mut server) = pair();
    let mut buffer = client.reserve().unwrap();
    buffer[..5].copy_from_slice(b"order");
    buffer.seal(5).unwrap();
    // What is not sealed was never there.
    client.reserve().unwrap()[..6].copy_from_slice(b"secret");
    let buffer = client.reserve().unwrap();
    buffer.seal(0).unwrap();
    assert_eq!(exchange(&mut client, &mut server).unwrap().1, b"order");
    let buffer = client.reserve().unwrap();
    assert_eq!(buffer.seal(100_000), Err(ApiMisuse::CommitTooLarge.into()));
    assert_eq!(client.poll().err(), Some(ApiMisuse::CommitTooLarge.into()), "errors are sticky");
}

#[test]
fn keys_change_at_the_wish_of_either_side_between_any_two_pieces_of_data() {
    let (mut client, mut server) = pair();
    for round in 0..50_u8 {
        if round % 2 == 0 {
            client.request_key_update();
        }
        if round % 3 == 0 {
            // Both at once, every sixth round.
            server.request_key_update();
        }
        client.write(&[round; 10]).unwrap();
        server.write(&[round; 20]).unwrap();
        let (at_client, at_server) = exchange(&mut client, &mut server).unwrap();
        assert_eq!((at_client, at_server), (vec![round; 20], vec![round; 10]));
    }
}

#[test]
fn a_key_update_is_answered_once_and_its_keys_are_used() {
    fn of((mut session, mut script): (TestSession<impl Side>, Script)) {
        let (mine, theirs) =
            if script.role() == Role::Server { (Role::Server, Role::Client) } else { (Role::Client, Role::Server) };
        for request in [1, 0, 1] {
            let bytes = script.seal(&key_update_sent(request));
            let (_, answer) = feed(&mut session, &bytes).unwrap();
            script.keys(Epoch::Application, mine).update();
            if request == 1 {
                assert_eq!(script.open(&answer), [(HANDSHAKE, key_update(0))]);
                script.keys(Epoch::Application, theirs).update();
            } else {
                assert_eq!(answer, b"");
            }
            let bytes = script.seal(&data(b"ping"));
            assert_eq!(feed(&mut session, &bytes).unwrap().0, b"ping");
            session.write(b"pong").unwrap();
            assert_eq!(script.open(session.tx_pending()), [(APPLICATION_DATA, b"pong".to_vec())]);
            session.tx_consume(usize::MAX);
        }
        // Old keys are gone.
        let mut old = key_update(2);
        let bytes = script.seal(&Sent::new(Epoch::Application, HANDSHAKE, &old));
        let error = feed(&mut session, &bytes).err();
        assert_eq!(error, Some(Error::InvalidMessage(embedded_mtls::InvalidMessage::IllegalValue)));
        old.clear();
    }
    of(client_session());
    of(server_session());
}

/// RFC 9846 section 4.7.3: "an implementation which receives multiple `KeyUpdates` while it is silent" may "respond with a
/// single update".
#[test]
fn requests_for_new_keys_add_no_answers_while_one_has_not_left() {
    fn of((mut session, mut script): (TestSession<impl Side>, Script)) {
        let role = script.role();
        let other = if role == Role::Server { Role::Client } else { Role::Server };
        let request = |session: &mut TestSession<_>, script: &mut Script| {
            let bytes = script.seal(&key_update_sent(1));
            script.keys(Epoch::Application, role).update();
            session.rx_space()[..bytes.len()].copy_from_slice(&bytes);
            session.rx_commit(bytes.len()).unwrap();
            assert!(matches!(session.poll_received(), Ok(Event::NeedInput)));
        };
        for _ in 0..5 {
            request(&mut session, &mut script);
        }
        session.write(b"data behind the answer").unwrap();
        let sent = session.tx_pending().to_vec();
        let answer = records(&sent)[0];
        assert_eq!(script.open(answer), [(HANDSHAKE, key_update(0))]);
        script.keys(Epoch::Application, other).update();
        assert_eq!(script.open(&sent[answer.len()..]), [(APPLICATION_DATA, b"data behind the answer".to_vec())]);
        // The answer has left, the data has not: the next request counts.
        session.tx_consume(answer.len());
        request(&mut session, &mut script);
        let rest = session.tx_pending()[sent.len() - answer.len()..].to_vec();
        assert_eq!(script.open(&rest), [(HANDSHAKE, key_update(0))]);
    }
    of(client_session());
    of(server_session());
}

/// RFC 9846 section 4.7.3: no second request before the first is answered.
#[test]
fn one_request_for_new_keys_is_on_its_way_at_a_time() {
    let (mut session, mut script) = client_session();
    for request in [1, 0] {
        session.request_key_update();
        let sent = session.tx_pending().to_vec();
        session.tx_consume(sent.len());
        assert_eq!(script.open(&sent), [(HANDSHAKE, key_update(request))]);
        script.keys(Epoch::Application, Role::Client).update();
    }
}

#[test]
fn key_updates_without_data_between_them_end_at_the_33rd() {
    fn of((mut session, mut script): (TestSession<impl Side>, Script), request: u8) {
        let role = script.role();
        for _ in 0..32 {
            let bytes = script.seal(&key_update_sent(request));
            script.keys(Epoch::Application, role).update();
            feed(&mut session, &bytes).unwrap();
        }
        let bytes = script.seal(&key_update_sent(request));
        let error = Error::PeerMisbehaved(PeerMisbehaved::TooManyKeyUpdates);
        assert_eq!(feed(&mut session, &bytes), Err(error));
    }
    for request in [0, 1] {
        of(client_session(), request);
        of(server_session(), request);
    }
}

#[test]
fn a_thousand_key_updates_with_data_between_them_are_welcome() {
    let (mut session, mut script) = client_session();
    for round in 0..1000_u32 {
        let mut bytes = script.seal(&key_update_sent((round % 2).try_into().unwrap()));
        script.keys(Epoch::Application, Role::Server).update();
        bytes.extend(script.seal(&data(b"x")));
        assert_eq!(feed(&mut session, &bytes).unwrap().0, b"x");
    }
}

/// RFC 9846 section 5.1: no record of another type comes between the parts of a message, also of one that is dropped unread.
#[test]
fn a_ticket_that_does_not_fit_is_dropped_whole_and_what_follows_is_read_at_once() {
    let ticket = session_ticket(&[7; 6000], &[]);
    let part = |range| Sent::new(Epoch::Application, HANDSHAKE, &ticket[range]);
    let (mut session, mut script) = client_session();
    assert!(ticket.len() > session.rx_space().len());
    feed(&mut session, &script.seal(&part(0..3000))).unwrap();
    let bytes = script.seal_all(&[part(3000..ticket.len()), data(b"response")]);
    session.rx_space()[..bytes.len()].copy_from_slice(&bytes);
    session.rx_commit(bytes.len()).unwrap();
    let Ok(Event::Data(response)) = session.poll() else { panic!("no data, although it has come") };
    assert_eq!(&*response, b"response");

    let (mut session, mut script) = client_session();
    feed(&mut session, &script.seal(&part(0..3000))).unwrap();
    let error = feed(&mut session, &script.seal(&data(b"response"))).err();
    assert_eq!(error, misbehaved(PeerMisbehaved::UnexpectedMessage));
}

#[test]
fn empty_records_between_data_are_not_counted_as_a_flood() {
    let (mut session, mut script) = server_session();
    for round in 0..100 {
        let bytes = script.seal_all(&[data(b""), data(b"x")]);
        assert_eq!(feed(&mut session, &bytes).unwrap().0, b"x", "{round}");
    }
}

#[test]
fn each_side_closes_for_itself() {
    let (mut client, mut server) = pair();
    client.write(b"last words").unwrap();
    client.close();
    client.close();
    assert_eq!(client.write(b"more"), Err(ApiMisuse::ClosedForWriting.into()));
    assert_eq!(client.reserve().err(), Some(ApiMisuse::ClosedForWriting.into()));
    let mut received = Vec::new();
    pass(&mut client, &mut server, &mut received).unwrap();
    assert_eq!(received, b"last words");
    assert!(matches!(server.poll(), Ok(Event::PeerClosed)));
    // The other half is still open.
    server.write(b"good bye").unwrap();
    let mut received = Vec::new();
    pass(&mut server, &mut client, &mut received).unwrap();
    assert_eq!(received, b"good bye");
    assert!(matches!(client.poll(), Ok(Event::NeedInput)));
    server.close();
    pass(&mut server, &mut client, &mut received).unwrap();
    assert!(matches!(client.poll(), Ok(Event::Closed)) && matches!(server.poll(), Ok(Event::Closed)));
    client.rx_eof();
    assert!(matches!(client.poll(), Ok(Event::Closed)));
    server.rx_eof();
    assert!(matches!(server.poll(), Ok(Event::Closed)));
}

#[test]
fn nothing_follows_close_notify() {
    let (mut session, mut script) = client_session();
    while session.write(&[7; 512]) != Ok(0) {}
    // There is no room for it now, and after close_notify it must not follow.
    session.request_key_update();
    session.close();
    session.request_key_update();
    assert!(matches!(session.poll(), Ok(Event::Transmit)));
    let sent = script.open(session.tx_pending());
    assert_eq!(sent.last(), Some(&(ALERT, vec![1, 0])));
    assert!(sent.iter().all(|(kind, _)| *kind != HANDSHAKE), "a key update before close_notify");
    session.tx_consume(usize::MAX);
    // A wish of the peer is heard and not answered.
    let bytes = script.seal(&key_update_sent(1));
    script.keys(Epoch::Application, Role::Server).update();
    assert_eq!(feed(&mut session, &bytes), Ok((vec![], vec![])));
    let bytes = script.seal(&data(b"data"));
    assert_eq!(feed(&mut session, &bytes), Ok((b"data".to_vec(), vec![])));
    // Not even an alert.
    assert_eq!(
        feed(&mut session, &record(HANDSHAKE, &[1])).err(),
        Some(Error::PeerMisbehaved(PeerMisbehaved::WrongEpoch))
    );
    assert!(session.tx_pending().is_empty());
}

#[test]
fn either_side_ends_the_session_of_a_peer_that_it_no_longer_authorizes() {
    fn of<R: Side, P: Side>(session: &mut TestSession<R>, peer: &mut TestSession<P>) {
        session.write(b"last words").unwrap();
        let error = Error::NotAuthorized(AlertDescription::CERTIFICATE_REVOKED);
        assert_eq!(session.reject(AlertDescription::CERTIFICATE_REVOKED), error);
        assert_eq!(session.reject(AlertDescription::ACCESS_DENIED), error, "the first reason stays");
        assert_eq!(session.write(b"more"), Err(error));
        session.close();
        session.request_key_update();
        let refused = Error::AlertReceived(AlertDescription::CERTIFICATE_REVOKED);
        let mut received = Vec::new();
        assert_eq!(deliver(session.tx_pending(), peer, &mut received), Err(refused));
        assert_eq!(received, b"last words");
        assert_eq!(session.poll().err(), Some(error));
        assert_eq!(session.diagnosis(), Some(Diagnosis::TheirsNotAllowed));
    }
    let (mut client, mut server) = pair();
    of(&mut server, &mut client);
    let (mut client, mut server) = pair();
    of(&mut client, &mut server);
}

#[test]
fn a_peer_is_rejected_although_nothing_else_fits_into_the_buffer() {
    let (mut session, mut script) = server_session();
    while session.write(&[7; 512]) != Ok(0) {}
    session.reject(AlertDescription::ACCESS_DENIED);
    assert_eq!(script.open(session.tx_pending()).last(), Some(&(ALERT, vec![2, 49])));
}

#[test]
fn a_rejection_after_close_notify_or_another_failure_sends_nothing_more() {
    let (mut session, mut script) = server_session();
    session.close();
    session.reject(AlertDescription::ACCESS_DENIED);
    assert_eq!(script.open(session.tx_pending()), [(ALERT, vec![1, 0])]);
    let (mut session, _) = server_session();
    session.rx_eof();
    let error = session.poll().map(|_| ()).unwrap_err();
    assert_eq!(session.reject(AlertDescription::ACCESS_DENIED), error);
}

#[test]
fn what_comes_after_close_notify_is_ignored() {
    let (mut session, mut script) = server_session();
    let closing = [Sent::new(Epoch::Application, ALERT, &[1, 0]), data(b"ignored"), Sent::new(Epoch::Plain, 99, b"x")];
    let bytes = script.seal_all(&closing);
    assert_eq!(feed(&mut session, &bytes), Ok((vec![], vec![])));
    assert!(matches!(session.poll(), Ok(Event::PeerClosed)));
    session.rx_eof();
    assert!(matches!(session.poll(), Ok(Event::PeerClosed)));
    session.write(b"still here").unwrap();
    assert_eq!(script.open(session.tx_pending()), [(APPLICATION_DATA, b"still here".to_vec())]);
}

#[test]
fn an_end_without_close_notify_is_a_truncation_after_all_data_was_read() {
    for cut in [0, 1] {
        let (mut session, mut script) = server_session();
        let bytes = [script.seal(&data(b"order")), script.seal(&data(b"never whole"))].concat();
        let end = bytes.len() - if cut == 0 { 33 } else { cut };
        session.rx_space()[..end].copy_from_slice(&bytes[..end]);
        session.rx_commit(end).unwrap();
        session.rx_eof();
        let Ok(Event::Data(received)) = session.poll() else { panic!("no data") };
        assert_eq!(*received, *b"order");
        received.consume(5);
        assert_eq!(session.poll().err(), Some(Error::ConnectionTruncated));
        assert!(session.tx_pending().is_empty(), "nobody is there to hear an alert");
    }
}

#[test]
fn a_late_alert_is_reported_and_ends_the_session() {
    fn of((mut session, mut script): (TestSession<impl Side>, Script)) {
        session.write(b"order").unwrap();
        session.tx_consume(usize::MAX);
        let bytes = script.seal(&Sent::new(Epoch::Application, ALERT, &[2, 48]));
        let error = Error::AlertReceived(AlertDescription::UNKNOWN_CA);
        assert_eq!(feed(&mut session, &bytes), Err(error));
        assert_eq!(session.write(b"more"), Err(error));
        assert_eq!(session.poll().err(), Some(error));
        session.close();
        assert!(session.tx_pending().is_empty());
        // Its secrets are forgotten, so nothing can be derived from them.
        assert_eq!(session.export(b"EXPORTER-test", b"", &mut [0; 32]), Err(error));
    }
    of(client_session());
    of(server_session());
}

/// The number of tickets, the number of records, and the content of the tickets.
#[test]
fn tickets_are_dropped_also_those_larger_than_the_buffer() {
    for (size, pieces) in [(1, 5000), (1000, 5000), (1000, 1), (1000, 100), (9000, 100), (60_000, 1000)] {
        let (mut session, mut script) = client_session();
        for round in 0..3 {
            let ticket = session_ticket(&pattern(size), &[(GREASE, vec![1])]);
            for piece in ticket.chunks(pieces) {
                let bytes = script.seal(&Sent::new(Epoch::Application, HANDSHAKE, piece));
                assert_eq!(feed(&mut session, &bytes), Ok((vec![], vec![])), "{size} bytes by {pieces}, round {round}");
            }
            let bytes = script.seal(&data(b"data"));
            assert_eq!(feed(&mut session, &bytes).unwrap().0, b"data", "{size} bytes by {pieces}");
        }
        // Messages after a ticket in its last record are read.
        let both = [session_ticket(&pattern(30), &[]), session_ticket(&pattern(size.min(3000)), &[])].concat();
        let bytes = script.seal(&Sent::new(Epoch::Application, HANDSHAKE, &both));
        assert_eq!(feed(&mut session, &bytes), Ok((vec![], vec![])));
    }
}

#[test]
fn tickets_without_end_or_sense_are_refused() {
    let (mut session, mut script) = client_session();
    for _ in 0..64 {
        let bytes = script.seal(&Sent::new(Epoch::Application, HANDSHAKE, &session_ticket(b"ticket", &[])));
        feed(&mut session, &bytes).unwrap();
    }
    let bytes = script.seal(&Sent::new(Epoch::Application, HANDSHAKE, &session_ticket(b"ticket", &[])));
    assert_eq!(feed(&mut session, &bytes), Err(Error::PeerMisbehaved(PeerMisbehaved::TooManyMessages)));

    for bad in [session_ticket(b"", &[]), message(NEW_SESSION_TICKET, &[]), message(NEW_SESSION_TICKET, &[0; 9])] {
        let (mut session, mut script) = client_session();
        let bytes = script.seal(&Sent::new(Epoch::Application, HANDSHAKE, &bad));
        assert!(matches!(feed(&mut session, &bytes), Err(Error::InvalidMessage(_))));
    }
}

#[test]
fn a_key_update_waits_until_there_is_room() {
    let (mut client, mut server) = pair();
    // As much as fits, so that the update has no room.
    while client.write(&[b'x'; 500]).unwrap() > 0 {}
    client.request_key_update();
    assert_eq!(client.write(b"y"), Ok(0));
    let mut received = Vec::new();
    pass(&mut client, &mut server, &mut received).unwrap();
    assert!(received.iter().all(|byte| *byte == b'x'));
    client.write(b"y").unwrap();
    assert_eq!(exchange(&mut client, &mut server).unwrap().1, b"y");
}

#[test]
fn a_key_update_that_waited_is_written_when_the_transport_makes_room() {
    let (mut client, mut server) = pair();
    while client.write(&[b'x'; 500]).unwrap() > 0 {}
    client.request_key_update();
    let data = client.tx_pending().to_vec();
    client.tx_consume(data.len());
    // No poll and no write comes in between.
    assert!(!client.tx_pending().is_empty());
    for mut bytes in [&data[..], client.tx_pending()] {
        while !bytes.is_empty() {
            let space = server.rx_space();
            let count = space.len().min(bytes.len());
            space[..count].copy_from_slice(&bytes[..count]);
            server.rx_commit(count).unwrap();
            bytes = &bytes[count..];
            while let Event::Data(data) = server.poll().unwrap() {
                data.consume(usize::MAX);
            }
        }
    }
    assert!(matches!(server.poll(), Ok(Event::Transmit)), "it asks for an update in return");
}
