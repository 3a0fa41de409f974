//! Feeds any bytes to the certificate parser and the path search.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::certificate(input));

#[cfg(not(fuzzing))]
fn main() {
    eprintln!("run it with: cargo fuzz run certificate");
}
