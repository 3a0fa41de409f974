//! Enums with one row of facts per variant: its name, its number in dumps of events, its words, and more. Each fact
//! becomes a `match` of its own, so that a program links only the facts that it uses.

/// The number of a variant in dumps of events. Later versions read them, so numbers are never reused.
pub(crate) trait Code: Sized {
    fn code(self) -> u8;
    /// Returns `None` for a number that this version does not know.
    fn of(code: u8) -> Option<Self>;
}

/// `Name = number, "words";`
macro_rules! named {
    ($(#[$meta:meta])* pub enum $enum:ident { $($(#[$doc:meta])* $name:ident = $code:literal, $text:literal;)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[cfg_attr(feature = "defmt", derive(defmt::Format))]
        #[non_exhaustive]
        pub enum $enum {
            $($(#[$doc])* $name,)*
        }

        impl $enum {
            #[allow(dead_code, reason = "most enums are listed by tests only")]
            pub(crate) const ALL: &[Self] = &[$(Self::$name,)*];

            pub(super) const fn text(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }

        impl core::fmt::Display for $enum {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(self.text())
            }
        }

        impl $crate::error::Code for $enum {
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

/// `Name = number, ALERT, "words";`
macro_rules! reasons {
    ($(#[$meta:meta])* pub enum $enum:ident {
        $($(#[$doc:meta])* $name:ident = $code:literal, $alert:ident, $text:literal;)*
    }) => {
        named! { $(#[$meta])* pub enum $enum { $($(#[$doc])* $name = $code, $text;)* } }

        impl $enum {
            pub(super) const fn alert(self) -> AlertDescription {
                match self {
                    $(Self::$name => AlertDescription::$alert,)*
                }
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use crate::error::*;
    use core::fmt::Debug;
    use std::{format, string::String, vec::Vec};

    /// The numbers that were given, in their order; `-` is one that is none any more. This list only grows: what is new
    /// need not be in it before it has been released.
    const GIVEN: &[(&str, &str)] = &[
        (
            "ApiMisuse",
            "AlpnNameLength AnswerUnexpected ClosedForWriting CommitTooLarge CommonNameInvalid - \
             CredentialSchemeNotOffered ExportLength HostNeeded AuthoritiesTooLong NoTrustAnchors \
             AlgorithmUnsupported PostHandshakeAuthNotOffered RequestPending SchemeWithoutDigest ServerNameInvalid \
             SignatureMalformed TrustAnchorUnusable ValidityLimitZero CredentialSchemeMismatch CredentialUnusable \
             KeySharesUnusable",
        ),
        ("BufferKind", "Peer Rx Tx Ticket"),
        (
            "CertificateProblem",
            "AnchorExpired AnchorNotYetValid AnchorSignatureInvalid CertSignWithoutCa CommonNameMismatch \
             ConstraintNotCritical DepthExceeded DuplicateExtension Expired ExtendedKeyUsage ListTooLong - \
             MissingCertSign MissingDigitalSignature MissingKeyIdentifier NameConstraintsOnLeaf NameMismatch \
             NameNotPermitted NotACa NotYetValid PathLengthExceeded SearchExhausted SelfSigned SerialNumber \
             SignatureAlgorithmMismatch SignatureInvalid SubjectMissing TooLarge UnknownCriticalExtension \
             UnknownIssuer UnsupportedKey UnsupportedSignature UnsupportedVersion UntrustedRoot ValidityTooLong",
        ),
        (
            "Diagnosis",
            "AccessDenied CertificateNotAsked ClockWrong ConnectionCut InterposedProxy NameMismatch NameNearMiss \
             NoCommonGround NoCommonProtocol OurProgram OursExpired OursIncomplete OursMissing OursNotTrusted \
             OursRefused OursRevoked OursUnproven OursWrongPurpose - ProtocolBroken RecordTooLarge ServerNameUnknown \
             Tampered TheirProgram TheirsExpired TheirsIncomplete TheirsInvalid TheirsMissing TheirsNotAllowed \
             TheirsNotTrusted TheirsUnproven TheirsWrongPurpose Tls12Only NotTls OurAnchorExpired OurRecordTooLarge \
             OursRefusedByClient RefusedUnseen TheirsTooDeep - - - - - ClosedAtOnce ClosedOnOurs Ed25519NotBuilt \
             MessageTooLarge OursTooDeep P384NotBuilt RsaNotBuilt RsaPerhapsNeeded",
        ),
        (
            "InvalidMessage",
            "AlertLength DuplicateExtension EmptyVector EmptyRecord IllegalValue MessageTooLong RecordTooLong \
             TrailingBytes - - Truncated UnknownType VectorTooLong",
        ),
        (
            "Malformation",
            "BasicConstraints DefaultValue Der ExtendedKeyUsage Extension ExtensionCount Extensions GeneralizedTime \
             Issuer IssuerEmpty KeyIdentifier KeyUsage Missing NameConstraints NotAfter NotBefore PathLength \
             PublicKey SerialNumber SignatureAlgorithm SignatureParameters Subject SubjectAltName TbsCertificate \
             Trailing Truncated",
        ),
        (
            "PeerIncompatible",
            "ClientCertificateRequired NoApplicationProtocol NoCipherSuite NoCredential NoGroup Tls13NotOffered \
             Tls13NotSelected UnknownServerName RetryUnsupported",
        ),
        (
            "PeerMisbehaved",
            "WrongEpoch EmptyServerCertificate CertificateContext FinishedIncorrect HelloRetryRequestIllegal \
             KeyShareInvalid KeyShareNotOffered KeyChangeInsideMessage MissingExtension SignatureIncorrect \
             SignatureSchemeNotOffered SecondClientHelloDiffers SelectedNotOffered TooManyChangeCipherSpec \
             TooManyEmptyRecords TooManyKeyUpdates TooManyMessages UnexpectedMessage UnsolicitedExtension \
             LegacyVersion BinderIncorrect",
        ),
        (
            "Stage",
            "Authorization Certificate CertificateRequest CertificateVerify ClientHello CredentialChoice Done \
             EncryptedExtensions Finished Path SecondClientHello Sending ServerHello Signature Time",
        ),
        ("WaivableCause", "Expired Invalid SelfSigned UntrustedRoot"),
    ];

    /// The name of a variant, without what it holds.
    fn name(variant: &impl Debug) -> String {
        format!("{variant:?}").split('(').next().unwrap_or_default().into()
    }

    fn check(of: &str, variants: &[(String, u8)]) {
        assert!(
            variants.is_sorted_by(|(one, _), (next, _)| one < next),
            "{of} is not in alphabetical order: {variants:?}"
        );
        for (place, (name, code)) in variants.iter().enumerate() {
            let twin = variants[place + 1..].iter().find(|(_, other)| code == other);
            assert_eq!(twin, None, "{of}::{name} has the number {code}, too");
        }
        let (_, given) = GIVEN.iter().find(|(name, _)| *name == of).unwrap();
        for (code, given) in given.split(' ').enumerate() {
            let found = variants.iter().find(|(_, other)| usize::from(*other) == code).map(|(name, _)| name.as_str());
            assert_eq!(found, Some(given).filter(|given| *given != "-"), "{of}: the number {code} was given");
        }
    }

    fn check_all<T: Code + Copy + Debug + PartialEq + 'static>(all: &[T]) {
        let of = core::any::type_name::<T>().rsplit("::").next().unwrap();
        let variants: Vec<_> = all.iter().map(|variant| (name(variant), variant.code())).collect();
        check(of, &variants);
        assert!(all.iter().all(|variant| T::of(variant.code()) == Some(*variant)), "{of}: a number leads elsewhere");
    }

    #[test]
    fn variants_are_in_alphabetical_order_and_keep_their_numbers() {
        check_all(BufferKind::ALL);
        check_all(CertificateProblem::ALL);
        check_all(Diagnosis::ALL);
        check_all(InvalidMessage::ALL);
        check_all(Malformation::ALL);
        check_all(PeerIncompatible::ALL);
        check_all(PeerMisbehaved::ALL);
        check_all(Stage::ALL);
        check_all(WaivableCause::ALL);
        let misuses: Vec<_> = ApiMisuse::CODES.iter().map(|(name, code)| (String::from(*name), *code)).collect();
        check("ApiMisuse", &misuses);
    }
}
