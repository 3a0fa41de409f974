//! Authentication of the client after the handshake (RFC 9846 section 4.7.2).
//!
//! ```text
//!  client                                                  server
//!  ──────                                                  ──────
//!  Idle                       ◀── CertificateRequest ────  SendRequest
//!  AwaitCredential ?                                       Authenticate ▷
//!  AwaitSignature ?
//!  SendCertificate            ─── Certificate ──────────▶    certificates ▷, time ?, path
//!  SendVerify                (─── CertificateVerify ────▶)   CertificateVerify ▷, authorization ?
//!  SendFinished               ─── Finished ─────────────▶  ExpectFinished ▷
//!  Idle                                                    Idle
//! ```
//! Application data and KeyUpdate pass both ways until the first byte of Certificate, and again after Finished:
//! "All of the client's messages for a given response MUST appear consecutively on the wire with no intervening
//! messages of other type or from other responses." So the client signs first, over a Certificate that it has not sent yet.
//!
//! Each side has one exchange at a time. A second request waits in `rx` until the first is answered.

use super::authenticate::{Answered, Authenticate, Outcome};
use super::config::{ClientAuth, ServerConfig, check_anchors};
use super::connection::{Connection, send, send_parts};
use super::proof::{AnonymousAllowed, PeerAuthenticated};
use super::server::{certificate_request, expectation};
use super::{Answer, ClientAuthStatus, Entropy, Negotiated, Progress, Question, Secrets, Wait};
use crate::codec::for_each_part;
use crate::credential::{Chain, Credential, PeerRequest};
use crate::crypto::{CryptoProvider, HashAlgorithm};
use crate::error::{ApiMisuse, Error, PeerIncompatible, PeerMisbehaved};
use crate::key_schedule::FinishedVerified;
use crate::limits::{MAX_POST_HANDSHAKE_REQUESTS, REMEMBERED_CONTEXTS};
use crate::record::outbound::Written;
use crate::transcript::{CertificateHash, Transcript};
use crate::wire::certificate;
use crate::wire::certificate_request::CertificateRequest;
use crate::wire::certificate_verify::CertificateVerify;
use crate::wire::enums::HandshakeType;
use crate::wire::finished::Finished;
use crate::x509::{NoTrace, Search};
use zeroize::Zeroizing;

/// What a session keeps for it.
pub(crate) struct PostHandshake<'b, C: CryptoProvider> {
    /// ClientHello ... the client's Finished: what each exchange begins with. The transcript of the connection goes on with
    /// what was said in the exchange that is on.
    handshake: Transcript<C>,
    /// On a server: what the client has answered to the last request.
    answered: Option<ClientAuthStatus>,
    step: Step<'b>,
    party: Party<'b>,
}

/// Where the exchange is.
enum Step<'b> {
    Idle,
    /// The request lies in `rx`.
    AwaitCredential,
    AwaitSignature(&'b Credential<'b>),
    /// So many bytes of Certificate have left.
    SendCertificate(Reply<'b>, usize),
    SendVerify(&'b Credential<'b>, usize),
    SendFinished(Option<&'b Credential<'b>>),
    /// So many bytes of the request have left.
    SendRequest(usize),
    Authenticate(Authenticate),
    ExpectFinished(PeerAuthenticated),
}

/// A credential and the length of its signature, which lies behind the context; or none.
type Reply<'b> = Option<(&'b Credential<'b>, usize)>;

/// What a side keeps from one exchange to the next.
pub(crate) enum Party<'b> {
    /// The client did not offer it.
    NotOffered,
    Client(Requests),
    Server(Requester<'b>),
}

/// The requests a client has seen.
pub(crate) struct Requests {
    /// Hashes of the last contexts.
    recent: [Option<[u8; 8]>; REMEMBERED_CONTEXTS],
    /// How many may come before application data has to.
    left: u8,
    /// The context of the request that is being answered lies in front of the free memory of the peer.
    context_len: u8,
}

/// How a server asks.
pub(crate) struct Requester<'b> {
    config: &'b ServerConfig<'b>,
    client_auth: ClientAuth<'b>,
    seed: Zeroizing<[u8; 32]>,
    /// Of the last request.
    number: u32,
}

/// Length of a `certificate_request_context` of ours.
const CONTEXT_LEN: usize = 16;

/// How far receiving came.
#[derive(Clone, Copy)]
pub(crate) enum Stop {
    NeedInput,
    Yield,
    Ask(Question),
    Done(ClientAuthStatus),
}

impl<'b> Party<'b> {
    pub(super) const fn client(offered: bool) -> Self {
        if !offered {
            return Self::NotOffered;
        }
        Self::Client(Requests {
            recent: [None; REMEMBERED_CONTEXTS],
            left: MAX_POST_HANDSHAKE_REQUESTS,
            context_len: 0,
        })
    }

    pub(super) fn server(config: &'b ServerConfig<'b>, negotiated: &Negotiated<'b>, entropy: &Entropy) -> Self {
        if !negotiated.post_handshake_auth {
            return Self::NotOffered;
        }
        let seed = Zeroizing::new(*entropy.context_seed());
        Self::Server(Requester { config, client_auth: ClientAuth::None, seed, number: 0 })
    }
}

impl<'b, C: CryptoProvider> PostHandshake<'b, C> {
    /// `handshake` ends with the Finished of the client.
    pub(crate) fn new(handshake: Transcript<C>, party: Party<'b>) -> Self {
        Self { handshake, answered: None, step: Step::Idle, party }
    }

    /// The messages that may come, beside what every session expects.
    pub(crate) const fn expects(&self) -> Option<HandshakeType> {
        match (&self.party, &self.step) {
            (Party::Client(_), _) => Some(HandshakeType::CERTIFICATE_REQUEST),
            (Party::Server(_), Step::Authenticate(_)) => Some(HandshakeType::CERTIFICATE),
            _ => None,
        }
    }

    /// Whether the client has offered it.
    pub(crate) const fn is_offered(&self) -> bool {
        !matches!(self.party, Party::NotOffered)
    }

    /// Whether a message of ours has begun, so that nothing else may be sent.
    pub(crate) const fn is_sending(&self) -> bool {
        matches!(
            self.step,
            Step::SendCertificate(..) | Step::SendVerify(..) | Step::SendFinished(_) | Step::SendRequest(_)
        )
    }

    /// Whether the answer of the client has begun, so that nothing else may come.
    pub(crate) const fn is_receiving(&self) -> bool {
        match &self.step {
            Step::Authenticate(step) => !matches!(step, Authenticate::ExpectCertificate),
            Step::ExpectFinished(_) => true,
            _ => false,
        }
    }

    /// What the client is to be asked, if it is to be asked something.
    pub(crate) const fn question(&self) -> Option<Question> {
        match self.step {
            Step::AwaitCredential => Some(Question::Credential),
            Step::AwaitSignature(_) => Some(Question::Sign),
            _ => None,
        }
    }

    /// What the client has answered to the last request, if it has.
    pub(crate) const fn answered(&self) -> Option<ClientAuthStatus> {
        self.answered
    }

    /// Tells whether it is the other side that authenticates itself, whose chain is searched.
    pub(crate) const fn is_server(&self) -> bool {
        matches!(self.party, Party::Server(_))
    }

    /// The credential that is to sign.
    pub(crate) const fn signing(&self) -> Option<&'b Credential<'b>> {
        match self.step {
            Step::AwaitSignature(credential) => Some(credential),
            _ => None,
        }
    }

    /// Application data has come: requests may follow again.
    pub(crate) const fn data_received(&mut self) {
        if let Party::Client(requests) = &mut self.party {
            requests.left = MAX_POST_HANDSHAKE_REQUESTS;
        }
    }

    /// What our CertificateVerify signs: the transcript with the Certificate that will be sent.
    pub(crate) fn certificate_hash(&self, connection: &Connection<'_, C>) -> CertificateHash {
        let mut transcript = connection.transcript.fork();
        if let (Party::Client(requests), Some(credential)) = (&self.party, self.signing()) {
            let context = requests.context(&connection.peer);
            for_each_part(&|w| certificate::emit(w, context, credential.chain().iter()), &mut |part| {
                transcript.update(part);
            });
        }
        transcript.certificate_hash()
    }

    /// The server asks. The request leaves with [`Self::send`].
    pub(crate) fn request(
        &mut self,
        connection: &mut Connection<'b, C>,
        client_auth: ClientAuth<'b>,
    ) -> Result<(), Error> {
        let Party::Server(requester) = &mut self.party else {
            return Err(ApiMisuse::PostHandshakeAuthNotOffered.into());
        };
        if !matches!(self.step, Step::Idle) {
            return Err(ApiMisuse::RequestPending.into());
        }
        check_anchors(client_auth.anchors().unwrap_or(&[]))?;
        requester.number = requester.number.checked_add(1).ok_or(Error::KeysExhausted)?;
        requester.client_auth = client_auth;
        connection.transcript = self.handshake.fork();
        self.answered = None;
        connection.peer.forget();
        self.step = Step::SendRequest(0);
        Ok(())
    }

    /// A whole CertificateRequest lies in `rx`. `false` if it has to wait for the one before it.
    pub(crate) fn receive_request(&mut self, connection: &mut Connection<'b, C>) -> Result<bool, Error> {
        if !matches!(self.step, Step::Idle) {
            return Ok(false);
        }
        let Party::Client(requests) = &mut self.party else { return Err(PeerMisbehaved::UnexpectedMessage.into()) };
        let request = connection.rx.current(CertificateRequest::parse_any)?;
        requests.note::<C>(request.context)?;
        connection.events.asked(&PeerRequest::of_server(&request), true);
        connection.peer.forget();
        connection.peer.memory_mut().store(0, request.context)?;
        self.step = Step::AwaitCredential;
        Ok(true)
    }

    pub(crate) fn answer(&mut self, connection: &mut Connection<'b, C>, answer: Answer<'_, 'b>) -> Result<(), Error> {
        let step = core::mem::replace(&mut self.step, Step::Idle);
        self.step = match (step, answer) {
            (Step::AwaitCredential, Answer::Credential(reply)) => self.take_reply(connection, reply)?,
            (Step::AwaitCredential, Answer::Fail(reason)) => return Err(reason.into()),
            (Step::AwaitSignature(credential), Answer::Signature(signature)) => {
                let Party::Client(requests) = &self.party else { return Err(ApiMisuse::AnswerUnexpected.into()) };
                if !credential.has_signatures_of(signature.len()) {
                    return Err(ApiMisuse::SignatureMalformed.into());
                }
                connection.peer.memory_mut().store(usize::from(requests.context_len), signature)?;
                Step::SendCertificate(Some((credential, signature.len())), 0)
            }
            (Step::Authenticate(step), answer) => match step.answer(answer)? {
                Answered::Next(step) => Step::Authenticate(step),
                Answered::Authenticated(peer) => Step::ExpectFinished(peer),
            },
            _ => return Err(ApiMisuse::AnswerUnexpected.into()),
        };
        Ok(())
    }

    fn take_reply(
        &mut self,
        connection: &mut Connection<'b, C>,
        reply: Option<&'b Credential<'b>>,
    ) -> Result<Step<'b>, Error> {
        let request = connection.rx.current(CertificateRequest::parse_any)?;
        let step = match reply {
            Some(credential) => {
                if !request.signature_schemes.contains(credential.scheme().0) {
                    return Err(ApiMisuse::CredentialSchemeNotOffered.into());
                }
                // Better now than when the key has signed.
                connection
                    .peer
                    .memory()
                    .check_free(request.context.len().saturating_add(credential.signature_len()))?;
                connection.tx.check_holds(CertificateVerify::OVERHEAD + credential.signature_len())?;
                Step::AwaitSignature(credential)
            }
            None => Step::SendCertificate(None, 0),
        };
        connection.transcript = self.handshake.fork();
        connection.transcript.update(connection.rx.message()?);
        connection.rx.consume_message();
        Ok(step)
    }

    /// Writes what is to be sent as far as there is room.
    pub(crate) fn send(&mut self, connection: &mut Connection<'b, C>, secrets: &Secrets<C>) -> Result<(), Error> {
        loop {
            let next = match (&mut self.step, &self.party) {
                (Step::SendCertificate(reply, sent), Party::Client(requests)) => {
                    let Connection { tx, transcript, events, peer, .. } = &mut *connection;
                    let context = requests.context(peer);
                    let chain = reply.map_or_else(Chain::default, |(credential, _)| credential.chain());
                    let kind = HandshakeType::CERTIFICATE;
                    let written = send_parts(tx, transcript, events, kind, sent, &|w| {
                        certificate::emit(w, context, chain.iter());
                    })?;
                    match reply {
                        _ if written == Written::AfterTransmit => return Ok(()),
                        Some((credential, len)) => Step::SendVerify(credential, *len),
                        None => Step::SendFinished(None),
                    }
                }
                (Step::SendVerify(credential, len), Party::Client(requests)) => {
                    let Connection { tx, transcript, events, peer, .. } = &mut *connection;
                    let signature = requests.signature(peer, *len);
                    let message = CertificateVerify { scheme: credential.scheme(), signature };
                    if send(tx, transcript, events, &|w| message.emit(w))? == Written::AfterTransmit {
                        return Ok(());
                    }
                    Step::SendFinished(Some(*credential))
                }
                (Step::SendFinished(reply), _) => {
                    let written = connection.send_finished(|hash| secrets.sending.post_handshake_finished(hash))?;
                    if written == Written::AfterTransmit {
                        return Ok(());
                    }
                    connection.tx.flush()?;
                    connection.negotiated.answered(*reply);
                    Step::Idle
                }
                (Step::SendRequest(sent), Party::Server(requester)) => {
                    if requester.send(connection, sent)? == Written::AfterTransmit {
                        return Ok(());
                    }
                    connection.tx.flush()?;
                    Step::Authenticate(Authenticate::ExpectCertificate)
                }
                _ => return Ok(()),
            };
            self.step = next;
        }
    }

    /// The header of a Certificate is here. `false` if more has to come before it says which request it answers.
    pub(crate) fn begin_receiving(&mut self, connection: &mut Connection<'b, C>) -> Result<bool, Error> {
        self.authenticate(Authenticate::ExpectCertificate, connection).map(|progress| progress != Progress::NeedInput)
    }

    /// Goes on with the answer of the client, at most one public-key operation far.
    pub(crate) fn receive(&mut self, connection: &mut Connection<'b, C>, secrets: &Secrets<C>) -> Result<Stop, Error> {
        loop {
            let (wait, step) = match core::mem::replace(&mut self.step, Step::Idle) {
                Step::Authenticate(step) => (step.profile().1, Step::Authenticate(step)),
                Step::ExpectFinished(peer) => (Wait::Message(&[HandshakeType::FINISHED]), Step::ExpectFinished(peer)),
                _ => return Err(PeerMisbehaved::UnexpectedMessage.into()),
            };
            let is_here = match wait {
                Wait::Nothing | Wait::Done => true,
                Wait::Header(types) => connection.receive_header(types)?.is_some(),
                Wait::Message(types) => connection.receive_message(types)?,
                Wait::Answer(question) => {
                    self.step = step;
                    return Ok(Stop::Ask(question));
                }
            };
            if !is_here {
                self.step = step;
                return Ok(Stop::NeedInput);
            }
            let progress = match step {
                Step::Authenticate(step) => self.authenticate(step, connection)?,
                Step::ExpectFinished(peer) => return self.handle_finished(peer, connection, secrets).map(Stop::Done),
                _ => Progress::Continue,
            };
            match progress {
                Progress::Continue | Progress::Transmit => {}
                Progress::NeedInput => return Ok(Stop::NeedInput),
                Progress::Yield => return Ok(Stop::Yield),
            }
        }
    }

    fn authenticate(&mut self, step: Authenticate, connection: &mut Connection<'b, C>) -> Result<Progress, Error> {
        let Party::Server(requester) = &self.party else { return Err(PeerMisbehaved::UnexpectedMessage.into()) };
        let context = requester.context::<C>()?;
        let expectation = expectation(requester.config, &requester.client_auth, &context);
        match step.handle(connection, &expectation, &mut NoTrace)? {
            Outcome::Next(step, progress) => {
                self.step = Step::Authenticate(step);
                Ok(progress)
            }
            Outcome::NoCertificate => {
                let allowed =
                    AnonymousAllowed::by(&requester.client_auth).ok_or(PeerIncompatible::ClientCertificateRequired)?;
                self.step = Step::ExpectFinished(PeerAuthenticated::Anonymous(allowed));
                Ok(Progress::Continue)
            }
        }
    }

    /// Everything is proved: from now on the peer is who it said.
    fn handle_finished(
        &mut self,
        peer: PeerAuthenticated,
        connection: &mut Connection<'b, C>,
        secrets: &Secrets<C>,
    ) -> Result<ClientAuthStatus, Error> {
        let received = connection.rx.current(Finished::parse)?;
        let finished: FinishedVerified = secrets
            .receiving
            .verify_post_handshake_finished(&connection.transcript.finished_hash(), received.verify_data)?;
        connection.rx.consume_message();
        let status = match &peer {
            PeerAuthenticated::Certificate(..) => ClientAuthStatus::Accepted,
            PeerAuthenticated::Anonymous(_) => ClientAuthStatus::Declined,
        };
        let (path, scheme) = (peer.path(), peer.signature_scheme());
        peer.with(finished);
        if status == ClientAuthStatus::Accepted {
            connection.peer.keep_leaf();
            connection.negotiated.path = path;
            connection.negotiated.peer_scheme = scheme;
            connection.negotiated.client_auth.authenticated();
        } else {
            connection.peer.forget();
            connection.negotiated.client_auth.declined();
        }
        self.answered = Some(status);
        Ok(status)
    }
}

impl Requests {
    /// RFC 9846 section 4.4.2: the context "MUST be unique within the scope of this connection (thus preventing
    /// replay of client CertificateVerify messages)".
    fn note<C: CryptoProvider>(&mut self, context: &[u8]) -> Result<(), Error> {
        let digest = C::digest(HashAlgorithm::Sha256, &[context])?;
        let digest = digest.as_bytes().first_chunk().copied();
        if self.recent.contains(&digest) {
            return Err(PeerMisbehaved::CertificateContext.into());
        }
        self.left = self.left.checked_sub(1).ok_or(PeerMisbehaved::TooManyMessages)?;
        self.recent.rotate_right(1);
        if let Some(first) = self.recent.first_mut() {
            *first = digest;
        }
        self.context_len = u8::try_from(context.len()).unwrap_or(u8::MAX);
        Ok(())
    }

    fn context<'p>(&self, peer: &'p Search<'_, '_>) -> &'p [u8] {
        peer.memory().free().get(..usize::from(self.context_len)).unwrap_or_default()
    }

    fn signature<'p>(&self, peer: &'p Search<'_, '_>, len: usize) -> &'p [u8] {
        let start = usize::from(self.context_len);
        peer.memory().free().get(start..start.saturating_add(len)).unwrap_or_default()
    }
}

impl Requester<'_> {
    /// RFC 9846 section 4.4.2: "the server SHOULD make the context unpredictable to the client", so that nobody
    /// with access to its key for a while can make signatures in advance.
    fn context<C: CryptoProvider>(&self) -> Result<[u8; CONTEXT_LEN], Error> {
        let mac = C::hmac(HashAlgorithm::Sha256, &self.seed[..], &[&self.number.to_be_bytes()])?;
        mac.as_bytes().first_chunk().copied().ok_or(Error::ProviderFailed)
    }

    fn send<C: CryptoProvider>(&self, connection: &mut Connection<'_, C>, sent: &mut usize) -> Result<Written, Error> {
        let context = self.context::<C>()?;
        let request = certificate_request::<C>(self.config, &self.client_auth, &context);
        let Connection { tx, transcript, events, .. } = connection;
        send_parts(tx, transcript, events, HandshakeType::CERTIFICATE_REQUEST, sent, &|w| request.emit(w))
    }
}
