//! Creates a throw-away identity for building a board, and one for the supplier on the other side.
//!
//! ```sh
//! cargo run --package provisioning --example throw-away -- DIRECTORY HOST
//! ```

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use mtls_pki::throw_away;

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let [directory, host] = words.as_slice() else {
        eprintln!("usage: throw-away DIRECTORY HOST    HOST is where the supplier will run: its name or IPv4 address");
        return ExitCode::from(2);
    };
    match write(Path::new(directory), host) {
        Ok(directory) => {
            println!("{}", advice(&directory));
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("throw-away: {problem}");
            ExitCode::FAILURE
        }
    }
}

/// Writes all files; returns the absolute path of the directory.
fn write(directory: &Path, host: &str) -> Result<PathBuf, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", directory.display());
    let pki = throw_away::Pki::new().map_err(|error| error.to_string())?;
    pki.write(directory).map_err(|error| error.to_string())?;
    fs::rename(directory.join("root.pem"), directory.join("ca.pem")).map_err(failed)?;
    let name = throw_away::SUPPLIER_NAME;
    let endpoint = format!("host = {host}\nport = 8443\npath = /orders\nserver-name = {name}\n");
    // Last, so that an identity with this file is complete.
    fs::write(directory.join("endpoint.txt"), endpoint).map_err(failed)?;
    directory.canonicalize().map_err(failed)
}

fn advice(directory: &Path) -> String {
    let directory = directory.display();
    format!(
        "{directory}: ca.pem, gateway.pem, gateway.key and endpoint.txt for the board, supplier.pem and supplier.key for \
         the other side; valid for a week\n\
         at the other side, in the root of the repository:\n  \
         cargo run --package mtls --bin supplier -- --listen 0.0.0.0:8443 --cert {directory}/supplier.pem \
         --key {directory}/supplier.key --client-ca {directory}/ca.pem\n\
         then in the folder of the board:\n  \
         GATEWAY_IDENTITY={directory} cargo run --release"
    )
}
