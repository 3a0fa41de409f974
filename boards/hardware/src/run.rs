//! The main loop: post the waiting order or a new one, wait, repeat.

use embassy_net::Stack;
use embassy_time::{Duration, Timer};
use embedded_mtls::credential::AnchorSet;
use embedded_mtls::x509::UnixTime;
use embedded_mtls::{Credential, KeyHandle};
use gateway::{Board, DenyList, Endpoint, Memory, Policy, Retry, Role, Settings, app, sample};
use logging::info;
use static_cell::ConstStaticCell;

use crate::identity::Identity;

/// The pause between two runs. Your gateway waits for its machine instead.
const PAUSE: Duration = Duration::from_secs(60 * 60);

/// The time limit of an attempt: a handshake on a slow core, and a slow server.
const PATIENCE: Duration = Duration::from_secs(60);

static MEMORY: ConstStaticCell<Memory> = ConstStaticCell::new(Memory::new());

/// Runs the gateway for ever.
///
/// # Panics
/// If the identity is unusable, which the build script excludes, or if it is called twice.
pub async fn run<const N: usize>(stack: Stack<'_>, identity: &Identity<N>, board: &mut impl Board) -> ! {
    let anchors = AnchorSet::<N>::from_certificates(&identity.anchors).expect("authorities");
    let credentials = [Credential::new(identity.chain, KeyHandle(0)).expect("a chain of certificates")];
    let settings = Settings {
        role: Role::Gateway,
        endpoint: Endpoint {
            host: identity.host,
            port: identity.port,
            server_name: identity.server_name,
            path: identity.path,
        },
        anchors: &anchors,
        credentials: &credentials,
        policy: Policy::default(),
        denied: DenyList::default(),
        // Your gateway puts here what its machine has run out of.
        order: sample::ORDER,
        built: UnixTime(identity.built),
        time_server: identity.time_server(),
        patience: PATIENCE,
        retry: Retry::USUAL,
        rx: usize::MAX,
        tx: usize::MAX,
    };
    let memory = MEMORY.take();
    loop {
        // The application has logged the outcome; an undelivered order waits in the journal.
        let _outcome = app::run(stack, &settings, board, memory).await;
        info!("next order in {} s", PAUSE.as_secs());
        Timer::after(PAUSE).await;
    }
}
