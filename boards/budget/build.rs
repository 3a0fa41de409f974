//! Gives the linker the memory of the machine with the target's core, and the images its name.

use std::path::Path;
use std::{env, fs};

/// The beginning of a target's name, the memory of its machine, and the name for the images.
const MAPS: [(&str, &str, &str); 4] = [
    ("thumbv6m", "memory/cortex-m4.x", "mps2"),
    ("thumbv7em", "memory/cortex-m4.x", "mps2"),
    ("thumbv8m.main", "memory/cortex-m33.x", "mps2_secure"),
    ("riscv32", "memory/riscv32.x", "riscv_virt"),
];

fn main() {
    println!("cargo::rustc-check-cfg=cfg(mps2, mps2_secure, riscv_virt)");
    println!("cargo::rerun-if-changed=memory");
    let target = env::var("TARGET").unwrap_or_default();
    let Some((_, map, machine)) = MAPS.iter().find(|(begin, ..)| target.starts_with(begin)) else { return };
    println!("cargo::rustc-cfg={machine}");
    let directory = env::var("OUT_DIR").expect("Cargo names a directory");
    fs::copy(map, Path::new(&directory).join("memory.x")).expect("a memory map");
    println!("cargo::rustc-link-search={directory}");
}
