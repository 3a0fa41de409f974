//! What became of an order, told apart by layer: network, TLS, HTTP, cXML. Each has its exit code.

use core::fmt;

use embedded_mtls::x509::WaivableCause;
use embedded_mtls::{AlertDescription, CertificateProblem};

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
    LateRejection(AlertDescription),
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
            Self::LateRejection(_) => 21,
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
            Self::LateRejection(alert) => write!(
                f,
                "TLS: the server rejected us after our side of the handshake was done, with alert {} ({alert}): {}.\n  In \
                 TLS 1.3 a client is done before the server has looked at its certificate. The order was not taken.",
                alert.0,
                meaning(*alert)
            ),
            Self::Http { message, .. } => write!(f, "HTTP: {message}"),
            Self::Cxml { message, .. } => write!(f, "cXML: {message}"),
        }
    }
}

/// Reads the answer to an order, on both its levels.
pub(crate) fn judge(response: &Response) -> Result<Status, Trouble> {
    if !(200..300).contains(&response.status) {
        let mut message = format!("status {} {}", response.status, printable(&response.reason));
        if let Some(hint) = hint(response) {
            message = format!("{message}\n  {hint}");
        }
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

/// What well-known servers mean by a refusal that comes by HTTP, though TLS is the reason.
fn hint(response: &Response) -> Option<&'static str> {
    let body = String::from_utf8_lossy(&response.body);
    let says = |text: &str| body.contains(text);
    if says("No required SSL certificate was sent") {
        return Some(
            "nginx completes the handshake without a certificate and refuses by HTTP: it asked for one and we sent none. \
             Give --cert and --key of an issuer that it names.",
        );
    }
    if says("The SSL certificate error") {
        return Some(
            "nginx has our certificate and does not accept it: is its issuer in ssl_client_certificate, is it valid now \
             and for clients, and is ssl_verify_depth (1 unless set) as large as our chain?",
        );
    }
    if says("Post-Handshake Authentication") {
        return Some(
            "Apache asks for a certificate in this path only, after the handshake, which TLS 1.3 clients need not allow \
             (AH10158 in its error log). Offer it with --post-handshake-auth, or move SSLVerifyClient from the <Location> \
             or <Directory> into the virtual host.",
        );
    }
    if response.status == 403 && says("post_handshake_auth") {
        return Some(
            "the server asks for a certificate in this path only, after the handshake, which TLS 1.3 clients need not allow. \
             Offer it with --post-handshake-auth.",
        );
    }
    if response.status == 403 && says("was asked for it and showed none") {
        return Some("the server asked for our certificate after the handshake, and none of ours is what it asks for.");
    }
    (response.status == 403).then_some(
        "the handshake is done, so our certificate is valid; the server's rules do not let its owner in, as Apache's \
         Require expr %{SSL_CLIENT_S_DN_CN} does for another common name.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(status: u16, body: &str) -> Result<u16, (u8, String)> {
        let response = Response { status, body: body.as_bytes().to_vec(), ..Response::default() };
        judge(&response).map(|status| status.code).map_err(|trouble| (trouble.exit_code(), trouble.to_string()))
    }

    fn cxml(code: u16) -> String {
        format!("<cXML><Response><Status code='{code}' text='Text'>more\u{9b}</Status></Response></cXML>")
    }

    #[test]
    fn both_levels_must_agree_to_a_success() {
        assert_eq!(verdict(200, &cxml(200)), Ok(200));
        assert_eq!(verdict(200, &cxml(201)), Ok(201));
        assert_eq!(verdict(200, ""), Ok(200));
        let refused = "cXML: status 401 Text: more\u{fffd}; do not repeat the order as it is".to_owned();
        assert_eq!(verdict(200, &cxml(401)), Err((40, refused)));
        assert_eq!(verdict(200, &cxml(560)).unwrap_err().0, 41);
        assert_eq!(verdict(500, &cxml(200)).unwrap_err().0, 31);
        assert_eq!(verdict(404, &cxml(200)).unwrap_err().0, 30);
        assert_eq!(verdict(302, "").unwrap_err().0, 30);
        assert_eq!(verdict(200, "<html></html>").unwrap_err().0, 40);
    }

    #[test]
    fn refusals_by_http_that_mean_tls_are_explained() {
        let nginx = "<center>No required SSL certificate was sent</center>";
        assert!(verdict(400, nginx).unwrap_err().1.contains("we sent none"));
        assert!(verdict(400, "The SSL certificate error").unwrap_err().1.contains("ssl_verify_depth"));
        assert!(
            verdict(403, "Reason: Cannot perform Post-Handshake Authentication.")
                .unwrap_err()
                .1
                .contains("virtual host")
        );
        assert!(verdict(403, "(TLS extension post_handshake_auth)").unwrap_err().1.contains("--post-handshake-auth"));
        assert!(verdict(403, "was asked for it and showed none").unwrap_err().1.contains("none of ours"));
        assert!(verdict(403, "Forbidden").unwrap_err().1.contains("common name"));
    }

    #[test]
    fn a_late_rejection_names_the_alert_and_what_it_means() {
        let trouble = Trouble::LateRejection(AlertDescription::CERTIFICATE_REQUIRED);
        assert_eq!(trouble.exit_code(), 21);
        let text = trouble.to_string();
        assert!(text.contains("alert 116 ") && text.contains("it requires a certificate and we sent none"), "{text}");
    }
}
