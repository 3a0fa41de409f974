//! Options of the command line: what the programs share, and errors that name what was found and what is expected.

use core::fmt;

use embedded_mtls::crypto::CryptoProvider;
use embedded_mtls::crypto::rustcrypto::RustCrypto;
use embedded_mtls::{CipherSuite, ClientConfig, NamedGroup};
use mtls_pki::pem::{FileError, Password};

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

impl From<FileError> for UsageError {
    fn from(error: FileError) -> Self {
        Self(error.to_string())
    }
}

/// Returns the value of an option that is required.
pub(crate) fn required<T>(value: Option<T>, option: &str) -> Result<T, UsageError> {
    value.ok_or_else(|| UsageError(format!("{option} is missing")))
}

/// Returns the alias of the identity in a file: the file name without folder and extension.
pub(crate) fn alias(file: &str) -> &str {
    std::path::Path::new(file).file_stem().and_then(std::ffi::OsStr::to_str).unwrap_or(file)
}

/// Returns the password from the source that an option names; by default, the terminal is asked.
pub(crate) fn password(option: &'static str, source: Option<&str>) -> Result<Password, FileError> {
    source.map_or_else(|| Ok(Password::ask()), |source| Password::parse(option, source))
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
    /// For a client: sends its first identity regardless of the CAs that the server names.
    pub insists: bool,
    /// For a client: also posts to a server that has not requested its certificate.
    pub one_way: bool,
    /// For a client: offers post-handshake authentication; needs the feature `post-handshake-auth`.
    pub post_handshake_auth: bool,
    /// For a client: the file of the ticket with which it resumes the last session, and which it replaces by a new one.
    #[cfg(feature = "resumption")]
    pub ticket: Option<String>,
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
            #[cfg(feature = "resumption")]
            ticket: None,
        }
    }
}

impl Preferences {
    /// Offers the groups. A client that prefers X25519MLKEM768 sends a share of the group after it, too, as Go, OpenSSL and the
    /// browsers do: a server without the hybrid then needs no HelloRetryRequest, which costs a round trip (RFC 9846 section
    /// 4.3.8), and 36 bytes are few beside the 1,220 of the hybrid's share.
    pub(crate) fn offer<'a>(&'a self, config: ClientConfig<'a>) -> ClientConfig<'a> {
        let groups = if self.groups.is_empty() { RustCrypto::NAMED_GROUPS } else { &self.groups };
        let config = config.with_groups(&self.groups);
        match groups {
            [NamedGroup::X25519MLKEM768, ..] => config.with_key_shares(groups.get(..2).unwrap_or(groups)),
            _ => config,
        }
    }

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
