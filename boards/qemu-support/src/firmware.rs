//! The task that is the gateway.

use crate::arguments::Arguments;
use crate::executor;
use crate::host::{Host, Key};
use crate::sample;
use crate::signer;
use crate::stack;
use embassy_net::Stack;
use embedded_mtls::crypto::rustcrypto::P256SigningKey;
use embedded_mtls::x509::{TrustAnchor, UnixTime};
use embedded_mtls::{Credential, KeyHandle};
use gateway::{Memory, Settings, app, der};
use static_cell::ConstStaticCell;

/// As many certificates as a chain or a set of anchors may have.
type List<T> = heapless::Vec<T, 4>;

static MEMORY: ConstStaticCell<Memory> = ConstStaticCell::new(Memory::new());

/// Runs the gateway and ends the machine with its exit status.
#[embassy_executor::task]
pub(crate) async fn firmware(network: Stack<'static>, arguments: Arguments) -> ! {
    if arguments.overflow {
        defmt::info!("{}", stack::overflow(0));
    }
    let status = gateway(network, arguments).await.unwrap_or_else(|| {
        defmt::error!("the files of the credentials cannot be used");
        1
    });
    semihosting::process::exit(i32::from(status))
}

/// The exit status; `None`: a file is missing, or is not what it should be.
async fn gateway(network: Stack<'static>, arguments: Arguments) -> Option<u8> {
    let Arguments { arena, role, endpoint, anchors, identity, time_server, patience, retry, slow_key, .. } = arguments;
    let mut roots = List::new();
    for certificate in certificates(arena.load(anchors, "der")?)? {
        roots.push(TrustAnchor::from_certificate(certificate).ok()?).ok()?;
    }
    let (mut chain, mut key) = (List::new(), Key::None);
    if let Some(identity) = identity {
        chain = certificates(arena.load(identity, "der")?)?;
        let own = P256SigningKey::from_bytes(arena.load(identity, "scalar")?.first_chunk()?).ok()?;
        key = if slow_key {
            signer::hand_over(own);
            Key::Away
        } else {
            Key::Own(own)
        };
    }
    let credential = if chain.is_empty() { None } else { Some(Credential::new(&chain, KeyHandle(0)).ok()?) };
    let settings = Settings {
        role,
        endpoint,
        anchors: &roots,
        credentials: credential.as_slice(),
        order: sample::ORDER,
        built: UnixTime::from_seconds(env!("BUILT").parse().ok()?),
        time_server,
        patience,
        retry,
    };
    let outcome = app::run(network, &settings, &mut Host { key }, MEMORY.take()).await;
    let (round, awake) = executor::longest();
    defmt::info!("executor: at most {} us for a round of tasks, {} us without sleep", round, awake);
    Some(outcome.map_or_else(|trouble| trouble.exit_status(), |_| 0))
}

/// The certificates that stand one behind the other in `bytes`.
fn certificates(mut bytes: &'static [u8]) -> Option<List<&'static [u8]>> {
    let mut found = List::new();
    while !bytes.is_empty() {
        let (certificate, rest) = der::next_certificate(bytes)?;
        found.push(certificate).ok()?;
        bytes = rest;
    }
    Some(found)
}
