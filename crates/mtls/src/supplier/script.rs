//! Faults and answers on request, to try clients out: the options `--fault` and `--answer`.

use core::fmt;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;

use embedded_mtls::{AlertDescription, NamedGroup, ServerConfig};
use mtls_pki::pem::Identity;

use super::super::cxml::Status;
use super::super::responder::{Reply, Responder};

/// A fault of one connection.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "there are a few for the life of a server")]
#[non_exhaustive]
pub enum Fault {
    /// Rejects the client's certificate with this alert: the client reads it after its handshake, in place of a response.
    Alert(AlertDescription),
    /// Closes the connection after this many bytes were sent; 0: when the ClientHello has come.
    Close(usize),
    /// Asks for another ClientHello with a key share on P-384 or P-256.
    HelloRetryRequest,
    /// Answers the ClientHello with a record that is longer than TLS allows.
    HugeRecord,
    /// Sends another identity, whose certificates have this fault.
    Identity(String, Identity),
    /// Sends only its own certificate.
    MissingIntermediate,
    /// No fault.
    None,
}

/// The answer to one order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The time for which the client waits.
    delay: Duration,
    kind: Kind,
}

/// The kind of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Kind {
    /// Ends the session with this alert, as a server does that no longer authorizes the client; the order is not accepted.
    Alert(AlertDescription),
    /// Closes the connection without a response; the order is accepted.
    Close,
    /// A Response with this status; the order is not accepted.
    Cxml(u16),
    /// HTTP 200 without a body; the order is accepted.
    Empty,
    /// This status of HTTP; the order is not accepted.
    Http(u16),
    /// The usual response with a megabyte of blanks behind it.
    Huge,
    /// The usual response, twice.
    Twice,
    /// The usual response.
    #[default]
    Usual,
}

/// Bytes of blanks behind a huge answer.
const HUGE: usize = 1 << 20;
/// The content of a record that is too long: TLS allows 16,384 bytes in the clear (RFC 9846 section 5.1).
const TOO_LONG: usize = 16_385;

impl Answer {
    /// Parses `delay:2,http:503`.
    ///
    /// # Errors
    /// The words that are wanted.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let wanted = "wanted usual, http:STATUS, cxml:STATUS, duplicate, empty, twice, huge, close, alert:NUMBER, or delay:SECONDS, before one of them";
        let mut answer = Self::default();
        let parts: Vec<_> = text.split(',').collect();
        for (place, part) in parts.iter().enumerate() {
            let (word, number) =
                part.split_once(':').map_or((*part, None), |(word, number)| (word, number.parse::<u16>().ok()));
            let status = number.filter(|status| (100..=999).contains(status));
            answer.kind = match (word, number, status) {
                ("delay", Some(seconds), _) if place == 0 => {
                    answer.delay = Duration::from_secs(seconds.into());
                    continue;
                }
                _ if place + 1 != parts.len() => return Err(wanted),
                ("http", _, Some(status)) => Kind::Http(status),
                ("cxml", _, Some(status)) => Kind::Cxml(status),
                ("alert", Some(number), _) => Kind::Alert(error_alert(number).ok_or(wanted)?),
                ("duplicate", None, _) => Kind::Cxml(409),
                ("empty", None, _) => Kind::Empty,
                ("twice", None, _) => Kind::Twice,
                ("huge", None, _) => Kind::Huge,
                ("close", None, _) => Kind::Close,
                ("usual", None, _) => Kind::Usual,
                _ => return Err(wanted),
            };
        }
        Ok(answer)
    }

    /// Returns the reply in place of the responder's, which then does not see the order.
    pub(super) fn replacement(&self, responder: &Responder) -> Option<Reply> {
        match self.kind {
            Kind::Http(status) => {
                Some(Reply::text(status, format!("{status}, as --answer says\n"), "as --answer says"))
            }
            Kind::Cxml(code) => {
                let body = responder.response(&Status::new(code, "as --answer says"));
                let note = format!("cXML {code}, as --answer says");
                Some(Reply::cxml(body, note))
            }
            _ => None,
        }
    }

    /// Lets the client wait.
    pub(super) fn wait(&self) {
        if !self.delay.is_zero() {
            std::thread::sleep(self.delay);
        }
    }

    /// Returns the alert that ends the session in place of a reply.
    pub(super) const fn alert(&self) -> Option<AlertDescription> {
        match self.kind {
            Kind::Alert(alert) => Some(alert),
            _ => None,
        }
    }

    /// Changes the reply; `None`: there is none.
    pub(super) fn change(&self, mut reply: Reply) -> Option<Reply> {
        match self.kind {
            Kind::Close => return None,
            Kind::Empty => reply.body.clear(),
            Kind::Huge => reply.body.extend(core::iter::repeat_n(b' ', HUGE)),
            _ => {}
        }
        Some(reply)
    }

    /// Returns whether the reply is sent twice.
    pub(super) fn is_twice(&self) -> bool {
        self.kind == Kind::Twice
    }
}

impl Fault {
    /// Parses a fault that needs no files; `None` for another word.
    pub fn parse(text: &str) -> Option<Self> {
        let number = |prefix: &str| text.strip_prefix(prefix);
        Some(match text {
            "none" => Self::None,
            "hello-retry-request" => Self::HelloRetryRequest,
            "huge-record" => Self::HugeRecord,
            "missing-intermediate" => Self::MissingIntermediate,
            _ => match (number("close:"), number("alert:")) {
                (Some(bytes), _) => Self::Close(bytes.parse().ok()?),
                (_, Some(alert)) => Self::Alert(error_alert(alert.parse().ok()?)?),
                _ => return None,
            },
        })
    }

    /// Returns the identity to send in place of the usual one.
    pub(super) fn identity(&self, usual: Option<&Identity>) -> Option<Identity> {
        match self {
            Self::Identity(_, identity) => Some(identity.clone()),
            Self::MissingIntermediate => {
                usual.map(|usual| Identity { chain: usual.chain.iter().take(1).cloned().collect(), ..usual.clone() })
            }
            _ => None,
        }
    }

    /// Changes the configuration.
    pub(super) fn config<'c>(&self, config: ServerConfig<'c>) -> ServerConfig<'c> {
        match self {
            Self::HelloRetryRequest => config.with_groups(&[NamedGroup::SECP384R1, NamedGroup::SECP256R1]),
            _ => config,
        }
    }

    /// Returns the alert with which the client is rejected.
    pub(super) const fn alert(&self) -> Option<AlertDescription> {
        match self {
            Self::Alert(alert) => Some(*alert),
            _ => None,
        }
    }

    /// Returns the number of bytes after which the connection is closed.
    pub(super) const fn limit(&self) -> Option<usize> {
        match self {
            Self::Close(bytes) => Some(*bytes),
            _ => None,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alert(alert) => write!(f, "alert:{}", alert.0),
            Self::Close(bytes) => write!(f, "close:{bytes}"),
            Self::HelloRetryRequest => f.write_str("hello-retry-request"),
            Self::HugeRecord => f.write_str("huge-record"),
            Self::Identity(name, _) => f.write_str(name),
            Self::MissingIntermediate => f.write_str("missing-intermediate"),
            Self::None => f.write_str("none"),
        }
    }
}

/// Returns the error alert with this number (RFC 9846 section 6.2); `None` for those that only close.
fn error_alert(number: u16) -> Option<AlertDescription> {
    u8::try_from(number).ok().filter(|number| *number >= 10).map(AlertDescription)
}

/// Steps that are taken one after the other; the last one stays.
#[derive(Debug)]
pub(super) struct Script<'s, T> {
    steps: &'s [T],
    next: AtomicUsize,
}

impl<'s, T> Script<'s, T> {
    pub(super) const fn new(steps: &'s [T]) -> Self {
        Self { steps, next: AtomicUsize::new(0) }
    }

    /// Takes the next step, with its place.
    pub(super) fn step(&self) -> Option<(usize, &'s T)> {
        let place = self.next.fetch_add(1, Ordering::Relaxed).min(self.steps.len().checked_sub(1)?);
        Some((place, self.steps.get(place)?))
    }
}

/// Answers a ClientHello with a record that is too long, and waits until the client has closed.
pub(super) fn send_huge_record(mut stream: TcpStream, patience: Duration) -> io::Result<()> {
    stream.set_read_timeout(Some(patience))?;
    let mut heard = [0; 1024];
    if stream.read(&mut heard)? == 0 {
        return Ok(());
    }
    let length = u16::try_from(TOO_LONG).unwrap_or(u16::MAX).to_be_bytes();
    stream.write_all(&[&[22, 3, 3][..], &length, &vec![0; TOO_LONG]].concat())?;
    // Its alert, so that no reset discards what it has not read yet.
    while stream.read(&mut heard)? != 0 {}
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_written_as_words_with_numbers() {
        let of = |delay, kind| Ok(Answer { delay: Duration::from_secs(delay), kind });
        for (text, answer) in [
            ("usual", of(0, Kind::Usual)),
            ("delay:2", of(2, Kind::Usual)),
            ("delay:2,http:503", of(2, Kind::Http(503))),
            ("cxml:450", of(0, Kind::Cxml(450))),
            ("duplicate", of(0, Kind::Cxml(409))),
            ("close", of(0, Kind::Close)),
            ("delay:1,alert:44", of(1, Kind::Alert(AlertDescription::CERTIFICATE_REVOKED))),
        ] {
            assert_eq!(Answer::parse(text), answer, "{text}");
        }
        for bad in [
            "",
            "http",
            "http:5",
            "http:x",
            "http:503,empty",
            "http:503,delay:1",
            "delay:x",
            "close:1",
            "delay:1,",
            "alert",
            "alert:0",
            "alert:256",
        ] {
            assert!(Answer::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn faults_without_files_are_read_as_they_are_written() {
        for text in
            ["none", "alert:49", "close:0", "close:1000", "hello-retry-request", "huge-record", "missing-intermediate"]
        {
            assert_eq!(Fault::parse(text).expect(text).to_string(), text);
        }
        for bad in ["", "alert:0", "alert:256", "alert", "close:", "expired"] {
            assert!(Fault::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn the_last_step_stays() {
        let script = Script::new(&["a", "b"]);
        assert_eq!([0; 4].map(|_| script.step().map(|(_, step)| *step)), [Some("a"), Some("b"), Some("b"), Some("b")]);
        assert_eq!(Script::<u8>::new(&[]).step(), None);
    }
}
