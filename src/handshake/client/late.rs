//! The client's side of authentication after the handshake (RFC 9846 section 4.7.2).

use super::issuers;
use crate::codec::{Writer, for_each_part};
use crate::credential::{Chain, Choice, Credential, PeerRequest, Signature};
use crate::crypto::{CryptoProvider, HashAlgorithm};
use crate::error::{ApiMisuse, Error, PeerMisbehaved};
use crate::handshake::config::ClientConfig;
use crate::handshake::connection::{Connection, send, send_parts};
use crate::handshake::{Input, Question, Secrets, late};
use crate::limits::{MAX_POST_HANDSHAKE_REQUESTS, REMEMBERED_CONTEXTS};
use crate::record::outbound::Written;
use crate::transcript::Transcript;
use crate::wire::certificate;
use crate::wire::certificate_request::CertificateRequest;
use crate::wire::certificate_verify::CertificateVerify;
use crate::wire::enums::HandshakeType;
use crate::x509::Search;

/// The requests of a server after the handshake, and the answer to the last one.
pub(crate) struct LateAnswers<'b, P: CryptoProvider> {
    /// ClientHello ... the client's Finished: the beginning of each exchange. The transcript of the connection
    /// continues with the messages of the current exchange.
    handshake: Transcript<P>,
    state: State<'b>,
    is_offered: bool,
    /// Hashes of the last contexts.
    recent: [Option<[u8; 8]>; REMEMBERED_CONTEXTS],
    /// The number of requests that may follow before application data.
    left: u8,
    /// Length of the context of the current request, which is at the start of the free peer memory, followed by our
    /// signature.
    context_len: u8,
}

/// The states, in the order in which they are reached.
#[derive(Clone, Copy)]
enum State<'b> {
    Idle,
    /// The request is in `rx`.
    AwaitCredential,
    AwaitSignature(&'b Credential<'b>),
    /// The number of bytes of Certificate already sent.
    SendCertificate(Option<Signed<'b>>, usize),
    SendVerify(Signed<'b>),
    SendFinished,
}

/// A credential and the length of its signature.
#[derive(Clone, Copy)]
struct Signed<'b> {
    credential: &'b Credential<'b>,
    signature_len: usize,
}

impl<'b, P: CryptoProvider> late::Late<'b, P> for LateAnswers<'b, P> {
    fn expects(&self) -> Option<HandshakeType> {
        self.is_offered.then_some(HandshakeType::CERTIFICATE_REQUEST)
    }

    fn question(&self) -> Option<Question<'b>> {
        match self.state {
            State::AwaitCredential => Some(Question::Credential),
            State::AwaitSignature(credential) => Some(Question::Sign(credential)),
            _ => None,
        }
    }

    fn data_received(&mut self) {
        self.left = MAX_POST_HANDSHAKE_REQUESTS;
    }

    fn begin(&mut self, cx: &mut Connection<'b, P>) -> Result<bool, Error> {
        if cx.negotiated.client_auth.requested_again() {
            cx.events.accepted();
        }
        // A request has to wait for the answer to the one before it.
        if !matches!(self.state, State::Idle) {
            return Ok(false);
        }
        // The answer's transcript continues that of the handshake (RFC 9846 section 4.5).
        if !cx.rx.is_cut() {
            cx.transcript = self.handshake.fork();
        }
        if !issuers::receive_request(cx, true)? {
            return Ok(false);
        }
        let request = cx.rx.current(CertificateRequest::parse_any)?;
        self.note(cx.provider, request.context)?;
        cx.events.asked(&PeerRequest::of_server(&request).leave_out_authorities(cx.rx.is_cut()), true);
        cx.peer.forget();
        cx.peer.memory_mut().store(0, request.context)?;
        self.state = State::AwaitCredential;
        Ok(true)
    }

    fn answer(&mut self, input: Input<'_, 'b>, cx: &mut Connection<'b, P>) -> Result<(), Error> {
        let state = core::mem::replace(&mut self.state, State::Idle);
        self.state = match (state, input) {
            (State::AwaitCredential, Input::Credential(choice)) => self.take_choice(choice, cx)?,
            (State::AwaitSignature(credential), Input::Signature(signature)) => {
                let mut der = [0; Signature::MAX_DER];
                let signature = credential.encode(signature, &mut der)?;
                cx.peer.memory_mut().store(usize::from(self.context_len), signature)?;
                begin_flight(Some(credential), cx);
                State::SendCertificate(Some(Signed { credential, signature_len: signature.len() }), 0)
            }
            _ => return Err(ApiMisuse::AnswerUnexpected.into()),
        };
        Ok(())
    }

    fn send(&mut self, cx: &mut Connection<'b, P>, secrets: &Secrets<P>) -> Result<(), Error> {
        loop {
            let (written, next) = match self.state {
                State::SendCertificate(reply, mut sent) => {
                    let written = self.send_certificate(reply, &mut sent, cx)?;
                    match reply {
                        _ if written == Written::AfterTransmit => (written, State::SendCertificate(reply, sent)),
                        Some(signed) => (written, State::SendVerify(signed)),
                        None => (written, State::SendFinished),
                    }
                }
                State::SendVerify(signed) => (self.send_verify(signed, cx)?, State::SendFinished),
                State::SendFinished => {
                    let written = cx.send_finished(|hash| secrets.sending.post_handshake_finished(hash))?;
                    if written == Written::Yes {
                        cx.tx.end_flight()?;
                        cx.peer.memory_mut().store(0, &[])?;
                    }
                    (written, State::Idle)
                }
                State::Idle | State::AwaitCredential | State::AwaitSignature(_) => return Ok(()),
            };
            match (written, next) {
                // Part of a Certificate may already be sent.
                (Written::AfterTransmit, State::SendCertificate(..)) => {
                    self.state = next;
                    return Ok(());
                }
                (Written::AfterTransmit, _) => return Ok(()),
                (Written::Yes, _) => self.state = next,
            }
        }
    }
}

impl<'b, P: CryptoProvider> LateAnswers<'b, P> {
    /// Begins with the transcript of the connection, which ends with the client's Finished.
    pub(super) fn new(config: &ClientConfig<'b>, connection: &Connection<'b, P>) -> Self {
        Self {
            handshake: connection.transcript.fork(),
            state: State::Idle,
            is_offered: config.post_handshake_auth,
            recent: [None; REMEMBERED_CONTEXTS],
            left: MAX_POST_HANDSHAKE_REQUESTS,
            context_len: 0,
        }
    }

    /// Notes the context of a request. RFC 9846 section 4.4.2: it "MUST be unique within the scope of this connection
    /// (thus preventing replay of client CertificateVerify messages)".
    fn note(&mut self, provider: P, context: &[u8]) -> Result<(), Error> {
        let digest = provider.digest(HashAlgorithm::Sha256, &[context])?;
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

    /// Begins the transcript of the answer, up to the Certificate, which is signed before it is sent.
    fn take_choice(&mut self, choice: Choice<'b>, cx: &mut Connection<'b, P>) -> Result<State<'b>, Error> {
        let request = cx.rx.current(CertificateRequest::parse_any)?;
        let reply = choice.resolve(request.signature_schemes)?;
        if let Some(credential) = reply {
            // Fail before the key signs, not after.
            cx.peer.memory().check_free(request.context.len().saturating_add(credential.signature_len()))?;
            cx.tx.check_holds(CertificateVerify::OVERHEAD + credential.signature_len())?;
        }
        cx.events.selected(reply);
        cx.receive_into_transcript()?;
        let Connection { transcript, peer, .. } = cx;
        let (context, chain) = (self.context(peer), reply.map_or_else(Chain::default, Credential::chain));
        for_each_part(&|w| certificate::emit(w, context, chain.iter()), &mut |part| transcript.update(part));
        let Some(credential) = reply else {
            begin_flight(None, cx);
            return Ok(State::SendCertificate(None, 0));
        };
        Ok(State::AwaitSignature(credential))
    }

    /// Sends the Certificate, which the transcript already contains.
    fn send_certificate(
        &self,
        reply: Option<Signed<'b>>,
        sent: &mut usize,
        cx: &mut Connection<'b, P>,
    ) -> Result<Written, Error> {
        let Connection { tx, events, peer, .. } = cx;
        let context = self.context(peer);
        let chain = reply.map_or_else(Chain::default, |signed| signed.credential.chain());
        let write = |w: &mut Writer<'_>| certificate::emit(w, context, chain.iter());
        send_parts(tx, events, HandshakeType::CERTIFICATE, sent, &write, &mut |_| {})
    }

    fn send_verify(&self, signed: Signed<'b>, cx: &mut Connection<'b, P>) -> Result<Written, Error> {
        let Connection { tx, transcript, events, peer, .. } = cx;
        let start = usize::from(self.context_len);
        let signature = peer.memory().free().get(start..start.saturating_add(signed.signature_len)).unwrap_or_default();
        let message = CertificateVerify { scheme: signed.credential.scheme(), signature };
        send(tx, events, HandshakeType::CERTIFICATE_VERIFY, &|w| message.emit(w), &mut |part| transcript.update(part))
    }

    /// Returns the context of the current request.
    fn context<'p>(&self, peer: &'p Search<'_, '_>) -> &'p [u8] {
        peer.memory().free().get(..usize::from(self.context_len)).unwrap_or_default()
    }
}

/// Begins to send the answer: from now on the server may check it, even before it is complete.
fn begin_flight<'b, P: CryptoProvider>(reply: Option<&'b Credential<'b>>, cx: &mut Connection<'b, P>) {
    cx.tx.begin_flight();
    cx.tx.forget_data();
    cx.negotiated.answered(reply);
    cx.negotiated.client_auth.answered_late();
}
