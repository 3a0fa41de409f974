//! The content of a blob, for people and programs.

use core::fmt;

use embedded_mtls::KeyHandle;
use embedded_mtls::crypto::rustcrypto::RustCrypto;
use embedded_mtls::x509::{TrustAnchor, UnixTime};
use embedded_mtls_blob::{Blob, Denied, Identity, Pin, StoredKey};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::Fleet;
use crate::args::UsageError;
use crate::certificate::Certificate;
use crate::report::{hex, printable, thousands};

/// The content of a blob.
#[derive(Clone, Debug, Serialize)]
pub struct Shown {
    file: String,
    bytes: usize,
    sha256: String,
    version: u64,
    renew_by: Option<String>,
    /// True if the signature was verified; false if no key was given.
    verified: bool,
    endpoint: Option<ShownEndpoint>,
    policy: ShownPolicy,
    anchors: Vec<ShownAnchor>,
    pins: Vec<String>,
    identities: Vec<ShownIdentity>,
    denied: Vec<ShownDenied>,
    /// The facts that need attention.
    pub(crate) warnings: Vec<String>,
    /// The exit code.
    pub exit_code: u8,
}

#[derive(Clone, Debug, Serialize)]
struct ShownEndpoint {
    host: String,
    port: u16,
    server_name: String,
    path: String,
    time_server: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
struct ShownPolicy {
    enforce: bool,
    site_chooses_alias: bool,
    site_chooses_endpoint: bool,
    max_depth: Option<u8>,
    max_validity_days: Option<u16>,
}

#[derive(Clone, Debug, Serialize)]
struct ShownAnchor {
    subject: String,
    sha256: String,
    not_after: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
struct ShownIdentity {
    alias: String,
    active: bool,
    key: String,
    in_the_clear: bool,
    certificates: Vec<String>,
    not_after: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
enum ShownDenied {
    Certificates { issuer: String, serials: Vec<String> },
    Key { key_sha256: String },
}

/// The most serial numbers of an issuer in the text; JSON has them all.
const MAX_SERIALS: usize = 8;

/// The most anchors that a configuration takes.
const MAX_ANCHORS: usize = 255;

/// Reads the content of a blob; with the key of the fleet, its signature is verified.
///
/// # Errors
/// A blob that a device would refuse.
pub fn show(file: &str, bytes: &[u8], fleet: Option<&Fleet>, now: UnixTime) -> Result<Shown, UsageError> {
    let opened = match fleet {
        Some(fleet) => Blob::open(RustCrypto, bytes, fleet.public(), 0),
        None => Blob::dangerous_unsigned(RustCrypto, bytes),
    };
    let blob = opened.map_err(|error| UsageError(format!("{file}: {error}")))?;
    let endpoint = blob.endpoint.map(|endpoint| ShownEndpoint {
        host: endpoint.host.to_owned(),
        port: endpoint.port,
        server_name: endpoint.server_name.to_owned(),
        path: endpoint.path.to_owned(),
        time_server: Some(endpoint.time_server.to_owned()).filter(|server| !server.is_empty()),
    });
    let active = blob.active().map(|identity| identity.alias);
    let warnings = warnings(&blob, now);
    Ok(Shown {
        file: file.to_owned(),
        bytes: blob.size(),
        sha256: hex(&Sha256::digest(bytes.get(..blob.size()).unwrap_or(bytes))),
        version: blob.version,
        renew_by: blob.renew_by.map(|time| time.to_string()),
        verified: fleet.is_some(),
        endpoint,
        policy: ShownPolicy {
            enforce: blob.policy.enforce,
            site_chooses_alias: blob.policy.site_chooses_alias,
            site_chooses_endpoint: blob.policy.site_chooses_endpoint,
            max_depth: blob.policy.max_depth,
            max_validity_days: blob.policy.max_validity_days,
        },
        anchors: blob.anchors().filter_map(shown_anchor).collect(),
        pins: blob.pins().map(|pin| shown_pin(&pin)).collect(),
        identities: blob.identities().map(|identity| shown_identity(&identity, active)).collect(),
        denied: blob.deny_list().iter().map(|denied| shown_denied(&denied)).collect(),
        exit_code: if warnings.is_empty() { 0 } else { 2 },
        warnings,
    })
}

/// Finds what needs attention.
fn warnings(blob: &Blob<'_>, now: UnixTime) -> Vec<String> {
    let due = blob.renew_by.filter(|due| *due <= now).map(|due| format!("it was to be renewed by {due}"));
    let expired = blob.identities().filter_map(|identity| {
        let end = identity.credential(KeyHandle(0)).ok()?.not_after();
        (end < now).then(|| format!("the chain of {} has expired ({end})", identity.alias))
    });
    // What a device with room for all anchors refuses.
    let trust = blob.trust::<MAX_ANCHORS>().err().map(|error| format!("its trust anchors are unusable: {error}"));
    let chain = blob.active().and_then(|active| {
        let error = active.credential(KeyHandle(0)).err()?;
        Some(format!("the chain of {} is unusable: {error}", active.alias))
    });
    due.into_iter().chain(expired).chain(trust).chain(chain).collect()
}

fn shown_anchor(der: &[u8]) -> Option<ShownAnchor> {
    let anchor = TrustAnchor::from_certificate(der).ok()?;
    Some(ShownAnchor {
        subject: anchor.subject().map(|name| name.to_string()).unwrap_or_default(),
        sha256: hex(&Sha256::digest(der)),
        not_after: anchor.not_after().map(|end| end.to_string()),
    })
}

fn shown_pin(pin: &Pin<'_>) -> String {
    match pin {
        Pin::Fingerprint(sha256) => format!("certificate {}", hex(sha256)),
        Pin::Key(info) => format!("key {}", hex(&Sha256::digest(info))),
    }
}

fn shown_identity(identity: &Identity<'_>, active: Option<&str>) -> ShownIdentity {
    let credential = identity.credential(KeyHandle(0)).ok();
    let chain = credential.iter().flat_map(|credential| credential.chain().iter());
    ShownIdentity {
        alias: identity.alias.to_owned(),
        active: active == Some(identity.alias),
        key: match identity.key {
            StoredKey::Handle(handle) => format!("number {handle} of the device"),
            StoredKey::P256(_) => "P-256, in the clear".to_owned(),
            StoredKey::Pkcs8(_) => "PKCS#8, in the clear".to_owned(),
            StoredKey::Wrapped(bytes) => format!("wrapped, {} bytes", bytes.len()),
        },
        in_the_clear: identity.key.is_in_the_clear(),
        certificates: chain.filter_map(Certificate::read).map(|certificate| certificate.subject).collect(),
        not_after: credential.map(|credential| credential.not_after().to_string()),
    }
}

impl Shown {
    /// Says which blob it is, in a line.
    pub(crate) fn summary(&self) -> String {
        let verified = if self.verified { "signed by the fleet" } else { "signature not checked: no --fleet-key" };
        format!("version {}, {} bytes, {verified}", self.version, thousands(self.bytes))
    }
}

fn shown_denied(denied: &Denied<'_>) -> ShownDenied {
    match denied {
        Denied::Key(sha256) => ShownDenied::Key { key_sha256: hex(sha256) },
        Denied::Certificates { issuer, serials } => {
            ShownDenied::Certificates { issuer: issuer.to_string(), serials: serials.iter().map(hex).collect() }
        }
    }
}

impl fmt::Display for ShownDenied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key { key_sha256 } => write!(f, "the key with SHA-256 {key_sha256}"),
            Self::Certificates { issuer, serials } => {
                let (first, rest) = serials.split_at(serials.len().min(MAX_SERIALS));
                write!(f, "of {issuer}: {}", first.join(", "))?;
                if rest.is_empty() { Ok(()) } else { write!(f, " and {} more", rest.len()) }
            }
        }
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", printable(&self.file), self.summary())?;
        let mut row = |name: &str, value: &str| writeln!(f, "    {name:<10}{}", printable(value));
        row("SHA-256", &self.sha256)?;
        row("renew by", self.renew_by.as_deref().unwrap_or("no date"))?;
        if let Some(ShownEndpoint { host, port, server_name, path, time_server }) = &self.endpoint {
            row("endpoint", &format!("https://{server_name}:{port}{path} at {host}"))?;
            time_server.as_ref().map_or(Ok(()), |server| row("time", server))?;
        }
        row("policy", &self.policy.to_string())?;
        for anchor in &self.anchors {
            let end = anchor.not_after.as_deref().unwrap_or("without end");
            row("trusts", &format!("{} (until {end})", anchor.subject))?;
            row("", &format!("  SHA-256 {}", anchor.sha256))?;
        }
        for pin in &self.pins {
            row("pin", pin)?;
        }
        for identity in &self.identities {
            let active = if identity.active { ", active" } else { "" };
            let end = identity.not_after.as_deref().unwrap_or("unusable");
            row("identity", &format!("{}{active}: key {}, until {end}", identity.alias, identity.key))?;
            for subject in &identity.certificates {
                row("", &format!("  {subject}"))?;
            }
        }
        for denied in &self.denied {
            row("denies", &denied.to_string())?;
        }
        for warning in &self.warnings {
            row("WARNING", warning)?;
        }
        Ok(())
    }
}

impl fmt::Display for ShownPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let enforce = if self.enforce { "enforced" } else { "waivers as built" };
        let site = match (self.site_chooses_alias, self.site_chooses_endpoint) {
            (false, false) => "a site changes nothing",
            (true, false) => "a site may choose the alias",
            (false, true) => "a site may choose the endpoint",
            (true, true) => "a site may choose alias and endpoint",
        };
        write!(f, "{enforce}, {site}")?;
        self.max_depth.map_or(Ok(()), |depth| write!(f, ", depth at most {depth}"))?;
        self.max_validity_days.map_or(Ok(()), |days| write!(f, ", validity at most {days} days"))
    }
}
