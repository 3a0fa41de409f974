//! What comes before a message where nothing may come, or not this: messages that are correct elsewhere, and records.

use std::sync::LazyLock;

use embedded_mtls::AlertDescription;
use test_support::messages::*;
use test_support::pki::Role;
use test_support::script::{ALERT, APPLICATION_DATA, CHANGE_CIPHER_SPEC, Epoch, HANDSHAKE, Script};

use crate::change::{Cell, after};
use crate::peer::Line::{self, *};
use crate::peer::{Peer, TALKS, Talk, World};

/// Content that is put before a line.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Injected {
    /// A message that is correct in another place.
    Known(Line),
    /// A message of another type.
    Unknown(u8, &'static [u8]),
    /// The content of a record, under the keys of the moment.
    Record(u8, &'static [u8]),
    /// The same, in the clear.
    Plain(u8, &'static [u8]),
}

use Injected::*;

pub(crate) const INJECTED: [(&str, Injected); 31] = [
    ("HelloRequest", Unknown(0, &[])),
    ("ClientHello", Known(ClientHello)),
    ("ServerHello", Known(ServerHello)),
    ("HelloRetryRequest", Known(HelloRetryRequest)),
    ("NewSessionTicket", Known(NewSessionTicket)),
    ("EndOfEarlyData", Unknown(5, &[])),
    ("EncryptedExtensions", Known(EncryptedExtensions)),
    ("Certificate", Known(Certificate)),
    ("ServerKeyExchange", Unknown(12, &[])),
    ("CertificateRequest", Known(CertificateRequest)),
    ("ServerHelloDone", Unknown(14, &[])),
    ("CertificateVerify", Known(CertificateVerify)),
    ("ClientKeyExchange", Unknown(16, &[])),
    ("Finished", Known(Finished)),
    ("CertificateStatus", Unknown(22, &[])),
    ("KeyUpdate", Known(KeyUpdate)),
    ("CompressedCertificate", Unknown(25, &[])),
    ("message_hash", Unknown(254, &[7; 32])),
    ("a message of type 99", Unknown(99, &[])),
    ("change_cipher_spec", Plain(CHANGE_CIPHER_SPEC, &[1])),
    ("change_cipher_spec with another value", Plain(CHANGE_CIPHER_SPEC, &[2])),
    ("change_cipher_spec under keys", Record(CHANGE_CIPHER_SPEC, &[1])),
    ("application data", Record(APPLICATION_DATA, b"data")),
    ("application data without content", Record(APPLICATION_DATA, b"")),
    ("a handshake record without content", Record(HANDSHAKE, b"")),
    ("a heartbeat", Record(24, &[1, 0, 1, 0])),
    ("close_notify", Record(ALERT, &[1, 0])),
    ("user_canceled", Record(ALERT, &[1, 90])),
    ("a fatal alert", Record(ALERT, &[2, 40])),
    ("a fatal alert in the clear", Plain(ALERT, &[2, 40])),
    ("an alert of three bytes", Record(ALERT, &[2, 40, 0])),
];

impl Injected {
    /// Returns whether RFC 9846 lets a receiver accept it before `line`.
    pub(crate) fn may_pass(self, tested: Role, line: Option<Line>) -> bool {
        let late = |line| matches!(line, LateCertificate | LateCertificateVerify | LateFinished);
        let session = line.is_none_or(|line| after(line) || late(line));
        let between = matches!(line, Some(LateCertificateVerify | LateFinished));
        match (self, tested) {
            // Section 4.2.4, and the same hello that would come second.
            (Known(HelloRetryRequest), Role::Client) => line == Some(ServerHello),
            // Section 4.7.
            (Known(NewSessionTicket | CertificateRequest), Role::Client) => session,
            (Known(KeyUpdate), _) => session && !between,
            // Section 5: "MUST simply drop it", after the first ClientHello and before the peer's Finished.
            (Plain(CHANGE_CIPHER_SPEC, [1]), _) => !session && line != Some(ClientHello),
            // Section 4.7.2: the answer about a certificate comes "with no intervening messages"; this is none.
            (Record(APPLICATION_DATA, []), _) => session,
            (Record(APPLICATION_DATA, _), _) => session && !between,
            // Section 6.1: a direction is closed after the handshake; user_canceled has no effect of its own.
            (Record(ALERT, [_, 0]), _) => session,
            (Record(ALERT, [_, 90]), _) => true,
            _ => false,
        }
    }

    /// Returns the alerts that RFC 9846 allows for it; none after an alert of the peer.
    pub(crate) fn alerts(self, line: Option<Line>) -> &'static [Option<AlertDescription>] {
        match (self, line) {
            // The right type, and not what belongs there.
            (Known(Certificate), Some(LateCertificate)) => &[Some(AlertDescription::ILLEGAL_PARAMETER)],
            (Known(Finished), Some(LateFinished)) => &[Some(AlertDescription::DECRYPT_ERROR)],
            (injected, _) => injected.alerts_anywhere(),
        }
    }

    const fn alerts_anywhere(self) -> &'static [Option<AlertDescription>] {
        match self {
            Record(ALERT, [_, _]) => &[None],
            // Where the tested side has keys, this is either believed or no record.
            Plain(ALERT, _) => &[None, Some(AlertDescription::UNEXPECTED_MESSAGE)],
            // Section 6: "the length of the message was incorrect".
            Record(ALERT, _) => &[Some(AlertDescription::DECODE_ERROR)],
            _ => &[Some(AlertDescription::UNEXPECTED_MESSAGE)],
        }
    }
}

/// Everything before every line: the conversation, the place in [`INJECTED`], and what came of it before each line.
pub(crate) static INSERTED: LazyLock<Vec<(Talk, usize, Vec<Cell>)>> = LazyLock::new(|| {
    let world = World::new();
    let pairs = TALKS.into_iter().flat_map(|talk| (0..INJECTED.len()).map(move |number| (talk, number)));
    let cells = |talk: Talk, number: usize| {
        (0..=talk.lines.len()).map(|at| run(&world, talk, at, INJECTED[number].1)).collect()
    };
    pairs.map(|(talk, number)| (talk, number, cells(talk, number))).collect()
});

/// Runs a conversation in which something comes before the line at `at`, or behind the last one.
fn run(world: &World, talk: Talk, at: usize, injected: Injected) -> Cell {
    let line = talk.lines.get(at).copied();
    if let (Known(known), Some(line)) = (injected, line)
        && (known == line || (known, line) == (ClientHello, SecondClientHello))
    {
        return None;
    }
    let mut peer = Peer::new(world, talk);
    talk.lines[..at].iter().for_each(|line| peer.say(*line));
    assert_eq!(peer.subject.error(), None, "before {line:?}");
    let epoch = line.map_or(Epoch::Application, Line::epoch);
    if epoch == Epoch::Plain && matches!(injected, Record(CHANGE_CIPHER_SPEC, _)) {
        return None;
    }
    peer.inject(epoch, injected);
    for line in &talk.lines[at..] {
        if peer.subject.error().is_none() {
            peer.say(*line);
        }
    }
    let verdict = peer.verdict(false);
    let closes = matches!(injected, Record(ALERT, [_, 0]));
    if verdict.is_ok() && !closes {
        peer.prove();
    }
    Some(verdict)
}

impl Peer<'_> {
    fn inject(&mut self, epoch: Epoch, injected: Injected) {
        let record = match injected {
            Known(line) => {
                let bytes = self.elsewhere(line);
                let record = self.seal(epoch, HANDSHAKE, &bytes);
                self.feed(&record);
                if self.subject.error().is_none() {
                    self.hear(line, &bytes);
                    self.change_keys(line);
                }
                return;
            }
            Unknown(kind, body) => self.seal(epoch, HANDSHAKE, &message(kind, body)),
            Record(kind, content) => self.seal(epoch, kind, content),
            Plain(kind, content) => self.seal(Epoch::Plain, kind, content),
        };
        self.feed(&record);
    }

    /// A message as it would be in its own place, also one that only the other role sends.
    fn elsewhere(&self, line: Line) -> Vec<u8> {
        match (self.role(), line) {
            (Role::Server, ClientHello) => Script::hello(X25519).emit(),
            (Role::Client, ServerHello) => {
                Hello::server(&self.script.client_hello.session_id, AES_128_GCM, Script::hello(X25519).share()).emit()
            }
            _ => self.message(line),
        }
    }
}
