//! Identities in flash, two places for each: what power cuts leave behind is always one that works.
//!
//! ```text
//!   record 1   identity A: key handle, certificates      a map of sequential-storage, which writes a record whole
//!   record 2   identity B                                or not at all
//!   record 0   which of them counts: one byte
//! ```
//!
//! [`IdentityStore::stage`] writes the place that does not count, [`IdentityStore::activate`] then the one byte. Power that is cut before
//! the byte is whole leaves the old identity, after it the new one. Nothing is ever erased that counts.

use core::ops::Range;

use embedded_storage_async::nor_flash::NorFlash;
use sequential_storage::Error;
use sequential_storage::cache::Cache;
use sequential_storage::map::{MapConfig, MapStorage};

/// The record of the place that counts.
const ACTIVE: u8 = 0;

/// Identities in a range of flash: at least two erase units, and each identity has to fit one.
pub(crate) struct IdentityStore<F> {
    flash: F,
    range: Range<u32>,
}

/// One of the two places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place(u8);

/// An identity as it is stored, lent from the scratch memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stored<'s> {
    /// The handle of its key, which stays in the chip that signs.
    pub(crate) key: u32,
    /// Its certificates in DER, one behind the other, the leaf first.
    pub(crate) chain: &'s [u8],
}

impl<F: NorFlash> IdentityStore<F> {
    /// Uses `range` of `flash`, and nothing else of it.
    pub(crate) const fn new(flash: F, range: Range<u32>) -> Self {
        Self { flash, range }
    }

    /// Writes the next identity to the place that does not count. `scratch` holds a whole record.
    pub(crate) async fn stage(&mut self, scratch: &mut [u8], identity: Stored<'_>) -> Result<Place, Error<F::Error>> {
        let next = Place(if self.active(scratch).await? == Some(Place(1)) { 2 } else { 1 });
        let record = [&identity.key.to_be_bytes()[..], identity.chain].concat();
        self.map().store_item(scratch, &next.0, &&record[..]).await?;
        Ok(next)
    }

    /// From now on this place counts.
    pub(crate) async fn activate(&mut self, scratch: &mut [u8], place: Place) -> Result<(), Error<F::Error>> {
        self.map().store_item(scratch, &ACTIVE, &place.0).await
    }

    /// The identity that counts; `None` if there never was one.
    pub(crate) async fn load<'s>(&mut self, scratch: &'s mut [u8]) -> Result<Option<Stored<'s>>, Error<F::Error>> {
        let Some(place) = self.active(scratch).await? else { return Ok(None) };
        let record = self.map().fetch_item::<&[u8]>(scratch, &place.0).await?;
        let parts = record.and_then(<[u8]>::split_first_chunk);
        Ok(parts.map(|(key, chain)| Stored { key: u32::from_be_bytes(*key), chain }))
    }

    async fn active(&mut self, scratch: &mut [u8]) -> Result<Option<Place>, Error<F::Error>> {
        Ok(self.map().fetch_item(scratch, &ACTIVE).await?.map(Place))
    }

    fn map(&mut self) -> MapStorage<u8, &mut F, Cache<Nothing, Nothing, Nothing, u8>> {
        MapStorage::new(&mut self.flash, MapConfig::new(self.range.clone()), Cache::new_uncached())
    }
}

/// Nothing is cached: identities are read at the start and when they are replaced.
type Nothing = sequential_storage::cache::Uncached;
