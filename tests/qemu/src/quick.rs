//! The quick start that README shows, and `Connector::dial`: each finds a server by its name and posts to it.

use crate::emulator::{Clock, Emulator, Machine, Network};
use crate::ground::Ground;
use crate::peers::{Kind, Peer};
use crate::pki::SERVER_NAME;
use crate::resolver::{self, Answer};
use crate::rows::{DELIVERED, Row, arguments, expect_end, report};
use crate::workdir::Workdir;
use crate::world::{World, free_port};

/// The machine with room for it.
const MACHINE: Machine = Machine::Mps2;

/// Exit status of a post that has failed.
const FAILED: u8 = 1;

/// Each way against two servers, and against one that trusts another authority.
pub(crate) fn rows() -> Vec<Row> {
    let row = |way: &'static str, what: &str, peer: Kind| Row {
        machine: MACHINE.name(),
        name: format!("{what} posts to {}", peer.name()),
        run: Box::new(move |world| posts(world, way, peer)),
    };
    let ways = [("client", "the quick start"), ("dial", "a connection that was dialled")];
    let refused = ways.map(|(way, what)| Row {
        machine: MACHINE.name(),
        name: format!("{what} sees why its certificate is refused"),
        run: Box::new(move |world| is_refused(world, way)),
    });
    let posted = ways.into_iter().flat_map(|(way, what)| [Kind::OpenSsl, Kind::Nginx].map(|peer| row(way, what, peer)));
    posted.chain(refused).collect()
}

fn posts(world: &World, way: &str, peer: Kind) -> Result<(), String> {
    let ground = Ground::new(&world.root, Some(&world.client))?;
    let (mut machine, mut peer, _wire) = start(world, way, peer, &ground)?;
    let outcome = peer.attend().and_then(|_| expect_end(&mut machine, DELIVERED, &["the server answered 200"]));
    outcome.map_err(|problem| report(&problem, &machine, &peer))
}

fn is_refused(world: &World, way: &str) -> Result<(), String> {
    let ground = Ground::new(&world.root, Some(&world.client_of_false_root))?;
    let (mut machine, peer, _wire) = start(world, way, Kind::OpenSsl, &ground)?;
    let outcome = expect_end(&mut machine, FAILED, &["unknown_ca"]);
    outcome.map_err(|problem| report(&problem, &machine, &peer))
}

fn start(world: &World, way: &str, peer: Kind, ground: &Ground) -> Result<(Emulator, Peer, Workdir), String> {
    let wire = Workdir::new()?;
    let network = Network::Named(resolver::start(&wire, &[Answer::Host])?);
    let port = free_port()?;
    let peer = Peer::start(peer, world, port, "server", &[])?;
    let more = [format!("host={SERVER_NAME}"), format!("quick={way}"), "path=/order".into()];
    let words = arguments(ground, port, &more);
    let machine = Emulator::start(MACHINE, &MACHINE.image(), &ground.directory(), &network, Clock::Host, &words)?;
    Ok((machine, peer, wire))
}
