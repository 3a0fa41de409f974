//! The stack and the instructions of each entry point of our own cryptography, beside those that its README states.

use super::table::{grouped, number};
use crate::run::{Failure, Result, read_file};
use std::fmt::Write;

/// The page with the table.
const PAGE: &str = "crates/micro/README.md";
/// The first column of the table, and of its rows no other table has.
const TITLE: &str = "| Entry point |";
/// The word that the image prints before the name of an entry point and its figures.
const COST: &str = "cost ";
/// The percentage, and the least number, by which a figure may differ from the one that is stated.
const TOLERANCE: (u64, u64) = (3, 32);

/// The figures of an entry point: bytes of stack, those that are left with something other than zeros, instructions.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    name: String,
    figures: [u64; 3],
}

/// Takes the lines with costs out of what an image printed, and compares them with the table. Returns the other lines.
pub(crate) fn compare(output: &str) -> Result<String> {
    let text = read_file(PAGE)?;
    let costs = output.lines().filter(|line| line.starts_with(COST));
    let measured: Option<Vec<_>> = costs.map(measured).collect();
    let measured =
        measured.ok_or_else(|| Failure::new(format!("what the image printed is not understood:\n{output}")))?;
    if !agree(&stated(&text), &measured) {
        return Err(Failure::new(format!("{PAGE} states other figures than these:\n{}", table(&measured))));
    }
    Ok(without(output))
}

/// Returns the lines without costs.
pub(crate) fn without(output: &str) -> String {
    output.lines().filter(|line| !line.starts_with(COST)).flat_map(|line| [line, "\n"]).collect()
}

/// Parses `cost NAME USED LEFT INSTRUCTIONS`.
fn measured(line: &str) -> Option<Row> {
    let (name, figures) = line.strip_prefix(COST)?.split_once(' ')?;
    row(name, figures.split(' '))
}

/// Parses the table of a page.
fn stated(page: &str) -> Vec<Row> {
    let rows = page.lines().map(str::trim).skip_while(|line| !line.starts_with(TITLE));
    let rows = rows.skip(2).take_while(|line| line.starts_with('|'));
    rows.filter_map(|line| {
        let mut cells = line.trim_matches('|').split('|').map(str::trim);
        row(cells.next()?.trim_matches('`'), cells)
    })
    .collect()
}

fn row<'a>(name: &str, figures: impl Iterator<Item = &'a str>) -> Option<Row> {
    let figures: Option<Vec<u64>> = figures.map(number).collect();
    Some(Row { name: name.to_owned(), figures: figures?.try_into().ok()? })
}

/// Returns whether both have the same entry points, in any order, with nearly the same figures.
fn agree(stated: &[Row], measured: &[Row]) -> bool {
    let (percent, least) = TOLERANCE;
    let is_near = |(stated, measured): (&u64, &u64)| stated.abs_diff(*measured) <= least.max(stated * percent / 100);
    let is_stated = |row: &Row| {
        let stated = stated.iter().find(|stated| stated.name == row.name);
        stated.is_some_and(|stated| stated.figures.iter().zip(&row.figures).all(is_near))
    };
    !measured.is_empty() && stated.len() == measured.len() && measured.iter().all(is_stated)
}

/// Writes the table as the page has it.
fn table(rows: &[Row]) -> String {
    let mut text = format!("{TITLE} Stack | Left | Instructions |\n|---|---:|---:|---:|\n");
    for Row { name, figures: [used, left, instructions] } in rows {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "| `{name}` | {} | {} | {} |", grouped(*used), grouped(*left), grouped(*instructions));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Row> {
        ["cost agree 3056 44 777827", "cost hmac 1232 32 13143"].map(|line| measured(line).unwrap()).into()
    }

    #[test]
    fn a_table_is_read_as_it_is_written() {
        let page = format!("# Page\n\n| Other | 1 |\n|---|---|\n| `a` | 2 |\n\n{}\n\ntext\n", table(&rows()));
        assert!(page.contains("| `agree` | 3,056 | 44 | 777,827 |"));
        assert_eq!(stated(&page), rows());
        assert!(agree(&stated(&page), &rows()));
    }

    #[test]
    fn a_figure_that_is_far_from_the_stated_one_is_found() {
        for (index, near, far) in [(0, 3056 + 91, 3056 + 92), (1, 44 + 32, 44 + 33), (2, 777_827 - 23_334, 754_492)] {
            let mut other = rows();
            other[0].figures[index] = near;
            assert!(agree(&rows(), &other), "{index}");
            other[0].figures[index] = far;
            assert!(!agree(&rows(), &other), "{index}");
        }
    }

    #[test]
    fn an_entry_point_that_is_not_stated_or_not_measured_is_found() {
        assert!(!agree(&rows(), &rows()[..1]));
        assert!(!agree(&rows()[..1], &rows()));
        assert!(!agree(&[], &[]));
        assert_eq!(measured("cost agree 3056 44"), None);
    }
}
