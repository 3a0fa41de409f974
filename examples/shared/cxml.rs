//! cXML 1.2: what the programs read of an order and of its response, and the response that a supplier writes.
//!
//! A response has two statuses: that of HTTP, and the `Status` in the document. Only the second one says what became of
//! the order. `SharedSecret` is never kept, so that it cannot be printed.

use core::fmt;
use core::fmt::Write as _;

use roxmltree::{Document, Node, ParsingOptions};
use time::OffsetDateTime;

/// Content type of a cXML document in HTTP.
pub(crate) const CONTENT_TYPE: &str = "text/xml; charset=UTF-8";

/// Nodes in a document that are read. An order has about 60 and 30 for each line.
const MAX_NODES: u32 = 500_000;

/// A document that is not what it should be, with the cXML status that says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CxmlError {
    /// 406 for a document that cannot be read, 450 for a request that is not implemented.
    pub(crate) code: u16,
    /// What was found and what is wanted.
    pub(crate) message: String,
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

/// A party: an identity in a domain of identities, such as `DUNS`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Party {
    domain: String,
    identity: String,
}

impl Party {
    /// The first credential of the element `role` of the header.
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

/// What is read of an `OrderRequest`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    /// Names this document for ever: a repeated order has the same one.
    pub(crate) payload_id: String,
    /// When the document was made.
    pub(crate) timestamp: String,
    /// Who orders.
    pub(crate) from: Party,
    /// Who is to deliver.
    pub(crate) to: Party,
    /// `production` or `test`.
    pub(crate) mode: String,
    /// The number of the order.
    pub(crate) number: String,
    /// Amount and currency.
    pub(crate) total: String,
    /// How many lines it has.
    pub(crate) lines: usize,
}

impl Order {
    /// Reads a document that is to be an `OrderRequest`.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, CxmlError> {
        let source = utf8(bytes)?;
        let document = parse(source)?;
        let root = root(&document)?;
        let header = child(root, "Header")?;
        let request = child(root, "Request")?;
        let order = request.children().find(Node::is_element).ok_or_else(|| absent(request, "OrderRequest"))?;
        if !order.has_tag_name("OrderRequest") {
            let message = format!("found a {}, wanted an OrderRequest", order.tag_name().name());
            return Err(CxmlError { code: 450, message });
        }
        let summary = child(order, "OrderRequestHeader")?;
        let money = child(child(summary, "Total")?, "Money")?;
        let lines = order.children().filter(|node| node.has_tag_name("ItemOut")).count();
        if lines == 0 {
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
            lines,
        })
    }
}

/// What becomes of an order, by the class of its status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The supplier has it.
    Delivered,
    /// An intermediary has it; a `StatusUpdate` follows.
    Pending,
    /// It will never be accepted as it is: no repetition without a human.
    Refused,
    /// Repeat it later, with the same bytes.
    Later,
}

/// The status of a cXML Response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Status {
    /// As in HTTP, with additions.
    pub(crate) code: u16,
    /// The usual words for the code.
    pub(crate) text: String,
    /// More about this case.
    pub(crate) message: String,
}

impl Status {
    /// A status with the usual words for its code.
    pub(crate) fn new(code: u16, message: impl Into<String>) -> Self {
        let text = match code {
            200 => "OK",
            406 => "Not Acceptable",
            409 => "Conflict",
            450 => "Not Implemented",
            _ => "Error",
        };
        Self { code, text: text.to_owned(), message: message.into() }
    }

    /// Reads the body of an HTTP response. An empty one means that the order was accepted.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, CxmlError> {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self::new(200, "empty HTTP body, which stands for acceptance"));
        }
        let source = utf8(bytes)?;
        let document = parse(source)?;
        let status = child(child(root(&document)?, "Response")?, "Status")?;
        let code = attribute(status, "code")?;
        let number = code.parse().map_err(|_| {
            CxmlError::unreadable(format!("{}Status code: found '{code}', wanted a number", place(status)))
        })?;
        Ok(Self { code: number, text: attribute(status, "text").unwrap_or_default(), message: text(status) })
    }

    /// What it means for the order. An unknown code counts as the first of its hundred.
    pub(crate) fn outcome(&self) -> Outcome {
        match self.code {
            201 | 280 | 281 => Outcome::Pending,
            200..300 => Outcome::Delivered,
            500..600 => Outcome::Later,
            _ => Outcome::Refused,
        }
    }

    /// The Response document with this status. `payload_id` is the response's own.
    pub(crate) fn to_response(&self, payload_id: &str, now: OffsetDateTime) -> String {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <!DOCTYPE cXML SYSTEM \"http://xml.cxml.org/schemas/cXML/1.2.056/cXML.dtd\">\n\
             <cXML payloadID=\"{}\" timestamp=\"{}\" version=\"1.2.056\" xml:lang=\"en-US\">\n  \
             <Response>\n    <Status code=\"{}\" text=\"{}\">{}</Status>\n  </Response>\n</cXML>\n",
            escape(payload_id),
            timestamp(now),
            self.code,
            escape(&self.text),
            escape(&self.message)
        )
    }
}

/// A time as cXML writes it (ISO 8601), in UTC.
pub(crate) fn timestamp(time: OffsetDateTime) -> String {
    let (year, month, day) = time.date().to_calendar_date();
    let (hour, minute, second) = time.time().as_hms();
    format!("{year:04}-{:02}-{day:02}T{hour:02}:{minute:02}:{second:02}+00:00", u8::from(month))
}

/// Text as XML content or attribute value; characters that XML 1.0 has no place for become U+FFFD.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            '\t' | '\n' | '\r' => {
                // Writing into a String cannot fail.
                let _ = write!(escaped, "&#{};", u32::from(character));
            }
            '\0'..' ' | '\u{fffe}' | '\u{ffff}' => escaped.push(char::REPLACEMENT_CHARACTER),
            other => escaped.push(other),
        }
    }
    escaped
}

/// The bytes as text: cXML documents are UTF-8.
fn utf8(bytes: &[u8]) -> Result<&str, CxmlError> {
    core::str::from_utf8(bytes).map_err(|error| {
        CxmlError::unreadable(format!("byte {} is not UTF-8; wanted a cXML document in UTF-8", error.valid_up_to()))
    })
}

/// The text as a document. A DOCTYPE is read over: nothing is loaded, and entities expand within limits.
fn parse(source: &str) -> Result<Document<'_>, CxmlError> {
    let options = ParsingOptions { allow_dtd: true, nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    Document::parse_with_options(source, options)
        .map_err(|error| CxmlError::unreadable(format!("not well-formed XML: {error}")))
}

/// The element `cXML`.
fn root<'d>(document: &'d Document<'_>) -> Result<Node<'d, 'd>, CxmlError> {
    let root = document.root_element();
    if root.has_tag_name("cXML") {
        return Ok(root);
    }
    Err(CxmlError::unreadable(format!("{}found a {}, wanted cXML", place(root), root.tag_name().name())))
}

/// The first child of that name.
fn child<'d>(node: Node<'d, 'd>, name: &str) -> Result<Node<'d, 'd>, CxmlError> {
    node.children().find(|child| child.has_tag_name(name)).ok_or_else(|| absent(node, name))
}

/// The value of an attribute.
fn attribute(node: Node<'_, '_>, name: &str) -> Result<String, CxmlError> {
    node.attribute(name).map(str::to_owned).ok_or_else(|| {
        CxmlError::unreadable(format!("{}{} has no attribute {name}", place(node), node.tag_name().name()))
    })
}

/// The text of an element, with the white space around it removed.
fn text(node: Node<'_, '_>) -> String {
    node.text().unwrap_or_default().trim().to_owned()
}

/// The error for an element without a child that it must have.
fn absent(node: Node<'_, '_>, name: &str) -> CxmlError {
    CxmlError::unreadable(format!("{}{} has no {name}", place(node), node.tag_name().name()))
}

/// Where an element begins.
fn place(node: Node<'_, '_>) -> String {
    let position = node.document().text_pos_at(node.range().start);
    format!("line {}: ", position.row)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDER: &str = include_str!("../data/order.xml");

    #[test]
    fn the_order_of_the_example_is_read() {
        let order = Order::parse(ORDER.as_bytes()).unwrap();
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
        assert!(!format!("{:?}", Order::parse(ORDER.as_bytes())).contains(secret));
        for cut in (0..ORDER.len()).step_by(13) {
            let error = Order::parse(&ORDER.as_bytes()[..cut]).err();
            assert!(!error.is_some_and(|error| error.message.contains(secret)));
        }
    }

    #[test]
    fn a_document_that_is_no_order_says_what_it_is() {
        let refusal = |document: &str| Order::parse(document.as_bytes()).unwrap_err();
        assert_eq!(refusal("<html/>"), CxmlError::unreadable("line 1: found a html, wanted cXML"));
        assert_eq!(refusal("<cXML>\n<Header/></cXML>"), CxmlError::unreadable("line 1: cXML has no Request"));
        let profile = "<cXML><Header/><Request><ProfileRequest/></Request></cXML>";
        assert_eq!(
            refusal(profile),
            CxmlError { code: 450, message: "found a ProfileRequest, wanted an OrderRequest".into() }
        );
        assert_eq!(
            refusal(&ORDER.replace(" payloadID=", " payload=")).message,
            "line 3: cXML has no attribute payloadID"
        );
        assert_eq!(refusal(&ORDER.replace("ItemOut", "Item")).message, "line 24: OrderRequest has no ItemOut");
        assert!(refusal(&ORDER.replace("</Header>", "")).message.starts_with("not well-formed XML: "));
        let latin1 = [ORDER.as_bytes(), &[0xe4]].concat();
        assert!(Order::parse(&latin1).unwrap_err().message.contains("is not UTF-8"));
    }

    #[test]
    fn entities_that_multiply_are_refused() {
        let bomb = "<!DOCTYPE cXML [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\">\
                    <!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;\"><!ENTITY d \"&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;\">]>\
                    <cXML>&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;</cXML>";
        assert_eq!(Order::parse(bomb.as_bytes()).unwrap_err().code, 406);
    }

    #[test]
    fn a_response_can_be_read_again() {
        let status = Status::new(406, "line 3: found <\"a\"> & 'b'\u{7}");
        let now = OffsetDateTime::from_unix_timestamp(1_790_150_400).unwrap();
        let response = status.to_response("1.2@supplier", now);
        assert!(response.contains("timestamp=\"2026-09-23T08:00:00+00:00\""), "{response}");
        let read = Status::parse(response.as_bytes()).unwrap();
        assert_eq!(read, Status { message: "line 3: found <\"a\"> & 'b'\u{fffd}".into(), ..status });
    }

    #[test]
    fn responses_of_others_are_read() {
        let unauthorized = "<?xml version='1.0'?><!DOCTYPE cXML SYSTEM 'x.dtd'><cXML payloadID='1' timestamp='t'><Response>\
                     <Status text='Unauthorized' code='401'>no</Status></Response></cXML>";
        let status = Status::parse(unauthorized.as_bytes()).unwrap();
        assert_eq!((status.code, status.outcome()), (401, Outcome::Refused));
        assert_eq!(Status::parse(b"\r\n").unwrap().outcome(), Outcome::Delivered);
        assert!(Status::parse(b"<html><body>Hello</html>").is_err());
        let odd = unauthorized.replace("401", "four");
        assert_eq!(
            Status::parse(odd.as_bytes()).unwrap_err().message,
            "line 1: Status code: found 'four', wanted a number"
        );
    }

    #[test]
    fn an_unknown_code_counts_as_the_first_of_its_hundred() {
        let outcome = |code| Status::new(code, "").outcome();
        assert_eq!([outcome(200), outcome(299)], [Outcome::Delivered; 2]);
        assert_eq!([outcome(201), outcome(280)], [Outcome::Pending; 2]);
        assert_eq!([outcome(409), outcome(499), outcome(0), outcome(600)], [Outcome::Refused; 4]);
        assert_eq!([outcome(500), outcome(560), outcome(599)], [Outcome::Later; 3]);
    }
}
