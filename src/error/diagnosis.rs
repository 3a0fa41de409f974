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

            /// Says what is wrong, as a clause without a full stop.
            pub const fn cause(self) -> &'static str {
                match self {
                    $(Self::$name => $cause,)*
                }
            }

            /// Names who has to act.
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
/// Names with *Ours* are about how the other side judged our certificate, names with *Theirs* about how we judged its
/// certificate. `Display` writes the cause and who has to act, in one line. The crate `embedded-mtls-operator` adds the
/// remedy, in terms of well-known programs; `docs/diagnoses.md` lists every diagnosis, each from a handshake that
/// fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Diagnosis {
    /// The other side denies us access.
    AccessDenied = 0, Peer,
        "the other side denies us access: its rules do not allow us, or it does not accept our certificate";
    /// The server never asked for our certificate.
    CertificateNotAsked = 1, Peer,
        "the server never asked for our certificate, so it cannot know who we are";
    /// A certificate is valid by one clock and not by the other.
    ClockWrong = 2, Us,
        "the two clocks disagree: by one of them a certificate has expired or is not valid yet";
    /// The other side closed the connection before it had said anything.
    ClosedAtOnce = 44, Network,
        "the other side closed the connection before it had sent anything";
    /// The other side closed the connection without a reason after it had received our certificate, or learned that we
    /// have none.
    ClosedOnOurs = 45, Peer,
        "the other side closed the connection without giving a reason, after we had sent our certificate or had \
         answered that we have none";
    /// The connection ended without a reason.
    ConnectionCut = 3, Network,
        "the connection ended unexpectedly, without a reason being given";
    /// A certificate of the other side needs Ed25519, and this build lacks it.
    Ed25519NotBuilt = 46, Us,
        "a certificate of the other side needs Ed25519, and our program was built without it";
    /// An inspection proxy is between us and the server, with a CA of its own.
    InterposedProxy = 4, Network,
        "the certificate has the right name and comes from an authority that we do not trust, and nobody asked for our \
         certificate: probably an inspection proxy is in between";
    /// A message of the other side does not fit into our receive buffer, however small its records are.
    MessageTooLarge = 47, Us,
        "a message of the other side, such as the list of authorities that it accepts or its chain of certificates, is \
         larger than our receive buffer";
    /// The certificate is for another name.
    NameMismatch = 5, Peer,
        "the certificate of the other side was issued for a name other than the one that we require";
    /// The certificate nearly contains the name: see [`NearMiss`](crate::x509::NearMiss).
    NameNearMiss = 6, Peer,
        "the certificate of the other side almost contains the name that we require, but in a form that does not \
         count";
    /// No common version, cipher suite, group, signature scheme or credential.
    NoCommonGround = 7, Us,
        "the two sides have nothing in common in one of these: TLS version, cipher suites, key exchange groups, kinds \
         of keys and signatures";
    /// No common application protocol.
    NoCommonProtocol = 8, Us,
        "the two sides have no application protocol (ALPN) in common";
    /// The bytes that were received are not TLS.
    NotTls = 33, Us,
        "what arrived from the other side is not TLS";
    /// A trust anchor of ours has expired.
    OurAnchorExpired = 34, Us,
        "our trust anchor, the root certificate above that of the other side, has expired";
    /// Our program, its memory or its key failed.
    OurProgram = 9, Us,
        "our own program, its memory or its signing key failed";
    /// We sent a record that the other side cannot hold.
    OurRecordTooLarge = 35, Us,
        "a record that we sent is larger than the other side can receive";
    /// Our certificate has expired, according to our own clock or to the other side.
    OursExpired = 10, Us,
        "our certificate has expired, or one that we send with it";
    /// The other side lacks an intermediate that we did not send.
    OursIncomplete = 11, Us,
        "the other side cannot trace our certificate to an authority that it trusts, and we sent it without an \
         intermediate certificate";
    /// We sent no certificate, and one is required.
    OursMissing = 12, Us,
        "the other side requires a certificate, and we sent none";
    /// The other side does not trust the authority of our certificate.
    OursNotTrusted = 13, Peer,
        "the other side does not trust the authority that issued our certificate";
    /// The other side rejects our certificate without a reason.
    OursRefused = 14, Us,
        "the other side refuses our certificate, or the lack of one, and does not say why";
    /// The client rejects our certificate without a reason.
    OursRefusedByClient = 36, Us,
        "the client refuses our certificate and does not say why";
    /// Our certificate was revoked.
    OursRevoked = 15, Us,
        "our certificate has been revoked";
    /// The other side failed over our certificate, and its chain may be longer than allowed there.
    OursTooDeep = 48, Peer,
        "the other side failed when it checked our certificate: probably our chain is longer than it allows";
    /// Our signature does not verify with our certificate.
    OursUnproven = 16, Us,
        "our signature does not match our certificate: the key and the certificate do not belong together";
    /// Our certificate is not meant for our role.
    OursWrongPurpose = 17, Us,
        "our certificate is not meant for this use, or is of a kind that the other side does not support";
    /// A certificate of the other side needs P-384, and this build lacks it.
    P384NotBuilt = 49, Us,
        "a certificate of the other side needs ECDSA on P-384, and our program was built without it";
    /// One side broke the protocol.
    ProtocolBroken = 19, Developers,
        "one side received what the protocol forbids";
    /// The other side sent a record that we cannot hold.
    RecordTooLarge = 20, Us,
        "a record of the other side is larger than our receive buffer";
    /// The other side refused us before it could know who we are.
    RefusedUnseen = 37, Peer,
        "the connection was ended with a complaint about our certificate, before the other side could have seen it";
    /// A certificate of the other side needs RSA, and this build lacks it.
    RsaNotBuilt = 50, Us,
        "a certificate of the other side needs RSA, and our program was built without it";
    /// The server has nothing in common with a build without RSA.
    RsaPerhapsNeeded = 51, Us,
        "the server found nothing in common with us, and our program was built without RSA, which many servers need";
    /// The client requested a name that the server does not have.
    ServerNameUnknown = 21, Peer,
        "the server has no host of the name that the client asks for";
    /// A record cannot be decrypted.
    Tampered = 22, Network,
        "a record could not be decrypted: it was changed on its way, or the two sides use different keys";
    /// The other side failed for a reason of its own.
    TheirProgram = 23, Peer,
        "the other side failed for a reason of its own";
    /// A certificate of the other side has expired.
    TheirsExpired = 24, Peer,
        "a certificate of the other side has expired";
    /// The other side probably left out an intermediate.
    TheirsIncomplete = 25, Peer,
        "the other side sent its certificate alone, and we do not know the authority that issued it: probably an \
         intermediate certificate is missing";
    /// A certificate of the other side breaks a rule: the verdict names it.
    TheirsInvalid = 26, Peer,
        "a certificate of the other side breaks a rule, which the verdict names";
    /// The client sent no certificate, and we require one.
    TheirsMissing = 27, Peer,
        "the client sent no certificate, and we require one";
    /// Our rules do not allow the other side.
    TheirsNotAllowed = 28, Us,
        "the other side has proved who it is, and our own rules do not allow it";
    /// We do not trust the authority of the other side's certificate.
    TheirsNotTrusted = 29, Us,
        "we do not trust the authority that issued the certificate of the other side";
    /// More CA certificates are above the certificate of the other side than our rules allow.
    TheirsTooDeep = 38, Us,
        "there are more authorities above the certificate of the other side than our own limit (max_depth) allows";
    /// The other side does not hold the key of the certificate that it sent.
    TheirsUnproven = 30, Peer,
        "the other side does not hold the key of the certificate that it sent";
    /// The certificate of the other side is not meant for its role.
    TheirsWrongPurpose = 31, Peer,
        "the certificate of the other side is not meant for this use";
    /// The other side offers TLS 1.2 or older only.
    Tls12Only = 32, Peer,
        "the other side offers only TLS 1.2 or older";
}
}

/// The party that has to act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Responsible {
    /// The developers of either side's program.
    Developers,
    /// The operators of the network in between, with its proxies and firewalls.
    Network,
    /// The operator of the other side.
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
            Self::Developers => "the developers of either side",
            Self::Network => "the owners of the network in between",
            Self::Peer => "the owner of the other side",
            Self::Us => "the owner of this side",
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
