//! The description of a run: how large the fleet is, and what goes wrong.

use core::fmt;
use core::str::FromStr;
use core::time::Duration;

/// A run, as data. With the same scenario, its seed included, every byte and every time is the same.
///
/// As text it has a line for each setting, `name = value`; unnamed settings have the value of [`Scenario::calm`], and
/// `#` begins a comment. Durations are in milliseconds (`ms`), seconds (`s`), minutes (`min`) or hours (`h`).
///
/// ```
/// let scenario: embedded_mtls_sim::Scenario = "gateways = 3\nduration = 2 h\nlost = 20000 # of a million".parse()?;
/// assert_eq!((scenario.gateways, scenario.network.lost), (3, 20_000));
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
    /// An order that did not arrive is not sent again before the next one is due.
    TriesOnce,
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
            restarts_per_day: 0,
            restart: Duration::from_secs(5 * 60),
            slow: 0,
            busy: 0,
            lifetime: Duration::from_secs(90 * 86_400),
            late: Duration::ZERO,
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
        storm.restarts_per_day = 24;
        storm.slow = 10_000;
        storm.busy = 20_000;
        storm.lifetime = Duration::from_secs(8 * 3600);
        storm.late = Duration::from_secs(2 * 3600);
        storm
    }

    /// Sets what `name` names.
    fn set(&mut self, name: &str, value: &str) -> Option<()> {
        let network = &mut self.network;
        match name {
            "seed" => self.seed = number(value)?,
            "gateways" => self.gateways = number(value)?,
            "duration" => self.duration = duration(value)?,
            "calm" => self.calm = duration(value)?,
            "interval" => self.interval = duration(value)?,
            "patience" => self.patience = duration(value)?,
            "deadline" => self.deadline = duration(value)?,
            "min_delay" => network.min_delay = duration(value)?,
            "max_delay" => network.max_delay = duration(value)?,
            "segment" => network.segment = number(value)?,
            "lost" => network.lost = number(value)?,
            "reordered" => network.reordered = number(value)?,
            "duplicated" => network.duplicated = number(value)?,
            "corrupted" => network.corrupted = number(value)?,
            "forged" => network.forged = number(value)?,
            "reset" => network.reset = number(value)?,
            "stalled" => network.stalled = number(value)?,
            "partitions_per_day" => self.partitions_per_day = number(value)?,
            "partition" => self.partition = duration(value)?,
            "power_cuts_per_day" => self.power_cuts_per_day = number(value)?,
            "journal_cuts" => self.journal_cuts = number(value)?,
            "wrong_clocks" => self.wrong_clocks = number(value)?,
            "restarts_per_day" => self.restarts_per_day = number(value)?,
            "restart" => self.restart = duration(value)?,
            "slow" => self.slow = number(value)?,
            "busy" => self.busy = number(value)?,
            "lifetime" => self.lifetime = duration(value)?,
            "late" => self.late = duration(value)?,
            _ => return None,
        }
        Some(())
    }
}

fn number<N: FromStr>(value: &str) -> Option<N> {
    value.replace('_', "").parse().ok()
}

fn duration(value: &str) -> Option<Duration> {
    let (count, unit) = value.split_at(value.find(|character: char| character.is_ascii_alphabetic())?);
    let unit = match unit {
        "ms" => 1,
        "s" => 1000,
        "min" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    Some(Duration::from_millis(number::<u64>(count.trim())?.checked_mul(unit)?))
}

/// A line of a scenario that cannot be read, and its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScenarioError {
    /// The number of the line, from 1.
    pub line: usize,
    /// The line.
    pub text: String,
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: expected the name and the value of a setting, found '{}'", self.line, self.text)
    }
}

impl core::error::Error for ScenarioError {}

impl FromStr for Scenario {
    type Err = ScenarioError;

    fn from_str(text: &str) -> Result<Self, ScenarioError> {
        let mut scenario = Self::calm(1, 1, Duration::from_secs(24 * 3600));
        for (number, line) in text.lines().enumerate() {
            let setting = line.split('#').next().unwrap_or_default().trim();
            let done = match setting.split_once('=') {
                None => setting.is_empty().then_some(()),
                Some((name, value)) => scenario.set(name.trim(), value.trim()),
            };
            done.ok_or_else(|| ScenarioError { line: number + 1, text: line.to_owned() })?;
        }
        Ok(scenario)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scenario_is_read_from_lines_and_a_wrong_line_is_named() {
        let text = "# a small fleet\n gateways = 1_000\nduration=90 min\nmin_delay = 5ms\n\nseed = 7";
        let expected = Scenario::calm(7, 1000, Duration::from_secs(5400));
        assert_eq!(text.parse(), Ok(expected));
        for wrong in ["gateway = 3", "gateways = -3", "gateways", "duration = 3", "duration = 3 d"] {
            let error = format!("seed = 1\n{wrong}").parse::<Scenario>().unwrap_err();
            assert_eq!((error.line, error.text.as_str()), (2, wrong));
        }
    }
}
