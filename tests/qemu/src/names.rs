//! The supplier is known by its name: the machine asks a name server, which knows it, does not, or is silent.

use crate::emulator::{Clock, Emulator, Machine, Network};
use crate::ground::Ground;
use crate::peers::{Kind, Peer};
use crate::pki::SERVER_NAME;
use crate::resolver::{self, Answer};
use crate::rows::{DELIVERED, NETWORK, Row, arguments, expect_end, report};
use crate::workdir::Workdir;
use crate::world::{World, free_port};

/// A name server, and how the gateway takes its answers.
#[derive(Clone, Copy)]
struct Trial {
    name: &'static str,
    answers: &'static [Answer],
    arguments: &'static [&'static str],
    status: u8,
    log: &'static [&'static str],
}

const TRIALS: &[Trial] = &[
    Trial {
        name: "finds the supplier by its name",
        answers: &[Answer::Host],
        arguments: &[],
        status: DELIVERED,
        log: &["supplier.example.com has the address 10.0.2.2", "order accepted"],
    },
    Trial {
        name: "asks for the name again if the answer is lost",
        answers: &[Answer::Silence, Answer::Host],
        arguments: &[],
        status: DELIVERED,
        log: &["attempt 1 at supplier.example.com", "order accepted"],
    },
    Trial {
        name: "recovers when a name is known at last",
        answers: &[Answer::NoSuchName, Answer::NoData, Answer::Host],
        arguments: &["pause=20"],
        status: DELIVERED,
        log: &["the name has no address; again in 40 ms", "attempt 3", "order accepted"],
    },
    Trial {
        name: "a name that does not exist: the order stays queued",
        answers: &[Answer::NoSuchName],
        arguments: &["attempts=2", "pause=20"],
        status: NETWORK,
        log: &["stays queued: DNS: the name has no address"],
    },
    Trial {
        name: "a name server that is silent: the order stays queued",
        answers: &[Answer::Silence],
        arguments: &["attempts=1"],
        status: NETWORK,
        log: &["stays queued: DNS: no name server answers"],
    },
];

/// The first on both machines.
pub(crate) fn rows() -> Vec<Row> {
    let row = |machine: Machine, trial: Trial| Row {
        machine: machine.name(),
        name: trial.name.into(),
        run: Box::new(move |world| trial.run(machine, world)),
    };
    let on_one = TRIALS.iter().map(|trial| row(Machine::Mps2, *trial));
    on_one.chain(TRIALS.iter().take(1).map(|trial| row(Machine::Lm3s, *trial))).collect()
}

impl Trial {
    fn run(self, machine: Machine, world: &World) -> Result<(), String> {
        let (ground, wire) = (Ground::new(&world.root, Some(&world.client))?, Workdir::new()?);
        let network = Network::Named(resolver::start(&wire, self.answers)?);
        let port = free_port()?;
        let peer = Peer::start(Kind::Ours, world, port, "server", &[])?;
        let mut words = vec![format!("host={SERVER_NAME}")];
        words.extend(self.arguments.iter().map(ToString::to_string));
        let words = arguments(&ground, port, &words);
        let mut running =
            Emulator::start(machine, &machine.image(), &ground.directory(), &network, Clock::Host, &words)?;
        let outcome = expect_end(&mut running, self.status, self.log).and_then(|()| {
            let queued = ground.journal().is_some();
            let right = queued == (self.status != DELIVERED);
            if right { Ok(()) } else { Err(format!("the order is queued: {queued}")) }
        });
        outcome.map_err(|problem| report(&problem, &running, &peer))
    }
}
