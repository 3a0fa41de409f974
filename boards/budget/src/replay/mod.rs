//! A role that receives a recording of its peer, and its cost: instructions, stack, bytes on the wire.
//!
//! Runs in QEMU with `-icount`, where each instruction takes the same virtual time, so that a hardware timer counts them
//! exactly. Reading the recording, the transport and what is printed are left out.

pub mod machine;
mod provider;
pub mod timer;

pub use self::machine::fail;
pub use self::provider::{Counted, CountedSigner, Operation};

use crate::recording::{Choice, first_piece};
use crate::roles::{ANSWER, Board, ROUNDS};
use core::cell::UnsafeCell;
use core::convert::Infallible;
use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering::Relaxed};
use embedded_io::{ErrorType, Read, Write};
use embedded_mtls::x509::{Time, UnixTime};
use embedded_mtls::{CipherSuite, NamedGroup};
use semihosting::println;

/// Longest recording.
const RECORDING: usize = 8192;
/// Begin and end of the handshake, then the end of each sending and receiving.
const MARKS: usize = 2 + 2 * ROUNDS;

/// A transport that gives the recorded pieces and takes everything.
pub struct Replay {
    recording: &'static [u8],
    piece: &'static [u8],
    choice: Choice,
    seed: u8,
}

static TIMES: [AtomicU32; MARKS] = [const { AtomicU32::new(0) }; MARKS];
static MARKED: AtomicUsize = AtomicUsize::new(0);
/// Ticks that the transport took.
static LEFT_OUT: AtomicU32 = AtomicU32::new(0);
static SENT: AtomicUsize = AtomicUsize::new(0);
static RECEIVED: AtomicUsize = AtomicUsize::new(0);
/// Bytes sent and received in the handshake.
static IN_HANDSHAKE: [AtomicUsize; 2] = [const { AtomicUsize::new(0) }; 2];

/// Adds to a number. Nothing interrupts this, and a Cortex-M0 has no instruction for it.
fn add(number: &AtomicUsize, more: usize) -> usize {
    let before = number.load(Relaxed);
    number.store(before.wrapping_add(more), Relaxed);
    before
}

/// Ticks that count.
pub fn now() -> u32 {
    timer::ticks().wrapping_sub(LEFT_OUT.load(Relaxed))
}

impl Board for Replay {
    type Provider = Counted<crate::Provider>;
    type Key = CountedSigner<crate::Key>;

    fn key(&self, scalar: &[u8; 32]) -> Option<Self::Key> {
        crate::Key::from_bytes(scalar).ok().map(CountedSigner)
    }

    fn entropy(&self) -> [u8; 128] {
        crate::recording::entropy(self.seed)
    }

    fn time() -> Time {
        Time::Trusted(UnixTime(crate::pki::NOW))
    }

    fn suites(&self) -> &'static [CipherSuite] {
        self.choice.suites
    }

    fn groups(&self) -> &'static [NamedGroup] {
        self.choice.groups
    }

    fn mark() {
        let index = add(&MARKED, 1);
        if let Some(time) = TIMES.get(index) {
            time.store(now(), Relaxed);
        }
        if index == 1 {
            IN_HANDSHAKE[0].store(SENT.load(Relaxed), Relaxed);
            IN_HANDSHAKE[1].store(RECEIVED.load(Relaxed), Relaxed);
        }
    }
}

#[cfg(feature = "resumption")]
impl crate::resuming::Store for Replay {
    fn ticket(&mut self) -> &'static mut [u8] {
        const LEN: usize = embedded_mtls::Ticket::MAX_LEN;
        // `read` needs more than the file has.
        static MEMORY: Memory<{ LEN + 1 }> = Memory(UnsafeCell::new([0; LEN + 1]));
        // SAFETY: a role calls this once, so there is no other reference.
        let place = unsafe { &mut *MEMORY.0.get() };
        let len = machine::read(crate::recording::TICKET, place).len();
        &mut place[..len]
    }

    fn keep(ticket: &[u8]) {
        let _kept = core::hint::black_box(ticket);
    }
}

impl ErrorType for Replay {
    type Error = Infallible;
}

impl Read for Replay {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Infallible> {
        let start = timer::ticks();
        if self.piece.is_empty()
            && let Some((piece, rest)) = first_piece(self.recording)
        {
            (self.piece, self.recording) = (piece, rest);
        }
        let count = self.piece.len().min(buffer.len());
        let (now, later) = self.piece.split_at(count);
        buffer[..count].copy_from_slice(now);
        self.piece = later;
        add(&RECEIVED, count);
        let left_out = timer::ticks().wrapping_sub(start);
        LEFT_OUT.store(LEFT_OUT.load(Relaxed).wrapping_add(left_out), Relaxed);
        Ok(count)
    }
}

impl Write for Replay {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        add(&SENT, bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// A role of `crate::roles`, or the same of another implementation, with the memory it is lent.
pub type Role<M> = fn(Replay, M, &mut [u8; ANSWER]) -> Option<()>;

/// Runs `role` on what its peer has sent, prints what it cost and ends the emulator.
pub fn run<M>(role: Role<M>, memory: M, peer: &core::ffi::CStr, seed: u8) -> ! {
    let (choice, _) = words();
    let (board, answer) = board(choice, peer, seed);
    timer::start();
    let stack = machine::Stack::paint();
    // Not inlined: its frame counts, that of this function does not.
    let done = core::hint::black_box(role)(board, memory, answer);
    let peak = stack.peak();
    if done.is_none() || MARKED.load(Relaxed) != MARKS {
        fail("the role did not come to its end");
    }
    report(peak);
    machine::exit(0)
}

/// Returns what to negotiate, and the word behind it, if any.
pub fn words() -> (Choice, &'static str) {
    let mut words = machine::words().skip(1);
    let (Some(suite), Some(group)) = (words.next(), words.next()) else { fail("a suite and a group are needed") };
    let Some(choice) = Choice::parse(suite, group) else { fail("no such suite or group") };
    (choice, words.next().unwrap_or_default())
}

/// Returns the transport that gives what a peer has sent, and memory for answers. To be called once.
pub fn board(choice: Choice, peer: &core::ffi::CStr, seed: u8) -> (Replay, &'static mut [u8; ANSWER]) {
    static MEMORY: Memory<{ RECORDING + ANSWER }> = Memory(UnsafeCell::new([0; RECORDING + ANSWER]));
    // SAFETY: this is called once, so there is no other reference.
    let place = unsafe { &mut *MEMORY.0.get() };
    let Some((answer, recording)) = place.split_first_chunk_mut() else { fail("no memory") };
    let recording = machine::read(peer, recording);
    (Replay { recording, piece: &[], choice, seed }, answer)
}

/// Counts `work`, prints what it cost and ends the emulator.
pub fn count(work: fn() -> Option<()>) -> ! {
    timer::start();
    let stack = machine::Stack::paint();
    let start = now();
    let done = core::hint::black_box(work)();
    let ticks = now().wrapping_sub(start);
    let peak = stack.peak();
    if done.is_none() {
        fail("the chain was refused");
    }
    println!("chain {}", timer::instructions(ticks));
    for (operation, ticks) in provider::operations() {
        println!("{operation} {}", timer::instructions(ticks));
    }
    println!("stack {peak}");
    machine::exit(0)
}

fn report(stack: usize) {
    let mut before = 0;
    for (index, time) in TIMES.iter().enumerate() {
        let time = time.load(Relaxed);
        if index > 0 {
            let name = if index == 1 { "handshake" } else { "record" };
            println!("{name} {}", timer::instructions(time.wrapping_sub(before)));
        }
        before = time;
    }
    for (operation, ticks) in provider::operations() {
        println!("{operation} {}", timer::instructions(ticks));
    }
    println!("sent {}", IN_HANDSHAKE[0].load(Relaxed));
    println!("received {}", IN_HANDSHAKE[1].load(Relaxed));
    println!("stack {stack}");
    #[cfg(feature = "mbedtls")]
    println!("heap {}", crate::mbedtls::peak());
}

/// Memory for the one that calls `run`.
struct Memory<const N: usize>(UnsafeCell<[u8; N]>);

// SAFETY: there is one core, and no interrupt uses it.
unsafe impl<const N: usize> Sync for Memory<N> {}
