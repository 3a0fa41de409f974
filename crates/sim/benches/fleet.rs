//! The cost of a fleet: memory of connections that are held open, and work for an order.
//!
//! ```text
//! fleet hold GATEWAYS            # prints the bytes of a held connection at the gateway and at the supplier
//! fleet run GATEWAYS ORDERS [2]  # prints nanoseconds of processor time for each order, and orders a second of the
//!                                # busiest thread; each gateway has so many orders, in one thread or in two
//! fleet once GATEWAYS ORDERS     # runs one fleet, for callgrind
//! fleet path                     # prints the path of this program
//! ```

#![allow(missing_docs)]

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use embedded_mtls::credential::Choice;
use embedded_mtls::io::asynch::Stream;
use embedded_mtls::io::{AsyncHost, SoftwareHost};
use embedded_mtls::x509::{ServerName, Time, TrustAnchor};
use embedded_mtls::{
    Buffers, Client, ClientAuth, ClientConfig, Credential, Handshake, Server, ServerConfig, Session, Side,
};
use embedded_mtls_sim::network::{End, Outages, Path, connect};
use embedded_mtls_sim::pki::{Authority, Identity, START, SUPPLIER};
use embedded_mtls_sim::{Random, Scenario, World, run};
use peak_alloc::PeakAlloc;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// The buffers of a held connection: records of 2 KiB arrive in one piece.
const RX: usize = 2 * 1024;
const TX: usize = 512;
const PEER: usize = 1024;

fn main() {
    // Cargo adds an option.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let number = |text: &str| text.parse::<u32>().expect("a number");
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["hold", gateways] => hold(number(gateways)),
        ["run", gateways, orders] => deliver(number(gateways), number(orders), 1),
        ["run", gateways, orders, threads] => deliver(number(gateways), number(orders), number(threads)),
        ["once", gateways, orders] => fleet(1, number(gateways), number(orders)),
        ["path"] => println!("{}", std::env::current_exe().expect("a path").display()),
        // A mere `cargo bench` has nothing to compare.
        [] => println!("`cargo xtask bench-fleet` runs this program"),
        _ => panic!("hold GATEWAYS, run GATEWAYS ORDERS [THREADS], or path"),
    }
}

/// Runs fleets until there are some thousand orders, each gateway with so many orders.
fn deliver(gateways: u32, orders: u32, threads: u32) {
    let work = move |thread: u32| {
        let gateways = (gateways / threads).max(1);
        let rounds = 2000_u32.div_ceil(gateways * orders * threads);
        let start = processor_time();
        (0..rounds).for_each(|round| fleet(u64::from(thread * rounds + round), gateways, orders));
        (processor_time().saturating_sub(start), rounds * gateways * orders)
    };
    let threads: Vec<_> = (0..threads).map(|thread| std::thread::spawn(move || work(thread))).collect();
    let done: Vec<_> = threads.into_iter().map(|thread| thread.join().expect("a run")).collect();
    let all: Duration = done.iter().map(|(time, _)| *time).sum();
    let orders: u32 = done.iter().map(|(_, orders)| orders).sum();
    let longest = done.iter().map(|(time, _)| *time).max().unwrap_or_default();
    println!("{} {:.1}", (all / orders).as_nanos(), f64::from(orders) / longest.as_secs_f64());
}

/// Runs a fleet, each gateway with so many orders.
fn fleet(seed: u64, gateways: u32, orders: u32) {
    let mut scenario = Scenario::calm(seed, gateways, Duration::ZERO);
    scenario.duration = scenario.interval * orders;
    let report = run(&scenario).expect("certificates");
    report.verify().expect("every order arrives");
    assert_eq!(report.accepted, usize::try_from(gateways * orders).expect("it fits"));
}

/// Returns the processor time of this thread, as Linux counts it.
fn processor_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("the statistics of Linux");
    Duration::from_nanos(text.split(' ').next().and_then(|time| time.parse().ok()).expect("nanoseconds"))
}

/// Opens so many connections, and holds them.
fn hold(gateways: u32) {
    let authority: &'static Authority = leak(Authority::new(7).expect("an authority"));
    let anchors: &'static [TrustAnchor<'static>] = Vec::leak(vec![authority.anchor().expect("an anchor")]);
    let valid = (Duration::ZERO, Duration::from_secs(86_400));
    let [gateway, supplier] = [authority.gateway(0, 0, valid), authority.supplier(0, valid)].map(|identity| {
        let identity: &'static Identity = leak(identity.expect("a certificate"));
        let chain: &'static [&'static [u8]] = Vec::leak(vec![identity.certificate()]);
        let credentials: &'static [Credential<'static>] =
            Vec::leak(vec![Identity::credential(chain).expect("a credential")]);
        move || SoftwareHost::new(credentials, identity.keys(), || Time::Trusted(START))
    });
    let client: &'static _ = leak(ClientConfig::new(ServerName::parse(SUPPLIER).expect("a name"), anchors));
    let server: &'static _ = leak(ServerConfig::new(ClientAuth::Required(anchors)));
    let mut random = Random::new(7);
    let (mut clients, mut servers) = (Vec::new(), Vec::new());
    let mut bytes = [0; 2];
    for _ in 0..gateways {
        let world = World::new();
        let (near, far) = connect(&path(&world), &mut random);
        let (of_client, of_server) = (random.entropy(), random.entropy());
        let handshake = grown(&mut bytes[0], || Handshake::<Client>::new(client, buffers(), of_client));
        let at_gateway = open(&world, near, handshake.expect("a client"), gateway());
        let handshake = grown(&mut bytes[1], || Handshake::<Server>::new(server, buffers(), of_server));
        let at_supplier = open(&world, far, handshake.expect("a server"), supplier());
        world.run(Duration::from_secs(60));
        clients.push(grown(&mut bytes[0], || Box::new(at_gateway.take().expect("a session"))));
        servers.push(grown(&mut bytes[1], || Box::new(at_supplier.take().expect("a session"))));
    }
    let held = bytes.map(|bytes| bytes / clients.len());
    println!("{} {}", held[0], held[1]);
}

/// Performs a handshake in a task, and returns where its session will be.
fn open<S: Side + 'static>(
    world: &World,
    end: End,
    handshake: Handshake<'static, S>,
    mut host: impl AsyncHost<Choice = Choice<'static>> + 'static,
) -> Rc<Cell<Option<Session<'static, S>>>> {
    let place = Rc::new(Cell::new(None));
    let session = Rc::clone(&place);
    world.spawn(async move {
        let stream = Stream::open(end, handshake, &mut host).await.expect("a handshake");
        session.set(Some(stream.session));
    });
    place
}

/// Returns a path without faults.
fn path(world: &World) -> Rc<Path> {
    Rc::new(Path {
        world: world.clone(),
        faults: Scenario::calm(0, 0, Duration::ZERO).network,
        outages: Outages::default(),
        calm: Duration::ZERO,
        power_cut: Cell::new(Duration::MAX),
        counts: Rc::default(),
        gateway: 0,
        tap: None,
    })
}

/// Adds the bytes that the heap grows by.
fn grown<T>(bytes: &mut usize, make: impl FnOnce() -> T) -> T {
    let before = HEAP.current_usage();
    let result = make();
    *bytes += HEAP.current_usage() - before;
    result
}

fn leak<T>(value: T) -> &'static mut T {
    Box::leak(Box::new(value))
}

fn buffers() -> Buffers<'static> {
    let memory = |len| Vec::leak(vec![0; len]);
    Buffers { rx: memory(RX), tx: memory(TX), peer: memory(PEER) }
}
