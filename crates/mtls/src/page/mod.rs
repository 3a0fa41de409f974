//! Reports of checks as a page of HTML: one file without scripts and without anything from elsewhere, in light and dark,
//! on a screen and on paper.

mod ladder;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::check::{Fault, Outcome, Report, SentCertificate, Step, StepName};
use super::report::printable;

/// The width of the longest bar of a time line.
const BAR: f64 = 240.0;

/// Makes the page of these reports. The texts of peers are escaped, and no secret is in any of them.
pub(crate) fn page(reports: &[Report]) -> String {
    let title = match reports {
        [report] => format!("Check of {}", printable(&report.target)),
        _ => format!("Check of {} servers", reports.len()),
    };
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(include_str!("style.css"))) }
            }
            body {
                h1 { (title) }
                @if reports.len() > 1 { (summary(reports)) }
                @for report in reports {
                    @if reports.len() > 1 { h2.server { (printable(&report.target)) } }
                    (one(report))
                }
            }
        }
    };
    markup.into_string()
}

/// Shows one line for each server.
fn summary(reports: &[Report]) -> Markup {
    html! {
        table {
            tr { th { "Server" } th { "Exit code" } th { "Result" } }
            @for report in reports {
                tr {
                    td { (printable(&report.target)) }
                    td.number { (report.exit_code) }
                    td class=(class(report.outcome)) { (printable(&report.summary())) }
                }
            }
        }
    }
}

/// Shows one report.
fn one(report: &Report) -> Markup {
    let (verdict, class) = (printable(&report.summary()), class(report.outcome));
    html! {
        p class={ "verdict " (class) } { (mark(report.outcome)) " " (verdict) " (exit code " (report.exit_code) ")" }
        @if let Some(fault) = &report.fault { (details(fault)) }
        @for fault in &report.further {
            p { "Also: " (printable(&fault.cause)) }
            (details(fault))
        }
        h3 { "Steps" }
        (steps(report))
        @if !report.events.is_empty() {
            h3 { "Handshake" }
            (ladder::ladder(&report.events))
        }
        h3 { "Certificates" }
        div.chains {
            (chain("Of the server", &report.theirs, report.fault.as_ref().is_some_and(|fault| fault.step < StepName::ClientAuthentication)))
            (chain("Of this side", &report.ours, false))
        }
        h3 { "The same with OpenSSL" }
        pre { (printable(&report.openssl)) }
    }
}

/// Shows who has to do what.
fn details(fault: &Fault) -> Markup {
    let certificate = fault.certificate.as_deref().unwrap_or_default();
    html! {
        table.details {
            @for (label, text) in [
                ("Observed", fault.observed.as_str()),
                ("Certificate", certificate),
                ("Who has to act", &fault.responsible),
                ("Remedy", &fault.remedy),
            ] {
                @if !text.is_empty() { tr { th { (label) } td { (printable(text)) } } }
            }
        }
    }
}

/// Shows the steps on a time line.
fn steps(report: &Report) -> Markup {
    let milliseconds = |step: &Step| step.time.map_or(0.0, |time| time.as_secs_f64() * 1000.0);
    let total = report.steps.iter().map(milliseconds).sum::<f64>().max(0.001);
    let starts = report.steps.iter().scan(0.0, |sum, step| Some(core::mem::replace(sum, *sum + milliseconds(step))));
    html! {
        table.steps {
            @for (step, start) in report.steps.iter().zip(starts) {
                @let (x, width) = (BAR * start / total, (BAR * milliseconds(step) / total).max(1.5));
                tr {
                    td class=(class(step.outcome)) { (mark(step.outcome)) }
                    th { (step.name.to_string()) }
                    td.number { @if step.time.is_some() { (format!("{:.1} ms", milliseconds(step))) } }
                    td.bar {
                        svg viewBox={ "0 0 " (BAR) " 14" } width=(BAR) height="14" role="img" aria-label="time" {
                            @if step.time.is_some() {
                                rect class=(class(step.outcome)) x=(format!("{x:.1}")) y="2" width=(format!("{width:.1}")) height="10" {}
                            }
                        }
                    }
                    td { @for fact in &step.facts { div { (printable(fact)) } } }
                }
            }
        }
    }
}

/// Shows a chain, the last certificate on top.
fn chain(heading: &str, links: &[SentCertificate], is_unverified: bool) -> Markup {
    html! {
        section {
            h4 { (heading) @if is_unverified { " (not verified)" } }
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
            events: vec![
                LogEvent::Message { direction: Direction::Sent, kind: 1, length: 220 },
                LogEvent::Alert { direction: Direction::Received, description: AlertDescription::UNKNOWN_CA },
            ],
            openssl: text,
        }
    }

    #[test]
    fn no_text_of_a_server_becomes_a_part_of_the_page() {
        let attack = "\"'><img src=x onerror=alert(1)></title><script>&amp;\u{0}\u{1b}[2J";
        let page = page(&[failed(attack), failed(attack)]);
        for part in ["<img", "<script", "\u{0}", "\u{1b}"] {
            assert!(!page.contains(part), "{part:?}");
        }
        assert!(page.matches("&lt;img src=x").count() > 20, "{page}");
    }

    #[test]
    fn a_page_needs_nothing_from_elsewhere() {
        let page = page(&[failed("text")]);
        for foreign in ["<script", "javascript:", "http:", "https:", "//", "@import", "url(", " src=", " href="] {
            assert!(!page.contains(foreign), "{foreign}");
        }
        for part in ["prefers-color-scheme: dark", "@media print", "lang=\"en\"", "<svg"] {
            assert!(page.contains(part), "{part}");
        }
    }

    #[test]
    fn a_page_says_what_happened_and_who_has_to_act() {
        let page = page(&[failed("text")]);
        for part in [
            "✗ text (exit code 24)",
            "<th>Who has to act</th><td>text</td>",
            "ClientHello, 220 bytes",
            "alert 48 (unknown_ca)",
            "expired 1 day ago",
            "Of the server (not verified)",
        ] {
            assert!(page.contains(part), "{part}: {page}");
        }
    }
}
