//! ECDSA on P-256 and P-384.

#[cfg(feature = "p384")]
use ecdsa::hazmat::sign_prehashed_rfc6979;
#[cfg(feature = "p384")]
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::elliptic_curve::Group;
use p256::elliptic_curve::ops::Invert;
use p256::elliptic_curve::point::AffineCoordinates;
use p256::{AffinePoint, NonZeroScalar, ProjectivePoint};
use zeroize::Zeroizing;

use super::joint::Point;
use super::nonce::{nonzero, reduced, sign};
use crate::crypto::{CryptoError, DecodedKey, ecdsa_sig_value};

/// A P-256 signing key in memory, for credentials whose key is not in a secure element. 97 bytes,
/// wiped when dropped.
///
/// Create it once and keep it: this computes the public key, which costs as much as a signature.
pub struct P256SigningKey {
    private: Zeroizing<[u8; 32]>,
    public: [u8; 65],
}

debug_by_name!("P256SigningKey", [] P256SigningKey);

/// A P-384 signing key in memory, for credentials whose key is not in a secure element. Wiped when
/// dropped.
///
/// Create it once and keep it: this computes the public key, which costs as much as a signature.
#[cfg(feature = "p384")]
pub struct P384SigningKey(p384::ecdsa::SigningKey);

#[cfg(feature = "p384")]
debug_by_name!("P384SigningKey", [] P384SigningKey);

/// Bytes of a P-256 scalar.
const P256_SCALAR: usize = 32;
/// Bytes of a P-384 scalar.
#[cfg(feature = "p384")]
const P384_SCALAR: usize = 48;
/// First byte of an uncompressed point.
pub(super) const UNCOMPRESSED: u8 = 4;

/// Rejects all forms of a point except the uncompressed one (`0x04`, x, y, SEC 1 section 2.3.3), with numbers of
/// `scalar` bytes: RFC 9846 section 4.3.8.2 (`uint8 legacy_form = 4`) for key shares, RFC 8422 section 5.1.1 for
/// certificates. The parser of the point checks that it is on the curve.
fn uncompressed(point: &[u8], scalar: usize) -> Result<&[u8], CryptoError> {
    match point {
        [UNCOMPRESSED, x_y @ ..] if x_y.len() == 2 * scalar => Ok(point),
        _ => Err(CryptoError::Invalid),
    }
}

fn uncompressed_p256(point: &[u8]) -> Result<&[u8], CryptoError> {
    uncompressed(point, P256_SCALAR)
}

/// Parses an uncompressed point on the curve. The parser of the crate, which also supports compressed points, would
/// take 2 KB more.
pub(super) fn point_p256(point: &[u8]) -> Result<AffinePoint, CryptoError> {
    let (_, x_y) = uncompressed_p256(point)?.split_first().ok_or(CryptoError::Invalid)?;
    let (numbers, _) = x_y.as_chunks::<P256_SCALAR>();
    let [x, y] = numbers else { return Err(CryptoError::Invalid) };
    AffinePoint::from_coordinates(&(*x).into(), &(*y).into()).into_option().ok_or(CryptoError::Invalid)
}

/// Multiplies the base point.
fn of_base(scalar: &NonZeroScalar) -> AffinePoint {
    ProjectivePoint::mul_by_generator(scalar).to_affine()
}

/// Verifies a signature. A digest longer than a scalar is truncated (FIPS 186-5 section 6.4.2).
pub(super) fn verify_p256(public_key: &[u8], digest: &[u8], signature: &[u8]) -> Result<(), CryptoError> {
    let key = point_p256(public_key)?;
    // Rejects 0 and numbers that are not below the group order.
    let [r, s] = ecdsa_sig_value(signature)?;
    let [r, s] = [nonzero(&r), nonzero(&s)];
    let (r, s) = (r.map_err(|_| CryptoError::Forged)?, s.map_err(|_| CryptoError::Forged)?);
    let z = reduced(digest.first_chunk().ok_or(CryptoError::Invalid)?);
    // Nothing is secret here, but the variable-time method would take 1 KB more.
    let inverse = *s.invert();
    let sum = Point::sum(&(z * inverse), &(*r * inverse), &key).ok_or(CryptoError::Invalid)?;
    if sum.has_x_modulo_order(&r) { Ok(()) } else { Err(CryptoError::Forged) }
}

#[cfg(feature = "p384")]
pub(super) fn verify_p384(public_key: &[u8], digest: &[u8], signature: &[u8]) -> Result<(), CryptoError> {
    use p384::ecdsa::{Signature, VerifyingKey};
    let key =
        VerifyingKey::from_sec1_bytes(uncompressed(public_key, P384_SCALAR)?).map_err(|_| CryptoError::Invalid)?;
    let [r, s] = ecdsa_sig_value::<P384_SCALAR>(signature)?;
    let signature = Signature::from_scalars(r, s).map_err(|_| CryptoError::Forged)?;
    key.verify_prehash(digest, &signature).map_err(|_| CryptoError::Forged)
}

impl P256SigningKey {
    /// Creates a key from its private scalar, 32 bytes, big-endian. One public-key operation.
    ///
    /// # Errors
    /// [`CryptoError::Invalid`] if the scalar is 0 or not below the order of the group.
    pub fn from_bytes(scalar: &[u8; 32]) -> Result<Self, CryptoError> {
        let private = Zeroizing::new(*scalar);
        let point = of_base(&Zeroizing::new(nonzero(scalar)?));
        let mut public = [0; 65];
        let bytes = [UNCOMPRESSED].into_iter().chain(point.x()).chain(point.y());
        public.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
        Ok(Self { private, public })
    }

    /// Creates a key from its DER, see [`DecodedKey::from_der`]. One public-key operation.
    ///
    /// # Errors
    /// As [`DecodedKey::from_der`] and `from_bytes`; [`CryptoError::Unsupported`] if the key is not on P-256.
    pub fn from_der(der: &[u8]) -> Result<Self, CryptoError> {
        match DecodedKey::from_der(der)? {
            DecodedKey::P256(scalar) => Self::from_bytes(scalar),
            _ => Err(CryptoError::Unsupported),
        }
    }

    /// Signs a SHA-256 digest: `r || s`, 32 bytes each, big-endian. One public-key operation.
    ///
    /// The nonce depends on no generator that could fail.
    ///
    /// `hedge` is added to the nonce's inputs, the key and the digest (RFC 6979 section 3.6), so that neither a fault
    /// in the computation nor a repeated digest repeats a nonce: see [`SignInput::hedge`](crate::SignInput::hedge). It
    /// need not be secret; if it is empty, the signature is that of RFC 6979 section 3.2.
    ///
    /// # Errors
    /// [`CryptoError::Invalid`] if the provider fails.
    pub fn sign_digest(&self, digest: &[u8; 32], hedge: &[u8]) -> Result<[u8; 64], CryptoError> {
        sign(&self.private, digest, hedge, |nonce| Ok(of_base(nonce).x().into()))
    }

    /// Returns the public key as an uncompressed point, 65 bytes (SEC 1 section 2.3.3), as in the certificate.
    pub const fn public_key(&self) -> [u8; 65] {
        self.public
    }
}

#[cfg(feature = "p384")]
impl P384SigningKey {
    /// Creates a key from its private scalar, 48 bytes, big-endian. One public-key operation.
    ///
    /// # Errors
    /// [`CryptoError::Invalid`] if the scalar is 0 or not below the order of the group.
    pub fn from_bytes(scalar: &[u8; 48]) -> Result<Self, CryptoError> {
        p384::ecdsa::SigningKey::from_bytes(scalar.into()).map(Self).map_err(|_| CryptoError::Invalid)
    }

    /// Creates a key from its DER, see [`DecodedKey::from_der`]. One public-key operation.
    ///
    /// # Errors
    /// As [`DecodedKey::from_der`] and `from_bytes`; [`CryptoError::Unsupported`] if the key is not on P-384.
    pub fn from_der(der: &[u8]) -> Result<Self, CryptoError> {
        match DecodedKey::from_der(der)? {
            DecodedKey::P384(scalar) => Self::from_bytes(scalar),
            _ => Err(CryptoError::Unsupported),
        }
    }

    /// Signs a SHA-384 digest: `r || s`, 48 bytes each, big-endian. One public-key operation.
    ///
    /// The nonce depends on no generator that could fail.
    ///
    /// For `hedge` see [`P256SigningKey::sign_digest`].
    ///
    /// # Errors
    /// [`CryptoError::Invalid`] if the provider fails.
    pub fn sign_digest(&self, digest: &[u8; 48], hedge: &[u8]) -> Result<[u8; 96], CryptoError> {
        let key = self.0.as_nonzero_scalar();
        let (signature, _) = sign_prehashed_rfc6979::<p384::NistP384, sha2::Sha384>(key, digest, hedge);
        Ok(signature.to_bytes().into())
    }

    /// Returns the public key as an uncompressed point, 97 bytes (SEC 1 section 2.3.3), as in the certificate.
    pub fn public_key(&self) -> [u8; 97] {
        let mut bytes = [0; 97];
        // The point is never the identity, so it always has this length.
        crate::codec::copy(&mut bytes, self.0.verifying_key().to_sec1_point(false).as_bytes());
        bytes
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;
    use crate::crypto::rustcrypto::RustCrypto;
    use crate::crypto::rustcrypto::hash::sha256;
    use crate::crypto::{CryptoProvider, SignatureAlgorithm};
    use crate::rfc8448::{hex, hex_array};

    /// FIPS 186-5 section 6.4.2: r and s are below the order. For this key (r, 1) is a signature, and so (r, 1 + n) is one
    /// for an implementation that reduces first.
    #[test]
    fn an_s_of_the_order_and_more_is_rejected() {
        use p256::elliptic_curve::PrimeField;
        use p256::elliptic_curve::ops::Reduce;
        use p256::elliptic_curve::point::AffineCoordinates;
        use p256::{FieldBytes, ProjectivePoint, Scalar};
        let digest = sha256(b"message");
        let z = Scalar::reduce(&FieldBytes::from(digest));
        let k = Scalar::reduce(&FieldBytes::from(sha256(b"nonce")));
        let r = Scalar::reduce(&(ProjectivePoint::GENERATOR * k).to_affine().x());
        let secret = (k - z) * Option::<Scalar>::from(r.invert()).unwrap();
        let point =
            p256::ecdsa::SigningKey::from_slice(&secret.to_repr()).unwrap().verifying_key().to_sec1_point(false);
        let number = |bytes: &[u8]| {
            let zero = usize::from(bytes[0] >= 0x80);
            [&[2, u8::try_from(bytes.len() + zero).unwrap()], &[0][..zero], bytes].concat()
        };
        let verify = |s: &[u8]| {
            let content = [number(&r.to_repr()), number(s)].concat();
            let signature = [&[0x30, u8::try_from(content.len()).unwrap()], &content[..]].concat();
            RustCrypto.verify(SignatureAlgorithm::EcdsaP256Sha256, point.as_bytes(), &digest, &signature)
        };
        let mut one_and_order = hex(ORDER);
        *one_and_order.last_mut().unwrap() += 1;
        assert_eq!(verify(&[1]), Ok(()));
        assert_eq!(verify(&one_and_order), Err(CryptoError::Forged));
    }

    /// Order of the P-256 group.
    const ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    /// The private key and the signature over SHA-256 of "sample" of RFC 6979 appendix A.2.5.
    const SAMPLE_KEY: &str = "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721";
    const SAMPLE_R: &str = "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716";
    const SAMPLE_S: &str = "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";

    fn verify(digest: &[u8], signature: &[u8]) -> Result<(), CryptoError> {
        let key = P256SigningKey::from_bytes(&hex_array(SAMPLE_KEY)).unwrap();
        RustCrypto.verify(SignatureAlgorithm::EcdsaP256Sha256, &key.public_key(), digest, signature)
    }

    fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
        [&[tag, u8::try_from(content.len()).unwrap()], content].concat()
    }

    fn der(r: &[u8], s: &[u8]) -> Vec<u8> {
        tlv(0x30, &[tlv(2, r), tlv(2, s)].concat())
    }

    /// An INTEGER with the zero that both numbers of the sample need.
    fn integer(digits: &str) -> Vec<u8> {
        [&[0], &hex(digits)[..]].concat()
    }

    #[test]
    fn signatures_are_those_of_rfc_6979() {
        let key = P256SigningKey::from_bytes(&hex_array(SAMPLE_KEY)).unwrap();
        assert_eq!(
            key.public_key(),
            *hex("0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6\
                7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299")
        );
        assert_eq!(key.sign_digest(&sha256(b"sample"), &[]).unwrap(), *hex(&[SAMPLE_R, SAMPLE_S].concat()));
        assert!(verify(&sha256(b"sample"), &der(&integer(SAMPLE_R), &integer(SAMPLE_S))).is_ok());
        let forged = verify(&sha256(b"simple"), &der(&integer(SAMPLE_R), &integer(SAMPLE_S)));
        assert_eq!(forged, Err(CryptoError::Forged));
    }

    /// RFC 6979 section 3.6, as another implementation has it.
    #[cfg(feature = "p384")]
    #[test]
    fn a_hedge_makes_another_signature_that_is_valid_too() {
        let key = P256SigningKey::from_bytes(&hex_array(SAMPLE_KEY)).unwrap();
        let scalar = nonzero(&hex_array(SAMPLE_KEY)).unwrap();
        let digest = sha256(b"sample");
        let mut seen = Vec::new();
        for hedge in [&[][..], &[0; 32], &[7; 32], &[7; 20]] {
            let signature = key.sign_digest(&digest, hedge).unwrap();
            let (other, _) = sign_prehashed_rfc6979::<p256::NistP256, sha2::Sha256>(&scalar, &digest, hedge);
            assert_eq!(signature[..], other.to_bytes()[..], "{hedge:?}");
            assert!(!seen.contains(&signature), "{hedge:?}");
            seen.push(signature);
        }
    }

    /// The private key and the signature over SHA-384 of "sample" of RFC 6979 appendix A.2.6.
    #[cfg(feature = "p384")]
    #[test]
    fn p384_signatures_are_those_of_rfc_6979() {
        use sha2::Digest as _;
        let key = P384SigningKey::from_bytes(&hex_array(
            "6b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d896d5724e4c70a825f872c9ea60d2edf5",
        ))
        .unwrap();
        let r = "94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf96e36dd1e80fabe46";
        let s = "99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa329c145786e679e7b82c71a38628ac8";
        let digest: [u8; 48] = sha2::Sha384::digest(b"sample").into();
        assert_eq!(key.sign_digest(&digest, &[]).unwrap(), *hex(&[r, s].concat()));
        let signature = der(&integer(r), &integer(s));
        let verify = |algorithm, digest: &[u8]| RustCrypto.verify(algorithm, &key.public_key(), digest, &signature);
        assert_eq!(verify(SignatureAlgorithm::EcdsaP384Sha384, &digest), Ok(()));
        assert_eq!(verify(SignatureAlgorithm::EcdsaP384Sha384, &[1; 48]), Err(CryptoError::Forged));
        assert_eq!(verify(SignatureAlgorithm::EcdsaP384Sha256, &digest), Err(CryptoError::Invalid));
        assert_eq!(verify(SignatureAlgorithm::EcdsaP256Sha384, &digest), Err(CryptoError::Invalid));
    }

    #[test]
    fn a_scalar_out_of_range_is_not_a_signing_key() {
        for scalar in ["00".repeat(32), ORDER.into(), "ff".repeat(32)] {
            assert_eq!(P256SigningKey::from_bytes(&hex_array(&scalar)).err(), Some(CryptoError::Invalid));
        }
    }

    #[test]
    fn a_digest_of_another_length_is_rejected() {
        let signature = der(&integer(SAMPLE_R), &integer(SAMPLE_S));
        for len in [0, 31, 33, 48] {
            assert_eq!(verify(&[0; 48][..len], &signature), Err(CryptoError::Invalid));
        }
    }

    #[test]
    fn a_signature_is_strict_der() {
        let (r, s) = (integer(SAMPLE_R), integer(SAMPLE_S));
        let right = der(&r, &s);
        let digest = sha256(b"sample");
        let refused = |why: &str, signature: &[u8]| {
            assert_eq!(verify(&digest, signature), Err(CryptoError::Invalid), "{why}");
        };
        for len in 0..right.len() {
            refused("cut off", &right[..len]);
        }
        refused("a byte behind it", &[&right[..], &[0]].concat());
        refused("a byte inside, behind s", &tlv(0x30, &[tlv(2, &r), tlv(2, &s), [0].to_vec()].concat()));
        refused("a third number", &tlv(0x30, &[tlv(2, &r), tlv(2, &s), tlv(2, &[1])].concat()));
        refused("one number", &tlv(0x30, &tlv(2, &r)));
        refused("another outer tag", &tlv(0x31, &right[2..]));
        refused("another inner tag", &tlv(0x30, &[tlv(3, &r), tlv(2, &s)].concat()));
        refused("a length in long form", &[&[0x30, 0x81, right[1]], &right[2..]].concat());
        refused("an indefinite length", &[&[0x30, 0x80], &right[2..], &[0, 0]].concat());
        refused("a needless zero", &der(&[&[0], &r[..]].concat(), &s));
        refused("a needless zero before a small number", &der(&[0, 1], &s));
        refused("a negative number", &der(&r[1..], &s));
        refused("an empty number", &der(&[], &s));
        refused("33 bytes", &der(&[&[1], &[0; 32][..]].concat(), &s));
    }

    #[test]
    fn a_signature_with_a_number_out_of_range_is_forged() {
        let (r, s) = (integer(SAMPLE_R), integer(SAMPLE_S));
        let digest = sha256(b"sample");
        for number in [[0].to_vec(), [1].to_vec(), integer(ORDER), integer(&"ff".repeat(32))] {
            assert_eq!(verify(&digest, &der(&number, &s)), Err(CryptoError::Forged));
            assert_eq!(verify(&digest, &der(&r, &number)), Err(CryptoError::Forged));
        }
    }

    #[test]
    fn a_certificate_key_is_uncompressed_and_on_the_curve() {
        let key = P256SigningKey::from_bytes(&hex_array(SAMPLE_KEY)).unwrap().public_key();
        let signature = der(&integer(SAMPLE_R), &integer(SAMPLE_S));
        let verify =
            |key: &[u8]| RustCrypto.verify(SignatureAlgorithm::EcdsaP256Sha256, key, &sha256(b"sample"), &signature);
        assert!(verify(&key).is_ok());
        assert_eq!(verify(&[&[3], &key[1..33]].concat()), Err(CryptoError::Invalid));
        assert_eq!(verify(&[&[7], &key[1..]].concat()), Err(CryptoError::Invalid));
        assert_eq!(verify(&key[1..]), Err(CryptoError::Invalid));
        assert_eq!(verify(&[0]), Err(CryptoError::Invalid));
        let mut off = key;
        off[64] ^= 1;
        assert_eq!(verify(&off), Err(CryptoError::Invalid));
    }
}
