//! Bodies: their length (RFC 9112 section 6), and reading them.

use embedded_io::{Read, Write};

use super::{Connection, Headers, HttpError, Request, Response};

/// The way in which the end of a body is marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// Exactly this many bytes.
    Length(usize),
    /// Chunks, of which the last one is empty.
    Chunked,
    /// The end of the connection, in responses only.
    UntilClose,
}

impl Framing {
    /// Returns the framing of a request: without a length there is no body.
    pub(crate) fn of_request<E>(request: &Request) -> Result<Self, HttpError<E>> {
        if request.version == 0 && request.headers.first("transfer-encoding").is_some() {
            return Err(HttpError::Malformed("request", "Transfer-Encoding in HTTP/1.0".to_owned()));
        }
        // Two lengths allow request smuggling (RFC 9112 section 11.2).
        let has = |field| request.headers.first(field).is_some();
        if has("transfer-encoding") && has("content-length") {
            return Err(HttpError::Malformed("request", "both Content-Length and Transfer-Encoding".to_owned()));
        }
        Ok(Self::of(&request.headers, "request")?.unwrap_or(Self::Length(0)))
    }

    /// Returns the framing of a response to a POST request: without a length it ends with the connection.
    pub(crate) fn of_response<E>(response: &Response) -> Result<Self, HttpError<E>> {
        if matches!(response.status, 204 | 304) {
            return Ok(Self::Length(0));
        }
        Ok(Self::of(&response.headers, "response")?.unwrap_or(Self::UntilClose))
    }

    /// Returns the framing that the headers of `part` announce.
    fn of<E>(headers: &Headers, part: &'static str) -> Result<Option<Self>, HttpError<E>> {
        // RFC 9112 section 6.3: Transfer-Encoding overrides Content-Length.
        let codings: Vec<_> =
            headers.all("transfer-encoding").flat_map(|list| list.split(',').map(str::trim)).collect();
        match codings.as_slice() {
            [] => {}
            [coding] if coding.eq_ignore_ascii_case("chunked") => return Ok(Some(Self::Chunked)),
            codings => return Err(HttpError::Coding(codings.join(", "))),
        }
        let mut lengths = headers.all("content-length").flat_map(|list| list.split(',').map(str::trim));
        let Some(length) = lengths.next() else { return Ok(None) };
        if let Some(other) = lengths.find(|other| *other != length) {
            return Err(HttpError::Malformed(part, format!("Content-Length is both '{length}' and '{other}'")));
        }
        let bytes = Some(length).filter(|length| length.bytes().all(|byte| byte.is_ascii_digit()));
        let bytes = bytes.and_then(|length| length.parse().ok());
        bytes.map(|length| Some(Self::Length(length))).ok_or_else(|| {
            HttpError::Malformed(part, format!("Content-Length: found '{length}', wanted a number of bytes"))
        })
    }

    /// Rejects an announced length above `limit`.
    pub(crate) fn within<E>(self, limit: usize) -> Result<(), HttpError<E>> {
        match self {
            Self::Length(length) if length > limit => Err(HttpError::TooLarge("body", limit)),
            _ => Ok(()),
        }
    }
}

impl<S: Read + Write> Connection<S> {
    /// Reads a body.
    pub(crate) fn read_body(&mut self, framing: Framing) -> Result<Vec<u8>, HttpError<S::Error>> {
        let mut body = Vec::new();
        self.read_body_into(framing, &mut body)?;
        Ok(body)
    }

    /// Reads a body into `body`, which holds the part that arrived if there is an error.
    pub(crate) fn read_body_into(&mut self, framing: Framing, body: &mut Vec<u8>) -> Result<(), HttpError<S::Error>> {
        framing.within(self.limits.body)?;
        let outcome = match framing {
            Framing::Length(length) => self.take(length).map(|bytes| *body = bytes),
            Framing::Chunked => return self.read_chunks(body),
            Framing::UntilClose => self.read_to_the_end().map(|bytes| *body = bytes),
        };
        if outcome.is_err() {
            *body = core::mem::take(&mut self.inbox);
        }
        outcome
    }

    /// Reads until the stream ends.
    fn read_to_the_end(&mut self) -> Result<Vec<u8>, HttpError<S::Error>> {
        while self.fill()? {
            if self.inbox.len() > self.limits.body {
                return Err(HttpError::TooLarge("body", self.limits.body));
            }
        }
        Ok(core::mem::take(&mut self.inbox))
    }

    /// Reads `length` bytes from the stream.
    fn take(&mut self, length: usize) -> Result<Vec<u8>, HttpError<S::Error>> {
        while self.inbox.len() < length {
            if !self.fill()? {
                return Err(HttpError::Truncated("body"));
            }
        }
        let rest = self.inbox.split_off(length);
        Ok(core::mem::replace(&mut self.inbox, rest))
    }

    /// Reads chunks up to the last one, and drops the trailer fields after it (RFC 9112 section 7.1).
    fn read_chunks(&mut self, body: &mut Vec<u8>) -> Result<(), HttpError<S::Error>> {
        loop {
            let line = self.take_line()?;
            let size = match httparse::parse_chunk_size(&line) {
                Ok(httparse::Status::Complete((_, size))) => usize::try_from(size).unwrap_or(usize::MAX),
                _ => return Err(HttpError::Malformed("body", "a chunk without a valid size".to_owned())),
            };
            if size == 0 {
                break;
            }
            if size > self.limits.body.saturating_sub(body.len()) {
                return Err(HttpError::TooLarge("body", self.limits.body));
            }
            body.append(&mut self.take(size)?);
            if self.take(2)? != b"\r\n" {
                return Err(HttpError::Malformed("body", "a chunk longer than its size".to_owned()));
            }
        }
        let mut trailer = 0;
        loop {
            let line = match self.take_line() {
                // The last chunk has marked the body as complete.
                Err(HttpError::Truncated(_) | HttpError::Stream(_)) => return Ok(()),
                line => line?,
            };
            trailer += line.len();
            if line == b"\r\n" {
                return Ok(());
            }
            if trailer > self.limits.head {
                return Err(HttpError::TooLarge("trailer", self.limits.head));
            }
        }
    }

    /// Reads a line with its terminator from the stream.
    fn take_line(&mut self) -> Result<Vec<u8>, HttpError<S::Error>> {
        loop {
            if let Some(end) = self.inbox.iter().position(|byte| *byte == b'\n') {
                return self.take(end + 1);
            }
            if self.inbox.len() > self.limits.head {
                return Err(HttpError::TooLarge("line of a chunk", self.limits.head));
            }
            if !self.fill()? {
                return Err(HttpError::Truncated("body"));
            }
        }
    }
}
