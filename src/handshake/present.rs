//! Our own authentication, the same in both roles (RFC 9846 section 4.5): Certificate
//! and CertificateVerify.

use super::connection::{Connection, send_parts};
use super::{Answer, Progress, Question, Stage, Wait};
use crate::credential::{Chain, Credential};
use crate::crypto::CryptoProvider;
use crate::error::{ApiMisuse, Error};
use crate::record::outbound::Written;
use crate::wire::certificate;
use crate::wire::certificate_verify::CertificateVerify;
use crate::wire::enums::HandshakeType;

/// The messages that say who we are.
#[derive(Clone, Copy)]
pub(super) enum Present<'b> {
    /// An empty Certificate: the client declines.
    SendEmptyCertificate,
    /// The chain, of which `sent` bytes of the message have left.
    SendCertificate { credential: &'b Credential<'b>, sent: usize },
    /// There is room for the CertificateVerify, the signature is asked for.
    AwaitSignature(&'b Credential<'b>),
    /// Only Finished is left.
    Done,
}

impl<'b> Present<'b> {
    pub(super) const fn with(credential: Option<&'b Credential<'b>>) -> Self {
        match credential {
            Some(credential) => Self::SendCertificate { credential, sent: 0 },
            None => Self::SendEmptyCertificate,
        }
    }

    /// The stage of each step, and what it waits for.
    pub(super) const fn profile(self) -> (Stage, Wait) {
        match self {
            Self::AwaitSignature(_) => (Stage::Signature, Wait::Answer(Question::Sign)),
            Self::SendEmptyCertificate | Self::SendCertificate { .. } | Self::Done => (Stage::Sending, Wait::Nothing),
        }
    }

    pub(super) const fn signing(self) -> Option<&'b Credential<'b>> {
        match self {
            Self::AwaitSignature(credential) => Some(credential),
            Self::SendEmptyCertificate | Self::SendCertificate { .. } | Self::Done => None,
        }
    }

    /// Something of our Certificate was written.
    pub(super) const fn has_begun(self) -> bool {
        !matches!(self, Self::SendEmptyCertificate | Self::SendCertificate { sent: 0, .. })
    }

    pub(super) fn handle<C: CryptoProvider>(self, cx: &mut Connection<'_, C>) -> Result<(Self, Progress), Error> {
        match self {
            Self::SendEmptyCertificate => {
                let mut sent = 0;
                Ok(match send_certificate(cx, Chain::default(), &mut sent)? {
                    Written::Yes => (Self::Done, Progress::Continue),
                    // Eight bytes always fit into a drained buffer, so nothing of it has left.
                    Written::AfterTransmit => (self, Progress::Transmit),
                })
            }
            Self::SendCertificate { credential, mut sent } => {
                if send_certificate(cx, credential.chain(), &mut sent)? == Written::Yes
                    && cx.tx.has_room_for(CertificateVerify::OVERHEAD + credential.signature_len())?
                {
                    Ok((Self::AwaitSignature(credential), Progress::Continue))
                } else {
                    Ok((Self::SendCertificate { credential, sent }, Progress::Transmit))
                }
            }
            Self::AwaitSignature(_) | Self::Done => Ok((self, Progress::Continue)),
        }
    }

    pub(super) fn answer<C: CryptoProvider>(
        self,
        cx: &mut Connection<'_, C>,
        answer: Answer<'_, 'b>,
    ) -> Result<Self, Error> {
        let (Self::AwaitSignature(credential), Answer::Signature(signature)) = (self, answer) else {
            return Err(ApiMisuse::AnswerUnexpected.into());
        };
        if !credential.has_signatures_of(signature.len()) {
            return Err(ApiMisuse::SignatureMalformed.into());
        }
        let message = CertificateVerify { scheme: credential.scheme(), signature };
        match cx.send(&|w| message.emit(w))? {
            Written::Yes => Ok(Self::Done),
            // There was room for the largest one.
            Written::AfterTransmit => Err(ApiMisuse::SignatureMalformed.into()),
        }
    }
}

fn send_certificate<C: CryptoProvider>(
    cx: &mut Connection<'_, C>,
    chain: Chain<'_>,
    sent: &mut usize,
) -> Result<Written, Error> {
    let Connection { tx, transcript, events, .. } = cx;
    send_parts(tx, transcript, events, HandshakeType::CERTIFICATE, sent, &|w| certificate::emit(w, &[], chain.iter()))
}
