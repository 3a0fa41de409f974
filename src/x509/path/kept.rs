//! What a session does with the memory of the peer's certificates after the handshake: the leaf stays in front,
//! what is behind it is free for a chain that comes later, or for what an answer of ours needs.
//!
//! ```text
//! memory  [ leaf of the peer | entry 0 (leaf of the chain that comes) | entry 1 | ... | free ]
//! ```

use super::PeerChain;
use super::summary::{LENGTH, Summaries, Summary, read_entry};
use crate::codec::move_to_front;
use crate::error::{BufferKind, Error};
use crate::x509::identity::PeerIdentity;

impl PeerChain<'_> {
    /// Keeps the leaf, if there is one, and forgets the rest: what a session does, and what follows a new chain.
    pub(crate) fn keep_leaf(&mut self) {
        self.list.keep_leaf();
        self.begin_again();
    }

    /// As a session keeps it.
    pub(crate) fn into_kept(mut self) -> Self {
        self.keep_leaf();
        self
    }

    /// Forgets a chain, for another one to come. The leaf that was kept stays.
    pub(crate) fn begin_again(&mut self) {
        self.list.clear();
        self.broken = None;
        self.oversize = 0;
        self.restart();
    }

    /// The leaf that was kept.
    pub(crate) fn kept_identity(&self) -> Option<PeerIdentity<'_>> {
        self.list.kept().map(PeerIdentity::new)
    }

    /// Memory that no certificate fills.
    pub(crate) fn free(&self) -> &[u8] {
        self.list.free()
    }

    /// Copies `bytes` to place `at` of the memory that no certificate fills.
    pub(crate) fn store(&mut self, at: usize, bytes: &[u8]) -> Result<(), Error> {
        let (free, used) = self.list.free_mut();
        match free.get_mut(at..).and_then(|free| free.get_mut(..bytes.len())) {
            Some(place) => {
                place.copy_from_slice(bytes);
                Ok(())
            }
            None => Err(Error::too_small(BufferKind::Peer, used.saturating_add(at).saturating_add(bytes.len()))),
        }
    }

    /// Fails if fewer than `count` bytes are free.
    pub(crate) fn check_free(&mut self, count: usize) -> Result<(), Error> {
        let (free, used) = self.list.free_mut();
        if count <= free.len() { Ok(()) } else { Err(Error::too_small(BufferKind::Peer, used.saturating_add(count))) }
    }
}

impl Summaries<'_> {
    /// Moves the entry of the leaf in front of the list and empties the list; an empty list leaves what was kept.
    fn keep_leaf(&mut self) {
        if let Some((start, end)) = self.entry(0) {
            let start = start.saturating_sub(LENGTH);
            move_to_front(self.memory, start..end, 0);
            self.kept = end.saturating_sub(start);
        }
        self.clear();
    }

    /// Empties the list; the leaf that was kept stays.
    const fn clear(&mut self) {
        self.used = self.kept;
        self.count = 0;
    }

    /// The summary of the leaf that was kept.
    fn kept(&self) -> Option<Summary<'_>> {
        read_entry(self.memory.get(LENGTH..self.kept)?)
    }

    /// What the list does not fill.
    fn free(&self) -> &[u8] {
        self.memory.get(self.used..).unwrap_or_default()
    }

    /// What the list does not fill, and how many bytes are in front of it.
    fn free_mut(&mut self) -> (&mut [u8], usize) {
        (self.memory.get_mut(self.used..).unwrap_or_default(), self.used)
    }
}
