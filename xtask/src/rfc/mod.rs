//! The requirements of the RFCs, each with the code that keeps it and the test that shows it, or the reason why there is
//! neither. The lists are in `docs/rfc`, and `docs/rfc.md` is written from them.

mod list;
mod page;
mod places;
mod text;

use crate::run::{Failure, Result, keep_page, root};
use list::List;
use std::path::Path;

/// The page that shows the lists.
const PAGE: &str = "docs/rfc.md";

/// Checks the lists and the page; with texts of RFCs, also that no requirement in them is missing.
pub(crate) fn run(texts: &[String], write: bool) -> Result<()> {
    let lists = read_lists()?;
    let mut problems: Vec<String> = lists.iter().flat_map(List::problems).collect();
    problems.extend(places::problems(&lists)?);
    for file in texts {
        let text = std::fs::read_to_string(file).map_err(|error| Failure::new(format!("{file}: {error}")))?;
        let number = text::number(file);
        let Some(list) = lists.iter().find(|list| list.number == number) else {
            return Err(Failure::new(format!("{file}: there is no list `docs/rfc/{number}.txt`")));
        };
        let sentences = text::sentences(file, &text);
        println!("  RFC {number}: {} sentences in the text", list.covered(&sentences).count());
        problems.extend(list.missing(&sentences));
    }
    fail_if_any(&problems)?;
    keep_page(PAGE, &page::page(&lists), write, "rfc")?;
    let all = lists.iter().map(|list| list.requirements.len()).sum::<usize>();
    let kept = lists.iter().map(List::kept).sum::<usize>();
    println!("  {all} requirements: {kept} with code and test, {} with a reason instead", all - kept);
    Ok(())
}

/// Checks the lists and the page.
pub(crate) fn check() -> Result<()> {
    run(&[], false)
}

fn read_lists() -> Result<Vec<List>> {
    let directory = root().join("docs/rfc");
    let unreadable = |path: &Path, error: std::io::Error| Failure::new(format!("{}: {error}", path.display()));
    let entries = std::fs::read_dir(&directory).map_err(|error| unreadable(&directory, error))?;
    let mut files = Vec::new();
    for entry in entries {
        files.push(entry.map_err(|error| unreadable(&directory, error))?.path());
    }
    // The newest RFC, that of TLS, comes first.
    files.sort();
    files.reverse();
    let read = |path: &std::path::PathBuf| {
        let text = std::fs::read_to_string(path).map_err(|error| unreadable(path, error))?;
        List::parse(&text).map_err(|what| Failure::new(format!("{}: {what}", path.display())))
    };
    files.iter().map(read).collect()
}

fn fail_if_any(problems: &[String]) -> Result<()> {
    if problems.is_empty() { Ok(()) } else { Err(Failure::new(problems.join("\n"))) }
}
