//! Tells the crate whether there is assembly for the target.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(assembly)");
    // The instructions with which a Cortex-M4 is more than a Cortex-M3, which has the same architecture for `cfg`.
    if std::env::var("TARGET").is_ok_and(|target| target.starts_with("thumbv7em-none-eabi")) {
        println!("cargo::rustc-cfg=assembly");
    }
}
