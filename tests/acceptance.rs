//! Acceptance of the client's certificate by a server: sent, refused, or not known yet.
#![allow(missing_docs)]

use embedded_io::{ErrorType, Read, Write};
use embedded_mtls::io::{Failure, Host, asynch, blocking};
use embedded_mtls::{
    AlertClass, AlertDescription, Client, ClientAuth, ClientAuthStatus, Diagnosis, Error, Event, ServerConfig, Session,
    Side, Stage, Step,
};
use std::convert::Infallible;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use test_support::messages::*;
use test_support::pair::{Setup, TestSession, advance, deliver, drain, now, read_all};
use test_support::pki::Pki;
use test_support::script::{ALERT, APPLICATION_DATA, Epoch, HANDSHAKE, Script, Sent, client};

/// A session of a client with the scripted server at its end. Without a request, no certificate is requested.
fn session(asked: bool) -> (TestSession<Client>, Script) {
    let pki = Pki::new();
    let (mut real, mut script) = client(Setup::new(&pki));
    let flight = script
        .server_flight(&pki, |message| if !asked && message[0] == CERTIFICATE_REQUEST { vec![] } else { message });
    real.feed(&script.seal_all(&flight));
    script.open(&real.take());
    (real.session(), script)
}

fn ticket() -> Sent {
    Sent::new(Epoch::Application, HANDSHAKE, &session_ticket(b"ticket", &[]))
}

fn data() -> Sent {
    Sent::new(Epoch::Application, APPLICATION_DATA, b"banner")
}

fn alert(alert: AlertDescription) -> Sent {
    Sent::new(Epoch::Application, ALERT, &[2, alert.0])
}

fn feed(session: &mut TestSession<impl Side>, script: &mut Script, sent: &Sent) -> Result<Vec<u8>, Error> {
    let bytes = script.seal(sent);
    session.rx_space()[..bytes.len()].copy_from_slice(&bytes);
    session.rx_commit(bytes.len())?;
    let mut received = Vec::new();
    read_all(session, &mut received).map(|()| received)
}

#[test]
fn a_certificate_that_was_sent_is_presented_and_accepted_with_a_ticket() {
    let (mut session, mut script) = session(true);
    assert_eq!(session.client_auth(), ClientAuthStatus::Presented);
    assert!(session.sent_credential().is_some() && session.failure().and_then(|failure| failure.refusal()).is_none());
    feed(&mut session, &mut script, &ticket()).unwrap();
    assert_eq!(session.client_auth(), ClientAuthStatus::Accepted);
}

#[test]
fn data_counts_only_after_we_have_sent_some_as_a_server_may_speak_before_it_knows_the_client() {
    let (mut session, mut script) = session(true);
    feed(&mut session, &mut script, &data()).unwrap();
    assert_eq!(session.client_auth(), ClientAuthStatus::Presented);
    session.write(b"question").unwrap();
    session.tx_consume(usize::MAX);
    assert_eq!(session.client_auth(), ClientAuthStatus::Presented);
    feed(&mut session, &mut script, &data()).unwrap();
    assert_eq!(session.client_auth(), ClientAuthStatus::Accepted);
}

#[test]
fn no_certificate_is_accepted_that_was_not_sent() {
    let (mut session, mut script) = session(false);
    feed(&mut session, &mut script, &ticket()).unwrap();
    session.write(b"question").unwrap();
    session.tx_consume(usize::MAX);
    feed(&mut session, &mut script, &data()).unwrap();
    assert_eq!(session.client_auth(), ClientAuthStatus::NotRequested);
    let got = feed(&mut session, &mut script, &alert(AlertDescription::INTERNAL_ERROR));
    assert_eq!(got, Err(Error::AlertReceived(AlertDescription::INTERNAL_ERROR)));
    assert!(session.failure().and_then(|failure| failure.refusal()).is_none(), "of what?");
}

#[test]
fn a_late_alert_names_the_credential_that_was_sent_and_whether_to_retry() {
    for (description, class) in [
        (AlertDescription::BAD_CERTIFICATE, AlertClass::Credential),
        (AlertDescription::CERTIFICATE_EXPIRED, AlertClass::Credential),
        (AlertDescription::UNKNOWN_CA, AlertClass::Credential),
        (AlertDescription::ACCESS_DENIED, AlertClass::Credential),
        (AlertDescription::CERTIFICATE_REQUIRED, AlertClass::Credential),
        (AlertDescription::DECRYPT_ERROR, AlertClass::Credential),
        (AlertDescription::NO_APPLICATION_PROTOCOL, AlertClass::Parameters),
        (AlertDescription::INTERNAL_ERROR, AlertClass::Transient),
        (AlertDescription(200), AlertClass::Transient),
    ] {
        let (mut session, mut script) = session(true);
        let got = feed(&mut session, &mut script, &alert(description));
        assert_eq!(got, Err(Error::AlertReceived(description)));
        let refusal = session.failure().and_then(|failure| failure.refusal()).expect("a refusal");
        assert_eq!((refusal.alert, refusal.alert.class()), (description, class));
        let shown = session.sent_credential().expect("the credential that was sent");
        assert!(refusal.credential.is_some_and(|refused| std::ptr::eq(refused, shown)));
    }
}

/// Receives without a poll.
fn receive(session: &mut TestSession<Client>, script: &mut Script, sent: &[Sent]) {
    let bytes = script.seal_all(sent);
    session.rx_space()[..bytes.len()].copy_from_slice(&bytes);
    session.rx_commit(bytes.len()).unwrap();
}

#[test]
fn a_broken_transport_hides_no_alert_behind_unread_data() {
    let (mut session, mut script) = session(true);
    receive(&mut session, &mut script, &[data(), data(), alert(AlertDescription::UNKNOWN_CA)]);
    assert!(matches!(session.poll(), Ok(Event::Data(_))));
    let refused = Error::AlertReceived(AlertDescription::UNKNOWN_CA);
    assert_eq!(session.transport_failed(), Some(refused));
    assert_eq!(session.transport_failed(), Some(refused), "it is final");
    assert_eq!(
        session.failure().and_then(|failure| failure.refusal()).map(|refusal| refusal.alert),
        Some(AlertDescription::UNKNOWN_CA)
    );
}

#[test]
fn a_transport_that_breaks_after_the_peer_has_closed_truncates_nothing() {
    let close_notify = || Sent::new(Epoch::Application, ALERT, &[1, 0]);
    for read in [true, false] {
        let (mut session, mut script) = session(true);
        receive(&mut session, &mut script, &[data(), close_notify()]);
        if read {
            read_all(&mut session, &mut Vec::new()).unwrap();
        }
        assert_eq!(session.transport_failed(), None);
        assert!(session.failure().is_none() && matches!(session.poll(), Ok(Event::PeerClosed)));
    }
    let (mut session, mut script) = session(true);
    receive(&mut session, &mut script, &[data()]);
    assert_eq!(session.transport_failed(), Some(Error::ConnectionTruncated));
}

/// A server that has written its ServerHello, and its Certificate as far as `signed`, when the other side ends the
/// connection with this alert, or without one.
fn server_ended(signed: bool, alert: Option<AlertDescription>) -> Option<Diagnosis> {
    let mut setup = Setup::new(&Pki::new());
    setup.server = ServerConfig::new(ClientAuth::None);
    let mut server = setup.server_handshake().unwrap();
    let mut host = setup.server_host;
    let mut script = Script::client(Script::hello(X25519));
    deliver(&mut script.say_hello(), &mut server, 0);
    let mut sent = Vec::new();
    loop {
        match server.poll().unwrap() {
            Step::Transmit => drain(&mut server, &mut sent, &mut Vec::new()),
            Step::Credential(request) => {
                let choice = host.credential(&request.peer_request());
                request.answer(choice).unwrap();
            }
            Step::Sign(request) if signed => {
                let signature = host.sign(&request.input).unwrap();
                request.complete(&signature).unwrap();
            }
            Step::Yield => {}
            _ => break,
        }
    }
    script.hear_server(&sent);
    if let Some(alert) = alert {
        let bytes = script.seal(&Sent::new(Epoch::Handshake, ALERT, &[2, alert.0]));
        deliver(&mut bytes.clone(), &mut server, 0);
    }
    server.transport_failed();
    server.failure().map(|failure| failure.diagnosis_at(now()))
}

#[test]
fn an_end_by_the_client_is_about_the_certificate_of_the_server_only_once_it_was_sent() {
    assert_eq!(server_ended(false, None), Some(Diagnosis::ConnectionCut), "only ServerHello has left");
    assert_eq!(server_ended(true, None), Some(Diagnosis::ClosedOnOurs));
    let alert = Some(AlertDescription::BAD_CERTIFICATE);
    assert_eq!(server_ended(false, alert), Some(Diagnosis::RefusedUnseen));
    assert_eq!(server_ended(true, alert), Some(Diagnosis::OursRefusedByClient));
}

#[test]
fn an_alert_after_acceptance_is_not_a_refusal_of_the_credential() {
    let (mut session, mut script) = session(true);
    feed(&mut session, &mut script, &ticket()).unwrap();
    feed(&mut session, &mut script, &alert(AlertDescription::INTERNAL_ERROR)).unwrap_err();
    assert!(session.failure().and_then(|failure| failure.refusal()).is_none());
}

/// An attacker on the path can agree on keys with the client, and seal an alert with them.
#[test]
fn an_alert_before_the_finished_of_the_server_is_not_a_refusal_of_a_credential() {
    let pki = Pki::new();
    for said in 1..=5 {
        for description in [AlertDescription::CERTIFICATE_REVOKED, AlertDescription::CERTIFICATE_REQUIRED] {
            let (mut real, mut script) = client(Setup::new(&pki));
            let mut flight = script.server_flight(&pki, |message| message);
            flight.truncate(said);
            flight.push(Sent::new(Epoch::Handshake, ALERT, &[2, description.0]));
            real.feed(&script.seal_all(&flight));
            assert_eq!(real.error(), Some(Error::AlertReceived(description)), "after {said} messages");
            assert!(
                real.handshake.failure().is_none_or(|failure| failure.refusal().is_none()),
                "after {said} messages"
            );
            assert_eq!(
                real.handshake.failure().map(|failure| failure.diagnosis()),
                Some(Diagnosis::RefusedUnseen),
                "after {said} messages"
            );
        }
    }
}

#[test]
fn an_alert_within_the_flight_of_the_client_refuses_a_credential_of_which_a_part_was_sent() {
    let pki = Pki::new();
    let revoked = AlertDescription::CERTIFICATE_REVOKED;
    // Before the signature no more than a change_cipher_spec is ready to leave.
    for (until, taken, expected) in [
        (Stage::Signature, 0, Diagnosis::RefusedUnseen),
        (Stage::Signature, 1, Diagnosis::RefusedUnseen),
        (Stage::Done, 0, Diagnosis::RefusedUnseen),
        (Stage::Done, 1, Diagnosis::OursRevoked),
    ] {
        let (mut real, mut script) = client(Setup::new(&pki));
        let flight = script.server_flight(&pki, |message| message);
        let mut bytes = script.seal_all(&flight);
        assert_eq!(advance(&mut real.handshake, &mut real.host), None);
        while real.handshake.stage() != until {
            real.handshake.tx_consume(usize::MAX);
            deliver(&mut bytes, &mut real.handshake, 0);
            assert_eq!(advance(&mut real.handshake, &mut real.host), None);
        }
        real.handshake.tx_consume(taken);
        // The transport takes nothing more.
        deliver(&mut script.seal(&alert(revoked)), &mut real.handshake, 0);
        assert_eq!(real.handshake.transport_failed(), Error::AlertReceived(revoked));
        let refused =
            real.handshake.failure().and_then(|failure| failure.refusal()).and_then(|refusal| refusal.credential);
        assert_eq!(refused.is_some(), expected == Diagnosis::OursRevoked);
        assert_eq!(real.handshake.failure().map(|failure| failure.diagnosis()), Some(expected));
    }
}

/// What comes before it is not read any more, so that it does not matter where a message ends.
#[test]
fn a_close_notify_within_a_message_is_the_reason_of_a_transport_that_broke() {
    let pki = Pki::new();
    let (mut real, mut script) = client(Setup::new(&pki));
    let flight = script.server_flight(&pki, |message| message);
    real.feed(&script.seal(&flight[0]));
    let part = Sent::new(Epoch::Handshake, HANDSHAKE, &flight[1].bytes[..3]);
    let close = Sent::new(Epoch::Handshake, ALERT, &[1, AlertDescription::CLOSE_NOTIFY.0]);
    deliver(&mut script.seal_all(&[part, close]), &mut real.handshake, 0);
    assert_eq!(real.handshake.transport_failed(), Error::AlertReceived(AlertDescription::CLOSE_NOTIFY));
}

/// Mbed TLS changes its keys when the handshake is over, and refuses clients before that.
#[test]
fn an_alert_under_the_keys_of_the_handshake_is_read_in_the_place_of_the_first_record() {
    let under = |kind, content: &[u8]| Sent::new(Epoch::Handshake, kind, content);
    let unknown = under(ALERT, &[2, AlertDescription::UNKNOWN_CA.0]);
    let (mut session, mut script) = session(true);
    let got = feed(&mut session, &mut script, &unknown);
    assert_eq!(got, Err(Error::AlertReceived(AlertDescription::UNKNOWN_CA)));
    assert!(
        session.failure().and_then(|failure| failure.refusal()).is_some_and(|refusal| refusal.credential.is_some())
    );
    assert_eq!(session.diagnosis(), Some(Diagnosis::OursNotTrusted));

    for (first, sent) in [
        (None, under(HANDSHAKE, &session_ticket(b"ticket", &[]))),
        (None, under(APPLICATION_DATA, b"banner")),
        (Some(ticket()), unknown.clone()),
        (Some(data()), unknown.clone()),
    ] {
        let (mut session, mut script) = self::session(true);
        if let Some(first) = first {
            feed(&mut session, &mut script, &first).unwrap();
        }
        assert_eq!(feed(&mut session, &mut script, &sent), Err(Error::DecryptFailed), "{sent:?}");
    }
}

/// A transport that delivers what is there in small pieces, and then nothing more.
struct Canned {
    bytes: Vec<u8>,
    sent: Vec<u8>,
}

impl ErrorType for Canned {
    type Error = Infallible;
}

impl Read for Canned {
    fn read(&mut self, out: &mut [u8]) -> Result<usize, Infallible> {
        let count = out.len().min(self.bytes.len()).min(7);
        out[..count].copy_from_slice(&self.bytes[..count]);
        self.bytes.drain(..count);
        Ok(count)
    }
}

impl Write for Canned {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        self.sent.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

impl embedded_io_async::Read for Canned {
    async fn read(&mut self, out: &mut [u8]) -> Result<usize, Infallible> {
        Read::read(self, out)
    }
}

impl embedded_io_async::Write for Canned {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        Write::write(self, bytes)
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// Checks the results of `confirm` and of a read after these bytes have been received; the same for both drivers.
fn confirm(sent: &[Sent]) -> (Result<ClientAuthStatus, Failure<Infallible>>, Vec<u8>) {
    let run = |async_driver: bool| {
        let (session, mut script) = session(true);
        let transport = Canned { bytes: script.seal_all(sent), sent: vec![] };
        let mut out = [0; 16];
        let (confirmed, count) = if async_driver {
            let mut stream = asynch::Stream::from_parts(transport, session);
            let confirmed = ready(stream.confirm());
            (confirmed, ready(embedded_io_async::Read::read(&mut stream, &mut out)).unwrap_or(0))
        } else {
            let mut stream = blocking::Stream::from_parts(transport, session);
            let confirmed = stream.confirm();
            (confirmed, stream.read(&mut out).unwrap_or(0))
        };
        (confirmed, out[..count].to_vec())
    };
    let result = run(false);
    assert_eq!(result, run(true));
    result
}

fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the transport is always ready"),
    }
}

#[test]
fn a_driver_waits_for_acceptance_or_rejection_and_loses_no_data() {
    assert_eq!(confirm(&[ticket(), data()]), (Ok(ClientAuthStatus::Accepted), b"banner".to_vec()));
    assert_eq!(confirm(&[data(), ticket()]), (Ok(ClientAuthStatus::Presented), b"banner".to_vec()));
    let refused = Error::AlertReceived(AlertDescription::UNKNOWN_CA);
    assert_eq!(confirm(&[alert(AlertDescription::UNKNOWN_CA)]), (Err(Failure::Tls(refused)), vec![]));
    assert_eq!(confirm(&[]), (Err(Failure::Tls(Error::ConnectionTruncated)), vec![]));
}

#[test]
fn a_refusal_can_outlive_its_session() {
    fn refused<'b>(session: &Session<'b, Client>) -> Option<&'b embedded_mtls::Credential<'b>> {
        session.failure()?.refusal()?.credential
    }
    let (mut session, mut script) = session(true);
    feed(&mut session, &mut script, &alert(AlertDescription::UNKNOWN_CA)).unwrap_err();
    let refused = refused(&session);
    drop(session);
    assert!(refused.is_some());
}

#[test]
fn data_before_a_byte_of_ours_has_left_is_not_a_response() {
    let (mut session, mut script) = session(true);
    session.write(b"question").unwrap();
    // The transport takes nothing: the question is still here.
    let bytes = script.seal_all(&[data(), alert(AlertDescription::UNKNOWN_CA)]);
    session.rx_space()[..bytes.len()].copy_from_slice(&bytes);
    session.rx_commit(bytes.len()).unwrap();
    let Ok(embedded_mtls::Event::Data(banner)) = session.poll_received() else { panic!("a banner") };
    banner.consume(usize::MAX);
    assert_eq!(session.client_auth(), ClientAuthStatus::Presented);
    assert_eq!(session.poll_received().err(), Some(Error::AlertReceived(AlertDescription::UNKNOWN_CA)));
    assert!(
        session.failure().and_then(|failure| failure.refusal()).is_some_and(|refusal| refusal.credential.is_some())
    );
}
