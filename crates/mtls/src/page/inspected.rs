//! The content of files: the events of a device, and chains.

use embedded_mtls::Diagnosis;
use embedded_mtls::events::{LogEvent, NameOf, Record, Whose};
use embedded_mtls::x509::UnixTime;

use super::{Cause, Chain, Hop, Section, page};
use crate::check::Outcome;
use crate::course::{Course, SentCertificate, days_left};
use crate::inspect::{Content, Finding, Item, Report, Severity};

/// Makes the page of these files.
pub(crate) fn of_files(items: &[Item], chains: &[Report], findings: &[Finding]) -> String {
    let mut sections = Vec::new();
    for item in items {
        if let Content::Events { records, .. } = &item.content {
            sections.extend(records.chunk_by(|a, b| a.connection == b.connection).map(|run| (item, run)));
        }
    }
    // Connections that run at the same time take turns in a ring.
    let mut merged: Vec<(&Item, u16, Vec<Record>)> = Vec::new();
    for (item, run) in sections {
        let Some(first) = run.first() else { continue };
        match merged.iter_mut().find(|(of, number, _)| core::ptr::eq(*of, item) && *number == first.connection) {
            Some((.., records)) => records.extend_from_slice(run),
            None => merged.push((item, first.connection, run.to_vec())),
        }
    }
    let connections = merged.iter().map(|(item, number, records)| connection(&item.file, *number, records));
    let trees = chains.iter().map(|report| chain(report, items));
    let mut sections: Vec<_> = connections.chain(trees).collect();
    if !findings.is_empty() {
        sections.push(found("all files".to_owned(), findings));
    }
    if sections.is_empty() {
        sections.push(Section::new("all files".to_owned(), Outcome::Passed, "no events and no chains".to_owned()));
    }
    let title = match &sections[..] {
        [section] => section.name.clone(),
        _ => "What the files contain".to_owned(),
    };
    page(&title, "Part", &sections)
}

/// Shows one connection of a ring of events.
fn connection(file: &str, number: u16, records: &[Record]) -> Section {
    let events: Vec<_> = records.iter().map(|record| record.event).collect();
    let told = |wanted: fn(&LogEvent) -> bool| events.iter().rev().find(|event| wanted(event));
    let failed = told(|event| matches!(event, LogEvent::Failed { .. }));
    let done = told(|event| matches!(event, LogEvent::Done));
    let (outcome, verdict) = match (failed, done) {
        (Some(failed), _) => (Outcome::Failed, failed.to_string()),
        (None, Some(_)) => (Outcome::Passed, "the handshake is complete".to_owned()),
        (None, None) => (Outcome::Warned, "the handshake has not ended".to_owned()),
    };
    let is_client = !events.iter().any(|event| matches!(event, LogEvent::Began { client: false }));
    let course = Course { events: events.clone(), ..Course::default() };
    let peer = if is_client { "server" } else { "client" };
    let name = |of: NameOf| {
        events.iter().find_map(|event| match event {
            LogEvent::Name { of: found, text } if *found == of => Some(text.to_string()),
            _ => None,
        })
    };
    let subject = name(NameOf::Subject);
    let there = [name(NameOf::Server), subject.clone()].into_iter().flatten().next().unwrap_or_default();
    Section {
        causes: course.diagnosis().filter(|_| failed.is_some()).map(cause).into_iter().collect(),
        hops: vec![
            Hop { name: "device", detail: file.to_owned(), outcome: Outcome::Passed },
            Hop { name: peer, detail: there, outcome },
        ],
        sides: ["device", peer],
        chains: vec![
            Chain {
                heading: "Of the peer",
                links: theirs(&events, subject, name(NameOf::Issuer)),
                is_verified: done.is_some(),
            },
            Chain { heading: "Of the device", links: ours(&events), is_verified: true },
        ],
        lines: vec![("Events", records.iter().map(ToString::to_string).collect())],
        course,
        ..Section::new(format!("{file}, connection {number}"), outcome, verdict)
    }
}

/// Names the failure.
fn cause(diagnosis: Diagnosis) -> Cause {
    Cause::named(diagnosis.into())
}

/// Describes the certificate of the peer, as far as the ring has it.
fn theirs(events: &[LogEvent], subject: Option<String>, issuer: Option<String>) -> Vec<SentCertificate> {
    let end: Option<UnixTime> = events.iter().find_map(|event| match event {
        LogEvent::Path { not_after, .. } => Some(*not_after),
        _ => None,
    });
    let link = |subject| SentCertificate {
        subject,
        issuer: issuer.unwrap_or_else(|| "an issuer that is not recorded".to_owned()),
        days_left: end.and_then(days_left),
    };
    subject.map(link).into_iter().collect()
}

/// Describes the chain that the device sent, as far as the ring has it.
fn ours(events: &[LogEvent]) -> Vec<SentCertificate> {
    let end = events.iter().find_map(|event| match event {
        LogEvent::Expiring { whose: Whose::Ours, expiry } => Some(expiry.not_after),
        _ => None,
    });
    let sent = events.iter().find(|event| matches!(event, LogEvent::Selected { .. }));
    let link = |event: &LogEvent| SentCertificate {
        subject: event.to_string(),
        issuer: "the issuers in its chain".to_owned(),
        days_left: end.and_then(days_left),
    };
    sent.map(link).into_iter().collect()
}

/// Shows a chain and what is wrong with it.
fn chain(report: &Report, items: &[Item]) -> Section {
    let certificate = |place: &usize| match &items.get(*place)?.content {
        Content::Certificate(certificate) => Some(certificate.as_sent()),
        _ => None,
    };
    let links: Vec<_> = report.chain.iter().filter_map(certificate).collect();
    let name = links.first().map(|leaf| leaf.subject.clone()).unwrap_or_default();
    let mut section = found(name, &report.findings);
    section.chains = vec![Chain { heading: "Chain", links, is_verified: true }];
    section
}

/// Shows findings.
fn found(name: String, findings: &[Finding]) -> Section {
    let worst = findings.iter().max_by_key(|finding| finding.severity);
    let outcome = match worst.map(|worst| worst.severity) {
        Some(Severity::Fault) => Outcome::Failed,
        Some(Severity::Warning) => Outcome::Warned,
        Some(Severity::Note) | None => Outcome::Passed,
    };
    let verdict = worst.map_or_else(|| "nothing is wrong".to_owned(), |worst| worst.text.clone());
    let lines = findings.iter().map(|finding| finding.text.clone()).collect();
    Section { lines: vec![("Findings", lines)], ..Section::new(name, outcome, verdict) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use embedded_mtls::events::Direction;

    #[test]
    fn connections_of_one_ring_are_shown_apart_even_if_they_took_turns() {
        let record = |connection, event| Record { connection, event };
        let message = |kind| LogEvent::Message { direction: Direction::Sent, kind, length: 40 };
        let records = vec![
            record(1, LogEvent::Began { client: true }),
            record(2, LogEvent::Began { client: false }),
            record(1, message(1)),
            record(2, LogEvent::Done),
        ];
        let item =
            Item { file: "ring.bin".to_owned(), number: 1, content: Content::Events { lines: Vec::new(), records } };
        let page = of_files(&[item], &[], &[]);
        for part in [
            "ring.bin, connection 1",
            "the handshake has not ended",
            "ring.bin, connection 2",
            "the handshake is complete",
            "ClientHello, 40 bytes",
        ] {
            assert!(page.contains(part), "{part}: {page}");
        }
        assert_eq!(page.matches("<h2").count(), 2);
    }
}
