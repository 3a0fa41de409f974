//! `mtls explain`: the dictionary of alerts, diagnoses, and the words of web servers.

use embedded_mtls::{AlertDescription, Diagnosis};
use embedded_mtls_operator::Finding;

/// Explains an alert (by number or name), the name of a finding, or the words of a web server's refusal; `None` if it
/// is unknown.
pub(super) fn explain(word: &str) -> Option<String> {
    let plain = simplified(word);
    let alert = match plain.parse() {
        Ok(number) => Some(AlertDescription(number)),
        Err(_) => (0..=u8::MAX).map(AlertDescription).find(|alert| simplified(&alert.to_string()) == plain),
    };
    if let Some(alert) = alert {
        let means = Finding::from(Diagnosis::of_alert(alert));
        return Some(format!("alert {} ({alert}), received: {means}", alert.0));
    }
    let named = Finding::all().find(|finding| simplified(&name(*finding)) == plain);
    // The words of a refusal are more specific than its status.
    named.or_else(|| Finding::of_http(400, word.as_bytes(), true)).map(|found| format!("{}: {found}", name(found)))
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
            let told = explain(word).expect(word);
            assert!(told.starts_with("alert 116 (certificate_required), received: "), "{told}");
            assert!(told.contains(Diagnosis::OursMissing.cause()) && told.contains("Who has to act: "), "{told}");
        }
        for finding in Finding::all() {
            let told = explain(&name(finding)).expect("a finding");
            assert!(told.contains(finding.cause()) || told.starts_with("alert "), "{told}");
        }
    }

    #[test]
    fn the_words_of_web_servers_are_known_and_others_are_not() {
        let told = explain("No required SSL certificate was sent").expect("nginx");
        assert!(told.starts_with("OursMissing: "), "{told}");
        assert_eq!(explain("a word that nobody says"), None);
        assert_eq!(explain("300"), None);
        assert_eq!(explain(""), None);
    }
}
