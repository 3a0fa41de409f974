//! ECDSA verification. graviola hashes what it verifies: hence the provider takes messages instead of digests.

use embedded_mtls::crypto::{CryptoError, SignatureAlgorithm, ecdsa_sig_value};
use graviola::hashing::{Hash, Sha256, Sha384};
use graviola::signing::ecdsa::{Curve, P256, P384, VerifyingKey};

/// Bytes of a scalar of P-256.
const P256_SCALAR: usize = 32;
/// Bytes of a scalar of P-384.
const P384_SCALAR: usize = 48;

/// Verifies the signature of a message, if it is of a kind that is here.
pub(crate) fn verify(
    algorithm: SignatureAlgorithm,
    public_key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Option<Result<(), CryptoError>> {
    let verify = match algorithm {
        SignatureAlgorithm::EcdsaP256Sha256 => ecdsa::<P256, Sha256, P256_SCALAR>,
        SignatureAlgorithm::EcdsaP256Sha384 => ecdsa::<P256, Sha384, P256_SCALAR>,
        SignatureAlgorithm::EcdsaP384Sha256 => ecdsa::<P384, Sha256, P384_SCALAR>,
        SignatureAlgorithm::EcdsaP384Sha384 => ecdsa::<P384, Sha384, P384_SCALAR>,
        _ => return None,
    };
    Some(verify(public_key, message, signature))
}

/// Verifies a signature by a key on the curve `C`, whose scalars have `N` bytes.
fn ecdsa<C: Curve, H: Hash, const N: usize>(
    public_key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), CryptoError> {
    let key = VerifyingKey::<C>::from_x962_uncompressed(public_key).map_err(|_| CryptoError::Invalid)?;
    // graviola would parse the DER, too, but this parser is the one that the other providers have.
    let r_s: [[u8; N]; 2] = ecdsa_sig_value(signature)?;
    key.verify::<H>(&[message], r_s.as_flattened()).map_err(|_| CryptoError::Forged)
}
