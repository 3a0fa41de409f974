//! The page that shows the lists.

use super::list::{List, Place, Requirement};
use std::fmt::Write;

const HEAD: &str = "# Requirements

Each sentence with MUST or MUST NOT in the sections of the RFCs that concern this library, with the code that keeps it and a test
that shows it. Where there is neither, the reason says why: the sentence binds someone else, or concerns a feature that is not
implemented; or it is not kept, and the reason says what happens instead. `cargo xtask rfc` checks that all of them exist, that the code cites the section, and that no requirement is left without
an answer; it is a part of the step `docs`. `cargo xtask rfc rfc9846.txt ...` compares the lists with the texts of the RFCs: each
sentence has to be there. The lists are in `docs/rfc`; `cargo xtask rfc --write` writes this page.

A quotation is a part of its sentence. \"issuer\" is an authority that issues certificates, and \"other\" anyone who is neither client
nor server.
";

/// Writes the page.
pub(crate) fn page(lists: &[List]) -> String {
    let mut page = String::from(HEAD);
    page.push_str("\n| RFC | Requirements | With code and test | With a reason |\n|---|--:|--:|--:|\n");
    let mut sums = (0, 0);
    for list in lists {
        let (all, kept) = (list.requirements.len(), list.kept());
        row(&mut page, &format!("{}, {}", list.number, list.title), all, kept);
        sums = (sums.0 + all, sums.1 + kept);
    }
    row(&mut page, "all", sums.0, sums.1);
    for list in lists {
        // Writing to a string cannot fail.
        let _ = write!(page, "\n## RFC {}: {}\n", list.number, list.title);
        for (number, title) in &list.sections {
            let _ = write!(
                page,
                "\n### {number} {title}\n\n| | Binds | Requirement | Code | Tests |\n|---|---|---|---|---|\n"
            );
            for requirement in list.requirements.iter().filter(|requirement| requirement.section() == number) {
                let _ = writeln!(page, "{}", requirement_row(requirement));
            }
        }
    }
    page
}

fn row(page: &mut String, name: &str, all: usize, kept: usize) {
    let _ = writeln!(page, "| {name} | {all} | {kept} | {} |", all - kept);
}

fn requirement_row(requirement: &Requirement) -> String {
    let Requirement { id, who, quotation, code, tests, reason, note } = requirement;
    let quotation = quotation.replace('|', "\\|").replace('<', "&lt;");
    let answer = match reason {
        Some(reason) => format!("none | {reason}"),
        None => format!(
            "{} | {}{}",
            places(code),
            places(tests),
            note.as_deref().map_or_else(String::new, |note| format!(". {note}"))
        ),
    };
    format!("| {id} | {who} | {quotation} | {answer} |")
}

fn places(places: &[Place]) -> String {
    places.iter().map(|place| format!("`{}: {}`", place.file, place.name)).collect::<Vec<_>>().join(", ")
}
