//! Reports as a page of HTML: one file without scripts and without anything from elsewhere, in light and dark, on a screen and
//! on paper.
//!
//! ```text
//!   check      a section for each server that was checked
//!   order      one for each attempt to post an order
//!   serve      one for each connection of a server
//!   inspected  one for each connection in a ring of events, and for each chain
//!   ladder     the messages of a connection as a diagram
//! ```

mod check;
mod inspected;
mod ladder;
mod order;
mod serve;

use std::time::Duration;

use embedded_mtls_operator::Finding;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::check::Outcome;
use super::course::{Course, SentCertificate};
use super::report::printable;

pub(crate) use check::of_checks;
pub(crate) use inspected::of_files;
pub(crate) use order::of_attempts;
pub(crate) use serve::Connections;

/// The width of the longest bar of a time line.
const BAR: f64 = 240.0;

/// A part of a page: a server, a connection, a file. Its texts may be those of a peer: they are escaped when it is drawn.
#[derive(Debug)]
struct Section {
    /// Its name in the summary, and its heading.
    name: String,
    outcome: Outcome,
    exit_code: Option<u8>,
    /// The result in one sentence without a full stop.
    verdict: String,
    /// The causes, the first one first.
    causes: Vec<Cause>,
    hops: Vec<Hop>,
    steps: Vec<Entry>,
    course: Course,
    /// The names of both sides in the diagram.
    sides: [&'static str; 2],
    chains: Vec<Chain>,
    /// Lines of text, each group with a heading.
    lines: Vec<(&'static str, Vec<String>)>,
}

impl Section {
    /// Makes a section that consists of a verdict.
    fn new(name: String, outcome: Outcome, verdict: String) -> Self {
        Self {
            name,
            outcome,
            exit_code: None,
            verdict,
            causes: Vec::new(),
            hops: Vec::new(),
            steps: Vec::new(),
            course: Course::default(),
            sides: ["this side", "server"],
            chains: Vec::new(),
            lines: Vec::new(),
        }
    }
}

/// The cause of a failure.
#[derive(Debug, Default)]
struct Cause {
    /// A sentence in front, if it is not the first cause.
    also: Option<String>,
    /// Labels and texts; empty ones are not shown.
    rows: Vec<(&'static str, String)>,
}

impl Cause {
    /// Explains a failure by its name.
    fn named(finding: Finding) -> Self {
        let rows = vec![
            ("That means", finding.cause().to_owned()),
            ("Who has to act", finding.responsible().to_string()),
            ("Remedy", finding.remedy().to_owned()),
        ];
        Self { also: None, rows }
    }
}

/// A station on the way to the peer.
#[derive(Debug)]
struct Hop {
    name: &'static str,
    detail: String,
    /// The connection did not get beyond it; or it is where it failed.
    outcome: Outcome,
}

/// A step with its time.
#[derive(Debug)]
struct Entry {
    name: String,
    outcome: Outcome,
    time: Option<Duration>,
    facts: Vec<String>,
}

/// The certificates of one side, leaf first.
#[derive(Debug)]
struct Chain {
    heading: &'static str,
    links: Vec<SentCertificate>,
    is_verified: bool,
}

/// Draws a page of these sections, which `kind` names, each the same.
fn page(title: &str, kind: &str, sections: &[Section]) -> String {
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (printable(title)) }
                style { (PreEscaped(include_str!("style.css"))) }
            }
            body {
                h1 { (printable(title)) }
                @if sections.len() > 1 { (summary(kind, sections)) }
                @for section in sections {
                    @if sections.len() > 1 { h2.server { (printable(&section.name)) } }
                    (one(section))
                }
            }
        }
    };
    markup.into_string()
}

/// Shows one line for each section.
fn summary(kind: &str, sections: &[Section]) -> Markup {
    let has_codes = sections.iter().any(|section| section.exit_code.is_some());
    html! {
        table.summary {
            tr { th { (kind) } @if has_codes { th { "Exit code" } } th { "Result" } }
            @for section in sections {
                tr {
                    td { (printable(&section.name)) }
                    @if has_codes { td.number { @if let Some(code) = section.exit_code { (code) } } }
                    td class=(class(section.outcome)) { (printable(&section.verdict)) }
                }
            }
        }
    }
}

/// Shows one section.
fn one(section: &Section) -> Markup {
    html! {
        p class={ "verdict " (class(section.outcome)) } {
            (mark(section.outcome)) " " (printable(&section.verdict))
            @if let Some(code) = section.exit_code { " (exit code " (code) ")" }
        }
        @for cause in &section.causes { (details(cause)) }
        @if !section.hops.is_empty() { (hops(&section.hops)) }
        @if !section.steps.is_empty() {
            h3 { "Steps" }
            (steps(&section.steps))
        }
        @if !section.course.events.is_empty() {
            h3 { "Messages" }
            (ladder::ladder(&section.course, section.sides))
        }
        @if !section.chains.is_empty() {
            h3 { "Certificates" }
            div.chains { @for chain in &section.chains { (tree(chain)) } }
        }
        @for (heading, lines) in section.lines.iter().filter(|(_, lines)| !lines.is_empty()) {
            h3 { (heading) }
            pre { @for line in lines { (printable(line)) "\n" } }
        }
    }
}

/// Shows who has to do what.
fn details(cause: &Cause) -> Markup {
    html! {
        @if let Some(also) = &cause.also { p { "Also: " (printable(also)) } }
        table.details {
            @for (label, text) in cause.rows.iter().filter(|(_, text)| !text.is_empty()) {
                tr { th { (label) } td { @for line in text.lines() { div { (printable(line)) } } } }
            }
        }
    }
}

/// Shows the way to the peer.
fn hops(hops: &[Hop]) -> Markup {
    html! {
        h3 { "Way" }
        ol.hops {
            @for hop in hops {
                li class=(class(hop.outcome)) {
                    strong { (hop.name) }
                    div { (printable(&hop.detail)) }
                }
            }
        }
    }
}

/// Shows the steps on a time line.
fn steps(steps: &[Entry]) -> Markup {
    let has_times = steps.iter().any(|step| step.time.is_some());
    let milliseconds = |step: &Entry| step.time.map_or(0.0, |time| time.as_secs_f64() * 1000.0);
    let total = steps.iter().map(milliseconds).sum::<f64>().max(0.001);
    let starts = steps.iter().scan(0.0, |sum, step| Some(core::mem::replace(sum, *sum + milliseconds(step))));
    html! {
        table.steps {
            @for (step, start) in steps.iter().zip(starts) {
                @let (x, width) = (BAR * start / total, (BAR * milliseconds(step) / total).max(1.5));
                tr {
                    td class=(class(step.outcome)) { (mark(step.outcome)) }
                    th { (step.name) }
                    @if has_times {
                        td.number { @if step.time.is_some() { (format!("{:.1} ms", milliseconds(step))) } }
                        td.bar {
                            svg viewBox={ "0 0 " (BAR) " 14" } width=(BAR) height="14" role="img" aria-label="time" {
                                @if step.time.is_some() {
                                    rect class=(class(step.outcome)) x=(format!("{x:.1}")) y="2" width=(format!("{width:.1}")) height="10" {}
                                }
                            }
                        }
                    }
                    td { @for fact in &step.facts { div { (printable(fact)) } } }
                }
            }
        }
    }
}

/// Shows a chain as a tree, the last certificate on top.
fn tree(Chain { heading, links, is_verified }: &Chain) -> Markup {
    html! {
        section {
            h4 { (heading) @if !is_verified { " (not verified)" } }
            @if links.is_empty() { p.quiet { "none" } }
            @for (depth, link) in links.iter().rev().enumerate() {
                @if depth == 0 && link.issuer != link.subject {
                    div.link.quiet { (printable(&link.issuer)) }
                }
                div.link style={ "margin-left: " (depth + 1) "rem" } {
                    "└ " (printable(&link.subject))
                    @if let Some(days) = link.days_left {
                        @let class = if days < 0 { "failed" } else { "quiet" };
                        " " span class=(class) { (remaining(days)) }
                    }
                }
            }
        }
    }
}

/// Describes the days until an expiry, or since.
fn remaining(days: i64) -> String {
    let unit = if days.abs() == 1 { "day" } else { "days" };
    if days < 0 { format!("expired {} {unit} ago", -days) } else { format!("{days} {unit} left") }
}

/// Returns the class of an outcome.
const fn class(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "passed",
        Outcome::Warned => "warned",
        Outcome::Failed => "failed",
    }
}

/// Returns the mark of an outcome.
const fn mark(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "✓",
        Outcome::Warned => "!",
        Outcome::Failed => "✗",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{Fault, Report, Step, StepName};
    use embedded_mtls::AlertDescription;
    use embedded_mtls::events::{Direction, LogEvent};

    /// A failed check whose every text is this one.
    fn failed(text: &str) -> Report {
        let text = text.to_owned();
        let fault = Fault {
            step: StepName::Chain,
            exit_code: 24,
            cause: text.clone(),
            observed: text.clone(),
            certificate: Some(text.clone()),
            responsible: text.clone(),
            remedy: text.clone(),
        };
        let step = Step { name: StepName::Chain, outcome: Outcome::Failed, time: None, facts: vec![text.clone()] };
        let link = SentCertificate { subject: text.clone(), issuer: text.clone(), days_left: Some(-1) };
        Report {
            target: text.clone(),
            outcome: Outcome::Failed,
            exit_code: 24,
            steps: vec![step],
            fault: Some(fault.clone()),
            further: vec![fault],
            warnings: vec![text.clone()],
            server: None,
            theirs: vec![link.clone()],
            ours: vec![link],
            hops: vec![("this side", text.clone()), ("server", text.clone())],
            course: Course {
                events: vec![
                    LogEvent::Message { direction: Direction::Sent, kind: 1, length: 220 },
                    LogEvent::Alert { direction: Direction::Received, description: AlertDescription::UNKNOWN_CA },
                ],
                ..Course::default()
            },
            openssl: text,
        }
    }

    #[test]
    fn no_text_of_a_server_becomes_a_part_of_the_page() {
        let attack = "\"'><img src=x onerror=alert(1)></title><script>&amp;\u{0}\u{1b}[2J";
        let page = of_checks(&[failed(attack), failed(attack)]);
        for part in ["<img", "<script", "\u{0}", "\u{1b}"] {
            assert!(!page.contains(part), "{part:?}");
        }
        assert!(page.matches("&lt;img src=x").count() > 20, "{page}");
    }

    #[test]
    fn a_page_needs_nothing_from_elsewhere() {
        let page = of_checks(&[failed("text")]);
        for foreign in ["<script", "javascript:", "http:", "https:", "//", "@import", "url(", " src=", " href="] {
            assert!(!page.contains(foreign), "{foreign}");
        }
        for part in ["prefers-color-scheme: dark", "@media print", "lang=\"en\"", "<svg"] {
            assert!(page.contains(part), "{part}");
        }
    }

    #[test]
    fn a_page_says_what_happened_and_who_has_to_act() {
        let page = of_checks(&[failed("text")]);
        for part in [
            "✗ text (exit code 24)",
            "<th>Who has to act</th><td><div>text</div></td>",
            "ClientHello, 220 bytes",
            "alert 48 (unknown_ca)",
            "expired 1 day ago",
            "Of the server (not verified)",
        ] {
            assert!(page.contains(part), "{part}: {page}");
        }
    }
}
