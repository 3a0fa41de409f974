//! Authentication of the peer, the same in both roles (RFC 9846 section 4.5):
//!
//! 1. Certificate, entry by entry, each kept as a summary
//! 2. the time, requested from the application
//! 3. a path to a trust anchor, one signature at a time
//! 4. CertificateVerify
//! 5. the application's decision

use super::config::Parameters;
use super::connection::Connection;
use super::proof::{PeerAuthenticated, SignatureVerified};
use super::{Input, Next, Question, Stage, Stop, Wait};
use crate::crypto::CryptoProvider;
use crate::error::{ApiMisuse, Error, InvalidMessage, PeerMisbehaved};
use crate::limits::{CERTIFICATE_PREFIX, ENTRY_PREFIX, ENTRY_SUFFIX};
use crate::role::Role;
use crate::transcript::certificate_verify_content;
use crate::wire::certificate::{self, CertificatePrefix};
use crate::wire::certificate_verify::CertificateVerify;
use crate::wire::enums::HandshakeType;
use crate::x509::{ChainVerified, CommonName, Rules, ServerName, Time, Trace, TrustAnchor};

/// The steps above.
pub(super) enum Authenticate {
    ExpectCertificate,
    /// `left` bytes of the list remain.
    ExpectEntry {
        left: usize,
        collected: Collected,
    },
    AwaitTime,
    SearchPath,
    ExpectCertificateVerify(ChainVerified),
    AwaitAuthorization(ChainVerified, SignatureVerified),
}

/// The certificate that is collected in the memory of its summary, so that `rx` need not hold it.
#[derive(Clone, Copy, Default)]
pub(super) struct Collected {
    /// Its length; 0 if there is no such certificate.
    len: usize,
    /// The number of its bytes that have not arrived.
    missing: usize,
}

/// The result of a step.
pub(super) enum Outcome<'b> {
    /// Another step follows; stop first for this reason, if there is one.
    Next(Option<Stop<'b>>),
    /// The list of certificates is empty.
    NoCertificate,
    Authenticated(PeerAuthenticated),
}

/// The requirements that the peer's certificate path must meet.
#[derive(Clone, Copy)]
pub(super) struct Expectation<'b, 'c> {
    pub(super) anchors: &'b [TrustAnchor<'b>],
    /// The role of the peer.
    pub(super) role: Role,
    pub(super) server_name: Option<&'b ServerName<'b>>,
    pub(super) common_name: Option<CommonName<'b>>,
    pub(super) parameters: &'b Parameters<'b>,
    /// `certificate_request_context` of the request; empty in the handshake.
    pub(super) context: &'c [u8],
}

impl<'b> Expectation<'b, '_> {
    /// Returns the rules for the path at a time.
    pub(super) const fn rules(&self, time: Time) -> Rules<'b> {
        Rules {
            anchors: self.anchors,
            role: self.role,
            server_name: self.server_name,
            common_name: self.common_name,
            time,
            max_depth: self.parameters.max_depth,
            strict_profile: self.parameters.strict_profile,
            max_validity_days: self.parameters.max_validity_days,
            waivers: self.parameters.waivers,
        }
    }
}

impl Authenticate {
    /// Returns the stage of each step and what it waits for.
    pub(super) const fn profile<'b>(&self) -> (Stage, Wait<'b>) {
        match self {
            Self::ExpectCertificate => (Stage::Certificate, Wait::Message(&[HandshakeType::CERTIFICATE])),
            Self::ExpectEntry { .. } => (Stage::Certificate, Wait::Nothing),
            Self::AwaitTime => (Stage::Time, Wait::Answer(Question::Time)),
            Self::SearchPath => (Stage::Path, Wait::Nothing),
            Self::ExpectCertificateVerify(_) => {
                (Stage::CertificateVerify, Wait::Message(&[HandshakeType::CERTIFICATE_VERIFY]))
            }
            Self::AwaitAuthorization(..) => (Stage::Authorization, Wait::Answer(Question::Authorize)),
        }
    }

    /// Runs the step, which becomes the next one.
    pub(super) fn handle<'b, P: CryptoProvider>(
        &mut self,
        input: Input<'_, 'b>,
        cx: &mut Connection<'b, P>,
        expectation: &Expectation<'b, '_>,
        trace: &mut impl Trace,
    ) -> Result<Outcome<'b>, Error> {
        let stop = match (&mut *self, input) {
            (Self::ExpectCertificate, Input::Ready) => match receive_prefix(cx, expectation.context)? {
                None => Some(Stop::NeedInput),
                Some(left) => {
                    *self = Self::ExpectEntry { left, collected: Collected::default() };
                    None
                }
            },
            (Self::ExpectEntry { left: 0, .. }, Input::Ready) => {
                if cx.peer.list().is_empty() {
                    return Ok(Outcome::NoCertificate);
                }
                *self = Self::AwaitTime;
                None
            }
            (Self::ExpectEntry { left, collected }, Input::Ready) => receive_entry(cx, left, collected, trace)?,
            (Self::AwaitTime, Input::Time(time)) => {
                cx.events.judged(time, &cx.peer);
                cx.peer.start(expectation.rules(time));
                *self = Self::SearchPath;
                None
            }
            (Self::SearchPath, Input::Ready) => {
                if let Some(chain) = cx.peer.step(cx.provider, trace)? {
                    cx.events.path(&chain.path(), cx.peer.time());
                    *self = Self::ExpectCertificateVerify(chain);
                }
                Some(Stop::Yield)
            }
            (Self::ExpectCertificateVerify(chain), Input::Ready) => {
                let signature = verify_signature(cx, expectation, chain)?;
                self.signed(signature)?;
                Some(Stop::Yield)
            }
            (Self::AwaitAuthorization(..), input) => return self.authorize(input, cx),
            // Tokens are created only for the state that asks.
            _ => return Err(ApiMisuse::AnswerUnexpected.into()),
        };
        Ok(Outcome::Next(stop))
    }

    /// Adds the proof of possession to the chain.
    fn signed(&mut self, signature: SignatureVerified) -> Result<(), Error> {
        let Self::ExpectCertificateVerify(chain) = core::mem::replace(self, Self::SearchPath) else {
            return Err(ApiMisuse::AnswerUnexpected.into());
        };
        *self = Self::AwaitAuthorization(chain, signature);
        Ok(())
    }

    /// Consumes both proofs when the application has authorized the peer.
    fn authorize<'b, P: CryptoProvider>(
        &mut self,
        input: Input<'_, 'b>,
        cx: &Connection<'b, P>,
    ) -> Result<Outcome<'b>, Error> {
        let Self::AwaitAuthorization(chain, signature) = core::mem::replace(self, Self::SearchPath) else {
            return Err(ApiMisuse::AnswerUnexpected.into());
        };
        let chain = match input {
            Input::Authorized => chain.accept()?,
            #[cfg(feature = "dangerous-waivers")]
            Input::AuthorizedAsWaived => chain.dangerous_accept_waived(),
            _ => return Err(ApiMisuse::AnswerUnexpected.into()),
        };
        cx.events.authorized();
        Ok(Outcome::Authenticated(PeerAuthenticated::Certificate(chain, signature)))
    }
}

/// Takes the message up to its list, and returns how long that is; `None` if more has to be received.
fn receive_prefix<P: CryptoProvider>(cx: &mut Connection<'_, P>, context: &[u8]) -> Result<Option<usize>, Error> {
    // A context of the wrong length is detected before more of it is awaited.
    if !cx.rx.receive(CERTIFICATE_PREFIX)? {
        return Ok(None);
    }
    let len = CERTIFICATE_PREFIX.saturating_add(certificate::context_len(cx.rx.handshake(), context)?);
    if !cx.rx.receive(len)? {
        return Ok(None);
    }
    let prefix = cx.rx.handshake().get(..len).ok_or(InvalidMessage::Truncated)?;
    let list = CertificatePrefix::parse(prefix, context)?.list;
    cx.transcript.update(prefix);
    cx.rx.consume(len);
    Ok(Some(list))
}

/// Takes one entry, or the next part of one that may not fit into `rx`: its length, the received part of its
/// certificate, its extensions.
///
/// RFC 9846 section 4.5.1.
#[inline(never)]
fn receive_entry<'b, P: CryptoProvider>(
    cx: &mut Connection<'b, P>,
    left: &mut usize,
    collected: &mut Collected,
    trace: &mut impl Trace,
) -> Next<'b> {
    let mut need = 1;
    let part = loop {
        if !receive_of(cx, need, *left)? {
            return Ok(Some(Stop::NeedInput));
        }
        let bytes = cx.rx.handshake();
        if collected.missing > 0 {
            let part = bytes.get(..collected.missing).unwrap_or(bytes);
            cx.peer.memory_mut().collect(collected.missing, part);
            collected.missing = collected.missing.saturating_sub(part.len());
            break part.len();
        }
        match certificate::entry_len(bytes, collected.len > 0) {
            Ok(len) if len <= bytes.len() => {
                let bytes = bytes.get(..len).unwrap_or_default();
                let certificate = certificate::parse_entry(bytes, collected.len > 0)?;
                cx.peer.push(cx.provider, certificate, collected.len, trace)?;
                collected.len = 0;
                break len;
            }
            Err(len) if len > ENTRY_PREFIX + ENTRY_SUFFIX && len <= *left && collects(cx, len) => {
                collected.len = len.saturating_sub(ENTRY_PREFIX + ENTRY_SUFFIX);
                collected.missing = collected.len;
                break ENTRY_PREFIX;
            }
            Ok(len) | Err(len) => need = len,
        }
    };
    cx.transcript.update(cx.rx.handshake().get(..part).ok_or(InvalidMessage::Truncated)?);
    cx.rx.consume(part);
    *left = left.checked_sub(part).ok_or(InvalidMessage::Truncated)?;
    Ok(None)
}

/// Returns whether the certificate in an entry of `len` bytes is collected: it may not fit into `rx`, but fits into the
/// memory of its summary.
fn collects<P: CryptoProvider>(cx: &Connection<'_, P>, len: usize) -> bool {
    !cx.rx.holds_in_any_records(len) && cx.peer.memory().can_collect(len.saturating_sub(ENTRY_PREFIX + ENTRY_SUFFIX))
}

/// Makes `count` bytes of a list with `left` remaining bytes available.
fn receive_of<P: CryptoProvider>(cx: &mut Connection<'_, P>, count: usize, left: usize) -> Result<bool, Error> {
    if count > left { Err(InvalidMessage::Truncated.into()) } else { cx.rx.receive(count) }
}

/// Verifies the signature by the key of a verified path. RFC 9846 section 4.5.2: "The receiver of a CertificateVerify
/// message MUST verify the signature field", over the transcript up to and including Certificate.
#[inline(never)] // in a frame of its own, which is not there while the signatures of certificates are verified
fn verify_signature<P: CryptoProvider>(
    cx: &mut Connection<'_, P>,
    expectation: &Expectation<'_, '_>,
    _: &ChainVerified,
) -> Result<SignatureVerified, Error> {
    let verify = cx.rx.current(CertificateVerify::parse)?;
    // RFC 9846 section 4.5.2: "If the CertificateVerify message is sent by a server, the signature algorithm
    // MUST be one offered in the client's 'signature_algorithms' extension", and the same for a client.
    if !expectation.parameters.signature_schemes::<P>().contains(&verify.scheme) {
        return Err(PeerMisbehaved::SignatureSchemeNotOffered.into());
    }
    let key = cx.peer.list().leaf_key().ok_or(PeerMisbehaved::UnexpectedMessage)?;
    let content = certificate_verify_content(expectation.role, &cx.transcript.certificate_hash());
    // "the signature algorithm MUST be compatible with the key in the sender's end-entity certificate".
    key.verify(cx.provider, verify.scheme, content.as_bytes(), verify.signature)?;
    let verified = SignatureVerified::assertion(
        verify.scheme,
        #[cfg(feature = "resumption")]
        cx.peer.time(),
    );
    cx.receive_into_transcript()?;
    Ok(verified)
}
