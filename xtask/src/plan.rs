//! Which steps there are.

use crate::features::{ALL, EXCLUSIVE, SETS, TARGETS};
use crate::run::{Failure, Result, Run, root};
use crate::setup;
use crate::step::{Step, Task};

/// Name of the step that installs.
pub(crate) const SETUP: &str = "setup";

/// Lints are warnings while one works, errors here.
const DENY: &str = "-- -D warnings";

/// Everything, from quick to slow where nothing speaks against it.
pub(crate) fn test() -> Result<Vec<Step>> {
    let boards = boards()?;
    let mut steps = vec![
        Step {
            name: SETUP,
            what: "programs and targets the tests need are there",
            tasks: vec![Task::Call(setup::everything)],
        },
        format(&boards),
        lints(),
        combinations(),
        targets(),
        firmware(&boards),
        documentation(),
        unit(),
        integration(),
        package(),
        example(),
    ];
    steps.extend(interop_step()?);
    Ok(steps)
}

/// What one runs after each change.
pub(crate) fn check() -> Result<Vec<Step>> {
    Ok(vec![format(&boards()?), lints(), unit()])
}

/// The handshakes with other implementations.
pub(crate) fn interop(install: bool) -> Result<Vec<Step>> {
    let step = interop_step()?.ok_or_else(|| Failure::new("the workspace has no member `tests/interop`"))?;
    let install = install.then(|| Step {
        name: SETUP,
        what: "programs the tests run against are there",
        tasks: vec![Task::Call(setup::programs)],
    });
    Ok(install.into_iter().chain([step]).collect())
}

fn cargo(line: &str) -> Task {
    Task::Succeeds(Run::cargo(line))
}

fn format(boards: &[String]) -> Step {
    let boards = boards.iter().map(|board| Task::Succeeds(Run::cargo("fmt --all -- --check").within(board)));
    let tasks = [cargo("fmt --all -- --check")].into_iter().chain(boards).collect();
    Step { name: "format", what: "all code is formatted", tasks }
}

fn lints() -> Step {
    let tasks = vec![cargo(&format!("clippy --workspace --all-targets --locked {DENY}"))];
    Step { name: "lints", what: "no lint fires, in tests and examples either", tasks }
}

fn combinations() -> Step {
    let set = |set: &&str| {
        let features = if set.is_empty() { String::new() } else { format!("--features {set}") };
        cargo(&format!("clippy --package embedded-mtls --lib --locked --no-default-features {features} {DENY}"))
    };
    let (features, reason) = EXCLUSIVE;
    let exclusive = Run::cargo(&format!("check --package embedded-mtls --lib --locked --features {features}"));
    let tasks = SETS.iter().map(set).chain([Task::Refused(exclusive, reason)]).collect();
    Step { name: "features", what: "every sensible set of features builds without a lint", tasks }
}

fn targets() -> Step {
    let target = |target: &&str| {
        let check = format!("check --package embedded-mtls --lib --locked --target {target}");
        [cargo(&check), cargo(&format!("{check} --no-default-features"))]
    };
    let tasks = TARGETS.iter().flat_map(target).collect();
    Step { name: "no_std", what: "the core builds for targets without an operating system", tasks }
}

fn firmware(boards: &[String]) -> Step {
    let board = |board: &String| Task::Succeeds(Run::cargo(&format!("clippy --all --locked {DENY}")).within(board));
    Step {
        name: "firmware",
        what: "the firmware crates build without a lint",
        tasks: boards.iter().map(board).collect(),
    }
}

fn documentation() -> Step {
    let run = |line: &str| Task::Succeeds(Run::cargo(line).env("RUSTDOCFLAGS", "-D warnings"));
    let tasks = vec![
        run(&format!("doc --package embedded-mtls --no-deps --locked --features {ALL}")),
        run(&format!("test --package embedded-mtls --doc --locked --features {ALL}")),
    ];
    Step { name: "docs", what: "no broken link, every example in the documentation runs", tasks }
}

fn unit() -> Step {
    let tasks = vec![
        cargo("test --workspace --exclude interop --lib --bins --examples --locked"),
        cargo(&format!("test --package embedded-mtls --lib --locked --features {ALL}")),
    ];
    Step { name: "unit", what: "unit tests of the core, the examples and the tools", tasks }
}

fn integration() -> Step {
    let tasks = vec![cargo(&format!("test --package embedded-mtls --test * --locked --features {ALL}"))];
    Step { name: "tests", what: "tests on the public API, and of the repository's own rules", tasks }
}

/// Off CI one packages with changes not committed yet.
fn package() -> Step {
    let dirty = if std::env::var_os("CI").is_some() { "" } else { "--allow-dirty" };
    let tasks = vec![cargo(&format!("package --package embedded-mtls --offline --locked {dirty}"))];
    Step { name: "package", what: "the published package is complete and builds", tasks }
}

fn example() -> Step {
    let tasks = vec![cargo("run --release --locked --example post_order")];
    Step { name: "example", what: "the gateway posts its order and gets a 200", tasks }
}

/// There once the crate is a member of the workspace.
fn interop_step() -> Result<Option<Step>> {
    let tasks = vec![cargo("test --package interop --release --locked -- --nocapture")];
    let step = Step { name: "interop", what: "both roles against other implementations", tasks };
    let manifest = read("Cargo.toml")?;
    let members = manifest.lines().find(|line| line.starts_with("members")).unwrap_or_default();
    Ok(members.contains("\"tests/interop\"").then_some(step))
}

/// Firmware crates: each directory of `boards` with a manifest.
fn boards() -> Result<Vec<String>> {
    let directory = root().join("boards");
    let unreadable = |error| Failure::new(format!("{}: {error}", directory.display()));
    let mut boards = Vec::new();
    for entry in std::fs::read_dir(&directory).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        if entry.path().join("Cargo.toml").is_file() {
            boards.push(format!("boards/{}", entry.file_name().to_string_lossy()));
        }
    }
    boards.sort();
    Ok(boards)
}

fn read(name: &str) -> Result<String> {
    let path = root().join(name);
    std::fs::read_to_string(&path).map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}
