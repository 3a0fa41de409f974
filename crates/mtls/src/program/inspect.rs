//! `mtls inspect`: names the content of files, and reports what is wrong with it.

use clap::{Args, ValueEnum};
use embedded_mtls::Role;
use mtls_pki::pem::Password;
use serde::Serialize;

use super::options::{authorities, warn_of, write_page};
use crate::args::UsageError;
use crate::certificate::Certificate;
use crate::inspect::{Content, Finding, Item, Report, Severity, Wishes, examine, read};
use crate::page::of_files;
use crate::provision::Fleet;
use crate::report::{printable, say, thousands};

/// Exit codes, for the help and the manual page.
pub(super) const EXIT_CODES: &str = "\
Exit codes, which are stable:
   0  nothing is wrong
   1  wrong options, or a file that cannot be read
   2  it works, but needs attention: a certificate expires soon, or a chain is out of order
   3  it cannot work: a certificate is rejected, or a key belongs to no certificate";

/// The options of `mtls inspect`.
#[derive(Args, Debug)]
#[allow(clippy::doc_markdown, reason = "the documentation is the help text")]
pub(super) struct InspectArgs {
    /// Certificates, keys, requests, revocation lists, PKCS#7, PKCS#12, PEM or DER; the blob of a device, the events that it has
    /// recorded, or a capture of traffic
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
    /// Requires this name in the certificate of a server
    #[arg(long, value_name = "NAME", conflicts_with = "role")]
    host: Option<String>,
    /// The role of the holder; by default the one that the certificate is for
    #[arg(long, value_enum)]
    role: Option<Holder>,
    /// PEM: trusted authorities; may be repeated; by default the root among the files
    #[arg(long, value_name = "FILE")]
    ca: Vec<String>,
    /// Opens PKCS#12 files and encrypted keys with the password from env:NAME, file:FILE or prompt
    #[arg(long, value_name = "SOURCE")]
    key_password: Option<String>,
    /// PEM: the key of the fleet, public or private, which has to have signed the blob of a device
    #[arg(long, value_name = "FILE", visible_alias = "fleet-key")]
    fleet_key_pub: Option<String>,
    /// Warns of certificates that expire within this time
    #[arg(long, value_name = "DAYS", default_value_t = 30)]
    warn_days: u16,
    /// Writes the report as JSON
    #[arg(long)]
    json: bool,
    /// Also writes the connections of a device and the chains to this file as a page of HTML, which needs nothing else
    #[arg(long, value_name = "FILE")]
    report: Option<String>,
}

/// The side that presents a certificate.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Holder {
    Server,
    Client,
}

/// The whole report.
#[derive(Serialize)]
struct Told {
    exit_code: u8,
    items: Vec<Item>,
    chains: Vec<Report>,
    findings: Vec<Finding>,
}

impl InspectArgs {
    /// Inspects the files.
    pub(super) fn run(&self) -> Result<u8, UsageError> {
        let source = self.key_password.as_deref();
        let password =
            source.map_or_else(|| Ok(Password::none()), |source| Password::parse("--key-password", source))?;
        let fleet = self.fleet_key_pub.as_ref().map(|file| Fleet::read(file, &Password::ask())).transpose()?;
        let mut items = Vec::new();
        for file in &self.files {
            items.append(&mut read(file, &password, fleet.as_ref())?);
        }
        let role = self.role.map(|role| match role {
            Holder::Server => Role::Server,
            Holder::Client => Role::Client,
        });
        let authorities = authorities(&self.ca)?.authorities;
        let wishes = Wishes { host: self.host.clone(), role, warn_days: self.warn_days, authorities };
        let (chains, findings) = examine(&items, &wishes);
        let all = chains.iter().flat_map(|report| &report.findings).chain(&findings);
        let exit_code = match all.map(|finding| finding.severity).max() {
            Some(Severity::Fault) => 3,
            Some(Severity::Warning) => 2,
            Some(Severity::Note) | None => 0,
        };
        let page = self.report.as_ref().map(|file| (file, of_files(&items, &chains, &findings)));
        let told = Told { exit_code, items, chains, findings };
        if self.json {
            say!("{}", serde_json::to_string_pretty(&told).map_err(|error| UsageError(error.to_string()))?);
        } else {
            told.print();
        }
        if let Some((file, page)) = page {
            warn_of(write_page(file, &page));
        }
        Ok(exit_code)
    }
}

impl Told {
    fn print(&self) {
        for item in &self.items {
            say!("{} {}: {}", printable(&item.file), item.number, printable(&words(&item.content)));
            match &item.content {
                Content::Capture { connections, .. } => {
                    connections.iter().flatten().for_each(|line| say!("    {}", printable(line)));
                    say!("    Wireshark shows more; --keylog of the programs has its keys");
                }
                Content::Certificate(certificate) => details(certificate).iter().for_each(|line| say!("    {line}")),
                Content::Blob(shown) => shown.to_string().trim_end().lines().skip(1).for_each(|line| say!("{line}")),
                Content::Events { lines, .. } => lines.iter().for_each(|line| say!("    {}", printable(line))),
                Content::Other { advice: Some(advice), .. } => say!("    {}", printable(advice)),
                _ => {}
            }
        }
        for report in &self.chains {
            self.print_chain(report);
        }
        self.findings.iter().for_each(tell);
    }

    /// Prints a chain as a tree, the root on top.
    fn print_chain(&self, report: &Report) {
        let at = |place: &usize| self.items.get(*place);
        say!("\nchain");
        for (depth, item) in report.chain.iter().rev().filter_map(at).enumerate() {
            let Content::Certificate(certificate) = &item.content else { continue };
            let branch = if depth == 0 { String::new() } else { "   ".repeat(depth - 1) + "└─ " };
            say!("    {branch}{} ({} {})", printable(&certificate.subject), printable(&item.file), item.number);
        }
        if let Some(item) = report.key.as_ref().and_then(at) {
            say!("    its key: {} {}", printable(&item.file), item.number);
        }
        let needs = &report.needs;
        let features = if needs.features.is_empty() { "none".to_owned() } else { needs.features.join(", ") };
        say!(
            "    a device needs: features {features}; {} bytes of peer memory for the {} bytes sent",
            thousands(needs.peer),
            thousands(needs.chain)
        );
        report.findings.iter().for_each(tell);
    }
}

/// Prints a finding.
fn tell(finding: &Finding) {
    let severity = match finding.severity {
        Severity::Note => "note",
        Severity::Warning => "warning",
        Severity::Fault => "FAULT",
    };
    say!("    {severity}: {}", printable(&finding.text));
}

/// Names an item in a few words.
fn words(content: &Content) -> String {
    match content {
        Content::Certificate(certificate) => {
            let kind = match (certificate.is_ca, certificate.is_self_issued) {
                (true, true) => "the root certificate",
                (true, false) => "the certificate of an authority",
                (false, true) => "a self-signed certificate",
                (false, false) => "a certificate",
            };
            format!("{kind}, {}", certificate.subject)
        }
        Content::Blob(shown) => format!("the blob of a device, {}", shown.summary()),
        Content::BrokenBlob { why } => format!("the blob of a device, which no device accepts: {why}"),
        Content::Events { lines, .. } => format!("the events of a device, {} in number", lines.len()),
        Content::Capture { what, .. } | Content::Other { what, .. } => what.clone(),
        Content::PrivateKey { key, .. } => format!("a private key, {key}"),
        Content::PublicKey { key } => format!("a public key, {key}"),
        Content::Request(request) => {
            format!(
                "a request for a certificate, {}, {}, signed by {}",
                request.subject, request.key, request.signature
            )
        }
    }
}

/// Lists the fields of a certificate.
fn details(certificate: &Certificate) -> Vec<String> {
    let validity = format!("{} to {}", certificate.not_before, certificate.not_after);
    let key = format!("{}, signed by {}", certificate.key, certificate.signature);
    let path = certificate.path_length.map(|length| format!("at most {length} authorities below")).unwrap_or_default();
    let usage = [&certificate.key_usage[..], &certificate.extended_key_usage].concat().join(", ");
    let rows = [
        ("issuer", certificate.issuer.clone()),
        ("names", certificate.names.join(", ")),
        ("valid", validity),
        ("key", key),
        ("usage", usage),
        ("path", path),
        ("issuer at", certificate.issuer_urls.join(", ")),
        ("serial", certificate.serial.clone()),
        ("SHA-256", certificate.fingerprint.clone()),
    ];
    let known = rows.iter().filter(|(_, value)| !value.is_empty());
    known.map(|(name, value)| format!("{name:<10}{}", printable(value))).collect()
}
