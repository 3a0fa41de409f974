//! The code and the tests that a list names.

use super::list::{List, Place};
use crate::run::{Failure, Result, read_file};
use std::collections::HashMap;

/// Returns the places that are not there, and those whose file does not cite the section.
pub(crate) fn problems(lists: &[List]) -> Result<Vec<String>> {
    let mut sources = Sources::default();
    let mut problems = Vec::new();
    for list in lists {
        for requirement in &list.requirements {
            for place in requirement.code.iter().chain(&requirement.tests) {
                let source = sources.read(&place.file)?;
                if !source.has(&place.name) {
                    problems.push(format!("{}: `{}` is not in {}", requirement.id, place.name, place.file));
                }
            }
            let cites = |place: &Place| sources.cites(place, &list.number, requirement.section());
            for place in requirement.code.iter().filter(|place| !cites(place)) {
                let (id, file, number) = (&requirement.id, &place.file, &list.number);
                problems.push(format!("{id}: {file} does not cite RFC {number} section {}", requirement.section()));
            }
        }
    }
    Ok(problems)
}

#[derive(Default)]
struct Sources(HashMap<String, Source>);

/// A file, and the sections that it cites.
struct Source {
    text: String,
    citations: Vec<(String, String)>,
}

impl Sources {
    fn read(&mut self, file: &str) -> Result<&Source> {
        if !self.0.contains_key(file) {
            let text = read_file(file)?;
            let citations = citations(&text);
            self.0.insert(file.into(), Source { text, citations });
        }
        self.0.get(file).ok_or_else(|| Failure::new(format!("{file}: not read")))
    }

    fn cites(&self, place: &Place, rfc: &str, section: &str) -> bool {
        let is_it = |(number, cited): &(String, String)| number == rfc && cited == section;
        self.0.get(&place.file).is_some_and(|source| source.citations.iter().any(is_it))
    }
}

impl Source {
    /// Returns whether an item has this name, a function of a type this one (`Type::function`), or, if the name has a
    /// space, a string is this text.
    fn has(&self, name: &str) -> bool {
        if name.contains(' ') {
            return self.text.contains(&format!("\"{name}\""));
        }
        let Some((kind, function)) = name.split_once("::") else { return has_item(&self.text, name) };
        self.text.split("\nimpl").skip(1).any(|block| {
            let head = block.split('{').next().unwrap_or_default();
            head.split(|c: char| !is_of_name(c)).any(|word| word == kind) && has_item(block, function)
        })
    }
}

fn has_item(text: &str, name: &str) -> bool {
    let items = ["fn", "struct", "enum", "const", "static", "trait", "type", "mod"];
    items.iter().any(|kind| {
        let item = format!("{kind} {name}");
        text.match_indices(&item)
            .any(|(at, _)| !text.get(at + item.len()..).unwrap_or_default().starts_with(is_of_name))
    })
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Returns the citations of a text, as in `RFC 9846 sections 4.2.2, 4.3 and 4.3.8`.
fn citations(text: &str) -> Vec<(String, String)> {
    // A citation may continue on the next line of its comment.
    let is_leader = |word: &&str| !matches!(*word, "//" | "///" | "//!");
    let words: Vec<&str> = text.split_whitespace().filter(is_leader).collect();
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let mut rest = words.iter().skip(at + 1);
        let number = rest.next().map_or("", |number| number.trim_end_matches("'s"));
        let kind = rest.next().map_or("", |kind| kind.trim_matches('`'));
        if !word.ends_with("RFC") || !matches!(kind, "section" | "sections" | "appendix" | "appendices") {
            continue;
        }
        for word in rest {
            let section = word.trim_matches(|c: char| !c.is_alphanumeric());
            let is_section = section.chars().all(|c| c.is_ascii_alphanumeric() || c == '.')
                && section.split('.').skip(1).all(|part| part.chars().all(|c| c.is_ascii_digit()))
                && (section.starts_with(|c: char| c.is_ascii_digit())
                    || section.split('.').next().is_some_and(|part| part.len() == 1));
            match section {
                "and" | "to" | "appendix" | "section" => {}
                _ if is_section => found.push((number.to_owned(), section.to_owned())),
                // Paragraphs of a section, as in `6.1.3 (a)(1)`.
                _ if word.starts_with('(') => {}
                _ => break,
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn citations_are_found_across_lines_and_in_lists() {
        let text = "/// Cites (RFC 9846 section 4.3.8), RFC 5280 sections 6.1.3 (a)(1),\n/// 4.2 and 7, RFC 9846\n    /// appendix E.4: \"a\".";
        let found = citations(text);
        for (rfc, section) in [("9846", "4.3.8"), ("5280", "6.1.3"), ("5280", "4.2"), ("5280", "7"), ("9846", "E.4")] {
            assert!(found.contains(&(rfc.into(), section.into())), "{section} in {found:?}");
        }
        assert!(!found.contains(&("9846".into(), "4.3".into())));
    }

    #[test]
    fn an_item_has_its_whole_name_and_a_row_its_whole_text() {
        let source = Source {
            text: "fn one_more() {} const ROWS: [&str; 1] = [\"a row of a table\"];".into(),
            citations: vec![],
        };
        assert!(source.has("one_more") && source.has("ROWS") && source.has("a row of a table"));
        assert!(!source.has("one") && !source.has("a row of"));
        let text = "struct A;\nimpl A {\n fn new() {}\n}\nimpl<T> B<T> {\n fn old() {}\n}\n".into();
        let source = Source { text, citations: vec![] };
        assert!(source.has("A::new") && source.has("B::old") && !source.has("A::old") && !source.has("T2::old"));
    }
}
