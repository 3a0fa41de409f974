//! The description of a run: how large the fleet is, and what goes wrong.

mod text;

use core::ops::Range;
use core::time::Duration;

pub use text::ScenarioError;

/// A run, as data. With the same scenario, its seed included, every byte and every time is the same.
///
/// As text it has a line for each setting, `name = value`; unnamed settings have the value of [`Scenario::calm`], and
/// `#` begins a comment. Durations are in milliseconds (`ms`), seconds (`s`), minutes (`min`) or hours (`h`). A setting
/// `outage` adds a planned outage. `Display` writes the settings that are not the usual ones.
///
/// ```
/// let text = "
///     gateways = 3
///     duration = 2 h
///     lost = 20_000                              # of a million segments
///     outage = supplier at 1 h for 5 min
///     outage = network 0..2 at 30 min for 20 min # gateways 0 and 1
/// ";
/// let scenario: embedded_mtls_sim::Scenario = text.parse()?;
/// assert_eq!((scenario.gateways, scenario.network.lost, scenario.outages.len()), (3, 20_000, 2));
/// assert_eq!(scenario.to_string().parse(), Ok(scenario));
/// # Ok::<(), embedded_mtls_sim::ScenarioError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// Determines every random number.
    pub seed: u64,
    /// The number of gateways.
    pub gateways: u32,
    /// The time during which orders fall due and faults happen.
    pub duration: Duration,
    /// The time after that, without faults, in which everything has to be delivered.
    pub calm: Duration,
    /// The pause between two orders of a gateway.
    pub interval: Duration,
    /// The time limit of an attempt.
    pub patience: Duration,
    /// The time within which an order has to arrive, from its storage. It counts while the order can be delivered: while
    /// network, power and supplier are there, and certificate and clock of the gateway are right.
    pub deadline: Duration,
    /// The network.
    pub network: Network,
    /// Times without a network, for each gateway and day.
    pub partitions_per_day: u32,
    /// The longest of them.
    pub partition: Duration,
    /// Power cuts at any moment, for each gateway and day.
    pub power_cuts_per_day: u32,
    /// Power cuts within a change of the journal, of a million changes.
    pub journal_cuts: u32,
    /// Starts with a clock that is wrong by years, of a million.
    pub wrong_clocks: u32,
    /// Jumps of the clock, by up to years, of a million times at which a gateway reads it; corrected within ten minutes.
    pub clock_jumps: u32,
    /// Restarts of the supplier in a day, which end its connections.
    pub restarts_per_day: u32,
    /// The longest time that a restart takes.
    pub restart: Duration,
    /// Answers that the supplier delays beyond the patience of gateways, of a million.
    pub slow: u32,
    /// Answers that ask for a later attempt (HTTP status 503), of a million.
    pub busy: u32,
    /// The validity of a gateway's certificate.
    pub lifetime: Duration,
    /// The longest time by which a gateway's next certificate is late; until then the supplier rejects the expired one.
    pub late: Duration,
    /// The validity of the supplier's certificate. Its next one is there in time.
    pub supplier_lifetime: Duration,
    /// Outages at given times, beside those that the seed determines.
    pub outages: Vec<Planned>,
    /// A flaw of the gateways, to see that a run finds it.
    pub flaw: Option<Flaw>,
}

/// The faults of the network, each of a million segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// The shortest delay of a segment.
    pub min_delay: Duration,
    /// The longest delay of a segment.
    pub max_delay: Duration,
    /// The bytes of the longest segment.
    pub segment: usize,
    /// Segments that are lost.
    pub lost: u32,
    /// Segments that later ones overtake.
    pub reordered: u32,
    /// Segments that arrive twice.
    pub duplicated: u32,
    /// Segments with a flipped bit.
    pub corrupted: u32,
    /// Segments in whose place an attacker sends an alert.
    pub forged: u32,
    /// Segments at which the connection is reset.
    pub reset: u32,
    /// Segments after which nothing arrives any more.
    pub stalled: u32,
}

/// An outage at a given time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// The part that is down.
    pub part: Part,
    /// Its start.
    pub start: Duration,
    /// Its length.
    pub length: Duration,
}

/// A part of a fleet that an outage affects.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// The network of these gateways.
    Network(Range<u32>),
    /// The power of these gateways.
    Power(Range<u32>),
    /// The supplier.
    Supplier,
}

/// A flaw that firmware could have. A run with one of them must fail: this tests the simulation itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Flaw {
    /// A repeated order has another byte than the first.
    AltersRepeats,
    /// An order is removed from the journal before its answer.
    ForgetsEarly,
    /// An alert is believed also if anyone can have sent it, and ends all attempts.
    ObeysAlerts,
    /// An order is sent before the journal has it.
    SendsUnstored,
    /// An order is written over the last one, so that a power cut can leave a part of it.
    TearsOrders,
    /// An order that did not arrive is not sent again before the next one is due.
    TriesOnce,
}

impl Flaw {
    /// All flaws.
    pub const ALL: [Self; 6] = [
        Self::AltersRepeats,
        Self::ForgetsEarly,
        Self::ObeysAlerts,
        Self::SendsUnstored,
        Self::TearsOrders,
        Self::TriesOnce,
    ];
}

impl Scenario {
    /// A fleet without faults: an order of each gateway every 30 minutes.
    pub const fn calm(seed: u64, gateways: u32, duration: Duration) -> Self {
        Self {
            seed,
            gateways,
            duration,
            calm: Duration::from_secs(4 * 3600),
            interval: Duration::from_secs(30 * 60),
            patience: Duration::from_secs(60),
            deadline: Duration::from_secs(2 * 3600),
            network: Network {
                min_delay: Duration::from_millis(5),
                max_delay: Duration::from_millis(40),
                segment: 1460,
                lost: 0,
                reordered: 0,
                duplicated: 0,
                corrupted: 0,
                forged: 0,
                reset: 0,
                stalled: 0,
            },
            partitions_per_day: 0,
            partition: Duration::from_secs(20 * 60),
            power_cuts_per_day: 0,
            journal_cuts: 0,
            wrong_clocks: 0,
            clock_jumps: 0,
            restarts_per_day: 0,
            restart: Duration::from_secs(5 * 60),
            slow: 0,
            busy: 0,
            lifetime: Duration::from_secs(90 * 86_400),
            late: Duration::ZERO,
            supplier_lifetime: Duration::from_secs(365 * 86_400),
            outages: Vec::new(),
            flaw: None,
        }
    }

    /// The same fleet with every fault.
    pub const fn storm(seed: u64, gateways: u32, duration: Duration) -> Self {
        let mut storm = Self::calm(seed, gateways, duration);
        storm.network = Network {
            max_delay: Duration::from_millis(400),
            lost: 20_000,
            reordered: 20_000,
            duplicated: 20_000,
            corrupted: 4_000,
            forged: 4_000,
            reset: 4_000,
            stalled: 2_000,
            ..storm.network
        };
        storm.partitions_per_day = 6;
        storm.power_cuts_per_day = 12;
        storm.journal_cuts = 20_000;
        storm.wrong_clocks = 20_000;
        storm.clock_jumps = 5_000;
        storm.restarts_per_day = 24;
        storm.slow = 10_000;
        storm.busy = 20_000;
        storm.lifetime = Duration::from_secs(8 * 3600);
        storm.late = Duration::from_secs(2 * 3600);
        storm.supplier_lifetime = Duration::from_secs(6 * 3600);
        storm
    }
}
