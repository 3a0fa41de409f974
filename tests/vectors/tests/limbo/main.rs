//! Certificate paths against cases in the format of x509-limbo.
//!
//! `LIMBO_JSON` names the files, separated by `:`; `cargo xtask limbo FILE...` sets it. Without it
//! the chains of this project run through the same reader.
//!
//! Each case is asked three times: by the rules that hold unless one asks for others; with
//! `Rules::strict_profile` (`strict/` in front of its id); and mirrored, as a server asks about a client,
//! with its certificates issued again for clients, and without a name (`client/`). Where an answer is not the expected one,
//! `tests/vectors/limbo-deviations.tsv` has to explain each; a row there that no longer holds is a failure, too.
//!
//! `embedded-mtls-micro` gets each question as well, and has to give the same answer, unless it lacks an algorithm.

mod reissue;
mod suite;

use std::collections::BTreeMap;
use suite::{Case, Outcome, Suite, Verdict};
use test_support::pki;

/// The results for the cases of one namespace.
#[derive(Clone, Copy, Default)]
struct Count {
    passed: usize,
    failed: usize,
    skipped: usize,
    /// Those that failed or were skipped in accordance with the list of deviations.
    explained: usize,
}

/// A row of the list of deviations.
struct Deviation {
    id: String,
    expected: &'static str,
    actual: &'static str,
    reason: &'static str,
    /// Set if a case that it covers exists, and if one of these deviates.
    seen: bool,
    holds: bool,
}

fn deviations() -> Vec<Deviation> {
    let rows = include_str!("../../limbo-deviations.tsv").lines().filter(|line| !line.starts_with('#'));
    let parse = |line: &'static str| {
        let fields: Vec<_> = line.split('\t').collect();
        let [id, asked, expected, actual, reason] = fields.try_into().unwrap_or_else(|_| panic!("five fields: {line}"));
        asked.split(',').map(move |asked| {
            let prefix = match asked {
                "default" => "",
                "strict" => "strict/",
                "client" => "client/",
                _ => panic!("asked how? {line}"),
            };
            Deviation { id: format!("{prefix}{id}"), expected, actual, reason, seen: false, holds: false }
        })
    };
    rows.flat_map(parse).collect()
}

/// All cases with their answers, and what they amount to.
#[derive(Default)]
struct Report {
    counts: BTreeMap<String, Count>,
    unexplained: Vec<String>,
    /// The number of answers that `embedded-mtls-micro` gave as well.
    by_micro: usize,
}

impl Report {
    fn add(&mut self, deviations: &mut [Deviation], id: &str, expected: Verdict, outcome: &Outcome) {
        self.by_micro += usize::from(outcome.same_by_micro);
        let namespace = id.split("::").next().unwrap_or(id);
        let count = self.counts.entry(namespace.into()).or_default();
        let actual = if outcome.skipped { String::from("SKIPPED") } else { outcome.verdict.to_string() };
        let expected = expected.to_string();
        let agrees = actual == expected;
        let mut reason = None;
        // A case that waits for an algorithm speaks neither for nor against a row.
        for row in deviations.iter_mut().filter(|row| !outcome.waits && row.id == id) {
            row.seen = true;
            if !agrees && row.expected == expected && row.actual == actual {
                row.holds = true;
                reason = Some(row.reason);
            }
        }
        if agrees {
            count.passed += 1;
            return;
        }
        if outcome.skipped {
            count.skipped += 1;
        } else {
            count.failed += 1;
        }
        if let Some(reason) = reason {
            count.explained += 1;
            println!("{id}  expected {expected}, got {actual} ({})\n    {reason}", outcome.why);
        } else if outcome.waits {
            println!("{id}  expected {expected}, skipped: {}", outcome.why);
        } else {
            println!("{id}  expected {expected}, got {actual} ({})\n    NOT EXPLAINED", outcome.why);
            self.unexplained.push(id.into());
        }
    }

    /// A row for each namespace, and the sum for each way of asking.
    fn print(&self) {
        let mut sums: BTreeMap<&str, Count> = BTreeMap::new();
        println!();
        for (namespace, count) in &self.counts {
            println!("{namespace:<22} {count}");
            let asked = namespace.split_once('/').map_or("", |(asked, _)| asked);
            let sum = sums.entry(asked).or_default();
            sum.passed += count.passed;
            sum.failed += count.failed;
            sum.skipped += count.skipped;
            sum.explained += count.explained;
        }
        for (asked, sum) in sums {
            let asked = if asked.is_empty() { String::from("total") } else { format!("total of {asked}/") };
            println!("{asked:<22} {sum}");
        }
    }
}

impl std::fmt::Display for Count {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { passed, failed, skipped, explained } = self;
        write!(f, "{passed:>5} passed, {failed:>3} failed, {skipped:>3} skipped ({explained} explained)")
    }
}

/// The numbers of mirrored cases, by kind.
#[derive(Default)]
struct Mirrored {
    reissued: usize,
    /// Cases with keys that ours cannot make: for clients if their leaf allows it.
    as_issued: usize,
    /// The part of these that is rejected because the leaf is for servers only.
    for_servers_only: usize,
    /// Left out: the name decides, and a server asks for none.
    name_decides: usize,
}

impl Mirrored {
    /// Returns the expected and the actual result of the mirrored case; `None` if it is left out.
    fn ask(&mut self, case: &Case, as_it_stands: &Outcome, memory: &mut [u8]) -> Option<(Verdict, Outcome)> {
        if as_it_stands.rests_on_the_name() {
            self.name_decides += 1;
            return None;
        }
        let (answer, reissued) = case.ask_as_client(memory);
        if reissued {
            self.reissued += 1;
            return Some((case.expected_result, answer));
        }
        self.as_issued += 1;
        // A leaf for servers only has to be refused for that, however good its path is.
        if answer.rests_on_the_purpose() {
            self.for_servers_only += 1;
            return Some((Verdict::Failure, answer));
        }
        Some((case.expected_result, answer))
    }
}

impl std::fmt::Display for Mirrored {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { reissued, as_issued, for_servers_only, name_decides } = self;
        write!(
            f,
            "mirrored for client authentication: {}; {reissued} issued again for clients, {as_issued} as they are \
             ({for_servers_only} refused for being for servers); left out because the name decides: {name_decides}",
            reissued + as_issued
        )
    }
}

/// Runs the suites; panics unless each answer is the expected one or explained.
fn run(suites: &[Suite]) {
    let mut deviations = deviations();
    let mut report = Report::default();
    let mut memory = vec![0; 1 << 20];
    let mut mirrored = Mirrored::default();
    for case in suites.iter().flat_map(|suite| &suite.testcases) {
        let strictly = case.ask(true, &mut memory);
        report.add(&mut deviations, &format!("strict/{}", case.id), case.expected_result, &strictly);
        let outcome = case.ask(false, &mut memory);
        report.add(&mut deviations, &case.id, case.expected_result, &outcome);
        if outcome.skipped || case.is_for_a_client() {
            continue;
        }
        if let Some((expected, answer)) = mirrored.ask(case, &outcome, &mut memory) {
            report.add(&mut deviations, &format!("client/{}", case.id), expected, &answer);
        }
    }
    report.print();
    println!("{mirrored}");
    println!("the same by embedded-mtls-micro: {} answers", report.by_micro);
    assert!(report.by_micro > 0, "no case has the algorithms of embedded-mtls-micro alone");
    let stale: Vec<_> = deviations.iter().filter(|row| row.seen && !row.holds).map(|row| &row.id).collect();
    assert!(stale.is_empty(), "the list of deviations speaks of cases that do not deviate: {stale:?}");
    assert!(report.unexplained.is_empty(), "answers without an explanation: {:?}", report.unexplained);
}

#[test]
fn every_answer_is_the_expected_one_or_explained() {
    if let Ok(files) = std::env::var("LIMBO_JSON") {
        let suites: Vec<_> = files.split(':').filter(|file| !file.is_empty()).map(suite::read).collect();
        run(&suites);
    } else {
        println!("LIMBO_JSON is not set: only the chains of this project run");
        run(&[suite::parse(&suite::own_cases())]);
    }
}

#[test]
fn every_deviation_has_a_reason_that_names_its_rule() {
    for row in deviations() {
        assert!(["SUCCESS", "FAILURE"].contains(&row.expected), "{}", row.id);
        assert!(["SUCCESS", "FAILURE", "SKIPPED"].contains(&row.actual), "{}", row.id);
        assert_ne!(row.expected, row.actual, "{}", row.id);
        assert!(row.reason.contains("RFC "), "{}: {}", row.id, row.reason);
        assert!(!row.id.contains('*'), "{}: one row for each case", row.id);
    }
}
