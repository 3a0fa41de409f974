//! The key schedule (RFC 9846 section 7), without a pre-shared key or with that of a ticket.
//!
//! ```text
//!             0
//!             |
//!   0 ->  EarlySecret ------ binder(BinderHash) ---------> proof that the peer has the pre-shared key
//!  or Psk     |
//!             |  into_handshake(shared secret)
//!      HandshakeSecret ---- traffic(HelloHash) ---------> handshake traffic secrets: Finished, record keys
//!             |  into_main
//!        MainSecret ------- traffic(ServerFinishedHash) -> application traffic secrets: record keys, update
//!                    |----- exporter(ServerFinishedHash) -> ExporterSecret
//!                    `----- resumption(ResumptionHash) --> ResumptionSecret -- psk(nonce) -> Psk of a later connection
//! ```
//!
//! Each stage is a type, and each step consumes the stage before it, so that no secret is used too early or too long.
//! Secrets are wiped when dropped and cannot be copied, printed or compared.

use core::cmp::Ordering;
use core::marker::PhantomData;

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::codec::copy;
use crate::crypto::{
    AeadAlgorithm, CryptoError, CryptoProvider, Digest, HashAlgorithm, MAX_SUITE_HASH_LEN, NONCE_LEN, SharedSecret,
};
use crate::error::{ApiMisuse, Error, InvalidMessage, PeerMisbehaved};
#[cfg(feature = "resumption")]
use crate::transcript::{BinderHash, ResumptionHash};
use crate::transcript::{FinishedHash, HelloHash, ServerFinishedHash};
use crate::wire::enums::CipherSuite;

/// The secret before any key exchange. Without a pre-shared key it is a constant.
pub(crate) struct EarlySecret<C> {
    secret: Secret,
    provider: C,
}

/// The secret of the key exchange.
pub(crate) struct HandshakeSecret<C> {
    secret: Secret,
    provider: C,
}

/// The main secret, from which everything after the handshake is derived.
pub(crate) struct MainSecret<C> {
    secret: Secret,
    provider: C,
}

/// The secret of the records of one direction in one epoch.
pub(crate) struct TrafficSecret<C, Epoch, Writer> {
    secret: Secret,
    provider: C,
    marker: Marker<(Epoch, Writer)>,
}

/// The secret from which the application derives keys (RFC 9846 section 7.5).
pub(crate) struct ExporterSecret<C> {
    secret: Secret,
    provider: C,
}

/// The secret from which the pre-shared keys of a connection's tickets are derived (RFC 9846 section 4.7.1).
#[cfg(feature = "resumption")]
pub(crate) struct ResumptionSecret<C> {
    secret: Secret,
    provider: C,
}

/// The pre-shared key of one ticket.
#[cfg(feature = "resumption")]
pub(crate) struct Psk(Secret);

/// Proof that the binder of a pre-shared key was verified: the peer that wrote the ClientHello has that key.
#[cfg(feature = "resumption")]
#[must_use]
pub(crate) struct BinderVerified(());

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

/// A direction named by role, which each side converts into [`Sending`] or [`Receiving`].
pub(crate) trait Writer {}
impl Writer for ClientWrite {}
impl Writer for ServerWrite {}

/// A secret of the length of the hash. Wiped when dropped.
#[derive(ZeroizeOnDrop)]
struct Secret {
    #[zeroize(skip)]
    algorithm: HashAlgorithm,
    bytes: [u8; MAX_SUITE_HASH_LEN],
}

/// Names types without owning any.
type Marker<T> = PhantomData<fn() -> T>;

/// Longest label of an exporter: with the prefix "tls13 " its length must fit one byte.
const MAX_LABEL_LEN: usize = 255 - LABEL_PREFIX.len();
const LABEL_PREFIX: &[u8] = b"tls13 ";
/// Longest output of HKDF-Expand in hashes (RFC 5869 section 2.3).
const MAX_EXPAND_BLOCKS: usize = 255;
/// Bytes of the longest AEAD key.
const MAX_KEY_LEN: usize = 32;

impl<C: CryptoProvider> EarlySecret<C> {
    /// Starts the schedule with HKDF-Extract of zeros with zeros, since there is no pre-shared key.
    pub(crate) fn new(provider: C, algorithm: HashAlgorithm) -> Result<Self, CryptoError> {
        let zeros = [0; MAX_SUITE_HASH_LEN];
        let zeros = zeros.get(..algorithm.output_len()).unwrap_or_default();
        Ok(Self { secret: extract(provider, algorithm, zeros, zeros)?, provider })
    }

    /// The start with a pre-shared key.
    #[cfg(feature = "resumption")]
    pub(crate) fn of(provider: C, psk: &Psk) -> Result<Self, CryptoError> {
        let zeros = [0; MAX_SUITE_HASH_LEN];
        let algorithm = psk.algorithm();
        let zeros = zeros.get(..algorithm.output_len()).unwrap_or_default();
        Ok(Self { secret: extract(provider, algorithm, zeros, psk.0.as_bytes())?, provider })
    }

    /// The binder of the pre-shared key in a ClientHello (RFC 9846 section 4.3.11.2): "computed in the same way as the
    /// Finished message".
    #[cfg(feature = "resumption")]
    pub(crate) fn binder(&self, hash: &BinderHash) -> Result<Digest, CryptoError> {
        let empty = self.provider.digest(self.secret.algorithm, &[])?;
        let key = derive(self.provider, &self.secret, b"res binder", empty.as_bytes())?;
        finished(self.provider, &key, hash.as_bytes())
    }

    /// Checks a binder in constant time, like a Finished. RFC 9846 section 4.3.11: "If this value is not present or
    /// does not validate, the server MUST abort the handshake."
    #[cfg(feature = "resumption")]
    pub(crate) fn verify_binder(&self, hash: &BinderHash, received: &[u8]) -> Result<BinderVerified, Error> {
        let expected = self.binder(hash)?;
        if bool::from(expected.as_bytes().ct_eq(received)) {
            Ok(BinderVerified(()))
        } else {
            Err(PeerMisbehaved::BinderIncorrect.into())
        }
    }

    /// Adds the result of the key exchange.
    pub(crate) fn into_handshake(self, shared: &SharedSecret) -> Result<HandshakeSecret<C>, CryptoError> {
        Ok(HandshakeSecret {
            secret: next_stage(self.provider, &self.secret, shared.as_bytes())?,
            provider: self.provider,
        })
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
            TrafficSecret::new(derive(self.provider, &self.secret, b"c hs traffic", hash.as_bytes())?, self.provider),
            TrafficSecret::new(derive(self.provider, &self.secret, b"s hs traffic", hash.as_bytes())?, self.provider),
        ))
    }

    /// Derives the main secret.
    pub(crate) fn into_main(self) -> Result<MainSecret<C>, CryptoError> {
        let zeros = [0; MAX_SUITE_HASH_LEN];
        let zeros = zeros.get(..self.secret.algorithm.output_len()).unwrap_or_default();
        Ok(MainSecret { secret: next_stage(self.provider, &self.secret, zeros)?, provider: self.provider })
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
            TrafficSecret::new(derive(self.provider, &self.secret, b"c ap traffic", hash.as_bytes())?, self.provider),
            TrafficSecret::new(derive(self.provider, &self.secret, b"s ap traffic", hash.as_bytes())?, self.provider),
        ))
    }

    /// The secret of the exporter.
    pub(crate) fn exporter(&self, hash: &ServerFinishedHash) -> Result<ExporterSecret<C>, CryptoError> {
        // The label keeps its old name (RFC 9846 section 7.1).
        Ok(ExporterSecret {
            secret: derive(self.provider, &self.secret, b"exp master", hash.as_bytes())?,
            provider: self.provider,
        })
    }
}

#[cfg(feature = "resumption")]
impl<C: CryptoProvider> MainSecret<C> {
    /// The secret of the tickets.
    pub(crate) fn into_resumption(self, hash: &ResumptionHash) -> Result<ResumptionSecret<C>, CryptoError> {
        // The label keeps its old name (RFC 9846 section 7.1).
        Ok(ResumptionSecret {
            secret: derive(self.provider, &self.secret, b"res master", hash.as_bytes())?,
            provider: self.provider,
        })
    }
}

#[cfg(feature = "resumption")]
impl<C: CryptoProvider> ResumptionSecret<C> {
    /// Wipes the secret of a connection that has failed.
    pub(crate) fn forget(&mut self) {
        self.secret.forget();
    }

    /// The pre-shared key of the ticket with this nonce (RFC 9846 section 4.7.1).
    pub(crate) fn psk(&self, nonce: &[u8]) -> Result<Psk, CryptoError> {
        derive(self.provider, &self.secret, b"resumption", nonce).map(Psk)
    }
}

#[cfg(feature = "resumption")]
impl Psk {
    /// Takes the key out of a ticket; `None` if it is not as long as the hash.
    pub(crate) fn from_ticket(algorithm: HashAlgorithm, bytes: &[u8]) -> Option<Self> {
        let mut secret = Secret { algorithm, bytes: [0; MAX_SUITE_HASH_LEN] };
        let place = secret.as_mut_bytes();
        if place.is_empty() || place.len() != bytes.len() {
            return None;
        }
        copy(place, bytes);
        Some(Self(secret))
    }

    /// Returns the key itself, only for storing it in a ticket.
    pub(crate) fn for_ticket(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// "Each PSK is associated with a single Hash algorithm" (RFC 9846 section 4.3.11).
    pub(crate) const fn algorithm(&self) -> HashAlgorithm {
        self.0.algorithm
    }
}

impl<C: CryptoProvider, E, W> TrafficSecret<C, E, W> {
    const fn new(secret: Secret, provider: C) -> Self {
        Self { secret, provider, marker: PhantomData }
    }
}

impl<C: CryptoProvider, E, W: Writer> TrafficSecret<C, E, W> {
    /// Converts the secret for the side that writes with it.
    pub(crate) fn into_sending(self) -> TrafficSecret<C, E, Sending> {
        TrafficSecret::new(self.secret, self.provider)
    }

    /// Converts the secret for the side that reads with it.
    pub(crate) fn into_receiving(self) -> TrafficSecret<C, E, Receiving> {
        TrafficSecret::new(self.secret, self.provider)
    }
}

impl<C: CryptoProvider, W> TrafficSecret<C, HandshakeEpoch, W> {
    /// The `verify_data` of the writer's Finished (RFC 9846 section 4.5.3).
    pub(crate) fn finished(&self, hash: &FinishedHash) -> Result<Digest, CryptoError> {
        finished(self.provider, &self.secret, hash.as_bytes())
    }

    /// Checks the `verify_data` of the writer's Finished (RFC 9846 section 4.5.3): "Recipients of Finished messages
    /// MUST verify that the contents are correct". Constant-time, so that a forger does not learn how much of it was
    /// correct.
    ///
    /// Fails with [`CryptoError::Forged`] if it does not match, including its length.
    pub(crate) fn verify_finished(&self, hash: &FinishedHash, received: &[u8]) -> Result<FinishedVerified, Error> {
        verify_finished(self.provider, &self.secret, hash, received)
    }
}

/// After the handshake, the Finished of a client is keyed with `client_application_traffic_secret_N` (RFC 9846
/// section 4.5, the table of base keys).
#[cfg(feature = "post-handshake-auth")]
impl<C: CryptoProvider> TrafficSecret<C, ApplicationEpoch, Sending> {
    /// The `verify_data` of our Finished after the handshake.
    pub(crate) fn post_handshake_finished(&self, hash: &FinishedHash) -> Result<Digest, CryptoError> {
        finished(self.provider, &self.secret, hash.as_bytes())
    }
}

#[cfg(feature = "post-handshake-auth")]
impl<C: CryptoProvider> TrafficSecret<C, ApplicationEpoch, Receiving> {
    /// Checks the Finished of the client after the handshake, as in the handshake.
    pub(crate) fn verify_post_handshake_finished(
        &self,
        hash: &FinishedHash,
        received: &[u8],
    ) -> Result<FinishedVerified, Error> {
        verify_finished(self.provider, &self.secret, hash, received)
    }
}

impl<C: CryptoProvider, E, W> TrafficSecret<C, E, W> {
    /// The key and the IV of the records (RFC 9846 section 7.3).
    pub(crate) fn keys(&self, suite: CipherSuite) -> Result<TrafficKeys<C>, CryptoError> {
        traffic_keys(self.provider, &self.secret, suite)
    }
}

impl<C: CryptoProvider, W> TrafficSecret<C, ApplicationEpoch, W> {
    /// Derives the next secret after a KeyUpdate and drops the old one (RFC 9846 section 7.2).
    pub(crate) fn update(&mut self) -> Result<(), CryptoError> {
        self.secret = derive(self.provider, &self.secret, b"traffic upd", &[])?;
        Ok(())
    }
}

impl<C, E, W> TrafficSecret<C, E, W> {
    /// Wipes the secret of a connection that has failed.
    pub(crate) fn forget(&mut self) {
        self.secret.forget();
    }
}

impl<C: CryptoProvider> ExporterSecret<C> {
    /// Wipes the secret of a connection that has failed.
    pub(crate) fn forget(&mut self) {
        self.secret.forget();
    }

    /// Fills `out` with key material for the application (RFC 9846 section 7.5). An absent context
    /// and an empty one are the same.
    ///
    /// Fails with [`ApiMisuse::ExportLength`] if `label` has over 249 bytes or `out` over 255 hashes.
    pub(crate) fn export(&self, label: &[u8], context: &[u8], out: &mut [u8]) -> Result<(), Error> {
        let algorithm = self.secret.algorithm;
        if label.len() > MAX_LABEL_LEN || out.len() > MAX_EXPAND_BLOCKS * algorithm.output_len() {
            return Err(ApiMisuse::ExportLength.into());
        }
        let secret = derive(self.provider, &self.secret, label, self.provider.digest(algorithm, &[])?.as_bytes())?;
        expand_label(
            self.provider,
            &secret,
            b"exporter",
            self.provider.digest(algorithm, &[context])?.as_bytes(),
            out,
        )?;
        Ok(())
    }
}

#[cfg(feature = "key-log")]
impl<C, E, W> TrafficSecret<C, E, W> {
    /// Returns the secret itself, only for a key log.
    pub(crate) fn for_key_log(&self) -> &[u8] {
        self.secret.as_bytes()
    }
}

#[cfg(feature = "key-log")]
impl<C> ExporterSecret<C> {
    /// Returns the secret itself, only for a key log.
    pub(crate) fn for_key_log(&self) -> &[u8] {
        self.secret.as_bytes()
    }
}

// The functions below are generic only over the provider: one copy in flash for all stages, epochs and writers.

/// HKDF-Extract of `input` with Derive-Secret(., "derived", "") as salt: one step down the schedule.
fn next_stage<C: CryptoProvider>(provider: C, secret: &Secret, input: &[u8]) -> Result<Secret, CryptoError> {
    let salt = derive(provider, secret, b"derived", provider.digest(secret.algorithm, &[])?.as_bytes())?;
    extract(provider, secret.algorithm, salt.as_bytes(), input)
}

fn finished<C: CryptoProvider>(provider: C, secret: &Secret, hash: &[u8]) -> Result<Digest, CryptoError> {
    let key = derive(provider, secret, b"finished", &[])?;
    provider.hmac(key.algorithm, key.as_bytes(), &[hash])
}

fn verify_finished<C: CryptoProvider>(
    provider: C,
    secret: &Secret,
    hash: &FinishedHash,
    received: &[u8],
) -> Result<FinishedVerified, Error> {
    let expected = finished(provider, secret, hash.as_bytes())?;
    // RFC 9846 section 4.5.3: "opaque verify_data[Hash.length]", so another length is a "decode_error".
    match received.len().cmp(&expected.as_bytes().len()) {
        Ordering::Less => return Err(InvalidMessage::Truncated.into()),
        Ordering::Greater => return Err(InvalidMessage::TrailingBytes.into()),
        Ordering::Equal => {}
    }
    if bool::from(expected.as_bytes().ct_eq(received)) {
        Ok(FinishedVerified(()))
    } else {
        Err(PeerMisbehaved::FinishedIncorrect.into())
    }
}

fn traffic_keys<C: CryptoProvider>(
    provider: C,
    secret: &Secret,
    suite: CipherSuite,
) -> Result<TrafficKeys<C>, CryptoError> {
    if HashAlgorithm::of(suite) != Some(secret.algorithm) {
        return Err(CryptoError::Unsupported);
    }
    let algorithm = AeadAlgorithm::of(suite).ok_or(CryptoError::Unsupported)?;
    let mut key = Zeroizing::new([0; MAX_KEY_LEN]);
    let key = key.get_mut(..algorithm.key_len()).ok_or(CryptoError::Unsupported)?;
    expand_label(provider, secret, b"key", &[], key)?;
    let mut iv = Zeroizing::new([0; NONCE_LEN]);
    expand_label(provider, secret, b"iv", &[], iv.as_mut_slice())?;
    Ok(TrafficKeys { aead: provider.aead(algorithm, key)?, iv })
}

/// HKDF-Extract (RFC 5869 section 2.2).
fn extract<C: CryptoProvider>(
    provider: C,
    algorithm: HashAlgorithm,
    salt: &[u8],
    input: &[u8],
) -> Result<Secret, CryptoError> {
    let digest = Zeroizing::new(provider.hmac(algorithm, salt, &[input])?);
    let mut secret = Secret { algorithm, bytes: [0; MAX_SUITE_HASH_LEN] };
    let bytes = secret.as_mut_bytes();
    copy(bytes, digest.as_bytes().get(..bytes.len()).ok_or(CryptoError::Invalid)?);
    Ok(secret)
}

/// HKDF-Expand-Label to the length of the hash: Derive-Secret, where `context` is a transcript hash.
fn derive<C: CryptoProvider>(
    provider: C,
    secret: &Secret,
    label: &[u8],
    context: &[u8],
) -> Result<Secret, CryptoError> {
    let mut derived = Secret { algorithm: secret.algorithm, bytes: [0; MAX_SUITE_HASH_LEN] };
    expand_label(provider, secret, label, context, derived.as_mut_bytes())?;
    Ok(derived)
}

/// HKDF-Expand-Label (RFC 9846 section 7.1): HKDF-Expand (RFC 5869 section 2.3) of a label.
fn expand_label<C: CryptoProvider>(
    provider: C,
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
        *block = provider.hmac(
            secret.algorithm,
            secret.as_bytes(),
            &[block.as_bytes(), &out_len, &label_len, LABEL_PREFIX, label, &context_len, context, &[counter]],
        )?;
        copy(chunk, block.as_bytes().get(..chunk.len()).ok_or(CryptoError::Invalid)?);
    }
    Ok(())
}

impl Secret {
    fn forget(&mut self) {
        self.bytes.zeroize();
    }

    fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.algorithm.output_len()).unwrap_or(&self.bytes)
    }

    fn as_mut_bytes(&mut self) -> &mut [u8] {
        let len = self.algorithm.output_len();
        self.bytes.get_mut(..len).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::vec;

    use super::*;
    use crate::crypto::rustcrypto::RustCrypto;
    #[cfg(feature = "resumption")]
    use crate::rfc8448::resumed;
    use crate::rfc8448::{hex, hex_array, retry, simple};
    use crate::transcript::Transcript;

    fn transcript(messages: &[&str]) -> Transcript<RustCrypto> {
        let mut transcript = Transcript::new(RustCrypto, HashAlgorithm::Sha256).unwrap();
        for message in messages {
            transcript.update(&hex(message));
        }
        transcript
    }

    fn simple_transcript(messages: usize) -> Transcript<RustCrypto> {
        let all = [
            simple::CLIENT_HELLO,
            simple::SERVER_HELLO,
            simple::ENCRYPTED_EXTENSIONS,
            simple::CERTIFICATE,
            simple::CERTIFICATE_VERIFY,
            simple::SERVER_FINISHED,
        ];
        transcript(&all[..messages])
    }

    fn handshake_secret() -> HandshakeSecret<RustCrypto> {
        let early = EarlySecret::new(RustCrypto, HashAlgorithm::Sha256).unwrap();
        early.into_handshake(&SharedSecret::new::<32>(hex_array(simple::SHARED_SECRET))).unwrap()
    }

    fn secret(digits: &str) -> Secret {
        let mut secret = Secret { algorithm: HashAlgorithm::Sha256, bytes: [0; MAX_SUITE_HASH_LEN] };
        secret.as_mut_bytes().copy_from_slice(&hex(digits));
        secret
    }

    fn exporter() -> ExporterSecret<RustCrypto> {
        ExporterSecret { secret: secret(simple::EXPORTER_SECRET), provider: RustCrypto }
    }

    #[test]
    fn the_stages_are_those_of_rfc_8448_section_3() {
        let early = EarlySecret::new(RustCrypto, HashAlgorithm::Sha256).unwrap();
        assert_eq!(early.secret.as_bytes(), hex(simple::EARLY_SECRET));

        let handshake = handshake_secret();
        assert_eq!(handshake.secret.as_bytes(), hex(simple::HANDSHAKE_SECRET));
        let (client, server) = handshake.traffic(&simple_transcript(2).hello_hash()).unwrap();
        assert_eq!(client.secret.as_bytes(), hex(simple::CLIENT_HANDSHAKE_TRAFFIC));
        assert_eq!(server.secret.as_bytes(), hex(simple::SERVER_HANDSHAKE_TRAFFIC));

        let main = handshake.into_main().unwrap();
        assert_eq!(main.secret.as_bytes(), hex(simple::MAIN_SECRET));
        let hash = simple_transcript(6).server_finished_hash();
        let (client, server) = main.traffic(&hash).unwrap();
        assert_eq!(client.secret.as_bytes(), hex(simple::CLIENT_APPLICATION_TRAFFIC));
        assert_eq!(server.secret.as_bytes(), hex(simple::SERVER_APPLICATION_TRAFFIC));
        assert_eq!(main.exporter(&hash).unwrap().secret.as_bytes(), hex(simple::EXPORTER_SECRET));
    }

    #[test]
    fn the_stages_after_a_retry_are_those_of_rfc_8448_section_5() {
        let mut transcript = transcript(&[retry::CLIENT_HELLO_1]);
        transcript.replace_by_message_hash().unwrap();
        for message in [retry::HELLO_RETRY_REQUEST, retry::CLIENT_HELLO_2, retry::SERVER_HELLO] {
            transcript.update(&hex(message));
        }
        let early = EarlySecret::new(RustCrypto, HashAlgorithm::Sha256).unwrap();
        let handshake = early.into_handshake(&SharedSecret::new::<32>(hex_array(retry::SHARED_SECRET))).unwrap();
        assert_eq!(handshake.secret.as_bytes(), hex(retry::HANDSHAKE_SECRET));
        let (client, server) = handshake.traffic(&transcript.hello_hash()).unwrap();
        assert_eq!(client.secret.as_bytes(), hex(retry::CLIENT_HANDSHAKE_TRAFFIC));
        assert_eq!(server.secret.as_bytes(), hex(retry::SERVER_HANDSHAKE_TRAFFIC));
        assert_eq!(handshake.into_main().unwrap().secret.as_bytes(), hex(retry::MAIN_SECRET));
    }

    #[test]
    fn keys_and_ivs_are_those_of_rfc_8448_section_3() {
        for (traffic, key, iv) in [
            (simple::CLIENT_HANDSHAKE_TRAFFIC, simple::CLIENT_HANDSHAKE_KEY, simple::CLIENT_HANDSHAKE_IV),
            (simple::SERVER_HANDSHAKE_TRAFFIC, simple::SERVER_HANDSHAKE_KEY, simple::SERVER_HANDSHAKE_IV),
            (simple::CLIENT_APPLICATION_TRAFFIC, simple::CLIENT_APPLICATION_KEY, simple::CLIENT_APPLICATION_IV),
            (simple::SERVER_APPLICATION_TRAFFIC, simple::SERVER_APPLICATION_KEY, simple::SERVER_APPLICATION_IV),
        ] {
            let secret = secret(traffic);
            let mut out = [0; 16];
            expand_label(RustCrypto, &secret, b"key", &[], &mut out).unwrap();
            assert_eq!(out, *hex(key));
            let keys = traffic_keys(RustCrypto, &secret, CipherSuite::TLS_AES_128_GCM_SHA256).unwrap();
            assert_eq!(*keys.iv, *hex(iv));
        }
    }

    #[test]
    fn a_suite_of_another_hash_or_none_gives_no_keys() {
        let secret = secret(simple::CLIENT_APPLICATION_TRAFFIC);
        for suite in [CipherSuite::TLS_AES_256_GCM_SHA384, CipherSuite(0x1304)] {
            assert_eq!(traffic_keys(RustCrypto, &secret, suite).err(), Some(CryptoError::Unsupported));
        }
    }

    #[test]
    fn both_finished_are_those_of_rfc_8448_section_3() {
        let (client, server) = handshake_secret().traffic(&simple_transcript(2).hello_hash()).unwrap();
        for (finished, message) in [
            (server.finished(&simple_transcript(5).finished_hash()), simple::SERVER_FINISHED),
            (client.finished(&simple_transcript(6).finished_hash()), simple::CLIENT_FINISHED),
        ] {
            assert_eq!(finished.unwrap().as_bytes(), &hex(message)[4..]);
        }
    }

    #[test]
    fn only_the_whole_correct_finished_is_accepted() {
        let (client, server) = handshake_secret().traffic(&simple_transcript(2).hello_hash()).unwrap();
        let hash = simple_transcript(5).finished_hash();
        let right = &hex(simple::SERVER_FINISHED)[4..];
        assert!(server.verify_finished(&hash, right).is_ok());

        for bit in 0..right.len() * 8 {
            let mut wrong = right.to_vec();
            wrong[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(
                server.verify_finished(&hash, &wrong).err(),
                Some(PeerMisbehaved::FinishedIncorrect.into()),
                "bit {bit}"
            );
        }
        for (len, expected) in (0..right.len())
            .map(|len| (len, InvalidMessage::Truncated))
            .chain([33, 48, 64].map(|len| (len, InvalidMessage::TrailingBytes)))
        {
            let mut wrong = right.to_vec();
            wrong.resize(len, 0);
            assert_eq!(server.verify_finished(&hash, &wrong).err(), Some(expected.into()), "{len} bytes");
        }
        // Neither reflected nor of another point.
        assert!(client.verify_finished(&hash, right).is_err());
        assert!(server.verify_finished(&simple_transcript(4).finished_hash(), right).is_err());
    }

    /// The secret of the tickets of RFC 8448 section 3.
    #[cfg(feature = "resumption")]
    fn resumption() -> ResumptionSecret<RustCrypto> {
        let mut transcript = simple_transcript(6);
        transcript.update(&hex(simple::CLIENT_FINISHED));
        handshake_secret().into_main().unwrap().into_resumption(&transcript.resumption_hash()).unwrap()
    }

    #[cfg(feature = "resumption")]
    #[test]
    fn the_pre_shared_key_of_a_ticket_is_that_of_rfc_8448_section_3() {
        assert_eq!(resumption().secret.as_bytes(), hex(resumed::RESUMPTION_SECRET));
        assert_eq!(resumption().psk(&[0, 0]).unwrap().for_ticket(), hex(resumed::PSK));
        assert_ne!(resumption().psk(&[0, 1]).unwrap().for_ticket(), hex(resumed::PSK));
    }

    #[cfg(feature = "resumption")]
    #[test]
    fn the_binder_and_the_stages_after_it_are_those_of_rfc_8448_section_4() {
        let psk = Psk::from_ticket(HashAlgorithm::Sha256, &hex(resumed::PSK)).unwrap();
        let early = EarlySecret::of(RustCrypto, &psk).unwrap();
        assert_eq!(early.secret.as_bytes(), hex(resumed::EARLY_SECRET));

        let hash = transcript(&[&resumed::client_hello_without_binders()]).binder_hash();
        assert_eq!(hash.as_bytes(), hex(resumed::BINDER_HASH));
        let binder = hex(resumed::BINDER);
        assert_eq!(early.binder(&hash).unwrap().as_bytes(), binder);
        assert!(early.verify_binder(&hash, &binder).is_ok());

        let handshake = early.into_handshake(&SharedSecret::new::<32>(hex_array(resumed::SHARED_SECRET))).unwrap();
        assert_eq!(handshake.secret.as_bytes(), hex(resumed::HANDSHAKE_SECRET));
        assert_eq!(handshake.into_main().unwrap().secret.as_bytes(), hex(resumed::MAIN_SECRET));
    }

    #[cfg(feature = "resumption")]
    #[test]
    fn only_the_whole_correct_binder_is_accepted() {
        let early = EarlySecret::of(RustCrypto, &resumption().psk(&[0, 0]).unwrap()).unwrap();
        let hash = transcript(&[&resumed::client_hello_without_binders()]).binder_hash();
        let right = hex(resumed::BINDER);
        let wrong = Some(PeerMisbehaved::BinderIncorrect.into());
        for bit in 0..right.len() * 8 {
            let mut changed = right.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(early.verify_binder(&hash, &changed).err(), wrong, "bit {bit}");
        }
        for len in (0..right.len()).chain([33, 48, 64]) {
            let mut changed = right.clone();
            changed.resize(len, 0);
            assert_eq!(early.verify_binder(&hash, &changed).err(), wrong, "{len} bytes");
        }
        // Of another ticket, and of another hello.
        let other = EarlySecret::of(RustCrypto, &resumption().psk(&[0, 1]).unwrap()).unwrap();
        assert_eq!(other.verify_binder(&hash, &right).err(), wrong);
        assert_eq!(early.verify_binder(&simple_transcript(1).binder_hash(), &right).err(), wrong);
    }

    #[cfg(feature = "resumption")]
    #[test]
    fn a_pre_shared_key_is_as_long_as_its_hash() {
        for len in [0, 31, 33, 48, 64] {
            assert!(Psk::from_ticket(HashAlgorithm::Sha256, &vec![1; len]).is_none(), "{len}");
        }
    }

    #[test]
    fn a_direction_keeps_its_secret_under_any_label() {
        let (client, server) = handshake_secret().traffic(&simple_transcript(2).hello_hash()).unwrap();
        assert_eq!(client.into_sending().secret.as_bytes(), hex(simple::CLIENT_HANDSHAKE_TRAFFIC));
        assert_eq!(server.into_receiving().secret.as_bytes(), hex(simple::SERVER_HANDSHAKE_TRAFFIC));
    }

    /// RFC 8448 has no KeyUpdate; expected values computed with the hmac module of Python.
    #[test]
    fn an_update_advances_to_the_next_secret() {
        let main = handshake_secret().into_main().unwrap();
        let (mut client, mut server) = main.traffic(&simple_transcript(6).server_finished_hash()).unwrap();
        for (client_next, server_next) in [
            (
                "fcdfcc72725aaee48bf64e4fd8b749cdbdbab39d90da0b26e2245ca6ea167207",
                "51921b8aa3001976eb401d0a4319a8516416a6c56001a357e5d162031e84f916",
            ),
            (
                "68474fe58c172143d0a009a76edd231b0d934f3058588ea0852662279e54a573",
                "6418ddd5d277cde37bfaae96363a805a95abfaa55ccd80713848de187fb082f6",
            ),
        ] {
            client.update().unwrap();
            server.update().unwrap();
            assert_eq!(client.secret.as_bytes(), hex(client_next));
            assert_eq!(server.secret.as_bytes(), hex(server_next));
        }
    }

    /// RFC 8448 exports nothing; expected values computed with the hmac module of Python.
    #[test]
    fn the_exporter_gives_one_block_and_many() {
        let exporter = exporter();
        let mut out = [0; 32];
        exporter.export(b"EXPORTER-embedded-mtls", &[], &mut out).unwrap();
        assert_eq!(out, *hex("12554d29d6fa9ebf54137a38008bcc7213de54d9176d59702a55f8f1240f0340"));

        let mut out = [0; 80];
        exporter.export(b"EXPORTER-embedded-mtls", b"purchase order", &mut out).unwrap();
        assert_eq!(
            out,
            *hex("3a7e9f583953d1be96f659ca16674890dd67705e68a6e57bce109fdb0a604ebcafb3cf3e077eda03\
                4c1b020ecaf3308f473ae67cdf28a825189bcbd27bd43f3f36fe756263e6b0dc48700ed2db3406f4")
        );

        let mut out = vec![0; 255 * 32];
        exporter.export(&[b'x'; 249], &[b'c'; 1000], &mut out).unwrap();
        assert_eq!(
            RustCrypto.digest(HashAlgorithm::Sha256, &[&out]).unwrap().as_bytes(),
            hex("c97a8df9a6cd795d74a742a99f3c2f4bdec55f2965e33f861e04b948d6d54b20")
        );
        exporter.export(b"EXPORTER-embedded-mtls", &[], &mut []).unwrap();
    }

    #[test]
    fn the_exporter_rejects_what_hkdf_cannot_give() {
        let exporter = exporter();
        let too_long = Err(Error::ApiMisuse(ApiMisuse::ExportLength));
        assert_eq!(exporter.export(&[b'x'; 250], &[], &mut [0; 32]), too_long);
        assert_eq!(exporter.export(b"x", &[], &mut vec![0; 255 * 32 + 1]), too_long);
    }

    /// No RFC has vectors for SHA-384; expected values computed with the hmac module of Python.
    #[cfg(feature = "aes256-gcm-sha384")]
    #[test]
    fn the_schedule_over_sha_384_agrees_with_an_independent_one() {
        let mut transcript = Transcript::new(RustCrypto, HashAlgorithm::Sha384).unwrap();
        let shared = SharedSecret::new::<32>(core::array::from_fn(|i| u8::try_from(i).unwrap()));
        let early = EarlySecret::new(RustCrypto, HashAlgorithm::Sha384).unwrap();
        let handshake = early.into_handshake(&shared).unwrap();
        transcript.update(b"hello");
        let (client, server) = handshake.traffic(&transcript.hello_hash()).unwrap();
        assert_eq!(
            client.secret.as_bytes(),
            hex("f25365c21b4126ef85513aa32e3b18efd06b14918c66b776135f72763a43b8bbc97ac114e456e3c050dc880fc985858f")
        );
        assert_eq!(
            server.secret.as_bytes(),
            hex("36ed277e957eb469869bb14ad27154604c93b61fa89e0cb7b7ab84693028495a512774ad3135f4c811d1e69588fda723")
        );
        transcript.update(b" finished");
        let verify_data =
            hex("fb1b83f78d3db3a1970f360c00fc4e6520df52acf4c2924b1acba068998265e324c53ea8046279b31d4a30d3e13561c3");
        assert_eq!(server.finished(&transcript.finished_hash()).unwrap().as_bytes(), verify_data);
        assert!(server.verify_finished(&transcript.finished_hash(), &verify_data).is_ok());

        let main = handshake.into_main().unwrap();
        let (client, server) = main.traffic(&transcript.server_finished_hash()).unwrap();
        assert_eq!(
            client.secret.as_bytes(),
            hex("94de3e2053c14f1e5c81bede5c10b4ac987cafe4eedd474f751c6b80eb7f29a01610fce3cb36eb212af6bc9b819e5718")
        );
        assert_eq!(
            server.secret.as_bytes(),
            hex("dcf651f6aad280406b5340bbe8cc0f829b1ab881b3de88e89608f56d8928087920cda5bff5c61687b596b4ddf21d4a56")
        );
        let mut key = [0; 32];
        expand_label(RustCrypto, &client.secret, b"key", &[], &mut key).unwrap();
        assert_eq!(key, *hex("1a69d2ad2fe9a401498a10770ce9eb39765e3e9bbdd4df10d968bbfdaac14a8c"));
        let mut out = [0; 80];
        let exporter = main.exporter(&transcript.server_finished_hash()).unwrap();
        exporter.export(b"EXPORTER-embedded-mtls", b"purchase order", &mut out).unwrap();
        assert_eq!(
            out,
            *hex("06592ceefdad97e6ec1c233270c641f3ee9e8b2f9844a3b710c06cf1416f9ac2f7d689cb1ac66ff2\
                5d7f1e903c188ee354b0115812e8366ec01f79befaa1048eb22f686a9a1863d6d8ab1c2a11109665")
        );
    }
}
