//! Certificates and keys that are trusted no longer, such as those of a stolen device.

use core::iter;

use embedded_mtls::AlertDescription;
use embedded_mtls::crypto::CryptoProvider;
use embedded_mtls::x509::{Name, PeerIdentity};

use crate::blob::numbered;
use crate::error::{BlobError, Fault};
use crate::reader::{Reader, number};
use crate::records::DENIED;

/// Certificates or a key that are trusted no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied<'a> {
    /// Certificates of an issuer, by their serial numbers, as revocation lists name them.
    Certificates {
        /// The name of the issuer.
        issuer: Name<'a>,
        /// The serial numbers.
        serials: Serials<'a>,
    },
    /// SHA-256 of a `SubjectPublicKeyInfo` in DER: each certificate with this key.
    Key([u8; 32]),
}

/// Serial numbers of certificates, at least one, each with 1 to 20 bytes as in its DER: with a leading zero if the first bit of
/// the next byte is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Serials<'a>(&'a [u8]);

/// All that a blob denies.
///
/// ```
/// use embedded_mtls::AlertDescription;
/// use embedded_mtls::crypto::rustcrypto::RustCrypto;
/// use embedded_mtls::x509::PeerIdentity;
/// use embedded_mtls_blob::Blob;
///
/// /// Answers the authorization request of a handshake.
/// fn authorize(blob: &Blob<'_>, peer: &PeerIdentity<'_>) -> Result<(), AlertDescription> {
///     blob.deny_list().authorize(RustCrypto, peer)
/// }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct DenyList<'a> {
    /// All records of the blob.
    records: &'a [u8],
}

impl<'a> Denied<'a> {
    pub(crate) const CERTIFICATES: u8 = 1;
    pub(crate) const KEY: u8 = 2;

    pub(crate) fn parse(mut reader: Reader<'a>) -> Result<Self, BlobError> {
        let start = reader.clone();
        match reader.u8()? {
            Self::CERTIFICATES => {
                let at = reader.clone();
                let der = reader.vec16()?;
                let issuer = Name::from_der(der).filter(|name| !name.is_empty());
                let issuer = issuer.ok_or_else(|| at.fault(Fault::Name, number(der.len()), 0_u8))?;
                Ok(Self::Certificates { issuer, serials: Serials::read(reader)? })
            }
            Self::KEY => {
                let key = Self::Key(reader.array()?);
                reader.finish().map(|()| key)
            }
            unknown => Err(start.fault(Fault::Kind, unknown, 2_u8)),
        }
    }
}

impl<'a> Serials<'a> {
    /// The maximum length of a number (RFC 5280 section 4.1.2.2).
    pub(crate) const MAX: u8 = 20;

    /// Reads numbers, each behind its length in one byte; `None` if there is none, or one is too short or too long.
    #[must_use]
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        Self::read(Reader::new(bytes, 0)).ok()
    }

    fn read(reader: Reader<'a>) -> Result<Self, BlobError> {
        let (all, mut left) = (reader.clone(), reader);
        loop {
            let start = left.clone();
            let len = left.vec8()?.len();
            if !(1..=Self::MAX.into()).contains(&len) {
                return Err(start.fault(Fault::Length, number(len), if len == 0 { 1 } else { Self::MAX }));
            }
            if left.is_empty() {
                return Ok(Self(all.rest()));
            }
        }
    }

    /// Iterates over the numbers.
    pub fn iter(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let mut reader = Reader::new(self.0, 0);
        iter::from_fn(move || reader.vec8().ok())
    }

    #[cfg(feature = "write")]
    pub(crate) const fn as_bytes(&self) -> &'a [u8] {
        self.0
    }
}

impl<'a> DenyList<'a> {
    pub(crate) const fn of_records(records: &'a [u8]) -> Self {
        Self { records }
    }

    /// Iterates over what is denied.
    pub fn iter(&self) -> impl Iterator<Item = Denied<'a>> + use<'a> {
        numbered(self.records, DENIED).filter_map(|record| Denied::parse(record).ok())
    }

    /// Returns the first entry that denies a peer. A peer that is
    /// [known by its key only](PeerIdentity::is_known_by_key_only) is denied by its key alone: it chooses the rest itself. If the
    /// provider cannot hash the key of the peer, the first key of the list denies it.
    pub fn denies<C: CryptoProvider>(&self, provider: C, peer: &PeerIdentity<'_>) -> Option<Denied<'a>> {
        let mut key = None;
        self.iter().find(|denied| match denied {
            Denied::Certificates { issuer, serials } => {
                !peer.is_known_by_key_only()
                    && peer.issuer() == *issuer
                    && serials.iter().any(|serial| serial == peer.serial())
            }
            Denied::Key(sha256) => match key.get_or_insert_with(|| peer.sha256_key_info(provider)) {
                Some(found) => found == sha256,
                None => !peer.key_algorithm().is_pss_only(),
            },
        })
    }

    /// Answers the authorization request of a handshake.
    ///
    /// # Errors
    /// RFC 9846 section 6.2: [`AlertDescription::CERTIFICATE_REVOKED`] if the certificate is denied,
    /// [`AlertDescription::ACCESS_DENIED`] if its key is.
    pub fn authorize<C: CryptoProvider>(&self, provider: C, peer: &PeerIdentity<'_>) -> Result<(), AlertDescription> {
        match self.denies(provider, peer) {
            None => Ok(()),
            Some(Denied::Certificates { .. }) => Err(AlertDescription::CERTIFICATE_REVOKED),
            Some(Denied::Key(_)) => Err(AlertDescription::ACCESS_DENIED),
        }
    }
}
