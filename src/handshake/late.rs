//! Authentication of the client after the handshake (RFC 9846 section 4.7.2), the part common to both sides. `late` in
//! a name means this authentication.
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
//! Application data and KeyUpdate may be sent in both directions until the first byte of Certificate, and again after
//! Finished: "All of the client's messages for a given response MUST appear consecutively on the wire with no
//! intervening messages of other type or from other responses." Therefore the client signs first, over a Certificate
//! that it has not sent yet.
//!
//! One exchange runs at a time. A second request waits in `rx` until the first is answered.

use super::connection::Connection;
use super::proof::Proof;
use super::{ClientAuthStatus, Input, Question, Secrets, Stop};
use crate::crypto::CryptoProvider;
use crate::error::{ApiMisuse, Error, PeerMisbehaved};
use crate::wire::enums::HandshakeType;

/// One side of the exchange. By default nothing is expected, sent or asked; each side overrides its part.
pub(crate) trait Late<'b, P: CryptoProvider> {
    /// Returns the message with which the peer may begin, if any.
    fn expects(&self) -> Option<HandshakeType> {
        None
    }

    /// Returns whether the client's answer has begun, so that no other message may follow.
    fn is_receiving(&self) -> bool {
        false
    }

    /// Returns the pending question, which delays only the answer, if there is one.
    fn question(&self) -> Option<Question<'b>> {
        None
    }

    /// Returns the client's answer to our last request, if it has been received.
    fn last_answer(&self) -> Option<ClientAuthStatus> {
        None
    }

    /// Records that application data was received: requests may follow again.
    fn data_received(&mut self) {}

    /// Handles the [expected](Self::expects) message, whose header has been received. `false` if more of it has to
    /// come, or if it has to wait.
    fn begin(&mut self, cx: &mut Connection<'b, P>) -> Result<bool, Error> {
        let _ = cx;
        Err(PeerMisbehaved::UnexpectedMessage.into())
    }

    /// Continues with the answer that has [begun](Self::is_receiving), for at most one public-key operation. The result
    /// is [done](Stop::Done) once there is an [answer](Self::last_answer), with a new proof if the client is
    /// authenticated.
    fn receive(
        &mut self,
        cx: &mut Connection<'b, P>,
        secrets: &Secrets<P>,
        proof: &mut Proof,
    ) -> Result<Stop<'b>, Error> {
        let _ = (cx, secrets, proof);
        Err(PeerMisbehaved::UnexpectedMessage.into())
    }

    /// Accepts the answer to a question.
    fn answer(&mut self, input: Input<'_, 'b>, cx: &mut Connection<'b, P>) -> Result<(), Error> {
        let _ = (input, cx);
        Err(ApiMisuse::AnswerUnexpected.into())
    }

    /// Writes as much as fits of the current flight, and ends it.
    fn send(&mut self, cx: &mut Connection<'b, P>, secrets: &Secrets<P>) -> Result<(), Error> {
        let _ = (cx, secrets);
        Ok(())
    }
}

/// Without the feature, neither side takes part.
#[cfg(not(feature = "post-handshake-auth"))]
impl<P: CryptoProvider> Late<'_, P> for () {}
