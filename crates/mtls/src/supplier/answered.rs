//! Replies that are ready, and what becomes of them.

use std::io;

use embedded_mtls::io::Failure;
use embedded_mtls::io::blocking::Stream;
use embedded_mtls::{AlertDescription, Server};

use super::super::http::{Connection, HttpError, Request};
use super::super::report::printable;
use super::super::responder::Reply;
use super::super::tls::Timed;
use super::event::{Event, broken};

/// A reply that is ready to be sent.
pub(super) struct Answered {
    /// Method and target of the request.
    pub(super) name: String,
    pub(super) reply: Reply,
    pub(super) copies: usize,
    /// No further request is read.
    pub(super) is_last: bool,
}

impl Answered {
    /// Sends it, and tells so.
    pub(super) fn send(
        self,
        connection: &mut Connection<&mut Stream<'_, Timed, Server>>,
        tell: &dyn Fn(Event),
    ) -> Result<(), Event> {
        let Self { name, reply, copies, is_last } = self;
        let body: &[u8] = if name.starts_with("HEAD ") { &[] } else { &reply.body };
        for _ in 0..copies {
            let sent = connection.send(&reply.head(is_last), body);
            sent.map_err(|error| lost(connection, &error))?;
        }
        tell(Event::Answered(name, reply.status, reply.note));
        Ok(())
    }
}

/// Makes the last event of a connection that has failed.
pub(super) fn lost(
    connection: &mut Connection<&mut Stream<'_, Timed, Server>>,
    error: &HttpError<Failure<io::Error>>,
) -> Event {
    Event::Broken(broken(error, connection.stream().session.diagnosis()))
}

/// Ends the session of a client with an alert, and makes its last event.
pub(super) fn rejected(stream: &mut Stream<'_, Timed, Server>, alert: AlertDescription, why: &str) -> Event {
    // If it cannot be sent, it could not be received either.
    let _ = stream.reject(alert);
    Event::Broken(format!("ended with alert {} ({alert}): {why}", alert.0))
}

/// Refuses a request for another host than the one that the client has named in its handshake, and for which it got our certificate
/// (RFC 9110 section 15.5.20).
pub(super) fn misdirected(requested: Option<&str>, request: &Request) -> Option<Reply> {
    let wanted = requested?;
    let found = host(request)?;
    let bare = |name: &str| name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    if bare(&found) == bare(wanted) {
        return None;
    }
    let note = format!(
        "host of the request: found '{}', wanted '{}', as in the handshake",
        printable(&found),
        printable(wanted)
    );
    Some(Reply::text(421, format!("421 Misdirected Request\n{note}\n"), note))
}

/// Returns the host of a request without its port. A target in absolute form counts more than the field (RFC 9112 section 3.2.2).
fn host(request: &Request) -> Option<String> {
    let absolute = request.target.split_once("://").filter(|_| !request.target.starts_with('/'));
    let authority = absolute.and_then(|(_, rest)| rest.split(['/', '?']).next()).or(request.headers.first("host"))?;
    let authority = authority.trim();
    let has_port = |(_, port): &(&str, &str)| port.bytes().all(|byte| byte.is_ascii_digit());
    let name = authority.rsplit_once(':').filter(has_port).map_or(authority, |(name, _)| name);
    Some(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::tests::request_of;

    #[test]
    fn a_request_for_another_host_than_the_handshake_is_misdirected() {
        let answer = |requested: Option<&str>, target: &str, host: &str| {
            let head = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n");
            misdirected(requested, &request_of(head.into_bytes())).map(|reply| reply.status)
        };
        let named = Some("supplier.example");
        for (target, host) in [
            ("/", "supplier.example"),
            ("/", "Supplier.Example:8443"),
            ("/", "supplier.example."),
            ("https://supplier.example/", "other.example"),
            ("/a?b=https://other.example/", "supplier.example"),
        ] {
            assert_eq!(answer(named, target, host), None, "{target} {host}");
        }
        for (target, host) in [
            ("/", "other.example"),
            ("/", "supplier.example.other.example"),
            ("/", "192.0.2.1:8443"),
            ("/", "[2001:db8::1]:8443"),
            ("https://other.example/", "supplier.example"),
        ] {
            assert_eq!(answer(named, target, host), Some(421), "{target} {host}");
            assert_eq!(answer(None, target, host), None, "a client that names no host");
        }
    }
}
