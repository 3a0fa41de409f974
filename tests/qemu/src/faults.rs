//! Faults on the way: the order arrives once, with the same bytes, or stays queued.

use crate::emulator::{Clock, Emulator, Machine, Network};
use crate::ground::Ground;
use crate::peers::{Kind, Peer};
use crate::proxy::{self, Fault};
use crate::rows::{DELIVERED, Row, arguments, boot, expect_end, report};
use crate::trial::Trial;
use crate::wire::{Quality, Wire};
use crate::world::{World, free_port};

/// Exit statuses of the firmware.
const TIMEOUT: u8 = 11;
const TLS: u8 = 20;

/// The connection ends in ServerHello, after it, in Certificate, and in the answer.
const CLOSED: &[Fault] =
    &[Fault::ClosedAfter(1), Fault::ClosedAfter(100), Fault::ClosedAfter(700), Fault::ClosedAfter(1500)];
const GARBAGE: &[Fault] = &[Fault::Garbage; 8];
const STALLED: &[Fault] = &[Fault::StalledAfter(100); 8];

/// A server behind a bad proxy.
const TRIALS: &[Trial<Fault>] = &[
    Trial {
        name: "recovers from connections that end at each stage",
        script: CLOSED,
        arguments: &["pause=20"],
        status: DELIVERED,
        log: &["attempt 5", "order accepted"],
    },
    Trial {
        name: "recovers from garbage",
        script: GARBAGE.split_at(2).0,
        arguments: &["pause=20"],
        status: DELIVERED,
        log: &["attempt 3", "order accepted"],
    },
    Trial {
        name: "recovers from a changed byte",
        script: &[Fault::Changed(300)],
        arguments: &["pause=20"],
        status: DELIVERED,
        log: &["attempt 2", "order accepted"],
    },
    Trial {
        name: "recovers from a server that stalls",
        script: STALLED.split_at(1).0,
        arguments: &["patience=3000"],
        status: DELIVERED,
        log: &["no answer in time", "attempt 2", "order accepted"],
    },
    Trial {
        name: "gives up on garbage, the order stays queued",
        script: GARBAGE,
        arguments: &["attempts=3", "pause=20"],
        status: TLS,
        log: &["attempt 3", "stays queued"],
    },
    Trial {
        name: "gives up on a server that stalls, the order stays queued",
        script: STALLED,
        arguments: &["attempts=2", "patience=1000", "pause=20"],
        status: TIMEOUT,
        log: &["attempt 2", "stays queued"],
    },
];

/// All of them.
pub(crate) fn rows() -> Vec<Row> {
    let trials = TRIALS.iter().map(|trial| trial.row(Machine::Mps2, run));
    let pairs = [
        ("to the other machine", Quality { lost: 0, overtaken: 0, seed: 1 }),
        ("to the other machine, 5 % of frames lost", Quality { lost: 5, overtaken: 0, seed: 1 }),
        ("to the other machine, 5 % of frames lost, others", Quality { lost: 5, overtaken: 0, seed: 8 }),
        ("to the other machine, 20 % of frames overtaken", Quality { lost: 0, overtaken: 20, seed: 3 }),
        ("to the other machine, 5 % lost, 20 % overtaken", Quality { lost: 5, overtaken: 20, seed: 15 }),
    ];
    let pairs = pairs.into_iter().flat_map(|(name, quality)| Machine::ALL.map(|machine| (machine, name, quality)));
    let pairs = pairs.map(|(machine, name, quality)| Row {
        machine: machine.name(),
        name: format!("posts {name}"),
        run: Box::new(move |world| between_machines(machine, quality, world)),
    });
    trials.chain(pairs).collect()
}

fn run(trial: &Trial<Fault>, machine: Machine, world: &World) -> Result<(), String> {
    let ground = Ground::new(&world.root, Some(&world.client))?;
    let port = free_port()?;
    let peer = Peer::start(Kind::Ours, world, port, "server", &[])?;
    let proxy = proxy::start(port, trial.script)?;
    let mut machine = boot(machine, &ground, &arguments(&ground, proxy, &trial.words(&[])))?;
    let outcome = trial.judge(&mut machine, &ground).and_then(|()| {
        let taken = peer.printed().contains("HTTP 200, cXML 200");
        if peer.printed().contains("cXML 409") {
            return Err("the order came again with other bytes".into());
        }
        if taken == (trial.status == DELIVERED) { Ok(()) } else { Err(format!("the order is taken: {taken}")) }
    });
    outcome.map_err(|problem| report(&problem, &machine, &peer))
}

/// Two machines and a wire: one posts, the other takes.
fn between_machines(poster: Machine, quality: Quality, world: &World) -> Result<(), String> {
    let taker = if poster == Machine::Mps2 { Machine::Lm3s } else { Machine::Mps2 };
    let wire = Wire::new(quality)?;
    let start = |machine: Machine, ground: &Ground, end: u64, arguments: &[String]| {
        let (read, write) = wire.sockets(end);
        let address = if end == 0 { "52:54:00:12:34:10" } else { "52:54:00:12:34:11" };
        let network = Network::Wire { address, read, write };
        Emulator::start(machine, &machine.image(), &ground.directory(), &network, Clock::Host, arguments)
    };
    let there = Ground::new(&world.root, Some(&world.server))?;
    // As many connections as the poster may need.
    let listens = ["role=supplier:8443:9", "address=10.0.2.2", "identity=identity"].map(String::from);
    let mut supplier = start(taker, &there, 1, &listens)?;
    supplier.await_line("listening at port")?;
    let here = Ground::new(&world.root, Some(&world.client))?;
    let mut gateway = start(poster, &here, 0, &arguments(&here, 8443, &["address=10.0.2.15".into()]))?;
    let outcome = expect_end(&mut gateway, DELIVERED, &["order accepted"]).and_then(|()| {
        let (sent_orders, came) = (fingerprints(&gateway, "attempt "), fingerprints(&supplier, "order "));
        let same = sent_orders.windows(2).all(|pair| pair[0] == pair[1])
            && came.iter().all(|order| Some(order) == sent_orders.first());
        if came.is_empty() || !same {
            return Err(format!("sent {sent_orders:?}, came {came:?}"));
        }
        let harmless = quality.lost == 0 && quality.overtaken == 0;
        if harmless || wire.harmed() > 0 { Ok(()) } else { Err("no frame was harmed: take another seed".into()) }
    });
    let logs = || format!("{}\nthe other machine logged:\n{}", gateway.log().join("\n"), supplier.log().join("\n"));
    outcome.map_err(|problem| format!("{problem}\n{}", logs()))
}

/// The fingerprints of orders in the lines that contain `what`.
fn fingerprints(machine: &Emulator, what: &str) -> Vec<String> {
    let log = machine.log();
    let lines = log.iter().filter(|line| line.contains(what));
    lines.filter_map(|line| Some(line.split_once("SHA-256 ")?.1.chars().take(16).collect())).collect()
}
