//! The name of a server, and the name of a certificate.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::server_name(input));

#[cfg(not(fuzzing))]
fn main() {
    eprintln!("run it with: cargo fuzz run server_name");
}
