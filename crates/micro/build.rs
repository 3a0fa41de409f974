//! Tells the crate whether there is assembly for the target.

use std::env::var;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(assembly, portable, comparison, leaky)");
    // The instructions with which a Cortex-M4 is more than a Cortex-M3, which has the same architecture for `cfg`.
    let assembly = var("TARGET").is_ok_and(|target| target.starts_with("thumbv7em-none-eabi"));
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
