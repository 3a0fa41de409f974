//! Certificate chains of our own.

use crate::x509::first_certificate;

/// A chain of our own in DER: the leaf first, then its intermediates in any order (RFC 9846 section 4.5.1). It borrows
/// the certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chain<'a>(Form<'a>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form<'a> {
    Joined(&'a [u8]),
    List(&'a [&'a [u8]]),
}

impl<'a> Chain<'a> {
    pub(crate) const fn list(certificates: &'a [&'a [u8]]) -> Self {
        Self(Form::List(certificates))
    }

    /// Creates a chain from concatenated certificates, as stored in flash. Bytes that are not a certificate end the
    /// chain; [`Credential`](crate::Credential) and the [slots](super::Slots) reject such a chain.
    pub const fn joined(certificates: &'a [u8]) -> Self {
        Self(Form::Joined(certificates))
    }

    /// Iterates over the certificates, the leaf first.
    pub fn iter(&self) -> impl Iterator<Item = &'a [u8]> + Clone + use<'a> {
        let mut rest = *self;
        core::iter::from_fn(move || rest.take_first())
    }

    /// Takes the first certificate.
    fn take_first(&mut self) -> Option<&'a [u8]> {
        match &mut self.0 {
            Form::Joined(joined) => {
                let (first, rest) = first_certificate(joined)?;
                *joined = rest;
                Some(first)
            }
            Form::List(list) => list.split_off_first().copied(),
        }
    }

    /// Returns whether there is nothing but certificates.
    pub(crate) fn is_whole(&self) -> bool {
        match self.0 {
            Form::Joined(joined) => {
                self.iter().fold(0_usize, |sum, certificate| sum.saturating_add(certificate.len())) == joined.len()
            }
            Form::List(_) => true,
        }
    }
}

/// A chain of a list of certificates.
impl<'a, L: AsRef<[&'a [u8]]> + ?Sized> From<&'a L> for Chain<'a> {
    fn from(certificates: &'a L) -> Self {
        Self::list(certificates.as_ref())
    }
}

impl Default for Chain<'_> {
    /// No certificates.
    fn default() -> Self {
        Self::list(&[])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joined_certificates_are_the_same_chain_as_a_list_of_them() {
        let list: [&[u8]; 2] = [&[0x30, 1, 7], &[0x30, 0]];
        let joined = list.concat();
        assert!(Chain::joined(&joined).iter().eq(Chain::list(&list).iter()));
        assert!(Chain::joined(&joined).is_whole() && Chain::list(&list).is_whole());
        assert!(!Chain::joined(&joined[..4]).is_whole());
        assert_eq!(Chain::default().iter().count(), 0);
    }
}
