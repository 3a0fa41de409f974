//! The ring: records in lent bytes, in which new records replace the oldest.
//!
//! ```text
//! bytes    [ header | header | records, around and around ]
//! header   magic 4 | number of the header 2 | start 2 | used 2 | lost 4 | connection 2 | warning 2 | on 1 | check 2
//! record   length 1 | connection 2 | event | check 2
//! ```
//! The headers are written alternately; the intact one with the later number is valid. First, a header releases the
//! records to be replaced, then the new record is written there, then a header includes it. So if writing stops at any
//! point, at a reset or power cut, the ring is intact, with or without the new record.

use super::event::{LogEvent, MAX_BODY, Record};
use crate::codec::{Writer, copy};
use core::sync::atomic::{AtomicU8, Ordering::Relaxed};

const MAGIC: [u8; 4] = *b"mTE1";
const HEADER: usize = 21;
/// The position in a header of the flag that the ring records.
const ON: usize = HEADER - 3;
/// Before the records.
const HEAD: usize = 2 * HEADER;
/// Length, connection and check sum.
const AROUND: usize = 5;
const MAX_RECORD: usize = MAX_BODY + AROUND;
/// Offsets are two bytes.
const MAX_CAPACITY: usize = 65_535;

/// A ring for events in the program's memory. A copy refers to the same ring.
///
/// Its bytes are atomic, so that connections that use it may move between threads and cores. They are written one by
/// one and without a lock: connections that run at the same time on two threads or cores need separate rings. With a
/// shared ring they damage records, which [`records`](Self::records) detects. 1 KiB holds about two handshakes.
#[derive(Clone, Copy)]
pub struct EventRing<'m> {
    bytes: &'m [AtomicU8],
}

/// The bytes of a ring, for example from a device: checked and read-only.
#[derive(Clone, Copy)]
pub struct EventDump<'d> {
    bytes: Bytes<'d>,
    header: Header,
}

/// The records of a ring, the oldest first.
#[derive(Clone)]
struct Records<'d> {
    bytes: Bytes<'d>,
    header: Header,
    /// Bytes that are read.
    read: usize,
}

/// The reason why bytes are not a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum DumpError {
    /// The ring was damaged: a checksum is wrong.
    Damaged,
    /// It is not a ring, or a ring of another version.
    NoRing,
}

/// The position of the records, and the settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Header {
    number: u16,
    start: u16,
    used: u16,
    lost: u32,
    connection: u16,
    /// Days before the end of validity at which it becomes an event.
    warning: u16,
    on: bool,
}

/// Bytes that are read: those of a ring in use, or of a dump.
#[derive(Clone, Copy)]
enum Bytes<'d> {
    Live(&'d [AtomicU8]),
    Dump(&'d [u8]),
}

impl<'m> EventRing<'m> {
    /// The minimum size of the memory.
    pub const MIN: usize = HEAD + MAX_RECORD;
    /// Days before the end of validity at which a chain becomes [`LogEvent::Expiring`], by default; see
    /// [`set_expiry_warning`](Self::set_expiry_warning).
    pub const EXPIRY_WARNING: u16 = 30;

    /// Creates an empty ring that records. At most 65,577 bytes of the memory are used. `None` if it is smaller than
    /// [`MIN`](Self::MIN). The memory may be a static:
    ///
    /// ```
    /// # use core::sync::atomic::AtomicU8;
    /// # use embedded_mtls::events::EventRing;
    /// static MEMORY: [AtomicU8; 1024] = [const { AtomicU8::new(0) }; 1024];
    /// assert!(EventRing::new(&MEMORY).is_some());
    /// ```
    pub fn new(memory: &'m [AtomicU8]) -> Option<Self> {
        let ring = Self::over(memory)?;
        ring.clear();
        Some(ring)
    }

    /// Resumes the ring in the memory, for example after a reset, and records that ([`LogEvent::Resumed`]); if there is
    /// none, or it is damaged, creates an empty one. `None` if the memory is smaller than [`MIN`](Self::MIN).
    pub fn resume(memory: &'m [AtomicU8]) -> Option<Self> {
        let ring = Self::over(memory)?;
        if ring.records().is_ok() {
            ring.write(ring.header().connection, &LogEvent::Resumed);
        } else {
            ring.clear();
        }
        Some(ring)
    }

    fn over(memory: &'m [AtomicU8]) -> Option<Self> {
        let len = memory.len().min(HEAD.saturating_add(MAX_CAPACITY));
        let bytes = memory.get(..len)?;
        (len >= Self::MIN).then_some(Self { bytes })
    }

    /// Clears the ring; connections are counted from 1 again.
    pub fn clear(&self) {
        // The next header is written to the other slot, so both old ones have to be invalid.
        self.bytes.iter().take(HEAD).for_each(|byte| byte.store(0, Relaxed));
        self.write_header(&Header::EMPTY);
    }

    /// Switches recording on or off, also for connections that already use the ring. Existing records stay.
    pub fn set_enabled(&self, on: bool) {
        // Written to both headers, so that `write` can check it without reading a whole header.
        self.write_header(&Header { on, ..self.header() });
        self.write_header(&Header { on, ..self.header() });
    }

    /// Sets the days before the end of validity at which our chain and that of the peer are [`LogEvent::Expiring`].
    pub fn set_expiry_warning(&self, days: u16) {
        self.write_header(&Header { warning: days, ..self.header() });
    }

    /// Iterates over the records, the oldest first.
    ///
    /// # Errors
    /// [`DumpError`] if something else has written into the memory.
    pub fn records(&self) -> Result<impl Iterator<Item = Record> + Clone + use<'m>, DumpError> {
        let bytes = Bytes::Live(self.bytes);
        EventDump::of(bytes).map(|dump| dump.read())
    }

    /// Returns the number of records that were replaced by newer ones.
    pub fn lost(&self) -> u32 {
        self.header().lost
    }

    /// Copies the bytes of the ring into `out`, for [`EventDump::parse`] elsewhere; returns the number of its bytes. If
    /// that exceeds the space, the copy cannot be read.
    pub fn copy_to(&self, out: &mut [u8]) -> usize {
        out.iter_mut().zip(self.bytes).for_each(|(to, from)| *to = from.load(Relaxed));
        self.bytes.len()
    }

    /// Returns the number of the next connection.
    pub(super) fn begin(&self) -> u16 {
        let header = self.header();
        let connection = header.connection.wrapping_add(1);
        self.write_header(&Header { connection, ..header });
        connection
    }

    pub(super) fn expiry_warning(&self) -> u16 {
        self.header().warning
    }

    /// Appends a record.
    pub(super) fn write(&self, connection: u16, event: &LogEvent) {
        let off = |start: usize| self.bytes.get(start.saturating_add(ON)).is_some_and(|on| on.load(Relaxed) == 0);
        if off(0) && off(HEADER) {
            return;
        }
        let mut header = self.header();
        if !header.on {
            return;
        }
        let mut record = [0; MAX_RECORD];
        let Some(record) = emit(connection, event, &mut record) else { return };
        let capacity = self.capacity();
        let len = u16::try_from(record.len()).unwrap_or(u16::MAX);
        let used_before = header.used;
        while usize::from(header.used).saturating_add(record.len()) > capacity {
            let oldest = u16::from(self.record_byte(header.start, 0));
            if oldest == 0 || oldest > header.used {
                // Something else has written into the memory.
                return self.clear();
            }
            header.start = self.at(header.start, oldest);
            header.used = header.used.saturating_sub(oldest);
            header.lost = header.lost.saturating_add(1);
        }
        if header.used != used_before {
            self.write_header(&header);
        }
        let end = self.at(header.start, header.used);
        for (place, byte) in (0..).zip(record) {
            self.set(HEAD.saturating_add(self.at(end, place).into()), *byte);
        }
        header.used = header.used.saturating_add(len);
        self.write_header(&header);
    }

    fn capacity(&self) -> usize {
        self.bytes.len().saturating_sub(HEAD)
    }

    /// Returns the position `offset` bytes after `start`, wrapping around the end.
    fn at(&self, start: u16, offset: u16) -> u16 {
        wrap(start, offset, self.capacity())
    }

    fn record_byte(&self, start: u16, offset: u16) -> u8 {
        let place = HEAD.saturating_add(self.at(start, offset).into());
        self.bytes.get(place).map_or(0, |byte| byte.load(Relaxed))
    }

    /// Returns the valid header, or that of an empty ring.
    fn header(&self) -> Header {
        Bytes::Live(self.bytes).header().unwrap_or(Header::EMPTY)
    }

    /// Writes a header in place of the older one.
    fn write_header(&self, header: &Header) {
        let number = self.header().number.wrapping_add(1);
        let start = if number.is_multiple_of(2) { 0 } else { HEADER };
        for (place, byte) in (start..).zip(Header { number, ..*header }.emit()) {
            self.set(place, byte);
        }
    }

    /// Writes a byte; all writes go through this function.
    fn set(&self, place: usize, byte: u8) {
        #[cfg(test)]
        if tests::power_fails() {
            return;
        }
        if let Some(to) = self.bytes.get(place) {
            to.store(byte, Relaxed);
        }
    }
}

impl Header {
    const EMPTY: Self =
        Self { number: 0, start: 0, used: 0, lost: 0, connection: 0, warning: EventRing::EXPIRY_WARNING, on: true };

    fn emit(self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        let mut w = Writer::new(&mut bytes);
        w.bytes(&MAGIC);
        for number in [self.number, self.start, self.used] {
            w.u16(number);
        }
        w.bytes(&self.lost.to_be_bytes());
        w.u16(self.connection);
        w.u16(self.warning);
        w.u8(self.on.into());
        let check = check_sum(bytes.iter().take(HEADER - 2).copied());
        let mut w = Writer::new(bytes.last_chunk_mut::<2>().map_or(&mut [], |last| last));
        w.u16(check);
        bytes
    }

    fn parse(bytes: [u8; HEADER]) -> Option<Self> {
        let [m1, m2, m3, m4, n1, n2, s1, s2, u1, u2, l1, l2, l3, l4, c1, c2, w1, w2, on, _, _] = bytes;
        (Self::is_intact(&bytes) && [m1, m2, m3, m4] == MAGIC).then_some(Self {
            number: u16::from_be_bytes([n1, n2]),
            start: u16::from_be_bytes([s1, s2]),
            used: u16::from_be_bytes([u1, u2]),
            lost: u32::from_be_bytes([l1, l2, l3, l4]),
            connection: u16::from_be_bytes([c1, c2]),
            warning: u16::from_be_bytes([w1, w2]),
            on: on != 0,
        })
    }

    fn is_intact(bytes: &[u8; HEADER]) -> bool {
        let sum = check_sum(bytes.iter().take(HEADER - 2).copied());
        bytes.last_chunk() == Some(&sum.to_be_bytes())
    }
}

impl Bytes<'_> {
    fn get(&self, place: usize) -> Option<u8> {
        match self {
            Self::Live(bytes) => bytes.get(place).map(|byte| byte.load(Relaxed)),
            Self::Dump(bytes) => bytes.get(place).copied(),
        }
    }

    const fn len(&self) -> usize {
        match self {
            Self::Live(bytes) => bytes.len(),
            Self::Dump(bytes) => bytes.len(),
        }
    }

    fn array<const N: usize>(&self, start: usize) -> [u8; N] {
        let mut bytes = [0; N];
        (start..).zip(&mut bytes).for_each(|(place, byte)| *byte = self.get(place).unwrap_or(0));
        bytes
    }

    /// Returns the intact header with the later number.
    fn header(&self) -> Option<Header> {
        let [first, second] = [0, HEADER].map(|start| Header::parse(self.array(start)));
        match (first, second) {
            // Numbers wrap around; the two are consecutive.
            (Some(first), Some(second)) if second.number == first.number.wrapping_add(1) => Some(second),
            (first, second) => first.or(second),
        }
    }
}

impl<'d> EventDump<'d> {
    /// Finds the ring in these bytes.
    ///
    /// # Errors
    /// [`DumpError`] if there is none, or it is incomplete.
    pub fn parse(bytes: &'d [u8]) -> Result<Self, DumpError> {
        let used = bytes.len().min(HEAD.saturating_add(MAX_CAPACITY));
        Self::of(Bytes::Dump(bytes.get(..used).unwrap_or_default()))
    }

    fn of(bytes: Bytes<'d>) -> Result<Self, DumpError> {
        let magic = |start| bytes.array::<4>(start) == MAGIC;
        if !magic(0) && !magic(HEADER) {
            return Err(DumpError::NoRing);
        }
        let header = bytes.header().ok_or(DumpError::Damaged)?;
        let capacity = bytes.len().saturating_sub(HEAD);
        if usize::from(header.used) > capacity || usize::from(header.start) >= capacity {
            return Err(DumpError::Damaged);
        }
        let dump = Self { bytes, header };
        let mut records = dump.read();
        while records.read < header.used.into() {
            records.advance().ok_or(DumpError::Damaged)?;
        }
        Ok(dump)
    }

    /// Iterates over the records, the oldest first.
    pub fn records(&self) -> impl Iterator<Item = Record> + Clone + use<'d> {
        self.read()
    }

    const fn read(&self) -> Records<'d> {
        Records { bytes: self.bytes, header: self.header, read: 0 }
    }

    /// Returns the number of records that were replaced by newer ones.
    pub const fn lost(&self) -> u32 {
        self.header.lost
    }
}

impl Records<'_> {
    /// Reads the next record; `None` if it is damaged.
    fn advance(&mut self) -> Option<Record> {
        let capacity = self.bytes.len().saturating_sub(HEAD);
        let byte = |offset: usize| {
            let offset = u16::try_from(self.read.saturating_add(offset)).ok()?;
            self.bytes.get(HEAD.saturating_add(wrap(self.header.start, offset, capacity).into()))
        };
        let len = usize::from(byte(0)?);
        let left = usize::from(self.header.used).saturating_sub(self.read);
        let mut record = [0; MAX_RECORD];
        let record = record.get_mut(..len).filter(|record| record.len() > AROUND && record.len() <= left)?;
        for (offset, to) in record.iter_mut().enumerate() {
            *to = byte(offset)?;
        }
        let (rest, sum) = record.split_last_chunk::<2>()?;
        if check_sum(rest.iter().copied()).to_be_bytes() != *sum {
            return None;
        }
        let [_, high, low, event @ ..] = rest else { return None };
        self.read = self.read.saturating_add(len);
        Some(Record { connection: u16::from_be_bytes([*high, *low]), event: LogEvent::parse(event) })
    }
}

impl Iterator for Records<'_> {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        if self.read < self.header.used.into() { self.advance() } else { None }
    }
}

/// Returns the bytes of a record; `None` if it is too long, which none is.
fn emit<'r>(connection: u16, event: &LogEvent, buffer: &'r mut [u8; MAX_RECORD]) -> Option<&'r [u8]> {
    let mut w = Writer::new(buffer);
    w.u8(0);
    w.u16(connection);
    event.emit(&mut w);
    let len = w.finish().ok()?;
    let total = len.saturating_add(2);
    *buffer.first_mut()? = u8::try_from(total).ok()?;
    let sum = check_sum(buffer.iter().take(len).copied());
    copy(buffer.get_mut(len..total)?, &sum.to_be_bytes());
    buffer.get(..total)
}

/// Returns `start + offset`, wrapping around the end. Both are smaller than the capacity, or the offset is as large.
fn wrap(start: u16, offset: u16, capacity: usize) -> u16 {
    let place = usize::from(start).saturating_add(offset.into());
    u16::try_from(if place >= capacity { place.saturating_sub(capacity) } else { place }).unwrap_or(0)
}

/// Computes CRC-16/CCITT, four bits at a time.
fn check_sum(bytes: impl Iterator<Item = u8>) -> u16 {
    bytes.fold(u16::MAX, |sum, byte| {
        [byte >> 4, byte & 0xf].iter().fold(sum, |sum, half| {
            let index = (sum >> 12) ^ u16::from(*half);
            // The sum of the polynomial x^16 + x^12 + x^5 + 1 shifted by each set bit of the index.
            (sum << 4) ^ index ^ (index << 5) ^ (index << 12)
        })
    })
}

/// Omits the bytes, which are for dumps.
impl core::fmt::Debug for EventRing<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("EventRing").field("len", &self.bytes.len()).field("lost", &self.lost()).finish_non_exhaustive()
    }
}

impl core::fmt::Debug for EventDump<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("EventDump").field("len", &self.bytes.len()).field("lost", &self.lost()).finish_non_exhaustive()
    }
}

impl core::fmt::Display for DumpError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Damaged => "the ring of events is damaged: a checksum is wrong",
            Self::NoRing => "these bytes are not a ring of events, or a ring of another version",
        })
    }
}

impl core::error::Error for DumpError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::AlertDescription;
    use crate::events::event::{Direction, NameOf};
    use crate::events::text::Text;
    use std::cell::Cell;
    use std::string::String;
    use std::thread_local;
    use std::vec;
    use std::vec::Vec;

    thread_local! {
        /// Bytes that are written before the power fails.
        static POWER: Cell<usize> = const { Cell::new(usize::MAX) };
    }

    pub(super) fn power_fails() -> bool {
        POWER.with(|left| {
            let now = left.get();
            left.set(now.saturating_sub(1));
            now == 0
        })
    }

    fn atomic(bytes: &[u8]) -> Vec<AtomicU8> {
        bytes.iter().map(|byte| AtomicU8::new(*byte)).collect()
    }

    fn event(number: u32) -> LogEvent {
        match number % 3 {
            0 => LogEvent::Flight { direction: Direction::Sent, bytes: number },
            1 => LogEvent::Accepted,
            _ => LogEvent::Name { of: NameOf::Subject, text: Text::new(&"n".repeat(number as usize % 41)) },
        }
    }

    fn records(ring: EventRing<'_>) -> Vec<LogEvent> {
        ring.records().unwrap().map(|record| record.event).collect()
    }

    #[test]
    fn the_check_sum_is_crc_16_ccitt() {
        assert_eq!(check_sum(b"123456789".iter().copied()), 0x29b1);
    }

    #[test]
    fn the_oldest_records_make_room_whole_and_are_counted() {
        for size in [EventRing::MIN, 150, 257, 1000] {
            let memory = atomic(&vec![0xa5; size]);
            let ring = EventRing::new(&memory).unwrap();
            for number in 0..500 {
                ring.write(7, &event(number));
                let found = records(ring);
                let lost = number + 1 - u32::try_from(found.len()).unwrap();
                assert_eq!(ring.lost(), lost);
                let expected: Vec<_> = (lost..=number).map(event).collect();
                assert_eq!(found, expected, "{size} {number}");
            }
            assert!(ring.lost() > 0);
        }
    }

    #[test]
    fn a_dump_has_the_records_of_the_ring() {
        let memory = [const { AtomicU8::new(0) }; 300];
        let ring = EventRing::new(&memory).unwrap();
        let connection = ring.begin();
        (0..99).for_each(|number| ring.write(connection, &event(number)));
        let (live, lost) = (records(ring), ring.lost());
        let mut copy = [0; 400];
        assert_eq!(ring.copy_to(&mut copy), 300);
        let dump = EventDump::parse(&copy[..300]).unwrap();
        assert_eq!((dump.records().map(|record| record.event).collect::<Vec<_>>(), dump.lost()), (live, lost));
        assert!(dump.records().all(|record| record.connection == 1));
    }

    #[test]
    fn memory_that_is_not_a_ring_is_recognized_and_reset() {
        for garbage in [0_u8, 0xff, 0x5a] {
            let memory = [garbage; 200];
            assert_eq!(EventDump::parse(&memory).err(), Some(DumpError::NoRing));
            let memory = atomic(&memory);
            let ring = EventRing::resume(&memory).unwrap();
            assert_eq!(records(ring), []);
        }
        assert!(EventRing::new(&atomic(&[0; EventRing::MIN - 1])).is_none());
        assert_eq!(EventDump::parse(&[]).err(), Some(DumpError::NoRing));
    }

    #[test]
    fn a_ring_is_taken_up_again_with_its_settings() {
        let memory = [const { AtomicU8::new(0) }; 200];
        let ring = EventRing::new(&memory).unwrap();
        ring.set_expiry_warning(9);
        let first = ring.begin();
        ring.write(first, &event(0));
        let ring = EventRing::resume(&memory).unwrap();
        assert_eq!(records(ring), [event(0), LogEvent::Resumed]);
        assert_eq!((ring.expiry_warning(), ring.begin()), (9, 2));
    }

    #[test]
    fn a_disabled_ring_records_nothing_until_it_is_enabled_again() {
        let memory = [const { AtomicU8::new(0) }; 200];
        let ring = EventRing::new(&memory).unwrap();
        ring.write(1, &event(0));
        ring.set_enabled(false);
        ring.write(1, &event(1));
        assert!(!ring.header().on);
        ring.set_enabled(true);
        ring.write(1, &event(2));
        assert_eq!(records(ring), [event(0), event(2)]);
    }

    /// Each bit of a ring that is full, flipped: the records are those of before, or the damage is seen. One of the two
    /// headers may be the older one, of which nothing depends, and so may the bytes behind the newest record.
    #[test]
    fn no_flipped_bit_makes_another_record() {
        let memory = [const { AtomicU8::new(0) }; 160];
        let ring = EventRing::new(&memory).unwrap();
        (0..30).for_each(|number| ring.write(1, &event(number)));
        let before = records(ring);
        let mut memory = [0; 160];
        ring.copy_to(&mut memory);
        let mut seen = 0;
        for bit in 0..memory.len() * 8 {
            let mut flipped = memory;
            flipped[bit / 8] ^= 1 << (bit % 8);
            match EventDump::parse(&flipped) {
                Err(_) => seen += 1,
                // Without its last header a ring is what it was one step earlier.
                Ok(dump) => {
                    let found: Vec<_> = dump.records().map(|record| record.event).collect();
                    assert!(found == before || before.starts_with(&found), "{bit}: {found:?}");
                }
            }
        }
        assert!(seen > memory.len() * 8 / 3, "{seen}");
    }

    #[test]
    fn a_write_that_is_cut_short_anywhere_leaves_what_was_there_or_one_record_more() {
        let memory = [const { AtomicU8::new(0) }; 170];
        let ring = EventRing::new(&memory).unwrap();
        for number in 0..40 {
            let before = records(ring);
            let mut image = [0; 170];
            ring.copy_to(&mut image);
            let new = event(number);
            for cut in 0..120 {
                let torn = atomic(&image);
                let ring = EventRing { bytes: &torn };
                POWER.with(|left| left.set(cut));
                ring.write(1, &new);
                POWER.with(|left| left.set(usize::MAX));
                let found = records(ring);
                // Some of the oldest have made room.
                let kept = before.ends_with(&found);
                let (last, rest) = found.split_last().map_or((None, &[][..]), |(last, rest)| (Some(last), rest));
                assert!(kept || (last == Some(&new) && before.ends_with(rest)), "{number} {cut}: {found:?}");
            }
            ring.write(1, &new);
        }
    }

    #[test]
    fn a_ring_lists_itself_in_lines() {
        let memory = [const { AtomicU8::new(0) }; 200];
        let ring = EventRing::new(&memory).unwrap();
        let connection = ring.begin();
        ring.write(connection, &LogEvent::Began { client: true });
        let alert = AlertDescription::CLOSE_NOTIFY;
        ring.write(connection, &LogEvent::Alert { direction: Direction::Received, description: alert });
        let lines: Vec<String> = ring.records().unwrap().map(|record| std::format!("{record}")).collect();
        assert_eq!(lines, ["#1 new connection as client", "#1 received alert 0 (close_notify)"]);
    }
}
