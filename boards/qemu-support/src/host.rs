//! Services of the host for the machine: random numbers and a journal in a file. The machine itself has neither a
//! generator nor flash; a real board has both.

use crate::files;
use crate::signer;
use crate::stack;
use embedded_mtls::KeyHandle;
use embedded_mtls::x509::UnixTime;
#[cfg(feature = "full")]
use embedded_mtls::{Entropy, x509::Time};
use gateway::provider::SigningKey;
use gateway::{Board, Journal};
#[cfg(feature = "full")]
use gateway::{StoredKey, Unreadable, enrolment, software_key};
#[cfg(feature = "full")]
use zeroize::Zeroizing;

/// The file in which an order waits.
const JOURNAL: (&str, &str) = ("queue", "xml");

/// The host, with our key.
pub(crate) struct Host {
    pub(crate) key: Key,
    /// The flash with the ticket.
    #[cfg(feature = "full")]
    pub(crate) flash: crate::flash::Journal,
    /// The blobs; one may arrive while the next handshake signs.
    #[cfg(feature = "full")]
    pub(crate) blobs: Option<crate::provisioned::Blobs>,
}

impl Host {
    /// Opens the flash; `None` if that is impossible.
    #[cfg_attr(not(feature = "full"), expect(clippy::unnecessary_wraps, reason = "without flash, nothing is opened"))]
    pub(crate) fn new(key: Key) -> Option<Self> {
        Some(Self {
            key,
            #[cfg(feature = "full")]
            flash: crate::flash::journal()?,
            #[cfg(feature = "full")]
            blobs: None,
        })
    }
}

/// The location of our key.
pub(crate) enum Key {
    /// There is none.
    None,
    /// In memory.
    Own(SigningKey),
    /// In the slow signer.
    Away,
}

impl Journal for Host {
    fn load(&mut self, memory: &mut [u8]) -> Option<usize> {
        files::load(JOURNAL.0, JOURNAL.1, memory)
    }

    fn store(&mut self, order: &[u8]) -> bool {
        files::replace(JOURNAL.0, JOURNAL.1, order)
    }

    fn clear(&mut self) -> bool {
        files::remove(JOURNAL.0, JOURNAL.1)
    }
}

impl Board for Host {
    fn entropy(&mut self, out: &mut [u8]) -> bool {
        random(out)
    }

    #[cfg(feature = "full")]
    fn blob_memory(&mut self) -> &mut [u8] {
        self.blobs.as_mut().map_or(&mut [], |blobs| blobs.store.memory())
    }

    #[cfg(feature = "full")]
    fn take_blob(&mut self, len: usize) -> bool {
        self.blobs.as_mut().is_some_and(|blobs| blobs.take(len, &mut self.flash))
    }

    #[cfg(feature = "full")]
    fn take_key(&mut self, key: StoredKey<'_>) -> bool {
        let Self { flash, key: own, .. } = self;
        let find = |key: StoredKey<'_>| software_key(key).map(|key| *own = Key::Own(key));
        enrolment::find_key(key, || crate::flash::own_key(flash), find).is_some()
    }

    async fn sign(&mut self, _: KeyHandle, digest: &[u8; 32], hedge: &[u8]) -> Option<[u8; 64]> {
        #[cfg(feature = "full")]
        if let Some(blobs) = self.blobs.as_mut() {
            blobs.take_in(&mut self.flash);
        }
        match &self.key {
            Key::None => None,
            Key::Own(key) => key.sign_digest(digest, hedge).ok(),
            Key::Away => signer::sign(digest, hedge).await,
        }
    }

    #[cfg(feature = "full")]
    fn own_key(&mut self) -> Result<Option<Zeroizing<[u8; 32]>>, Unreadable> {
        crate::flash::own_key(&mut self.flash)
    }

    #[cfg(feature = "full")]
    fn keep_own_key(&mut self, key: &[u8; 32]) -> bool {
        self.flash.keep_own_key(key)
    }

    #[cfg(feature = "full")]
    fn take_ticket(&mut self, memory: &mut [u8]) -> Option<usize> {
        self.flash.take_ticket(memory)
    }

    #[cfg(feature = "full")]
    fn keep_ticket(&mut self, ticket: &[u8]) -> bool {
        self.flash.keep_ticket(ticket)
    }

    fn stack(&self) -> Option<(usize, usize)> {
        Some(stack::usage())
    }
}

/// The time of the build, before which it cannot be.
pub(crate) const BUILT: UnixTime = match i64::from_str_radix(env!("BUILT"), 10) {
    Ok(seconds) => UnixTime(seconds),
    Err(_) => panic!("the build script writes seconds since 1970"),
};

/// The machine has no clock.
#[cfg(feature = "full")]
pub(crate) fn clock() -> Time {
    Time::AtLeast(BUILT)
}

/// Draws the entropy of a connection.
#[cfg(feature = "full")]
pub(crate) fn entropy() -> Entropy {
    let mut bytes = [0; Entropy::LEN];
    crate::random(&mut bytes);
    Entropy::new(&bytes)
}

/// Reads random bytes from the host.
pub(crate) fn random(out: &mut [u8]) -> bool {
    semihosting::experimental::random::fill_bytes(out).is_ok()
}
