//! Named failures: the usual cause, and who has to act.

use core::fmt;

use super::AlertDescription;

/// `Name = number, responsible, "cause";`, the cause a clause without a full stop.
macro_rules! diagnoses {
    ($(#[$meta:meta])* pub enum Diagnosis {
        $($(#[$doc:meta])* $name:ident = $code:literal, $responsible:ident, $cause:literal;)*
    }) => {
        $(#[$meta])*
        pub enum Diagnosis {
            $($(#[$doc])* $name,)*
        }

        impl Diagnosis {
            /// Every diagnosis, by name.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Returns the cause, as a clause without a full stop.
            pub const fn cause(self) -> &'static str {
                match self {
                    $(Self::$name => $cause,)*
                }
            }

            /// Returns who has to act.
            pub const fn responsible(self) -> Responsible {
                match self {
                    $(Self::$name => Responsible::$responsible,)*
                }
            }
        }

        impl super::Code for Diagnosis {
            fn code(self) -> u8 {
                match self {
                    $(Self::$name => $code,)*
                }
            }

            fn of(code: u8) -> Option<Self> {
                match code {
                    $($code => Some(Self::$name),)*
                    _ => None,
                }
            }
        }
    };
}

diagnoses! {
/// A named failure: the usual cause of what was observed, which need not be the actual one.
///
/// Names with *Ours* are about how the peer judged our certificate, names with *Theirs* about how we judged its
/// certificate. `Display` writes the cause and who has to act, in one line. The crate `embedded-mtls-operator` adds the
/// remedy, in terms of well-known programs; `docs/diagnoses.md` lists every diagnosis, each from a handshake that
/// fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Diagnosis {
    /// The peer denies us access.
    AccessDenied = 0, Peer,
        "the peer denies us access: its rules do not allow us, or it does not accept our certificate";
    /// The server did not request our certificate.
    CertificateNotAsked = 1, Peer,
        "the server did not request our certificate, so it cannot know who we are";
    /// A certificate is valid by one clock and not by the other.
    ClockWrong = 2, Us,
        "the two clocks disagree: by one of them, a certificate has expired or is not yet valid";
    /// The peer closed the connection without sending anything.
    ClosedAtOnce = 44, Network,
        "the peer closed the connection without sending anything";
    /// The peer closed the connection without an alert after it had received our certificate, or our reply that we have
    /// none.
    ClosedOnOurs = 45, Peer,
        "the peer closed the connection without an alert after we had sent our certificate, or had replied that we \
         have none";
    /// The connection ended without a reason.
    ConnectionCut = 3, Network,
        "the connection ended unexpectedly, without a reason";
    /// A certificate of the peer needs Ed25519, and this build lacks it.
    Ed25519NotBuilt = 46, Us,
        "the peer's chain needs Ed25519, which our program was built without";
    /// An inspection proxy is between us and the server, with a CA of its own.
    InterposedProxy = 4, Network,
        "the certificate has the right name but comes from a CA that we do not trust, and no certificate was \
         requested from us: probably an inspection proxy is in between";
    /// A message of the peer does not fit into our receive buffer, however small its records are.
    MessageTooLarge = 47, Us,
        "a message from the peer, such as its certificate chain or its list of accepted CAs, is larger than our \
         receive buffer";
    /// The certificate is for another name.
    NameMismatch = 5, Peer,
        "the peer's certificate was issued for a different name than the one we require";
    /// The certificate nearly contains the name: see [`NearMiss`](crate::x509::NearMiss).
    NameNearMiss = 6, Peer,
        "the peer's certificate almost contains the name that we require, but in a form that does not match";
    /// No common version, cipher suite, group, signature scheme or credential.
    NoCommonGround = 7, Us,
        "the two sides have no TLS version, cipher suite, key exchange group, or kind of key or signature in common";
    /// No common application protocol.
    NoCommonProtocol = 8, Us,
        "the two sides have no application protocol (ALPN) in common";
    /// The received bytes are not TLS.
    NotTls = 33, Us,
        "the bytes received from the peer are not TLS";
    /// A trust anchor of ours has expired.
    OurAnchorExpired = 34, Us,
        "our trust anchor, the root of the peer's certificate, has expired";
    /// Our program, its memory or its key failed.
    OurProgram = 9, Us,
        "our own program, its memory or its signing key failed";
    /// We sent a record that is larger than the peer can receive.
    OurRecordTooLarge = 35, Us,
        "we sent a record that is larger than the peer can receive";
    /// Our certificate has expired, according to our own clock or to the peer.
    OursExpired = 10, Us,
        "our certificate, or one that we sent with it, has expired";
    /// The peer lacks an intermediate that we did not send.
    OursIncomplete = 11, Us,
        "the peer cannot trace our certificate to a CA that it trusts, and we sent no intermediate certificate with \
         it";
    /// We sent no certificate, and one is required.
    OursMissing = 12, Us,
        "the peer requires a certificate, and we sent none";
    /// The peer does not trust the CA that issued our certificate.
    OursNotTrusted = 13, Peer,
        "the peer does not trust the CA that issued our certificate";
    /// The peer rejects our certificate without giving a reason.
    OursRefused = 14, Us,
        "the peer rejects our certificate, or the lack of one, without giving a reason";
    /// The client rejects our certificate without giving a reason.
    OursRefusedByClient = 36, Us,
        "the client rejects our certificate without giving a reason";
    /// Our certificate was revoked.
    OursRevoked = 15, Us,
        "our certificate has been revoked";
    /// The peer failed over our certificate, and our chain may be longer than it allows.
    OursTooDeep = 48, Peer,
        "the peer failed while checking our certificate: probably our chain is longer than it allows";
    /// Our signature does not verify with our certificate.
    OursUnproven = 16, Us,
        "our signature does not match our certificate: the certificate does not belong to our key";
    /// Our certificate is not meant for our role.
    OursWrongPurpose = 17, Us,
        "our certificate is not meant for this use, or is of a kind that the peer does not support";
    /// A certificate of the peer needs P-384, and this build lacks it.
    P384NotBuilt = 49, Us,
        "the peer's chain needs ECDSA on P-384, which our program was built without";
    /// One side violated the protocol.
    ProtocolBroken = 19, Developers,
        "one side received something that the protocol forbids";
    /// The peer sent a record that is larger than our receive buffer.
    RecordTooLarge = 20, Us,
        "the peer sent a record that is larger than our receive buffer";
    /// The peer rejected us before it could know who we are.
    RefusedUnseen = 37, Peer,
        "the connection was ended with an alert about our certificate before the peer could have received it";
    /// A certificate of the peer needs RSA, and this build lacks it.
    RsaNotBuilt = 50, Us,
        "the peer's chain needs RSA, which our program was built without";
    /// The server has nothing in common with a build without RSA.
    RsaPerhapsNeeded = 51, Us,
        "the server has nothing in common with our program, which was built without RSA: many servers need it";
    /// The client requested a name that the server does not have.
    ServerNameUnknown = 21, Peer,
        "the server does not have the name that the client requested";
    /// A record cannot be decrypted.
    Tampered = 22, Network,
        "a record could not be decrypted: it was modified in transit, or the two sides use different keys";
    /// The peer failed for a reason of its own.
    TheirProgram = 23, Peer,
        "the peer failed for a reason of its own";
    /// A certificate of the peer has expired.
    TheirsExpired = 24, Peer,
        "a certificate in the peer's chain has expired";
    /// The peer probably left out an intermediate.
    TheirsIncomplete = 25, Peer,
        "the peer sent a single certificate, and we do not know the CA that issued it: probably an intermediate \
         certificate is missing";
    /// A certificate of the peer violates a rule: the verdict names it.
    TheirsInvalid = 26, Peer,
        "a certificate in the peer's chain violates a rule, which the verdict names";
    /// The client sent no certificate, and we require one.
    TheirsMissing = 27, Peer,
        "the client sent no certificate, and we require one";
    /// Our rules do not allow the peer.
    TheirsNotAllowed = 28, Us,
        "the peer is authenticated, but our own rules do not allow it";
    /// We do not trust the CA of the peer's certificate.
    TheirsNotTrusted = 29, Us,
        "we do not trust the CA that issued the peer's certificate";
    /// More CA certificates are above the peer's certificate than our rules allow.
    TheirsTooDeep = 38, Us,
        "there are more CAs above the peer's certificate than our limit (max_depth) allows";
    /// The peer does not hold the key of the certificate that it sent.
    TheirsUnproven = 30, Peer,
        "the peer does not hold the key of the certificate that it sent";
    /// The peer's certificate is not meant for its role.
    TheirsWrongPurpose = 31, Peer,
        "the peer's certificate is not meant for this use";
    /// The peer supports only TLS 1.2 or older.
    Tls12Only = 32, Peer,
        "the peer supports only TLS 1.2 or older";
}
}

/// The party that has to act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Responsible {
    /// The developers of either side's program.
    Developers,
    /// The operators of the network between the two sides, with its proxies and firewalls.
    Network,
    /// The operator of the peer.
    Peer,
    /// The operator of this side.
    Us,
}

impl Diagnosis {
    /// Diagnoses a received alert on its own: it is about *us*.
    /// [`ConnectionFailure::diagnosis`](crate::ConnectionFailure::diagnosis) takes more into account.
    pub const fn of_alert(alert: AlertDescription) -> Self {
        match alert {
            AlertDescription::ACCESS_DENIED => Self::AccessDenied,
            AlertDescription::BAD_CERTIFICATE
            | AlertDescription::CERTIFICATE_UNKNOWN
            | AlertDescription::BAD_CERTIFICATE_STATUS_RESPONSE => Self::OursRefused,
            AlertDescription::BAD_RECORD_MAC => Self::Tampered,
            AlertDescription::CERTIFICATE_EXPIRED => Self::OursExpired,
            AlertDescription::CERTIFICATE_REQUIRED | AlertDescription::NO_CERTIFICATE => Self::OursMissing,
            AlertDescription::CERTIFICATE_REVOKED => Self::OursRevoked,
            AlertDescription::CLOSE_NOTIFY | AlertDescription::USER_CANCELED => Self::ConnectionCut,
            AlertDescription::DECRYPT_ERROR => Self::OursUnproven,
            AlertDescription::HANDSHAKE_FAILURE | AlertDescription::INSUFFICIENT_SECURITY => Self::NoCommonGround,
            AlertDescription::INTERNAL_ERROR | AlertDescription::GENERAL_ERROR => Self::TheirProgram,
            AlertDescription::NO_APPLICATION_PROTOCOL => Self::NoCommonProtocol,
            AlertDescription::PROTOCOL_VERSION => Self::Tls12Only,
            AlertDescription::RECORD_OVERFLOW => Self::OurRecordTooLarge,
            AlertDescription::UNKNOWN_CA => Self::OursNotTrusted,
            AlertDescription::UNRECOGNIZED_NAME => Self::ServerNameUnknown,
            AlertDescription::UNSUPPORTED_CERTIFICATE => Self::OursWrongPurpose,
            _ => Self::ProtocolBroken,
        }
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}. Who has to act: {}", self.cause(), self.responsible())
    }
}

impl fmt::Display for Responsible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Developers => "the developers",
            Self::Network => "the network operators",
            Self::Peer => "the operator of the peer",
            Self::Us => "the operator of this side",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn each_diagnosis_has_words_of_its_own() {
        for (place, diagnosis) in Diagnosis::ALL.iter().enumerate() {
            for other in &Diagnosis::ALL[place + 1..] {
                assert_ne!(diagnosis, other);
                assert_ne!(diagnosis.cause(), other.cause());
            }
            let text = diagnosis.to_string();
            assert!(!text.contains('\n') && !text.ends_with('.'), "{text}");
        }
    }
}
