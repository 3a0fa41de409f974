//! A policy file.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let _ = fuzz::policy(input);
});

#[cfg(not(fuzzing))]
fn main() {
    eprintln!("run it with: cargo fuzz run policy");
}
