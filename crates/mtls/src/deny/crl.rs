//! Certificate revocation lists (RFC 5280 section 5): who is on them, and whether to believe them.

use embedded_mtls::crypto::rustcrypto::RustCrypto;
use embedded_mtls::crypto::{CryptoProvider as _, SignatureAlgorithm};
use embedded_mtls::x509::UnixTime;
use x509_cert::certificate::{CertificateInner, Raw, Version};
use x509_cert::crl::RevokedCert;
use x509_cert::der::asn1::{AnyRef, BitStringRef, ContextSpecific, ObjectIdentifier, UintRef};
use x509_cert::der::{self, Decode as _, Encode as _, Reader as _, SliceReader, TagNumber, Tagged as _};
use x509_cert::ext::pkix::{BasicConstraints, IssuingDistributionPoint, KeyUsage};
use x509_cert::ext::{Extension, Extensions};
use x509_cert::name::Name;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::time::Time;

/// A revocation list, whose signature is not checked yet.
#[derive(Debug)]
pub struct Crl<'a> {
    /// The name of the issuer, in words.
    pub issuer: String,
    /// The time of the list.
    pub this_update: UnixTime,
    /// The time by which there is a newer one.
    pub next_update: Option<UnixTime>,
    /// The serial numbers of the revoked certificates, as in their DER.
    pub serials: Vec<Vec<u8>>,
    /// The name of the issuer in DER.
    pub(super) name: Vec<u8>,
    /// The extension `issuingDistributionPoint`: lists of an issuer replace each other if theirs are the same.
    pub(super) scope: Vec<u8>,
    /// The number of the list, without leading zeros; lists of version 1 have none.
    pub(super) number: Option<Vec<u8>>,
    /// The reason for which its entries do not mean what they seem to mean, or are not all.
    objection: Option<String>,
    /// The signed part.
    signed: &'a [u8],
    /// The algorithm of the signature, in the signed part and beside it.
    algorithms: [AlgorithmIdentifierOwned; 2],
    signature: &'a [u8],
}

/// The extensions of lists and of their entries that may be critical without changing what an entry means.
const KNOWN: [ObjectIdentifier; 5] = [
    CRL_NUMBER,
    ISSUING_DISTRIBUTION_POINT,                // unless it restricts the list
    ObjectIdentifier::new_unwrap("2.5.29.21"), // cRLReasons
    ObjectIdentifier::new_unwrap("2.5.29.24"), // invalidityDate
    ObjectIdentifier::new_unwrap("2.5.29.35"), // authorityKeyIdentifier
];
const CRL_NUMBER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.20");
const DELTA_CRL_INDICATOR: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.27");
const ISSUING_DISTRIBUTION_POINT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.28");
const CERTIFICATE_ISSUER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.29");

/// The fields of the signed part.
struct Fields {
    algorithm: AlgorithmIdentifierOwned,
    issuer: Name,
    this_update: Time,
    next_update: Option<Time>,
    revoked: Vec<RevokedCert<Raw>>,
    extensions: Extensions,
}

impl Fields {
    fn read<'r>(reader: &mut impl der::Reader<'r>) -> der::Result<Self> {
        // Version 1 has no number, and no extensions.
        let _version = Option::<Version>::decode(reader)?;
        Ok(Self {
            algorithm: AlgorithmIdentifierOwned::decode(reader)?,
            issuer: Name::decode(reader)?,
            this_update: Time::decode(reader)?,
            next_update: Option::decode(reader)?,
            revoked: Option::decode(reader)?.unwrap_or_default(),
            extensions: ContextSpecific::<Extensions>::decode_explicit(reader, TagNumber(0))?
                .map(|extensions| extensions.value)
                .unwrap_or_default(),
        })
    }

    /// Returns the value of an extension of the list.
    fn value(&self, id: ObjectIdentifier) -> Option<&[u8]> {
        let found = self.extensions.iter().find(|extension| extension.extn_id == id);
        found.map(|extension| extension.extn_value.as_bytes())
    }

    /// Finds an extension that changes the meaning of the list, whose entries then are not all, or are certificates of others.
    fn objection(&self) -> Option<String> {
        let of_entries = self.revoked.iter().flat_map(|entry| entry.crl_entry_extensions.iter().flatten());
        self.extensions.iter().chain(of_entries).find_map(objection)
    }
}

impl<'a> Crl<'a> {
    /// Takes a list apart; `None` if it is none.
    pub fn read(der: &'a [u8]) -> Option<Self> {
        let outer = AnyRef::from_der(der).ok().filter(|outer| outer.tag() == der::Tag::Sequence)?;
        let mut reader = SliceReader::new(outer.value()).ok()?;
        let signed = reader.tlv_bytes().ok()?;
        let algorithm = AlgorithmIdentifierOwned::decode(&mut reader).ok()?;
        let signature = BitStringRef::decode(&mut reader).ok()?.as_bytes()?;
        let inner = AnyRef::from_der(signed).ok().filter(|inner| inner.tag() == der::Tag::Sequence)?;
        let mut fields = SliceReader::new(inner.value()).ok()?;
        let read = Fields::read(&mut fields).ok()?;
        if !reader.is_finished() || !fields.is_finished() {
            return None;
        }
        let serials = read.revoked.iter().map(|entry| entry.serial_number.as_bytes().to_vec()).collect();
        Some(Self {
            issuer: read.issuer.to_string(),
            this_update: seconds(&read.this_update),
            next_update: read.next_update.as_ref().map(seconds),
            serials,
            name: read.issuer.to_der().ok()?,
            scope: read.value(ISSUING_DISTRIBUTION_POINT).unwrap_or_default().to_vec(),
            number: read
                .value(CRL_NUMBER)
                .and_then(|der| UintRef::from_der(der).ok())
                .map(|number| number.as_bytes().to_vec()),
            objection: read.objection(),
            signed,
            algorithms: [read.algorithm, algorithm],
            signature,
        })
    }

    /// Makes an unsigned list.
    #[cfg(test)]
    pub(super) fn of_age(
        scope: &[u8],
        this_update: UnixTime,
        next_update: UnixTime,
        number: Option<&[u8]>,
    ) -> Crl<'static> {
        let algorithm = AlgorithmIdentifierOwned { oid: CRL_NUMBER, parameters: None };
        Crl {
            issuer: "CN=a".to_owned(),
            this_update,
            next_update: Some(next_update),
            serials: Vec::new(),
            name: Vec::new(),
            scope: scope.to_vec(),
            number: number.map(<[u8]>::to_vec),
            objection: None,
            signed: &[],
            algorithms: [algorithm.clone(), algorithm],
            signature: &[],
        }
    }

    /// Checks that one of the authorities has signed the list, and that its time has come.
    ///
    /// # Errors
    /// The reason for which it must not be used.
    pub fn verify(&self, authorities: &[Vec<u8>], now: UnixTime) -> Result<(), String> {
        if let Some(found) = &self.objection {
            return Err(format!("found {found}, wanted a full list of an authority about its own certificates"));
        }
        if now < self.this_update {
            return Err(format!("found a list of {}, wanted one that is not from the future", self.this_update));
        }
        let mut found = Err(format!("found a list of {}, wanted one of a CA that is given", self.issuer));
        let parsed = authorities.iter().filter_map(|der| CertificateInner::<Raw>::from_der(der).ok());
        for authority in
            parsed.filter(|authority| authority.tbs_certificate().subject().to_der().ok().as_ref() == Some(&self.name))
        {
            match self.verify_by(&authority) {
                Ok(()) => return Ok(()),
                Err(why) => found = Err(why),
            }
        }
        found
    }

    /// Checks the signature of one authority.
    fn verify_by(&self, authority: &CertificateInner<Raw>) -> Result<(), String> {
        let inner = authority.tbs_certificate();
        let is_ca = inner.get_extension::<BasicConstraints>().ok().flatten().is_some_and(|(_, basic)| basic.ca);
        let usage = inner.get_extension::<KeyUsage>().map_err(|error| error.to_string())?;
        // RFC 5280 section 6.3.3 (f): "If a key usage extension is present in the CRL issuer's certificate, verify that the cRLSign
        // bit is set."
        if !is_ca || usage.is_some_and(|(_, usage)| !usage.crl_sign()) {
            return Err(format!("found a list of {}, wanted one of a CA whose key usage has cRLSign", self.issuer));
        }
        let [within, beside] = &self.algorithms;
        let info = inner.subject_public_key_info();
        let algorithm = Some(beside).filter(|_| within == beside).and_then(|algorithm| algorithm_of(algorithm, info));
        let unfit = || {
            format!(
                "found a signature by the algorithm {}, wanted one that fits the key of {}",
                beside.oid, self.issuer
            )
        };
        let algorithm = algorithm.ok_or_else(unfit)?;
        let forged = |_| format!("found a signature that {} did not make", self.issuer);
        let digest =
            algorithm.hash().map(|hash| RustCrypto.digest(hash, &[self.signed])).transpose().map_err(forged)?;
        let signed = digest.as_ref().map_or(self.signed, |digest| digest.as_bytes());
        let key = info.subject_public_key.raw_bytes();
        RustCrypto.verify(algorithm, key, signed, self.signature).map_err(forged)
    }
}

fn seconds(time: &Time) -> UnixTime {
    UnixTime(i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX))
}

/// Returns what an extension makes of a list, unless that is a full list of an authority about its own certificates. Issuers have to
/// mark these extensions as critical (RFC 5280 sections 5.2.4, 5.2.5 and 5.3.3); those that do not mean the same.
fn objection(extension: &Extension) -> Option<String> {
    let found = match extension.extn_id {
        DELTA_CRL_INDICATOR => "a list of changes (deltaCRLIndicator)",
        CERTIFICATE_ISSUER => "an indirect list (certificateIssuer)",
        ISSUING_DISTRIBUTION_POINT => match IssuingDistributionPoint::from_der(extension.extn_value.as_bytes()) {
            Err(_) => "an issuingDistributionPoint that cannot be read",
            Ok(point) if point.indirect_crl => "an indirect list (indirectCRL)",
            // RFC 5280 section 5.2.5: such a list says nothing about certificates that were revoked for other reasons.
            Ok(point) if point.only_some_reasons.is_some() => "a list of some reasons only (onlySomeReasons)",
            Ok(point) if point.only_contains_attribute_certs => "a list of attributes (onlyContainsAttributeCerts)",
            // Nobody is denied by the certificate of an authority.
            Ok(point) if point.only_contains_ca_certs => "a list of authorities only (onlyContainsCACerts)",
            Ok(_) => return None,
        },
        id if extension.critical && !KNOWN.contains(&id) => return Some(format!("the critical extension {id}")),
        _ => return None,
    };
    Some(found.to_owned())
}

/// Returns the algorithm of a signature for a key; `None` if they do not fit.
fn algorithm_of(algorithm: &AlgorithmIdentifierOwned, info: &SubjectPublicKeyInfoOwned) -> Option<SignatureAlgorithm> {
    let curve = info.algorithm.parameters.as_ref().and_then(|any| any.decode_as::<ObjectIdentifier>().ok());
    let curve = curve.map(|curve| curve.to_string()).unwrap_or_default();
    let key = info.algorithm.oid.to_string();
    Some(match (algorithm.oid.to_string().as_str(), key.as_str(), curve.as_str()) {
        ("1.2.840.10045.4.3.2", EC, "1.2.840.10045.3.1.7") => SignatureAlgorithm::EcdsaP256Sha256,
        ("1.2.840.10045.4.3.3", EC, "1.2.840.10045.3.1.7") => SignatureAlgorithm::EcdsaP256Sha384,
        ("1.2.840.10045.4.3.2", EC, "1.3.132.0.34") => SignatureAlgorithm::EcdsaP384Sha256,
        ("1.2.840.10045.4.3.3", EC, "1.3.132.0.34") => SignatureAlgorithm::EcdsaP384Sha384,
        ("1.3.101.112", "1.3.101.112", _) => SignatureAlgorithm::Ed25519,
        ("1.2.840.113549.1.1.11", RSA, _) => SignatureAlgorithm::RsaPkcs1Sha256,
        ("1.2.840.113549.1.1.12", RSA, _) => SignatureAlgorithm::RsaPkcs1Sha384,
        ("1.2.840.113549.1.1.13", RSA, _) => SignatureAlgorithm::RsaPkcs1Sha512,
        _ => return None,
    })
}

const EC: &str = "1.2.840.10045.2.1";
const RSA: &str = "1.2.840.113549.1.1.1";

#[cfg(test)]
mod tests {
    use super::*;
    use x509_cert::der::asn1::OctetString;

    fn found(id: &str, critical: bool, value: &[u8]) -> String {
        let extn_id = ObjectIdentifier::new_unwrap(id);
        let extension = Extension { extn_id, critical, extn_value: OctetString::new(value).unwrap() };
        objection(&extension).unwrap_or_default()
    }

    #[test]
    fn lists_that_are_not_full_or_not_about_own_certificates_are_refused_critical_or_not() {
        for (id, value, wanted) in [
            ("2.5.29.27", &[2, 1, 1][..], "deltaCRLIndicator"),
            ("2.5.29.29", &[0x30, 0], "certificateIssuer"),
            ("2.5.29.28", &[0x30, 3, 0x84, 1, 0xff], "indirectCRL"),
            // keyCompromise
            ("2.5.29.28", &[0x30, 4, 0x83, 2, 6, 0x40], "onlySomeReasons"),
            ("2.5.29.28", &[0x30, 3, 0x85, 1, 0xff], "onlyContainsAttributeCerts"),
            ("2.5.29.28", &[0x30, 3, 0x82, 1, 0xff], "onlyContainsCACerts"),
            ("2.5.29.28", &[0x30, 3, 0x84, 1], "cannot be read"),
        ] {
            for critical in [true, false] {
                let found = found(id, critical, value);
                assert!(found.contains(wanted), "{wanted}: {found}");
            }
        }
        assert_eq!(found("2.5.29.28", true, &[0x30, 3, 0x81, 1, 0xff]), "", "onlyContainsUserCerts");
        assert_eq!(found("1.2.3", true, &[5, 0]), "the critical extension 1.2.3");
        assert_eq!(found("1.2.3", false, &[5, 0]), "");
        for known in ["2.5.29.20", "2.5.29.21", "2.5.29.24", "2.5.29.35"] {
            assert_eq!(found(known, true, &[5, 0]), "", "{known}");
        }
    }
}
