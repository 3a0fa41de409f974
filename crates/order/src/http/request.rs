//! The server's side: reading a posted order, answering it.

use super::HttpError;
use crate::text::Writer;
use core::fmt::Write as _;
use embedded_io_async::{Read, Write};

/// The maximum number of header fields in a request.
const MAX_FIELDS: usize = 32;

/// A request that is answered without its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Not POST: 405.
    Method,
    /// No `Content-Length`: 411.
    NoLength,
    /// A body larger than the memory: 413.
    TooLarge,
}

impl Refusal {
    /// Returns the code and reason of the status line.
    pub const fn status(self) -> (u16, &'static str) {
        match self {
            Self::Method => (405, "Method Not Allowed"),
            Self::NoLength => (411, "Length Required"),
            Self::TooLarge => (413, "Content Too Large"),
        }
    }
}

/// The facts from the head of a request.
#[derive(Clone, Copy)]
struct Head {
    len: usize,
    post: bool,
    content_length: Option<usize>,
    expects_continue: bool,
}

/// Reads a request: its head into `head`, its body into `body`; returns the length of the body.
///
/// # Errors
/// If the connection fails before the request ends, or the head is not HTTP or does not fit.
pub async fn read_order<S: Read + Write>(
    stream: &mut S,
    memory: &mut [u8],
    body: &mut [u8],
) -> Result<Result<usize, Refusal>, HttpError<S::Error>> {
    let mut filled = 0;
    let head = loop {
        if let Some(head) = parse(memory.get(..filled).unwrap_or_default())? {
            break head;
        }
        filled += receive(stream, memory.get_mut(filled..).unwrap_or_default()).await?;
    };
    if !head.post {
        return Ok(Err(Refusal::Method));
    }
    let Some(length) = head.content_length else { return Ok(Err(Refusal::NoLength)) };
    let Some(body) = body.get_mut(..length) else { return Ok(Err(Refusal::TooLarge)) };
    if head.expects_continue {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await.map_err(HttpError::Stream)?;
        stream.flush().await.map_err(HttpError::Stream)?;
    }
    // Part of the body may have arrived with the head; data after the body would be another request, which is not read.
    let came = memory.get(head.len..filled).unwrap_or_default();
    let came = came.get(..length).unwrap_or(came);
    let (mut filled, mut rest) = (came.len(), body);
    rest.get_mut(..filled).ok_or(HttpError::Unreadable)?.copy_from_slice(came);
    rest = rest.get_mut(filled..).unwrap_or_default();
    while filled < length {
        let count = receive(stream, rest).await?;
        filled += count;
        rest = rest.get_mut(count..).unwrap_or_default();
    }
    Ok(Ok(length))
}

/// Reads some bytes; the end of the stream and a full memory are errors.
async fn receive<S: Read>(stream: &mut S, memory: &mut [u8]) -> Result<usize, HttpError<S::Error>> {
    if memory.is_empty() {
        return Err(HttpError::Unreadable);
    }
    match stream.read(memory).await.map_err(HttpError::Stream)? {
        0 => Err(HttpError::Ended),
        count => Ok(count),
    }
}

fn parse<E>(bytes: &[u8]) -> Result<Option<Head>, HttpError<E>> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut request = httparse::Request::new(&mut fields);
    let httparse::Status::Complete(len) = request.parse(bytes).map_err(|_| HttpError::Unreadable)? else {
        return Ok(None);
    };
    let mut head = Head { len, post: request.method == Some("POST"), content_length: None, expects_continue: false };
    for field in request.headers {
        let value = core::str::from_utf8(field.value).map_err(|_| HttpError::Unreadable)?.trim();
        if field.name.eq_ignore_ascii_case("content-length") {
            let length = value.parse().map_err(|_| HttpError::Unreadable)?;
            // RFC 9112 section 6.3: several that differ are an error.
            if head.content_length.replace(length).is_some_and(|before| before != length) {
                return Err(HttpError::Unreadable);
            }
        } else if field.name.eq_ignore_ascii_case("transfer-encoding") {
            // Section 6.1: it overrides the length; chunks are not supported here.
            return Ok(Some(Head { content_length: None, ..head }));
        } else if field.name.eq_ignore_ascii_case("expect") {
            head.expects_continue = value.eq_ignore_ascii_case("100-continue");
        }
    }
    Ok(Some(head))
}

/// Answers with a document, and announces the end of the connection.
///
/// # Errors
/// If the connection fails.
pub async fn write_response<S: Write>(
    stream: &mut S,
    (status, reason): (u16, &str),
    document: &[u8],
) -> Result<(), HttpError<S::Error>> {
    let mut memory = [0; 160];
    let mut head = Writer::new(&mut memory);
    let written = write!(
        head,
        "HTTP/1.1 {status} {reason}\r\nContent-Type: text/xml; charset=UTF-8\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n",
        document.len()
    );
    let head = written.ok().and_then(|()| head.into_str()).ok_or(HttpError::Unreadable)?;
    stream.write_all(head.as_bytes()).await.map_err(HttpError::Stream)?;
    stream.write_all(document).await.map_err(HttpError::Stream)?;
    stream.flush().await.map_err(HttpError::Stream)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::tests::Script;
    use embassy_futures::block_on;
    use embedded_io::ErrorKind;

    type Outcome = Result<Result<usize, Refusal>, HttpError<ErrorKind>>;

    fn read(request: &str, piece: usize) -> (Outcome, [u8; 16]) {
        let (mut script, mut body) = (Script::new(request, piece), [0; 16]);
        (block_on(read_order(&mut script, &mut [0; 128], &mut body)), body)
    }

    #[test]
    fn a_body_is_read_as_long_as_its_length_says() {
        for piece in [1, 5, 200] {
            let (outcome, body) = read("POST /orders HTTP/1.1\r\ncontent-length: 5\r\n\r\norderPOST", piece);
            assert_eq!((outcome, &body[..6]), (Ok(Ok(5)), &b"order\0"[..]));
        }
    }

    #[test]
    fn requests_that_cannot_be_handled_are_rejected() {
        let refusal = |request| read(request, 200).0;
        assert_eq!(refusal("GET / HTTP/1.1\r\n\r\n"), Ok(Err(Refusal::Method)));
        assert_eq!(refusal("POST / HTTP/1.1\r\n\r\n"), Ok(Err(Refusal::NoLength)));
        assert_eq!(refusal("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"), Ok(Err(Refusal::NoLength)));
        assert_eq!(refusal("POST / HTTP/1.1\r\nContent-Length: 17\r\n\r\n"), Ok(Err(Refusal::TooLarge)));
        assert_eq!(refusal("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nord"), Err(HttpError::Ended));
        assert_eq!(refusal("hello\r\n\r\n"), Err(HttpError::Unreadable));
        let two = "POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\norders";
        assert_eq!(refusal(two), Err(HttpError::Unreadable));
        let long = std::format!("POST /{} HTTP/1.1\r\n\r\n", "x".repeat(200));
        assert_eq!(refusal(&long), Err(HttpError::Unreadable));
    }

    #[test]
    fn a_client_that_expects_100_continue_gets_it() {
        let request = "POST / HTTP/1.1\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\norder";
        let mut script = Script::new(request, 200);
        assert_eq!(block_on(read_order(&mut script, &mut [0; 128], &mut [0; 16])), Ok(Ok(5)));
        assert!(script.written.starts_with(b"HTTP/1.1 100 Continue\r\n\r\n"));
    }

    #[test]
    fn a_response_states_its_length() {
        let mut script = Script::new("", 1);
        block_on(write_response(&mut script, (200, "OK"), b"<cXML/>")).unwrap();
        assert!(script.written.ends_with(b"Content-Length: 7\r\nConnection: close\r\n\r\n<cXML/>"));
    }
}
