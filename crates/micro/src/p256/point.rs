//! Points in Jacobian coordinates, and their multiples.
//!
//! The formulas are those of the Explicit-Formulas Database for `a = -3`, which leave out cases: a sum of equal points has another formula,
//! and so has one with the identity. For secret numbers, each loop has a proof that no such case occurs, or both results are computed and
//! one is chosen, so that nothing branches. For public numbers, in [`Point::joint_multiple`], they are branches.
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

/// Entries of a table: odd multiples from 1 to 15. A digit of four bits and a sign selects one.
const ENTRIES: usize = 8;
/// The table of a comb.
type Comb = [[Coordinate; 2]; ENTRIES];
/// Digits of four bits in a scalar.
const DIGITS: usize = 64;
/// Columns that each comb goes through.
const COLUMNS: usize = 32;
/// The width of the digits for multiples of the base point that are public.
const BASE_WIDTH: usize = 5;
/// The same for multiples of another point.
const POINT_WIDTH: usize = 4;

impl Affine {
    /// Makes a point on the curve from public coordinates (SP 800-56A Rev. 3 section 5.6.2.3.4: partial validation, which is a full one for this
    /// curve, whose order is prime).
    pub(super) fn new(x: &[u8; 32], y: &[u8; 32]) -> Option<Self> {
        let [x, y] = [x, y].map(|bytes| Coordinate::new(&number::from_bytes(bytes)));
        let (x, y) = (x?, y?);
        let three = Coordinate::ONE.plus(&Coordinate::ONE).plus(&Coordinate::ONE);
        let right = x.square().minus(&three).times(&x).plus(&B);
        (y.square() == right).then_some(Self { x, y })
    }

    /// Returns the coordinates as bytes.
    pub(super) fn to_bytes(self) -> [[u8; 32]; 2] {
        [self.x, self.y].map(|coordinate| number::to_bytes(&coordinate.number()))
    }

    /// The negative under a mask.
    fn negate_if(&mut self, mask: u32) {
        self.y = Coordinate::select(mask, &self.y.negated(), &self.y);
    }

    const fn point(self) -> Point {
        Point { x: self.x, y: self.y, z: Coordinate::ONE }
    }

    /// Multiplies this point by a scalar from 1, in constant time.
    ///
    /// The scalar, or its negative, is odd, and so has 64 digits of 4 bits that are odd, too: each is one of -15, -13 .. 15. From the
    /// highest down, the sum is multiplied by 16 and the multiple of a digit is added. No addition is one of the cases that the
    /// formula leaves out but, perhaps, the last: with `s` the sum of the digits before, which is odd, `16 s` is at least 16
    /// without its sign, and a digit `d` at most 15, so that `16 s + d` and `16 s - d` are not 0; and before the last addition they are below
    /// 2^253, so not a multiple of the order either. At the last, `16 s + d` is the scalar, which is not 0 modulo the order; `16 s - d` may be.
    pub(super) fn multiple(&self, scalar: &Scalar) -> Self {
        let (digits, is_negated) = scalar.odd();
        let digits = halved(&digits);
        let table: [_; ENTRIES] = self.odd_multiples(|&Point { x, y, z }| [x, y, z]);
        // The bits of a digit are signs: 8 + 4 + 2 + 1 if all are set.
        let entry = |digit: usize| {
            let bits = bit_range(&digits, 4 * digit, 4);
            let negate = (bits >> 3).wrapping_sub(1);
            let mut entry = Point::from(Coordinate::select_entry(&table, (bits ^ negate) & 7));
            entry.negate_if(negate);
            entry
        };
        let mut sum = entry(DIGITS - 1);
        for digit in (1..DIGITS - 1).rev() {
            sum.quadruple();
            sum.quadruple();
            let entry = entry(digit);
            sum.add(&entry.x, &entry.y, Some(&powers(&entry.z)));
        }
        sum.quadruple();
        sum.quadruple();
        sum.add_any(&entry(0));
        sum.negate_if(is_negated);
        sum.affine()
    }

    /// Returns the odd multiples from 1 on, each as an entry of a table.
    fn odd_multiples<T: Copy, const N: usize>(&self, entry: fn(&Point) -> T) -> [T; N] {
        let mut twice = self.point();
        twice.double();
        let twice_z = powers(&twice.z);
        let mut multiple = self.point();
        let mut table = [entry(&multiple); N];
        for place in table.iter_mut().skip(1) {
            // Twice the point and an odd multiple of it are neither equal nor opposite: the order is a large prime.
            multiple.add(&twice.x, &twice.y, Some(&twice_z));
            *place = entry(&multiple);
        }
        table
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
        let entry = comb_entry(first, &signs, COLUMNS - 1);
        sum.add(&entry.x, &entry.y, None);
        for column in (0..COLUMNS - 1).rev() {
            sum.double();
            for (comb, column) in [(second, column + COLUMNS), (first, column)] {
                let entry = comb_entry(comb, &signs, column);
                sum.add(&entry.x, &entry.y, None);
            }
        }
        sum.negate_if(is_negated);
        sum.affine()
    }
}

impl From<[Coordinate; 3]> for Point {
    fn from([x, y, z]: [Coordinate; 3]) -> Self {
        Self { x, y, z }
    }
}

impl Point {
    const IDENTITY: Self = Self { x: Coordinate::ONE, y: Coordinate::ONE, z: Coordinate::ZERO };

    /// Returns `a` times the base point plus `b` times `point`. **Not in constant time**, for public numbers.
    ///
    /// Both are written in odd digits with many zeros between them (J. A. Solinas, "Efficient Arithmetic on Koblitz Curves", 2000), and the sum is
    /// doubled once for both (E. G. Straus, "Addition chains of vectors", 1964). More multiples of the base point are in a table.
    pub(super) fn joint_multiple(a: &Scalar, b: &Scalar, point: &Affine) -> Self {
        let table: [_; 1 << (POINT_WIDTH - 2)] =
            point.odd_multiples(|&Point { x, y, z }| (Affine { x, y }, powers(&z)));
        let mut digits = (SparseDigits::new(&a.0, BASE_WIDTH), SparseDigits::new(&b.0, POINT_WIDTH));
        let mut sum = Self::IDENTITY;
        for place in (0..SparseDigits::PLACES).rev() {
            sum.double();
            if let Some((multiple, mask)) = digits.0.at(place, &ODD_MULTIPLES) {
                let [x, y] = *multiple;
                sum.add_public(Affine { x, y }, mask, None);
            }
            if let Some(((multiple, z), mask)) = digits.1.at(place, &table) {
                sum.add_public(*multiple, mask, Some(z));
            }
        }
        sum
    }

    /// Returns whether the x is `r` modulo the order; never of the identity. Not in constant time.
    pub(super) fn has_x_modulo_order(&self, r: &Scalar) -> bool {
        // x is below p, which is below twice the order.
        let (second, carry) = number::add(&r.0, &ORDER);
        let candidates = [Some(r.0), (carry == 0).then_some(second)];
        let has_x = |x: Coordinate| self.z.is_zero() == 0 && x.times(&self.z.square()) == self.x;
        candidates.iter().flatten().filter_map(Coordinate::new).any(has_x)
    }

    fn affine(&self) -> Affine {
        let inverse = self.z.inverse();
        let squared = inverse.square();
        Affine { x: self.x.times(&squared), y: self.y.times(&squared).times(&inverse) }
    }

    /// The negative under a mask.
    fn negate_if(&mut self, mask: u32) {
        self.y = Coordinate::select(mask, &self.y.negated(), &self.y);
    }

    fn quadruple(&mut self) {
        self.double();
        self.double();
    }

    /// Doubles the point: four products and four squares. Right for all points; twice the identity has a z of 0, too.
    ///
    /// With `l = 3 (x - z^2) (x + z^2) / 2`, half of the slope's numerator, it is `l^2 - 2 x y^2`, `l (x y^2 - x') - y^4` and `y z`: the
    /// formulas of the database, with `x'`, `y'` and `z'` divided by 4, 8 and 2, which is the same point.
    #[inline(never)]
    fn double(&mut self) {
        let Self { x, y, z } = self;
        let z_squared = z.square();
        *z = y.times(z);
        let y_squared = y.square();
        let middle = x.times(&y_squared);
        let slope = x.plus(&z_squared).times(&x.minus(&z_squared)).three_halves();
        *x = slope.square().minus_twice(&middle);
        *y = middle.minus(x).times(&slope).minus(&y_squared.square());
    }

    /// Adds a point other than the identity; its [`powers`] of z are given if it is not 1. Returns the mask of both being equal: the
    /// formula is wrong then, and if this is the identity. Opposite points give the identity.
    ///
    /// "add-1998-cmo-2": eleven products and three squares, or eight and three.
    #[inline(never)]
    fn add(&mut self, x2: &Coordinate, y2: &Coordinate, z2: Option<&Powers>) -> u32 {
        let Self { x, y, z } = self;
        let z_squared = z.square();
        let u2 = x2.times(&z_squared);
        let s2 = y2.times(&z.times(&z_squared));
        if let Some([z2, squared, cubed]) = z2 {
            *x = x.times(squared);
            *y = y.times(cubed);
            *z = z.times(z2);
        }
        let h = u2.minus(x);
        let r = s2.minus(y);
        let are_equal = h.is_zero() & r.is_zero();
        *z = z.times(&h);
        let h_squared = h.square();
        let h_cubed = h.times(&h_squared);
        let v = x.times(&h_squared);
        *x = r.square().minus(&h_cubed).minus_twice(&v);
        *y = r.times(&v.minus(x)).minus(&y.times(&h_cubed));
        are_equal
    }

    /// Adds a point that may be equal; neither is the identity. In constant time.
    fn add_any(&mut self, other: &Self) {
        let mut twice = *other;
        twice.double();
        let are_equal = self.add(&other.x, &other.y, Some(&powers(&other.z)));
        let select = |twice, sum| Coordinate::select(are_equal, twice, sum);
        *self = Self { x: select(&twice.x, &self.x), y: select(&twice.y, &self.y), z: select(&twice.z, &self.z) };
    }

    /// Adds a point other than the identity, or its negative under a mask, as in [`add`](Self::add). Not in constant time.
    fn add_public(&mut self, mut other: Affine, negate: u32, powers: Option<&Powers>) {
        other.negate_if(negate);
        let point = || Self { z: powers.map_or(Coordinate::ONE, |[z, ..]| *z), ..other.point() };
        if self.z.is_zero() != 0 {
            *self = point();
        } else if self.add(&other.x, &other.y, powers) != 0 {
            *self = point();
            self.double();
        }
    }
}

/// A z with its square and its cube.
type Powers = [Coordinate; 3];

fn powers(z: &Coordinate) -> Powers {
    let squared = z.square();
    [*z, squared, z.times(&squared)]
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
fn comb_entry(comb: &Comb, signs: &Number, column: usize) -> Affine {
    let [s0, s1, s2, s3] = [0, 64, 128, 192].map(|tooth| bit(signs, column + tooth));
    let negate = s3.wrapping_sub(1);
    let index = ((s0 | s1 << 1 | s2 << 2) ^ negate) & 7;
    let [x, y] = Coordinate::select_entry(comb, index);
    let mut entry = Affine { x, y };
    entry.negate_if(negate);
    entry
}

/// A number below the order in signed digits, for a width `w`: each is 0 or odd and without its sign below `2^(w - 1)`, and of `w` in a row one
/// at most is not 0. Not in constant time.
struct SparseDigits {
    /// Bits of the places with a digit other than 0, the lowest first.
    places: [u32; 9],
    /// Those digits, the lowest first.
    digits: [i8; Self::COUNT],
    count: usize,
}

impl SparseDigits {
    /// Places of digits: one more than bits in a scalar.
    const PLACES: usize = 257;
    /// Digits other than 0: with the smallest width, at places 0, 4, 8 .. 256 at most.
    const COUNT: usize = 65;

    fn new(number: &Number, width: usize) -> Self {
        let mut this = Self { places: [0; 9], digits: [0; Self::COUNT], count: 0 };
        let (mut carry, mut next) = (0, 0);
        for place in 0..Self::PLACES {
            if place < next || bit(number, place) == carry {
                continue;
            }
            // Odd, and below 2^w: in the upper half, 2^w is carried.
            let window = i32::try_from(bit_range(number, place, width) + carry).unwrap_or(0);
            carry = u32::from(window >> (width - 1) != 0);
            let digit = if carry == 1 { window - (1 << width) } else { window };
            if let (Some(to), Some(places)) = (this.digits.get_mut(this.count), this.places.get_mut(place / 32)) {
                *to = i8::try_from(digit).unwrap_or(0);
                *places |= 1 << (place % 32);
                this.count += 1;
            }
            next = place + width;
        }
        this
    }

    /// Returns the odd multiple in the table for the digit at a place, if it is not 0, and the mask of its sign. Call it for each place
    /// from the highest down.
    fn at<'a, T>(&mut self, place: usize, table: &'a [T]) -> Option<(&'a T, u32)> {
        if self.places.get(place / 32)? >> (place % 32) & 1 == 0 {
            return None;
        }
        self.count = self.count.checked_sub(1)?;
        let digit = self.digits.get(self.count)?;
        let multiple = table.get(usize::from(digit.unsigned_abs() / 2))?;
        Some((multiple, if *digit < 0 { u32::MAX } else { 0 }))
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
    fn signed(odd: &Scalar, places: [usize; 4]) -> Scalar {
        let signs = halved(&odd.0);
        places.iter().fold(small(0), |sum, place| {
            let part = power(*place);
            sum.plus(&if bit(&signs, *place) == 1 { part } else { minus(&part) })
        })
    }

    /// Without the second result of `add_any`, these multiples would be wrong: the last digit is half of the scalar.
    #[test]
    fn the_last_addition_of_a_digit_is_a_doubling_for_2_and_its_negative() {
        let is_doubled = |scalar: &Scalar| {
            let odd = Scalar(scalar.odd().0);
            let digit = signed(&odd, [0, 1, 2, 3]);
            odd == digit.plus(&digit)
        };
        let candidates = (1..=32).flat_map(|number| [small(number), minus(&small(number))]);
        assert_eq!(candidates.filter(is_doubled).collect::<Vec<_>>(), [small(2), minus(&small(2))]);
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
        assert_eq!(sums::of_small_multiples(), Ok(16 * (16 * 4 + 1)));
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
    fn sparse_digits_are_the_number() {
        let all = scalars();
        for (scalar, width) in
            all.iter().chain(&[small(0)]).flat_map(|scalar| [(scalar, BASE_WIDTH), (scalar, POINT_WIDTH)])
        {
            let multiples: Vec<Scalar> = (0..1 << (width - 2)).map(|number| small(2 * number + 1)).collect();
            let mut digits = SparseDigits::new(&scalar.0, width);
            let mut last = None;
            let sum = (0..SparseDigits::PLACES).rev().fold(small(0), |sum, place| {
                let twice = sum.plus(&sum);
                let Some((multiple, negate)) = digits.at(place, &multiples) else { return twice };
                assert!(last.is_none_or(|last| place + width <= last), "{scalar:?} {place}");
                last = Some(place);
                twice.plus(&if negate == 0 { *multiple } else { minus(multiple) })
            });
            assert_eq!((sum, digits.count), (*scalar, 0));
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
        let [x, y] = base().to_bytes();
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
