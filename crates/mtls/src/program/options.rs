//! Options that several commands have: identities, preferences of a connection, policies.

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};
use embedded_mtls::{CipherSuite, NamedGroup};
use mtls_pki::pem::{self, FileError, Identity, Password};

use crate::args::{self, Preferences, UsageError};
use crate::files::{Draft, Readers};
use crate::policy::{Anchors, Around, Rules, SslInfo};
use crate::report::{printable, say};

/// The files of whom to trust.
#[derive(Args, Debug)]
pub(super) struct TrustArgs {
    /// PEM: trusted authorities for servers; may be repeated
    #[arg(long, value_name = "FILE")]
    pub(super) ca: Vec<String>,
    /// PEM: the server's own certificate or public key, trusted regardless of its issuer; may be repeated
    #[arg(long, value_name = "FILE")]
    pub(super) pin: Vec<String>,
}

impl TrustArgs {
    /// Reads them.
    pub(super) fn read(&self) -> Result<Anchors, FileError> {
        let mut anchors = authorities(&self.ca)?;
        for file in &self.pin {
            anchors.pins.append(&mut pem::pins(file)?);
        }
        Ok(anchors)
    }
}

/// Writes a page in one step: whoever reloads it never sees half of one.
pub(super) fn write_page(file: &str, page: &str) -> Result<(), UsageError> {
    let path = std::path::Path::new(file);
    let written = if path.exists() && !path.is_file() {
        // A terminal or a pipe has no draft.
        std::fs::write(path, page)
    } else {
        Draft::replacing(path, page.as_bytes(), Readers::All).and_then(Draft::keep)
    };
    written.map_err(|error| UsageError(format!("--report {file}: {error}")))
}

/// Warns of a page that could not be written: the report itself is printed, and the exit code is about it.
pub(super) fn warn_of(written: Result<(), UsageError>) {
    if let Err(error) = written {
        eprintln!("mtls: warning: {}", printable(&error.to_string()));
    }
}

/// Prints a value as one line of JSON.
pub(super) fn say_json(value: &impl serde::Serialize) -> Result<(), UsageError> {
    say!("{}", serde_json::to_string(value).map_err(|error| UsageError(error.to_string()))?);
    Ok(())
}

/// Reads files of authorities.
pub(super) fn authorities(files: &[String]) -> Result<Anchors, FileError> {
    let mut anchors = Anchors::default();
    for file in files {
        let mut found = pem::authorities(file)?;
        anchors.authorities.append(&mut found.usable);
        anchors.passed_over.append(&mut found.passed_over);
    }
    Ok(anchors)
}

/// A policy in a file, which replaces other options.
#[derive(Args, Debug)]
#[allow(clippy::doc_markdown, reason = "the documentation is the help text")]
pub(super) struct PolicyArgs {
    /// XML: an <SSLInfo>, or the element of a gateway around it; its stores are next to the file, as crates/mtls/README.md
    /// describes, with the file names of Kubernetes, certbot or AWS; replaces the options about identity and trust. A
    /// server resolves references for each connection
    #[arg(long, value_name = "FILE")]
    policy: Option<String>,
    /// XML: the <KeyAlias> of this site, and the <URL> of a client's server; the rest of the policy is locked
    #[arg(long, value_name = "FILE")]
    site: Option<String>,
    /// The value of a flow variable in the policy of a client, such as {ssl.keystore} in <KeyStore>, <KeyAlias> or <TrustStore>; may
    /// be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = variable)]
    var: Vec<(String, String)>,
}

impl PolicyArgs {
    /// Reads the policy, if there is one. `replaced` are the options that it replaces, and whether they were given.
    pub(super) fn read(
        &self,
        around: Around,
        replaced: &[(&str, bool)],
        alias: Option<String>,
        identities: &IdentityArgs,
    ) -> Result<Option<Rules>, UsageError> {
        let Some(file) = &self.policy else {
            let lonely = [("--site", self.site.is_some()), ("--var", !self.var.is_empty())];
            let lonely = lonely.iter().find(|(_, is_given)| *is_given);
            return lonely.map_or(Ok(None), |(option, _)| Err(UsageError(format!("{option} needs --policy"))));
        };
        if around == Around::Host && !self.var.is_empty() {
            let why = "--var: found it on a server, wanted none: only clients have values for each connection";
            return Err(UsageError(why.to_owned()));
        }
        if let Some((option, _)) = replaced.iter().find(|(_, is_given)| *is_given) {
            return Err(UsageError(format!("--policy: found {option} beside it, wanted one of the two")));
        }
        let info = SslInfo::read(file, around)?;
        let site = self.site.as_ref().map(|file| SslInfo::read_site(file, around)).transpose()?;
        Rules::new(file, info, site, alias, identities.password()?).with_variables(self.var.clone()).map(Some)
    }
}

/// The files of own identities, in the order of the command line, and the password of encrypted keys.
#[derive(Debug, Default)]
pub(super) struct IdentityArgs {
    /// Chain and key of each; `None` if the key is in the same file.
    pub(super) files: Vec<(String, Option<String>)>,
    /// The source of the password.
    key_password: Option<String>,
}

impl IdentityArgs {
    /// Returns the password of encrypted keys; by default, the terminal is asked.
    pub(super) fn password(&self) -> Result<Password, FileError> {
        args::password("--key-password", self.key_password.as_deref())
    }

    /// Reads the identity with this alias, or all, each with its files: chain and key.
    pub(super) fn read(&self, alias: Option<&str>) -> Result<Vec<(Identity, [String; 2])>, UsageError> {
        let has_alias = |(cert, _): &&(String, _)| alias.is_none_or(|alias| args::alias(cert) == alias);
        let chosen: Vec<_> = self.files.iter().filter(has_alias).collect();
        if let (Some(alias), []) = (alias, &chosen[..]) {
            let there = self.files.iter().map(|(cert, _)| args::alias(cert)).collect::<Vec<_>>().join(", ");
            let wanted = "the name of a --cert FILE without extension";
            let there = if there.is_empty() { wanted.to_owned() } else { format!("{wanted}, one of: {there}") };
            return Err(args::unfit("--alias", alias, &there));
        }
        let password = self.password()?;
        let read = |(cert, key): &(String, Option<String>)| {
            let files = [cert, key.as_ref().unwrap_or(cert)].map(Clone::clone);
            Ok((pem::identity(&files[0], &files[1], &password)?, files))
        };
        chosen.into_iter().map(read).collect()
    }
}

impl Args for IdentityArgs {
    fn augment_args(command: Command) -> Command {
        let file = |name: &'static str, help: &'static str| {
            Arg::new(name).long(name).value_name("FILE").action(ArgAction::Append).help(help)
        };
        command
            .arg(file("cert", "PEM, DER or PKCS#12: our certificate, then its intermediates; may be repeated: the server's request selects one, or --sni"))
            .arg(file("key", "PEM or DER: the key of the preceding --cert, in PKCS#8, SEC 1 or PKCS#1: on P-256 or P-384, for Ed25519, or for RSA with 2048 to 4096 bits; by default in the same file"))
            .arg(Arg::new("key-password").long("key-password").value_name("SOURCE").help(
                "The password of PKCS#12 files and encrypted keys: env:NAME, file:FILE or prompt; by default the terminal is asked, if there is one",
            ))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for IdentityArgs {
    /// Gives each --key to the --cert before it.
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = |option: &str| -> Vec<(usize, String)> {
            let places = matches.indices_of(option).into_iter().flatten();
            places.zip(matches.get_many::<String>(option).into_iter().flatten().cloned()).collect()
        };
        let mut files: Vec<_> = given("cert").into_iter().map(|(place, file)| (place, file, None)).collect();
        for (place, key) in given("key") {
            let Some((_, _, own @ None)) = files.iter_mut().rfind(|(of_cert, ..)| *of_cert < place) else {
                let why = "--key must follow the --cert it belongs to\n";
                return Err(clap::Error::raw(ErrorKind::ArgumentConflict, why));
            };
            *own = Some(key);
        }
        let files = files.into_iter().map(|(_, cert, key)| (cert, key)).collect();
        Ok(Self { files, key_password: matches.get_one::<String>("key-password").cloned() })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// Preferences of a connection, and what is reported of it.
#[derive(Args, Debug)]
#[allow(clippy::doc_markdown, reason = "the documentation is the help text")]
pub(super) struct PreferenceArgs {
    /// Application protocols, in order of preference; 'none' for none
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "http/1.1", value_parser = protocol)]
    alpn: Vec<Vec<u8>>,
    /// Key exchange groups, in order of preference: x25519mlkem768, x25519, secp256r1, secp384r1
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = group)]
    groups: Vec<NamedGroup>,
    /// Cipher suites, in order of preference: aes128-gcm, aes256-gcm, chacha20-poly1305
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = suite)]
    suites: Vec<CipherSuite>,
    /// Maximum number of CA certificates above the peer's, including the trust anchor, counted like Apache's SSLVerifyDepth; 4
    /// by default
    #[arg(long, value_name = "N")]
    max_depth: Option<u8>,
    /// Maximum validity of the peer's certificate in days, for example 398; unlimited by default
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..))]
    max_validity: Option<u16>,
    /// Rejects certificates that RFC 5280 forbids CAs to issue, even if path validation accepts them
    #[arg(long)]
    strict: bool,
    /// Prints each step of the search for a path from the peer's certificate to a trust anchor
    #[arg(long)]
    trace: bool,
    /// Prints messages, decisions and errors at the end, as a device records them
    #[arg(long)]
    events: bool,
    /// Writes the traffic to this file, as a capture for Wireshark with made-up addresses
    #[arg(long, value_name = "FILE")]
    capture: Option<String>,
    /// DANGEROUS, for laboratories: appends the secrets of the connection to this file, so that Wireshark, and anybody else who
    /// has both, can read the traffic
    #[arg(long, value_name = "FILE")]
    keylog: Option<String>,
}

impl PreferenceArgs {
    /// Returns them as the library takes them.
    pub(super) fn preferences(self) -> Result<Preferences, UsageError> {
        if let (Some(file), false) = (&self.keylog, cfg!(feature = "key-log")) {
            let how = "this build cannot disclose its secrets; build with cargo build --features key-log";
            return Err(UsageError(format!("--keylog {file}: {how}")));
        }
        Ok(Preferences {
            alpn: if self.alpn == [b"none"] { Vec::new() } else { self.alpn },
            groups: self.groups,
            suites: self.suites,
            max_depth: self.max_depth,
            max_validity: self.max_validity,
            strict: self.strict,
            trace: self.trace,
            events: self.events,
            capture: self.capture,
            key_log: self.keylog,
            ..Preferences::default()
        })
    }
}

/// Parses the value of `--var`.
fn variable(text: &str) -> Result<(String, String), &'static str> {
    let parts = text.split_once('=').filter(|(name, _)| !name.is_empty());
    parts
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .ok_or("wanted NAME=VALUE, as in ssl.keystore=gateway-2026")
}

/// Parses an ALPN protocol name (RFC 7301 section 3.1).
fn protocol(name: &str) -> Result<Vec<u8>, &'static str> {
    let is_name = (1..=255).contains(&name.len());
    is_name.then(|| name.as_bytes().to_vec()).ok_or("wanted names of 1 to 255 bytes, as in http/1.1")
}

/// Parses a group by one of its usual names.
fn group(name: &str) -> Result<NamedGroup, &'static str> {
    match name.trim().to_ascii_lowercase().as_str() {
        "x25519mlkem768" if cfg!(feature = "mlkem") => Ok(NamedGroup::X25519MLKEM768),
        "x25519" => Ok(NamedGroup::X25519),
        "secp256r1" | "p-256" | "p256" | "prime256v1" => Ok(NamedGroup::SECP256R1),
        "secp384r1" | "p-384" | "p384" => Ok(NamedGroup::SECP384R1),
        _ if cfg!(feature = "mlkem") => Err("wanted x25519mlkem768, x25519, secp256r1 or secp384r1"),
        _ => Err("wanted x25519, secp256r1 or secp384r1"),
    }
}

/// Parses a cipher suite by its short or its registered name.
fn suite(name: &str) -> Result<CipherSuite, &'static str> {
    match name.trim().to_ascii_lowercase().as_str() {
        "aes128-gcm" | "tls_aes_128_gcm_sha256" => Ok(CipherSuite::TLS_AES_128_GCM_SHA256),
        "aes256-gcm" | "tls_aes_256_gcm_sha384" => Ok(CipherSuite::TLS_AES_256_GCM_SHA384),
        "chacha20-poly1305" | "tls_chacha20_poly1305_sha256" => Ok(CipherSuite::TLS_CHACHA20_POLY1305_SHA256),
        _ => Err("wanted aes128-gcm, aes256-gcm or chacha20-poly1305"),
    }
}

/// Parses a path as it can be in a request line.
pub(super) fn path(found: &str) -> Result<String, &'static str> {
    if found.starts_with('/') && found.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(found.to_owned());
    }
    Err("wanted a path that begins with / and has only ASCII characters without spaces")
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        identities: IdentityArgs,
        #[command(flatten)]
        preferences: PreferenceArgs,
    }

    fn read(words: &[&str]) -> Result<Line, String> {
        Line::try_parse_from([&["program"], words].concat()).map_err(|error| error.to_string())
    }

    fn preferences(words: &[&str]) -> Preferences {
        read(words).unwrap().preferences.preferences().unwrap()
    }

    #[test]
    fn lists_keep_their_order() {
        let found =
            preferences(&["--groups", "P-256, x25519, p384", "--suites=chacha20-poly1305,TLS_AES_128_GCM_SHA256"]);
        let expected = Preferences {
            groups: vec![NamedGroup::SECP256R1, NamedGroup::X25519, NamedGroup::SECP384R1],
            suites: vec![CipherSuite::TLS_CHACHA20_POLY1305_SHA256, CipherSuite::TLS_AES_128_GCM_SHA256],
            ..Preferences::default()
        };
        assert_eq!(found, expected);
        assert_eq!(preferences(&[]), Preferences::default());
        assert_eq!(preferences(&["--alpn", "none"]).alpn, Vec::<Vec<u8>>::new());
    }

    #[test]
    fn an_unknown_name_is_quoted_with_the_known_ones() {
        for (option, value, told) in [
            ("--groups", "x25519,x448", "invalid value 'x448' for '--groups <LIST>': wanted x25519"),
            ("--suites", "rc4", "invalid value 'rc4' for '--suites <LIST>': wanted aes128-gcm, aes256-gcm or chacha20"),
            ("--alpn", "h2,", "names of 1 to 255 bytes, as in http/1.1"),
            ("--max-depth", "300", "invalid value '300' for '--max-depth <N>': 300 is not in 0..=255"),
        ] {
            let error = read(&[option, value]).unwrap_err();
            assert!(error.contains(told), "{error}");
        }
    }

    #[test]
    fn secrets_are_revealed_only_by_a_build_that_can() {
        match read(&["--keylog", "keys"]).unwrap().preferences.preferences() {
            Ok(found) => assert!(cfg!(feature = "key-log") && found.key_log.as_deref() == Some("keys")),
            Err(error) => assert!(error.to_string().ends_with("cargo build --features key-log"), "{error}"),
        }
    }

    #[test]
    fn a_key_belongs_to_the_certificate_before_it() {
        let found = read(&["--cert", "a.pem", "--cert", "b.pem", "--key", "b.key"]).unwrap().identities.files;
        assert_eq!(found, [("a.pem".to_owned(), None), ("b.pem".to_owned(), Some("b.key".to_owned()))]);
        for words in [&["--key", "a.key"][..], &["--cert", "a", "--key", "b", "--key", "c"]] {
            let error = read(words).unwrap_err();
            assert!(error.contains("--key must follow the --cert it belongs to"), "{error}");
        }
    }

    #[test]
    fn an_unknown_alias_is_reported_with_the_known_ones() {
        let unknown = read(&["--cert", "x/shop.pem", "--cert", "y.pem"]).unwrap().identities.read(Some("z"));
        let wanted = "--alias: found 'z', wanted the name of a --cert FILE without extension, one of: shop, y";
        assert_eq!(unknown.unwrap_err().to_string(), wanted);
    }
}
