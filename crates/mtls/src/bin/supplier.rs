//! `mtls::program::supplier`.

fn main() -> std::process::ExitCode {
    mtls::program::supplier()
}
