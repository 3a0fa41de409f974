//! `mtls provision`: one signed blob with what a device has to know, from the files that authorities and partners send.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use embedded_mtls::KeyHandle;
use embedded_mtls::crypto::rustcrypto::RustCrypto;
use embedded_mtls::io::std::system_time;
use embedded_mtls::x509::{Time, UnixTime};
use embedded_mtls_blob::{Blob, Content, Endpoint, Pin, Policy};
use mtls_pki::pem;
use sha2::{Digest as _, Sha256};

use super::csr::CsrArgs;
use super::deny::DenyArgs;
use super::drafts::{Drafts, at};
use super::fleet::{FleetArgs, FleetKeyArgs};
use super::options::{IdentityArgs, TrustArgs, path};
use super::send::{SEND_EXIT_CODES, SendArgs};
use crate::args::{self, UsageError};
use crate::deny::Denials;
use crate::files::Readers;
use crate::policy::passed_over;
use crate::provision::{Fleet, Prepared, Shown, rust_module, show, uf2};
use crate::report::{printable, say};

/// Exit codes, for the help.
pub(super) const EXIT_CODES: &str = "\
Exit codes: 0, the blob is good; 1, wrong options, or a file that cannot be used: nothing was written; 2, the blob is good, but \
its renewal is due, a chain has expired, or a device cannot use what is in it";

/// The tasks around the blob of a device.
#[derive(Debug, Subcommand)]
#[allow(clippy::doc_markdown, reason = "the documentation is the help text")]
pub(super) enum ProvisionTask {
    /// Makes the key with which the owner of a fleet signs blobs: FILE, and FILE.pub for the firmware
    FleetKey(FleetKeyArgs),
    /// Writes a new blob, in version 1, from certificates, keys, trust anchors and an endpoint
    #[command(after_help = EXIT_CODES)]
    New(NewArgs),
    /// Adds an identity, trust anchors or denials to a blob, in the next version; the active identity stays
    #[command(after_help = EXIT_CODES)]
    Add(ChangeArgs),
    /// Replaces the identity of an alias, the trust anchors, or what is denied, in the next version
    #[command(after_help = EXIT_CODES)]
    Rotate(ChangeArgs),
    /// Makes another identity of a blob the active one, in the next version
    #[command(after_help = EXIT_CODES)]
    Activate(ActivateArgs),
    /// Writes a request for a certificate (PKCS#10), for a key in a file, or one that stays with a signer
    Csr(CsrArgs),
    /// Sends a blob to a device that waits for one at a serial line, and prints its answer
    #[command(after_help = SEND_EXIT_CODES)]
    Send(SendArgs),
    /// Shows a blob, and checks it as a device does
    #[command(after_help = EXIT_CODES)]
    Show(ShowArgs),
}

/// The place of private keys.
#[derive(Args, Debug)]
struct PlaceArgs {
    /// The key is in the device or its secure element, under this number: the blob has none
    #[arg(long, value_name = "NUMBER", conflicts_with = "wrap")]
    handle: Option<u32>,
    /// Runs this command to wrap each key with a key of the device: it reads the key from its standard input (32 bytes on P-256,
    /// else PKCS#8) and writes the wrapped one
    #[arg(long, value_name = "COMMAND")]
    wrap: Option<String>,
}

/// The files from which a blob is made or changed.
#[derive(Args, Debug)]
struct FilesArgs {
    #[command(flatten)]
    identities: IdentityArgs,
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    denied: DenyArgs,
}

/// The forms of the result beside the blob itself.
#[derive(Args, Debug)]
#[allow(clippy::doc_markdown, reason = "the documentation is the help text")]
struct OutputArgs {
    /// Writes the changed blob to this file; by default, it replaces BLOB
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Also writes a Rust module with the blob and the public key of the fleet
    #[arg(long, value_name = "FILE")]
    rust: Option<PathBuf>,
    /// Also writes UF2 for --flash-address
    #[arg(long, value_name = "FILE", requires = "flash_address")]
    uf2: Option<PathBuf>,
    /// The family of the chip in the UF2 file; by default that of the RP2350 with Arm cores
    #[arg(long, value_name = "ID", value_parser = number, default_value = "0xe48bff59")]
    uf2_family: u32,
    /// The address of the slot in flash, such as 0x101f0000: printed with the command that writes it
    #[arg(long, value_name = "ADDRESS", value_parser = number)]
    flash_address: Option<u32>,
    /// Prints the content as JSON
    #[arg(long)]
    json: bool,
}

/// The options of `mtls provision new`.
#[derive(Args, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(super) struct NewArgs {
    /// The file of the blob, which is created
    blob: PathBuf,
    #[command(flatten)]
    fleet: FleetArgs,
    #[command(flatten)]
    files: FilesArgs,
    /// The alias of the identity; by default the name of the --cert FILE without extension
    #[arg(long, value_name = "NAME")]
    alias: Option<String>,
    /// The host name or address to which the device connects
    #[arg(long, value_name = "HOST")]
    host: Option<String>,
    /// The port
    #[arg(long, default_value_t = 443, requires = "host", value_parser = clap::value_parser!(u16).range(1..))]
    port: u16,
    /// The name that the server's certificate has to have; by default the host
    #[arg(long, visible_alias = "sni", value_name = "NAME", requires = "host")]
    server_name: Option<String>,
    /// The path of the requests
    #[arg(long, default_value = "/", requires = "host", value_parser = path)]
    path: String,
    /// A time server for the device, as ADDRESS:PORT, with an IPv4 address
    #[arg(long, value_name = "ADDRESS:PORT", requires = "host")]
    time_server: Option<String>,
    /// Policy: no check is ever waived, whatever the firmware is built with
    #[arg(long)]
    enforce: bool,
    /// Policy: a site may choose another alias of the blob
    #[arg(long)]
    site_alias: bool,
    /// Policy: a site may choose another endpoint
    #[arg(long)]
    site_endpoint: bool,
    /// Policy: maximum number of CA certificates above the server's
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(..255))]
    max_depth: Option<u8>,
    /// Policy: maximum validity of the server's certificate in days
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..))]
    max_validity: Option<u16>,
    #[command(flatten)]
    renewal: RenewalArgs,
    #[command(flatten)]
    out: OutputArgs,
}

/// The date of the renewal.
#[derive(Args, Debug)]
struct RenewalArgs {
    /// The day by which the blob is to be renewed, as YYYY-MM-DD; by default 30 days before the active chain expires
    #[arg(long, value_name = "DATE", value_parser = date)]
    renew_by: Option<UnixTime>,
}

/// The options of `mtls provision add` and `rotate`.
#[derive(Args, Debug)]
pub(super) struct ChangeArgs {
    /// The file of the blob, which is replaced unless --output names another
    blob: PathBuf,
    #[command(flatten)]
    fleet: FleetArgs,
    #[command(flatten)]
    files: FilesArgs,
    /// The alias of the identity; by default that of the active one, to rotate, or the name of the --cert FILE, to add
    #[arg(long, value_name = "NAME")]
    alias: Option<String>,
    #[command(flatten)]
    renewal: RenewalArgs,
    #[command(flatten)]
    out: OutputArgs,
}

/// The options of `mtls provision activate`.
#[derive(Args, Debug)]
pub(super) struct ActivateArgs {
    /// The file of the blob, which is replaced unless --output names another
    blob: PathBuf,
    /// The alias of the identity
    alias: String,
    #[command(flatten)]
    fleet: FleetArgs,
    #[command(flatten)]
    renewal: RenewalArgs,
    #[command(flatten)]
    out: OutputArgs,
}

/// The options of `mtls provision show`.
#[derive(Args, Debug)]
pub(super) struct ShowArgs {
    /// The file of the blob, or a copy of its slot in flash
    blob: PathBuf,
    /// PEM: the public or private key of the fleet; without it, the signature is not checked
    #[arg(long, value_name = "FILE")]
    fleet_key: Option<String>,
    /// Prints the content as JSON
    #[arg(long)]
    json: bool,
}

/// Parses a number, which may be hexadecimal.
fn number(text: &str) -> Result<u32, &'static str> {
    let parsed = text.strip_prefix("0x").map_or_else(|| text.parse(), |digits| u32::from_str_radix(digits, 16));
    parsed.map_err(|_| "wanted a number below 2^32, such as 0x101f0000")
}

/// Parses a day, and returns its first second, in UTC.
fn date(text: &str) -> Result<UnixTime, &'static str> {
    let parse = || {
        let mut parts = text.splitn(3, '-');
        let mut next = || parts.next()?.parse::<u16>().ok();
        let (year, month, day) = (next()?, u8::try_from(next()?).ok()?, u8::try_from(next()?).ok()?);
        let date = time::Date::from_calendar_date(year.into(), time::Month::try_from(month).ok()?, day).ok()?;
        Some(UnixTime(date.midnight().assume_utc().unix_timestamp()))
    };
    parse().ok_or("wanted a day such as 2027-06-30")
}

/// Seconds in the 30 days before a chain expires.
const AHEAD: i64 = 30 * 86_400;

impl ProvisionTask {
    /// Performs the task.
    pub(super) fn run(&self) -> Result<u8, UsageError> {
        match self {
            Self::FleetKey(args) => args.run(),
            Self::New(args) => args.run(),
            Self::Add(args) => args.run(Change::Add),
            Self::Rotate(args) => args.run(Change::Rotate),
            Self::Activate(args) => args.run(),
            Self::Csr(args) => args.run(),
            Self::Send(args) => args.run(),
            Self::Show(args) => args.run(),
        }
    }
}

impl FilesArgs {
    /// Prepares the identities.
    fn prepare(&self, alias: Option<&str>) -> Result<Vec<Prepared>, UsageError> {
        let Self { identities, place, .. } = self;
        if let (Some(alias), [_, _, ..]) = (alias, &identities.files[..]) {
            return Err(args::unfit("--alias", alias, "at most one --cert beside it"));
        }
        for (cert, _) in &identities.files {
            text("--alias", alias.unwrap_or_else(|| args::alias(cert)))?;
        }
        if let Some(handle) = place.handle {
            // A key belongs to one certificate.
            let [(file, key)] = &identities.files[..] else {
                return Err(args::unfit("--handle", &handle.to_string(), "exactly one --cert beside it"));
            };
            if key.is_some() {
                return Err(UsageError("--handle: found --key beside it, wanted one of the two".to_owned()));
            }
            let alias = alias.unwrap_or_else(|| args::alias(file));
            return Ok(vec![Prepared::of_device(alias, &pem::certificates(file)?, handle)?]);
        }
        let read = identities.read(None)?;
        let prepare = |(identity, [cert, _]): &(pem::Identity, [String; 2])| {
            Prepared::with_key(alias.unwrap_or_else(|| args::alias(cert)), identity, place.wrap.as_deref())
        };
        read.iter().map(prepare).collect()
    }

    /// Reads the trust anchors and pins.
    fn trusted(&self) -> Result<Trusted, UsageError> {
        let anchors = self.trust.read()?;
        passed_over(&anchors.passed_over).for_each(|warning| eprintln!("mtls: {warning}"));
        Ok(Trusted { authorities: anchors.authorities, pins: anchors.pins })
    }
}

/// The trust anchors and pins of the command line.
struct Trusted {
    authorities: Vec<Vec<u8>>,
    pins: Vec<pem::Pin>,
}

impl Trusted {
    /// Adds them to a blob.
    fn add<'a>(&'a self, content: &mut Content<'a>) {
        content.anchors.extend(self.authorities.iter().map(Vec::as_slice));
        let pin = |pin: &'a pem::Pin| match pin {
            pem::Pin::Certificate(der) => Pin::Fingerprint(Sha256::digest(der).into()),
            pem::Pin::Fingerprint(sha256) => Pin::Fingerprint(*sha256),
            pem::Pin::Key(info) => Pin::Key(info),
        };
        content.pins.extend(self.pins.iter().map(pin));
    }

    const fn is_empty(&self) -> bool {
        self.authorities.is_empty() && self.pins.is_empty()
    }
}

impl NewArgs {
    fn run(&self) -> Result<u8, UsageError> {
        if self.out.output.is_some() {
            return Err(UsageError("--output: a new blob is written to BLOB".to_owned()));
        }
        let fleet = self.fleet.read()?;
        let prepared = self.files.prepare(self.alias.as_deref())?;
        let trusted = self.files.trusted()?;
        if trusted.is_empty() {
            return Err(UsageError("found neither --ca nor --pin, wanted whom the device trusts".to_owned()));
        }
        let denials = self.files.denied.read(&trusted.authorities)?;
        let denied = denials.encoded()?;
        let mut content = Content {
            version: 1,
            active: if prepared.is_empty() { None } else { Some(0) },
            endpoint: self.endpoint()?,
            policy: Policy {
                enforce: self.enforce,
                site_chooses_alias: self.site_alias,
                site_chooses_endpoint: self.site_endpoint,
                max_depth: self.max_depth,
                max_validity_days: self.max_validity,
            },
            identities: prepared.iter().map(Prepared::identity).collect(),
            denied: denied.denied(),
            ..Content::default()
        };
        trusted.add(&mut content);
        self.renewal.set(&mut content);
        self.out.write(&self.blob, true, &content, &fleet)
    }

    /// Returns the endpoint, whose name and time server are checked.
    fn endpoint(&self) -> Result<Option<Endpoint<'_>>, UsageError> {
        let Some(host) = &self.host else { return Ok(None) };
        let server_name = self.server_name.as_ref().unwrap_or(host);
        for (option, name) in [("--host", host), ("--server-name", server_name)] {
            let parsed = embedded_mtls::x509::ServerName::parse(name);
            parsed.map_err(|_| args::unfit(option, name, "a DNS name or an address"))?;
        }
        text("--path", &self.path)?;
        let time_server = self.time_server.as_deref().unwrap_or_default();
        if !time_server.is_empty() && time_server.parse::<std::net::SocketAddrV4>().is_err() {
            return Err(args::unfit("--time-server", time_server, "an IPv4 address and a port, such as 192.0.2.1:123"));
        }
        Ok(Some(Endpoint { host, port: self.port, server_name, path: &self.path, time_server }))
    }
}

/// The two ways to change a blob by files.
#[derive(Clone, Copy)]
enum Change {
    Add,
    Rotate,
}

impl ChangeArgs {
    fn run(&self, change: Change) -> Result<u8, UsageError> {
        let fleet = self.fleet.read()?;
        let before = read(&self.blob)?;
        let blob = open(&self.blob, &before, &fleet)?;
        let active = blob.active().map(|identity| identity.alias);
        let alias = match change {
            Change::Add => self.alias.as_deref(),
            Change::Rotate => self.alias.as_deref().or(active),
        };
        let certs = self.files.identities.files.len();
        if let (Change::Rotate, None, Some(_), 2..) = (change, &self.alias, active, certs) {
            let wanted = "wanted one: each replaces the identity of --alias, by default the active one";
            return Err(UsageError(format!("found {certs} --cert, {wanted}")));
        }
        let prepared = self.files.prepare(alias)?;
        let trusted = self.files.trusted()?;
        let has_denials = !self.files.denied.deny.is_empty();
        if prepared.is_empty() && trusted.is_empty() && !has_denials {
            return Err(UsageError(
                "found neither --cert nor --ca nor --pin nor --deny, wanted what changes".to_owned(),
            ));
        }
        let denials = self.denials(change, &blob, &trusted)?;
        let denied = denials.encoded()?;
        let mut content = Content::after(&blob);
        if has_denials {
            content.denied = denied.denied();
        }
        match change {
            Change::Add => {
                content.identities.extend(prepared.iter().map(Prepared::identity));
                content.active = content.active.or((!content.identities.is_empty()).then_some(0));
                trusted.add(&mut content);
            }
            Change::Rotate => {
                for prepared in &prepared {
                    let identity = prepared.identity();
                    let place = place(&content, identity.alias)?;
                    if let Some(old) = content.identities.get_mut(place) {
                        *old = identity;
                    }
                }
                if !trusted.is_empty() {
                    (content.anchors, content.pins) = (Vec::new(), Vec::new());
                    trusted.add(&mut content);
                }
            }
        }
        self.renewal.set(&mut content);
        self.out.change(&self.blob, &content, &fleet)
    }

    /// Reads what is denied. Revocation lists count if a trust anchor has signed them, of the command line or of the blob.
    fn denials(&self, change: Change, blob: &Blob<'_>, trusted: &Trusted) -> Result<Denials, UsageError> {
        let before = blob.anchors().map(<[u8]>::to_vec);
        let trusted: Vec<_> = trusted.authorities.iter().cloned().chain(before).collect();
        match change {
            Change::Add => self.files.denied.add_to(blob.deny_list(), &trusted),
            Change::Rotate => self.files.denied.read(&trusted),
        }
    }
}

impl ActivateArgs {
    fn run(&self) -> Result<u8, UsageError> {
        let fleet = self.fleet.read()?;
        let before = read(&self.blob)?;
        let mut content = Content::after(&open(&self.blob, &before, &fleet)?);
        content.active = u8::try_from(place(&content, &self.alias)?).ok();
        self.renewal.set(&mut content);
        self.out.change(&self.blob, &content, &fleet)
    }
}

impl ShowArgs {
    fn run(&self) -> Result<u8, UsageError> {
        let fleet = self.fleet_key.as_ref().map(|file| Fleet::read(file, &pem::Password::ask())).transpose()?;
        let (text, exit_code) = told(&look(&self.blob, &read(&self.blob)?, fleet.as_ref())?, self.json)?;
        say!("{text}");
        Ok(exit_code)
    }
}

impl RenewalArgs {
    /// Sets the date of the command line, or a month before the active chain expires.
    fn set(&self, content: &mut Content<'_>) {
        let active = content.active.and_then(|active| content.identities.get(usize::from(active)));
        let end = active.and_then(|active| active.credential(KeyHandle(0)).ok()).map(|chain| chain.not_after());
        let ahead = end.map(|end| UnixTime(end.0.saturating_sub(AHEAD)));
        content.renew_by = self.renew_by.or(ahead).or(content.renew_by);
    }
}

impl OutputArgs {
    /// Signs a changed blob, and writes it to where it belongs.
    fn change(&self, file: &Path, content: &Content<'_>, fleet: &Fleet) -> Result<u8, UsageError> {
        self.write(self.output.as_deref().unwrap_or(file), self.output.is_some(), content, fleet)
    }

    /// Signs a blob, writes all its forms, and tells what is in it. Whatever may be refused is refused before the first file takes
    /// its place, and the blob is the last one.
    fn write(&self, file: &Path, is_new: bool, content: &Content<'_>, fleet: &Fleet) -> Result<u8, UsageError> {
        let blob = fleet.seal(content)?;
        let (shown, exit_code) = told(&look(file, &blob, Some(fleet))?, self.json)?;
        // Each may hold a key in the clear.
        let mut drafts = Drafts::default();
        if let Some(file) = &self.rust {
            drafts.replacing(file, rust_module(fleet.public(), Some(&blob)).as_bytes(), Readers::Owner)?;
        }
        if let (Some(file), Some(address)) = (&self.uf2, self.flash_address) {
            let unfit = || UsageError(format!("--flash-address {address:#x}: found no room for the blob behind it"));
            drafts.replacing(file, &uf2(&blob, address, self.uf2_family).ok_or_else(unfit)?, Readers::Owner)?;
        }
        if is_new {
            drafts.new_file(file, &blob, Readers::Owner)?;
        } else {
            drafts.replacing(file, &blob, Readers::Owner)?;
        }
        drafts.keep()?;
        for identity in content.identities.iter().filter(|identity| identity.key.is_in_the_clear()) {
            eprintln!(
                "mtls: warning: the key of {} lies in flash in the clear: anyone who can read the flash has it; protect the flash against \
                 reading, or use --wrap or --handle",
                printable(identity.alias)
            );
        }
        say!("{shown}");
        if let (Some(address), false) = (self.flash_address, self.json) {
            let file = file.display();
            say!("    to flash  probe-rs download --binary-format bin --base-address {address:#010x} {file}");
        }
        Ok(exit_code)
    }
}

/// Reads a blob as `show` does.
fn look(file: &Path, blob: &[u8], fleet: Option<&Fleet>) -> Result<Shown, UsageError> {
    let (Time::Trusted(now) | Time::AtLeast(now)) = system_time() else {
        return Err(UsageError("the clock of this computer does not work".to_owned()));
    };
    show(&file.display().to_string(), blob, fleet, now)
}

/// Returns the text about a blob, and the exit code.
fn told(shown: &Shown, json: bool) -> Result<(String, u8), UsageError> {
    let text = if json {
        serde_json::to_string_pretty(shown).map_err(|error| UsageError(error.to_string()))?
    } else {
        shown.to_string().trim_end().to_owned()
    };
    Ok((text, shown.exit_code))
}

/// Checks a text of a blob before a file is read for it: the error of the blob would not name the option.
fn text(option: &str, found: &str) -> Result<(), UsageError> {
    let is_good = (1..=255).contains(&found.len()) && found.bytes().all(|byte| byte.is_ascii_graphic());
    let unfit = || args::unfit(option, found, "1 to 255 printable ASCII characters without spaces");
    is_good.then_some(()).ok_or_else(unfit)
}

/// Finds the identity with an alias.
fn place(content: &Content<'_>, alias: &str) -> Result<usize, UsageError> {
    let known = || content.identities.iter().map(|identity| identity.alias).collect::<Vec<_>>().join(", ");
    let place = content.identities.iter().position(|identity| identity.alias == alias);
    place.ok_or_else(|| args::unfit("the alias", alias, &format!("one of the blob: {}", known())))
}

fn read(file: &Path) -> Result<Vec<u8>, UsageError> {
    std::fs::read(file).map_err(|error| at(file, &error))
}

/// Opens a blob that is to be changed.
fn open<'a>(file: &Path, bytes: &'a [u8], fleet: &Fleet) -> Result<Blob<'a>, UsageError> {
    let opened = Blob::open(RustCrypto, bytes, fleet.public(), 0);
    opened.map_err(|error| UsageError(format!("{}: {error}", file.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_decimal_or_hexadecimal() {
        assert_eq!((number("0x101f0000"), number("4096")), (Ok(0x101f_0000), Ok(4096)));
        assert!(number("0x1_0").is_err() && number("4294967296").is_err() && number("").is_err());
    }

    #[test]
    fn a_day_begins_at_midnight() {
        assert_eq!(date("2027-06-30"), Ok(UnixTime(1_814_313_600)));
        for bad in ["2027-06-31", "2027-6", "30.06.2027", "2027-06-30-1", ""] {
            assert!(date(bad).is_err(), "{bad}");
        }
    }
}
