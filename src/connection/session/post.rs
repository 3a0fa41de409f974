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
use crate::handshake::post::{Channel, PostHandshake, Stop};
use crate::handshake::{Answer, ClientAuthStatus, Question};
use crate::transcript::CertificateHash;
use crate::wire::enums::HandshakeType;
use crate::wire::handshake::MessageHeader;
use crate::x509::{PathFound, PeerIdentity, Search, Verdict, VerifiedPath};

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
        if let Some(error) = self.failure {
            return Err(error);
        }
        if self.closed {
            return Err(ApiMisuse::ClosedForWriting.into());
        }
        self.post.request(client_auth, &mut self.peer)?;
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
        match self.failure? {
            Error::Certificate(_) => self.judged()?.refusal().map(|refusal| refusal.verdict()),
            _ => None,
        }
    }

    /// The search for the path of a client that came last.
    pub(super) fn judged(&self) -> Option<&Search<'b, 'b>> {
        self.post.is_server().then_some(&self.peer)
    }

    /// What an exchange needs next, if it holds everything else up.
    pub(super) fn next_post(&mut self) -> Result<Option<Next>, Error> {
        if self.post.is_receiving() {
            let (post, mut channel) = self.post_parts();
            return post.receive(&mut channel).map(Next::of).map(Some);
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
        if !self.rx.receive(header.total())? {
            return Ok(Handled::NotYet);
        }
        let accepted = self.negotiated.client_auth.requested_again();
        self.record_acceptance(accepted);
        let (post, mut channel) = self.post_parts();
        Ok(if post.receive_request(&mut channel)? { Handled::Yes } else { Handled::NotYet })
    }

    fn begin_receiving(&mut self) -> Result<bool, Error> {
        let (post, mut channel) = self.post_parts();
        post.begin_receiving(&mut channel)
    }

    pub(super) const fn is_sending_post(&self) -> bool {
        self.post.is_sending()
    }

    pub(super) fn send_post(&mut self) -> Result<(), Error> {
        // Nothing follows a close_notify (RFC 9846 section 6.1), even if it cuts an answer short.
        if self.closed || !self.post.is_sending() {
            return Ok(());
        }
        let (post, mut channel) = self.post_parts();
        post.send(&mut channel)?;
        if !self.post.is_sending() {
            self.negotiated.client_auth.answered_late();
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
        let (post, mut channel) = self.post_parts();
        match post.answer(&mut channel, answer) {
            Ok(()) => {
                answer.record(&mut self.rx.events, &self.peer);
                Ok(())
            }
            Err(error) => Err(self.fail(error)),
        }
    }

    /// Who the client that is being authenticated is.
    pub(in crate::connection) fn coming_peer(&self) -> Option<PeerIdentity<'_>> {
        self.peer.list().identity()
    }

    pub(in crate::connection) const fn coming_path(&self) -> Option<PathFound> {
        self.post.path()
    }

    pub(in crate::connection) fn coming_verified_path(&self) -> Option<VerifiedPath<'_>> {
        self.judged()?.verified()
    }

    pub(in crate::connection) const fn signing(&self) -> Option<&'b Credential<'b>> {
        self.post.signing()
    }

    pub(in crate::connection) fn certificate_hash(&self) -> CertificateHash {
        self.post.certificate_hash(&self.peer)
    }

    pub(in crate::connection) fn message(&self) -> Result<&[u8], Error> {
        self.rx.message()
    }

    #[cfg(feature = "events")]
    pub(in crate::connection) const fn recorder(&self) -> &crate::events::Recorder<'b> {
        &self.rx.events
    }

    const fn post_parts(&mut self) -> (&mut PostHandshake<'b, C>, Channel<'_, 'b, C>) {
        let channel = Channel {
            rx: &mut self.rx,
            tx: &mut self.tx,
            peer: &mut self.peer,
            negotiated: &mut self.negotiated,
            sending: &self.sending,
            receiving: &self.receiving,
        };
        (&mut self.post, channel)
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
