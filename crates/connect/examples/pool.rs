//! Posts several orders, more than there are buffers for at a time: connections take turns with a pool of lent buffers.
//!
//! ```text
//! pool 127.0.0.1:443 supplier.example.com root.pem client.pem client.key
//! ```
//! Three tasks post two orders each with two sets of buffers: who finds none waits. Prints the status of each order, and
//! the largest number of connections at once.

use core::cell::Cell;
use core::net::SocketAddr;
use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use embassy_sync::semaphore::{FairSemaphore, Semaphore};
use embedded_io_async::{Read, Write};
use embedded_mtls::crypto::rustcrypto::P256SigningKey;
use embedded_mtls::io::std::system_time;
use embedded_mtls::x509::{ServerName, TrustAnchor};
use embedded_mtls::{Buffers, ClientConfig, Credential, Entropy, KeyHandle};
use embedded_mtls_connect::tokio::Network;
use embedded_mtls_connect::{Connector, Lent, SoftwareDevice};
use mtls_pki::pem;
use std::error::Error;

/// Sets of buffers.
const SETS: usize = 2;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [address, name, root, chain, key] = &words[..] else {
        return Err("usage: pool ADDRESS:PORT NAME ROOT CHAIN KEY".into());
    };
    let address: SocketAddr = address.parse()?;

    // Our identity and trust anchors, which a device has in flash.
    let root = pem::certificates(root)?;
    let anchors = [TrustAnchor::from_certificate(root.first().ok_or("no certificate")?)?];
    let identity = pem::identity(chain, key, &pem::Password::none())?;
    let chain: Vec<&[u8]> = identity.chain.iter().map(Vec::as_slice).collect();
    let credentials = [Credential::new(&chain, KeyHandle(0))?];
    let keys = [P256SigningKey::from_der(identity.key.to_der()).map_err(|_| "an unusable key")?];
    let device = SoftwareDevice {
        credentials: &credentials,
        keys: &keys,
        clock: system_time,
        entropy: || Entropy::from_system().expect("the entropy of the system"),
    };

    // The pool, in one piece of memory.
    let mut memory = [[0; 4096 + 1024 + 2048]; SETS];
    let lent = memory.each_mut().map(|set| {
        let (rx, rest) = set.split_at_mut(4096);
        let (tx, peer) = rest.split_at_mut(1024);
        Lent::new(Buffers { rx, tx, peer })
    });
    let config = ClientConfig::new(ServerName::parse(name)?, &anchors);
    let connector = Connector::new(Network, &config, device, &lent);

    let pool = Pool { free: FairSemaphore::new(SETS), now: Cell::new(0), most: Cell::new(0) };
    let task = async |number: u8| {
        for order in [number, number + 3] {
            let status = post(&connector, address, name, order, &pool).await?;
            println!("order {order}: {status}");
        }
        Ok::<_, Box<dyn Error>>(())
    };
    tokio::try_join!(task(1), task(2), task(3))?;
    println!("connections at once: {}", pool.most.get());
    Ok(())
}

/// The use of the pool.
struct Pool {
    /// The semaphore on which tasks wait for a free set. Without it, a connector that has none fails with `Error::Busy`.
    free: FairSemaphore<NoopRawMutex, 3>,
    now: Cell<usize>,
    most: Cell<usize>,
}

/// Posts an order as soon as there are buffers, and returns the status line.
async fn post<'b>(
    connector: &Connector<'_, 'b, Network, SoftwareDevice<'b>>,
    server: SocketAddr,
    name: &str,
    order: u8,
    pool: &Pool,
) -> Result<String, Box<dyn Error>> {
    let _set = pool.free.acquire(1).await.map_err(|_| "more tasks wait than there is room for")?;
    pool.now.set(pool.now.get() + 1);
    pool.most.set(pool.most.get().max(pool.now.get()));
    let mut connection = connector.secure(Network.open(server).await?).await?;
    let body = format!("<order>{order}</order>");
    let length = body.len();
    let request =
        format!("POST /order HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}");
    connection.write_all(request.as_bytes()).await?;
    connection.flush().await?;
    let (mut answer, mut part) = (Vec::new(), [0; 256]);
    loop {
        match connection.read(&mut part).await? {
            0 => break,
            count => answer.extend_from_slice(&part[..count]),
        }
    }
    connection.close().await?;
    pool.now.set(pool.now.get() - 1);
    // The connection is dropped here before its set is given to the next task.
    Ok(String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned())
}
