//! Messages and records that cost the sender little: how many the tested side takes in a row.

use std::sync::LazyLock;

use embedded_mtls::Error;
use test_support::messages::*;
use test_support::script::{ALERT, APPLICATION_DATA, CHANGE_CIPHER_SPEC, Epoch, HANDSHAKE};

use crate::peer::Line::{self, *};
use crate::peer::{Peer, TALKS, World, strange_keys};

/// One more of what comes in a flood, given how many there were.
type Another = fn(&mut Peer<'_>, u16);

/// A flood: its name, the conversation, how many of its lines come before, and how it goes on.
struct Flood(&'static str, usize, usize, Another);

/// More than any limit.
const ENOUGH: u16 = 400;

fn under_keys(peer: &mut Peer<'_>, epoch: Epoch, kind: u8, content: &[u8]) {
    let record = peer.seal(epoch, kind, content);
    peer.feed(&record);
}

fn line(peer: &mut Peer<'_>, line: Line) {
    peer.say(line);
    peer.listen();
}

fn empty_data(peer: &mut Peer<'_>, _: u16) {
    under_keys(peer, Epoch::Application, APPLICATION_DATA, b"");
}

fn canceled(peer: &mut Peer<'_>, _: u16) {
    under_keys(peer, Epoch::Application, ALERT, &[1, 90]);
}

fn canceled_in_handshake(peer: &mut Peer<'_>, _: u16) {
    under_keys(peer, Epoch::Handshake, ALERT, &[1, 90]);
}

fn compatibility(peer: &mut Peer<'_>, _: u16) {
    peer.feed(&record(CHANGE_CIPHER_SPEC, &[1]));
}

fn early_data(peer: &mut Peer<'_>, number: u16) {
    if number == 0 {
        peer.script.client_hello = peer.script.client_hello.clone().with(EARLY_DATA, &[]);
        peer.say(ClientHello);
    }
    let early = strange_keys().seal(APPLICATION_DATA, &[b'e'; 1000], 0);
    peer.feed(&early);
}

fn request(peer: &mut Peer<'_>, number: u16) {
    let extensions = block(&[(SIGNATURE_ALGORITHMS, list16(&[ECDSA_P256]))]);
    let message = message(CERTIFICATE_REQUEST, &[vec8(&number.to_be_bytes()), extensions].concat());
    under_keys(peer, Epoch::Application, HANDSHAKE, &message);
}

const FLOODS: &[Flood] = &[
    Flood("change_cipher_spec to a client", 0, 1, compatibility),
    Flood("change_cipher_spec to a server", 4, 1, compatibility),
    Flood("change_cipher_spec before the ClientHello", 4, 0, compatibility),
    Flood("HelloRetryRequest", 1, 0, |peer, _| line(peer, HelloRetryRequest)),
    Flood("ClientHello after a HelloRetryRequest", 5, 2, |peer, _| line(peer, SecondClientHello)),
    Flood("user_canceled to a client in the handshake", 0, 1, canceled_in_handshake),
    Flood("user_canceled to a server in the handshake", 4, 1, canceled_in_handshake),
    Flood("records of 1,022 bytes of early data that a client has announced", 4, 0, early_data),
    Flood("data without content to a client", 3, 0, empty_data),
    Flood("data without content to a server", 7, 0, empty_data),
    Flood("user_canceled to a client after the handshake", 3, 0, canceled),
    Flood("user_canceled to a server after the handshake", 7, 0, canceled),
    Flood("KeyUpdate to a client", 3, 0, |peer, _| line(peer, KeyUpdate)),
    Flood("KeyUpdate to a server", 7, 0, |peer, _| line(peer, KeyUpdate)),
    Flood("KeyUpdate to a client that requests another", 3, 0, |peer, _| line(peer, UpdateRequest)),
    Flood("KeyUpdate to a server that requests another", 7, 0, |peer, _| line(peer, UpdateRequest)),
    Flood("NewSessionTicket", 3, 0, |peer, _| line(peer, NewSessionTicket)),
    Flood("CertificateRequest after the handshake", 3, 0, request),
    Flood("KeyUpdate to a server that waits for a certificate", 8, 0, |peer, _| line(peer, KeyUpdate)),
];

/// Every flood: its name, how many passed, and the error of the next one.
pub(crate) static FLOODED: LazyLock<Vec<(&str, (u16, Error))>> = LazyLock::new(|| {
    let world = World::new();
    FLOODS.iter().map(|flood| (flood.0, run(&world, flood))).collect()
});

/// Runs a flood: how many passed, and the error of the next one.
fn run(world: &World, flood: &Flood) -> (u16, Error) {
    let Flood(name, talk, before, another) = flood;
    let talk = TALKS[*talk];
    let mut peer = Peer::new(world, talk);
    talk.lines[..*before].iter().for_each(|line| peer.say(*line));
    for number in 0..ENOUGH {
        another(&mut peer, number);
        peer.listen();
        if peer.subject.error().is_some() {
            return (number, peer.verdict(false).expect_err("it has failed"));
        }
    }
    panic!("{name}: no end after {ENOUGH}");
}
