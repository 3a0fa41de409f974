//! The part of HTTP/1.1 that an order needs.

use crate::pki::SERVER_NAME;
use std::sync::OnceLock;

/// Bytes of application data each way in the cases that send much.
pub(crate) const MUCH: usize = 100_000;

/// A request or response that is whole.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Message {
    /// Takes a message from the front of what was received, if it is all there. One without
    /// Content-Length has no body.
    pub(crate) fn parse(received: &[u8]) -> Option<Self> {
        let end = received.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
        let head = String::from_utf8_lossy(&received[..end]).into_owned();
        let body = received[end..].get(..content_length(&head))?.to_vec();
        Some(Self { head, body })
    }

    /// `POST` of a request, `HTTP 200` of a response.
    pub(crate) fn title(&self) -> String {
        let mut words = self.head.split_whitespace();
        match (words.next(), words.next()) {
            (Some("HTTP/1.1"), Some(status)) => format!("HTTP {status}"),
            (word, _) => word.unwrap_or_default().to_owned(),
        }
    }
}

fn content_length(head: &str) -> usize {
    let mut lengths = head.lines().filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    lengths.next_back().unwrap_or(0)
}

/// The request of a gateway.
pub(crate) fn post(body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST /order HTTP/1.1\r\nHost: {SERVER_NAME}\r\nContent-Type: text/xml; charset=UTF-8\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// The response of a supplier.
pub(crate) fn response(body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=UTF-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// Returns the answer of a supplier to this order: the same document, if it is large.
pub(crate) fn answer_to(order: &[u8]) -> Vec<u8> {
    if order.len() >= MUCH { order.to_vec() } else { answer() }
}

/// An order of the usual size.
pub(crate) fn order() -> &'static [u8] {
    static ORDER: OnceLock<Vec<u8>> = OnceLock::new();
    ORDER.get_or_init(write_order)
}

fn write_order() -> Vec<u8> {
    let line = |number: usize| {
        format!(
            "<ItemOut quantity=\"{number}\" lineNumber=\"{number}\"><ItemID><SupplierPartID>P-{number}</SupplierPartID>\
             </ItemID><ItemDetail><UnitPrice><Money currency=\"EUR\">{number}.00</Money></UnitPrice>\
             <Description xml:lang=\"en\">Bolt M{number}</Description></ItemDetail></ItemOut>\n"
        )
    };
    let lines: String = (1..=12).map(line).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<cXML payloadID=\"1@gateway-7\" timestamp=\"2026-11-22T04:00:00Z\">\n\
         <Request><OrderRequest>\n{lines}</OrderRequest></Request></cXML>\n"
    )
    .into_bytes()
}

/// The answer to it.
pub(crate) fn answer() -> Vec<u8> {
    b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<cXML payloadID=\"2@supplier\" timestamp=\"2026-11-22T04:00:01Z\">\n\
      <Response><Status code=\"200\" text=\"OK\">accepted</Status></Response></cXML>\n"
        .to_vec()
}

/// Much data, in lines that differ: nothing may be lost or come twice.
pub(crate) fn much() -> &'static [u8] {
    static MUCH_DATA: OnceLock<Vec<u8>> = OnceLock::new();
    MUCH_DATA.get_or_init(|| write_lines(MUCH))
}

fn write_lines(len: usize) -> Vec<u8> {
    (0..).flat_map(|number: u32| format!("line {number:08}\n").into_bytes()).take(len).collect()
}

/// Returns the fault in a client's response to `order`.
pub(crate) fn check_answer(received: &[u8], order: &[u8]) -> Result<(), String> {
    let start = received.windows(5).position(|window| window == b"HTTP/").ok_or("no response came")?;
    let message = Message::parse(&received[start..]).ok_or("half a response came")?;
    if message.body == answer_to(order) { Ok(()) } else { Err("a wrong response came".into()) }
}
