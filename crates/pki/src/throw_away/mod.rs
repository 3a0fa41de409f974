//! A throw-away PKI: root, intermediate and leaves, made in memory by `rcgen` with keys of `RustCrypto`.
//!
//! - [`Pki`]: what the two programs of an example need
//! - [`Tree`]: a root and an issuing authority in a folder, and certificates from them
//! - `Flaw`: bad certificates, each with one fault
//!
//! `rcgen` comes without its own cryptography, because that needs a C compiler. Use such a PKI only for experiments:
//! its keys are not protected.

mod flaw;
mod key;
mod tree;

use core::fmt;
use std::io::{self, Write as _};
use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, SerialNumber, SignatureAlgorithm,
};
use time::{Duration, OffsetDateTime};

use super::key::{Key, KeyKind};
use super::pem::{self, Identity};

pub use rcgen::ExtendedKeyUsagePurpose;

pub use self::flaw::Flaw;
pub use self::tree::Tree;

/// The reason why no PKI could be created.
#[derive(Debug)]
pub struct PkiError(String);

impl fmt::Display for PkiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "making the throw-away PKI: {}", self.0)
    }
}

impl core::error::Error for PkiError {}

/// Describes what failed.
fn failed(what: &str) -> impl Fn(&dyn fmt::Display) -> PkiError {
    move |error| PkiError(format!("{what}: {error}"))
}

/// Everything that two programs need to authenticate each other.
pub struct Pki {
    /// The root certificate that both trust.
    pub root: Vec<u8>,
    /// The supplier's identity.
    pub supplier: Identity,
    /// The gateway's identity.
    pub gateway: Identity,
}

/// The name under which the supplier can be reached, among others of the same machine.
pub const SUPPLIER_NAME: &str = "supplier.example";
/// The common name in the gateway's certificate.
pub const GATEWAY_NAME: &str = "gateway-0042.plant.example";

impl Pki {
    /// Creates a root, an intermediate below it, and two leaves below that.
    ///
    /// # Errors
    /// No random numbers.
    pub fn new() -> Result<Self, PkiError> {
        let root = Authority::root("Throw-away Root CA")?;
        let issuing = root.intermediate("Throw-away Issuing CA")?;
        let mut supplier = Leaf::new(SUPPLIER_NAME, ExtendedKeyUsagePurpose::ServerAuth);
        supplier.names = [SUPPLIER_NAME, "localhost", "127.0.0.1", "::1"].map(str::to_owned).to_vec();
        let mut gateway = Leaf::new(GATEWAY_NAME, ExtendedKeyUsagePurpose::ClientAuth);
        for leaf in [&mut supplier, &mut gateway] {
            // Long enough that no program warns of the expiry.
            leaf.valid.1 = Duration::days(90);
        }
        Ok(Self {
            supplier: issuing.leaf(&supplier)?,
            gateway: issuing.leaf(&gateway)?,
            root: root.chain.into_iter().next().unwrap_or_default(),
        })
    }

    /// Writes `root.pem`, and chain and key of both identities, into a folder.
    ///
    /// # Errors
    /// A folder that cannot be written to.
    pub fn write(&self, folder: &Path) -> Result<(), PkiError> {
        let failed = |file: &Path| {
            let what = format!("writing {}", file.display());
            move |error: std::io::Error| failed(&what)(&error)
        };
        std::fs::create_dir_all(folder).map_err(failed(folder))?;
        let save = |name: &str, text: String| {
            let file = folder.join(name);
            std::fs::write(&file, text).map_err(failed(&file))
        };
        save("root.pem", pem::encode("CERTIFICATE", [&self.root[..]]))?;
        for (name, identity) in [("supplier", &self.supplier), ("gateway", &self.gateway)] {
            save(&format!("{name}.pem"), pem::encode("CERTIFICATE", identity.chain.iter().map(Vec::as_slice)))?;
            let file = folder.join(format!("{name}.key"));
            write_secret(&file, &identity.key.to_pem()).map_err(failed(&file))?;
        }
        Ok(())
    }
}

/// Writes a file that only its owner may read, if the system supports that.
fn write_secret(file: &Path, text: &str) -> io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, OWNER_ONLY);
    let mut opened = options.open(file)?;
    // The mode applies only to new files.
    #[cfg(unix)]
    opened.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(OWNER_ONLY))?;
    opened.write_all(text.as_bytes())
}

/// Read and write for the owner, nothing for others.
#[cfg(unix)]
const OWNER_ONLY: u32 = 0o600;

/// The contents of a leaf certificate.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// Common name of the subject.
    pub common_name: String,
    /// DNS names and addresses.
    pub names: Vec<String>,
    /// The purpose: for servers or for clients.
    pub purpose: ExtendedKeyUsagePurpose,
    /// Validity, relative to now.
    pub valid: (Duration, Duration),
}

impl Leaf {
    /// Describes a leaf that is valid for a week, with its common name as its only DNS name.
    pub fn new(common_name: &str, purpose: ExtendedKeyUsagePurpose) -> Self {
        let valid = (Duration::hours(-1), Duration::days(7));
        Self { common_name: common_name.to_owned(), names: vec![common_name.to_owned()], purpose, valid }
    }

    /// Returns it with another validity, relative to now.
    #[must_use]
    pub fn with_validity(&self, from: Duration, to: Duration) -> Self {
        Self { valid: (from, to), ..self.clone() }
    }
}

/// A certificate authority.
pub struct Authority {
    issuer: Issuer<'static, Key>,
    /// Its certificate and those above it, without the root, except for the root's own chain.
    chain: Vec<Vec<u8>>,
    is_root: bool,
}

impl Authority {
    /// Creates a new root with a key on P-256.
    ///
    /// # Errors
    /// No random numbers, or a name that no certificate can contain.
    pub fn root(name: &str) -> Result<Self, PkiError> {
        Self::root_of(KeyKind::P256, name)
    }

    /// Creates a new root with a key of this kind.
    ///
    /// # Errors
    /// No random numbers, or a name that no certificate can contain.
    pub fn root_of(kind: KeyKind, name: &str) -> Result<Self, PkiError> {
        let key = Key::generate(kind)?;
        let params = authority_params(name, &key, BasicConstraints::Unconstrained)?;
        let certificate = params.self_signed(&key).map_err(|error| failed(name)(&error))?;
        Ok(Self { chain: vec![certificate.der().to_vec()], issuer: Issuer::new(params, key), is_root: true })
    }

    /// Creates an authority below a root that issues only leaves, with a key on P-256.
    ///
    /// # Errors
    /// No random numbers, or a name that no certificate can contain.
    pub fn intermediate(&self, name: &str) -> Result<Self, PkiError> {
        self.intermediate_of(KeyKind::P256, name)
    }

    /// Creates an authority below a root that issues only leaves, with a key of this kind.
    ///
    /// # Errors
    /// No random numbers, or a name that no certificate can contain.
    pub fn intermediate_of(&self, kind: KeyKind, name: &str) -> Result<Self, PkiError> {
        self.below(kind, name, |_| {})
    }

    /// Creates an authority below any other, changed by `adjust`.
    fn below(&self, kind: KeyKind, name: &str, adjust: impl FnOnce(&mut CertificateParams)) -> Result<Self, PkiError> {
        let key = Key::generate(kind)?;
        let mut params = authority_params(name, &key, BasicConstraints::Constrained(0))?;
        adjust(&mut params);
        let certificate = params.signed_by(&key, &self.issuer).map_err(|error| failed(name)(&error))?;
        let above = if self.is_root { &[] } else { &self.chain[..] };
        let chain = [&[certificate.der().to_vec()], above].concat();
        Ok(Self { chain, issuer: Issuer::new(params, key), is_root: false })
    }

    /// Returns its own certificate.
    pub fn certificate(&self) -> &[u8] {
        self.chain.first().map(Vec::as_slice).unwrap_or_default()
    }

    /// Returns the key that signs certificates.
    pub fn key(&self) -> &Key {
        self.issuer.key()
    }

    /// Issues a certificate for a new key on P-256.
    ///
    /// # Errors
    /// No random numbers, or a name that no certificate can contain.
    pub fn leaf(&self, leaf: &Leaf) -> Result<Identity, PkiError> {
        self.issue(leaf, KeyKind::P256)
    }

    /// Issues a certificate for a new key of this kind.
    ///
    /// # Errors
    /// No random numbers, or a name that no certificate can contain.
    pub fn issue(&self, leaf: &Leaf, kind: KeyKind) -> Result<Identity, PkiError> {
        self.issue_adjusted(leaf, kind, |_| {})
    }

    /// Issues a certificate that is changed by `adjust`.
    fn issue_adjusted(
        &self,
        leaf: &Leaf,
        kind: KeyKind,
        adjust: impl FnOnce(&mut CertificateParams),
    ) -> Result<Identity, PkiError> {
        let key = Key::generate(kind)?;
        let mut params = leaf_params(leaf, key.public())?;
        adjust(&mut params);
        let certificate = params.signed_by(&key, &self.issuer).map_err(|error| failed(&leaf.common_name)(&error))?;
        Ok(Identity { chain: [vec![certificate.der().to_vec()], self.chain.clone()].concat(), key })
    }

    /// Issues a certificate for an external key, given as an uncompressed point, and returns the chain.
    ///
    /// # Errors
    /// No random numbers, or a name that no certificate can contain.
    pub fn certify(&self, leaf: &Leaf, point: &[u8]) -> Result<Vec<Vec<u8>>, PkiError> {
        let certificate = leaf_params(leaf, point)?.signed_by(&Public(point), &self.issuer);
        let certificate = certificate.map_err(|error| failed(&leaf.common_name)(&error))?;
        Ok([vec![certificate.der().to_vec()], self.chain.clone()].concat())
    }
}

/// Creates a self-signed certificate.
///
/// # Errors
/// No random numbers, or a name that no certificate can contain.
pub fn self_signed(leaf: &Leaf) -> Result<Identity, PkiError> {
    self_signed_of(leaf, KeyKind::P256)
}

/// Creates a self-signed certificate for a key of this kind.
fn self_signed_of(leaf: &Leaf, kind: KeyKind) -> Result<Identity, PkiError> {
    let key = Key::generate(kind)?;
    let certificate = leaf_params(leaf, key.public())?.self_signed(&key);
    let certificate = certificate.map_err(|error| failed(&leaf.common_name)(&error))?;
    Ok(Identity { chain: vec![certificate.der().to_vec()], key })
}

/// The parameters of a leaf certificate for a public key.
fn leaf_params(leaf: &Leaf, public: &[u8]) -> Result<CertificateParams, PkiError> {
    let params = CertificateParams::new(leaf.names.clone());
    let mut params = params.map_err(|error| failed(&leaf.common_name)(&error))?;
    let now = OffsetDateTime::now_utc();
    params.not_before = now + leaf.valid.0;
    params.not_after = now + leaf.valid.1;
    params.distinguished_name = name(&leaf.common_name);
    params.serial_number = Some(serial()?);
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![leaf.purpose.clone()];
    params.use_authority_key_identifier_extension = true;
    params.key_identifier_method = key::identifier(public);
    Ok(params)
}

/// The parameters of an authority's certificate.
fn authority_params(common_name: &str, key: &Key, depth: BasicConstraints) -> Result<CertificateParams, PkiError> {
    let mut params = CertificateParams::default();
    let now = OffsetDateTime::now_utc();
    params.not_before = now - Duration::hours(1);
    params.not_after = now + AUTHORITY_VALIDITY;
    params.distinguished_name = name(common_name);
    params.serial_number = Some(serial()?);
    params.is_ca = IsCa::Ca(depth);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = true;
    params.key_identifier_method = key.identifier();
    Ok(params)
}

/// The validity of authorities: longer than that of any leaf below them.
const AUTHORITY_VALIDITY: Duration = Duration::days(400);

/// A subject with an organisation and a common name.
fn name(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, "Example Bottling");
    name.push(DnType::CommonName, common_name);
    name
}

/// Creates a serial number as RFC 5280 section 4.1.2.2 requires: positive, at most 20 bytes; and unpredictable.
fn serial() -> Result<SerialNumber, PkiError> {
    let mut bytes: [u8; 16] = random()?;
    if let Some(first) = bytes.first_mut() {
        *first = (*first & 0x7f) | 0x40;
    }
    Ok(SerialNumber::from_slice(&bytes))
}

/// Random bytes of the operating system.
fn random<const N: usize>() -> Result<[u8; N], PkiError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| failed("random numbers")(&error))?;
    Ok(bytes)
}

/// An uncompressed point on P-256.
struct Public<'a>(&'a [u8]);

impl rcgen::PublicKeyData for Public<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_a_pki_can_be_read_again() {
        let pki = Pki::new().unwrap();
        let folder = std::env::temp_dir().join(format!("embedded-mtls-pki-{}", std::process::id()));
        pki.write(&folder).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let key = folder.join("gateway.key");
            let mode = || std::fs::metadata(&key).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(), 0o600);
            // Also where there is a key that others may read.
            std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
            pki.write(&folder).unwrap();
            assert_eq!(mode(), 0o600);
        }
        let file = |name: &str| folder.join(name).to_str().unwrap().to_owned();
        let none = pem::Password::none();
        let gateway = pem::identity(&file("gateway.pem"), &file("gateway.key"), &none).unwrap();
        assert_eq!((&gateway.chain, gateway.key.to_der()), (&pki.gateway.chain, pki.gateway.key.to_der()));
        assert_eq!(pem::certificates(&file("root.pem")).unwrap(), [pki.root]);
        let error = pem::identity(&file("gateway.pem"), &file("supplier.key"), &none).unwrap_err().to_string();
        assert!(error.contains("no certificate for the key of"), "{error}");
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_chain_is_leaf_and_intermediate_without_the_root() {
        let pki = Pki::new().unwrap();
        assert_eq!([pki.supplier.chain.len(), pki.gateway.chain.len()], [2, 2]);
        assert!(!pki.gateway.chain.contains(&pki.root));
        assert_eq!(pki.supplier.chain[1], pki.gateway.chain[1]);
    }
}
