//! `cargo run --release` in the folder of a board: its image once, with our supplier at the other end.

use crate::emulator::{Clock, Emulator, Machine, Network};
use crate::ground::Ground;
use crate::peers::{Kind, Peer};
use crate::process::Process;
use crate::rows::{DELIVERED, FAULTED, Row, arguments};
use crate::world::{World, free_port};
use std::path::Path;
use std::thread;
use std::time::Duration;

/// Nothing is left to build but what Cargo wants to look at; it waits while another Cargo builds.
const LIMIT: Duration = Duration::from_secs(300);

/// Cargo, as a user runs it.
pub(crate) fn rows() -> Vec<Row> {
    let row = |machine: Machine| Row {
        machine: machine.name(),
        name: "cargo run --release in its folder posts an order".into(),
        run: Box::new(move |_| cargo_run(machine)),
    };
    Machine::ALL.map(row).into()
}

fn cargo_run(machine: Machine) -> Result<(), String> {
    let line = ["run", "--release", "--locked", "--quiet", "--"];
    for (word, status, signs) in [
        ("pause=20", DELIVERED, &["order accepted: Delivered", "HTTP 200, cXML 200 for order"][..]),
        ("fault=overflow", FAULTED, &[]),
    ] {
        let mut cargo = Process::start_in(&machine.directory(), "cargo", line.into_iter().chain([word]))?;
        let found = cargo.await_status(LIMIT)?.code();
        let printed = format!("{}{}", String::from_utf8_lossy(&cargo.stdout()), cargo.stderr());
        if found != Some(status.into()) || !signs.iter().all(|sign| printed.contains(sign)) {
            return Err(format!("exit status {found:?}, expected {status} and {signs:?}; it printed:\n{printed}"));
        }
    }
    Ok(())
}

/// Boots an image once, prints what it logs, and gives its exit status. With `in=FOLDER`, the machine sees that folder, and no supplier
/// is started.
pub(crate) fn post(world: &World, image: &str, more: &[String]) -> Result<u8, String> {
    // QEMU runs in another directory.
    let image = Path::new(image).canonicalize().map_err(|error| format!("{image}: {error}"))?;
    let machine = Machine::of_image(&image).ok_or_else(|| format!("no machine is known for {}", image.display()))?;
    let network = Network::User { forward: None };
    if let Some(folder) = more.iter().find_map(|word| word.strip_prefix("in=")) {
        let words: Vec<_> = more.iter().filter(|word| !word.starts_with("in=")).cloned().collect();
        return follow(&mut Emulator::start(machine, &image, folder, &network, Clock::Host, &words)?);
    }
    let ground = Ground::new(&world.root, Some(&world.client))?;
    let port = free_port()?;
    let peer = Peer::start(Kind::Ours, world, port, "server", &[])?;
    let words = arguments(&ground, port, more);
    let mut running = Emulator::start(machine, &image, &ground.directory(), &network, Clock::Host, &words)?;
    let status = follow(&mut running);
    println!("the supplier printed:\n{}", peer.printed());
    status
}

/// Prints what a machine logs until it ends, and gives its exit status.
fn follow(running: &mut Emulator) -> Result<u8, String> {
    let mut printed = 0;
    loop {
        let ended = running.ends_within(Duration::from_millis(20));
        let log = running.log();
        log.iter().skip(printed).for_each(|line| println!("{line}"));
        printed = log.len();
        if ended {
            break;
        }
        thread::sleep(Duration::from_millis(10));
    }
    running.await_status()
}
