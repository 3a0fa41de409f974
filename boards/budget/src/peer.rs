//! The same client with embedded-tls, for comparison.
//!
//! It sends the leaf alone, because its `Certificate` holds one certificate: the server is given the intermediate as an
//! anchor. Its own key is read before the handshake, as ours is.

use crate::pki::{CLIENT, CLIENT_KEY, ROOT, SERVER_NAME};
use crate::roles::{ANSWER, Board, ForRecords, REQUEST, ROUNDS};
use core::marker::PhantomData;
use core::ptr::addr_of_mut;
use embedded_io::{Read, Write};
use embedded_mtls::x509::Time;
use embedded_tls::blocking::{
    Aes128GcmSha256, Certificate, CryptoProvider, TlsClock, TlsConfig, TlsConnection, TlsContext, TlsVerifier,
};
use embedded_tls::pki::CertVerifier;
use embedded_tls::{CryptoRngCore, SignatureScheme, TlsError};
use p256_of_peer::ecdsa::signature::SignerMut;
use p256_of_peer::ecdsa::{DerSignature, SigningKey};
use rand_core::{CryptoRng, Error, RngCore};

/// Bytes of the buffer for received records: a record of 2 KiB with what it adds to one.
const RX: usize = 2048 + 256;
/// Bytes of the buffer for records to send: a record of 1 KiB with what it asks for beside it.
const TX: usize = 1024 + 256;
/// Bytes for what it keeps of the server's certificates.
const CERTIFICATES: usize = 1536;

/// Posts requests to a server that asks for our certificate, and reads the answers, as `roles::client` does.
pub fn client<B: Board>(mut board: B, buffers: Buffers, answer: &mut [u8; ANSWER]) -> Option<()> {
    let config = TlsConfig::new().with_server_name(SERVER_NAME);
    let provider = Provider::<B> {
        random: Random { bytes: board.entropy(), next: 0 },
        key: SigningKey::from_bytes(&CLIENT_KEY.into()).ok()?,
        verifier: CertVerifier::new(Certificate::X509(ROOT)),
    };

    B::mark();
    let mut connection = TlsConnection::new(&mut board, buffers.rx, buffers.tx);
    connection.open(TlsContext::new(&config, provider)).ok()?;
    B::mark();
    for _ in 0..ROUNDS {
        connection.write_all(&REQUEST).ok()?;
        connection.flush().ok()?;
        B::mark();
        connection.read_exact(answer).ok()?;
        B::mark();
        B::answered(answer);
    }
    connection.close().ok().map(|_| ())
}

/// The memory that it is lent.
pub struct Buffers {
    rx: &'static mut [u8],
    tx: &'static mut [u8],
}

/// The memory of the one connection of an image.
///
/// # Safety
/// Called once.
pub unsafe fn buffers() -> Buffers {
    static mut RX_MEMORY: ForRecords<RX> = ForRecords::NEW;
    static mut TX_MEMORY: ForRecords<TX> = ForRecords::NEW;
    // SAFETY: the caller calls this once, so each place is lent once.
    unsafe { Buffers { rx: &mut *addr_of_mut!(RX_MEMORY.records), tx: &mut *addr_of_mut!(TX_MEMORY.records) } }
}

/// The provider that it requires of a program.
struct Provider<B: Board> {
    random: Random,
    key: SigningKey,
    verifier: CertVerifier<'static, Aes128GcmSha256, Clock<B>, CERTIFICATES>,
}

impl<B: Board> CryptoProvider for Provider<B> {
    type CipherSuite = Aes128GcmSha256;
    type Signature = DerSignature;

    fn rng(&mut self) -> impl CryptoRngCore {
        &mut self.random
    }

    fn verifier(&mut self) -> Result<&mut impl TlsVerifier<Aes128GcmSha256>, TlsError> {
        Ok(&mut self.verifier)
    }

    fn signer(&mut self) -> Result<(impl SignerMut<DerSignature>, SignatureScheme), TlsError> {
        Ok((self.key.clone(), SignatureScheme::EcdsaSecp256r1Sha256))
    }

    fn client_cert(&mut self) -> Option<Certificate<impl AsRef<[u8]>>> {
        Some(Certificate::X509(CLIENT))
    }
}

/// The time of the board.
struct Clock<B>(PhantomData<B>);

impl<B: Board> TlsClock for Clock<B> {
    fn now() -> Option<u64> {
        let Time::Trusted(time) = B::time() else { return None };
        time.0.try_into().ok()
    }
}

/// The entropy of the board, again and again: no image sends anything to anybody.
struct Random {
    bytes: [u8; 128],
    next: usize,
}

impl RngCore for Random {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.fill_bytes(&mut bytes);
        u32::from_ne_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.fill_bytes(&mut bytes);
        u64::from_ne_bytes(bytes)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = self.bytes[self.next % self.bytes.len()];
            self.next += 1;
        }
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl CryptoRng for Random {}
