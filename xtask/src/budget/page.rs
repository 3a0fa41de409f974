//! The page of figures: its sections, and what is copied from it into the README.

use super::table::{Row, rows};
use super::{
    Extent, account, bars, chains, charts, cores, derived, functions, handshakes, peers, prose, resumed, types,
};
use crate::run::{Failure, Result, read_file, root, told};
use std::collections::BTreeMap;

const PAGE: &str = "docs/budget.md";
const README: &str = "README.md";

/// The table between this line and `END` is the same in the page and in the README.
pub(crate) const SHORT: &str = "<!-- figures: cargo xtask budget --write -->\n";
pub(crate) const END: &str = "<!-- end of figures -->\n";

/// A section of the page, up to the next one of the table below.
struct Section {
    heading: &'static str,
    text: Text,
}

/// The origin of what is below a heading.
enum Text {
    /// It is measured. The name is for `--only`.
    Measured(&'static str, fn(Extent) -> Result<String>),
    /// It is made from the rows of the sections that are measured.
    Derived(fn(&[Row<'_>]) -> String),
    /// It is neither.
    Written(fn() -> Result<String>),
}

use Text::{Derived, Measured, Written};

const SECTIONS: &[Section] = &[
    Section { heading: "## In short", text: Derived(derived::short) },
    Section { heading: "## Client and server", text: Measured("builds", handshakes::measure) },
    Section { heading: "### Profiles", text: Written(derived::profiles) },
    Section { heading: "### Time and energy", text: Derived(derived::time_and_energy) },
    Section { heading: "### Comparison with the bars", text: Derived(bars::compare) },
    Section { heading: "### Account of the flash", text: Measured("account", account::measure) },
    Section { heading: "### Other cores", text: Measured("cores", cores::measure) },
    Section { heading: "### A resumed handshake", text: Measured("resumed", resumed::measure) },
    Section { heading: "### A hybrid handshake", text: Measured("hybrid", handshakes::measure_hybrid) },
    Section { heading: "### Other clients", text: Measured("peers", peers::measure) },
    Section { heading: "## A chain without TLS", text: Measured("chains", chains::measure) },
    Section { heading: "## Stack of the public functions", text: Measured("functions", functions::measure) },
    Section { heading: "## Sizes of the public types", text: Measured("types", types::measure) },
];

/// Measures some of the sections, and returns them with their headings.
pub(crate) fn measured(names: &[&str], extent: Extent) -> Result<String> {
    let mut page = String::new();
    for Section { heading, text } in SECTIONS {
        if let Measured(name, measure) = text
            && names.contains(name)
        {
            page.push_str(&titled(heading, &measure(extent)?));
        }
    }
    Ok(page)
}

/// Makes the whole page. Of the sections that are measured, all are, or only the one with a name, and the others are as they were kept.
pub(crate) fn assemble(kept: &str, only: Option<&str>) -> Result<String> {
    if let Some(only) = only {
        let names: Vec<_> = SECTIONS.iter().filter_map(name).collect();
        if !names.contains(&only) {
            return Err(Failure::new(format!("there is no section `{only}`, but {}", names.join(", "))));
        }
    }
    let mut texts = BTreeMap::new();
    for (index, section) in SECTIONS.iter().enumerate() {
        if let Measured(name, measure) = section.text {
            let is_wanted = only.is_none_or(|only| only == name);
            let body = if is_wanted { measure(Extent::All)? } else { kept_body(kept, section).to_owned() };
            texts.insert(index, titled(section.heading, &body));
        }
    }
    let measured: String = texts.values().map(String::as_str).collect();
    let rows = rows(&measured);
    for (index, Section { heading, text }) in SECTIONS.iter().enumerate() {
        let body = match text {
            Measured(..) => continue,
            Derived(derive) => derive(&rows),
            Written(write) => write()?,
        };
        texts.insert(index, titled(heading, &body));
    }
    let sections: Vec<_> = texts.into_values().collect();
    Ok(format!("# Budget\n\n{}\n{}", prose::METHOD, sections.concat().trim_start()))
}

fn name(section: &Section) -> Option<&'static str> {
    if let Measured(name, _) = section.text { Some(name) } else { None }
}

fn titled(heading: &str, body: &str) -> String {
    format!("\n{heading}\n\n{}\n", body.trim())
}

/// Returns what a page has below the heading of a section, up to the next one.
fn kept_body<'p>(page: &'p str, section: &Section) -> &'p str {
    let Some((_, rest)) = page.split_once(&format!("\n{}\n", section.heading)) else { return "" };
    let next = SECTIONS.iter().filter_map(|section| rest.find(&format!("\n{}\n", section.heading))).min();
    rest.get(..next.unwrap_or(rest.len())).unwrap_or_default()
}

/// Reads the page as it was kept.
pub(crate) fn kept() -> Result<String> {
    read_file(PAGE)
}

/// Keeps `page`, its charts, and its shortest table in the README.
pub(crate) fn write(page: &str) -> Result<()> {
    save(PAGE, page)?;
    let rows = rows(page);
    save(charts::SIZE, &charts::size(&rows))?;
    save(charts::SPEED, &charts::speed(&rows))?;
    save(README, &with_table(&read_file(README)?, page)?)
}

fn with_table(readme: &str, page: &str) -> Result<String> {
    let (_, table, _) = around(page, SHORT).ok_or_else(|| Failure::new(format!("{PAGE} has no table: {SHORT}")))?;
    let (before, _, after) =
        around(readme, SHORT).ok_or_else(|| Failure::new(format!("{README} has no place for a table: {SHORT}")))?;
    Ok(format!("{before}{SHORT}{table}{END}{after}"))
}

/// Divides a text into what is before `begin`, between it and the next `END`, and behind that.
fn around<'t>(text: &'t str, begin: &str) -> Option<(&'t str, &'t str, &'t str)> {
    let (before, rest) = text.split_once(begin)?;
    let (table, after) = rest.split_once(END)?;
    Some((before, table, after))
}

fn save(name: &str, text: &str) -> Result<()> {
    told(name, std::fs::write(root().join(name), text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_states_what_was_measured() {
        let table = |name: &str| around(&read_file(name).unwrap(), SHORT).map(|(_, table, _)| table.to_owned());
        assert!(table(PAGE).is_some_and(|table| table.contains("| Client on a Cortex-M4 | Flash |")));
        assert_eq!(table(PAGE), table(README), "run: cargo xtask budget --write");
    }

    #[test]
    fn the_charts_show_what_was_measured() {
        let page = kept().unwrap();
        let rows = rows(&page);
        for (name, drawn) in [(charts::SIZE, charts::size(&rows)), (charts::SPEED, charts::speed(&rows))] {
            assert_eq!(read_file(name).unwrap(), drawn, "run: cargo xtask budget --write");
        }
    }

    #[test]
    fn writing_replaces_only_the_table() {
        let text = |table: &str| format!("before\n{SHORT}{table}{END}after\n");
        assert_eq!(with_table(&text("old\n"), &text("new\n")).unwrap(), text("new\n"));
        assert!(with_table("no place", &text("")).is_err());
    }

    #[test]
    fn the_page_has_every_section_that_is_measured() {
        let kept = kept().unwrap();
        for section in SECTIONS.iter().filter(|section| name(section).is_some()) {
            assert!(!kept_body(&kept, section).trim().is_empty(), "{}", section.heading);
        }
    }

    #[test]
    fn a_section_that_is_not_measured_is_kept() {
        let kept = kept().unwrap();
        let Section { heading, .. } = SECTIONS[1];
        let page = format!("# Budget\n{}\n## Sizes of the public types\n\nothers\n", titled(heading, "| kept |"));
        assert_eq!(kept_body(&page, &SECTIONS[1]).trim(), "| kept |");
        assert!(kept_body(&kept, &SECTIONS[1]).contains("### Parts of a handshake"));
    }

    #[test]
    fn a_section_that_does_not_exist_is_an_error_that_names_those_that_do() {
        let error = assemble("", Some("flash")).unwrap_err().to_string();
        assert!(error.contains("no section `flash`") && error.contains("builds") && error.contains("types"));
    }
}
