//! Feeds any bytes of a server to a client.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::client(input));

#[cfg(not(fuzzing))]
fn main() {
    eprintln!("run it with: cargo fuzz run client");
}
