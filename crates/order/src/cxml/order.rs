//! An `OrderRequest`, written element by element in the order of the DTD.

use core::fmt::{self, Write};
use embedded_mtls::x509::UnixTime;
use mtls_cxml::XmlText;

/// The values that make each document unique, even for the same order.
#[derive(Clone, Copy, Debug)]
pub struct Stamp {
    /// A random number.
    pub serial: u64,
    /// The time of writing.
    pub time: UnixTime,
}

/// A purchase order. It is written once, and the written bytes are what is sent, and sent again.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// The number of the order.
    pub number: &'a str,
    /// The buyer.
    pub from: Party<'a>,
    /// The supplier.
    pub to: Party<'a>,
    /// The device that sends it.
    pub sender: Party<'a>,
    /// ISO 4217 code of all amounts.
    pub currency: &'a str,
    /// The address for the bill and the goods.
    pub bill_to: &'a str,
    /// The items; at least one.
    pub lines: &'a [Line<'a>],
}

/// An identity in a domain of identities, such as `DUNS`.
#[derive(Clone, Copy, Debug)]
pub struct Party<'a> {
    /// The domain.
    pub domain: &'a str,
    /// The identity.
    pub identity: &'a str,
}

/// A line of an order.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// The quantity.
    pub quantity: u32,
    /// The supplier's number of the part.
    pub part: &'a str,
    /// The description.
    pub description: &'a str,
    /// The price of one in hundredths.
    pub unit_price: u32,
    /// The UNSPSC code of its kind.
    pub classification: &'a str,
}

impl Order<'_> {
    /// Writes the document.
    ///
    /// # Errors
    /// If there is not enough space.
    pub fn write(&self, Stamp { serial, time }: Stamp, out: &mut dyn Write) -> fmt::Result {
        let (currency, sender) = (XmlText(self.currency), XmlText(self.sender.identity));
        write!(
            out,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <!DOCTYPE cXML SYSTEM \"http://xml.cxml.org/schemas/cXML/1.2.056/cXML.dtd\">\n\
             <cXML payloadID=\"{}.{serial:016x}@{sender}\" timestamp=\"{time}\" version=\"1.2.056\" xml:lang=\"en-US\">\n<Header>\n",
            time.0
        )?;
        self.from.write("From", "", out)?;
        self.to.write("To", "", out)?;
        self.sender.write("Sender", "<UserAgent>embedded-mtls gateway</UserAgent>", out)?;
        let total = self.lines.iter().map(Line::total).fold(0, u64::saturating_add);
        write!(
            out,
            "</Header>\n<Request deploymentMode=\"test\">\n<OrderRequest>\n\
             <OrderRequestHeader orderID=\"{}\" orderDate=\"{time}\" type=\"new\" orderType=\"regular\">\n\
             <Total><Money currency=\"{currency}\">{}</Money></Total>\n\
             <BillTo><Address><Name xml:lang=\"en\">{}</Name></Address></BillTo>\n</OrderRequestHeader>\n",
            XmlText(self.number),
            Amount(total),
            XmlText(self.bill_to)
        )?;
        for (number, line) in (1_u32..).zip(self.lines) {
            line.write(number, currency, out)?;
        }
        out.write_str("</OrderRequest>\n</Request>\n</cXML>\n")
    }
}

impl Party<'_> {
    fn write(&self, role: &str, more: &str, out: &mut dyn Write) -> fmt::Result {
        let (domain, identity) = (XmlText(self.domain), XmlText(self.identity));
        writeln!(
            out,
            "<{role}><Credential domain=\"{domain}\"><Identity>{identity}</Identity></Credential>{more}</{role}>"
        )
    }
}

impl Line<'_> {
    fn total(&self) -> u64 {
        u64::from(self.quantity).saturating_mul(u64::from(self.unit_price))
    }

    fn write(&self, number: u32, currency: XmlText<'_>, out: &mut dyn Write) -> fmt::Result {
        writeln!(
            out,
            "<ItemOut quantity=\"{}\" lineNumber=\"{number}\"><ItemID><SupplierPartID>{}</SupplierPartID></ItemID>\
             <ItemDetail><UnitPrice><Money currency=\"{currency}\">{}</Money></UnitPrice>\
             <Description xml:lang=\"en\">{}</Description><UnitOfMeasure>EA</UnitOfMeasure>\
             <Classification domain=\"UNSPSC\">{}</Classification></ItemDetail></ItemOut>",
            self.quantity,
            XmlText(self.part),
            Amount(u64::from(self.unit_price)),
            XmlText(self.description),
            XmlText(self.classification)
        )
    }
}

/// Hundredths, with two decimals.
struct Amount(u64);

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::String;

    fn order<'a>(lines: &'a [Line<'a>]) -> Order<'a> {
        let party = |identity| Party { domain: "DUNS", identity };
        Order {
            number: "PO-1",
            from: party("1"),
            to: party("2"),
            sender: Party { domain: "NetworkId", identity: "gateway-7" },
            currency: "EUR",
            bill_to: "Bolts & Sons",
            lines,
        }
    }

    fn written(lines: &[Line<'_>]) -> String {
        let mut text = String::new();
        order(lines).write(STAMP, &mut text).unwrap();
        text
    }

    const STAMP: Stamp = Stamp { serial: 0x2a, time: UnixTime(1_795_320_000) };
    const BOLT: Line<'_> =
        Line { quantity: 3, part: "B-8", description: "Bolt <M8>", unit_price: 105, classification: "31161500" };

    #[test]
    fn the_document_is_well_formed_and_contains_the_order() {
        let text = written(&[BOLT, Line { quantity: 1, unit_price: 9, ..BOLT }]);
        for part in [
            "payloadID=\"1795320000.000000000000002a@gateway-7\"",
            "timestamp=\"2026-11-22T04:00:00Z\"",
            "<Total><Money currency=\"EUR\">3.24</Money></Total>",
            "Bolts &amp; Sons",
            "Bolt &lt;M8&gt;",
            "lineNumber=\"2\"",
        ] {
            assert!(text.contains(part), "{part} is missing in {text}");
        }
        let mut depth = 0_i32;
        for token in xmlparser::Tokenizer::from(text.as_str()) {
            match token.unwrap() {
                xmlparser::Token::ElementStart { .. } => depth += 1,
                xmlparser::Token::ElementEnd {
                    end: xmlparser::ElementEnd::Close(..) | xmlparser::ElementEnd::Empty,
                    ..
                } => depth -= 1,
                _ => {}
            }
        }
        assert_eq!(depth, 0);
    }

    #[test]
    fn the_same_order_is_written_with_the_same_bytes() {
        assert_eq!(written(&[BOLT]), written(&[BOLT]));
    }
}
