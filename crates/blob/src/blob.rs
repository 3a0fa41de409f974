//! The blob as a whole: header, records, checksum, signature.

use embedded_mtls::Error;
use embedded_mtls::credential::{AnchorSet, Chain};
use embedded_mtls::crypto::CryptoProvider;
use embedded_mtls::x509::{TrustAnchor, UnixTime};

use crate::deny::{Denied, DenyList};
use crate::error::{BlobError, Fault};
use crate::reader::{Reader, number};
use crate::records::{ANCHORS, DENIED, ENDPOINT, Endpoint, IDENTITY, Identity, PIN, POLICY, Pin, Policy};
use crate::signature::{FleetKey, SIGNATURE, digest};

/// The first bytes.
pub(crate) const MAGIC: [u8; 8] = *b"eMTLSblb";
/// The only format.
pub(crate) const FORMAT: u16 = 1;
/// Bytes of the header.
pub(crate) const HEADER: usize = 32;
/// Bytes of the checksum.
pub(crate) const CHECKSUM: usize = 32;
/// The number of the active identity if there is none.
pub(crate) const NONE_ACTIVE: u8 = 0xff;

/// A blob whose content is valid. It borrows everything from the bytes.
#[derive(Clone, Copy, Debug)]
pub struct Blob<'a> {
    /// The version: a device refuses one that is lower than the last.
    pub version: u64,
    /// The time by which the owner of the fleet wants to have renewed it.
    pub renew_by: Option<UnixTime>,
    /// The server to which the device connects.
    pub endpoint: Option<Endpoint<'a>>,
    /// The rules of the owner of the fleet.
    pub policy: Policy,
    pub(crate) active: Option<u8>,
    anchors: &'a [u8],
    /// The records behind the header.
    records: &'a [u8],
    content: &'a [u8],
}

impl<'a> Blob<'a> {
    /// Reads a blob at the beginning of `bytes`, which may go on behind it: a slot in flash. Checks the checksum, the
    /// signature by the key of the fleet, and that the version is at least `at_least`.
    ///
    /// # Errors
    /// [`BlobError`] with the first rule that is broken, and the place.
    pub fn open<C: CryptoProvider>(
        provider: C,
        bytes: &'a [u8],
        fleet_key: &FleetKey,
        at_least: u64,
    ) -> Result<Self, BlobError> {
        let sealed = Sealed::parse(provider, bytes)?;
        let verified = fleet_key.verify(provider, sealed.content, &sealed.checksum, &sealed.signature);
        let offset = sealed.content.len().saturating_add(CHECKSUM);
        verified.map_err(|_| BlobError { fault: Fault::Signature, offset, found: 0, wanted: 0 })?;
        let blob = Self::parse(sealed.content)?;
        if blob.version < at_least {
            return Err(BlobError { fault: Fault::Version, offset: 16, found: blob.version, wanted: at_least });
        }
        Ok(blob)
    }

    /// Reads a blob without checking its signature and its version: for tools that show one. Never use what it says.
    ///
    /// # Errors
    /// As of [`open`](Self::open), apart from these two.
    pub fn dangerous_unsigned<C: CryptoProvider>(provider: C, bytes: &'a [u8]) -> Result<Self, BlobError> {
        Self::parse(Sealed::parse(provider, bytes)?.content)
    }

    /// Reads header and records.
    pub(crate) fn parse(content: &'a [u8]) -> Result<Self, BlobError> {
        let header = Header::parse(content)?;
        let (_, records) = content.split_at_checked(HEADER).unwrap_or_default();
        let mut blob = Self {
            version: header.version,
            renew_by: Some(UnixTime(header.renew_by)).filter(|time| time.0 != 0),
            endpoint: None,
            policy: Policy::default(),
            active: Some(header.active).filter(|number| *number != NONE_ACTIVE),
            anchors: &[],
            records,
            content,
        };
        let (mut last, mut has_policy) = (0, false);
        let mut reader = Reader::new(records, HEADER);
        while !reader.is_empty() {
            let start = reader.clone();
            let (tag, record) = record(&mut reader)?;
            let repeats = tag == last && matches!(tag, PIN | IDENTITY | DENIED);
            if !repeats && !(last.saturating_add(1)..=DENIED).contains(&tag) {
                return Err(start.fault(Fault::Record, tag, last.saturating_add(1)));
            }
            blob.take(tag, record)?;
            has_policy |= tag == POLICY;
            last = tag;
        }
        if !has_policy {
            return Err(reader.fault(Fault::Record, last, POLICY));
        }
        blob.check_aliases()?;
        Ok(blob)
    }

    /// Takes a record.
    fn take(&mut self, tag: u8, record: Reader<'a>) -> Result<(), BlobError> {
        match tag {
            ENDPOINT => self.endpoint = Some(Endpoint::parse(record)?),
            POLICY => self.policy = Policy::parse(record)?,
            ANCHORS if record.is_empty() => return Err(record.fault(Fault::Length, 0_u8, 1_u8)),
            ANCHORS => self.anchors = certificates(record)?,
            PIN => {
                Pin::parse(record)?;
            }
            DENIED => {
                Denied::parse(record)?;
            }
            _ => {
                let end = record.end();
                let chain = Identity::parse(record)?.chain;
                certificates(Reader::new(chain, end.saturating_sub(chain.len())))?;
            }
        }
        Ok(())
    }

    /// Checks that each alias occurs once, and that the active identity is there.
    fn check_aliases(&self) -> Result<(), BlobError> {
        let mut count = 0_u8;
        for (identity, at) in self.places() {
            let twin =
                (0_u8..).zip(self.identities().take(count.into())).find(|(_, other)| other.alias == identity.alias);
            if let Some((twin, _)) = twin {
                return Err(BlobError { fault: Fault::Alias, offset: at, found: twin.into(), wanted: 0 });
            }
            let many = BlobError { fault: Fault::Identities, offset: at, found: 255, wanted: 254 };
            count = count.checked_add(1).filter(|count| *count < NONE_ACTIVE).ok_or(many)?;
        }
        match self.active {
            Some(active) if active >= count => {
                Err(BlobError { fault: Fault::ActiveIdentity, offset: 11, found: active.into(), wanted: count.into() })
            }
            _ => Ok(()),
        }
    }

    /// Returns the length of the blob with its checksum and signature.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.content.len().saturating_add(CHECKSUM + SIGNATURE)
    }

    /// Iterates over the certificates of the authorities, in DER.
    pub fn anchors(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        Chain::joined(self.anchors).iter()
    }

    /// Iterates over the pins.
    pub fn pins(&self) -> impl Iterator<Item = Pin<'a>> + use<'a> {
        self.of(PIN).filter_map(|record| Pin::parse(record).ok())
    }

    /// Returns the trust anchors, then the pins, as configurations take them.
    ///
    /// # Errors
    /// As of [`AnchorSet::from_anchors`]: there is none, one cannot be used, or there are more than `K`.
    pub fn trust<const K: usize>(&self) -> Result<AnchorSet<'a, K>, Error> {
        let pins = self.pins().map(|pin| match pin {
            Pin::Fingerprint(sha256) => Ok(TrustAnchor::from_fingerprint(sha256)),
            Pin::Key(info) => TrustAnchor::from_pinned_key(info),
        });
        AnchorSet::from_anchors(self.anchors().map(TrustAnchor::from_certificate).chain(pins))
    }

    /// Iterates over the identities.
    pub fn identities(&self) -> impl Iterator<Item = Identity<'a>> + use<'a> {
        self.places().map(|(identity, _)| identity)
    }

    /// Returns the identity with an alias.
    #[must_use]
    pub fn identity(&self, alias: &str) -> Option<Identity<'a>> {
        self.identities().find(|identity| identity.alias == alias)
    }

    /// Returns the identity that the owner of the fleet has made active.
    #[must_use]
    pub fn active(&self) -> Option<Identity<'a>> {
        self.identities().nth(self.active?.into())
    }

    /// Returns the certificates and keys that are trusted no longer.
    #[must_use]
    pub const fn deny_list(&self) -> DenyList<'a> {
        DenyList::of_records(self.records)
    }

    /// Iterates over the identities and their places.
    fn places(&self) -> impl Iterator<Item = (Identity<'a>, usize)> + use<'a> {
        self.of(IDENTITY).filter_map(|record| {
            let at = record.at();
            Some((Identity::parse(record).ok()?, at))
        })
    }

    /// Iterates over the records with a number.
    fn of(&self, wanted: u8) -> impl Iterator<Item = Reader<'a>> + use<'a> {
        numbered(self.records, wanted)
    }
}

/// Iterates over those of the records that have a number.
pub(crate) fn numbered(records: &[u8], wanted: u8) -> impl Iterator<Item = Reader<'_>> {
    let mut reader = Reader::new(records, HEADER);
    let records = core::iter::from_fn(move || record(&mut reader).ok());
    records.filter_map(move |(tag, record)| (tag == wanted).then_some(record))
}

/// Reads the number and the content of the next record.
fn record<'a>(reader: &mut Reader<'a>) -> Result<(u8, Reader<'a>), BlobError> {
    let tag = reader.u8()?;
    let [high, middle, low] = reader.array()?;
    let too_long = reader.fault(Fault::Length, u32::from_be_bytes([0, high, middle, low]), 0_u8);
    let len = usize::try_from(u32::from_be_bytes([0, high, middle, low])).map_err(|_| too_long)?;
    Ok((tag, reader.part(len)?))
}

/// Reads concatenated certificates.
fn certificates(reader: Reader<'_>) -> Result<&[u8], BlobError> {
    let start = reader.clone();
    let bytes = reader.rest();
    let whole = Chain::joined(bytes).iter().fold(0_usize, |sum, certificate| sum.saturating_add(certificate.len()));
    if whole == bytes.len() { Ok(bytes) } else { Err(start.fault(Fault::Length, number(bytes.len()), number(whole))) }
}

/// The fields of the header.
struct Header {
    active: u8,
    len: u32,
    version: u64,
    renew_by: i64,
}

impl Header {
    fn parse(bytes: &[u8]) -> Result<Self, BlobError> {
        let mut reader = Reader::new(bytes, 0);
        let start = reader.clone();
        let magic = reader.array()?;
        if magic != MAGIC {
            return Err(start.fault(Fault::Magic, u64::from_be_bytes(magic), u64::from_be_bytes(MAGIC)));
        }
        let start = reader.clone();
        let format = reader.u16()?;
        if format != FORMAT {
            return Err(start.fault(Fault::Format, format, FORMAT));
        }
        let start = reader.clone();
        let reserved = reader.u8()?;
        if reserved != 0 {
            return Err(start.fault(Fault::Reserved, reserved, 0_u8));
        }
        Ok(Self {
            active: reader.u8()?,
            len: reader.array().map(u32::from_be_bytes)?,
            version: reader.array().map(u64::from_be_bytes)?,
            renew_by: reader.array().map(i64::from_be_bytes)?,
        })
    }
}

/// The content with its checksum, which is right, and its signature, which is not checked yet.
struct Sealed<'a> {
    content: &'a [u8],
    checksum: [u8; CHECKSUM],
    signature: [u8; SIGNATURE],
}

impl<'a> Sealed<'a> {
    fn parse<C: CryptoProvider>(provider: C, bytes: &'a [u8]) -> Result<Self, BlobError> {
        let header = Header::parse(bytes)?;
        let of_length =
            |fault, wanted| BlobError { fault, offset: 12, found: header.len.into(), wanted: number(wanted) };
        let available = bytes.len().saturating_sub(CHECKSUM + SIGNATURE);
        let len = usize::try_from(header.len).ok().filter(|len| *len <= available);
        let len = len.ok_or_else(|| of_length(Fault::Size, available))?;
        if len < HEADER {
            return Err(of_length(Fault::Length, HEADER));
        }
        let mut reader = Reader::new(bytes, 0);
        let content = reader.bytes(len)?;
        let at = reader.at();
        let (checksum, signature) = (reader.array()?, reader.array()?);
        let failed = BlobError { fault: Fault::Provider, offset: 0, found: 0, wanted: 0 };
        let found = digest(provider, content).ok_or(failed)?;
        if found != checksum {
            let [found, wanted] =
                [found, checksum].map(|hash| hash.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes)));
            return Err(BlobError { fault: Fault::Checksum, offset: at, found, wanted });
        }
        Ok(Self { content, checksum, signature })
    }
}
