//! An attempt to post an order, as data: for `--json`, and for a page.

use std::time::{Duration, Instant};

use embedded_mtls::Diagnosis;
use embedded_mtls_operator::Finding;
use serde::{Serialize, Serializer};

use super::certificate::described;
use super::course::{Course, SentCertificate};
use super::cxml::{Order, Status};
use super::order::{Asked, Progress};
use super::redact::Redaction;
use super::report::{Link, Peer};
use super::verdict::Trouble;

/// An attempt to post an order. Its texts are those of the server: escape them for a terminal. Shared secrets are not in them.
#[derive(Debug, Serialize)]
pub(crate) struct Attempt {
    /// Its number, beginning with 1.
    #[serde(rename = "attempt")]
    pub(crate) number: u8,
    /// `delivered` or `failed`.
    pub(crate) outcome: &'static str,
    pub(crate) exit_code: u8,
    pub(crate) order: Posted,
    pub(crate) server: Server,
    pub(crate) warnings: Vec<String>,
    /// The negotiated parameters, once the handshake was done.
    pub(crate) tls: Option<Tls>,
    /// The certificate of the authenticated server.
    pub(crate) peer: Option<Peer>,
    /// The server's request for a certificate.
    pub(crate) client_auth: Option<ClientAuth>,
    /// The certificates that the server sent, in this order. Unverified if the handshake failed.
    pub(crate) theirs: Vec<SentCertificate>,
    /// The certificates that we sent, in this order.
    pub(crate) ours: Vec<SentCertificate>,
    pub(crate) http: Option<Http>,
    pub(crate) cxml: Option<Cxml>,
    /// The version of the blob that the server has for our device.
    pub(crate) blob: Option<u64>,
    pub(crate) failure: Option<Failure>,
    /// Something that is wrong with the connection, although it did not fail.
    pub(crate) noted: Option<Noted>,
    /// The seconds until the next attempt, if there will be one.
    pub(crate) retry_in: Option<u64>,
    pub(crate) milliseconds: Times,
    /// The messages and records.
    #[serde(skip)]
    pub(crate) course: Course,
    /// The name of the failure.
    #[serde(skip)]
    pub(crate) finding: Option<Finding>,
}

/// The order.
#[derive(Debug, Serialize)]
pub(crate) struct Posted {
    pub(crate) number: String,
    pub(crate) payload_id: String,
    pub(crate) lines: usize,
    pub(crate) total: String,
    pub(crate) bytes: usize,
}

/// The server, as given.
#[derive(Debug, Serialize)]
pub(crate) struct Server {
    pub(crate) address: String,
    pub(crate) name: String,
    pub(crate) path: String,
}

/// The negotiated parameters.
#[derive(Debug, Serialize)]
pub(crate) struct Tls {
    pub(crate) suite: String,
    pub(crate) group: String,
    pub(crate) alpn: Option<String>,
    /// The seconds since the proof of the session that was resumed.
    pub(crate) resumed: Option<u64>,
    pub(crate) waived: Option<String>,
}

/// A request for our certificate, and the answer.
#[derive(Debug, Serialize)]
pub(crate) struct ClientAuth {
    /// The issuers that the server accepts; empty if it names none.
    pub(crate) authorities: Vec<String>,
    /// The file or alias of the identity that was sent.
    pub(crate) sent: Option<String>,
    /// The reason against each identity, if none was sent.
    pub(crate) not_sent: Vec<NotSent>,
    /// After the handshake, for this path only.
    pub(crate) late: bool,
}

/// An identity that was not sent.
#[derive(Debug, Serialize)]
pub(crate) struct NotSent {
    pub(crate) identity: String,
    pub(crate) reason: String,
}

/// The status of HTTP.
#[derive(Debug, Serialize)]
pub(crate) struct Http {
    pub(crate) status: u16,
    pub(crate) reason: String,
}

/// The status of cXML.
#[derive(Debug, Serialize)]
pub(crate) struct Cxml {
    pub(crate) code: u16,
    pub(crate) text: String,
    pub(crate) message: String,
}

/// The reason why the order is not known to be delivered.
#[derive(Debug, Serialize)]
pub(crate) struct Failure {
    /// The observation.
    pub(crate) message: String,
    /// The cause, if it has a name.
    pub(crate) cause: Option<String>,
    pub(crate) responsible: String,
    pub(crate) remedy: String,
}

/// A fact that somebody has to act on, although nothing has failed.
#[derive(Debug, Serialize)]
pub(crate) struct Noted {
    pub(crate) cause: String,
    pub(crate) responsible: String,
    pub(crate) remedy: String,
    #[serde(skip)]
    pub(crate) finding: Finding,
}

/// The time of each step; none if it was not reached.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Times {
    #[serde(serialize_with = "milliseconds")]
    pub(crate) connect: Option<Duration>,
    #[serde(serialize_with = "milliseconds")]
    pub(crate) handshake: Option<Duration>,
    #[serde(serialize_with = "milliseconds")]
    pub(crate) answer: Option<Duration>,
}

/// Serializes a time as milliseconds.
#[allow(clippy::ref_option, reason = "serde passes the field")]
fn milliseconds<S: Serializer>(time: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    time.map(|time| time.as_secs_f64() * 1000.0).serialize(serializer)
}

/// An attempt while it is made.
pub(crate) struct Observer<'o> {
    attempt: Attempt,
    /// The names of our identities.
    names: &'o [String],
    redaction: Redaction,
    /// The beginning of the current step.
    begun: Instant,
}

impl<'o> Observer<'o> {
    /// Starts to observe an attempt now.
    pub(crate) fn new(number: u8, order: &Order, document: &[u8], server: Server, names: &'o [String]) -> Self {
        let order = Posted {
            number: order.number.clone(),
            payload_id: order.payload_id.clone(),
            lines: order.lines,
            total: order.total.clone(),
            bytes: document.len(),
        };
        let attempt = Attempt {
            number,
            outcome: "failed",
            exit_code: 0,
            order,
            server,
            warnings: Vec::new(),
            tls: None,
            peer: None,
            client_auth: None,
            theirs: Vec::new(),
            ours: Vec::new(),
            http: None,
            cxml: None,
            blob: None,
            failure: None,
            noted: None,
            retry_in: None,
            milliseconds: Times::default(),
            course: Course::default(),
            finding: None,
        };
        Self { attempt, names, redaction: Redaction::of(document), begun: Instant::now() }
    }

    /// Replaces the secrets of the order in a text of the server.
    pub(crate) fn redacted(&self, text: &str) -> String {
        self.redaction.apply(text)
    }

    /// Gives access to what is known of the attempt.
    pub(crate) const fn attempt(&mut self) -> &mut Attempt {
        &mut self.attempt
    }

    /// Ends the current step, and returns its time.
    pub(crate) fn step(&mut self) -> Duration {
        let now = Instant::now();
        now - core::mem::replace(&mut self.begun, now)
    }

    /// Notes what happens.
    pub(crate) fn note(&mut self, progress: &Progress<'_>) {
        match progress {
            Progress::Open(link, asked) => {
                self.attempt.milliseconds.handshake = Some(self.step());
                self.attempt.tls = Some(Tls::of(link));
                self.attempt.peer.clone_from(&link.peer);
                self.attempt.client_auth = asked.as_ref().map(|asked| ClientAuth::of(asked, self.names, false));
            }
            Progress::FailedAfter(asked) => {
                self.attempt.client_auth = Some(ClientAuth::of(asked, self.names, false));
            }
            Progress::AskedLate(asked) => self.attempt.client_auth = Some(ClientAuth::of(asked, self.names, true)),
            Progress::Certificates(course) => {
                if !course.theirs.is_empty() {
                    self.attempt.theirs.clone_from(&course.theirs);
                }
                self.attempt.ours = described(&course.ours);
            }
            Progress::Diagnosed(finding) => self.attempt.finding = Some(*finding),
            Progress::Answered(status, reason) => {
                self.attempt.milliseconds.answer = Some(self.step());
                self.attempt.http = Some(Http { status: *status, reason: self.redaction.apply(reason) });
            }
            Progress::Sent => {
                self.step();
            }
            #[cfg(feature = "resumption")]
            Progress::TicketUnused(_) => {}
            Progress::Announced(version) => self.attempt.blob = Some(*version),
            Progress::Noted(diagnosis) => self.attempt.noted = Some(Noted::of((*diagnosis).into())),
            Progress::Traced(_) => {}
        }
    }

    /// Notes the outcome, and returns the attempt.
    pub(crate) fn end(mut self, outcome: Result<&Status, &Trouble>) -> Attempt {
        match outcome {
            Ok(Status { code, text, message, .. }) => {
                let [text, message] = [text, message].map(|text| self.redaction.apply(text));
                self.attempt.outcome = "delivered";
                self.attempt.cxml = Some(Cxml { code: *code, text, message });
            }
            Err(trouble) => {
                self.attempt.exit_code = trouble.exit_code();
                self.attempt.failure = Some(self.failure(trouble));
            }
        }
        self.attempt
    }

    /// Explains a failure.
    fn failure(&mut self, trouble: &Trouble) -> Failure {
        if matches!(trouble, Trouble::NotAsked { .. }) {
            self.attempt.finding = Some(Diagnosis::CertificateNotAsked.into());
        }
        let finding = self.attempt.finding;
        let text = trouble.to_string();
        // Its name has fields of its own.
        let told = text.lines().map(str::trim).filter(|line| finding.is_none() || !line.starts_with("That means: "));
        let message = self.redaction.apply(&told.collect::<Vec<_>>().join("\n"));
        if let Some(finding) = finding {
            let Noted { cause, responsible, remedy, .. } = Noted::of(finding);
            return Failure { message, cause: Some(cause), responsible, remedy };
        }
        let (responsible, remedy) = unnamed(trouble);
        Failure { message, cause: None, responsible: responsible.to_owned(), remedy: remedy.to_owned() }
    }
}

/// Returns who has to act after a failure that has no name, and the remedy.
const fn unnamed(trouble: &Trouble) -> (&'static str, &'static str) {
    const PEER: &str = "the operator of the peer";
    const AGAIN: &str =
        "retry later with the same bytes; if that does not help, give the server's operator the time of this attempt";
    match trouble {
        Trouble::Setup(_) => ("the operator of this side", "correct the option or the file that the message names"),
        Trouble::Network(_) => (
            "the network operators, or the operator of the peer",
            "retry later with the same bytes; mtls check names the step at which the connection fails",
        ),
        Trouble::Http { later: true, .. } | Trouble::Cxml { later: true, .. } => (PEER, AGAIN),
        Trouble::Cxml { later: false, .. } => {
            ("the operator of this side", "correct the order as the message says: the same bytes are refused again")
        }
        Trouble::NoHttp(_) | Trouble::Unread(_) => {
            (PEER, "ask the supplier whether the order has arrived before you retry")
        }
        _ => (PEER, "run mtls check, and give its report to the server's operator"),
    }
}

impl Tls {
    /// Takes it from the facts of a connection.
    pub(crate) fn of(link: &Link) -> Self {
        let Link { suite, group, alpn, resumed, waived, .. } = link.clone();
        Self { suite, group, alpn, resumed, waived }
    }
}

impl Noted {
    fn of(finding: Finding) -> Self {
        let [cause, responsible, remedy] =
            [finding.cause().to_owned(), finding.responsible().to_string(), finding.remedy().to_owned()];
        Self { cause, responsible, remedy, finding }
    }
}

impl ClientAuth {
    fn of(asked: &Asked, names: &[String], late: bool) -> Self {
        let sent = asked.shown.and_then(|place| names.get(place)).cloned();
        let not_sent = names.iter().zip(&asked.unfit);
        let not_sent =
            not_sent.map(|(identity, reason)| NotSent { identity: identity.clone(), reason: reason.clone() });
        Self { authorities: asked.authorities.clone(), sent, not_sent: not_sent.collect(), late }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_of_the_order_that_the_server_quotes_is_in_no_report() {
        let document = include_bytes!("../../../examples/data/order.xml");
        let order = Order::parse(document, None).unwrap();
        let server = || Server { address: "a:1".to_owned(), name: "a".to_owned(), path: "/".to_owned() };
        let quoted = "found only-an-example in <SharedSecret>only-an-ex";
        let status = Status { code: 200, text: quoted.to_owned(), message: quoted.to_owned() };
        let trouble = Trouble::Cxml { later: false, message: quoted.to_owned() };
        for outcome in [Ok(&status), Err(&trouble)] {
            let mut observer = Observer::new(1, &order, document, server(), &[]);
            observer.note(&Progress::Answered(400, quoted));
            let attempt = observer.end(outcome);
            let json = serde_json::to_string(&attempt).unwrap();
            for told in [json, super::super::page::of_attempts(&[attempt])] {
                assert!(told.contains("[redacted]") && !told.contains("only-an-ex"), "{told}");
            }
        }
    }

    #[test]
    fn what_is_noted_of_a_connection_that_did_not_fail_is_in_every_report() {
        let document = include_bytes!("../../../examples/data/order.xml");
        let order = Order::parse(document, None).unwrap();
        let server = Server { address: "a:1".to_owned(), name: "a".to_owned(), path: "/".to_owned() };
        let mut observer = Observer::new(1, &order, document, server, &[]);
        observer.note(&Progress::Noted(Diagnosis::CertificateNotAsked));
        let status = Status { code: 200, text: "OK".to_owned(), message: String::new() };
        let attempt = observer.end(Ok(&status));
        assert_eq!(attempt.noted.as_ref().unwrap().cause, Diagnosis::CertificateNotAsked.cause());
        let json = serde_json::to_string(&attempt).unwrap();
        let page = super::super::page::of_attempts(&[attempt]);
        assert!(json.contains("\"noted\":{\"cause\":"), "{json}");
        assert!(page.contains("That means") && page.contains(Diagnosis::CertificateNotAsked.cause()), "{page}");
    }

    #[test]
    fn a_failure_has_its_cause_and_who_has_to_act_in_fields_of_their_own() {
        let document = include_bytes!("../../../examples/data/order.xml");
        let order = Order::parse(document, None).unwrap();
        let server = Server { address: "a:1".to_owned(), name: "a".to_owned(), path: "/".to_owned() };
        let mut observer = Observer::new(1, &order, document, server, &[]);
        observer.note(&Progress::Diagnosed(Diagnosis::OursExpired.into()));
        let failure = observer.end(Err(&Trouble::LateEnd(Diagnosis::OursExpired))).failure.unwrap();
        assert_eq!(failure.cause.as_deref(), Some(Diagnosis::OursExpired.cause()));
        assert_eq!(failure.responsible, "the operator of this side");
        assert!(!failure.message.contains("That means") && !failure.message.is_empty(), "{}", failure.message);
    }
}
