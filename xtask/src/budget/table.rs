//! Tables of figures: written to a page, and read from it again.

use std::fmt::Write;

/// A table that grows by rows.
pub(crate) struct Table(String);

impl Table {
    /// Begins a table with columns of words, then columns of numbers.
    pub(crate) fn new(words: &[&str], numbers: &[&str]) -> Self {
        let mut table = Self(String::new());
        table.row(words.iter().chain(numbers));
        let rule = ["---|".repeat(words.len()), "---:|".repeat(numbers.len())].concat();
        // Writing to a string cannot fail.
        let _ = writeln!(table.0, "|{rule}");
        table
    }

    /// Adds a row of some words and some numbers.
    pub(crate) fn line<const N: usize>(&mut self, words: [&str; N], numbers: &[u64]) {
        let numbers: Vec<_> = numbers.iter().copied().map(grouped).collect();
        self.row(words.into_iter().chain(numbers.iter().map(String::as_str)));
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = impl AsRef<str>>) {
        self.0.push('|');
        for cell in cells {
            // Writing to a string cannot fail.
            let _ = write!(self.0, " {} |", cell.as_ref());
        }
        self.0.push('\n');
    }

    /// Returns its text.
    pub(crate) fn into_text(self) -> String {
        self.0
    }
}

/// A row of a table of a page.
#[derive(Debug)]
pub(crate) struct Row<'p> {
    /// Heading of the section.
    pub(crate) heading: &'p str,
    /// Each cell with the name of its column.
    pub(crate) cells: Vec<(String, &'p str)>,
}

impl Row<'_> {
    /// Returns the cell in a column, empty if there is none.
    pub(crate) fn text(&self, column: &str) -> &str {
        self.cells.iter().find(|(name, _)| name == column).map_or("", |(_, cell)| *cell)
    }

    /// Returns the number in a column.
    pub(crate) fn number(&self, column: &str) -> Option<u64> {
        number(self.text(column))
    }
}

/// Reads the rows of all tables of a page.
pub(crate) fn rows(page: &str) -> Vec<Row<'_>> {
    let (mut heading, mut titles, mut rows) = ("", Vec::<String>::new(), Vec::new());
    for line in page.lines() {
        if let Some(text) = line.strip_prefix('#') {
            heading = text.trim_start_matches('#').trim();
        }
        if line.starts_with("|---") {
            continue;
        }
        let Some(row) = line.strip_prefix("| ").and_then(|rest| rest.strip_suffix(" |")) else {
            titles.clear();
            continue;
        };
        let cells: Vec<_> = row.split(" | ").collect();
        if titles.is_empty() {
            titles = named(&cells);
        } else {
            rows.push(Row { heading, cells: titles.iter().cloned().zip(cells).collect() });
        }
    }
    rows
}

/// Names the columns: a title in small letters continues the last one that is not, as `of a server` from `Flash of a client`.
fn named(titles: &[&str]) -> Vec<String> {
    let (mut head, mut names) = ("", Vec::new());
    for title in titles {
        if title.starts_with(char::is_lowercase) {
            names.push(format!("{head}, {title}"));
        } else {
            head = title;
            names.push((*title).to_owned());
        }
    }
    names
}

/// Reads a number with its digits in groups.
pub(crate) fn number(cell: &str) -> Option<u64> {
    cell.replace(',', "").parse().ok()
}

/// Writes digits in groups of three.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_three() {
        assert_eq!([0, 999, 1_000, 43_308, 1_234_567].map(grouped).join(" "), "0 999 1,000 43,308 1,234,567");
    }

    #[test]
    fn a_table_is_read_as_it_was_written() {
        let mut table = Table::new(&["Build"], &["Flash", "RAM"]);
        table.line(["small"], &[1_234, 56]);
        let text = format!("## Section\n\n{}", table.into_text());
        let [row] = rows(&text).try_into().unwrap();
        assert_eq!((row.heading, row.text("Build")), ("Section", "small"));
        assert_eq!((row.number("Flash"), row.number("RAM"), row.number("Build")), (Some(1_234), Some(56), None));
    }

    #[test]
    fn columns_that_continue_different_ones_are_not_confused() {
        let page = "## A\n| Build | Flash of a client | of a server | RAM of a client | of a server |\n| s | 1 | 2 | 3 | 4 |\n";
        let [row] = rows(page).try_into().unwrap();
        assert_eq!(row.number("Flash of a client, of a server"), Some(2));
        assert_eq!(row.number("RAM of a client, of a server"), Some(4));
    }
}
