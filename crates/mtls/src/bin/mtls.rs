//! `mtls::program::mtls`.

fn main() -> std::process::ExitCode {
    mtls::program::mtls()
}
