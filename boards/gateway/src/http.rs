//! One HTTP request over any stream: as a client with `reqwless`, as a server with `httparse`.

use crate::cxml;
use crate::settings::Endpoint;
use crate::text::Writer;
use crate::trouble::{Acceptance, Trouble};
use embedded_io::Error as _;
use embedded_io_async::{ErrorType, Read, Write};
use reqwless::TryBufRead;
use reqwless::request::{Method, Request, RequestBuilder};
use reqwless::response::Response;

mod request;

pub(crate) use self::request::{read_order, write_response};

/// Why no answer was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HttpError<E> {
    /// The stream failed.
    Stream(E),
    /// The stream ended before the answer did.
    Ended,
    /// What came is no HTTP, or does not fit.
    Unreadable,
}

/// Posts `order` and reads the answer into `memory`.
pub(crate) async fn post<S: Read + Write>(
    stream: &mut S,
    endpoint: &Endpoint<'_>,
    order: &[u8],
    memory: &mut [u8],
) -> Result<Result<Acceptance, Trouble>, HttpError<S::Error>>
where
    S::Error: Copy,
{
    let mut host = [0; HOST];
    let host = host_field(endpoint, &mut host).ok_or(HttpError::Unreadable)?;
    let headers = [("Content-Type", "text/xml; charset=UTF-8"), ("Connection", "close")];
    let request = Request::new(Method::POST, endpoint.path).host(host).headers(&headers).body(order).build();
    let mut stream = Remembering { stream, failure: None, ended: false };
    match exchange(&request, order, &mut stream, memory).await {
        Ok(answer) => Ok(answer),
        Err(_) => Err(match stream.failure {
            Some(failure) => HttpError::Stream(failure),
            None if stream.ended => HttpError::Ended,
            None => HttpError::Unreadable,
        }),
    }
}

async fn exchange<S: Read + Write>(
    request: &Request<'_, &[u8]>,
    order: &[u8],
    stream: &mut Remembering<'_, S>,
    memory: &mut [u8],
) -> Result<Result<Acceptance, Trouble>, reqwless::Error>
where
    S::Error: Copy,
{
    request.write_header(stream).await?;
    stream.write_all(order).await.map_err(|failure| failure.kind())?;
    stream.flush().await.map_err(|failure| failure.kind())?;
    let response = Response::read(stream, Method::POST, memory).await?;
    let status = response.status.0;
    info!("answer: HTTP {}", status);
    if !(200..300).contains(&status) {
        return Ok(Err(refusal(status, response.headers())));
    }
    let body = response.body().read_to_end().await?;
    Ok(cxml::acceptance(status, body))
}

/// What a status that is no success means. A date instead of seconds is passed over: a device may not know what time it is.
fn refusal<'h>(status: u16, mut headers: impl Iterator<Item = (&'h str, &'h [u8])>) -> Trouble {
    let asked = headers.find(|(name, _)| name.eq_ignore_ascii_case("Retry-After"));
    let seconds = asked.and_then(|(_, value)| core::str::from_utf8(value).ok()?.trim().parse().ok());
    match seconds {
        Some(seconds) if (500..600).contains(&status) => Trouble::HttpLater { status, seconds },
        _ => Trouble::Http(status),
    }
}

/// Bytes of a host name, a colon and a port.
const HOST: usize = 253 + 6;

/// The name of the server and its port, as RFC 9110 section 7.2 wants them.
fn host_field<'m>(endpoint: &Endpoint<'_>, memory: &'m mut [u8; HOST]) -> Option<&'m str> {
    use core::fmt::Write as _;
    let mut writer = Writer::new(memory);
    writer.write_str(endpoint.server_name).ok()?;
    if endpoint.port != 443 {
        write!(writer, ":{}", endpoint.port).ok()?;
    }
    writer.into_str()
}

/// Keeps how a stream ended: of that `reqwless` passes only the kind on, and not always that.
struct Remembering<'s, S: ErrorType> {
    stream: &'s mut S,
    failure: Option<S::Error>,
    ended: bool,
}

impl<S: ErrorType> Remembering<'_, S>
where
    S::Error: Copy,
{
    fn keep<T>(&mut self, result: Result<T, S::Error>) -> Result<T, S::Error> {
        self.failure = result.as_ref().err().copied().or(self.failure);
        result
    }
}

impl<S: ErrorType> ErrorType for Remembering<'_, S> {
    type Error = S::Error;
}

impl<S: Read> Read for Remembering<'_, S>
where
    S::Error: Copy,
{
    async fn read(&mut self, out: &mut [u8]) -> Result<usize, Self::Error> {
        let result = self.stream.read(out).await;
        self.ended |= matches!(result, Ok(0));
        self.keep(result)
    }
}

impl<S: Write> Write for Remembering<'_, S>
where
    S::Error: Copy,
{
    async fn write(&mut self, data: &[u8]) -> Result<usize, Self::Error> {
        let result = self.stream.write(data).await;
        self.keep(result)
    }

    async fn flush(&mut self) -> Result<(), Self::Error> {
        let result = self.stream.flush().await;
        self.keep(result)
    }
}

impl<S: Read> TryBufRead for Remembering<'_, S> where S::Error: Copy {}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use embassy_futures::block_on;
    use embedded_io::ErrorKind;
    use std::vec::Vec;

    /// Gives what was prepared, in pieces, and then ends or fails; keeps what was written.
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
    const CXML: &str = "<cXML><Response><Status code='200'/></Response></cXML>";

    fn answered(script: &mut Script) -> Result<Result<Acceptance, Trouble>, HttpError<ErrorKind>> {
        block_on(post(script, &ENDPOINT, b"<cXML/>", &mut [0; 512]))
    }

    #[test]
    fn the_order_is_sent_byte_for_byte_behind_its_head() {
        let mut script = Script::new("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 100);
        assert_eq!(answered(&mut script), Ok(Ok(Acceptance::Delivered)));
        let expected = "POST /orders HTTP/1.1\r\nHost: supplier.example:8443\r\nContent-Length: 7\r\n\
                        Content-Type: text/xml; charset=UTF-8\r\nConnection: close\r\n\r\n<cXML/>";
        assert_eq!(core::str::from_utf8(&script.written), Ok(expected));
    }

    #[test]
    fn an_answer_may_come_in_any_form_and_any_pieces() {
        let fixed = std::format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{CXML}", CXML.len());
        let chunked = std::format!(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{}\r\n{:x}\r\n{}\r\n0\r\n\r\n",
            &CXML[..9],
            CXML.len() - 9,
            &CXML[9..]
        );
        let to_the_end = std::format!("HTTP/1.1 200 OK\r\n\r\n{CXML}");
        for answer in [&fixed, &chunked, &to_the_end] {
            for piece in [1, 7, 512] {
                assert_eq!(answered(&mut Script::new(answer, piece)), Ok(Ok(Acceptance::Delivered)), "{answer}");
            }
        }
    }

    #[test]
    fn what_is_cut_off_is_no_answer() {
        let fixed = std::format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", CXML.len(), &CXML[1..]);
        assert_eq!(answered(&mut Script::new(&fixed, 512)), Err(HttpError::Ended));
        assert_eq!(answered(&mut Script::new("HTTP/1.1 200 OK\r\nContent-", 512)), Err(HttpError::Ended));
        assert_eq!(answered(&mut Script::new("", 512)), Err(HttpError::Ended));
        let mut broken = Script { end: Err(ErrorKind::ConnectionReset), ..Script::new("HTTP/1.1 2", 512) };
        assert_eq!(answered(&mut broken), Err(HttpError::Stream(ErrorKind::ConnectionReset)));
    }

    #[test]
    fn what_is_no_http_or_too_long_is_unreadable() {
        assert_eq!(answered(&mut Script::new("SSH-2.0-OpenSSH\r\n\r\n", 512)), Err(HttpError::Unreadable));
        let long = std::format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(600));
        assert_eq!(answered(&mut Script::new(&long, 512)), Err(HttpError::Unreadable));
    }

    #[test]
    fn a_refusal_counts_whatever_its_body() {
        let page = std::format!("HTTP/1.1 400 Bad Request\r\nContent-Length: 5000\r\n\r\n{}", "x".repeat(100));
        assert_eq!(answered(&mut Script::new(&page, 512)), Ok(Err(Trouble::Http(400))));
    }

    #[test]
    fn a_server_that_is_busy_may_say_for_how_long() {
        for (head, expected) in [
            ("503 Busy\r\nretry-after: 120", Trouble::HttpLater { status: 503, seconds: 120 }),
            ("500 Oh\r\nRetry-After: 0", Trouble::HttpLater { status: 500, seconds: 0 }),
            ("503 Busy\r\nRetry-After: Sun, 22 Nov 2026 05:00:00 GMT", Trouble::Http(503)),
            ("503 Busy\r\nRetry-After: -1", Trouble::Http(503)),
            ("429 Slower\r\nRetry-After: 120", Trouble::Http(429)),
        ] {
            let answer = std::format!("HTTP/1.1 {head}\r\nContent-Length: 0\r\n\r\n");
            assert_eq!(answered(&mut Script::new(&answer, 512)), Ok(Err(expected)), "{head}");
        }
    }

    #[test]
    fn the_usual_port_is_not_named() {
        let endpoint = Endpoint { port: 443, ..ENDPOINT };
        assert_eq!(host_field(&endpoint, &mut [0; HOST]), Some("supplier.example"));
    }
}
