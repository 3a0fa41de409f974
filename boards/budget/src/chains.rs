//! Validating the chain of the server without TLS: by this crate and by another.

use crate::pki::{INTERMEDIATE, NOW, ROOT, SERVER, SERVER_NAME};
use embedded_mtls::crypto::CryptoProvider;
use embedded_mtls::x509::{Rules, ServerName, Time, TrustAnchor, UnixTime, Validator};

/// Validates with this crate. Some, if the path and the name are right.
pub fn ours<C: CryptoProvider + Default>() -> Option<()> {
    let provider = C::default();
    let anchors = [TrustAnchor::from_certificate(ROOT).ok()?];
    let name = ServerName::parse(SERVER_NAME).ok()?;
    let mut memory = [0; 1024];
    let mut validator = Validator::new(&mut memory);
    validator.push(provider, SERVER).ok()?;
    validator.push(provider, INTERMEDIATE).ok()?;
    let now = Time::Trusted(UnixTime(NOW));
    validator.validate(provider, Rules::server(&anchors, &name, now)).ok().map(drop)
}

#[cfg(feature = "webpki")]
pub use self::other::webpki;

#[cfg(feature = "webpki")]
mod other {
    use crate::pki::{INTERMEDIATE, NOW, ROOT, SERVER, SERVER_NAME};
    use core::fmt;
    use core::time::Duration;
    use embedded_mtls::crypto::{CryptoProvider, HashAlgorithm, SignatureAlgorithm};
    use pki_types::{
        AlgorithmIdentifier, CertificateDer, InvalidSignature, ServerName, SignatureVerificationAlgorithm, UnixTime,
        alg_id,
    };
    use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};

    /// ECDSA on P-256 with SHA-256 by a provider of this crate, so that both have the same cryptography.
    struct Ecdsa<C>(C);

    impl<C> fmt::Debug for Ecdsa<C> {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            Ok(())
        }
    }

    impl<C: CryptoProvider + Send + Sync> SignatureVerificationAlgorithm for Ecdsa<C> {
        fn verify_signature(&self, key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
            let digest = self.0.digest(HashAlgorithm::Sha256, &[message]).map_err(|_| InvalidSignature)?;
            self.0
                .verify(SignatureAlgorithm::EcdsaP256Sha256, key, digest.as_bytes(), signature)
                .map_err(|_| InvalidSignature)
        }

        fn public_key_alg_id(&self) -> AlgorithmIdentifier {
            alg_id::ECDSA_P256
        }

        fn signature_alg_id(&self) -> AlgorithmIdentifier {
            alg_id::ECDSA_SHA256
        }
    }

    /// Validates with rustls-webpki. Some, if the path and the name are right.
    pub fn webpki<C: CryptoProvider + Default + Send + Sync>() -> Option<()> {
        let [root, intermediate, leaf] = [ROOT, INTERMEDIATE, SERVER].map(CertificateDer::from);
        let anchors = [anchor_from_trusted_cert(&root).ok()?];
        let leaf = EndEntityCert::try_from(&leaf).ok()?;
        let now = UnixTime::since_unix_epoch(Duration::from_secs(NOW.unsigned_abs()));
        let ecdsa = Ecdsa(C::default());
        leaf.verify_for_usage(&[&ecdsa], &anchors, &[intermediate], now, KeyUsage::server_auth(), None, None).ok()?;
        leaf.verify_is_valid_for_subject_name(&ServerName::try_from(SERVER_NAME).ok()?).ok()
    }
}
