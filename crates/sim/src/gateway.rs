//! A gateway: the queue, the attempts and the journal of the firmware, with its boots and its certificates.

use core::cell::{Cell, RefCell};
use core::fmt::Write as _;
use core::time::Duration;
use std::rc::Rc;

use embedded_io_async::Read as _;
use embedded_mtls::io::SoftwareHost;
use embedded_mtls::x509::{ServerName, Time};
use embedded_mtls::{Buffers, Client, ClientConfig, Error, Handshake};
use mtls_order::cxml::{Line, Order, Party, Stamp};
use mtls_order::{Acceptance, Endpoint, Queue, Remedy, Retry, Trouble};

use crate::clock::Clock;
use crate::flash::Flash;
use crate::fleet::{Fleet, SHORTEST, purpose};
use crate::ledger::Violation;
use crate::network::{End, Outages, Path, as_micros, connect, micros};
use crate::pki::{Identity, SUPPLIER, calendar};
use crate::random::Random;
use crate::scenario::{Flaw, Part, Planned, Scenario};
use crate::supplier;
use crate::timeline::{self, Cause, Outage};

/// The longest order.
const ORDER: usize = 5632;
/// The time that the other side may take to close, as in the firmware.
const GOODBYE: Duration = Duration::from_millis(500);

const ENDPOINT: Endpoint<'static> = Endpoint { host: SUPPLIER, port: 443, server_name: SUPPLIER, path: "/orders" };

/// A gateway, with what it keeps through a loss of power.
pub(crate) struct Gateway {
    fleet: Rc<Fleet>,
    number: u32,
    flash: Rc<RefCell<Flash>>,
    path: Rc<Path>,
    power: Outages,
    clock: Rc<Clock>,
    random: Random,
    /// The time at which its first order is due.
    first: Duration,
    /// The number of orders that were written.
    made: u64,
    /// Its certificate, and the number of it.
    identity: Option<(u32, Identity)>,
}

/// The outcome of an attempt, and whether the supplier has rejected the gateway's certificate in it.
struct Attempt {
    outcome: Result<Acceptance, Trouble>,
    is_rejected: bool,
}

impl Gateway {
    /// Creates a gateway. They are created in the order of their numbers.
    pub(crate) fn new(fleet: &Rc<Fleet>, number: u32, flash: Rc<RefCell<Flash>>) -> Self {
        let scenario = &fleet.scenario;
        let outages = |kind, per_day, longest| {
            let mut outages = Outages::draw(&mut fleet.random(kind, number, 0), per_day, longest, scenario.duration);
            for Planned { part, start, length } in &scenario.outages {
                match part {
                    Part::Network(gateways) if kind == purpose::PARTITIONS && gateways.contains(&number) => {}
                    Part::Power(gateways) if kind == purpose::POWER && gateways.contains(&number) => {}
                    _ => continue,
                }
                outages.add(*start, *start + *length);
            }
            outages
        };
        let mut random = fleet.random(purpose::GATEWAY, number, 0);
        let path = Path {
            world: fleet.world.clone(),
            faults: scenario.network,
            outages: outages(purpose::PARTITIONS, scenario.partitions_per_day, scenario.partition),
            calm: fleet.storm_end(),
            power_cut: Cell::new(Duration::MAX),
            counts: Rc::clone(&fleet.counts),
            gateway: number,
            tap: fleet.tap.as_ref().filter(|(gateways, _)| gateways.contains(&number)).map(|(_, tap)| Rc::clone(tap)),
        };
        let known = path.outages.spans(Cause::Network).chain(missing_certificates(fleet, number)).collect();
        fleet.timeline.borrow_mut().gateways.push(known);
        Self {
            fleet: Rc::clone(fleet),
            number,
            flash,
            path: Rc::new(path),
            clock: Rc::new(Clock::new(fleet, number)),
            power: outages(purpose::POWER, scenario.power_cuts_per_day, Duration::from_secs(120)),
            first: micros(random.below(as_micros(scenario.interval))),
            random,
            made: 0,
            identity: None,
        }
    }

    /// Runs from one power cut to the next.
    pub(crate) async fn live(mut self) {
        let world = self.fleet.world.clone();
        loop {
            let cut = self.power.next(world.now()).unwrap_or(Duration::MAX);
            self.path.power_cut.set(cut);
            self.flash.borrow_mut().reboot();
            self.fleet.tally.borrow_mut().boots += 1;
            world.before(cut, Box::pin(self.boot())).await;
            let off = world.now();
            // Without power, then until the network is up.
            loop {
                world.sleep(Duration::from_secs(1) + micros(self.random.below(30_000_000))).await;
                let Some(end) = self.power.end(world.now()) else { break };
                world.until(end).await;
            }
            self.fleet.missed(self.number, Outage { start: off, end: world.now(), cause: Cause::Power });
        }
    }

    /// Delivers orders as they fall due, until the power is cut within a change of the journal.
    async fn boot(&mut self) {
        let world = self.fleet.world.clone();
        loop {
            if world.now() >= self.fleet.storm_end() {
                self.flash.borrow_mut().set_cuts(0);
            }
            let is_waiting = self.flash.borrow().order().is_some();
            if is_waiting || self.made < self.due() {
                self.run().await;
                if self.flash.borrow().is_cut() {
                    return;
                }
                if self.flash.borrow().order().is_none() {
                    continue;
                }
            }
            let interval = self.fleet.scenario.interval;
            let since = world.now().saturating_sub(self.first).as_micros() / interval.as_micros().max(1);
            let next = if world.now() < self.first { 0 } else { u32::try_from(since).unwrap_or(u32::MAX) + 1 };
            world.until(self.first + interval * next).await;
        }
    }

    /// Returns the number of orders that are due by now.
    fn due(&self) -> u64 {
        let last = self.fleet.storm_end().saturating_sub(micros(1));
        let Some(since) = self.fleet.world.now().min(last).checked_sub(self.first) else { return 0 };
        as_micros(since) / as_micros(self.fleet.scenario.interval).max(1) + 1
    }

    /// Delivers the waiting order, or a new one, as the firmware does.
    async fn run(&mut self) {
        let flash = Rc::clone(&self.flash);
        let is_wrong = self.clock.start();
        let mut memory = vec![0; ORDER];
        let mut queue = Queue::recover(&mut memory, &mut *flash.borrow_mut());
        if queue.front().is_none() && !self.write(&mut queue) {
            return;
        }
        let Some(order) = queue.front().map(<[u8]>::to_vec) else { return };
        if self.fleet.scenario.flaw == Some(Flaw::ForgetsEarly) {
            queue.pop(&mut *flash.borrow_mut());
        }
        let start = self.fleet.world.now();
        let is_delivered = self.insist(&order).await.is_ok();
        if is_wrong {
            let end = self.fleet.world.now();
            self.fleet.missed(self.number, Outage { start, end, cause: Cause::Clock });
        }
        if is_delivered && queue.front().is_some() {
            queue.pop(&mut *flash.borrow_mut());
        }
    }

    /// Writes a new order into the queue; false if it is not stored.
    fn write(&mut self, queue: &mut Queue<'_>) -> bool {
        let (mut number, mut sender) = (String::new(), String::new());
        let written = write!(number, "PO-{}-{}", self.number, self.made).and(write!(sender, "gateway-{}", self.number));
        let party = |identity| Party { domain: "DUNS", identity };
        let order = Order {
            number: &number,
            from: party("079928354"),
            to: party("316554408"),
            sender: Party { domain: "NetworkId", identity: &sender },
            currency: "EUR",
            bill_to: "Example Bottling, Plant 7",
            lines: &[Line {
                quantity: 4,
                part: "SEAL-80",
                description: "Shaft seal, 80 mm",
                unit_price: 3_815,
                classification: "31181700",
            }],
        };
        let stamp = Stamp { serial: self.random.next(), time: calendar(self.fleet.world.now()) };
        let pushed = if self.fleet.scenario.flaw == Some(Flaw::SendsUnstored) {
            queue.push(&mut Unstored, |out| order.write(stamp, out))
        } else {
            queue.push(&mut *self.flash.borrow_mut(), |out| order.write(stamp, out))
        };
        // A change that was interrupted may have happened.
        let is_made = pushed.is_ok() || self.flash.borrow().order().is_some();
        self.made += u64::from(is_made);
        written.is_ok() && pushed.is_ok()
    }

    /// Tries until the order is delivered or the rules of the firmware end the attempts.
    async fn insist(&mut self, order: &[u8]) -> Result<Acceptance, Trouble> {
        let flaw = self.fleet.scenario.flaw;
        let mut attempts = 0;
        loop {
            attempts += 1;
            let mut bytes = order.to_vec();
            if flaw == Some(Flaw::AltersRepeats) && attempts > 1 {
                bytes.iter_mut().rev().filter(|byte| byte.is_ascii_digit()).take(1).for_each(|digit| *digit ^= 1);
            }
            let start = self.fleet.world.now();
            let Attempt { outcome, is_rejected } = self.attempt(&bytes).await;
            let (gateway, end) = (self.number, self.fleet.world.now());
            let attempt = timeline::Attempt { gateway, start, end, outcome: timeline::Outcome::of(&outcome) };
            self.fleet.timeline.borrow_mut().attempts.push(attempt);
            let text = outcome.as_ref().map_or_else(ToString::to_string, |acceptance| format!("{acceptance:?}"));
            self.fleet.tally.borrow_mut().note(text);
            let trouble = match outcome {
                Ok(acceptance) => return Ok(acceptance),
                Err(trouble) => trouble,
            };
            let obeys = flaw == Some(Flaw::ObeysAlerts) && matches!(trouble, Trouble::Tls(Error::AlertReceived(_)));
            if (obeys || trouble.remedy() == Remedy::Human) && !is_rejected {
                let violation = Violation::Surrendered(self.number, trouble.to_string());
                self.fleet.ledger.borrow_mut().violations.push(violation);
            }
            let gives_up = obeys || flaw == Some(Flaw::TriesOnce);
            let Some(pause) = Retry::USUAL.after(attempts, &trouble).filter(|_| !gives_up) else { return Err(trouble) };
            self.fleet.world.sleep(micros(pause.as_micros())).await;
        }
    }

    /// Connects and posts the order, within the time limit.
    async fn attempt(&mut self, order: &[u8]) -> Attempt {
        let world = self.fleet.world.clone();
        let end = world.now() + self.fleet.scenario.patience;
        if self.path.outages.contain(world.now()) {
            world.until(end).await;
            return Attempt { outcome: Err(Trouble::Timeout), is_rejected: false };
        }
        // The handshake of TCP.
        world.sleep(self.fleet.scenario.network.max_delay).await;
        if self.fleet.restarts.contain(world.now()) {
            return Attempt { outcome: Err(Trouble::Network), is_rejected: false };
        }
        let (near, far) = connect(&self.path, &mut self.random);
        let rejects = Rc::new(Cell::new(false));
        let random = Random::new(self.random.next());
        world.spawn(supplier::serve(Rc::clone(&self.fleet), far, random, Rc::clone(&rejects)));
        // A connection is large where other packages of the build bring ML-KEM.
        let outcome = world.before(end, Box::pin(self.deliver(near, order))).await.unwrap_or(Err(Trouble::Timeout));
        Attempt { outcome, is_rejected: rejects.get() }
    }

    /// Performs mutual TLS and HTTP over a connection.
    async fn deliver(&mut self, transport: End, order: &[u8]) -> Result<Acceptance, Trouble> {
        self.renew()?;
        let world = self.fleet.world.clone();
        let clock = Rc::clone(&self.clock);
        let now = || clock.read();
        let anchors = [self.fleet.authority.anchor().map_err(Trouble::Tls)?];
        let config = ClientConfig::new(ServerName::parse(SUPPLIER).map_err(|_| Trouble::Setup)?, &anchors);
        let config = config.with_alpn(&[b"http/1.1"]);
        let identity = self.identity.as_ref().map(|(_, identity)| identity).ok_or(Trouble::Setup)?;
        let chain = [identity.certificate()];
        let credentials = [Identity::credential(&chain).map_err(Trouble::Tls)?];
        let (mut rx, mut tx, mut peer) = (vec![0; 4096], vec![0; 1024], vec![0; 2048]);
        let buffers = Buffers { rx: &mut rx, tx: &mut tx, peer: &mut peer };
        let secrets = self.path.tap.as_ref().map(|tap| tap.secrets());
        let mut handshake = Handshake::<Client>::new(&config, buffers, self.random.entropy()).map_err(Trouble::Tls)?;
        if let Some(secrets) = &secrets {
            handshake.dangerous_set_key_log(&**secrets);
        }
        let mut host = SoftwareHost::new(&credentials, identity.keys(), || Time::Trusted(now()));
        let mut stream = mtls_order::open(transport, handshake, &mut host).await?;
        let answer = mtls_order::post(&mut stream, &ENDPOINT, order, &mut [0; 2048], Some(now())).await?;
        // The answer is complete: if the connection breaks now, nothing is lost.
        let _closed = stream.close().await;
        let _heard = world.before(world.now() + GOODBYE, stream.read(&mut [0])).await;
        answer.verdict
    }

    /// Takes its next certificate, if that has been issued.
    fn renew(&mut self) -> Result<(), Trouble> {
        let (now, lifetime) = (self.fleet.world.now(), lifetime(&self.fleet.scenario));
        let current = u32::try_from(now.as_micros() / lifetime.as_micros()).map_err(|_| Trouble::Setup)?;
        let number = current - u32::from(now < issue(&self.fleet, self.number, current));
        if self.identity.as_ref().is_none_or(|(had, _)| *had != number) {
            let valid = (lifetime * number, lifetime * (number + 1));
            let identity = self.fleet.authority.gateway(self.number, number, valid).map_err(|_| Trouble::Setup)?;
            self.identity = Some((number, identity));
        }
        Ok(())
    }
}

/// Returns the validity of a certificate.
fn lifetime(scenario: &Scenario) -> Duration {
    scenario.lifetime.max(SHORTEST)
}

/// Returns the time at which a gateway gets the certificate of this number. The first is there at the start, and none is
/// late after the faults.
fn issue(fleet: &Fleet, gateway: u32, number: u32) -> Duration {
    let due = lifetime(&fleet.scenario) * number;
    let late = fleet.random(purpose::LATENESS, gateway, number.into()).below(as_micros(fleet.scenario.late));
    if number == 0 { due } else { (due + micros(late)).min(fleet.storm_end()).max(due) }
}

/// Returns the times at which the certificate of a gateway has expired and the next one is late.
fn missing_certificates(fleet: &Fleet, gateway: u32) -> impl Iterator<Item = Outage> {
    let lifetime = lifetime(&fleet.scenario);
    let number = move |number| (lifetime * number, issue(fleet, gateway, number));
    let all = (1..).map(number).take_while(|(due, _)| *due < fleet.storm_end());
    all.filter(|(due, issued)| due < issued).map(|(start, end)| Outage { start, end, cause: Cause::Certificate })
}

/// A journal that stores nothing, for a flaw.
struct Unstored;

impl mtls_order::Journal for Unstored {
    fn load(&mut self, _: &mut [u8]) -> Option<usize> {
        None
    }

    fn store(&mut self, _: &[u8]) -> bool {
        true
    }

    fn clear(&mut self) -> bool {
        true
    }
}
