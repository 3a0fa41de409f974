//! From what was observed to the name of the failure.

use crate::credential::Credential;
use crate::error::{
    AlertClass, AlertDescription, BufferKind, CertificateError, CertificateProblem, Diagnosis, Error, PeerIncompatible,
    PeerMisbehaved,
};
use crate::handshake::{ClientAuthStatus, Negotiated};
use crate::x509::{PeerChain, Rules, Time};

/// What is known beside the error.
pub(super) struct Scene<'s, 'b> {
    pub(super) is_client: bool,
    pub(super) negotiated: &'s Negotiated<'b>,
    /// The chain that was refused, and what it was held to.
    pub(super) refused: Option<(&'s PeerChain<'b>, Rules<'s>)>,
    pub(super) time: Time,
}

impl Scene<'_, '_> {
    /// The failure by its name.
    pub(super) fn diagnose(&self, error: Error) -> Diagnosis {
        match error {
            Error::AlertReceived(alert) => self.of_alert(alert),
            Error::ApiMisuse(_) | Error::KeysExhausted | Error::ProviderFailed | Error::SigningFailed => {
                Diagnosis::OurProgram
            }
            Error::BufferTooSmall { buffer: BufferKind::Rx, .. } => Diagnosis::RecordTooLarge,
            Error::BufferTooSmall { .. } => Diagnosis::OurProgram,
            Error::Certificate(error) => self.of_certificate(error),
            Error::ConnectionTruncated => Diagnosis::ConnectionCut,
            Error::DecryptFailed => Diagnosis::Tampered,
            Error::PeerIncompatible(reason) => match reason {
                PeerIncompatible::ClientCertificateRequired => Diagnosis::TheirsMissing,
                PeerIncompatible::NoApplicationProtocol => Diagnosis::NoCommonProtocol,
                PeerIncompatible::NoCipherSuite | PeerIncompatible::NoCredential | PeerIncompatible::NoGroup => {
                    Diagnosis::NoCommonGround
                }
                PeerIncompatible::Tls13NotOffered | PeerIncompatible::Tls13NotSelected => Diagnosis::Tls12Only,
                PeerIncompatible::UnknownServerName => Diagnosis::ServerNameUnknown,
            },
            Error::PeerMisbehaved(PeerMisbehaved::SignatureIncorrect) => Diagnosis::TheirsUnproven,
            Error::InvalidMessage(_) | Error::PeerMisbehaved(_) => Diagnosis::ProtocolBroken,
            Error::Refused(_) => Diagnosis::TheirsNotAllowed,
        }
    }

    fn of_alert(&self, alert: AlertDescription) -> Diagnosis {
        let by_itself = Diagnosis::of_alert(alert);
        let declined = matches!(self.negotiated.client_auth, ClientAuthStatus::Declined);
        let about_us = matches!(alert.class(), AlertClass::Credential) || alert == AlertDescription::HANDSHAKE_FAILURE;
        if self.is_client && declined && about_us {
            return Diagnosis::OursMissing;
        }
        match (by_itself, self.negotiated.credential) {
            (Diagnosis::OursNotTrusted, Some(credential)) if credential.chain().iter().nth(1).is_none() => {
                Diagnosis::OursIncomplete
            }
            (Diagnosis::OursExpired, Some(credential)) if self.is_valid(credential) => Diagnosis::ClockWrong,
            _ => by_itself,
        }
    }

    /// Whether our chain is valid by the time that we were given.
    fn is_valid(&self, credential: &Credential<'_>) -> bool {
        match self.time {
            Time::Trusted(now) => now <= credential.not_after(),
            Time::AtLeast(_) | Time::Unknown(_) => false,
        }
    }

    fn of_certificate(&self, error: CertificateError) -> Diagnosis {
        use CertificateProblem as Problem;
        match error.problem {
            Problem::Expired | Problem::AnchorExpired => Diagnosis::TheirsExpired,
            Problem::NotYetValid | Problem::AnchorNotYetValid => Diagnosis::ClockWrong,
            Problem::ExtendedKeyUsage | Problem::MissingDigitalSignature => Diagnosis::TheirsWrongPurpose,
            Problem::CommonNameMismatch => Diagnosis::NameMismatch,
            Problem::NameMismatch => {
                let verdict = self.refused.as_ref().and_then(|(chain, rules)| chain.verdict(rules));
                match verdict.and_then(|verdict| verdict.near_miss()) {
                    Some(_) => Diagnosis::NameNearMiss,
                    None => Diagnosis::NameMismatch,
                }
            }
            Problem::UnknownIssuer => self.of_unknown_issuer(true),
            Problem::UntrustedRoot => self.of_unknown_issuer(false),
            Problem::AnchorSignatureInvalid | Problem::DepthExceeded | Problem::SelfSigned => {
                Diagnosis::TheirsNotTrusted
            }
            _ => Diagnosis::TheirsInvalid,
        }
    }

    /// A chain that ends where we trust nobody. Alone, the leaf lacks an intermediate, unless the server asks for no
    /// certificate: a proxy cannot pass that on. With more of them, somebody else vouches for it.
    fn of_unknown_issuer(&self, may_lack: bool) -> Diagnosis {
        let Some((chain, rules)) = &self.refused else { return Diagnosis::TheirsNotTrusted };
        let alone = chain.count() == 1;
        let asked = !self.is_client || !matches!(self.negotiated.client_auth, ClientAuthStatus::NotRequested);
        if alone && may_lack && asked {
            Diagnosis::TheirsIncomplete
        } else if self.is_client && chain.has_name(rules) {
            Diagnosis::InterposedProxy
        } else {
            Diagnosis::TheirsNotTrusted
        }
    }
}
