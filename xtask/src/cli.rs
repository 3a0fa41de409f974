//! The command line.

use crate::budget::Mode;
use crate::mutants::Extent;
use crate::run::{Failure, Result};
use crate::step::{Selection, Step};
use crate::{bench_fleet, bench_host, boards, bogo, budget, plan, setup};
use std::fmt::Write;

/// A command: its name, what it does, and the function that does it.
struct Command {
    name: &'static str,
    what: &'static str,
    run: fn(&Options) -> Result<()>,
}

const COMMANDS: &[Command] = &[
    Command { name: "test", what: "install what the tests need, then run everything", run: test },
    Command { name: "check", what: "the fast part of it: formatting, lints, unit tests", run: check },
    Command { name: "setup", what: "only install what the tests need", run: setup },
    Command { name: "interop", what: "only the handshakes with other implementations", run: interop },
    Command {
        name: "qemu",
        what: "only the firmware in QEMU: all rows, or those with one of the named words",
        run: qemu,
    },
    Command {
        name: "bogo",
        what: "only BoGo, the misbehaving peer of BoringSSL: all tests, or those with one of the named words",
        run: bogo,
    },
    Command {
        name: "boards",
        what: "only build the firmware of real boards, with the key of a fleet that nobody has",
        run: boards,
    },
    Command { name: "limbo", what: "only the certificate cases of the named x509-limbo files", run: limbo },
    Command {
        name: "budget",
        what: "measure flash, RAM and instructions, compare them with docs/budget.md",
        run: budget,
    },
    Command {
        name: "bench-host",
        what: "measure handshakes and records on this machine beside rustls and OpenSSL",
        run: bench_host,
    },
    Command {
        name: "bench-fleet",
        what: "measure memory and work for fleets of 10 to 10,000 simulated gateways",
        run: bench_fleet,
    },
    Command { name: "fuzz", what: "run the fuzz targets by libFuzzer in turn: all, or those named", run: fuzz },
    Command {
        name: "coverage",
        what: "count the lines that the fuzz targets reach on the inputs they have found: all targets, or those named",
        run: coverage,
    },
    Command {
        name: "mutants",
        what: "make the core wrong in one place after the other and run its tests: all modules, or those named",
        run: mutants,
    },
    Command {
        name: "rfc",
        what: "check the requirements of the RFCs: code and test of each; with files, that none of their texts is missing",
        run: rfc,
    },
    Command {
        name: "supply",
        what: "check origin, licences and versions of the packages in all lock files",
        run: supply,
    },
    Command { name: "help", what: "print this text", run: help },
];

/// The options of a command.
#[derive(Default)]
struct Options {
    only: Option<String>,
    from: Option<String>,
    list: bool,
    no_install: bool,
    thorough: bool,
    extent: Extent,
    mode: Mode,
    minutes: Option<u32>,
    advisories: Option<String>,
    sbom: Option<String>,
    files: Vec<String>,
}

impl Options {
    /// Returns whether pages are to be written.
    fn writes(&self) -> bool {
        self.mode == Mode::Write
    }
}

/// Runs the command that `args` name.
pub(crate) fn main(args: impl Iterator<Item = String>) -> Result<()> {
    let mut args = args.peekable();
    let name = args.next_if(|word| !word.starts_with('-')).unwrap_or_else(|| String::from("help"));
    let command = COMMANDS
        .iter()
        .find(|command| command.name == name)
        .ok_or_else(|| Failure::new(format!("there is no command `{name}`\n\n{}", usage())))?;
    (command.run)(&parse(
        args,
        ["bogo", "fuzz", "coverage", "limbo", "mutants", "qemu", "rfc"].contains(&command.name),
    )?)
}

fn parse(mut args: impl Iterator<Item = String>, takes_files: bool) -> Result<Options> {
    let mut options = Options::default();
    while let Some(word) = args.next() {
        let mut step = || args.next().ok_or_else(|| Failure::new(format!("`{word}` needs a name")));
        match word.as_str() {
            "--only" => options.only = Some(step()?),
            "--from" => options.from = Some(step()?),
            "--advisories" => options.advisories = Some(step()?),
            "--sbom" => options.sbom = Some(step()?),
            "--list" => options.list = true,
            "--no-install" => options.no_install = true,
            "--thorough" => options.thorough = true,
            "--checks" => options.extent = Extent::Checks,
            "--survivors" => options.extent = Extent::Survivors,
            "--quick" => options.mode = Mode::Quick,
            "--write" => options.mode = Mode::Write,
            "--minutes" => options.minutes = Some(minutes(args.next())?),
            file if !file.starts_with('-') && takes_files => options.files.push(file.into()),
            "--help" | "-h" => return Err(Failure::new(usage())),
            _ => return Err(Failure::new(format!("`{word}` is not understood\n\n{}", usage()))),
        }
    }
    Ok(options)
}

fn minutes(word: Option<String>) -> Result<u32> {
    let minutes = word.and_then(|word| word.parse().ok()).filter(|minutes| (1..=10_000).contains(minutes));
    minutes.ok_or_else(|| Failure::new("`--minutes` needs a number from 1 to 10000"))
}

/// Returns the steps of `test`, with the long one if `--thorough` is given.
fn steps(options: &Options) -> Result<Vec<Step>> {
    let mut steps = plan::test()?;
    if options.no_install {
        steps.retain(|step| step.name != plan::SETUP);
    }
    if options.thorough {
        steps.push(plan::thorough());
    }
    Ok(steps)
}

fn test(options: &Options) -> Result<()> {
    let steps = steps(options)?;
    if options.list {
        for step in steps {
            println!("{:<10} {}", step.name, step.what);
        }
        return Ok(());
    }
    Selection { only: options.only.as_deref(), from: options.from.as_deref() }.run(&steps)
}

fn check(options: &Options) -> Result<()> {
    let steps = plan::check();
    Selection { only: options.only.as_deref(), from: options.from.as_deref() }.run(&steps)
}

fn interop(options: &Options) -> Result<()> {
    Selection::default().run(&plan::interop(!options.no_install))
}

fn qemu(options: &Options) -> Result<()> {
    Selection::default().run(&plan::qemu(!options.no_install, &options.files))
}

fn limbo(options: &Options) -> Result<()> {
    if options.files.is_empty() {
        return Err(Failure::new("`limbo` needs the files: cargo xtask limbo FILE..."));
    }
    Selection::default().run(&[plan::limbo(&options.files)?])
}

fn setup(_: &Options) -> Result<()> {
    setup::everything()
}

fn bogo(options: &Options) -> Result<()> {
    if !options.no_install {
        setup::programs()?;
    }
    bogo::run(&options.files, options.writes())
}

fn mutants(options: &Options) -> Result<()> {
    crate::mutants::run(&options.files, options.extent, options.writes())
}

fn fuzz(options: &Options) -> Result<()> {
    crate::fuzz::run(&options.files, options.minutes.unwrap_or(crate::fuzz::MINUTES), options.writes())
}

fn coverage(options: &Options) -> Result<()> {
    crate::fuzz::coverage(&options.files, options.writes())
}

fn rfc(options: &Options) -> Result<()> {
    crate::rfc::run(&options.files, options.writes())
}

fn supply(options: &Options) -> Result<()> {
    if let Some(folder) = &options.sbom {
        return crate::supply::bills(folder);
    }
    crate::supply::run(options.writes(), options.advisories.as_deref())
}

fn boards(_: &Options) -> Result<()> {
    setup::targets()?;
    boards::build()
}

fn budget(options: &Options) -> Result<()> {
    budget::main(options.mode, options.only.as_deref())
}

fn bench_host(options: &Options) -> Result<()> {
    bench_host::main(options.mode)
}

fn bench_fleet(options: &Options) -> Result<()> {
    bench_fleet::main(options.mode)
}

#[expect(clippy::unnecessary_wraps, reason = "it stands in the table of commands")]
fn help(_: &Options) -> Result<()> {
    println!("{}", usage());
    Ok(())
}

fn usage() -> String {
    let mut text = String::from("usage: cargo xtask <command> [options] [files or words]\n\ncommands:\n");
    for Command { name, what, .. } in COMMANDS {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {name:<11} {what}");
    }
    text.push_str(
        "\noptions:\n  \
         --list         test: print the steps and stop\n  \
         --only NAME    test, check: run this step alone; budget: measure this section alone\n  \
         --from STEP    test, check: run this step and those after it\n  \
         --thorough     test: also the step `thorough`, some hours of the long forms of tests\n  \
         --minutes N    fuzz: each target for so long, 10 if not given\n  \
         --advisories DIR  supply: also compare with the database of RustSec in this folder\n  \
         --sbom DIR     supply: only write bills of material into this folder\n  \
         --checks       mutants: break 22 checks of security instead, each of which a named test has to find\n  \
         --survivors    mutants: try only those that no test found the last time\n  \
         --no-install   test, interop, qemu, bogo: leave out the step that installs\n  \
         --quick        budget: only the first build, and the first that resumes\n  \
         --write        budget: also write the figures into docs/budget.md and README.md; bench-host, bench-fleet, bogo, fuzz,\n                 coverage, mutants, rfc, supply: also write their pages",
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> impl Iterator<Item = String> {
        line.split_whitespace().map(String::from)
    }

    #[test]
    fn an_unknown_command_is_an_error_that_lists_the_commands() {
        let error = main(words("tset")).unwrap_err().to_string();
        assert!(error.contains("no command `tset`"));
        assert!(COMMANDS.iter().all(|command| error.contains(command.name)));
    }

    #[test]
    fn an_option_without_its_value_is_an_error() {
        assert!(parse(words("--only"), false).is_err());
        assert!(parse(words("--onyl fmt"), true).is_err());
        assert!(parse(words("--minutes"), true).is_err() && parse(words("--minutes 0"), true).is_err());
        assert_eq!(parse(words("client --minutes 60"), true).unwrap().minutes, Some(60));
        assert_eq!(parse(words("--only fmt"), false).unwrap().only.as_deref(), Some("fmt"));
    }

    #[test]
    fn the_long_forms_are_a_step_for_those_who_ask_for_it() {
        let is_there = |line| {
            let options = parse(words(line), false).unwrap();
            steps(&options).unwrap().iter().any(|step| step.name == plan::THOROUGH)
        };
        assert!(is_there("--thorough") && is_there("--thorough --only thorough"));
        assert!(!is_there(""));
        let alone = Selection { only: Some(plan::THOROUGH), from: None };
        assert!(alone.run(&plan::test().unwrap()).is_err());
    }

    #[test]
    fn only_a_command_that_takes_files_gets_any() {
        assert!(parse(words("a.json"), false).is_err());
        assert_eq!(parse(words("a.json b.json"), true).unwrap().files, ["a.json", "b.json"]);
        assert!(main(words("limbo")).is_err());
        assert!(main(words("limbo no-such-file.json")).is_err());
    }

    #[test]
    fn every_command_in_the_documents_exists() {
        for document in ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "SECURITY.md", "CHANGELOG.md"] {
            let path = crate::run::root().join(document);
            let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            for (_, rest) in text.match_indices("cargo xtask ").map(|(at, found)| text.split_at(at + found.len())) {
                let is_of_name = |char: &char| char.is_ascii_alphabetic() || *char == '-';
                let name: String = rest.chars().take_while(is_of_name).collect();
                let known =
                    name.is_empty() || name.starts_with('-') || COMMANDS.iter().any(|command| command.name == name);
                assert!(known, "{document} names `cargo xtask {name}`, which does not exist");
            }
        }
    }
}
