//! The page of the documentation, `docs/misbehaviour.md`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use embedded_mtls::Error;

use crate::change::{CHANGED, Cell, Change};
use crate::extensions::{EXTENDED, EXTENSIONS, PLACES};
use crate::fields::FAULTY;
use crate::floods::FLOODED;
use crate::inject::{INJECTED, INSERTED};
use crate::orders::{COUNTED, LENGTH};
use crate::peer::{TALKS, Talk};

/// Set to rewrite the page instead of comparing it.
const REWRITE: &str = "REWRITE_MISBEHAVIOUR";

/// Names an error by its innermost variant.
fn name(error: Error) -> String {
    let text = format!("{error:?}");
    let inner = text.trim_end_matches(')').rsplit('(').next().unwrap_or_default();
    match error {
        Error::AlertReceived(_) => "AlertReceived".to_owned(),
        _ => inner.to_owned(),
    }
}

fn cell(seen: Cell) -> String {
    match seen {
        None => "–".to_owned(),
        Some(Ok(())) => "passes".to_owned(),
        Some(Err(Error::ConnectionTruncated)) => "waits".to_owned(),
        Some(Err(error)) => format!("`{}`", name(error)),
    }
}

fn row(page: &mut String, cells: impl IntoIterator<Item = String>) {
    writeln!(page, "| {} |", cells.into_iter().collect::<Vec<_>>().join(" | ")).unwrap();
}

fn head(page: &mut String, cells: impl IntoIterator<Item = String>) {
    let cells: Vec<_> = cells.into_iter().collect();
    let rule = "---|".repeat(cells.len());
    row(page, cells);
    writeln!(page, "|{rule}").unwrap();
}

fn introduction(page: &mut String) {
    write!(
        page,
        "# Misbehaviour\n\nThe answer of each side to a peer that breaks the protocol. The peer is a second implementation, in \
         `crates/test-support`: it has the right keys, and its own transcript holds what it has sent, so that only the change \
         itself can be wrong. Each cell is a connection in `tests/misbehaviour`. It shows the error; the alert on the wire is \
         that of the error. *passes*: the conversation continues as if nothing had happened, and data arrives at the end of it. \
         *waits*: nothing is wrong yet, and the error is `ConnectionTruncated` when the transport ends. The tests hold each \
         alert to the one that RFC 9846 requires, and write this page: `{REWRITE}=1 cargo test --features \
         post-handshake-auth,resumption --test misbehaviour page`.\n\n## Errors\n\n"
    )
    .unwrap();
    let mut errors = BTreeMap::new();
    let cells = CHANGED.iter().flat_map(|row| row.2.clone()).chain(INSERTED.iter().flat_map(|row| row.2.clone()));
    let others = FAULTY.iter().map(|row| Some(row.3)).chain(EXTENDED.iter().flat_map(|row| row.2));
    let floods = FLOODED.iter().map(|(_, (_, error))| Some(Err(*error)));
    for error in cells.chain(others).chain(floods).flatten().filter_map(Result::err) {
        errors.insert(name(error), error);
    }
    head(page, ["Error", "Alert", "Meaning"].map(str::to_owned));
    for (name, error) in errors {
        let alert = error.alert().map_or("none".to_owned(), |alert| format!("{} `{alert}`", alert.0));
        let meaning = match error {
            Error::AlertReceived(_) => "the peer ended the connection with its own alert".to_owned(),
            error => error.to_string(),
        };
        row(page, [format!("`{name}`"), alert, meaning]);
    }
}

/// The tables of messages that are changed and of what is put before them, one of each for each conversation.
fn conversations(page: &mut String) {
    for talk in TALKS {
        writeln!(page, "\n## {}\n", talk.name).unwrap();
        head(page, ["Change".to_owned()].into_iter().chain(talk.lines.iter().map(|line| line.name())));
        for (_, change, cells) in CHANGED.iter().filter(|row| row.0.name == talk.name) {
            row(page, [change.name().to_owned()].into_iter().chain(cells.iter().copied().map(cell)));
        }
        page.push('\n');
        let columns = talk.lines.iter().map(|line| format!("before {}", line.name()));
        head(page, ["Inserted".to_owned()].into_iter().chain(columns).chain(["behind all".to_owned()]));
        for (_, at, cells) in INSERTED.iter().filter(|row| row.0.name == talk.name) {
            row(page, [INJECTED[*at].0.to_owned()].into_iter().chain(cells.iter().copied().map(cell)));
        }
    }
}

fn fields(page: &mut String) {
    page.push_str("\n## Fields\n\nIn every conversation that has the message.\n\n");
    head(page, ["Message", "Value", "Answer"].map(str::to_owned));
    let mut shown = Vec::new();
    for (line, fault, _, seen) in FAULTY.iter() {
        let cells = [line.name(), (*fault).to_owned(), cell(Some(*seen))];
        if !shown.contains(&cells) {
            row(page, cells.clone());
            shown.push(cells);
        }
    }
}

/// A table for each place, of the answers and the extensions that get them.
fn extensions(page: &mut String) {
    page.push_str(
        "\n## Extensions\n\nAdded to a message once and twice; *passes* with those that the message has anyway.\n",
    );
    for (at, place) in PLACES.iter().enumerate() {
        let mut answers: BTreeMap<String, [Vec<&str>; 2]> = BTreeMap::new();
        for (_, kind, seen) in EXTENDED.iter().filter(|row| row.0 == at) {
            for (times, seen) in seen.iter().enumerate() {
                answers.entry(cell(seen.or(Some(Ok(()))))).or_default()[times].push(EXTENSIONS[*kind].0);
            }
        }
        writeln!(page, "\n### {}\n", place.name).unwrap();
        head(page, ["Answer", "Once", "Twice"].map(str::to_owned));
        for (answer, lists) in answers {
            let [once, twice] = lists.map(|list| if list.is_empty() { "–".to_owned() } else { list.join(", ") });
            row(page, [answer, once, twice]);
        }
    }
}

fn orders(page: &mut String) {
    write!(
        page,
        "\n## Orders\n\nAll orders of up to {LENGTH} of the messages that a peer of its role can send, each given up where it is \
         refused. Of those that pass, a session begins only after the orders of RFC 9846 section 2, followed by \
         NewSessionTicket and KeyUpdate.\n\n"
    )
    .unwrap();
    head(page, ["Conversation", "Possible", "Tried", "Refused", "Incomplete", "Sessions"].map(str::to_owned));
    for (talk, count) in COUNTED.iter() {
        let numbers = [count.possible, count.tried, count.refused, count.incomplete, count.sessions];
        row(page, [talk.name.to_owned()].into_iter().chain(numbers.map(grouped)));
    }
}

/// Groups the digits of a number.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy);
    groups.collect::<Vec<_>>().join(",")
}

fn floods(page: &mut String) {
    page.push_str("\n## Floods\n\nThe same again and again, without data in between.\n\n");
    head(page, ["Flood", "Accepted", "Answer to the next"].map(str::to_owned));
    for (name, (count, error)) in FLOODED.iter() {
        row(page, [(*name).to_owned(), count.to_string(), cell(Some(Err(*error)))]);
    }
}

/// Returns how many connections the tables show.
fn connections() -> usize {
    let changed = CHANGED.iter().flat_map(|row| &row.2).flatten().count();
    let inserted = INSERTED.iter().flat_map(|row| &row.2).flatten().count();
    let extended = EXTENDED.iter().flat_map(|row| row.2).flatten().count();
    let tried: usize = COUNTED.iter().map(|(_, count)| count.tried).sum();
    changed + inserted + extended + FAULTY.len() + FLOODED.len() + tried
}

#[test]
fn the_page_of_misbehaviour_shows_what_both_sides_answer() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/misbehaviour.md");
    let mut page = String::new();
    for part in [introduction, conversations, fields, extensions, orders, floods] {
        part(&mut page);
    }
    println!("{} connections", connections());
    if std::env::var_os(REWRITE).is_some() {
        fs::write(file, page).unwrap();
        return;
    }
    let kept = fs::read_to_string(file).unwrap_or_default();
    let differ = kept.lines().zip(page.lines()).find(|(kept, new)| kept != new);
    assert!(kept == page, "docs/misbehaviour.md is outdated ({REWRITE}=1 rewrites it), first in {differ:#?}");
}

/// The tables have a column for each line and a row for each change.
#[test]
fn no_conversation_and_no_change_is_missing() {
    let rows = |talk: &Talk| CHANGED.iter().filter(|row| row.0.name == talk.name).count();
    assert!(TALKS.iter().all(|talk| rows(talk) == Change::ALL.len()));
    assert_eq!(EXTENDED.len(), PLACES.len() * EXTENSIONS.len());
    assert_eq!(INSERTED.len(), TALKS.len() * INJECTED.len());
    assert!(connections() > 3_000, "{}", connections());
}
