//! The page `docs/limits.md`: the size of each buffer, and each limit with its reason.
#![allow(missing_docs)]

mod constants;
mod expression;
mod sizes;

use std::fs;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/limits.md");
/// Set, it rewrites the table of limits.
const REWRITE: &str = "REWRITE_LIMITS";
const HEADING: &str = "## Limits of messages, with their reasons\n";

#[test]
fn the_page_has_the_limits_of_the_source() {
    let page = fs::read_to_string(PAGE).unwrap();
    let start = page.find(HEADING).expect("the heading of the table");
    let table = start + page[start..].find("| Message |").expect("a table");
    let end = table + page[table..].find("\n\n").map_or(page.len() - table, |end| end + 1);
    let new = [&page[..table], &constants::table(), &page[end..]].concat();
    if std::env::var_os(REWRITE).is_some() {
        fs::write(PAGE, new).unwrap();
        return;
    }
    let differ = page.lines().zip(new.lines()).find(|(old, new)| old != new);
    assert!(page == new, "docs/limits.md is old ({REWRITE}=1 rewrites it), first in {differ:#?}");
}
