//! A machine that is switched off and on again resumes its session with the ticket in its flash, and uses no ticket twice.

use crate::emulator::{Emulator, Machine};
use crate::ground::Ground;
use crate::peers::{Kind, Peer};
use crate::rows::{DELIVERED, Row, arguments, boot, expect_end, report};
use crate::time_server;
use crate::world::{World, free_port};
use std::net::TcpListener;
use std::time::{SystemTime, UNIX_EPOCH};

/// The lines of the machine's log.
const FULL: &str = "sending credential 0";
const STORED: &str = "a ticket for the next session is stored";
const OFFERED: &str = "offering the ticket of the last session";
const RESUMED: &str = "the session of an earlier connection is resumed";

/// A server that issues tickets.
struct Server {
    kind: Kind,
    options: &'static [&'static str],
    /// The line in which it says that it has resumed a session.
    resumed: &'static str,
}

/// The ticket keys of our supplier.
const KEYS: &str = "ticket.keys";

/// All of them.
pub(crate) fn rows() -> Vec<Row> {
    let ours =
        Server { kind: Kind::Ours, options: &["--ticket-keys"], resumed: "resumed, the client proved its identity" };
    vec![at_openssl(Machine::Mps2), row(Machine::Mps2, ours)]
}

/// A machine with tickets, against OpenSSL.
pub(crate) fn at_openssl(machine: Machine) -> Row {
    row(machine, Server { kind: Kind::OpenSslOfMany, options: &[], resumed: "Reused session-id" })
}

fn row(machine: Machine, server: Server) -> Row {
    Row {
        machine: machine.name(),
        name: format!("resumes from flash after a power cycle, at {}", server.kind.name()),
        run: Box::new(move |world| power_cycles(machine, &server, world)),
    }
}

/// The first start gets a ticket, and the second resumes with it. The power fails in the third once its ticket is offered:
/// the fourth has none.
fn power_cycles(machine: Machine, server: &Server, world: &World) -> Result<(), String> {
    let ground = Ground::new(&world.root, Some(&world.client))?;
    let port = free_port()?;
    world.files.write(KEYS, "2f".repeat(48))?;
    let keys = world.file(KEYS);
    let options: Vec<&str> = server.options.iter().flat_map(|option| [*option, &keys]).collect();
    let mut peer = Peer::start(server.kind, world, port, "server", &options)?;

    for (resumed, lines, absent) in [
        (0, &[FULL, STORED][..], OFFERED),
        (1, &[OFFERED, RESUMED, STORED], FULL),
        (1, &[], ""),
        (1, &[FULL, STORED], OFFERED),
    ] {
        if lines.is_empty() {
            lose_power(machine, &ground)?;
            continue;
        }
        let mut machine = start(machine, &ground, port)?;
        let outcome = peer.attend().and_then(|_| expect_end(&mut machine, DELIVERED, lines)).and_then(|()| {
            if machine.log().iter().any(|line| line.contains(absent)) {
                return Err(format!("the log says \"{absent}\""));
            }
            let found = peer.printed().matches(server.resumed).count();
            if found == resumed { Ok(()) } else { Err(format!("the server resumed {found} sessions, not {resumed}")) }
        });
        outcome.map_err(|problem| report(&problem, &machine, &peer))?;
    }
    Ok(())
}

/// Switches the machine off when it has offered its ticket to a server that does not answer.
fn lose_power(machine: Machine, ground: &Ground) -> Result<(), String> {
    let silent = TcpListener::bind(("127.0.0.1", 0)).map_err(|error| error.to_string())?;
    let port = silent.local_addr().map_err(|error| error.to_string())?.port();
    let mut machine = start(machine, ground, port)?;
    machine.await_line(OFFERED)
}

/// Switches the machine on. It has the time of this host.
fn start(machine: Machine, ground: &Ground, port: u16) -> Result<Emulator, String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|error| error.to_string())?;
    let time = format!("time=10.0.2.2:{}", time_server::start(now.as_secs())?);
    boot(machine, ground, &arguments(ground, port, &[time]))
}
