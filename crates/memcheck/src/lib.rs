//! Tests of a program under valgrind's memcheck, for which secrets are undefined memory: a branch or an index that depends on one
//! is reported.
#![cfg(all(target_arch = "x86_64", target_os = "linux"))]
#![allow(clippy::missing_panics_doc, reason = "only tests call it, and a panic is their failure")]

use core::hint::black_box;
use std::process::Command;

/// The exit status for findings.
const FOUND: i32 = 99;
/// The lines of a report that are kept.
const KEPT: usize = 400;

/// Runs an ignored test of this program under valgrind, and returns what that reports; `None` if it finds nothing.
///
/// A decision that becomes public in one of the functions `revealed` is left out: what memcheck calls it, and a pattern of the
/// function's name.
pub fn findings(test: &str, revealed: &[(&str, &str)]) -> Option<String> {
    let suppressions = std::env::temp_dir().join(format!("memcheck-{test}-{}", std::process::id()));
    let rule = |(kind, function): &(&str, &str)| format!("{{\n   public\n   Memcheck:{kind}\n   fun:{function}\n}}\n");
    std::fs::write(&suppressions, revealed.iter().map(rule).collect::<String>()).unwrap();
    let run = Command::new("valgrind")
        .args(["--quiet", &format!("--error-exitcode={FOUND}"), &format!("--suppressions={}", suppressions.display())])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--ignored", "--test-threads=1"])
        .output()
        .expect("valgrind is needed: apt-get install valgrind, or cargo xtask setup");
    std::fs::remove_file(&suppressions).unwrap();
    let report = [run.stdout, run.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    match run.status.code() {
        Some(0) if report.contains("1 passed") => None,
        Some(FOUND) => {
            Some(report.lines().filter(|line| line.starts_with("==")).take(KEPT).collect::<Vec<_>>().join("\n"))
        }
        _ => panic!("{test} was not run: {report}"),
    }
}

/// Makes the memory of a value undefined for memcheck.
pub fn hide<T: ?Sized>(value: &mut T) {
    request(1, value);
}

/// Makes the memory of a value defined for memcheck.
pub fn reveal<T: ?Sized>(value: &mut T) {
    request(2, value);
}

/// Tells memcheck about the memory of a value. Elsewhere nothing happens.
#[allow(unsafe_code, reason = "this is the only way to talk to valgrind")]
fn request<T: ?Sized>(number: usize, value: &mut T) {
    /// The requests of memcheck begin with "MC".
    const MEMCHECK: usize = 0x4d43_0000;
    // So that all of it is in memory.
    black_box(&mut *value);
    let arguments: [usize; 6] =
        [MEMCHECK + number, (&raw const *value).cast::<u8>().addr(), size_of_val(value), 0, 0, 0];
    // SAFETY: valgrind's request for a client (valgrind.h): rotations by 64 in all, and an exchange of a register with itself, change nothing. rdi is
    // restored by them, and rdx is the result.
    unsafe {
        core::arch::asm!(
            "rol rdi, 3",
            "rol rdi, 13",
            "rol rdi, 61",
            "rol rdi, 51",
            "xchg rbx, rbx",
            inout("rdx") 0_usize => _,
            in("rax") arguments.as_ptr(),
            options(nostack),
        );
    }
    // So that the compiler does not know the value any more.
    black_box(&mut *value);
}
