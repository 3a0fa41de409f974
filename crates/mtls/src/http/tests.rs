//! Tests of reading and writing messages, whole and byte by byte.

use core::convert::Infallible;

use super::*;

/// A stream that returns `input` in pieces of `step` bytes and stores what is written.
struct Script {
    input: Vec<u8>,
    step: usize,
    output: Vec<u8>,
}

/// A script that fails at its end.
struct Breaking(Script);

impl embedded_io::ErrorType for Breaking {
    type Error = embedded_io::ErrorKind;
}

impl Read for Breaking {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize, Self::Error> {
        match self.0.read(buf) {
            Ok(0) => Err(embedded_io::ErrorKind::ConnectionReset),
            Ok(count) => Ok(count),
            Err(never) => match never {},
        }
    }
}

impl Write for Breaking {
    fn write(&mut self, buf: &[u8]) -> Result<usize, Self::Error> {
        Ok(buf.len())
    }

    fn flush(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
}

/// Reads a case of the table of answers, whole and byte by byte; an error names what arrived instead of a response.
pub(crate) fn read(case: &answer_cases::Case) -> Result<Response, &'static str> {
    fn outcome<E>(read: Result<Response, HttpError<E>>) -> Result<Response, &'static str> {
        read.map_err(|error| match error {
            HttpError::Stream(_) | HttpError::Truncated(_) => "nothing",
            _ => "no-http",
        })
    }
    let read = |step| {
        let script = Script { input: case.bytes.clone(), step, output: Vec::new() };
        if case.is_cut {
            outcome(Connection::new(Breaking(script), Limits::default()).read_response())
        } else {
            outcome(Connection::new(script, Limits::default()).read_response())
        }
    };
    let whole = read(usize::MAX);
    assert_eq!(whole, read(1), "{}", case.name);
    whole
}

impl embedded_io::ErrorType for Script {
    type Error = Infallible;
}

impl Read for Script {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize, Infallible> {
        let length = self.step.min(buf.len()).min(self.input.len());
        let rest = self.input.split_off(length);
        buf[..length].copy_from_slice(&self.input);
        self.input = rest;
        Ok(length)
    }
}

impl Write for Script {
    fn write(&mut self, buf: &[u8]) -> Result<usize, Infallible> {
        self.output.extend_from_slice(buf);
        Ok(buf.len())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

fn connection(input: &str, step: usize) -> Connection<Script> {
    let stream = Script { input: input.as_bytes().to_vec(), step, output: Vec::new() };
    Connection::new(stream, Limits { head: 300, body: 1000 })
}

/// Reads one request, whole and byte by byte, and expects the same result.
fn request(input: &str) -> Result<Option<Request>, HttpError<Infallible>> {
    let whole = connection(input, usize::MAX).read_request();
    assert_eq!(whole, connection(input, 1).read_request());
    whole
}

/// Returns the request in these bytes.
pub(crate) fn request_of(input: Vec<u8>) -> Request {
    let stream = Script { input, step: usize::MAX, output: Vec::new() };
    Connection::new(stream, Limits::default()).read_request().unwrap().unwrap()
}

fn response_to_post(input: &str) -> Result<Response, HttpError<Infallible>> {
    let whole = connection(input, usize::MAX).read_response();
    assert_eq!(whole, connection(input, 1).read_response());
    whole
}

#[test]
fn requests_follow_each_other_on_one_connection() {
    let two = "POST /a HTTP/1.1\r\nHost: s\r\nContent-Length: 3\r\n\r\nabcGET /b HTTP/1.1\r\nhost: s\r\nConnection: \
               close\r\n\r\n";
    for step in [1, 7, 1000] {
        let mut connection = connection(two, step);
        let first = connection.read_request().unwrap().unwrap();
        assert_eq!((first.method.as_str(), first.target.as_str(), &first.body[..]), ("POST", "/a", &b"abc"[..]));
        assert!(!first.is_last());
        let second = connection.read_request().unwrap().unwrap();
        assert_eq!((second.method.as_str(), second.body.len()), ("GET", 0));
        assert!(second.is_last());
        assert_eq!(connection.read_request(), Ok(None));
    }
}

#[test]
fn chunks_are_joined_and_trailers_dropped() {
    let body = "5;name=value\r\nhello\r\n6\r\n world\r\n0\r\nTrailer: x\r\n\r\n";
    let post = format!("POST / HTTP/1.1\r\nHost: s\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
    assert_eq!(request(&post).unwrap().unwrap().body, b"hello world");
    let response = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n{body}");
    assert_eq!(response_to_post(&response).unwrap().body, b"hello world");
}

#[test]
fn a_client_that_expects_100_continue_gets_it() {
    let head = "POST / HTTP/1.1\r\nHost: s\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
    let mut waiting = connection(&format!("{head}ok"), head.len());
    assert_eq!(waiting.read_request().unwrap().unwrap().body, b"ok");
    assert_eq!(waiting.stream().output, b"HTTP/1.1 100 Continue\r\n\r\n");
    let mut refused = connection(&head.replace(": 2", ": 2000"), usize::MAX);
    assert_eq!(refused.read_request(), Err(HttpError::TooLarge("body", 1000)));
    assert_eq!(refused.stream().output, b"");
}

#[test]
fn a_client_skips_interim_responses() {
    let found = response_to_post(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 1\r\n\r\nx",
    );
    let found = found.unwrap();
    assert_eq!((found.status, found.reason.as_str(), &found.body[..]), (201, "Created", &b"x"[..]));
}

#[test]
fn a_response_without_a_length_ends_with_the_connection() {
    assert_eq!(response_to_post("HTTP/1.0 200 OK\r\n\r\nall of it").unwrap().body, b"all of it");
    assert_eq!(response_to_post("HTTP/1.1 204 No Content\r\n\r\nnot a body").unwrap().body, b"");
}

#[test]
fn bytes_without_a_status_line_are_not_a_response() {
    assert_eq!(response_to_post(""), Err(HttpError::Truncated("response")));
    assert_eq!(response_to_post("HTTP/1.1 200"), Err(HttpError::Truncated("head")));
    assert!(matches!(response_to_post("HTTP/1.1 101 S\r\n\r\n"), Err(HttpError::Malformed("response", _))));
    let interim = "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(17);
    assert!(matches!(response_to_post(&interim), Err(HttpError::Malformed("response", _))));
}

#[test]
fn faults_after_the_status_line_are_flaws_of_the_response() {
    let cut = |text: &str| Some(Flaw::Cut(text.to_owned()));
    let unreadable = |text: &str| Some(Flaw::Unreadable(text.to_owned()));
    let long = format!("X: {}\r\n\r\n", "x".repeat(400));
    for (rest, body, flaw) in [
        ("Content-", "", cut("the connection ended inside the HTTP head")),
        ("Content-Length: 5\r\n\r\n1234", "1234", cut("the connection ended inside the HTTP body")),
        ("Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "abc", cut("the connection ended inside the HTTP body")),
        (long.as_str(), "", unreadable("the HTTP head is larger than 300 bytes")),
        ("Transfer-Encoding: gzip\r\n\r\nx", "", unreadable("transfer coding: found 'gzip', wanted chunked or none")),
        ("Content-Length: 2000\r\n\r\nx", "", unreadable("the HTTP body is larger than 1000 bytes")),
        (
            "Content-Length: 1\r\nContent-Length: 2\r\n\r\nx",
            "",
            unreadable("the HTTP response is malformed: Content-Length is both '1' and '2'"),
        ),
    ] {
        let found = response_to_post(&format!("HTTP/1.1 404 Not Found\r\n{rest}")).unwrap();
        assert_eq!((found.status, found.reason.as_str(), found.flaw), (404, "Not Found", flaw), "{rest}");
        assert_eq!(found.body, body.as_bytes(), "{rest}");
    }
}

#[test]
fn a_response_may_be_written_in_older_ways() {
    let folded = "HTTP/1.1  200  OK\r\nX-Info: one\r\n\ttwo \r\n  three\r\nContent-Length : 2, 2\r\nno field\r\n\r\nok";
    let found = response_to_post(folded).unwrap();
    assert_eq!((found.headers.first("x-info"), &found.body[..], found.flaw), (Some("one two three"), &b"ok"[..], None));
    let both = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";
    assert_eq!(response_to_post(both).unwrap().body, b"ok");
}

#[test]
fn a_request_with_two_readings_is_rejected() {
    let refused = |fields: &str| {
        let error = request(&format!("POST / HTTP/1.1\r\n{fields}\r\n\r\n")).unwrap_err();
        (error.status(), error.to_string())
    };
    let bad = |text: &str| (Some(400), format!("the HTTP request is malformed: {text}"));
    assert_eq!(
        refused("Host: s\r\nContent-Length: 1\r\nTransfer-Encoding: chunked"),
        bad("both Content-Length and Transfer-Encoding")
    );
    assert_eq!(refused("Host: s\r\nContent-Length: 1\r\nContent-Length: 2"), bad("Content-Length is both '1' and '2'"));
    assert_eq!(refused("Host: s\r\nContent-Length: +1"), bad("Content-Length: found '+1', wanted a number of bytes"));
    assert_eq!(refused("Content-Length: 0"), bad("0 Host fields, one is wanted"));
    assert_eq!(refused("Host: s\r\nHost: t"), bad("2 Host fields, one is wanted"));
    assert_eq!(refused("Host: s\r\nTransfer-Encoding: gzip, chunked").0, Some(501));
}

#[test]
fn sizes_are_limited() {
    let long = format!("GET /{} HTTP/1.1\r\nHost: s\r\n\r\n", "x".repeat(400));
    assert_eq!(request(&long).unwrap_err().status(), Some(431));
    let chunks = format!("POST / HTTP/1.1\r\nHost: s\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n{}", "x".repeat(1001));
    assert_eq!(request(&chunks).unwrap_err().status(), Some(413));
    let endless = "POST / HTTP/1.1\r\nHost: s\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n";
    assert_eq!(request(endless).unwrap_err().status(), Some(400));
}

#[test]
fn garbage_is_rejected() {
    assert_eq!(request("\u{16}\u{3}\u{1}\n\r\n\r\n").unwrap_err().status(), Some(400));
    assert!(matches!(response_to_post("SSH-2.0-x\r\n\r\n"), Err(HttpError::Malformed("response", _))));
}

#[test]
fn http_1_0_closes_unless_told_otherwise() {
    assert!(request("GET / HTTP/1.0\r\n\r\n").unwrap().unwrap().is_last());
    assert!(!request("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").unwrap().unwrap().is_last());
}

#[test]
fn messages_that_were_sent_can_be_read_again() {
    let head = post("/orders", "supplier.example:8443", "text/xml; charset=UTF-8", 2);
    let found = request(&format!("{head}<>")).unwrap().unwrap();
    assert_eq!(found.headers.first("host"), Some("supplier.example:8443"));
    assert!(found.is_last());
    let head = response(405, "text/plain", 3, false, &[("Allow", "GET, HEAD, POST")]);
    let found = response_to_post(&format!("{head}no\n")).unwrap();
    assert_eq!((found.status, found.headers.first("allow")), (405, Some("GET, HEAD, POST")));
}
