//! The flags with which the runner starts a shim.

use embedded_mtls::crypto::CryptoProvider as _;
use embedded_mtls::crypto::rustcrypto::RustCrypto;
use embedded_mtls::{AlertDescription, CipherSuite, NamedGroup, SignatureScheme};

const HYBRID: NamedGroup = NamedGroup::X25519MLKEM768;

/// A feature that this library does not have, in the words of the summary.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NotHere(pub(crate) &'static str);

/// The requests of the flags. Of most it is enough to know that they are there.
#[derive(Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "they are flags")]
pub(crate) struct Flags {
    pub(crate) port: u16,
    pub(crate) shim_id: u64,
    pub(crate) ipv6: bool,
    /// Connections after the first.
    pub(crate) resume_count: u32,
    /// The further connections have to be as the first.
    pub(crate) expects_no_resumption: bool,
    pub(crate) is_server: bool,
    /// The test is about what happens to TLS 1.2, so being offered nothing else is its point.
    pub(crate) refuses_tls12: bool,
    /// An older version would do.
    pub(crate) allows_tls12: bool,
    /// The transport moves a byte at a time.
    pub(crate) byte_by_byte: bool,
    /// Numbered from 0, the best first.
    pub(crate) credentials: Vec<CredentialFlags>,
    /// The one without a number, after them.
    pub(crate) default_credential: Option<CredentialFlags>,
    /// Seconds by which the clock is ahead: so many pass before each further connection.
    pub(crate) delay: i64,
    /// No ticket is sent, accepted or used.
    pub(crate) no_tickets: bool,
    /// A client asks for what is not there: this is why it is not run. A server ignores the flag, as BoringSSL does.
    pub(crate) client_asks: Option<NotHere>,
    pub(crate) trust_cert: Option<String>,
    pub(crate) host_name: Option<String>,
    pub(crate) client_certificate: ClientCertificate,
    /// The peer is to be verified, in either role.
    pub(crate) verify_peer: bool,
    /// Refuses a peer that is authenticated.
    pub(crate) verify_fail: bool,
    /// The alert of that refusal speaks of a certificate.
    pub(crate) names_certificate: bool,
    pub(crate) groups: Vec<NamedGroup>,
    /// The groups for which a client sends key shares, if given.
    pub(crate) key_shares: Option<Vec<NamedGroup>>,
    /// The names of issuers that a server lists, if given: DER in hexadecimal, with commas.
    pub(crate) client_cas: Option<String>,
    /// A server ends the handshake as soon as it has read the ClientHello.
    pub(crate) refuses_hello: bool,
    pub(crate) cipher_suites: Vec<CipherSuite>,
    pub(crate) verify_prefs: Vec<SignatureScheme>,
    pub(crate) alpn: Vec<Vec<u8>>,
    pub(crate) declines_alpn: bool,
    /// The most data that is sent in one record.
    pub(crate) max_send_fragment: Option<usize>,
    pub(crate) read_size: Option<usize>,
    pub(crate) peeks: bool,
    pub(crate) initial_write: Option<Vec<u8>>,
    pub(crate) repeat_initial_write: usize,
    pub(crate) reads_with_unfinished_write: bool,
    pub(crate) writes_different_sizes: bool,
    pub(crate) shuts_down: bool,
    pub(crate) checks_close_notify: bool,
    pub(crate) key_update: bool,
    pub(crate) key_update_before_read: bool,
    pub(crate) export_len: usize,
    pub(crate) export_label: String,
    pub(crate) export_context: Vec<u8>,
    /// The expected results, with their values unparsed.
    pub(crate) expectations: Vec<Expectation>,
}

/// True if a server asks who its client is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ClientCertificate {
    #[default]
    NotAsked,
    Optional,
    Required,
}

/// An identity to send.
#[derive(Clone, Debug, Default)]
pub(crate) struct CredentialFlags {
    pub(crate) cert_file: String,
    pub(crate) key_file: String,
    pub(crate) schemes: Vec<SignatureScheme>,
    /// Not to be sent to a peer that names only other issuers.
    pub(crate) must_match_issuer: bool,
}

/// Something to compare when the handshake is over.
#[derive(Clone, Debug)]
pub(crate) enum Expectation {
    /// The protocols that a client offered.
    AdvertisedAlpn(Vec<Vec<u8>>),
    Alpn(Vec<u8>),
    /// The names of issuers that a server listed: DER in hexadecimal, with commas.
    Authorities(String),
    CipherSuite(u16),
    Group(u16),
    NoPeerCertificate,
    /// The peer has sent the first certificate of this file.
    PeerCertificate(String),
    /// The scheme with which the peer has signed.
    PeerSignatureScheme(u16),
    /// One of the schemes that the peer accepts, by its place.
    PeerVerifyPref(usize, u16),
    Retried(bool),
    /// The number of the credential; -1 is the one without a number, or none.
    SelectedCredential(i64),
    ServerName(String),
}

impl Flags {
    /// Reads the flags that apply to connection `number`; 0 is the first.
    pub(crate) fn parse(args: &[String], number: u32) -> Result<Self, NotHere> {
        let mut flags = Self { repeat_initial_write: 1, ..Self::default() };
        let mut writes_first = false;
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let (name, counts) = name_of(arg, number)?;
            let takes_value = takes_value(name)?;
            let value = if takes_value { args.next().map_or("", String::as_str) } else { "" };
            if !counts {
                continue;
            }
            match name {
                "-shim-writes-first" => writes_first = true,
                "-read-with-unfinished-write" => {
                    writes_first = true;
                    flags.reads_with_unfinished_write = true;
                }
                "-new-x509-credential" => flags.credentials.push(CredentialFlags::default()),
                "-cert-file" | "-key-file" | "-signing-prefs" | "-must-match-issuer" => {
                    let credential = match flags.credentials.last_mut() {
                        Some(last) => last,
                        None => flags.default_credential.get_or_insert_default(),
                    };
                    credential.set(name, value)?;
                }
                _ => flags.set(name, value)?,
            }
        }
        flags.delay *= i64::from(number);
        if let Some(reason) = flags.client_asks.take().filter(|_| !flags.is_server) {
            return Err(reason);
        }
        if writes_first {
            flags.initial_write.get_or_insert_with(|| b"hello".to_vec());
        } else {
            flags.initial_write = None;
        }
        if flags.groups.is_empty() {
            // A hello with the hybrid does not fit a buffer for fragments of 512 bytes.
            let fits = |group: &NamedGroup| flags.max_send_fragment.is_none() || *group != HYBRID;
            flags.groups = RustCrypto::NAMED_GROUPS.iter().copied().filter(fits).collect();
        }
        Ok(flags)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), NotHere> {
        match name {
            "-port" => self.port = number(value)?,
            "-shim-id" => self.shim_id = number(value)?,
            "-ipv6" => self.ipv6 = true,
            "-resume-count" => self.resume_count = number(value)?,
            "-resumption-delay" => self.delay = number::<i64>(value)?,
            "-no-ticket" => self.no_tickets = true,
            "-enable-ocsp-stapling" => self.client_asks = Some(NotHere("OCSP stapling")),
            "-enable-signed-cert-timestamps" => self.client_asks = Some(NotHere("signed certificate timestamps")),
            "-expect-early-data-reason" if value != "disabled" => return Err(NotHere("0-RTT")),
            "-expect-session-miss" => self.expects_no_resumption = true,
            "-server" => self.is_server = true,
            "-no-tls12" => self.refuses_tls12 = true,
            "-min-version" if number::<u16>(value)? > TLS12 => self.refuses_tls12 = true,
            "-min-version" => self.allows_tls12 = true,
            "-max-version" | "-expect-version" if number::<u16>(value)? <= TLS12 => return Err(TLS12_ONLY),
            "-async" => self.byte_by_byte = true,
            "-trust-cert" => self.trust_cert = Some(value.into()),
            "-host-name" => self.host_name = Some(value.into()),
            "-require-any-client-certificate" => self.client_certificate = ClientCertificate::Required,
            "-verify-peer" => self.set_verify_peer(),
            "-verify-fail" => self.verify_fail = true,
            "-use-custom-verify-callback" => self.names_certificate = true,
            "-curves" => self.groups.push(group(value)?),
            "-key-shares" => self.key_shares.get_or_insert_default().push(group(value)?),
            "-no-key-shares" => self.key_shares = Some(Vec::new()),
            "-use-client-ca-list" => self.client_cas = Some(value.into()),
            "-fail-early-callback" => self.refuses_hello = true,
            "-tls13-ciphers" => self.cipher_suites.push(CipherSuite(number(value)?)),
            // Those of PKCS #1 v1.5 are for certificates only, and not in this list.
            "-verify-prefs" => {
                let scheme = scheme(value)?;
                if !CERTIFICATES_ONLY.contains(&scheme.0) {
                    self.verify_prefs.push(scheme);
                }
            }
            "-advertise-alpn" => self.alpn = protocols(value.as_bytes()),
            "-select-alpn" if value.is_empty() => return Err(NotHere("an empty ALPN name chosen by a server")),
            "-select-alpn" => self.alpn = vec![value.into()],
            "-decline-alpn" => self.declines_alpn = true,
            "-reject-alpn" => self.alpn = vec![b"none that a test offers".to_vec()],
            "-max-send-fragment" => self.max_send_fragment = Some(number(value)?),
            "-read-size" => self.read_size = Some(number(value)?),
            "-peek-then-read" => self.peeks = true,
            "-shim-initial-write" => self.initial_write = Some(value.into()),
            "-repeat-shim-initial-write" => self.repeat_initial_write = number(value)?,
            "-write-different-record-sizes" => self.writes_different_sizes = true,
            "-shim-shuts-down" => self.shuts_down = true,
            "-check-close-notify" => self.checks_close_notify = true,
            "-key-update" => self.key_update = true,
            "-key-update-before-read" => self.key_update_before_read = true,
            "-export-keying-material" => self.export_len = number(value)?,
            "-export-label" => self.export_label = value.into(),
            "-export-context" => self.export_context = value.into(),
            _ => return self.expect(name, value),
        }
        Ok(())
    }

    fn expect(&mut self, name: &str, value: &str) -> Result<(), NotHere> {
        match name {
            "-expect-advertised-alpn" => {
                self.expectations.push(Expectation::AdvertisedAlpn(protocols(value.as_bytes())));
            }
            "-expect-alpn" => self.expectations.push(Expectation::Alpn(value.into())),
            "-expect-client-ca-list" => self.expectations.push(Expectation::Authorities(value.into())),
            "-expect-cipher" => self.expectations.push(Expectation::CipherSuite(number(value)?)),
            "-expect-curve-id" => self.expectations.push(Expectation::Group(number(value)?)),
            "-expect-hrr" => self.expectations.push(Expectation::Retried(true)),
            "-expect-no-hrr" => self.expectations.push(Expectation::Retried(false)),
            "-expect-no-peer-cert" => self.expectations.push(Expectation::NoPeerCertificate),
            "-expect-peer-cert-file" => self.expectations.push(Expectation::PeerCertificate(value.into())),
            "-expect-peer-signature-algorithm" => {
                self.expectations.push(Expectation::PeerSignatureScheme(number(value)?));
            }
            "-expect-peer-verify-pref" => {
                let place =
                    self.expectations.iter().filter(|one| matches!(one, Expectation::PeerVerifyPref(..))).count();
                self.expectations.push(Expectation::PeerVerifyPref(place, number(value)?));
            }
            "-expect-selected-credential" => {
                self.expectations.push(Expectation::SelectedCredential(number(value)?));
            }
            "-expect-server-name" => self.expectations.push(Expectation::ServerName(value.into())),
            // The rest describe the use of BoringSSL's API, or what this library does anyway.
            _ => {}
        }
        Ok(())
    }
}

impl Flags {
    fn set_verify_peer(&mut self) {
        self.verify_peer = true;
        if self.client_certificate == ClientCertificate::NotAsked {
            self.client_certificate = ClientCertificate::Optional;
        }
    }

    /// Returns whether there has to be a HelloRetryRequest.
    pub(crate) fn expects_retry(&self) -> bool {
        self.expectations.iter().any(|one| matches!(one, Expectation::Retried(true)))
    }

    /// Returns the groups for which a client sends key shares. By default as BoringSSL: the first hybrid and the first other one.
    pub(crate) fn shared_groups(&self) -> Vec<NamedGroup> {
        if let Some(groups) = &self.key_shares {
            return groups.clone();
        }
        let Some(first) = self.groups.first() else { return Vec::new() };
        let other = self.groups.iter().find(|group| (*first == HYBRID) != (**group == HYBRID));
        [first].into_iter().chain(other).copied().collect()
    }

    /// Returns the alert for a peer that is authenticated but to be rejected.
    pub(crate) fn refusal(&self) -> Option<AlertDescription> {
        let alert = if self.names_certificate {
            AlertDescription::CERTIFICATE_UNKNOWN
        } else {
            AlertDescription::HANDSHAKE_FAILURE
        };
        (self.verify_peer && self.verify_fail).then_some(alert)
    }
}

impl CredentialFlags {
    fn set(&mut self, name: &str, value: &str) -> Result<(), NotHere> {
        match name {
            "-cert-file" => self.cert_file = value.into(),
            "-key-file" => self.key_file = value.into(),
            "-signing-prefs" if LEGACY.contains(&number(value)?) => return Err(PKCS1),
            "-signing-prefs" => self.schemes.push(SignatureScheme(number(value)?)),
            _ => self.must_match_issuer = true,
        }
        Ok(())
    }
}

/// The version number of TLS 1.2.
const TLS12: u16 = 0x0303;
/// TLS 1.2 and older is not there.
pub(crate) const TLS12_ONLY: NotHere = NotHere("TLS 1.2 and older");

/// Code points by which a client may sign with PKCS #1 v1.5 in TLS 1.3 (draft-ietf-tls-tls13-pkcs1).
const LEGACY: [u16; 3] = [0x0420, 0x0520, 0x0620];
/// Code points of PKCS #1 v1.5 that TLS 1.3 has for certificates only (RFC 9846 section 4.3.3).
const CERTIFICATES_ONLY: [u16; 3] = [0x0401, 0x0501, 0x0601];
const PKCS1: NotHere = NotHere("RSA PKCS #1 v1.5 in CertificateVerify");

/// The name of a flag without the connection that it is for, and whether it counts for connection `number`.
fn name_of(arg: &str, number: u32) -> Result<(&str, bool), NotHere> {
    const PREFIXES: [&str; 2] = ["-on-initial", "-on-resume"];
    if arg.starts_with("-on-retry-") {
        return Err(NotHere("0-RTT"));
    }
    if arg.starts_with("-on-shim-") || arg.starts_with("-on-handshaker-") {
        return Err(NotHere("handshakes that are split between two processes"));
    }
    for (index, prefix) in PREFIXES.iter().enumerate() {
        if let Some(name) = arg.strip_prefix(prefix).filter(|name| name.starts_with('-')) {
            return Ok((name, (index == 0) == (number == 0)));
        }
    }
    Ok((arg, true))
}

/// Returns whether a value follows the flag; or why the flag is not understood.
fn takes_value(name: &str) -> Result<bool, NotHere> {
    if WITH_VALUE.contains(&name) {
        return Ok(true);
    }
    if ALONE.contains(&name) {
        return Ok(false);
    }
    let reason = NOT_HERE.iter().find(|(part, _)| name.contains(part));
    Err(reason.map_or(NotHere("flags of BoringSSL's API without a counterpart"), |(_, reason)| NotHere(reason)))
}

/// Flags that are followed by a value.
const WITH_VALUE: &[&str] = &[
    "-advertise-alpn",
    "-cert-file",
    "-curves",
    "-expect-advertised-alpn",
    "-expect-alpn",
    "-expect-client-ca-list",
    "-expect-cipher",
    "-expect-curve-id",
    "-expect-early-data-reason",
    "-expect-peer-cert-file",
    "-expect-peer-signature-algorithm",
    "-expect-peer-verify-pref",
    "-expect-selected-credential",
    "-expect-server-name",
    "-expect-version",
    "-export-context",
    "-export-keying-material",
    "-export-label",
    "-host-name",
    "-key-file",
    "-key-shares",
    "-max-send-fragment",
    "-max-version",
    "-min-version",
    "-port",
    "-read-size",
    "-repeat-shim-initial-write",
    "-resume-count",
    "-resumption-delay",
    "-select-alpn",
    "-shim-id",
    "-shim-initial-write",
    "-signing-prefs",
    "-tls13-ciphers",
    "-trust-cert",
    "-use-client-ca-list",
    "-verify-prefs",
];

/// Flags without a value.
const ALONE: &[&str] = &[
    "-async",
    "-check-close-notify",
    "-decline-alpn",
    "-enable-ocsp-stapling",
    "-enable-signed-cert-timestamps",
    "-expect-extended-master-secret",
    "-expect-hrr",
    "-expect-no-hrr",
    "-expect-no-peer-cert",
    "-expect-no-session-id",
    "-expect-secure-renegotiation",
    "-expect-session-miss",
    "-expect-verify-result",
    "-fail-early-callback",
    "-implicit-handshake",
    "-install-ddos-callback",
    "-ipv6",
    "-key-update",
    "-key-update-before-read",
    "-must-match-issuer",
    "-new-x509-credential",
    "-no-key-shares",
    "-no-legacy-server-connect",
    "-no-op-extra-handshake",
    "-no-ticket",
    "-no-tls1",
    "-no-tls11",
    "-no-tls12",
    "-peek-then-read",
    "-permute-extensions",
    "-read-with-unfinished-write",
    "-reject-alpn",
    "-renegotiate-freely",
    "-require-any-client-certificate",
    "-server",
    "-server-preference",
    "-shim-shuts-down",
    "-shim-writes-first",
    "-use-custom-verify-callback",
    "-use-early-callback",
    "-use-export-context",
    "-use-old-client-cert-callback",
    "-verify-fail",
    "-verify-peer",
    "-write-different-record-sizes",
];

/// Why flags that contain this are not understood; the first that fits counts.
const NOT_HERE: &[(&str, &str)] = &[
    ("-dtls", "DTLS"),
    ("-mtu", "DTLS"),
    ("-quic", "QUIC"),
    ("-ech", "Encrypted Client Hello"),
    ("early-data", "0-RTT"),
    ("early-write", "0-RTT"),
    ("ocsp", "OCSP stapling"),
    ("signed-cert-timestamps", "signed certificate timestamps"),
    ("cert-compression", "certificate compression"),
    ("delegated-credential", "delegated credentials"),
    ("spake2plus", "PAKE"),
    ("pake", "PAKE"),
    ("rpk", "raw public keys"),
    ("cert-types", "raw public keys"),
    ("certificate-type", "raw public keys"),
    ("psk", "pre-shared keys"),
    ("trust-anchor", "trust anchor identifiers"),
    ("cert-properties", "trust anchor identifiers"),
    ("application-settings", "ALPS"),
    ("alps", "ALPS"),
    ("channel-id", "Channel ID"),
    ("npn", "NPN"),
    ("next-proto", "NPN"),
    ("srtp", "SRTP"),
    ("fips-", "policies of compliance"),
    ("wpa-", "policies of compliance"),
    ("cnsa", "policies of compliance"),
    ("grease", "GREASE"),
    ("server-padding", "padding of the server's flight"),
    ("server-supports-padding", "padding of the server's flight"),
    ("requested-padding", "padding of the server's flight"),
    ("jdk11", "a workaround for JDK 11"),
    ("ticket", "sessions and tickets as BoringSSL's API has them"),
    ("session-id-context", "sessions and tickets as BoringSSL's API has them"),
    ("-expect-no-session", "sessions and tickets as BoringSSL's API has them"),
    ("-expect-session", "sessions and tickets as BoringSSL's API has them"),
    ("resum", "sessions and tickets as BoringSSL's API has them"),
    ("sha256-client-cert", "sessions and tickets as BoringSSL's API has them"),
    ("renegotiat", "TLS 1.2 and older"),
    ("-no-tls13", "TLS 1.2 and older"),
    ("-false-start", "TLS 1.2 and older"),
    ("ciphers-flags", "preferences that are equal, or depend on the processor"),
    ("cipher-aes", "preferences that are equal, or depend on the processor"),
    ("cipher-no-aes", "preferences that are equal, or depend on the processor"),
    ("curves-flags", "preferences that are equal, or depend on the processor"),
    ("-cipher", "TLS 1.2 and older"),
    ("-fallback-scsv", "TLS 1.2 and older"),
    ("-tls-unique", "TLS 1.2 and older"),
    ("-cbc-record-splitting", "TLS 1.2 and older"),
    ("secure-renegotiation", "TLS 1.2 and older"),
    ("-expect-msg-callback", "a callback for each message"),
    ("traffic-secrets", "reading the traffic secrets of a running connection"),
    ("server-supported-groups-hint", "a hint at what a server supports"),
];

fn number<N: std::str::FromStr>(value: &str) -> Result<N, NotHere> {
    value.parse().map_err(|_| NotHere("numbers out of range"))
}

/// A group that there is.
fn group(value: &str) -> Result<NamedGroup, NotHere> {
    let group = NamedGroup(number(value)?);
    let known = RustCrypto::NAMED_GROUPS.contains(&group);
    known.then_some(group).ok_or(match group.0 {
        0x18 => NotHere("key exchange on P-384"),
        0x19 => NotHere("key exchange on P-521"),
        0x200..=0x202 => NotHere("ML-KEM without a classical group"),
        _ => NotHere("groups without a name"),
    })
}

/// A signature scheme that there is.
fn scheme(value: &str) -> Result<SignatureScheme, NotHere> {
    let scheme = SignatureScheme(number(value)?);
    let known = RustCrypto::SIGNATURE_SCHEMES.contains(&scheme);
    (known || CERTIFICATES_ONLY.contains(&scheme.0)).then_some(scheme).ok_or(match scheme.0 {
        0x0201 | 0x0203 => NotHere("signatures with SHA-1"),
        other if LEGACY.contains(&other) => PKCS1,
        0x0603 => NotHere("P-521"),
        0x0904..=0x0906 => NotHere("ML-DSA"),
        _ => NotHere("signature schemes without a name"),
    })
}

/// Names, each after its length.
fn protocols(mut list: &[u8]) -> Vec<Vec<u8>> {
    let mut names = Vec::new();
    while let Some((&len, rest)) = list.split_first() {
        let (name, rest) = rest.split_at(usize::from(len).min(rest.len()));
        names.push(name.to_vec());
        list = rest;
    }
    names
}
