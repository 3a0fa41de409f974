//! Authentication of the client after the handshake (RFC 9846 section 4.7.2), as a session does it.

use super::data::Next;
use super::messages::Handled;
use super::{Event, Session};
use crate::connection::request::{AuthorizeRequest, CredentialRequest, SignRequest, TimeRequest};
use crate::connection::target::Target;
use crate::credential::Credential;
use crate::crypto::CryptoProvider;
use crate::error::{ApiMisuse, Error};
use crate::handshake::config::ClientAuth;
use crate::handshake::post::Stop;
use crate::handshake::{Answer, ClientAuthStatus, Question};
use crate::transcript::CertificateHash;
use crate::wire::enums::HandshakeType;
use crate::wire::handshake::MessageHeader;
use crate::x509::{Search, Verdict};

impl<'b, C: CryptoProvider> Session<'b, C> {
    /// On a server: asks the client who it is (RFC 9846 section 4.7.2). The request leaves with the next poll; the
    /// client answers when it can, and its data goes on flowing until then. Its answer is verified as in the
    /// handshake: [`Event::Time`], [`Event::Yield`], [`Event::Authorize`], and then [`Event::ClientAuth`].
    ///
    /// `client_auth` names the trust anchors. With [`ClientAuth::Required`] a client that shows no certificate is
    /// refused with `certificate_required`; with [`ClientAuth::Optional`] that is an event. Asked again, the client
    /// may show another certificate; until it has, [`peer`](Self::peer) is who it was. What is kept of that one
    /// stays in the lent peer memory, so two have to fit.
    ///
    /// # Errors
    /// [`ApiMisuse::PostHandshakeAuthNotOffered`] if the client did not offer it, and on a client;
    /// [`ApiMisuse::RequestPending`] before the last request is answered;
    /// [`ApiMisuse::NoTrustAnchors`] with [`ClientAuth::None`]; [`ApiMisuse::ClosedForWriting`] after
    /// [`close`](Self::close). They leave the session as it was. Other errors are sticky.
    pub fn request_certificate(&mut self, client_auth: ClientAuth<'b>) -> Result<(), Error> {
        if let Some((error, _)) = self.connection.failure {
            return Err(error);
        }
        if self.closed {
            return Err(ApiMisuse::ClosedForWriting.into());
        }
        self.post.request(&mut self.connection, client_auth)?;
        self.send_messages().map_err(|error| self.fail(error))
    }

    /// On a server: whether the client has offered to answer [`request_certificate`](Self::request_certificate). On a
    /// client: whether we have.
    pub const fn can_request_certificate(&self) -> bool {
        self.post.is_offered()
    }

    /// On a server: what the client has answered to the last [`request_certificate`](Self::request_certificate), as
    /// [`Event::ClientAuth`] has said it; `None` before it has, and if nothing was asked.
    pub const fn certificate_answer(&self) -> Option<ClientAuthStatus> {
        self.post.answered()
    }

    /// On a server: why a chain that came late was refused, in full, as [`Handshake::verdict`] says it of one of the
    /// handshake.
    ///
    /// [`Handshake::verdict`]: crate::Handshake::verdict
    pub fn verdict(&self) -> Option<Verdict<'_>> {
        match self.connection.failure? {
            (Error::Certificate(_), _) => self.judged()?.verdict(),
            _ => None,
        }
    }

    /// The search for the path of a client that came last.
    pub(super) fn judged(&self) -> Option<&Search<'b, 'b>> {
        self.post.is_server().then_some(&self.connection.peer)
    }

    /// What an exchange needs next, if it holds everything else up.
    pub(super) fn next_post(&mut self) -> Result<Option<Next>, Error> {
        if self.post.is_receiving() {
            return self.post.receive(&mut self.connection, &self.secrets).map(Next::of).map(Some);
        }
        // The request lies in `rx`, where nothing more can be received.
        Ok(match self.post.question() {
            Some(question @ Question::Credential) => Some(Next::Post(Stop::Ask(question))),
            _ => None,
        })
    }

    /// There is nothing to be done with what is here.
    pub(super) fn wait(&self) -> Next {
        match self.post.question() {
            Some(question) => Next::Post(Stop::Ask(question)),
            None => Next::NeedInput,
        }
    }

    pub(super) const fn post_data_received(&mut self) {
        self.post.data_received();
    }

    pub(super) const fn post_message(&self) -> Option<HandshakeType> {
        self.post.expects()
    }

    /// Handles a CertificateRequest, or the beginning of its answer.
    pub(super) fn handle_post_message(&mut self, header: MessageHeader) -> Result<Handled, Error> {
        if header.kind == HandshakeType::CERTIFICATE {
            return Ok(if self.begin_receiving()? { Handled::Yes } else { Handled::NotYet });
        }
        if !self.connection.rx.receive(header.total())? {
            return Ok(Handled::NotYet);
        }
        let accepted = self.connection.negotiated.client_auth.requested_again();
        self.record_acceptance(accepted);
        Ok(if self.post.receive_request(&mut self.connection)? { Handled::Yes } else { Handled::NotYet })
    }

    fn begin_receiving(&mut self) -> Result<bool, Error> {
        self.post.begin_receiving(&mut self.connection)
    }

    pub(super) const fn is_sending_post(&self) -> bool {
        self.post.is_sending()
    }

    pub(super) fn send_post(&mut self) -> Result<(), Error> {
        // Nothing follows a close_notify (RFC 9846 section 6.1), even if it cuts an answer short.
        if self.closed || !self.post.is_sending() {
            return Ok(());
        }
        self.post.send(&mut self.connection, &self.secrets)?;
        if !self.post.is_sending() {
            self.connection.negotiated.client_auth.answered_late();
        }
        Ok(())
    }

    pub(super) const fn post_event(&mut self, stop: Stop) -> Event<'_, 'b, C> {
        match stop {
            Stop::NeedInput => Event::NeedInput,
            Stop::Yield => Event::Yield,
            Stop::Done(status) => Event::ClientAuth(status),
            Stop::Ask(Question::Authorize) => Event::Authorize(AuthorizeRequest { target: Target::Session(self) }),
            Stop::Ask(Question::Credential) => Event::Credential(CredentialRequest { target: Target::Session(self) }),
            Stop::Ask(Question::Sign) => Event::Sign(SignRequest { target: Target::Session(self) }),
            Stop::Ask(Question::Time) => Event::Time(TimeRequest { target: Target::Session(self) }),
        }
    }

    /// All answers of the request tokens come through here.
    pub(in crate::connection) fn advance(&mut self, answer: Answer<'_, 'b>) -> Result<(), Error> {
        match self.post.answer(&mut self.connection, answer) {
            Ok(()) => {
                self.connection.record_answer(&answer);
                Ok(())
            }
            Err(error) => Err(self.fail(error)),
        }
    }

    pub(in crate::connection) const fn signing(&self) -> Option<&'b Credential<'b>> {
        self.post.signing()
    }

    pub(in crate::connection) fn certificate_hash(&self) -> CertificateHash {
        self.post.certificate_hash(&self.connection)
    }
}

impl Next {
    const fn of(stop: Stop) -> Self {
        match stop {
            Stop::NeedInput => Self::NeedInput,
            other => Self::Post(other),
        }
    }
}
