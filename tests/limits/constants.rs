//! The tables of limits in `docs/limits.md`, which `src/limits.rs` determines.

use crate::expression::evaluate;
use mtls::report::thousands;
use std::fmt::Write;

const SOURCE: &str = include_str!("../../src/limits.rs");

/// The constants, by what they limit.
const SUBJECTS: &[(&str, &[&str])] = &[
    ("ClientHello", &["MAX_CLIENT_HELLO", "MAX_COMPARED_SHARES", "MAX_SKIPPED_EARLY_DATA", "MAX_TICKETS_TRIED"]),
    ("ServerHello, HelloRetryRequest", &["MAX_SERVER_HELLO"]),
    ("EncryptedExtensions", &["MAX_ENCRYPTED_EXTENSIONS"]),
    ("CertificateRequest", &["MAX_CERTIFICATE_REQUEST", "MAX_POST_HANDSHAKE_REQUESTS", "REMEMBERED_CONTEXTS"]),
    (
        "Certificate",
        &[
            "MAX_CERTIFICATE",
            "MAX_SUMMARY_EXCESS",
            "MAX_CERTIFICATE_EXTENSIONS",
            "CERTIFICATE_PREFIX",
            "ENTRY_PREFIX",
            "ENTRY_SUFFIX",
        ],
    ),
    ("CertificateVerify", &["MAX_CERTIFICATE_VERIFY", "MAX_SIGNATURE"]),
    ("Finished", &["MAX_FINISHED"]),
    ("NewSessionTicket", &["MAX_TICKET", "MAX_TICKETS", "MAX_TICKET_LIFETIME", "MAX_STORED_TICKET", "MAX_OWN_TICKET"]),
    ("KeyUpdate", &["MAX_KEY_UPDATE", "MAX_KEY_UPDATES", "MAX_RECORDS_PER_KEY"]),
    ("change_cipher_spec", &["MAX_CHANGE_CIPHER_SPEC"]),
    ("alert", &["ALERT_RESERVE", "LAST_READS"]),
    ("every message with extensions", &["MAX_COMPARED_EXTENSIONS", "MESSAGE_HEADER"]),
    (
        "every record",
        &[
            "MAX_PLAINTEXT",
            "MAX_CIPHERTEXT",
            "MAX_INNER_PLAINTEXT",
            "MIN_RECORD_SIZE_LIMIT",
            "RECORD_SHARE_OF_RX",
            "RECORD_HEADER",
            "TAG_LEN",
            "RECORD_OVERHEAD",
            "MAX_EMPTY_RECORDS",
            "MIN_TX",
        ],
    ),
    (
        "the search for a path",
        &["MAX_DEPTH", "DEFAULT_DEPTH", "MAX_SIGNATURES", "MAX_SEARCH_STEPS", "CANDIDATES_PER_STEP"],
    ),
    (
        "our configuration",
        &[
            "MAX_LIST",
            "MAX_ANCHORS",
            "MAX_CHAIN",
            "MAX_AUTHORITIES",
            "MAX_OFFERED_SHARES",
            "DEFAULT_PROOF_AGE",
            "MAX_CLOCK_SKEW",
        ],
    ),
];

/// A constant with its reason.
struct Constant<'a> {
    name: &'a str,
    reason: String,
    expression: String,
}

fn constants() -> Vec<Constant<'static>> {
    let mut found = Vec::new();
    let mut reason = String::new();
    let mut lines = SOURCE.lines();
    while let Some(line) = lines.next() {
        if let Some(text) = line.strip_prefix("///") {
            reason.push_str(text);
            continue;
        }
        let Some((_, definition)) = line.split_once("const ") else { continue };
        let (name, rest) = definition.split_once(": ").unwrap();
        let mut expression = rest.split_once('=').unwrap().1.to_owned();
        while !expression.ends_with(';') {
            expression.push(' ');
            expression.push_str(lines.next().unwrap());
        }
        let expression = expression.trim_end_matches(';').trim().to_owned();
        found.push(Constant { name, reason: std::mem::take(&mut reason).trim().to_owned(), expression });
    }
    found
}

fn value(name: &str) -> Option<usize> {
    let constant = constants().into_iter().find(|constant| constant.name == name)?;
    evaluate(&constant.expression, &value)
}

/// Returns the table as the page has it.
pub(crate) fn table() -> String {
    let constants = constants();
    let mut table = "| Message | Limit | | Reason |\n|---|---|---:|---|\n".to_owned();
    for (subject, names) in SUBJECTS {
        for (index, name) in names.iter().enumerate() {
            let constant = constants.iter().find(|constant| constant.name == *name);
            let Constant { reason, expression, .. } = constant.unwrap_or_else(|| panic!("no constant {name}"));
            let value = match value(name) {
                Some(value) => thousands(value),
                // The features determine it.
                None => numbers(expression),
            };
            // Links lead nowhere from the page.
            let reason = reason.replace("[`", "`").replace("`]", "`");
            let subject = if index == 0 { subject } else { "" };
            writeln!(table, "| {subject} | `{name}` | {value} | {reason} |").unwrap();
        }
    }
    table
}

/// Returns the numbers in an expression that depends on features.
fn numbers(expression: &str) -> String {
    let words = expression.split_whitespace();
    let numbers: Vec<_> = words.filter(|word| word.parse::<usize>().is_ok()).collect();
    assert!(!numbers.is_empty(), "{expression}");
    numbers.join(" or ")
}

#[test]
fn every_limit_has_a_reason_and_is_in_the_table_once() {
    let constants = constants();
    assert!(constants.len() > 50, "{}", constants.len());
    for Constant { name, reason, .. } in &constants {
        assert!(reason.len() > 20, "{name} has no reason");
        let times = SUBJECTS.iter().flat_map(|(_, names)| *names).filter(|other| *other == name).count();
        assert_eq!(times, 1, "{name}");
    }
}
