//! Paths with oddities: whatever this crate and rustls-webpki judge differently has its reason.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let _ = fuzz::differential(input);
});

#[cfg(not(fuzzing))]
fn main() {
    eprintln!("run it with: cargo fuzz run differential");
}
