//! Maps what was observed to a named failure.

use super::{ConnectionFailure, Session};
use crate::credential::Credential;
use crate::der::oid;
use crate::error::{
    AlertClass, AlertDescription, BufferKind, CertificateError, CertificateProblem, Diagnosis, Error, InvalidMessage,
    PeerIncompatible, PeerMisbehaved, Stage,
};
use crate::handshake::{ClientAuthStatus, Side};
use crate::role::Role;
use crate::x509::{Evidence, Time};

/// The algorithms of certificates that a build may leave out.
#[derive(Clone, Copy)]
struct Built {
    ed25519: bool,
    p384: bool,
    rsa: bool,
}

impl Built {
    const HERE: Self =
        Self { ed25519: cfg!(feature = "ed25519"), p384: cfg!(feature = "p384"), rsa: cfg!(feature = "rsa") };

    /// Returns the diagnosis if this build lacks the algorithm or curve of this identifier.
    fn lacks(self, oid: &[u8]) -> Option<Diagnosis> {
        if oid.starts_with(oid::PKCS_1) {
            (!self.rsa).then_some(Diagnosis::RsaNotBuilt)
        } else if [oid::ECDSA_WITH_SHA384, oid::SECP384R1].contains(&oid) {
            (!self.p384).then_some(Diagnosis::P384NotBuilt)
        } else {
            (oid == oid::ED25519 && !self.ed25519).then_some(Diagnosis::Ed25519NotBuilt)
        }
    }

    /// Diagnoses a server that selects nothing from our offer. In a build without RSA, that is the usual reason.
    const fn nothing_in_common(self) -> Diagnosis {
        if self.rsa { Diagnosis::NoCommonGround } else { Diagnosis::RsaPerhapsNeeded }
    }
}

impl<R: Side> Session<'_, R> {
    /// Returns the fault, known to this side, of the credential that was sent: it has expired, is not yet valid, or is
    /// not meant for our role. `None` if no credential was sent, or it has no such fault.
    pub fn credential_fault(&self) -> Option<Diagnosis> {
        fault_of(self.sent_credential()?, R::ROLE, self.connection.peer.time())
    }
}

impl ConnectionFailure<'_, '_> {
    /// Names the failure.
    pub(super) fn diagnose(&self) -> Diagnosis {
        match self.error {
            Error::AlertReceived(alert) => self.of_alert(alert),
            Error::ApiMisuse(_) | Error::KeysExhausted | Error::ProviderFailed | Error::SigningFailed => {
                Diagnosis::OurProgram
            }
            Error::BufferTooSmall { buffer: BufferKind::Rx, .. } if self.message_too_large => {
                Diagnosis::MessageTooLarge
            }
            Error::BufferTooSmall { buffer: BufferKind::Rx, .. } => Diagnosis::RecordTooLarge,
            Error::BufferTooSmall { .. } => Diagnosis::OurProgram,
            Error::Certificate(error) => self.of_certificate(error),
            Error::ConnectionTruncated => self.of_end(),
            Error::DecryptFailed => Diagnosis::Tampered,
            Error::PeerIncompatible(reason) => match reason {
                PeerIncompatible::ClientCertificateRequired => Diagnosis::TheirsMissing,
                PeerIncompatible::NoApplicationProtocol => Diagnosis::NoCommonProtocol,
                PeerIncompatible::NoCipherSuite
                | PeerIncompatible::NoCredential
                | PeerIncompatible::NoGroup
                | PeerIncompatible::RetryUnsupported => Diagnosis::NoCommonGround,
                PeerIncompatible::Tls13NotOffered | PeerIncompatible::Tls13NotSelected => Diagnosis::Tls12Only,
                PeerIncompatible::UnknownServerName => Diagnosis::ServerNameUnknown,
            },
            Error::PeerMisbehaved(PeerMisbehaved::SignatureIncorrect) => Diagnosis::TheirsUnproven,
            // Only records have unknown types here: this is the first one, so the peer does not speak TLS.
            Error::InvalidMessage(InvalidMessage::UnknownType)
                if matches!(self.stage, Stage::ClientHello | Stage::ServerHello) =>
            {
                Diagnosis::NotTls
            }
            Error::InvalidMessage(_) | Error::PeerMisbehaved(_) => Diagnosis::ProtocolBroken,
            Error::NotAuthorized(_) => Diagnosis::TheirsNotAllowed,
        }
    }

    const fn is_client(&self) -> bool {
        matches!(self.role, Role::Client)
    }

    fn of_alert(&self, alert: AlertDescription) -> Diagnosis {
        let declined = matches!(self.negotiated.client_auth.status(), ClientAuthStatus::Declined);
        let credential_class = matches!(alert.class(), AlertClass::Credential);
        let by_itself = Diagnosis::of_alert(alert);
        if !self.was_seen() {
            return match by_itself {
                Diagnosis::NoCommonGround if self.is_client() => Built::HERE.nothing_in_common(),
                _ if credential_class => Diagnosis::RefusedUnseen,
                _ => by_itself,
            };
        }
        if self.is_client() && declined && (credential_class || alert == AlertDescription::HANDSHAKE_FAILURE) {
            return Diagnosis::OursMissing;
        }
        let Some(credential) = self.undecided() else { return by_itself };
        // Our own knowledge is more reliable than the peer's alert: many peers send the same alert for every reason.
        let by_itself = match by_itself {
            Diagnosis::AccessDenied
            | Diagnosis::NoCommonGround
            | Diagnosis::OursExpired
            | Diagnosis::OursNotTrusted
            | Diagnosis::OursRefused
            | Diagnosis::OursWrongPurpose
            | Diagnosis::TheirProgram => fault_of(credential, self.role, self.time).unwrap_or(by_itself),
            _ => return by_itself,
        };
        match by_itself {
            Diagnosis::OursNotTrusted if credential.lacks_issuer() => Diagnosis::OursIncomplete,
            Diagnosis::OursExpired if self.is_valid(credential) => Diagnosis::ClockWrong,
            Diagnosis::OursRefused if !self.is_client() => Diagnosis::OursRefusedByClient,
            // Some servers limit the depth themselves and have no alert for exceeding it.
            Diagnosis::TheirProgram if self.is_client() && credential.certificates().nth(1).is_some() => {
                Diagnosis::OursTooDeep
            }
            by_itself => by_itself,
        }
    }

    /// Diagnoses an end without an alert.
    fn of_end(&self) -> Diagnosis {
        let at_once = if self.is_client() {
            matches!(self.stage, Stage::ClientHello | Stage::ServerHello)
        } else {
            matches!(self.stage, Stage::ClientHello)
        };
        let declined = self.is_client() && matches!(self.negotiated.client_auth.status(), ClientAuthStatus::Declined);
        match self.undecided() {
            _ if at_once => Diagnosis::ClosedAtOnce,
            Some(credential) => fault_of(credential, self.role, self.time).unwrap_or(Diagnosis::ClosedOnOurs),
            None if declined && self.was_seen() => Diagnosis::ClosedOnOurs,
            None => Diagnosis::ConnectionCut,
        }
    }

    /// Returns the credential that the other side has received and not yet accepted.
    fn undecided(&self) -> Option<&Credential<'_>> {
        let decided = if self.is_client() {
            matches!(self.negotiated.client_auth.status(), ClientAuthStatus::Accepted)
        } else {
            // A client that continues has accepted the server.
            matches!(self.stage, Stage::Done)
        };
        self.negotiated.credential.filter(|_| self.was_seen() && !decided)
    }

    /// Returns whether the other side can have received our certificate, or our refusal to send one. A client answers
    /// only an authenticated server; before that, anyone on the network path can have sent the alert.
    const fn was_seen(&self) -> bool {
        let asked = !matches!(self.negotiated.client_auth.status(), ClientAuthStatus::NotRequested);
        self.negotiated.certificate_sent && (asked || !self.is_client())
    }

    /// Returns whether our chain is valid at the time that the application provided.
    fn is_valid(&self, credential: &Credential<'_>) -> bool {
        match self.time {
            Time::Trusted(now) => now <= credential.not_after(),
            Time::AtLeast(_) | Time::Unknown(_) => false,
        }
    }

    fn of_certificate(&self, error: CertificateError) -> Diagnosis {
        use CertificateProblem as Problem;
        let by_itself = error.problem.diagnosis();
        match error.problem {
            Problem::NameMismatch => {
                let verdict = self.search.verdict();
                match verdict.and_then(|verdict| verdict.near_miss()) {
                    Some(_) => Diagnosis::NameNearMiss,
                    None => by_itself,
                }
            }
            Problem::UnknownIssuer => self.of_unknown_issuer(true),
            Problem::UntrustedRoot => self.of_unknown_issuer(false),
            Problem::UnsupportedKey | Problem::UnsupportedSignature => {
                let verdict = self.search.verdict();
                let oid = verdict.and_then(|verdict| match verdict.evidence() {
                    Evidence::Key(oid) | Evidence::Signature { algorithm: Some(oid), .. } => Some(oid),
                    _ => None,
                });
                oid.and_then(|oid| Built::HERE.lacks(oid.as_bytes())).unwrap_or(by_itself)
            }
            _ => by_itself,
        }
    }

    /// Diagnoses a chain that ends in an untrusted authority. Usually our trust anchor is the wrong one. An inspection
    /// proxy cannot forward a request for a certificate, so it is a possible cause only if none was requested. A leaf
    /// without its issuer lacks an intermediate, unless we trust only pinned certificates.
    fn of_unknown_issuer(&self, may_lack: bool) -> Diagnosis {
        let search = self.search;
        let unasked =
            self.is_client() && matches!(self.negotiated.client_auth.status(), ClientAuthStatus::NotRequested);
        let by_authority = search.knows_authorities();
        // The leaf has the name that we require: that is checked before its issuer is looked for, and never waived.
        if unasked {
            Diagnosis::InterposedProxy
        } else if search.list().lacks_issuer() && may_lack && by_authority {
            Diagnosis::TheirsIncomplete
        } else {
            Diagnosis::TheirsNotTrusted
        }
    }
}

/// Finds a fault of our own credential that makes a peer reject it.
pub(super) fn fault_of(credential: &Credential<'_>, role: Role, time: Time) -> Option<Diagnosis> {
    match credential.check_validity(time).map_err(|error| error.problem) {
        Err(CertificateProblem::Expired) => return Some(Diagnosis::OursExpired),
        Err(_) => return Some(Diagnosis::ClockWrong),
        Ok(()) => {}
    }
    let leaf = credential.certificates().next()?;
    leaf.check_purpose(role).is_err().then_some(Diagnosis::OursWrongPurpose)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handshake::Negotiated;
    use crate::wire::enums::{CipherSuite, NamedGroup};
    use crate::x509::{Search, Summaries, UnixTime};

    #[test]
    fn an_alert_of_an_unauthenticated_server_is_not_a_verdict_on_our_certificate() {
        let mut negotiated = Negotiated::nothing(CipherSuite(0), NamedGroup(0));
        negotiated.client_auth.presented();
        let search = Search::new(Summaries::new(&mut []));
        let time = Time::Trusted(UnixTime(0));
        for (sent, expected) in [(false, Diagnosis::RefusedUnseen), (true, Diagnosis::OursRevoked)] {
            negotiated.certificate_sent = sent;
            let failure = ConnectionFailure {
                error: Error::AlertReceived(AlertDescription::CERTIFICATE_REVOKED),
                stage: Stage::Done,
                role: Role::Client,
                negotiated: &negotiated,
                search: &search,
                time,
                message_too_large: false,
            };
            assert_eq!(failure.diagnose(), expected);
        }
    }

    #[test]
    fn an_algorithm_that_was_left_out_is_named_and_an_unsupported_one_is_not() {
        const ALL: Built = Built { ed25519: true, p384: true, rsa: true };
        const NONE: Built = Built { ed25519: false, p384: false, rsa: false };
        let rsa_encryption = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
        let ecdsa_sha384 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3];
        let secp521r1 = [0x2b, 0x81, 4, 0, 0x23];
        for (oid, lacks) in [
            (&rsa_encryption[..], Some(Diagnosis::RsaNotBuilt)),
            (&ecdsa_sha384, Some(Diagnosis::P384NotBuilt)),
            (&[0x2b, 0x81, 4, 0, 0x22], Some(Diagnosis::P384NotBuilt)),
            (&[0x2b, 0x65, 0x70], Some(Diagnosis::Ed25519NotBuilt)),
            (&secp521r1, None),
            (&[], None),
        ] {
            assert_eq!(NONE.lacks(oid), lacks, "{oid:?}");
            // Here the key is too short, for example: the verdict explains.
            assert_eq!(ALL.lacks(oid), None, "{oid:?}");
        }
        assert_eq!(NONE.nothing_in_common(), Diagnosis::RsaPerhapsNeeded);
        assert_eq!(ALL.nothing_in_common(), Diagnosis::NoCommonGround);
    }
}
