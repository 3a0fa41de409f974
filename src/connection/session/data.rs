//! What moves in and out of a session.

use super::Session;
use crate::crypto::CryptoProvider;
use crate::error::{ApiMisuse, Error};
#[cfg(feature = "post-handshake-auth")]
use crate::handshake::post::Stop;
use crate::record::inbound::Inbound;

/// [`Event`](super::Event) without its borrow.
pub(super) enum Next {
    Transmit,
    NeedInput,
    Data,
    PeerClosed,
    Closed,
    #[cfg(feature = "post-handshake-auth")]
    Post(Stop),
}

/// Received application data. What is not consumed is offered again.
pub struct ReceivedData<'c, 'b, C: CryptoProvider> {
    pub(super) rx: &'c mut Inbound<'b, C>,
}

debug_by_name!("ReceivedData", [C: CryptoProvider] ReceivedData<'_, '_, C>);

/// Room in `tx` into which plaintext is written, to be encrypted in place.
pub struct PlaintextBuffer<'c, 'b, C: CryptoProvider> {
    pub(super) session: &'c mut Session<'b, C>,
}

debug_by_name!("PlaintextBuffer", [C: CryptoProvider] PlaintextBuffer<'_, '_, C>);

impl<C: CryptoProvider> ReceivedData<'_, '_, C> {
    /// The data. It may be changed in place.
    pub fn bytes(&mut self) -> &mut [u8] {
        self.rx.data()
    }

    /// Drops `count` bytes from the front; more than there are counts as all of them.
    pub fn consume(self, count: usize) {
        self.rx.consume_data(count);
    }
}

impl<C: CryptoProvider> PlaintextBuffer<'_, '_, C> {
    /// Where plaintext is written.
    pub fn bytes(&mut self) -> &mut [u8] {
        // Nothing may come between the messages of an answer that has begun to leave.
        if self.session.is_sending_post() { &mut [] } else { self.session.connection.tx.data_space() }
    }

    /// Encrypts the first `count` bytes in place as one record; 0 sends nothing.
    ///
    /// # Errors
    /// [`ApiMisuse::CommitTooLarge`] if that is more than there is; errors are sticky.
    pub fn seal(self, count: usize) -> Result<(), Error> {
        if count == 0 {
            return Ok(());
        }
        if self.session.is_sending_post() {
            return Err(self.session.fail(ApiMisuse::CommitTooLarge.into()));
        }
        self.session.connection.negotiated.client_auth.data_sent();
        self.session.connection.tx.seal_data(count).map_err(|error| self.session.fail(error))
    }
}
