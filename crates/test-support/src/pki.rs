//! A throw-away PKI: an authority, an intermediate, a server and a client, and every way in which
//! their certificates can be wrong.
//!
//! Keys come from labels and signatures are deterministic, so a PKI is the same in each run. All is
//! P-256 with SHA-256.
//!
//! ```text
//! let pki = Pki::new();                         // root -> intermediate -> server, client
//! let bad = BadChain::new(Defect::Expired, Role::Client);   // and the expected verdict
//! let own = Template::ca("My Root").path_len(0).self_signed();
//! let leaf = Template::server("a.example").signed_by(&own);
//! ```

use embedded_mtls::CertificateProblem;
use p256::ecdsa::signature::Signer;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, DnValue, ExtendedKeyUsagePurpose,
    IsCa, Issuer, KeyIdMethod, KeyUsagePurpose, NameConstraints, SanType, SerialNumber, date_time_ymd,
};
use sha2::{Digest, Sha256};

/// A point in time at which all good certificates are valid: 2026-11-22T04:00:00Z.
pub const NOW: i64 = 1_795_320_000;
/// Host name of the server.
pub const SERVER_NAME: &str = "supplier.example.com";
/// Common name of the client.
pub const CLIENT_NAME: &str = "gateway-7";

/// A P-256 key that its label determines.
#[derive(Clone)]
pub struct Key {
    signing: p256::ecdsa::SigningKey,
    point: Vec<u8>,
}

impl Key {
    pub fn new(label: &str) -> Self {
        let signing = p256::ecdsa::SigningKey::from_slice(&Sha256::digest(label)).expect("a hash is a scalar");
        let point = signing.verifying_key().to_sec1_point(false).as_bytes().to_vec();
        Self { signing, point }
    }

    /// The private scalar, 32 bytes, big-endian.
    pub fn scalar(&self) -> [u8; 32] {
        self.signing.to_bytes().into()
    }

    /// The uncompressed point, 65 bytes.
    pub fn point(&self) -> &[u8] {
        &self.point
    }

    /// An ECDSA signature over the SHA-256 digest of `message`, in DER.
    pub fn sign_der(&self, message: &[u8]) -> Vec<u8> {
        let signature: p256::ecdsa::Signature = self.signing.sign(message);
        signature.to_der().as_bytes().to_vec()
    }

    /// Returns whether `signature`, in DER, is one of this key over the SHA-256 digest of `message`.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let signature = p256::ecdsa::Signature::from_der(signature).expect("DER");
        p256::ecdsa::signature::Verifier::verify(self.signing.verifying_key(), message, &signature).is_ok()
    }

    /// The key identifier of RFC 7093 section 2: SHA-256 of the key, cut to 20 bytes.
    fn identifier(&self) -> Vec<u8> {
        Sha256::digest(&self.point)[..20].to_vec()
    }
}

impl rcgen::PublicKeyData for Key {
    fn der_bytes(&self) -> &[u8] {
        &self.point
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

impl rcgen::SigningKey for Key {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Ok(self.sign_der(message))
    }
}

impl Issued {
    /// The key identifier of the authority, as in the certificates that it issues.
    pub fn key_identifier(&self) -> KeyIdMethod {
        self.params.key_identifier_method.clone()
    }

    /// Lets what is issued from now on name another key.
    pub fn set_key_identifier(&mut self, identifier: &[u8]) {
        self.params.key_identifier_method = KeyIdMethod::PreSpecified(identifier.to_vec());
    }
}

/// A certificate that will be issued. What the methods do not offer, `params` does.
#[derive(Clone)]
pub struct Template {
    pub params: CertificateParams,
    pub key: Key,
    patches: Vec<(Vec<u8>, Vec<u8>)>,
    /// Changes to the signed content before it is signed, where the length changes.
    pub rewrites: Vec<Rewrite>,
    /// The change to the certificate once it is signed.
    pub spoil: Option<Rewrite>,
}

/// From bytes to others.
pub type Rewrite = fn(&[u8]) -> Vec<u8>;

/// A certificate with the key that belongs to it.
#[derive(Clone)]
pub struct Issued {
    pub der: Vec<u8>,
    pub key: Key,
    params: CertificateParams,
}

impl Template {
    /// A CA of this common name: cA, keyCertSign, valid from 2020 to 2040.
    pub fn ca(name: &str) -> Self {
        let mut template = Self::new(name, Key::new(name));
        template.params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        template.params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        template
    }

    /// A server of this host name: serverAuth, digitalSignature, the name as dNSName.
    pub fn server(name: &str) -> Self {
        let mut template = Self::leaf(name, ExtendedKeyUsagePurpose::ServerAuth);
        template.params.subject_alt_names = vec![SanType::DnsName(name.try_into().expect("ASCII"))];
        template
    }

    /// A client of this common name: clientAuth, digitalSignature.
    pub fn client(name: &str) -> Self {
        Self::leaf(name, ExtendedKeyUsagePurpose::ClientAuth)
    }

    fn leaf(name: &str, purpose: ExtendedKeyUsagePurpose) -> Self {
        let mut template = Self::new(name, Key::new(name));
        template.params.is_ca = IsCa::ExplicitNoCa;
        template.params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        template.params.extended_key_usages = vec![purpose];
        template
    }

    fn new(name: &str, key: Key) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name = distinguished_name(name);
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2040, 1, 1);
        params.serial_number = Some(SerialNumber::from_slice(&[&[1], &Sha256::digest(name)[..7]].concat()));
        params.use_authority_key_identifier_extension = true;
        Self { params, key, patches: Vec::new(), rewrites: Vec::new(), spoil: None }.with_key_identifier()
    }

    fn with_key_identifier(mut self) -> Self {
        self.params.key_identifier_method = KeyIdMethod::PreSpecified(self.key.identifier());
        self
    }

    /// Another key than the one its name determines.
    pub fn key(mut self, label: &str) -> Self {
        self.key = Key::new(label);
        self.with_key_identifier()
    }

    /// Organisation and common name.
    pub fn named(mut self, name: &str) -> Self {
        self.params.distinguished_name = distinguished_name(name);
        self
    }

    /// A subject with these attributes and no others.
    pub fn subject(mut self, attributes: &[(DnType, DnValue)]) -> Self {
        self.params.distinguished_name = DistinguishedName::new();
        for (kind, value) in attributes {
            self.params.distinguished_name.push(kind.clone(), value.clone());
        }
        self
    }

    /// Valid from the first of January of one year to that of another.
    pub fn years(mut self, from: i32, to: i32) -> Self {
        self.params.not_before = date_time_ymd(from, 1, 1);
        self.params.not_after = date_time_ymd(to, 1, 1);
        self
    }

    pub fn path_len(mut self, len: u8) -> Self {
        self.params.is_ca = IsCa::Ca(BasicConstraints::Constrained(len));
        self
    }

    pub fn key_usages(mut self, usages: &[KeyUsagePurpose]) -> Self {
        self.params.key_usages = usages.to_vec();
        self
    }

    pub fn purposes(mut self, purposes: &[ExtendedKeyUsagePurpose]) -> Self {
        self.params.extended_key_usages = purposes.to_vec();
        self
    }

    pub fn alternatives(mut self, names: &[SanType]) -> Self {
        self.params.subject_alt_names = names.to_vec();
        self
    }

    pub fn constraints(mut self, permitted: &[rcgen::GeneralSubtree], excluded: &[rcgen::GeneralSubtree]) -> Self {
        self.params.name_constraints =
            Some(NameConstraints { permitted_subtrees: permitted.to_vec(), excluded_subtrees: excluded.to_vec() });
        self
    }

    /// An extension from the content of its extnValue.
    pub fn extension(mut self, oid: &[u64], critical: bool, value: &[u8]) -> Self {
        let mut extension = CustomExtension::from_oid_content(oid, value.to_vec());
        extension.set_criticality(critical);
        self.params.custom_extensions.push(extension);
        self
    }

    /// Replaces bytes of the signed part before signing, for certificates that no CA would issue.
    /// Both must be of the same length, and the first must occur once.
    pub fn patched(mut self, from: &[u8], to: &[u8]) -> Self {
        assert_eq!(from.len(), to.len());
        self.patches.push((from.to_vec(), to.to_vec()));
        self
    }

    pub fn self_signed(self) -> Issued {
        let der = self.params.self_signed(&self.key).expect("a template is complete").der().to_vec();
        let key = self.key.clone();
        self.issue(der, &key)
    }

    pub fn signed_by(self, issuer: &Issued) -> Issued {
        let signer = Issuer::from_params(&issuer.params, &issuer.key);
        let der = self.params.signed_by(&self.key, &signer).expect("a template is complete").der().to_vec();
        self.issue(der, &issuer.key)
    }

    fn issue(self, der: Vec<u8>, signer: &Key) -> Issued {
        let der = if self.patches.is_empty() { der } else { patch(&der, &self.patches, signer) };
        let der = self.rewrites.iter().fold(der, |der, rewrite| rewritten(&der, *rewrite, signer));
        let der = self.spoil.map_or(der.clone(), |spoil| spoil(&der));
        Issued { der, key: self.key, params: self.params }
    }
}

fn distinguished_name(name: &str) -> DistinguishedName {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::OrganizationName, "Example");
    subject.push(DnType::CommonName, name);
    subject
}

fn patch(der: &[u8], patches: &[(Vec<u8>, Vec<u8>)], signer: &Key) -> Vec<u8> {
    let mut tbs = tbs(der).to_vec();
    for (from, to) in patches {
        let places: Vec<_> = (0..tbs.len()).filter(|&at| tbs[at..].starts_with(from)).collect();
        assert_eq!(places.len(), 1, "the bytes to replace stand {} times", places.len());
        tbs[places[0]..][..to.len()].copy_from_slice(to);
    }
    sign(&tbs, signer)
}

/// Signs the content of the `TBSCertificate` after `rewrite`; an ECDSA algorithm with NULL is outside, too.
fn rewritten(der: &[u8], rewrite: Rewrite, signer: &Key) -> Vec<u8> {
    let content = rewrite(&tbs(der)[4..]);
    let inner = tlv(0x30, &content);
    let with_null = b"\x30\x0c\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02\x05\x00";
    if content.windows(with_null.len()).any(|window| window == with_null) {
        let signature = [&[0], &signer.sign_der(&inner)[..]].concat();
        return tlv(0x30, &[&inner, &with_null[..], &tlv(0x03, &signature)].concat());
    }
    sign(&inner, signer)
}

/// The `TBSCertificate` of a certificate of 256 to 65,535 bytes.
pub fn tbs(der: &[u8]) -> &[u8] {
    let inner = &der[4..];
    let len = match inner[1] {
        0x81 => 3 + usize::from(inner[2]),
        0x82 => 4 + usize::from(u16::from_be_bytes([inner[2], inner[3]])),
        len => panic!("a TBSCertificate is not {len} bytes long"),
    };
    &inner[..len]
}

/// Returns a certificate around what is signed.
pub fn sign(tbs: &[u8], signer: &Key) -> Vec<u8> {
    const ECDSA_WITH_SHA256: &[u8] = b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02";
    let signature = [&[0], &signer.sign_der(tbs)[..]].concat();
    tlv(0x30, &[tbs, ECDSA_WITH_SHA256, &tlv(0x03, &signature)].concat())
}

/// Returns the certificate with other algorithm identifiers of its signature; its signature no longer verifies.
pub fn with_signature_algorithm(der: &[u8], identifier: &[u8]) -> Vec<u8> {
    const ECDSA_WITH_SHA256: &[u8] = b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02";
    let tbs = &tbs(der)[4..];
    let at = tbs.windows(ECDSA_WITH_SHA256.len()).position(|window| window == ECDSA_WITH_SHA256).expect("an algorithm");
    let tbs = tlv(0x30, &[&tbs[..at], identifier, &tbs[at + ECDSA_WITH_SHA256.len()..]].concat());
    tlv(0x30, &[&tbs, identifier, &tlv(0x03, &[0; 70])].concat())
}

/// The identifiers of signatures with broken hashes: MD5 with RSA, SHA-1 with RSA, SHA-1 with ECDSA.
pub const BROKEN_SIGNATURES: [&[u8]; 3] = [
    b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04\x05\x00",
    b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05\x05\x00",
    b"\x30\x09\x06\x07\x2a\x86\x48\xce\x3d\x04\x01",
];

/// A TLV of DER.
pub fn tlv(tag: u8, value: &[u8]) -> Vec<u8> {
    let len = u16::try_from(value.len()).expect("short");
    let [high, low] = len.to_be_bytes();
    let head = match len {
        0..0x80 => vec![tag, low],
        0x80..0x100 => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    [&head, value].concat()
}

/// Root, intermediate, server and client, with nothing wrong.
pub struct Pki {
    pub root: Issued,
    pub intermediate: Issued,
    pub server: Issued,
    pub client: Issued,
}

impl Pki {
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        let root = Template::ca("Example Root").self_signed();
        let intermediate = Template::ca("Example Intermediate").path_len(0).signed_by(&root);
        let server = Template::server(SERVER_NAME).signed_by(&intermediate);
        let client = Template::client(CLIENT_NAME).signed_by(&intermediate);
        Self { root, intermediate, server, client }
    }

    pub fn leaf(&self, role: Role) -> &Issued {
        match role {
            Role::Server => &self.server,
            Role::Client => &self.client,
        }
    }

    /// The leaf and the intermediate, as the peer sends them.
    pub fn chain(&self, role: Role) -> Vec<Vec<u8>> {
        vec![self.leaf(role).der.clone(), self.intermediate.der.clone()]
    }
}

/// The side whose certificates are validated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Server,
    Client,
}

/// The content of what is signed, as a certificate of version 1 has it: without a version, and without extensions.
pub fn version_1(tbs: &[u8]) -> Vec<u8> {
    let mut rest = tbs.strip_prefix(&[0xa0, 3, 2, 1, 2]).expect("version 3");
    let mut fields = Vec::new();
    while rest.first().is_some_and(|&tag| tag != 0xa3) {
        let len = match rest[1] {
            0x81 => 3 + usize::from(rest[2]),
            0x82 => 4 + usize::from(u16::from_be_bytes([rest[2], rest[3]])),
            len => 2 + usize::from(len),
        };
        let (field, behind) = rest.split_at(len);
        fields.extend_from_slice(field);
        rest = behind;
    }
    fields
}

impl Role {
    pub const ALL: [Self; 2] = [Self::Server, Self::Client];

    /// A good leaf for the role.
    pub fn template(self) -> Template {
        match self {
            Self::Server => Template::server(SERVER_NAME),
            Self::Client => Template::client(CLIENT_NAME),
        }
    }
}

/// The defects of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Defect {
    /// The anchor has the right name and another key.
    OtherRootOfTheSameName,
    /// The leaf is for another host. For a client, which has no host name: its issuer may not name it so.
    OtherName,
    Expired,
    /// The certificate of another leaf signed it.
    LeafUsedAsCa,
    /// Two intermediates where the upper allows none below it.
    PathLengthExceeded,
    IntermediateWithoutKeyCertSign,
    /// serverAuth for a client, clientAuth for a server.
    ExtendedKeyUsageOfTheOtherRole,
    LeafWithoutDigitalSignature,
    UnknownCriticalExtension,
    /// The intermediate that was sent does not have the name of the issuer.
    IssuerNameMismatch,
}

impl Defect {
    pub const ALL: [Self; 10] = [
        Self::OtherRootOfTheSameName,
        Self::OtherName,
        Self::Expired,
        Self::LeafUsedAsCa,
        Self::PathLengthExceeded,
        Self::IntermediateWithoutKeyCertSign,
        Self::ExtendedKeyUsageOfTheOtherRole,
        Self::LeafWithoutDigitalSignature,
        Self::UnknownCriticalExtension,
        Self::IssuerNameMismatch,
    ];
}

/// A chain with one defect, and the expected verdict. Everything else is right.
pub struct BadChain {
    /// The chain of the peer, the leaf first.
    pub chain: Vec<Vec<u8>>,
    /// The key of the leaf.
    pub key: Key,
    /// The only trust anchor.
    pub anchor: Vec<u8>,
    /// The index of the certificate to blame.
    pub index: u8,
    /// For which rule.
    pub problem: CertificateProblem,
}

impl BadChain {
    pub fn new(defect: Defect, role: Role) -> Self {
        let root = Template::ca("Example Root").self_signed();
        let intermediate = Template::ca("Example Intermediate").path_len(0);
        let leaf = role.template();
        match defect {
            Defect::OtherRootOfTheSameName => {
                let other = Template::ca("Example Root").key("another key").self_signed();
                let intermediate = intermediate.signed_by(&root);
                let leaf = leaf.signed_by(&intermediate);
                Self::of(&[leaf, intermediate], &other, 1, CertificateProblem::AnchorSignatureInvalid)
            }
            Defect::OtherName => Self::other_name(&root, intermediate, role),
            Defect::Expired => {
                let intermediate = intermediate.signed_by(&root);
                let leaf = leaf.years(2020, 2026).signed_by(&intermediate);
                Self::of(&[leaf, intermediate], &root, 0, CertificateProblem::Expired)
            }
            Defect::LeafUsedAsCa => {
                let intermediate = intermediate.signed_by(&root);
                let issuer = leaf.clone().named("somebody else").key("somebody else").signed_by(&intermediate);
                let leaf = leaf.signed_by(&issuer);
                Self::of(&[leaf, issuer, intermediate], &root, 1, CertificateProblem::NotACa)
            }
            Defect::PathLengthExceeded => {
                let upper = intermediate.signed_by(&root);
                let lower = Template::ca("Lower Intermediate").signed_by(&upper);
                let leaf = leaf.signed_by(&lower);
                Self::of(&[leaf, lower, upper], &root, 1, CertificateProblem::PathLengthExceeded)
            }
            Defect::IntermediateWithoutKeyCertSign => {
                let usages = [KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::CrlSign];
                let intermediate = intermediate.key_usages(&usages).signed_by(&root);
                let leaf = leaf.signed_by(&intermediate);
                Self::of(&[leaf, intermediate], &root, 1, CertificateProblem::MissingCertSign)
            }
            Defect::ExtendedKeyUsageOfTheOtherRole => {
                let other = match role {
                    Role::Server => ExtendedKeyUsagePurpose::ClientAuth,
                    Role::Client => ExtendedKeyUsagePurpose::ServerAuth,
                };
                let intermediate = intermediate.signed_by(&root);
                let leaf = leaf.purposes(&[other]).signed_by(&intermediate);
                Self::of(&[leaf, intermediate], &root, 0, CertificateProblem::ExtendedKeyUsage)
            }
            Defect::LeafWithoutDigitalSignature => {
                let intermediate = intermediate.signed_by(&root);
                let leaf = leaf.key_usages(&[KeyUsagePurpose::KeyAgreement]).signed_by(&intermediate);
                Self::of(&[leaf, intermediate], &root, 0, CertificateProblem::MissingDigitalSignature)
            }
            Defect::UnknownCriticalExtension => {
                let intermediate = intermediate.signed_by(&root);
                let leaf = leaf.extension(&[1, 3, 6, 1, 4, 1, 32_473, 1], true, &[5, 0]).signed_by(&intermediate);
                Self::of(&[leaf, intermediate], &root, 0, CertificateProblem::UnknownCriticalExtension)
            }
            Defect::IssuerNameMismatch => {
                let issuer = intermediate.clone().signed_by(&root);
                let leaf = leaf.signed_by(&issuer);
                // The same key under another name.
                let renamed = intermediate.named("Renamed Intermediate").signed_by(&root);
                Self::of(&[leaf, renamed], &root, 0, CertificateProblem::UnknownIssuer)
            }
        }
    }

    fn other_name(root: &Issued, intermediate: Template, role: Role) -> Self {
        match role {
            Role::Server => {
                let intermediate = intermediate.signed_by(root);
                let leaf = Template::server("other.example.com").signed_by(&intermediate);
                Self::of(&[leaf, intermediate], root, 0, CertificateProblem::NameMismatch)
            }
            Role::Client => {
                let mut allowed = DistinguishedName::new();
                allowed.push(DnType::OrganizationName, "Other Organisation");
                let allowed = [rcgen::GeneralSubtree::DirectoryName(allowed)];
                let intermediate = intermediate.constraints(&allowed, &[]).signed_by(root);
                let leaf = role.template().signed_by(&intermediate);
                Self::of(&[leaf, intermediate], root, 0, CertificateProblem::NameNotPermitted)
            }
        }
    }

    fn of(chain: &[Issued], anchor: &Issued, index: u8, problem: CertificateProblem) -> Self {
        Self {
            chain: chain.iter().map(|issued| issued.der.clone()).collect(),
            key: chain[0].key.clone(),
            anchor: anchor.der.clone(),
            index,
            problem,
        }
    }
}
