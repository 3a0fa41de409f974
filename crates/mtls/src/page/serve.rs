//! Connections of a server.

use std::collections::VecDeque;
use std::net::SocketAddr;

use embedded_mtls::events::LogEvent;

use super::{Cause, Chain, Entry, Hop, Section, page};
use crate::certificate::described;
use crate::check::Outcome;
use crate::redact::elements;
use crate::supplier::Event;

/// The connections of a server: those that are open, and the last that have ended.
#[derive(Default)]
pub(crate) struct Connections {
    count: usize,
    open: Vec<(SocketAddr, Section)>,
    ended: VecDeque<Section>,
}

impl Connections {
    /// Maximum number of connections that are shown.
    const KEPT: usize = 100;

    /// Takes the next event of a connection. Returns the page after the last one.
    pub(crate) fn take(&mut self, from: SocketAddr, event: &Event) -> Option<String> {
        let place = self.open.iter().position(|(peer, _)| *peer == from);
        let mut section = if let Some(place) = place {
            self.open.swap_remove(place).1
        } else {
            self.count += 1;
            begun(self.count, from)
        };
        if !note(&mut section, event) {
            self.open.push((from, section));
            return None;
        }
        self.ended.push_back(section);
        if self.ended.len() > Self::KEPT {
            self.ended.pop_front();
        }
        let title = match (self.count, self.ended.len()) {
            (count, shown) if count > shown => format!("The last {shown} of {count} connections"),
            (1, _) => "1 connection".to_owned(),
            (count, _) => format!("{count} connections"),
        };
        Some(page(&title, "Connection", self.ended.make_contiguous()))
    }
}

/// Makes the section of a connection that begins.
fn begun(number: usize, from: SocketAddr) -> Section {
    let hop = |name, detail: String| Hop { name, detail, outcome: Outcome::Passed };
    Section {
        hops: vec![hop("client", from.to_string()), hop("this side", String::new())],
        sides: ["this side", "client"],
        ..Section::new(format!("{number}, {from}"), Outcome::Passed, "no request".to_owned())
    }
}

/// Notes an event; returns whether it was the last one.
fn note(section: &mut Section, event: &Event) -> bool {
    let text = elements(&event.to_string());
    let first = text.lines().next().unwrap_or_default().to_owned();
    let mut entry = |name: &str, outcome, facts| {
        section.steps.push(Entry { name: name.to_owned(), outcome, time: None, facts });
    };
    let facts = || text.lines().map(|line| line.trim().to_owned()).collect();
    match event {
        Event::Course(course) => {
            section.course = (**course).clone();
            let is_verified = course.events.iter().any(|event| matches!(event, LogEvent::Done));
            section.chains = vec![
                Chain { heading: "Of the client", links: course.theirs.clone(), is_verified },
                Chain { heading: "Of this side", links: described(&course.ours), is_verified: true },
            ];
            if section.outcome == Outcome::Failed {
                section.causes =
                    course.diagnosis().map(|diagnosis| Cause::named(diagnosis.into())).into_iter().collect();
            }
            return true;
        }
        Event::Opened(link) | Event::Identified(link) => {
            entry("handshake", Outcome::Passed, facts());
            if let (Some(peer), Some(hop)) = (&link.peer, section.hops.first_mut()) {
                hop.detail = format!("{}, {}", peer.common_name.as_deref().unwrap_or(&peer.subject), hop.detail);
            }
        }
        Event::Refused(_) => {
            entry("handshake", Outcome::Failed, facts());
            (section.outcome, section.verdict) = (Outcome::Failed, first);
            if let Some(hop) = section.hops.first_mut() {
                hop.outcome = Outcome::Failed;
            }
        }
        Event::Answered(_, status, _) => {
            let outcome = if *status < 400 { Outcome::Passed } else { Outcome::Warned };
            entry("request", outcome, facts());
            if section.outcome == Outcome::Passed {
                section.outcome = outcome;
            }
            section.verdict = first;
        }
        Event::Broken(_) => {
            entry("end", Outcome::Failed, facts());
            (section.outcome, section.verdict) = (Outcome::Failed, first);
        }
        Event::Closed => entry("end", Outcome::Passed, facts()),
        Event::Reference(_) => entry("reference", Outcome::Passed, facts()),
        Event::Denials(_) => entry("deny list", Outcome::Passed, facts()),
        Event::Faulted(_) => entry("fault", Outcome::Warned, facts()),
        Event::Recorded(_) | Event::Traced(_) => {}
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_that_run_at_the_same_time_are_shown_apart_and_the_last_ones_only() {
        let mut connections = Connections::default();
        let peer = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let answered = |target: &str| Event::Answered(format!("POST {target}"), 200, "taken".to_owned());
        assert_eq!(connections.take(peer(1), &answered("/one")), None);
        assert_eq!(connections.take(peer(2), &answered("/two")), None);
        let end = || Event::Course(Box::default());
        let page = connections.take(peer(2), &end()).unwrap();
        assert!(page.contains("POST /two: HTTP 200") && !page.contains("/one"), "{page}");
        let page = connections.take(peer(1), &end()).unwrap();
        let [two, one] = ["/two", "/one"].map(|target| page.rfind(target).unwrap());
        assert!(two < one && page.contains("2 connections"), "{page}");
        for port in 3..=202 {
            connections.take(peer(port), &end());
        }
        assert_eq!(connections.take(peer(203), &Event::Refused("256 connections are already open".to_owned())), None);
        let page = connections.take(peer(203), &end()).unwrap();
        assert!(page.contains("already open"), "{page}");
        assert!(page.contains("The last 100 of 203 connections") && !page.contains("/one"), "{page}");
    }

    #[test]
    fn a_shared_secret_in_a_message_is_not_on_the_page() {
        let mut connections = Connections::default();
        let peer = SocketAddr::from(([127, 0, 0, 1], 1));
        let told = "found <SharedSecret>only-an-example</SharedSecret>".to_owned();
        connections.take(peer, &Event::Answered("POST /".to_owned(), 200, told));
        let page = connections.take(peer, &Event::Course(Box::default())).unwrap();
        assert!(page.contains("[redacted]") && !page.contains("only-an-example"), "{page}");
    }
}
