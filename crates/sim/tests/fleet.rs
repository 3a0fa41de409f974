//! A fleet keeps its promise in every weather, and a flaw in it is found.

use std::ops::Range;
use std::time::Duration;

use embedded_mtls_sim::timeline::{Cause, Delivery, Outcome, Timeline};
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
        panic!("{broken}or SEED={seed} cargo test -p embedded-mtls-sim --test fleet -- --include-ignored")
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
fn the_day_of_the_example_is_the_storm() {
    assert_eq!(include_str!("../examples/day.txt").parse(), Ok(Scenario::storm(1, 200, HOUR * 24)));
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
        scenario.journal_cuts = 100_000;
        let report = ran(&scenario);
        assert!(report.verify().unwrap_err().to_string().contains("seed 1"));
        report.violations
    };
    assert!(matches!(broken(Flaw::AltersRepeats)[..], [Violation::Altered(_), ..]));
    assert!(matches!(broken(Flaw::ForgetsEarly)[..], [Violation::Lost(_), ..]));
    assert!(matches!(broken(Flaw::ObeysAlerts)[..], [Violation::Surrendered(..), ..]));
    assert!(matches!(broken(Flaw::SendsUnstored)[..], [Violation::Unstored(_), ..]));
    assert!(matches!(broken(Flaw::TearsOrders)[..], [Violation::Torn(_), ..]));
}

#[test]
fn a_gateway_that_tries_once_misses_the_deadline_of_an_order() {
    let busy =
        Scenario { interval: HOUR * 2, deadline: HOUR * 3 / 4, busy: 150_000, ..Scenario::calm(1, 20, HOUR * 8) };
    let report = verified(&busy);
    assert_eq!((report.stored, report.accepted), (80, 80));
    let report = ran(&Scenario { flaw: Some(Flaw::TriesOnce), ..busy });
    assert_eq!((report.stored, report.accepted, report.queued), (80, 80, 0));
    assert!(report.verify().unwrap_err().to_string().contains("seed 1"));
    let late = |violation: &Violation| {
        matches!(violation, Violation::Late { order, age, deliverable, limit }
            if order.contains("@gateway-") && age == deliverable && *age > HOUR && *limit == HOUR * 3 / 4)
    };
    assert!(report.violations.len() >= 5 && report.violations.iter().all(late));
}

#[test]
fn time_in_which_an_order_cannot_be_delivered_does_not_count() {
    // Certificates that are hours late, and a supplier that is down half of the time.
    let minutes = |count| HOUR * count / 60;
    let scenario = Scenario {
        lifetime: HOUR * 4,
        late: HOUR * 4,
        restarts_per_day: 48,
        restart: minutes(60),
        wrong_clocks: 200_000,
        deadline: minutes(100),
        ..Scenario::calm(seed(), 20, HOUR * 12)
    };
    let report = verified(&scenario);
    let age = |delivery: &Delivery| delivery.accepted.unwrap().saturating_sub(delivery.stored);
    assert!(report.timeline.orders.iter().any(|delivery| age(delivery) > HOUR * 2));
    let strict = ran(&Scenario { deadline: minutes(1), ..scenario });
    assert!(strict.violations.iter().all(|violation| matches!(violation, Violation::Late { .. })));
    assert!(!strict.violations.is_empty());
}

#[test]
fn a_broken_promise_says_how_to_repeat_the_run() {
    let scenario = Scenario { flaw: Some(Flaw::ForgetsEarly), ..Scenario::storm(9, 2, HOUR) };
    let report = ran(&scenario);
    let text = report.verify().unwrap_err().to_string();
    let (_, lines) = text.split_once("-- FILE`:\n").unwrap();
    assert_eq!(ran(&lines.parse().unwrap()), report);
}

#[test]
fn outages_happen_when_a_scenario_says_so() {
    let scenario = "
        gateways = 3
        duration = 4 h
        outage = network 0..1 at 0 h for 2 h
        outage = power 1..2 at 30 min for 1 h
        outage = supplier at 3 h for 30 min
    ";
    let Timeline { orders, attempts, .. } = verified(&scenario.parse().unwrap()).timeline;
    let accepted = |gateway: u32, hours: Range<f64>| {
        let of_gateway = orders.iter().filter(|order| order.gateway == gateway).filter_map(|order| order.accepted);
        of_gateway.filter(|time| hours.contains(&(time.as_secs_f64() / 3600.0))).count()
    };
    // An order of each is due every half an hour; those that have to wait arrive together.
    assert_eq!([0, 1, 2].map(|gateway| accepted(gateway, 0.0..2.0)), [0, 4, 4]);
    assert_eq!([0, 1, 2].map(|gateway| accepted(gateway, 0.5..1.5)), [0, 0, 2]);
    assert_eq!([0, 1, 2].map(|gateway| accepted(gateway, 3.0..3.5)), [0; 3]);
    assert_eq!([0, 1, 2].map(|gateway| accepted(gateway, 0.0..8.0)), [8; 3]);
    let silent = attempts.iter().filter(|attempt| attempt.outcome == Outcome::Silent);
    assert!(
        silent.clone().count() > 3 && silent.clone().all(|attempt| attempt.gateway == 0 && attempt.start < HOUR * 2)
    );
}

#[test]
fn orders_arrive_although_clocks_jump_and_both_sides_change_their_certificates() {
    let scenario = Scenario {
        clock_jumps: 100_000,
        lifetime: HOUR * 2 / 3,
        late: HOUR / 6,
        supplier_lifetime: HOUR / 3,
        ..Scenario::calm(seed(), 10, HOUR * 6)
    };
    let report = verified(&scenario);
    assert_eq!((report.stored, report.accepted), (120, 120));
    let causes = |cause| report.timeline.gateways.iter().flatten().filter(|outage| outage.cause == cause).count();
    assert!(causes(Cause::Clock) > 10 && causes(Cause::Certificate) > 50);
    for said in ["not yet valid", "has expired", "rejected us: certificate_expired"] {
        assert!(report.outcomes.keys().any(|outcome| outcome.contains(said)), "{said}");
    }
}
