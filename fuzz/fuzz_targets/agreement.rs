//! Paths that this crate and rustls-webpki have to judge alike.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let _ = fuzz::agreement(input);
});

#[cfg(not(fuzzing))]
fn main() {
    eprintln!("run it with: cargo fuzz run agreement");
}
