//! What a minimal program does with the core, in either role.

use crate::frame::{self, CLIENT, INTERMEDIATE, KEY, PEER, REQUEST, ROOT, RX, SERVER, TX, Uart};
use core::ptr::addr_of_mut;
use embedded_io::{Read, Write};
use embedded_mtls::crypto::rustcrypto::{P256SigningKey, RustCrypto};
use embedded_mtls::io::SoftwareHost;
use embedded_mtls::io::blocking::Stream;
use embedded_mtls::x509::{ServerName, Time, TrustAnchor, UnixTime};
use embedded_mtls::{
    Buffers, Client, ClientAuth, ClientConfig, Credential, Entropy, Handshake, KeyHandle, Server, ServerConfig,
};

/// Posts the request to a server that asks for our certificate, and reads the answer.
///
/// `None` is all that is said of a failure: what a program prints is its own affair.
pub fn client(buffers: Buffers<'_>) -> Option<()> {
    let anchors = [TrustAnchor::from_certificate(ROOT).ok()?];
    let config = ClientConfig::new(ServerName::parse("supplier.example").ok()?, &anchors);
    let chain = [CLIENT, INTERMEDIATE];
    let credentials = [Credential::new(&chain, KeyHandle(0)).ok()?];
    let keys = [P256SigningKey::from_bytes(&KEY).ok()?];
    let mut host = SoftwareHost::new(&credentials, &keys, clock);

    let handshake = Handshake::<Client, RustCrypto>::new(&config, buffers, Entropy::new(&frame::entropy())).ok()?;
    let mut stream = Stream::open(Uart, handshake, &mut host).ok()?;
    stream.write_all(&REQUEST).ok()?;
    echo(&mut stream)?;
    stream.close().ok()
}

/// Asks a client for its certificate and answers what it posts.
pub fn server(buffers: Buffers<'_>) -> Option<()> {
    let anchors = [TrustAnchor::from_certificate(ROOT).ok()?];
    let config = ServerConfig::new(ClientAuth::Required(&anchors));
    let chain = [SERVER, INTERMEDIATE];
    let credentials = [Credential::new(&chain, KeyHandle(0)).ok()?];
    let keys = [P256SigningKey::from_bytes(&KEY).ok()?];
    let mut host = SoftwareHost::new(&credentials, &keys, clock);

    let handshake = Handshake::<Server, RustCrypto>::new(&config, buffers, Entropy::new(&frame::entropy())).ok()?;
    let mut stream = Stream::open(Uart, handshake, &mut host).ok()?;
    echo(&mut stream)?;
    stream.write_all(&REQUEST).ok()?;
    stream.close().ok()
}

/// The memory of the one connection of an image.
///
/// # Safety
/// Called once.
pub unsafe fn buffers() -> Buffers<'static> {
    static mut RX_MEMORY: [u8; RX] = [0; RX];
    static mut TX_MEMORY: [u8; TX] = [0; TX];
    static mut PEER_MEMORY: [u8; PEER] = [0; PEER];
    // SAFETY: the caller calls this once, so each place is lent once.
    unsafe {
        Buffers {
            rx: frame::lend(addr_of_mut!(RX_MEMORY)),
            tx: frame::lend(addr_of_mut!(TX_MEMORY)),
            peer: frame::lend(addr_of_mut!(PEER_MEMORY)),
        }
    }
}

fn clock() -> Time {
    Time::Trusted(UnixTime::from_seconds(frame::seconds()))
}

/// Lets what was received leave the device, so that it has to be decrypted.
fn echo(stream: &mut Stream<'_, Uart, RustCrypto>) -> Option<()> {
    let mut answer = [0; 16];
    let count = stream.read(&mut answer).ok()?;
    Uart.write_all(answer.get(..count)?).ok()
}
