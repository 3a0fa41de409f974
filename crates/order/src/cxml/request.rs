//! The parts of a request that a supplier needs.

use super::text::text;
use xmlparser::{Token, Tokenizer};

/// Returns the `payloadID` of an `OrderRequest`; `None` for anything else.
///
/// The whole document is scanned, so an accepted one is complete. It is modified if it is not UTF-8.
pub fn payload_id(document: &mut [u8]) -> Option<&str> {
    let text = text(document)?;
    let (mut payload, mut root, mut order, mut ended) = (None, None, false, false);
    for token in Tokenizer::from(text) {
        match token.ok()? {
            Token::ElementStart { local, .. } => {
                root.get_or_insert(local.as_str());
                order |= local.as_str() == "OrderRequest";
            }
            Token::Attribute { local, value, .. } if local.as_str() == "payloadID" => {
                payload.get_or_insert(value.as_str());
            }
            Token::ElementEnd { end: xmlparser::ElementEnd::Close(_, name), .. } => ended = Some(name.as_str()) == root,
            _ => {}
        }
    }
    payload.filter(|_| order && ended && root == Some("cXML"))
}

#[cfg(test)]
mod tests {
    fn payload_id(document: &[u8]) -> Option<std::string::String> {
        super::payload_id(&mut document.to_vec()).map(Into::into)
    }

    #[test]
    fn an_order_has_a_payload_id() {
        let order = include_bytes!("../../../../examples/data/order.xml");
        let expected = Some("1790150400.4711.8f3a61c2@gateway-0042.plant.example");
        assert_eq!(payload_id(order).as_deref(), expected);
        let text = core::str::from_utf8(order).unwrap();
        let utf16: std::vec::Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(payload_id(&utf16).as_deref(), expected);
    }

    #[test]
    fn half_an_order_and_other_documents_have_none() {
        let order = include_bytes!("../../../../examples/data/order.xml");
        assert_eq!(payload_id(&order[..order.len() - 10]), None);
        for other in ["<cXML payloadID='1'><Request><ProfileRequest/></Request></cXML>", "<a/>", "", "text"] {
            assert_eq!(payload_id(other.as_bytes()), None, "{other}");
        }
    }
}
