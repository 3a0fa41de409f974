//! Our results beside those of rustls: `rustls.txt` has the tests that it passes.

use crate::outcome::{Outcome, Results};
use std::collections::BTreeMap;

/// The tests that rustls passes, each with the reason why it is not run here if the shim cannot tell.
pub(crate) type Passed = BTreeMap<&'static str, Option<&'static str>>;

/// The tests that rustls passes, by what came of them here.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Compared {
    pub(crate) passed: usize,
    /// Tests that pass here, and not there.
    pub(crate) passed_here_only: usize,
    pub(crate) failed: Vec<String>,
    /// By the reason.
    pub(crate) not_run: BTreeMap<String, Vec<String>>,
}

/// Reads the list.
pub(crate) fn passed() -> Passed {
    let lines = include_str!("../rustls.txt").lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.split_once(' ').map_or((line, None), |(name, reason)| (name, Some(reason)))).collect()
}

impl Compared {
    /// Compares all results with the list. `reasons` runs tests again, one after the other, and gives the reason of each.
    pub(crate) fn new(
        results: &Results,
        list: &Passed,
        reasons: impl FnOnce(&[String]) -> Result<BTreeMap<String, String>, String>,
    ) -> Result<Self, String> {
        let mut compared = Self::default();
        let mut asked = Vec::new();
        for (&name, own) in list {
            match (results.outcomes.get(name), own) {
                (Some(Outcome::NotRun), None) => asked.push(name.to_owned()),
                (Some(Outcome::NotRun), Some(reason)) => compared.keep(reason, name),
                (Some(_), Some(_)) => return Err(format!("{name} is run: take its reason out of rustls.txt")),
                (Some(Outcome::Passed), None) => compared.passed += 1,
                (Some(Outcome::Failed(_)), None) => compared.failed.push(name.to_owned()),
                (None, _) => return Err(format!("{name} in rustls.txt is no test of the runner")),
            }
        }
        compared.passed_here_only = results.count(|_, outcome| *outcome == Outcome::Passed) - compared.passed;
        let reasons = reasons(&asked)?;
        for name in asked {
            let reason = reasons.get(&name).ok_or_else(|| format!("no reason why {name} is not run"))?;
            compared.keep(reason, &name);
        }
        Ok(compared)
    }

    fn keep(&mut self, reason: &str, name: &str) {
        self.not_run.entry(reason.to_owned()).or_default().push(name.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_test_that_rustls_passes_is_counted_once() {
        let results =
            Results::parse("PASSED (a)\nFAILED (b)\nwhy\nUNIMPLEMENTED (c)\nUNIMPLEMENTED (d)\nPASSED (e)\n", "");
        let list = [("a", None), ("b", None), ("c", None), ("d", Some("its own"))].into();
        let asked = |names: &[String]| Ok(names.iter().map(|name| (name.clone(), "0-RTT".to_owned())).collect());
        let compared = Compared::new(&results, &list, asked).unwrap();
        let not_run = [("0-RTT", "c"), ("its own", "d")];
        let not_run = not_run.map(|(reason, name)| (reason.to_owned(), vec![name.to_owned()])).into();
        assert_eq!(compared, Compared { passed: 1, passed_here_only: 1, failed: vec!["b".into()], not_run });
    }

    #[test]
    fn an_entry_that_is_not_true_is_an_error() {
        let results = Results::parse("PASSED (a)\nUNIMPLEMENTED (c)\n", "");
        let none = |_: &[String]| Ok(BTreeMap::new());
        for (list, problem) in [
            ([("a", Some("its own"))], "a is run: take its reason out of rustls.txt"),
            ([("b", None)], "b in rustls.txt is no test of the runner"),
            ([("c", None)], "no reason why c is not run"),
        ] {
            assert_eq!(Compared::new(&results, &list.into(), none).unwrap_err(), problem);
        }
    }

    #[test]
    fn the_list_is_in_order_and_names_each_test_once() {
        let names = include_str!("../rustls.txt").lines().filter(|line| !line.starts_with('#'));
        let names: Vec<_> = names.filter_map(|line| line.split(' ').next()).collect();
        assert!(names.is_sorted() && names.len() == passed().len());
    }
}
