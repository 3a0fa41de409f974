//! PEM blocks (RFC 7468) as found in practice: with blank lines, other line endings, indentation, on one line,
//! surrounded by text.
//!
//! A file may contain a private key, so errors quote none of it: they give the line and the problem.

use zeroize::Zeroizing;

use super::FileError;
use super::kind;

/// A block with its label.
pub(super) struct Block {
    pub(super) label: Label,
    pub(super) der: Zeroizing<Vec<u8>>,
    /// True if its headers say that the content is encrypted (RFC 1421 section 4.6.1.1).
    pub(super) is_encrypted: bool,
}

/// The label of a block. Unknown labels are not stored, since they may contain anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Label(Option<&'static str>);

/// The known labels. Two of them have two names.
const LABELS: [&str; 21] = [
    "CERTIFICATE",
    "TRUSTED CERTIFICATE",
    "CERTIFICATE REQUEST",
    "NEW CERTIFICATE REQUEST",
    "ATTRIBUTE CERTIFICATE",
    "X509 CRL",
    "PKCS7",
    "CMS",
    "PKCS12",
    "PUBLIC KEY",
    "RSA PUBLIC KEY",
    "PRIVATE KEY",
    "ENCRYPTED PRIVATE KEY",
    "EC PRIVATE KEY",
    "RSA PRIVATE KEY",
    "DSA PRIVATE KEY",
    "OPENSSH PRIVATE KEY",
    "TSS2 PRIVATE KEY",
    "EC PARAMETERS",
    "DH PARAMETERS",
    "SSH2 PUBLIC KEY",
];

impl Label {
    /// Makes the label of this text.
    #[cfg(feature = "pkcs12")]
    pub(super) const fn known(text: &'static str) -> Self {
        Self(Some(text))
    }

    fn of(text: &str) -> Self {
        // Old versions of OpenSSL wrote this label; it is still read.
        let text = if matches!(text, "X509 CERTIFICATE") { "CERTIFICATE" } else { text };
        Self(LABELS.into_iter().find(|known| *known == text))
    }

    /// Returns the text after `BEGIN`, or a description.
    pub(super) const fn name(self) -> &'static str {
        match self.0 {
            Some(name) => name,
            None => "of an unknown kind",
        }
    }

    pub(super) fn is_private_key(self) -> bool {
        self.name().ends_with("PRIVATE KEY")
    }
}

/// The first and the last line of a block (RFC 7468 section 2).
const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// Reads the blocks of a file; one in DER is like one block.
pub(super) fn blocks(bytes: &[u8], file: &str) -> Result<Vec<Block>, FileError> {
    if let Some((found, wanted)) = kind::foreign(bytes) {
        return Err(FileError::new(file, found, wanted));
    }
    if let Some(label) = kind::label(bytes) {
        let der = Zeroizing::new(bytes.to_vec());
        return Ok(vec![Block { label: Label(Some(label)), der, is_encrypted: false }]);
    }
    let text = Zeroizing::new(String::from_utf8_lossy(bytes).into_owned());
    // `at` is a part of `text`.
    let broken = |at: &str, why: &str| {
        let before = at.as_ptr().addr().saturating_sub(text.as_ptr().addr());
        let line = 1 + text.get(..before).unwrap_or_default().matches('\n').count();
        FileError::new(file, format!("broken PEM: line {line}: {why}"), WHOLE)
    };
    let (mut blocks, mut rest) = (Vec::new(), text.as_str());
    loop {
        let begin = rest.find(BEGIN);
        if let Some(end) = rest.find(END).filter(|end| begin.is_none_or(|begin| *end < begin)) {
            return Err(broken(rest.get(end..).unwrap_or_default(), "an END without a BEGIN before it"));
        }
        let Some(begin) = begin else { break };
        let (block, behind) = split(rest.get(begin..).unwrap_or_default()).map_err(|(at, why)| broken(at, why))?;
        blocks.push(block);
        rest = behind;
    }
    if blocks.is_empty() {
        let found = if text.trim().is_empty() {
            "an empty file"
        } else if text.contains("BEGIN ") {
            "no PEM block, but a BEGIN without five '-' before it"
        } else if kind::is_base64_of_der(&text) {
            "base64 without BEGIN and END lines"
        } else {
            "no PEM block"
        };
        return Err(FileError::new(file, found, WHOLE));
    }
    Ok(blocks)
}

/// The content that a PEM file must have, for messages.
const WHOLE: &str = "whole PEM blocks, each from its -----BEGIN line to its -----END line";

/// Splits off the block at the beginning of the text; an error gives its position and the problem.
fn split(text: &str) -> Result<(Block, &str), (&str, &'static str)> {
    let (label, body) = text
        .get(BEGIN.len()..)
        .and_then(|rest| rest.split_once(DASHES))
        .filter(|(label, _)| !label.contains('\n'))
        .ok_or((text, "a BEGIN without five '-' at its end"))?;
    let (content, behind) = body.split_once(END).ok_or((text, "a BEGIN without its END"))?;
    if content.contains(BEGIN) {
        return Err((text, "a BEGIN without its END"));
    }
    let end = body.get(content.len()..).unwrap_or_default();
    let (end_label, behind) = behind
        .split_once(DASHES)
        .filter(|(label, _)| !label.contains('\n'))
        .ok_or((end, "an END without five '-' at its end"))?;
    if end_label != label {
        return Err((end, "an END that does not match its BEGIN"));
    }
    let (is_encrypted, content) = headers(content);
    let label = Label::of(label);
    // Encrypted content is not parsed.
    let der =
        if is_encrypted { Zeroizing::default() } else { decode(content).map_err(|(at, why)| (or(at, end), why))? };
    Ok((Block { label, der, is_encrypted }, behind))
}

/// Returns the position of the problem, or the end of the block.
const fn or<'t>(at: &'t str, end: &'t str) -> &'t str {
    if at.is_empty() { end } else { at }
}

/// Strips the headers (RFC 1421 section 4.4), lines of the form `Name: value`, and checks for encryption.
fn headers(content: &str) -> (bool, &str) {
    let (mut is_encrypted, mut rest) = (false, content);
    while let Some((line, behind)) = rest.split_once('\n') {
        if !line.trim().is_empty() && !line.contains(':') {
            break;
        }
        is_encrypted |= line.contains("Proc-Type") && line.contains("ENCRYPTED");
        rest = behind;
    }
    (is_encrypted, rest)
}

/// Decodes base64 that contains white space.
fn decode(content: &str) -> Result<Zeroizing<Vec<u8>>, (&str, &'static str)> {
    let stray = |character: char| {
        !(character.is_ascii_alphanumeric() || "+/=".contains(character) || character.is_whitespace())
    };
    if let Some(place) = content.find(stray) {
        let at = content.get(place..).unwrap_or_default();
        let is_escape = ["\\n", "\\r"].iter().any(|escape| at.starts_with(escape));
        let why = if is_escape {
            "a backslash and a letter where a line should end"
        } else {
            "a character that is not base64"
        };
        return Err((at, why));
    }
    let mut clean = Zeroizing::new(String::with_capacity(content.len() + 64));
    clean.push_str("-----BEGIN BLOCK-----\n");
    clean.extend(content.chars().filter(|character| !character.is_whitespace()));
    clean.push_str("\n-----END BLOCK-----\n");
    // The library's error quotes what it found.
    let parsed = ::pem::parse(clean.as_bytes()).map_err(|_| ("", "base64 that is truncated or wrongly padded"))?;
    match parsed.into_contents() {
        empty if empty.is_empty() => Err(("", "nothing between BEGIN and END")),
        der => Ok(Zeroizing::new(der)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE_BLOCK: &str = "-----BEGIN CERTIFICATE-----\nMAMC\nAQA=\n-----END CERTIFICATE-----\n";

    fn read(text: &str) -> Result<Vec<(Label, Vec<u8>)>, String> {
        let blocks = blocks(text.as_bytes(), "f").map_err(|error| error.to_string())?;
        Ok(blocks.into_iter().map(|block| (block.label, block.der.to_vec())).collect())
    }

    #[test]
    fn a_block_is_read_in_every_usual_layout() {
        let expected = Ok(vec![(Label(Some("CERTIFICATE")), vec![0x30, 3, 2, 1, 0])]);
        for text in [
            WHOLE_BLOCK.to_owned(),
            WHOLE_BLOCK.replace('\n', "\r\n"),
            WHOLE_BLOCK.replace('\n', "\n\n"),
            WHOLE_BLOCK.replace('\n', "\n    "),
            WHOLE_BLOCK.replace('\n', " "),
            WHOLE_BLOCK.replace(" CERT", " X509 CERT"),
            format!("\u{feff}{WHOLE_BLOCK}"),
            format!("Bag Attributes\n    friendlyName: x\n{WHOLE_BLOCK}\nthe end"),
            WHOLE_BLOCK.trim_end().to_owned(),
        ] {
            assert_eq!(read(&text), expected, "{text:?}");
        }
        assert_eq!(read(&WHOLE_BLOCK.repeat(3)).unwrap().len(), 3);
    }

    #[test]
    fn a_broken_block_is_reported_by_its_line_and_never_by_its_text() {
        for (text, told) in [
            (WHOLE_BLOCK.replace("AQA=", "A*A="), "line 3: a character that is not base64"),
            (WHOLE_BLOCK.replace("AQA=", "AQA"), "line 4: base64 that is truncated or wrongly padded"),
            (WHOLE_BLOCK.replace("MAMC\nAQA=\n", ""), "line 2: nothing between BEGIN and END"),
            (WHOLE_BLOCK.replace("C\nA", "C\\nA"), "line 2: a backslash and a letter where a line should end"),
            (WHOLE_BLOCK.replace("-----END CERTIFICATE-----\n", ""), "line 1: a BEGIN without its END"),
            (WHOLE_BLOCK.replace("-----END CERTIFICATE-----\n", "") + WHOLE_BLOCK, "line 1: a BEGIN without its END"),
            (WHOLE_BLOCK.replace("END CERTIFICATE", "END PRIVATE KEY"), "line 4: an END that does not match its BEGIN"),
            (WHOLE_BLOCK.replace("BEGIN CERTIFICATE-----", "BEGIN CERTIFICATE"), "a BEGIN without five '-' at its end"),
            (WHOLE_BLOCK.trim_end().trim_end_matches('-').to_owned(), "line 4: an END without five '-' at its end"),
            (format!("\n\n{}", &WHOLE_BLOCK[28..]), "line 5: an END without a BEGIN before it"),
            (WHOLE_BLOCK.replace("-----", "----"), "no PEM block, but a BEGIN without five '-' before it"),
            ("MAMCAQA=\n".to_owned(), "found base64 without BEGIN and END lines"),
            (" \n".to_owned(), "found an empty file"),
            ("hello".to_owned(), "found no PEM block, wanted"),
        ] {
            let error = read(&text).unwrap_err();
            assert!(error.contains(told), "{text:?}: {error}");
            assert!(!error.contains("MAMC"), "{error}");
        }
    }

    #[test]
    fn an_unknown_label_is_not_printed() {
        let found = read(&WHOLE_BLOCK.replace("CERTIFICATE", "hunter2")).unwrap();
        assert_eq!(found[0].0.name(), "of an unknown kind");
    }

    #[test]
    fn headers_say_what_is_encrypted() {
        let text = "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nMAA=\n\
                    -----END EC PRIVATE KEY-----\n";
        assert!(blocks(text.as_bytes(), "f").unwrap()[0].is_encrypted);
        assert!(!blocks(text.replace("4,ENCRYPTED", "4,MIC-CLEAR").as_bytes(), "f").unwrap()[0].is_encrypted);
    }
}
