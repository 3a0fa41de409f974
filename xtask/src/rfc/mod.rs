//! The requirements of the RFCs, each with the code that keeps it and the test that shows it, or the reason why there is
//! neither. The lists are in `docs/rfc`, and `docs/rfc.md` is written from them.

mod list;
mod page;
mod places;
mod text;

use crate::run::{Failure, Result, keep_page, root, told};
use list::List;

/// The page that shows the lists.
const PAGE: &str = "docs/rfc.md";

/// Checks the lists and the page; with texts of RFCs, also that no requirement in them is missing.
pub(crate) fn run(texts: &[String], write: bool) -> Result<()> {
    let lists = read_lists()?;
    let mut problems: Vec<String> = lists.iter().flat_map(List::problems).collect();
    problems.extend(places::problems(&lists)?);
    for file in texts {
        let text = told(file, std::fs::read_to_string(file))?;
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
    let mut files = Vec::new();
    for entry in told(&directory, std::fs::read_dir(&directory))? {
        files.push(told(&directory, entry)?.path());
    }
    // The newest RFC, that of TLS, comes first.
    files.sort();
    files.reverse();
    let read = |path: &std::path::PathBuf| {
        let text = told(path, std::fs::read_to_string(path))?;
        told(path, List::parse(&text))
    };
    files.iter().map(read).collect()
}

fn fail_if_any(problems: &[String]) -> Result<()> {
    if problems.is_empty() { Ok(()) } else { Err(Failure::new(problems.join("\n"))) }
}
