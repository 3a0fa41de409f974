//! A gateway whose key lives in a simulated secure element, and a supplier, both in memory; every task of the device is
//! a future that is asked in turn.

use core::future::{Future as _, poll_fn};
use core::pin::pin;
use std::convert::Infallible;

use embedded_io_async::{Read as _, Write as _};
use embedded_mtls::credential::{Choice, PeerRequest};
use embedded_mtls::crypto::rustcrypto::{P256SigningKey, RustCrypto};
use embedded_mtls::io::asynch::Stream;
use embedded_mtls::io::std::system_time;
use embedded_mtls::io::{AsyncHost, Failure, SoftwareHost};
use embedded_mtls::x509::{PeerIdentity, ServerName, Time, TrustAnchor};
use embedded_mtls::{
    AlertDescription, Buffers, Client, ClientAuth, ClientConfig, Credential, Entropy, Handshake, KeyHandle,
    ServerConfig, SignInput, Signature,
};
use rcgen::ExtendedKeyUsagePurpose::{ClientAuth as ForClients, ServerAuth as ForServers};

use mtls_pki::pem::Identity;
use mtls_pki::throw_away::{Authority, Leaf};
use test_support::element::driver::{Element, ElementError, Mailbox};
use test_support::element::part::{Bus, Clock};
use test_support::pipe::{End, once, pipe};
use test_support::supplier::take_order;

/// The slot of the part with the key.
const SLOT: KeyHandle = KeyHandle(0);
/// Microseconds that pass while every task runs once.
const STEP: u64 = 250;
/// Turns after which something hangs.
const TURNS: usize = 100_000;

/// In which form the part, or its library, gives a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// `r` and `s`, 32 bytes each, as the part does.
    Raw,
    /// DER, as other parts and most libraries do.
    Der,
}

/// A host that leaves what is to be signed in the mailbox.
struct ElementHost<'b, 'm> {
    credential: &'b Credential<'b>,
    mailbox: &'m Mailbox,
    form: Form,
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
            Ok(raw) if self.form == Form::Raw => Some(Signature::P256(raw)),
            Ok(raw) => Signature::encoded(p256::ecdsa::Signature::from_slice(&raw).ok()?.to_der().as_bytes()),
            Err(trouble) => {
                self.trouble = Some(trouble);
                None
            }
        }
    }
}

/// The outcome of a connection.
pub(crate) struct Story {
    /// The response that the gateway read, or its error.
    pub(crate) gateway: Result<String, Failure<Infallible>>,
    /// Whom the supplier has served, or its error.
    pub(crate) supplier: Result<String, Failure<Infallible>>,
    /// Why the part gave nothing.
    pub(crate) trouble: Option<ElementError>,
    /// Microseconds during which the part had work.
    pub(crate) busy: u64,
    /// Turns of a handshake of another connection, all while the part had work; and whether that was done before it.
    pub(crate) meanwhile: (usize, bool),
}

/// The device, the secure element with its key, and its peer.
pub(crate) struct Bench {
    pub(crate) clock: Clock,
    pub(crate) bus: Bus,
    root: Vec<u8>,
    /// The chain of the gateway; its key is in the part.
    pub(crate) chain: Vec<Vec<u8>>,
    supplier: Identity,
    neighbour: Identity,
}

/// A configuration that cannot be.
pub(crate) fn text(error: impl core::fmt::Display) -> String {
    error.to_string()
}

impl Bench {
    /// Lets the part make its key, and an authority a certificate for it.
    pub(crate) fn new() -> Result<Self, String> {
        let clock = Clock::default();
        let bus = Bus::new(clock.clone());
        let authority = Authority::root("Throw-away Root CA").map_err(text)?;
        let supplier = authority.leaf(&Leaf::new("supplier.example", ForServers)).map_err(text)?;
        let neighbour = authority.leaf(&Leaf::new("neighbour.example", ForClients)).map_err(text)?;
        let mut element = Element::new(bus.clone(), clock.clone());
        let mut made = pin!(element.generate(0));
        let point = (0..TURNS).find_map(|_| {
            clock.advance(STEP);
            once(made.as_mut())
        });
        let point = point.ok_or("the part takes for ever")?.map_err(text)?;
        let leaf = Leaf::new("gateway-0042.plant.example", ForClients);
        let chain = authority.certify(&leaf, &[&[4][..], &point].concat()).map_err(text)?;
        let root = authority.certificate().to_vec();
        Ok(Self { clock, bus, root, chain, supplier, neighbour })
    }

    /// An order of the gateway to the supplier. With `drop_at`, the future of the gateway's handshake is dropped after so
    /// many turns, once, and made anew.
    pub(crate) fn connect(&self, form: Form, drop_at: Option<usize>) -> Result<Story, String> {
        let anchors = [TrustAnchor::from_certificate(&self.root).map_err(text)?];
        let name = ServerName::parse("supplier.example").map_err(text)?;
        let config = (ClientConfig::new(name, &anchors), ServerConfig::new(ClientAuth::Required(&anchors)));
        let chain: Vec<&[u8]> = self.chain.iter().map(Vec::as_slice).collect();
        let credential = Credential::new(&chain, SLOT).map_err(text)?;
        let mailbox = Mailbox::default();
        let mut host = ElementHost { credential: &credential, mailbox: &mailbox, form, trouble: None };
        let mut memory = Memory::new();
        let mut handshake = Handshake::new(&config.0, memory.lend(), entropy()?).map_err(text)?;
        let (mut near, far) = pipe();

        let mut element = Element::new(self.bus.clone(), self.clock.clone());
        let mut part = pin!(mailbox.work(&mut element));
        let mut supplier = pin!(self.serve(far, &config.1));
        let mut other = pin!(self.neighbour(&config));
        let (mut sold, mut met, mut busy, mut turns) = (None, None, 0, 0);
        let mut rest = |clock: &Clock| {
            clock.advance(STEP);
            if mailbox.is_busy() {
                busy += STEP;
                if met.is_none() {
                    turns += 1;
                    met = once(other.as_mut());
                }
            }
            let _never: Option<()> = once(part.as_mut());
            sold = sold.take().or_else(|| once(supplier.as_mut()));
            sold.is_some()
        };

        let opened = {
            let mut opened = None;
            for limit in [drop_at.unwrap_or(0), TURNS] {
                let mut future = pin!(embedded_mtls::io::asynch::drive(&mut near, &mut handshake, &mut host));
                for _ in 0..limit {
                    opened = opened.or_else(|| once(future.as_mut()));
                    if opened.is_some() {
                        break;
                    }
                    rest(&self.clock);
                }
                if opened.is_some() {
                    break;
                }
            }
            opened.ok_or("the handshake takes for ever")?
        };
        let mut gateway = pin!(order(near, handshake, opened));
        let mut bought = None;
        for _ in 0..TURNS {
            bought = bought.or_else(|| once(gateway.as_mut()));
            if rest(&self.clock) && bought.is_some() {
                break;
            }
        }
        let trouble = host.trouble;
        let gateway = bought.ok_or("the gateway takes for ever")?;
        let supplier = sold.ok_or("the supplier takes for ever")?;
        Ok(Story { gateway, supplier, trouble, busy, meanwhile: (turns, met.is_some()) })
    }

    /// Runs the supplier: accepts one order, and returns its sender.
    async fn serve(&self, pipe: End, config: &ServerConfig<'_>) -> Result<String, Failure<Infallible>> {
        take_order(pipe, config, &self.supplier.chain, self.supplier.key.to_der()).await
    }

    /// Another connection of the same device, with a key in memory.
    async fn neighbour(&self, config: &(ClientConfig<'_>, ServerConfig<'_>)) -> Result<(), String> {
        let chain: Vec<&[u8]> = self.neighbour.chain.iter().map(Vec::as_slice).collect();
        let credentials = [Credential::new(&chain, KeyHandle(0)).map_err(text)?];
        let keys = [key(&self.neighbour)?];
        let mut memory = Memory::new();
        let handshake = Handshake::<Client>::new(&config.0, memory.lend(), entropy()?).map_err(text)?;
        let mut host = SoftwareHost::new(&credentials, &keys, system_time);
        let (near, far) = pipe();
        let mut supplier = pin!(self.serve(far, &config.1));
        let mut gateway = pin!(Stream::open(near, handshake, &mut host));
        poll_fn(|context| {
            let _served = supplier.as_mut().poll(context);
            gateway.as_mut().poll(context)
        })
        .await
        .map(|_| ())
        .map_err(|error| format!("{:?}", error.cause))
    }
}

/// Sends the order and reads the answer; after an error, the alert.
async fn order(
    mut pipe: End,
    handshake: Handshake<'_, Client>,
    opened: Result<(), Failure<Infallible>>,
) -> Result<String, Failure<Infallible>> {
    if let Err(error) = opened {
        let _ = pipe.write_all(handshake.tx_pending()).await;
        return Err(error);
    }
    let mut stream = Stream::from_parts(pipe, handshake.into_session()?);
    stream.write_all(b"order").await?;
    stream.flush().await?;
    let mut answer = Vec::new();
    loop {
        let mut piece = [0; 64];
        match stream.read(&mut piece).await? {
            0 => return Ok(String::from_utf8_lossy(&answer).into_owned()),
            count => answer.extend_from_slice(piece.get(..count).unwrap_or_default()),
        }
    }
}

/// The memory that a device lends.
struct Memory([Vec<u8>; 3]);

impl Memory {
    fn new() -> Self {
        Self([vec![0; 4096], vec![0; 1024], vec![0; 2048]])
    }

    fn lend(&mut self) -> Buffers<'_> {
        let [rx, tx, peer] = &mut self.0;
        Buffers { rx, tx, peer }
    }
}

fn entropy() -> Result<Entropy, String> {
    Entropy::from_system().map_err(text)
}

/// The key of an identity that is kept in memory.
fn key(identity: &Identity) -> Result<P256SigningKey, String> {
    P256SigningKey::from_der(identity.key.to_der()).map_err(|error| format!("{error:?}"))
}
