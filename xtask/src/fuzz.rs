//! The fuzz targets in turn, each for some minutes by libFuzzer. `docs/fuzzing.md` adds up the time.

mod coverage;

use crate::run::{Failure, Finished, Result, Run, keep_page, read_file, root, rows, told};
use std::fmt::Write;
use std::fs;

/// The folder of the targets.
const FUZZ: &str = "fuzz";
/// The folder of inputs that were found, in [`FUZZ`].
const CORPUS: &str = "target/corpus";
/// The folder of inputs that failed, in [`FUZZ`].
const FAILED: &str = "target/failed";

const PAGE: &str = "docs/fuzzing.md";
const TARGETS: &str = "## The targets\n";
const COVERAGE: &str = "## Lines that are reached\n";

/// Minutes of each target, if nothing else is asked for.
pub(crate) const MINUTES: u32 = 10;

/// Build of the fuzzer: without a sanitizer, since there is no unsafe code that one would watch.
const BUILD: &str = "--sanitizer none";

/// The row of a target.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    name: String,
    what: String,
    minutes: u32,
    inputs: u64,
    findings: u32,
}

/// Runs these targets, or all, each for some minutes; with `write`, adds that to the page.
pub(crate) fn run(names: &[String], minutes: u32, write: bool) -> Result<()> {
    let mut rows = targets()?;
    check_names(names, &rows)?;
    let tool = "the fuzzer is needed: `rustup toolchain install nightly` and `cargo install cargo-fuzz --locked`";
    let build = Run::cargo("+nightly fuzz build").words(BUILD).within(FUZZ);
    Run::cargo("+nightly fuzz --version").read().map_err(|_| Failure::new(tool))?;
    write_seeds()?;
    println!("  $ {build}");
    build.succeed()?;
    told(FAILED, fs::create_dir_all(root().join(FUZZ).join(FAILED)))?;
    let mut failed = Vec::new();
    for row in rows.iter_mut().filter(|row| names.is_empty() || names.contains(&row.name)) {
        if !fuzz(row, minutes)? {
            failed.push(row.name.clone());
        }
        // Kept after each target, so that an interruption loses only the one that runs.
        if write {
            keep(std::slice::from_ref(row))?;
        }
    }
    if failed.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!("these targets failed, with inputs in {FUZZ}/{FAILED}: {}", failed.join(", "))))
}

/// Prints which part of each module these targets, or all, reach on the inputs that are kept; with `write`, also on the
/// page, which is about all of them.
pub(crate) fn coverage(names: &[String], write: bool) -> Result<()> {
    if write && !names.is_empty() {
        return Err(Failure::new(format!("{PAGE} is about all targets: leave out their names, or `--write`")));
    }
    let rows = targets()?;
    check_names(names, &rows)?;
    let all: Vec<_> = rows.into_iter().map(|row| row.name).collect();
    let targets = if names.is_empty() { &all } else { names };
    write_seeds()?;
    targets.iter().try_for_each(|target| make_corpus(target).map(drop))?;
    let mut table = String::from("| Module | Lines | Reached | |\n|---|---:|---:|---:|\n");
    for (module, lines) in coverage::measure(targets)? {
        let percent = 100 * lines.reached / lines.all.max(1);
        let [all, reached] = [lines.all, lines.reached].map(crate::budget::grouped);
        // Writing to a string cannot fail.
        let _ = writeln!(table, "| `{module}` | {all} | {reached} | {percent} % |");
    }
    println!("{table}");
    if write { keep_page(PAGE, &with_table(&read_file(PAGE)?, COVERAGE, &table)?, true, "coverage") } else { Ok(()) }
}

/// Runs a target, and adds to its row. Returns whether it found nothing.
fn fuzz(row: &mut Row, minutes: u32) -> Result<bool> {
    let corpus = make_corpus(&row.name)?;
    // The program that was built, not what the sources have become meanwhile.
    let program = root().join(FUZZ).join(format!("target/{}/release/{}", host()?, row.name));
    let run = Run::new(&program.display().to_string()).words(&corpus);
    let run = run.words(&format!("-max_total_time={} -timeout=60 -print_final_stats=1", minutes * 60));
    let run = run.words(&format!("-artifact_prefix={FAILED}/{}-", row.name)).within(FUZZ);
    println!("  $ {run}");
    let Finished { is_good, stderr: said, .. } = run.finish()?;
    let inputs = inputs(&said).ok_or_else(|| Failure::new(format!("no figures from: {run}\n{said}")))?;
    println!("    {inputs} inputs");
    row.minutes += minutes;
    row.inputs += inputs;
    row.findings += u32::from(!is_good);
    if !is_good {
        println!("{said}");
    }
    Ok(is_good)
}

/// Fails if one of the names is not that of a target.
fn check_names(names: &[String], rows: &[Row]) -> Result<()> {
    let Some(unknown) = names.iter().find(|name| rows.iter().all(|row| row.name != **name)) else { return Ok(()) };
    let known: Vec<_> = rows.iter().map(|row| &row.name[..]).collect();
    Err(Failure::new(format!("there is no target `{unknown}`, only: {}", known.join(", "))))
}

/// Returns the name of this machine, which is in the paths of programs.
fn host() -> Result<String> {
    Ok(Run::new("rustc").words("+nightly --print host-tuple").read()?.trim().to_owned())
}

/// Writes the inputs with which targets begin.
fn write_seeds() -> Result<()> {
    Run::cargo("run --quiet --locked --example seeds --").arg(CORPUS).within(FUZZ).succeed()
}

/// Makes the folder for the inputs of a target, if it is not there, and returns its path within the crate of the targets.
fn make_corpus(target: &str) -> Result<String> {
    let corpus = format!("{CORPUS}/{target}");
    let folder = root().join(FUZZ).join(&corpus);
    told(&corpus, fs::create_dir_all(folder))?;
    Ok(corpus)
}

/// Returns the number of inputs that libFuzzer counts at its end.
fn inputs(said: &str) -> Option<u64> {
    let line = said.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"))?;
    line.trim().parse().ok()
}

/// Returns a row for each target, with the figures of the page.
fn targets() -> Result<Vec<Row>> {
    let directory = root().join(FUZZ).join("fuzz_targets");
    let mut rows = Vec::new();
    let page = read_file(PAGE)?;
    for entry in told(&directory, fs::read_dir(&directory))? {
        let path = told(&directory, entry)?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = told(&path, fs::read_to_string(&path))?;
        let what = text.lines().next().and_then(|line| line.strip_prefix("//! ")).unwrap_or_default();
        let (minutes, inputs, findings) = figures(&page, &name).unwrap_or_default();
        rows.push(Row { name, what: what.trim_end_matches('.').into(), minutes, inputs, findings });
    }
    rows.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(rows)
}

/// Reads the minutes, inputs and findings of a target from the page.
fn figures(page: &str, name: &str) -> Option<(u32, u64, u32)> {
    let name = format!("`{name}`");
    let [.., minutes, inputs, findings] = rows::<5>(page).find(|cells| cells[0] == name)?;
    Some((minutes.parse().ok()?, inputs.replace(',', "").parse().ok()?, findings.parse().ok()?))
}

/// Writes the page with these rows in place of the ones before.
fn keep(new: &[Row]) -> Result<()> {
    let mut all = targets()?;
    for row in &mut all {
        if let Some(new) = new.iter().find(|new| new.name == row.name) {
            row.clone_from(new);
        }
    }
    keep_page(PAGE, &page(&all)?, true, "fuzz")
}

/// Returns the page with these rows.
fn page(rows: &[Row]) -> Result<String> {
    let mut table = String::from("| Target | Input | Minutes | Inputs | Findings |\n|---|---|---:|---:|---:|\n");
    for Row { name, what, minutes, inputs, findings } in rows {
        // Writing to a string cannot fail.
        let _ = writeln!(table, "| `{name}` | {what} | {minutes} | {} | {findings} |", crate::budget::grouped(*inputs));
    }
    with_table(&read_file(PAGE)?, TARGETS, &table)
}

/// Returns a page with this table in place of the one below this heading.
fn with_table(page: &str, heading: &str, table: &str) -> Result<String> {
    let missing = || Failure::new(format!("{PAGE} has no `{}` with a table", heading.trim()));
    let (head, rest) = page.split_once(heading).ok_or_else(missing)?;
    let (section, foot) = rest.split_at(rest.find("\n## ").unwrap_or(rest.len()));
    let (text, _) = section.split_once("\n| ").ok_or_else(missing)?;
    Ok(format!("{head}{heading}{text}\n{table}{foot}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_a_row_for_each_target() {
        keep_page(PAGE, &page(&targets().unwrap()).unwrap(), false, "fuzz").unwrap();
        assert!(targets().unwrap().len() >= 18);
    }

    #[test]
    fn minutes_and_inputs_add_up() {
        let page = "| `client` | bytes of a server | 10 | 1,234,567 | 1 |\n| `der` | DER | 0 | 0 | 0 |\n";
        assert_eq!(figures(page, "client"), Some((10, 1_234_567, 1)));
        assert_eq!(figures(page, "der"), Some((0, 0, 0)));
        assert_eq!(figures(page, "clien"), None);
    }

    #[test]
    fn a_table_takes_the_place_of_the_one_below_its_heading() {
        let page = "## One\n\nText.\n\n| a |\n|---|\n| b |\n\n## Two\n\n| c |\n";
        let wanted = "## One\n\nText.\n\n| new |\n\n## Two\n\n| c |\n";
        assert_eq!(with_table(page, "## One\n", "| new |\n").unwrap(), wanted);
        assert_eq!(with_table(wanted, "## Two\n", "| d |\n").unwrap(), wanted.replace("| c |", "| d |"));
        assert!(with_table(page, "## Three\n", "").is_err());
        assert!(with_table("## One\n\n## Two\n\n| c |\n", "## One\n", "").is_err());
    }

    #[test]
    fn the_figure_of_the_fuzzer_is_read() {
        assert_eq!(inputs("Done\nstat::number_of_executed_units: 1832187\nstat::peak_rss_mb: 36"), Some(1_832_187));
        assert_eq!(inputs("==1== ERROR"), None);
    }

    #[test]
    fn an_unknown_target_is_refused_with_the_known_ones() {
        let unknown = ["clients".to_owned()];
        for refused in [run(&unknown, 1, false), coverage(&unknown, false)] {
            let error = refused.unwrap_err().to_string();
            assert!(error.contains("`clients`") && error.contains("client, "), "{error}");
        }
    }

    #[test]
    fn the_page_takes_the_lines_of_all_targets_only() {
        let error = coverage(&["client".into()], true).unwrap_err().to_string();
        assert!(error.contains("about all targets"), "{error}");
    }
}
