//! The ring of events: any bytes as a dump, and as the memory that a device finds after a reset.

use crate::{CLIENT_CHAIN, NoSecurity, ROOT, SERVER_NAME, any_signature, entropy, run};
use embedded_mtls::events::{EventDump, EventRing};
use embedded_mtls::x509::{ServerName, TrustAnchor};
use embedded_mtls::{Buffers, Client, ClientConfig, Credential, Handshake, KeyHandle};
use std::sync::atomic::AtomicU8;

/// Any bytes as a ring: it can be read, or it is started anew, and then takes events. Returns whether it was a ring.
pub fn events(input: &[u8]) -> bool {
    let dump = EventDump::parse(input);
    if let Ok(dump) = &dump {
        dump.records().for_each(|record| assert!(!record.event.to_string().chars().any(char::is_control)));
    }
    let memory: Vec<_> = input.iter().copied().map(AtomicU8::new).collect();
    let Some(ring) = EventRing::resume(&memory) else {
        assert!(input.len() < EventRing::MIN);
        return dump.is_ok();
    };
    intact(ring);
    ring.set_enabled(true);
    let anchors = [TrustAnchor::from_certificate(ROOT).expect("a root")];
    let config = ClientConfig::new(ServerName::parse(SERVER_NAME).expect("a name"), &anchors);
    let credential = Credential::new(&CLIENT_CHAIN, KeyHandle(0)).expect("a chain");
    let (mut rx, mut tx, mut peer) = ([0; 2048], [0; 512], [0; 1024]);
    let buffers = Buffers { rx: &mut rx, tx: &mut tx, peer: &mut peer };
    let mut handshake = Handshake::<Client<NoSecurity>>::new(&config, buffers, entropy()).expect("a client");
    handshake.set_events(ring);
    let _ = run(handshake, (&credential, any_signature), input, usize::MAX, &mut Vec::new());
    intact(ring);
    dump.is_ok()
}

/// A copy of a ring has the records of the ring.
fn intact(ring: EventRing<'_>) {
    let mut copy = vec![0; 70_000];
    let len = ring.copy_to(&mut copy);
    let dump = EventDump::parse(&copy[..len]).expect("a ring");
    assert!(dump.records().eq(ring.records().expect("a ring")), "the copy has other records");
    assert_eq!(dump.lost(), ring.lost());
}
