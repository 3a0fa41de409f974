//! From what was observed to the name of the failure.

use crate::credential::Credential;
use crate::error::{
    AlertClass, AlertDescription, BufferKind, CertificateError, CertificateProblem, Diagnosis, Error, InvalidMessage,
    PeerIncompatible, PeerMisbehaved, Stage,
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
    /// Where the handshake failed, if it did.
    pub(super) stage: Option<Stage>,
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
            // Of records only: the first one, and so what answers or asks is something else.
            Error::InvalidMessage(InvalidMessage::UnknownType)
                if matches!(self.stage, Some(Stage::ClientHello | Stage::ServerHello)) =>
            {
                Diagnosis::NotTls
            }
            Error::InvalidMessage(_) | Error::PeerMisbehaved(_) => Diagnosis::ProtocolBroken,
            Error::Refused(_) => Diagnosis::TheirsNotAllowed,
        }
    }

    fn of_alert(&self, alert: AlertDescription) -> Diagnosis {
        let declined = matches!(self.negotiated.client_auth, ClientAuthStatus::Declined);
        let credential_class = matches!(alert.class(), AlertClass::Credential);
        if credential_class && !self.was_seen() {
            return Diagnosis::RefusedUnseen;
        }
        if self.is_client && declined && (credential_class || alert == AlertDescription::HANDSHAKE_FAILURE) {
            return Diagnosis::OursMissing;
        }
        match (Diagnosis::of_alert(alert), self.negotiated.credential) {
            (Diagnosis::OursNotTrusted, Some(credential)) if lacks_issuer(credential) => Diagnosis::OursIncomplete,
            (Diagnosis::OursExpired, Some(credential)) if self.is_valid(credential) => Diagnosis::ClockWrong,
            (Diagnosis::OursRefused, _) if !self.is_client => Diagnosis::OursRefusedByClient,
            (by_itself, _) => by_itself,
        }
    }

    /// Tells whether the other side can have seen who we are, or that we show nothing. A client that was asked answers
    /// only once the server has proved who it is. Before, anybody on the way can have sent the alert.
    const fn was_seen(&self) -> bool {
        let asked = !matches!(self.negotiated.client_auth, ClientAuthStatus::NotRequested);
        self.negotiated.shown && (asked || !self.is_client)
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
            Problem::AnchorExpired => Diagnosis::OurAnchorExpired,
            Problem::DepthExceeded => Diagnosis::TheirsTooDeep,
            Problem::Expired => Diagnosis::TheirsExpired,
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
            Problem::AnchorSignatureInvalid | Problem::SelfSigned => Diagnosis::TheirsNotTrusted,
            _ => Diagnosis::TheirsInvalid,
        }
    }

    /// A chain that ends where we trust nobody. Most often it is we who have the wrong root. A proxy cannot pass on that
    /// the server asks for a certificate, so it is one at most where nobody asks. A leaf that comes alone lacks an
    /// intermediate, unless we trust pinned certificates only.
    fn of_unknown_issuer(&self, may_lack: bool) -> Diagnosis {
        let Some((chain, rules)) = &self.refused else { return Diagnosis::TheirsNotTrusted };
        let unasked = self.is_client && matches!(self.negotiated.client_auth, ClientAuthStatus::NotRequested);
        let by_authority = rules.anchors.iter().any(|anchor| anchor.authority().is_some());
        if unasked && chain.has_name(rules) {
            Diagnosis::InterposedProxy
        } else if chain.count() == 1 && may_lack && by_authority {
            Diagnosis::TheirsIncomplete
        } else {
            Diagnosis::TheirsNotTrusted
        }
    }
}

/// Whether there may be an intermediate above the only certificate of the chain. One that is self-signed has none.
fn lacks_issuer(credential: &Credential<'_>) -> bool {
    let mut certificates = credential.certificates();
    let first = certificates.next();
    certificates.next().is_none() && first.is_some_and(|leaf| !leaf.is_self_issued())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::enums::{CipherSuite, NamedGroup};
    use crate::x509::UnixTime;

    #[test]
    fn an_alert_of_a_server_that_has_not_proved_who_it_is_is_no_verdict_on_our_certificate() {
        let mut negotiated = Negotiated::nothing(CipherSuite(0), NamedGroup(0));
        negotiated.client_auth = ClientAuthStatus::Presented;
        let time = Time::Trusted(UnixTime::from_seconds(0));
        for (shown, expected) in [(false, Diagnosis::RefusedUnseen), (true, Diagnosis::OursRevoked)] {
            negotiated.shown = shown;
            let scene = Scene { is_client: true, negotiated: &negotiated, refused: None, time, stage: None };
            let revoked = Error::AlertReceived(AlertDescription::CERTIFICATE_REVOKED);
            assert_eq!(scene.diagnose(revoked), expected);
        }
    }
}
