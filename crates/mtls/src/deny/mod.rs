//! Certificates and keys that are trusted no longer, from revocation lists, certificates and public keys: the option `--deny`.
//!
//! A revocation list counts only if a given authority has signed it. A certificate is denied by its issuer and number, and by its
//! key, so that no other certificate with this key is accepted.

mod crl;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use embedded_mtls::AlertDescription;
use embedded_mtls::crypto::rustcrypto::RustCrypto;
use embedded_mtls::io::std::system_time;
use embedded_mtls::x509::{Name, PeerIdentity, Time};
use embedded_mtls_blob::{Denied, DenyList as BlobList, Serials};
use embedded_mtls_operator::access::{DenyList, Rule};
use mtls_pki::pem::{self, Password};
use sha2::{Digest as _, Sha256};
use x509_cert::certificate::{CertificateInner, Raw};
use x509_cert::der::{Decode as _, Encode as _};
use x509_cert::ext::pkix::BasicConstraints;

pub use self::crl::Crl;
use super::args::UsageError;
use super::report::{hex, printable};

/// Certificates and keys that are denied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Denials {
    /// The serial numbers of certificates by the names of their issuers, in DER.
    certificates: BTreeMap<Vec<u8>, BTreeSet<Vec<u8>>>,
    /// SHA-256 of public keys in DER.
    keys: BTreeSet<[u8; 32]>,
    /// Warnings about lists that have expired.
    pub warnings: Vec<String>,
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
        let mut denials = Self::default();
        for file in files {
            denials.take(file, &read(file)?, authorities)?;
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
                    denials.of(issuer.as_der()).extend(serials.iter().map(<[u8]>::to_vec));
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
        self.warnings.extend(other.warnings);
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

    fn of(&mut self, issuer: &[u8]) -> &mut BTreeSet<Vec<u8>> {
        self.certificates.entry(issuer.to_vec()).or_default()
    }

    /// Takes the content of a file: lists, or certificates and keys.
    fn take(&mut self, file: &str, bytes: &[u8], authorities: &[Vec<u8>]) -> Result<(), UsageError> {
        let unfit = |why: String| UsageError(format!("--deny {file}: {why}"));
        if Crl::read(bytes).is_some() {
            return self.take_list(bytes, authorities).map_err(unfit);
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
                "X509 CRL" => self.take_list(&section.der, authorities).map(|()| true),
                "CERTIFICATE" => self.take_certificate(&section.der),
                "PUBLIC KEY" => {
                    self.keys.insert(Sha256::digest(&section.der).into());
                    Ok(true)
                }
                label => Err(format!("found BEGIN {label}, wanted {wanted}")),
            };
            found += u32::from(read.map_err(unfit)?);
        }
        let of_authorities = "found certificates of authorities only, wanted those of their clients or servers: an authority is \
                              trusted no longer when it is no trust anchor";
        if found == 0 { Err(unfit(of_authorities.to_owned())) } else { Ok(()) }
    }

    fn take_list(&mut self, der: &[u8], authorities: &[Vec<u8>]) -> Result<(), String> {
        let list = Crl::read(der).ok_or("found a revocation list that cannot be read")?;
        let (Time::Trusted(now) | Time::AtLeast(now)) = system_time() else {
            return Err("the clock of this computer does not work".to_owned());
        };
        list.verify(authorities, now)?;
        self.warnings.extend(list.expired(now));
        self.of(&list.name).extend(list.serials);
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
        self.of(&issuer).insert(inner.serial_number().as_bytes().to_vec());
        let key = inner.subject_public_key_info().to_der().map_err(unreadable)?;
        self.keys.insert(Sha256::digest(key).into());
        Ok(true)
    }

    /// Decides about a peer that is authenticated.
    ///
    /// # Errors
    /// The reason for which it is denied, and the alert that tells it.
    pub fn authorize(&self, peer: &PeerIdentity<'_>) -> Result<(), (String, AlertDescription)> {
        let mut rules = Vec::new();
        if let Some((issuer, serials)) = self.certificates.get_key_value(peer.issuer().as_der())
            && let (Some(issuer), Some(serial)) = (Name::from_der(issuer), serials.get(peer.serial()))
        {
            rules.push(Rule::Serial { issuer, serial });
        }
        if let Some(sha256) = peer.sha256_key_info(RustCrypto).and_then(|key| self.keys.get(&key)) {
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
}

impl Watched {
    /// Reads the files for the first time.
    ///
    /// # Errors
    /// As of [`Denials::read`].
    pub fn new(files: Vec<String>, authorities: Vec<Vec<u8>>) -> Result<Self, UsageError> {
        let contents = contents(&files);
        let denials = Arc::new(Denials::read(&files, &authorities)?);
        Ok(Self { files, authorities, last: Mutex::new(Last { contents, denials }) })
    }

    /// Returns what is denied now. Changes are told, and so are files that cannot be used: what was denied before still is.
    pub fn current(&self, mut tell: impl FnMut(String)) -> Arc<Denials> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let contents = contents(&self.files);
        if contents != last.contents {
            match contents.as_ref().map_err(ToString::to_string).and_then(|contents| self.parse(contents)) {
                Ok(denials) => {
                    tell(denials.to_string());
                    denials.warnings.iter().for_each(|warning| tell(format!("warning: {warning}")));
                    last.denials = Arc::new(denials);
                }
                Err(error) => tell(format!("{}; {} as before", printable(&error), last.denials)),
            }
            last.contents = contents;
        }
        Arc::clone(&last.denials)
    }

    fn parse(&self, contents: &[Vec<u8>]) -> Result<Denials, String> {
        let mut denials = Denials::default();
        for (file, bytes) in self.files.iter().zip(contents) {
            denials.take(file, bytes, &self.authorities).map_err(|error| error.to_string())?;
        }
        Ok(denials)
    }
}

fn read(file: &str) -> Result<Vec<u8>, UsageError> {
    std::fs::read(file).map_err(|error| UsageError(format!("--deny {file}: {error}")))
}

fn contents(files: &[String]) -> Result<Vec<Vec<u8>>, UsageError> {
    files.iter().map(|file| read(file)).collect()
}
