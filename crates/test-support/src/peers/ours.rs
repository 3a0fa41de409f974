//! Our side of a connection with a program or a library of others, on a socket.

use super::process::LIMIT;
use super::world::{Identity, World};
use embedded_mtls::crypto::rustcrypto::P256SigningKey;
use embedded_mtls::io::SoftwareHost;
use embedded_mtls::io::std::{Socket, system_time};
use embedded_mtls::x509::{Time, TrustAnchor};
use embedded_mtls::{Buffers, Credential, KeyHandle};
use std::net::TcpStream;

/// Lends a value for the rest of the test.
pub fn leak<T: ?Sized>(value: Box<T>) -> &'static mut T {
    Box::leak(value)
}

/// Returns buffers for records of any length.
pub fn buffers() -> Buffers<'static> {
    let memory = |len| leak(vec![0; len].into_boxed_slice());
    Buffers { rx: memory(17 * 1024), tx: memory(4096), peer: memory(4096) }
}

/// Returns the root of all peers.
pub fn anchors(world: &World) -> &'static [TrustAnchor<'static>] {
    let root = TrustAnchor::from_certificate(leak(world.root.der.clone().into_boxed_slice())).unwrap();
    leak(vec![root].into_boxed_slice())
}

/// Returns the credential of an identity of ours, and the host that signs with it.
pub fn own(identity: &Identity) -> (&'static Credential<'static>, SoftwareHost<'static, fn() -> Time>) {
    let chain: Vec<&'static [u8]> = identity.chain.iter().map(|der| &*leak(der.clone().into_boxed_slice())).collect();
    let credential = Credential::new(&*leak(chain.into_boxed_slice()), KeyHandle(0)).unwrap();
    let credentials = leak(vec![credential].into_boxed_slice());
    let keys = leak(vec![P256SigningKey::from_bytes(&identity.scalar).unwrap()].into_boxed_slice());
    (&credentials[0], SoftwareHost::new(credentials, keys, system_time))
}

/// Limits how long a connection waits.
pub fn prepared(socket: TcpStream) -> Socket {
    socket.set_read_timeout(Some(LIMIT)).unwrap();
    socket.set_write_timeout(Some(LIMIT)).unwrap();
    Socket(socket)
}
