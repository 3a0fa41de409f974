//! Our own authentication, the same in both roles (RFC 9846 section 4.5): Certificate, CertificateVerify, and Finished,
//! which each role makes with its own key.

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
    SendFinished,
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
            Self::SendEmptyCertificate | Self::SendCertificate { .. } | Self::SendFinished => {
                (Stage::Sending, Wait::Nothing)
            }
        }
    }

    /// Returns whether a part of our Certificate was written.
    pub(super) const fn has_begun(self) -> bool {
        !matches!(self, Self::SendEmptyCertificate | Self::SendCertificate { sent: 0, .. })
    }

    /// Runs a step before Finished.
    ///
    /// RFC 9846 section 4.5.2.
    #[inline(never)] // so that the signature is not in the frame of the caller
    pub(super) fn handle<P: CryptoProvider>(&mut self, input: Input<'_, 'b>, cx: &mut Connection<'_, P>) -> Next<'b> {
        let (written, next) = match (&mut *self, input) {
            // Eight bytes always fit into a drained buffer, so that no part is sent.
            (Self::SendEmptyCertificate, Input::Ready) => {
                (send_certificate(cx, Chain::default(), &mut 0)?, Self::SendFinished)
            }
            (Self::SendCertificate { credential, sent }, Input::Ready) => {
                (send_certificate(cx, credential.chain(), sent)?, Self::AwaitSignature(credential))
            }
            (Self::AwaitSignature(credential), Input::Signature(signature)) => {
                (send_verify(cx, credential, signature)?, Self::SendFinished)
            }
            _ => return Err(ApiMisuse::AnswerUnexpected.into()),
        };
        if written == Written::AfterTransmit {
            return Ok(Some(Stop::Transmit));
        }
        *self = next;
        Ok(None)
    }
}

fn send_verify<C: CryptoProvider>(
    cx: &mut Connection<'_, C>,
    credential: &Credential<'_>,
    signature: &Signature,
) -> Result<Written, Error> {
    let mut der = [0; Signature::MAX_DER];
    let signature = credential.encode(signature, &mut der)?;
    let message = CertificateVerify { scheme: credential.scheme(), signature };
    match cx.send(HandshakeType::CERTIFICATE_VERIFY, &|w| message.emit(w))? {
        Written::Yes => Ok(Written::Yes),
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
