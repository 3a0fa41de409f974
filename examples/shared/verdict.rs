//! What became of an order, told apart by layer: network, TLS, HTTP, cXML. Each has its exit code.

use core::fmt;

use embedded_mtls::x509::WaivableCause;
use embedded_mtls::{AlertDescription, CertificateProblem, Diagnosis};

use super::cxml::{Outcome, Status};
use super::http::Response;
use super::report::{meaning, printable};

/// Why an order is not known to be delivered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Wrong options, or a file that cannot be used. Nothing was sent.
    Setup(String),
    /// No connection, or it broke.
    Network(String),
    /// One side refused the other in the handshake, or the protocol was broken.
    Tls(String),
    /// We refused the certificates of the server, by this rule.
    Certificate { problem: CertificateProblem, message: String },
    /// The server refused us after our handshake was done.
    LateRejection(AlertDescription, Diagnosis),
    /// The HTTP response is no success, or not HTTP.
    Http { later: bool, message: String },
    /// The cXML response is no success, or not cXML.
    Cxml { later: bool, message: String },
}

/// The exit codes of the gateway, for its help.
pub(crate) const EXIT_CODES: &str =
    "   0  the supplier has the order (cXML status 200, 201, ..., or HTTP 200 with an empty body)
   1  setup     wrong options, or a file that cannot be used: nothing was sent
  10  network   no connection, or it broke: repeat later with the same bytes
  20  TLS       the handshake failed: the message says which side refused what
  21  TLS       late rejection: the server refused us after our side of the handshake was done
  22  TLS       the server's certificate, or one above it, has expired or is not valid yet
  23  TLS       the server's certificate is self-signed
  24  TLS       the server's certificate comes from nobody whom we trust
  25  TLS       the server's certificate is for another name
  26  TLS       the server's certificate breaks another rule
  30  HTTP      refused for good (4xx, or no HTTP)
  31  HTTP      server trouble (5xx): repeat later with the same bytes
  40  cXML      refused for good (status 4xx, or no cXML)
  41  cXML      supplier trouble (status 5xx): repeat later with the same bytes";

impl Trouble {
    /// The exit code of this trouble, as in [`EXIT_CODES`].
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Setup(_) => 1,
            Self::Network(_) => 10,
            Self::Tls(_) => 20,
            Self::LateRejection(..) => 21,
            Self::Certificate { problem, .. } => match (WaivableCause::of(*problem), problem) {
                (Some(WaivableCause::Expired), _) => 22,
                (Some(WaivableCause::SelfSigned), _) => 23,
                (Some(WaivableCause::UntrustedRoot), _) => 24,
                (_, CertificateProblem::CommonNameMismatch | CertificateProblem::NameMismatch) => 25,
                _ => 26,
            },
            Self::Http { later, .. } => 30 + u8::from(*later),
            Self::Cxml { later, .. } => 40 + u8::from(*later),
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
                "TLS: the server rejected us after our side of the handshake was done, with alert {} ({alert}).{}\n  In TLS \
                 1.3 a client is done before the server has looked at its certificate. The order was not taken.",
                alert.0,
                meaning(Some(*diagnosis))
            ),
            Self::Http { message, .. } => write!(f, "HTTP: {message}"),
            Self::Cxml { message, .. } => write!(f, "cXML: {message}"),
        }
    }
}

/// Reads the answer to an order, on both its levels. `shown` is whether a certificate of ours was.
pub(crate) fn judge(response: &Response, shown: bool) -> Result<Status, Trouble> {
    if !(200..300).contains(&response.status) {
        let mut message = format!("status {} {}", response.status, printable(&response.reason));
        message += &meaning(Diagnosis::of_http(response.status, &response.body, shown));
        return Err(Trouble::Http { later: response.status >= 500, message });
    }
    let status = Status::parse(&response.body)
        .map_err(|error| Trouble::Cxml { later: false, message: printable(&format!("no cXML Response: {error}")) })?;
    let (later, what) = match status.outcome() {
        Outcome::Delivered | Outcome::Pending => return Ok(status),
        Outcome::Refused => (false, "do not repeat the order as it is"),
        Outcome::Later => (true, "repeat it later with the same bytes"),
    };
    let (text, more) = (printable(&status.text), printable(&status.message));
    Err(Trouble::Cxml { later, message: format!("status {} {text}: {more}; {what}", status.code) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_exit_codes_is_that_of_the_help() {
        let readme = include_str!("../README.md");
        let table = readme.lines().filter_map(|line| line.strip_prefix("| ")?.split(" |").next()?.parse::<u8>().ok());
        let help = EXIT_CODES.lines().filter_map(|line| line.split_whitespace().next()?.parse::<u8>().ok());
        assert!(table.eq(help));
    }

    fn verdict(status: u16, body: &str) -> Result<u16, (u8, String)> {
        let response = Response { status, body: body.as_bytes().to_vec(), ..Response::default() };
        judge(&response, true).map(|status| status.code).map_err(|trouble| (trouble.exit_code(), trouble.to_string()))
    }

    fn cxml(code: u16) -> String {
        format!("<cXML><Response><Status code='{code}' text='Text'>more\u{9b}</Status></Response></cXML>")
    }

    #[test]
    fn both_levels_must_agree_to_a_success() {
        assert_eq!(verdict(200, &cxml(200)), Ok(200));
        assert_eq!(verdict(200, &cxml(201)), Ok(201));
        assert_eq!(verdict(200, ""), Ok(200));
        let refused = "cXML: status 401 Text: more\\C2\\9B; do not repeat the order as it is".to_owned();
        assert_eq!(verdict(200, &cxml(401)), Err((40, refused)));
        assert_eq!(verdict(200, &cxml(560)).unwrap_err().0, 41);
        assert_eq!(verdict(500, &cxml(200)).unwrap_err().0, 31);
        assert_eq!(verdict(404, &cxml(200)).unwrap_err().0, 30);
        assert_eq!(verdict(302, "").unwrap_err().0, 30);
        assert_eq!(verdict(200, "<html></html>").unwrap_err().0, 40);
    }

    #[test]
    fn refusals_by_http_that_mean_tls_are_explained() {
        for (status, body, expected) in [
            (400, "<center>No required SSL certificate was sent</center>", Diagnosis::OursMissing),
            (400, "The SSL certificate error", Diagnosis::OursRefused),
            (403, "Reason: Cannot perform Post-Handshake Authentication.", Diagnosis::PostHandshakeNeeded),
            (403, "Forbidden", Diagnosis::Forbidden),
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
    }
}
