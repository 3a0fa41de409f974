//! A run: the world, its gateways, its supplier, and the comparison at the end.

use core::cell::RefCell;
use core::fmt;
use core::ops::Range;
use core::time::Duration;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::capture::Tap;
use crate::flash::Flash;
use crate::gateway::Gateway;
use crate::ledger::Ledger;
use crate::network::{Counts, Outages};
use crate::pki::{Authority, Identity, PkiError};
use crate::random::Random;
use crate::report::Report;
use crate::scenario::{Flaw, Part, Planned, Scenario};
use crate::timeline::{Cause, Outage, Timeline};
use crate::world::World;

/// Everything that the tasks of a run share.
pub(crate) struct Fleet {
    pub(crate) scenario: Scenario,
    pub(crate) world: World,
    pub(crate) authority: Authority,
    /// The certificate of the supplier, and the number of it.
    supplier: RefCell<Option<(u32, Rc<Identity>)>>,
    /// The restarts of the supplier.
    pub(crate) restarts: Outages,
    pub(crate) ledger: Rc<RefCell<Ledger>>,
    pub(crate) counts: Rc<RefCell<Counts>>,
    pub(crate) tally: RefCell<Tally>,
    pub(crate) timeline: RefCell<Timeline>,
    /// The capture, and the gateways in it.
    pub(crate) tap: Option<(Range<u32>, Rc<Tap>)>,
}

/// The shortest validity of a certificate.
pub(crate) const SHORTEST: Duration = Duration::from_secs(60);

/// Counts of what the gateways and the supplier did.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) attempts: u64,
    pub(crate) boots: u64,
    /// The number of attempts that ended in each way.
    pub(crate) outcomes: BTreeMap<String, u64>,
}

impl Tally {
    /// Notes how an attempt ended.
    pub(crate) fn note(&mut self, outcome: String) {
        self.attempts += 1;
        *self.outcomes.entry(outcome).or_default() += 1;
    }
}

/// The purposes of random numbers, so that those of one do not depend on how many another draws.
pub(crate) mod purpose {
    pub(crate) const RESTARTS: u64 = 3;
    pub(crate) const PARTITIONS: u64 = 4;
    pub(crate) const POWER: u64 = 5;
    pub(crate) const JOURNAL: u64 = 6;
    pub(crate) const GATEWAY: u64 = 7;
    pub(crate) const LATENESS: u64 = 8;
    pub(crate) const CLOCK: u64 = 9;
}

impl Fleet {
    fn new(scenario: &Scenario, tap: Option<(Range<u32>, Rc<Tap>)>) -> Result<Self, PkiError> {
        let mut random = Random::of(scenario.seed, [purpose::RESTARTS, 0, 0]);
        let mut restarts = Outages::draw(&mut random, scenario.restarts_per_day, scenario.restart, scenario.duration);
        for Planned { start, length, .. } in scenario.outages.iter().filter(|outage| outage.part == Part::Supplier) {
            restarts.add(*start, *start + *length);
        }
        let timeline = Timeline { supplier: restarts.spans(Cause::Supplier).collect(), ..Timeline::default() };
        Ok(Self {
            scenario: scenario.clone(),
            world: World::new(),
            authority: Authority::new(scenario.seed)?,
            supplier: RefCell::default(),
            restarts,
            ledger: Rc::default(),
            counts: Rc::default(),
            tally: RefCell::default(),
            timeline: RefCell::new(timeline),
            tap,
        })
    }

    /// Returns the end of the run.
    fn end(&self) -> Duration {
        self.scenario.duration + self.scenario.calm
    }

    /// Returns the end of the faults.
    pub(crate) const fn storm_end(&self) -> Duration {
        self.scenario.duration
    }

    /// Notes that a gateway could deliver nothing for a time.
    pub(crate) fn missed(&self, gateway: u32, outage: Outage) {
        let mut timeline = self.timeline.borrow_mut();
        if let Some(outages) = usize::try_from(gateway).ok().and_then(|gateway| timeline.gateways.get_mut(gateway)) {
            outages.push(outage);
        }
    }

    /// Returns the supplier's certificate.
    pub(crate) fn supplier(&self) -> Option<Rc<Identity>> {
        let lifetime = self.scenario.supplier_lifetime.max(SHORTEST);
        let number = u32::try_from(self.world.now().as_micros() / lifetime.as_micros()).ok()?;
        let mut supplier = self.supplier.borrow_mut();
        if supplier.as_ref().is_none_or(|(had, _)| *had != number) {
            let valid = (lifetime * number, lifetime * (number + 1));
            *supplier = Some((number, Rc::new(self.authority.supplier(number, valid).ok()?)));
        }
        supplier.as_ref().map(|(_, identity)| Rc::clone(identity))
    }

    /// Returns the generator of a purpose of a gateway.
    pub(crate) fn random(&self, purpose: u64, gateway: u32, number: u64) -> Random {
        Random::of(self.scenario.seed, [purpose, gateway.into(), number])
    }
}

/// Runs a scenario to its end.
///
/// # Errors
/// If the certificates cannot be made. Broken promises are in the [`Report`].
pub fn run(scenario: &Scenario) -> Result<Report, PkiError> {
    Run::new(scenario).finish()
}

/// A run of a scenario, with what is wanted beside its report.
///
/// ```
/// use embedded_mtls_sim::{Run, Scenario};
/// use std::time::Duration;
///
/// let scenario = Scenario::calm(7, 2, Duration::from_secs(3600));
/// let run = Run::new(&scenario).capture(0..1).on_progress(Duration::from_secs(600), |progress| println!("{progress}"));
/// let report = run.finish()?;
/// let capture = report.capture.as_ref().map(|capture| capture.bytes()); // a file for Wireshark
/// # assert!(capture.is_some_and(|bytes| bytes.len() > 10_000));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Run<'s> {
    scenario: &'s Scenario,
    tap: Option<(Range<u32>, Rc<Tap>)>,
    progress: Option<(Duration, Listener)>,
}

type Listener = Box<dyn FnMut(Progress)>;

/// The state of a run on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// The simulated time since the start.
    pub time: Duration,
    /// The end of the run.
    pub end: Duration,
    /// Orders that journals have stored.
    pub stored: usize,
    /// Orders that the supplier has.
    pub accepted: usize,
    /// Attempts to deliver an order.
    pub attempts: u64,
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { time, end, stored, accepted, attempts } = self;
        let [time, end] = [time, end].map(|time| time.as_secs_f64() / 3600.0);
        write!(f, "{time:.1} of {end:.1} h: {stored} orders, {accepted} accepted, {attempts} attempts")
    }
}

impl<'s> Run<'s> {
    /// Prepares a run.
    pub const fn new(scenario: &'s Scenario) -> Self {
        Self { scenario, tap: None, progress: None }
    }

    /// Captures all packets of these gateways: about 5 KB for each attempt.
    #[must_use]
    pub fn capture(mut self, gateways: Range<u32>) -> Self {
        self.tap = Some((gateways, Rc::default()));
        self
    }

    /// Calls `listener` whenever so much simulated time has passed.
    #[must_use]
    pub fn on_progress(mut self, every: Duration, listener: impl FnMut(Progress) + 'static) -> Self {
        self.progress = Some((every.max(Duration::from_millis(1)), Box::new(listener)));
        self
    }

    /// Runs to the end.
    ///
    /// # Errors
    /// If the certificates cannot be made. Broken promises are in the [`Report`].
    pub fn finish(self) -> Result<Report, PkiError> {
        let scenario = self.scenario;
        let fleet = Rc::new(Fleet::new(scenario, self.tap)?);
        let mut flashes = Vec::new();
        for number in 0..scenario.gateways {
            let random = fleet.random(purpose::JOURNAL, number, 0);
            let ledger = Rc::clone(&fleet.ledger);
            let mut flash = Flash::new(number, fleet.world.clone(), random, scenario.journal_cuts, ledger);
            if scenario.flaw == Some(Flaw::TearsOrders) {
                flash.set_plain();
            }
            let flash = Rc::new(RefCell::new(flash));
            flashes.push(Rc::clone(&flash));
            let gateway = Gateway::new(&fleet, number, flash);
            fleet.world.spawn(gateway.live());
        }
        if let Some((every, listener)) = self.progress {
            fleet.world.spawn(tell(Rc::clone(&fleet), every, listener));
        }
        fleet.world.run(fleet.end());
        Ok(report(&fleet, &flashes))
    }
}

/// Tells a listener how far the run is.
async fn tell(fleet: Rc<Fleet>, every: Duration, mut listener: Listener) {
    loop {
        fleet.world.sleep(every).await;
        let (stored, accepted) = fleet.ledger.borrow().counts();
        let attempts = fleet.tally.borrow().attempts;
        listener(Progress { time: fleet.world.now(), end: fleet.end(), stored, accepted, attempts });
    }
}

fn report(fleet: &Fleet, flashes: &[Rc<RefCell<Flash>>]) -> Report {
    let queued: Vec<Vec<u8>> = flashes.iter().filter_map(|flash| flash.borrow().order().map(<[u8]>::to_vec)).collect();
    let mut ledger = fleet.ledger.borrow_mut();
    let mut timeline = fleet.timeline.take();
    ledger.close(queued.iter().map(Vec::as_slice), fleet.scenario.deadline, &mut timeline);
    let (stored, accepted) = ledger.counts();
    let tally = fleet.tally.borrow();
    Report {
        scenario: fleet.scenario.clone(),
        stored,
        accepted,
        queued: queued.len(),
        repeats: ledger.repeats,
        attempts: tally.attempts,
        boots: tally.boots,
        restarts: fleet.restarts.count(),
        outcomes: tally.outcomes.clone(),
        network: *fleet.counts.borrow(),
        violations: ledger.violations.clone(),
        timeline,
        capture: fleet.tap.as_ref().map(|(_, tap)| tap.finish()),
    }
}
