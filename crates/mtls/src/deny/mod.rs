//! Certificates and keys that are trusted no longer, from revocation lists, certificates and public keys: the option `--deny`.
//!
//! A revocation list counts only if a given authority has signed it. A certificate is denied by its issuer and number, and by its
//! key, so that no other certificate with this key is accepted. Only the certificate of the client or server itself is compared,
//! never those of the authorities above it.

mod crl;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use embedded_mtls::AlertDescription;
use embedded_mtls::crypto::rustcrypto::RustCrypto;
use embedded_mtls::io::std::system_time;
use embedded_mtls::x509::{Name, PeerIdentity, Time, TrustAnchor, UnixTime};
use embedded_mtls_blob::{Denied, DenyList as BlobList, Serials};
use embedded_mtls_operator::access::{DenyList, Rule};
use mtls_pki::pem::{self, Password};
use sha2::{Digest as _, Sha256};
use x509_cert::certificate::{CertificateInner, Raw};
use x509_cert::der::{Decode as _, Encode as _};
use x509_cert::ext::pkix::BasicConstraints;

pub use self::crl::Crl;
use super::args::UsageError;
use super::certificate;
use super::report::{hex, printable};

/// The keys that a handshake compares.
const COMPARED: &str = "one on P-256 or P-384, for Ed25519, or for RSA with 2048 to 4096 bits (rsaEncryption)";

/// Certificates and keys that are denied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Denials {
    /// The serial numbers of certificates by the names of their issuers, in DER.
    certificates: BTreeMap<Vec<u8>, BTreeSet<Vec<u8>>>,
    /// SHA-256 of public keys in DER.
    keys: BTreeSet<[u8; 32]>,
    /// The revocation lists that were read.
    lists: Vec<List>,
    /// Warnings about what has less effect than it seems to have.
    notes: Vec<String>,
}

/// A revocation list that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
struct List {
    /// The name of its issuer in DER, and the certificates that it is about.
    scope: (Vec<u8>, Vec<u8>),
    /// Its place among the lists of this scope: its time, and its number by length and digits.
    age: (i64, Option<(usize, Vec<u8>)>),
    issuer: String,
    this_update: UnixTime,
    next_update: Option<UnixTime>,
}

impl List {
    fn of(list: &Crl<'_>) -> Self {
        Self {
            scope: (list.name.clone(), list.scope.clone()),
            age: (list.this_update.0, list.number.clone().map(|number| (number.len(), number))),
            issuer: list.issuer.clone(),
            this_update: list.this_update,
            next_update: list.next_update,
        }
    }

    /// Returns a warning if there should be a newer list.
    fn expired(&self, now: UnixTime) -> Option<String> {
        let due = self.next_update.filter(|due| *due < now)?;
        Some(format!(
            "the revocation list of {} was to be replaced by {due}: what was revoked since is not on it",
            self.issuer
        ))
    }
}

/// Certificates and keys that are denied, in the form that a blob borrows.
#[derive(Debug)]
pub struct Encoded<'d> {
    certificates: Vec<(&'d [u8], Vec<u8>)>,
    keys: &'d BTreeSet<[u8; 32]>,
}

impl Denials {
    /// Reads files; lists have to be signed by one of the authorities.
    ///
    /// # Errors
    /// A file that cannot be read, or holds something else, and a list that is not to be believed.
    pub fn read(files: &[String], authorities: &[Vec<u8>]) -> Result<Self, UsageError> {
        let now = now().map_err(UsageError)?;
        let mut denials = Self::default();
        for file in files {
            denials.take(file, &read(file)?, authorities, now)?;
        }
        Ok(denials)
    }

    /// Takes what a blob denies.
    #[must_use]
    pub fn of_blob(list: BlobList<'_>) -> Self {
        let mut denials = Self::default();
        for denied in list.iter() {
            match denied {
                Denied::Key(sha256) => _ = denials.keys.insert(sha256),
                Denied::Certificates { issuer, serials } => {
                    denials.serials_of(issuer.as_der()).extend(serials.iter().map(<[u8]>::to_vec));
                }
            }
        }
        denials
    }

    /// Adds what another list denies.
    pub fn append(&mut self, other: Self) {
        for (issuer, serials) in other.certificates {
            self.certificates.entry(issuer).or_default().extend(serials);
        }
        self.keys.extend(other.keys);
        self.lists.extend(other.lists);
        self.notes.extend(other.notes);
    }

    /// Returns warnings about what has less effect than it seems to have, and about lists that have expired by now.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        now().map_or_else(|_| self.notes.clone(), |now| self.warnings_at(now))
    }

    fn warnings_at(&self, now: UnixTime) -> Vec<String> {
        let expired = self.lists.iter().filter_map(|list| list.expired(now));
        self.notes.iter().cloned().chain(expired).collect()
    }

    /// Checks that each list in use is still there and not replaced by an older one: somebody who copies old lists or empties a file
    /// cannot let anyone in again.
    fn follows(&self, in_use: &Self) -> Result<(), String> {
        for old in &in_use.lists {
            let same = self.lists.iter().filter(|list| list.scope == old.scope);
            let newest = same.max_by_key(|list| &list.age);
            if newest.is_none_or(|newest| newest.age < old.age) {
                let issuer = &old.issuer;
                let found = newest.map_or_else(
                    || format!("no revocation list of {issuer}"),
                    |newest| format!("a revocation list of {issuer} of {}", newest.this_update),
                );
                return Err(format!(
                    "found {found}, wanted one that is not older than that of {}, which is in use until a restart",
                    old.this_update
                ));
            }
        }
        Ok(())
    }

    /// Returns what a blob borrows.
    ///
    /// # Errors
    /// A serial number that no certificate can have.
    pub fn encoded(&self) -> Result<Encoded<'_>, UsageError> {
        let mut certificates = Vec::new();
        for (issuer, serials) in self.certificates.iter().filter(|(_, serials)| !serials.is_empty()) {
            let serials = Serials::encode(serials.iter().map(Vec::as_slice));
            certificates.push((issuer.as_slice(), serials.map_err(|error| UsageError(format!("--deny: {error}")))?));
        }
        Ok(Encoded { certificates, keys: &self.keys })
    }

    /// Returns the numbers of an issuer, given in DER.
    fn serials_of(&mut self, issuer: &[u8]) -> &mut BTreeSet<Vec<u8>> {
        self.certificates.entry(issuer.to_vec()).or_default()
    }

    /// Takes the content of a file: lists, or certificates and keys.
    fn take(&mut self, file: &str, bytes: &[u8], authorities: &[Vec<u8>], now: UnixTime) -> Result<(), UsageError> {
        let unfit = |why: String| UsageError(format!("--deny {file}: {why}"));
        if Crl::read(bytes).is_some() {
            return self.take_list(bytes, authorities, now).map_err(unfit);
        }
        let wanted = "revocation lists, or certificates and public keys";
        let sections = pem::sections(bytes, file, &Password::none())?;
        let lists = sections.iter().filter(|section| section.label == "X509 CRL").count();
        if lists != 0 && lists != sections.len() {
            return Err(unfit(format!("found a revocation list beside something else, wanted {wanted}")));
        }
        let mut found = 0;
        for section in sections {
            let read = match section.label {
                "X509 CRL" => self.take_list(&section.der, authorities, now).map(|()| true),
                "CERTIFICATE" => self.take_certificate(&section.der),
                "PUBLIC KEY" => self.take_key(&section.der).map(|()| true).map_err(|kind| {
                    format!(
                        "found a public key that no handshake compares ({kind}), wanted {COMPARED}, or its certificate"
                    )
                }),
                label => Err(format!("found BEGIN {label}, wanted {wanted}")),
            };
            found += u32::from(read.map_err(unfit)?);
        }
        let of_authorities = "found certificates of authorities only, wanted those of their clients or servers: an authority is \
                              trusted no longer when it is no trust anchor";
        if found == 0 { Err(unfit(of_authorities.to_owned())) } else { Ok(()) }
    }

    fn take_list(&mut self, der: &[u8], authorities: &[Vec<u8>], now: UnixTime) -> Result<(), String> {
        let list = Crl::read(der).ok_or("found a revocation list that cannot be read")?;
        list.verify(authorities, now)?;
        self.lists.push(List::of(&list));
        self.serials_of(&list.name).extend(list.serials);
        Ok(())
    }

    /// Takes a public key.
    ///
    /// # Errors
    /// The kind of a key that no handshake compares.
    fn take_key(&mut self, der: &[u8]) -> Result<(), String> {
        let kind = || certificate::public_key(der).unwrap_or_else(|| "unreadable".to_owned());
        // A peer cannot have a key of another kind, or a key in another encoding; the core does not keep the parameters of RSASSA-PSS.
        if TrustAnchor::from_pinned_key(der).is_err() || certificate::is_pss_only(der) {
            return Err(kind());
        }
        self.keys.insert(Sha256::digest(der).into());
        Ok(())
    }

    /// Takes a certificate; `false` if it is that of an authority, which comes with that of its client.
    fn take_certificate(&mut self, der: &[u8]) -> Result<bool, String> {
        let unreadable = |_| "found a certificate that cannot be read";
        let parsed = CertificateInner::<Raw>::from_der(der).map_err(unreadable)?;
        let inner = parsed.tbs_certificate();
        if inner.get_extension::<BasicConstraints>().ok().flatten().is_some_and(|(_, basic)| basic.ca) {
            return Ok(false);
        }
        let issuer = inner.issuer().to_der().map_err(unreadable)?;
        self.serials_of(&issuer).insert(inner.serial_number().as_bytes().to_vec());
        let key = inner.subject_public_key_info().to_der().map_err(unreadable)?;
        if let Err(kind) = self.take_key(&key) {
            let number = hex(inner.serial_number().as_bytes());
            self.notes.push(format!(
                "certificate {number} of {} is denied, but no other one with its key, which no handshake compares ({kind})",
                inner.issuer()
            ));
        }
        Ok(true)
    }

    /// Decides about a peer that is authenticated.
    ///
    /// # Errors
    /// The reason for which it is denied, and the alert that tells it.
    pub fn authorize(&self, peer: &PeerIdentity<'_>) -> Result<(), (String, AlertDescription)> {
        // An authority may write its name in several ways, which are compared as in a chain.
        let of_issuer = self.certificates.iter().filter_map(|(issuer, serials)| {
            let issuer = Name::from_der(issuer).filter(|issuer| *issuer == peer.issuer())?;
            Some(Rule::Serial { issuer, serial: serials.get(peer.serial())? })
        });
        let mut rules: Vec<_> = of_issuer.collect();
        // A key that cannot be hashed is for the list to judge.
        let key = peer.sha256_key_info(RustCrypto);
        if let Some(sha256) = key.map_or_else(|| self.keys.first(), |key| self.keys.get(&key)) {
            rules.push(Rule::KeyPin(*sha256));
        }
        let list = DenyList::of(&rules);
        let why = || match list.rule(RustCrypto, peer) {
            Some(Rule::Serial { issuer, serial }) => format!("certificate {} of {issuer}", hex(serial)),
            _ => "another certificate with a denied key".to_owned(),
        };
        list.authorize(RustCrypto, peer).map_err(|alert| (format!("on the deny list: {}", why()), alert))
    }
}

/// Writes how much is denied.
impl core::fmt::Display for Denials {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let serials: usize = self.certificates.values().map(BTreeSet::len).sum();
        write!(f, "certificates: {serials}, keys: {}", self.keys.len())
    }
}

impl Encoded<'_> {
    /// Returns what the blob has.
    pub fn denied(&self) -> Vec<Denied<'_>> {
        let certificates = self.certificates.iter().filter_map(|(issuer, serials)| {
            Some(Denied::Certificates { issuer: Name::from_der(issuer)?, serials: Serials::parse(serials)? })
        });
        certificates.chain(self.keys.iter().copied().map(Denied::Key)).collect()
    }
}

/// Files that are read again when they have changed.
#[derive(Debug)]
pub struct Watched {
    files: Vec<String>,
    authorities: Vec<Vec<u8>>,
    last: Mutex<Last>,
}

/// The files when they were read last.
#[derive(Debug)]
struct Last {
    contents: Result<Vec<Vec<u8>>, UsageError>,
    denials: Arc<Denials>,
    /// Why the contents are not in use: the clock may have been wrong, so that they are read again.
    refused: Option<String>,
    /// The warnings that were told.
    told: Vec<String>,
}

impl Watched {
    /// Reads the files for the first time.
    ///
    /// # Errors
    /// As of [`Denials::read`].
    pub fn new(files: Vec<String>, authorities: Vec<Vec<u8>>) -> Result<Self, UsageError> {
        let contents = contents(&files);
        let denials = Arc::new(Denials::read(&files, &authorities)?);
        Ok(Self { files, authorities, last: Mutex::new(Last { contents, denials, refused: None, told: Vec::new() }) })
    }

    /// Returns what is denied now. Changes are told, and so are lists that have expired, once, and files that cannot be used: what was
    /// denied before still is.
    pub fn current(&self, tell: impl FnMut(String)) -> Arc<Denials> {
        self.current_at(now().ok(), tell)
    }

    fn current_at(&self, now: Option<UnixTime>, mut tell: impl FnMut(String)) -> Arc<Denials> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let contents = contents(&self.files);
        if contents != last.contents || last.refused.is_some() {
            let read = contents.as_ref().map_err(ToString::to_string);
            match read.and_then(|contents| self.parse(contents, now.ok_or(NO_CLOCK)?, &last.denials)) {
                Ok(denials) => {
                    tell(denials.to_string());
                    (last.denials, last.refused, last.told) = (Arc::new(denials), None, Vec::new());
                }
                Err(error) => {
                    if contents != last.contents || last.refused.as_ref() != Some(&error) {
                        tell(format!("{}; {} as before", printable(&error), last.denials));
                    }
                    last.refused = Some(error);
                }
            }
            last.contents = contents;
        }
        if let Some(now) = now {
            let warnings = last.denials.warnings_at(now);
            let news = warnings.iter().filter(|warning| !last.told.contains(warning));
            news.for_each(|warning| tell(format!("warning: {warning}")));
            last.told = warnings;
        }
        Arc::clone(&last.denials)
    }

    fn parse(&self, contents: &[Vec<u8>], now: UnixTime, in_use: &Denials) -> Result<Denials, String> {
        let mut denials = Denials::default();
        for (file, bytes) in self.files.iter().zip(contents) {
            denials.take(file, bytes, &self.authorities, now).map_err(|error| error.to_string())?;
        }
        denials.follows(in_use).map(|()| denials)
    }
}

/// The reason for which no list can be judged.
const NO_CLOCK: &str = "the clock of this computer does not work";

/// Returns the time.
fn now() -> Result<UnixTime, String> {
    match system_time() {
        Time::Trusted(now) | Time::AtLeast(now) => Ok(now),
        Time::Unknown(_) => Err(NO_CLOCK.to_owned()),
    }
}

fn read(file: &str) -> Result<Vec<u8>, UsageError> {
    std::fs::read(file).map_err(|error| UsageError(format!("--deny {file}: {error}")))
}

fn contents(files: &[String]) -> Result<Vec<Vec<u8>>, UsageError> {
    files.iter().map(|file| read(file)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A list that was read, of this age, which is to be replaced after 100 seconds.
    fn list(scope: u8, this_update: i64, number: Option<&[u8]>) -> List {
        List::of(&Crl::of_age(&[scope], UnixTime(this_update), UnixTime(this_update + 100), number))
    }

    fn denials(lists: &[List]) -> Denials {
        Denials { lists: lists.to_vec(), ..Denials::default() }
    }

    #[test]
    fn a_list_that_expires_while_a_server_runs_is_told_once() {
        let denials = Arc::new(denials(&[list(1, 0, None)]));
        let last = Last { contents: Ok(Vec::new()), denials, refused: None, told: Vec::new() };
        let watched = Watched { files: Vec::new(), authorities: Vec::new(), last: Mutex::new(last) };
        let told = |now| {
            let mut told = Vec::new();
            watched.current_at(now, |news| told.push(news));
            told
        };
        assert!(told(Some(UnixTime(100))).is_empty());
        assert!(told(None).is_empty());
        let [warning] = &told(Some(UnixTime(101)))[..] else { panic!("one warning") };
        assert!(warning.starts_with("warning: the revocation list of CN=a was to be replaced by "), "{warning}");
        assert!(told(Some(UnixTime(102))).is_empty());
    }

    #[test]
    fn files_that_were_refused_are_read_again_and_told_once() {
        const KEY: &[u8] = b"-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEceYExSxyfZvD+0dgauIR+NZX6bWq
k9jKg9Y3JnZWllFoW0ql9ipijeXZy2ffuwHYqzvbePjcRHYc8hq24gIRXg==
-----END PUBLIC KEY-----
";
        let file = std::env::temp_dir().join(format!("embedded-mtls-refused-{}.pem", std::process::id()));
        std::fs::write(&file, KEY).unwrap();
        let last = Last { contents: Ok(Vec::new()), denials: Arc::default(), refused: None, told: Vec::new() };
        let files = vec![file.display().to_string()];
        let watched = Watched { files, authorities: Vec::new(), last: Mutex::new(last) };
        let current = |now| {
            let mut told = Vec::new();
            (watched.current_at(now, |news| told.push(news)).keys.len(), told)
        };
        let refused = format!("{NO_CLOCK}; certificates: 0, keys: 0 as before");
        assert_eq!(current(None), (0, vec![refused]));
        assert_eq!(current(None), (0, Vec::new()));
        assert_eq!(current(Some(UnixTime(0))), (1, vec!["certificates: 0, keys: 1".to_owned()]));
        assert_eq!(current(Some(UnixTime(0))), (1, Vec::new()));
        std::fs::remove_file(&file).unwrap();
    }

    #[test]
    fn a_certificate_is_denied_however_its_authority_writes_its_name() {
        use embedded_mtls::x509::Validator;
        use test_support::pki::Pki;
        let pki = Pki::new();
        let mut memory = vec![0; 1024];
        let mut validator = Validator::new(&mut memory);
        validator.push(RustCrypto, &pki.client.der).unwrap();
        let peer = validator.identity().unwrap();
        let written = peer.issuer().as_der().to_vec();
        // The same text as PrintableString instead of UTF8String.
        let mut otherwise = written.clone();
        let at = otherwise.windows(2).rposition(|bytes| bytes == [0x0c, 20]).expect("a UTF8String");
        otherwise[at] = 0x13;
        assert_ne!(written, otherwise);
        for (issuer, is_denied) in [(written, true), (otherwise, true), (b"\x30\0".to_vec(), false)] {
            let certificates = BTreeMap::from([(issuer, BTreeSet::from([peer.serial().to_vec()]))]);
            let judged = Denials { certificates, ..Denials::default() }.authorize(&peer);
            assert_eq!(judged.is_err(), is_denied, "{judged:?}");
        }
    }

    #[test]
    fn neither_an_older_list_of_the_same_scope_nor_none_follows() {
        let in_use = denials(&[list(1, 1000, Some(&[2]))]);
        for (lists, follows) in [
            (vec![list(1, 1000, Some(&[2]))], true),
            (vec![list(1, 1001, Some(&[3]))], true),
            (vec![list(1, 1000, Some(&[1, 0]))], true),
            (vec![list(1, 999, Some(&[3]))], false),
            (vec![list(1, 1000, Some(&[1]))], false),
            // Beside one that is not older, and of another part of the certificates.
            (vec![list(1, 999, Some(&[1])), list(1, 1000, Some(&[2]))], true),
            (vec![list(2, 999, None), list(1, 1000, Some(&[2]))], true),
            (vec![list(2, 1001, None)], false),
            (vec![], false),
        ] {
            assert_eq!(denials(&lists).follows(&in_use).is_ok(), follows, "{lists:?}");
        }
    }
}
