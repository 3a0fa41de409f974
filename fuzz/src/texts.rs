//! Documents: policies of operators, orders and their answers, requests by HTTP.

use embassy_futures::block_on;
use embedded_io_async::{ErrorType, Read, Write};
use embedded_mtls::{Client, Server};
use mtls::cxml::{Order, Status};
use mtls::policy::{Around, SslInfo};
use mtls_order::cxml;
use std::convert::Infallible;

/// A policy of a client that is read.
pub const POLICY: &str = "<TargetEndpoint name=\"t\"><HTTPTargetConnection><SSLInfo><Enabled>true</Enabled><Enforce>true</Enforce>\
    <ClientAuthEnabled>true</ClientAuthEnabled><KeyStore>ref://keys</KeyStore><KeyAlias>a</KeyAlias><TrustStore>trust</TrustStore>\
    <IgnoreValidationErrors>false</IgnoreValidationErrors><CommonName wildcardMatch=\"true\">*.example.com</CommonName></SSLInfo>\
    <URL>https://supplier.example:8443/orders</URL></HTTPTargetConnection></TargetEndpoint>";
/// An answer to an order.
pub const ANSWER: &str = "<?xml version='1.0' encoding='UTF-8'?><!DOCTYPE cXML SYSTEM 'x.dtd'><cXML payloadID='1' timestamp='t'><Response>\
    <Status text='Some text' code='200'>more</Status></Response></cXML>";

/// A policy file: whatever is refused is refused with a text that any terminal can show. Returns whether it was read.
pub fn policy(input: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(input) else { return false };
    let mut is_read = false;
    for around in [Around::Host, Around::Target] {
        match SslInfo::parse("policy.xml", text, around) {
            Ok(info) => {
                let policies = (info.policy::<Client>().map(drop), info.policy::<Server>().map(drop));
                [policies.0, policies.1]
                    .into_iter()
                    .filter_map(Result::err)
                    .for_each(|error| printable(&error.to_string()));
                is_read = true;
            }
            Err(error) => printable(&error.to_string()),
        }
    }
    is_read
}

fn printable(text: &str) {
    assert!(!text.chars().any(|char| char.is_control() && char != '\n'), "{text:?}");
}

/// An order, an answer to one, and a request with one: firmware and host programs read the same in them. Returns whether it
/// was an order or an answer.
pub fn order(input: &[u8]) -> bool {
    let firmware = cxml::status(&mut input.to_vec());
    let host = Status::parse(input, None);
    if let (Ok(Some(code)), Ok(status)) = (&firmware, &host) {
        assert_eq!(*code, status.code, "a host reads another code");
    }
    let payload_id = cxml::payload_id(&mut input.to_vec()).map(str::to_owned);
    let order = Order::parse(input, None);
    if let (Some(id), Ok(order)) = (&payload_id, &order) {
        // The firmware looks for it without resolving references.
        assert!(id.contains('&') || *id == order.payload_id, "a host reads another payloadID: {id:?}");
    }
    if order.is_ok()
        && let Ok(renewed) = mtls::cxml::renewed(input, "new@example", "2026-09-23T10:00:00+00:00", Some("7"))
    {
        let again = Order::parse(&renewed, None).expect("an order with another name");
        assert_eq!((&again.payload_id[..], &again.number[..]), ("new@example", "7"));
    }
    let (mut memory, mut body) = ([0; 512], [0; 1024]);
    for pieces in [usize::MAX, 5] {
        let mut stream = Pieces { bytes: input, pieces };
        let _ = block_on(mtls_order::read_order(&mut stream, &mut memory, &mut body));
    }
    matches!(firmware, Ok(Some(_))) || host.is_ok() || order.is_ok()
}

/// A stream that gives its bytes in pieces of this length.
struct Pieces<'a> {
    bytes: &'a [u8],
    pieces: usize,
}

impl ErrorType for Pieces<'_> {
    type Error = Infallible;
}

impl Read for Pieces<'_> {
    async fn read(&mut self, out: &mut [u8]) -> Result<usize, Infallible> {
        let count = out.len().min(self.bytes.len()).min(self.pieces);
        let (now, later) = self.bytes.split_at(count);
        out[..count].copy_from_slice(now);
        self.bytes = later;
        Ok(count)
    }
}

impl Write for Pieces<'_> {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        Ok(bytes.len())
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}
