//! Checks of servers.

use super::{Cause, Chain, Entry, Hop, Section, page};
use crate::check::{Fault, Outcome, Report, StepName};

/// Makes the page of these reports. No secret is in any of them.
pub(crate) fn of_checks(reports: &[Report]) -> String {
    let title = match reports {
        [report] => format!("Check of {}", report.target),
        _ => format!("Check of {} servers", reports.len()),
    };
    page(&title, "Server", &reports.iter().map(section).collect::<Vec<_>>())
}

/// Shows one report.
fn section(report: &Report) -> Section {
    let failed_at = report.fault.as_ref().map(|fault| fault.step);
    let further = report.further.iter().map(|fault| Cause { also: Some(fault.cause.clone()), ..cause(fault) });
    let steps = report.steps.iter().map(|step| Entry {
        name: step.name.to_string(),
        outcome: step.outcome,
        time: step.time,
        facts: step.facts.clone(),
    });
    let is_verified = failed_at.is_none_or(|step| step >= StepName::ClientAuthentication);
    Section {
        exit_code: Some(report.exit_code),
        causes: report.fault.iter().map(cause).chain(further).collect(),
        hops: hops(report, failed_at),
        steps: steps.collect(),
        course: report.course.clone(),
        chains: vec![
            Chain { heading: "Of the server", links: report.theirs.clone(), is_verified },
            Chain { heading: "Of this side", links: report.ours.clone(), is_verified: true },
        ],
        lines: vec![("The same with OpenSSL", vec![report.openssl.clone()])],
        ..Section::new(report.target.clone(), report.outcome, report.summary())
    }
}

/// Shows the way, and how far it leads.
fn hops(report: &Report, failed_at: Option<StepName>) -> Vec<Hop> {
    let reached = |step: StepName| failed_at.is_none_or(|failed| failed > step);
    let last = report.hops.len().saturating_sub(1);
    let hop = |(place, (name, detail)): (usize, &(&'static str, String))| {
        let outcome = match place {
            // Beside the network, this side is at fault only if the fault says so.
            0 => Outcome::Passed,
            _ if place == last => report.outcome,
            _ if reached(StepName::Tcp) && failed_at != Some(StepName::Proxy) => Outcome::Passed,
            _ => Outcome::Failed,
        };
        Hop { name, detail: detail.clone(), outcome }
    };
    report.hops.iter().enumerate().map(hop).collect()
}

/// Explains a fault.
fn cause(fault: &Fault) -> Cause {
    let rows = vec![
        ("Observed", fault.observed.clone()),
        ("Certificate", fault.certificate.clone().unwrap_or_default()),
        ("Who has to act", fault.responsible.clone()),
        ("Remedy", fault.remedy.clone()),
    ];
    Cause { also: None, rows }
}
