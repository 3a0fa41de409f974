//! A symbol for each public type, as long as a value of the type: its size can be read without running it.

use core::convert::Infallible;
use embedded_io::ErrorType;
use embedded_io_async::{Read as _, Write as _};
use embedded_mtls::crypto::rustcrypto::P256SigningKey;
use embedded_mtls::io::SoftwareHost;
use embedded_mtls::io::asynch;
use embedded_mtls::io::blocking;
use embedded_mtls::x509::{PeerIdentity, ServerName, Time, TrustAnchor, Verdict, VerifiedPath};
use embedded_mtls::{
    Buffers, Client, ClientConfig, Credential, Entropy, Error, Event, Handshake, Server, ServerConfig, Session, Step,
};

/// A transport without a size of its own.
pub struct Nowhere;

impl ErrorType for Nowhere {
    type Error = Infallible;
}

impl embedded_io_async::Read for Nowhere {
    async fn read(&mut self, _: &mut [u8]) -> Result<usize, Infallible> {
        Ok(0)
    }
}

impl embedded_io_async::Write for Nowhere {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        Ok(bytes.len())
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

type ClientHandshake = Handshake<'static, Client>;
type ServerHandshake = Handshake<'static, Server>;
type ClientStream = asynch::Stream<'static, Nowhere, Client>;
type Host = SoftwareHost<'static, fn() -> Time>;

fn open_client(handshake: ClientHandshake, host: &'static mut Host) -> impl Future {
    asynch::Stream::open(Nowhere, handshake, host)
}

fn open_server(handshake: ServerHandshake, host: &'static mut Host) -> impl Future {
    asynch::Stream::open(Nowhere, handshake, host)
}

/// The contribution of a device to its task: buffers, entropy, and a host.
type Parts = (Buffers<'static>, Entropy, Host);

/// A task of a device from the handshake to the last byte of the answer, with all that it owns, written as the documentation
/// of `open` advises.
fn client_task(config: &'static ClientConfig<'static>, take: fn() -> Parts) -> impl Future {
    async move {
        let (buffers, entropy, mut host) = take();
        let handshake = ClientHandshake::new(config, buffers, entropy).ok()?;
        let mut stream = asynch::Stream::open(Nowhere, handshake, &mut host).await.ok()?;
        exchange(&mut stream).await
    }
}

async fn exchange(stream: &mut ClientStream) -> Option<()> {
    stream.write_all(b"request").await.ok()?;
    stream.flush().await.ok()?;
    let mut answer = [0; 64];
    while stream.read(&mut answer).await.ok()? > 0 {}
    stream.close().await.ok()
}

fn send(stream: &'static mut ClientStream, data: &'static [u8]) -> impl Future {
    stream.write(data)
}

fn receive(stream: &'static mut ClientStream, out: &'static mut [u8]) -> impl Future {
    stream.read(out)
}

/// Bytes of the future that a function gives.
const fn future<A, B, F>(_: fn(A, B) -> F) -> usize {
    size_of::<F>()
}

/// `"what it is called": bytes`: makes `static` arrays whose symbols begin with `size_of `.
macro_rules! table {
    ($($name:literal: $size:expr),* $(,)?) => { $(
        const _: () = {
            // SAFETY: no other symbol has a space in its name.
            #[used]
            #[unsafe(export_name = concat!("size_of ", $name))]
            static SIZE: [u8; $size] = [0; $size];
        };
    )* };
}

table! {
    "Buffers": size_of::<Buffers>(),
    "ClientConfig": size_of::<ClientConfig>(),
    "Credential": size_of::<Credential>(),
    "Entropy": size_of::<Entropy>(),
    "Error": size_of::<Error>(),
    "Event": size_of::<Event<Client>>(),
    "Handshake<Client>": size_of::<ClientHandshake>(),
    "Handshake<Server>": size_of::<ServerHandshake>(),
    "PeerIdentity": size_of::<PeerIdentity>(),
    "ServerConfig": size_of::<ServerConfig>(),
    "ServerName": size_of::<ServerName>(),
    "Session<Client>": size_of::<Session<Client>>(),
    "Step": size_of::<Step>(),
    "TrustAnchor": size_of::<TrustAnchor>(),
    "Verdict": size_of::<Verdict>(),
    "VerifiedPath": size_of::<VerifiedPath>(),
    "blocking::Stream<Client>": size_of::<blocking::Stream<Nowhere, Client>>(),
    "crypto::rustcrypto::P256SigningKey": size_of::<P256SigningKey>(),
    "future of a client's task, with a transport of size 0": future(client_task),
    "future of asynch::Stream::open, client": future(open_client),
    "future of asynch::Stream::open, server": future(open_server),
    "future of asynch::Stream::read, client": future(receive),
    "future of asynch::Stream::write, client": future(send),
}
