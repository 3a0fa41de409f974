//! A simulated secure element on a simulated I2C bus, in simulated time.
//!
//! It sleeps until it is woken and again 1.3 seconds later, acknowledges nothing while it computes, checks checksums,
//! and keeps its key. It reports failures by a status, and a [`Fault`] makes it fail.

use core::cell::{Cell, RefCell};
use core::future::poll_fn;
use core::task::Poll;
use std::collections::VecDeque;
use std::rc::Rc;

use embedded_hal_async::delay::DelayNs;
use embedded_hal_async::i2c::{ErrorKind, ErrorType, I2c, NoAcknowledgeSource, Operation};
use p256::ecdsa::signature::hazmat::PrehashSigner as _;
use p256::ecdsa::{Signature, SigningKey};

use crate::pki::Key;

use super::driver::{
    ADDRESS, AWAKE, COMMAND, EXECUTION, EXTERNAL, GEN_KEY, NONCE, PASS_THROUGH, PRIVATE, RESET, SIGN, SLEEP, SUCCESS,
    crc,
};

/// Microseconds: of a byte on a bus of 400 kHz, of loading a digest, of a signature, of a new key, awake at most.
const BYTE: u64 = 23;
const LOAD: u64 = 7_000;
const SIGNATURE: u64 = 60_000;
const KEY: u64 = 115_000;
const WATCHDOG: u64 = 1_300_000;

/// Time that passes only when a test advances it.
#[derive(Clone, Default)]
pub struct Clock(Rc<Cell<u64>>);

impl Clock {
    /// Microseconds since the beginning.
    pub fn now(&self) -> u64 {
        self.0.get()
    }

    /// Lets this number of microseconds pass.
    pub fn advance(&self, micros: u64) {
        self.0.set(self.now() + micros);
    }

    async fn wait(&self, micros: u64) {
        let end = self.now() + micros;
        poll_fn(|context| {
            if self.now() >= end {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}

impl DelayNs for Clock {
    async fn delay_ns(&mut self, nanos: u32) {
        self.wait(u64::from(nanos).div_ceil(1000)).await;
    }
}

/// The faults, once each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It does not wake until it is mended.
    Deaf,
    /// So many signatures are read with a bit that is wrong.
    Noise(usize),
    /// The next signature is refused with this status.
    Refusal(u8),
}

/// The part.
pub struct Part {
    clock: Clock,
    key: Option<SigningKey>,
    /// Until when it is awake.
    awake_until: u64,
    /// Until when it computes.
    busy_until: u64,
    digest: Option<[u8; 32]>,
    output: Vec<u8>,
    faults: VecDeque<Fault>,
    deaf: bool,
    noise: usize,
    /// Signatures that were made.
    pub signatures: usize,
    /// Reads that were not acknowledged because it computed.
    pub busy: usize,
    /// The last digest that was signed, and `r || s`.
    pub last: Option<([u8; 32], [u8; 64])>,
}

impl Part {
    /// A part without a key, asleep.
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            key: None,
            awake_until: 0,
            busy_until: 0,
            digest: None,
            output: Vec::new(),
            faults: VecDeque::new(),
            deaf: false,
            noise: 0,
            signatures: 0,
            busy: 0,
            last: None,
        }
    }

    /// Lets something go wrong.
    pub fn spoil(&mut self, fault: Fault) {
        match fault {
            Fault::Deaf => self.deaf = true,
            Fault::Noise(reads) => self.noise = reads,
            Fault::Refusal(_) => self.faults.push_back(fault),
        }
    }

    /// Nothing goes wrong any more.
    pub fn mend(&mut self) {
        self.faults.clear();
        (self.deaf, self.noise) = (false, 0);
    }

    fn is_awake(&mut self) -> bool {
        let awake = self.clock.now() < self.awake_until;
        if !awake {
            self.digest = None;
            self.output.clear();
        }
        awake
    }

    /// A byte or more for an address; `false`: not acknowledged.
    fn write(&mut self, address: u8, bytes: &[u8]) -> bool {
        let now = self.clock.now();
        if address == 0 {
            if !self.is_awake() && !self.deaf {
                self.awake_until = now + WATCHDOG;
                self.output = AWAKE.to_vec();
            }
            return false;
        }
        if address != ADDRESS || !self.is_awake() || now < self.busy_until {
            return false;
        }
        match bytes {
            [SLEEP] => self.awake_until = 0,
            [COMMAND, frame @ ..] => self.execute(frame),
            _ => {}
        }
        matches!(bytes.first(), Some(&(RESET | SLEEP | COMMAND)))
    }

    fn read(&mut self, address: u8, out: &mut [u8]) -> bool {
        if address != ADDRESS || !self.is_awake() {
            return false;
        }
        if self.clock.now() < self.busy_until {
            self.busy += 1;
            return false;
        }
        if self.output.is_empty() {
            return false;
        }
        let answer = self.output.iter().copied().chain(core::iter::repeat(0xff));
        out.iter_mut().zip(answer).for_each(|(to, from)| *to = from);
        if self.output.len() > 4
            && let Some(noise) = self.noise.checked_sub(1)
        {
            self.noise = noise;
            out.iter_mut().skip(9).take(1).for_each(|byte| *byte ^= 0x10);
        }
        true
    }

    /// Length, code, mode, slot, data, checksum.
    fn execute(&mut self, frame: &[u8]) {
        let Some((content, checksum)) = frame.split_last_chunk::<2>() else { return };
        let (takes, answer) = match content {
            _ if crc(content) != *checksum => (0, vec![0xff]),
            [_, NONCE, PASS_THROUGH, _, _, digest @ ..] => {
                self.digest = digest.try_into().ok();
                (LOAD, vec![SUCCESS])
            }
            [_, GEN_KEY, PRIVATE, 0, 0] => (KEY, self.generate()),
            [_, SIGN, EXTERNAL, 0, 0] => (SIGNATURE, self.sign()),
            _ => (0, vec![0x03]),
        };
        self.busy_until = self.clock.now() + takes;
        self.output = vec![u8::try_from(answer.len() + 3).unwrap_or(u8::MAX)];
        self.output.extend(answer);
        let checksum = crc(&self.output);
        self.output.extend(checksum);
    }

    fn generate(&mut self) -> Vec<u8> {
        // The same one in each run.
        let Ok(key) = SigningKey::from_slice(&Key::new("a secure element").scalar()) else { return vec![EXECUTION] };
        let point = key.verifying_key().to_sec1_point(false).as_bytes().get(1..).unwrap_or_default().to_vec();
        self.key = Some(key);
        point
    }

    fn sign(&mut self) -> Vec<u8> {
        if let Some(Fault::Refusal(status)) = self.faults.pop_front() {
            return vec![status];
        }
        // The digest is used up.
        let (Some(key), Some(digest)) = (&self.key, self.digest.take()) else { return vec![EXECUTION] };
        let Ok(signature) = key.sign_prehash(&digest) else { return vec![EXECUTION] };
        let signature: Signature = signature;
        let raw: [u8; 64] = signature.to_bytes().into();
        self.signatures += 1;
        self.last = Some((digest, raw));
        raw.to_vec()
    }
}

/// A bus with the part on it.
#[derive(Clone)]
pub struct Bus {
    pub part: Rc<RefCell<Part>>,
    clock: Clock,
}

impl Bus {
    /// A bus with a new part on it.
    pub fn new(clock: Clock) -> Self {
        Self { part: Rc::new(RefCell::new(Part::new(clock.clone()))), clock }
    }
}

impl ErrorType for Bus {
    type Error = ErrorKind;
}

impl I2c for Bus {
    async fn transaction(&mut self, address: u8, operations: &mut [Operation<'_>]) -> Result<(), ErrorKind> {
        for operation in operations {
            let acknowledged = match operation {
                Operation::Read(out) => self.part.borrow_mut().read(address, out),
                Operation::Write(bytes) => self.part.borrow_mut().write(address, bytes),
            };
            let bytes = match operation {
                _ if !acknowledged => 1,
                Operation::Read(out) => out.len() + 1,
                Operation::Write(bytes) => bytes.len() + 1,
            };
            self.clock.wait(BYTE * u64::try_from(bytes).unwrap_or(0)).await;
            if !acknowledged {
                return Err(ErrorKind::NoAcknowledge(NoAcknowledgeSource::Address));
            }
        }
        Ok(())
    }
}
