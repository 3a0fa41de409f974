//! The connection: the state that moves as a whole from the handshake to the session.

use super::entropy::Entropy;
#[cfg(feature = "key-log")]
use super::key_log::KeyLogger;
#[cfg(feature = "resumption")]
use super::ticket::{sealed::Issue, stored::Offer};
use super::{Negotiated, Question, Stop, Wait};
use crate::codec::Writer;
use crate::crypto::{CryptoError, CryptoProvider, Digest, HashAlgorithm};
use crate::error::{AlertDescription, Error, PeerMisbehaved, Stage};
use crate::events::{Direction, Recorder};
use crate::record::inbound::Inbound;
use crate::record::outbound::{Outbound, Written};
use crate::transcript::{FinishedHash, Transcript};
use crate::wire::certificate_verify::CertificateVerify;
use crate::wire::enums::HandshakeType;
use crate::wire::finished::Finished;
use crate::wire::handshake::MessageHeader;
use crate::wire::record_limit::RecordLimit;
use crate::x509::{Search, Summaries};
use zeroize::{Zeroize, Zeroizing};

/// Everything that a handshake owns besides its current state.
pub(crate) struct Connection<'b, C: CryptoProvider> {
    pub(crate) provider: C,
    pub(crate) rx: Inbound<'b, C>,
    pub(crate) tx: Outbound<'b, C>,
    pub(crate) peer: Search<'b, 'b>,
    pub(crate) transcript: Transcript<C>,
    pub(crate) negotiated: Negotiated<'b>,
    /// The key from which hedges of signatures are derived.
    pub(crate) hedge_key: Zeroizing<[u8; 32]>,
    pub(crate) events: Recorder<'b>,
    /// On a client, the ticket that it offers.
    #[cfg(feature = "resumption")]
    pub(crate) offer: Option<Offer<'b>>,
    /// On a server, the scope of the session's tickets, if the client accepts any.
    #[cfg(feature = "resumption")]
    pub(crate) issue: Option<Issue>,
    #[cfg(feature = "key-log")]
    pub(crate) key_log: KeyLogger<'b>,
    /// The first error, which is final, and the stage at which it occurred.
    pub(crate) failure: Option<(Error, Stage)>,
}

impl<'b, C: CryptoProvider> Connection<'b, C> {
    /// Creates a connection that has not begun, in the memory for `rx`, `tx` and `peer`.
    pub(crate) fn new(
        provider: C,
        [rx, tx, peer]: [&'b mut [u8]; 3],
        transcript: Transcript<C>,
        negotiated: Negotiated<'b>,
    ) -> Self {
        Self {
            provider,
            rx: Inbound::new(rx),
            tx: Outbound::new(tx),
            peer: Search::new(Summaries::new(peer)),
            transcript,
            negotiated,
            hedge_key: Zeroizing::new([0; 32]),
            events: Recorder::OFF,
            #[cfg(feature = "resumption")]
            offer: None,
            #[cfg(feature = "resumption")]
            issue: None,
            #[cfg(feature = "key-log")]
            key_log: KeyLogger { sink: None, client_random: [0; 32] },
            failure: None,
        }
    }

    /// Moves the connection out of its place, where one without memory remains.
    #[inline(never)] // in a frame of its own
    pub(crate) fn take(&mut self) -> Self {
        let empty = Self::new(self.provider, Default::default(), self.transcript.fork(), self.negotiated);
        core::mem::replace(self, empty)
    }

    /// Ends the connection and returns the memory it was lent: `rx`, `tx`, `peer`.
    pub(crate) fn into_memory(mut self) -> (&'b mut [u8], &'b mut [u8], &'b mut [u8]) {
        (self.rx.into_buffer(), self.tx.into_buffer(), self.peer.memory_mut().take_memory())
    }

    /// Makes the input of a state available, or returns why the run stops.
    pub(crate) fn await_input(&mut self, wait: Wait<'b>) -> Result<Option<Stop<'b>>, Error> {
        let is_here = match wait {
            Wait::Nothing | Wait::Hello => true,
            Wait::Never => return Ok(Some(Stop::Done)),
            Wait::Answer(question) => return self.ask(question).map(Some),
            Wait::Message(types) => self.receive_message(types)?,
        };
        Ok(if is_here { None } else { Some(Stop::NeedInput) })
    }

    /// Asks the application, as soon as its answer can be used.
    fn ask(&mut self, question: Question<'b>) -> Result<Stop<'b>, Error> {
        if let Question::Sign(credential) = question {
            // Ensure that CertificateVerify fits before the key signs, so that it signs only once.
            if !self.tx.make_room_for(CertificateVerify::OVERHEAD + credential.signature_len())? {
                return Ok(Stop::Transmit);
            }
        }
        Ok(Stop::Ask(question))
    }

    /// Makes the header of a message of one of the `expected` types available; `None` if it has not been received yet.
    ///
    /// RFC 9846 sections 4.2.2, 4.6 and 4.7.3.
    pub(crate) fn receive_header(&mut self, expected: &[HandshakeType]) -> Result<Option<MessageHeader>, Error> {
        let Some(header) = self.rx.receive_header()? else { return Ok(None) };
        self.events.message_received(self.rx.position(), header.kind.0, header.total());
        // RFC 9846 section 4: a message in an unexpected order MUST be answered with "unexpected_message".
        if !expected.contains(&header.kind) {
            return Err(PeerMisbehaved::UnexpectedMessage.into());
        }
        header.check_length()?;
        Ok(Some(header))
    }

    /// Makes a message of one of the `expected` types available: whole, or only the header of one that may be larger
    /// than any buffer: Certificate, CertificateRequest. Returns whether it has been received.
    pub(super) fn receive_message(&mut self, expected: &[HandshakeType]) -> Result<bool, Error> {
        match self.receive_header(expected)? {
            Some(MessageHeader { kind: HandshakeType::CERTIFICATE | HandshakeType::CERTIFICATE_REQUEST, .. }) => {
                Ok(true)
            }
            Some(header) => self.rx.receive(header.total()),
            None => Ok(false),
        }
    }

    /// Adds the handled message in `rx` to the transcript and frees its space.
    pub(super) fn receive_into_transcript(&mut self) -> Result<(), Error> {
        self.transcript.update(self.rx.unhashed(self.rx.message()?.len()));
        self.rx.consume_message();
        Ok(())
    }

    /// Applies the peer's record limit from the first protected record on, and enforces ours if the peer has agreed to
    /// it.
    ///
    /// RFC 8449 section 4.
    ///
    /// RFC 6066 section 4.
    pub(super) fn limit_records(&mut self, limit: Option<RecordLimit>) {
        let Some(limit) = limit else { return };
        self.tx.limit_records(limit.content());
        if matches!(limit, RecordLimit::Size(_)) {
            self.rx.limit_records();
        }
    }

    /// Writes one handshake message into the open record and into the transcript.
    pub(super) fn send(&mut self, kind: HandshakeType, write: &dyn Fn(&mut Writer<'_>)) -> Result<Written, Error> {
        let Self { tx, transcript, events, .. } = self;
        send(tx, events, kind, write, &mut |part| transcript.update(part))
    }

    /// Writes one handshake message that is not, or not yet, part of a transcript.
    pub(crate) fn send_apart(
        &mut self,
        kind: HandshakeType,
        write: &dyn Fn(&mut Writer<'_>),
    ) -> Result<Written, Error> {
        send(&mut self.tx, &self.events, kind, write, &mut |_| {})
    }

    /// Writes Finished; `mac` makes the `verify_data` of the transcript so far.
    pub(super) fn send_finished(
        &mut self,
        mac: impl FnOnce(&FinishedHash) -> Result<Digest, CryptoError>,
    ) -> Result<Written, Error> {
        let verify_data = mac(&self.transcript.finished_hash())?;
        let finished = Finished { verify_data: verify_data.as_bytes() };
        self.send(HandshakeType::FINISHED, &|w| finished.emit(w))
    }

    /// Derives the hedge of a signature over `message`.
    pub(crate) fn hedge(&self, message: &[u8]) -> Result<Digest, CryptoError> {
        self.provider.hmac(HashAlgorithm::Sha256, &self.hedge_key[..], &[message])
    }

    /// Wipes the seeds of the key exchange, and keeps the key from which hedges are derived.
    #[inline(never)] // so that the digest is not in the frame of the caller
    pub(super) fn forget_seeds(&mut self, entropy: &mut Entropy) -> Result<(), Error> {
        let expanded = entropy.expand(self.provider, b"CertificateVerify", &mut self.hedge_key);
        entropy.forget_seeds();
        Ok(expanded?)
    }

    /// Writes an alert after everything that is sealed.
    pub(crate) fn send_alert(&mut self, description: AlertDescription) -> Result<(), Error> {
        self.events.alert_sent(description);
        self.tx.alert(description)
    }

    /// Writes the alert of a failure, if it has one, and forgets all keys.
    ///
    /// RFC 9846 section 6: "Servers and clients MUST forget the secret values and keys established in failed
    /// connections".
    ///
    /// RFC 9846 section 6.2.
    pub(crate) fn end(&mut self, alert: Option<AlertDescription>) {
        if let Some(alert) = alert {
            // If the provider cannot seal even the alert, only the error remains.
            let _unsealed = self.send_alert(alert);
        }
        self.rx.forget_keys();
        self.tx.forget_keys();
        self.hedge_key.zeroize();
        #[cfg(feature = "resumption")]
        {
            self.offer = None;
        }
    }

    /// Makes the error sticky. Returns `false` if there was an earlier one.
    pub(crate) fn set_failure(&mut self, error: Error, stage: Stage) -> bool {
        if self.failure.is_some() {
            return false;
        }
        self.failure = Some((error, stage));
        if let Error::AlertReceived(description) = error {
            self.events.alert_received(description);
        }
        true
    }

    /// Records a received flight when the direction changes.
    pub(crate) fn end_flight_received(&mut self) {
        let bytes = self.rx.take_count();
        self.events.flight(Direction::Received, bytes);
    }

    /// Records a sent flight when the direction changes.
    pub(crate) fn end_flight_sent(&mut self) {
        let bytes = self.tx.take_count();
        self.events.flight(Direction::Sent, bytes);
    }
}

/// Writes one handshake message completely into the open record, or nothing while there is no room, and passes what it
/// writes to `written`. For messages that borrow from another part of the connection.
pub(super) fn send<C: CryptoProvider>(
    tx: &mut Outbound<'_, C>,
    events: &Recorder<'_>,
    kind: HandshakeType,
    write: &dyn Fn(&mut Writer<'_>),
    written: &mut dyn FnMut(&[u8]),
) -> Result<Written, Error> {
    if tx.make_room_for_message(write)? {
        send_parts(tx, events, kind, &mut 0, write, written)
    } else {
        Ok(Written::AfterTransmit)
    }
}

/// Writes as much as fits of a message that may be larger than any buffer, and of which `sent` bytes are already
/// written.
pub(super) fn send_parts<C: CryptoProvider>(
    tx: &mut Outbound<'_, C>,
    events: &Recorder<'_>,
    kind: HandshakeType,
    sent: &mut usize,
    write: &dyn Fn(&mut Writer<'_>),
    written: &mut dyn FnMut(&[u8]),
) -> Result<Written, Error> {
    let end = tx.parts(sent, write, written)?;
    if end == Written::Yes {
        events.message_sent(kind.0, *sent);
    }
    Ok(end)
}
