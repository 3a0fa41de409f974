//! The identity of a device, read from files when its image is built.
//!
//! A board's build script calls [`embed`]. It reads the directory that the variable `GATEWAY_IDENTITY` names and writes
//! `identity.rs` into `OUT_DIR`, which `hardware::identity!()` makes part of the image:
//!
//! | File | Contents |
//! |---|---|
//! | `ca.pem` | certificates of the authorities that are trusted for the server |
//! | `gateway.pem` | the device's certificate, then its intermediates, without the root |
//! | `gateway.key` | the private key of the first certificate: P-256, PKCS#8 or SEC1, not encrypted |
//! | `endpoint.txt` | the server: lines `host`, `port`, `path`, `server-name`, `time-server`, each with `= value` |
//!
//! An unusable file is a build error that states what was found and what is required.

mod endpoint;
mod generate;

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};
use std::{env, fs};

use mtls_pki::pem;

/// The variable that names the directory with the identity.
pub const VARIABLE: &str = "GATEWAY_IDENTITY";

const HELP: &str = "The identity of the device is read from the directory that GATEWAY_IDENTITY names: ca.pem, gateway.pem, \
    gateway.key, endpoint.txt; boards/README.md describes them. `cargo run --package provisioning --example throw-away -- \
    DIRECTORY HOST` in boards/ creates a throw-away set.";

/// Writes the identity for `hardware::identity!()`, and gives the arguments to the linker that every board with a Cortex-M
/// requires.
///
/// # Panics
/// As [`identity`].
pub fn embed() {
    identity();
    for argument in ["--nmagic", "-Tlink.x", "-Tdefmt.x"] {
        println!("cargo:rustc-link-arg-bins={argument}");
    }
}

/// Writes the identity for `hardware::identity!()`.
///
/// # Panics
/// An error ends the build with a sentence about what is wrong.
pub fn identity() {
    let wanted = env::var_os(VARIABLE);
    println!("cargo:rerun-if-env-changed={VARIABLE}");
    println!("cargo:rerun-if-env-changed=SOURCE_DATE_EPOCH");
    if let Err(problem) = write(wanted.map(PathBuf::from)) {
        panic!("{problem}\n{HELP}");
    }
}

/// Copies the board's `memory.x` to where the linker finds it.
///
/// # Panics
/// If there is none.
pub fn memory_layout() {
    println!("cargo:rerun-if-changed=memory.x");
    fs::copy("memory.x", out_dir().join("memory.x")).expect("memory.x is next to Cargo.toml");
    println!("cargo:rustc-link-search={}", out_dir().display());
}

fn write(directory: Option<PathBuf>) -> Result<(), String> {
    let directory = directory.ok_or("GATEWAY_IDENTITY is not set.")?;
    // Cargo runs build scripts in the directory of the package, so a relative path would differ for each board.
    if !directory.is_absolute() {
        return Err(format!("GATEWAY_IDENTITY: found {}, wanted an absolute path.", directory.display()));
    }
    let text = read(&directory, build_time()?)?;
    fs::write(out_dir().join("identity.rs"), text).map_err(|error| format!("identity.rs: {error}"))
}

/// The environment variable with the password of an encrypted `gateway.key`.
const PASSWORD: &str = "GATEWAY_KEY_PASSWORD";

/// Returns the source text of the identity in `directory`, for an image built at `built`.
fn read(directory: &Path, built: i64) -> Result<String, String> {
    let file = |name: &str| {
        let path = directory.join(name).to_string_lossy().into_owned();
        println!("cargo:rerun-if-changed={path}");
        path
    };
    let (ca, chain, key, endpoint) = (file("ca.pem"), file("gateway.pem"), file("gateway.key"), file("endpoint.txt"));
    let pem::Authorities { usable: anchors, passed_over } = pem::authorities(&ca).map_err(|error| error.to_string())?;
    for error in passed_over {
        println!("cargo:warning=skipped: {error}");
    }
    // An encrypted key can be built in where the environment has its password.
    println!("cargo:rerun-if-env-changed={PASSWORD}");
    let password = match env::var_os(PASSWORD) {
        Some(_) => pem::Password::parse(PASSWORD, &format!("env:{PASSWORD}")).map_err(|error| error.to_string())?,
        None => pem::Password::none(),
    };
    let identity = pem::identity(&chain, &key, &password).map_err(|error| error.to_string())?;
    let text =
        fs::read_to_string(&endpoint).map_err(|error| format!("{endpoint}: found {error}, wanted a text file"))?;
    let endpoint = endpoint::Endpoint::parse(&text).map_err(|error| format!("{endpoint}: {error}"))?;
    generate::source(&endpoint, &anchors, &identity, built)
}

/// Returns the current time, or that of a reproducible build.
fn build_time() -> Result<i64, String> {
    if let Ok(given) = env::var("SOURCE_DATE_EPOCH") {
        return given.parse().map_err(|_| format!("SOURCE_DATE_EPOCH: found {given}, wanted seconds since 1970."));
    }
    let since = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|_| "the clock is before 1970")?;
    i64::try_from(since.as_secs()).map_err(|error| error.to_string())
}

fn out_dir() -> PathBuf {
    PathBuf::from(env::var_os("OUT_DIR").expect("Cargo sets OUT_DIR for build scripts"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDPOINT: &str = "host = supplier.example\nport = 443\npath = /orders\nserver-name = supplier.example\n";

    /// A directory with a throw-away identity.
    struct Directory(PathBuf);

    impl Directory {
        fn new(name: &str) -> Self {
            let path = env::temp_dir().join(format!("embedded-mtls-provisioning-{name}-{}", std::process::id()));
            mtls_pki::throw_away::Pki::new().unwrap().write(&path).unwrap();
            fs::rename(path.join("root.pem"), path.join("ca.pem")).unwrap();
            fs::write(path.join("endpoint.txt"), ENDPOINT).unwrap();
            Self(path)
        }

        fn refusal(&self) -> String {
            read(&self.0, 0).unwrap_err()
        }
    }

    impl Drop for Directory {
        fn drop(&mut self) {
            // It is a temporary file; leaving it behind does no harm.
            let _gone = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn an_identity_becomes_source_text() {
        let text = read(&Directory::new("good").0, 1_795_320_000).unwrap();
        for part in ["hardware::Identity<1>", "host: \"supplier.example\"", "port: 443", "built: 1795320000"] {
            assert!(text.contains(part), "no {part} in {text}");
        }
    }

    #[test]
    fn a_missing_file_is_named() {
        for name in ["ca.pem", "gateway.pem", "gateway.key", "endpoint.txt"] {
            let directory = Directory::new(name);
            fs::remove_file(directory.0.join(name)).unwrap();
            let refusal = directory.refusal();
            assert!(refusal.contains(name) && refusal.contains("wanted"), "{refusal}");
        }
    }

    #[test]
    fn the_key_of_another_certificate_is_rejected() {
        let directory = Directory::new("key");
        fs::rename(directory.0.join("supplier.key"), directory.0.join("gateway.key")).unwrap();
        assert!(directory.refusal().contains("found no certificate for the key of"), "{}", directory.refusal());
    }

    #[test]
    fn a_leaf_is_not_a_ca_and_prose_is_not_an_endpoint() {
        let directory = Directory::new("ca");
        fs::copy(directory.0.join("supplier.pem"), directory.0.join("ca.pem")).unwrap();
        assert!(directory.refusal().contains("wanted CA certificates"), "{}", directory.refusal());
        let directory = Directory::new("endpoint");
        fs::write(directory.0.join("endpoint.txt"), "the usual one").unwrap();
        assert!(
            directory.refusal().contains("endpoint.txt: line 1: found another line, wanted"),
            "{}",
            directory.refusal()
        );
    }

    #[test]
    fn without_the_variable_or_with_a_relative_path_there_is_not_an_identity() {
        assert!(write(None).unwrap_err().contains("GATEWAY_IDENTITY is not set"));
        assert!(write(Some("identity".into())).unwrap_err().contains("wanted an absolute path"));
    }
}
