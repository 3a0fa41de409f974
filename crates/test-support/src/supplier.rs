//! A supplier in memory that takes one order.

use core::convert::Infallible;

use embedded_io_async::{Read as _, Write as _};
use embedded_mtls::crypto::rustcrypto::P256SigningKey;
use embedded_mtls::io::asynch::Stream;
use embedded_mtls::io::std::system_time;
use embedded_mtls::io::{Failure, SoftwareHost};
use embedded_mtls::{Buffers, Credential, Entropy, Handshake, KeyHandle, Server, ServerConfig};

use crate::pipe::End;

/// Reads five bytes, and answers with them and the common name of the client; returns that answer.
pub async fn take_order(
    pipe: End,
    config: &ServerConfig<'_>,
    chain: &[Vec<u8>],
    key: &[u8],
) -> Result<String, Failure<Infallible>> {
    let chain: Vec<&[u8]> = chain.iter().map(Vec::as_slice).collect();
    let credentials = [Credential::new(&chain, KeyHandle(0))?];
    let keys = [P256SigningKey::from_der(key).expect("a key")];
    let (mut rx, mut tx, mut peer) = (vec![0; 4096], vec![0; 1024], vec![0; 2048]);
    let buffers = Buffers { rx: &mut rx, tx: &mut tx, peer: &mut peer };
    let entropy = Entropy::from_system().expect("random numbers");
    let handshake = Handshake::<Server>::new(config, buffers, entropy)?;
    let mut host = SoftwareHost::new(&credentials, &keys, system_time);
    let mut stream = Stream::open(pipe, handshake, &mut host).await.map_err(|error| error.cause)?;
    let mut line = [0; 5];
    let count = stream.read(&mut line).await?;
    let who = stream.session.peer().and_then(|peer| peer.common_name()).unwrap_or_default();
    let taken = format!("{} of {who}", String::from_utf8_lossy(&line[..count]));
    stream.write_all(taken.as_bytes()).await?;
    stream.close().await?;
    Ok(taken)
}
