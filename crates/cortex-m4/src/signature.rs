//! Signatures as encoded in certificates and CertificateVerify.

use embedded_mtls::crypto::CryptoError;

/// Parses `ECDSA-Sig-Value ::= SEQUENCE { r INTEGER, s INTEGER }` (RFC 3279 section 2.2.3) in DER.
pub(crate) fn parse(signature: &[u8]) -> Result<([u8; 32], [u8; 32]), CryptoError> {
    let (numbers, rest) = value(signature, 0x30)?;
    let (r, numbers) = value(numbers, 0x02)?;
    let (s, numbers) = value(numbers, 0x02)?;
    if !rest.is_empty() || !numbers.is_empty() {
        return Err(CryptoError::Invalid);
    }
    Ok((unsigned(r)?, unsigned(s)?))
}

/// The content behind this tag and what follows it. No signature of this curve has a length of more than one byte.
fn value(bytes: &[u8], tag: u8) -> Result<(&[u8], &[u8]), CryptoError> {
    match bytes {
        [found, len @ ..0x80, rest @ ..] if *found == tag => {
            rest.split_at_checked((*len).into()).ok_or(CryptoError::Invalid)
        }
        _ => Err(CryptoError::Invalid),
    }
}

/// A number that is not negative, in its shortest encoding (X.690 section 8.3.2), with zeros in front.
fn unsigned(number: &[u8]) -> Result<[u8; 32], CryptoError> {
    let digits = match number {
        [0, 0x80..=0xff, ..] => number.get(1..).unwrap_or_default(),
        [0] | [1..0x80, ..] => number,
        _ => return Err(CryptoError::Invalid),
    };
    let mut padded = [0; 32];
    let padding = padded.len().checked_sub(digits.len()).ok_or(CryptoError::Invalid)?;
    padded.get_mut(padding..).ok_or(CryptoError::Invalid)?.copy_from_slice(digits);
    Ok(padded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn der(r: &[u8], s: &[u8]) -> Vec<u8> {
        let number = |digits: &[u8]| [&[2, u8::try_from(digits.len()).unwrap()], digits].concat();
        let numbers = [number(r), number(s)].concat();
        [&[0x30, u8::try_from(numbers.len()).unwrap()], &numbers[..]].concat()
    }

    #[test]
    fn numbers_get_the_zeros_back_that_der_leaves_out() {
        let mut one = [0; 32];
        one[31] = 1;
        let mut high = [0; 33];
        high[1] = 0x80;
        assert_eq!(parse(&der(&[1], &high)), Ok((one, *high[1..].first_chunk().unwrap())));
        assert_eq!(parse(&der(&[0], &[0, 0x80])), Ok(([0; 32], one.map(|byte| byte << 7))));
    }

    #[test]
    fn what_is_not_der_or_not_of_this_curve_is_refused() {
        let good = der(&[1], &[2]);
        assert!(parse(&good).is_ok());
        for len in 0..good.len() {
            assert!(parse(&good[..len]).is_err(), "cut to {len}");
        }
        for byte in 0..good.len() - 1 {
            let mut bad = good.clone();
            bad[byte] ^= 0x80;
            assert_eq!(parse(&bad), Err(CryptoError::Invalid), "{byte}");
        }
        let long_form = [&[0x30, 0x81], &good[1..]].concat();
        let behind = [&good[..], &[0]].concat();
        let third = [&[0x30, 9], &good[2..], &[2, 1, 3]].concat();
        let bad =
            [long_form, behind, third, der(&[], &[2]), der(&[0x80], &[2]), der(&[0, 1], &[2]), der(&[1; 33], &[2])];
        for bad in bad {
            assert_eq!(parse(&bad), Err(CryptoError::Invalid), "{bad:02x?}");
        }
    }
}
