//! The ring of events.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let _ = fuzz::events(input);
});

#[cfg(not(fuzzing))]
fn main() {
    eprintln!("run it with: cargo fuzz run events");
}
