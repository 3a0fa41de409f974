//! QEMU with an image of ours, and what the image logs.

use crate::process::Process;
use crate::resolver::Ends;
use defmt_decoder::{DecodeError, Table};
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, fs};

/// The argument of a machine that takes a blob from its second UART.
pub(crate) const ON_LINE: &str = "line=blob";

/// The words before the name of a terminal that QEMU has made.
const NOTICE: &[u8] = b"char device redirected to ";

/// No machine runs longer.
const LIMIT: Duration = Duration::from_secs(60);

/// The machines that there are images for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Machine {
    /// Cortex-M4F with a LAN9118.
    Mps2,
    /// The same machine with the firmware that has the feature `micro`.
    Mps2Micro,
    /// Cortex-M3 with 64 KiB of RAM and a Stellaris Ethernet controller.
    Lm3s,
}

/// The network of the machine's Ethernet controller.
pub(crate) enum Network {
    /// QEMU's own network: the host's loopback is 10.0.2.2. With a port, connections to it on the host's loopback
    /// reach port 8443 of the machine.
    User { forward: Option<u16> },
    /// QEMU's own network, behind a wire with a name server of ours.
    Named(Ends),
    /// A wire: frames are read from one Unix socket and written to another.
    Wire { address: &'static str, read: String, write: String },
}

/// The pace of the machine's clock.
#[derive(Clone, Copy)]
pub(crate) enum Clock {
    /// The host's.
    Host,
    /// The instructions that were executed: each takes two to this power nanoseconds.
    Counting(u32),
}

/// A running machine. It ends with this value.
pub(crate) struct Emulator {
    process: Process,
    image: Vec<u8>,
}

impl Machine {
    /// With the default cryptography.
    pub(crate) const ALL: [Self; 2] = [Self::Mps2, Self::Lm3s];

    /// The machine that an image is for, by the name of the image.
    pub(crate) fn of_image(image: &Path) -> Option<Self> {
        let name = image.file_name()?.to_str()?;
        Self::ALL.into_iter().find(|machine| machine.crate_name() == name)
    }

    /// Its name in the table.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Mps2Micro => "an386, micro",
            Self::Mps2 | Self::Lm3s => self.model(),
        }
    }

    /// QEMU's name for it.
    const fn model(self) -> &'static str {
        match self {
            Self::Mps2 | Self::Mps2Micro => "mps2-an386",
            Self::Lm3s => "lm3s6965evb",
        }
    }

    const fn crate_name(self) -> &'static str {
        match self {
            Self::Mps2 | Self::Mps2Micro => "qemu-mps2",
            Self::Lm3s => "qemu-lm3s",
        }
    }

    const fn controller(self) -> &'static str {
        match self {
            Self::Mps2 | Self::Mps2Micro => "lan9118",
            Self::Lm3s => "stellaris",
        }
    }

    /// The folder of its crate.
    pub(crate) fn directory(self) -> String {
        boards().join(self.crate_name()).display().to_string()
    }

    /// Returns the path of the image that `cargo build --release` in the board's folder makes, or of the copy that
    /// `cargo xtask qemu` keeps of the one with the feature `micro`.
    pub(crate) fn image(self) -> PathBuf {
        let (target, image) = match self {
            Self::Mps2 => ("thumbv7em-none-eabihf", "qemu-mps2"),
            Self::Mps2Micro => ("thumbv7em-none-eabihf", "qemu-mps2-micro"),
            Self::Lm3s => ("thumbv7m-none-eabi", "qemu-lm3s"),
        };
        let boards = boards();
        let directory = env::var_os("BOARDS_TARGET_DIR").map_or_else(|| boards.join("target"), PathBuf::from);
        directory.join(target).join("release").join(image)
    }
}

fn boards() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../boards")
}

impl Emulator {
    /// Boots `image` in a directory, whose files it sees, with arguments of the form `name=value`.
    pub(crate) fn start(
        machine: Machine,
        image: &Path,
        directory: &str,
        network: &Network,
        clock: Clock,
        arguments: &[String],
    ) -> Result<Self, String> {
        let bytes =
            fs::read(image).map_err(|error| format!("{}: {error}; cargo xtask qemu builds it", image.display()))?;
        let words =
            ["arg=image"].into_iter().chain(arguments.iter().map(String::as_str)).collect::<Vec<_>>().join(",arg=");
        let mut line: Vec<String> =
            ["-M", machine.model(), "-display", "none", "-monitor", "none"].map(String::from).into();
        let serial: &[_] = if arguments.iter().any(|word| word == ON_LINE) { &["null", "pty"] } else { &["none"] };
        line.extend(serial.iter().flat_map(|serial| ["-serial".into(), (*serial).into()]));
        line.extend(["-semihosting-config".into(), format!("enable=on,target=native,{words}")]);
        line.extend(network.options(machine));
        if let Clock::Counting(shift) = clock {
            line.extend(["-icount".into(), format!("shift={shift}")]);
        }
        line.extend(["-kernel".into(), image.display().to_string()]);
        Ok(Self { process: Process::start_in(directory, "qemu-system-arm", line)?, image: bytes })
    }

    /// Returns the terminal of the host that is the other end of the second UART of a machine with [`ON_LINE`].
    pub(crate) fn terminal(&self) -> Result<String, String> {
        let said = self.process.stdout();
        let (line, _) = split_notice(&said);
        let path = line.strip_prefix(NOTICE).and_then(|rest| rest.split(|byte| *byte == b' ').next());
        let path = path.filter(|path| !path.is_empty()).ok_or("QEMU names no terminal")?;
        Ok(String::from_utf8_lossy(path).into_owned())
    }

    /// The lines of the log so far.
    pub(crate) fn log(&self) -> Vec<String> {
        decode(&self.image, &self.process.stdout())
    }

    /// Waits until the log has a line with `text`.
    pub(crate) fn await_line(&mut self, text: &str) -> Result<(), String> {
        let image = &self.image;
        let says = |process: &Process| decode(image, &process.stdout()).iter().any(|line| line.contains(text));
        self.process.await_sign(&format!("logged \"{text}\""), says)
    }

    /// Waits for its end and gives the exit status of the firmware.
    pub(crate) fn await_status(&mut self) -> Result<u8, String> {
        let status = self.process.await_status(LIMIT)?;
        let code = status.code().and_then(|code| u8::try_from(code).ok());
        code.ok_or_else(|| format!("QEMU ended with {status}: {}", self.process.stderr()))
    }

    /// Returns whether it has ended; waits a moment for it.
    pub(crate) fn ends_within(&mut self, limit: Duration) -> bool {
        self.process.await_status(limit).is_ok()
    }
}

impl Network {
    fn options(&self, machine: Machine) -> Vec<String> {
        let controller = machine.controller();
        match self {
            Self::User { forward } => {
                let forward = forward.map(|port| format!(",hostfwd=tcp:127.0.0.1:{port}-:8443")).unwrap_or_default();
                vec!["-nic".into(), format!("user,model={controller}{forward}")]
            }
            Self::Named(ends) => [
                "-netdev",
                "user,id=user",
                "-netdev",
                &dgram("far", &ends.network, &ends.from_network),
                "-netdev",
                "hubport,id=first,hubid=0,netdev=user",
                "-netdev",
                "hubport,id=second,hubid=0,netdev=far",
                "-netdev",
                &dgram("wire", &ends.machine, &ends.from_machine),
                "-net",
                &format!("nic,model={controller},netdev=wire"),
            ]
            .map(String::from)
            .into(),
            Self::Wire { address, read, write } => {
                let nic = format!("nic,model={controller},netdev=wire,macaddr={address}");
                vec!["-netdev".into(), dgram("wire", read, write), "-net".into(), nic]
            }
        }
    }
}

/// A wire with this name for QEMU.
fn dgram(id: &str, read: &str, write: &str) -> String {
    format!("dgram,id={id},local.type=unix,local.path={read},remote.type=unix,remote.path={write}")
}

/// Splits off the line in which QEMU names a terminal.
fn split_notice(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|byte| *byte == b'\n').filter(|_| bytes.starts_with(NOTICE));
    bytes.split_at(end.map_or(0, |end| end + 1))
}

/// The lines in the bytes that an image has written.
fn decode(image: &[u8], bytes: &[u8]) -> Vec<String> {
    let Ok(Some(table)) = Table::parse(image) else { return vec!["this image does not log with defmt".into()] };
    let mut decoder = table.new_stream_decoder();
    decoder.received(split_notice(bytes).1);
    let mut lines = Vec::new();
    loop {
        match decoder.decode() {
            Ok(frame) => lines.push(frame.display(false).to_string()),
            Err(DecodeError::UnexpectedEof) => return lines,
            Err(DecodeError::Malformed) => lines.push("(a line that cannot be read)".into()),
        }
    }
}
