//! The certificates that say who we are.

use crate::x509::first_certificate;

/// Our certificates in DER, the leaf first, then its intermediates in order. Lent from where they lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chain<'a>(Form<'a>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form<'a> {
    Joined(&'a [u8]),
    List(&'a [&'a [u8]]),
}

impl<'a> Chain<'a> {
    /// A list with an entry for each certificate.
    pub const fn list(certificates: &'a [&'a [u8]]) -> Self {
        Self(Form::List(certificates))
    }

    /// Certificates one behind the other, as they are stored in flash. What follows a certificate and is not one
    /// ends the chain; [`Credential`](crate::Credential) and the [slots](super::Slots) refuse such a chain.
    pub const fn joined(certificates: &'a [u8]) -> Self {
        Self(Form::Joined(certificates))
    }

    /// The certificates, the leaf first.
    pub fn iter(&self) -> impl Iterator<Item = &'a [u8]> + Clone + use<'a> {
        let (list, mut joined) = match self.0 {
            Form::Joined(joined) => (&[][..], joined),
            Form::List(list) => (list, &[][..]),
        };
        let joined = core::iter::from_fn(move || {
            let (certificate, rest) = first_certificate(joined)?;
            joined = rest;
            Some(certificate)
        });
        list.iter().copied().chain(joined)
    }

    /// Whether nothing stands behind the certificates.
    pub(crate) fn is_whole(&self) -> bool {
        match self.0 {
            Form::Joined(joined) => {
                self.iter().fold(0_usize, |sum, certificate| sum.saturating_add(certificate.len())) == joined.len()
            }
            Form::List(_) => true,
        }
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
