//! The power is cut at every single operation of a rotation, and a working identity is always there afterwards.

use embedded_mtls::KeyHandle;
use embedded_mtls::Role;
use embedded_mtls::credential::{Admission, ProofOfPossession, Reference, Slots};
use embedded_mtls::crypto::rustcrypto::RustCrypto;
use test_support::flash::{Cut, Failure, Flash};
use test_support::pair::now;
use test_support::pki::{CLIENT_NAME, Issued, Pki, Template};

use super::store::Stored;
use super::{PAGES, SLOT, store, wait};

/// An identity: its key, its chain, its leaf.
struct Identity {
    key: u32,
    chain: Vec<u8>,
    leaf: Issued,
}

fn identities(pki: &Pki) -> Vec<Identity> {
    let identity = |key: u32| {
        let leaf = Template::client(CLIENT_NAME).key(&format!("key {key}")).signed_by(&pki.intermediate);
        Identity { key, chain: [&leaf.der[..], &pki.intermediate.der].concat(), leaf }
    };
    (0..4).map(identity).collect()
}

/// Replaces the identity in the flash: the next one is written, then it counts.
fn rotate(flash: &mut Flash, next: &Identity) -> Result<(), sequential_storage::Error<Failure>> {
    let mut scratch = [0; SLOT];
    let mut store = store(flash);
    let place = wait(store.stage(&mut scratch, Stored { key: next.key, chain: &next.chain }))?;
    wait(store.activate(&mut scratch, place))
}

/// Returns the key of the current identity, which has to be complete.
fn active(flash: &mut Flash, identities: &[Identity]) -> Option<u32> {
    let mut scratch = [0; SLOT];
    let stored = wait(store(flash).load(&mut scratch)).expect("the flash can be read")?;
    let identity = identities.iter().find(|identity| identity.key == stored.key).expect("a key of ours");
    assert_eq!(stored.chain, identity.chain, "the chain of key {}", stored.key);
    Some(stored.key)
}

/// Starts like a device: checks the stored identity like a new one, and makes it available.
fn boots(flash: &mut Flash, identities: &[Identity]) {
    let mut scratch = [0; SLOT];
    let stored = wait(store(flash).load(&mut scratch)).unwrap().expect("an identity");
    let references = [Reference::new()];
    let mut memory = [0; SLOT];
    let slots = Slots::new([&mut memory[..]], &references);
    let mut stage = slots.stage().unwrap();
    let len = stage.copy([stored.chain]).unwrap();
    let leaf = &identities.iter().find(|identity| identity.key == stored.key).unwrap().leaf;
    let admission = Admission { role: Role::Client, time: now(), key: ProofOfPossession::PublicKey(leaf.key.point()) };
    let id = stage.credential(RustCrypto, "orders", len, KeyHandle(stored.key), &admission).unwrap();
    references[0].set(id);
    assert_eq!(slots.lease(&references[0]).unwrap().credential().unwrap().key(), KeyHandle(stored.key));
}

// "Power-fail-safe swap; keep the last good slot"
#[test]
fn a_power_cut_at_any_operation_of_a_rotation_leaves_a_working_identity() {
    let identities = identities(&Pki::new());
    let mut flash = Flash::new(PAGES);
    rotate(&mut flash, &identities[0]).unwrap();
    let (mut old_stayed, mut new_there, mut erased) = (0, 0, 0);
    // So many rotations that each page is erased at least once.
    for turn in 0..24 {
        let (old, new) = (&identities[turn % identities.len()], &identities[(turn + 1) % identities.len()]);
        let mut whole = flash.clone().reboot();
        rotate(&mut whole, new).unwrap();
        erased += whole.erasures;
        for operation in 0..whole.operations {
            for cut in [Cut::Within, Cut::After] {
                let mut cut_short = flash.clone().reboot();
                cut_short.cut_after(operation, cut);
                assert!(rotate(&mut cut_short, new).is_err(), "operation {operation} is one of the rotation");
                let mut after = cut_short.reboot();
                let key = active(&mut after, &identities).unwrap_or_else(|| panic!("none: {operation}, {cut:?}"));
                assert!(key == old.key || key == new.key, "{key}: {operation}, {cut:?}");
                if key == old.key {
                    old_stayed += 1;
                } else {
                    new_there += 1;
                }
                // The content can be replaced, whatever state the power cut left.
                rotate(&mut after, new).unwrap();
                assert_eq!(active(&mut after, &identities), Some(new.key), "{operation}, {cut:?}");
            }
        }
        flash = whole;
        boots(&mut flash, &identities);
    }
    println!("{old_stayed} times the old one stayed, {new_there} times the new one was there, never none");
    assert!(old_stayed > 1000 && new_there > 0 && erased >= PAGES, "{erased} pages erased");
}

#[test]
fn a_power_cut_while_the_first_identity_is_written_leaves_none_or_it() {
    let identities = identities(&Pki::new());
    let mut whole = Flash::new(PAGES);
    rotate(&mut whole, &identities[0]).unwrap();
    for operation in 0..whole.operations {
        let mut flash = Flash::new(PAGES);
        flash.cut_after(operation, Cut::Within);
        assert!(rotate(&mut flash, &identities[0]).is_err());
        let mut flash = flash.reboot();
        assert!(matches!(active(&mut flash, &identities), None | Some(0)), "{operation}");
        rotate(&mut flash, &identities[1]).unwrap();
        assert_eq!(active(&mut flash, &identities), Some(1), "{operation}");
    }
}
