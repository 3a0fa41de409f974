//! The key schedule (RFC 9846 section 7) of a handshake without a pre-shared key.
//!
//! ```text
//!             0
//!             |
//!   0 ->  EarlySecret
//!             |  into_handshake(shared secret)
//!      HandshakeSecret ---- traffic(HelloHash) ---------> handshake traffic secrets: Finished, record keys
//!             |  into_main
//!        MainSecret ------- traffic(ServerFinishedHash) -> application traffic secrets: record keys, update
//!                    `----- exporter(ServerFinishedHash) -> ExporterSecret
//! ```
//!
//! Each stage is a type; going on consumes the one before, so that none is used too early or too
//! long. Secrets are wiped when dropped, cannot be copied, printed or compared.

#![allow(dead_code)]

use core::marker::PhantomData;

use subtle::ConstantTimeEq;
use zeroize::{ZeroizeOnDrop, Zeroizing};

use crate::crypto::{
    AeadAlgorithm, CryptoError, CryptoProvider, Digest, Hash, HashAlgorithm, MAX_HASH_LEN, NONCE_LEN, SharedSecret,
};
use crate::error::{ApiMisuse, Error};
use crate::transcript::{FinishedHash, HelloHash, ServerFinishedHash};
use crate::wire::enums::CipherSuite;

/// The secret before any key exchange. Without a pre-shared key it is a constant.
pub(crate) struct EarlySecret<C> {
    secret: Secret,
    marker: Marker<C>,
}

/// The secret of the key exchange.
pub(crate) struct HandshakeSecret<C> {
    secret: Secret,
    marker: Marker<C>,
}

/// The secret of the connection, from which all comes that follows the handshake.
pub(crate) struct MainSecret<C> {
    secret: Secret,
    marker: Marker<C>,
}

/// The secret of the records of one direction in one epoch.
pub(crate) struct TrafficSecret<C, Epoch, Writer> {
    secret: Secret,
    marker: Marker<(C, Epoch, Writer)>,
}

/// The secret for keys of the application's own (RFC 9846 section 7.5).
pub(crate) struct ExporterSecret<C> {
    secret: Secret,
    marker: Marker<C>,
}

/// The keys that seal or open the records of one direction.
pub(crate) struct TrafficKeys<C: CryptoProvider> {
    pub(crate) aead: C::Aead,
    pub(crate) iv: Zeroizing<[u8; NONCE_LEN]>,
}

/// Proof that the Finished of the peer was verified.
#[must_use]
pub(crate) struct FinishedVerified(());

/// Epoch of the records between ServerHello and the sender's Finished.
pub(crate) enum HandshakeEpoch {}
/// Epoch of the records after the sender's Finished.
pub(crate) enum ApplicationEpoch {}
/// The client seals, the server opens.
pub(crate) enum ClientWrite {}
/// The server seals, the client opens.
pub(crate) enum ServerWrite {}
/// This side seals.
pub(crate) enum Sending {}
/// This side opens.
pub(crate) enum Receiving {}

/// A direction by role, which a side turns into a direction of its own.
pub(crate) trait Writer {}
impl Writer for ClientWrite {}
impl Writer for ServerWrite {}

/// As long as the hash. Wiped when dropped.
#[derive(ZeroizeOnDrop)]
struct Secret {
    #[zeroize(skip)]
    algorithm: HashAlgorithm,
    bytes: [u8; MAX_HASH_LEN],
}

/// Names types without owning any: a secret may go where a provider may not, such as another thread.
type Marker<T> = PhantomData<fn() -> T>;

/// Longest label of an exporter: with "tls13 " in front its length must fit one byte.
const MAX_LABEL_LEN: usize = 255 - LABEL_PREFIX.len();
const LABEL_PREFIX: &[u8] = b"tls13 ";
/// Longest output of HKDF-Expand in hashes (RFC 5869 section 2.3).
const MAX_EXPAND_BLOCKS: usize = 255;
/// Bytes of the longest AEAD key.
const MAX_KEY_LEN: usize = 32;

impl<C: CryptoProvider> EarlySecret<C> {
    /// The start: HKDF-Extract of zeros with zeros, as there is no pre-shared key.
    pub(crate) fn new(algorithm: HashAlgorithm) -> Result<Self, CryptoError> {
        let zeros = [0; MAX_HASH_LEN];
        let zeros = zeros.get(..algorithm.output_len()).unwrap_or_default();
        Ok(Self { secret: extract::<C>(algorithm, zeros, zeros)?, marker: PhantomData })
    }

    /// Takes in the result of the key exchange.
    pub(crate) fn into_handshake(self, shared: &SharedSecret) -> Result<HandshakeSecret<C>, CryptoError> {
        Ok(HandshakeSecret { secret: next_stage::<C>(&self.secret, shared.as_bytes())?, marker: PhantomData })
    }
}

impl<C: CryptoProvider> HandshakeSecret<C> {
    /// The secrets of the encrypted part of the handshake: of the client, of the server.
    #[expect(clippy::type_complexity, reason = "the two types say all")]
    pub(crate) fn traffic(
        &self,
        hash: &HelloHash,
    ) -> Result<
        (TrafficSecret<C, HandshakeEpoch, ClientWrite>, TrafficSecret<C, HandshakeEpoch, ServerWrite>),
        CryptoError,
    > {
        Ok((
            TrafficSecret::new(derive::<C>(&self.secret, b"c hs traffic", hash.as_bytes())?),
            TrafficSecret::new(derive::<C>(&self.secret, b"s hs traffic", hash.as_bytes())?),
        ))
    }

    /// Goes on to the secret of the connection.
    pub(crate) fn into_main(self) -> Result<MainSecret<C>, CryptoError> {
        let zeros = [0; MAX_HASH_LEN];
        let zeros = zeros.get(..self.secret.algorithm.output_len()).unwrap_or_default();
        Ok(MainSecret { secret: next_stage::<C>(&self.secret, zeros)?, marker: PhantomData })
    }
}

impl<C: CryptoProvider> MainSecret<C> {
    /// The first secrets of application data: of the client, of the server.
    #[expect(clippy::type_complexity, reason = "the two types say all")]
    pub(crate) fn traffic(
        &self,
        hash: &ServerFinishedHash,
    ) -> Result<
        (TrafficSecret<C, ApplicationEpoch, ClientWrite>, TrafficSecret<C, ApplicationEpoch, ServerWrite>),
        CryptoError,
    > {
        Ok((
            TrafficSecret::new(derive::<C>(&self.secret, b"c ap traffic", hash.as_bytes())?),
            TrafficSecret::new(derive::<C>(&self.secret, b"s ap traffic", hash.as_bytes())?),
        ))
    }

    /// The secret of the exporter.
    pub(crate) fn exporter(&self, hash: &ServerFinishedHash) -> Result<ExporterSecret<C>, CryptoError> {
        // The label keeps its old name (RFC 9846 section 7.1).
        Ok(ExporterSecret { secret: derive::<C>(&self.secret, b"exp master", hash.as_bytes())?, marker: PhantomData })
    }
}

impl<C, E, W> TrafficSecret<C, E, W> {
    const fn new(secret: Secret) -> Self {
        Self { secret, marker: PhantomData }
    }
}

impl<C, E, W: Writer> TrafficSecret<C, E, W> {
    /// For the side that is the writer.
    pub(crate) fn into_sending(self) -> TrafficSecret<C, E, Sending> {
        TrafficSecret::new(self.secret)
    }

    /// For the side that is not the writer.
    pub(crate) fn into_receiving(self) -> TrafficSecret<C, E, Receiving> {
        TrafficSecret::new(self.secret)
    }
}

impl<C: CryptoProvider, W> TrafficSecret<C, HandshakeEpoch, W> {
    /// The `verify_data` of the writer's Finished (RFC 9846 section 4.5.3).
    pub(crate) fn finished(&self, hash: &FinishedHash) -> Result<Digest, CryptoError> {
        finished::<C>(&self.secret, hash.as_bytes())
    }

    /// Checks the `verify_data` of the writer's Finished (RFC 9846 section 4.5.3): "Recipients of
    /// Finished messages MUST verify that the contents are correct". In constant time, so that a
    /// forger does not learn how much of it was right.
    ///
    /// Fails with [`CryptoError::Forged`] if it is wrong, also in its length.
    pub(crate) fn verify_finished(
        &self,
        hash: &FinishedHash,
        received: &[u8],
    ) -> Result<FinishedVerified, CryptoError> {
        let expected = self.finished(hash)?;
        if bool::from(expected.as_bytes().ct_eq(received)) {
            Ok(FinishedVerified(()))
        } else {
            Err(CryptoError::Forged)
        }
    }
}

impl<C: CryptoProvider, E, W> TrafficSecret<C, E, W> {
    /// The key and the IV of the records (RFC 9846 section 7.3).
    pub(crate) fn keys(&self, suite: CipherSuite) -> Result<TrafficKeys<C>, CryptoError> {
        traffic_keys(&self.secret, suite)
    }
}

impl<C: CryptoProvider, W> TrafficSecret<C, ApplicationEpoch, W> {
    /// Goes on to the next secret after a KeyUpdate; the old one is gone (RFC 9846 section 7.2).
    pub(crate) fn update(&mut self) -> Result<(), CryptoError> {
        self.secret = derive::<C>(&self.secret, b"traffic upd", &[])?;
        Ok(())
    }
}

impl<C: CryptoProvider> ExporterSecret<C> {
    /// Fills `out` with key material for the application (RFC 9846 section 7.5). An absent context
    /// and an empty one are the same.
    ///
    /// Fails with [`ApiMisuse::ExportLength`] if `label` has over 249 bytes or `out` over 255 hashes.
    pub(crate) fn export(&self, label: &[u8], context: &[u8], out: &mut [u8]) -> Result<(), Error> {
        let algorithm = self.secret.algorithm;
        if label.len() > MAX_LABEL_LEN || out.len() > MAX_EXPAND_BLOCKS * algorithm.output_len() {
            return Err(ApiMisuse::ExportLength.into());
        }
        let secret = derive::<C>(&self.secret, label, hash::<C>(algorithm, &[])?.as_bytes())?;
        expand_label::<C>(&secret, b"exporter", hash::<C>(algorithm, context)?.as_bytes(), out)?;
        Ok(())
    }
}

// From here on generic over the provider alone: one copy in flash for all stages, epochs and writers.

/// HKDF-Extract of `input` with Derive-Secret(., "derived", "") as salt: one step down the schedule.
fn next_stage<C: CryptoProvider>(secret: &Secret, input: &[u8]) -> Result<Secret, CryptoError> {
    let salt = derive::<C>(secret, b"derived", hash::<C>(secret.algorithm, &[])?.as_bytes())?;
    extract::<C>(secret.algorithm, salt.as_bytes(), input)
}

fn finished<C: CryptoProvider>(secret: &Secret, hash: &[u8]) -> Result<Digest, CryptoError> {
    let key = derive::<C>(secret, b"finished", &[])?;
    C::hmac(key.algorithm, key.as_bytes(), &[hash])
}

fn traffic_keys<C: CryptoProvider>(secret: &Secret, suite: CipherSuite) -> Result<TrafficKeys<C>, CryptoError> {
    if HashAlgorithm::of(suite) != Some(secret.algorithm) {
        return Err(CryptoError::Unsupported);
    }
    let algorithm = AeadAlgorithm::of(suite).ok_or(CryptoError::Unsupported)?;
    let mut key = Zeroizing::new([0; MAX_KEY_LEN]);
    let key = key.get_mut(..algorithm.key_len()).ok_or(CryptoError::Unsupported)?;
    expand_label::<C>(secret, b"key", &[], key)?;
    let mut iv = Zeroizing::new([0; NONCE_LEN]);
    expand_label::<C>(secret, b"iv", &[], iv.as_mut_slice())?;
    Ok(TrafficKeys { aead: C::aead(algorithm, key)?, iv })
}

fn hash<C: CryptoProvider>(algorithm: HashAlgorithm, bytes: &[u8]) -> Result<Digest, CryptoError> {
    let mut hash = C::hash(algorithm)?;
    hash.update(bytes);
    Ok(hash.finish())
}

/// HKDF-Extract (RFC 5869 section 2.2).
fn extract<C: CryptoProvider>(algorithm: HashAlgorithm, salt: &[u8], input: &[u8]) -> Result<Secret, CryptoError> {
    let digest = Zeroizing::new(C::hmac(algorithm, salt, &[input])?);
    let mut secret = Secret { algorithm, bytes: [0; MAX_HASH_LEN] };
    let bytes = secret.as_mut_bytes();
    bytes.copy_from_slice(digest.as_bytes().get(..bytes.len()).ok_or(CryptoError::Invalid)?);
    Ok(secret)
}

/// HKDF-Expand-Label to the length of the hash: Derive-Secret, where `context` is a transcript hash.
fn derive<C: CryptoProvider>(secret: &Secret, label: &[u8], context: &[u8]) -> Result<Secret, CryptoError> {
    let mut derived = Secret { algorithm: secret.algorithm, bytes: [0; MAX_HASH_LEN] };
    expand_label::<C>(secret, label, context, derived.as_mut_bytes())?;
    Ok(derived)
}

/// HKDF-Expand-Label (RFC 9846 section 7.1): HKDF-Expand (RFC 5869 section 2.3) of a label.
fn expand_label<C: CryptoProvider>(
    secret: &Secret,
    label: &[u8],
    context: &[u8],
    out: &mut [u8],
) -> Result<(), CryptoError> {
    let out_len = u16::try_from(out.len()).map_err(|_| CryptoError::Invalid)?.to_be_bytes();
    let label_len = [u8::try_from(LABEL_PREFIX.len() + label.len()).map_err(|_| CryptoError::Invalid)?];
    let context_len = [u8::try_from(context.len()).map_err(|_| CryptoError::Invalid)?];
    let mut block = Zeroizing::new(Digest::new(&[])?);
    let mut counter = 0_u8;
    for chunk in out.chunks_mut(secret.algorithm.output_len()) {
        counter = counter.checked_add(1).ok_or(CryptoError::Invalid)?;
        *block = C::hmac(
            secret.algorithm,
            secret.as_bytes(),
            &[block.as_bytes(), &out_len, &label_len, LABEL_PREFIX, label, &context_len, context, &[counter]],
        )?;
        chunk.copy_from_slice(block.as_bytes().get(..chunk.len()).ok_or(CryptoError::Invalid)?);
    }
    Ok(())
}

impl Secret {
    fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.algorithm.output_len()).unwrap_or(&self.bytes)
    }

    fn as_mut_bytes(&mut self) -> &mut [u8] {
        let len = self.algorithm.output_len();
        self.bytes.get_mut(..len).unwrap_or_default()
    }
}
