//! A certificate or a request, taken apart for show.

use core::net::IpAddr;

use embedded_mtls::x509::UnixTime;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use x509_cert::certificate::{CertificateInner, Raw};
use x509_cert::der::asn1::{ObjectIdentifier, UintRef};
use x509_cert::der::{Decode as _, Encode as _, Reader as _, SliceReader};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{
    AuthorityInfoAccessSyntax, AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAltName,
    SubjectKeyIdentifier,
};
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

use crate::course::{SentCertificate, days_left};
use crate::report::hex;

/// The content of a certificate.
#[derive(Clone, Debug, Serialize)]
pub struct Certificate {
    /// Subject.
    pub subject: String,
    /// Issuer.
    pub issuer: String,
    /// Serial number.
    pub serial: String,
    /// Start of the validity.
    pub not_before: String,
    /// End of the validity.
    pub not_after: String,
    /// The kind of its key.
    pub key: String,
    /// The algorithm of its signature.
    pub signature: String,
    /// Subject alternative names.
    pub names: Vec<String>,
    /// True for the certificate of an authority.
    pub is_ca: bool,
    /// The number of authorities that it allows below itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path_length: Option<u8>,
    /// Key usages.
    pub key_usage: Vec<String>,
    /// Extended key usages.
    pub extended_key_usage: Vec<String>,
    /// Addresses of the certificate of its issuer.
    pub issuer_urls: Vec<String>,
    /// SHA-256 of the certificate.
    pub fingerprint: String,
    /// True if it names itself as its issuer.
    pub is_self_issued: bool,
    /// The parts that the doctor compares.
    #[serde(skip)]
    pub(crate) raw: Parts,
}

/// Parts of a certificate as they are encoded.
#[derive(Clone, Debug)]
pub(crate) struct Parts {
    pub(crate) der: Vec<u8>,
    pub(crate) public_key: Vec<u8>,
    pub(crate) subject: Vec<u8>,
    pub(crate) issuer: Vec<u8>,
    pub(crate) own_id: Option<Vec<u8>>,
    pub(crate) issuer_id: Option<Vec<u8>>,
    pub(crate) not_before: i64,
    pub(crate) not_after: i64,
}

impl Certificate {
    /// Takes a certificate apart; `None` if it is none.
    pub(crate) fn read(der: &[u8]) -> Option<Self> {
        let parsed = CertificateInner::<Raw>::from_der(der).ok()?;
        let inner = parsed.tbs_certificate();
        let basic = inner.get_extension::<BasicConstraints>().ok().flatten().map(|(_, basic)| basic);
        let usage = inner.get_extension::<KeyUsage>().ok().flatten().map(|(_, usage)| usage);
        let extended = inner.get_extension::<ExtendedKeyUsage>().ok().flatten().map(|(_, usage)| usage.0);
        let names = inner.get_extension::<SubjectAltName>().ok().flatten().map(|(_, names)| names.0);
        let access = inner.get_extension::<AuthorityInfoAccessSyntax>().ok().flatten().map(|(_, access)| access.0);
        let own_id = inner.get_extension::<SubjectKeyIdentifier>().ok().flatten();
        let issuer_id = inner.get_extension::<AuthorityKeyIdentifier>().ok().flatten();
        let seconds =
            |time: x509_cert::time::Time| i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
        let validity = inner.validity();
        let raw = Parts {
            der: der.to_vec(),
            public_key: inner.subject_public_key_info().subject_public_key.raw_bytes().to_vec(),
            subject: inner.subject().to_der().ok()?,
            issuer: inner.issuer().to_der().ok()?,
            own_id: own_id.map(|(_, id)| id.0.as_bytes().to_vec()),
            issuer_id: issuer_id.and_then(|(_, id)| Some(id.key_identifier?.as_bytes().to_vec())),
            not_before: seconds(validity.not_before),
            not_after: seconds(validity.not_after),
        };
        let is_issuer = |access: &x509_cert::ext::pkix::AccessDescription| access.access_method == CA_ISSUERS;
        let urls = access.unwrap_or_default().into_iter().filter(is_issuer);
        Some(Self {
            subject: inner.subject().to_string(),
            issuer: inner.issuer().to_string(),
            serial: hex(inner.serial_number().as_bytes()),
            not_before: UnixTime(raw.not_before).to_string(),
            not_after: UnixTime(raw.not_after).to_string(),
            key: key_kind(inner.subject_public_key_info()),
            signature: signature_kind(parsed.signature_algorithm()),
            names: names.unwrap_or_default().iter().map(name).collect(),
            is_ca: basic.as_ref().is_some_and(|basic| basic.ca),
            path_length: basic.and_then(|basic| basic.path_len_constraint),
            key_usage: usage
                .map(|usage| usage.0.into_iter().map(|flag| format!("{flag:?}")).collect())
                .unwrap_or_default(),
            extended_key_usage: extended.unwrap_or_default().into_iter().map(purpose).collect(),
            issuer_urls: urls.map(|access| name(&access.access_location)).collect(),
            fingerprint: hex(&Sha256::digest(der)),
            is_self_issued: raw.subject == raw.issuer,
            raw,
        })
    }

    /// Returns the last second of its validity.
    pub(crate) const fn end(&self) -> UnixTime {
        UnixTime(self.raw.not_after)
    }

    /// Describes it as a certificate of a chain that was sent.
    pub(crate) fn as_sent(&self) -> SentCertificate {
        SentCertificate { subject: self.subject.clone(), issuer: self.issuer.clone(), days_left: days_left(self.end()) }
    }

    /// Returns whether it names the other one as its issuer; the key identifiers decide, if both have one.
    pub(crate) fn is_issued_by(&self, other: &Self) -> bool {
        let same_id = match (&self.raw.issuer_id, &other.raw.own_id) {
            (Some(wanted), Some(found)) => wanted == found,
            _ => true,
        };
        self.raw.issuer == other.raw.subject && same_id
    }
}

/// The content of a request for a certificate.
#[derive(Clone, Debug, Serialize)]
pub struct Request {
    /// Subject.
    pub subject: String,
    /// The kind of its key.
    pub key: String,
    /// The algorithm of its signature.
    pub signature: String,
    #[serde(skip)]
    pub(crate) public_key: Vec<u8>,
}

impl Request {
    /// Takes a request apart; `None` if it is none.
    pub(crate) fn read(der: &[u8]) -> Option<Self> {
        let parsed = x509_cert::request::CertReq::from_der(der).ok()?;
        Some(Self {
            subject: parsed.info.subject.to_string(),
            key: key_kind(&parsed.info.public_key),
            signature: signature_kind(&parsed.algorithm),
            public_key: parsed.info.public_key.subject_public_key.raw_bytes().to_vec(),
        })
    }
}

/// Names the key of a public key file; `None` if it is none.
pub(crate) fn public_key(der: &[u8]) -> Option<String> {
    SubjectPublicKeyInfoOwned::from_der(der).ok().map(|info| key_kind(&info))
}

/// Returns whether a public key signs by RSASSA-PSS only (RFC 4055 section 3.1).
pub(crate) fn is_pss_only(der: &[u8]) -> bool {
    SubjectPublicKeyInfoOwned::from_der(der).is_ok_and(|info| info.algorithm.oid == RSASSA_PSS)
}

/// `id-RSASSA-PSS`.
const RSASSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");

/// The access method of RFC 5280 section 4.2.2.1.
const CA_ISSUERS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.2");

/// Formats a subject alternative name.
fn name(name: &GeneralName) -> String {
    match name {
        GeneralName::DnsName(name) => format!("DNS:{name}"),
        GeneralName::Rfc822Name(name) => format!("email:{name}"),
        GeneralName::UniformResourceIdentifier(name) => name.to_string(),
        GeneralName::DirectoryName(name) => name.to_string(),
        GeneralName::IpAddress(bytes) => {
            let bytes = bytes.as_bytes();
            let short = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
            let address = short.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from));
            address.map_or_else(|_| format!("IP:{}", hex(bytes)), |address| format!("IP:{address}"))
        }
        GeneralName::RegisteredId(id) => format!("ID:{id}"),
        _ => "another kind of name".to_owned(),
    }
}

/// Names a purpose.
fn purpose(id: ObjectIdentifier) -> String {
    let id = id.to_string();
    let name = match id.as_str() {
        "1.3.6.1.5.5.7.3.1" => "serverAuth",
        "1.3.6.1.5.5.7.3.2" => "clientAuth",
        "1.3.6.1.5.5.7.3.3" => "codeSigning",
        "1.3.6.1.5.5.7.3.4" => "emailProtection",
        "1.3.6.1.5.5.7.3.8" => "timeStamping",
        "1.3.6.1.5.5.7.3.9" => "OCSPSigning",
        "2.5.29.37.0" => "any",
        other => other,
    };
    name.to_owned()
}

/// Names the kind of a key.
fn key_kind(info: &SubjectPublicKeyInfoOwned) -> String {
    let curve = || info.algorithm.parameters.as_ref().and_then(|any| any.decode_as::<ObjectIdentifier>().ok());
    let name = match info.algorithm.oid.to_string().as_str() {
        "1.2.840.10045.2.1" => match curve().map(|curve| curve.to_string()).as_deref() {
            Some("1.2.840.10045.3.1.7") => "P-256",
            Some("1.3.132.0.34") => "P-384",
            Some("1.3.132.0.35") => "P-521",
            Some("1.3.132.0.10") => "secp256k1",
            Some(other) => return format!("EC on {other}"),
            None => "EC without a named curve",
        },
        "1.3.101.112" => "Ed25519",
        "1.3.101.113" => "Ed448",
        "1.2.840.10040.4.1" => "DSA",
        "1.2.840.113549.1.1.1" => {
            let bits = rsa_bits(info.subject_public_key.raw_bytes());
            return bits.map_or_else(|| "RSA".to_owned(), |bits| format!("RSA with {bits} bits"));
        }
        "1.2.840.113549.1.1.10" => "RSA for PSS only",
        other => return format!("algorithm {other}"),
    };
    name.to_owned()
}

/// Returns the length of the modulus of an RSA key (RFC 8017 appendix A.1.1).
fn rsa_bits(der: &[u8]) -> Option<usize> {
    let modulus = |reader: &mut SliceReader<'_>| {
        reader.sequence(|inner| {
            let bytes = UintRef::decode(inner)?.as_bytes().to_vec();
            UintRef::decode(inner).map(|_| bytes)
        })
    };
    let bytes = modulus(&mut SliceReader::new(der).ok()?).ok()?;
    let leading = usize::try_from(bytes.first()?.leading_zeros()).ok()?;
    (bytes.len() * 8).checked_sub(leading)
}

/// Names the algorithm of a signature.
fn signature_kind(algorithm: &AlgorithmIdentifierOwned) -> String {
    let name = match algorithm.oid.to_string().as_str() {
        "1.2.840.10045.4.1" => "ECDSA with SHA-1",
        "1.2.840.10045.4.3.2" => "ECDSA with SHA-256",
        "1.2.840.10045.4.3.3" => "ECDSA with SHA-384",
        "1.2.840.10045.4.3.4" => "ECDSA with SHA-512",
        "1.2.840.113549.1.1.4" => "RSA with MD5",
        "1.2.840.113549.1.1.5" => "RSA with SHA-1",
        "1.2.840.113549.1.1.10" => "RSA-PSS",
        "1.2.840.113549.1.1.11" => "RSA with SHA-256",
        "1.2.840.113549.1.1.12" => "RSA with SHA-384",
        "1.2.840.113549.1.1.13" => "RSA with SHA-512",
        "1.3.101.112" => "Ed25519",
        "1.3.101.113" => "Ed448",
        other => return format!("algorithm {other}"),
    };
    name.to_owned()
}

/// Describes the certificates of a chain in DER; unreadable ones are left out.
pub(crate) fn described(chain: &[Vec<u8>]) -> Vec<SentCertificate> {
    let read = chain.iter().filter_map(|der| Certificate::read(der));
    read.map(|certificate| certificate.as_sent()).collect()
}
