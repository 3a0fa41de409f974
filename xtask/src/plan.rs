//! The list of steps.

use crate::features::{
    ALL, ALL_OF_TESTS, ALL_TESTS, EXCLUSIVE, HYBRID, LEAST_TARGET, LINTED_SETS, MEASURED_TARGET, OTHER_TARGET, PLAIN,
    SETS, TESTS_OF_COMPANIONS, TESTS_OF_PROGRAMS,
};
use crate::run::{Result, Run, root, told};
use crate::setup;
use crate::step::{Step, Task};
use crate::{bench_host, boards, bogo, budget, package, rfc, supply};

/// Name of the step that installs.
pub(crate) const SETUP: &str = "setup";

/// Name of the step with the long forms of tests.
pub(crate) const THOROUGH: &str = "thorough";

/// The crate with the fuzz targets, which has a lock file of its own.
const FUZZ: &str = "fuzz";

/// The `rust-version` of the workspace.
const MSRV: &str = "1.89";

/// Lints are warnings while one works, errors here.
const DENY: &str = "-- -D warnings";

/// Everything, from quick to slow where nothing speaks against it.
pub(crate) fn test() -> Result<Vec<Step>> {
    Ok(vec![
        Step::new(SETUP, "programs and targets the tests need are there", vec![Task::Call(setup::everything)]),
        format(),
        supply_step(),
        // These build in directories of their own, beside the others.
        msrv(),
        fuzz(),
        firmware(),
        real_boards(),
        published(),
        panics(),
        budget_step(),
        cortex_m4(),
        lints(),
        combinations(),
        targets(),
        documentation(),
        unit(),
        integration(),
        limbo(&limbo_files()?)?,
        example(),
        interop_step(),
        bogo_step(),
        // Its images are built where those of real boards are, for which it would wait.
        qemu_step(&[]),
    ])
}

/// All that `embedded-mtls-connect` connects to.
const CONNECTORS: &str = "embedded-mtls-connect/edge-nal,embedded-mtls-connect/embassy-net,embedded-mtls-connect/nal,embedded-mtls-connect/picoserve,embedded-mtls-connect/resumption,embedded-mtls-connect/split";

/// Everything but the programs and the tests that have steps of their own.
const COMPANIONS: &str = "--workspace --exclude bogo --exclude device --exclude interop --exclude mtls --exclude secrets --exclude vectors --features embedded-mtls-blob/write";

/// AES and GHASH in software, on any processor.
const SOFTWARE: &str = r#"--cfg aes_backend="soft" --cfg polyval_backend="soft""#;

/// Returns the step with the long forms of tests, for some hours of one core.
pub(crate) fn thorough() -> Step {
    let many = |name: &'static str, times: &str, run: Run| Task::Succeeds(run.env(name, times));
    let differential = Run::cargo("test --release --package embedded-mtls-micro --test differential --locked");
    let tasks = vec![
        many("MICRO_CASES", "500", differential.words("-- --nocapture")),
        many("FUZZ_ROUNDS", "100", Run::cargo("test --locked").within(FUZZ)),
        Task::Succeeds(Run::cargo("run --release --locked --example compare -- 3600").within(FUZZ)),
        cargo("test --release --package embedded-mtls-sim --test fleet --locked -- --include-ignored"),
        // AES and GHASH without the instructions of this processor, in a build of its own.
        Task::Succeeds(
            Run::cargo("test --release --package secrets --test constant_time --features keys --locked --target-dir target/soft")
                .env("RUSTFLAGS", SOFTWARE),
        ),
        Task::Call(setup::browser),
        cargo("test --package mtls --test browser --locked"),
        Task::Call(budget::all),
    ];
    let what = "ten million cases of our own cryptography, a hundred times the inputs of the fuzz targets, an hour of chains, a fleet's day, AES in software under valgrind, the pages in a browser, all of the budget";
    Step::new(THOROUGH, what, tasks)
}

/// The steps to run after each change.
pub(crate) fn check() -> Vec<Step> {
    vec![format(), lints(), unit()]
}

/// The handshakes with other implementations.
pub(crate) fn interop(install: bool) -> Vec<Step> {
    let install = install
        .then(|| Step::new(SETUP, "programs the tests run against are there", vec![Task::Call(setup::programs)]));
    install.into_iter().chain([interop_step()]).collect()
}

/// The firmware in QEMU: rows that contain one of these words, or all.
pub(crate) fn qemu(install: bool, words: &[String]) -> Vec<Step> {
    let install = install
        .then(|| Step::new(SETUP, "QEMU, servers, clients and targets are there", vec![Task::Call(setup::everything)]));
    install.into_iter().chain([qemu_step(words)]).collect()
}

fn cargo(line: &str) -> Task {
    Task::Succeeds(Run::cargo(line))
}

fn format() -> Step {
    // Without `--all`, which would format the crates below each of them again.
    let apart = ["boards", "boards/budget", FUZZ, bench_host::CRATE]
        .map(|directory| Task::Succeeds(Run::cargo("fmt -- --check").within(directory)));
    let tasks = [cargo("fmt --all -- --check")].into_iter().chain(apart).collect();
    Step::new("format", "all code is formatted", tasks)
}

fn lints() -> Step {
    let tasks = vec![cargo(&format!("clippy --workspace --all-targets --locked {DENY}"))];
    Step::new("lints", "no lint fires, in tests and examples either", tasks)
}

fn combinations() -> Step {
    let core = "--package embedded-mtls --lib --locked --no-default-features";
    let features = |set: &str| if set.is_empty() { String::new() } else { format!("--features {set}") };
    let linted = |set: &&str| cargo(&format!("clippy {core} {} {DENY}", features(set)));
    // The compiler's own lints, which are those that depend on features, in half of the time.
    let built = |set: &&str| cargo(&format!("rustc --profile check {core} {} {DENY}", features(set)));
    let operator = ["", "--features dangerous-waivers", "--features defmt"]
        .map(|features| cargo(&format!("clippy --package embedded-mtls-operator --lib --locked {features} {DENY}")));
    // With everything built in, which is the default, they are a part of the step before.
    let programs = ["--no-default-features", "--features dangerous-waivers"]
        .map(|features| cargo(&format!("clippy --package mtls --lib --bins --locked {features} {DENY}")));
    // Elsewhere, the step before has it by way of the programs.
    let hybrid = cargo(&format!("clippy --package vectors --test wycheproof --locked --features mlkem {DENY}"));
    let (features, reason) = EXCLUSIVE;
    let exclusive = Run::cargo(&format!("check --package embedded-mtls --lib --locked --features {features}"));
    let tasks = LINTED_SETS
        .iter()
        .map(linted)
        .chain(SETS.iter().map(built))
        .chain(operator)
        .chain(programs)
        .chain([hybrid])
        .chain([Task::Refused(exclusive, reason)])
        .collect();
    Step::new("features", "every sensible set of features builds without a lint", tasks)
}

fn targets() -> Step {
    let check = |target: &str, packages: &str| cargo(&format!("check {packages} --lib --locked --target {target}"));
    let core = "--package embedded-mtls";
    let beside = "--package embedded-mtls-operator --package embedded-mtls-blob --package embedded-mtls-embedded-tls \
                  --package embedded-mtls-micro --package embedded-mtls-connect";
    let clippy = |packages: &str| cargo(&format!("clippy {packages} --lib --locked --target {MEASURED_TARGET} {DENY}"));
    // The steps `boards` and `qemu` build images for all other targets.
    let tasks = vec![
        check(LEAST_TARGET, &format!("{core} --no-default-features")),
        check(LEAST_TARGET, core),
        check(LEAST_TARGET, &format!("{beside} --features {CONNECTORS}")),
        check(OTHER_TARGET, core),
        // Elsewhere the crate is empty.
        clippy("--package embedded-mtls-cortex-m4"),
        clippy("--package embedded-mtls-cortex-m4 --features x25519"),
        clippy("--package embedded-mtls-micro --features comparison"),
    ];
    Step::new("no_std", "the library builds for targets without an operating system", tasks)
}

fn firmware() -> Step {
    // Those made of hardware have a step of their own, with the key of a fleet. The emulated ones are run as anybody builds them.
    let clippy = Run::cargo(&format!("clippy --locked {DENY}"));
    let tasks = ["boards/qemu-mps2", "boards/qemu-lm3s"].map(|board| Task::Succeeds(clippy.clone().within(board)));
    Step::apart("firmware", "the firmware for the emulator builds without a lint", tasks.into())
}

fn real_boards() -> Step {
    let tasks = vec![Task::Call(boards::build)];
    Step::apart("boards", "the images of real boards are built; they are not run", tasks)
}

fn documentation() -> Step {
    let run = |line: &str| Task::Succeeds(Run::cargo(line).env("RUSTDOCFLAGS", "-D warnings"));
    let doc = "doc --package embedded-mtls --no-deps --locked";
    let beside = "--package embedded-mtls-blob --package embedded-mtls-connect --package embedded-mtls-embedded-tls --package embedded-mtls-host \
                  --package embedded-mtls-micro --package embedded-mtls-operator --package embedded-mtls-sim --package mtls \
                  --package mtls-order --package mtls-pki --features embedded-mtls-blob/write,mtls-pki/throw-away";
    let tasks = vec![
        run(&format!("{doc} --no-default-features")),
        run(doc),
        run(&format!("{doc} --features {ALL}")),
        run(&format!("doc {beside} --no-deps --locked")),
        run(&format!("doc --package embedded-mtls-cortex-m4 --no-deps --locked --target {MEASURED_TARGET}")),
        run(&format!("test {} --doc --locked", programs())),
        run(&format!("test {COMPANIONS} --doc --locked")),
        Task::Call(rfc::check),
    ];
    let what = "no broken link, every example in the documentation runs, every requirement of the RFCs has its code and its test, or a reason";
    Step::new("docs", what, tasks)
}

fn supply_step() -> Step {
    let tasks = vec![Task::Call(supply::check)];
    let what = "every package of the lock files is from crates.io, not withdrawn, and of a licence that is allowed";
    Step::new("supply", what, tasks)
}

/// Builds with the oldest compiler, in a directory of its own: what it builds is of no use to another.
fn msrv() -> Step {
    let check = Run::cargo(&format!("check --package embedded-mtls --lib --locked --features {ALL}"))
        .env("RUSTUP_TOOLCHAIN", MSRV)
        .env("CARGO_TARGET_DIR", "target/msrv")
        .env("CARGO_PROFILE_DEV_BUILD_OVERRIDE_OPT_LEVEL", "0");
    let install = Run::new("rustup").words("toolchain install --profile minimal --no-self-update").arg(MSRV);
    let tasks = vec![Task::Succeeds(install), Task::Succeeds(check)];
    Step::apart("msrv", "the core builds with the oldest compiler that its manifest names", tasks)
}

/// The core and the programs with everything built in. Where the same packages and features are named, nothing is built again.
fn programs() -> String {
    format!("--package embedded-mtls --package mtls --features {HYBRID},{ALL},{ALL_OF_TESTS}")
}

fn unit() -> Step {
    let boards = "test --locked --package flash-journal --package gateway --package hardware --package image";
    let tasks = vec![
        cargo(&format!("test {COMPANIONS} --lib --bins --examples --locked")),
        cargo(&format!("test {} --lib --bins --locked", programs())),
        Task::Succeeds(Run::cargo(boards).within("boards")),
    ];
    Step::new("unit", "unit tests of the core, the examples, the firmware and the tools", tasks)
}

fn integration() -> Step {
    let tests = |names: &[&str]| format!("--test {}", names.join(" --test "));
    let all = tests(ALL_TESTS);
    let tasks = vec![
        cargo(&format!("test --package embedded-mtls --test * --locked --features {PLAIN}")),
        cargo(&format!("test --package embedded-mtls {all} --locked --features {ALL},{ALL_OF_TESTS}")),
        // The programs have the hybrid key exchange built in, and then the core has it, too.
        cargo(&format!("test {} {} --locked", programs(), tests(TESTS_OF_PROGRAMS))),
        // Tests run the examples, and `--test` alone does not build them.
        cargo(&format!("build {COMPANIONS} --examples --locked")),
        cargo(&format!("test {COMPANIONS} {} --locked", tests(TESTS_OF_COMPANIONS))),
        cargo("test --package vectors --test wycheproof --locked --features mlkem"),
        // As the optimizer leaves it, and with a branch that has to be found.
        cargo("test --release --package embedded-mtls-micro --test constant_time --locked"),
        Task::Succeeds(
            Run::cargo("test --release --package embedded-mtls-micro --test constant_time --locked")
                .env("MICRO_LEAKY", "1"),
        ),
        // In the same profile: what is left in memory is up to the optimizer, too.
        cargo("test --release --package secrets --locked"),
        // By itself: every other package switches on what this one goes without.
        cargo("test --package device --locked"),
    ];
    Step::new("tests", "tests on the public API, and of the repository's own rules", tasks)
}

/// The fuzz targets on inputs that are the same each time; the fuzzer itself needs another toolchain.
fn fuzz() -> Step {
    let clippy = Run::cargo(&format!("clippy --all-targets --locked {DENY}")).within(FUZZ);
    let tasks = vec![Task::Succeeds(clippy), Task::Succeeds(Run::cargo("test --locked").within(FUZZ))];
    Step::apart(
        "fuzz",
        "no input of the fuzz targets panics, is accepted wrongly, or is judged unlike rustls-webpki without a reason",
        tasks,
    )
}

/// The certificate cases in these files; without one, those of the project.
pub(crate) fn limbo(files: &[String]) -> Result<Step> {
    let absolute = |file: &String| Ok(told(file, std::fs::canonicalize(file))?.to_string_lossy().into_owned());
    let files = files.iter().map(absolute).collect::<Result<Vec<_>>>()?;
    let test = "test --package vectors --test limbo --locked --features mlkem -- --nocapture";
    let run = if files.is_empty() { Run::cargo(test) } else { Run::cargo(test).env("LIMBO_JSON", files.join(":")) };
    let what = "each certificate case of x509-limbo is answered as expected, or explained";
    Ok(Step::new("limbo", what, vec![Task::Succeeds(run)]))
}

/// The files of x509-limbo that lie beside the repository, if any do.
fn limbo_files() -> Result<Vec<String>> {
    let directory = root().join("../shared/limbo");
    let Ok(entries) = std::fs::read_dir(&directory) else { return Ok(Vec::new()) };
    let mut files = Vec::new();
    for entry in entries {
        let path = told(&directory, entry)?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            files.push(path.to_string_lossy().into_owned());
        }
    }
    files.sort();
    Ok(files)
}

fn published() -> Step {
    let tasks = vec![Task::Call(package::all)];
    Step::apart("package", "the published packages are complete and build", tasks)
}

fn example() -> Step {
    let tasks = vec![
        cargo("run --release --locked --example post_order"),
        cargo("run --release --locked --example rotation"),
        cargo("run --release --locked --example secure_element"),
        cargo("run --release --locked --package embedded-mtls-sim --example fleet"),
        // 9,600 orders in some 20 seconds.
        cargo("run --release --locked --package embedded-mtls-sim --example fleet -- crates/sim/examples/day.txt"),
    ];
    Step::new(
        "example",
        "the gateway posts its order and gets a 200, a fleet delivers those of a day of faults, the other examples do theirs",
        tasks,
    )
}

fn cortex_m4() -> Step {
    let tasks = vec![Task::Call(budget::check_cortex_m4)];
    Step::apart(
        "cortex-m4",
        "providers in assembly agree with their portable forms, RustCrypto and Wycheproof in QEMU, take the same time for all secrets, wipe their stack, and cost what the README of ours states",
        tasks,
    )
}

/// One build of many; the others take some minutes more.
fn budget_step() -> Step {
    let tasks = vec![Task::Call(budget::quick)];
    Step::apart("budget", "flash, RAM and instructions are not worse than docs/budget.md says", tasks)
}

fn panics() -> Step {
    let tasks = vec![Task::Call(budget::check_panics)];
    Step::apart("panics", "no code of the core can panic: an image without a panic handler links", tasks)
}

fn interop_step() -> Step {
    let tasks = vec![
        cargo("test --package interop --locked -- --nocapture"),
        cargo("test --package interop --test hybrid --test resumption --locked --features mlkem"),
        cargo(&format!("test {} --test capture --test check --locked", programs())),
    ];
    Step::new("interop", "both roles against other implementations", tasks)
}

fn bogo_step() -> Step {
    let what = "every test of BoGo for what this library has gets the answer it asks for, or is explained";
    let tasks = vec![cargo("test --package bogo --bins --locked"), Task::Call(bogo::all)];
    Step::new("bogo", what, tasks)
}

fn qemu_step(words: &[String]) -> Step {
    let rows = words.iter().fold(Run::cargo("run --package emulated --locked --"), Run::arg);
    let tasks = vec![
        Task::Call(boards::emulated),
        // As the runner of the boards builds it.
        cargo("build --package mtls --locked --bins"),
        Task::Succeeds(rows),
    ];
    Step::new("qemu", "the firmware posts and takes orders in QEMU, whatever happens on the way", tasks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_compiler_is_that_of_the_manifest() {
        let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
        assert!(manifest.contains(&format!("rust-version = \"{MSRV}\"")));
    }
}
