//! A device with all that it knows from a blob.

use crate::app;
use crate::fmt::Shown;
use crate::memory::Memory;
use crate::provisioned::{NotProvisioned, Provisioned};
use crate::settings::{Board, Role, Settings};
use embassy_net::Stack;
use embassy_time::Duration;
use embedded_mtls::x509::UnixTime;
use embedded_mtls_blob::{Blob, Site};
use logging::{error, info};
use mtls_order::cxml::Order;
use mtls_order::{Acceptance, Retry, Trouble};

/// The settings that are not in the blob.
#[derive(Clone, Copy)]
pub struct Task<'a> {
    /// The settings of the site, as far as the blob leaves them to it.
    pub site: Site<'a>,
    /// The task of the device.
    pub role: Role,
    /// The server requests our certificate after the handshake: see [`Settings::asks_late`].
    pub asks_late: bool,
    /// The order to send if none is waiting in the queue.
    pub order: Order<'a>,
    /// The lower bound for the time: the date of the build.
    pub built: UnixTime,
    /// The time limit of an attempt.
    pub patience: Duration,
    /// The rules for sending an order again.
    pub retry: Retry,
    /// The bytes of the memory for received records that are lent.
    pub rx: usize,
    /// The bytes of the memory for records to send that are lent.
    pub tx: usize,
}

/// Performs the task once, with the identity and the rules of a blob and at most `K` trust anchors. If the server announces a newer
/// blob in its answer (`Mtls-Blob`), fetches it, over mutual TLS as well, and has the board store it. What connections borrow
/// from the blob in use stays.
///
/// # Errors
/// As of [`app::run`], and [`Trouble::Setup`] for a blob that cannot be used, of which the log has the reason.
pub async fn run<const K: usize, B: Board>(
    stack: Stack<'_>,
    blob: &Blob<'_>,
    task: &Task<'_>,
    board: &mut B,
    memory: &mut Memory,
) -> Result<Acceptance, Trouble> {
    let provisioned = prepare::<K, B>(blob, task, board).map_err(|problem| {
        error!("blob {} is unusable: {}", blob.version, Shown(problem));
        Trouble::Setup
    })?;
    info!("blob {}: the identity is {}", provisioned.version, provisioned.alias);
    let credentials = [provisioned.credential];
    let settings = Settings {
        role: task.role,
        endpoint: provisioned.endpoint,
        asks_late: task.asks_late,
        anchors: &provisioned.anchors,
        credentials: &credentials,
        policy: provisioned.policy,
        denied: provisioned.denied,
        order: task.order,
        built: task.built,
        time_server: provisioned.time_server,
        renew_by: provisioned.renew_by,
        patience: task.patience,
        retry: task.retry,
        rx: task.rx,
        tx: task.tx,
    };
    let clock = app::start(stack, &settings, board).await?;
    let outcome = app::act(stack, &settings, board, &clock, memory).await;
    app::renew(stack, &settings, board, &clock, memory, provisioned.version).await;
    outcome
}

/// Takes the settings from the blob, and hands the key over to the board.
fn prepare<'a, const K: usize, B: Board>(
    blob: &Blob<'a>,
    task: &Task<'a>,
    board: &mut B,
) -> Result<Provisioned<'a, K>, NotProvisioned> {
    let provisioned = Provisioned::new(blob, &task.site)?;
    if board.take_key(provisioned.key) { Ok(provisioned) } else { Err(NotProvisioned::of_key(provisioned.key)) }
}
