//! Gives the linker the memory of the machine with the target's core, and the images its name.

use std::path::Path;
use std::{env, fs};

fn main() {
    println!("cargo::rustc-check-cfg=cfg(cortex_m33)");
    println!("cargo::rerun-if-changed=memory");
    let is_m33 = env::var("TARGET").is_ok_and(|target| target.starts_with("thumbv8m.main"));
    if is_m33 {
        println!("cargo::rustc-cfg=cortex_m33");
    }
    let map = if is_m33 { "memory/cortex-m33.x" } else { "memory/cortex-m4.x" };
    let directory = env::var("OUT_DIR").expect("Cargo names a directory");
    fs::copy(map, Path::new(&directory).join("memory.x")).expect("a memory map");
    println!("cargo::rustc-link-search={directory}");
}
