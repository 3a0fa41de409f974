//! Identities in flash and their replacement: what a device does when it starts, and when a new certificate comes.
//! Run it: `cargo run --example rotation`.

#[cfg(test)]
mod power_cut;
mod store;

use core::future::Future;
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use std::process::ExitCode;

use embedded_mtls::KeyHandle;
use embedded_mtls::Role;
use embedded_mtls::credential::{Admission, ProofOfPossession, Reference, SlotId, Slots};
use embedded_mtls::crypto::rustcrypto::{P256SigningKey, RustCrypto};
use embedded_mtls::io::SigningKey as _;
use embedded_mtls::io::std::system_time;
use embedded_mtls::x509::{Time, UnixTime};
use mtls_pki::pem::Identity;
use mtls_pki::throw_away::{Authority, Leaf};
use store::{IdentityStore, Stored};
use test_support::flash::{Flash, PAGE};

/// Bytes of a slot, and of a record in the flash.
const SLOT: usize = 2048;
/// Pages of the flash.
const PAGES: usize = 3;
/// The reference to the current identity: one word, which every task may read.
static REFERENCES: [Reference; 1] = [Reference::new()];

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("rotation: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let issuing = Authority::root("Throw-away Root CA").map_err(|error| error.to_string())?;
    let leaf = || issuing.leaf(&Leaf::new("gateway", rcgen::ExtendedKeyUsagePurpose::ClientAuth));
    let leaves = [leaf(), leaf()].into_iter().collect::<Result<Vec<Identity>, _>>();
    let identities = leaves.map_err(|error| error.to_string())?;
    let [orders] = &REFERENCES;
    let mut memory = [[0; SLOT]; 3];
    let slots = Slots::new(memory.each_mut().map(|slot| &mut slot[..]), &REFERENCES);
    let mut flash = Flash::new(PAGES);

    // The factory has written the first one.
    save(&mut flash, 0, &identities)?;
    orders.set(start(&mut flash, &slots, &identities)?);
    let old = slots.lease(orders).map_err(|error| error.to_string())?;
    println!("a connection begins with key {}", old.credential().map_err(|error| error.to_string())?.key().0);

    // A new certificate comes. It counts in the flash before it counts here: after a power cut the device continues with it.
    save(&mut flash, 1, &identities)?;
    orders.set(start(&mut flash, &slots, &identities)?);
    let new = slots.lease(orders).map_err(|error| error.to_string())?;
    println!("the next one begins with key {}", new.credential().map_err(|error| error.to_string())?.key().0);
    println!("the first still has key {}", old.credential().map_err(|error| error.to_string())?.key().0);

    let now = match system_time() {
        Time::Trusted(now) => now,
        _ => UnixTime(0),
    };
    for (lease, expiry) in slots.expiring(now, 30) {
        println!("{} {expiry}: time to ask for the next one", lease.alias());
    }
    Ok(())
}

/// Writes an identity to the flash, and then lets it count.
fn save(flash: &mut Flash, key: u32, identities: &[Identity]) -> Result<(), String> {
    let chain = identity(identities, key)?.chain.concat();
    let mut scratch = [0; SLOT];
    let mut store = store(flash);
    let stored = wait(async {
        let place = store.stage(&mut scratch, Stored { key, chain: &chain }).await?;
        store.activate(&mut scratch, place).await
    });
    stored.map_err(|error| format!("{error:?}"))
}

/// Takes the identity that counts from the flash into a free slot, and checks it.
fn start<const N: usize>(flash: &mut Flash, slots: &Slots<'_, N>, identities: &[Identity]) -> Result<SlotId, String> {
    let mut scratch = [0; SLOT];
    let stored = wait(store(flash).load(&mut scratch)).map_err(|error| format!("{error:?}"))?;
    let Stored { key, chain } = stored.ok_or("the flash holds no identity")?;
    // On a device the chip that has the key signs.
    let signer =
        P256SigningKey::from_der(identity(identities, key)?.key.to_der()).map_err(|error| format!("{error:?}"))?;
    let signature = signer.sign(Admission::TEST_MESSAGE, &[]).ok_or("the key cannot sign")?;
    let admission =
        Admission { role: Role::Client, time: system_time(), key: ProofOfPossession::Signature(&signature) };
    let mut stage = slots.stage().map_err(|error| error.to_string())?;
    let len = stage.copy([chain]).map_err(|error| error.to_string())?;
    stage.credential(RustCrypto, "orders", len, KeyHandle(key), &admission).map_err(|error| error.to_string())
}

fn identity(identities: &[Identity], key: u32) -> Result<&Identity, String> {
    let place = usize::try_from(key).ok();
    place.and_then(|place| identities.get(place)).ok_or_else(|| format!("there is no key {key}"))
}

fn store(flash: &mut Flash) -> IdentityStore<&mut Flash> {
    IdentityStore::new(flash, 0..u32::try_from(PAGES * PAGE).unwrap_or(0))
}

/// This flash never makes anybody wait; on a device the executor waits.
fn wait<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return output;
        }
    }
}
