//! A session without authentication after the handshake: nothing of it is there.

use super::Session;
use super::data::Next;
use super::messages::Handled;
use crate::crypto::CryptoProvider;
use crate::error::{Error, PeerMisbehaved};
use crate::wire::enums::HandshakeType;
use crate::wire::handshake::MessageHeader;
use crate::x509::Search;

#[allow(clippy::unused_self, clippy::unnecessary_wraps, clippy::needless_pass_by_ref_mut, reason = "as in `post`")]
impl<C: CryptoProvider> Session<'_, C> {
    /// The chain of the handshake is not kept.
    pub(super) const fn judged(&self) -> Option<&Search<'static, 'static>> {
        None
    }

    pub(super) const fn next_post(&mut self) -> Result<Option<Next>, Error> {
        Ok(None)
    }

    pub(super) const fn wait(&self) -> Next {
        Next::NeedInput
    }

    pub(super) const fn post_data_received(&mut self) {}

    pub(super) const fn post_message(&self) -> Option<HandshakeType> {
        None
    }

    pub(super) fn handle_post_message(&mut self, _: MessageHeader) -> Result<Handled, Error> {
        Err(PeerMisbehaved::UnexpectedMessage.into())
    }

    pub(super) const fn is_sending_post(&self) -> bool {
        false
    }

    pub(super) const fn send_post(&mut self) -> Result<(), Error> {
        Ok(())
    }
}
