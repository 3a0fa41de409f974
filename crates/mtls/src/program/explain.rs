//! `mtls explain`: the dictionary of alerts, diagnoses, and the words of web servers.

use core::fmt;

use embedded_mtls::AlertDescription;
use embedded_mtls::Diagnosis::{
    self, NameMismatch, RecordTooLarge, TheirsExpired, TheirsIncomplete, TheirsInvalid, TheirsNotTrusted,
    TheirsTooDeep, TheirsWrongPurpose,
};
use embedded_mtls_operator::Finding;
use serde::Serialize;

/// Words with which other programs reject a certificate of their peer, in lower case. The first row that is in a text counts.
const OTHERS: &[(&str, &str, Diagnosis)] = &[
    ("pkix path building failed", "Java", TheirsIncomplete),
    ("unable to find valid certification path", "Java", TheirsNotTrusted),
    ("pkix path validation failed", "Java", TheirsInvalid),
    ("no subject alternative", "Java", NameMismatch),
    ("no name matching", "Java", NameMismatch),
    ("unable to get local issuer certificate", "OpenSSL", TheirsIncomplete),
    ("unable to verify the first certificate", "OpenSSL", TheirsIncomplete),
    ("self-signed certificate in certificate chain", "OpenSSL", TheirsNotTrusted),
    ("self signed certificate", "OpenSSL", TheirsNotTrusted),
    ("self-signed certificate", "OpenSSL", TheirsNotTrusted),
    ("certificate has expired", "OpenSSL", TheirsExpired),
    ("unsuitable certificate purpose", "OpenSSL", TheirsWrongPurpose),
    ("unsupported certificate purpose", "OpenSSL", TheirsWrongPurpose),
    ("certificate chain too long", "OpenSSL", TheirsTooDeep),
    ("hostname mismatch", "OpenSSL", NameMismatch),
    ("certificate signed by unknown authority", "Go", TheirsNotTrusted),
    ("certificate is valid for", "Go", NameMismatch),
    ("has expired or is not yet valid", "Go", TheirsExpired),
    ("unknownissuer", "rustls", TheirsNotTrusted),
    ("notvalidforname", "rustls", NameMismatch),
    ("0x2700", "Mbed TLS", TheirsInvalid),
    ("0x7200", "Mbed TLS", RecordTooLarge),
];

/// The meaning of a word; `Display` writes it in one line.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Explanation {
    /// The name of an alert or of a finding.
    name: String,
    /// The number of an alert.
    alert: Option<u8>,
    /// The program that uses these words about its peer.
    said_by: Option<&'static str>,
    cause: &'static str,
    responsible: String,
    remedy: &'static str,
}

impl Explanation {
    fn new(name: String, alert: Option<u8>, finding: Finding) -> Self {
        let responsible = finding.responsible().to_string();
        Self { name, alert, said_by: None, cause: finding.cause(), responsible, remedy: finding.remedy() }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, alert, said_by, cause, responsible, remedy } = self;
        match (alert, said_by) {
            (Some(number), _) => write!(f, "alert {number} ({name}), received: ")?,
            (None, Some(program)) => write!(f, "{name}, in the words of {program}, which is 'we' here: ")?,
            (None, None) => write!(f, "{name}: ")?,
        }
        write!(f, "{cause}. Who has to act: {responsible}. Remedy: {remedy}")
    }
}

/// Explains an alert (by number or name), the name of a finding, or the words of a web server's refusal; `None` if it
/// is unknown.
pub(super) fn explain(word: &str) -> Option<Explanation> {
    let plain = simplified(word);
    let alert = match plain.parse() {
        Ok(number) => Some(AlertDescription(number)),
        Err(_) => (0..=u8::MAX).map(AlertDescription).find(|alert| simplified(&alert.to_string()) == plain),
    };
    if let Some(alert) = alert {
        let finding = Diagnosis::of_alert(alert).into();
        return Some(Explanation::new(alert.to_string(), Some(alert.0), finding));
    }
    let named = Finding::all().find(|finding| simplified(&name(*finding)) == plain);
    // The words of a refusal are more specific than its status.
    let found = named.or_else(|| Finding::of_http(400, word.as_bytes(), true));
    found.map(|found| Explanation::new(name(found), None, found)).or_else(|| of_others(word, &plain))
}

/// Explains the words of other programs: those about a certificate of their peer, and those about an alert that they received, such
/// as "Received fatal alert: `bad_certificate`" or "tlsv13 alert certificate required".
fn of_others(word: &str, plain: &str) -> Option<Explanation> {
    let lower = word.to_lowercase();
    if let Some((_, program, diagnosis)) = OTHERS.iter().find(|(words, ..)| lower.contains(words)) {
        let finding = Finding::from(*diagnosis);
        return Some(Explanation { said_by: Some(program), ..Explanation::new(name(finding), None, finding) });
    }
    let (_, behind) = plain.split_once("alert")?;
    let alerts = (0..=u8::MAX).map(AlertDescription).filter(|alert| alert.to_string().contains(char::is_alphabetic));
    let told = alerts.filter(|alert| behind.contains(&simplified(&alert.to_string())));
    // The longest name: certificate_required is not certificate_...
    let alert = told.max_by_key(|alert| alert.to_string().len())?;
    Some(Explanation::new(alert.to_string(), Some(alert.0), Diagnosis::of_alert(alert).into()))
}

/// Returns the name of a finding as in the documentation.
fn name(finding: Finding) -> String {
    match finding {
        Finding::Tls(diagnosis) => format!("{diagnosis:?}"),
        other => format!("{other:?}"),
    }
}

/// Normalizes a name: removes the differences between its spellings.
fn simplified(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_are_known_by_number_and_name_and_findings_by_name() {
        for word in ["116", "certificate_required", "CertificateRequired"] {
            let told = explain(word).expect(word).to_string();
            assert!(told.starts_with("alert 116 (certificate_required), received: "), "{told}");
            assert!(told.contains(Diagnosis::OursMissing.cause()) && told.contains("Who has to act: "), "{told}");
        }
        for finding in Finding::all() {
            let told = explain(&name(finding)).expect("a finding").to_string();
            assert!(told.contains(finding.cause()) || told.starts_with("alert "), "{told}");
        }
    }

    #[test]
    fn the_words_of_other_programs_are_known_with_whose_they_are() {
        for (words, told) in [
            (
                "PKIX path building failed: unable to find valid certification path",
                "TheirsIncomplete, in the words of Java",
            ),
            (
                "SSL certificate problem: unable to get local issuer certificate",
                "TheirsIncomplete, in the words of OpenSSL",
            ),
            ("x509: certificate signed by unknown authority", "TheirsNotTrusted, in the words of Go"),
            ("invalid peer certificate: UnknownIssuer", "TheirsNotTrusted, in the words of rustls"),
            ("mbedtls_ssl_handshake returned -0x2700", "TheirsInvalid, in the words of Mbed TLS"),
            ("Received fatal alert: bad_certificate", "alert 42 (bad_certificate), received: "),
            (
                "error:0A00045C:SSL routines::tlsv13 alert certificate required",
                "alert 116 (certificate_required), received: ",
            ),
            ("AH10158: cannot perform post-handshake authentication", "PostHandshakeNeeded: "),
        ] {
            let found = explain(words).expect(words).to_string();
            assert!(found.starts_with(told), "{found}");
        }
    }

    #[test]
    fn the_words_of_web_servers_are_known_and_others_are_not() {
        let told = explain("No required SSL certificate was sent").expect("nginx").to_string();
        assert!(told.starts_with("OursMissing: "), "{told}");
        assert_eq!(explain("a word that nobody says"), None);
        assert_eq!(explain("300"), None);
        assert_eq!(explain(""), None);
    }
}
