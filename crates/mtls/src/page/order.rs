//! Attempts to post an order.

use super::{Cause, Chain, Entry, Hop, Section, page};
use crate::attempt::Attempt;
use crate::check::Outcome;

/// Makes the page of these attempts.
pub(crate) fn of_attempts(attempts: &[Attempt]) -> String {
    let number = attempts.last().map(|attempt| attempt.order.number.as_str()).unwrap_or_default();
    page(&format!("Order {number}"), "Attempt", &attempts.iter().map(section).collect::<Vec<_>>())
}

/// Shows one attempt.
fn section(attempt: &Attempt) -> Section {
    let outcome = if attempt.failure.is_none() { Outcome::Passed } else { Outcome::Failed };
    let verdict = match (&attempt.failure, &attempt.cxml) {
        (Some(failure), _) => {
            failure.cause.as_ref().unwrap_or(&failure.message).lines().next().unwrap_or_default().to_owned()
        }
        (None, Some(cxml)) => format!("the supplier has the order: cXML {} {}", cxml.code, cxml.text),
        (None, None) => "the supplier has the order".to_owned(),
    };
    let cause = attempt.failure.as_ref().map(|failure| Cause {
        also: None,
        rows: vec![
            ("Observed", failure.message.clone()),
            ("Who has to act", failure.responsible.clone()),
            ("Remedy", failure.remedy.clone()),
            (
                "Next attempt",
                attempt.retry_in.map(|seconds| format!("in {seconds} s, with the same bytes")).unwrap_or_default(),
            ),
        ],
    });
    let noted = attempt.noted.as_ref().map(|noted| Cause::named(noted.finding));
    let own = attempt.client_auth.as_ref().and_then(|asked| asked.sent.clone());
    let server = format!("{}, {}", attempt.server.name, attempt.server.address);
    Section {
        exit_code: Some(attempt.exit_code),
        causes: cause.into_iter().chain(noted).collect(),
        hops: vec![
            Hop {
                name: "this side",
                detail: own.unwrap_or_else(|| "no certificate sent".to_owned()),
                outcome: Outcome::Passed,
            },
            Hop { name: "server", detail: server, outcome },
        ],
        steps: steps(attempt, outcome),
        course: attempt.course.clone(),
        chains: vec![
            Chain { heading: "Of the server", links: attempt.theirs.clone(), is_verified: attempt.tls.is_some() },
            Chain { heading: "Of this side", links: attempt.ours.clone(), is_verified: true },
        ],
        lines: vec![("Warnings", attempt.warnings.clone())],
        ..Section::new(format!("attempt {}", attempt.number), outcome, verdict)
    }
}

/// Lists the steps, up to the one that failed.
fn steps(attempt: &Attempt, outcome: Outcome) -> Vec<Entry> {
    let entry = |name: &str, time, facts| Entry { name: name.to_owned(), outcome: Outcome::Passed, time, facts };
    let order = &attempt.order;
    let lines = if order.lines == 1 { "line" } else { "lines" };
    let facts = vec![
        format!("{}, {} {lines}, {}, {} bytes", order.number, order.lines, order.total, order.bytes),
        format!("payloadID {}", order.payload_id),
    ];
    let times = &attempt.milliseconds;
    let mut steps = vec![entry("order", None, facts)];
    let reached = times.connect.is_some();
    if reached || attempt.failure.is_some() {
        steps.push(entry("TCP", times.connect, vec![attempt.server.address.clone()]));
    }
    if reached {
        let agreed = attempt.tls.as_ref().map(|tls| {
            let alpn = tls.alpn.as_deref().unwrap_or("no ALPN");
            let resumed =
                tls.resumed.map(|age| format!("a session in which the server proved its identity {age} s ago"));
            let waived = tls.waived.as_ref().map(|waived| format!("WAIVED by the policy: {waived}"));
            [format!("{}, {}, {alpn}", tls.suite, tls.group)].into_iter().chain(resumed).chain(waived).collect()
        });
        steps.push(entry("TLS 1.3", times.handshake, agreed.unwrap_or_default()));
    }
    if let Some(asked) = &attempt.client_auth {
        let when = if asked.late { ", after the handshake, for this path only" } else { "" };
        let mut facts: Vec<_> =
            asked.authorities.iter().map(|name| format!("asked for a certificate of {name}{when}")).collect();
        if facts.is_empty() {
            facts.push(format!("asked for a certificate of any issuer{when}"));
        }
        facts.push(asked.sent.as_ref().map_or_else(|| "sent none".to_owned(), |name| format!("sent {name}")));
        facts.extend(asked.not_sent.iter().map(|not| format!("not {}: {}", not.identity, not.reason)));
        steps.push(entry("client auth", None, facts));
    }
    if let Some(http) = &attempt.http {
        let fact = format!("POST {}: HTTP {} {}", attempt.server.path, http.status, http.reason);
        steps.push(entry("HTTP", times.answer, vec![fact]));
    }
    if let Some(cxml) = &attempt.cxml {
        steps.push(entry("cXML", None, vec![format!("{} {}: {}", cxml.code, cxml.text, cxml.message)]));
    }
    if let (Outcome::Failed, Some(last)) = (outcome, steps.last_mut()) {
        last.outcome = Outcome::Failed;
    }
    steps
}
