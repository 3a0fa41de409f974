//! A client with `embedded-mtls-micro` beside one with RustCrypto: the input changes what their server sends.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    fuzz::micro_client(input);
});

#[cfg(not(fuzzing))]
fn main() {
    eprintln!("run it with: cargo fuzz run micro_client");
}
