//! The sum of two multiples of points on P-256, for verifying signatures: not in constant time.
//!
//! The crate has it, too, with eight multiples of each point in tables: 2 KB more of stack, which is what a handshake
//! needs the most of. Here both numbers are written in digits of -1, 0 and 1 such that half of all pairs are
//! zeros (J. Solinas, "Low-Weight Binary Representations for Pairs of Integers", 2001), and the sum and the
//! difference of the points are all that is kept.

use p256::elliptic_curve::Group;
use p256::{AffinePoint, ProjectivePoint, Scalar};

/// Pairs of digits: one more than there are bits.
const DIGITS: usize = 257;

/// `a` times the base point and `b` times `point`.
pub(super) fn sum(a: &Scalar, b: &Scalar, point: &AffinePoint) -> ProjectivePoint {
    let (base, point) = (ProjectivePoint::GENERATOR, ProjectivePoint::from(*point));
    let (sum, difference) = (base + point, base - point);
    let mut result = ProjectivePoint::IDENTITY;
    for digits in digits(&a.to_bytes().into(), &b.to_bytes().into()).iter().rev() {
        result = result.double();
        let (negative, multiple) = match digits {
            (0, 0) => continue,
            (x, 0) => (*x < 0, &base),
            (0, y) => (*y < 0, &point),
            (x, y) if x == y => (*x < 0, &sum),
            (x, _) => (*x < 0, &difference),
        };
        result += if negative { -*multiple } else { *multiple };
    }
    result
}

/// The digits of two big-endian numbers, the lowest first.
fn digits(a: &[u8; 32], b: &[u8; 32]) -> [(i8, i8); DIGITS] {
    let mut digits = [(0, 0); DIGITS];
    let (mut carry_a, mut carry_b) = (0, 0);
    for (index, digits) in digits.iter_mut().enumerate() {
        let (low_a, low_b) = (carry_a + low_bits(a, index), carry_b + low_bits(b, index));
        *digits = (digit(low_a, low_b), digit(low_b, low_a));
        // What is left after this digit was taken away is even: either it or one more or one less is halved.
        carry_a = (carry_a + low_bits(a, index) % 2 - digits.0) / 2;
        carry_b = (carry_b + low_bits(b, index) % 2 - digits.1) / 2;
    }
    digits
}

/// The digit for a number that ends in these bits, beside another one.
const fn digit(low: i8, other: i8) -> i8 {
    if low % 2 == 0 {
        return 0;
    }
    let digit = 2 - low % 4;
    if (low % 8 == 3 || low % 8 == 5) && other % 4 == 2 { -digit } else { digit }
}

/// Three bits from `index` on, which count from the end.
fn low_bits(number: &[u8; 32], index: usize) -> i8 {
    let bit = |index: usize| {
        let byte = number.iter().rev().nth(index / 8).copied().unwrap_or(0);
        i8::from(byte >> (index % 8) & 1 == 1)
    };
    bit(index) + 2 * bit(index + 1) + 4 * bit(index + 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::rustcrypto::hash::sha256;
    use crate::crypto::rustcrypto::nonce::reduced;

    /// Numbers from the ends of the range and from the middle.
    fn numbers() -> [Scalar; 8] {
        let minus = |number: u64| Scalar::ZERO - Scalar::from(number);
        let [one, two, three] = [1_u64, 2, 3].map(Scalar::from);
        [Scalar::ZERO, one, two, three, minus(1), minus(2), reduced(&sha256(b"a")), reduced(&sha256(b"b"))]
    }

    #[test]
    fn the_sum_is_that_of_two_multiplications() {
        for multiple in numbers().into_iter().filter(|number| *number != Scalar::ZERO) {
            let point = ProjectivePoint::GENERATOR * multiple;
            for a in numbers() {
                for b in numbers() {
                    let expected = ProjectivePoint::GENERATOR * a + point * b;
                    assert!(sum(&a, &b, &point.to_affine()) == expected);
                }
            }
        }
    }

    #[test]
    fn half_of_all_pairs_are_zeros() {
        let zeros = digits(&sha256(b"a"), &sha256(b"b")).iter().filter(|digits| **digits == (0, 0)).count();
        assert!((115..=142).contains(&zeros), "{zeros}");
    }
}
