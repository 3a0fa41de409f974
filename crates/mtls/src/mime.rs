//! Media types, and documents in multipart bodies (RFC 2045, RFC 2387).
//!
//! An order with attachments is `multipart/related`: the cXML is the root part, and the attachments follow.

/// The value of a `Content-Type` field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MediaType {
    /// Type and subtype, in lower case.
    pub(crate) essence: String,
    parameters: Vec<(String, String)>,
}

impl MediaType {
    /// Parses a field; anything that is not a parameter is skipped.
    pub(crate) fn parse(field: &str) -> Self {
        let (essence, mut rest) = field.split_once(';').unwrap_or((field, ""));
        let mut parameters = Vec::new();
        while let Some((name, value)) = rest.split_once('=') {
            let name = name.trim_matches([';', ' ', '\t']).to_ascii_lowercase();
            let (value, after) = match value.trim_start().strip_prefix('"') {
                Some(quoted) => unquoted(quoted),
                None => value
                    .split_once(';')
                    .map_or((value.trim().to_owned(), ""), |(v, after)| (v.trim().to_owned(), after)),
            };
            parameters.push((name, value));
            rest = after;
        }
        Self { essence: essence.trim().to_ascii_lowercase(), parameters }
    }

    /// Returns the value of a parameter.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Returns whether this is XML (RFC 7303 section 4.2).
    pub(crate) fn is_xml(&self) -> bool {
        matches!(self.essence.as_str(), "text/xml" | "application/xml") || self.essence.ends_with("+xml")
    }

    /// Returns whether this has parts.
    pub(crate) fn is_multipart(&self) -> bool {
        self.essence.starts_with("multipart/")
    }
}

/// Splits a quoted string without its first quote into its text and the rest.
fn unquoted(quoted: &str) -> (String, &str) {
    let mut text = String::new();
    let mut characters = quoted.char_indices();
    while let Some((place, character)) = characters.next() {
        match character {
            '"' => return (text, quoted.get(place + 1..).unwrap_or_default()),
            '\\' => text.extend(characters.next().map(|(_, escaped)| escaped)),
            other => text.push(other),
        }
    }
    (text, "")
}

/// A document as received: its bytes, and the encoding that its header field names.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Enclosed<'b> {
    pub(crate) bytes: &'b [u8],
    pub(crate) charset: Option<String>,
}

/// Returns the document of a body of this type: the whole body, or its root part. An error describes what cannot be
/// read.
pub(crate) fn document<'b>(content_type: Option<&str>, body: &'b [u8]) -> Result<Enclosed<'b>, String> {
    let media = content_type.map(MediaType::parse);
    match media {
        Some(media) if media.is_multipart() => root_part(&media, body),
        media => {
            Ok(Enclosed { bytes: body, charset: media.and_then(|media| media.parameter("charset").map(str::to_owned)) })
        }
    }
}

/// Returns the part that `start` names, else the first (RFC 2387 section 3.2).
fn root_part<'b>(media: &MediaType, body: &'b [u8]) -> Result<Enclosed<'b>, String> {
    let boundary = media.parameter("boundary").filter(|boundary| !boundary.is_empty());
    let boundary = boundary.ok_or_else(|| format!("{} without a boundary", media.essence))?;
    let mut rest = body;
    loop {
        let part = next_part(&mut rest, boundary).ok_or_else(|| format!("{} without its root part", media.essence))?;
        let mut fields = [httparse::EMPTY_HEADER; 32];
        let Ok(httparse::Status::Complete((length, fields))) = httparse::parse_headers(part, &mut fields) else {
            return Err(format!("{} with a malformed part header", media.essence));
        };
        let field = |name: &str| {
            let field = fields.iter().find(|field| field.name.eq_ignore_ascii_case(name))?;
            core::str::from_utf8(field.value).ok().map(str::trim)
        };
        if media.parameter("start").is_some_and(|start| field("content-id") != Some(start)) {
            continue;
        }
        match field("content-transfer-encoding").map(str::to_ascii_lowercase).as_deref() {
            None | Some("7bit" | "8bit" | "binary") => {}
            Some(other) => return Err(format!("Content-Transfer-Encoding: found '{other}', wanted 8bit or binary")),
        }
        let charset =
            field("content-type").and_then(|field| MediaType::parse(field).parameter("charset").map(str::to_owned));
        return Ok(Enclosed { bytes: part.get(length..).unwrap_or_default(), charset });
    }
}

/// Returns the bytes between the next two delimiters (RFC 2046 section 5.1.1). `rest` then begins with the second one.
fn next_part<'b>(rest: &mut &'b [u8], boundary: &str) -> Option<&'b [u8]> {
    let delimiter = format!("--{boundary}");
    let starts = |bytes: &[u8], from: usize| {
        let at = |place: &usize| {
            let begins_line = *place == 0 || bytes.get(place - 1) == Some(&b'\n');
            begins_line && bytes.get(*place..).is_some_and(|line| line.starts_with(delimiter.as_bytes()))
        };
        (from..bytes.len()).find(at)
    };
    let behind = starts(rest, 0)? + delimiter.len();
    let line = rest.get(behind..)?;
    let begin = behind + line.iter().position(|byte| *byte == b'\n')? + 1;
    if line.starts_with(b"--") {
        return None;
    }
    let end = starts(rest, begin)?;
    let part = rest.get(begin..end)?;
    *rest = rest.get(end..)?;
    let part = part.strip_suffix(b"\n")?;
    Some(part.strip_suffix(b"\r").unwrap_or(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = "preamble\r\n--b 1\r\nContent-Type: application/pdf\r\nContent-ID: <two>\r\n\r\n%PDF\r\n--b 1\r\n\
                        content-type: text/xml; charset=ISO-8859-1\r\nContent-ID: <one>\r\n\r\n<cXML/>\r\n\r\n--b 1--\r\n";

    #[test]
    fn a_media_type_has_parameters_in_quotes_and_without() {
        let media = MediaType::parse("Multipart/Related; boundary=\"b;\\\"1\" ;Type=text/xml; start=<1@a>");
        assert_eq!(media.essence, "multipart/related");
        assert_eq!(media.parameter("boundary"), Some("b;\"1"));
        assert_eq!((media.parameter("type"), media.parameter("start")), (Some("text/xml"), Some("<1@a>")));
        assert!(MediaType::parse("application/vnd.x+xml").is_xml() && !MediaType::parse("application/json").is_xml());
        assert_eq!(MediaType::parse("text/xml; charset=").parameter("charset"), Some(""));
    }

    #[test]
    fn the_root_part_is_the_named_one_or_else_the_first() {
        let root = |more: &str| {
            let media = format!("multipart/related; boundary=\"b 1\"{more}");
            let found = document(Some(&media), BODY.as_bytes()).unwrap();
            (core::str::from_utf8(found.bytes).unwrap().to_owned(), found.charset)
        };
        assert_eq!(root(""), ("%PDF".to_owned(), None));
        assert_eq!(root("; start=\"<one>\""), ("<cXML/>\r\n".to_owned(), Some("ISO-8859-1".to_owned())));
    }

    #[test]
    fn unparsable_fields_are_named() {
        let error = |media: &str, body: &str| document(Some(media), body.as_bytes()).unwrap_err();
        assert_eq!(error("multipart/related", BODY), "multipart/related without a boundary");
        assert_eq!(error("multipart/related; boundary=c", BODY), "multipart/related without its root part");
        assert!(error("multipart/related; boundary=\"b 1\"; start=<3>", BODY).ends_with("without its root part"));
        let base64 = BODY.replace("Content-ID: <two>", "Content-Transfer-Encoding: Base64");
        assert_eq!(
            error("multipart/mixed; boundary=\"b 1\"", &base64),
            "Content-Transfer-Encoding: found 'base64', wanted 8bit or binary"
        );
        let cut = BODY.get(..BODY.find("%PDF").unwrap()).unwrap();
        assert!(error("multipart/mixed; boundary=\"b 1\"", cut).ends_with("without its root part"));
    }
}
