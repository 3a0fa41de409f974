//! Texts for people: the peer, numbers, bytes, and the meaning of a failure.

use embedded_mtls::Escaped;
use embedded_mtls_operator::Finding;

/// Prints a line in one write. Unlike `println`, it does not panic if the reader has gone.
macro_rules! say {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let line = format!($($text)*) + "\n";
        let _ = std::io::stdout().write_all(line.as_bytes());
    }};
}
pub(crate) use say;

/// The facts of a connection after its handshake.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// Cipher suite.
    pub suite: String,
    /// Key exchange group.
    pub group: String,
    /// The group was agreed on by a HelloRetryRequest, which cost a round trip.
    pub retried: bool,
    /// Application protocol, if one was negotiated.
    pub alpn: Option<String>,
    /// The peer, if it is authenticated.
    pub peer: Option<Peer>,
    /// The violations of its certificates that a policy waived.
    pub waived: Option<String>,
    /// For a session that resumes another: the seconds since the peer proved its identity.
    pub resumed: Option<u64>,
}

/// An authenticated peer, in the text of its certificate: display it with [`Escaped`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "program", derive(serde::Serialize))]
pub struct Peer {
    /// Subject.
    pub subject: String,
    /// Common name, unless the peer is known by a pinned key only.
    pub common_name: Option<String>,
    /// Issuer.
    pub issuer: String,
    /// Serial number.
    pub serial: String,
    /// Start of the validity.
    pub not_before: String,
    /// End of the validity.
    pub not_after: String,
    /// Subject alternative names.
    pub names: Vec<String>,
    /// SHA-256 of the certificate.
    pub fingerprint: String,
}

impl Peer {
    /// Formats the details, one per line, each after `indent`.
    pub fn details(&self, indent: &str) -> String {
        let validity = format!("{} to {}", self.not_before, self.not_after);
        let names = self.names.join(", ");
        let rows = [
            ("subject", self.subject.as_str()),
            ("names", names.as_str()),
            ("issuer", self.issuer.as_str()),
            ("serial", self.serial.as_str()),
            ("valid", validity.as_str()),
            ("SHA-256", self.fingerprint.as_str()),
        ];
        let known = rows.iter().filter(|(_, value)| !value.is_empty());
        let lines: Vec<_> = known.map(|(key, value)| format!("{indent}{key:<9}{}\n", printable(value))).collect();
        lines.concat()
    }
}

/// Formats a number with a comma between its thousands.
pub fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index != 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Formats bytes as hexadecimal pairs with colons, as OpenSSL and browsers do for serial numbers and fingerprints.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let pairs: Vec<_> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    pairs.join(":")
}

/// Escapes text of the peer for one line of a terminal.
pub(crate) fn printable(text: &str) -> String {
    Escaped(text).to_string()
}

/// Names a failure, on a separate line after the observation.
pub(crate) fn meaning(finding: Option<impl Into<Finding>>) -> String {
    finding.map_or_else(String::new, |finding| format!("\n  That means: {}.", finding.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_have_commas() {
        assert_eq!([0, 999, 1000, 16_640, 1_234_567].map(thousands), ["0", "999", "1,000", "16,640", "1,234,567"]);
    }

    #[test]
    fn bytes_are_pairs_with_colons() {
        assert_eq!(hex(&[0, 0xab, 7]), "00:AB:07");
        assert_eq!(hex(&[]), "");
    }

    #[test]
    fn control_characters_of_the_peer_do_not_reach_the_terminal() {
        assert_eq!(printable("O=a\u{1b}[2J\n\u{202e}CN=ü"), "O=a\\1B[2J\\0A\\E2\\80\\AECN=ü");
    }
}
