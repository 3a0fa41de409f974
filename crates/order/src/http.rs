//! One HTTP request over any stream, in either role.

use crate::cxml::{self, Unreadable};
use crate::text::Writer;
use crate::trouble::{Acceptance, Trouble};
use core::fmt::{self, Write as _};
use embedded_io_async::{Read, Write};
use embedded_mtls::x509::UnixTime;
use mtls_cxml::{Class, HostField, Outcome, is_page};

mod request;
mod response;

pub use self::request::{Refusal, read_order, write_response};
use self::response::{Flaw, Response};

/// A server, and the path for orders.
#[derive(Clone, Copy, Debug)]
pub struct Endpoint<'a> {
    /// Its host name or IPv4 address.
    pub host: &'a str,
    /// Its port.
    pub port: u16,
    /// The name that its certificate must contain; usually the host name.
    pub server_name: &'a str,
    /// The path of the request.
    pub path: &'a str,
}

/// The answer to a posted order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status, if there was a response.
    pub status: Option<u16>,
    /// The version of the blob that the server has for this device, if it announces one in the field `Mtls-Blob`.
    pub blob: Option<u64>,
    /// The meaning for the order.
    pub verdict: Result<Acceptance, Trouble>,
}

/// The path of the blob that a server has for the client that it has authenticated.
pub const BLOB_PATH: &str = "/.well-known/mtls-blob";

/// The reason why no message was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpError<E> {
    /// The stream failed.
    Stream(E),
    /// The stream ended before the message did.
    Ended,
    /// The data is not HTTP, or does not fit.
    Unreadable,
}

/// Posts `order` and reads the answer into `memory`. `now` is the time, if known.
pub(crate) async fn post<S: Read + Write>(
    stream: &mut S,
    endpoint: &Endpoint<'_>,
    order: &[u8],
    memory: &mut [u8],
    now: Option<UnixTime>,
) -> Result<Answer, HttpError<S::Error>> {
    let mut head = Writer::new(memory);
    if write_head(endpoint, order.len(), &mut head).is_err() {
        return Ok(Answer { status: None, blob: None, verdict: Err(Trouble::Setup) });
    }
    let head = head.into_str().unwrap_or_default();
    stream.write_all(head.as_bytes()).await.map_err(HttpError::Stream)?;
    stream.write_all(order).await.map_err(HttpError::Stream)?;
    stream.flush().await.map_err(HttpError::Stream)?;
    let response = response::read(stream, memory, now).await?;
    Ok(Answer { status: Some(response.status), blob: response.blob, verdict: judge(response) })
}

/// Requests the document at `path` and reads it into `memory`; returns its length, or that of the memory if it is longer.
pub(crate) async fn get<S: Read + Write>(
    stream: &mut S,
    endpoint: &Endpoint<'_>,
    path: &str,
    memory: &mut [u8],
) -> Result<Result<usize, Trouble>, HttpError<S::Error>> {
    let mut head = Writer::new(memory);
    let host = HostField { name: endpoint.server_name, port: endpoint.port };
    let written =
        write!(head, "GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept-Encoding: identity\r\nConnection: close\r\n\r\n");
    let Some(head) = written.ok().and_then(|()| head.into_str()) else { return Ok(Err(Trouble::Setup)) };
    stream.write_all(head.as_bytes()).await.map_err(HttpError::Stream)?;
    stream.flush().await.map_err(HttpError::Stream)?;
    let response = response::read(stream, memory, None).await?;
    Ok(match response {
        Response { status: 200, flaw: None, body, .. } => Ok(body.len()),
        Response { status: 200, flaw: Some(Flaw::Cut), .. } => Err(Trouble::AnswerCut(200)),
        Response { status: 200, flaw: Some(Flaw::Unreadable), .. } => Err(Trouble::HttpUnreadable),
        Response { status, .. } => Err(Trouble::Http(status)),
    })
}

/// Writes the head of the request: the server name and port as RFC 9110 section 7.2 requires, and no compression.
fn write_head(endpoint: &Endpoint<'_>, len: usize, out: &mut dyn fmt::Write) -> fmt::Result {
    let host = HostField { name: endpoint.server_name, port: endpoint.port };
    write!(
        out,
        "POST {} HTTP/1.1\r\nHost: {host}\r\nContent-Type: text/xml; charset=UTF-8\r\nContent-Length: {len}\r\nAccept-Encoding: identity\r\n\
         Connection: close\r\n\r\n",
        endpoint.path
    )
}

/// Decides what the answer means for the order: both the HTTP and the cXML status have to be successful. After a
/// successful HTTP status the supplier has the order, even if the rest cannot be read.
fn judge(response: Response<'_>) -> Result<Acceptance, Trouble> {
    let Response { status, wait, is_html, body, flaw, .. } = response;
    if Class::of(status, wait.is_some()) != Class::Done {
        return Err(match wait {
            Some(seconds) if Class::of(status, true) == Class::Later => Trouble::HttpLater { status, seconds },
            _ => Trouble::Http(status),
        });
    }
    match flaw {
        Some(Flaw::Cut) => return Err(Trouble::AnswerCut(status)),
        Some(Flaw::Unreadable) => return Ok(Acceptance::Unread),
        // A partial answer, which was not requested.
        None if status == 206 => return Ok(Acceptance::Unread),
        None => {}
    }
    match cxml::status(body) {
        // RFC 9110 section 15.3.3: "accepted for processing, but the processing has not been completed".
        Ok(None) if status == 202 => Ok(Acceptance::Pending),
        Ok(None) => Ok(Acceptance::Delivered),
        Ok(Some(code)) => match Outcome::of(code) {
            Outcome::Delivered => Ok(Acceptance::Delivered),
            Outcome::Pending => Ok(Acceptance::Pending),
            Outcome::Refused | Outcome::Later => Err(Trouble::Cxml(code)),
            Outcome::Unknown => Ok(Acceptance::Unread),
        },
        Err(Unreadable) if is_html || is_page(body) => Err(Trouble::Page),
        Err(Unreadable) => Ok(Acceptance::Unread),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::trouble::Remedy;
    use embassy_futures::block_on;
    use embedded_io::ErrorKind;
    use embedded_io_async::ErrorType;
    use std::vec::Vec;

    /// A transport that returns prepared data in pieces, then ends or fails, and stores what is written.
    pub(crate) struct Script {
        pub(crate) answer: Vec<u8>,
        pub(crate) piece: usize,
        pub(crate) end: Result<usize, ErrorKind>,
        pub(crate) written: Vec<u8>,
    }

    impl Script {
        pub(crate) fn new(answer: &str, piece: usize) -> Self {
            Self { answer: answer.into(), piece, end: Ok(0), written: Vec::new() }
        }
    }

    impl ErrorType for Script {
        type Error = ErrorKind;
    }

    impl Read for Script {
        async fn read(&mut self, out: &mut [u8]) -> Result<usize, ErrorKind> {
            let count = self.piece.min(out.len()).min(self.answer.len());
            if count == 0 {
                return self.end;
            }
            out[..count].copy_from_slice(&self.answer[..count]);
            self.answer.drain(..count);
            Ok(count)
        }
    }

    impl Write for Script {
        async fn write(&mut self, data: &[u8]) -> Result<usize, ErrorKind> {
            self.written.extend_from_slice(data);
            Ok(data.len())
        }
        async fn flush(&mut self) -> Result<(), ErrorKind> {
            Ok(())
        }
    }

    const ENDPOINT: Endpoint<'_> =
        Endpoint { host: "10.0.2.2", port: 8443, server_name: "supplier.example", path: "/orders" };

    fn answered(script: &mut Script) -> Result<Result<Acceptance, Trouble>, HttpError<ErrorKind>> {
        block_on(post(script, &ENDPOINT, b"<cXML/>", &mut [0; 512], None)).map(|answer| answer.verdict)
    }

    #[test]
    fn the_order_is_sent_byte_for_byte_after_its_head() {
        let mut script = Script::new("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 100);
        assert_eq!(answered(&mut script), Ok(Ok(Acceptance::Delivered)));
        let expected = "POST /orders HTTP/1.1\r\nHost: supplier.example:8443\r\n\
                        Content-Type: text/xml; charset=UTF-8\r\nContent-Length: 7\r\nAccept-Encoding: identity\r\n\
                        Connection: close\r\n\r\n<cXML/>";
        assert_eq!(core::str::from_utf8(&script.written), Ok(expected));
        // A path that is longer than the memory.
        let (path, mut script) = ("x".repeat(600), Script::new("", 1));
        let outcome = block_on(post(&mut script, &Endpoint { path: &path, ..ENDPOINT }, b"", &mut [0; 512], None));
        assert_eq!(outcome, Ok(Answer { status: None, blob: None, verdict: Err(Trouble::Setup) }));
        assert_eq!(script.written.len(), 0);
    }

    #[test]
    fn answers_mean_what_the_table_of_both_readers_says() {
        let cases = answer_cases::cases();
        assert!(cases.len() > 70, "{}", cases.len());
        for case in cases {
            for piece in [1, 7, 512] {
                let end = if case.is_cut { Err(ErrorKind::ConnectionReset) } else { Ok(0) };
                let mut script = Script { answer: case.bytes.clone(), piece, end, written: Vec::new() };
                let found = match answered(&mut script) {
                    Ok(Ok(Acceptance::Delivered)) => "delivered",
                    Ok(Ok(Acceptance::Pending)) => "pending",
                    Ok(Ok(Acceptance::Unread)) => "unread",
                    Ok(Err(Trouble::AnswerCut(_))) => "cut",
                    Ok(Err(Trouble::Page)) => "page",
                    Ok(Err(trouble)) => match (trouble.exit_status(), trouble.remedy()) {
                        (30, Remedy::Human) => "refused",
                        (31, Remedy::Again) => "later",
                        (40, Remedy::Human) => "cxml-refused",
                        (41, Remedy::Again) => "cxml-later",
                        _ => "?",
                    },
                    Err(HttpError::Ended | HttpError::Stream(_)) => "nothing",
                    Err(HttpError::Unreadable) => "no-http",
                };
                assert_eq!(found, case.outcome, "{}, {piece} bytes at a time", case.name);
            }
        }
    }

    #[test]
    fn an_answer_may_announce_a_blob() {
        for (field, expected) in [("mtls-blob: 18", Some(18)), ("Mtls-Blob: -1", None), ("Mtls-Blobs: 1", None)] {
            let mut script = Script::new(&std::format!("HTTP/1.1 503 Busy\r\n{field}\r\n\r\n"), 100);
            let answer = block_on(post(&mut script, &ENDPOINT, b"<cXML/>", &mut [0; 512], None)).unwrap();
            assert_eq!((answer.status, answer.blob), (Some(503), expected), "{field}");
        }
    }

    #[test]
    fn a_document_is_read_up_to_the_end_of_the_memory() {
        let got = |answer: &str, room: usize| {
            let (mut script, mut memory) = (Script::new(answer, 100), std::vec![0; room]);
            let outcome = block_on(get(&mut script, &ENDPOINT, BLOB_PATH, &mut memory));
            let expected = "GET /.well-known/mtls-blob HTTP/1.1\r\nHost: supplier.example:8443\r\n\
                            Accept-Encoding: identity\r\nConnection: close\r\n\r\n";
            assert_eq!(script.written, if room > 128 { expected.as_bytes() } else { b"" });
            outcome.map(|outcome| outcome.map(|len| memory[..len].to_vec()))
        };
        let whole = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nblob";
        assert_eq!(got(whole, 200), Ok(Ok(b"blob".to_vec())));
        assert_eq!(got(&whole[..whole.len() - 1], 200), Ok(Err(Trouble::AnswerCut(200))));
        assert_eq!(got("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone", 200), Ok(Err(Trouble::Http(404))));
        assert_eq!(got("HTTP/1.1 206 Part\r\nContent-Length: 4\r\n\r\nblob", 200), Ok(Err(Trouble::Http(206))));
        let packed = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nblob";
        assert_eq!(got(packed, 200), Ok(Err(Trouble::HttpUnreadable)));
        let long = std::format!("HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\n{}", "x".repeat(300));
        assert_eq!(got(&long, 200), Ok(Ok(std::vec![b'x'; 200])));
        assert_eq!(got(whole, 100), Ok(Err(Trouble::Setup)));
    }

    #[test]
    fn a_head_and_a_body_may_be_larger_than_the_memory() {
        let cookie = std::format!("Set-Cookie: {}\r\n", "x".repeat(3000));
        let body = std::format!("<cXML><Response><Status code='401'/></Response><!--{}--></cXML>", "x".repeat(3000));
        let answer = std::format!("HTTP/1.1 200 OK\r\n{cookie}Content-Length: {}\r\n{cookie}\r\n{body}", body.len());
        assert_eq!(answered(&mut Script::new(&answer, 512)), Ok(Err(Trouble::Cxml(401))));
        let short = answer.strip_suffix('>').unwrap();
        assert_eq!(answered(&mut Script::new(short, 512)), Ok(Err(Trouble::AnswerCut(200))));
    }

    #[test]
    fn a_busy_server_may_announce_a_pause() {
        for (head, expected) in [
            ("503 Busy\r\nretry-after: 120", Trouble::HttpLater { status: 503, seconds: 120 }),
            ("500 Oh\r\nRetry-After: 0", Trouble::HttpLater { status: 500, seconds: 0 }),
            ("429 Slower\r\nRetry-After: 120", Trouble::HttpLater { status: 429, seconds: 120 }),
            (
                "503 Busy\r\nDate: Sun, 22 Nov 2026 04:59:30 GMT\r\nRetry-After: Sun, 22 Nov 2026 05:00:00 GMT",
                Trouble::HttpLater { status: 503, seconds: 30 },
            ),
            ("503 Busy\r\nRetry-After: Sun, 22 Nov 2026 05:00:00 GMT", Trouble::Http(503)),
            ("503 Busy\r\nRetry-After: -1", Trouble::Http(503)),
            ("404 Gone\r\nRetry-After: 120", Trouble::Http(404)),
        ] {
            let answer = std::format!("HTTP/1.1 {head}\r\nContent-Length: 0\r\n\r\n");
            assert_eq!(answered(&mut Script::new(&answer, 512)), Ok(Err(expected)), "{head}");
        }
    }
}
