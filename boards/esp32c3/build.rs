//! Build script: adds the key of the fleet, the places in flash and the linker scripts to the image.

use std::path::PathBuf;
use std::{env, fs};

/// Bytes of headers, and of padding between segments, of which each begins as the others' pages end.
const PADDING: u32 = 2 * 64 * 1024;

fn main() {
    let len = image::describe(0);
    // The HAL has the memory layout of the chip, in which the program may fill all of the flash.
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("Cargo sets it"));
    let program = "SIZEOF(.flash.appdesc) + SIZEOF(.rodata) + SIZEOF(.text) + SIZEOF(.rwtext) + SIZEOF(.data)";
    let limit = format!("ASSERT({program} + {PADDING} <= {len}, \"the program reaches the blob: see memory.x\")\n");
    fs::write(out.join("limit.x"), limit).expect("OUT_DIR can be written");
    println!("cargo:rustc-link-search={}", out.display());
    for script in ["-Tdefmt.x", "-Tlinkall.x", "-Tlimit.x"] {
        println!("cargo:rustc-link-arg-bins={script}");
    }
}
