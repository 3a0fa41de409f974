//! Comparing the figures of two pages.

use super::table::{Row, number, rows};
use crate::run::{Failure, Result};
use std::fmt::Write;

/// The percentage by which a figure may get worse. Figures are exact; this allows for changes of compilers and
/// dependencies.
const TOLERANCE: u64 = 2;

/// A number in a table of a page.
#[derive(Debug, PartialEq, Eq)]
struct Figure {
    /// Heading of the section, cells without a number, title of the column.
    name: String,
    value: u64,
}

/// Compares what was measured with what was kept: what changed is printed, what got worse is a failure.
/// `new` may have fewer rows than `old`.
pub(crate) fn compare(old: &str, new: &str) -> Result<()> {
    let old = figures(old);
    let mut worse = 0;
    for Figure { name, value } in figures(new) {
        let Some(before) = old.iter().find(|figure| figure.name == name).map(|figure| figure.value) else {
            println!("new     {name}: {value}");
            continue;
        };
        let verdict = match value {
            _ if value * 100 > before * (100 + TOLERANCE) => "WORSE",
            _ if value > before => "more",
            _ if value < before => "less",
            _ => continue,
        };
        worse += usize::from(verdict == "WORSE");
        println!("{verdict:<7} {name}: {value}, was {before}");
    }
    if worse == 0 {
        return Ok(());
    }
    let mut why = format!("{worse} figures are more than {TOLERANCE} % worse than docs/budget.md. ");
    // Writing to a string cannot fail.
    let _ = write!(why, "Mend that, or keep them with a reason: cargo xtask budget --write");
    Err(Failure::new(why))
}

/// Returns all figures in the tables of a page.
fn figures(page: &str) -> Vec<Figure> {
    let of = |Row { heading, cells }: &Row<'_>| {
        let words: Vec<_> = cells.iter().map(|(_, cell)| *cell).filter(|cell| number(cell).is_none()).collect();
        let row = words.join(", ");
        let figure = |(title, cell): &(String, &str)| {
            Some(Figure { name: format!("{heading}: {row}: {title}"), value: number(cell)? })
        };
        cells.iter().filter_map(figure).collect::<Vec<_>>()
    };
    rows(page).iter().flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# Budget\n\n## Flash\n\n| Build | Client |\n|---|---:|\n| s | 1,000 |\n| 3 | 2,000 |\n\ntext\n";

    #[test]
    fn figures_are_named_by_section_row_and_column() {
        let names: Vec<_> = figures(PAGE).into_iter().map(|figure| (figure.name, figure.value)).collect();
        assert_eq!(names[0], (String::from("Flash: s: Client"), 1_000));
    }

    #[test]
    fn two_percent_worse_is_allowed_and_no_more() {
        assert!(compare(PAGE, PAGE).is_ok());
        assert!(compare(PAGE, &PAGE.replace("1,000", "1,020")).is_ok());
        assert!(compare(PAGE, &PAGE.replace("1,000", "1,021")).is_err());
        assert!(compare(PAGE, &PAGE.replace("2,000", "20")).is_ok());
    }

    #[test]
    fn a_row_that_is_new_or_was_not_measured_is_not_a_failure() {
        assert!(compare("", PAGE).is_ok());
        assert!(compare(PAGE, &PAGE.replace("| s | 1,000 |\n", "")).is_ok());
    }
}
