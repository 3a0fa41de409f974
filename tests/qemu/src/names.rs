//! The supplier is known by its name: the machine asks a name server, which knows it, does not, or is silent.

use crate::emulator::{Clock, Emulator, Machine, Network};
use crate::ground::Ground;
use crate::peers::{Kind, Peer};
use crate::pki::SERVER_NAME;
use crate::resolver::{self, Answer};
use crate::rows::{DELIVERED, NETWORK, Row, arguments, report};
use crate::trial::Trial;
use crate::workdir::Workdir;
use crate::world::{World, free_port};

/// The reactions of the gateway to the answers of a name server.
const TRIALS: &[Trial<Answer>] = &[
    Trial {
        name: "finds the supplier by its name",
        script: &[Answer::Host],
        arguments: &[],
        status: DELIVERED,
        log: &["supplier.example.com has the address 10.0.2.2", "order accepted"],
    },
    Trial {
        name: "asks for the name again if the answer is lost",
        script: &[Answer::Silence, Answer::Host],
        arguments: &[],
        status: DELIVERED,
        log: &["attempt 1 at supplier.example.com", "order accepted"],
    },
    Trial {
        name: "recovers when a name is known at last",
        script: &[Answer::NoSuchName, Answer::NoData, Answer::Host],
        arguments: &["pause=20"],
        status: DELIVERED,
        log: &["the name has no address; again in 40 ms", "attempt 3", "order accepted"],
    },
    Trial {
        name: "a name that does not exist: the order stays queued",
        script: &[Answer::NoSuchName],
        arguments: &["attempts=2", "pause=20"],
        status: NETWORK,
        log: &["stays queued: DNS: the name has no address"],
    },
    Trial {
        name: "a name server that is silent: the order stays queued",
        script: &[Answer::Silence],
        arguments: &["attempts=1"],
        status: NETWORK,
        log: &["stays queued: DNS: no name server answers"],
    },
];

/// The first on both machines.
pub(crate) fn rows() -> Vec<Row> {
    let on_one = TRIALS.iter().map(|trial| trial.row(Machine::Mps2, run));
    on_one.chain(TRIALS.iter().take(1).map(|trial| trial.row(Machine::Lm3s, run))).collect()
}

fn run(trial: &Trial<Answer>, machine: Machine, world: &World) -> Result<(), String> {
    let (ground, wire) = (Ground::new(&world.root, Some(&world.client))?, Workdir::new()?);
    let network = Network::Named(resolver::start(&wire, trial.script)?);
    let port = free_port()?;
    let peer = Peer::start(Kind::Ours, world, port, "server", &[])?;
    let words = arguments(&ground, port, &trial.words(&[format!("host={SERVER_NAME}")]));
    let mut running = Emulator::start(machine, &machine.image(), &ground.directory(), &network, Clock::Host, &words)?;
    trial.judge(&mut running, &ground).map_err(|problem| report(&problem, &running, &peer))
}
