//! The waiting order, in flash: it survives a power cut, and is never half an order.

use core::ops::Range;
use embassy_embedded_hal::adapter::BlockingAsync;
use embassy_futures::block_on;
use embedded_storage::nor_flash::NorFlash;
use mtls_order::Journal;
use sequential_storage::Error;
use sequential_storage::cache::{Cache, Uncached};
use sequential_storage::map::{MapConfig, MapStorage};
use zeroize::{Zeroize, Zeroizing};

/// The memory that a [`FlashJournal`] borrows: the longest order, its key, and the longest word of any flash.
pub const SCRATCH: usize = 6144 + 32;

/// The key of the order.
const ORDER: u8 = 0;
/// The key of the seed of a generator of random numbers.
const SEED: u8 = 1;
/// The key of the ticket.
const TICKET: u8 = 2;
/// The key of the private key that the device has made.
const OWN_KEY: u8 = 3;

/// A journal in any NOR flash: at least two pages, each longer than an order.
///
/// Every change is appended with a checksum, and a page is erased only when all are full, which spreads the wear. The
/// newest complete entry is valid, and an empty one means that there is no order. An interrupted change therefore has
/// no effect.
pub struct FlashJournal<'m, F: NorFlash> {
    map: MapStorage<u8, BlockingAsync<F>, Cache<Uncached, Uncached, Uncached, u8>>,
    scratch: &'m mut [u8; SCRATCH],
}

impl<'m, F: NorFlash> FlashJournal<'m, F> {
    /// Creates a journal in the bytes `range` of `flash`, counted from its start; `None` if these are not two whole
    /// pages.
    pub fn new(flash: F, range: Range<u32>, scratch: &'m mut [u8; SCRATCH]) -> Option<Self> {
        let config = MapConfig::try_new(range).ok()?;
        Some(Self { map: MapStorage::new(BlockingAsync::new(flash), config, Cache::new_uncached()), scratch })
    }

    /// Returns the seed that the last start has stored.
    pub fn seed(&mut self) -> Option<[u8; 32]> {
        self.copy_array(SEED).ok()?.map(|seed| *seed)
    }

    /// Stores a seed for the next start; `false` if that fails.
    pub fn keep_seed(&mut self, seed: &[u8; 32]) -> bool {
        self.append(SEED, seed) || {
            log!(warn, "the journal did not store the seed: it is erased unless an order is waiting in it");
            !self.holds_order() && self.erase() && self.append(SEED, seed)
        }
    }

    /// Removes the ticket of the last session, copies it into `memory` and returns its length; `None` if there is none, or
    /// if it is still stored. A power cut may lose a ticket, but none is ever returned twice.
    pub fn take_ticket(&mut self, memory: &mut [u8]) -> Option<usize> {
        let len = self.copy(TICKET, memory).ok()??;
        self.append(TICKET, &[]).then_some(len)
    }

    /// Stores a ticket in place of the last one; `false` if that fails.
    pub fn keep_ticket(&mut self, ticket: &[u8]) -> bool {
        self.append(TICKET, ticket)
    }

    /// Returns the private key that the device has made; `None` if there is none, or if no journal has written what is here.
    ///
    /// # Errors
    /// [`Unreadable`]: the key may still be there.
    pub fn own_key(&mut self) -> Result<Option<Zeroizing<[u8; 32]>>, Unreadable> {
        match self.copy_array(OWN_KEY) {
            Ok(key) => Ok(key),
            Err(Fault::Content) => Ok(None),
            Err(Fault::Flash) => Err(Unreadable),
        }
    }

    /// Stores the private key that the device has made; `false` if that fails.
    pub fn keep_own_key(&mut self, key: &[u8; 32]) -> bool {
        // A journal that cannot be read has no order to lose.
        self.append(OWN_KEY, key)
            || !self.holds_order() && block_on(self.map.erase_all()).is_ok() && self.append(OWN_KEY, key)
    }

    fn holds_order(&mut self) -> bool {
        let holds = self.newest(ORDER).is_ok_and(|order| order.is_some_and(|order| !order.is_empty()));
        self.scratch.zeroize();
        holds
    }

    /// Writes `bytes` as the newest entry of `kind`, and reads it back; `false` if that fails.
    fn append(&mut self, kind: u8, bytes: &[u8]) -> bool {
        // The flash is driven without interrupts, so each future is ready at once.
        let stored = block_on(self.map.store_item(self.scratch, &kind, &bytes)).is_ok();
        let is_stored = stored && self.newest(kind) == Ok(Some(bytes));
        self.scratch.zeroize();
        is_stored
    }

    /// Returns the newest entry of `kind`, which remains in the scratch memory.
    fn newest(&mut self, kind: u8) -> Result<Option<&[u8]>, Fault> {
        block_on(self.map.fetch_item(self.scratch, &kind)).map_err(|error| match error {
            Error::Storage { .. } => Fault::Flash,
            _ => Fault::Content,
        })
    }

    /// Copies the newest entry of `kind` into `memory`, and leaves nothing of it elsewhere; `None` if there is none, if it is empty, or
    /// if it is longer.
    fn copy(&mut self, kind: u8, memory: &mut [u8]) -> Result<Option<usize>, Fault> {
        let copied = self.newest(kind).map(|entry| {
            let entry = entry.filter(|entry| !entry.is_empty())?;
            memory.get_mut(..entry.len())?.copy_from_slice(entry);
            Some(entry.len())
        });
        self.scratch.zeroize();
        copied
    }

    /// Copies the newest entry of `kind`, if it has 32 bytes.
    fn copy_array(&mut self, kind: u8) -> Result<Option<Zeroizing<[u8; 32]>>, Fault> {
        let mut bytes = Zeroizing::new([0; 32]);
        let len = self.copy(kind, &mut *bytes)?;
        Ok((len == Some(bytes.len())).then_some(bytes))
    }

    /// Erases everything but the private key of the device, whose certificate would be of no use without it.
    ///
    /// A power cut before the key is written back loses it, as does a flash from which it cannot be read: the device then needs
    /// another certificate.
    fn erase(&mut self) -> bool {
        // Without the erasure, such a flash would store no order ever again.
        let key = self.own_key().unwrap_or_default();
        block_on(self.map.erase_all()).is_ok() && key.is_none_or(|key| self.keep_own_key(&key))
    }
}

/// A failure of the flash: what it holds is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

/// The cause for which an entry cannot be read.
#[derive(Debug, PartialEq, Eq)]
enum Fault {
    /// The flash failed.
    Flash,
    /// No journal has written what is here.
    Content,
}

impl<F: NorFlash> Journal for FlashJournal<'_, F> {
    fn load(&mut self, memory: &mut [u8]) -> Option<usize> {
        let Ok(len) = self.copy(ORDER, memory) else {
            log!(error, "the journal cannot be read: an order waiting in it is lost");
            return None;
        };
        len
    }

    fn store(&mut self, order: &[u8]) -> bool {
        // At most one order waits at a time, so the content of a broken journal was delivered or never existed.
        self.append(ORDER, order) || {
            log!(warn, "the journal is erased: it did not store the order");
            self.erase() && self.append(ORDER, order)
        }
    }

    fn clear(&mut self) -> bool {
        self.append(ORDER, &[]) || self.erase()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::Pages;
    use crate::simulator::{Flash, Power};
    use std::boxed::Box;
    use std::vec::Vec;

    /// Makes an order that differs from every other one.
    fn order(number: u8, len: usize) -> Vec<u8> {
        (0..len).map(|at| number ^ u8::try_from(at % 251).unwrap()).collect()
    }

    /// Starts a device with the content of `flash`.
    fn found<F: NorFlash>(flash: F, range: Range<u32>) -> Option<Vec<u8>> {
        let (mut scratch, mut memory) = (Box::new([0; SCRATCH]), [0; 6144]);
        let len = FlashJournal::new(flash, range, &mut scratch).unwrap().load(&mut memory)?;
        Some(memory[..len].to_vec())
    }

    fn store<F: NorFlash>(flash: F, range: Range<u32>, order: &[u8]) -> bool {
        let mut scratch = Box::new([0; SCRATCH]);
        let mut journal = FlashJournal::new(flash, range, &mut scratch).unwrap();
        if order.is_empty() { journal.clear() } else { journal.store(order) }
    }

    /// Stores and clears orders until every page was used more than once; at each change the power fails at each write
    /// and each erasure, and after that the journal has to hold the state before or the one after, and to go on working.
    fn survives_each_loss_of_power<const WORD: usize, const SECTOR: usize, const PAGE: usize>(len: usize) {
        let range = || 0..u32::try_from(2 * PAGE).unwrap();
        let mut flash = Flash::<WORD, SECTOR>::new(2 * PAGE);
        let changes = 4 * (2 * PAGE).div_ceil(len + 64);
        let (mut before, mut losses) = (None, 0);
        for number in 0..u8::try_from(changes).unwrap() {
            let after = if number % 2 == 0 { order(number, len - usize::from(number % 7)) } else { Vec::new() };
            for writes in 0.. {
                let mut cut = flash.clone();
                cut.power = Power::FailsAfter(writes);
                let done = store(Pages::<_, PAGE>::new(&mut cut), range(), &after);
                if done {
                    break;
                }
                losses += 1;
                cut.power = Power::On;
                let now = found(Pages::<_, PAGE>::new(&mut cut), range());
                let whole = now == before || now.as_deref().unwrap_or_default() == after;
                assert!(whole, "change {number}, power fails after {writes} writes");
                let last = order(200, len);
                assert!(store(Pages::<_, PAGE>::new(&mut cut), range(), &last), "change {number}, {writes} writes");
                assert_eq!(found(Pages::<_, PAGE>::new(&mut cut), range()), Some(last), "{number}, {writes}");
            }
            assert!(store(Pages::<_, PAGE>::new(&mut flash), range(), &after));
            before = Some(after).filter(|order| !order.is_empty());
            assert_eq!(found(Pages::<_, PAGE>::new(&mut flash), range()), before);
        }
        assert!(flash.erasures > 2 && losses > changes, "{} {losses}", flash.erasures);
    }

    #[test]
    fn no_loss_of_power_tears_an_order_in_large_words() {
        survives_each_loss_of_power::<32, 4096, 4096>(1500);
    }

    #[test]
    fn no_loss_of_power_tears_an_order_over_two_sectors() {
        survives_each_loss_of_power::<4, 512, 1024>(400);
    }

    #[test]
    fn no_loss_of_power_tears_an_order_in_bytes() {
        survives_each_loss_of_power::<1, 256, 512>(120);
    }

    /// A device that takes its ticket, and stores orders and further tickets.
    #[derive(Clone, Copy, Debug)]
    enum Change {
        Take,
        Keep(u8),
        Store(u8),
        Clear,
    }

    /// Starts a device with the content of `flash`, which makes one change. Returns the number of the ticket that it takes.
    fn change<F: NorFlash>(flash: F, range: Range<u32>, change: Change, len: usize) -> Option<u8> {
        let (mut scratch, mut memory) = (Box::new([0; SCRATCH]), [0; 2560]);
        let mut journal = FlashJournal::new(flash, range, &mut scratch).unwrap();
        let _done = match change {
            Change::Take => {
                let taken = journal.take_ticket(&mut memory)?;
                assert_eq!(memory[..taken], order(memory[0], len), "a torn ticket");
                return Some(memory[0]);
            }
            Change::Keep(number) => journal.keep_ticket(&order(number, len)),
            Change::Store(number) => journal.store(&order(number, len)),
            Change::Clear => journal.clear(),
        };
        None
    }

    /// As long as every page is used more than once; at each change the power fails at each write and each erasure. After
    /// that the device takes the ticket before the change or the one after it, but none that it has ever taken, and the
    /// order is not affected by a change of the ticket.
    fn uses_no_ticket_twice<const WORD: usize, const SECTOR: usize, const PAGE: usize>(len: usize) {
        use Change::{Clear, Keep, Store, Take};
        let range = || 0..u32::try_from(2 * PAGE).unwrap();
        let mut flash = Flash::<WORD, SECTOR>::new(2 * PAGE);
        let (mut losses, mut last) = (0, None);
        let rounds = u8::try_from((2 * PAGE).div_ceil(len)).unwrap();
        for number in 1..=rounds {
            // The second of two tickets replaces the first.
            let (first, second) = (2 * number, 2 * number + 1);
            for (made, unused) in [
                (Keep(first), Some(first)),
                (Store(number), Some(first)),
                (Keep(second), Some(second)),
                (Take, None),
                (Take, None),
                (Clear, None),
            ] {
                for writes in 0.. {
                    let mut cut = flash.clone();
                    cut.power = Power::FailsAfter(writes);
                    let taken = change(Pages::<_, PAGE>::new(&mut cut), range(), made, len);
                    let is_cut = matches!(cut.power, Power::FailsAfter(usize::MAX));
                    assert!(
                        !is_cut || taken.is_none(),
                        "{made:?} after {writes} writes takes a ticket that may remain"
                    );
                    cut.power = Power::On;
                    let context = std::format!("{made:?} of round {number}, power fails after {writes} writes");
                    let queued = found(Pages::<_, PAGE>::new(&mut cut), range());
                    let again = change(Pages::<_, PAGE>::new(&mut cut), range(), Take, len);
                    assert!(again.is_none() || again == unused || again == last, "{context}: {again:?}");
                    assert!(taken.is_none() || again.is_none(), "{context}: {taken:?} was taken twice");
                    assert_eq!(change(Pages::<_, PAGE>::new(&mut cut), range(), Take, len), None, "{context}");
                    if matches!(made, Take | Keep(_)) {
                        assert_eq!(found(Pages::<_, PAGE>::new(&mut cut), range()), queued, "{context}");
                        assert_eq!(queued, found(Pages::<_, PAGE>::new(&mut flash.clone()), range()), "{context}");
                    }
                    if !is_cut {
                        break;
                    }
                    losses += 1;
                    change(Pages::<_, PAGE>::new(&mut cut), range(), Keep(0), len);
                    assert_eq!(change(Pages::<_, PAGE>::new(&mut cut), range(), Take, len), Some(0), "{context}");
                }
                let taken = change(Pages::<_, PAGE>::new(&mut flash), range(), made, len);
                assert!(taken.is_none() || taken == Some(second), "{made:?} of round {number}: {taken:?}");
                assert_eq!(matches!(made, Take) && last == Some(second), taken.is_some(), "{made:?} of round {number}");
                last = unused;
            }
        }
        assert!(flash.erasures > 2 && losses > usize::from(rounds), "{} {losses}", flash.erasures);
    }

    #[test]
    fn no_loss_of_power_lets_a_ticket_be_used_twice_in_large_words() {
        uses_no_ticket_twice::<32, 4096, 4096>(900);
    }

    #[test]
    fn no_loss_of_power_lets_a_ticket_be_used_twice_over_two_sectors() {
        uses_no_ticket_twice::<4, 512, 1024>(300);
    }

    #[test]
    fn no_loss_of_power_lets_a_ticket_be_used_twice_in_bytes() {
        uses_no_ticket_twice::<1, 256, 512>(100);
    }

    #[test]
    fn worn_flash_lets_no_ticket_be_used_twice() {
        let mut flash = Flash::<4, 4096>::new(16_384);
        change(Pages::<_, 8192>::new(&mut flash), 0..16_384, Change::Keep(1), 900);
        let mut refused = 0;
        // Where the entry is written that removes it.
        for worn in 900..960 {
            flash.worn = Some(worn);
            let mut flash = flash.clone();
            let taken = [(); 3].map(|()| change(Pages::<_, 8192>::new(&mut flash), 0..16_384, Change::Take, 900));
            assert!(taken.iter().flatten().count() <= 1, "{worn} is worn: {taken:?}");
            refused += usize::from(taken[0].is_none());
        }
        assert!(refused > 0);
    }

    #[test]
    fn a_seed_is_stored_beside_the_order() {
        let (mut flash, mut scratch) = (Flash::<4, 4096>::new(16_384), Box::new([0; SCRATCH]));
        for number in 0..40_u8 {
            let mut journal = FlashJournal::new(Pages::<_, 8192>::new(&mut flash), 0..16_384, &mut scratch).unwrap();
            let last = number.checked_sub(1).map(|last| [last; 32]);
            assert_eq!(journal.seed(), last);
            assert!(journal.keep_seed(&[number; 32]) && journal.store(&order(number, 2000)));
            assert_eq!(journal.seed(), Some([number; 32]));
            assert_eq!(found(Pages::<_, 8192>::new(&mut flash), 0..16_384), Some(order(number, 2000)));
        }
        assert!(flash.erasures > 2);
    }

    #[test]
    fn a_key_of_the_device_survives_orders_and_the_erasure_of_a_journal_that_stores_none() {
        let (mut flash, mut scratch) = (Flash::<4, 4096>::new(16_384), Box::new([0; SCRATCH]));
        let mut journal = FlashJournal::new(Pages::<_, 8192>::new(&mut flash), 0..16_384, &mut scratch).unwrap();
        assert_eq!(journal.own_key(), Ok(None));
        assert!(journal.keep_own_key(&[8; 32]));
        for number in 0..40_u8 {
            assert!(journal.store(&order(number, 2000)));
            assert_eq!(journal.own_key(), key(8));
        }
        assert!(!journal.store(&order(1, SCRATCH + 1)), "which erases all else");
        assert_eq!(journal.own_key(), key(8));
        assert_eq!(journal.load(&mut [0; 6144]), None);
        for mut flash in foreign() {
            let mut journal = FlashJournal::new(Pages::<_, 8192>::new(&mut flash), 0..16_384, &mut scratch).unwrap();
            assert!(journal.own_key() == Ok(None) && journal.keep_own_key(&[8; 32]));
            assert_eq!(journal.own_key(), key(8));
        }
    }

    /// The key that consists of this byte.
    #[expect(clippy::unnecessary_wraps, reason = "it is compared with what a journal returns")]
    fn key(byte: u8) -> Result<Option<Zeroizing<[u8; 32]>>, Unreadable> {
        Ok(Some(Zeroizing::new([byte; 32])))
    }

    fn own_key<F: NorFlash>(flash: F) -> Result<Option<Zeroizing<[u8; 32]>>, Unreadable> {
        FlashJournal::new(Pages::<_, 8192>::new(flash), 0..16_384, &mut Box::new([0; SCRATCH])).unwrap().own_key()
    }

    /// Makes a change at whose each write and erasure the power fails, and returns how often the key of the device is lost.
    fn lost_keys(flash: &Flash<4, 4096>, made: Change, len: usize) -> usize {
        let mut lost = 0;
        for writes in 0.. {
            let mut cut = flash.clone();
            cut.power = Power::FailsAfter(writes);
            change(Pages::<_, 8192>::new(&mut cut), 0..16_384, made, len);
            let is_cut = cut.power == Power::FailsAfter(usize::MAX);
            cut.power = Power::On;
            let found = own_key(&mut cut);
            assert!(found == key(8) || found == Ok(None), "{made:?}, {writes} writes");
            lost += usize::from(found == Ok(None));
            if !is_cut {
                break;
            }
        }
        lost
    }

    #[test]
    fn a_power_cut_costs_the_key_of_the_device_only_while_a_journal_that_stores_nothing_is_erased() {
        let (mut flash, mut scratch) = (Flash::<4, 4096>::new(16_384), Box::new([0; SCRATCH]));
        let pages = Pages::<_, 8192>::new(&mut flash);
        assert!(FlashJournal::new(pages, 0..16_384, &mut scratch).unwrap().keep_own_key(&[8; 32]));
        for number in 0..12 {
            for made in [Change::Store(number), Change::Keep(number), Change::Take, Change::Clear] {
                assert_eq!(lost_keys(&flash, made, 2000), 0, "{made:?}");
                change(Pages::<_, 8192>::new(&mut flash), 0..16_384, made, 2000);
            }
        }
        assert!(flash.erasures > 2);
        assert!(lost_keys(&flash, Change::Store(1), SCRATCH + 1) > 0);
    }

    #[test]
    fn a_flash_that_fails_is_not_one_without_a_key() {
        let mut flash = Flash::<4, 4096>::new(16_384);
        let mut scratch = Box::new([0; SCRATCH]);
        let pages = Pages::<_, 8192>::new(&mut flash);
        assert!(FlashJournal::new(pages, 0..16_384, &mut scratch).unwrap().keep_own_key(&[8; 32]));
        flash.is_unreadable = true;
        assert_eq!(own_key(&mut flash), Err(Unreadable));
        flash.is_unreadable = false;
        assert_eq!(own_key(&mut flash), key(8));
    }

    #[test]
    fn no_secret_remains_in_the_scratch_memory() {
        type Use = fn(&mut FlashJournal<'_, Pages<Flash<4, 4096>, 8192>>) -> bool;
        let uses: [Use; 8] = [
            |journal| journal.keep_own_key(&[8; 32]),
            |journal| journal.own_key() == key(8),
            |journal| journal.keep_seed(&[7; 32]),
            |journal| journal.seed() == Some([7; 32]),
            |journal| journal.keep_ticket(&[6; 900]),
            |journal| journal.take_ticket(&mut [0; 2560]) == Some(900),
            |journal| journal.store(&[5; 2000]),
            |journal| journal.load(&mut [0; 6144]) == Some(2000),
        ];
        for (number, step) in uses.into_iter().enumerate() {
            let mut scratch = Box::new([0; SCRATCH]);
            let pages = Pages::<_, 8192>::new(Flash::new(16_384));
            let mut journal = FlashJournal::new(pages, 0..16_384, &mut scratch).unwrap();
            assert!(uses[..number].iter().all(|before| before(&mut journal)) && step(&mut journal), "{number}");
            assert!(scratch.iter().all(|byte| *byte == 0), "{number}");
        }
    }

    #[test]
    fn the_longest_order_fits_and_a_longer_one_is_rejected() {
        let mut flash = Flash::<4, 4096>::new(16_384);
        for len in [6144, 6143] {
            assert!(store(Pages::<_, 8192>::new(&mut flash), 0..16_384, &order(1, len)));
            assert_eq!(found(Pages::<_, 8192>::new(&mut flash), 0..16_384), Some(order(1, len)));
        }
        assert!(!store(Pages::<_, 8192>::new(&mut flash), 0..16_384, &order(1, SCRATCH + 1)));
    }

    #[test]
    fn an_order_that_worn_flash_did_not_store_is_not_reported_as_stored() {
        let mut flash = Flash::<4, 4096>::new(16_384);
        flash.worn = Some(600);
        assert!(!store(Pages::<_, 8192>::new(&mut flash), 0..16_384, &order(1, 2000)));
        assert_eq!(found(Pages::<_, 8192>::new(&mut flash), 0..16_384), None);
    }

    /// Flashes that hold something that no journal has written.
    fn foreign() -> [Flash<4, 4096>; 4] {
        let text = b"Example Bottling, Plant 7. ";
        let fills: [fn(usize, &[u8]) -> u8; 4] =
            [|_, _| 0, |_, _| 0x55, |at, _| u8::try_from(at * 7 % 256).unwrap(), |at, text| text[at % text.len()]];
        fills.map(|fill| {
            let mut flash = Flash::new(16_384);
            flash.bytes.iter_mut().enumerate().for_each(|(at, byte)| *byte = fill(at, text));
            flash
        })
    }

    #[test]
    fn a_flash_full_of_something_else_is_taken_over_by_an_order() {
        for mut flash in foreign() {
            assert_eq!(found(Pages::<_, 8192>::new(&mut flash), 0..16_384), None);
            assert!(store(Pages::<_, 8192>::new(&mut flash), 0..16_384, &order(3, 500)));
            assert_eq!(found(Pages::<_, 8192>::new(&mut flash), 0..16_384), Some(order(3, 500)));
        }
    }

    #[test]
    fn a_flash_full_of_something_else_is_taken_over_by_a_seed() {
        for mut flash in foreign() {
            let mut scratch = Box::new([0; SCRATCH]);
            let mut journal = FlashJournal::new(Pages::<_, 8192>::new(&mut flash), 0..16_384, &mut scratch).unwrap();
            assert_eq!(journal.seed(), None);
            assert!(journal.keep_seed(&[5; 32]) && journal.store(&order(3, 500)));
            assert_eq!(journal.seed(), Some([5; 32]));
        }
    }

    #[test]
    fn a_seed_that_is_not_taken_costs_no_order() {
        let mut flash = Flash::<4, 4096>::new(16_384);
        assert!(store(Pages::<_, 8192>::new(&mut flash), 0..16_384, &order(3, 500)));
        flash.power = Power::FailsAfter(0);
        let mut scratch = Box::new([0; SCRATCH]);
        let mut journal = FlashJournal::new(Pages::<_, 8192>::new(&mut flash), 0..16_384, &mut scratch).unwrap();
        assert!(!journal.keep_seed(&[5; 32]));
        flash.power = Power::On;
        assert_eq!(found(Pages::<_, 8192>::new(&mut flash), 0..16_384), Some(order(3, 500)));
    }

    #[test]
    fn nothing_outside_of_the_range_is_touched() {
        let mut flash = Flash::<4, 4096>::new(32_768);
        flash.bytes.fill(0x55);
        for number in 0..20 {
            assert!(store(Pages::<_, 8192>::new(&mut flash), 8192..24_576, &order(number, 2000)));
        }
        assert!(flash.bytes[..8192].iter().chain(&flash.bytes[24_576..]).all(|byte| *byte == 0x55));
    }

    #[test]
    fn one_page_or_half_of_one_is_too_small_for_a_journal() {
        for range in [0..8192, 0..12_288, 4096..20_480, 0..0] {
            let flash = Pages::<_, 8192>::new(Flash::<4, 4096>::new(32_768));
            assert!(FlashJournal::new(flash, range, &mut [0; SCRATCH]).is_none());
        }
    }
}
