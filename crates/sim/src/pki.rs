//! Certificates that a seed determines: a root, the supplier below it, and each gateway's, one after the other.

use core::fmt;
use core::time::Duration;

use embedded_mtls::crypto::rustcrypto::P256SigningKey;
use embedded_mtls::x509::{TrustAnchor, UnixTime};
use embedded_mtls::{Credential, Error, KeyHandle};
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{DerSignature, SigningKey};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, SerialNumber, SignatureAlgorithm,
};
use time::OffsetDateTime;

use crate::random::Random;

/// The name of the supplier.
pub const SUPPLIER: &str = "supplier.example";

/// The time at the start of each simulation: 2026-11-22T04:00:00Z.
pub const START: UnixTime = UnixTime(1_795_320_000);

/// Returns the time of the calendar at a simulated time.
pub fn calendar(time: Duration) -> UnixTime {
    UnixTime(START.0.saturating_add(i64::try_from(time.as_secs()).unwrap_or(i64::MAX)))
}

/// A certificate was not made.
#[derive(Debug)]
pub struct PkiError(String);

impl fmt::Display for PkiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "making a certificate: {}", self.0)
    }
}

impl core::error::Error for PkiError {}

/// Describes what failed.
fn failed(error: impl fmt::Display) -> PkiError {
    PkiError(error.to_string())
}

/// A certificate and its key.
pub struct Identity {
    certificate: Vec<u8>,
    key: P256SigningKey,
}

impl Identity {
    /// Returns the certificate in DER.
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// Returns the credential of a chain that consists of its certificate.
    ///
    /// # Errors
    /// None, as long as the core reads what this crate makes.
    pub fn credential<'c>(chain: &'c [&'c [u8]]) -> Result<Credential<'c>, Error> {
        Credential::new(chain, KeyHandle(0))
    }

    /// Returns the key, as the list that a host takes.
    pub const fn keys(&self) -> &[P256SigningKey] {
        core::slice::from_ref(&self.key)
    }
}

/// The authority that everyone trusts.
pub struct Authority {
    issuer: Issuer<'static, Key>,
    certificate: Vec<u8>,
    seed: u64,
}

impl Authority {
    /// Creates the authority of a seed.
    ///
    /// # Errors
    /// None, as long as `rcgen` accepts its parameters.
    pub fn new(seed: u64) -> Result<Self, PkiError> {
        let key = Key::draw(&mut Random::of(seed, [0, 0, 0]))?;
        let far = Duration::from_secs(10 * 365 * 86_400);
        let mut params = params("Simulated Root CA", &key, 1, (Duration::ZERO, far))?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let certificate = params.self_signed(&key).map_err(failed)?.der().to_vec();
        Ok(Self { issuer: Issuer::new(params, key), certificate, seed })
    }

    /// Returns the anchor to trust.
    ///
    /// # Errors
    /// None, as long as the core reads what this crate makes.
    pub fn anchor(&self) -> Result<TrustAnchor<'_>, Error> {
        TrustAnchor::from_certificate(&self.certificate)
    }

    /// Issues the certificate that the supplier has as the one of this `number`, valid within `valid`.
    ///
    /// # Errors
    /// None, as long as `rcgen` accepts its parameters.
    pub fn supplier(&self, number: u32, valid: (Duration, Duration)) -> Result<Identity, PkiError> {
        self.issue(SUPPLIER, ExtendedKeyUsagePurpose::ServerAuth, [1, 0, number.into()], valid)
    }

    /// Issues the certificate that a gateway has as the one of this `number`, valid within `valid`.
    ///
    /// # Errors
    /// None, as long as `rcgen` accepts its parameters.
    pub fn gateway(&self, gateway: u32, number: u32, valid: (Duration, Duration)) -> Result<Identity, PkiError> {
        let name = format!("gateway-{gateway}.plant.example");
        self.issue(&name, ExtendedKeyUsagePurpose::ClientAuth, [2, gateway.into(), number.into()], valid)
    }

    fn issue(
        &self,
        name: &str,
        purpose: ExtendedKeyUsagePurpose,
        place: [u64; 3],
        valid: (Duration, Duration),
    ) -> Result<Identity, PkiError> {
        let mut random = Random::of(self.seed, place);
        let key = Key::draw(&mut random)?;
        let mut params = params(name, &key, random.next() | 1, valid)?;
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![purpose];
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &self.issuer).map_err(failed)?.der().to_vec();
        let key = P256SigningKey::from_bytes(&key.secret.to_bytes().into())
            .map_err(|error| PkiError(format!("{error:?}")))?;
        Ok(Identity { certificate, key })
    }
}

fn params(name: &str, key: &Key, serial: u64, valid: (Duration, Duration)) -> Result<CertificateParams, PkiError> {
    let date = |time| OffsetDateTime::from_unix_timestamp(calendar(time).0).map_err(failed);
    let mut params = CertificateParams::new([name.to_owned()]).map_err(failed)?;
    params.not_before = date(valid.0)?;
    params.not_after = date(valid.1)?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.serial_number = Some(SerialNumber::from(serial >> 1 | 1));
    params.key_identifier_method = KeyIdMethod::PreSpecified(key.point.iter().skip(1).take(20).copied().collect());
    Ok(params)
}

/// A key pair, of which `rcgen` asks for signatures.
struct Key {
    secret: SigningKey,
    point: Vec<u8>,
}

impl Key {
    fn draw(random: &mut Random) -> Result<Self, PkiError> {
        let secret = SigningKey::from_slice(&random.bytes::<32>()).map_err(failed)?;
        let point = secret.verifying_key().to_sec1_point(false).as_bytes().to_vec();
        Ok(Self { secret, point })
    }
}

impl rcgen::PublicKeyData for Key {
    fn der_bytes(&self) -> &[u8] {
        &self.point
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

impl rcgen::SigningKey for Key {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let signature: DerSignature = self.secret.sign(message);
        Ok(signature.as_bytes().to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_determines_each_certificate() {
        let certificate = |seed, number| {
            let valid = (Duration::ZERO, Duration::from_secs(60));
            Authority::new(seed).unwrap().gateway(3, number, valid).unwrap().certificate
        };
        assert_eq!(certificate(1, 0), certificate(1, 0));
        assert_ne!(certificate(1, 0), certificate(1, 1));
        assert_ne!(certificate(1, 0), certificate(2, 0));
    }
}
