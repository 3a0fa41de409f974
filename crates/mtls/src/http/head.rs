//! Start lines and headers, read by `httparse`, and the heads that the programs send.

use core::fmt::Write as _;

/// Maximum number of headers in a message.
const MAX_HEADERS: usize = 100;

/// Parses bytes into a head and its length; `None` while it is incomplete. An error names the malformed part and what
/// is wrong with it.
pub(super) type Parse<T> = fn(&[u8]) -> Result<Option<(T, usize)>, (&'static str, String)>;

/// Header fields in the order of arrival.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Headers(Vec<(String, String)>);

impl Headers {
    /// Returns every value of the field `name`.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Returns the first value of the field `name`.
    pub(crate) fn first(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// Returns whether the comma-separated lists of the field `name` hold `token`.
    pub(crate) fn has_token(&self, name: &str, token: &str) -> bool {
        self.all(name).flat_map(|list| list.split(',')).any(|entry| entry.trim().eq_ignore_ascii_case(token))
    }

    fn from_parsed(headers: &[httparse::Header<'_>]) -> Self {
        let field = |header: &httparse::Header<'_>| {
            // A folded value contains line ends: each run of white space counts as one space.
            let value = String::from_utf8_lossy(header.value);
            let lines: Vec<_> = value.split(['\r', '\n']).map(str::trim).filter(|line| !line.is_empty()).collect();
            (header.name.to_owned(), lines.join(" "))
        };
        Self(headers.iter().map(field).collect())
    }
}

/// A request that was read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) target: String,
    /// 0 for HTTP/1.0, 1 for HTTP/1.1.
    pub(crate) version: u8,
    pub(crate) headers: Headers,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// Returns whether the client will send no further request (RFC 9112 section 9.3).
    pub(crate) fn is_last(&self) -> bool {
        let close = self.headers.has_token("connection", "close");
        close || (self.version == 0 && !self.headers.has_token("connection", "keep-alive"))
    }
}

/// A response whose status line was read. The rest may be incomplete.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) reason: String,
    pub(crate) headers: Headers,
    /// The body, or the part of it that arrived.
    pub(crate) body: Vec<u8>,
    /// The reason if headers or body are incomplete.
    pub(crate) flaw: Option<Flaw>,
}

/// A reason why the rest of a response was not read, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// The connection ended too early: a repetition may succeed.
    Cut(String),
    /// It violates RFC 9112 or is too large: a repetition would give the same.
    Unreadable(String),
}

/// Reads the head of a request.
pub(super) fn parse_request(bytes: &[u8]) -> Result<Option<(Request, usize)>, (&'static str, String)> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut fields);
    let httparse::Status::Complete(length) = request.parse(bytes).map_err(|e| ("request", e.to_string()))? else {
        return Ok(None);
    };
    let head = Request {
        method: request.method.unwrap_or_default().to_owned(),
        target: request.path.unwrap_or_default().to_owned(),
        version: request.version.unwrap_or_default(),
        headers: Headers::from_parsed(request.headers),
        body: Vec::new(),
    };
    // RFC 9112 section 3.2: a server MUST answer 400 to a request of HTTP/1.1 without Host or with more than one.
    match head.headers.all("host").count() {
        1 => Ok(Some((head, length))),
        0 if head.version == 0 => Ok(Some((head, length))),
        count => Err(("request", format!("{count} Host fields, one is wanted"))),
    }
}

/// Reads the head of a response. Folded field lines are joined (RFC 9112 section 5.2), invalid ones are skipped:
/// regardless of their content, the server has answered.
pub(super) fn parse_response(bytes: &[u8]) -> Result<Option<(Response, usize)>, (&'static str, String)> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut response = httparse::Response::new(&mut fields);
    let mut config = httparse::ParserConfig::default();
    config
        .allow_multiple_spaces_in_response_status_delimiters(true)
        .allow_obsolete_multiline_headers_in_responses(true)
        .allow_spaces_after_header_name_in_responses(true)
        .ignore_invalid_headers_in_responses(true);
    let parsed = config.parse_response(&mut response, bytes).map_err(|error| ("response", error.to_string()))?;
    let httparse::Status::Complete(length) = parsed else { return Ok(None) };
    let head = Response {
        status: response.code.unwrap_or_default(),
        reason: response.reason.unwrap_or_default().to_owned(),
        headers: Headers::from_parsed(response.headers),
        ..Response::default()
    };
    Ok(Some((head, length)))
}

/// Parses the first line of a response alone, if it is complete and valid.
pub(super) fn parse_status_line(bytes: &[u8]) -> Option<Response> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let alone = [bytes.get(..=end)?, b"\r\n"].concat();
    parse_response(&alone).ok().flatten().map(|(response, _)| response)
}

/// Makes the head of a POST request.
pub(crate) fn post(target: &str, host: &str, content_type: &str, length: usize) -> String {
    format!(
        "POST {target} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\
         Accept-Encoding: identity\r\nUser-Agent: embedded-mtls/{}\r\nConnection: close\r\n\r\n",
        env!("CARGO_PKG_VERSION")
    )
}

/// Makes the head of a GET request.
#[cfg(feature = "program")]
pub(crate) fn get(target: &str, host: &str) -> String {
    format!(
        "GET {target} HTTP/1.1\r\nHost: {host}\r\nAccept-Encoding: identity\r\nUser-Agent: embedded-mtls/{}\r\n\
         Connection: close\r\n\r\n",
        env!("CARGO_PKG_VERSION")
    )
}

/// Makes the head of a response.
pub(crate) fn response(status: u16, content_type: &str, length: usize, last: bool, extra: &[(&str, &str)]) -> String {
    let mut head = format!("HTTP/1.1 {status} {}\r\nServer: embedded-mtls\r\n", reason(status));
    for (name, value) in extra {
        // Writing into a String cannot fail.
        let _ = write!(head, "{name}: {value}\r\n");
    }
    let connection = if last { "close" } else { "keep-alive" };
    let _ =
        write!(head, "Content-Type: {content_type}\r\nContent-Length: {length}\r\nConnection: {connection}\r\n\r\n");
    head
}

/// Returns the usual reason phrase of a status that the supplier sends.
fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        421 => "Misdirected Request",
        431 => "Request Header Fields Too Large",
        501 => "Not Implemented",
        _ => "Error",
    }
}
