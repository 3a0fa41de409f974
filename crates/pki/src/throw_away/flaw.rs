//! Bad certificates, each with exactly one fault.

use rcgen::{
    CertificateParams, CustomExtension, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, KeyUsagePurpose, NameConstraints,
};
use time::{Duration, OffsetDateTime};

use super::{Authority, Identity, Key, KeyKind, Leaf, PkiError, Tree, failed, self_signed_of};

/// The fault of a bad certificate, or of what is sent with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Flaw {
    /// The signature of the leaf was changed.
    BadSignature,
    /// The leaf has expired.
    Expired,
    /// The certificate of the issuing authority has expired.
    ExpiredIssuer,
    /// The issuing authority may not issue certificates for the names of the leaf.
    ForbiddenName,
    /// The chain ends with the leaf.
    MissingIntermediate,
    /// The key usage of the leaf does not allow signatures.
    NoDigitalSignature,
    /// The issuer of the leaf is not a CA.
    NotACa,
    /// The leaf is not valid yet.
    NotYetValid,
    /// The authority above the leaf is one too many for the length that another one allows.
    PathTooLong,
    /// The root has the name of the trusted one, and another key.
    RebuiltRoot,
    /// The leaf is its own issuer.
    SelfSigned,
    /// The leaf is signed with SHA-1.
    Sha1Signature,
    /// The root is not a trusted one.
    UnknownCa,
    /// The leaf contains a critical extension that nobody knows.
    UnknownExtension,
    /// The issuing authority has an RSA key of 1024 bits.
    WeakKey,
    /// The key file has another key than the certificate.
    WrongKey,
    /// The leaf is for another name.
    WrongName,
    /// The leaf is for the other role: a server's for clients, or a client's for servers.
    WrongPurpose,
}

impl Flaw {
    /// Each fault.
    pub const ALL: [Self; 18] = [
        Self::BadSignature,
        Self::Expired,
        Self::ExpiredIssuer,
        Self::ForbiddenName,
        Self::MissingIntermediate,
        Self::NoDigitalSignature,
        Self::NotACa,
        Self::NotYetValid,
        Self::PathTooLong,
        Self::RebuiltRoot,
        Self::SelfSigned,
        Self::Sha1Signature,
        Self::UnknownCa,
        Self::UnknownExtension,
        Self::WeakKey,
        Self::WrongKey,
        Self::WrongName,
        Self::WrongPurpose,
    ];

    /// Returns the name, as in `not-yet-valid`.
    pub const fn name(self) -> &'static str {
        self.texts().0
    }

    /// Returns the fault in words.
    pub const fn description(self) -> &'static str {
        self.texts().1
    }

    /// Finds a fault by its name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|flaw| flaw.name() == name)
    }

    const fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::BadSignature => ("bad-signature", "its signature was changed"),
            Self::Expired => ("expired", "it expired an hour ago"),
            Self::ExpiredIssuer => ("expired-issuer", "the certificate of its issuing CA expired an hour ago"),
            Self::ForbiddenName => ("forbidden-name", "the name constraints of its issuing CA exclude its names"),
            Self::MissingIntermediate => ("missing-intermediate", "its file lacks the certificate of the issuing CA"),
            Self::NoDigitalSignature => ("no-digital-signature", "its key usage lacks digitalSignature"),
            Self::NotACa => ("not-a-ca", "its issuer is not a CA"),
            Self::NotYetValid => ("not-yet-valid", "it will be valid in an hour"),
            Self::PathTooLong => ("path-too-long", "it is below one CA more than the issuing CA allows"),
            Self::RebuiltRoot => ("rebuilt-root", "its root has the name of the trusted one, and another key"),
            Self::SelfSigned => ("self-signed", "it is its own issuer"),
            Self::Sha1Signature => ("sha1-signature", "it is signed with SHA-1"),
            Self::UnknownCa => ("unknown-ca", "its root is not the trusted one"),
            Self::UnknownExtension => ("unknown-extension", "it contains a critical extension that nobody knows"),
            Self::WeakKey => ("weak-key", "its issuing CA has an RSA key of 1024 bits"),
            Self::WrongKey => ("wrong-key", "its key file contains another key"),
            Self::WrongName => ("wrong-name", "it is for another name"),
            Self::WrongPurpose => ("wrong-purpose", "it is for the other role"),
        }
    }
}

/// The name in a certificate for another name.
const OTHER_NAME: &str = "other.example";
/// The name of an authority that is at fault.
const FAULTY_CA: &str = "Throw-away Faulty CA";
/// An extension from the arc that RFC 5612 sets aside for documentation.
const UNKNOWN_EXTENSION: &[u64] = &[1, 3, 6, 1, 4, 1, 32473, 1];

impl Tree {
    /// Issues a certificate with a fault, or what this fault turns it into.
    ///
    /// # Errors
    /// No random numbers, or a name that no certificate can contain.
    pub fn flawed(&self, flaw: Flaw, leaf: &Leaf, kind: KeyKind) -> Result<Identity, PkiError> {
        let faulty = self.faulty_issuer(flaw, leaf)?;
        let issuing = faulty.as_ref().unwrap_or(&self.issuing);
        let hours = Duration::hours;
        let leaf = match flaw {
            Flaw::Expired => &leaf.with_validity(hours(-48), hours(-1)),
            Flaw::NotYetValid => &leaf.with_validity(hours(1), hours(48)),
            Flaw::WrongName => &Leaf { valid: leaf.valid, ..Leaf::new(OTHER_NAME, leaf.purpose.clone()) },
            Flaw::WrongPurpose => &Leaf { purpose: other_role(&leaf.purpose), ..leaf.clone() },
            _ => leaf,
        };
        if flaw == Flaw::SelfSigned {
            return self_signed_of(leaf, kind);
        }
        let mut issued = issuing.issue_adjusted(leaf, kind, |params| match flaw {
            Flaw::NoDigitalSignature => params.key_usages = vec![KeyUsagePurpose::KeyAgreement],
            Flaw::UnknownExtension => {
                let mut unknown = CustomExtension::from_oid_content(UNKNOWN_EXTENSION, vec![5, 0]);
                unknown.set_criticality(true);
                params.custom_extensions.push(unknown);
            }
            _ => {}
        })?;
        match (flaw, issued.chain.first_mut()) {
            (Flaw::BadSignature, Some(der)) => {
                if let Some(last) = der.last_mut() {
                    *last ^= 1;
                }
            }
            (Flaw::Sha1Signature, Some(der)) => resign_with_sha1(der, issuing.key())?,
            (Flaw::MissingIntermediate, _) => issued.chain.truncate(1),
            (Flaw::WrongKey, _) => issued.key = Key::generate(kind)?,
            _ => {}
        }
        Ok(issued)
    }

    /// Creates the authority that is at fault; `None` if the usual one issues the certificate.
    fn faulty_issuer(&self, flaw: Flaw, leaf: &Leaf) -> Result<Option<Authority>, PkiError> {
        let below_root = |kind, adjust: &dyn Fn(&mut CertificateParams)| self.root.below(kind, FAULTY_CA, adjust);
        Ok(Some(match flaw {
            Flaw::ExpiredIssuer => below_root(KeyKind::P256, &|params| {
                params.not_before = OffsetDateTime::now_utc() - Duration::hours(48);
                params.not_after = OffsetDateTime::now_utc() - Duration::hours(1);
            })?,
            Flaw::ForbiddenName => below_root(KeyKind::P256, &|params| {
                let is_host = |name: &&String| name.parse::<std::net::IpAddr>().is_err();
                let hosts = leaf.names.iter().filter(is_host).cloned();
                let excluded_subtrees = hosts.map(GeneralSubtree::DnsName).collect();
                params.name_constraints = Some(NameConstraints { permitted_subtrees: Vec::new(), excluded_subtrees });
            })?,
            Flaw::NotACa => below_root(KeyKind::P256, &|params| {
                params.is_ca = IsCa::ExplicitNoCa;
                params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
            })?,
            Flaw::PathTooLong => self.issuing.below(KeyKind::P256, FAULTY_CA, |_| {})?,
            Flaw::RebuiltRoot => Self::new(KeyKind::P256)?.issuing,
            Flaw::Sha1Signature => below_root(KeyKind::Rsa(2048), &|_| {})?,
            Flaw::UnknownCa => Authority::root("Another Root CA")?.intermediate("Another Issuing CA")?,
            Flaw::WeakKey => below_root(KeyKind::Rsa(1024), &|_| {})?,
            _ => return Ok(None),
        }))
    }
}

/// Returns the purpose of the other side.
fn other_role(purpose: &ExtendedKeyUsagePurpose) -> ExtendedKeyUsagePurpose {
    match purpose {
        ExtendedKeyUsagePurpose::ServerAuth => ExtendedKeyUsagePurpose::ClientAuth,
        _ => ExtendedKeyUsagePurpose::ServerAuth,
    }
}

/// Replaces SHA-256 by SHA-1 in the signature of a certificate. `rcgen` does not sign with it, but the identifiers of the
/// two have the same length, and so have the signatures, which are last.
fn resign_with_sha1(der: &mut [u8], key: &Key) -> Result<(), PkiError> {
    /// sha256WithRSAEncryption (RFC 8017 appendix A.2.4); SHA-1 has the last byte 5.
    const SHA256_WITH_RSA: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 11];
    let unexpected = || failed("SHA-1")(&"unexpected form of a certificate");
    for start in (0..der.len()).rev() {
        if der.get(start..).is_some_and(|rest| rest.starts_with(&SHA256_WITH_RSA)) {
            *der.get_mut(start + SHA256_WITH_RSA.len() - 1).ok_or_else(unexpected)? = 5;
        }
    }
    // Certificate ::= SEQUENCE { tbsCertificate SEQUENCE, ... }, both longer than 255 bytes: headers of four bytes.
    let [0x30, 0x82, _, _, 0x30, 0x82, high, low, ..] = *der else { return Err(unexpected()) };
    let length = usize::from(u16::from_be_bytes([high, low]));
    let signature = der.get(4..8 + length).and_then(|signed| key.sign_sha1(signed)).ok_or_else(unexpected)?;
    let start = der.len().checked_sub(signature.len()).ok_or_else(unexpected)?;
    der.get_mut(start..).ok_or_else(unexpected)?.copy_from_slice(&signature);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_is_found_by_its_name() {
        for flaw in Flaw::ALL {
            assert_eq!(Flaw::parse(flaw.name()), Some(flaw));
        }
        assert_eq!(Flaw::parse("good"), None);
    }
}
