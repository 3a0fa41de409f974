//! The targets about connections, tickets, events and documents on inputs that are the same each time. `FUZZ_ROUNDS=100` makes
//! a hundred times as many.

use fuzz::{ANSWER, POLICY, Random, events, order, policy, recorded_tickets, rounds, session, ticket};

/// Runs a target on documents with a few changes, and returns how many of them it took.
fn changed(target: fn(&[u8]) -> bool, documents: &[&[u8]], count: usize) -> usize {
    let mut random = Random(0x646f_6375);
    let count = rounds(count);
    (0..count)
        .filter(|_| {
            let mut bytes = documents[random.below(documents.len())].to_vec();
            for _ in 0..random.below(3) {
                let at = random.below(bytes.len());
                match random.below(4) {
                    0 => bytes[at] = b"<>&;/'\"=- a\xff\0"[random.below(13)],
                    1 => drop(bytes.remove(at)),
                    2 => bytes.insert(at, b"<>&;/'\"=- a"[random.below(11)]),
                    _ => bytes.truncate(at.max(1)),
                }
            }
            target(&bytes)
        })
        .count()
}

/// Runs a target on random bytes of up to this length, and returns how many of them it took.
fn random(target: fn(&[u8]) -> bool, count: usize, length: usize) -> usize {
    let mut random = Random(0x7365_7373);
    (0..rounds(count))
        .filter(|_| {
            let length = random.below(length) + 1;
            target(&random.bytes(length))
        })
        .count()
}

#[test]
fn sessions_end_alike_however_their_records_are_cut() {
    let open = random(session, 2_000, 60);
    assert!((rounds(100)..rounds(1_900)).contains(&open), "{open} stayed open");
}

#[test]
fn a_ticket_of_a_session_is_accepted_and_one_that_is_cut_is_not() {
    for recorded in recorded_tickets() {
        assert!(ticket(&recorded));
        assert!(!ticket(&recorded[..recorded.len() - 1]));
    }
}

#[test]
fn tickets_of_any_bytes_are_refused_or_make_a_hello() {
    assert!(random(ticket, 4_000, 200) < rounds(400));
}

#[test]
fn rings_of_any_bytes_are_read_or_started_anew() {
    let mut ring = vec![0; 600];
    assert!(!events(&ring));
    ring[..4].copy_from_slice(b"mTE1");
    for at in 4..100 {
        ring[at] ^= 0xff;
        let _ = events(&ring);
    }
    assert_eq!(random(events, 2_000, 700), 0);
}

#[test]
fn policies_are_read_or_refused_with_a_text_that_can_be_shown() {
    assert!(policy(POLICY.as_bytes()));
    let read = changed(policy, &[POLICY.as_bytes()], 8_000);
    assert!((rounds(1_000)..rounds(7_000)).contains(&read), "{read} were read");
}

#[test]
fn orders_and_answers_mean_the_same_to_firmware_and_to_hosts() {
    let documents = [include_bytes!("../../examples/data/order.xml"), ANSWER.as_bytes()];
    assert!(documents.iter().all(|document| order(document)));
    let read = changed(order, &documents, 8_000);
    assert!((rounds(1_000)..rounds(7_900)).contains(&read), "{read} were read");
}
