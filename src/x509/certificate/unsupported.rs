//! The reason why a key is not supported, from the little that is kept of it.

use crate::der::{self, Reader};

/// The reason why a key is not supported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unsupported<'a> {
    /// The object identifier of the algorithm or the curve.
    Algorithm(&'a [u8]),
    /// The first byte of the point, which is its form (SEC 1 section 2.3.3).
    PointForm(u8),
    /// The bits of the RSA modulus.
    RsaBits(u32),
}

impl<'a> Unsupported<'a> {
    /// Reads [what is kept](super::algorithm::PublicKey) of a key that is not supported. No object identifier of an
    /// algorithm begins like a key: 0.2 to 0.7 and 1.8 are not assigned.
    pub(crate) fn of(bytes: &'a [u8]) -> Self {
        match bytes {
            [form] => Self::PointForm(*form),
            [der::SEQUENCE, ..] => modulus_bits(bytes).map_or(Self::Algorithm(bytes), Self::RsaBits),
            _ => Self::Algorithm(bytes),
        }
    }
}

/// Counts the bits of the modulus at the beginning of an `RSAPublicKey` (RFC 8017 appendix A.1.1).
fn modulus_bits(key: &[u8]) -> Option<u32> {
    let mut beginning = Reader::new(key);
    beginning.head()?;
    let len = beginning.head()?;
    let (zeros, first) = match beginning.rest() {
        [0, first, ..] => (1, first),
        [first, ..] => (0, first),
        [] => return None,
    };
    let bytes = u32::try_from(len).ok()?.checked_sub(zeros)?;
    bytes.checked_mul(8)?.checked_sub(first.leading_zeros())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unsupported_key_is_named_by_algorithm_form_or_size() {
        for (kept, expected) in [
            (&[0x2b, 0x81, 4, 0, 0x23][..], Unsupported::Algorithm(&[0x2b, 0x81, 4, 0, 0x23])),
            (&[2], Unsupported::PointForm(2)),
            (&[0x30, 0x81, 0x89, 2, 0x81, 0x81, 0, 0x80, 1, 1, 1, 1], Unsupported::RsaBits(1024)),
            (&[0x30, 0x81, 0x88, 2, 0x81, 0x80, 0x40, 0x80, 1, 1, 1, 1], Unsupported::RsaBits(1023)),
            (&[0x30, 0x82, 4, 10, 2, 0x82, 4, 1, 0, 0xff, 1, 1], Unsupported::RsaBits(8192)),
            (&[0x30, 0x81], Unsupported::Algorithm(&[0x30, 0x81])),
        ] {
            assert_eq!(Unsupported::of(kept), expected, "{kept:?}");
        }
    }
}
