//! Scenarios as text.

use core::fmt;
use core::ops::Range;
use core::str::FromStr;
use core::time::Duration;

use super::{Flaw, Part, Planned, Scenario};

/// The value of a setting, in place.
enum Value<'s> {
    Count(&'s mut u32),
    Flaw(&'s mut Option<Flaw>),
    Length(&'s mut usize),
    Seed(&'s mut u64),
    Time(&'s mut Duration),
}

/// Lists all settings but the planned outages.
fn settings(scenario: &mut Scenario) -> impl Iterator<Item = (&'static str, Value<'_>)> {
    use Value::{Count, Length, Seed, Time};
    let network = &mut scenario.network;
    [
        ("seed", Seed(&mut scenario.seed)),
        ("gateways", Count(&mut scenario.gateways)),
        ("duration", Time(&mut scenario.duration)),
        ("calm", Time(&mut scenario.calm)),
        ("interval", Time(&mut scenario.interval)),
        ("patience", Time(&mut scenario.patience)),
        ("deadline", Time(&mut scenario.deadline)),
        ("min_delay", Time(&mut network.min_delay)),
        ("max_delay", Time(&mut network.max_delay)),
        ("segment", Length(&mut network.segment)),
        ("lost", Count(&mut network.lost)),
        ("reordered", Count(&mut network.reordered)),
        ("duplicated", Count(&mut network.duplicated)),
        ("corrupted", Count(&mut network.corrupted)),
        ("forged", Count(&mut network.forged)),
        ("reset", Count(&mut network.reset)),
        ("stalled", Count(&mut network.stalled)),
        ("partitions_per_day", Count(&mut scenario.partitions_per_day)),
        ("partition", Time(&mut scenario.partition)),
        ("power_cuts_per_day", Count(&mut scenario.power_cuts_per_day)),
        ("journal_cuts", Count(&mut scenario.journal_cuts)),
        ("wrong_clocks", Count(&mut scenario.wrong_clocks)),
        ("clock_jumps", Count(&mut scenario.clock_jumps)),
        ("restarts_per_day", Count(&mut scenario.restarts_per_day)),
        ("restart", Time(&mut scenario.restart)),
        ("slow", Count(&mut scenario.slow)),
        ("busy", Count(&mut scenario.busy)),
        ("lifetime", Time(&mut scenario.lifetime)),
        ("late", Time(&mut scenario.late)),
        ("supplier_lifetime", Time(&mut scenario.supplier_lifetime)),
        ("flaw", Value::Flaw(&mut scenario.flaw)),
    ]
    .into_iter()
}

impl Value<'_> {
    fn read(self, text: &str) -> Option<()> {
        match self {
            Self::Count(value) => *value = number(text)?,
            Self::Flaw(value) => *value = Some(*Flaw::ALL.iter().find(|flaw| flaw.to_string() == text)?),
            Self::Length(value) => *value = number(text)?,
            Self::Seed(value) => *value = number(text)?,
            Self::Time(value) => *value = time(text)?,
        }
        Some(())
    }
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(value) => write!(f, "{value}"),
            Self::Flaw(None) => Ok(()),
            Self::Flaw(Some(flaw)) => write!(f, "{flaw}"),
            Self::Length(value) => write!(f, "{value}"),
            Self::Seed(value) => write!(f, "{value}"),
            Self::Time(value) => write_time(f, **value),
        }
    }
}

/// The scenario in which all settings have their usual values.
const fn usual() -> Scenario {
    Scenario::calm(1, 1, Duration::from_secs(24 * 3600))
}

impl FromStr for Scenario {
    type Err = ScenarioError;

    fn from_str(text: &str) -> Result<Self, ScenarioError> {
        let mut scenario = usual();
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

impl Scenario {
    /// Sets what `name` names.
    fn set(&mut self, name: &str, value: &str) -> Option<()> {
        if name == "outage" {
            self.outages.push(value.parse().ok()?);
            return Some(());
        }
        settings(self).find(|(known, _)| *known == name)?.1.read(value)
    }
}

/// Writes the settings that differ from the usual values, as lines that are read as the same scenario.
impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut scenario, mut usual) = (self.clone(), usual());
        for ((name, value), (_, usual)) in settings(&mut scenario).zip(settings(&mut usual)) {
            let value = value.to_string();
            if value != usual.to_string() {
                writeln!(f, "{name} = {value}")?;
            }
        }
        self.outages.iter().try_for_each(|outage| writeln!(f, "outage = {outage}"))
    }
}

/// Reads `supplier at 1 h for 5 min`, `network 0..50 at 1 h for 20 min` or `power 3..4 at 90 min for 30 s`.
impl FromStr for Planned {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let read = || {
            let (what, when) = text.split_once(" at ")?;
            let (start, length) = when.split_once(" for ")?;
            let (part, gateways) = what.trim().split_once(' ').unwrap_or((what.trim(), ""));
            let part = match (part, range(gateways)) {
                ("network", Some(gateways)) => Part::Network(gateways),
                ("power", Some(gateways)) => Part::Power(gateways),
                ("supplier", None) if gateways.is_empty() => Part::Supplier,
                _ => return None,
            };
            Some(Self { part, start: time(start.trim())?, length: time(length.trim())? })
        };
        read().ok_or(())
    }
}

impl fmt::Display for Planned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.part {
            Part::Network(Range { start, end }) => write!(f, "network {start}..{end}")?,
            Part::Power(Range { start, end }) => write!(f, "power {start}..{end}")?,
            Part::Supplier => f.write_str("supplier")?,
        }
        f.write_str(" at ")?;
        write_time(f, self.start)?;
        f.write_str(" for ")?;
        write_time(f, self.length)
    }
}

/// Writes the name by which a scenario calls it.
impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AltersRepeats => "alters-repeats",
            Self::ForgetsEarly => "forgets-early",
            Self::ObeysAlerts => "obeys-alerts",
            Self::SendsUnstored => "sends-unstored",
            Self::TearsOrders => "tears-orders",
            Self::TriesOnce => "tries-once",
        })
    }
}

fn number<N: FromStr>(text: &str) -> Option<N> {
    text.replace('_', "").parse().ok()
}

fn range(text: &str) -> Option<Range<u32>> {
    let (start, end) = text.split_once("..")?;
    Some(number(start.trim())?..number(end.trim())?)
}

/// The units of time and their nanoseconds, from the longest on.
const UNITS: [(&str, u64); 6] = [
    ("h", 3_600_000_000_000),
    ("min", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1000),
    ("ns", 1),
];

fn time(text: &str) -> Option<Duration> {
    let (count, unit) = text.split_at(text.find(|character: char| character.is_ascii_alphabetic())?);
    let (_, nanoseconds) = UNITS.iter().find(|(name, _)| *name == unit)?;
    Some(Duration::from_nanos(number::<u64>(count.trim())?.checked_mul(*nanoseconds)?))
}

/// Writes a time in the longest unit of which it is a multiple.
fn write_time(f: &mut fmt::Formatter<'_>, time: Duration) -> fmt::Result {
    let all = time.as_nanos();
    let unit = UNITS.iter().find(|(_, nanoseconds)| all.is_multiple_of(u128::from(*nanoseconds)));
    let (name, nanoseconds) = unit.filter(|_| all > 0).unwrap_or(&("s", 1_000_000_000));
    write!(f, "{} {name}", all / u128::from(*nanoseconds))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scenario_is_read_from_lines_and_a_wrong_line_is_named() {
        let text = "# a small fleet\n gateways = 1_000\nduration=90 min\nmin_delay = 5ms\n\nseed = 7";
        let expected = Scenario::calm(7, 1000, Duration::from_secs(5400));
        assert_eq!(text.parse(), Ok(expected));
        for wrong in [
            "gateway = 3",
            "gateways = -3",
            "gateways",
            "duration = 3",
            "duration = 3 d",
            "flaw = none",
            "outage = network at 1 h for 1 h",
            "outage = network 3 at 1 h for 1 h",
            "outage = supplier 0..3 at 1 h for 1 h",
            "outage = clock 0..3 at 1 h for 1 h",
            "outage = supplier at 1 h",
        ] {
            let error = format!("seed = 1\n{wrong}").parse::<Scenario>().unwrap_err();
            assert_eq!((error.line, error.text.as_str()), (2, wrong));
        }
    }

    #[test]
    fn what_is_written_is_read_as_the_same_scenario() {
        let mut scenario = Scenario::storm(7, 3, Duration::from_millis(90_001));
        scenario.flaw = Some(Flaw::ObeysAlerts);
        scenario.network.min_delay = Duration::ZERO;
        scenario.deadline = Duration::new(1, 1);
        scenario.outages = vec![
            Planned { part: Part::Supplier, start: Duration::ZERO, length: Duration::from_secs(60) },
            Planned { part: Part::Network(0..2), start: Duration::from_secs(90), length: Duration::from_secs(3600) },
            Planned { part: Part::Power(2..3), start: Duration::from_secs(5), length: Duration::from_millis(1) },
        ];
        let text = scenario.to_string();
        assert!(
            text.contains("outage = network 0..2 at 90 s for 1 h\n") && text.contains("flaw = obeys-alerts\n"),
            "{text}"
        );
        assert_eq!(text.parse(), Ok(scenario));
        assert_eq!(usual().to_string(), "");
    }

    #[test]
    fn each_setting_and_each_flaw_is_read_and_written() {
        let mut scenario = usual();
        for (number, (_, value)) in (2..).zip(settings(&mut scenario)) {
            match value {
                Value::Count(value) => *value = number,
                Value::Flaw(value) => *value = Some(Flaw::TriesOnce),
                Value::Length(value) => *value = 100,
                Value::Seed(value) => *value = number.into(),
                Value::Time(value) => *value = Duration::from_secs(number.into()),
            }
        }
        assert_eq!(scenario.to_string().lines().count(), settings(&mut usual()).count());
        assert_eq!(scenario.to_string().parse(), Ok(scenario));
        for flaw in Flaw::ALL {
            assert_eq!(format!("flaw = {flaw}").parse::<Scenario>().unwrap().flaw, Some(flaw));
        }
    }
}
