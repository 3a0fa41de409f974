//! cXML 1.2: the parts of an order and of its response that the programs read, and the response that a supplier writes.
//!
//! A response has two statuses: that of HTTP, and the `Status` in the document. Only the second one gives the result of
//! the order. `SharedSecret` is in none of these types, so that it cannot be printed.

use core::fmt;
use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use mtls_cxml::XmlText;
use mtls_pki::pem::quoted;
use roxmltree::{Document, Node, ParsingOptions};
use time::OffsetDateTime;

pub use mtls_cxml::Outcome;

/// Content type of a cXML document in HTTP.
pub(crate) const CONTENT_TYPE: &str = "text/xml; charset=UTF-8";

/// Returns the content type of this document. Its charset must not contradict the document (RFC 7303 section 3).
pub(crate) fn content_type(document: &[u8]) -> Cow<'static, str> {
    let name = match (Encoding::for_bom(document), declared(document)) {
        (Some((encoding, _)), _) if encoding == UTF_8 => return CONTENT_TYPE.into(),
        (Some(_), _) => "UTF-16".to_owned(),
        (None, Some(name)) if !name.eq_ignore_ascii_case("utf-8") => name,
        (None, _) => {
            return unmarked_utf16(document).map_or(CONTENT_TYPE.into(), |encoding| with_charset(encoding.name()));
        }
    };
    with_charset(&name)
}

fn with_charset(name: &str) -> Cow<'static, str> {
    format!("text/xml; charset={name}").into()
}

/// Maximum number of nodes in a document. An order has about 60, and 30 for each line.
const MAX_NODES: u32 = 500_000;

/// A document that is not acceptable, with the cXML status for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CxmlError {
    /// 406 for a document that cannot be read, 450 for a request that is not implemented.
    pub code: u16,
    /// The found content, and what is expected.
    pub message: String,
}

impl CxmlError {
    fn unreadable(message: impl Into<String>) -> Self {
        Self { code: 406, message: message.into() }
    }
}

impl fmt::Display for CxmlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl core::error::Error for CxmlError {}

/// A party: an identity in a domain of identities, such as `DUNS`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Party {
    domain: String,
    identity: String,
}

impl Party {
    /// Reads the first credential of the element `role` of the header.
    fn of(header: Node<'_, '_>, role: &str) -> Result<Self, CxmlError> {
        let credential = child(child(header, role)?, "Credential")?;
        Ok(Self { domain: attribute(credential, "domain")?, identity: text(child(credential, "Identity")?) })
    }
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.domain, self.identity)
    }
}

/// The parts of an `OrderRequest` that are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The permanent identifier of this document: a repeated order has the same one.
    pub payload_id: String,
    /// The time at which the document was made.
    pub timestamp: String,
    /// The buyer.
    pub from: Party,
    /// The supplier.
    pub to: Party,
    /// `production` or `test`.
    pub mode: String,
    /// The number of the order.
    pub number: String,
    /// Amount and currency.
    pub total: String,
    /// The number of its lines.
    pub lines: usize,
    /// The quantity, part and unit price of each line.
    items: Vec<[String; 3]>,
}

impl Order {
    /// Reads a document that should be an `OrderRequest`. `charset` is the encoding that its header field names.
    ///
    /// # Errors
    /// The document is not an order; the error has the cXML status for it.
    pub fn parse(bytes: &[u8], charset: Option<&str>) -> Result<Self, CxmlError> {
        let source = decode(bytes, charset)?;
        let document = parse(&source)?;
        let root = root(&document)?;
        let header = child(root, "Header")?;
        let request = child(root, "Request")?;
        let order = request.children().find(Node::is_element).ok_or_else(|| absent(request, "OrderRequest"))?;
        if !order.has_tag_name("OrderRequest") {
            let message = format!("found {}, wanted an OrderRequest", name_of(order));
            return Err(CxmlError { code: 450, message });
        }
        let summary = child(order, "OrderRequestHeader")?;
        let money = child(child(summary, "Total")?, "Money")?;
        let items: Vec<_> = order.children().filter(|node| node.has_tag_name("ItemOut")).map(item).collect();
        if items.is_empty() {
            return Err(absent(order, "ItemOut"));
        }
        Ok(Self {
            payload_id: attribute(root, "payloadID")?,
            timestamp: attribute(root, "timestamp")?,
            from: Party::of(header, "From")?,
            to: Party::of(header, "To")?,
            mode: request.attribute("deploymentMode").unwrap_or("production").to_owned(),
            number: attribute(summary, "orderID")?,
            total: format!("{} {}", text(money), attribute(money, "currency")?),
            lines: items.len(),
            items,
        })
    }
}

/// Returns the shared secrets of a document, which nothing may show; none if it cannot be read.
#[cfg(feature = "program")]
pub(crate) fn shared_secrets(document: &[u8]) -> Vec<String> {
    let Ok(source) = decode(document, None) else { return Vec::new() };
    let Ok(document) = parse(&source) else { return Vec::new() };
    let secrets = document.descendants().filter(|node| node.has_tag_name("SharedSecret"));
    // Each text, and all of an element together.
    let texts = secrets.flat_map(|secret| {
        let texts = secret.descendants().filter(roxmltree::Node::is_text).filter_map(|node| node.text());
        let texts: Vec<_> = texts.map(str::to_owned).collect();
        let joined = texts.concat();
        texts.into_iter().chain([joined])
    });
    texts.map(|secret| secret.trim().to_owned()).collect()
}

/// Returns an order with another `payloadID`, `timestamp` and, if there is one, `orderID`; every other byte stays.
///
/// # Errors
/// The document is not an order in UTF-8.
pub fn renewed(order: &[u8], payload_id: &str, timestamp: &str, number: Option<&str>) -> Result<Vec<u8>, CxmlError> {
    Order::parse(order, None)?;
    let Cow::Borrowed(source) = decode(order, None)? else {
        return Err(CxmlError::unreadable("encoding: found another, wanted UTF-8"));
    };
    let document = parse(source)?;
    let root = root(&document)?;
    let header = root.descendants().find(|node| node.has_tag_name("OrderRequestHeader"));
    let values = [(Some(root), "payloadID", Some(payload_id)), (Some(root), "timestamp", Some(timestamp))];
    let values = values.into_iter().chain([(header, "orderID", number)]);
    let mut places: Vec<_> =
        values.filter_map(|(node, name, value)| Some((node?.attribute_node(name)?.range_value(), value?))).collect();
    places.sort_unstable_by_key(|(range, _)| range.start);
    let (mut written, mut from) = (String::with_capacity(source.len() + 256), 0);
    for (range, value) in places {
        written += source.get(from..range.start).unwrap_or_default();
        written += &XmlText(value).to_string();
        from = range.end;
    }
    written += source.get(from..).unwrap_or_default();
    Ok(written.into_bytes())
}

/// The status of a cXML Response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The code, as in HTTP, with additions.
    pub code: u16,
    /// The usual text for the code.
    pub text: String,
    /// More about this case.
    pub message: String,
}

impl Status {
    /// Makes a status with the usual text for its code.
    pub(crate) fn new(code: u16, message: impl Into<String>) -> Self {
        let text = match code {
            200 => "OK",
            201 => "Accepted",
            406 => "Not Acceptable",
            409 => "Conflict",
            450 => "Not Implemented",
            _ => "Error",
        };
        Self { code, text: text.to_owned(), message: message.into() }
    }

    /// Reads the body of an HTTP response, in this encoding if the response names one. An empty body means that the
    /// order was accepted.
    ///
    /// # Errors
    /// The body is not a response.
    pub fn parse(bytes: &[u8], charset: Option<&str>) -> Result<Self, CxmlError> {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self::new(200, "empty HTTP body, which means acceptance"));
        }
        let source = decode(bytes, charset)?;
        let document = parse(&source)?;
        let status = child(child(root(&document)?, "Response")?, "Status")?;
        let code = attribute(status, "code")?;
        let number = code.trim().parse().map_err(|_| {
            CxmlError::unreadable(format!("{}Status code: found '{code}', wanted a number", place(status)))
        })?;
        Ok(Self { code: number, text: attribute(status, "text").unwrap_or_default(), message: text(status) })
    }

    /// Returns the outcome for the order.
    pub const fn outcome(&self) -> Outcome {
        Outcome::of(self.code)
    }

    /// Writes the Response document with this status. `payload_id` is that of the response.
    pub(crate) fn to_response(&self, payload_id: &str, now: OffsetDateTime) -> String {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <!DOCTYPE cXML SYSTEM \"http://xml.cxml.org/schemas/cXML/1.2.056/cXML.dtd\">\n\
             <cXML payloadID=\"{}\" timestamp=\"{}\" version=\"1.2.056\" xml:lang=\"en-US\">\n  \
             <Response>\n    <Status code=\"{}\" text=\"{}\">{}</Status>\n  </Response>\n</cXML>\n",
            XmlText(payload_id),
            timestamp(now),
            self.code,
            XmlText(&self.text),
            XmlText(&self.message)
        )
    }
}

/// Formats a time as cXML requires (ISO 8601), in UTC.
pub(crate) fn timestamp(time: OffsetDateTime) -> String {
    let (year, month, day) = time.date().to_calendar_date();
    let (hour, minute, second) = time.time().as_hms();
    format!("{year:04}-{:02}-{day:02}T{hour:02}:{minute:02}:{second:02}+00:00", u8::from(month))
}

/// Decodes the bytes in the encoding that is indicated (XML 1.0 section 4.3.3): by the first bytes, else by `charset`,
/// else by the declaration, else UTF-8. `charset` may be made up by an intermediary (RFC 7303 section 3.3): if the
/// bytes contradict it, the declaration is tried.
pub(crate) fn decode<'d>(bytes: &'d [u8], charset: Option<&str>) -> Result<Cow<'d, str>, CxmlError> {
    let strictly = |encoding: &'static Encoding, bytes: &'d [u8]| {
        encoding.decode_without_bom_handling_and_without_replacement(bytes).ok_or_else(|| malformed(encoding, bytes))
    };
    if let Some((encoding, length)) = Encoding::for_bom(bytes) {
        return strictly(encoding, bytes.get(length..).unwrap_or_default());
    }
    if let Some(encoding) = unmarked_utf16(bytes) {
        return strictly(encoding, bytes);
    }
    let mut failure = None;
    for name in charset.map(str::to_owned).into_iter().chain(declared(bytes)) {
        let known = Encoding::for_label(name.as_bytes()).filter(|encoding| encoding.is_ascii_compatible());
        let decoded = known
            .ok_or_else(|| {
                CxmlError::unreadable(format!(
                    "encoding: found {}, wanted UTF-8 or another that is known",
                    quoted(&name)
                ))
            })
            .and_then(|encoding| strictly(encoding, bytes));
        match decoded {
            Ok(text) => return Ok(text),
            Err(error) => failure.get_or_insert(error),
        };
    }
    strictly(UTF_8, bytes).map_err(|error| failure.unwrap_or(error))
}

/// Detects UTF-16 that begins with `<` and has no byte order mark (XML 1.0 appendix F.1).
fn unmarked_utf16(bytes: &[u8]) -> Option<&'static Encoding> {
    match bytes {
        [0, b'<', 0, _, ..] => Some(UTF_16BE),
        [b'<', 0, _, 0, ..] => Some(UTF_16LE),
        _ => None,
    }
}

/// Returns the encoding that an XML declaration names.
fn declared(bytes: &[u8]) -> Option<String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let declaration = bytes.get(..bytes.len().min(200))?.strip_prefix(b"<?xml")?;
    let text = core::str::from_utf8(declaration.get(..declaration.windows(2).position(|end| end == b"?>")?)?).ok()?;
    let (_, value) = text.split_once("encoding")?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let name = value.get(1..)?.split(quote).next()?;
    // Production 81: anything that is not a name is kept out of header fields.
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    (is_name && !name.is_empty()).then(|| name.to_owned())
}

/// Makes the error for bytes that are invalid in this encoding.
fn malformed(encoding: &'static Encoding, bytes: &[u8]) -> CxmlError {
    let message = match core::str::from_utf8(bytes) {
        Err(error) if encoding == UTF_8 => {
            format!("byte {} is not UTF-8, and no other encoding is declared", error.valid_up_to())
        }
        _ => format!("it is not text in {}", encoding.name()),
    };
    CxmlError::unreadable(message)
}

/// Parses a document. A DOCTYPE is skipped: nothing is loaded, and the expansion of entities is limited.
fn parse(source: &str) -> Result<Document<'_>, CxmlError> {
    let options = ParsingOptions { allow_dtd: true, nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    Document::parse_with_options(source, options)
        // The message of the library quotes the text.
        .map_err(|error| CxmlError::unreadable(format!("not well-formed XML at {}", error.pos())))
}

/// Returns the element `cXML`.
fn root<'d>(document: &'d Document<'_>) -> Result<Node<'d, 'd>, CxmlError> {
    let root = document.root_element();
    if root.has_tag_name("cXML") {
        return Ok(root);
    }
    Err(CxmlError::unreadable(format!("{}found {}, wanted cXML", place(root), name_of(root))))
}

/// Returns the name of an element of any kind.
fn name_of(node: Node<'_, '_>) -> String {
    format!("the element {}", quoted(node.tag_name().name()))
}

/// Returns the first child of that name.
fn child<'d>(node: Node<'d, 'd>, name: &str) -> Result<Node<'d, 'd>, CxmlError> {
    node.children().find(|child| child.has_tag_name(name)).ok_or_else(|| absent(node, name))
}

/// Returns the value of an attribute.
fn attribute(node: Node<'_, '_>, name: &str) -> Result<String, CxmlError> {
    node.attribute(name).map(str::to_owned).ok_or_else(|| {
        CxmlError::unreadable(format!("{}{} has no attribute {name}", place(node), node.tag_name().name()))
    })
}

/// Returns the trimmed text of an element. Comments and processing instructions may divide it.
fn text(node: Node<'_, '_>) -> String {
    let pieces: String = node.children().filter(Node::is_text).filter_map(|piece| piece.text()).collect();
    pieces.trim().to_owned()
}

/// Makes the error for an element without a required child.
fn absent(node: Node<'_, '_>, name: &str) -> CxmlError {
    CxmlError::unreadable(format!("{}{} has no {name}", place(node), node.tag_name().name()))
}

/// Returns the quantity, part and price of a line; empty where it has none.
fn item(line: Node<'_, '_>) -> [String; 3] {
    let below = |name: &str| line.descendants().find(|node| node.has_tag_name(name)).map(|node| node.descendants());
    let inside = |name: &str| below(name).and_then(|mut nodes| nodes.find(|node| !text(*node).is_empty())).map(text);
    let quantity = line.attribute("quantity").unwrap_or_default().to_owned();
    [quantity, inside("SupplierPartID").unwrap_or_default(), inside("UnitPrice").unwrap_or_default()]
}

/// Describes the place where an element begins.
fn place(node: Node<'_, '_>) -> String {
    let position = node.document().text_pos_at(node.range().start);
    format!("line {}: ", position.row)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDER: &str = include_str!("../../../examples/data/order.xml");

    #[test]
    fn the_order_of_the_example_is_read() {
        let order = Order::parse(ORDER.as_bytes(), None).unwrap();
        assert_eq!(order.payload_id, "1790150400.4711.8f3a61c2@gateway-0042.plant.example");
        assert_eq!(order.timestamp, "2026-09-23T10:00:00+02:00");
        assert_eq!((order.from.to_string(), order.to.to_string()), ("DUNS 079928354".into(), "DUNS 316554408".into()));
        assert_eq!((order.number.as_str(), order.total.as_str()), ("PO-2026-004711", "412.60 EUR"));
        assert_eq!((order.mode.as_str(), order.lines), ("test", 2));
    }

    #[test]
    fn the_shared_secret_appears_in_no_error_and_no_summary() {
        let secret = "only-an-example";
        assert!(ORDER.contains(secret));
        assert!(!format!("{:?}", Order::parse(ORDER.as_bytes(), None)).contains(secret));
        for cut in (0..ORDER.len()).step_by(13) {
            let error = Order::parse(&ORDER.as_bytes()[..cut], None).err();
            assert!(!error.is_some_and(|error| error.message.contains(secret)));
        }
    }

    #[test]
    fn a_document_that_is_not_an_order_is_named() {
        let refusal = |document: &str| Order::parse(document.as_bytes(), None).unwrap_err();
        assert_eq!(refusal("<html/>"), CxmlError::unreadable("line 1: found the element 'html', wanted cXML"));
        assert_eq!(refusal("<cXML>\n<Header/></cXML>"), CxmlError::unreadable("line 1: cXML has no Request"));
        let profile = "<cXML><Header/><Request><ProfileRequest/></Request></cXML>";
        assert_eq!(
            refusal(profile),
            CxmlError { code: 450, message: "found the element 'ProfileRequest', wanted an OrderRequest".into() }
        );
        assert_eq!(
            refusal(&ORDER.replace(" payloadID=", " payload=")).message,
            "line 3: cXML has no attribute payloadID"
        );
        assert_eq!(refusal(&ORDER.replace("ItemOut", "Item")).message, "line 24: OrderRequest has no ItemOut");
        assert!(refusal(&ORDER.replace("</Header>", "")).message.starts_with("not well-formed XML at "));
        let latin1 = [ORDER.as_bytes(), &[0xe4]].concat();
        assert!(Order::parse(&latin1, None).unwrap_err().message.contains("is not UTF-8"));
    }

    #[test]
    fn entities_that_multiply_are_rejected() {
        let bomb = "<!DOCTYPE cXML [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\">\
                    <!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;\"><!ENTITY d \"&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;\">]>\
                    <cXML>&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;</cXML>";
        assert_eq!(Order::parse(bomb.as_bytes(), None).unwrap_err().code, 406);
    }

    #[test]
    fn a_response_can_be_read_again() {
        let status = Status::new(406, "line 3: found <\"a\"> & 'b'\u{7}");
        let now = OffsetDateTime::from_unix_timestamp(1_790_150_400).unwrap();
        let response = status.to_response("1.2@supplier", now);
        assert!(response.contains("timestamp=\"2026-09-23T08:00:00+00:00\""), "{response}");
        let read = Status::parse(response.as_bytes(), None).unwrap();
        assert_eq!(read, Status { message: "line 3: found <\"a\"> & 'b'\u{fffd}".into(), ..status });
    }

    #[test]
    fn responses_of_others_are_read() {
        let unauthorized = "<?xml version='1.0'?><!DOCTYPE cXML SYSTEM 'x.dtd'><cXML payloadID='1' timestamp='t'><Response>\
                     <Status text='Unauthorized' code='401'>no</Status></Response></cXML>";
        let status = Status::parse(unauthorized.as_bytes(), None).unwrap();
        assert_eq!((status.code, status.outcome()), (401, Outcome::Refused));
        assert_eq!(Status::parse(b"\r\n", None).unwrap().outcome(), Outcome::Delivered);
        assert!(Status::parse(b"<html><body>Hello</html>", None).is_err());
        let odd = unauthorized.replace("401", "four");
        assert_eq!(
            Status::parse(odd.as_bytes(), None).unwrap_err().message,
            "line 1: Status code: found 'four', wanted a number"
        );
    }

    /// A Response in this encoding, with a declaration of `name`.
    fn encoded(encoding: &'static Encoding, name: &str) -> Vec<u8> {
        let text = format!(
            "<?xml version='1.0' encoding='{name}'?><cXML><Response><Status code='200' text='OK'>übernommen</Status>\
             </Response></cXML>"
        );
        match encoding {
            e if e == UTF_16LE => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            e if e == UTF_16BE => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            _ => encoding.encode(&text).0.into_owned(),
        }
    }

    #[test]
    fn a_document_is_read_in_the_encoding_that_it_is_in() {
        use encoding_rs::WINDOWS_1252;
        let behind = |mark: &[u8], document: Vec<u8>| [mark, &document].concat();
        for (document, charset) in [
            (encoded(UTF_8, "UTF-8"), None),
            (behind(b"\xef\xbb\xbf", encoded(UTF_8, "utf-8")), None),
            (behind(b"\xff\xfe", encoded(UTF_16LE, "UTF-16")), None),
            (behind(b"\xfe\xff", encoded(UTF_16BE, "UTF-16")), None),
            (encoded(UTF_16LE, "UTF-16"), None),
            (encoded(UTF_16BE, "UTF-16"), Some("utf-16be")),
            (encoded(WINDOWS_1252, "ISO-8859-1"), None),
            (encoded(WINDOWS_1252, "windows-1252"), None),
            // A proxy in between gives its usual answer.
            (encoded(WINDOWS_1252, "ISO-8859-1"), Some("UTF-8")),
            (behind(b"\xff\xfe", encoded(UTF_16LE, "UTF-16")), Some("iso-8859-1")),
            (encoded(UTF_8, "UTF-8"), Some("")),
        ] {
            let status = Status::parse(&document, charset).unwrap();
            assert_eq!((status.code, status.message.as_str()), (200, "übernommen"), "{charset:?} {document:?}");
        }
        let unmarked = encoded(WINDOWS_1252, "").split_off("<?xml version='1.0' encoding=''?>".len());
        assert_eq!(Status::parse(&unmarked, Some("windows-1252")).unwrap().message, "übernommen");
        let error = Status::parse(&unmarked, None).unwrap_err().message;
        assert!(error.contains("is not UTF-8, and no other encoding is declared"), "{error}");
        let error = Status::parse(&encoded(WINDOWS_1252, "EBCDIC-X"), None).unwrap_err().message;
        assert!(error.starts_with("encoding: found 'EBCDIC-X'"), "{error}");
    }

    #[test]
    fn the_files_beside_a_document_match_it() {
        let of = |document: &[u8]| content_type(document).into_owned();
        assert_eq!(of(ORDER.as_bytes()), CONTENT_TYPE);
        assert_eq!(of(b"<cXML/>"), CONTENT_TYPE);
        assert_eq!(of(b"<?xml version='1.0' encoding='ISO-8859-15'?><cXML/>"), "text/xml; charset=ISO-8859-15");
        assert_eq!(of(b"<?xml version='1.0' encoding='a\r\nX: b'?><cXML/>"), CONTENT_TYPE);
        assert_eq!(of(b"\xff\xfe<\0c\0"), "text/xml; charset=UTF-16");
        assert_eq!(of(b"\0<\0c"), "text/xml; charset=UTF-16BE");
    }

    #[test]
    fn the_text_of_an_element_is_whole() {
        let divided = "<!DOCTYPE cXML [<!ENTITY firm 'Bolts &#38; Sons'>]><cXML><Response><Status code=' 201 ' text='A'>\
                       taken <!-- by whom --><![CDATA[by <us>]]>, &firm;<?x y?> &#8364;</Status></Response></cXML>";
        let status = Status::parse(divided.as_bytes(), None).unwrap();
        assert_eq!((status.code, status.message.as_str()), (201, "taken by <us>, Bolts & Sons €"));
    }
}
