//! `mtls pki`: a throw-away PKI in a folder, good and bad certificates from it, and settings of web servers for it.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use mtls_pki::key::KeyKind;
use mtls_pki::pem::Identity;
use mtls_pki::throw_away::ExtendedKeyUsagePurpose::{ClientAuth, ServerAuth};
use mtls_pki::throw_away::{Flaw, GATEWAY_NAME, Leaf, PkiError, SUPPLIER_NAME, Tree};
use serde::Serialize;
use time::Duration;

use super::progress;
use super::settings::{WebServer, settings};
use crate::args::UsageError;
use crate::report::{printable, say};

/// The tasks around a throw-away PKI.
#[derive(Debug, Subcommand)]
pub(super) enum PkiTask {
    /// Creates a root, an issuing CA below it, a server's and a client's certificate, and their keys, in a new folder
    #[command(after_help = kinds())]
    New(NewArgs),
    /// Issues a server's or a client's certificate from the CA in a folder that `mtls pki new` has created
    #[command(after_help = kinds())]
    Issue(IssueArgs),
    /// Prints the settings with which a web server requires certificates of the CA in a folder
    Config(ConfigArgs),
}

/// The options of `mtls pki new`.
#[derive(Args, Debug)]
pub(super) struct NewArgs {
    /// The folder, which is created
    folder: PathBuf,
    /// A DNS name or an address of the server; may be repeated
    #[arg(long, value_name = "NAME", value_parser = name, default_values_t = [SUPPLIER_NAME, "localhost", "127.0.0.1", "::1"].map(str::to_owned))]
    server: Vec<String>,
    /// The name of the client
    #[arg(long, value_name = "NAME", value_parser = name, default_value = GATEWAY_NAME)]
    client: String,
    /// The algorithm of the two authorities' keys
    #[arg(long, value_name = "KIND", value_parser = kind, default_value_t)]
    ca_key: KeyKind,
    #[command(flatten)]
    make: MakeArgs,
}

/// The options of `mtls pki issue`.
#[derive(Args, Debug)]
#[command(group = clap::ArgGroup::new("role").required(true).args(["server", "client"]))]
pub(super) struct IssueArgs {
    /// The folder of the CA
    folder: PathBuf,
    /// A certificate for a server with this DNS name or address; may be repeated
    #[arg(long, value_name = "NAME", value_parser = name)]
    server: Vec<String>,
    /// A certificate for a client with this name
    #[arg(long, value_name = "NAME", value_parser = name)]
    client: Option<String>,
    /// Name of the files without extension; by default the first name
    #[arg(long, value_name = "NAME", value_parser = name)]
    file: Option<String>,
    #[command(flatten)]
    make: MakeArgs,
}

/// The options of all certificates.
#[derive(Args, Debug)]
struct MakeArgs {
    /// The algorithm of the keys of servers and clients
    #[arg(long, value_name = "KIND", value_parser = kind, default_value_t)]
    key: KeyKind,
    /// Validity of the certificates of servers and clients
    #[arg(long, value_name = "DAYS", default_value_t = 90, value_parser = clap::value_parser!(u16).range(1..=398))]
    days: u16,
    /// Also writes a certificate with this fault, in files with the fault in their names; may be repeated: `all` writes one of
    /// each
    #[arg(long, value_name = "FAULT", value_parser = flaws)]
    bad: Vec<Flaws>,
    /// Lists the files as JSON
    #[arg(long)]
    json: bool,
}

/// The options of `mtls pki config`.
#[derive(Args, Debug)]
pub(super) struct ConfigArgs {
    /// The web server
    server: WebServer,
    /// The folder of the CA, in which server.pem and server.key are the server's
    folder: PathBuf,
    /// The name of the server
    #[arg(long, value_name = "NAME", value_parser = name, default_value = SUPPLIER_NAME)]
    name: String,
    /// The common name of the client to accept
    #[arg(long, value_name = "NAME", value_parser = name, default_value = GATEWAY_NAME)]
    client: String,
}

/// One fault, or all.
#[derive(Clone, Debug)]
struct Flaws(Vec<Flaw>);

/// Parses a fault.
fn flaws(word: &str) -> Result<Flaws, &'static str> {
    if word == "all" {
        return Ok(Flaws(Flaw::ALL.to_vec()));
    }
    Flaw::parse(word).map(|flaw| Flaws(vec![flaw])).ok_or("wanted all, or one of the faults that --help lists")
}

/// Parses the algorithm of a key.
fn kind(word: &str) -> Result<KeyKind, String> {
    let all = || KeyKind::all().map(|kind| kind.to_string()).collect::<Vec<_>>().join(", ");
    KeyKind::parse(word).ok_or_else(|| format!("wanted one of {}", all()))
}

/// Parses a name that is both a DNS name, or an address, and a part of a file name.
fn name(word: &str) -> Result<String, &'static str> {
    let is_name = word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_:*".contains(&byte));
    let begins = word.starts_with(|c: char| c.is_ascii_alphanumeric() || c == ':' || c == '*');
    if is_name && begins { Ok(word.to_owned()) } else { Err("wanted a DNS name or an address") }
}

/// Lists keys and faults, for the help.
fn kinds() -> String {
    let keys: Vec<_> = KeyKind::all().map(|kind| kind.to_string()).collect();
    let faults = Flaw::ALL.map(|flaw| format!("  {:<22}{}", flaw.name(), flaw.description()));
    format!(
        "Kinds of keys: {}\n\nFaults:\n{}\n\nExit codes: 0, all files are written; 1, wrong options or a folder that \
         cannot be used",
        keys.join(", "),
        faults.join("\n")
    )
}

/// A pair of files that was written.
#[derive(Debug, Serialize)]
struct Written {
    certificates: PathBuf,
    key: PathBuf,
    role: Role,
    names: Vec<String>,
    algorithm: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    bad: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'static str>,
}

/// The purpose of a certificate.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
enum Role {
    Root,
    Issuing,
    Server,
    Client,
}

impl Role {
    const fn name(self) -> &'static str {
        match self {
            Self::Root => "the root, the trust anchor of both sides",
            Self::Issuing => "the issuing CA",
            Self::Server => "server",
            Self::Client => "client",
        }
    }
}

impl Written {
    fn new(folder: &Path, stem: &str, role: Role, names: &[String], algorithm: KeyKind) -> Self {
        let [certificates, key] = ["pem", "key"].map(|extension| folder.join(format!("{stem}.{extension}")));
        let (names, algorithm) = (names.to_vec(), algorithm.to_string());
        Self { certificates, key, role, names, algorithm, bad: None, description: None }
    }

    fn line(&self, width: usize) -> String {
        let names = self.names.join(", ");
        let bad = self.description.map_or_else(String::new, |why| format!(", bad: {why}"));
        let files = format!("{} .key", self.certificates.display());
        let Self { role, algorithm, .. } = self;
        format!("{files:<width$}  {} {names}{bad} ({algorithm})", role.name()).replace("  (", " (")
    }
}

impl PkiTask {
    /// Performs the task.
    pub(super) fn run(&self) -> Result<u8, UsageError> {
        match self {
            Self::New(args) => args.run().map_err(unusable)?,
            Self::Issue(args) => args.run().map_err(unusable)?,
            Self::Config(args) => {
                let folder = std::fs::canonicalize(&args.folder)
                    .map_err(|error| UsageError(format!("{}: {error}", args.folder.display())))?;
                say!("{}", settings(args.server, &folder, &args.name, &args.client));
            }
        }
        Ok(0)
    }
}

/// Describes a failure of the PKI.
#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn unusable(error: PkiError) -> UsageError {
    UsageError(error.to_string())
}

impl NewArgs {
    fn run(&self) -> Result<(), PkiError> {
        let Self { folder, ca_key, make, .. } = self;
        let line = progress::wait("making keys");
        let tree = Tree::new(*ca_key)?;
        tree.write_new(folder)?;
        let mut written: Vec<_> = [("root", Role::Root), ("issuing", Role::Issuing)]
            .map(|(stem, role)| Written::new(folder, stem, role, &[], *ca_key))
            .into();
        make.issue(&tree, folder, Role::Server, &self.server, "server", &mut written)?;
        make.issue(&tree, folder, Role::Client, std::slice::from_ref(&self.client), "client", &mut written)?;
        line.finish_and_clear();
        make.tell(&written);
        if !make.json {
            self.tell_next();
        }
        Ok(())
    }

    /// Prints commands that use the new files.
    fn tell_next(&self) {
        let folder = self.folder.display();
        let server = self.server.first().map_or(SUPPLIER_NAME, String::as_str);
        say!("\nTo use it:");
        let pair = |name| format!("--cert {folder}/{name}.pem --key {folder}/{name}.key");
        let (own, theirs) = (pair("client"), pair("server"));
        say!("  mtls serve --listen 127.0.0.1:8443 {theirs} --client-ca {folder}/root.pem");
        say!("  mtls check 127.0.0.1:8443 --sni {server} --ca {folder}/root.pem {own}");
        say!("  mtls pki config apache {folder} --name {server} --client {}", self.client);
    }
}

impl IssueArgs {
    fn run(&self) -> Result<(), PkiError> {
        let tree = Tree::read(&self.folder)?;
        let (role, names) = match &self.client {
            Some(client) => (Role::Client, std::slice::from_ref(client)),
            None => (Role::Server, &self.server[..]),
        };
        let stem = self.file.as_ref().or(names.first()).map_or_else(String::new, |name| name.replace([':', '*'], "_"));
        let mut written = Vec::new();
        let line = progress::wait("making keys");
        self.make.issue(&tree, &self.folder, role, names, &stem, &mut written)?;
        line.finish_and_clear();
        self.make.tell(&written);
        Ok(())
    }
}

impl MakeArgs {
    /// Issues and writes a good certificate, and one with each fault.
    fn issue(
        &self,
        tree: &Tree,
        folder: &Path,
        role: Role,
        names: &[String],
        stem: &str,
        written: &mut Vec<Written>,
    ) -> Result<(), PkiError> {
        let purpose = if matches!(role, Role::Client) { ClientAuth } else { ServerAuth };
        let common_name = names.first().map_or("", String::as_str);
        let leaf = Leaf { names: names.to_vec(), ..Leaf::new(common_name, purpose) };
        let leaf = leaf.with_validity(Duration::hours(-1), Duration::days(self.days.into()));
        let mut write = |issued: Identity, stem: &str, flaw: Option<Flaw>| {
            issued.write_new(folder, stem)?;
            let (bad, description) = (flaw.map(Flaw::name), flaw.map(Flaw::description));
            written.push(Written { bad, description, ..Written::new(folder, stem, role, names, self.key) });
            Ok::<_, PkiError>(())
        };
        write(tree.issuing.issue(&leaf, self.key)?, stem, None)?;
        for flaw in self.bad.iter().flat_map(|flaws| &flaws.0) {
            write(tree.flawed(*flaw, &leaf, self.key)?, &format!("{stem}-{}", flaw.name()), Some(*flaw))?;
        }
        Ok(())
    }

    /// Lists the files.
    fn tell(&self, written: &[Written]) {
        if self.json {
            let json = serde_json::to_string_pretty(written).unwrap_or_default();
            return say!("{json}");
        }
        let width = written.iter().map(|files| files.certificates.display().to_string().len() + 5).max();
        for files in written {
            say!("{}", printable(&files.line(width.unwrap_or_default())));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_hosts_and_of_files() {
        for good in ["supplier.example", "::1", "*.example", "gateway_0042"] {
            assert_eq!(name(good).as_deref(), Ok(good));
        }
        for bad in ["", "../root", "a b", "a/b", "-x", ".."] {
            assert!(name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_unknown_fault_or_algorithm_is_refused() {
        assert_eq!(flaws("all").unwrap().0.len(), Flaw::ALL.len());
        assert_eq!(flaws("expired").unwrap().0, [Flaw::Expired]);
        assert!(flaws("stale").is_err());
        assert_eq!(kind("p521").unwrap_err(), "wanted one of p256, p384, ed25519, rsa2048, rsa3072, rsa4096");
    }
}
