//! `mtls::program::gateway`.

fn main() -> std::process::ExitCode {
    mtls::program::gateway()
}
