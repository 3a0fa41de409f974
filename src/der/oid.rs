//! Object identifiers, which name algorithms, attributes and extensions.

use core::fmt;

/// `id-ecPublicKey`: 1.2.840.10045.2.1 (RFC 5480 section 2.1.1).
pub(crate) const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// `secp256r1`: 1.2.840.10045.3.1.7 (RFC 5480 section 2.1.1.1).
pub(crate) const SECP256R1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// `secp384r1`: 1.3.132.0.34 (RFC 5480 section 2.1.1.1).
pub(crate) const SECP384R1: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
/// `ecdsa-with-SHA1`: 1.2.840.10045.4.1 (RFC 3279 section 2.2.3).
pub(crate) const ECDSA_WITH_SHA1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01];
/// `ecdsa-with-SHA256`: 1.2.840.10045.4.3.2 (RFC 5758 section 3.2).
pub(crate) const ECDSA_WITH_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
/// `ecdsa-with-SHA384`: 1.2.840.10045.4.3.3 (RFC 5758 section 3.2).
pub(crate) const ECDSA_WITH_SHA384: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03];
/// `ecdsa-with-SHA512`: 1.2.840.10045.4.3.4 (RFC 5758 section 3.2).
pub(crate) const ECDSA_WITH_SHA512: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04];

/// `id-Ed25519`, of keys and of signatures: 1.3.101.112 (RFC 8410 section 3).
pub(crate) const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
/// `id-Ed448`: 1.3.101.113 (RFC 8410 section 3).
pub(crate) const ED448: &[u8] = &[0x2b, 0x65, 0x71];

/// `pkcs-1`, below which the algorithms of RSA are: 1.2.840.113549.1.1 (RFC 8017 appendix C).
pub(crate) const PKCS_1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01];
/// `rsaEncryption`: 1.2.840.113549.1.1.1 (RFC 3279 section 2.3.1).
pub(crate) const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// `sha1WithRSAEncryption`: 1.2.840.113549.1.1.5 (RFC 3279 section 2.2.1).
pub(crate) const SHA1_WITH_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05];
/// `id-mgf1`: 1.2.840.113549.1.1.8 (RFC 4055 section 2.2).
#[cfg(feature = "rsa")]
pub(crate) const MGF1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08];
/// `id-RSASSA-PSS`: 1.2.840.113549.1.1.10 (RFC 4055 section 3.1).
pub(crate) const RSASSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a];
/// `sha256WithRSAEncryption`: 1.2.840.113549.1.1.11 (RFC 4055 section 5).
pub(crate) const SHA256_WITH_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];
/// `sha384WithRSAEncryption`: 1.2.840.113549.1.1.12 (RFC 4055 section 5).
pub(crate) const SHA384_WITH_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0c];
/// `sha512WithRSAEncryption`: 1.2.840.113549.1.1.13 (RFC 4055 section 5).
pub(crate) const SHA512_WITH_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0d];

/// `id-sha256`: 2.16.840.1.101.3.4.2.1 (RFC 4055 section 2.1).
pub(crate) const SHA256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
/// `id-sha384`: 2.16.840.1.101.3.4.2.2 (RFC 4055 section 2.1).
pub(crate) const SHA384: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02];
/// `id-sha512`: 2.16.840.1.101.3.4.2.3 (RFC 4055 section 2.1).
pub(crate) const SHA512: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03];

/// `id-ce-subjectKeyIdentifier`: 2.5.29.14 (RFC 5280 section 4.2.1.2).
pub(crate) const SUBJECT_KEY_IDENTIFIER: &[u8] = &[0x55, 0x1d, 14];
/// `id-ce-keyUsage`: 2.5.29.15 (RFC 5280 section 4.2.1.3).
pub(crate) const KEY_USAGE: &[u8] = &[0x55, 0x1d, 15];
/// `id-ce-subjectAltName`: 2.5.29.17 (RFC 5280 section 4.2.1.6).
pub(crate) const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 17];
/// `id-ce-basicConstraints`: 2.5.29.19 (RFC 5280 section 4.2.1.9).
pub(crate) const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 19];
/// `id-ce-nameConstraints`: 2.5.29.30 (RFC 5280 section 4.2.1.10).
pub(crate) const NAME_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 30];
/// `id-ce-certificatePolicies`: 2.5.29.32 (RFC 5280 section 4.2.1.4).
pub(crate) const CERTIFICATE_POLICIES: &[u8] = &[0x55, 0x1d, 32];
/// `id-ce-authorityKeyIdentifier`: 2.5.29.35 (RFC 5280 section 4.2.1.1).
pub(crate) const AUTHORITY_KEY_IDENTIFIER: &[u8] = &[0x55, 0x1d, 35];
/// `id-ce-policyConstraints`: 2.5.29.36 (RFC 5280 section 4.2.1.11).
pub(crate) const POLICY_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 36];
/// `id-ce-extKeyUsage`: 2.5.29.37 (RFC 5280 section 4.2.1.12).
pub(crate) const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 37];
/// `id-ce-inhibitAnyPolicy`: 2.5.29.54 (RFC 5280 section 4.2.1.14).
pub(crate) const INHIBIT_ANY_POLICY: &[u8] = &[0x55, 0x1d, 54];

/// `id-kp`, below which the key purposes are: 1.3.6.1.5.5.7.3 (RFC 5280 section 4.2.1.12).
pub(crate) const KEY_PURPOSES: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03];
/// `anyExtendedKeyUsage`: 2.5.29.37.0 (RFC 5280 section 4.2.1.12).
pub(crate) const ANY_PURPOSE: &[u8] = &[0x55, 0x1d, 37, 0];
/// `id-qt`, below which the policy qualifiers are: 1.3.6.1.5.5.7.2 (RFC 5280 section 4.2.1.4).
pub(crate) const POLICY_QUALIFIERS: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x02];

/// `id-at-commonName`: 2.5.4.3 (RFC 5280 appendix A.1).
pub(crate) const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
/// `id-at-organizationName`: 2.5.4.10 (RFC 5280 appendix A.1).
pub(crate) const ORGANIZATION: &[u8] = &[0x55, 0x04, 0x0a];
/// `extensionRequest`: 1.2.840.113549.1.9.14 (RFC 2985 section 5.4.2).
pub(crate) const EXTENSION_REQUEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x0e];
/// `id-domainComponent`: 0.9.2342.19200300.100.1.25 (RFC 5280 appendix A.1).
pub(crate) const DOMAIN_COMPONENT: &[u8] = &[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 0x19];
/// `id-emailAddress`: 1.2.840.113549.1.9.1 (RFC 5280 appendix A.1).
pub(crate) const EMAIL_ADDRESS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x01];
/// `uid`: 0.9.2342.19200300.100.1.1 (RFC 4519 section 2.39).
pub(crate) const USER_ID: &[u8] = &[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 0x01];

/// Bytes that are printed; identifiers in use are shorter.
const PRINTED: usize = 64;

/// An object identifier, borrowed from the certificate. `Display` writes it in dotted decimal: `2.5.29.30`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Oid<'a>(pub(crate) &'a [u8]);

impl<'a> Oid<'a> {
    /// The content bytes of its DER, without tag and length.
    pub const fn as_bytes(self) -> &'a [u8] {
        self.0
    }
}

impl fmt::Display for Oid<'_> {
    /// X.690 section 8.19; an arc that exceeds 32 bits is printed as `?`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut arc = Some(0_u32);
        let mut first = true;
        for &byte in self.0.iter().take(PRINTED) {
            arc = arc.and_then(|arc| arc.checked_mul(128)).map(|arc| arc | u32::from(byte & 0x7f));
            if byte >= 0x80 {
                continue;
            }
            match (arc, first) {
                (Some(arc), true) => {
                    let root = (arc / 40).min(2);
                    write!(f, "{root}.{}", arc.saturating_sub(root * 40))?;
                }
                (Some(arc), false) => write!(f, ".{arc}")?,
                (None, _) => f.write_str(".?")?,
            }
            (arc, first) = (Some(0), false);
        }
        Ok(())
    }
}
