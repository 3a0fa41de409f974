//! A driver for a secure element on I2C in the manner of an ATECC608, over the traits of embedded-hal, and a mailbox
//! between the host of a handshake and the task that drives the part.
//!
//! ```text
//! handshake ── Sign ?──▶ host ── digest ──▶ Mailbox ──▶ task ── I2C ──▶ part
//!                         ◀──── r || s ─────          ◀─────── r || s ──
//! ```
//! The part sleeps, is woken, takes 32 bytes, does not answer while it computes, and gives 64 bytes. A future of the
//! handshake may be dropped meanwhile: the task continues, and the next request for the same digest gets its signature.

use core::cell::RefCell;
use core::fmt;
use core::future::poll_fn;
use core::task::Poll;

use embedded_hal_async::delay::DelayNs;
use embedded_hal_async::i2c::I2c;

/// Address of the part.
pub const ADDRESS: u8 = 0x60;
/// The response of the part after waking.
pub const AWAKE: [u8; 4] = [4, 0x11, 0x33, 0x43];
/// First byte of what is written: reset the place from which is read, go to sleep, take a command.
pub const RESET: u8 = 0;
pub const SLEEP: u8 = 1;
pub const COMMAND: u8 = 3;
/// Commands: load a digest, make a key, sign.
pub const NONCE: u8 = 0x16;
pub const GEN_KEY: u8 = 0x40;
pub const SIGN: u8 = 0x41;
/// The nonce is what is passed; a new private key is made; the message is external.
pub const PASS_THROUGH: u8 = 0x03;
pub const PRIVATE: u8 = 0x04;
pub const EXTERNAL: u8 = 0x80;
/// Status of a command that was executed, and of one that could not be.
pub const SUCCESS: u8 = 0x00;
pub const EXECUTION: u8 = 0x0f;

/// Microseconds from the pulse that wakes the part until it listens, and between two looks whether it is ready.
const WAKE: u32 = 1500;
const POLL: u32 = 2000;
/// Looks before the part is given up: more than the longest time of a command.
const LOOKS: usize = 400;
/// The number of times an answer with a wrong checksum is read.
const READS: usize = 3;

/// Why the part gave nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ElementError {
    /// It did not wake, or did not become ready again.
    Silent,
    /// Its answer has a wrong checksum, also when it is read again.
    Crc,
    /// It reports a failure, with the reason.
    Status(u8),
}

impl fmt::Display for ElementError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Silent => f.write_str("it does not answer"),
            Self::Crc => f.write_str("its answers have a wrong checksum"),
            Self::Status(EXECUTION) => f.write_str("it answers 0x0F, execution error"),
            Self::Status(status) => write!(f, "it answers {status:#04x}"),
        }
    }
}

/// The part, on its bus.
pub struct Element<I, D> {
    bus: I,
    delay: D,
}

impl<I: I2c, D: DelayNs> Element<I, D> {
    /// The part on this bus.
    pub const fn new(bus: I, delay: D) -> Self {
        Self { bus, delay }
    }

    /// Makes a private key in this slot, which never leaves it; gives the point: x and y, 32 bytes each.
    pub async fn generate(&mut self, slot: u16) -> Result<[u8; 64], ElementError> {
        let mut point = [0; 64];
        self.wake().await?;
        let made = self.command(GEN_KEY, PRIVATE, slot, &[], &mut point).await;
        self.sleep().await;
        made.map(|()| point)
    }

    /// Signs a digest with the key in this slot: `r` and `s`, 32 bytes each. It begins anew when it was dropped.
    pub async fn sign(&mut self, slot: u16, digest: &[u8; 32]) -> Result<[u8; 64], ElementError> {
        let mut signature = [0; 64];
        self.wake().await?;
        let loaded = self.command(NONCE, PASS_THROUGH, 0, digest, &mut []).await;
        let signed = match loaded {
            Ok(()) => self.command(SIGN, EXTERNAL, slot, &[], &mut signature).await,
            Err(error) => Err(error),
        };
        self.sleep().await;
        signed.map(|()| signature)
    }

    /// Wakes the part, whatever its state: it may still compute for a future that was dropped.
    async fn wake(&mut self) -> Result<(), ElementError> {
        for _ in 0..LOOKS {
            self.sleep().await;
            // A long low level on SDA. Nobody acknowledges it.
            let _ = self.bus.write(0, &[0]).await;
            self.delay.delay_us(WAKE).await;
            let mut answer = [0; 4];
            if self.bus.read(ADDRESS, &mut answer).await.is_ok() && answer == AWAKE {
                return Ok(());
            }
            self.delay.delay_us(POLL).await;
        }
        Err(ElementError::Silent)
    }

    /// Asleep it forgets the digest, and takes little current.
    async fn sleep(&mut self) {
        // It does not acknowledge if it sleeps already.
        let _ = self.bus.write(ADDRESS, &[SLEEP]).await;
    }

    /// One command; `out` is what the part answers, or nothing but its status.
    async fn command(
        &mut self,
        code: u8,
        mode: u8,
        slot: u16,
        data: &[u8],
        out: &mut [u8],
    ) -> Result<(), ElementError> {
        let [low, high] = slot.to_le_bytes();
        let mut frame = vec![COMMAND, u8::try_from(data.len() + 7).unwrap_or(u8::MAX), code, mode, low, high];
        frame.extend_from_slice(data);
        let checksum = crc(frame.get(1..).unwrap_or_default());
        frame.extend_from_slice(&checksum);
        self.bus.write(ADDRESS, &frame).await.map_err(|_| ElementError::Silent)?;

        let mut answer = vec![0; out.len().max(1) + 3];
        self.read_when_ready(&mut answer).await?;
        for _ in 0..READS {
            if let Some(content) = checked(&answer) {
                return match content {
                    content if content.len() == out.len() => {
                        out.copy_from_slice(content);
                        Ok(())
                    }
                    [SUCCESS] => Ok(()),
                    [status, ..] => Err(ElementError::Status(*status)),
                    [] => Err(ElementError::Crc),
                };
            }
            // The answer stays until the next command.
            self.bus.write(ADDRESS, &[RESET]).await.map_err(|_| ElementError::Silent)?;
            self.bus.read(ADDRESS, &mut answer).await.map_err(|_| ElementError::Silent)?;
        }
        Err(ElementError::Crc)
    }

    /// It does not acknowledge its address while it computes.
    async fn read_when_ready(&mut self, answer: &mut [u8]) -> Result<(), ElementError> {
        for _ in 0..LOOKS {
            self.delay.delay_us(POLL).await;
            if self.bus.read(ADDRESS, answer).await.is_ok() {
                return Ok(());
            }
        }
        Err(ElementError::Silent)
    }
}

/// Returns the bytes between length and checksum, if the checksum is right.
fn checked(answer: &[u8]) -> Option<&[u8]> {
    let count = usize::from(*answer.first()?);
    let (content, checksum) = answer.get(..count)?.split_last_chunk()?;
    (crc(content) == *checksum).then(|| content.get(1..)).flatten()
}

/// CRC-16 with the polynomial 0x8005, bits of each byte from the lowest, low byte first.
pub fn crc(bytes: &[u8]) -> [u8; 2] {
    let bits = bytes.iter().flat_map(|byte| (0..8).map(move |bit| u16::from((byte >> bit) & 1)));
    let crc = bits.fold(0_u16, |crc, bit| (crc << 1) ^ if bit == crc >> 15 { 0 } else { 0x8005 });
    crc.to_le_bytes()
}

/// A place in which a host leaves a digest and finds the signature; a task of its own does the work. On a device this is a
/// channel of the executor, which wakes the waiting tasks; here they are polled again.
#[derive(Default)]
pub struct Mailbox(RefCell<Job>);

#[derive(Clone, Copy, Default)]
enum Job {
    #[default]
    None,
    Asked {
        slot: u16,
        digest: [u8; 32],
    },
    Done {
        digest: [u8; 32],
        result: Result<[u8; 64], ElementError>,
    },
}

impl Mailbox {
    /// The signature of `digest` with the key in `slot`. Dropped and asked again, it waits for the same one.
    pub async fn sign(&self, slot: u16, digest: [u8; 32]) -> Result<[u8; 64], ElementError> {
        poll_fn(|context| {
            let mut job = self.0.borrow_mut();
            match *job {
                Job::Done { digest: of, result } if of == digest => {
                    *job = Job::None;
                    return Poll::Ready(result);
                }
                // Drop a signature that no task waits for any more.
                Job::None | Job::Done { .. } => *job = Job::Asked { slot, digest },
                Job::Asked { .. } => {}
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await
    }

    /// Does what is asked, for ever. The job counts as done only when it is.
    pub async fn work<I: I2c, D: DelayNs>(&self, element: &mut Element<I, D>) {
        loop {
            let (slot, digest) = poll_fn(|context| {
                if let Job::Asked { slot, digest } = *self.0.borrow() {
                    return Poll::Ready((slot, digest));
                }
                context.waker().wake_by_ref();
                Poll::Pending
            })
            .await;
            let result = element.sign(slot, &digest).await;
            *self.0.borrow_mut() = Job::Done { digest, result };
        }
    }

    /// Returns whether the part has work.
    pub fn is_busy(&self) -> bool {
        matches!(*self.0.borrow(), Job::Asked { .. })
    }
}
