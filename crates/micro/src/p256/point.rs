//! Points in Jacobian coordinates, and their multiples.
//!
//! The formulas are those of the Explicit-Formulas Database for `a = -3`, which leave out cases: a sum of equal points has another formula,
//! and so has one with the identity. For secret numbers, each loop has a proof that no such case occurs. For public numbers, in [`Point::joint_multiple`], they are branches.
#![forbid(unsafe_code)]

#[cfg(any(test, comparison))]
mod sums;

#[cfg(comparison)]
pub(crate) use self::sums::of_small_multiples as sums_of_small_multiples;

use zeroize::Zeroize;

use super::base::{COMBS, ODD_MULTIPLES};
use super::field::Coordinate;
use super::scalar::{ORDER, Scalar};
use crate::number::{self, Number, bit};

/// A point: x is `x / z^2` and y is `y / z^3`; the identity has a z of 0.
#[derive(Clone, Copy, Zeroize)]
pub(super) struct Point {
    x: Coordinate,
    y: Coordinate,
    z: Coordinate,
}

/// A point other than the identity, by its coordinates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Zeroize)]
pub(super) struct Affine {
    pub(super) x: Coordinate,
    pub(super) y: Coordinate,
}

/// The b of the curve `y^2 = x^3 - 3 x + b`.
const B: Coordinate = Coordinate([
    0x29c4_bddf,
    0xd89c_df62,
    0x7884_3090,
    0xacf0_05cd,
    0xf721_2ed6,
    0xe5a2_20ab,
    0x0487_4834,
    0xdc30_061d,
]);

/// Entries of the table of another point: its odd multiples from 1 to 7. A digit of three bits and a sign selects one.
const MULTIPLES: usize = 4;
/// Bits of a digit.
const DIGIT_BITS: usize = 3;
/// Digits below the first one.
const DIGITS: usize = 85;
/// A point in a table: its x and its y.
type Entry = [Coordinate; 2];
/// Columns that each comb goes through.
const COLUMNS: usize = 32;
/// The width of the digits for multiples of the base point that are public.
const BASE_WIDTH: usize = 5;
/// The same for multiples of another point: one more than bits, for the sign.
const POINT_WIDTH: usize = DIGIT_BITS + 1;

impl Affine {
    /// Makes a point on the curve from public coordinates (SP 800-56A Rev. 3 section 5.6.2.3.4: partial validation, which is a full one for this
    /// curve, whose order is prime).
    pub(super) fn new(x: &[u8; 32], y: &[u8; 32]) -> Option<Self> {
        let [x, y] = [x, y].map(|bytes| Coordinate::new(&number::from_bytes(bytes)));
        let (x, y) = (x?, y?);
        // x^3 - 3 x + b
        let mut right = x.squared();
        (0..3).for_each(|_| right -= &Coordinate::ONE);
        right *= &x;
        right += &B;
        (y.squared() == right).then_some(Self { x, y })
    }

    /// Returns the coordinates as bytes.
    pub(super) fn bytes(&self) -> [[u8; 32]; 2] {
        [&self.x, &self.y].map(|coordinate| number::to_bytes(&coordinate.number()))
    }

    const fn point(&self) -> Point {
        Point { x: self.x, y: self.y, z: Coordinate::ONE }
    }

    /// Multiplies this point by a scalar from 1, in constant time.
    ///
    /// The scalar, or its negative, is odd, and so is a sum of all powers of 2 from 2^0 to 2^255, each with a sign. The highest of them has a plus, and is
    /// the first digit, which is 1. Three in a row of the others are a digit, which is one of -7, -5 .. 7. From the highest down, the sum
    /// is multiplied by 8 and the multiple of a digit is added.
    ///
    /// No addition is one of the cases that the formula leaves out. With `s` the sum of the digits before, which is odd, `8 s` is
    /// at least 8 without its sign, and a digit `d` at most 7, so that `8 s + d` and `8 s - d` are not 0; and before the last addition they are below
    /// 2^254, so not a multiple of the order either. At the last, `8 s + d` is the scalar or its negative, which is not 0 modulo the order.
    /// And `8 s - d`, which is that less `2 d`, is odd and between -14 and the order and 14. So it could only be the order, for a `d` below 0. But
    /// `8 s + d` is 8 and `d` modulo 16, and the order is 1, so that `d` would be 7.
    #[inline(never)] // so that the table is in no other frame
    pub(super) fn multiple(&self, scalar: &Scalar) -> Self {
        let mut table = [[Coordinate::ZERO; 2]; MULTIPLES];
        self.odd_multiples(&mut table);
        sum_of_digits(&table, scalar).affine()
    }

    /// Computes the odd multiples from 1 on.
    ///
    /// Each is the sum of the one before and of twice the point, which are kept with the same z, so that there is a formula with
    /// five products and two squares (N. Meloni, "New Point Addition Formulae for ECC Applications", 2007). It multiplies z by the difference of both
    /// x, which is 0 for none of them: the order is a large prime. So all of them are divided by their z with one inverse (P. L. Montgomery,
    /// "Speeding the Pollard and Elliptic Curve Methods of Factorization", 1987).
    #[inline(never)]
    fn odd_multiples(&self, table: &mut [Entry; MULTIPLES]) {
        let [first, others @ ..] = table;
        *first = [self.x, self.y];
        // Twice the point has the z of y; with it, the point is (x y^2, y^4).
        let Self { mut x, mut y } = *self;
        let mut twice = self.point();
        twice.double();
        y.square();
        x *= &y;
        y.square();
        let mut runs = [Coordinate::ONE; MULTIPLES - 1];
        for ([next_x, next_y], run) in others.iter_mut().zip(&mut runs) {
            *run = twice.x;
            *run -= &x;
            *next_x = *run;
            next_x.square();
            // Now with the z of the sum. What y was goes into the rise, and then y is free.
            twice.x *= next_x;
            x *= next_x;
            *next_y = twice.y;
            *next_y -= &y;
            y = twice.x;
            y -= &x;
            twice.y *= &y;
            twice.z *= run;
            *next_x = *next_y;
            next_x.square();
            *next_x -= &twice.x;
            *next_x -= &x;
            y = twice.x;
            y -= next_x;
            *next_y *= &y;
            *next_y -= &twice.y;
            (x, y) = (*next_x, *next_y);
        }
        let Point { z: mut inverse, .. } = twice;
        inverse.invert();
        for ([x, y], run) in others.iter_mut().zip(&runs).rev() {
            let mut power = inverse.squared();
            *x *= &power;
            power *= &inverse;
            *y *= &power;
            inverse *= run;
        }
    }

    /// Multiplies the base point by a scalar from 1, in constant time.
    ///
    /// The scalar, or its negative, is odd, and so is a sum of all powers of 2 from 2^0 to 2^255, each with a sign. Those of
    /// `2^i`, `2^(i + 64)`, `2^(i + 128)` and `2^(i + 192)` are a tooth each of a comb, whose 16 multiples of the base point are in a table, half of
    /// them as negatives; a second comb takes those with `i` from 32 on (C. H. Lim, P. J. Lee, "More Flexible Exponentiation with
    /// Precomputation", 1994). From the highest `i` down, the sum is doubled and the multiples of both combs are added.
    ///
    /// No addition is one of the cases that the formula leaves out. Let the sum be `2 s` times the base point when the multiple `e` of the
    /// second comb is added. `e` is a multiple of 2^32, and `2 s` is not: modulo 2^32 it is a sum of the powers from 2 on, one for each
    /// column so far, each with a sign, and so twice an odd number below 2^31. Then the sum is even, and the multiple of the first comb is
    /// odd. So in no column the sum or the difference of the two is 0. Both are below 2^255 without their signs until the last column, so
    /// that they are not the order either. In that, those of the second comb are even and below 2^256, and the order is odd and above
    /// 2^255. With the first comb the sum is the scalar, which is below the order. The difference, the scalar less twice the multiple, is
    /// the order for none of its 16 multiples: a test tries them.
    pub(super) fn base_multiple(scalar: &Scalar) -> Self {
        let (signs, is_negated) = scalar.odd();
        let signs = halved(&signs);
        let [first, second] = &COMBS;
        let mut sum = comb_entry(second, &signs, 2 * COLUMNS - 1).point();
        sum.add(&comb_entry(first, &signs, COLUMNS - 1));
        for column in (0..COLUMNS - 1).rev() {
            sum.double();
            sum.add(&comb_entry(second, &signs, column + COLUMNS));
            sum.add(&comb_entry(first, &signs, column));
        }
        sum.y.negate_if(is_negated);
        sum.affine()
    }
}

/// Adds the multiples of the digits of a scalar, see [`Affine::multiple`].
#[inline(never)]
fn sum_of_digits(multiples: &[Entry; MULTIPLES], scalar: &Scalar) -> Point {
    let (digits, is_negated) = scalar.odd();
    let digits = halved(&digits);
    let [[x, y], ..] = *multiples;
    let mut sum = Affine { x, y }.point();
    for digit in (0..DIGITS).rev() {
        (0..DIGIT_BITS).for_each(|_| sum.double());
        // The bits of a digit are signs: 4 + 2 + 1 if all are set.
        sum.add(&signed_entry(multiples, bit_range(&digits, DIGIT_BITS * digit, DIGIT_BITS)));
    }
    sum.y.negate_if(is_negated);
    sum
}

impl Point {
    const IDENTITY: Self = Self { x: Coordinate::ONE, y: Coordinate::ONE, z: Coordinate::ZERO };

    /// Returns `a` times the base point plus `b` times `point`. **Not in constant time**, for public numbers.
    ///
    /// Both are written in odd digits with many zeros between them, and the sum is
    /// doubled once for both (E. G. Straus, "Addition chains of vectors", 1964). More multiples of the base point are in a table.
    #[inline(never)]
    pub(super) fn joint_multiple(a: &Scalar, b: &Scalar, point: &Affine) -> Self {
        let mut multiples = [[Coordinate::ZERO; 2]; MULTIPLES];
        point.odd_multiples(&mut multiples);
        let mut digits = (SparseDigits::new(&a.0, BASE_WIDTH), SparseDigits::new(&b.0, POINT_WIDTH));
        let mut sum = Self::IDENTITY;
        for place in (0..SparseDigits::PLACES).rev() {
            sum.double();
            if let Some(digit) = digits.0.at(place) {
                sum.add_multiple(&ODD_MULTIPLES, digit);
            }
            if let Some(digit) = digits.1.at(place) {
                sum.add_multiple(&multiples, digit);
            }
        }
        sum
    }

    /// Returns whether the x is `r` modulo the order; never of the identity. Not in constant time.
    #[inline(never)]
    pub(super) fn has_x_modulo_order(&self, r: &Scalar) -> bool {
        // x is below p, which is below twice the order.
        let (second, carry) = number::add(&r.0, &ORDER);
        let candidates = [Some(r.0), (carry == 0).then_some(second)];
        let z_squared = self.z.squared();
        let has_x = |x: Coordinate| self.z.is_zero() == 0 && x.times(&z_squared) == self.x;
        candidates.iter().flatten().filter_map(Coordinate::new).any(has_x)
    }

    fn affine(mut self) -> Affine {
        self.z.invert();
        let mut power = self.z.squared();
        self.x *= &power;
        power *= &self.z;
        self.y *= &power;
        Affine { x: self.x, y: self.y }
    }

    /// Doubles the point: four products and four squares. Right for all points; twice the identity has a z of 0, too.
    ///
    /// With `l = 3 (x - z^2) (x + z^2) / 2`, half of the slope's numerator, it is `l^2 - 2 x y^2`, `l (x y^2 - x') - y^4` and `y z`: the
    /// formulas of the database, with `x'`, `y'` and `z'` divided by 4, 8 and 2, which is the same point.
    #[inline(never)]
    fn double(&mut self) {
        let Self { x, y, z } = self;
        let mut slope = *x;
        let squared = z.squared();
        *z *= y;
        slope += &squared;
        slope *= &x.minus(&squared);
        slope.three_halves();
        y.square();
        let mut middle = x.times(y);
        *x = slope.squared();
        x.subtract_twice(&middle);
        middle -= x;
        middle *= &slope;
        y.square();
        middle -= y;
        *y = middle;
    }

    /// Adds a point other than the identity. Returns the mask of both being equal: the formula is wrong then, and if this is the identity.
    /// Opposite points give the identity.
    ///
    /// "add-1998-cmo-2" with a z of 1: eight products and three squares.
    #[inline(never)]
    fn add(&mut self, other: &Affine) -> u32 {
        let Self { x, y, z } = self;
        // The differences of both x and of both y, times z^2 and z^3.
        let mut run = z.squared();
        let mut rise = run.times(z);
        rise *= &other.y;
        rise -= y;
        run *= &other.x;
        run -= x;
        let are_equal = run.is_zero() & rise.is_zero();
        *z *= &run;
        let squared = run.squared();
        run *= &squared;
        *x *= &squared;
        *y *= &run;
        let mut sum = rise.squared();
        sum -= &run;
        sum.subtract_twice(x);
        *x -= &sum;
        *x *= &rise;
        *x -= y;
        // The y of the sum is in x.
        *y = *x;
        *x = sum;
        are_equal
    }

    /// Adds the odd multiple of a digit from a table. Not in constant time.
    fn add_multiple(&mut self, multiples: &[Entry], digit: i32) {
        let Some([x, y]) = usize::try_from(digit.unsigned_abs() / 2).ok().and_then(|index| multiples.get(index)) else {
            return;
        };
        let mut multiple = Affine { x: *x, y: *y };
        if digit < 0 {
            multiple.y.negate_if(u32::MAX);
        }
        self.add_public(&multiple);
    }

    /// Adds a point other than the identity in all cases. Not in constant time.
    fn add_public(&mut self, other: &Affine) {
        if self.z.is_zero() != 0 {
            *self = other.point();
        } else if self.add(other) != 0 {
            *self = other.point();
            self.double();
        }
    }
}

/// Returns the signs of the powers of 2 whose sum is an odd number, 1 for plus: bit `i + 1` of the number is that of `2^i`, and `2^255` has a plus. For
/// `2^i` with a plus is `2^(i + 1) - 2^i`, and with a minus `-2^i`: all together are the bits from 1 on, less `2^255 - 1`, plus `2^255`.
fn halved(odd: &Number) -> Number {
    let mut above = 1;
    let mut signs = *odd;
    for word in signs.iter_mut().rev() {
        (*word, above) = ((*word >> 1) | (above << 31), *word & 1);
    }
    signs
}

/// Returns the bits from a place that is not secret.
fn bit_range(number: &Number, place: usize, count: usize) -> u32 {
    (0..count).fold(0, |bits, index| bits | bit(number, place + index) << index)
}

/// Selects the multiple for a column of a comb. The highest tooth has the sign of the whole.
fn comb_entry(comb: &[Entry; 8], signs: &Number, column: usize) -> Affine {
    let [s0, s1, s2, s3] = [0, 64, 128, 192].map(|tooth| bit(signs, column + tooth));
    signed_entry(comb, s0 | s1 << 1 | s2 << 2 | s3 << 3)
}

/// Selects an entry of 4 or 8 by as many bits, or its negative: the next higher bit has a 1 for the entry itself. Without it, the bits are those of the
/// negative, each with another sign.
#[inline(never)]
fn signed_entry(table: &[Entry], bits: u32) -> Affine {
    let count = u32::try_from(table.len()).unwrap_or(0);
    let negate = number::is_zero_word(bits & count);
    let [x, mut y] = Coordinate::select_entry(table, (bits ^ negate) & count.wrapping_sub(1));
    y.negate_if(negate);
    Affine { x, y }
}

/// A number below the order in signed digits, from the highest down, in rows of a width `w` with zeros between them: of each row one is not 0, but odd
/// and without its sign below `2^(w - 1)`. Not in constant time.
///
/// With `b` the bits of the number, the differences `b[i - 1] - b[i]` are digits of it as well. The highest of them that is not 0 and the
/// `w - 1` below are together an odd digit at one of their places, and so on (K. Okeya and others, "Signed Binary Representations
/// Revisited", 2004). Nothing has to be kept, as it has for digits that are made from the lowest up.
struct SparseDigits<'a> {
    number: &'a Number,
    width: usize,
    /// Places down to the end of the current row of digits, and the place from there with a digit other than 0.
    left: usize,
    at: usize,
    digit: i32,
}

impl<'a> SparseDigits<'a> {
    /// Places of digits: one more than bits in a scalar.
    const PLACES: usize = 257;

    const fn new(number: &'a Number, width: usize) -> Self {
        Self { number, width, left: 0, at: 0, digit: 0 }
    }

    /// Returns the digit at a place, if it is not 0. Call it for each place from the highest down.
    fn at(&mut self, place: usize) -> Option<i32> {
        // Below the lowest place, all bits are 0.
        let bit = |below: usize| place.checked_sub(below).map_or(0, |place| bit(self.number, place));
        if self.left == 0 {
            if bit(0) == bit(1) {
                return None;
            }
            // Of the sum of the differences, each bit is left once, the highest with a minus, and the one below the row.
            let sum = (1..self.width).fold(0, |sum, below| 2 * sum + bit(below)) + bit(self.width);
            let digit = sum.cast_signed() - (bit(0) << (self.width - 1)).cast_signed();
            (self.left, self.at) = (self.width, 0);
            self.digit = digit;
            while self.digit & 1 == 0 {
                self.digit /= 2;
                self.at += 1;
            }
        }
        self.left -= 1;
        (self.left == self.at).then_some(self.digit)
    }
}

#[cfg(test)]
mod tests {
    use super::sums::affine_sum;
    use super::*;
    use crate::cases::Random;
    use crate::hex::{bytes, hex};
    use std::vec::Vec;

    /// The base point (SP 800-186 section 3.2.1.3).
    fn base() -> Affine {
        let x = "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296";
        let y = "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
        Affine::new(&bytes(x), &bytes(y)).unwrap()
    }

    fn small(number: u32) -> Scalar {
        Scalar([number, 0, 0, 0, 0, 0, 0, 0])
    }

    fn minus(scalar: &Scalar) -> Scalar {
        Scalar::reduced(&number::subtract(&ORDER, &scalar.0).0)
    }

    fn power(place: usize) -> Scalar {
        let mut number = [0; 8];
        number[place / 32] = 1 << (place % 32);
        Scalar::reduced(&number)
    }

    /// Multiplies by doubling and adding with the formulas of the affine coordinates (SEC 1 section 2.2.1), all cases included:
    /// it shares only the field with the code above.
    fn affine_multiple(scalar: &Scalar, point: &Affine) -> Option<Affine> {
        (0..256).rev().fold(None, |sum, place| {
            let sum = affine_sum(sum, sum);
            if bit(&scalar.0, place) == 1 { affine_sum(sum, Some(*point)) } else { sum }
        })
    }

    /// The multiples at the ends of the range, sparse ones, those for which the last addition is a doubling, and random ones.
    fn scalars() -> Vec<Scalar> {
        let mut scalars = Vec::new();
        for number in 1..=64 {
            scalars.extend([small(number), minus(&small(number))]);
        }
        for place in (0..256).step_by(9).chain([31, 32, 63, 64, 127, 128, 191, 192, 255]) {
            scalars.extend([power(place), minus(&power(place))]);
        }
        // Twice a multiple of the first comb.
        for signs in 0..8 {
            let entry = entry_of_comb(signs, 0);
            scalars.extend([minus(&entry.plus(&entry)), entry.plus(&entry), entry, minus(&entry)]);
        }
        let mut random = Random::new(7);
        scalars.extend((0..50).map(|_| Scalar::reduced(&number::from_bytes(&random.array()))));
        scalars
    }

    /// Returns the multiplier of an entry of a comb.
    fn entry_of_comb(entry: u32, comb: usize) -> Scalar {
        [0, 64, 128].iter().enumerate().fold(power(192 + 32 * comb), |sum, (tooth, place)| {
            let part = power(place + 32 * comb);
            sum.plus(&if entry >> tooth & 1 == 1 { part } else { minus(&part) })
        })
    }

    #[test]
    fn the_tables_are_those_of_the_base_point() {
        let multiple = |scalar: &Scalar| affine_multiple(scalar, &base()).map(|point| [point.x, point.y]);
        for (comb, table) in COMBS.iter().enumerate() {
            for (number, entry) in (0..).zip(table) {
                assert_eq!(multiple(&entry_of_comb(number, comb)), Some(*entry));
            }
        }
        assert_eq!(ODD_MULTIPLES.len(), 1 << (BASE_WIDTH - 2));
        for (number, entry) in (0..).zip(&ODD_MULTIPLES) {
            assert_eq!(multiple(&small(2 * number + 1)), Some(*entry));
        }
    }

    #[test]
    fn multiples_are_those_of_doubling_and_adding() {
        for scalar in scalars() {
            let expected = affine_multiple(&scalar, &base()).unwrap();
            assert_eq!(Affine::base_multiple(&scalar), expected, "{scalar:08x?}");
            assert_eq!(base().multiple(&scalar), expected, "{scalar:08x?}");
        }
    }

    /// Returns the number that the signs of these places encode.
    fn signed<const N: usize>(odd: &Scalar, places: [usize; N]) -> Scalar {
        let signs = halved(&odd.0);
        places.iter().fold(small(0), |sum, place| {
            let part = power(*place);
            sum.plus(&if bit(&signs, *place) == 1 { part } else { minus(&part) })
        })
    }

    /// A scalar that is twice a digit, modulo the order, has another last digit.
    #[test]
    fn the_last_addition_of_a_digit_is_never_a_doubling() {
        for twice in (1..=4).map(|half| small(4 * half - 2)) {
            for scalar in [twice, minus(&twice)] {
                let odd = Scalar(scalar.odd().0);
                let digit = signed(&odd, [0, 1, 2]);
                assert_ne!(odd, digit.plus(&digit), "{scalar:?}");
            }
        }
    }

    /// A scalar that is twice a multiple of the first comb, modulo the order, has another multiple in the last column.
    #[test]
    fn the_last_addition_of_a_comb_is_never_a_doubling() {
        for signs in 0..8 {
            let entry = entry_of_comb(signs, 0);
            for twice in [entry.plus(&entry), minus(&entry.plus(&entry))] {
                let odd = Scalar(twice.odd().0);
                let last = signed(&odd, [0, 64, 128, 192]);
                assert_ne!(odd, last.plus(&last));
            }
        }
    }

    #[test]
    fn every_sum_of_small_multiples_is_right() {
        assert_eq!(sums::of_small_multiples(), Ok(16 * (16 * 2 + 1)));
    }

    #[test]
    fn a_joint_multiple_is_the_sum_of_two() {
        let mut random = Random::new(8);
        let mut numbers: Vec<_> = [0, 1, 2, 3, 16].map(small).into();
        numbers.extend([1, 2, 3].map(|number| minus(&small(number))));
        numbers.extend((0..4).map(|_| Scalar::reduced(&number::from_bytes(&random.array()))));
        for multiple in [small(1), minus(&small(1)), small(2), minus(&small(7)), power(192)] {
            let other = affine_multiple(&multiple, &base()).unwrap();
            for a in &numbers {
                for b in &numbers {
                    let expected = affine_multiple(&a.plus(&multiple.times(b)), &base());
                    let sum = Point::joint_multiple(a, b, &other);
                    assert_eq!((sum.z.is_zero() == 0).then(|| sum.affine()), expected, "{a:?} {b:?} {multiple:?}");
                }
            }
        }
    }

    #[test]
    fn odd_multiples_of_a_point_are_those_of_doubling_and_adding() {
        for scalar in scalars().iter().step_by(5) {
            let point = affine_multiple(scalar, &base()).unwrap();
            let mut multiples = [[Coordinate::ZERO; 2]; MULTIPLES];
            point.odd_multiples(&mut multiples);
            for (number, entry) in (0..).zip(multiples) {
                let expected = affine_multiple(&small(2 * number + 1), &point).unwrap();
                assert_eq!(entry, [expected.x, expected.y], "{scalar:?} {number}");
            }
        }
    }

    #[test]
    fn sparse_digits_are_the_number() {
        let all = scalars();
        for (scalar, width) in
            all.iter().chain(&[small(0)]).flat_map(|scalar| [(scalar, BASE_WIDTH), (scalar, POINT_WIDTH)])
        {
            let mut digits = SparseDigits::new(&scalar.0, width);
            let mut count = 0;
            let sum = (0..SparseDigits::PLACES).rev().fold(small(0), |sum, place| {
                let twice = sum.plus(&sum);
                let Some(digit) = digits.at(place) else { return twice };
                assert!(digit % 2 != 0 && digit.unsigned_abs() < 1 << (width - 1), "{scalar:?} {place}");
                count += 1;
                let multiple = small(digit.unsigned_abs());
                twice.plus(&if digit > 0 { multiple } else { minus(&multiple) })
            });
            assert_eq!(sum, *scalar);
            assert!(count * width < SparseDigits::PLACES + width, "{scalar:?}");
        }
    }

    #[test]
    fn a_small_r_has_two_candidates() {
        // The x of some point is the order and 5; another is 5.
        let order_and_5 = number::add(&ORDER, &small(5).0).0;
        for (x, r) in [(order_and_5, small(5)), (small(5).0, small(5))] {
            let point = Point { x: Coordinate::new(&x).unwrap(), y: Coordinate::ONE, z: Coordinate::ONE };
            assert!(point.has_x_modulo_order(&r));
            assert!(!point.has_x_modulo_order(&small(6)));
        }
        assert!(!Point { x: Coordinate::ZERO, ..Point::IDENTITY }.has_x_modulo_order(&small(0)));
    }

    #[test]
    fn a_point_off_the_curve_or_from_p_on_is_rejected() {
        let [x, y] = base().bytes();
        assert!(Affine::new(&x, &y).is_some());
        for byte in 0..32 {
            let mut off = y;
            off[byte] ^= 1;
            assert_eq!(Affine::new(&x, &off), None);
        }
        assert_eq!(Affine::new(&[0; 32], &[0; 32]), None);
        // The points with x = 0: p may be added to their x. The root of b is a y.
        let y = bytes("66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4");
        assert!(Affine::new(&[0; 32], &y).is_some());
        let p = hex("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff");
        assert_eq!(Affine::new(p[..].first_chunk().unwrap(), &y), None);
    }
}
