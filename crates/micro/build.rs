//! Tells the crate whether there is assembly for the target.

use std::env::var;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(assembly, portable, comparison, leaky)");
    // The instructions with which a Cortex-M4 is more than a Cortex-M3, which has the same architecture for `cfg`. A core of the other architecture has
    // them or not, and there is no `cfg` for them: the flags of the compiler tell.
    let target = var("TARGET").unwrap_or_default();
    let flags = var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    let assembly = target.starts_with("thumbv7em-none-eabi")
        || target.starts_with("thumbv8m.main-none-eabi") && flags.split('\x1f').any(names_dsp);
    let comparison = assembly && var("CARGO_FEATURE_COMPARISON").is_ok();
    // For the tests of constant time, which have to find a branch on a secret where there is one. No feature, which could be switched on by mistake.
    println!("cargo::rerun-if-env-changed=MICRO_LEAKY");
    let leaky = var("MICRO_LEAKY").is_ok();
    for (name, is_set) in
        [("assembly", assembly), ("portable", !assembly || comparison), ("comparison", comparison), ("leaky", leaky)]
    {
        if is_set {
            println!("cargo::rustc-cfg={name}");
        }
    }
}

/// Returns whether a flag names a core with the instructions, or the instructions.
fn names_dsp(flag: &str) -> bool {
    let setting = flag.trim_start_matches("--codegen").trim_start_matches("-C").trim_start_matches('=').trim();
    match setting.split_once('=') {
        Some(("target-cpu", core)) => core == "cortex-m33",
        Some(("target-feature", features)) => features.split(',').any(|feature| feature == "+dsp"),
        _ => false,
    }
}
