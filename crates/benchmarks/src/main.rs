//! Mutual handshakes and records in memory, client and server in one thread: chains of two certificates with P-256 keys,
//! TLS_AES_128_GCM_SHA256, no tickets.
//!
//! ```text
//! benchmarks IMPLEMENTATION GROUP handshakes COUNT   # prints the handshakes per second of each side
//! benchmarks IMPLEMENTATION GROUP records MEBIBYTES  # prints GiB per second of the sender and of the receiver
//! ```
//!
//! All work of a side is done in [`client_side`] or [`server_side`], which callgrind finds by name.

mod openssl;
mod ours;
mod rustls;

use std::hint::black_box;
use std::time::{Duration, Instant};

use embedded_mtls::crypto::rustcrypto::{P256SigningKey, RustCrypto};
use embedded_mtls_host::{HostCrypto, HostSigningKey};
use test_support::pair::Sizes;
use test_support::pki::{Issued, Pki};

/// An end of a connection in memory.
pub trait End {
    /// Takes what was received, and adds what is to be sent. Returns whether the handshake is done.
    fn step(&mut self, received: &mut Vec<u8>, to_send: &mut Vec<u8>) -> bool;
    /// Adds records with this content.
    fn send(&mut self, content: &[u8], to_send: &mut Vec<u8>);
    /// Takes records, and returns the length of their content.
    fn receive(&mut self, received: &mut Vec<u8>) -> usize;
}

/// An implementation, configured.
pub trait Implementation {
    fn client(&self) -> Box<dyn End>;
    fn server(&self) -> Box<dyn End>;
}

/// A private key in the encoding of SEC 1 section C.4, on P-256.
pub fn sec1(issued: &Issued) -> Vec<u8> {
    let scalar = issued.key.scalar();
    let public = P256SigningKey::from_bytes(&scalar).expect("a key").public_key();
    let start = [0x30, 0x77, 2, 1, 1, 4, 0x20];
    let curve = [0xa0, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
    [&start, &scalar[..], &curve, &[0xa1, 0x44, 3, 0x42, 0], &public].concat()
}

/// Everything that a client does.
#[inline(never)]
fn client_side(work: &mut dyn FnMut()) {
    work();
    // No jump to the work, which callgrind would not take for a call; and not the same code as the other side.
    black_box("client");
}

/// Everything that a server does.
#[inline(never)]
fn server_side(work: &mut dyn FnMut()) {
    work();
    black_box("server");
}

/// The time spent on each side.
#[derive(Default)]
struct Spent {
    client: Duration,
    server: Duration,
}

impl Spent {
    fn client(&mut self, work: &mut dyn FnMut()) {
        let start = Instant::now();
        client_side(work);
        self.client += start.elapsed();
    }

    fn server(&mut self, work: &mut dyn FnMut()) {
        let start = Instant::now();
        server_side(work);
        self.server += start.elapsed();
    }
}

/// Connects: both ends, ready for data.
fn handshake(implementation: &dyn Implementation, spent: &mut Spent) -> (Box<dyn End>, Box<dyn End>) {
    let (mut client, mut server) = (None, None);
    spent.client(&mut || client = Some(implementation.client()));
    spent.server(&mut || server = Some(implementation.server()));
    let (mut client, mut server) = (client.expect("a client"), server.expect("a server"));
    let (mut up, mut down) = (Vec::new(), Vec::new());
    let (mut client_done, mut server_done) = (false, false);
    for _ in 0..10 {
        spent.client(&mut || client_done = client.step(&mut down, &mut up));
        spent.server(&mut || server_done = server.step(&mut up, &mut down));
        if client_done && server_done && up.is_empty() && down.is_empty() {
            return (client, server);
        }
    }
    panic!("no handshake: client {client_done}, server {server_done}");
}

/// Bytes of content of each record.
const RECORD: usize = 16_384;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, group, what, count] = arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] else {
        panic!("IMPLEMENTATION GROUP handshakes|records COUNT");
    };
    let count: u32 = count.parse().expect("a number");
    let pki = Pki::new();
    let sizes = if what == "records" { ours::FOR_RECORDS } else { Sizes::DEFAULT };
    let implementation: Box<dyn Implementation> = match name {
        "host" => Box::new(ours::Ours::new(HostCrypto::default(), sizes, &pki, group, |issued| {
            HostSigningKey::from_der(&sec1(issued)).expect("a key")
        })),
        "rustcrypto" => Box::new(ours::Ours::new(RustCrypto, sizes, &pki, group, |issued| {
            P256SigningKey::from_der(&sec1(issued)).expect("a key")
        })),
        "rustls-ring" => Box::new(rustls::Rustls::new(::rustls::crypto::ring::default_provider(), &pki, group)),
        "rustls-aws-lc-rs" => {
            Box::new(rustls::Rustls::new(::rustls::crypto::aws_lc_rs::default_provider(), &pki, group))
        }
        "openssl" => Box::new(openssl::OpenSsl::new(&pki, group)),
        other => panic!("there is no implementation `{other}`"),
    };
    let mut spent = Spent::default();
    match what {
        "handshakes" => {
            for _ in 0..count {
                handshake(&*implementation, &mut spent);
            }
            let per_second = |spent: Duration| f64::from(count) / spent.as_secs_f64();
            println!("{:.0} {:.0}", per_second(spent.client), per_second(spent.server));
        }
        "records" => {
            let (mut client, mut server) = handshake(&*implementation, &mut spent);
            let mut spent = Spent::default();
            let content = vec![7; RECORD];
            let (mut up, mut arrived) = (Vec::with_capacity(2 * RECORD), 0);
            for _ in 0..count * 64 {
                spent.client(&mut || client.send(&content, &mut up));
                spent.server(&mut || arrived += server.receive(&mut up));
            }
            assert_eq!(arrived, RECORD * usize::try_from(count * 64).expect("it fits"), "all content arrived");
            let per_second = |spent: Duration| f64::from(count) / 1_024.0 / spent.as_secs_f64();
            println!("{:.2} {:.2}", per_second(spent.client), per_second(spent.server));
        }
        other => panic!("{other} is neither handshakes nor records"),
    }
}
