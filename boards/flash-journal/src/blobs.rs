//! The blob of the device in two slots: a new one is written beside the one in use.

use core::fmt;
use core::ops::Range;

use embedded_mtls_blob::{Blob, BlobError, FleetKey};
use embedded_storage::nor_flash::NorFlash;
use gateway::provider::Provider;
use gateway::{NotProvisioned, Shown};
use logging::{info, warn};
use zeroize::Zeroize;

/// Bytes that are written at once: a multiple of the words of any flash.
const PART: usize = 256;

/// Two slots of equal size in any NOR flash.
///
/// ```text
///   slot 0  [ blob, version 7 | erased ]   ◀── in use: the higher version that is whole and signed
///   slot 1  [ blob, version 6 | erased ]   ◀── version 8 will be written here
/// ```
/// The slot in use is never erased, so an interrupted change has no effect, and connections that borrow from it go on.
pub struct BlobSlots<F> {
    flash: F,
    slots: [Range<u32>; 2],
    /// Bytes of a slot that are used.
    longest: usize,
    fleet_key: FleetKey,
}

/// A blob that was not stored: the last one stays in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotStored {
    /// The flash does not work.
    Flash,
    /// The last one has the highest version that there is.
    Last,
    /// The memory is shorter than the longest blob.
    Memory {
        /// Its bytes.
        found: usize,
        /// The bytes of the longest blob.
        wanted: usize,
    },
    /// It is not acceptable, or not newer than the last one.
    Refused(BlobError),
    /// It is longer than a slot, or than the device can read.
    TooLong {
        /// Its bytes.
        found: usize,
        /// The bytes of the longest blob.
        wanted: usize,
    },
    /// The device could not work with it.
    Unusable(NotProvisioned),
}

impl fmt::Display for NotStored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flash => f.write_str("the flash does not work"),
            Self::Last => f.write_str("the last blob has the highest version that there is"),
            Self::Memory { found, wanted } => {
                write!(f, "the memory: found {found} bytes, wanted {wanted}: those of the longest blob")
            }
            Self::Refused(error) => error.fmt(f),
            Self::TooLong { found, wanted } => {
                write!(f, "the length of the blob: found {found}, wanted at most {wanted}")
            }
            Self::Unusable(problem) => write!(f, "this device cannot use it: {problem}"),
        }
    }
}

impl<F: NorFlash> BlobSlots<F> {
    /// Makes two slots of the bytes `range` of `flash`, for blobs that `fleet_key` has signed; `None` if its halves are not
    /// whole sectors.
    pub fn new(flash: F, range: Range<u32>, fleet_key: FleetKey) -> Option<Self> {
        let half = range.end.checked_sub(range.start)? / 2;
        let sector = u32::try_from(F::ERASE_SIZE).ok()?;
        let fits = |place: u32| place.is_multiple_of(sector);
        let middle = range.start.checked_add(half)?;
        let is_whole = half > 0 && fits(range.start) && fits(middle) && fits(range.end) && middle + half == range.end;
        let words = PART.is_multiple_of(F::WRITE_SIZE)
            && (half as usize).is_multiple_of(F::READ_SIZE)
            && range.end as usize <= flash.capacity();
        let slots = [range.start..middle, middle..range.end];
        (is_whole && words).then(|| Self { flash, slots, longest: half as usize, fleet_key })
    }

    /// Uses no more than the first `bytes` of each slot, which may be longer than the memory of the device: a sector. Takes as many
    /// words of the flash as fit.
    #[must_use]
    pub fn with_longest(self, bytes: usize) -> Self {
        let words = bytes - bytes % F::READ_SIZE;
        Self { longest: self.longest.min(words), ..self }
    }

    /// Returns the length of the longest blob, which is that of the memory for the other functions.
    pub const fn longest(&self) -> usize {
        self.longest
    }

    /// Returns why there is no blob in use: for each slot its place, counted from the start of the `flash` given to [`new`](Self::new), and what
    /// is wrong with what is in it; `None` if it cannot be read, or if nothing is.
    ///
    /// # Errors
    /// [`NotStored::Memory`].
    pub fn refusals(&mut self, memory: &mut [u8]) -> Result<[(u32, Option<BlobError>); 2], NotStored> {
        let [first, second] = self.slots.clone().map(|slot| slot.start);
        let mut refusal = |slot| match self.read(slot, memory) {
            Err(NotStored::Flash) => Ok(None),
            Err(error) => Err(error),
            Ok(()) => Ok(Blob::open(Provider, memory, &self.fleet_key, 0).err()),
        };
        Ok([(first, refusal(0)?), (second, refusal(1)?)])
    }

    /// Copies the blob in use into `memory`; `None` if there is none, or if the memory is shorter than the longest blob.
    ///
    /// Where the flash is mapped into memory, [`in_use`](Self::in_use) tells the slot, and `Blob::open` reads it in place.
    pub fn load<'m>(&mut self, memory: &'m mut [u8]) -> Option<Blob<'m>> {
        let (slot, version) = self.newest(memory).ok()??;
        self.read(slot, memory).ok()?;
        Blob::open(Provider, memory, &self.fleet_key, version).ok()
    }

    /// Returns the slot of the blob in use, counted from the start of the `flash` given to [`new`](Self::new).
    pub fn in_use(&mut self, memory: &mut [u8]) -> Option<Range<u32>> {
        let (slot, _) = self.newest(memory).ok()??;
        self.slots.get(slot).cloned()
    }

    /// Stores a newer blob with which the device can work, and returns its version: the next [`load`](Self::load) returns it.
    ///
    /// A signed blob that `check` refuses (for want of an endpoint, or with a key that is not here) would leave the device without the
    /// connection over which a better one comes.
    ///
    /// A slot that cannot be read counts as empty: flash with error correction reports the words that a power cut left half
    /// written, and the blob in the other slot has to stay in use. The price is that a fault of the flash which hides the newest
    /// blob also hides its version: a blob in between is then accepted. Where that matters, the device also keeps the version in a
    /// counter of the chip, and passes it to [`Blob::open`].
    ///
    /// # Errors
    /// [`NotStored`]: the last one stays in use.
    pub fn store(
        &mut self,
        blob: &[u8],
        memory: &mut [u8],
        check: impl FnOnce(&Blob<'_>) -> Result<(), NotProvisioned>,
    ) -> Result<u64, NotStored> {
        let newest = self.newest(memory)?;
        let at_least = match newest {
            Some((_, version)) => version.checked_add(1).ok_or(NotStored::Last)?,
            None => 0,
        };
        let opened = Blob::open(Provider, blob, &self.fleet_key, at_least).map_err(NotStored::Refused)?;
        check(&opened).map_err(NotStored::Unusable)?;
        let (size, version) = (opened.size(), opened.version);
        let place = newest.map_or(0, |(slot, _)| 1 - slot);
        let slot = self.slots.get(place).cloned().ok_or(NotStored::Flash)?;
        let too_long = NotStored::TooLong { found: size, wanted: self.longest };
        let blob = blob.get(..size).filter(|blob| blob.len() <= self.longest).ok_or(too_long)?;
        self.flash.erase(slot.start, slot.end).map_err(|_| NotStored::Flash)?;
        for (at, part) in (slot.start..).step_by(PART).zip(blob.chunks(PART)) {
            let mut words = [0xff; PART];
            words.iter_mut().zip(part).for_each(|(word, byte)| *word = *byte);
            let len = part.len().next_multiple_of(F::WRITE_SIZE);
            self.flash.write(at, words.get(..len).unwrap_or(&words)).map_err(|_| NotStored::Flash)?;
        }
        // Worn flash is noticed before the old blob is given up.
        if self.version(place, memory)? == Some(version) { Ok(version) } else { Err(NotStored::Flash) }
    }

    /// Returns the slot with the higher version, and the version.
    fn newest(&mut self, memory: &mut [u8]) -> Result<Option<(usize, u64)>, NotStored> {
        let first = self.version(0, memory)?.map(|version| (0, version));
        let second = self.version(1, memory)?.map(|version| (1, version));
        Ok(match (first, second) {
            (Some(first), Some(second)) if second.1 > first.1 => Some(second),
            (first, second) => first.or(second),
        })
    }

    /// Returns the version of the blob in a slot, if it can be read and is acceptable.
    fn version(&mut self, slot: usize, memory: &mut [u8]) -> Result<Option<u64>, NotStored> {
        match self.read(slot, memory) {
            Err(NotStored::Flash) => return Ok(None),
            read => read?,
        }
        Ok(Blob::open(Provider, memory, &self.fleet_key, 0).ok().map(|blob| blob.version))
    }

    /// Reads a slot. Memory that is too short is an error of its own: it would otherwise hide the last blob, and an older one would
    /// be accepted in its place.
    fn read(&mut self, slot: usize, memory: &mut [u8]) -> Result<(), NotStored> {
        let start = self.slots.get(slot).ok_or(NotStored::Flash)?.start;
        let short = NotStored::Memory { found: memory.len(), wanted: self.longest };
        let (now, rest) = memory.split_at_mut_checked(self.longest).ok_or(short)?;
        rest.fill(0xff);
        self.flash.read(start, now).map_err(|_| NotStored::Flash)
    }
}

/// The slots with memory for a blob on its way: it comes over a connection, or the serial line.
pub struct BlobStore<'m, F> {
    slots: BlobSlots<F>,
    received: &'m mut [u8],
    scratch: &'m mut [u8],
}

impl<'m, F: NorFlash> BlobStore<'m, F> {
    /// Lends memory for a blob on its way, and as much for those in flash.
    pub const fn new(slots: BlobSlots<F>, received: &'m mut [u8], scratch: &'m mut [u8]) -> Self {
        Self { slots, received, scratch }
    }

    /// Copies the blob in use into `in_use`; `None` if there is none.
    pub fn load<'u>(&mut self, in_use: &'u mut [u8]) -> Option<Blob<'u>> {
        self.slots.load(in_use)
    }

    /// Passes the slot with the blob in use to `read`; `None` if there is none. Leaves no copy of a key in memory.
    pub fn with_slot<T>(&mut self, read: impl FnOnce(&[u8]) -> T) -> Option<T> {
        let is_loaded = self.slots.load(self.received).is_some();
        let result = is_loaded.then(|| read(self.received));
        self.received.zeroize();
        result
    }

    /// Returns why there is no blob in use, as [`BlobSlots::refusals`].
    pub fn refusals(&mut self) -> [(u32, Option<BlobError>); 2] {
        let refusals = self.slots.refusals(self.scratch).unwrap_or_default();
        self.scratch.zeroize();
        refusals
    }

    /// Returns the memory for a blob on its way.
    pub const fn memory(&mut self) -> &mut [u8] {
        self.received
    }

    /// Stores the first bytes of that memory as a blob beside the one in use if `check` accepts it, as [`BlobSlots::store`]; `false` if
    /// it is refused. Logs either, and leaves no copy of a key in memory.
    pub fn take(&mut self, len: usize, check: impl FnOnce(&Blob<'_>) -> Result<(), NotProvisioned>) -> bool {
        let stored = self.slots.store(self.received.get(..len).unwrap_or_default(), self.scratch, check);
        self.received.zeroize();
        self.scratch.zeroize();
        match stored {
            Ok(version) => info!("blob {} is stored: the next connection uses it", version),
            Err(error) => {
                warn!("the blob is refused: {}", Shown(error));
                return false;
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use embedded_mtls_blob::{Content, Endpoint, Fault, Pin};
    use gateway::provider::SigningKey;
    use mtls_journal::simulator::{Flash, Power};
    use std::string::ToString as _;
    use std::vec;
    use std::vec::Vec;

    fn key(number: u8) -> SigningKey {
        SigningKey::from_bytes(&[number; 32]).unwrap()
    }

    /// A blob of two parts.
    fn blob_of(number: u8, version: u64) -> Vec<u8> {
        let path = "x".repeat(250);
        let endpoint = Endpoint { host: "h", port: 443, server_name: "s", path: &path, time_server: "" };
        let blob = sealed(number, &Content { version, endpoint: Some(endpoint), ..Content::default() });
        assert!(blob.len() > PART);
        blob
    }

    fn sealed(number: u8, content: &Content<'_>) -> Vec<u8> {
        content.seal(Provider, |digest| key(number).sign_digest(digest, &[]).ok()).unwrap()
    }

    fn blob(version: u64) -> Vec<u8> {
        blob_of(1, version)
    }

    fn slots<F: NorFlash>(flash: F) -> BlobSlots<F> {
        BlobSlots::new(flash, 512..2560, FleetKey::new(key(1).public_key())).unwrap()
    }

    fn version<F: NorFlash>(flash: F) -> Option<u64> {
        slots(flash).load(&mut [0; 1024]).map(|blob| blob.version)
    }

    fn store<F: NorFlash>(flash: F, blob: &[u8]) -> Result<u64, NotStored> {
        slots(flash).store(blob, &mut [0; 1024], any)
    }

    /// Accepts each blob.
    #[expect(clippy::unnecessary_wraps, reason = "as a check returns")]
    fn any(_: &Blob<'_>) -> Result<(), NotProvisioned> {
        Ok(())
    }

    /// Stores blobs until each slot was used twice; at each of them the power fails at each write and each erasure. After
    /// that the device has the blob before or the one after, never none, and stores the next one.
    fn survives_each_loss_of_power<const WORD: usize, const SECTOR: usize>(reports: bool) {
        let mut flash = Flash::<WORD, SECTOR>::new(4096);
        flash.reports = reports;
        let (mut losses, mut before) = (0, None);
        for after in 1..=4 {
            for writes in 0.. {
                let mut cut = flash.clone();
                cut.power = Power::FailsAfter(writes);
                if store(&mut cut, &blob(after)).is_ok() {
                    break;
                }
                losses += 1;
                cut.power = Power::On;
                let now = version(&mut cut);
                assert!(now == before || now == Some(after), "version {after}, {writes} writes: {now:?}");
                assert_eq!(store(&mut cut, &blob(after + 1)), Ok(after + 1), "version {after}, {writes} writes");
                assert_eq!(version(&mut cut), Some(after + 1));
            }
            assert_eq!(store(&mut flash, &blob(after)), Ok(after));
            before = Some(after);
            assert_eq!(version(&mut flash), before);
        }
        assert!(losses > 12, "{losses}");
    }

    #[test]
    fn no_loss_of_power_leaves_a_device_without_its_identity() {
        for reports in [false, true] {
            survives_each_loss_of_power::<32, 512>(reports);
            survives_each_loss_of_power::<8, 256>(reports);
        }
    }

    #[test]
    fn an_older_blob_the_same_one_and_one_of_another_fleet_are_refused() {
        let mut flash = Flash::<4, 512>::new(4096);
        assert_eq!(store(&mut flash, &blob(7)), Ok(7));
        let before = flash.bytes.clone();
        for (offered, fault) in [
            (blob(6), Fault::Version),
            (blob(7), Fault::Version),
            (blob_of(2, 9), Fault::Signature),
            (vec![], Fault::Length),
        ] {
            let Err(NotStored::Refused(error)) = store(&mut flash, &offered) else { panic!("{fault:?}") };
            assert_eq!(error.fault, fault);
        }
        assert_eq!(flash.bytes, before, "a refusal costs no erasure");
        let short = Err(NotStored::Memory { found: 1023, wanted: 1024 });
        assert_eq!(slots(&mut flash).store(&blob(8), &mut [0; 1023], any), short);
        let pins = vec![Pin::Fingerprint([9; 32]); 30];
        let long = sealed(1, &Content { version: 8, pins, ..Content::default() });
        let wanted = NotStored::TooLong { found: long.len(), wanted: 1024 };
        assert_eq!(store(&mut flash, &long), Err(wanted));
        assert_eq!(wanted.to_string(), "the length of the blob: found 1248, wanted at most 1024");
        assert_eq!(flash.bytes, before, "a refusal costs no erasure");
        assert_eq!(version(&mut flash), Some(7));
    }

    #[test]
    fn a_blob_that_the_device_cannot_use_leaves_the_last_one() {
        let mut flash = Flash::<4, 512>::new(4096);
        assert_eq!(store(&mut flash, &blob(7)), Ok(7));
        let before = flash.bytes.clone();
        let mute = sealed(1, &Content { version: 8, ..Content::default() });
        let check = |blob: &Blob<'_>| blob.endpoint.map(|_| ()).ok_or(NotProvisioned::NoEndpoint);
        let refused = slots(&mut flash).store(&mute, &mut [0; 1024], check).unwrap_err();
        assert_eq!(refused, NotStored::Unusable(NotProvisioned::NoEndpoint));
        assert_eq!(refused.to_string(), "this device cannot use it: the blob has no endpoint");
        assert_eq!(flash.bytes, before, "a refusal costs no erasure");
        assert_eq!(slots(&mut flash).store(&blob(8), &mut [0; 1024], check), Ok(8));
    }

    #[test]
    fn nothing_follows_the_highest_version() {
        let mut flash = Flash::<4, 512>::new(4096);
        assert_eq!(store(&mut flash, &blob(u64::MAX)), Ok(u64::MAX));
        let before = flash.bytes.clone();
        assert_eq!(store(&mut flash, &blob(u64::MAX)), Err(NotStored::Last));
        assert_eq!(flash.bytes, before);
    }

    #[test]
    fn the_slot_in_use_is_told_and_the_other_one_is_written() {
        let mut flash = Flash::<4, 512>::new(4096);
        assert_eq!(slots(&mut flash).in_use(&mut [0; 1024]), None);
        for (next, slot) in [(1, 512..1536), (2, 1536..2560), (3, 512..1536)] {
            store(&mut flash, &blob(next)).unwrap();
            assert_eq!(slots(&mut flash).in_use(&mut [0; 1024]), Some(slot));
        }
        assert!(flash.bytes[..512].iter().chain(&flash.bytes[2560..]).all(|byte| *byte == 0xff));
    }

    #[test]
    fn a_blob_that_worn_flash_did_not_store_leaves_the_last_one() {
        let mut flash = Flash::<4, 512>::new(4096);
        store(&mut flash, &blob(1)).unwrap();
        // In the version, which does not begin with the byte of erased flash.
        flash.worn = Some(1536 + 16);
        assert_eq!(store(&mut flash, &blob(2)), Err(NotStored::Flash));
        assert_eq!(version(&mut flash), Some(1));
    }

    #[test]
    fn a_slot_may_be_longer_than_the_memory() {
        let mut flash = Flash::<4, 512>::new(4096);
        let mut memory = [0; 520];
        let mut slots = slots(&mut flash).with_longest(memory.len());
        assert_eq!(slots.longest(), 520);
        for version in 1..4 {
            assert_eq!(slots.store(&blob(version), &mut memory, any), Ok(version));
        }
        assert_eq!(slots.load(&mut memory).map(|blob| blob.version), Some(3));
        let pins = vec![Pin::Fingerprint([9; 32]); 14];
        let long = sealed(1, &Content { version: 8, pins, ..Content::default() });
        let wanted = NotStored::TooLong { found: long.len(), wanted: 520 };
        assert_eq!(slots.store(&long, &mut memory, any), Err(wanted));
        assert_eq!(slots.load(&mut memory).map(|blob| blob.version), Some(3));
    }

    #[test]
    fn a_blob_on_its_way_is_stored_if_it_is_newer() {
        let (mut received, mut scratch) = ([0; 1024], [0; 1024]);
        let mut store = BlobStore::new(slots(Flash::<4, 512>::new(4096)), &mut received, &mut scratch);
        for (version, is_newer) in [(2, true), (1, false), (2, false), (3, true)] {
            let blob = blob(version);
            for (len, is_stored) in [(blob.len() - 1, false), (blob.len(), is_newer)] {
                store.memory()[..blob.len()].copy_from_slice(&blob);
                assert_eq!(store.take(len, any), is_stored, "{len} bytes of {version}");
                assert!([&*store.received, &*store.scratch].iter().all(|memory| memory.iter().all(|byte| *byte == 0)));
            }
        }
        store.refusals();
        assert!(store.scratch.iter().all(|byte| *byte == 0));
        assert_eq!(store.load(&mut [0; 1024]).map(|blob| blob.version), Some(3));
    }

    #[test]
    fn both_slots_tell_why_there_is_no_blob() {
        let mut flash = Flash::<4, 512>::new(4096);
        let told = |flash: &mut Flash<4, 512>| {
            let refusals = slots(flash).refusals(&mut [0; 1024]).unwrap();
            refusals.map(|(at, error)| (at, error.map(|error| error.fault)))
        };
        assert_eq!(told(&mut flash), [(512, Some(Fault::Magic)), (1536, Some(Fault::Magic))]);
        let foreign = blob_of(2, 1);
        flash.bytes[1536..1536 + foreign.len()].copy_from_slice(&foreign);
        assert_eq!(told(&mut flash), [(512, Some(Fault::Magic)), (1536, Some(Fault::Signature))]);
        store(&mut flash, &blob(1)).unwrap();
        assert_eq!(told(&mut flash)[0], (512, None));
        assert!(matches!(slots(&mut flash).refusals(&mut [0; 1023]), Err(NotStored::Memory { .. })));
    }

    #[test]
    fn halves_that_are_not_whole_sectors_make_no_slots() {
        for range in [0..512, 0..1536, 256..1280, 0..8192, 0..0] {
            let key = FleetKey::new(key(1).public_key());
            assert!(BlobSlots::new(Flash::<4, 512>::new(4096), range, key).is_none());
        }
    }
}
