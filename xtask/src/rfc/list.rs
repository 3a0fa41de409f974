//! The list of one RFC: a header, then a block for each requirement.
//!
//! ```text
//! RFC 9846: The Transport Layer Security (TLS) Protocol Version 1.3
//! sections: 4 5 6 7 9 E
//!
//! [4.5.3] Finished
//!
//! 4.5.3-1 both: Recipients of Finished messages MUST verify
//! code: src/key_schedule.rs: verify_finished
//! test: tests/refusals_client.rs: a_client_rejects_a_bad_finished
//! ```
//!
//! Instead of `code` and `test`, a requirement may have a `reason`; beside them, a `note`. A quotation is long enough to find its sentence, and
//! lies within it.

use super::text::{Sentence, plain};

/// The requirements of one RFC.
pub(crate) struct List {
    pub(crate) number: String,
    pub(crate) title: String,
    /// The sections it covers, with all below them.
    scope: Vec<String>,
    /// Number and title of each section that has a requirement.
    pub(crate) sections: Vec<(String, String)>,
    pub(crate) requirements: Vec<Requirement>,
}

/// One sentence of an RFC that says MUST.
pub(crate) struct Requirement {
    /// The section and a number in it.
    pub(crate) id: String,
    /// The side that the sentence binds.
    pub(crate) who: String,
    pub(crate) quotation: String,
    pub(crate) code: Vec<Place>,
    pub(crate) tests: Vec<Place>,
    /// Set if there is neither code nor test.
    pub(crate) reason: Option<String>,
    /// A remark beside code and tests.
    pub(crate) note: Option<String>,
}

/// A named item, test or row of a table in a file.
pub(crate) struct Place {
    pub(crate) file: String,
    pub(crate) name: String,
}

/// The sides that a sentence can bind: ours, an authority that issues certificates, or none that this library has.
const SIDES: [&str; 5] = ["client", "server", "both", "issuer", "other"];

impl List {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut lines = text.lines().filter(|line| !line.is_empty());
        let header = lines.next().and_then(|line| line.strip_prefix("RFC ")).and_then(|line| line.split_once(": "));
        let (number, title) = header.ok_or("the first line is not `RFC NUMBER: TITLE`")?;
        let scope = lines.next().and_then(|line| line.strip_prefix("sections: "));
        let scope = scope.ok_or("the second line is not `sections: ...`")?.split_whitespace().map(String::from);
        let mut list = Self {
            number: number.into(),
            title: title.into(),
            scope: scope.collect(),
            sections: Vec::new(),
            requirements: Vec::new(),
        };
        lines.try_for_each(|line| list.take(line).ok_or_else(|| format!("this line is not understood: {line}")))?;
        Ok(list)
    }

    fn take(&mut self, line: &str) -> Option<()> {
        if let Some(rest) = line.strip_prefix('[') {
            let (number, title) = rest.split_once("] ")?;
            self.sections.push((number.into(), title.into()));
            return Some(());
        }
        let (word, rest) = line.split_once(": ")?;
        match (word, self.requirements.last_mut()) {
            ("code", Some(requirement)) => requirement.code.push(Place::parse(rest)?),
            ("test", Some(requirement)) => requirement.tests.push(Place::parse(rest)?),
            ("reason", Some(requirement)) => requirement.reason = Some(rest.into()),
            ("note", Some(requirement)) => requirement.note = Some(rest.into()),
            _ => {
                let (id, who) = word.split_once(' ')?;
                id.split_once('-')?;
                self.requirements.push(Requirement {
                    id: id.into(),
                    who: who.into(),
                    quotation: rest.into(),
                    code: Vec::new(),
                    tests: Vec::new(),
                    reason: None,
                    note: None,
                });
            }
        }
        Some(())
    }

    /// Returns how many requirements have code and a test.
    pub(crate) fn kept(&self) -> usize {
        self.requirements.iter().filter(|requirement| requirement.reason.is_none()).count()
    }

    /// Returns the requirements without an answer, and those with a wrong section or side.
    pub(crate) fn problems(&self) -> Vec<String> {
        let mut seen = std::collections::HashSet::new();
        let check = |requirement: &Requirement| {
            let is_answered = match requirement.reason {
                Some(_) => requirement.code.is_empty() && requirement.tests.is_empty(),
                None => !requirement.code.is_empty() && !requirement.tests.is_empty(),
            };
            let has_section = self.sections.iter().any(|(number, _)| number == requirement.section());
            let problem = match requirement {
                _ if !is_answered => "has neither code and test nor a reason, or has both",
                _ if !seen.insert(requirement.id.clone()) => "is there twice",
                _ if !has_section => "has no heading of its section",
                _ if !SIDES.contains(&requirement.who.as_str()) => "binds an unknown side",
                _ if !requirement.quotation.contains("MUST") => "does not quote the word MUST",
                _ => return None,
            };
            Some(format!("RFC {}: {} {problem}", self.number, requirement.id))
        };
        self.requirements.iter().filter_map(check).collect()
    }

    /// Selects the sentences that the list has to have.
    pub(crate) fn covered<'a>(&'a self, sentences: &'a [Sentence]) -> impl Iterator<Item = &'a Sentence> {
        let is_below = |section: &str, top: &String| {
            section.strip_prefix(top.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        sentences.iter().filter(move |sentence| {
            sentence.has_must() && self.scope.iter().any(|top| is_below(&sentence.section, top))
        })
    }

    /// Returns the sentences that are not in the list, and the requirements that are not in the text.
    pub(crate) fn missing(&self, sentences: &[Sentence]) -> Vec<String> {
        let quotes = |requirement: &Requirement, sentence: &Sentence| {
            requirement.section() == sentence.section && sentence.text.contains(&plain(&requirement.quotation))
        };
        let unlisted = self
            .covered(sentences)
            .filter(|sentence| !self.requirements.iter().any(|requirement| quotes(requirement, sentence)));
        let unlisted = unlisted
            .map(|sentence| format!("RFC {} {}: not in the list: {}", self.number, sentence.section, sentence.text));
        let unknown = self.requirements.iter().filter_map(|requirement| {
            let found = self.covered(sentences).filter(|sentence| quotes(requirement, sentence)).count();
            (found != 1).then(|| {
                format!("RFC {}: the quotation of {} is {found} times in the text", self.number, requirement.id)
            })
        });
        unlisted.chain(unknown).collect()
    }
}

impl Requirement {
    pub(crate) fn section(&self) -> &str {
        self.id.split_once('-').map_or("", |(section, _)| section)
    }
}

impl Place {
    fn parse(text: &str) -> Option<Self> {
        let (file, name) = text.split_once(": ")?;
        Some(Self { file: file.into(), name: name.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::super::text::sentences;
    use super::*;

    const TEXT: &str =
        "# One\n\nA peer MUST answer. It may wait; it MUST NOT wait\nfor ever.\n\n## Below\n\nNo rule.\n";
    const HEAD: &str = "RFC 1: A text\nsections: 1\n\n[1] One\n\n";

    fn missing(rows: &str) -> Vec<String> {
        List::parse(&format!("{HEAD}{rows}")).unwrap().missing(&sentences("rfc1.md", TEXT))
    }

    #[test]
    fn a_sentence_that_is_not_listed_and_a_quotation_that_is_not_there_are_found() {
        let (one, two) = ("1-1 both: peer MUST answer\n", "1-2 both: MUST NOT wait for ever\n");
        assert!(missing(&format!("{one}{two}")).is_empty());
        assert!(missing(one)[0].contains("It may wait"));
        assert!(missing(&format!("{one}{two}1-3 both: MUST sleep\n"))[0].contains("1-3 is 0 times"));
    }

    #[test]
    fn a_requirement_needs_code_and_a_test_or_a_reason() {
        let problems = |rows: &str| List::parse(&format!("{HEAD}1-1 both: MUST\n{rows}")).unwrap().problems().len();
        let (code, test, reason) = ("code: src/a.rs: f\n", "test: tests/a.rs: t\n", "reason: Because.\n");
        assert_eq!(problems(&format!("{code}{test}")), 0);
        assert_eq!(problems(reason), 0);
        for rows in [String::new(), code.into(), test.into(), format!("{code}{test}{reason}")] {
            assert_eq!(problems(&rows), 1, "{rows}");
        }
        assert!(List::parse(&format!("{HEAD}what is this\n")).is_err());
    }
}
