//! `cargo xtask bench-host`: handshakes and records on a host beside rustls and OpenSSL, measured in one run.

use crate::budget::Mode;
use crate::budget::grouped;
use crate::run::{Failure, Result, Run, installed, keep_page, read_file, root};
use std::fmt::Write;
use std::fs;

/// The crate that is measured, with a lock file of its own.
pub(crate) const CRATE: &str = "crates/benchmarks";
const PROGRAM: &str = "target/benchmarks/release/benchmarks";
const PAGE: &str = "docs/host.md";

/// Names of the program, and how the table names them.
const IMPLEMENTATIONS: [(&str, &str); 5] = [
    ("host", "embedded-mtls with `embedded-mtls-host`"),
    ("rustcrypto", "embedded-mtls with RustCrypto"),
    ("rustls-ring", "rustls with ring"),
    ("rustls-aws-lc-rs", "rustls with aws-lc-rs"),
    ("openssl", "OpenSSL"),
];
const GROUPS: [&str; 2] = ["x25519", "secp256r1"];

/// Runs of each measurement of time, of which the best counts; handshakes and MiB of one.
const RUNS: usize = 10;
const HANDSHAKES: u32 = 300;
const MEBIBYTES: u32 = 128;

/// Measures, prints the page, and if asked to keeps it.
pub(crate) fn main(mode: Mode) -> Result<()> {
    for program in ["valgrind", "gcc", "pkg-config"] {
        if !installed(program) {
            return Err(Failure::new(format!("`{program}` is needed, and the headers of OpenSSL (libssl-dev)")));
        }
    }
    // Valgrind does not report ADX, but runs it: the variable is graviola's, and switches off that one question.
    Run::cargo("build --release --locked --target-dir ../../target/benchmarks")
        .env("VALGRIND_BUG_494162", "1")
        .within(CRATE)
        .succeed()?;
    let page = page()?;
    println!("{page}");
    if mode == Mode::Write { keep_page(PAGE, &page, true, "bench-host") } else { Ok(()) }
}

fn page() -> Result<String> {
    let times = times()?;
    let mut page = String::from(HEAD);
    let mut line = |text: &str| page.push_str(text);
    line(
        "| | Key exchange | Instructions, client | server | Handshakes a second and core, client | server |\n|---|---|---:|---:|---:|---:|\n",
    );
    for (name, title) in IMPLEMENTATIONS {
        for group in GROUPS {
            eprintln!("counting: {name}, {group}");
            let [client, server] = [instructions(name, group, "client")?, instructions(name, group, "server")?];
            let [per_client, per_server] = best(&times, name, group);
            line(&format!(
                "| {title} | {group} | {} | {} | {per_client:.0} | {per_server:.0} |\n",
                grouped(client),
                grouped(server)
            ));
        }
    }
    line("\n| | GiB a second sent | received |\n|---|---:|---:|\n");
    for (name, title) in IMPLEMENTATIONS {
        let [sent, received] = best(&times, name, "records");
        line(&format!("| {title} | {sent:.2} | {received:.2} |\n"));
    }
    line(&format!("\n## Machine and versions\n\n{}", versions()?));
    Ok(page)
}

/// The results of a run: implementation, group or `records`, and both figures.
type Time = (&'static str, &'static str, [f64; 2]);

/// Runs everything by turns, so that all meet the same disturbances.
fn times() -> Result<Vec<Time>> {
    let mut times = Vec::new();
    for run in 1..=RUNS {
        eprintln!("timing: {run} of {RUNS}");
        for (name, _) in IMPLEMENTATIONS {
            for group in GROUPS {
                times.push((name, group, figures(&format!("{name} {group} handshakes {HANDSHAKES}"))?));
            }
            times.push((name, "records", figures(&format!("{name} x25519 records {MEBIBYTES}"))?));
        }
    }
    Ok(times)
}

fn figures(line: &str) -> Result<[f64; 2]> {
    let output = Run::new(PROGRAM).words(line).read()?;
    let figures: Vec<f64> = output.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    figures.try_into().map_err(|_| Failure::new(format!("two figures were expected of `{line}`: {output}")))
}

fn best(times: &[Time], name: &str, what: &str) -> [f64; 2] {
    let of_both = times.iter().filter(|time| (time.0, time.1) == (name, what)).map(|time| time.2);
    of_both.fold([0.0, 0.0], |best, time| [best[0].max(time[0]), best[1].max(time[1])])
}

/// Counts the instructions of one handshake on one side: a tenth of the difference between 12 handshakes and 2.
fn instructions(name: &str, group: &str, side: &str) -> Result<u64> {
    let [few, many] = [collected(name, group, side, 2)?, collected(name, group, side, 12)?];
    Ok(many.saturating_sub(few) / 10)
}

fn collected(name: &str, group: &str, side: &str, count: u32) -> Result<u64> {
    let log = "target/benchmarks/callgrind.log";
    Run::new("valgrind")
        .words("--tool=callgrind --callgrind-out-file=/dev/null")
        .arg(format!("--log-file={log}"))
        .arg(format!("--toggle-collect=*{side}_side*"))
        .arg(PROGRAM)
        .words(&format!("{name} {group} handshakes {count}"))
        .read()?;
    let said = read_file(log)?;
    let figure = said.lines().find_map(|line| line.split_once("Collected :")?.1.trim().parse().ok());
    figure.filter(|figure| *figure > 0).ok_or_else(|| Failure::new(format!("callgrind counted nothing:\n{said}")))
}

/// Describes the processor, as an item of a list.
pub(crate) fn processor() -> String {
    let processor = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        let line = processor.lines().find(|line| line.starts_with(name)).and_then(|line| line.split_once(": "));
        line.map_or("unknown", |(_, value)| value).to_owned()
    };
    let asked = ["aes", "pclmulqdq", "avx2", "bmi2", "adx", "sha_ni", "avx512f", "vaes", "vpclmulqdq"];
    let flags = field("flags");
    let has: Vec<_> = asked.into_iter().filter(|flag| flags.split(' ').any(|word| word == *flag)).collect();
    let (name, family, model) = (field("model name"), field("cpu family"), field("model\t"));
    format!("- Processor: {name}, family {family}, model {model}; {}\n", has.join(", "))
}

fn versions() -> Result<String> {
    let mut text = processor();
    let lock = fs::read_to_string(root().join(CRATE).join("Cargo.lock")).unwrap_or_default();
    let version = |name: &str| {
        let entry = lock.split("[[package]]").find(|entry| entry.contains(&format!("\nname = \"{name}\"\n")));
        let version = entry.and_then(|entry| entry.lines().find_map(|line| line.strip_prefix("version = ")));
        format!("{name} {}", version.unwrap_or("unknown").trim_matches('"'))
    };
    let crates = ["graviola", "p256", "rustls", "ring", "aws-lc-rs", "aws-lc-sys"].map(version);
    let _ = writeln!(text, "- Crates: {}", crates.join(", "));
    for (program, argument) in [("openssl", "version"), ("valgrind", "--version"), ("rustc", "--version")] {
        let said = Run::new(program).arg(argument).read()?;
        let _ = writeln!(text, "- {}", said.lines().next().unwrap_or_default());
    }
    Ok(text)
}

const HEAD: &str = "\
# Hosts

`cargo xtask bench-host --write` writes this page. It needs valgrind, a C compiler and the headers of OpenSSL; the tests do not run it.

The task is the same for every implementation: a full mutual TLS 1.3 handshake in memory, with `TLS_AES_128_GCM_SHA256`, in which both
sides send a leaf and an intermediate with P-256 keys and verify those of the other up to a root, without tickets; client and server in one
thread, each counted for itself, with what it takes to create a connection. The programs are in `crates/benchmarks`, with fat LTO.

- **Instructions** are counted by callgrind: a tenth of the difference between 12 handshakes and 2. Valgrind reports no ADX, SHA and AVX-512
  to programs. ring, aws-lc-rs and OpenSSL then use other code than on this processor, and all hash without instructions for it;
  graviola uses ADX all the same, which a variable of its own makes possible. The next columns are with everything the processor has.
- **Handshakes a second and core** are the best of ten runs of 300 handshakes, by turns; other programs may have run on the machine.
- **Records** are of 16 KiB, sealed by the client and opened by the server, with the copies that each interface asks for. Best of ten runs: of interfaces rather than of ciphers.

## Handshakes and records

";
