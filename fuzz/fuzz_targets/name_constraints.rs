//! A name, and a constraint on names.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::name_constraints(input));

#[cfg(not(fuzzing))]
fn main() {
    eprintln!("run it with: cargo fuzz run name_constraints");
}
