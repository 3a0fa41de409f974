//! Errors in words: one sentence each, without a full stop.

use super::{ApiMisuse, BufferKind, Error, InvalidMessage, PeerIncompatible, PeerMisbehaved};
use core::fmt::{Display, Formatter, Result};

impl Display for Error {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::AlertReceived(alert) => write!(f, "the peer ended the connection with alert {} ({alert})", alert.0),
            Self::ApiMisuse(reason) => write!(f, "wrong use of the library: {reason}"),
            Self::BufferTooSmall { buffer, need } => write!(f, "{buffer} is too small: {need} bytes are needed"),
            Self::Certificate(error) => error.fmt(f),
            Self::ConnectionTruncated => f.write_str("the transport ended without close_notify"),
            Self::DecryptFailed => f.write_str("a record could not be opened"),
            Self::InvalidMessage(reason) => write!(f, "a message could not be parsed: {reason}"),
            Self::KeysExhausted => f.write_str("too many records under one key"),
            Self::PeerIncompatible(reason) => write!(f, "no common ground with the peer: {reason}"),
            Self::PeerMisbehaved(reason) => write!(f, "the peer broke the protocol: {reason}"),
            Self::ProviderFailed => f.write_str("the crypto provider failed"),
            Self::Refused(alert) => write!(f, "the peer was refused with alert {} ({alert})", alert.0),
            Self::SigningFailed => f.write_str("the signer could not sign"),
        }
    }
}

impl Display for BufferKind {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::Peer => "the lent buffer `peer`, for the peer's certificates,",
            Self::Rx => "the lent buffer `rx`, for what is received,",
            Self::Tx => "the lent buffer `tx`, for what is sent,",
        })
    }
}

impl Display for ApiMisuse {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::AlgorithmUnsupported => {
                "a list of suites, groups or signature schemes names one that the provider does not have, or has more \
                 than 64 entries"
            }
            Self::AlpnNameLength => "an ALPN protocol name is not 1 to 255 bytes long, or there are more than 64",
            Self::AnswerUnexpected => "an answer came to a question that was not asked",
            Self::AuthoritiesTooLong => {
                "the names of the trust anchors do not fit into a CertificateRequest, or there are more than 255 anchors"
            }
            Self::ClosedForWriting => "data was written after close",
            Self::CommitTooLarge => "more bytes were committed or sealed than were offered",
            Self::CommonNameInvalid => "the common name is one that no certificate can have, or a pattern that is none",
            Self::CredentialSchemeNotOffered => "the peer cannot verify signatures of the selected credential",
            Self::CredentialSchemeUnfit => "the key of a credential does not sign with the scheme that is asked for",
            Self::CredentialUnusable(error) => return write!(f, "a credential cannot be used: {error}"),
            Self::ExportLength => "the exporter was asked for more than 255 hash lengths, or its label is over 249 bytes",
            Self::HostNeeded => "a stream without a host was asked who we are, or who may in, after the handshake",
            Self::KeySharesUnusable => "the list of key shares has more than two groups, one twice, or one that is not offered",
            Self::NoTrustAnchors => "certificates are to be verified, and there is no trust anchor",
            Self::PostHandshakeAuthNotOffered => "the peer did not offer to authenticate after the handshake",
            Self::RequestPending => "the client has not yet answered the last request for a certificate",
            Self::SchemeWithoutDigest => "a digest to sign was asked for, and the scheme signs the message itself",
            Self::ServerNameInvalid => "the server name is neither a valid host name nor an IP address",
            Self::SignatureMalformed => "the signature does not have the form its scheme asks for",
            Self::TrustAnchorUnusable(problem) => {
                return write!(f, "a certificate cannot serve as a trust anchor: it {problem}");
            }
            Self::ValidityLimitZero => "the validity of certificates is limited to 0 days, which none can keep",
        })
    }
}

impl Display for InvalidMessage {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::AlertLength => "an alert is not two bytes long",
            Self::DuplicateExtension => "an extension stands twice",
            Self::EmptyRecord => "a record has no content where it must have some",
            Self::EmptyVector => "a list is empty that must not be",
            Self::IllegalValue => "a field has a value it must not have",
            Self::MessageTooLong => "it is longer than any message of its kind can be",
            Self::RecordTooLong => "its record is longer than TLS allows",
            Self::TrailingBytes => "bytes are left behind the end of a structure",
            Self::Truncated => "a structure ends before its end",
            Self::UnknownType => "its type does not exist",
            Self::VectorTooLong => "a list or a string is longer than its type allows",
        })
    }
}

impl Display for PeerIncompatible {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::ClientCertificateRequired => "the client came without a certificate, and one is required",
            Self::NoApplicationProtocol => "no application protocol (ALPN) that both sides have",
            Self::NoCipherSuite => "no cipher suite that both sides have",
            Self::NoCredential => "none of our credentials fits what the peer asks for",
            Self::NoGroup => "no key exchange group that both sides have",
            Self::Tls13NotOffered => "the client does not offer TLS 1.3",
            Self::Tls13NotSelected => "the server chose TLS 1.2 or older",
            Self::UnknownServerName => "the client asks for a server name that we do not have",
        })
    }
}

impl Display for PeerMisbehaved {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::CertificateContext => "its Certificate carries a request context that is not ours",
            Self::EmptyServerCertificate => "a server sent a Certificate without a certificate",
            Self::FinishedIncorrect => "its Finished is wrong: both sides do not have the same keys or messages",
            Self::HelloRetryRequestIllegal => "a second HelloRetryRequest came, or one that changes nothing",
            Self::KeyChangeInsideMessage => "keys change in the middle of a message",
            Self::KeyShareInvalid => "its key share is no valid public key",
            Self::KeyShareNotOffered => "its key share is of a group that was not offered or not asked for",
            Self::LegacyVersion => "its hello has another legacy_version than 0x0303",
            Self::MissingExtension => "an extension is missing that must be there",
            Self::SecondClientHelloDiffers => "its second ClientHello differs from the first where it must not",
            Self::SelectedNotOffered => "it selected what was not offered",
            Self::SignatureIncorrect => "its CertificateVerify was not signed with the key of its certificate",
            Self::SignatureSchemeNotOffered => {
                "its CertificateVerify has a signature scheme that was not offered or does not fit the key"
            }
            Self::TooManyChangeCipherSpec => "too many change_cipher_spec records came",
            Self::TooManyEmptyRecords => "too many empty records came in a row",
            Self::TooManyKeyUpdates => "too many KeyUpdate messages came without data between them",
            Self::TooManyMessages => "too many messages came after the handshake without data between them",
            Self::UnexpectedMessage => "a message came that does not belong here",
            Self::UnsolicitedExtension => "an extension came that was not offered or does not belong into its message",
            Self::WrongEpoch => "a record is in the clear that must be encrypted, or the other way about",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::CertificateProblem;
    use std::string::ToString;

    #[test]
    fn errors_are_sentences_and_not_the_names_of_variants() {
        for (error, wanted) in [
            (
                ApiMisuse::TrustAnchorUnusable(CertificateProblem::NotACa).into(),
                "wrong use of the library: a certificate cannot serve as a trust anchor: it is no CA and so cannot have \
                 issued another certificate",
            ),
            (InvalidMessage::Truncated.into(), "a message could not be parsed: a structure ends before its end"),
            (
                PeerIncompatible::NoGroup.into(),
                "no common ground with the peer: no key exchange group that both sides have",
            ),
            (
                PeerMisbehaved::SignatureIncorrect.into(),
                "the peer broke the protocol: its CertificateVerify was not signed with the key of its certificate",
            ),
            (
                Error::BufferTooSmall { buffer: BufferKind::Peer, need: 900 },
                "the lent buffer `peer`, for the peer's certificates, is too small: 900 bytes are needed",
            ),
        ] {
            assert_eq!(error.to_string(), wanted);
        }
    }
}
