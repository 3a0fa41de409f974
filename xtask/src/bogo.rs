//! BoGo's runner, made from packages of registries, and run against the shim in `tests/bogo`.
//!
//! ```text
//! crate boring-sys       the runner's Go source    ┐
//! Debian golang-*-dev    the libraries it uses     ├─▶ target/bogo/source ─▶ target/bogo/runner
//! openssl genpkey        the keys of its tests     ┘   go test -c
//! ```

use crate::run::{Result, Run, root, told};
use crate::setup;
use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

/// The crate that carries BoringSSL, and with it the runner.
const CARRIER: &str = "boring-sys";
/// Another version has other tests: `docs/bogo.md` counts those of this one.
const VERSION: &str = "5.4.0";

/// The folder for all of it, from the root of the repository.
const DIRECTORY: &str = "target/bogo";

/// The libraries of the runner, and where Debian puts them.
const LIBRARIES: &[&str] =
    &["filippo.io/edwards25519", "golang.org/x/crypto", "golang.org/x/net", "golang.org/x/sys", "golang.org/x/term"];
const DEBIAN_LIBRARIES: &str = "/usr/share/gocode/src";

/// The keys that the source embeds and the package lacks: file, and how `openssl genpkey` makes it.
const KEYS: &[(&str, &str)] = &[
    ("channel_id_key.pem", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256"),
    ("ecdsa_p256_key.pem", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256"),
    ("ecdsa_p384_key.pem", "-algorithm EC -pkeyopt ec_paramgen_curve:P-384"),
    ("ecdsa_p521_key.pem", "-algorithm EC -pkeyopt ec_paramgen_curve:P-521"),
    ("ed25519_key.pem", "-algorithm ED25519"),
    ("rsa_1024_key.pem", "-algorithm RSA -pkeyopt rsa_keygen_bits:1024"),
    ("rsa_2048_key.pem", "-algorithm RSA -pkeyopt rsa_keygen_bits:2048"),
];

/// Runs the tests with one of these words in their name, or all; with `write`, keeps what came of them in `docs/bogo.md`.
pub(crate) fn run(words: &[String], write: bool) -> Result<()> {
    let runner = runner()?;
    Run::cargo("build --quiet --package bogo --bins --locked").succeed()?;
    let run = Run::cargo("run --quiet --package bogo --locked --").arg(runner.to_string_lossy());
    let run = if write { run.arg("--write") } else { run };
    let run = words.iter().fold(run, Run::arg);
    println!("  $ {run}");
    run.succeed()
}

/// All tests, as a step of the test command.
pub(crate) fn all() -> Result<()> {
    run(&[], false)
}

/// The runner; that of last time, unless it was made in another way.
fn runner() -> Result<PathBuf> {
    let (directory, stamp) = (root().join(DIRECTORY), root().join(DIRECTORY).join("made-of"));
    let runner = directory.join("runner");
    let recipe = include_str!("bogo.rs");
    if runner.exists() && fs::read_to_string(&stamp).is_ok_and(|text| text == recipe) {
        return Ok(runner);
    }
    if directory.exists() {
        told(&directory, fs::remove_dir_all(&directory))?;
    }
    told(&directory, fs::create_dir_all(directory.join("crate/src")))?;
    setup::go()?;
    source()?;
    println!("  the runner is built");
    setup::go_run("test -c -o ../runner ./ssl/test/runner").within(&format!("{DIRECTORY}/source")).succeed()?;
    told(&stamp, fs::write(&stamp, recipe))?;
    Ok(runner)
}

/// Puts the source of the runner together.
fn source() -> Result<()> {
    let directory = root().join(DIRECTORY);
    // A package of its own, not of our workspace, whose one dependency is fetched.
    let manifest = format!(
        "[package]\nname = \"carrier\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\n{CARRIER} = \"={VERSION}\"\n\n[workspace]\n"
    );
    let package = directory.join("crate");
    told(&package, fs::write(package.join("Cargo.toml"), manifest))?;
    told(&package, fs::write(package.join("src/lib.rs"), ""))?;
    Run::cargo("vendor --quiet ../vendor").within(&format!("{DIRECTORY}/crate")).read()?;

    let boringssl = format!("vendor/{CARRIER}/deps/boringssl");
    for part in ["ssl/test/runner", "util/testresult"] {
        copy(&format!("{boringssl}/{part}"), &format!("source/{part}"))?;
    }
    let mut module = String::from("module boringssl.googlesource.com/boringssl.git\n\ngo 1.27.0\n");
    for library in LIBRARIES {
        let place = format!("libraries/{library}");
        copy(&format!("{DEBIAN_LIBRARIES}/{library}"), &place)?;
        let file = directory.join(&place).join("go.mod");
        told(&file, fs::write(&file, format!("module {library}\n\ngo 1.18\n")))?;
        // Writing to a string cannot fail.
        let _ = write!(module, "require {library} v1.0.0\nreplace {library} => ../{place}\n");
    }
    let file = directory.join("source/go.mod");
    told(&file, fs::write(&file, module))?;
    for (name, how) in KEYS {
        let key = Run::new("openssl").words("genpkey -quiet -out").arg(*name).words(how);
        key.within(&format!("{DIRECTORY}/source/ssl/test/runner")).succeed()?;
    }
    Ok(())
}

/// Copies a folder to a new place, files instead of links.
fn copy(from: &str, to: &str) -> Result<()> {
    let parent = root().join(DIRECTORY).join(to);
    let parent = parent.parent().unwrap_or(&parent);
    told(parent, fs::create_dir_all(parent))?;
    Run::new("cp").words("--recursive --dereference").arg(from).arg(to).within(DIRECTORY).succeed()
}
