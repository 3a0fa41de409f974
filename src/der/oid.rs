//! Object identifiers, which name algorithms, attributes and extensions.

use core::fmt;

/// Bytes that are printed; nobody has longer ones.
const PRINTED: usize = 64;

/// An object identifier, lent from where it lies. `Display` writes it in dotted decimal: `2.5.29.30`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Oid<'a>(pub(crate) &'a [u8]);

impl<'a> Oid<'a> {
    /// The content bytes of its DER, without tag and length.
    pub const fn as_bytes(self) -> &'a [u8] {
        self.0
    }
}

impl fmt::Display for Oid<'_> {
    /// X.690 section 8.19; an arc that does not fit 32 bits is printed as `?`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut arc = Some(0_u32);
        let mut first = true;
        for &byte in self.0.iter().take(PRINTED) {
            arc = arc.and_then(|arc| arc.checked_mul(128)).map(|arc| arc | u32::from(byte & 0x7f));
            if byte >= 0x80 {
                continue;
            }
            match (arc, first) {
                (Some(arc), true) => {
                    let root = (arc / 40).min(2);
                    write!(f, "{root}.{}", arc.saturating_sub(root * 40))?;
                }
                (Some(arc), false) => write!(f, ".{arc}")?,
                (None, _) => f.write_str(".?")?,
            }
            (arc, first) = (Some(0), false);
        }
        Ok(())
    }
}
