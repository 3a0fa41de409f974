//! The page of figures, and the copy of its first table in the README.

use super::peers::{CLIENTS, FIRST_BAR, GOAL};
use super::{BuildSize, TypeSize};
use crate::features::MEASURED_TARGET;
use crate::run::{Failure, Result, root};
use std::fmt::Write;

const PAGE: &str = "docs/budget.md";
const README: &str = "README.md";

/// The figures between these lines are the same in the page and in the README.
const BEGIN: &str = "<!-- figures: cargo xtask budget --write -->\n";
const END: &str = "<!-- end of figures -->\n";

/// The whole page.
pub(crate) fn page(types: &[TypeSize], builds: &[BuildSize]) -> String {
    let mut page = format!(
        "# Budget\n\nWritten by `cargo xtask budget --write`; all of this crate's figures are measured. \
         Bytes, for `{MEASURED_TARGET}`.\n\n## Flash\n\n\
         What the images of `boards/size` add to an empty image in the same frame (start-up code, UART, \
         certificates, request). Fat LTO, one codegen unit, panic = abort.\n\n{BEGIN}{}{END}\n",
        flash(builds)
    );
    page.push_str(&compared(builds));
    page.push_str(&sizes(types));
    page
}

fn flash(builds: &[BuildSize]) -> String {
    let mut table = String::from(
        "| Algorithms | opt-level | Client | Server | Both | RAM: buffers |\n|---|---|---:|---:|---:|---:|\n",
    );
    for BuildSize { build, flash, statics } in builds {
        let [client, server, both] = flash.map(grouped);
        row(&mut table, &[build.algorithms, build.what, &client, &server, &both, &grouped(*statics)]);
    }
    table
}

fn compared(builds: &[BuildSize]) -> String {
    let mut table = String::from(
        "### A client beside others\n\nThe other implementations were measured elsewhere with the same method, with \
         AES-128-GCM and P-256 alone; the bars are this project's own.\n\n\
         | Client | Flash | RAM with stack |\n|---|---:|---:|\n",
    );
    for BuildSize { build, flash: [client, ..], .. } in builds {
        let name = format!("**embedded-mtls**, {}, opt-level {}", build.algorithms, build.what);
        row(&mut table, &[&name, &grouped(*client), "stack not measured yet"]);
    }
    row(&mut table, &["*goal*", &grouped(GOAL), "8,000"]);
    row(&mut table, &["*first bar*", &grouped(FIRST_BAR), "14,000"]);
    for peer in CLIENTS {
        row(&mut table, &[peer.name, &grouped(peer.flash), &grouped(peer.ram)]);
    }
    table.push('\n');
    table
}

fn sizes(types: &[TypeSize]) -> String {
    let mut table = String::from(
        "## Sizes of the public types\n\nBytes that a value takes where it lies; what is lent to it comes on top.\n\n\
         | Type | Device | 64-bit host |\n|---|---:|---:|\n",
    );
    for size in types {
        row(&mut table, &[&format!("`{}`", size.name), &grouped(size.device), &grouped(size.host)]);
    }
    table
}

fn row(table: &mut String, cells: &[&str]) {
    table.push('|');
    for cell in cells {
        // Writing to a string cannot fail.
        let _ = write!(table, " {cell} |");
    }
    table.push('\n');
}

/// Keeps `page`, and its figures in the README.
pub(crate) fn write(page: &str) -> Result<()> {
    save(PAGE, page)?;
    let path = root().join(README);
    let readme = std::fs::read_to_string(&path).map_err(|error| Failure::new(format!("{README}: {error}")))?;
    save(README, &with_figures(&readme, page)?)
}

fn with_figures(readme: &str, page: &str) -> Result<String> {
    let (_, figures, _) = parts(page).ok_or_else(|| Failure::new(format!("{PAGE} has no figures")))?;
    let (before, _, after) =
        parts(readme).ok_or_else(|| Failure::new(format!("{README} has no place for the figures: {BEGIN}")))?;
    Ok(format!("{before}{BEGIN}{figures}{END}{after}"))
}

/// What stands before, between and after the two lines.
fn parts(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (figures, after) = rest.split_once(END)?;
    Some((before, figures, after))
}

fn save(name: &str, text: &str) -> Result<()> {
    std::fs::write(root().join(name), text).map_err(|error| Failure::new(format!("{name}: {error}")))
}

/// Digits in groups of three.
fn grouped(number: u64) -> String {
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
    fn the_readme_states_the_figures_that_were_measured() {
        let read = |name: &str| std::fs::read_to_string(root().join(name)).unwrap();
        let (page, readme) = (read(PAGE), read(README));
        let figures = |text: &str| parts(text).map(|(_, figures, _)| figures.to_owned());
        assert!(figures(&page).is_some_and(|figures| figures.contains("| Client |")));
        assert_eq!(figures(&page), figures(&readme), "run: cargo xtask budget --write");
    }

    #[test]
    fn writing_replaces_only_the_figures() {
        let readme = format!("before\n{BEGIN}old\n{END}after\n");
        let page = format!("page\n{BEGIN}new\n{END}rest\n");
        assert_eq!(with_figures(&readme, &page).unwrap(), format!("before\n{BEGIN}new\n{END}after\n"));
        assert!(with_figures("no place", &page).is_err());
    }
}
