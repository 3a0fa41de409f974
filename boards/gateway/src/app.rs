//! The sequence of the device from its start: network, time, then orders.

use crate::client::{self, Done};
use crate::clock::Clock;
use crate::desk::fingerprint;
use crate::expiry;
use crate::fmt::Shown;
use crate::memory::{Connection, Memory};
use crate::server;
use crate::settings::{Board, Role, Settings};
use crate::sntp;
use core::pin::{Pin, pin};
use embassy_net::Stack;
use embassy_time::{Instant, Timer, with_timeout};
use logging::{debug, error, info, warn};
use mtls_order::cxml::Stamp;
use mtls_order::{Acceptance, Queue, Trouble};

/// Runs the role of the settings once.
///
/// # Errors
/// On a gateway, the reason why the order, which stays in the journal, is not delivered; on a supplier, why the last
/// connection failed.
pub async fn run<B: Board>(
    stack: Stack<'_>,
    settings: &Settings<'_>,
    board: &mut B,
    memory: &mut Memory,
) -> Result<Acceptance, Trouble> {
    let clock = start(stack, settings, board).await?;
    act(stack, settings, board, &clock, memory).await
}

/// Waits for the network, and learns the time.
pub(crate) async fn start<B: Board>(
    stack: Stack<'_>,
    settings: &Settings<'_>,
    board: &mut B,
) -> Result<Clock, Trouble> {
    let mut clock = Clock::at_least(settings.built);
    if with_timeout(settings.patience, stack.wait_config_up()).await.is_err() {
        error!("no network");
        return Err(Trouble::Network);
    }
    if let Some(config) = stack.config_v4() {
        info!("network is up: {}", Shown(config.address));
    }
    learn_time(stack, settings, board, &mut clock).await;
    expiry::report(settings, &clock);
    Ok(clock)
}

/// Performs the role of the settings.
pub(crate) async fn act<B: Board>(
    stack: Stack<'_>,
    settings: &Settings<'_>,
    board: &mut B,
    clock: &Clock,
    memory: &mut Memory,
) -> Result<Acceptance, Trouble> {
    // Called through a pointer, so that the stack holds the frames of one role only.
    let outcome = match settings.role {
        Role::Gateway => {
            let role: Pin<&mut dyn Future<Output = _>> = pin!(gateway(stack, settings, board, clock, memory));
            role.await
        }
        Role::Supplier { port, connections } => {
            let role: Pin<&mut dyn Future<Output = _>> =
                pin!(supplier(stack, port, connections, settings, board, clock, memory));
            role.await
        }
    };
    log_memory(board);
    outcome
}

async fn learn_time(stack: Stack<'_>, settings: &Settings<'_>, board: &mut impl Board, clock: &mut Clock) {
    let mut nonce = [0; 8];
    if let Some(server) = settings.time_server.filter(|_| board.entropy(&mut nonce)) {
        match sntp::ask(stack, server, u64::from_be_bytes(nonce)).await {
            Some(now) if clock.set(now, Instant::now()) => info!("the time server returns {}", Shown(now)),
            Some(now) => warn!("the time server returns {}, before this image was built: ignored", Shown(now)),
            None => warn!("the time server does not answer"),
        }
    }
    debug!("time: {}", clock.time(Instant::now()));
}

/// Delivers the waiting order, or a new one.
async fn gateway<B: Board>(
    stack: Stack<'_>,
    settings: &Settings<'_>,
    board: &mut B,
    clock: &Clock,
    memory: &mut Memory,
) -> Result<Acceptance, Trouble> {
    let Memory { connection, order } = memory;
    let mut queue = Queue::recover(order, board);
    if queue.front().is_some() {
        info!("an order is waiting from before the start");
    } else {
        let mut serial = [0; 8];
        if !board.entropy(&mut serial) {
            return Err(Trouble::Setup);
        }
        let stamp = Stamp { serial: u64::from_be_bytes(serial), time: clock.estimate(Instant::now()) };
        if let Err(error) = queue.push(board, |out| settings.order.write(stamp, out)) {
            error!("the order cannot be queued: {}", error);
            return Err(Trouble::Setup);
        }
    }
    let outcome = insist(stack, settings, board, clock, &queue, connection).await;
    match &outcome {
        Ok(acceptance) => {
            if *acceptance == Acceptance::Unread {
                warn!("order delivered according to HTTP, but the answer cannot be read: ask the supplier");
            } else {
                info!("order accepted: {}", acceptance);
            }
            if !queue.pop(board) {
                warn!("the journal still has the order; it will be sent again after the next start");
            }
        }
        Err(trouble) => error!("order not delivered, it stays queued: {}", Shown(trouble)),
    }
    outcome
}

/// Tries until the order is delivered or the rules end the attempts.
async fn insist<B: Board>(
    stack: Stack<'_>,
    settings: &Settings<'_>,
    board: &mut B,
    clock: &Clock,
    queue: &Queue<'_>,
    memory: &mut Connection,
) -> Result<Acceptance, Trouble> {
    let order = queue.front().ok_or(Trouble::Setup)?;
    let mut attempts = 0;
    loop {
        attempts += 1;
        let host = settings.endpoint.host;
        info!("attempt {} at {}: {} bytes, SHA-256 {:016x}", attempts, host, order.len(), fingerprint(order));
        let start = Instant::now();
        let attempt = pin!(client::attempt::<false, B>(stack, settings, board, clock, order, memory));
        if attempts == 1 {
            debug!("memory: the future of an attempt has {} bytes", size_of_val(&*attempt));
        }
        let outcome = with_timeout(settings.patience, attempt).await.unwrap_or(Err(Trouble::Timeout));
        debug!("attempt {} took {} ms", attempts, start.elapsed().as_millis());
        let trouble = match outcome {
            Ok(Done::Posted(acceptance)) => return Ok(acceptance),
            // Of an attempt that fetches.
            Ok(Done::Fetched(_)) => Trouble::Setup,
            Err(trouble) => trouble,
        };
        let Some(pause) = settings.retry.after(attempts, &trouble) else { return Err(trouble) };
        warn!("{}; again in {} ms", Shown(trouble), pause.as_millis());
        Timer::after(pause).await;
    }
}

async fn supplier<B: Board>(
    stack: Stack<'_>,
    port: u16,
    connections: u16,
    settings: &Settings<'_>,
    board: &mut B,
    clock: &Clock,
    memory: &mut Memory,
) -> Result<Acceptance, Trouble> {
    let mut outcome = Ok(Acceptance::Delivered);
    for number in 1..=connections {
        info!("connection {} of {}: listening at port {}", number, connections, port);
        let connection = server::connection(stack, port, settings, board, clock, memory).await;
        if let Err(trouble) = &connection {
            error!("connection {} failed: {}", number, Shown(trouble));
        }
        outcome = connection.map(|()| Acceptance::Delivered);
    }
    outcome
}

fn log_memory(board: &impl Board) {
    debug!("memory: {} bytes are lent to the network, TLS, HTTP and the order", size_of::<Memory>());
    if let Some((used, all)) = board.stack() {
        info!("memory: stack {} of {} bytes", used, all);
    }
}

/// Fetches the blob that the last answer announced, if it is newer than `version`, and has the board store it. A failure changes nothing:
/// the next answer announces it again.
pub(crate) async fn renew<B: Board>(
    stack: Stack<'_>,
    settings: &Settings<'_>,
    board: &mut B,
    clock: &Clock,
    memory: &mut Memory,
    version: u64,
) {
    let Some(announced) = memory.connection.announced.take().filter(|announced| *announced > version) else { return };
    info!("the server has blob {} for us, in place of {}", announced, version);
    let outcome = {
        let attempt = pin!(client::attempt::<true, B>(stack, settings, board, clock, &[], &mut memory.connection));
        with_timeout(settings.patience, attempt).await.unwrap_or(Err(Trouble::Timeout))
    };
    match outcome {
        // The connection has ended: the board is busy for as long as it checks signatures and erases flash.
        Ok(Done::Fetched(len)) => _ = board.take_blob(len),
        // Of an attempt that posts.
        Ok(Done::Posted(_)) => {}
        Err(trouble) => warn!("the blob does not come: {}", Shown(trouble)),
    }
}
