//! Authentication of the client after the handshake (RFC 9846 section 4.7.2), in one shape for both sides.
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

use super::connection::Connection;
use super::proof::Proof;
use super::{ClientAuthStatus, Input, Question, Secrets, Stop};
use crate::crypto::CryptoProvider;
use crate::error::{ApiMisuse, Error, PeerMisbehaved};
use crate::wire::enums::HandshakeType;
use crate::wire::handshake::MessageHeader;

/// One side of the exchange. What a side has no part in is as it is here: nothing is expected, sent or asked.
pub(crate) trait Late<'b, P: CryptoProvider> {
    /// The message with which the peer may begin, if it may.
    fn expects(&self) -> Option<HandshakeType> {
        None
    }

    /// Tells whether the answer of the client has begun, so that nothing else may come.
    fn is_receiving(&self) -> bool {
        false
    }

    /// The question that holds up nothing but the answer, if one is asked.
    fn question(&self) -> Option<Question<'b>> {
        None
    }

    /// The answer of the client to our last request, if it has come.
    fn last_answer(&self) -> Option<ClientAuthStatus> {
        None
    }

    /// Notes that application data has come: requests may follow again.
    fn data_received(&mut self) {}

    /// Handles the [expected](Self::expects) message, whose header has been received. `false` if more of it has to
    /// come, or if it has to wait.
    fn begin(&mut self, header: MessageHeader, cx: &mut Connection<'b, P>) -> Result<bool, Error> {
        let _ = (header, cx);
        Err(PeerMisbehaved::UnexpectedMessage.into())
    }

    /// Goes on with the answer that has [begun](Self::is_receiving), at most one public-key operation far. It is
    /// [done](Stop::Done) with the [answer](Self::last_answer), and a new proof if the client has authenticated itself.
    fn receive(
        &mut self,
        cx: &mut Connection<'b, P>,
        secrets: &Secrets<P>,
        proof: &mut Proof,
    ) -> Result<Stop<'b>, Error> {
        let _ = (cx, secrets, proof);
        Err(PeerMisbehaved::UnexpectedMessage.into())
    }

    /// Takes the answer to a question.
    fn answer(&mut self, input: Input<'_, 'b>, cx: &mut Connection<'b, P>) -> Result<(), Error> {
        let _ = (input, cx);
        Err(ApiMisuse::AnswerUnexpected.into())
    }

    /// Writes the flight that has begun as far as there is room, and ends it.
    fn send(&mut self, cx: &mut Connection<'b, P>, secrets: &Secrets<P>) -> Result<(), Error> {
        let _ = (cx, secrets);
        Ok(())
    }
}

/// Without the feature neither side has a part in it.
#[cfg(not(feature = "post-handshake-auth"))]
impl<P: CryptoProvider> Late<'_, P> for () {}
