//! The report of a run as a page of HTML, with time lines and charts: a single file without scripts.

mod chart;

use core::fmt::{self, Display, Formatter, Write as _};
use core::time::Duration;

use crate::ledger::Violation;
use crate::report::Report;
use crate::timeline::{Cause, Outcome};

/// The broken promises that are listed; further ones are counted.
const LISTED: usize = 200;

/// A report as a page.
pub(crate) struct Page<'r>(pub(crate) &'r Report);

impl Display for Page<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let report = self.0;
        let scenario = &report.scenario;
        let title =
            format!("Fleet of {} gateways, {}, seed {}", scenario.gateways, Span(scenario.duration), scenario.seed);
        writeln!(f, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>")?;
        writeln!(f, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>")?;
        writeln!(f, "<title>{}</title>\n<style>", Escaped(&title))?;
        writeln!(f, "{}</style>\n</head>\n<body>\n<h1>{}</h1>", include_str!("page/style.css"), Escaped(&title))?;
        verdict(f, report)?;
        figures(f, report)?;
        violations(f, report)?;
        chart::orders(f, report)?;
        chart::attempts(f, report)?;
        chart::waits(f, report)?;
        chart::gateways(f, report)?;
        outcomes(f, report)?;
        network(f, report)?;
        repeat(f, report)?;
        writeln!(f, "</body>\n</html>")
    }
}

fn verdict(f: &mut Formatter<'_>, report: &Report) -> fmt::Result {
    match report.violations.len() {
        0 => {
            writeln!(f, "<p class=\"verdict kept\">✓ Every order arrived once, unchanged, and before its deadline.</p>")
        }
        1 => writeln!(f, "<p class=\"verdict broken-promise\">✗ 1 promise was broken.</p>"),
        count => writeln!(f, "<p class=\"verdict broken-promise\">✗ {count} promises were broken.</p>"),
    }
}

fn figures(f: &mut Formatter<'_>, report: &Report) -> fmt::Result {
    let waits = report.waits();
    let at = |part: usize| waits.get((waits.len() * part / 100).min(waits.len().saturating_sub(1))).copied();
    let wait = |wait: Option<Duration>| wait.map_or_else(|| "–".to_owned(), |wait| Span(wait).to_string());
    writeln!(f, "<dl>")?;
    for (name, value) in [
        ("orders stored", report.stored.to_string()),
        ("accepted", report.accepted.to_string()),
        ("queued", report.queued.to_string()),
        ("recognized repeats", report.repeats.to_string()),
        ("attempts", report.attempts.to_string()),
        ("half of the orders within", wait(at(50))),
        ("95 of 100 within", wait(at(95))),
        ("longest delivery", wait(waits.last().copied())),
        ("starts of gateways", report.boots.to_string()),
        ("restarts of the supplier", report.restarts.to_string()),
        ("digest of the run", format!("{:016x}", report.digest())),
    ] {
        writeln!(f, "<div><dt>{}</dt><dd>{}</dd></div>", Escaped(name), Escaped(&value))?;
    }
    writeln!(f, "</dl>")
}

fn violations(f: &mut Formatter<'_>, report: &Report) -> fmt::Result {
    if report.violations.is_empty() {
        return Ok(());
    }
    writeln!(
        f,
        "<h2>Broken promises</h2>\n<table>\n<tr><th>Promise</th><th>Order or gateway</th><th>Details</th></tr>"
    )?;
    for violation in report.violations.iter().take(LISTED) {
        let (promise, order, details) = match violation {
            Violation::Altered(order) => ("altered", order.clone(), String::new()),
            Violation::Late { order, age, deliverable, limit } => {
                let (age, part, limit) = (Span(*age), Span(*deliverable), Span(*limit));
                ("late", order.clone(), format!("{age} old, deliverable for {part}, limit {limit}"))
            }
            Violation::Lost(order) => ("lost", order.clone(), String::new()),
            Violation::Stuck(order) => ("stuck", order.clone(), String::new()),
            Violation::Surrendered(gateway, reason) => ("surrendered", format!("gateway {gateway}"), reason.clone()),
            Violation::Torn(gateway) => ("torn", format!("gateway {gateway}"), String::new()),
            Violation::Unstored(order) => ("unstored", order.clone(), String::new()),
        };
        let (order, details) = (Escaped(&order), Escaped(&details));
        writeln!(f, "<tr><td>{promise}</td><td>{order}</td><td>{details}</td></tr>")?;
    }
    writeln!(f, "</table>")?;
    match report.violations.len().saturating_sub(LISTED) {
        0 => Ok(()),
        more => writeln!(f, "<p>And {more} more.</p>"),
    }
}

fn outcomes(f: &mut Formatter<'_>, report: &Report) -> fmt::Result {
    writeln!(f, "<h2>Ends of attempts</h2>\n<table>\n<tr><th class=\"number\">Attempts</th><th>End</th></tr>")?;
    let mut outcomes: Vec<_> = report.outcomes.iter().collect();
    outcomes.sort_by_key(|(_, count)| core::cmp::Reverse(**count));
    for (outcome, count) in outcomes {
        writeln!(f, "<tr><td class=\"number\">{count}</td><td>{}</td></tr>", Escaped(outcome))?;
    }
    writeln!(f, "</table>")
}

fn network(f: &mut Formatter<'_>, report: &Report) -> fmt::Result {
    let counts = report.network;
    writeln!(f, "<h2>Network</h2>\n<table>\n<tr><th class=\"number\">Count</th><th>Of</th></tr>")?;
    for (count, name) in [
        (counts.connections, "connections"),
        (counts.bytes, "bytes"),
        (counts.lost, "segments lost, and sent again"),
        (counts.reordered, "segments that later ones overtook"),
        (counts.duplicated, "segments that came twice"),
        (counts.corrupted, "segments with a flipped bit"),
        (counts.forged, "segments that an attacker replaced by an alert"),
        (counts.reset, "connections that were reset"),
        (counts.stalled, "directions that fell silent for ever"),
    ] {
        writeln!(f, "<tr><td class=\"number\">{count}</td><td>{name}</td></tr>")?;
    }
    writeln!(f, "</table>")
}

fn repeat(f: &mut Formatter<'_>, report: &Report) -> fmt::Result {
    writeln!(
        f,
        "<h2>Scenario</h2>\n<p>The same scenario gives the same run, byte for byte. Settings that are not listed have"
    )?;
    writeln!(
        f,
        "their usual values. <code>cargo run --release -p embedded-mtls-sim --example fleet -- FILE</code></p>"
    )?;
    writeln!(f, "<pre>{}</pre>", Escaped(&report.scenario.to_string()))
}

/// A text that can stand anywhere in a page.
struct Escaped<'t>(&'t str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|character| match character {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&#39;"),
            // Not allowed in a page, not even escaped.
            character if character.is_control() && !character.is_whitespace() => f.write_char('\u{fffd}'),
            character => f.write_char(character),
        })
    }
}

/// A time in two of its units.
struct Span(Duration);

impl Display for Span {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        match seconds {
            0..10 => write!(f, "{:.1} s", self.0.as_secs_f64()),
            10..60 => write!(f, "{seconds} s"),
            60..3600 => write!(f, "{} min {} s", seconds / 60, seconds % 60),
            _ => write!(f, "{} h {} min", seconds / 3600, seconds / 60 % 60),
        }
    }
}

/// The classes of a page, and how its legends call them.
const OUTCOMES: [(Outcome, &str, &str); 6] = [
    (Outcome::Delivered, "delivered", "delivered"),
    (Outcome::Busy, "busy", "answered, not taken"),
    (Outcome::Broken, "broken", "connection broken, or none"),
    (Outcome::Silent, "silent", "no answer in time"),
    (Outcome::Refused, "refused", "TLS failed"),
    (Outcome::Rejected, "rejected", "rejected by the supplier"),
];

const CAUSES: [(Cause, &str, &str); 5] = [
    (Cause::Network, "network", "no network"),
    (Cause::Power, "power", "no power"),
    (Cause::Supplier, "supplier", "supplier down"),
    (Cause::Certificate, "certificate", "certificate expired"),
    (Cause::Clock, "clock", "clock wrong"),
];

/// Returns the class of an outcome.
fn outcome_class(outcome: Outcome) -> &'static str {
    OUTCOMES.iter().find(|(known, ..)| *known == outcome).map_or("", |(_, class, _)| class)
}

/// Returns the class of a cause, and how legends call it.
fn cause_names(cause: Cause) -> (&'static str, &'static str) {
    CAUSES.iter().find(|(known, ..)| *known == cause).map_or(("", ""), |(_, class, name)| (class, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_escaped_wherever_it_stands() {
        let text = "a<b> & \"c\" 'd'\u{0}\u{1b}\n";
        assert_eq!(Escaped(text).to_string(), "a&lt;b&gt; &amp; &quot;c&quot; &#39;d&#39;\u{fffd}\u{fffd}\n");
    }

    #[test]
    fn a_time_has_units_that_suit_it() {
        let of = |milliseconds| Span(Duration::from_millis(milliseconds)).to_string();
        assert_eq!([of(0), of(9_940), of(59_999)], ["0.0 s", "9.9 s", "59 s"]);
        assert_eq!([of(61_000), of(3_600_000), of(90_061_000)], ["1 min 1 s", "1 h 0 min", "25 h 1 min"]);
    }

    #[test]
    fn each_outcome_and_each_cause_has_a_colour() {
        let style = include_str!("page/style.css");
        let classes = OUTCOMES.iter().map(|(_, class, _)| class).chain(CAUSES.iter().map(|(_, class, _)| class));
        for class in classes {
            assert!(style.contains(&format!(".{class} {{ fill: var(--{class});")), "{class}");
            assert_eq!(style.matches(&format!("--{class}: #")).count(), 3, "{class}: light, dark and on paper");
        }
    }
}
