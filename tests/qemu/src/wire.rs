//! A wire between two machines that loses frames and lets others overtake; which ones, a seed decides.

use crate::workdir::Workdir;
use std::io;
use std::os::unix::net::UnixDatagram;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

/// Longest frame.
const MTU: usize = 1600;
/// A frame that was held back goes at last after this.
const PATIENCE: Duration = Duration::from_millis(5);

/// The faults of a wire, in hundredths.
#[derive(Clone, Copy)]
pub(crate) struct Quality {
    pub(crate) lost: u32,
    pub(crate) overtaken: u32,
    pub(crate) seed: u64,
}

/// A wire with two ends. It is cut with this value.
pub(crate) struct Wire {
    files: Workdir,
    cut: Arc<AtomicBool>,
    /// Frames that were lost or overtaken.
    harmed: Arc<AtomicU32>,
}

impl Wire {
    pub(crate) fn new(quality: Quality) -> Result<Self, String> {
        let files = Workdir::new()?;
        let (cut, harmed) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
        for (from, to) in [(0, 1), (1, 0)] {
            let socket = UnixDatagram::bind(files.file(&wire_end(from))).map_err(|error| format!("wire: {error}"))?;
            let (target, cut, harmed) = (files.file(&machine_end(to)), cut.clone(), harmed.clone());
            let dice = Dice(quality.seed * 2 + from);
            thread::spawn(move || carry(&socket, &target, quality, dice, &cut, &harmed));
        }
        Ok(Self { files, cut, harmed })
    }

    /// The number of frames lost or overtaken so far.
    pub(crate) fn harmed(&self) -> u32 {
        self.harmed.load(Ordering::Relaxed)
    }

    /// The sockets that the machine at an end, 0 or 1, reads from and writes to.
    pub(crate) fn sockets(&self, end: u64) -> (String, String) {
        (self.files.file(&machine_end(end)), self.files.file(&wire_end(end)))
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.cut.store(true, Ordering::Relaxed);
    }
}

fn machine_end(end: u64) -> String {
    format!("machine-{end}")
}

fn wire_end(end: u64) -> String {
    format!("wire-{end}")
}

/// Moves frames to `target` until the wire is cut. A machine that is not there yet loses them, as on any wire.
fn carry(socket: &UnixDatagram, target: &str, quality: Quality, mut dice: Dice, cut: &AtomicBool, harmed: &AtomicU32) {
    let (mut buffer, mut held) = ([0; MTU], None::<Vec<u8>>);
    let send = |frame: &[u8]| drop(socket.send_to(frame, target));
    while !cut.load(Ordering::Relaxed) && socket.set_read_timeout(Some(PATIENCE)).is_ok() {
        match socket.recv(&mut buffer) {
            Ok(_) if dice.says(quality.lost) => {
                harmed.fetch_add(1, Ordering::Relaxed);
            }
            Ok(len) if held.is_none() && dice.says(quality.overtaken) => {
                harmed.fetch_add(1, Ordering::Relaxed);
                held = Some(buffer[..len].to_vec());
            }
            Ok(len) => {
                send(&buffer[..len]);
                held.take().iter().for_each(|frame| send(frame));
            }
            Err(error) if [io::ErrorKind::WouldBlock, io::ErrorKind::TimedOut].contains(&error.kind()) => {
                held.take().iter().for_each(|frame| send(frame));
            }
            Err(_) => return,
        }
    }
}

/// Numbers that look random (Knuth's MMIX generator).
struct Dice(u64);

impl Dice {
    /// Returns `true` in this number of a hundred cases.
    fn says(&mut self, hundredths: u32) -> bool {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % 100 < u64::from(hundredths)
    }
}
