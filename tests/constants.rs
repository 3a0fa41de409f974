//! What a device needs no code for: constants.

use embedded_mtls::credential::Chain;
use embedded_mtls::x509::{DnsName, ServerName, TrustAnchor};
use embedded_mtls::{ClientAuth, ClientConfig, ServerConfig};
use std::net::{IpAddr, Ipv4Addr};

const NAME: ServerName<'static> = match DnsName::parse("Supplier.example.") {
    Ok(name) => ServerName::Dns(name),
    Err(_) => panic!("no host name"),
};
const ADDRESS: ServerName<'static> = ServerName::Ip(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7)));
const PINS: [TrustAnchor<'static>; 1] = [TrustAnchor::from_fingerprint([7; 32])];

/// Everything that a client needs except its key and certificates.
static CLIENT: ClientConfig<'static> = ClientConfig::new(NAME, &PINS).with_alpn(&[b"http/1.1"]);
static SERVER: ServerConfig<'static> = ServerConfig::new(ClientAuth::Required(&PINS));
const CHAIN: Chain<'static> = Chain::joined(include_bytes!("data/algorithms/rsa2048-pkcs1-sha256/server.der"));

#[test]
fn names_pins_chains_and_configurations_are_constants() {
    assert_eq!(NAME, ServerName::parse("Supplier.example").unwrap());
    assert_eq!(ADDRESS, ServerName::parse("192.0.2.7").unwrap());
    assert_eq!(CHAIN.iter().count(), 1);
    let _: (&ClientConfig<'_>, &ServerConfig<'_>) = (&CLIENT, &SERVER);
}
