//! P-256 in assembly for Cortex-M4: a handshake takes a sixth to a seventh of the instructions of
//! [`rustcrypto`](super::rustcrypto), which does everything else here.
//!
//! The multiplications of points are those of the crate `p256-cm4` (P256-Cortex-M4 in Rust), the
//! numbers modulo the order of the group those of `p256`. For thumbv7em alone.
//!
//! # Caveats
//!
//! The multiplications take the same time for all scalars as long as memory does: they read tables at places
//! that depend on secrets. That is so on a Cortex-M4 that reads its flash without a data cache. **Not on a Cortex-M7
//! with its data cache on**, which has the same target triple; nor where a flash controller caches data (switch
//! that off, as `DCEN` of STM32). What the assembly leaves on the stack is not wiped.

#[cfg(not(target_arch = "arm"))]
compile_error!("the feature `cortex-m4` builds for thumbv7em-none-eabi and thumbv7em-none-eabihf alone");

use p256::elliptic_curve::hazmat::FieldArithmetic;
use p256::elliptic_curve::ops::Invert;
use p256::elliptic_curve::{Field, PrimeField};
use p256::{NistP256, Scalar};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

// Not found? Then the target is not thumbv7em-none-eabi or thumbv7em-none-eabihf.
use p256_cm4::{octet_string_to_point, point_to_octet_string_uncompressed, scalarmult_base, scalarmult_generic};

use super::rustcrypto::ecdsa::{ecdsa_sig_value, padded, uncompressed_p256};
#[cfg(feature = "x25519")]
use super::rustcrypto::key_exchange::X25519PrivateKey;
use super::rustcrypto::key_exchange::p256_private_key;
use super::rustcrypto::nonce::{nonzero, reduced, sign};
use super::rustcrypto::{self, RustCrypto};
use super::{
    AeadAlgorithm, CryptoError, CryptoProvider, Digest, HashAlgorithm, KEY_SEED_LEN, KeyExchange, KeyShare,
    SharedSecret, SignatureAlgorithm,
};
use crate::wire::enums::{CipherSuite, NamedGroup, SignatureScheme};

/// The provider of this back end.
#[derive(Clone, Copy, Debug, Default)]
pub struct CortexM4;

/// An ephemeral private key. 36 bytes, wiped when dropped.
pub struct CortexM4PrivateKey(Private);

debug_by_name!("CortexM4PrivateKey", [] CortexM4PrivateKey);

enum Private {
    P256(Words),
    #[cfg(feature = "x25519")]
    X25519(X25519PrivateKey),
}

/// A P-256 signing key in memory, for credentials whose key lies in no secure element. Wiped when dropped.
///
/// Make it once and keep it: making it computes the public key, which costs as much as a signature.
pub struct CortexM4SigningKey {
    private: Zeroizing<[u8; 32]>,
    public: [u8; 65],
}

debug_by_name!("CortexM4SigningKey", [] CortexM4SigningKey);

/// A number of 256 bits, the lowest word first, as the assembly takes it. Wiped when dropped.
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
    // Here P-256 is the quickest.
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
            NamedGroup::SECP256R1 => {
                let bytes = Zeroizing::new(<[u8; 32]>::from(p256_private_key(seed)?.to_bytes()));
                Private::P256(Words::from_bytes(&bytes))
            }
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
            SignatureAlgorithm::EcdsaP256Sha256 => verify_p256(public_key, signed, signature),
            #[cfg(feature = "p384")]
            SignatureAlgorithm::EcdsaP256Sha384 => verify_p256(public_key, signed, signature),
            _ => rustcrypto::verify_other(algorithm, public_key, signed, signature),
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
    /// The nonce needs no generator that could fail.
    ///
    /// `hedge` is as for [`P256SigningKey::sign_digest`](super::rustcrypto::P256SigningKey::sign_digest).
    ///
    /// # Errors
    /// [`CryptoError::Invalid`] if the back end fails.
    pub fn sign_digest(&self, digest: &[u8; 32], hedge: &[u8]) -> Result<[u8; 64], CryptoError> {
        sign(&self.private, digest, hedge, |nonce| {
            let bytes = Zeroizing::new(<[u8; 32]>::from(nonce.to_bytes()));
            let nonce = Words::from_bytes(&bytes);
            Point::of_base(&nonce).map(|point| point.x.to_bytes())
        })
    }

    /// The public key as an uncompressed point, 65 bytes (SEC 1 section 2.3.3), as it stands in the
    /// certificate.
    pub const fn public_key(&self) -> [u8; 65] {
        self.public
    }
}

/// A digest longer than a scalar is cut (FIPS 186-5 section 6.4.2). Nothing here is secret.
fn verify_p256(public_key: &[u8], digest: &[u8], signature: &[u8]) -> Result<(), CryptoError> {
    let key = Point::from_bytes(public_key)?;
    let (r, s) = ecdsa_sig_value(signature)?;
    // Refuses 0 and what is not below the group order.
    let [r, s] = [nonzero(&padded(r)?), nonzero(&padded(s)?)];
    let (r, s) = (r.map_err(|_| CryptoError::Forged)?, s.map_err(|_| CryptoError::Forged)?);
    let z = reduced(digest.first_chunk().ok_or(CryptoError::Invalid)?);
    let inverse = *s.invert_vartime();
    let (of_base, of_key) = (z * inverse, *r * inverse);
    // Neither r nor 1/s is 0.
    let of_key = key.times(&Words::from_scalar(&of_key))?;
    let r = Words::from_scalar(&r);
    // The x of the sum is r modulo the order: it is r, or, once in 2^128, r and the order.
    let candidates = [Some(r.coordinate()), r.plus_order().map(|r| r.coordinate())];
    let is_x = |x: Coordinate| {
        // The assembly has no zero.
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

impl Point {
    const ZERO: Words = Words([0; 8]);

    /// `scalar` times the base point; not for a scalar of 0 or from the order on.
    fn of_base(scalar: &Words) -> Result<Self, CryptoError> {
        let mut point = Self { x: Self::ZERO, y: Self::ZERO };
        let valid = scalarmult_base(&mut point.x.0, &mut point.y.0, &scalar.0);
        if valid { Ok(point) } else { Err(CryptoError::Invalid) }
    }

    /// `scalar` times this point; not for a scalar of 0 or from the order on.
    fn times(&self, scalar: &Words) -> Result<Self, CryptoError> {
        let mut point = Self { x: Self::ZERO, y: Self::ZERO };
        let valid = scalarmult_generic(&mut point.x.0, &mut point.y.0, &scalar.0, &self.x.0, &self.y.0);
        if valid { Ok(point) } else { Err(CryptoError::Invalid) }
    }

    /// A point on the curve, uncompressed.
    fn from_bytes(bytes: &[u8]) -> Result<Self, CryptoError> {
        let mut point = Self { x: Self::ZERO, y: Self::ZERO };
        let valid = octet_string_to_point(&mut point.x.0, &mut point.y.0, uncompressed_p256(bytes)?);
        if valid { Ok(point) } else { Err(CryptoError::Invalid) }
    }

    /// Uncompressed.
    fn to_bytes(&self) -> [u8; 65] {
        let mut bytes = [0; 65];
        point_to_octet_string_uncompressed(&mut bytes, &self.x.0, &self.y.0);
        bytes
    }

    /// Returns whether `x` is the x of the sum of this point and `other`: with a chord or tangent through both of slope
    /// `rise / run`, `x + x1 + x2 = (rise / run)^2`. Not divided, as that would take as long as half a
    /// multiplication of a point. Not in constant time.
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

    /// From 32 bytes, the highest first.
    fn from_bytes(bytes: &[u8; 32]) -> Self {
        let mut words = Self([0; 8]);
        let (chunks, _) = bytes.as_chunks();
        words.0.iter_mut().rev().zip(chunks).for_each(|(word, chunk)| *word = u32::from_be_bytes(*chunk));
        words
    }

    /// As a coordinate; not from p on.
    fn coordinate(&self) -> Result<Coordinate, CryptoError> {
        Coordinate::from_repr(self.to_bytes().into()).into_option().ok_or(CryptoError::Invalid)
    }

    /// This and the order of the group, if it is below 2^256.
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
