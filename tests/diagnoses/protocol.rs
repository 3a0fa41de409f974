//! Handshakes that fail at a version, at the negotiation, at a buffer or on the way, and one that does not fail.

use embedded_mtls::{ClientAuth, Diagnosis, NamedGroup, ServerConfig};
use test_support::pair::Sizes;
use test_support::pki::{SERVER_NAME, Template};

use crate::world::{Case, both};

pub(crate) const CASES: &[Case] = &[
    Case("a mutual handshake in which nothing is wrong", |_| (), [None, None]),
    Case(
        "the server does not request a certificate",
        |w| w.setup.server = ServerConfig::new(ClientAuth::None),
        [Some(Diagnosis::CertificateNotAsked), None],
    ),
    Case(
        "the server answers in TLS 1.2",
        |w| {
            w.tamper = |_, to_client| {
                if to_client.first() == Some(&22) {
                    *to_client = old_server_hello();
                }
            };
        },
        [Some(Diagnosis::Tls12Only), Some(Diagnosis::Tls12Only)],
    ),
    Case(
        "the server refuses TLS 1.3 with an alert",
        |w| {
            w.tamper = |_, to_client| {
                if to_client.first() == Some(&22) {
                    *to_client = vec![21, 3, 3, 0, 2, 2, 70];
                }
            };
        },
        [Some(Diagnosis::Tls12Only), Some(Diagnosis::ClosedOnOurs)],
    ),
    Case(
        "the client offers TLS 1.2",
        |w| {
            w.tamper = |to_server, _| {
                if to_server.first() == Some(&22) {
                    *to_server = old_client_hello();
                }
            };
        },
        both(Diagnosis::Tls12Only, Diagnosis::Tls12Only),
    ),
    Case(
        "no group in common",
        |w| {
            w.setup.client = w.setup.client.with_groups(&[NamedGroup::X25519]);
            w.setup.server = w.setup.server.with_groups(&[NamedGroup::SECP256R1]);
        },
        both(Diagnosis::NoCommonGround, Diagnosis::NoCommonGround),
    ),
    Case(
        "no application protocol in common",
        |w| {
            w.setup.client = w.setup.client.with_alpn(&[b"h2"]);
            w.setup.server = w.setup.server.with_alpn(&[b"http/1.1"]);
        },
        both(Diagnosis::NoCommonProtocol, Diagnosis::NoCommonProtocol),
    ),
    Case(
        "the server has no host of this name",
        |w| w.setup.server_host.nameless = true,
        both(Diagnosis::ServerNameUnknown, Diagnosis::ServerNameUnknown),
    ),
    Case(
        "the server's key cannot sign",
        |w| w.setup.server_host.signs = false,
        both(Diagnosis::TheirProgram, Diagnosis::OurProgram),
    ),
    Case(
        "the client's buffer is smaller than a record of the server",
        |w| w.setup.client_sizes = Sizes { rx: 60, ..Sizes::DEFAULT },
        both(Diagnosis::RecordTooLarge, Diagnosis::OurRecordTooLarge),
    ),
    Case(
        "a bit of a record is flipped on the way to the server",
        |w| {
            w.tamper = |to_server, _| {
                if let [23, .., last] = &mut to_server[..] {
                    *last ^= 1;
                }
            };
        },
        both(Diagnosis::Tampered, Diagnosis::Tampered),
    ),
    Case(
        "the answer of the server is lost, and the connection ends",
        |w| w.tamper = |_, to_client| to_client.clear(),
        both(Diagnosis::ClosedAtOnce, Diagnosis::ClosedOnOurs),
    ),
    Case(
        "all encrypted data from the server is lost, and the connection ends",
        |w| {
            w.tamper = |_, to_client| {
                if to_client.first() == Some(&23) {
                    to_client.clear();
                }
            };
        },
        both(Diagnosis::ConnectionCut, Diagnosis::ClosedOnOurs),
    ),
    Case(
        "the server answers with an unexpected message",
        |w| {
            w.tamper = |_, to_client| {
                if to_client.first() == Some(&22) {
                    *to_client = vec![22, 3, 3, 0, 4, 20, 0, 0, 0];
                }
            };
        },
        [Some(Diagnosis::ProtocolBroken), Some(Diagnosis::ProtocolBroken)],
    ),
    Case(
        "an attacker on the path answers with an alert about a revoked certificate, before one was requested",
        |w| {
            w.tamper = |_, to_client| {
                if to_client.first() == Some(&22) {
                    *to_client = vec![21, 3, 3, 0, 2, 2, 44];
                }
            };
        },
        [Some(Diagnosis::RefusedUnseen), Some(Diagnosis::ClosedOnOurs)],
    ),
    Case(
        "an attacker on the path sends an alert about the server's certificate, before the server has chosen one",
        |w| {
            w.tamper = |to_server, _| {
                if to_server.first() == Some(&22) {
                    *to_server = vec![21, 3, 3, 0, 2, 2, 42];
                }
            };
        },
        [Some(Diagnosis::ClosedAtOnce), Some(Diagnosis::RefusedUnseen)],
    ),
    Case(
        "a server answers in plain HTTP",
        |w| {
            w.tamper = |_, to_client| {
                if to_client.first() == Some(&22) {
                    *to_client = b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec();
                }
            };
        },
        both(Diagnosis::NotTls, Diagnosis::ProtocolBroken),
    ),
    Case(
        "a load balancer prepends a PROXY protocol header to the client's data",
        |w| {
            w.tamper = |to_server, _| {
                if to_server.first() == Some(&22) {
                    to_server.splice(..0, *b"PROXY TCP4 192.0.2.1 192.0.2.2 50000 443\r\n");
                }
            };
        },
        both(Diagnosis::ProtocolBroken, Diagnosis::NotTls),
    ),
    Case(
        "the client connects, sends nothing and closes the connection",
        |w| w.tamper = |to_server, _| to_server.clear(),
        both(Diagnosis::ClosedAtOnce, Diagnosis::ClosedAtOnce),
    ),
    Case(
        "the server's certificate is larger than the client's buffer, in small records",
        |w| {
            w.server_leaf(Template::server(SERVER_NAME).extension(&[1, 3, 6, 1, 4, 1, 99999, 1], false, &[0; 400]));
            w.setup.client_sizes = Sizes { rx: 600, peer: 1500, ..Sizes::DEFAULT };
            w.setup.server_sizes = Sizes { tx: 300, ..Sizes::DEFAULT };
        },
        both(Diagnosis::MessageTooLarge, Diagnosis::OurRecordTooLarge),
    ),
    Case(
        "a client sends a request in plain HTTP",
        |w| {
            w.tamper = |to_server, _| {
                if to_server.first() == Some(&22) {
                    *to_server = b"GET / HTTP/1.1\r\n\r\n".to_vec();
                }
            };
        },
        both(Diagnosis::ProtocolBroken, Diagnosis::NotTls),
    ),
];

/// Returns a ServerHello of TLS 1.2: no `supported_versions`.
fn old_server_hello() -> Vec<u8> {
    let body = [&[3, 3][..], &[7; 32], &[0, 0xc0, 0x2b, 0, 0, 0]].concat();
    record(2, &body)
}

/// Returns a ClientHello of TLS 1.2: no extensions.
fn old_client_hello() -> Vec<u8> {
    let body = [&[3, 3][..], &[7; 32], &[0, 0, 2, 0xc0, 0x2b, 1, 0]].concat();
    record(1, &body)
}

fn record(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u8::try_from(body.len()).unwrap();
    [&[22, 3, 3, 0, length + 4, kind, 0, 0, length][..], body].concat()
}
