//! A client key in a secure element on I2C: the handshake asks for a signature, and a task of its own drives the part.
//! Run it: `cargo run --example secure_element`.
//!
//! ```text
//! handshake ── sign? ──▶ ElementHost ── digest ──▶ Mailbox ──▶ task ── I2C ──▶ part
//!                           ◀───────── r || s ──────────       ◀──── r || s ──────
//! ```
//! The part, its bus and its time are simulated; `crates/test-support/src/element/driver.rs` is a driver over the traits of
//! embedded-hal, to begin with on a device. `tests/secure_element/` drops futures and breaks the part at every point.

use core::pin::pin;

use embedded_io_async::{Read as _, Write as _};
use embedded_mtls::credential::{Choice, PeerRequest};
use embedded_mtls::crypto::rustcrypto::RustCrypto;
use embedded_mtls::io::AsyncHost;
use embedded_mtls::io::asynch::Stream;
use embedded_mtls::io::std::system_time;
use embedded_mtls::x509::{PeerIdentity, ServerName, Time, TrustAnchor};
use embedded_mtls::{
    AlertDescription, Buffers, Client, ClientAuth, ClientConfig, Credential, Entropy, Handshake, KeyHandle,
    ServerConfig, SignInput, Signature,
};
use mtls_pki::throw_away::{Authority, GATEWAY_NAME, Leaf, SUPPLIER_NAME};
use rcgen::ExtendedKeyUsagePurpose::{ClientAuth as ForClients, ServerAuth as ForServers};
use test_support::element::driver::{Element, ElementError, Mailbox};
use test_support::element::part::{Bus, Clock, Fault};
use test_support::pipe::{End, once, pipe};
use test_support::supplier::take_order;

/// Microseconds that pass while every task runs once.
const STEP: u64 = 250;

/// Leaves digests in the mailbox, and waits for the signatures that the part makes.
struct ElementHost<'b, 'm> {
    credential: &'b Credential<'b>,
    mailbox: &'m Mailbox,
    /// Why the part gave nothing.
    trouble: Option<ElementError>,
}

impl<'b> AsyncHost for ElementHost<'b, '_> {
    type Choice = Choice<'b>;

    async fn time(&mut self) -> Time {
        system_time()
    }

    async fn credential(&mut self, request: &PeerRequest<'_>) -> Choice<'b> {
        request.accepts(self.credential).then_some(self.credential).into()
    }

    async fn authorize(&mut self, _: &PeerIdentity<'_>) -> Result<(), AlertDescription> {
        Ok(())
    }

    async fn sign(&mut self, input: &SignInput) -> Option<Signature> {
        let digest = *input.digest(RustCrypto).ok()?.as_bytes().first_chunk()?;
        let slot = u16::try_from(input.key.0).ok()?;
        match self.mailbox.sign(slot, digest).await {
            // Parts that give DER: `Signature::encoded`.
            Ok(raw) => Some(Signature::P256(raw)),
            Err(trouble) => {
                self.trouble = Some(trouble);
                None
            }
        }
    }
}

fn main() -> Result<(), String> {
    let clock = Clock::default();
    let bus = Bus::new(clock.clone());
    let mut element = Element::new(bus.clone(), clock.clone());
    let point = until(&clock, || {}, element.generate(0)).map_err(text)?;
    println!("the part made a key in {} ms, which never leaves it; an authority certifies it", clock.now() / 1000);
    let authority = Authority::root("Throw-away Root CA").map_err(text)?;
    let chain = authority.certify(&Leaf::new(GATEWAY_NAME, ForClients), &[&[4][..], &point].concat()).map_err(text)?;
    let supplier = authority.leaf(&Leaf::new(SUPPLIER_NAME, ForServers)).map_err(text)?;

    let anchors = [TrustAnchor::from_certificate(authority.certificate()).map_err(text)?];
    let config = ClientConfig::new(ServerName::parse(SUPPLIER_NAME).map_err(text)?, &anchors);
    let server_config = ServerConfig::new(ClientAuth::Required(&anchors));
    let chain: Vec<&[u8]> = chain.iter().map(Vec::as_slice).collect();
    let credential = Credential::new(&chain, KeyHandle(0)).map_err(text)?;

    for fault in [None, Some(Fault::Deaf)] {
        if let Some(fault) = fault {
            bus.part.borrow_mut().spoil(fault);
        }
        let mailbox = Mailbox::default();
        let mut host = ElementHost { credential: &credential, mailbox: &mailbox, trouble: None };
        let (mut rx, mut tx, mut peer) = ([0; 4096], [0; 1024], [0; 2048]);
        let buffers = Buffers { rx: &mut rx, tx: &mut tx, peer: &mut peer };
        let handshake = Handshake::new(&config, buffers, Entropy::from_system().map_err(text)?).map_err(text)?;
        let (near, far) = pipe();
        let mut part = pin!(mailbox.work(&mut element));
        let mut served = pin!(take_order(far, &server_config, &supplier.chain, supplier.key.to_der()));
        let (begin, mut taken) = (clock.now(), None);
        let others = || {
            let _never: Option<()> = once(part.as_mut());
            taken = taken.take().or_else(|| once(served.as_mut()));
        };
        let answer = until(&clock, others, order(near, handshake, &mut host));
        println!("\nan order of {} ms", (clock.now() - begin) / 1000);
        if let Some(trouble) = host.trouble {
            println!("  the part: {trouble}");
        }
        println!("  the gateway: {}", answer.unwrap_or_else(|error| error));
        println!("  the supplier: {}", taken.ok_or("it hangs")?.unwrap_or_else(text));
    }
    Ok(())
}

/// Runs a task of the device until it is done, and `others` in turn with it.
fn until<T>(clock: &Clock, mut others: impl FnMut(), task: impl Future<Output = T>) -> T {
    let mut task = pin!(task);
    loop {
        clock.advance(STEP);
        let done = once(task.as_mut());
        others();
        if let Some(output) = done {
            return output;
        }
    }
}

/// The gateway: sends an order, and reads the response of the supplier.
async fn order<'b>(
    pipe: End,
    handshake: Handshake<'b, Client>,
    host: &mut ElementHost<'b, '_>,
) -> Result<String, String> {
    let mut stream = Stream::open(pipe, handshake, host).await.map_err(text)?;
    stream.write_all(b"order").await.map_err(text)?;
    stream.flush().await.map_err(text)?;
    let mut line = [0; 64];
    let count = stream.read(&mut line).await.map_err(text)?;
    Ok(String::from_utf8_lossy(&line[..count]).into_owned())
}

fn text(error: impl core::fmt::Display) -> String {
    error.to_string()
}
