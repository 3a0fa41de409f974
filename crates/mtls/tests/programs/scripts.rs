//! Faults and answers on request: each as a client meets it.

use std::time::Instant;

use super::*;
use mtls::supplier::{Answer, Fault};

/// Starts a supplier with these answers.
fn answering(pki: &Pki, answers: &[&str]) -> (String, Receiver<Event>) {
    let answers = answers.iter().map(|answer| Answer::parse(answer).unwrap()).collect();
    start(Setup { answers, ..setup(pki) })
}

/// Starts a supplier with these faults.
fn faulty(pki: &Pki, faults: Vec<Fault>) -> (String, Receiver<Event>) {
    start(Setup { faults, ..setup(pki) })
}

fn fault(word: &str) -> Fault {
    Fault::parse(word).expect(word)
}

/// Waits for the notes of the supplier about so many answers.
fn notes(events: &Receiver<Event>, count: usize) -> Vec<String> {
    let mut notes = Vec::new();
    while notes.len() < count {
        if let Event::Answered(_, status, note) = events.recv_timeout(PATIENCE).expect("an answer") {
            notes.push(format!("{status} {note}"));
        }
    }
    notes
}

/// Waits for an event.
fn wait_for(events: &Receiver<Event>, wanted: impl Fn(&Event) -> bool) {
    while !wanted(&events.recv_timeout(PATIENCE).expect("the event")) {}
}

#[test]
fn statuses_are_answered_in_their_order_and_the_last_answer_stays() {
    let pki = Pki::new().unwrap();
    let (address, events) = answering(&pki, &["http:503", "http:403", "cxml:406", "duplicate", "cxml:500", "usual"]);
    let order = delivery(&pki, &address);
    let found = || trouble(&order);
    for (code, words) in [(31, "503"), (30, "403"), (40, "406"), (40, "409"), (41, "500")] {
        let (exit, told) = found();
        assert!(exit == code && told.contains(words), "{words}: {exit} {told}");
    }
    assert!(run(&order).0.is_ok() && run(&order).0.is_ok());
    let notes = notes(&events, 7);
    // None of the answers before has accepted the order.
    assert_eq!(notes.iter().filter(|note| note.contains("as --answer says")).count(), 5, "{notes:?}");
    assert_eq!(notes.iter().filter(|note| note.contains("the first Response again")).count(), 1, "{notes:?}");
}

#[test]
fn an_order_whose_response_was_lost_is_accepted_once() {
    let pki = Pki::new().unwrap();
    let (address, events) = answering(&pki, &["close", "usual"]);
    let order = delivery(&pki, &address);
    let (code, told) = trouble(&order);
    assert_eq!(code, 31, "{told}");
    assert!(run(&order).0.is_ok());
    let notes = notes(&events, 1);
    assert!(notes.iter().any(|note| note.contains("the first Response again")), "{notes:?}");
}

#[test]
fn a_response_may_be_empty_or_come_twice() {
    let pki = Pki::new().unwrap();
    let (address, _events) = answering(&pki, &["empty", "twice"]);
    let order = delivery(&pki, &address);
    assert!(run(&order).0.unwrap().starts_with("empty HTTP body"));
    assert!(run(&order).0.unwrap().contains("accepted"));
}

#[test]
fn a_huge_response_comes_in_full_records() {
    let pki = Pki::new().unwrap();
    let (address, _events) = answering(&pki, &["huge"]);
    assert!(run(&delivery(&pki, &address)).0.unwrap().contains("accepted"));
}

#[test]
fn a_response_comes_late() {
    let pki = Pki::new().unwrap();
    let (address, _events) = answering(&pki, &["delay:1,http:503"]);
    let begun = Instant::now();
    assert_eq!(trouble(&delivery(&pki, &address)).0, 31);
    assert!(begun.elapsed() >= Duration::from_secs(1));
}

#[test]
fn connections_are_closed_anywhere_and_the_next_one_is_whole() {
    let pki = Pki::new().unwrap();
    for bytes in [0, 1, 100, 1000, 1500] {
        let (address, _events) = faulty(&pki, vec![Fault::Close(bytes), Fault::None]);
        let order = delivery(&pki, &address);
        let (code, told) = trouble(&order);
        assert_eq!(code, 10, "{bytes}: {told}");
        assert!(run(&order).0.is_ok());
    }
}

#[test]
fn a_client_is_rejected_with_any_alert_after_its_handshake() {
    let pki = Pki::new().unwrap();
    for alert in [42, 44, 45, 49, 116] {
        let (address, events) = faulty(&pki, vec![fault(&format!("alert:{alert}"))]);
        assert_late(&delivery(&pki, &address), alert);
        wait_for(&events, |event| event.to_string().contains("rejected on purpose"));
    }
}

#[test]
fn a_client_has_to_send_another_key_share() {
    let pki = Pki::new().unwrap();
    let (address, events) = faulty(&pki, vec![fault("hello-retry-request")]);
    assert!(run(&delivery(&pki, &address)).0.is_ok());
    wait_for(&events, |event| matches!(event, Event::Opened(link) if link.retried));
}

#[test]
fn a_record_that_is_too_long_is_refused() {
    let pki = Pki::new().unwrap();
    let (address, _events) = faulty(&pki, vec![fault("huge-record")]);
    let (code, told) = trouble(&delivery(&pki, &address));
    assert_eq!(code, 20, "{told}");
    assert!(told.contains("record"), "{told}");
}

#[test]
fn faulty_certificates_are_sent_on_their_connection_only() {
    let pki = Pki::new().unwrap();
    let other = Pki::new().unwrap();
    let wrong = Fault::Identity("unknown-ca".to_owned(), other.supplier.clone());
    let (address, _events) = faulty(&pki, vec![fault("missing-intermediate"), wrong, Fault::None]);
    let order = delivery(&pki, &address);
    let (code, told) = trouble(&order);
    assert_eq!(code, 24, "{told}");
    let (code, told) = trouble(&order);
    assert_eq!(code, 24, "{told}");
    assert!(run(&order).0.is_ok());
}

#[test]
fn every_connection_ends_with_a_course_also_one_that_never_begins() {
    let pki = Pki::new().unwrap();
    let (address, events) =
        start(Setup { faults: vec![fault("huge-record"), Fault::None], keeps_course: true, ..setup(&pki) });
    trouble(&delivery(&pki, &address));
    wait_for(&events, |event| matches!(event, Event::Course(_)));
    // Nobody says anything, so that all stay open.
    let mut open = Vec::new();
    open.resize_with(257, || TcpStream::connect(&address).unwrap());
    wait_for(&events, |event| event.to_string().contains("256 connections are already open"));
    assert!(matches!(events.recv_timeout(PATIENCE).unwrap(), Event::Course(_)));
}
