//! The reports about connections, and the words for their failures.

use core::fmt;
use std::io;

use embedded_mtls::io::{Failure, HandshakeError};
use embedded_mtls::{Diagnosis, Error};

use super::super::course::Course;
use super::super::http::HttpError;
use super::super::policy::News;
use super::super::report::{Link, meaning, printable};

/// An event on a connection.
#[derive(Debug)]
pub enum Event {
    /// The handshake is done.
    Opened(Box<Link>),
    /// The handshake failed, at this stage.
    Refused(String),
    /// The files of what is denied have changed, or cannot be used.
    #[cfg(feature = "program")]
    Denials(String),
    /// The connection has this fault on purpose.
    Faulted(String),
    /// A reference has changed, or cannot be followed.
    Reference(News),
    /// A step of the search for a path from the client's certificate to a trust anchor.
    Traced(String),
    /// The client was asked after the handshake, and is authenticated.
    Identified(Box<Link>),
    /// An entry of the ring of events, reported at the end.
    Recorded(String),
    /// A request was answered: method and target, HTTP status, and a note.
    Answered(String, u16, String),
    /// No further request could be read or answered.
    Broken(String),
    /// The connection was closed properly.
    Closed,
    /// The messages, records and certificates of the connection, reported at the end.
    Course(Box<Course>),
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Opened(link) => {
                let alpn = link.alpn.as_deref().unwrap_or("no ALPN");
                write!(f, "open: {}, {}, {}; {}", link.suite, link.group, printable(alpn), whom(link))
            }
            Self::Identified(link) => write!(f, "authenticated after the handshake: {}", whom(link)),
            Self::Refused(cause) => write!(f, "handshake failed: {}", printable_lines(cause)),
            #[cfg(feature = "program")]
            Self::Denials(news) => write!(f, "deny list: {}", printable(news)),
            Self::Faulted(fault) => write!(f, "fault: {fault}"),
            Self::Recorded(line) => write!(f, "event: {line}"),
            Self::Reference(News::Moved(news) | News::Stale(news)) => write!(f, "reference: {}", printable(news)),
            Self::Traced(step) => write!(f, "trace: {}", printable(step)),
            Self::Answered(request, status, what) => write!(f, "{request}: HTTP {status}, {}", printable(what)),
            Self::Broken(cause) => write!(f, "broken: {}", printable_lines(cause)),
            Self::Closed => f.write_str("closed"),
            Self::Course(course) => write!(f, "{} records", course.records.len()),
        }
    }
}

/// Escapes text line by line.
fn printable_lines(text: &str) -> String {
    text.split('\n').map(printable).collect::<Vec<_>>().join("\n")
}

/// Names the client.
fn whom(link: &Link) -> String {
    let Some(peer) = &link.peer else { return "the client sent no certificate".to_owned() };
    let name = peer.common_name.as_deref().unwrap_or("(none)");
    let resumed = link.resumed.map(|age| format!("resumed, the client proved its identity {age} s ago; "));
    let waived = link.waived.as_deref().map(|waived| format!("WAIVED by the policy: {}; ", printable(waived)));
    format!(
        "{}{}client CN {}\n{}",
        resumed.unwrap_or_default(),
        waived.unwrap_or_default(),
        printable(name),
        peer.details("    ").trim_end()
    )
}

/// Explains why a handshake failed: the error, the fault in the client's certificates, and its meaning.
pub(super) fn explain(
    error: &HandshakeError<io::Error>,
    verdict: Option<String>,
    diagnosis: Option<Diagnosis>,
) -> String {
    let means = meaning(diagnosis);
    match verdict {
        Some(verdict) => format!("{verdict} (stage: {}){means}", error.stage),
        None => format!("{error}{means}"),
    }
}

/// Explains why no further request could be read or answered.
pub(super) fn broken(error: &HttpError<Failure<io::Error>>, diagnosis: Option<Diagnosis>) -> String {
    match error {
        HttpError::Stream(Failure::Tls(Error::AlertReceived(_))) => format!("{error}{}", meaning(diagnosis)),
        _ => error.to_string(),
    }
}
