//! `docs/verdicts.md`: the explanation of each problem, as the crate gives it.

use crate::verdict_cases::trace;
use crate::*;
use std::fmt::Write as _;
use std::fs;
use test_support::pki::{BadChain, Defect};

/// Set to rewrite the page instead of comparing it.
const REWRITE: &str = "REWRITE_VERDICTS";

/// A rejection, and its explanation.
struct Told {
    problem: Problem,
    verdict: String,
    section: &'static str,
}

fn row(page: &mut String, cells: &[&str], told: &Told) {
    let error: Error = CertificateError { index: 0, problem: told.problem }.into();
    let alert = error.alert().map(|alert| format!("{} `{alert}`", alert.0)).unwrap();
    let text = told.verdict.replace('|', "\\|");
    writeln!(page, "| {} | {text} | {alert} | {} |", cells.join(" | "), told.section).unwrap();
}

fn told(role: Role, change: impl FnOnce(&mut World)) -> Option<Told> {
    let mut world = World::new(role);
    change(&mut world);
    let (expected, verdict) = world.judge(|validator, rules| {
        let refusal = validator.validate(RustCrypto, rules).err();
        refusal.map(|v| (v.to_string(), v.error().problem.section()))
    });
    let (Refused(_, problem), Some(Some((verdict, section)))) = (expected, verdict) else { return None };
    Some(Told { problem, verdict, section: section.unwrap_or("our own limit") })
}

/// Returns the verdict on a bad chain. `tests/bad_chains.rs` checks that the alert is sent.
fn told_of(bad: &BadChain, role: Role) -> Told {
    let anchors = [TrustAnchor::from_certificate(&bad.anchor).unwrap()];
    let name = ServerName::parse(SERVER_NAME).unwrap();
    let rules = match role {
        Role::Server => Rules::server(&anchors, &name, at(NOW)),
        Role::Client => Rules::client(&anchors, at(NOW)),
    };
    let mut memory = [0; 4096];
    let mut validator = Validator::new(&mut memory);
    for certificate in &bad.chain {
        validator.push(RustCrypto, certificate).unwrap();
    }
    let verdict = validator.validate(RustCrypto, rules).unwrap_err();
    let problem = verdict.error().problem;
    Told {
        problem,
        verdict: verdict.to_string(),
        section: verdict.error().problem.section().unwrap_or("our own limit"),
    }
}

/// `OtherName` as `other name`.
fn words(name: &str) -> String {
    let mut words = String::new();
    for character in name.chars() {
        if character.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.push(character.to_ascii_lowercase());
    }
    words
        .replace("as ca", "as CA")
        .replace("key cert sign", "keyCertSign")
        .replace("digital signature", "digitalSignature")
}

/// A change of a good chain.
type Change = fn(&mut World);

/// The names of API gateways for the causes of a rejection.
const CAUSES: &[(&str, Change)] = &[
    ("expired", |w| w.leaf(|t| t.years(2010, 2020))),
    ("self-signed", |w| w.leaf_signs_itself = true),
    ("untrusted root", |w| {
        w.trusted = vec![Who::Stranger];
        w.sent.push(Who::Root);
    }),
    ("invalid", |w| w.sent[1] = Who::Impostor),
    ("name mismatch", |w| w.name = "other.example.com"),
];

fn head(page: &mut String, first: &str) {
    let columns = first.split(" | ").count() + 3;
    writeln!(page, "| {first} | Verdict | Alert | Rule |\n|{}", "---|".repeat(columns)).unwrap();
}

/// The variants of an enum, read from its source.
fn variants(name: &str, file: &str) -> Vec<String> {
    let source = fs::read_to_string(format!("{}/src/error/{file}.rs", env!("CARGO_MANIFEST_DIR"))).unwrap();
    // The macro that makes it comes first.
    let (_, rest) = source.rsplit_once(&format!("pub enum {name} {{\n")).unwrap();
    let (body, _) = rest.split_once("\n}\n").unwrap();
    let rows = body.lines().filter_map(|line| line.strip_prefix("    "));
    let names = rows.filter_map(|row| row.split([' ', '(']).next());
    names.filter(|name| name.starts_with(|first: char| first.is_uppercase())).map(str::to_owned).collect()
}

/// Returns the name of a case; if it is "the same", preceded by that of the case before it.
fn case(row: &Row) -> String {
    let tables = FOR_BOTH_ROLES.iter().copied().chain([SERVER_NAMES, COMMON_NAMES]);
    let same = |other: &&Row| core::ptr::eq(*other, row);
    let before = tables.flatten().take_while(|other| !same(other)).last();
    match before {
        Some(before) if row.0.starts_with("the same") => format!("{}; {}", before.0, row.0),
        _ => row.0.to_owned(),
    }
}

/// Returns the first case of each problem, servers before clients. The problem with a field is listed once for each field.
fn each_problem() -> Vec<(String, String, Told)> {
    let tables = FOR_BOTH_ROLES.iter().copied().chain([SERVER_NAMES, COMMON_NAMES]);
    let rows: Vec<_> = tables.flatten().filter(|row| matches!(row.1, Refused(..))).collect();
    let find = |name: &String| {
        let row = rows.iter().find(|row| matches!(row.1, Refused(_, problem) if format!("{problem:?}") == *name));
        let row = row.unwrap_or_else(|| panic!("no case is refused for {name}"));
        (name.clone(), case(row), told(Role::Server, row.2).unwrap())
    };
    let fields = variants("Malformation", "malformation");
    let malformed: Vec<_> = fields.iter().map(|field| format!("Malformed({field})")).collect();
    let problems = variants("CertificateProblem", "certificate");
    let all = problems.into_iter().flat_map(|name| match &name[..] {
        "Malformed" => malformed.clone(),
        _ => vec![name],
    });
    all.collect::<Vec<_>>().iter().map(find).collect()
}

fn page() -> String {
    let mut page = format!(
        "# Verdicts\n\nThe text of `x509::Verdict` for each certificate path that is rejected. The tests write this page: \
         `{REWRITE}=1 cargo test --test x509_cases page`. All chains are validated on 2026-11-22 at 04:00 UTC. Unless \
         stated otherwise a chain is\n\n```text\nroot (anchor) <- upper <- lower <- leaf       sent: 0 leaf, 1 lower, 2 upper\n\
         ```\n\nThe peer receives the alert; the verdict is for the side that rejects the path.\n"
    );
    page.push_str("\n## The ten bad chains\n\n");
    head(&mut page, "Problem | Peer");
    for defect in Defect::ALL {
        for role in Role::ALL {
            let name = words(&format!("{defect:?}"));
            row(&mut page, &[&name, &format!("{role:?}").to_lowercase()], &told_of(&BadChain::new(defect, role), role));
        }
    }
    page.push_str("\n## The causes that API gateways distinguish\n\n");
    head(&mut page, "Cause");
    for (cause, change) in CAUSES {
        row(&mut page, &[cause], &told(Role::Server, change).unwrap());
    }
    page.push_str("\n## Every problem\n\n");
    head(&mut page, "`CertificateProblem` | Case");
    for (name, case, told) in each_problem() {
        row(&mut page, &[&format!("`{name}`"), &case], &told);
    }
    page.push_str("\n## Traces of the search\n\nA path that is found:\n\n```text\n");
    page.push_str(&trace(|_| {}).join("\n"));
    page.push_str("\n```\n\nThe same chain with an expired upper CA:\n\n```text\n");
    page.push_str(&trace(|w| w.upper(|t| t.years(2010, 2020))).join("\n"));
    page.push_str("\n```\n");
    page
}

#[test]
fn the_page_of_verdicts_quotes_the_real_texts() {
    let (file, page) = (concat!(env!("CARGO_MANIFEST_DIR"), "/docs/verdicts.md"), page());
    if std::env::var_os(REWRITE).is_some() {
        fs::write(file, page).unwrap();
        return;
    }
    let kept = fs::read_to_string(file).unwrap_or_default();
    let differ = kept.lines().zip(page.lines()).find(|(kept, new)| kept != new);
    assert!(kept == page, "docs/verdicts.md is outdated ({REWRITE}=1 rewrites it), first in {differ:#?}");
}

#[test]
fn each_problem_has_a_verdict_of_its_own() {
    let problems = each_problem();
    assert!(problems.len() > 55, "{}", problems.len());
    for (place, (name, _, first)) in problems.iter().enumerate() {
        let rule = |verdict: &str| verdict.split(") ").nth(1).unwrap_or(verdict).to_owned();
        for (other, _, second) in &problems[place + 1..] {
            assert_ne!(first.verdict, second.verdict, "{name} and {other}");
            assert_ne!(rule(&first.verdict), rule(&second.verdict), "{name} and {other}");
        }
    }
    let causes: Vec<_> = CAUSES.iter().map(|(_, change)| told(Role::Server, change).unwrap().problem).collect();
    for (place, cause) in causes.iter().enumerate() {
        assert!(!causes[..place].contains(cause), "{cause:?} is said twice");
    }
}
