//! The time for which the executor of a machine is blocked while its gateway does a handshake, with `Yield` and without.
//!
//! QEMU counts instructions (`-icount`): each takes the same virtual time, regardless of the load of the host, so that the machine's own
//! clock measures instructions. What is left of chance is in the keys and signatures of the run, and in the interrupts that fall
//! into the time: less than a percent.

use crate::emulator::{Clock, Emulator, Machine, Network};
use crate::ground::Ground;
use crate::peers::{Kind, Peer};
use crate::rows::{DELIVERED, Row, arguments, expect_end, report};
use crate::world::{World, free_port};

/// Virtual nanoseconds of an instruction, as a power of two: 31 million instructions a second.
const SHIFT: u32 = 5;

/// The effect of `Yield`: the handshake lets other tasks run between two public-key operations, or not.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Yield {
    Yes,
    No,
}

/// Both, on each machine, with a signer outside of the core.
pub(crate) fn rows() -> Vec<Row> {
    let row = |machine: Machine, yields: Yield, name: &str| Row {
        machine: machine.name(),
        name: name.into(),
        run: Box::new(move |world| blocked(machine, yields, world)),
    };
    let of_machine = |machine| {
        [
            row(machine, Yield::Yes, "no task waits longer than for one public-key operation"),
            row(machine, Yield::No, "without Yield, tasks wait for all that follow each other"),
        ]
    };
    Machine::ALL.into_iter().flat_map(of_machine).collect()
}

impl Machine {
    /// Thousands of instructions in which any public-key operation is done, but no two are.
    const fn one_operation(self) -> u64 {
        match self {
            Self::Mps2 | Self::Mps2Micro => 8_000,
            // Built for size.
            Self::Lm3s => 12_000,
        }
    }
}

fn blocked(machine: Machine, yields: Yield, world: &World) -> Result<(), String> {
    let ground = Ground::new(&world.root, Some(&world.client))?;
    let port = free_port()?;
    let mut peer = Peer::start(Kind::OpenSsl, world, port, "server", &[])?;
    let mut words = arguments(&ground, port, &["key=slow".into()]);
    if yields == Yield::No {
        words.push("yield=no".into());
    }
    let network = Network::User { forward: None };
    let mut running =
        Emulator::start(machine, &machine.image(), &ground.directory(), &network, Clock::Counting(SHIFT), &words)?;
    let outcome = peer.attend().and_then(|_| expect_end(&mut running, DELIVERED, &[])).and_then(|()| {
        let log = running.log();
        let line = log.iter().find_map(|line| line.split_once("blocked for ")).ok_or("the log says no time")?;
        let time: u64 = line.1.split(' ').next().and_then(|us| us.parse().ok()).ok_or("no number")?;
        // A microsecond is a thousand nanoseconds.
        let thousands = time >> SHIFT;
        println!("          blocked for at most {thousands} thousand instructions");
        let one = machine.one_operation();
        match yields {
            Yield::Yes if thousands < one => Ok(()),
            Yield::No if thousands > 2 * one => Ok(()),
            _ => Err(format!("blocked for {thousands} thousand instructions, one operation has less than {one}")),
        }
    });
    outcome.map_err(|problem| report(&problem, &running, &peer))
}
