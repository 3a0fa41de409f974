//! The outcome of an order by layer: network, TLS, HTTP, cXML. Each has its exit code.

use core::fmt;

use embedded_mtls::x509::WaivableCause;
use embedded_mtls::{AlertDescription, CertificateProblem, Diagnosis};
use embedded_mtls_operator::Finding;
use mtls_cxml::{Class, is_page};

use super::cxml::{Outcome, Status};
use super::http::{Flaw, Response};
use super::mime;
use super::report::{meaning, printable};

/// A reason why an order is not known to be delivered.
#[derive(Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Wrong options, or a file that cannot be used. Nothing was sent.
    Setup(String),
    /// There is no connection, or it broke.
    Network(String),
    /// One side rejected the other in the handshake, or violated the protocol.
    Tls(String),
    /// We rejected the server's certificates, by this rule.
    Certificate {
        /// The rule.
        problem: CertificateProblem,
        /// A sentence for people.
        message: String,
    },
    /// The authenticated server rejected us for the certificate that we sent, or did not send.
    LateRejection(AlertDescription, Diagnosis),
    /// The server closed the connection once it had our certificate, in which we know a fault.
    LateEnd(Diagnosis),
    /// The server never requested our certificate, so nothing was sent to it.
    NotAsked {
        /// Set if a policy requires the request.
        by_policy: bool,
    },
    /// The HTTP response is not a success, or is incomplete.
    Http {
        /// Set if sending the same bytes again may succeed.
        later: bool,
        /// The seconds for which the server asks to wait.
        wait: Option<u32>,
        /// The status and the text of the answer, for people.
        message: String,
    },
    /// The answer is not HTTP.
    NoHttp(String),
    /// The cXML response is not a success, or the response is a page for people.
    Cxml {
        /// Set if sending the same bytes again may succeed.
        later: bool,
        /// The status and the text of the answer, for people.
        message: String,
    },
    /// According to HTTP the supplier has the order; the supplier's response cannot be read.
    Unread(String),
}

/// The exit codes of the gateway, for its help.
pub(crate) const EXIT_CODES: &str =
    "   0  the supplier has the order (cXML status 200, 201, ..., or HTTP 200 with an empty body)
   1  setup     wrong options, or a file that cannot be used: nothing was sent
  10  network   no connection, or a broken one: retry later with the same bytes
  20  TLS       the handshake failed: the message names the side that rejected the other, and why
  21  TLS       late rejection: the authenticated server rejected our certificate or required one
  22  TLS       the server's certificate, or one above it, has expired or is not yet valid
  23  TLS       the server's certificate is self-signed
  24  TLS       the server's certificate was issued by a CA that we do not trust
  25  TLS       the server's certificate is for another name
  26  TLS       the server's certificate violates another rule
  27  TLS       the server never requested our certificate: nothing was sent; its operator has to require one, or use --one-way
  30  HTTP      rejected permanently (3xx, 4xx except 408, 421, 425 and 429; 501, 505)
  31  HTTP      server trouble (5xx, 408, 421, 425, 429), or a truncated answer: retry later with the same bytes
  32  HTTP      the answer is not HTTP: the outcome of the order is unknown
  40  cXML      rejected permanently (status 4xx), or an HTML page instead of a Response
  41  cXML      supplier trouble (status 5xx): retry later with the same bytes
  42  cXML      delivered (HTTP 2xx), but the answer cannot be read: ask the supplier before you retry
With 20 and 22 to 26 the server was not yet authenticated: anyone on the network path can cause them, so they are no
reason to abandon an order.";

impl Trouble {
    /// Returns the exit code of this trouble, as in the help of the gateway.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Setup(_) => 1,
            Self::Network(_) => 10,
            Self::Tls(_) => 20,
            Self::LateRejection(..) | Self::LateEnd(_) => 21,
            Self::Certificate { problem, .. } => match (WaivableCause::of(*problem), problem) {
                (Some(WaivableCause::Expired), _) => 22,
                (Some(WaivableCause::SelfSigned), _) => 23,
                (Some(WaivableCause::UntrustedRoot), _) => 24,
                (_, CertificateProblem::CommonNameMismatch | CertificateProblem::NameMismatch) => 25,
                _ => 26,
            },
            Self::NotAsked { .. } => 27,
            Self::Http { later, .. } => 30 + u8::from(*later),
            Self::NoHttp(_) => 32,
            Self::Cxml { later, .. } => 40 + u8::from(*later),
            Self::Unread(_) => 42,
        }
    }
}

/// The same trouble as a device sees it, whose rules decide about a retry. Only the remedy is the same: a rejection by us of
/// what anyone on the network path can send is a broken connection there.
impl From<&Trouble> for mtls_order::Trouble {
    fn from(trouble: &Trouble) -> Self {
        match trouble {
            Trouble::Setup(_) | Trouble::LateEnd(_) => Self::Setup,
            Trouble::Network(_) | Trouble::Tls(_) | Trouble::Certificate { .. } => Self::Network,
            Trouble::LateRejection(alert, _) => Self::LateRejection(*alert),
            Trouble::NotAsked { .. } => Self::NotMutual,
            Trouble::Http { later: true, wait: Some(seconds), .. } => {
                Self::HttpLater { status: 503, seconds: *seconds }
            }
            Trouble::Http { later, .. } => Self::Http(if *later { 503 } else { 400 }),
            Trouble::NoHttp(_) => Self::HttpUnreadable,
            Trouble::Cxml { later, .. } => Self::Cxml(if *later { 500 } else { 400 }),
            Trouble::Unread(_) => Self::Page,
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Setup(message) => f.write_str(message),
            Self::Network(message) => write!(f, "network: {message}"),
            Self::Tls(message) | Self::Certificate { message, .. } => write!(f, "TLS: {message}"),
            Self::LateRejection(alert, diagnosis) => write!(
                f,
                "TLS: the authenticated server rejected us with alert {} ({alert}).{}\n  In TLS 1.3 a client completes its \
                 handshake before the server has checked its certificate. The order was not accepted.",
                alert.0,
                meaning(Some(*diagnosis))
            ),
            Self::LateEnd(diagnosis) => write!(
                f,
                "TLS: the server closed the connection after our side of the handshake was complete, without giving a reason.{}",
                meaning(Some(*diagnosis))
            ),
            Self::NotAsked { by_policy } => {
                let way = if *by_policy {
                    "ClientAuthEnabled of the policy requires both sides to authenticate before anything is sent."
                } else {
                    "--post-handshake-auth posts to a server that requests one for some paths only; --one-way posts anyway."
                };
                let means = meaning(Some(Diagnosis::CertificateNotAsked));
                write!(f, "TLS: this is not mutual TLS, so nothing was sent.{means}\n  {way}")
            }
            Self::Http { message, .. } => write!(f, "HTTP: {message}"),
            Self::NoHttp(message) => write!(f, "HTTP: {message}; the outcome of the order is unknown"),
            Self::Cxml { message, .. } => write!(f, "cXML: {message}"),
            Self::Unread(message) => write!(
                f,
                "cXML: the supplier has the order, but its answer cannot be read: {message}; ask the supplier before you \
                 retry"
            ),
        }
    }
}

impl core::error::Error for Trouble {}

/// Judges the answer to an order, on both levels. `means` is the finding about a refusal by HTTP, if there is one.
pub(crate) fn judge(response: &Response, means: Option<Finding>) -> Result<Status, Trouble> {
    let line = format!("status {} {}", response.status, printable(&response.reason)).trim_end().to_owned();
    let wait = response.headers.first("retry-after");
    let class = Class::of(response.status, wait.is_some());
    if class != Class::Done {
        let location = response.headers.first("location").filter(|_| (300..400).contains(&response.status));
        let elsewhere = location.map(|location| format!("; it redirects the order to '{}'", printable(location)));
        let mut message = line + &wait.map(waiting).unwrap_or_default() + &elsewhere.unwrap_or_default();
        message += &heard(response);
        message += &meaning(means);
        let wait = wait.and_then(|wait| wait.trim().parse().ok());
        return Err(Trouble::Http { later: class == Class::Later, wait, message });
    }
    read(response, &line, means)
}

/// Judges the answer of a server that has the order.
fn read(response: &Response, line: &str, means: Option<Finding>) -> Result<Status, Trouble> {
    match &response.flaw {
        Some(Flaw::Cut(why)) => {
            let why = printable(why);
            let message = format!(
                "{line}, so the supplier probably has the order, but its answer was cut off ({why}); retry with the same \
                 bytes: the supplier recognizes it by its payloadID"
            );
            return Err(Trouble::Http { later: true, wait: None, message });
        }
        Some(Flaw::Unreadable(why)) => return Err(Trouble::Unread(printable(why))),
        None => {}
    }
    let coding = response.headers.all("content-encoding").find(|coding| !coding.eq_ignore_ascii_case("identity"));
    if let Some(coding) = coding.filter(|coding| !coding.is_empty()) {
        let coding = printable(coding);
        return Err(Trouble::Unread(format!("Content-Encoding: found '{coding}', wanted identity, as requested")));
    }
    if response.status == 206 {
        return Err(Trouble::Unread("it is a partial response (206), which was not requested".to_owned()));
    }
    let is_empty = response.body.iter().all(u8::is_ascii_whitespace);
    let status = match cxml_status(response) {
        // RFC 9110 section 15.3.3: "accepted for processing, but the processing has not been completed".
        Ok(_) if response.status == 202 && is_empty => {
            Status::new(201, "HTTP 202 with an empty body: accepted, not yet processed")
        }
        Ok(status) => status,
        Err(why) => return Err(no_response(response, line, &why, means)),
    };
    let (later, what) = match status.outcome() {
        Outcome::Delivered | Outcome::Pending => return Ok(status),
        Outcome::Refused if status.code == 409 => (false, "it may have been delivered before: ask the supplier"),
        Outcome::Refused => (false, "do not retry the order unchanged"),
        Outcome::Later => (true, "retry later with the same bytes"),
        Outcome::Unknown => return Err(Trouble::Unread(format!("cXML status {} has no meaning", status.code))),
    };
    let (text, more) = (printable(&status.text), printable(&status.message));
    Err(Trouble::Cxml { later, message: format!("status {} {text}: {more}; {what}", status.code) })
}

/// Returns the status of the cXML in a response.
fn cxml_status(response: &Response) -> Result<Status, String> {
    let enclosed = mime::document(response.headers.first("content-type"), &response.body)?;
    Status::parse(enclosed.bytes, enclosed.charset.as_deref()).map_err(|error| error.message)
}

/// Explains a success without a cXML Response: a page for people is from something in front of the order server, such
/// as a login or a firewall.
fn no_response(response: &Response, line: &str, why: &str, means: Option<Finding>) -> Trouble {
    let Some(title) = page(response) else { return Trouble::Unread(printable(&format!("no cXML Response: {why}"))) };
    let means = meaning(means);
    let message =
        format!("{line}, and an HTML page{title} instead of a Response: the order system did not answer{means}");
    Trouble::Cxml { later: false, message }
}

/// Returns the title of a page for people in quotes, or nothing if it has none; `None` if this is not such a page.
fn page(response: &Response) -> Option<String> {
    let text = String::from_utf8_lossy(&response.body);
    let lower = text.to_ascii_lowercase();
    let is_typed = response
        .headers
        .first("content-type")
        .is_some_and(|field| mime::MediaType::parse(field).essence == "text/html");
    if !is_typed && !is_page(&response.body) {
        return None;
    }
    let from = lower.find("<title>").map(|place| place + "<title>".len());
    let title = from.and_then(|from| text.get(from..from + lower.get(from..)?.find("</title>")?));
    let short: String = title.unwrap_or_default().trim().chars().take(80).collect();
    Some(if short.is_empty() { String::new() } else { format!(" ('{}')", printable(&short)) })
}

/// Quotes from the body of a refusal: a Response, or the title of a page.
fn heard(response: &Response) -> String {
    if response.body.iter().all(u8::is_ascii_whitespace) {
        return String::new();
    }
    match (cxml_status(response), page(response)) {
        (Ok(Status { code, text, message }), _) => {
            format!("; cXML status {code} {}: {}", printable(&text), printable(&message))
        }
        (Err(_), Some(title)) if !title.is_empty() => format!("; its page{title}"),
        _ => String::new(),
    }
}

/// Describes how long a server asks to wait: a number of seconds, or a date (RFC 9110 section 10.2.3).
fn waiting(wait: &str) -> String {
    let is_number = !wait.is_empty() && wait.bytes().all(|byte| byte.is_ascii_digit());
    if is_number {
        format!(", retry after {wait} s (Retry-After)")
    } else {
        format!(", retry after {} (Retry-After)", printable(wait))
    }
}

#[cfg(test)]
mod tests {
    use super::super::http;
    use super::*;

    #[test]
    fn the_table_of_exit_codes_is_that_of_the_help() {
        let readme = include_str!("../README.md").split("The exit codes of `gateway`").nth(1).unwrap();
        let table = readme.lines().filter_map(|line| line.strip_prefix("| ")?.split(" |").next()?.parse::<u8>().ok());
        let help = EXIT_CODES.lines().filter_map(|line| line.split_whitespace().next()?.parse::<u8>().ok());
        assert!(table.eq(help));
    }

    fn verdict(status: u16, body: &str) -> Result<u16, (u8, String)> {
        let response = Response { status, body: body.as_bytes().to_vec(), ..Response::default() };
        judge(&response, named(&response))
            .map(|status| status.code)
            .map_err(|trouble| (trouble.exit_code(), trouble.to_string()))
    }

    fn named(response: &Response) -> Option<Finding> {
        Finding::of_http(response.status, &response.body, true)
    }

    fn cxml(code: u16) -> String {
        format!("<cXML><Response><Status code='{code}' text='Text'>more\u{9b}</Status></Response></cXML>")
    }

    #[test]
    fn both_levels_must_agree_to_a_success() {
        assert_eq!(verdict(200, &cxml(200)), Ok(200));
        assert_eq!(verdict(200, &cxml(201)), Ok(201));
        assert_eq!(verdict(200, ""), Ok(200));
        let refused = "cXML: status 401 Text: more\\C2\\9B; do not retry the order unchanged".to_owned();
        assert_eq!(verdict(200, &cxml(401)), Err((40, refused)));
        assert_eq!(verdict(200, &cxml(560)).unwrap_err().0, 41);
        assert_eq!(verdict(500, &cxml(200)).unwrap_err().0, 31);
        assert_eq!(verdict(404, &cxml(200)).unwrap_err().0, 30);
        assert_eq!(verdict(200, "<html></html>").unwrap_err().0, 40);
        let known = verdict(500, &cxml(406)).unwrap_err().1;
        assert!(known.contains("; cXML status 406 Text: more"), "{known}");
    }

    #[test]
    fn answers_mean_what_the_table_of_both_readers_says() {
        let cases = answer_cases::cases();
        assert!(cases.len() > 70, "{}", cases.len());
        for case in cases {
            let found = match http::tests::read(&case).map(|response| judge(&response, named(&response))) {
                Err(nothing) => nothing.to_owned(),
                Ok(Ok(status)) if status.outcome() == Outcome::Pending => "pending".to_owned(),
                Ok(Ok(_)) => "delivered".to_owned(),
                Ok(Err(trouble)) => match trouble.exit_code() {
                    30 => "refused",
                    31 if trouble.to_string().contains("cut off") => "cut",
                    31 => "later",
                    40 if trouble.to_string().contains("an HTML page") => "page",
                    40 => "cxml-refused",
                    41 => "cxml-later",
                    42 => "unread",
                    _ => "?",
                }
                .to_owned(),
            };
            assert_eq!(found, case.outcome, "{}", case.name);
        }
    }

    #[test]
    fn refusals_by_http_that_mean_tls_are_explained() {
        for (status, body, expected) in [
            (400, "<center>No required SSL certificate was sent</center>", Finding::Tls(Diagnosis::OursMissing)),
            (400, "The SSL certificate error", Finding::Tls(Diagnosis::OursRefused)),
            (403, "Reason: Cannot perform Post-Handshake Authentication.", Finding::PostHandshakeNeeded),
            (403, "Forbidden", Finding::Forbidden),
        ] {
            assert!(verdict(status, body).unwrap_err().1.contains(expected.cause()), "{body}");
        }
        assert!(!verdict(404, "").unwrap_err().1.contains("That means"));
    }

    #[test]
    fn a_late_rejection_names_the_alert_and_what_it_means() {
        let trouble = Trouble::LateRejection(AlertDescription::CERTIFICATE_REQUIRED, Diagnosis::OursMissing);
        assert_eq!(trouble.exit_code(), 21);
        let text = trouble.to_string();
        assert!(text.contains("alert 116 ") && text.contains(Diagnosis::OursMissing.cause()), "{text}");
        let trouble = Trouble::LateEnd(Diagnosis::OursExpired);
        assert_eq!(trouble.exit_code(), 21);
        assert!(trouble.to_string().contains(Diagnosis::OursExpired.cause()), "{trouble}");
    }
}
