//! Signatures as encoded in certificates and CertificateVerify.

use super::CryptoError;
use crate::codec::copy;
use crate::der::{Reader, SEQUENCE};

/// Parses `ECDSA-Sig-Value ::= SEQUENCE { r INTEGER, s INTEGER }` (RFC 3279 section 2.2.3) in DER, for providers. Returns
/// r and s, padded with leading zeros to `N` bytes, the length of a scalar of the curve; they may be 0 or too large.
///
/// # Errors
/// [`CryptoError::Invalid`] for anything that is not DER, and for a number longer than `N` bytes.
#[inline] // 108 bytes of flash on a Cortex-M4
pub fn ecdsa_sig_value<const N: usize>(signature: &[u8]) -> Result<[[u8; N]; 2], CryptoError> {
    let mut numbers = Reader::inside(signature, SEQUENCE)?;
    let (r, s) = (numbers.unsigned()?, numbers.unsigned()?);
    numbers.finish()?;
    Ok([padded(r)?, padded(s)?])
}

/// Pads a number with leading zeros; a longer one does not belong to this curve.
fn padded<const N: usize>(number: &[u8]) -> Result<[u8; N], CryptoError> {
    let mut padded = [0; N];
    let padding = N.checked_sub(number.len()).ok_or(CryptoError::Invalid)?;
    copy(padded.get_mut(padding..).ok_or(CryptoError::Invalid)?, number);
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
        assert_eq!(ecdsa_sig_value::<32>(&der(&[1], &high)), Ok([one, *high[1..].first_chunk().unwrap()]));
        assert_eq!(ecdsa_sig_value::<32>(&der(&[0], &[0, 0x80])), Ok([[0; 32], one.map(|byte| byte << 7)]));
    }

    #[test]
    fn keys_that_are_not_der_or_of_another_curve_are_rejected() {
        let good = der(&[1], &[2]);
        assert!(ecdsa_sig_value::<32>(&good).is_ok());
        for len in 0..good.len() {
            assert!(ecdsa_sig_value::<32>(&good[..len]).is_err(), "cut to {len}");
        }
        for byte in 0..good.len() - 1 {
            let mut bad = good.clone();
            bad[byte] ^= 0x80;
            assert_eq!(ecdsa_sig_value::<32>(&bad), Err(CryptoError::Invalid), "{byte}");
        }
        let long_form = [&[0x30, 0x81], &good[1..]].concat();
        let behind = [&good[..], &[0]].concat();
        let third = [&[0x30, 9], &good[2..], &[2, 1, 3]].concat();
        let bad =
            [long_form, behind, third, der(&[], &[2]), der(&[0x80], &[2]), der(&[0, 1], &[2]), der(&[1; 33], &[2])];
        for bad in bad {
            assert_eq!(ecdsa_sig_value::<32>(&bad), Err(CryptoError::Invalid), "{bad:02x?}");
        }
    }
}
