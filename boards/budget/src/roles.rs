//! A minimal program on the core, in either role.

use crate::pki::{CLIENT, CLIENT_KEY, INTERMEDIATE, ROOT, SERVER, SERVER_KEY, SERVER_NAME};
use core::ptr::addr_of_mut;
use embedded_io::{Read, Write};
use embedded_mtls::crypto::CryptoProvider;
use embedded_mtls::io::blocking::Stream;
use embedded_mtls::io::{SigningKey, SoftwareHost, StreamPlace};
use embedded_mtls::x509::{ServerName, Time, TrustAnchor};
use embedded_mtls::{
    Buffers, CipherSuite, Client, ClientAuth, ClientConfig, Credential, Entropy, KeyHandle, NamedGroup, Server,
    ServerConfig, Side,
};

/// Bytes of the buffer for received records: one record of 2 KiB with its overhead.
pub const RX: usize = 2048 + 22;
/// Bytes of the buffer for records to send: one record of 1 KiB with its overhead, and an alert; or a `ClientHello` with a share of
/// X25519MLKEM768.
pub const TX: usize = if cfg!(feature = "mlkem") { 1536 } else { 1024 + 46 };
/// Bytes for what is kept of the peer's certificates.
pub const PEER: usize = 1024;
/// Bytes of an answer.
pub const ANSWER: usize = 1024;
/// The number of requests and answers.
pub const ROUNDS: usize = 2;

/// The content of requests and answers.
pub static REQUEST: [u8; 1024] = [b'x'; 1024];

/// The parts of a program besides the core.
pub trait Board: Read + Write {
    /// Its cryptography.
    type Provider: CryptoProvider + Default;
    /// Its private key.
    type Key: SigningKey;

    /// A private key from its scalar.
    fn key(&self, scalar: &[u8; 32]) -> Option<Self::Key>;
    /// Random bytes.
    fn entropy(&self) -> [u8; 128];
    /// Returns the time.
    fn time() -> Time;
    /// The cipher suites to negotiate; the provider's if empty.
    fn suites(&self) -> &'static [CipherSuite] {
        &[]
    }
    /// The groups to negotiate; the provider's if empty.
    fn groups(&self) -> &'static [NamedGroup] {
        &[]
    }
    /// Marks the start of a part of the work: the handshake, then sending and receiving in turn, finally the end.
    fn mark() {}
    /// Receives an answer.
    fn answered(_answer: &[u8]) {}
}

/// Posts requests to a server that asks for our certificate, and reads the answers.
///
/// A failure is only `None`: programs print what they like.
pub fn client<B: Board>(mut board: B, buffers: Buffers<'_>, answer: &mut [u8; ANSWER]) -> Option<()> {
    let anchors = [TrustAnchor::from_certificate(ROOT).ok()?];
    let config = ClientConfig::new(ServerName::parse(SERVER_NAME).ok()?, &anchors)
        .with_cipher_suites(board.suites())
        .with_groups(board.groups());
    let chain = [CLIENT, INTERMEDIATE];
    let credentials = [Credential::new(&chain, KeyHandle(0)).ok()?];
    let keys = [board.key(&CLIENT_KEY)?];
    #[cfg(not(feature = "device"))]
    let mut host = SoftwareHost::new(&credentials, &keys, B::time);
    #[cfg(feature = "device")]
    let mut host = SoftwareHost::with_credential(credentials.first()?, &keys, B::time);
    let entropy = Entropy::new(&board.entropy());

    B::mark();
    let mut place = StreamPlace::<_, Client<B::Provider>>::new();
    let stream = Stream::establish(&mut place, &mut board, &config, buffers, entropy, &mut host).ok()?;
    B::mark();
    for _ in 0..ROUNDS {
        send(stream)?;
        receive(stream, answer)?;
    }
    stream.close().ok()
}

/// Asks a client for its certificate and answers what it posts.
pub fn server<B: Board>(board: B, buffers: Buffers<'_>, answer: &mut [u8; ANSWER]) -> Option<()> {
    let anchors = [TrustAnchor::from_certificate(ROOT).ok()?];
    serve(board, buffers, answer, ServerConfig::new(ClientAuth::Required(&anchors)))
}

/// A server for clients that send their leaf alone.
#[cfg(feature = "record")]
pub fn server_of_leaves<B: Board>(board: B, buffers: Buffers<'_>, answer: &mut [u8; ANSWER]) -> Option<()> {
    let anchors = [TrustAnchor::from_certificate(INTERMEDIATE).ok()?];
    serve(board, buffers, answer, ServerConfig::new(ClientAuth::Required(&anchors)))
}

/// Answers the requests of one client.
pub(crate) fn serve<B: Board>(
    mut board: B,
    buffers: Buffers<'_>,
    answer: &mut [u8; ANSWER],
    config: ServerConfig<'_>,
) -> Option<()> {
    let config = config.with_cipher_suites(board.suites()).with_groups(board.groups());
    let chain = [SERVER, INTERMEDIATE];
    let credentials = [Credential::new(&chain, KeyHandle(0)).ok()?];
    let keys = [board.key(&SERVER_KEY)?];
    let mut host = SoftwareHost::new(&credentials, &keys, B::time);
    let entropy = Entropy::new(&board.entropy());

    B::mark();
    let mut place = StreamPlace::<_, Server<B::Provider>>::new();
    let stream = Stream::establish(&mut place, &mut board, &config, buffers, entropy, &mut host).ok()?;
    B::mark();
    for _ in 0..ROUNDS {
        receive(stream, answer)?;
        send(stream)?;
    }
    stream.close().ok()
}

/// The memory of the one connection of an image.
///
/// # Safety
/// Called once.
pub unsafe fn buffers() -> Buffers<'static> {
    static mut RX_MEMORY: ForRecords<RX> = ForRecords::NEW;
    static mut TX_MEMORY: ForRecords<TX> = ForRecords::NEW;
    static mut PEER_MEMORY: [u8; PEER] = [0; PEER];
    // SAFETY: the caller calls this once, so each place is lent once.
    unsafe {
        Buffers {
            rx: &mut *addr_of_mut!(RX_MEMORY.records),
            tx: &mut *addr_of_mut!(TX_MEMORY.records),
            peer: &mut *addr_of_mut!(PEER_MEMORY),
        }
    }
}

/// Memory for records in which the content of the first one, behind its header of 5 bytes, begins at a multiple of 4,
/// where whole words are copied.
#[repr(C, align(4))]
pub struct ForRecords<const N: usize> {
    gap: [u8; 3],
    /// The memory.
    pub records: [u8; N],
}

impl<const N: usize> ForRecords<N> {
    /// All zeros.
    pub const NEW: Self = Self { gap: [0; 3], records: [0; N] };
}

pub(crate) fn send<B: Board>(stream: &mut Stream<'_, &mut B, impl Side>) -> Option<()> {
    stream.write_all(&REQUEST).ok()?;
    stream.flush().ok()?;
    B::mark();
    Some(())
}

pub(crate) fn receive<B: Board>(stream: &mut Stream<'_, &mut B, impl Side>, answer: &mut [u8; ANSWER]) -> Option<()> {
    stream.read_exact(answer).ok()?;
    B::mark();
    B::answered(answer);
    Some(())
}
