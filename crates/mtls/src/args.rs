//! Options of the command line: what the programs share, and errors that name what was found and what is expected.

use core::fmt;
use core::str::FromStr;

use embedded_mtls::{CipherSuite, NamedGroup};
use lexopt::ValueExt as _;
use mtls_pki::pem::FileError;

use super::capture::Capture;

/// A command line that cannot be executed.
#[derive(Debug, PartialEq, Eq)]
pub struct UsageError(pub(crate) String);

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl core::error::Error for UsageError {}

impl From<lexopt::Error> for UsageError {
    fn from(error: lexopt::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<FileError> for UsageError {
    fn from(error: FileError) -> Self {
        Self(error.to_string())
    }
}

/// Reads the value of the current option.
pub(crate) fn text(parser: &mut lexopt::Parser) -> Result<String, UsageError> {
    Ok(parser.value()?.string()?)
}

/// Parses the value of `option` as a number or another type; `wanted` describes it in the error.
pub(crate) fn parsed<T: FromStr>(parser: &mut lexopt::Parser, option: &str, wanted: &str) -> Result<T, UsageError> {
    let found = text(parser)?;
    found.parse().map_err(|_| unfit(option, &found, wanted))
}

/// Returns the value of an option that is required.
pub(crate) fn required<T>(value: Option<T>, option: &str) -> Result<T, UsageError> {
    value.ok_or_else(|| UsageError(format!("{option} is missing")))
}

/// Returns the alias of the identity in a file: the file name without folder and extension.
pub(crate) fn alias(file: &str) -> &str {
    std::path::Path::new(file).file_stem().and_then(std::ffi::OsStr::to_str).unwrap_or(file)
}

/// Checks a path for use in a request line.
pub(crate) fn path(found: &str) -> Result<String, UsageError> {
    if found.starts_with('/') && found.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(found.to_owned());
    }
    Err(unfit("--path", found, "a path that begins with / and has only ASCII characters without spaces"))
}

/// Makes the error for a value that its option does not accept.
pub(crate) fn unfit(option: &str, found: &str, wanted: &str) -> UsageError {
    UsageError(format!("{option}: found '{found}', wanted {wanted}"))
}

/// Preferences of either side of a connection: the lists to offer, each in order of preference. An empty list means the
/// default.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub struct Preferences {
    /// Application protocols (RFC 7301).
    pub alpn: Vec<Vec<u8>>,
    /// Key exchange groups.
    pub groups: Vec<NamedGroup>,
    /// Cipher suites.
    pub suites: Vec<CipherSuite>,
    /// Maximum number of CA certificates above the peer's leaf, including the trust anchor.
    pub max_depth: Option<u8>,
    /// Maximum validity of the peer's certificate in days.
    pub max_validity: Option<u16>,
    /// Rejects certificates that violate what RFC 5280 requires of authorities.
    pub strict: bool,
    /// Reports each step of path building.
    pub trace: bool,
    /// Prints the ring of events at the end.
    pub events: bool,
    /// A file for the secrets of the connections, with which captures can be decrypted.
    pub key_log: Option<String>,
    /// A file for a capture of the traffic.
    pub capture: Option<String>,
    /// For a client: sends its first identity regardless of the authorities that the server names.
    pub insists: bool,
    /// For a client: also posts to a server that has not requested its certificate.
    pub one_way: bool,
    /// For a client: offers post-handshake authentication; needs the feature `post-handshake-auth`.
    pub post_handshake_auth: bool,
}

impl Default for Preferences {
    /// Offers HTTP/1.1, the only protocol of the programs, and the defaults of the core for everything else.
    fn default() -> Self {
        Self {
            alpn: vec![b"http/1.1".to_vec()],
            groups: Vec::new(),
            suites: Vec::new(),
            max_depth: None,
            insists: false,
            one_way: false,
            post_handshake_auth: false,
            max_validity: None,
            strict: false,
            trace: false,
            events: false,
            key_log: None,
            capture: None,
        }
    }
}

/// The lines of a help text that describe [`Preferences`].
pub(crate) const PREFERENCES_HELP: &str =
    "  --alpn LIST         application protocols in order of preference; http/1.1 by default; 'none' for none
  --groups LIST       key exchange groups in order of preference: x25519, secp256r1
  --suites LIST       cipher suites in order of preference: aes128-gcm, aes256-gcm, chacha20-poly1305
  --max-depth N       maximum number of CA certificates above the peer's, including the trust anchor, counted like
                      Apache's SSLVerifyDepth; 4 by default
  --max-validity N    maximum validity of the peer's certificate in days, for example 398; unlimited by default
  --strict            reject certificates that RFC 5280 forbids authorities to issue, even if path validation accepts them
  --trace             print each step of the search for a path from the peer's certificate to a trust anchor
  --events            print messages, decisions and errors at the end, as a device records them
  --capture FILE      write the traffic to this file, as a capture for Wireshark with made-up addresses
  --keylog FILE       DANGEROUS, for laboratories: append the secrets of the connection to this file, so that Wireshark,
                      and anyone else who has both files, can decrypt the traffic";

impl Preferences {
    /// Reads the option `name` if it is one of these; returns `false` if it is not.
    pub(crate) fn take(&mut self, name: &str, parser: &mut lexopt::Parser) -> Result<bool, UsageError> {
        match name {
            "alpn" => {
                let names = text(parser)?;
                let wanted = "names of 1 to 255 bytes, as in http/1.1";
                self.alpn = if names == "none" { Vec::new() } else { list(&names, "--alpn", wanted, protocol)? };
            }
            "groups" => self.groups = list(&text(parser)?, "--groups", "x25519 or secp256r1", group)?,
            "suites" => self.suites = list(&text(parser)?, "--suites", SUITES_WANTED, suite)?,
            "max-depth" => self.max_depth = Some(parsed(parser, "--max-depth", "a number from 0 to 255")?),
            "max-validity" => self.max_validity = Some(parsed(parser, "--max-validity", "days from 1 to 65535")?),
            "strict" => self.strict = true,
            "trace" => self.trace = true,
            "events" => self.events = true,
            "capture" => self.capture = Some(text(parser)?),
            "keylog" => {
                let file = text(parser)?;
                if !cfg!(feature = "key-log") {
                    return Err(UsageError(format!(
                        "--keylog {file}: this build cannot disclose its secrets; build with \
                         cargo build --features key-log"
                    )));
                }
                self.key_log = Some(file);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl Preferences {
    /// Starts the capture, if one is requested.
    pub(crate) fn begin_capture(&self) -> Result<Option<Capture>, UsageError> {
        let begin = |file: &String| Capture::create(file).map_err(|error| UsageError(format!("{file}: {error}")));
        self.capture.as_ref().map(begin).transpose()
    }

    /// Opens the key log, if one is requested.
    #[cfg(feature = "key-log")]
    pub(crate) fn open_key_log(&self) -> Result<Option<super::key_log::KeyLogFile>, UsageError> {
        let open = |file: &String| {
            super::key_log::KeyLogFile::open(file).map_err(|error| UsageError(format!("{file}: {error}")))
        };
        self.key_log.as_ref().map(open).transpose()
    }
}

/// The names of the cipher suites.
const SUITES_WANTED: &str = "aes128-gcm, aes256-gcm or chacha20-poly1305";

/// Parses a comma-separated list with at least one entry.
fn list<T>(found: &str, option: &str, wanted: &str, entry: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, UsageError> {
    found.split(',').map(|name| entry(name.trim()).ok_or_else(|| unfit(option, name.trim(), wanted))).collect()
}

/// Checks an ALPN protocol name (RFC 7301 section 3.1).
fn protocol(name: &str) -> Option<Vec<u8>> {
    (1..=255).contains(&name.len()).then(|| name.as_bytes().to_vec())
}

/// Finds a group by one of its usual names.
fn group(name: &str) -> Option<NamedGroup> {
    match name.to_ascii_lowercase().as_str() {
        "x25519" => Some(NamedGroup::X25519),
        "secp256r1" | "p-256" | "p256" | "prime256v1" => Some(NamedGroup::SECP256R1),
        _ => None,
    }
}

/// Finds a cipher suite by its short or its registered name.
fn suite(name: &str) -> Option<CipherSuite> {
    match name.to_ascii_lowercase().as_str() {
        "aes128-gcm" | "tls_aes_128_gcm_sha256" => Some(CipherSuite::TLS_AES_128_GCM_SHA256),
        "aes256-gcm" | "tls_aes_256_gcm_sha384" => Some(CipherSuite::TLS_AES_256_GCM_SHA384),
        "chacha20-poly1305" | "tls_chacha20_poly1305_sha256" => Some(CipherSuite::TLS_CHACHA20_POLY1305_SHA256),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn preferences(args: &[&str]) -> Result<Preferences, UsageError> {
        let mut parser = lexopt::Parser::from_args(args);
        let mut preferences = Preferences::default();
        while let Some(argument) = parser.next()? {
            let lexopt::Arg::Long(name) = argument else { return Err(argument.unexpected().into()) };
            let name = name.to_owned();
            assert!(preferences.take(&name, &mut parser)?, "{name}");
        }
        Ok(preferences)
    }

    #[test]
    fn lists_keep_their_order() {
        let found = preferences(&["--groups", "P-256, x25519", "--suites=chacha20-poly1305,TLS_AES_128_GCM_SHA256"]);
        let expected = Preferences {
            groups: vec![NamedGroup::SECP256R1, NamedGroup::X25519],
            suites: vec![CipherSuite::TLS_CHACHA20_POLY1305_SHA256, CipherSuite::TLS_AES_128_GCM_SHA256],
            ..Preferences::default()
        };
        assert_eq!(found, Ok(expected));
    }

    #[test]
    fn an_unknown_name_is_quoted_with_what_is_wanted() {
        let error = preferences(&["--groups", "x25519,x448"]).unwrap_err();
        assert_eq!(error.to_string(), "--groups: found 'x448', wanted x25519 or secp256r1");
        let error = preferences(&["--max-depth", "300"]).unwrap_err();
        assert_eq!(error.to_string(), "--max-depth: found '300', wanted a number from 0 to 255");
        let error = preferences(&["--alpn", "h2,"]).unwrap_err();
        assert_eq!(error.to_string(), "--alpn: found '', wanted names of 1 to 255 bytes, as in http/1.1");
    }

    #[test]
    fn secrets_are_told_only_by_a_build_that_can() {
        let found = preferences(&["--keylog", "keys"]).map(|preferences| preferences.key_log);
        match found {
            Ok(file) => assert!(cfg!(feature = "key-log") && file.as_deref() == Some("keys")),
            Err(error) => assert!(error.to_string().ends_with("cargo build --features key-log"), "{error}"),
        }
    }
}
