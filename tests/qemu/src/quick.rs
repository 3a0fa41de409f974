//! The quick start that README shows, and `Connector::dial`: each finds a server by its name and posts to it.

use crate::emulator::{Clock, Emulator, Machine, Network};
use crate::ground::Ground;
use crate::peers::{Kind, Peer};
use crate::pki::SERVER_NAME;
use crate::resolver::{self, Answer};
use crate::rows::{DELIVERED, Row, arguments, expect_end, report};
use crate::workdir::Workdir;
use crate::world::{World, free_port};

/// The quick start: its argument, and its name.
const CLIENT: (&str, &str) = ("client", "the quick start");

/// Exit status of a post that has failed.
const FAILED: u8 = 1;

/// Each way against two servers, and against one that trusts another authority.
pub(crate) fn rows() -> Vec<Row> {
    let machine = Machine::Mps2;
    let ways = [CLIENT, ("dial", "a connection that was dialled")];
    let refused = ways.map(|(way, what)| Row {
        machine: machine.name(),
        name: format!("{what} sees why its certificate is refused"),
        run: Box::new(move |world| is_refused(machine, world, way)),
    });
    let posted = ways.into_iter().flat_map(|way| [Kind::OpenSsl, Kind::Nginx].map(|peer| row(machine, way, peer)));
    posted.chain(refused).collect()
}

/// The quick start on a machine with room for it.
pub(crate) fn client(machine: Machine, peer: Kind) -> Row {
    row(machine, CLIENT, peer)
}

fn row(machine: Machine, (way, what): (&'static str, &str), peer: Kind) -> Row {
    Row {
        machine: machine.name(),
        name: format!("{what} posts to {}", peer.name()),
        run: Box::new(move |world| posts(machine, world, way, peer)),
    }
}

fn posts(machine: Machine, world: &World, way: &str, peer: Kind) -> Result<(), String> {
    let ground = Ground::new(&world.root, Some(&world.client))?;
    let (mut machine, mut peer, _wire) = start(machine, world, way, peer, &ground)?;
    let outcome = peer.attend().and_then(|_| expect_end(&mut machine, DELIVERED, &["the server answered 200"]));
    outcome.map_err(|problem| report(&problem, &machine, &peer))
}

fn is_refused(machine: Machine, world: &World, way: &str) -> Result<(), String> {
    let ground = Ground::new(&world.root, Some(&world.client_of_false_root))?;
    let (mut machine, peer, _wire) = start(machine, world, way, Kind::OpenSsl, &ground)?;
    let outcome = expect_end(&mut machine, FAILED, &["unknown_ca"]);
    outcome.map_err(|problem| report(&problem, &machine, &peer))
}

fn start(
    machine: Machine,
    world: &World,
    way: &str,
    peer: Kind,
    ground: &Ground,
) -> Result<(Emulator, Peer, Workdir), String> {
    let wire = Workdir::new()?;
    let network = Network::Named(resolver::start(&wire, &[Answer::Host])?);
    let port = free_port()?;
    let peer = Peer::start(peer, world, port, "server", &[])?;
    let more = [format!("host={SERVER_NAME}"), format!("quick={way}"), "path=/order".into()];
    let words = arguments(ground, port, &more);
    let machine = Emulator::start(machine, &machine.image(), &ground.directory(), &network, Clock::Host, &words)?;
    Ok((machine, peer, wire))
}
