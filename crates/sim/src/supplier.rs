//! The supplier: one task for each connection.

use core::cell::Cell;
use core::time::Duration;
use std::rc::Rc;

use embedded_io_async::Read as _;
use embedded_mtls::io::asynch::Stream;
use embedded_mtls::io::{Failure, SoftwareHost};
use embedded_mtls::x509::Time;
use embedded_mtls::{Buffers, ClientAuth, Error, Handshake, Server, ServerConfig};
use mtls_order::cxml::{self, Stamp};
use mtls_order::{Writer, read_order, write_response};

use crate::fleet::Fleet;
use crate::network::End;
use crate::pki::{Identity, calendar};
use crate::random::Random;

/// Serves a connection until it ends or the supplier restarts.
pub(crate) async fn serve(fleet: Rc<Fleet>, end: End, random: Random, rejects: Rc<Cell<bool>>) {
    let now = fleet.world.now();
    let limit = now + fleet.scenario.patience * 2;
    let end_time = fleet.restarts.next(now).map_or(limit, |restart| restart.min(limit));
    fleet.world.before(end_time, Box::pin(take(&fleet, end, random, &rejects))).await;
}

/// Takes an order. `None` if the connection failed before its answer.
async fn take(fleet: &Fleet, end: End, mut random: Random, rejects: &Cell<bool>) -> Option<()> {
    let anchors = [fleet.authority.anchor().ok()?];
    let config = ServerConfig::new(ClientAuth::Required(&anchors)).with_alpn(&[b"http/1.1"]);
    let identity = fleet.supplier()?;
    let chain = [identity.certificate()];
    let credentials = [Identity::credential(&chain).ok()?];
    let (mut rx, mut tx, mut peer) = (vec![0; 4096], vec![0; 2048], vec![0; 2048]);
    let buffers = Buffers { rx: &mut rx, tx: &mut tx, peer: &mut peer };
    let handshake = Handshake::<Server>::new(&config, buffers, random.entropy()).ok()?;
    let clock = || Time::Trusted(calendar(fleet.world.now()));
    let mut host = SoftwareHost::new(&credentials, identity.keys(), clock);
    let mut stream = match Stream::open(end, handshake, &mut host).await {
        Ok(stream) => stream,
        Err(error) => {
            rejects.set(matches!(error.cause, Failure::Tls(Error::Certificate(_))));
            return None;
        }
    };
    let (mut head, mut body) = (vec![0; 1024], vec![0; 5632]);
    let len = read_order(&mut stream, &mut head, &mut body).await.ok()?.ok()?;
    let is_faulty = fleet.world.now() < fleet.storm_end();
    let (line, code) = if is_faulty && random.chance(fleet.scenario.busy) {
        ((503, "Service Unavailable"), 503)
    } else {
        fleet.ledger.borrow_mut().accepted(body.get(..len)?, fleet.world.now());
        ((200, "OK"), 200)
    };
    if is_faulty && random.chance(fleet.scenario.slow) {
        fleet.world.sleep(fleet.scenario.patience + Duration::from_secs(1)).await;
    }
    let stamp = Stamp { serial: random.next(), time: calendar(fleet.world.now()) };
    let mut memory = [0; 384];
    let mut answer = Writer::new(&mut memory);
    cxml::response(&mut answer, stamp, crate::pki::SUPPLIER, code, "see the code").ok()?;
    write_response(&mut stream, line, answer.into_str()?.as_bytes()).await.ok()?;
    stream.close().await.ok()?;
    // Until the client has closed as well, so that a reset does not discard what it has not read yet.
    let _closed = stream.read(&mut [0]).await;
    Some(())
}
