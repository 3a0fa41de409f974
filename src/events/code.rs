//! The numbers of errors and other enums. Those of reasons are in their tables, in `src/error/`.

use crate::credential::Mismatch;
use crate::error::{
    AlertDescription, ApiMisuse, BufferKind, CertificateError, CertificateProblem, Code, Error, InvalidMessage,
    PeerIncompatible, PeerMisbehaved,
};

/// Assigns a number to each variant of an enum without content. The compiler ensures that none is omitted.
macro_rules! codes {
    ($name:ident { $($variant:ident = $code:literal),* $(,)? }) => {
        impl crate::error::Code for $name {
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
pub(super) use codes;

/// Encodes an error: its kind, the error, and its payload as a number.
pub(super) fn error_code(error: Error) -> (u8, u8, u32) {
    match error {
        Error::AlertReceived(alert) => (0, alert.0, 0),
        Error::ApiMisuse(misuse) => {
            let (code, more) = misuse.code();
            (1, code, more)
        }
        Error::BufferTooSmall { buffer, need } => {
            (2, buffer.code(), u32::try_from(usize::from(need)).unwrap_or(u32::MAX))
        }
        Error::Certificate(error) => (3, error.index, error.problem.code().into()),
        Error::ConnectionTruncated => (4, 0, 0),
        Error::DecryptFailed => (5, 0, 0),
        Error::InvalidMessage(reason) => (6, reason.code(), 0),
        Error::KeysExhausted => (7, 0, 0),
        Error::PeerIncompatible(reason) => (8, reason.code(), 0),
        Error::PeerMisbehaved(reason) => (9, reason.code(), 0),
        Error::ProviderFailed => (10, 0, 0),
        Error::NotAuthorized(alert) => (11, alert.0, 0),
        Error::SigningFailed => (12, 0, 0),
    }
}

pub(super) fn error_of((kind, which, more): (u8, u8, u32)) -> Option<Error> {
    let low = u8::try_from(more).ok();
    Some(match kind {
        0 => Error::AlertReceived(AlertDescription(which)),
        1 => Error::ApiMisuse(ApiMisuse::of(which, more)?),
        2 => Error::BufferTooSmall { buffer: BufferKind::of(which)?, need: usize::try_from(more).ok()?.into() },
        3 => Error::Certificate(CertificateError { index: which, problem: CertificateProblem::of(low?)? }),
        4 => Error::ConnectionTruncated,
        5 => Error::DecryptFailed,
        6 => Error::InvalidMessage(InvalidMessage::of(which)?),
        7 => Error::KeysExhausted,
        8 => Error::PeerIncompatible(PeerIncompatible::of(which)?),
        9 => Error::PeerMisbehaved(PeerMisbehaved::of(which)?),
        10 => Error::ProviderFailed,
        11 => Error::NotAuthorized(AlertDescription(which)),
        12 => Error::SigningFailed,
        _ => return None,
    })
}

/// Encodes the reason why a credential does not match, with its payload.
pub(super) fn mismatch_code(mismatch: Mismatch) -> [u8; 3] {
    match mismatch {
        Mismatch::Issuer => [0, 0, 0],
        Mismatch::Certificate(error) => [1, error.index, error.problem.code()],
        Mismatch::CertificateScheme(index) => [2, index, 0],
        Mismatch::CertificateSha1(index) => [3, index, 0],
        Mismatch::Disabled => [4, 0, 0],
        Mismatch::OidFilter => [5, 0, 0],
        Mismatch::OtherAlias => [6, 0, 0],
        Mismatch::ServerName => [7, 0, 0],
        Mismatch::SignatureScheme => [8, 0, 0],
    }
}

pub(super) fn mismatch_of([kind, index, problem]: [u8; 3]) -> Option<Mismatch> {
    Some(match kind {
        0 => Mismatch::Issuer,
        1 => Mismatch::Certificate(CertificateError { index, problem: CertificateProblem::of(problem)? }),
        2 => Mismatch::CertificateScheme(index),
        3 => Mismatch::CertificateSha1(index),
        4 => Mismatch::Disabled,
        5 => Mismatch::OidFilter,
        6 => Mismatch::OtherAlias,
        7 => Mismatch::ServerName,
        8 => Mismatch::SignatureScheme,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Malformation;

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
        assert!(found.contains(&Error::BufferTooSmall { buffer: BufferKind::Tx, need: 0x1_0000.into() }));
        assert_eq!(error_of((99, 0, 0)), None);
        assert_eq!(error_of((3, 0, 200)), None);
    }

    #[test]
    fn each_reason_of_a_choice_comes_back_from_its_numbers() {
        for kind in 0..=8 {
            let mismatch = mismatch_of([kind, 3, 8]).unwrap();
            assert_eq!(mismatch_of(mismatch_code(mismatch)), Some(mismatch));
            assert_eq!(mismatch_code(mismatch)[0], kind);
        }
        assert_eq!(mismatch_of([9, 0, 0]), None);
    }
}
