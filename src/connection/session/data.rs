//! Data that is received and sent in a session, and the memory for it.

use super::Session;
use crate::connection::Buffers;
use crate::connection::machine::Machine;
use crate::error::Error;
use crate::handshake::Side;
use crate::record::inbound::Inbound;
use core::ops::{Deref, DerefMut};

/// Received application data, a slice that may be changed in place. Data that is not consumed is offered again.
pub struct ReceivedData<'c, 'b, R: Side> {
    pub(super) rx: &'c mut Inbound<'b, R::Provider>,
}

debug_by_name!("ReceivedData", [R: Side] ReceivedData<'_, '_, R>);

/// Space in `tx` for plaintext, a slice that is encrypted in place. It becomes one record, of at most 16,384 bytes (RFC
/// 9846 section 5.1).
pub struct PlaintextBuffer<'c, 'b, R: Side> {
    pub(super) session: &'c mut Session<'b, R>,
}

debug_by_name!("PlaintextBuffer", [R: Side] PlaintextBuffer<'_, '_, R>);

impl<'b, R: Side> Session<'b, R> {
    /// Ends the session and returns its buffers for another connection. `rx` and `tx` are wiped, including unread and
    /// unsent data: call [`close`](Self::close) first, and write what is [pending](Self::tx_pending).
    pub fn into_buffers(self) -> Buffers<'b> {
        Buffers::of(self.connection)
    }

    /// Returns the part of the lent [peer memory](Buffers::peer) that the session does not use: all but the summary of
    /// the peer's certificate. [`into_buffers`](Self::into_buffers) returns only the rest afterwards. Empty if the
    /// client offered authentication after the handshake, which needs it.
    pub fn take_peer_memory(&mut self) -> &'b mut [u8] {
        // Without the feature no client is asked, whatever it offers.
        if cfg!(feature = "post-handshake-auth") && self.connection.negotiated.post_handshake_auth {
            &mut []
        } else {
            self.connection.peer.memory_mut().take_free()
        }
    }

    /// Returns the application data that was received and not consumed.
    pub(crate) fn data(&self) -> &[u8] {
        self.connection.rx.data()
    }

    /// Drops `count` bytes of [`data`](Self::data); a larger count means all of them.
    pub(crate) fn consume_data(&mut self, count: usize) {
        self.connection.rx.consume_data(count);
    }
}

impl<R: Side> Deref for ReceivedData<'_, '_, R> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.rx.data()
    }
}

impl<R: Side> DerefMut for ReceivedData<'_, '_, R> {
    fn deref_mut(&mut self) -> &mut [u8] {
        self.rx.data_mut()
    }
}

impl<R: Side> ReceivedData<'_, '_, R> {
    /// Drops `count` bytes from the front; a larger count means all of them.
    pub fn consume(self, count: usize) {
        self.rx.consume_data(count);
    }
}

impl<R: Side> Deref for PlaintextBuffer<'_, '_, R> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.session.connection.tx.data_space()
    }
}

impl<R: Side> DerefMut for PlaintextBuffer<'_, '_, R> {
    fn deref_mut(&mut self) -> &mut [u8] {
        self.session.connection.tx.data_space_mut()
    }
}

impl<R: Side> PlaintextBuffer<'_, '_, R> {
    /// Encrypts the first `count` bytes in place as one record; 0 sends nothing.
    ///
    /// # Errors
    /// [`ApiMisuse::CommitTooLarge`](crate::ApiMisuse::CommitTooLarge) if that is more than there is; errors are
    /// sticky.
    pub fn seal(self, count: usize) -> Result<(), Error> {
        if count == 0 {
            return Ok(());
        }
        self.session.connection.tx.seal_data(count).map_err(|error| self.session.fail(error))
    }
}
