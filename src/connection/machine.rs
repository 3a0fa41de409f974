//! A handshake or a session, as seen by drivers and by the tokens that answer its questions.

use super::request::SignInput;
use crate::credential::{Credential, PeerRequest};
use crate::error::{ApiMisuse, Error};
#[cfg(feature = "events")]
use crate::events::Recorder;
use crate::handshake::connection::Connection;
use crate::handshake::{Flow, Input, Side, SideTypes, Stop};
#[cfg(feature = "resumption")]
use crate::role::Role;
use crate::transcript::certificate_verify_content;
#[cfg(feature = "dangerous-waivers")]
use crate::x509::Waived;
use crate::x509::{PeerIdentity, Search, Trace};

/// A state machine over a [`Connection`]: a handshake or a session.
pub(crate) trait Machine<'b> {
    type Side: Side;
    /// The maximum number of reads from a transport that accepts no more bytes; `None`: until it returns no more.
    const LAST_READS: Option<u8>;

    fn connection(&self) -> &Connection<'b, <Self::Side as SideTypes>::Provider>;
    fn connection_mut(&mut self) -> &mut Connection<'b, <Self::Side as SideTypes>::Provider>;

    /// Continues as far as possible.
    fn next(&mut self, trace: &mut impl Trace) -> Result<Stop<'b>, Error>;
    /// Processes received data even while data waits to be sent.
    fn next_received(&mut self) -> Result<Stop<'b>, Error>;
    /// Accepts the answer to the current question.
    fn answer(&mut self, answer: Input<'_, 'b>, trace: &mut impl Trace) -> Result<(), Error>;
    /// Makes the error sticky and writes its alert, unless there is an earlier one.
    fn fail(&mut self, error: Error) -> Error;
    /// Records that the transport has accepted `count` bytes.
    fn tx_consume(&mut self, count: usize);
    /// Records that the transport has written `count` bytes into the space for received ones.
    fn rx_commit(&mut self, count: usize) -> Result<(), Error>;

    /// Reads the peer's request from its message, which was checked when it was received.
    fn peer_request<'m>(&'m self) -> PeerRequest<'m>
    where
        'b: 'm,
    {
        let connection = self.connection();
        let request = Self::Side::peer_request(connection);
        let request = request.unwrap_or_else(|_| PeerRequest::unknown(Self::Side::ROLE));
        request.leave_out_authorities(connection.rx.is_cut())
    }

    /// Returns the identity of the peer to authorize.
    fn peer<'m>(&'m self) -> Result<PeerIdentity<'m>, Error>
    where
        'b: 'm,
    {
        // A path was found, so there is a leaf.
        Ok(self.connection().peer.list().identity().ok_or(ApiMisuse::AnswerUnexpected)?)
    }

    /// Returns the causes that were waived for its path, if any.
    #[cfg(feature = "dangerous-waivers")]
    fn waived<'m>(&'m self) -> Option<Waived>
    where
        'b: 'm,
    {
        self.connection().peer.verified().map(|path| path.found.waived).filter(|waived| !waived.is_empty())
    }

    /// Returns whether a peer that is not authorized can be asked to authenticate in a full handshake.
    #[cfg(feature = "resumption")]
    fn may_decline(&self) -> bool {
        let is_server = Self::Side::ROLE == Role::Server;
        is_server && self.connection().peer.list().identity().is_some_and(|peer| peer.proved_before().is_some())
    }

    /// Returns the input for the signer that holds the key of a credential.
    fn sign_input(&self, credential: &Credential<'_>) -> Result<SignInput, Error> {
        let connection = self.connection();
        let message = certificate_verify_content(Self::Side::ROLE, &connection.transcript.certificate_hash());
        let hedge = connection.hedge(message.as_bytes())?;
        Ok(SignInput { key: credential.key(), scheme: credential.scheme(), message, hedge })
    }
}

/// A [`Machine`] as seen by request tokens, which have neither role nor provider.
pub(crate) trait Asking<'b> {
    fn peer_request<'m>(&'m self) -> PeerRequest<'m>
    where
        'b: 'm;
    fn search(&self) -> &Search<'b, 'b>;
    #[cfg(feature = "events")]
    fn events(&self) -> &Recorder<'b>;
    fn answer(&mut self, answer: Input<'_, 'b>) -> Result<(), Error>;
    fn fail(&mut self, error: Error) -> Error;
}

impl<'b, M: Machine<'b>> Asking<'b> for M {
    fn peer_request<'m>(&'m self) -> PeerRequest<'m>
    where
        'b: 'm,
    {
        Machine::peer_request(self)
    }

    fn search(&self) -> &Search<'b, 'b> {
        &self.connection().peer
    }

    #[cfg(feature = "events")]
    fn events(&self) -> &Recorder<'b> {
        &self.connection().events
    }

    fn answer(&mut self, answer: Input<'_, 'b>) -> Result<(), Error> {
        Machine::answer(self, answer, &mut ())
    }

    fn fail(&mut self, error: Error) -> Error {
        Machine::fail(self, error)
    }
}
