//! The page of the documentation, `docs/diagnoses.md`.

use std::fmt::Write as _;
use std::fs;

use embedded_mtls::Diagnosis;
use embedded_mtls_operator::Finding;
use test_support::pki::Role;

use crate::scripts::{SCRIPTS, play};
use crate::{cases, http};

/// Set to rewrite the page instead of comparing it.
const REWRITE: &str = "REWRITE_DIAGNOSES";

/// Diagnoses of certificates by programs that were built without an algorithm, which the build of this test never is:
/// `tests/interop/tests/left_out` has their handshakes.
const BY_BUILD: &[(&str, &str, Diagnosis)] = &[
    (
        "a server has nothing in common with a client that was built without RSA",
        "the peer ended the connection with alert 40 (handshake_failure)",
        Diagnosis::RsaPerhapsNeeded,
    ),
    (
        "the server has an RSA certificate, and the client was built without RSA",
        "its public key is not supported: found 1.2.840.113549.1.1.1 (RSA, which needs the feature `rsa`)",
        Diagnosis::RsaNotBuilt,
    ),
    (
        "the server has a certificate on P-384, and the client was built without it",
        "its public key is not supported: found 1.3.132.0.34 (P-384, which needs the feature `p384`)",
        Diagnosis::P384NotBuilt,
    ),
    (
        "the server has an Ed25519 certificate, and the client was built without it",
        "its public key is not supported: found 1.3.101.112 (Ed25519, which needs the feature `ed25519`)",
        Diagnosis::Ed25519NotBuilt,
    ),
];

/// Returns the name of a finding, which is that of its diagnosis if it is one of TLS.
fn name(finding: Finding) -> String {
    match finding {
        Finding::Tls(diagnosis) => format!("{diagnosis:?}"),
        finding => format!("{finding:?}"),
    }
}

/// Writes the section of a finding: the cases that lead to it, the side that reports it, and what that side observed.
fn section(page: &mut String, finding: Finding) {
    writeln!(page, "\n## {}\n", name(finding)).unwrap();
    writeln!(page, "{}. **{}**: {}.\n", sentence(finding.cause()), who(finding), finding.remedy()).unwrap();
    page.push_str("| Case | Side | Observation |\n|---|---|---|\n");
    let is_it = |diagnosis: &Option<Diagnosis>| diagnosis.is_some_and(|diagnosis| finding == diagnosis.into());
    for case in cases().filter(|case| case.2.iter().any(is_it)) {
        let seen = case.run();
        for (side, seen) in ["client", "server"].iter().zip(seen).filter(|(_, seen)| is_it(&seen.diagnosis)) {
            let observed = match (seen.verdict, seen.error) {
                (Some(verdict), _) => verdict,
                (None, Some(error)) => error.to_string(),
                (None, None) => "a session without a certificate request".to_owned(),
            };
            writeln!(page, "| {} | {side} | {} |", case.0, observed.replace('|', "\\|")).unwrap();
        }
    }
    for row in SCRIPTS.iter().filter(|row| finding == row.4.into()) {
        let side = if matches!(row.1, Role::Client) { "client" } else { "server" };
        let observed = play(row).error.expect("it has failed");
        writeln!(page, "| {} | {side} | {observed} |", row.0).unwrap();
    }
    for (what, observed, _) in BY_BUILD.iter().filter(|row| finding == row.2.into()) {
        writeln!(page, "| {what} | client | {observed} |").unwrap();
    }
    for (what, status, body, _) in http::ANSWERS.iter().filter(|row| row.3 == finding) {
        writeln!(page, "| {what} | client | HTTP {status}: {body} |").unwrap();
    }
}

/// Names who has to act.
fn who(finding: Finding) -> String {
    sentence(&finding.responsible().to_string())
}

/// Begins the text with a capital.
fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or(String::new(), |first| first.to_uppercase().chain(characters).collect())
}

fn page() -> String {
    let mut page = format!(
        "# Diagnoses\n\nThe diagnoses that `ConnectionFailure::diagnosis` and `Session::diagnosis` return, each from a handshake that \
         fails, and the findings of `embedded-mtls-operator`, which add refusals by HTTP and remedies. Each section has the \
         cause, who has to act, and the remedy. *We* is the side that reports the diagnosis; names with *Ours* are about how \
         the peer judged our certificate. The tests write this page: `{REWRITE}=1 cargo test --features \
         post-handshake-auth --test diagnoses page`.\n"
    );
    let mut findings: Vec<_> = Finding::all().collect();
    findings.sort_by_key(|finding| name(*finding));
    for finding in findings {
        section(&mut page, finding);
    }
    page
}

#[test]
fn the_page_of_diagnoses_quotes_the_real_texts() {
    let (file, page) = (concat!(env!("CARGO_MANIFEST_DIR"), "/docs/diagnoses.md"), page());
    let by_handshake = cases().flat_map(|case| case.2).flatten().chain(SCRIPTS.iter().map(|row| row.4));
    let of_tls = by_handshake.chain(BY_BUILD.iter().map(|row| row.2)).map(Finding::from);
    let shown: Vec<_> = of_tls.chain(http::ANSWERS.iter().map(|row| row.3)).collect();
    for finding in Finding::all() {
        assert!(shown.contains(&finding), "no case is diagnosed as {finding:?}");
    }
    if std::env::var_os(REWRITE).is_some() {
        fs::write(file, page).unwrap();
        return;
    }
    let kept = fs::read_to_string(file).unwrap_or_default();
    let differ = kept.lines().zip(page.lines()).find(|(kept, new)| kept != new);
    assert!(kept == page, "docs/diagnoses.md is old ({REWRITE}=1 rewrites it), first in {differ:#?}");
}
