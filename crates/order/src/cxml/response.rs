//! Reading the status of a `Response`, which alone decides about the order, and writing one.

use super::order::Stamp;
use super::text::text;
use core::fmt;
use mtls_cxml::XmlText;
use xmlparser::{ElementEnd, Token, Tokenizer};

/// The error of a document that is not a `Response` with a `Status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

/// Reads the code of the `Status` in a document; `None` for an empty one, which means acceptance. The document is
/// modified if it is not UTF-8.
///
/// # Errors
/// If the document is not well-formed up to the `Status`, or has none below `cXML/Response`.
pub fn status(document: &mut [u8]) -> Result<Option<u16>, Unreadable> {
    let text = text(document).ok_or(Unreadable)?;
    if text.trim_ascii().is_empty() {
        return Ok(None);
    }
    // How many of the elements of the path are open, and how many others inside of the last of them.
    let path = ["cXML", "Response", "Status"];
    let (mut open, mut others) = (0, 0_u32);
    for token in Tokenizer::from(text) {
        match token.map_err(|_| Unreadable)? {
            Token::ElementStart { local, .. } if others == 0 && path.get(open) == Some(&local.as_str()) => open += 1,
            Token::ElementStart { .. } => others += 1,
            Token::Attribute { local, value, .. } if open == path.len() && others == 0 && local.as_str() == "code" => {
                return value.as_str().trim().parse().map(Some).map_err(|_| Unreadable);
            }
            Token::ElementEnd { end: ElementEnd::Close(..) | ElementEnd::Empty, .. } => {
                if others > 0 {
                    others -= 1;
                } else {
                    open = usize::checked_sub(open, 1).ok_or(Unreadable)?;
                }
            }
            _ => {}
        }
    }
    Err(Unreadable)
}

/// Writes a `Response` with a status.
///
/// # Errors
/// If there is not enough space.
pub fn response(
    out: &mut dyn fmt::Write,
    Stamp { serial, time }: Stamp,
    sender: &str,
    code: u16,
    text: &str,
) -> fmt::Result {
    writeln!(
        out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <cXML payloadID=\"{}.{serial:016x}@{}\" timestamp=\"{time}\">\
         <Response><Status code=\"{code}\" text=\"{}\"/></Response></cXML>",
        time.0,
        XmlText(sender),
        XmlText(text)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use embedded_mtls::x509::UnixTime;
    use std::format;
    use std::string::String;

    fn status(document: &[u8]) -> Result<Option<u16>, Unreadable> {
        super::status(&mut document.to_vec())
    }

    fn document(code: &str) -> String {
        format!(
            "<?xml version='1.0'?><!DOCTYPE cXML SYSTEM 'x.dtd'><cXML payloadID='1' timestamp='t'><Response>\
             <Status text='Some text' code='{code}'>more</Status></Response></cXML>"
        )
    }

    #[test]
    fn the_status_is_found_where_the_dtd_puts_it() {
        assert_eq!(status(document("401").as_bytes()), Ok(Some(401)));
        let inside =
            "<cXML><Header><Status code='500'/></Header><Response><Note/><Status\n code=\"200\"/></Response></cXML>";
        assert_eq!(status(inside.as_bytes()), Ok(Some(200)));
    }

    #[test]
    fn bytes_that_are_not_a_response_are_unreadable() {
        for text in [
            "<html><body>Hello</html>",
            "OK",
            "<cXML><Status code='200'/></cXML>",
            "<cXML><Response/></cXML>",
            "</cXML>",
        ] {
            assert_eq!(status(text.as_bytes()), Err(Unreadable), "{text}");
        }
        assert_eq!(status(document("four").as_bytes()), Err(Unreadable));
        assert_eq!(status(b"\xff"), Err(Unreadable));
    }

    #[test]
    fn our_own_response_can_be_read() {
        let mut text = String::new();
        response(&mut text, Stamp { serial: 1, time: UnixTime(0) }, "gateway-7", 450, "not \"implemented\"").unwrap();
        assert_eq!(status(text.as_bytes()), Ok(Some(450)));
    }
}
