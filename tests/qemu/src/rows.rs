//! The rows of the table of trials.

use crate::clients;
use crate::emulator::{Clock, Emulator, Machine, Network};
use crate::ground::Ground;
use crate::peers::{self, Peer};
use crate::world::{Identity, World, free_port};
use crate::{answers, faults, guide, micro, names, once, pace, provisioned, quick, resumption, time_server};

/// A row of the table.
pub(crate) struct Row {
    pub(crate) machine: &'static str,
    pub(crate) name: String,
    pub(crate) run: Run,
}

/// Runs it; the error describes the failure.
type Run = Box<dyn FnOnce(&World) -> Result<(), String>>;

/// Exit statuses of the firmware.
pub(crate) const DELIVERED: u8 = 0;
pub(crate) const NETWORK: u8 = 10;
pub(crate) const TLS: u8 = 20;
const REJECTED_LATE: u8 = 21;
const NOT_MUTUAL: u8 = 22;
pub(crate) const HTTP: u8 = 30;
/// Delivered, and the answer cannot be read.
pub(crate) const UNREAD: u8 = 42;
/// The answer is not HTTP.
const UNREADABLE: u8 = 32;
pub(crate) const FAULTED: u8 = 103;

/// A machine that posts an order to a supplier, and how that should end.
#[derive(Clone)]
pub(crate) struct Post {
    machine: Machine,
    peer: peers::Kind,
    /// The PEM files that the supplier sends.
    shows: &'static str,
    /// Options of the supplier beside the usual ones.
    options: &'static [&'static str],
    identity: fn(&World) -> Option<&Identity>,
    arguments: Vec<String>,
    status: u8,
    log: Vec<&'static str>,
}

impl Post {
    /// An order that goes through.
    fn new(machine: Machine, peer: peers::Kind) -> Self {
        Self {
            machine,
            peer,
            shows: "server",
            options: &[],
            identity: |world| Some(&world.client_wanted),
            arguments: Vec::new(),
            status: DELIVERED,
            log: vec!["order accepted: Delivered"],
        }
    }

    /// Posts to the file with which web servers answer.
    fn posting_to_file(mut self) -> Self {
        self.arguments.push("path=/order".into());
        self
    }

    /// One that does not.
    fn refused(machine: Machine, peer: peers::Kind, status: u8, log: &'static str) -> Self {
        let mut post =
            Self { status, log: vec![log, "order not delivered, it stays queued"], ..Self::new(machine, peer) };
        if status == TLS {
            // Nobody has proved who he is: it is tried again before it is given up.
            post.arguments.extend(["attempts=2".into(), "pause=20".into()]);
            post.log.push("attempt 2");
        }
        post
    }

    fn showing(self, shows: &'static str) -> Self {
        Self { shows, ..self }
    }

    fn by(self, identity: fn(&World) -> Option<&Identity>) -> Self {
        Self { identity, ..self }
    }

    fn row(self, name: &str) -> Row {
        Row { machine: self.machine.name(), name: name.into(), run: Box::new(move |world| self.run(world)) }
    }

    fn run(&self, world: &World) -> Result<(), String> {
        let ground = Ground::new(&world.root, (self.identity)(world))?;
        let port = free_port()?;
        let mut peer = Peer::start(self.peer, world, port, self.shows, self.options)?;
        let mut machine = boot(self.machine, &ground, &arguments(&ground, port, &self.arguments))?;
        let attended = if self.status == DELIVERED { peer.attend().map(|_| ()) } else { Ok(()) };
        let outcome = attended.and_then(|()| self.judge(&mut machine, &ground));
        outcome.map_err(|problem| report(&problem, &machine, &peer))
    }

    /// Returns the faults of its outcome.
    fn judge(&self, machine: &mut Emulator, ground: &Ground) -> Result<(), String> {
        expect_end(machine, self.status, &self.log)?;
        expect_queue(ground, self.status)
    }
}

/// The exit status and the log have to be as expected.
pub(crate) fn expect_end(machine: &mut Emulator, status: u8, lines: &[&str]) -> Result<(), String> {
    let found = machine.await_status()?;
    if found != status {
        return Err(format!("exit status {found}, expected {status}"));
    }
    let log = machine.log();
    match lines.iter().find(|line| !log.iter().any(|logged| logged.contains(**line))) {
        Some(line) => Err(format!("the log does not say \"{line}\"")),
        None => Ok(()),
    }
}

/// The order has to be in the journal until it is delivered.
pub(crate) fn expect_queue(ground: &Ground, status: u8) -> Result<(), String> {
    let queued = ground.journal().is_some();
    if queued == [DELIVERED, UNREAD].contains(&status) {
        return Err(format!("the order is {}in the journal", if queued { "" } else { "not " }));
    }
    Ok(())
}

/// The problem with everything that helps to understand it.
pub(crate) fn report(problem: &str, machine: &Emulator, peer: &Peer) -> String {
    format!("{problem}\nthe machine logged:\n{}\nthe supplier printed:\n{}", machine.log().join("\n"), peer.printed())
}

/// Boots a machine on QEMU's own network.
pub(crate) fn boot(machine: Machine, ground: &Ground, arguments: &[String]) -> Result<Emulator, String> {
    let network = Network::User { forward: None };
    Emulator::start(machine, &machine.image(), &ground.directory(), &network, Clock::Host, arguments)
}

/// The usual arguments, and more.
pub(crate) fn arguments(ground: &Ground, port: u16, more: &[String]) -> Vec<String> {
    let mut arguments = vec![format!("port={port}"), "attempts=8".into()];
    if ground.has_identity() {
        arguments.push("identity=identity".into());
    }
    arguments.extend_from_slice(more);
    arguments
}

/// All rows.
pub(crate) fn all() -> Vec<Row> {
    Machine::ALL
        .into_iter()
        .flat_map(of_machine)
        .chain([serves_pages(Machine::Mps2)])
        .chain(late())
        .chain(faults::rows())
        .chain(answers::rows())
        .chain(names::rows())
        .chain(pace::rows())
        .chain(once::rows())
        .chain(quick::rows())
        .chain(resumption::rows())
        .chain(provisioned::rows())
        .chain(guide::rows())
        .chain(micro::rows())
        .collect()
}

fn of_machine(machine: Machine) -> Vec<Row> {
    use peers::Kind::{Apache, Nginx, OpenSsl, Ours};
    let mut rows: Vec<Row> = [Ours, OpenSsl, Nginx, Apache].map(|peer| posts(machine, peer)).into();
    rows.extend(small(machine));
    rows.extend(refusals(machine));
    rows.extend(clients::Kind::ALL.map(|client| serves(machine, client)));
    rows.push(Row {
        machine: machine.name(),
        name: "refuses a client without a certificate of its CA".into(),
        run: Box::new(move |world| refuses_client(machine, world)),
    });
    rows.push(Row {
        machine: machine.name(),
        name: "the order survives a power cycle, byte for byte".into(),
        run: Box::new(move |world| survives(machine, world)),
    });
    rows.push(Row {
        machine: machine.name(),
        name: "learns the time, and refuses what has expired since the build".into(),
        run: Box::new(move |world| learns_time(machine, world)),
    });
    rows.push(Row {
        machine: machine.name(),
        name: "a signer that takes 300 ms lets the other tasks run".into(),
        run: Box::new(move |world| signs_slowly(machine, world)),
    });
    rows.push(Row {
        machine: machine.name(),
        name: "a stack that overflows meets the guard".into(),
        run: Box::new(move |world| overflows(machine, world)),
    });
    rows
}

/// The machine is the gateway.
pub(crate) fn posts(machine: Machine, peer: peers::Kind) -> Row {
    Post::new(machine, peer).posting_to_file().row(&format!("posts to {}", peer.name()))
}

/// Rows with 1 KiB for received records, and as much for those to send: records of 512 bytes are negotiated, and a
/// certificate for which they leave too little room is collected beside the summaries. That is so with both leaves,
/// as 491 bytes are left.
fn small(machine: Machine) -> impl Iterator<Item = Row> {
    use peers::Kind::{GnuTls, Nginx, OpenSsl};
    let mut posts = Vec::new();
    for (shows, leaf) in [("server", SHORT_LEAF), ("server-long", LONG_LEAF)] {
        for peer in [OpenSsl, GnuTls, Nginx] {
            let mut post = Post::new(machine, peer).posting_to_file().showing(shows);
            post.arguments.extend(["rx=1024", "tx=1024"].map(String::from));
            if peer == GnuTls {
                // It sends the order back, which is no answer.
                (post.status, post.log) = (UNREADABLE, vec!["posting 1635 bytes", "the answer is not HTTP"]);
            }
            let name = format!("posts with 1 KiB of rx and of tx, a leaf of {leaf} bytes, to {}", peer.name());
            posts.push((post, name));
        }
    }
    posts.into_iter().map(move |(post, name)| {
        let run = move |world: &World| {
            let leaves = [&world.server, &world.server_long].map(|identity| identity.chain.first().map(Vec::len));
            if leaves != [Some(SHORT_LEAF), Some(LONG_LEAF)] {
                return Err(format!("the leaves have {leaves:?} bytes"));
            }
            post.run(world)
        };
        Row { machine: machine.name(), name, run: Box::new(run) }
    })
}

/// The sizes of the suppliers' certificates in bytes, which are in the names of rows.
const SHORT_LEAF: usize = 500;
const LONG_LEAF: usize = 922;

/// The server is of another authority.
pub(crate) fn refuses_server(machine: Machine) -> Row {
    let post = Post::refused(machine, peers::Kind::Ours, TLS, "UnknownIssuer");
    post.showing("server-of-other-root").row("refuses a server of another CA")
}

/// Each way to be refused, with its verdict.
fn refusals(machine: Machine) -> Vec<Row> {
    use peers::Kind::{Apache, Nginx, OpenSsl, OpenSslAskingNobody, Ours};
    let post = |peer, status, log| Post::refused(machine, peer, status, log);
    vec![
        refuses_server(machine),
        post(Nginx, TLS, "Expired").showing("server-expired").row("refuses a server that has expired"),
        post(Ours, TLS, "NameMismatch").showing("server-of-other-name").row("refuses a server of another name"),
        post(OpenSslAskingNobody, NOT_MUTUAL, "requested no certificate").row("refuses a server that asks nobody"),
        post(OpenSsl, REJECTED_LATE, "certificate_required").by(|_| None).row("refused late: no certificate (116)"),
        post(OpenSsl, REJECTED_LATE, "certificate_expired")
            .by(|world| Some(&world.client_expired))
            .row("refused late: our certificate has expired (45)"),
        post(Nginx, HTTP, "HTTP status 400").by(|_| None).row("refused by HTTP: no certificate (nginx 400)"),
        post(Apache, HTTP, "HTTP status 403")
            .by(|world| Some(&world.client))
            .row("refused by HTTP: another common name (Apache 403)"),
    ]
}

/// Apache requests the certificate for the path of orders only, which is after the handshake: a machine that answers delivers, and one that
/// does not offer it sends nothing.
fn late() -> Vec<Row> {
    const FOR_PATH: &[&str] =
        &["SSLVerifyClient none", "<Location /order>", "SSLVerifyClient require", "SSLVerifyDepth 3", "</Location>"];
    let machine = Machine::Mps2;
    let mut answers = Post::new(machine, peers::Kind::Apache).posting_to_file();
    answers.options = FOR_PATH;
    answers.arguments.push("asks=late".into());
    let mut offers_nothing = Post::refused(machine, peers::Kind::Apache, NOT_MUTUAL, "requested no certificate");
    offers_nothing.options = FOR_PATH;
    vec![
        answers.row("posts to Apache, which asks for the certificate after the handshake"),
        offers_nothing.row("sends nothing to Apache, which would ask for the certificate after the handshake"),
    ]
}

/// The machine is the supplier.
pub(crate) fn serves(machine: Machine, client: clients::Kind) -> Row {
    let run = move |world: &World| {
        let (mut supplier, port) = supply(machine, world)?;
        let printed = client.post(world, port, "client")?;
        if !printed.contains("200") || !printed.contains("accepted") {
            return Err(format!("{printed}\nthe machine logged:\n{}", supplier.log().join("\n")));
        }
        let lines = ["order 1790150400.4711.8f3a61c2@gateway-0042.plant.example: 5417 bytes", "CN=gateway-7"];
        expect_end(&mut supplier, DELIVERED, &lines)
            .map_err(|problem| format!("{problem}\n{}", supplier.log().join("\n")))
    };
    Row { machine: machine.name(), name: format!("takes an order from {}", client.name()), run: Box::new(run) }
}

/// Boots a machine as a supplier for one connection; gives the port on the host's loopback.
fn supply(machine: Machine, world: &World) -> Result<(Emulator, u16), String> {
    listen(machine, world, "role=supplier:8443:1")
}

/// Boots a machine that listens by an argument; gives the port on the host's loopback.
fn listen(machine: Machine, world: &World, argument: &str) -> Result<(Emulator, u16), String> {
    let ground = Ground::new(&world.root, Some(&world.server))?;
    let port = free_port()?;
    let network = Network::User { forward: Some(port) };
    let arguments = [argument.into(), "identity=identity".into()];
    let mut supplier =
        Emulator::start(machine, &machine.image(), &ground.directory(), &network, Clock::Host, &arguments)?;
    supplier.await_line("listening at port")?;
    Ok((supplier, port))
}

/// The machine is a web server.
pub(crate) fn serves_pages(machine: Machine) -> Row {
    Row {
        machine: machine.name(),
        name: "serves curl by its certificate with picoserve, and nobody else".into(),
        run: Box::new(move |world| serves_page(machine, world)),
    }
}

/// It has a page for the clients of one CA.
fn serves_page(machine: Machine, world: &World) -> Result<(), String> {
    let (mut web_server, port) = listen(machine, world, "web=8443:2")?;
    let refused = clients::page(world, port, "client-of-other-root")?;
    web_server.await_line("connection 2 of 2")?;
    let served = clients::page(world, port, "client")?;
    let told = ["You are CN=gateway-7", "This device has certificates until", " days left"];
    if refused.contains("You are") || !told.iter().all(|part| served.contains(part)) {
        return Err(format!("{refused}\n{served}\nthe machine logged:\n{}", web_server.log().join("\n")));
    }
    expect_end(&mut web_server, DELIVERED, &["neither trusted nor among the certificates sent", "the page is sent"])
        .map_err(|problem| format!("{problem}\n{}", web_server.log().join("\n")))
}

fn refuses_client(machine: Machine, world: &World) -> Result<(), String> {
    let (mut supplier, port) = supply(machine, world)?;
    let printed = clients::Kind::Curl.post(world, port, "client-of-other-root")?;
    expect_end(&mut supplier, TLS, &["UnknownIssuer"])
        .map_err(|problem| format!("{problem}\ncurl printed:\n{printed}\n{}", supplier.log().join("\n")))
}

/// At first there is no listener; a later one gets the stored order.
fn survives(machine: Machine, world: &World) -> Result<(), String> {
    let ground = Ground::new(&world.root, Some(&world.client))?;
    let port = free_port()?;
    let few = ["attempts=2".into(), "pause=50".into()];
    let mut first = boot(machine, &ground, &arguments(&ground, port, &few))?;
    expect_end(&mut first, NETWORK, &["again in 50 ms", "attempt 2"])
        .map_err(|problem| format!("{problem}\n{}", first.log().join("\n")))?;
    let kept = ground.journal().ok_or("the order is not in the journal")?;

    let mut peer = Peer::start(peers::Kind::OpenSsl, world, port, "server", &[])?;
    let mut second = boot(machine, &ground, &arguments(&ground, port, &[]))?;
    let outcome = peer.attend().and_then(|came| {
        expect_end(&mut second, DELIVERED, &["an order is waiting from before the start"])?;
        if came.ends_with(&kept) { Ok(()) } else { Err("other bytes came than were kept".into()) }
    });
    outcome.map_err(|problem| report(&problem, &second, &peer))
}

/// A time server announces the year 2041: by then the server's certificate has expired.
fn learns_time(machine: Machine, world: &World) -> Result<(), String> {
    const LATER: u64 = 2_240_000_000;
    let time = format!("time=10.0.2.2:{}", time_server::start(LATER)?);
    let log = "the time server returns 2040-12-24";
    let mut post = Post::refused(machine, peers::Kind::Ours, TLS, log);
    post.arguments.push(time);
    post.log.push("Expired");
    post.run(world)
}

/// Another task signs; a heart that beats each 10 ms keeps beating meanwhile.
fn signs_slowly(machine: Machine, world: &World) -> Result<(), String> {
    const BEATS: u32 = 20;
    let ground = Ground::new(&world.root, Some(&world.client))?;
    let port = free_port()?;
    let mut peer = Peer::start(peers::Kind::OpenSsl, world, port, "server", &[])?;
    let mut machine = boot(machine, &ground, &arguments(&ground, port, &["key=slow".into()]))?;
    let outcome = peer.attend().and_then(|_| expect_end(&mut machine, DELIVERED, &[])).and_then(|()| {
        let log = machine.log();
        let line = log.iter().find_map(|line| line.split_once(" heartbeats while the signer signed"));
        let beats = line.and_then(|(before, _)| before.split_whitespace().last()?.parse::<u32>().ok());
        match beats {
            Some(BEATS..) => Ok(()),
            _ => Err(format!("{beats:?} heartbeats, expected {BEATS} or more")),
        }
    });
    outcome.map_err(|problem| report(&problem, &machine, &peer))
}

fn overflows(machine: Machine, world: &World) -> Result<(), String> {
    let ground = Ground::new(&world.root, None)?;
    let mut machine = boot(machine, &ground, &["fault=overflow".into()])?;
    expect_end(&mut machine, FAULTED, &[])
}
