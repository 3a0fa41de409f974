//! The public key of the fleet, in the module that `mtls provision fleet-key` writes.

use std::path::PathBuf;

/// The environment variable with the path of the module.
pub(crate) const VARIABLE: &str = "FLEET_KEY";

const HELP: &str = "wanted the absolute path of the module with the public key of your fleet, by which the image checks blobs: \
    `mtls provision fleet-key fleet.key --rust fleet_key.rs` makes one (boards/README.md)";

/// Returns the path of the module.
pub(crate) fn path(given: Option<PathBuf>) -> Result<PathBuf, String> {
    let path = given.ok_or_else(|| format!("{VARIABLE}: found no such variable, {HELP}"))?;
    // Cargo runs build scripts in the directory of the package, so a relative path would differ for each board.
    if path.is_absolute() { Ok(path) } else { Err(format!("{VARIABLE}: found {}, {HELP}", path.display())) }
}

/// Reads the point from the module.
pub(crate) fn parse(module: &str) -> Result<[u8; 65], String> {
    let wanted = "wanted the module of `mtls provision fleet-key --rust`";
    let (_, rest) = module.split_once("FLEET_KEY: [u8; 65] = [").ok_or(format!("found no FLEET_KEY, {wanted}"))?;
    let (numbers, _) = rest.split_once(']').unwrap_or((rest, ""));
    let bytes = numbers.split(',').map(str::trim).filter(|number| !number.is_empty()).map(str::parse);
    let bytes: Vec<u8> = bytes.collect::<Result<_, _>>().map_err(|_| format!("found other words, {wanted}"))?;
    let point = <[u8; 65]>::try_from(bytes).map_err(|bytes| format!("found {} bytes, wanted 65", bytes.len()))?;
    // SEC 1 section 2.3.3.
    if point.first() == Some(&4) { Ok(point) } else { Err("found another key, wanted an uncompressed point".into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A module with this key, as `mtls provision` writes it.
    fn module(bytes: &[u8]) -> String {
        let numbers: Vec<_> = bytes.iter().map(|byte| format!("    {byte},\n")).collect();
        let numbers = numbers.concat();
        format!("// Written by mtls provision.\n\n/// The key.\npub static FLEET_KEY: [u8; 65] = [\n{numbers}];\n")
    }

    #[test]
    fn a_key_is_read_from_its_module() {
        let mut point = [7; 65];
        point[0] = 4;
        assert_eq!(parse(&module(&point)), Ok(point));
    }

    #[test]
    fn anything_else_is_refused_with_what_is_wanted() {
        assert!(parse("pub static BLOB: [u8; 1] = [4];").unwrap_err().contains("found no FLEET_KEY"));
        assert!(parse(&module(&[4; 64])).unwrap_err().contains("found 64 bytes"));
        assert!(parse(&module(&[2; 65])).unwrap_err().contains("wanted an uncompressed point"));
        assert!(parse("FLEET_KEY: [u8; 65] = [four]").unwrap_err().contains("found other words"));
    }

    #[test]
    fn without_the_variable_or_with_a_relative_path_there_is_no_image() {
        assert!(path(None).unwrap_err().contains("FLEET_KEY: found no such variable, wanted"));
        assert!(
            path(Some("fleet_key.rs".into())).unwrap_err().contains("found fleet_key.rs, wanted the absolute path")
        );
        assert_eq!(path(Some("/a/fleet_key.rs".into())), Ok("/a/fleet_key.rs".into()));
    }
}
