//! A fleet keeps its promise in every weather, and a flaw in it is found.

use std::time::Duration;

use embedded_mtls_sim::{Flaw, Report, Scenario, Violation, run};

const HOUR: Duration = Duration::from_secs(3600);

/// The seed of the storms: another one with the environment variable `SEED`.
fn seed() -> u64 {
    std::env::var("SEED").map_or(1, |seed| seed.parse().expect("a number in SEED"))
}

/// Runs a scenario, and prints what happened.
fn ran(scenario: &Scenario) -> Report {
    let report = run(scenario).unwrap();
    println!("{report}\n");
    report
}

fn verified(scenario: &Scenario) -> Report {
    let report = ran(scenario);
    let seed = scenario.seed;
    report.verify().unwrap_or_else(|broken| {
        panic!("{broken}\nSEED={seed} cargo test -p embedded-mtls-sim --test fleet -- --include-ignored")
    });
    report
}

#[test]
fn an_order_arrives_over_a_calm_network_at_the_first_attempt() {
    let report = verified(&Scenario::calm(1, 1, HOUR / 2));
    assert_eq!((report.stored, report.accepted, report.queued, report.attempts), (1, 1, 0, 1));
}

#[test]
fn every_order_arrives_once_through_every_fault() {
    let report = verified(&Scenario::storm(seed(), 200, HOUR * 2));
    assert_eq!((report.stored, report.accepted, report.queued), (800, 800, 0));
}

#[test]
#[ignore = "the long form: some minutes"]
fn every_order_of_a_day_arrives_once_through_every_fault() {
    let report = verified(&Scenario::storm(seed(), 200, HOUR * 24));
    assert_eq!((report.stored, report.accepted, report.queued), (9600, 9600, 0));
}

#[test]
fn the_same_seed_gives_the_same_run_and_another_seed_another() {
    let run_of = |seed| ran(&Scenario::storm(seed, 5, HOUR * 2));
    let first = run_of(3);
    assert_eq!(first, run_of(3));
    assert_ne!(first.digest(), run_of(4).digest());
}

#[test]
fn each_flaw_of_a_gateway_is_found() {
    let broken = |flaw| {
        let mut scenario = Scenario { flaw: Some(flaw), ..Scenario::storm(1, 20, HOUR * 3) };
        scenario.network.forged = 40_000;
        let report = ran(&scenario);
        assert!(report.verify().unwrap_err().to_string().contains("seed 1"));
        report.violations
    };
    assert!(matches!(broken(Flaw::AltersRepeats)[..], [Violation::Altered(_), ..]));
    assert!(matches!(broken(Flaw::ForgetsEarly)[..], [Violation::Lost(_), ..]));
    assert!(matches!(broken(Flaw::ObeysAlerts)[..], [Violation::Surrendered(..), ..]));
    assert!(matches!(broken(Flaw::SendsUnstored)[..], [Violation::Unstored(_), ..]));
}
