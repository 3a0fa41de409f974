//! Errors and their like as numbers. A number that was given is never given again: dumps are read by later versions.

use crate::credential::Unfit;
use crate::error::{
    AlertDescription, ApiMisuse, BufferKind, CertificateError, CertificateProblem, Diagnosis, Error, InvalidMessage,
    Malformation, PeerIncompatible, PeerMisbehaved, Stage,
};
use crate::x509::WaivableCause;

/// An enum without content as a number.
pub(super) trait Code: Sized {
    fn code(self) -> u8;
    /// `None` of a number that this version does not know.
    fn of(code: u8) -> Option<Self>;
}

/// The compiler sees to it that no variant is left out.
macro_rules! codes {
    ($name:ident { $($variant:ident = $code:literal),* $(,)? }) => {
        impl Code for $name {
            fn code(self) -> u8 {
                match self {
                    $(Self::$variant => $code,)*
                }
            }

            fn of(code: u8) -> Option<Self> {
                match code {
                    $($code => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

codes!(BufferKind { Peer = 0, Rx = 1, Tx = 2 });

codes!(WaivableCause { Expired = 0, Invalid = 1, SelfSigned = 2, UntrustedRoot = 3 });

codes!(Diagnosis {
    AccessDenied = 0,
    CertificateNotAsked = 1,
    ClockWrong = 2,
    ConnectionCut = 3,
    InterposedProxy = 4,
    NameMismatch = 5,
    NameNearMiss = 6,
    NoCommonGround = 7,
    NoCommonProtocol = 8,
    OurProgram = 9,
    OursExpired = 10,
    OursIncomplete = 11,
    OursMissing = 12,
    OursNotTrusted = 13,
    OursRefused = 14,
    OursRevoked = 15,
    OursUnproven = 16,
    OursWrongPurpose = 17,
    PostHandshakeNeeded = 18,
    ProtocolBroken = 19,
    RecordTooLarge = 20,
    ServerNameUnknown = 21,
    Tampered = 22,
    TheirProgram = 23,
    TheirsExpired = 24,
    TheirsIncomplete = 25,
    TheirsInvalid = 26,
    TheirsMissing = 27,
    TheirsNotAllowed = 28,
    TheirsNotTrusted = 29,
    TheirsUnproven = 30,
    TheirsWrongPurpose = 31,
    Tls12Only = 32,
    NotTls = 33,
    OurAnchorExpired = 34,
    OurRecordTooLarge = 35,
    OursRefusedByClient = 36,
    RefusedUnseen = 37,
    TheirsTooDeep = 38,
    FirewallRefused = 39,
    Forbidden = 40,
    LoginRequired = 41,
    MisdirectedRequest = 42,
    ProxyLoginRequired = 43,
    ClosedAtOnce = 44,
    ClosedOnOurs = 45,
    Ed25519NotBuilt = 46,
    MessageTooLarge = 47,
    OursTooDeep = 48,
    P384NotBuilt = 49,
    RsaNotBuilt = 50,
    RsaPerhapsNeeded = 51,
});

codes!(Stage {
    Authorization = 0,
    Certificate = 1,
    CertificateRequest = 2,
    CertificateVerify = 3,
    ClientHello = 4,
    CredentialChoice = 5,
    Done = 6,
    EncryptedExtensions = 7,
    Finished = 8,
    Path = 9,
    SecondClientHello = 10,
    Sending = 11,
    ServerHello = 12,
    Signature = 13,
    Time = 14,
});

codes!(InvalidMessage {
    AlertLength = 0,
    DuplicateExtension = 1,
    EmptyVector = 2,
    EmptyRecord = 3,
    IllegalValue = 4,
    MessageTooLong = 5,
    RecordTooLong = 6,
    TrailingBytes = 7,
    // 8 and 9 were limits that are none any more.
    Truncated = 10,
    UnknownType = 11,
    VectorTooLong = 12,
});

codes!(PeerIncompatible {
    ClientCertificateRequired = 0,
    NoApplicationProtocol = 1,
    NoCipherSuite = 2,
    NoCredential = 3,
    NoGroup = 4,
    Tls13NotOffered = 5,
    Tls13NotSelected = 6,
    UnknownServerName = 7,
});

codes!(PeerMisbehaved {
    WrongEpoch = 0,
    EmptyServerCertificate = 1,
    CertificateContext = 2,
    FinishedIncorrect = 3,
    HelloRetryRequestIllegal = 4,
    KeyShareInvalid = 5,
    KeyShareNotOffered = 6,
    KeyChangeInsideMessage = 7,
    MissingExtension = 8,
    SignatureIncorrect = 9,
    SignatureSchemeNotOffered = 10,
    SecondClientHelloDiffers = 11,
    SelectedNotOffered = 12,
    TooManyChangeCipherSpec = 13,
    TooManyEmptyRecords = 14,
    TooManyKeyUpdates = 15,
    TooManyMessages = 16,
    UnexpectedMessage = 17,
    UnsolicitedExtension = 18,
    LegacyVersion = 19,
});

codes!(Malformation {
    BasicConstraints = 0,
    DefaultValue = 1,
    Der = 2,
    ExtendedKeyUsage = 3,
    Extension = 4,
    ExtensionCount = 5,
    Extensions = 6,
    GeneralizedTime = 7,
    Issuer = 8,
    IssuerEmpty = 9,
    KeyIdentifier = 10,
    KeyUsage = 11,
    Missing = 12,
    NameConstraints = 13,
    NotAfter = 14,
    NotBefore = 15,
    PathLength = 16,
    PublicKey = 17,
    SerialNumber = 18,
    SignatureAlgorithm = 19,
    SignatureParameters = 20,
    Subject = 21,
    SubjectAltName = 22,
    TbsCertificate = 23,
    Trailing = 24,
    Truncated = 25,
});

/// The number of the first malformation among those of the problems.
const MALFORMED: u8 = 128;

/// The problems of certificates. One of them holds a field, whose numbers stand behind all others.
macro_rules! problems {
    ($($variant:ident = $code:literal),* $(,)?) => {
        impl Code for CertificateProblem {
            fn code(self) -> u8 {
                match self {
                    $(Self::$variant => $code,)*
                    Self::Malformed(field) => MALFORMED.saturating_add(field.code()),
                }
            }

            fn of(code: u8) -> Option<Self> {
                match code {
                    $($code => Some(Self::$variant),)*
                    _ => code.checked_sub(MALFORMED).and_then(Malformation::of).map(Self::Malformed),
                }
            }
        }
    };
}

problems! {
    AnchorExpired = 0,
    AnchorNotYetValid = 1,
    AnchorSignatureInvalid = 2,
    CertSignWithoutCa = 3,
    CommonNameMismatch = 4,
    ConstraintNotCritical = 5,
    DepthExceeded = 6,
    DuplicateExtension = 7,
    Expired = 8,
    ExtendedKeyUsage = 9,
    ListTooLong = 10,
    MissingCertSign = 12,
    MissingDigitalSignature = 13,
    MissingKeyIdentifier = 14,
    NameConstraintsOnLeaf = 15,
    NameMismatch = 16,
    NameNotPermitted = 17,
    NotACa = 18,
    NotYetValid = 19,
    PathLengthExceeded = 20,
    SearchExhausted = 21,
    SelfSigned = 22,
    SerialNumber = 23,
    SignatureAlgorithmMismatch = 24,
    SignatureInvalid = 25,
    SubjectMissing = 26,
    TooLarge = 27,
    UnknownCriticalExtension = 28,
    UnknownIssuer = 29,
    UnsupportedKey = 30,
    UnsupportedSignature = 31,
    UnsupportedVersion = 32,
    UntrustedRoot = 33,
    ValidityTooLong = 34,
}

/// Numbers the misuses, which only this program can commit. Two of them hold a problem, which is a number of its own, one of these the
/// place of a certificate as well; all others have 0.
macro_rules! misuses {
    ($($variant:ident = $code:literal),* ; $anchor:ident = $anchor_code:literal, $own:ident = $own_code:literal) => {
        fn misuse_code(misuse: ApiMisuse) -> (u8, u32) {
            match misuse {
                $(ApiMisuse::$variant => ($code, 0),)*
                ApiMisuse::$anchor(problem) => ($anchor_code, problem.code().into()),
                ApiMisuse::$own(error) => ($own_code, u16::from_be_bytes([error.index, error.problem.code()]).into()),
            }
        }

        fn misuse_of(code: u8, more: u32) -> Option<ApiMisuse> {
            Some(match code {
                $($code => ApiMisuse::$variant,)*
                $anchor_code => ApiMisuse::$anchor(CertificateProblem::of(u8::try_from(more).ok()?)?),
                $own_code => {
                    let [index, problem] = u16::try_from(more).ok()?.to_be_bytes();
                    ApiMisuse::$own(CertificateError { index, problem: CertificateProblem::of(problem)? })
                }
                _ => return None,
            })
        }
    };
}

misuses! {
    AlpnNameLength = 0,
    AnswerUnexpected = 1,
    ClosedForWriting = 2,
    CommitTooLarge = 3,
    CommonNameInvalid = 4,
    CredentialSchemeNotOffered = 6,
    ExportLength = 7,
    HostNeeded = 8,
    AuthoritiesTooLong = 9,
    NoTrustAnchors = 10,
    KeySharesUnusable = 21,
    AlgorithmUnsupported = 11,
    PostHandshakeAuthNotOffered = 12,
    RequestPending = 13,
    SchemeWithoutDigest = 14,
    ServerNameInvalid = 15,
    SignatureMalformed = 16,
    ValidityLimitZero = 18,
    CredentialSchemeUnfit = 19;
    TrustAnchorUnusable = 17,
    CredentialUnusable = 20
}

/// An error: what kind, which, and a number that belongs to it.
pub(super) fn error_code(error: Error) -> (u8, u8, u32) {
    match error {
        Error::AlertReceived(alert) => (0, alert.0, 0),
        Error::ApiMisuse(misuse) => {
            let (code, more) = misuse_code(misuse);
            (1, code, more)
        }
        Error::BufferTooSmall { buffer, need } => (2, buffer.code(), need),
        Error::Certificate(error) => (3, error.index, error.problem.code().into()),
        Error::ConnectionTruncated => (4, 0, 0),
        Error::DecryptFailed => (5, 0, 0),
        Error::InvalidMessage(reason) => (6, reason.code(), 0),
        Error::KeysExhausted => (7, 0, 0),
        Error::PeerIncompatible(reason) => (8, reason.code(), 0),
        Error::PeerMisbehaved(reason) => (9, reason.code(), 0),
        Error::ProviderFailed => (10, 0, 0),
        Error::Refused(alert) => (11, alert.0, 0),
        Error::SigningFailed => (12, 0, 0),
    }
}

pub(super) fn error_of((kind, which, more): (u8, u8, u32)) -> Option<Error> {
    let low = u8::try_from(more).ok();
    Some(match kind {
        0 => Error::AlertReceived(AlertDescription(which)),
        1 => Error::ApiMisuse(misuse_of(which, more)?),
        2 => Error::BufferTooSmall { buffer: BufferKind::of(which)?, need: more },
        3 => Error::Certificate(CertificateError { index: which, problem: CertificateProblem::of(low?)? }),
        4 => Error::ConnectionTruncated,
        5 => Error::DecryptFailed,
        6 => Error::InvalidMessage(InvalidMessage::of(which)?),
        7 => Error::KeysExhausted,
        8 => Error::PeerIncompatible(PeerIncompatible::of(which)?),
        9 => Error::PeerMisbehaved(PeerMisbehaved::of(which)?),
        10 => Error::ProviderFailed,
        11 => Error::Refused(AlertDescription(which)),
        12 => Error::SigningFailed,
        _ => return None,
    })
}

/// Why a credential does not fit: which reason, and what belongs to it.
pub(super) fn unfit_code(unfit: Unfit) -> [u8; 3] {
    match unfit {
        Unfit::Authority => [0, 0, 0],
        Unfit::Certificate(error) => [1, error.index, error.problem.code()],
        Unfit::CertificateScheme(index) => [2, index, 0],
        Unfit::CertificateSha1(index) => [3, index, 0],
        Unfit::Disabled => [4, 0, 0],
        Unfit::OidFilter => [5, 0, 0],
        Unfit::OtherAlias => [6, 0, 0],
        Unfit::ServerName => [7, 0, 0],
        Unfit::SignatureScheme => [8, 0, 0],
    }
}

pub(super) fn unfit_of([kind, index, problem]: [u8; 3]) -> Option<Unfit> {
    Some(match kind {
        0 => Unfit::Authority,
        1 => Unfit::Certificate(CertificateError { index, problem: CertificateProblem::of(problem)? }),
        2 => Unfit::CertificateScheme(index),
        3 => Unfit::CertificateSha1(index),
        4 => Unfit::Disabled,
        5 => Unfit::OidFilter,
        6 => Unfit::OtherAlias,
        7 => Unfit::ServerName,
        8 => Unfit::SignatureScheme,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_has_a_number_of_its_own_and_comes_back_from_it() {
        let mut found = std::vec::Vec::new();
        for kind in 0..=20 {
            for which in 0..=255 {
                for more in [0, 1, 34, 153, 0x0322, 0x1_0000] {
                    let Some(error) = error_of((kind, which, more)) else { continue };
                    let (same_kind, same_which, same_more) = error_code(error);
                    assert_eq!(
                        (same_kind, same_which),
                        (kind, if matches!(kind, 4 | 5 | 7 | 10 | 12) { 0 } else { which })
                    );
                    assert!(same_more == more || same_more == 0, "{error:?}");
                    found.push(error);
                }
            }
        }
        assert!(found.contains(&Error::ApiMisuse(ApiMisuse::TrustAnchorUnusable(CertificateProblem::ValidityTooLong))));
        let problem = CertificateProblem::Malformed(Malformation::Truncated);
        assert!(found.contains(&Error::ApiMisuse(ApiMisuse::TrustAnchorUnusable(problem))));
        let error = CertificateError { index: 3, problem: CertificateProblem::ValidityTooLong };
        assert!(found.contains(&Error::ApiMisuse(ApiMisuse::CredentialUnusable(error))));
        assert!(found.contains(&Error::BufferTooSmall { buffer: BufferKind::Tx, need: 0x1_0000 }));
        assert_eq!(error_of((99, 0, 0)), None);
        assert_eq!(error_of((3, 0, 200)), None);
    }

    #[test]
    fn each_reason_of_a_choice_comes_back_from_its_numbers() {
        for kind in 0..=8 {
            let unfit = unfit_of([kind, 3, 8]).unwrap();
            assert_eq!(unfit_of(unfit_code(unfit)), Some(unfit));
            assert_eq!(unfit_code(unfit)[0], kind);
        }
        assert_eq!(unfit_of([9, 0, 0]), None);
    }
}
