//! The task that runs the gateway.

use crate::arguments::{Arguments, Signer};
use crate::executor;
use crate::files::Arena;
use crate::host::{BUILT, Host, Key};
#[cfg(feature = "full")]
use crate::quick::{self, Way};
use crate::signer;
use crate::stack;
use crate::unyielding::unyielding;
use core::pin::pin;
use embassy_net::Stack;
use embedded_mtls::credential::{AnchorSet, Chain};
use embedded_mtls::{Credential, KeyHandle};
#[cfg(feature = "full")]
use gateway::enrolment;
use gateway::provider::SigningKey;
use gateway::{DenyList, Memory, Policy, Settings, app, sample};
#[cfg(feature = "full")]
use quick_start::Supplier;
use static_cell::ConstStaticCell;

/// Most authorities in a file.
pub(crate) const MAX_ANCHORS: usize = 2;

static MEMORY: ConstStaticCell<Memory> = ConstStaticCell::new(Memory::new());

/// Runs the gateway and ends the machine with its exit status.
#[embassy_executor::task]
pub(crate) async fn firmware(network: Stack<'static>, arguments: Arguments) -> ! {
    if arguments.overflow {
        defmt::info!("{}", stack::overflow(0));
    }
    #[allow(clippy::large_futures, reason = "it is a part of the task, which is in a static")]
    let status = gateway(network, arguments).await.unwrap_or_else(|| {
        defmt::error!("the files of the credentials cannot be used");
        1
    });
    semihosting::process::exit(i32::from(status))
}

/// Returns the exit status; `None` if a file is missing or unusable.
#[allow(clippy::large_futures, reason = "it is a part of the task, which is in a static")]
async fn gateway(network: Stack<'static>, arguments: Arguments) -> Option<u8> {
    #[cfg(feature = "full")]
    if let Some(way) = arguments.quick {
        return quick(network, way, arguments).await;
    }
    #[cfg(feature = "full")]
    if let Some(name) = arguments.csr {
        return request(name, arguments).await;
    }
    #[cfg(feature = "full")]
    if let Some(stem) = arguments.blob {
        return crate::provisioned::run(network, stem, arguments, MEMORY.take()).await;
    }
    of_files(network, arguments).await
}

/// Requests a certificate: for the key of the secure element if it is to sign, else for one that the machine makes.
#[cfg(feature = "full")]
async fn request(name: &str, arguments: Arguments) -> Option<u8> {
    let Arguments { arena, identity, signer, .. } = arguments;
    let is_requested = if let Signer::AnotherTask = signer {
        let key = SigningKey::from_bytes(arena.load(identity?, "scalar")?.first_chunk()?).ok()?;
        let point = key.public_key();
        signer::hand_over(key);
        enrolment::request_of(&mut Host::new(Key::Away)?, KeyHandle(0), &point, name).await
    } else {
        enrolment::request(&mut Host::new(Key::None)?, name)
    };
    Some(u8::from(!is_requested))
}

/// Runs the gateway, or the web server, with the anchors and the identity in files; `None` if one is missing or unusable.
async fn of_files(network: Stack<'static>, arguments: Arguments) -> Option<u8> {
    #[cfg(feature = "full")]
    let web = arguments.web;
    let Arguments {
        arena,
        role,
        endpoint,
        anchors,
        identity,
        asks_late,
        time_server,
        patience,
        retry,
        rx,
        tx,
        signer,
        yields,
        ..
    } = arguments;
    let anchors = AnchorSet::<MAX_ANCHORS>::from_certificates(Chain::joined(arena.load(anchors, "der")?)).ok()?;
    let (credential, key) = match identity {
        Some(stem) => of_identity(arena, stem, signer).map(|(credential, key)| (Some(credential), key))?,
        None => (None, Key::None),
    };
    #[cfg(feature = "full")]
    if let (Some(web), Key::Own(own)) = (web, &key) {
        let keys = core::slice::from_ref(own);
        crate::web::serve(network, web, &anchors, credential.as_slice(), keys).await;
        return Some(0);
    }
    let settings = Settings {
        role,
        endpoint,
        asks_late,
        anchors: &anchors,
        credentials: credential.as_slice(),
        policy: Policy::default(),
        denied: DenyList::default(),
        order: sample::ORDER,
        built: BUILT,
        time_server,
        renew_by: None,
        patience,
        retry,
        rx,
        tx,
    };
    let mut host = Host::new(key)?;
    let run = pin!(app::run(network, &settings, &mut host, MEMORY.take()));
    let outcome = if yields { run.await } else { unyielding(run).await };
    defmt::info!("executor: blocked for {} us at most", executor::longest_round());
    Some(outcome.map_or_else(|trouble| trouble.exit_status(), gateway::Acceptance::exit_status))
}

/// Reads our chain and our key; `None` if a file is missing or unusable.
fn of_identity(arena: &mut Arena, stem: &str, signer: Signer) -> Option<(Credential<'static>, Key)> {
    let credential = Credential::new(Chain::joined(arena.load(stem, "der")?), KeyHandle(0)).ok()?;
    let own = SigningKey::from_bytes(arena.load(stem, "scalar")?.first_chunk()?).ok()?;
    let key = match signer {
        Signer::Gateway => Key::Own(own),
        Signer::AnotherTask => {
            signer::hand_over(own);
            Key::Away
        }
    };
    Some((credential, key))
}

/// Posts with the quick start; `None` if a file is missing.
#[cfg(feature = "full")]
async fn quick(network: Stack<'static>, way: Way, arguments: Arguments) -> Option<u8> {
    let Arguments { arena, endpoint, anchors, identity, .. } = arguments;
    let supplier = Supplier {
        host: endpoint.server_name,
        url: "",
        root: arena.load(anchors, "der")?,
        chain: arena.load(identity?, "der")?,
        key: arena.load(identity?, "key")?,
    };
    Some(match quick::run(network, way, &endpoint, supplier).await {
        Ok(status) => {
            defmt::info!("the server answered {}", status);
            0
        }
        Err(error) => {
            defmt::error!("{}", error);
            1
        }
    })
}
