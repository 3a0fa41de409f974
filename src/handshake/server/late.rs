//! The server's side of client authentication after the handshake (RFC 9846 section 4.7.2).

use super::request::{certificate_request, expectation};
use crate::codec::Writer;
use crate::crypto::{CryptoProvider, HashAlgorithm};
use crate::error::{ApiMisuse, Error, PeerIncompatible, PeerMisbehaved};
use crate::handshake::authenticate::{Authenticate, Outcome};
use crate::handshake::config::{ClientAuth, ServerConfig, check_anchors};
use crate::handshake::connection::{Connection, send_parts};
use crate::handshake::entropy::Entropy;
use crate::handshake::proof::{AnonymousAllowed, PeerAuthenticated, Proof};
use crate::handshake::{ClientAuthStatus, Input, Next, Secrets, Stop, Wait, late};
use crate::record::outbound::Written;
use crate::transcript::Transcript;
use crate::wire::enums::HandshakeType;
use crate::wire::finished::Finished;
use zeroize::Zeroizing;

/// The requests of a server after the handshake, and the answer to the last one.
pub(crate) struct LateRequests<'b, P: CryptoProvider> {
    config: &'b ServerConfig<'b>,
    /// ClientHello ... the client's Finished: the beginning of each exchange. The transcript of the connection
    /// continues with the messages of the current exchange.
    handshake: Transcript<P>,
    state: State,
    /// Belongs to the last request.
    client_auth: ClientAuth<'b>,
    /// The seed from which the contexts of requests are derived.
    seed: Zeroizing<[u8; 32]>,
    /// Belongs to the last request.
    number: u32,
    /// The answer to the last request.
    answer: Option<ClientAuthStatus>,
}

/// The states, in the order in which they are reached.
enum State {
    Idle,
    /// The number of bytes of the request already sent.
    SendRequest(usize),
    Authenticate(Authenticate),
    ExpectFinished(PeerAuthenticated),
}

/// Length of our `certificate_request_context`.
const CONTEXT_LEN: usize = 16;

impl<'b, P: CryptoProvider> late::Late<'b, P> for LateRequests<'b, P> {
    fn expects(&self) -> Option<HandshakeType> {
        matches!(self.state, State::Authenticate(_)).then_some(HandshakeType::CERTIFICATE)
    }

    fn is_receiving(&self) -> bool {
        match &self.state {
            State::Authenticate(step) => !matches!(step, Authenticate::ExpectCertificate),
            State::ExpectFinished(_) => true,
            State::Idle | State::SendRequest(_) => false,
        }
    }

    fn last_answer(&self) -> Option<ClientAuthStatus> {
        self.answer
    }

    /// Begins with the Certificate: its header was received, and its context names the request that it answers.
    fn begin(&mut self, cx: &mut Connection<'b, P>) -> Result<bool, Error> {
        Ok(!matches!(self.authenticate(Input::Ready, cx)?, Some(Stop::NeedInput)))
    }

    fn receive(
        &mut self,
        cx: &mut Connection<'b, P>,
        secrets: &Secrets<P>,
        proof: &mut Proof,
    ) -> Result<Stop<'b>, Error> {
        loop {
            let wait = match &self.state {
                State::Authenticate(step) => step.profile().1,
                State::ExpectFinished(_) => Wait::Message(&[HandshakeType::FINISHED]),
                State::Idle | State::SendRequest(_) => Wait::Never,
            };
            if let Some(stop) = cx.await_input(wait)? {
                return Ok(stop);
            }
            let stop = match &self.state {
                State::Authenticate(_) => self.authenticate(Input::Ready, cx)?,
                State::ExpectFinished(_) => self.handle_finished(cx, secrets, proof)?,
                State::Idle | State::SendRequest(_) => return Err(PeerMisbehaved::UnexpectedMessage.into()),
            };
            if let Some(stop) = stop {
                return Ok(stop);
            }
        }
    }

    fn answer(&mut self, input: Input<'_, 'b>, cx: &mut Connection<'b, P>) -> Result<(), Error> {
        self.authenticate(input, cx).map(|_| ())
    }

    fn send(&mut self, cx: &mut Connection<'b, P>, _: &Secrets<P>) -> Result<(), Error> {
        let State::SendRequest(mut sent) = self.state else { return Ok(()) };
        let context = self.context(cx.provider)?;
        let request = certificate_request::<P>(self.config, &self.client_auth, &context);
        let Connection { tx, transcript, events, .. } = &mut *cx;
        let kind = HandshakeType::CERTIFICATE_REQUEST;
        let write = |w: &mut Writer<'_>| request.emit(w);
        self.state = match send_parts(tx, events, kind, &mut sent, &write, &mut |part| transcript.update(part))? {
            Written::AfterTransmit => State::SendRequest(sent),
            Written::Yes => {
                cx.tx.end_flight()?;
                State::Authenticate(Authenticate::ExpectCertificate)
            }
        };
        Ok(())
    }
}

impl<'b, P: CryptoProvider> LateRequests<'b, P> {
    /// Begins with the transcript of the connection, which ends with the client's Finished.
    pub(super) fn new(config: &'b ServerConfig<'b>, connection: &Connection<'b, P>, entropy: &Entropy) -> Self {
        Self {
            config,
            handshake: connection.transcript.fork(),
            state: State::Idle,
            client_auth: ClientAuth::None,
            seed: Zeroizing::new(*entropy.context_seed()),
            number: 0,
            answer: None,
        }
    }

    /// Begins an exchange. The request is sent when there is space.
    ///
    /// RFC 9846 section 4.3.6.
    pub(crate) fn request(&mut self, client_auth: ClientAuth<'b>, cx: &mut Connection<'b, P>) -> Result<(), Error> {
        if !cx.negotiated.post_handshake_auth {
            return Err(ApiMisuse::PostHandshakeAuthNotOffered.into());
        }
        if !matches!(self.state, State::Idle) {
            return Err(ApiMisuse::RequestPending.into());
        }
        check_anchors(client_auth.anchors().unwrap_or(&[]))?;
        self.number = self.number.checked_add(1).ok_or(Error::KeysExhausted)?;
        self.client_auth = client_auth;
        self.answer = None;
        self.state = State::SendRequest(0);
        cx.tx.begin_flight();
        cx.transcript = self.handshake.fork();
        cx.peer.forget();
        Ok(())
    }

    /// Derives the context of the request. RFC 9846 section 4.4.2: "the server SHOULD make the context unpredictable to
    /// the client", so that nobody with temporary access to its key can create signatures in advance.
    fn context(&self, provider: P) -> Result<[u8; CONTEXT_LEN], Error> {
        let mac = provider.hmac(HashAlgorithm::Sha256, &self.seed[..], &[&self.number.to_be_bytes()])?;
        mac.as_bytes().first_chunk().copied().ok_or(Error::ProviderFailed)
    }

    /// Runs a step of the client's authentication. After an error, nothing of it remains.
    fn authenticate(&mut self, input: Input<'_, 'b>, cx: &mut Connection<'b, P>) -> Next<'b> {
        let stop = self.authenticate_step(input, cx);
        if stop.is_err() {
            self.state = State::Idle;
        }
        stop
    }

    fn authenticate_step(&mut self, input: Input<'_, 'b>, cx: &mut Connection<'b, P>) -> Next<'b> {
        let context = self.context(cx.provider)?;
        let State::Authenticate(authenticate) = &mut self.state else {
            return Err(ApiMisuse::AnswerUnexpected.into());
        };
        let peer =
            match authenticate.handle(input, cx, &expectation(self.config, &self.client_auth, &context), &mut ())? {
                Outcome::Next(stop) => return Ok(stop),
                Outcome::Authenticated(peer) => peer,
                Outcome::NoCertificate => {
                    let allowed = AnonymousAllowed::by(&self.client_auth);
                    PeerAuthenticated::Anonymous(allowed.ok_or(PeerIncompatible::ClientCertificateRequired)?)
                }
            };
        self.state = State::ExpectFinished(peer);
        Ok(None)
    }

    /// Verifies Finished, after which the peer has its new identity.
    fn handle_finished(&mut self, cx: &mut Connection<'b, P>, secrets: &Secrets<P>, proof: &mut Proof) -> Next<'b> {
        let State::ExpectFinished(peer) = core::mem::replace(&mut self.state, State::Idle) else {
            return Err(ApiMisuse::AnswerUnexpected.into());
        };
        let received = cx.rx.current(Finished::parse)?;
        let finished =
            secrets.receiving.verify_post_handshake_finished(&cx.transcript.finished_hash(), received.verify_data)?;
        cx.rx.consume_message();
        self.answer = Some(match peer {
            PeerAuthenticated::Certificate(..) => {
                #[cfg(feature = "resumption")]
                if !self.config.has_anchors(cx.provider, self.client_auth.anchors().unwrap_or_default())? {
                    cx.issue = None;
                }
                cx.peer.keep_leaf();
                *proof = Proof::new(peer, finished);
                cx.negotiated.client_auth.authenticated();
                ClientAuthStatus::Accepted
            }
            // The earlier identity remains.
            PeerAuthenticated::Anonymous(_) | PeerAuthenticated::Resumed(_) => {
                cx.peer.forget();
                cx.negotiated.client_auth.declined();
                ClientAuthStatus::Declined
            }
        });
        Ok(Some(Stop::Done))
    }
}
