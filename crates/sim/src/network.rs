//! Connections between two ends of a network that loses, delays, reorders, duplicates and alters segments.
//!
//! A connection is a stream, as TCP offers it: a lost segment is sent again after a time limit that doubles, a segment
//! that is early waits for those before it, and a duplicate is dropped. All of this is delay to its user. Altered and
//! forged bytes are those that a checksum does not find, or that an attacker inserts.

use core::cell::{Cell, RefCell};
use core::future::poll_fn;
use core::task::{Poll, Waker};
use core::time::Duration;
use std::collections::BTreeMap;
use std::rc::Rc;

use embedded_io::ErrorKind;
use embedded_io_async::{ErrorType, Read, Write};

use crate::capture::{Conversation, Kind, Tap};
use crate::random::Random;
use crate::scenario::Network;
use crate::timeline::{Cause, Outage};
use crate::world::World;

/// The first time limit after which a segment is sent again (RFC 6298 section 2.1).
const RETRANSMIT: Duration = Duration::from_secs(1);
/// The number of times that a segment is sent again before the connection is given up.
const RETRANSMISSIONS: u32 = 8;

/// The longest segment: a packet of IP has less than 65,536 bytes.
const LONGEST: usize = 60_000;

/// The times during which a part of the network is down, in order.
#[derive(Clone, Debug, Default)]
pub struct Outages(Vec<(Duration, Duration)>);

impl Outages {
    /// Draws outages, `per_day` on average, none longer than `longest`, within `duration`.
    pub fn draw(random: &mut Random, per_day: u32, longest: Duration, duration: Duration) -> Self {
        const DAY: Duration = Duration::from_secs(86_400);
        let mut outages = Vec::new();
        let mut time = Duration::ZERO;
        // Twice the mean, since pauses are drawn evenly from zero on.
        let Some(longest_pause) = (2 * as_micros(DAY)).checked_div(per_day.into()) else { return Self::default() };
        loop {
            time += micros(random.below(longest_pause));
            if time >= duration {
                break;
            }
            let end = time + micros(random.below(as_micros(longest)));
            outages.push((time, end.min(duration)));
            time = end;
        }
        Self(outages)
    }

    /// Adds an outage.
    pub fn add(&mut self, start: Duration, end: Duration) {
        self.0.push((start, end));
        self.0.sort_unstable();
    }

    /// Returns the end of the outage that `time` is within.
    pub fn end(&self, time: Duration) -> Option<Duration> {
        self.0.iter().filter(|(start, end)| (*start..*end).contains(&time)).map(|(_, end)| *end).max()
    }

    /// Returns whether `time` is within an outage.
    pub fn contain(&self, time: Duration) -> bool {
        self.end(time).is_some()
    }

    /// Returns the start of the next outage after `time`.
    pub fn next(&self, time: Duration) -> Option<Duration> {
        self.0.iter().map(|(start, _)| *start).find(|start| *start > time)
    }

    /// Returns each outage, as one with this cause.
    pub fn spans(&self, cause: Cause) -> impl Iterator<Item = Outage> {
        self.0.iter().map(move |&(start, end)| Outage { start, end, cause })
    }

    /// Returns the number of outages.
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

/// Counts of what the network did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections.
    pub connections: u64,
    /// Bytes that were written.
    pub bytes: u64,
    /// Segments that were lost, and sent again.
    pub lost: u64,
    /// Segments that were overtaken.
    pub reordered: u64,
    /// Segments that came twice.
    pub duplicated: u64,
    /// Segments with a flipped bit.
    pub corrupted: u64,
    /// Segments that were replaced by an alert of an attacker.
    pub forged: u64,
    /// Connections that were reset.
    pub reset: u64,
    /// Directions that fell silent for ever.
    pub stalled: u64,
    /// A digest over each byte that was written, and its time.
    pub digest: u64,
}

impl Counts {
    fn mix(&mut self, bytes: &[u8]) {
        self.digest =
            bytes.iter().fold(self.digest, |digest, byte| (digest ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    }
}

/// Everything that the connections of one gateway share.
pub struct Path {
    /// The clock.
    pub world: World,
    /// The faults.
    pub faults: Network,
    /// The times without a network.
    pub outages: Outages,
    /// The end of all faults.
    pub calm: Duration,
    /// The time of the gateway's next power cut: an end that is dropped then vanishes without a word.
    pub power_cut: Cell<Duration>,
    /// The counts, which all paths share.
    pub counts: Rc<RefCell<Counts>>,
    /// The number of the gateway.
    pub gateway: u32,
    /// The capture, if this gateway is in it.
    pub tap: Option<Rc<Tap>>,
}

/// A direction of a connection.
#[derive(Default)]
struct Pipe {
    /// Segments on their way, by their time of arrival.
    sent: BTreeMap<(Duration, u64), (u64, Vec<u8>)>,
    /// Segments that have arrived, by their number.
    arrived: BTreeMap<u64, Vec<u8>>,
    /// The number of the next segment to send, and of the next to read.
    next: (u64, u64),
    copies: u64,
    /// The time from which no more comes, by a close of the other end.
    closed: Option<Duration>,
    is_reset: bool,
    is_stalled: bool,
    waker: Option<Waker>,
}

impl Pipe {
    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

/// One end of a connection: a transport of the core.
pub struct End {
    path: Rc<Path>,
    random: Random,
    out: Rc<RefCell<Pipe>>,
    input: Rc<RefCell<Pipe>>,
    /// True for the gateway's end, which has no power at times.
    is_gateway: bool,
    conversation: Option<Rc<Conversation>>,
}

/// Creates a connection along `path`, and returns the gateway's end and the supplier's.
pub fn connect(path: &Rc<Path>, random: &mut Random) -> (End, End) {
    path.counts.borrow_mut().connections += 1;
    let conversation = path.tap.as_ref().map(|tap| Rc::new(tap.conversation(path.gateway)));
    if let Some(conversation) = &conversation {
        let now = [(path.world.now(), String::new())];
        conversation.packet(true, Kind::Open, &now);
        conversation.packet(false, Kind::Open, &now);
    }
    let (there, back) = (Rc::<RefCell<Pipe>>::default(), Rc::<RefCell<Pipe>>::default());
    let mut end = |out: &Rc<RefCell<Pipe>>, input: &Rc<RefCell<Pipe>>, is_gateway| End {
        path: Rc::clone(path),
        random: Random::new(random.next()),
        out: Rc::clone(out),
        input: Rc::clone(input),
        is_gateway,
        conversation: conversation.clone(),
    };
    (end(&there, &back, true), end(&back, &there, false))
}

impl End {
    /// Returns whether faults happen now.
    fn is_faulty(&self) -> bool {
        self.path.world.now() < self.path.calm
    }

    /// Notes a packet without data in the capture.
    fn note(&self, kind: Kind<'_>, time: Duration) {
        if let Some(conversation) = &self.conversation {
            conversation.packet(self.is_gateway, kind, &[(time, String::new())]);
        }
    }

    fn chance(&mut self, per_million: u32) -> bool {
        self.is_faulty() && self.random.chance(per_million)
    }

    /// Draws the arrival of a segment; `None` if it is lost too often. Notes each time at which it is sent.
    fn arrival(&mut self, sent: &mut Vec<(Duration, String)>) -> Option<Duration> {
        let Network { min_delay, max_delay, lost, reordered, .. } = self.path.faults;
        let mut time = self.path.world.now();
        let mut pause = RETRANSMIT;
        for _ in 0..=RETRANSMISSIONS {
            if !self.path.outages.contain(time) && !self.chance(lost) {
                let span = as_micros(max_delay.saturating_sub(min_delay));
                let delay = min_delay + micros(self.random.below(span + 1));
                let is_reordered = self.chance(reordered);
                self.path.counts.borrow_mut().reordered += u64::from(is_reordered);
                sent.push((time, if is_reordered { "later ones overtake it; ".into() } else { String::new() }));
                return Some(time + if is_reordered { delay * 3 } else { delay });
            }
            self.path.counts.borrow_mut().lost += 1;
            sent.push((time, "lost; ".into()));
            time += pause;
            pause *= 2;
        }
        None
    }

    /// Alters a segment on its way; says how.
    fn alter(&mut self, bytes: &mut Vec<u8>) -> &'static str {
        let mut said = "";
        let Network { corrupted, forged, .. } = self.path.faults;
        if self.chance(corrupted) {
            let at = self.random.below(bytes.len() as u64);
            let bit = 1 << self.random.below(8);
            if let Some(byte) = usize::try_from(at).ok().and_then(|at| bytes.get_mut(at)) {
                *byte ^= bit;
            }
            self.path.counts.borrow_mut().corrupted += 1;
            said = "a bit is flipped";
        }
        if self.chance(forged) {
            // Alerts about certificates, which are final if they come from an authenticated server.
            let alert = 42 + u8::try_from(self.random.below(7)).unwrap_or(0);
            *bytes = vec![21, 3, 3, 0, 2, 2, alert];
            self.path.counts.borrow_mut().forged += 1;
            said = "an attacker has replaced it by an alert";
        }
        said
    }

    /// Sends a segment.
    fn send(&mut self, data: &[u8]) -> Result<(), ErrorKind> {
        let Network { duplicated, reset, stalled, .. } = self.path.faults;
        let mut bytes = data.to_vec();
        let altered = self.alter(&mut bytes);
        let mut sent = Vec::new();
        let mut arrivals = [self.arrival(&mut sent), None];
        if self.chance(duplicated) {
            arrivals[1] = self.arrival(&mut sent);
        }
        let (is_reset, is_stalled) = (self.chance(reset), self.chance(stalled));
        let mut counts = self.path.counts.borrow_mut();
        counts.bytes += bytes.len() as u64;
        counts.mix(&as_micros(self.path.world.now()).to_be_bytes());
        counts.mix(&bytes);
        counts.duplicated += u64::from(arrivals[1].is_some());
        counts.reset += u64::from(is_reset);
        counts.stalled += u64::from(is_stalled);
        drop(counts);
        let mut pipe = self.out.borrow_mut();
        pipe.is_stalled |= is_stalled;
        if let Some(conversation) = &self.conversation {
            let stalled = if pipe.is_stalled { "nothing arrives any more; " } else { "" };
            for (_, comment) in &mut sent {
                *comment += &[stalled, altered].concat();
            }
            conversation.packet(self.is_gateway, Kind::Data(&bytes), &sent);
        }
        pipe.is_reset |= is_reset || arrivals[0].is_none();
        if pipe.is_reset {
            let mut back = self.input.borrow_mut();
            back.is_reset = true;
            back.wake();
            pipe.wake();
            self.note(Kind::Reset, sent.last().map_or(Duration::ZERO, |(time, _)| *time));
            return Err(ErrorKind::ConnectionReset);
        }
        let number = pipe.next.0;
        pipe.next.0 += 1;
        if !pipe.is_stalled {
            for arrival in arrivals.into_iter().flatten() {
                pipe.copies += 1;
                let copy = pipe.copies;
                pipe.sent.insert((arrival, copy), (number, bytes.clone()));
            }
        }
        pipe.wake();
        Ok(())
    }
}

impl Drop for End {
    fn drop(&mut self) {
        let now = self.path.world.now();
        if self.is_gateway && now >= self.path.power_cut.get() {
            return;
        }
        let mut pipe = self.out.borrow_mut();
        let last = pipe.sent.keys().next_back().map_or(now, |(arrival, _)| *arrival);
        pipe.closed = Some(last.max(now) + self.path.faults.min_delay);
        pipe.wake();
        if !pipe.is_reset {
            self.note(Kind::Close, last.max(now));
        }
    }
}

impl ErrorType for End {
    type Error = ErrorKind;
}

impl Read for End {
    async fn read(&mut self, out: &mut [u8]) -> Result<usize, ErrorKind> {
        poll_fn(|context| {
            let mut pipe = self.input.borrow_mut();
            let pipe = &mut *pipe;
            let now = self.path.world.now();
            while let Some(entry) = pipe.sent.first_entry().filter(|entry| entry.key().0 <= now) {
                let (number, bytes) = entry.remove();
                // A duplicate of what was read, or is about to be, is dropped.
                if number >= pipe.next.1 {
                    pipe.arrived.entry(number).or_insert(bytes);
                }
            }
            if let Some(mut entry) = pipe.arrived.first_entry().filter(|entry| *entry.key() == pipe.next.1) {
                let bytes = entry.get_mut();
                let count = out.len().min(bytes.len());
                out[..count].copy_from_slice(&bytes[..count]);
                bytes.drain(..count);
                if let Some(conversation) = &self.conversation {
                    conversation.read(self.is_gateway, count);
                }
                if bytes.is_empty() {
                    entry.remove();
                    pipe.next.1 += 1;
                }
                return Poll::Ready(Ok(count));
            }
            if pipe.is_reset {
                return Poll::Ready(Err(ErrorKind::ConnectionReset));
            }
            if pipe.closed.is_some_and(|closed| closed <= now) && !pipe.is_stalled {
                return Poll::Ready(Ok(0));
            }
            pipe.waker = Some(context.waker().clone());
            let arrival = pipe.sent.keys().next().map(|(arrival, _)| *arrival);
            if let Some(time) = arrival.or(pipe.closed).filter(|time| *time > now) {
                self.path.world.wake_at(time, context.waker());
            }
            Poll::Pending
        })
        .await
    }
}

impl Write for End {
    async fn write(&mut self, data: &[u8]) -> Result<usize, ErrorKind> {
        let count = data.len().min(self.path.faults.segment.clamp(1, LONGEST));
        let is_closed = self.input.borrow().closed.is_some_and(|closed| closed <= self.path.world.now());
        if self.input.borrow().is_reset || (is_closed && self.input.borrow().sent.is_empty()) {
            return Err(ErrorKind::BrokenPipe);
        }
        self.send(&data[..count])?;
        Ok(count)
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}

/// Returns a duration as microseconds, the unit of what is drawn.
pub(crate) fn as_micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// Returns microseconds as a duration.
pub(crate) const fn micros(count: u64) -> Duration {
    Duration::from_micros(count)
}
