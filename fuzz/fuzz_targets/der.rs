//! Feeds any DER to the parser, as a certificate and inside of one.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::der(input));

#[cfg(not(fuzzing))]
fn main() {
    eprintln!("run it with: cargo fuzz run der");
}
