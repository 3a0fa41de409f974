//! An order from the gateway's side: every flight, both identities, and the outcome.

use core::time::Duration;
use std::time::Instant;

use super::cxml::Status;
use super::order::{Asked, Delivery, Progress, connect, post};
use super::report::{Link, thousands};
use super::tap::{Direction, Kind, Log, Record, Tap, picture, visible};
use super::tls::{Deadline, DeviceMemory, Timed};
use super::verdict::Trouble;

/// An order that was posted with the memory of a device, and its course.
#[derive(Debug)]
pub struct Journal {
    /// The outcome for the order.
    pub outcome: Result<Status, Trouble>,
    /// The facts of the connection, once the handshake was done.
    pub link: Option<Link>,
    /// The server's request for a certificate.
    pub asked: Option<Asked>,
    /// The duration of the handshake.
    pub handshake: Duration,
    /// HTTP status and reason.
    pub answer: String,
    log: Log,
}

impl Journal {
    /// Posts the order, within `patience`.
    ///
    /// # Errors
    /// Nothing listens at the address. Later failures are in the journal.
    pub fn of(delivery: &Delivery, patience: Duration) -> Result<Self, Trouble> {
        let stream = connect(&delivery.address, patience)?;
        let begin = Instant::now();
        let (transport, log) = Tap::new(Timed::new(stream, Deadline::new(patience)));
        let (mut link, mut asked, mut handshake, mut answer) = (None, None, Duration::ZERO, String::new());
        let mut memory = DeviceMemory::new();
        let outcome = post(delivery, transport, memory.lend(), None, &mut |progress| {
            log.borrow_mut().next_phase();
            match progress {
                Progress::Open(found, request) => {
                    handshake = begin.elapsed();
                    link = Some(found.clone());
                    asked = request;
                }
                Progress::AskedLate(request) | Progress::FailedAfter(request) => asked = Some(request),
                #[cfg(feature = "resumption")]
                Progress::TicketUnused(_) => {}
                Progress::Announced(_)
                | Progress::Certificates(_)
                | Progress::Diagnosed(_)
                | Progress::Noted(_)
                | Progress::Sent
                | Progress::Traced(_) => {}
                Progress::Answered(status, reason) => answer = format!("{status} {reason}"),
            }
        });
        let log = log.take();
        Ok(Self { outcome, link, asked, handshake, answer, log })
    }

    /// Draws each flight between the two sides, and adds up what each sent.
    pub fn flights(&self) -> String {
        let [rx, tx, peer] = DeviceMemory::SIZES.map(thousands);
        let picture = picture(&self.log, "gateway", "supplier", |flight| match flight {
            [Record { kind: Kind::Encrypted, .. }, ..] => self.inside(flight),
            _ => visible(flight),
        });
        let [gateway, supplier] =
            [("gateway", Direction::Sent), ("supplier", Direction::Received)].map(|(who, way)| {
                let (bytes, records) = self.log.total(way);
                format!("   the {who:<8} sent {:>6} bytes in {records} records", thousands(bytes))
            });
        format!(
            "{picture}\n{gateway}\n{supplier}\n   the gateway lent its TLS {rx} bytes to receive, {tx} to send, {peer} for \
             the supplier's certificates\n"
        )
    }

    /// Names the content of an encrypted flight by its phase: 0 handshake, 1 request, 2 response, 3 the end.
    fn inside(&self, flight: &[Record]) -> String {
        /// Header, alert, content type and tag.
        const ALERT: usize = 5 + 2 + 1 + 16;
        let Some(last) = flight.last() else { return String::new() };
        let also = if flight.len() > 1 && last.bytes == ALERT { ", close_notify" } else { "" };
        let what = match (last.phase, last.direction) {
            _ if flight.iter().all(|record| record.bytes == ALERT && record.kind == Kind::Encrypted) => "close_notify",
            (0, Direction::Received) => {
                "EncryptedExtensions, CertificateRequest, Certificate, CertificateVerify, Finished"
            }
            (0, Direction::Sent) => "Certificate, CertificateVerify, Finished",
            (1, Direction::Sent) => "POST /orders HTTP/1.1, and the order",
            (_, Direction::Received) => return format!("HTTP/1.1 {}, and the cXML Response{also}", self.answer),
            _ => "application data",
        };
        format!("{what}{also}")
    }
}
