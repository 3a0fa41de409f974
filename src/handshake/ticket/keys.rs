//! The keys with which a server seals its tickets.
//!
//! ```text
//! ticket = suite:1  name of the key:16  salt:16  sealed state  tag:16
//!          `------- authenticated ----'
//! ```
//! The key of each ticket is derived from key and salt by HMAC: servers that share a key draw random salts of 16 bytes,
//! and need no common counter.

use crate::codec::copy;
use crate::crypto::{Aead, AeadAlgorithm, CryptoError, CryptoProvider, HashAlgorithm, NONCE_LEN, TAG_LEN};
use crate::wire::enums::CipherSuite;
use zeroize::{Zeroize, ZeroizeOnDrop};

const NAME_LEN: usize = 16;
pub(super) const SALT_LEN: usize = 16;
/// Number of bytes before the sealed state.
const HEADER_LEN: usize = 1 + NAME_LEN + SALT_LEN;
/// Number of bytes around the state.
pub(super) const OVERHEAD: usize = HEADER_LEN + TAG_LEN;
/// The number is the version of the layout: a ticket of another one is not opened, and there is a full handshake.
const LABEL: &[u8] = b"embedded-mtls ticket 3";

/// A key that seals tickets: 48 bytes from a cryptographically secure source, of which the first 16 are its name and are
/// visible in tickets. Wiped when dropped.
#[derive(ZeroizeOnDrop)]
pub struct TicketKey {
    name: [u8; NAME_LEN],
    secret: [u8; 32],
}

debug_by_name!("TicketKey", [] TicketKey);

/// The keys of a server's tickets: one seals, and the one before it still opens. Servers with the same keys and
/// configurations resume each other's sessions; share keys only between servers with the same names and certificates.
///
/// Anyone who has a key can forge tickets for any client: keep keys in memory, and replace them about as often as
/// tickets expire. The forward secrecy of sessions does not depend on them, since each session has
/// its own key exchange.
pub struct TicketKeys {
    current: TicketKey,
    previous: Option<TicketKey>,
}

debug_by_name!("TicketKeys", [] TicketKeys);

impl TicketKey {
    /// The required number of bytes.
    pub const LEN: usize = NAME_LEN + 32;

    /// Takes the bytes as they are.
    pub fn new(bytes: &[u8; Self::LEN]) -> Self {
        let mut key = Self { name: [0; NAME_LEN], secret: [0; 32] };
        let (name, secret) = bytes.split_at(NAME_LEN);
        copy(&mut key.name, name);
        copy(&mut key.secret, secret);
        key
    }

    /// Derives the key of the ticket with this salt.
    fn aead<C: CryptoProvider>(&self, provider: C, suite: u8, salt: &[u8]) -> Result<Option<C::Aead>, CryptoError> {
        let suite = CipherSuite(u16::from_be_bytes([0x13, suite]));
        let Some(algorithm) = AeadAlgorithm::of(suite).filter(|_| C::CIPHER_SUITES.contains(&suite)) else {
            return Ok(None);
        };
        let mut key = provider.hmac(HashAlgorithm::Sha256, &self.secret, &[LABEL, &suite.0.to_be_bytes(), salt])?;
        let aead = provider.aead(algorithm, key.as_bytes().get(..algorithm.key_len()).unwrap_or_default());
        key.zeroize();
        aead.map(Some)
    }
}

impl TicketKeys {
    /// Seals with `current`, and opens nothing else.
    pub const fn new(current: TicketKey) -> Self {
        Self { current, previous: None }
    }

    /// Also opens tickets that the previous key sealed.
    #[must_use]
    pub fn with_previous(mut self, previous: TicketKey) -> Self {
        self.previous = Some(previous);
        self
    }

    /// Seals the state that `write` writes after the header in `ticket`, and returns the length of the ticket; `None`
    /// if it does not fit.
    pub(super) fn seal<C: CryptoProvider>(
        &self,
        provider: C,
        salt: &[u8; SALT_LEN],
        ticket: &mut [u8],
        write: impl FnOnce(&mut [u8]) -> Option<usize>,
    ) -> Result<Option<usize>, CryptoError> {
        let [_, suite] = C::CIPHER_SUITES.first().map_or([0; 2], |suite| suite.0.to_be_bytes());
        let Some(aead) = self.current.aead(provider, suite, salt)? else { return Ok(None) };
        let Some((header, rest)) = ticket.split_first_chunk_mut::<HEADER_LEN>() else { return Ok(None) };
        let parts = [suite].into_iter().chain(self.current.name).chain(*salt);
        header.iter_mut().zip(parts).for_each(|(to, from)| *to = from);
        let Some(len) = write(rest) else { return Ok(None) };
        let Some((state, rest)) = rest.split_at_mut_checked(len) else { return Ok(None) };
        let Some(tag) = rest.first_chunk_mut::<TAG_LEN>() else { return Ok(None) };
        *tag = aead.seal(&[0; NONCE_LEN], header, state)?;
        Ok(Some(OVERHEAD.saturating_add(len)))
    }

    /// Opens a ticket in `memory`, and returns its state; `None` if none of these keys sealed it.
    pub(super) fn open<'m, C: CryptoProvider>(
        &self,
        provider: C,
        ticket: &[u8],
        memory: &'m mut [u8],
    ) -> Result<Option<&'m [u8]>, CryptoError> {
        let Some((header, rest)) = ticket.split_first_chunk::<HEADER_LEN>() else { return Ok(None) };
        let Some((sealed, tag)) = rest.split_last_chunk::<TAG_LEN>() else { return Ok(None) };
        let Some(state) = memory.get_mut(..sealed.len()) else { return Ok(None) };
        let [suite, rest @ ..] = header;
        let (name, salt) = rest.split_at(NAME_LEN);
        let keys = [Some(&self.current), self.previous.as_ref()];
        let Some(key) = keys.into_iter().flatten().find(|key| key.name == name) else { return Ok(None) };
        let Some(aead) = key.aead(provider, *suite, salt)? else { return Ok(None) };
        copy(state, sealed);
        match aead.open(&[0; NONCE_LEN], header, state, tag) {
            Ok(()) => Ok(Some(state)),
            Err(CryptoError::Failed) => Err(CryptoError::Failed),
            // RFC 9846 section 4.3.11: "Any unknown PSKs (e.g., ones not in the PSK database or encrypted with an
            // unknown key) SHOULD simply be ignored."
            Err(_) => Ok(None),
        }
    }
}
