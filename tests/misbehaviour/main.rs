//! Every message of a conversation, changed in every way, in both roles, also where a session is resumed and after the
//! handshake: the exact error, and the alert on the wire. `docs/misbehaviour.md` has the tables.
#![cfg(all(feature = "post-handshake-auth", feature = "resumption"))]
#![allow(missing_docs)]
#![allow(clippy::match_same_arms, reason = "each arm cites its own rule")]

mod change;
mod extensions;
mod fields;
mod floods;
mod inject;
mod orders;
mod page;
mod peer;
mod subject;

use embedded_mtls::{AlertDescription, Error};

use change::CHANGED;
use extensions::{EXTENDED, EXTENSIONS, PLACES};
use fields::FAULTY;
use floods::FLOODED;
use inject::{INJECTED, INSERTED};
use orders::COUNTED;
use peer::{Peer, TALKS, World};

#[test]
fn the_correct_conversations_pass() {
    let world = World::new();
    for talk in TALKS {
        let mut peer = Peer::new(&world, talk);
        for line in talk.lines {
            peer.say(*line);
            assert_eq!(peer.subject.error(), None, "{}: {line:?}", talk.name);
        }
        assert_eq!(peer.verdict(false), Ok(()), "{}", talk.name);
        peer.prove();
    }
}

/// Every change leads to what RFC 9846 asks for: an alert that it names, or success where it lets the change pass.
#[test]
fn a_changed_message_gets_an_alert_that_the_rfc_allows() {
    for (talk, change, cells) in CHANGED.iter() {
        for (line, seen) in talk.lines.iter().zip(cells) {
            let right = match seen {
                None => true,
                Some(Ok(())) => change.may_pass(*talk, *line),
                // It waits for more: all that came was right, or of a length that a Certificate may have.
                Some(Err(Error::ConnectionTruncated)) => change.may_wait(*line),
                Some(Err(error)) => error.alert().is_some_and(|alert| change.alerts(*line).contains(&alert)),
            };
            assert!(right, "{}: {line:?} {}: {seen:?}", talk.name, change.name());
        }
    }
}

#[test]
fn what_comes_in_the_wrong_place_gets_an_alert_that_the_rfc_allows() {
    for (talk, number, cells) in INSERTED.iter() {
        let (name, injected) = INJECTED[*number];
        for (at, seen) in cells.iter().enumerate() {
            let line = talk.lines.get(at).copied();
            let right = match seen {
                None => true,
                Some(Ok(())) => injected.may_pass(talk.tested, line),
                Some(Err(error)) => injected.alerts(line).contains(&error.alert()),
            };
            assert!(right, "{}: {name} before {line:?}: {seen:?}", talk.name);
        }
    }
}

#[test]
fn a_wrong_field_gets_the_alert_of_the_rfc() {
    for (line, fault, alert, seen) in FAULTY.iter() {
        assert_eq!(seen.err().and_then(Error::alert), *alert, "{line:?} with {fault}: {seen:?}");
    }
}

#[test]
fn an_extension_in_the_wrong_message_or_twice_gets_the_alert_of_the_rfc() {
    for (place, number, cells) in EXTENDED.iter() {
        let (place, (name, kind, carriers)) = (&PLACES[*place], EXTENSIONS[*number]);
        let alerts = place.alerts(kind, carriers);
        for (seen, twice) in cells.iter().zip([false, true]) {
            let Some(seen) = seen else { continue };
            let alert = seen.err().map(|error| error.alert().expect("it does not wait"));
            let is_duplicate = twice && alert == Some(AlertDescription::ILLEGAL_PARAMETER);
            let right = is_duplicate || alerts.contains(&alert) && (alert.is_some() || !twice);
            assert!(right, "{} with {name}, twice: {twice}: {seen:?}", place.name);
        }
    }
}

#[test]
fn every_flood_ends_at_a_limit() {
    for (name, (count, error)) in FLOODED.iter() {
        assert!(*count <= 64 && error.alert().is_some(), "{name}: {count}, {error}");
    }
}

/// The orders that pass are asserted while they are counted; the counts tell that none was left out.
#[test]
fn only_the_orders_of_the_rfc_lead_to_a_session() {
    let counts = COUNTED.iter().map(|(talk, count)| {
        println!("{}: {count:?}", talk.name);
        assert_eq!(count.tried, count.refused + count.incomplete + count.sessions);
        (count.tried, count.sessions)
    });
    let expected = [(270, 32), (468, 94), (40, 5), (40, 4), (40, 7), (40, 6)];
    assert_eq!(counts.collect::<Vec<_>>(), expected);
}
