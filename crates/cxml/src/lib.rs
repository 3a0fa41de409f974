//! The meaning of answers to a cXML order, and text in such documents: the same for firmware and for host programs.
//!
//! An answer to an order has two statuses, both of which have to be successful: [`Class`] is the meaning of the HTTP
//! status for the order, [`Outcome`] that of the cXML status.
//!
//! Each side reads documents in its own way: firmware looks for one number in a small buffer, a host program parses a
//! document in any encoding and reports where it is wrong.
#![no_std]

use core::fmt::{self, Write as _};

/// The meaning of an HTTP status for the order that it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The server has accepted it.
    Done,
    /// A retry with the same bytes may succeed.
    Later,
    /// Only a different request may succeed.
    Refused,
}

impl Class {
    /// Returns the class of a status (RFC 9110 section 15). `asks_to_wait` means that the response has a `Retry-After`.
    pub const fn of(status: u16, asks_to_wait: bool) -> Self {
        match status {
            200..300 => Self::Done,
            // Temporary: too slow, wrong connection, too early, too often.
            408 | 421 | 425 | 429 => Self::Later,
            // Section 15.5.14: "If the condition is temporary, the server SHOULD generate a Retry-After".
            413 if asks_to_wait => Self::Later,
            // Permanent for this request; the 5xx ones are unsupported methods and versions, loops, and a network
            // login.
            300..=499 | 501 | 505 | 506 | 508 | 510 | 511 => Self::Refused,
            // Section 15: an invalid status counts as a server error.
            _ => Self::Later,
        }
    }
}

/// The meaning of a cXML status for the order that it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The supplier has accepted it.
    Delivered,
    /// Retry later, with the same bytes.
    Later,
    /// An intermediary has accepted it; a `StatusUpdate` follows.
    Pending,
    /// It will never be accepted unchanged; a person has to act before a retry.
    Refused,
    /// A code of no class, with unknown meaning.
    Unknown,
}

impl Outcome {
    /// Returns the meaning of a status. An unknown code counts as the first of its hundred.
    pub const fn of(status: u16) -> Self {
        match status {
            201 | 280 | 281 => Self::Pending,
            200..300 => Self::Delivered,
            400..500 => Self::Refused,
            500..600 => Self::Later,
            _ => Self::Unknown,
        }
    }
}

/// Returns whether a body begins like an HTML page: it comes from something in front of the order system, such as a
/// login or a firewall.
pub fn is_page(body: &[u8]) -> bool {
    let start = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii_start();
    let is = |tag: &[u8]| start.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag));
    is(b"<!doctype html") || is(b"<html")
}

/// Text as XML content or attribute value; characters that XML 1.0 does not allow become U+FFFD.
#[derive(Clone, Copy, Debug)]
pub struct XmlText<'a>(pub &'a str);

impl fmt::Display for XmlText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&apos;")?,
                '\t' | '\n' | '\r' => write!(f, "&#{};", u32::from(character))?,
                '\0'..' ' | '\u{fffe}' | '\u{ffff}' => f.write_char(char::REPLACEMENT_CHARACTER)?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}

/// The name of a server and its port as in a `Host` field (RFC 9110 section 7.2): an IPv6 address in brackets, without
/// the default port of HTTPS.
#[derive(Clone, Copy, Debug)]
pub struct HostField<'a> {
    /// The name, or the address.
    pub name: &'a str,
    /// The port.
    pub port: u16,
}

impl fmt::Display for HostField<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name.contains(':') {
            write!(f, "[{}]", self.name)?;
        } else {
            f.write_str(self.name)?;
        }
        if self.port == 443 { Ok(()) } else { write!(f, ":{}", self.port) }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use std::string::ToString as _;
    use std::vec::Vec;

    #[test]
    fn each_status_of_http_has_its_class() {
        let of = |class| (0..1000).filter(|status| Class::of(*status, false) == class).collect::<Vec<_>>();
        assert_eq!(of(Class::Done), (200..300).collect::<Vec<_>>());
        let own = (500..1000).filter(|status| ![501, 505, 506, 508, 510, 511].contains(status));
        assert_eq!(of(Class::Later), (0..200).chain([408, 421, 425, 429]).chain(own).collect::<Vec<_>>());
        assert_eq!([Class::of(413, false), Class::of(413, true)], [Class::Refused, Class::Later]);
    }

    #[test]
    fn an_unknown_code_counts_as_the_first_of_its_hundred() {
        assert_eq!([200, 299].map(Outcome::of), [Outcome::Delivered; 2]);
        assert_eq!([201, 280].map(Outcome::of), [Outcome::Pending; 2]);
        assert_eq!([400, 401, 409, 450, 499].map(Outcome::of), [Outcome::Refused; 5]);
        assert_eq!([0, 302, 600].map(Outcome::of), [Outcome::Unknown; 3]);
        assert_eq!([500, 560, 599].map(Outcome::of), [Outcome::Later; 3]);
    }

    #[test]
    fn a_page_is_known_by_its_beginning() {
        for page in ["<html>", " \r\n<!DOCTYPE html><p>", "\u{feff}<HTML lang='en'>"] {
            assert!(is_page(page.as_bytes()), "{page}");
        }
        for other in ["", "<?xml version='1.0'?><html/>", "<cXML/>", "html"] {
            assert!(!is_page(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn text_is_escaped_in_content_and_in_attributes() {
        assert_eq!(XmlText("a <\"b\"> & 'c'\u{7}").to_string(), "a &lt;&quot;b&quot;&gt; &amp; &apos;c&apos;\u{fffd}");
        assert_eq!(XmlText("ü\n\t").to_string(), "ü&#10;&#9;");
    }

    #[test]
    fn the_default_port_is_omitted_and_addresses_are_in_brackets() {
        for (name, port, expected) in [
            ("supplier.example", 443, "supplier.example"),
            ("supplier.example", 8443, "supplier.example:8443"),
            ("2001:db8::1", 8443, "[2001:db8::1]:8443"),
        ] {
            assert_eq!(HostField { name, port }.to_string(), expected);
        }
    }
}
