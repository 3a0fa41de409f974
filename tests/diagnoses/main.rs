//! Diagnoses, each from a handshake that really fails, and the page of the documentation that lists them.
#![cfg(feature = "post-handshake-auth")]
#![allow(missing_docs)]

mod certificates;
mod http;
mod page;
mod protocol;
mod scripts;
mod world;

use scripts::{SCRIPTS, play};
use world::Case;

/// Returns all cases between two of ourselves.
fn cases() -> impl Iterator<Item = &'static Case> {
    protocol::CASES.iter().chain(certificates::CASES)
}

#[test]
fn each_failure_gets_its_name_on_both_sides() {
    let wrong: Vec<_> = cases()
        .filter_map(|case| {
            let seen = case.run();
            let found = [seen[0].diagnosis, seen[1].diagnosis];
            (found != case.2).then(|| format!("{}: {found:?}, {:?} {:?}", case.0, seen[0].error, seen[1].error))
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn each_failure_caused_by_other_implementations_gets_its_name() {
    for row in SCRIPTS {
        let seen = play(row);
        assert_eq!(seen.diagnosis, Some(row.4), "{}: {:?}", row.0, seen.error);
    }
}
