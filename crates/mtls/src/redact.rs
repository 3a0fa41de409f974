//! Keeping the shared secrets of cXML out of reports: a peer may quote what it was sent.

use super::cxml::shared_secrets;

/// The text in place of a secret.
const INSTEAD: &str = "[redacted]";

/// The secrets of a document, which no report shows.
pub(crate) struct Redaction(Vec<String>);

impl Redaction {
    /// Finds the shared secrets of a document, in plain text and in the forms that XML and JSON give them.
    pub(crate) fn of(document: &[u8]) -> Self {
        let mut forms = Vec::new();
        for secret in shared_secrets(document).into_iter().filter(|secret| !secret.is_empty()) {
            let escaped = secret.replace('&', "&amp;").replace('<', "&lt;");
            let more = [escaped.replace('>', "&gt;"), escaped.replace('"', "&quot;"), escaped.replace('\'', "&apos;")];
            forms.extend([secret, escaped].into_iter().chain(more));
        }
        // The longest first, in case one is a part of another.
        forms.sort_by_key(|form| core::cmp::Reverse(form.len()));
        forms.dedup();
        Self(forms)
    }

    /// Replaces every secret of the document, and the content of every element `SharedSecret`, whether it is complete or not.
    pub(crate) fn apply(&self, text: &str) -> String {
        let text = self.0.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), INSTEAD));
        elements(&text)
    }
}

/// Replaces the content of the elements `SharedSecret`.
pub(crate) fn elements(text: &str) -> String {
    const NAME: &str = "<SharedSecret";
    let mut parts = text.split(NAME);
    let mut told = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        told.push_str(NAME);
        // Without its end, the attributes and the content are all there is.
        let Some((attributes, content)) = part.split_once('>') else { return told + INSTEAD };
        told.push_str(attributes);
        told.push('>');
        if attributes.ends_with('/') {
            told.push_str(content);
            continue;
        }
        told.push_str(INSTEAD);
        told.push_str(content.find("</").and_then(|end| content.get(end..)).unwrap_or_default());
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_a_peer_quotes_is_redacted_in_every_form() {
        let order = b"<cXML><Header><Sender><Credential><SharedSecret> s&amp;\"3&lt;t </SharedSecret></Credential></Sender></Header></cXML>";
        let redaction = Redaction::of(order);
        assert_eq!(
            redaction.apply("found s&\"3<t, s&amp;\"3&lt;t and s&amp;&quot;3&lt;t"),
            "found [redacted], [redacted] and [redacted]"
        );
        assert_eq!(redaction.apply("nothing"), "nothing");
    }

    #[test]
    fn the_content_of_a_shared_secret_is_redacted_also_if_it_is_cut() {
        for (text, told) in [
            ("a <SharedSecret>x</SharedSecret> b", "a <SharedSecret>[redacted]</SharedSecret> b"),
            ("a <SharedSecret type=\"y\">x", "a <SharedSecret type=\"y\">[redacted]"),
            ("a <SharedSecret typ", "a <SharedSecret[redacted]"),
            ("a <SharedSecret/> b <SharedSecret>x</S", "a <SharedSecret/> b <SharedSecret>[redacted]</S"),
            ("a <SharedSecret>x<y>z</y>", "a <SharedSecret>[redacted]</y>"),
            ("nothing", "nothing"),
        ] {
            assert_eq!(elements(text), told);
        }
    }
}
