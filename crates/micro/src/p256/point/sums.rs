//! Sums of points in all forms, compared with the formulas of the affine coordinates: for tests and for the comparison.

use super::{Affine, ODD_MULTIPLES, Point};
use crate::p256::Coordinate;

/// Adds by the formulas of the affine coordinates (SEC 1 section 2.2.1), all cases included. It shares only the field with the rest.
pub(super) fn affine_sum(a: Option<Affine>, b: Option<Affine>) -> Option<Affine> {
    let (Some(a), Some(b)) = (a, b) else { return a.or(b) };
    let (rise, run) = if a.x != b.x {
        (b.y.minus(&a.y), b.x.minus(&a.x))
    } else if a.y == b.y {
        let square = a.x.squared().minus(&Coordinate::ONE);
        (sum(&sum(&square, &square), &square), sum(&a.y, &a.y))
    } else {
        return None;
    };
    let mut slope = run;
    slope.invert();
    slope *= &rise;
    let x = slope.squared().minus(&a.x).minus(&b.x);
    Some(Affine { x, y: slope.times(&a.x.minus(&x)).minus(&a.y) })
}

fn sum(a: &Coordinate, b: &Coordinate) -> Coordinate {
    let mut sum = *a;
    sum += b;
    sum
}

fn negative(point: &Affine) -> Affine {
    Affine { x: point.x, y: Coordinate::ZERO.minus(&point.y) }
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
    let points = multiples.map(|point| [point, negative(&point)]);
    let points = points.as_flattened();
    let z = [Coordinate::ONE, base.x];
    let mut cases = 0;
    for a in points {
        for b in points {
            let expected = affine_sum(Some(*a), Some(*b));
            for z in &z {
                add(&scaled(a, z), b, a == b, expected)?;
                cases += 1;
            }
        }
        let mut sum = Point::IDENTITY;
        sum.double();
        sum.add_public(a);
        is("a sum with the identity", &sum, Some(*a))?;
        cases += 1;
    }
    Ok(cases)
}

/// Adds two points in each form.
fn add(start: &Point, other: &Affine, is_double: bool, expected: Option<Affine>) -> Result<(), &'static str> {
    let mut sum = *start;
    sum.add_public(other);
    is("a public sum", &sum, expected)?;
    let mut sum = *start;
    let Affine { x, y } = negative(other);
    sum.add_multiple(&[[x, y]], -1);
    is("a public difference", &sum, expected)?;
    let mut sum = *start;
    let are_equal = sum.add(other) != 0;
    if are_equal != is_double {
        return Err("the mask of equal points");
    }
    if !are_equal {
        is("a sum", &sum, expected)?;
    }
    Ok(())
}

/// Returns the point in another representation.
fn scaled(point: &Affine, z: &Coordinate) -> Point {
    Point { x: point.x.times(&z.squared()), y: point.y.times(&z.squared()).times(z), z: *z }
}

fn is(what: &'static str, sum: &Point, expected: Option<Affine>) -> Result<(), &'static str> {
    let sum = (sum.z.is_zero() == 0).then(|| sum.affine());
    if sum == expected { Ok(()) } else { Err(what) }
}
