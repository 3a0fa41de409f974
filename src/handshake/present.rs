//! Our own authentication, the same in both roles (RFC 9846 section 4.5): Certificate
//! and CertificateVerify.

use super::connection::{Connection, send_parts};
use super::{Input, Next, Question, Stage, Stop, Wait};
use crate::codec::Writer;
use crate::credential::{Chain, Credential, Signature};
use crate::crypto::CryptoProvider;
use crate::error::{ApiMisuse, Error};
use crate::record::outbound::Written;
use crate::wire::certificate;
use crate::wire::certificate_verify::CertificateVerify;
use crate::wire::enums::HandshakeType;

/// The messages that authenticate us.
#[derive(Clone, Copy)]
pub(super) enum Present<'b> {
    /// An empty Certificate: the client declines.
    SendEmptyCertificate,
    /// The chain; `sent` bytes of the message are already sent.
    SendCertificate {
        credential: &'b Credential<'b>,
        sent: usize,
    },
    AwaitSignature(&'b Credential<'b>),
}

impl<'b> Present<'b> {
    pub(super) const fn with(credential: Option<&'b Credential<'b>>) -> Self {
        match credential {
            Some(credential) => Self::SendCertificate { credential, sent: 0 },
            None => Self::SendEmptyCertificate,
        }
    }

    /// Returns the stage of each step and what it waits for.
    pub(super) const fn profile(self) -> (Stage, Wait<'b>) {
        match self {
            Self::AwaitSignature(credential) => (Stage::Signature, Wait::Answer(Question::Sign(credential))),
            Self::SendEmptyCertificate | Self::SendCertificate { .. } => (Stage::Sending, Wait::Nothing),
        }
    }

    /// Returns whether a part of our Certificate was written.
    pub(super) const fn has_begun(self) -> bool {
        !matches!(self, Self::SendEmptyCertificate | Self::SendCertificate { sent: 0, .. })
    }

    /// Returns the next step; `None` if only Finished is left.
    ///
    /// RFC 9846 section 4.5.2.
    pub(super) fn handle<P: CryptoProvider>(
        self,
        input: Input<'_, 'b>,
        cx: &mut Connection<'_, P>,
    ) -> Next<'b, Option<Self>> {
        match (self, input) {
            (Self::SendEmptyCertificate, Input::Ready) => {
                let mut sent = 0;
                Ok(match send_certificate(cx, Chain::default(), &mut sent)? {
                    Written::Yes => (None, None),
                    // Eight bytes always fit into a drained buffer, so no part was sent.
                    Written::AfterTransmit => (Some(self), Some(Stop::Transmit)),
                })
            }
            (Self::SendCertificate { credential, mut sent }, Input::Ready) => {
                Ok(match send_certificate(cx, credential.chain(), &mut sent)? {
                    Written::Yes => (Some(Self::AwaitSignature(credential)), None),
                    Written::AfterTransmit => (Some(Self::SendCertificate { credential, sent }), Some(Stop::Transmit)),
                })
            }
            (Self::AwaitSignature(credential), Input::Signature(signature)) => send_verify(cx, credential, signature),
            _ => Err(ApiMisuse::AnswerUnexpected.into()),
        }
    }
}

fn send_verify<'b, C: CryptoProvider>(
    cx: &mut Connection<'_, C>,
    credential: &Credential<'_>,
    signature: &Signature,
) -> Next<'b, Option<Present<'b>>> {
    let mut der = [0; Signature::MAX_DER];
    let signature = credential.encode(signature, &mut der)?;
    let message = CertificateVerify { scheme: credential.scheme(), signature };
    match cx.send(HandshakeType::CERTIFICATE_VERIFY, &|w| message.emit(w))? {
        Written::Yes => Ok((None, None)),
        // The largest signature fits, so this one is malformed.
        Written::AfterTransmit => Err(ApiMisuse::SignatureMalformed.into()),
    }
}

// RFC 9846 section 4.5.1.
fn send_certificate<C: CryptoProvider>(
    cx: &mut Connection<'_, C>,
    chain: Chain<'_>,
    sent: &mut usize,
) -> Result<Written, Error> {
    let Connection { tx, transcript, events, .. } = cx;
    let write = |w: &mut Writer<'_>| certificate::emit(w, &[], chain.iter());
    send_parts(tx, events, HandshakeType::CERTIFICATE, sent, &write, &mut |part| transcript.update(part))
}
