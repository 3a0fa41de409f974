//! Drives a session after its handshake.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let _ = fuzz::session(input);
});

#[cfg(not(fuzzing))]
fn main() {
    eprintln!("run it with: cargo fuzz run session");
}
