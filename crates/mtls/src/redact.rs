//! Keeping the shared secrets of cXML out of reports: a peer may quote what it was sent.

use super::cxml::shared_secrets;

/// The text in place of a secret.
const INSTEAD: &str = "[redacted]";

/// The secrets of a document, which no report shows.
pub(crate) struct Redaction(Vec<String>);

impl Redaction {
    /// Finds the shared secrets of a document.
    pub(crate) fn of(document: &[u8]) -> Self {
        let mut secrets = shared_secrets(document);
        secrets.retain(|secret| !secret.is_empty());
        // The longest first, in case one is a part of another.
        secrets.sort_by_key(|secret| core::cmp::Reverse(secret.len()));
        secrets.dedup();
        Self(secrets)
    }

    /// Replaces every secret of the document, however its characters are escaped in XML or JSON, and the content of every element
    /// `SharedSecret`, whether it is complete or not.
    pub(crate) fn apply(&self, text: &str) -> String {
        let ways = [(false, false), (true, false), (false, true), (true, true)];
        let replaced = self.0.iter().fold(text.to_owned(), |text, secret| {
            ways.iter().fold(text, |text, (xml, json)| without(&text, secret, *xml, *json))
        });
        elements(&replaced)
    }
}

/// Replaces a secret in a text in which characters may be escaped as XML or JSON do it.
fn without(text: &str, secret: &str, xml: bool, json: bool) -> String {
    let mut characters = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let escaped = xml.then(|| of_xml(rest)).flatten().or_else(|| json.then(|| of_json(rest)).flatten());
        let Some((character, len)) = escaped.or_else(|| rest.chars().next().map(|first| (first, first.len_utf8())))
        else {
            break;
        };
        characters.push((character, at));
        at += len;
    }
    let wanted: Vec<_> = secret.chars().collect();
    let (mut told, mut copied, mut place) = (String::new(), 0, 0);
    while let Some(part) = characters.get(place..place + wanted.len()) {
        if !part.iter().map(|(character, _)| character).eq(&wanted) {
            place += 1;
            continue;
        }
        let start = part.first().map_or(copied, |(_, start)| *start);
        place += wanted.len();
        told += text.get(copied..start).unwrap_or_default();
        told += INSTEAD;
        copied = characters.get(place).map_or(text.len(), |(_, end)| *end);
    }
    told + text.get(copied..).unwrap_or_default()
}

/// Reads an escaped character of XML at the beginning of a text, with its length.
fn of_xml(text: &str) -> Option<(char, usize)> {
    let (name, _) = text.strip_prefix('&')?.split_once(';')?;
    let character = match (name, name.strip_prefix('#')) {
        ("amp", _) => '&',
        ("lt", _) => '<',
        ("gt", _) => '>',
        ("quot", _) => '"',
        ("apos", _) => '\'',
        (_, Some(number)) => {
            let hexadecimal = number.strip_prefix(['x', 'X']).map(|digits| u32::from_str_radix(digits, 16));
            char::from_u32(hexadecimal.unwrap_or_else(|| number.parse()).ok()?)?
        }
        _ => return None,
    };
    Some((character, name.len() + 2))
}

/// Reads an escaped character of JSON at the beginning of a text, with its length; not one of the pairs beyond U+FFFF.
fn of_json(text: &str) -> Option<(char, usize)> {
    let escaped = text.strip_prefix('\\')?;
    match escaped.chars().next()? {
        'u' => Some((char::from_u32(u32::from_str_radix(escaped.get(1..5)?, 16).ok()?)?, 6)),
        same @ ('"' | '\\' | '/') => Some((same, 2)),
        _ => None,
    }
}

/// Replaces the content of the elements `SharedSecret`, with all that is inside, also where the brackets are escaped.
pub(crate) fn elements(text: &str) -> String {
    elements_between(&elements_between(text, "<", ">"), "&lt;", "&gt;")
}

/// Replaces the content of the elements `SharedSecret` with these brackets, whatever the prefix of their namespace.
fn elements_between(text: &str, open: &str, close: &str) -> String {
    let (mut told, mut rest) = (String::new(), text);
    while let Some((before, tag)) = rest.split_once(open) {
        told += before;
        told += open;
        rest = tag;
        let end = tag.find(|c: char| c.is_whitespace() || c == '/' || c == '\\').unwrap_or(tag.len());
        let end = end.min(tag.find(close).unwrap_or(end));
        let name = tag.get(..end).unwrap_or_default();
        if name.rsplit(':').next() != Some("SharedSecret") {
            continue;
        }
        // Without its end, the tag and the content are all there is.
        let Some(len) = tag_len(tag, close) else { return told + name + INSTEAD };
        let (tag, content) = tag.split_at_checked(len).unwrap_or((tag, ""));
        told += tag;
        rest = content;
        if tag.strip_suffix(close).is_some_and(|tag| tag.ends_with('/')) {
            continue;
        }
        told += INSTEAD;
        let Some(end) = content.find(&format!("{open}/{name}")) else { return told };
        rest = content.get(end..).unwrap_or_default();
    }
    told + rest
}

/// Returns the length of a tag up to its closing bracket, which is not one in a quoted value.
fn tag_len(tag: &str, close: &str) -> Option<usize> {
    let mut quote = None;
    for (at, character) in tag.char_indices() {
        match (quote, character) {
            (None, '"' | '\'') => quote = Some(character),
            (None, _) if tag.get(at..)?.starts_with(close) => return Some(at + close.len()),
            (Some(open), _) if open == character => quote = None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(secret: &str) -> Redaction {
        let credential = format!("<Credential><SharedSecret>{secret}</SharedSecret></Credential>");
        Redaction::of(format!("<cXML><Header><Sender>{credential}</Sender></Header></cXML>").as_bytes())
    }

    #[test]
    fn a_secret_that_a_peer_quotes_is_redacted_in_every_form() {
        let redaction = of(" s&amp;\"3&lt;t ");
        for form in [
            "s&\"3<t",
            "s&amp;\"3&lt;t",
            "s&amp;&quot;3&lt;t",
            "s&#38;&#34;3&#60;t",
            "&#x73;&#x26;&#x22;&#X33;&#x3C;&#x74;",
            "s&\\\"3<t",
            "s\\u0026\\u00223\\u003ct",
            "s&amp;\\\"3\\u003ct",
        ] {
            assert_eq!(
                redaction.apply(&format!("found {form}, and {form}")),
                "found [redacted], and [redacted]",
                "{form}"
            );
        }
        for other in ["nothing", "s&", "&#x110000; & &x; \\u00 \\", ""] {
            assert_eq!(redaction.apply(other), other);
        }
        assert_eq!(of("a\\\"b").apply("found a\\\"b"), "found [redacted]", "as it is");
    }

    #[test]
    fn each_part_of_a_secret_with_elements_comments_and_other_text_inside_is_redacted() {
        let redaction = of("one<!-- -->two<a>three</a><![CDATA[fo<ur]]>");
        for part in ["one", "two", "three", "fo<ur", "fo&lt;ur", "onetwothreefo<ur"] {
            assert!(redaction.apply(&format!("found {part}")).starts_with("found [redacted]"), "{part}");
        }
    }

    #[test]
    fn the_content_of_a_shared_secret_is_redacted_also_if_it_is_cut() {
        for (text, told) in [
            ("a <SharedSecret>x</SharedSecret> b", "a <SharedSecret>[redacted]</SharedSecret> b"),
            ("a <SharedSecret type=\"y\">x", "a <SharedSecret type=\"y\">[redacted]"),
            ("a <SharedSecret typ", "a <SharedSecret[redacted]"),
            ("a <SharedSecret/> b <SharedSecret>x</S", "a <SharedSecret/> b <SharedSecret>[redacted]"),
            ("<SharedSecret>x<y>z</y>w</SharedSecret> b", "<SharedSecret>[redacted]</SharedSecret> b"),
            ("<SharedSecret\n>x</SharedSecret \n> b", "<SharedSecret\n>[redacted]</SharedSecret \n> b"),
            ("<SharedSecret a='/>'>x</SharedSecret>", "<SharedSecret a='/>'>[redacted]</SharedSecret>"),
            ("<c:SharedSecret>x</c:SharedSecret>", "<c:SharedSecret>[redacted]</c:SharedSecret>"),
            ("&lt;SharedSecret&gt;x&lt;/SharedSecret&gt; b", "&lt;SharedSecret&gt;[redacted]&lt;/SharedSecret&gt; b"),
            ("a </SharedSecret> b", "a </SharedSecret> b"),
            ("nothing < more", "nothing < more"),
        ] {
            assert_eq!(elements(text), told);
        }
    }
}
