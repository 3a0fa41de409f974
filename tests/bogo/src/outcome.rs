//! The outcomes of the tests, as the runner prints them.

use std::collections::BTreeMap;

/// The outcome of one test.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Passed,
    /// Failed, with the message of the runner.
    Failed(String),
    /// Skipped: it needs a feature that this library does not have.
    NotRun,
}

/// The outcomes of all tests.
#[derive(Debug, Default)]
pub(crate) struct Results {
    pub(crate) outcomes: BTreeMap<String, Outcome>,
    /// Why tests were not run: reason and count.
    pub(crate) not_run: BTreeMap<String, usize>,
    /// The tests that were not run, and the reasons, both in the order in which they ended.
    in_order: (Vec<String>, Vec<String>),
}

impl Results {
    /// Reads what the runner has printed with `-pipe`, and the lines that the shims have left.
    pub(crate) fn parse(printed: &str, reasons: &str) -> Self {
        let mut results = Self::default();
        let mut last = None;
        for line in printed.lines() {
            if let Some((name, outcome)) = heading(line) {
                if outcome == Outcome::NotRun {
                    results.in_order.0.push(name.to_owned());
                }
                results.outcomes.insert(name.to_owned(), outcome);
                last = Some(name);
            } else if let Some(Outcome::Failed(text)) = last.and_then(|name| results.outcomes.get_mut(name)) {
                let gap = if text.is_empty() { "" } else { "\n" };
                text.push_str(gap);
                text.push_str(line);
            }
        }
        for reason in reasons.lines() {
            *results.not_run.entry(reason.to_owned()).or_default() += 1;
            results.in_order.1.push(reason.to_owned());
        }
        results
    }

    /// Returns why each test was not run, if they were started one after the other.
    pub(crate) fn reasons(&self) -> Result<BTreeMap<String, String>, String> {
        let (names, reasons) = &self.in_order;
        if names.len() != reasons.len() {
            return Err(format!("{} tests were not run, for {} reasons", names.len(), reasons.len()));
        }
        Ok(names.iter().cloned().zip(reasons.iter().cloned()).collect())
    }

    /// Counts the tests with this outcome.
    pub(crate) fn count(&self, of: impl Fn(&str, &Outcome) -> bool) -> usize {
        self.outcomes.iter().filter(|(name, outcome)| of(name, outcome)).count()
    }
}

/// `PASSED (name)`, and so on.
fn heading(line: &str) -> Option<(&str, Outcome)> {
    let (word, name) = line.strip_suffix(')')?.split_once(" (")?;
    let outcome = match word {
        "PASSED" => Outcome::Passed,
        "FAILED" => Outcome::Failed(String::new()),
        "UNIMPLEMENTED" => Outcome::NotRun,
        _ => return None,
    };
    Some((name, outcome))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_test_has_its_outcome_and_a_failure_its_text() {
        let printed = "PASSED (a)\nFAILED (b)\nunexpected failure\n\tlocal: \"EOF\"\nUNIMPLEMENTED (c)\n\n";
        let results = Results::parse(printed, "DTLS\nQUIC\nDTLS\n");
        assert_eq!(results.outcomes["a"], Outcome::Passed);
        assert_eq!(results.outcomes["b"], Outcome::Failed("unexpected failure\n\tlocal: \"EOF\"".into()));
        assert_eq!(results.outcomes["c"], Outcome::NotRun);
        assert_eq!((results.not_run["DTLS"], results.not_run["QUIC"]), (2, 1));
        assert_eq!(results.reasons().unwrap_err(), "1 tests were not run, for 3 reasons");
    }

    #[test]
    fn reasons_belong_to_the_tests_in_their_order() {
        let results = Results::parse("UNIMPLEMENTED (b)\nPASSED (c)\nUNIMPLEMENTED (a)\n", "DTLS\nQUIC\n");
        let reasons = results.reasons().unwrap();
        assert_eq!((reasons["a"].as_str(), reasons["b"].as_str(), reasons.len()), ("QUIC", "DTLS", 2));
    }
}
