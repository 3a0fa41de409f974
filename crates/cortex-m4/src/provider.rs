//! The provider, its keys, and the points and numbers of the assembly.

use core::fmt;
#[cfg(feature = "x25519")]
use embedded_mtls::crypto::rustcrypto::X25519PrivateKey;
use embedded_mtls::crypto::rustcrypto::{self, RustCrypto};
use embedded_mtls::crypto::{
    AeadAlgorithm, CryptoError, CryptoProvider, Digest, HashAlgorithm, KEY_SEED_LEN, KeyExchange, KeyShare,
    SharedSecret, SignatureAlgorithm, ecdsa_sig_value,
};
use embedded_mtls::io::SigningKey;
use embedded_mtls::{CipherSuite, NamedGroup, Signature, SignatureScheme};
use p256::elliptic_curve::hazmat::FieldArithmetic;
use p256::elliptic_curve::ops::{Invert, Reduce};
use p256::elliptic_curve::{Field, PrimeField};
use p256::{FieldBytes, NistP256, NonZeroScalar, Scalar};
// Not found? Then the target is not thumbv7em-none-eabi or thumbv7em-none-eabihf.
use p256_cm4::{octet_string_to_point, point_to_octet_string_uncompressed, scalarmult_base, scalarmult_generic};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// The provider with P-256 in assembly.
#[derive(Clone, Copy, Debug, Default)]
pub struct CortexM4;

/// An ephemeral private key. 36 bytes, wiped when dropped.
pub struct CortexM4PrivateKey(Private);

enum Private {
    P256(Words),
    #[cfg(feature = "x25519")]
    X25519(X25519PrivateKey),
}

/// A P-256 signing key in memory, for credentials whose key is not in a secure element. Wiped when dropped.
///
/// Create it once and keep it: this computes the public key, which costs as much as a signature.
pub struct CortexM4SigningKey {
    private: Zeroizing<[u8; 32]>,
    public: [u8; 65],
}

/// A number of 256 bits, the lowest word first, as the assembly requires. Wiped when dropped.
#[derive(Zeroize, ZeroizeOnDrop)]
struct Words([u32; 8]);

/// A number modulo p.
type Coordinate = <NistP256 as FieldArithmetic>::FieldElement;

/// A point other than the identity.
struct Point {
    x: Words,
    y: Words,
}

impl CryptoProvider for CortexM4 {
    type Hash = rustcrypto::RunningHash;
    type Aead = rustcrypto::RecordKey;
    type KeyExchange = CortexM4PrivateKey;

    const CIPHER_SUITES: &'static [CipherSuite] = RustCrypto::CIPHER_SUITES;
    // P-256 is the fastest here.
    const NAMED_GROUPS: &'static [NamedGroup] = &[
        NamedGroup::SECP256R1,
        #[cfg(feature = "x25519")]
        NamedGroup::X25519,
    ];
    const SIGNATURE_ALGORITHMS: &'static [SignatureAlgorithm] = RustCrypto::SIGNATURE_ALGORITHMS;
    const SIGNATURE_SCHEMES: &'static [SignatureScheme] = RustCrypto::SIGNATURE_SCHEMES;
    const CERTIFICATE_SCHEMES: &'static [SignatureScheme] = RustCrypto::CERTIFICATE_SCHEMES;

    fn hash(self, algorithm: HashAlgorithm) -> Result<Self::Hash, CryptoError> {
        RustCrypto.hash(algorithm)
    }

    fn hmac(self, algorithm: HashAlgorithm, key: &[u8], message: &[&[u8]]) -> Result<Digest, CryptoError> {
        RustCrypto.hmac(algorithm, key, message)
    }

    fn aead(self, algorithm: AeadAlgorithm, key: &[u8]) -> Result<Self::Aead, CryptoError> {
        RustCrypto.aead(algorithm, key)
    }

    fn key_exchange(self, group: NamedGroup, seed: &[u8; KEY_SEED_LEN]) -> Result<CortexM4PrivateKey, CryptoError> {
        Ok(CortexM4PrivateKey(match group {
            NamedGroup::SECP256R1 => Private::P256(Words::from_seed(seed)?),
            #[cfg(feature = "x25519")]
            NamedGroup::X25519 => Private::X25519(X25519PrivateKey::new(seed)),
            _ => return Err(CryptoError::Unsupported),
        }))
    }

    fn verify(
        self,
        algorithm: SignatureAlgorithm,
        public_key: &[u8],
        signed: &[u8],
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        if algorithm.hash().is_some_and(|hash| hash.output_len() != signed.len()) {
            return Err(CryptoError::Invalid);
        }
        match algorithm {
            SignatureAlgorithm::EcdsaP256Sha256 | SignatureAlgorithm::EcdsaP256Sha384
                if Self::SIGNATURE_ALGORITHMS.contains(&algorithm) =>
            {
                verify_p256(public_key, signed, signature)
            }
            // If it supports no other algorithm, RustCrypto's P-256 is not linked.
            _ if Self::SIGNATURE_ALGORITHMS.len() > 1 => RustCrypto.verify(algorithm, public_key, signed, signature),
            _ => Err(CryptoError::Unsupported),
        }
    }
}

impl KeyExchange for CortexM4PrivateKey {
    fn key_share(&self) -> Result<KeyShare, CryptoError> {
        match &self.0 {
            Private::P256(key) => KeyShare::new(&Point::of_base(key)?.to_bytes()),
            #[cfg(feature = "x25519")]
            Private::X25519(key) => key.key_share(),
        }
    }

    fn agree(self, peer: &[u8]) -> Result<SharedSecret, CryptoError> {
        match self.0 {
            // RFC 9846 section 7.4.2: the shared secret is the x coordinate with its leading zeros.
            Private::P256(key) => Ok(SharedSecret::new(Point::from_bytes(peer)?.times(&key)?.x.to_bytes())),
            #[cfg(feature = "x25519")]
            Private::X25519(key) => key.agree(peer),
        }
    }
}

impl CortexM4SigningKey {
    /// A key from its private scalar, 32 bytes, big-endian. One public-key operation.
    ///
    /// # Errors
    /// [`CryptoError::Invalid`] if the scalar is 0 or not below the order of the group.
    pub fn from_bytes(scalar: &[u8; 32]) -> Result<Self, CryptoError> {
        let public = Point::of_base(&Words::from_bytes(scalar))?.to_bytes();
        Ok(Self { private: Zeroizing::new(*scalar), public })
    }

    /// Signs a SHA-256 digest: `r || s`, 32 bytes each, big-endian. One public-key operation.
    ///
    /// The nonce depends on no generator that could fail.
    ///
    /// `hedge` is as for [`P256SigningKey::sign_digest`](rustcrypto::P256SigningKey::sign_digest).
    ///
    /// # Errors
    /// [`CryptoError::Invalid`] if the provider fails.
    pub fn sign_digest(&self, digest: &[u8; 32], hedge: &[u8]) -> Result<[u8; 64], CryptoError> {
        rustcrypto::sign_p256_with(&self.private, digest, hedge, |nonce| {
            Point::of_base(&Words::from_bytes(nonce)).map(|point| point.x.to_bytes())
        })
    }

    /// The public key as an uncompressed point, 65 bytes (SEC 1 section 2.3.3), as in the certificate.
    pub const fn public_key(&self) -> [u8; 65] {
        self.public
    }
}

impl SigningKey for CortexM4SigningKey {
    fn sign(&self, message: &[u8], hedge: &[u8]) -> Option<Signature> {
        let digest = RustCrypto.digest(HashAlgorithm::Sha256, &[message]).ok()?;
        self.sign_digest(digest.as_bytes().first_chunk()?, hedge).ok().map(Signature::P256)
    }
}

impl fmt::Debug for CortexM4PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CortexM4PrivateKey").finish_non_exhaustive()
    }
}

impl fmt::Debug for CortexM4SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CortexM4SigningKey").finish_non_exhaustive()
    }
}

/// Checks that a number is between 1 and the order minus 1; a signature with another number is forged.
fn nonzero(bytes: &[u8; 32]) -> Result<NonZeroScalar, CryptoError> {
    NonZeroScalar::from_repr((*bytes).into()).into_option().ok_or(CryptoError::Forged)
}

/// Verifies a signature. A digest longer than a scalar is truncated (FIPS 186-5 section 6.4.2). Nothing here is secret.
fn verify_p256(public_key: &[u8], digest: &[u8], signature: &[u8]) -> Result<(), CryptoError> {
    let key = Point::from_bytes(public_key)?;
    let [r, s] = ecdsa_sig_value(signature)?;
    let (r, s) = (nonzero(&r)?, nonzero(&s)?);
    let z = Scalar::reduce(&FieldBytes::from(*digest.first_chunk().ok_or(CryptoError::Invalid)?));
    let inverse = *s.invert_vartime();
    let (of_base, of_key) = (z * inverse, *r * inverse);
    // Neither r nor 1/s is 0.
    let of_key = key.times(&Words::from_scalar(&of_key))?;
    let r = Words::from_scalar(&r);
    // The x of the sum is r modulo the order: r or, once in 2^128, r plus the order.
    let candidates = [Some(r.coordinate()), r.plus_order().map(|r| r.coordinate())];
    let is_x = |x: Coordinate| {
        // The assembly does not support zero.
        if bool::from(of_base.is_zero()) {
            return Ok(x == of_key.x.coordinate()?);
        }
        Point::of_base(&Words::from_scalar(&of_base))?.plus_has_x(&of_key, x)
    };
    for x in candidates.into_iter().flatten().flatten() {
        if is_x(x)? {
            return Ok(());
        }
    }
    Err(CryptoError::Forged)
}

/// Bytes of an uncompressed point (SEC 1 section 2.3.3), and the first of them.
const POINT_LEN: usize = 65;
const UNCOMPRESSED: u8 = 4;

/// Seeds to try, each the hash of the one before, as in [`RustCrypto`]. One in 2^32 is not a scalar of P-256, so all of
/// them fail once in 2^128.
const SEED_TRIES: usize = 4;

impl Point {
    const ZERO: Words = Words([0; 8]);

    /// `scalar` times the base point; the scalar must not be 0, nor the order or above.
    fn of_base(scalar: &Words) -> Result<Self, CryptoError> {
        let mut point = Self { x: Self::ZERO, y: Self::ZERO };
        let valid = scalarmult_base(&mut point.x.0, &mut point.y.0, &scalar.0);
        if valid { Ok(point) } else { Err(CryptoError::Invalid) }
    }

    /// `scalar` times this point; the scalar must not be 0, nor the order or above.
    fn times(&self, scalar: &Words) -> Result<Self, CryptoError> {
        let mut point = Self { x: Self::ZERO, y: Self::ZERO };
        let valid = scalarmult_generic(&mut point.x.0, &mut point.y.0, &scalar.0, &self.x.0, &self.y.0);
        if valid { Ok(point) } else { Err(CryptoError::Invalid) }
    }

    /// A point on the curve, uncompressed.
    fn from_bytes(bytes: &[u8]) -> Result<Self, CryptoError> {
        let mut point = Self { x: Self::ZERO, y: Self::ZERO };
        // The parser accepts other forms, and returns wrong points for compressed ones.
        let uncompressed = bytes.len() == POINT_LEN && bytes.first() == Some(&UNCOMPRESSED);
        let valid = uncompressed && octet_string_to_point(&mut point.x.0, &mut point.y.0, bytes);
        if valid { Ok(point) } else { Err(CryptoError::Invalid) }
    }

    /// Uncompressed.
    fn to_bytes(&self) -> [u8; 65] {
        let mut bytes = [0; 65];
        point_to_octet_string_uncompressed(&mut bytes, &self.x.0, &self.y.0);
        bytes
    }

    /// Returns whether `x` is the x of the sum of this point and `other`: with a chord or tangent through both of slope
    /// `rise / run`, `x + x1 + x2 = (rise / run)^2`. Avoids the division, which would take half as long as a point
    /// multiplication. Not in constant time.
    fn plus_has_x(&self, other: &Self, x: Coordinate) -> Result<bool, CryptoError> {
        let [x1, y1, x2, y2] =
            [self.x.coordinate()?, self.y.coordinate()?, other.x.coordinate()?, other.y.coordinate()?];
        let (rise, run) = if x1 != x2 {
            (y2 - y1, x2 - x1)
        } else if y1 == y2 {
            // The curve is y^2 = x^3 - 3 x + b.
            let square = x1.square() - Coordinate::ONE;
            (square.double() + square, y1.double())
        } else {
            return Ok(false);
        };
        Ok((x + x1 + x2) * run.square() == rise.square())
    }
}

impl Words {
    fn from_scalar(scalar: &Scalar) -> Self {
        Self::from_bytes(&scalar.to_bytes().into())
    }

    /// Derives a private key from a seed; a seed that is 0 or not below the group order is hashed first. The timing
    /// reveals that this happened, but nothing about the key.
    fn from_seed(seed: &[u8; KEY_SEED_LEN]) -> Result<Self, CryptoError> {
        let mut candidate = Zeroizing::new(*seed);
        for _ in 0..SEED_TRIES {
            if nonzero(&candidate).map(Zeroizing::new).is_ok() {
                return Ok(Self::from_bytes(&candidate));
            }
            let digest = Zeroizing::new(RustCrypto.digest(HashAlgorithm::Sha256, &[candidate.as_slice()])?);
            *candidate = *digest.as_bytes().first_chunk().ok_or(CryptoError::Invalid)?;
        }
        Err(CryptoError::Invalid)
    }

    /// Converts from 32 bytes, the highest first.
    fn from_bytes(bytes: &[u8; 32]) -> Self {
        let mut words = Self([0; 8]);
        let (chunks, _) = bytes.as_chunks();
        words.0.iter_mut().rev().zip(chunks).for_each(|(word, chunk)| *word = u32::from_be_bytes(*chunk));
        words
    }

    /// Converts to a coordinate; fails for p and above.
    fn coordinate(&self) -> Result<Coordinate, CryptoError> {
        Coordinate::from_repr(self.to_bytes().into()).into_option().ok_or(CryptoError::Invalid)
    }

    /// Returns this plus the order of the group, if that is below 2^256.
    fn plus_order(&self) -> Option<Self> {
        let order =
            Self([0xfc63_2551, 0xf3b9_cac2, 0xa717_9e84, 0xbce6_faad, 0xffff_ffff, 0xffff_ffff, 0, 0xffff_ffff]);
        let mut sum = Self([0; 8]);
        let mut carry = false;
        for ((sum, a), b) in sum.0.iter_mut().zip(self.0).zip(order.0) {
            let (partial, over) = a.overflowing_add(b);
            let (whole, over_again) = partial.overflowing_add(carry.into());
            *sum = whole;
            carry = over || over_again;
        }
        (!carry).then_some(sum)
    }

    fn to_bytes(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        let (chunks, _) = bytes.as_chunks_mut();
        chunks.iter_mut().zip(self.0.iter().rev()).for_each(|(chunk, word)| *chunk = word.to_be_bytes());
        bytes
    }
}
