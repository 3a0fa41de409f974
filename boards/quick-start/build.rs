//! The memory layout, the arguments of the linker, and the date of the build: the device knows no later time.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};
use std::{env, fs};

fn main() {
    println!("cargo:rerun-if-changed=memory.x");
    if env::var_os("CARGO_FEATURE_BOARD").is_some() {
        let out = PathBuf::from(env::var_os("OUT_DIR").expect("Cargo sets it"));
        fs::copy("memory.x", out.join("memory.x")).expect("memory.x is next to Cargo.toml");
        println!("cargo:rustc-link-search={}", out.display());
        for argument in ["--nmagic", "-Tlink.x", "-Tdefmt.x"] {
            println!("cargo:rustc-link-arg-bins={argument}");
        }
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    println!("cargo:rustc-env=BUILT={now}");
}
