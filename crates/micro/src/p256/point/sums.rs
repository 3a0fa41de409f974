//! Sums of points in all forms, compared with the formulas of the affine coordinates: for tests and for the comparison.

use super::{Affine, ODD_MULTIPLES, Point, powers};
use crate::p256::Coordinate;

/// Adds by the formulas of the affine coordinates (SEC 1 section 2.2.1), all cases included. It shares only the field with the rest.
pub(super) fn affine_sum(a: Option<Affine>, b: Option<Affine>) -> Option<Affine> {
    let (Some(a), Some(b)) = (a, b) else { return a.or(b) };
    let (rise, run) = if a.x != b.x {
        (b.y.minus(&a.y), b.x.minus(&a.x))
    } else if a.y == b.y {
        let square = a.x.square().minus(&Coordinate::ONE);
        (square.plus(&square).plus(&square), a.y.plus(&a.y))
    } else {
        return None;
    };
    let slope = rise.times(&run.inverse());
    let x = slope.square().minus(&a.x).minus(&b.x);
    Some(Affine { x, y: slope.times(&a.x.minus(&x)).minus(&a.y) })
}

/// Adds each two multiples of the base point from -8 to 8, the equal and the opposite ones among them, in each form and in two representations.
/// Returns the number of cases.
///
/// # Errors
/// The name of the form whose sum is wrong.
pub(crate) fn of_small_multiples() -> Result<u32, &'static str> {
    let [[x, y], ..] = ODD_MULTIPLES;
    let base = Affine { x, y };
    let mut multiple = None;
    let multiples = [(); 8].map(|()| {
        multiple = affine_sum(multiple, Some(base));
        multiple.unwrap_or(base)
    });
    let points = multiples.map(|point| [point, Affine { x: point.x, y: point.y.negated() }]);
    let points = points.as_flattened();
    let z = [Coordinate::ONE, base.x];
    let mut cases = 0;
    for a in points {
        for b in points {
            let expected = affine_sum(Some(*a), Some(*b));
            for (z1, z2) in [(z[0], z[0]), (z[0], z[1]), (z[1], z[0]), (z[1], z[1])] {
                sum(a, &z1, b, &z2, expected)?;
                cases += 1;
            }
        }
        let mut sum = Point::IDENTITY;
        sum.double();
        sum.add_public(*a, 0, None);
        is("a sum with the identity", &sum, Some(*a))?;
        cases += 1;
    }
    Ok(cases)
}

/// Adds two points that are represented with these z, in each form.
fn sum(a: &Affine, z1: &Coordinate, b: &Affine, z2: &Coordinate, expected: Option<Affine>) -> Result<(), &'static str> {
    let (start, other) = (scaled(a, z1), scaled(b, z2));
    let other_powers = powers(&other.z);
    let z2 = (*z2 != Coordinate::ONE).then_some(&other_powers);
    let mut sum = start;
    sum.add_public(Affine { x: other.x, y: other.y }, 0, z2);
    is("a public sum", &sum, expected)?;
    let mut sum = start;
    sum.add_public(Affine { x: other.x, y: other.y.negated() }, u32::MAX, z2);
    is("a public difference", &sum, expected)?;
    let mut sum = start;
    let are_equal = sum.add(&other.x, &other.y, z2) != 0;
    if are_equal != (a == b) {
        return Err("the mask of equal points");
    }
    if !are_equal {
        is("a sum", &sum, expected)?;
    }
    let mut sum = start;
    sum.add_any(&other);
    is("any sum", &sum, expected)
}

/// Returns the point in another representation.
fn scaled(point: &Affine, z: &Coordinate) -> Point {
    Point { x: point.x.times(&z.square()), y: point.y.times(&z.square()).times(z), z: *z }
}

fn is(what: &'static str, sum: &Point, expected: Option<Affine>) -> Result<(), &'static str> {
    let sum = (sum.z.is_zero() == 0).then(|| sum.affine());
    if sum == expected { Ok(()) } else { Err(what) }
}
