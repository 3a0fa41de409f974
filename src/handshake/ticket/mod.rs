//! Session tickets (RFC 9846 section 4.7.1): the keys that seal them, and the state in them.
//!
//! ```text
//! server  sealed  = hash  pre-shared key  scope  issued  lifetime  peer             in the ticket, see `keys`
//! client  stored  = version  hash  pre-shared key  scope  times  credential  ticket  peer  check sum
//! peer            = time of the proof  scheme  path  leaf
//! ```
//! The peer is stored as of its proof: its certificate without the signature, and the validity of its path. Waived
//! paths are never stored.

pub(crate) mod keys;
pub(crate) mod scope;
pub(crate) mod sealed;
pub(crate) mod stored;

use super::Secrets;
use super::connection::Connection;
use super::proof::{Judged, PeerAuthenticated, Proof};
use crate::codec::{Reader, Writer};
use crate::crypto::{CryptoProvider, HashAlgorithm};
use crate::error::{Error, InvalidMessage};
use crate::limits::MAX_CLOCK_SKEW;
use crate::wire::enums::SignatureScheme;
use crate::x509::{PathFound, Time, UnixTime, ValidityCheck, Waived};

/// The tickets of a session, in the same form for both sides.
pub(crate) trait Tickets<'b, P: CryptoProvider> {
    /// Writes the ticket that is due, once there is space.
    fn send(&mut self, cx: &mut Connection<'b, P>, secrets: &Secrets<P>, proof: &Proof) -> Result<(), Error> {
        let _ = (cx, secrets, proof);
        Ok(())
    }

    /// Stores the ticket in `rx`.
    fn receive(&mut self, cx: &mut Connection<'b, P>) -> Result<(), Error> {
        let _ = cx;
        Ok(())
    }
}

/// The peer of the connection that a ticket is about.
#[derive(Clone, Copy)]
struct Peer<'t> {
    /// The time of the proof that it has the key of its certificate; for an anonymous client, that of the first ticket.
    proved: UnixTime,
    scheme: SignatureScheme,
    path: PathFound,
    /// Its certificate in the format of the peer memory; empty for an anonymous client.
    leaf: &'t [u8],
}

/// Means that the peer has no certificate; it is reserved in RFC 9846 section 4.3.3.
const ANONYMOUS: SignatureScheme = SignatureScheme(0);

/// Means no anchor: there are at most 255.
const NO_ANCHOR: u8 = u8::MAX;

impl<'t> Peer<'t> {
    fn read(reader: &mut Reader<'t>) -> Result<Self, InvalidMessage> {
        let peer = Self {
            proved: read_time(reader)?,
            scheme: SignatureScheme(reader.u16()?),
            path: PathFound {
                depth: reader.u8()?,
                anchor: Some(reader.u8()?).filter(|anchor| *anchor != NO_ANCHOR),
                not_before: read_time(reader)?,
                not_after: read_time(reader)?,
                validity: ValidityCheck::Unchecked,
                waived: Waived::NOTHING,
            },
            leaf: reader.vec16()?,
        };
        if peer.leaf.is_empty() == (peer.scheme == ANONYMOUS) { Ok(peer) } else { Err(InvalidMessage::IllegalValue) }
    }

    /// Judges the peer at this time: `None` if its path is not valid, or its proof is older than `max_age` seconds;
    /// otherwise also returns the age of the proof.
    fn judge(&self, now: UnixTime, max_age: u32) -> Option<(Judged, u32)> {
        let age = age(self.proved, now).filter(|age| *age < max_age)?;
        if self.scheme == ANONYMOUS {
            return Some((Judged { proved: self.proved, path: None, scheme: None }, age));
        }
        let validity = self.path.check_validity(Time::Trusted(now)).ok()?;
        let path = PathFound { validity, ..self.path };
        Some((Judged { proved: self.proved, path: Some(path), scheme: Some(self.scheme) }, age))
    }
}

/// The authentication of the peer, if a ticket may store it.
#[derive(Clone, Copy)]
struct Evidence {
    proved: UnixTime,
    scheme: SignatureScheme,
    path: Option<PathFound>,
}

impl Evidence {
    /// Returns `None` if something was waived, or the time of the peer's proof is unknown.
    fn of(proof: &Proof, now: UnixTime) -> Option<Self> {
        let path = proof.peer().path();
        if path.is_some_and(|path| !path.waived.is_empty()) {
            return None;
        }
        let proved = match proof.peer() {
            PeerAuthenticated::Resumed(resumed) => resumed.proved(),
            PeerAuthenticated::Anonymous(_) => now,
            PeerAuthenticated::Certificate(_, signature) => match signature.time() {
                // A lower bound makes the proof older than it is.
                Time::Trusted(time) | Time::AtLeast(time) => time,
                Time::Unknown(_) => return None,
            },
        };
        let scheme = proof.peer().signature_scheme().unwrap_or(ANONYMOUS);
        Some(Self { proved, scheme, path })
    }

    /// Writes the peer as [`Peer`] reads it.
    fn write<C: CryptoProvider>(&self, cx: &Connection<'_, C>, out: &mut Writer<'_>) {
        let (depth, anchor, not_before, not_after) = match self.path {
            Some(path) => (path.depth, path.anchor.unwrap_or(NO_ANCHOR), path.not_before, path.not_after),
            None => (0, NO_ANCHOR, self.proved, self.proved),
        };
        write_time(out, self.proved);
        out.u16(self.scheme.0);
        out.bytes(&[depth, anchor]);
        write_time(out, not_before);
        write_time(out, not_after);
        out.vec16(|out| {
            if self.path.is_some() {
                cx.peer.memory().write_kept(out);
            }
        });
    }
}

/// Returns the seconds from `then` to `now`; `None` if `then` is in the future by more than clocks differ.
fn age(then: UnixTime, now: UnixTime) -> Option<u32> {
    let age = now.0.saturating_sub(then.0);
    if age < -i64::from(MAX_CLOCK_SKEW) { None } else { u32::try_from(age.max(0)).ok() }
}

fn read_time(reader: &mut Reader<'_>) -> Result<UnixTime, InvalidMessage> {
    Ok(UnixTime(i64::from_be_bytes(*reader.array()?)))
}

fn write_time(out: &mut Writer<'_>, time: UnixTime) {
    out.bytes(&time.0.to_be_bytes());
}

/// The number of a hash in tickets.
const fn code_of(hash: HashAlgorithm) -> u8 {
    match hash {
        HashAlgorithm::Sha256 => 1,
        HashAlgorithm::Sha384 => 2,
        HashAlgorithm::Sha512 => 3,
    }
}

/// Returns the hash of a cipher suite that has this number.
fn hash_of(code: u8) -> Result<HashAlgorithm, InvalidMessage> {
    match code {
        1 => Ok(HashAlgorithm::Sha256),
        2 if cfg!(feature = "aes256-gcm-sha384") => Ok(HashAlgorithm::Sha384),
        _ => Err(InvalidMessage::IllegalValue),
    }
}
