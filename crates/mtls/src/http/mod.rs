//! HTTP/1.1 (RFC 9112) over any stream: the small part that an order needs, and strict where a message is ambiguous.
//!
//! Both sides read bodies with `Content-Length` or in chunks, within [`Limits`]; a client skips `100 Continue`, a
//! server sends it. Errors of the stream keep their type, so that a rejection by TLS remains recognizable.
//!
//! Once a client has the status line it has an answer: anything wrong after it is a [`Flaw`] of the response, not an
//! error.

mod body;
mod head;

use core::fmt;

use embedded_io::{Read, Write};

use self::body::Framing;
#[cfg(feature = "program")]
pub(crate) use self::head::get;
pub(crate) use self::head::{Flaw, Headers, Request, Response, post, response};

/// Maximum number of interim responses before the final one.
const MAX_INTERIM: usize = 16;

/// Limits of a message. Larger ones are rejected before they are read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Bytes of the start line and the headers.
    pub(crate) head: usize,
    /// Bytes of the body.
    pub(crate) body: usize,
}

impl Default for Limits {
    /// Limits headers to 16 KiB, as most servers do, and the body to 4 MiB, an order of about 4,000 lines.
    fn default() -> Self {
        Self { head: 16 << 10, body: 4 << 20 }
    }
}

/// A failure to read a message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum HttpError<E> {
    /// The stream failed.
    Stream(E),
    /// The stream ended in the middle of this part.
    Truncated(&'static str),
    /// This part violates RFC 9112; with what was found.
    Malformed(&'static str, String),
    /// This part exceeds its limit in bytes.
    TooLarge(&'static str, usize),
    /// A transfer coding other than `chunked`.
    Coding(String),
}

impl<E> HttpError<E> {
    /// Returns the status with which a server rejects such a request; `None` if the stream has failed.
    pub(crate) fn status(&self) -> Option<u16> {
        match self {
            Self::Stream(_) | Self::Truncated(_) => None,
            Self::Malformed(..) => Some(400),
            Self::TooLarge("body", _) => Some(413),
            Self::TooLarge(..) => Some(431),
            Self::Coding(_) => Some(501),
        }
    }
}

impl<E: fmt::Display> HttpError<E> {
    /// Converts an error into the flaw of a response whose status is known.
    fn into_flaw(self) -> Flaw {
        match self {
            Self::Stream(_) | Self::Truncated(_) => Flaw::Cut(self.to_string()),
            _ => Flaw::Unreadable(self.to_string()),
        }
    }
}

impl<E: fmt::Display> fmt::Display for HttpError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stream(error) => error.fmt(f),
            Self::Truncated(part) => write!(f, "the connection ended inside the HTTP {part}"),
            Self::Malformed(part, found) => write!(f, "the HTTP {part} is malformed: {found}"),
            Self::TooLarge(part, limit) => write!(f, "the HTTP {part} is larger than {limit} bytes"),
            Self::Coding(found) => write!(f, "transfer coding: found '{found}', wanted chunked or none"),
        }
    }
}

impl<E> From<E> for HttpError<E> {
    fn from(error: E) -> Self {
        Self::Stream(error)
    }
}

/// A stream that carries a sequence of HTTP messages.
pub(crate) struct Connection<S> {
    stream: S,
    /// Received bytes that no message has consumed.
    inbox: Vec<u8>,
    limits: Limits,
}

impl<S: Read + Write> Connection<S> {
    /// Makes an HTTP connection over `stream`.
    pub(crate) fn new(stream: S, limits: Limits) -> Self {
        Self { stream, inbox: Vec::new(), limits }
    }

    /// Returns the stream below.
    pub(crate) fn stream(&mut self) -> &mut S {
        &mut self.stream
    }

    /// Reads the next request; `None` if the client closed the connection before it.
    pub(crate) fn read_request(&mut self) -> Result<Option<Request>, HttpError<S::Error>> {
        let Some(mut request) = self.read_head(head::parse_request)? else { return Ok(None) };
        let framing = Framing::of_request(&request)?;
        if request.version == 1 && request.headers.has_token("expect", "100-continue") && self.inbox.is_empty() {
            framing.within(self.limits.body)?;
            self.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
            self.stream.flush()?;
        }
        request.body = self.read_body(framing)?;
        Ok(Some(request))
    }

    /// Reads the response to a POST request. Fails only if not even the status line arrived.
    pub(crate) fn read_response(&mut self) -> Result<Response, HttpError<S::Error>>
    where
        S::Error: fmt::Display,
    {
        // RFC 9110 section 15.2: a client must be able to parse one or more 1xx responses before the final one.
        for _ in 0..=MAX_INTERIM {
            let mut response = match self.read_head(head::parse_response) {
                Ok(None) => return Err(HttpError::Truncated("response")),
                Ok(Some(response)) => response,
                Err(error) => match head::parse_status_line(&self.inbox) {
                    Some(response) if response.status >= 200 => {
                        return Ok(Response { flaw: Some(error.into_flaw()), ..response });
                    }
                    _ => return Err(error),
                },
            };
            match response.status {
                // Section 7.8: only a client can request another protocol, and this one does not.
                101 => {
                    return Err(HttpError::Malformed(
                        "response",
                        "101, and no other protocol was asked for".to_owned(),
                    ));
                }
                100..200 => {}
                _ => {
                    let framing = Framing::of_response(&response);
                    let read = framing.and_then(|framing| self.read_body_into(framing, &mut response.body));
                    response.flaw = read.err().map(HttpError::into_flaw);
                    return Ok(response);
                }
            }
        }
        Err(HttpError::Malformed("response", format!("more than {MAX_INTERIM} interim responses")))
    }

    /// Returns whether bytes were received that no message has consumed.
    pub(crate) fn has_begun(&self) -> bool {
        !self.inbox.is_empty()
    }

    /// Sends a message in as few writes as possible.
    pub(crate) fn send(&mut self, head: &str, body: &[u8]) -> Result<(), HttpError<S::Error>> {
        let mut message = Vec::with_capacity(head.len() + body.len());
        message.extend_from_slice(head.as_bytes());
        message.extend_from_slice(body);
        self.stream.write_all(&message)?;
        Ok(self.stream.flush()?)
    }

    /// Reads until `parse` has a whole head; `None` if the stream ended before its first byte.
    fn read_head<T>(&mut self, parse: head::Parse<T>) -> Result<Option<T>, HttpError<S::Error>> {
        // A head can only be complete after a line feed: nothing else justifies another attempt.
        let mut seen = 0;
        loop {
            let worth_it = self.inbox.iter().skip(seen).any(|byte| *byte == b'\n');
            let parsed = if worth_it { parse(&self.inbox) } else { Ok(None) };
            if let Some((head, length)) = parsed.map_err(|(part, why)| HttpError::Malformed(part, why))? {
                if length > self.limits.head {
                    return Err(HttpError::TooLarge("head", self.limits.head));
                }
                self.inbox.drain(..length);
                return Ok(Some(head));
            }
            seen = self.inbox.len();
            if seen > self.limits.head {
                return Err(HttpError::TooLarge("head", self.limits.head));
            }
            if !self.fill()? {
                return if seen == 0 { Ok(None) } else { Err(HttpError::Truncated("head")) };
            }
        }
    }

    /// Receives some bytes; returns `false` at the end of the stream.
    fn fill(&mut self) -> Result<bool, HttpError<S::Error>> {
        let mut bytes = [0; 4096];
        let read = self.stream.read(&mut bytes)?;
        self.inbox.extend_from_slice(bytes.get(..read).unwrap_or_default());
        Ok(read != 0)
    }
}

#[cfg(test)]
pub(crate) mod tests;
