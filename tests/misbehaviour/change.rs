//! The changes of one message in its place, and what the tested side makes of each.

use std::sync::LazyLock;

use embedded_mtls::{AlertDescription, Error};
use test_support::messages::message;
use test_support::pki::Role;
use test_support::script::{APPLICATION_DATA, Epoch, HANDSHAKE, Keys};

use crate::peer::Line::{self, *};
use crate::peer::{Peer, TALKS, Talk, World, strange_keys};

/// A change of what the peer says in one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Omit,
    Repeat,
    Swap,
    InTheClear,
    OtherKeys,
    Split,
    SplitAcrossKeys,
    Coalesced,
    Trailing,
    Truncated,
    Empty,
    Oversized,
    LongRecord,
    Cut,
}

use Change::*;

impl Change {
    pub(crate) const ALL: [Self; 14] = [
        Omit,
        Repeat,
        Swap,
        InTheClear,
        OtherKeys,
        Split,
        SplitAcrossKeys,
        Coalesced,
        Trailing,
        Truncated,
        Empty,
        Oversized,
        LongRecord,
        Cut,
    ];

    /// Names the change in the documentation.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Omit => "left out",
            Repeat => "repeated",
            Swap => "swapped with the next message",
            InTheClear => "in the clear after keys",
            OtherKeys => "under keys of another epoch or direction",
            Split => "in three records",
            SplitAcrossKeys => "split across a change of keys",
            Coalesced => "in one record with the next message",
            Trailing => "a byte longer",
            Truncated => "a byte shorter",
            Empty => "without a body",
            Oversized => "announces 16,777,215 bytes",
            LongRecord => "in a record that announces more than 2^14 + 256 bytes",
            Cut => "half of it, then the transport ends",
        }
    }

    /// Returns whether RFC 9846 lets a receiver accept what comes of it.
    pub(crate) fn may_pass(self, talk: Talk, line: Line) -> bool {
        match self {
            // Sections 4.2.4 and 4.4.2: a server need not ask for another hello, nor for a certificate.
            Omit => {
                matches!(line, CertificateRequest | HelloRetryRequest)
                    || line == ClientHello && talk.retries()
                    || after(line)
            }
            Repeat => matches!(line, NewSessionTicket | KeyUpdate | UpdateRequest | Data),
            Swap => after(line),
            // Section 5.1: "Handshake messages MAY be [...] fragmented across several records" and coalesced.
            Split => true,
            Coalesced => matches!(
                line,
                EncryptedExtensions
                    | CertificateRequest
                    | Certificate
                    | CertificateVerify
                    | NewSessionTicket
                    | LateRequest
                    | LateCertificate
                    | LateCertificateVerify
                    | LateFinished
            ),
            // The syntax of some messages has room for it: the length of Data is that of its record.
            Trailing | Truncated => line == Data,
            _ => false,
        }
    }

    /// Returns whether the tested side has no reason yet to fail: it waits until the transport ends.
    pub(crate) fn may_wait(self, line: Line) -> bool {
        match self {
            Omit => matches!(line, Finished | LateFinished),
            Oversized => matches!(line, Certificate | LateCertificate),
            Cut => true,
            _ => false,
        }
    }

    /// Returns the alerts that RFC 9846 sections 5 and 6 allow for it.
    pub(crate) fn alerts(self, line: Line) -> &'static [AlertDescription] {
        const UNEXPECTED: AlertDescription = AlertDescription::UNEXPECTED_MESSAGE;
        const BAD_MAC: AlertDescription = AlertDescription::BAD_RECORD_MAC;
        const DECODE: AlertDescription = AlertDescription::DECODE_ERROR;
        match self {
            // Section 4: "a peer which receives a handshake message in an unexpected order MUST abort the handshake with an
            // 'unexpected_message' alert". A record under keys that the receiver does not have is no message.
            Omit | Swap | Coalesced => &[UNEXPECTED],
            // The repeated context of a request is an illegal_parameter (section 4.4.2).
            Repeat => &[UNEXPECTED, BAD_MAC, AlertDescription::ILLEGAL_PARAMETER],
            // In the clear, data looks like a protected record.
            InTheClear if line == Data => &[BAD_MAC],
            InTheClear => &[UNEXPECTED],
            // Section 5.2: "If the decryption fails, the receiver MUST terminate the connection with a 'bad_record_mac'".
            OtherKeys => &[BAD_MAC, UNEXPECTED],
            SplitAcrossKeys => &[UNEXPECTED, BAD_MAC],
            Split => &[],
            // Section 6.2, decode_error: "the length of the message was incorrect".
            Trailing | Truncated | Empty | Oversized => &[DECODE],
            // Section 5.2: "An endpoint that receives a record that exceeds this length MUST terminate the connection with a
            // 'record_overflow' alert."
            LongRecord => &[AlertDescription::RECORD_OVERFLOW],
            Cut => &[],
        }
    }
}

/// Returns whether a message after the handshake is independent of the others.
pub(crate) const fn after(line: Line) -> bool {
    matches!(line, NewSessionTicket | KeyUpdate | UpdateRequest | LateRequest | Data)
}

/// The end of a conversation; `None` if there is nothing to change.
pub(crate) type Cell = Option<Result<(), Error>>;

/// Every change of every line: the conversation, the change, and what came of it in each line.
pub(crate) static CHANGED: LazyLock<Vec<(Talk, Change, Vec<Cell>)>> = LazyLock::new(|| {
    let world = World::new();
    let pairs = TALKS.into_iter().flat_map(|talk| Change::ALL.map(|change| (talk, change)));
    let cells = |talk: Talk, change| (0..talk.lines.len()).map(|at| run(&world, talk, at, change)).collect();
    pairs.map(|(talk, change)| (talk, change, cells(talk, change))).collect()
});

/// Runs a conversation in which the line at `at` is changed.
fn run(world: &World, talk: Talk, at: usize, change: Change) -> Cell {
    let line = talk.lines[at];
    let next = talk.lines.get(at + 1).copied();
    let applies = match change {
        Swap => next.is_some(),
        InTheClear => !matches!(line, ClientHello | SecondClientHello | ServerHello | HelloRetryRequest),
        Empty | Oversized | Split | SplitAcrossKeys | Cut | Coalesced => line != Data,
        _ => true,
    };
    if !applies {
        return None;
    }
    let mut peer = Peer::new(world, talk);
    talk.lines[..at].iter().for_each(|line| peer.say(*line));
    assert_eq!(peer.subject.error(), None, "before {line:?}");
    let said = peer.apply(line, next, change);
    for line in talk.lines.get(at + said..).unwrap_or_default() {
        if peer.subject.error().is_none() && !matches!(change, Cut | Oversized) {
            peer.say(*line);
        }
    }
    let verdict = peer.verdict(matches!(change, Cut | Oversized));
    if verdict.is_ok() {
        peer.prove();
    }
    Some(verdict)
}

impl Peer<'_> {
    /// Says the changed line, and gives how many lines of the conversation that takes the place of.
    fn apply(&mut self, line: Line, next: Option<Line>, change: Change) -> usize {
        let epoch = line.epoch();
        let kind = if line == Data { APPLICATION_DATA } else { HANDSHAKE };
        match change {
            Omit => {
                // The keys change where they would have.
                if line == ServerHello || line == Finished {
                    self.change_keys(line);
                }
            }
            Repeat => {
                let bytes = self.message(line);
                self.say_bytes(line, &bytes);
                if after(line) {
                    self.say_bytes(line, &bytes);
                } else {
                    let again = self.seal(epoch, kind, &bytes);
                    self.feed(&again);
                }
            }
            Swap => {
                let next = next.unwrap_or(line);
                self.say(next);
                if self.subject.error().is_none() {
                    self.say(line);
                }
                return 2;
            }
            InTheClear | OtherKeys => self.under_other_keys(line, change),
            Split | Cut | SplitAcrossKeys => self.in_parts(line, change),
            Coalesced => return self.with_next(line, next),
            LongRecord => {
                let kind = if epoch == Epoch::Plain { kind } else { APPLICATION_DATA };
                self.feed(&[kind, 3, 3, 0x41, 0x01]);
            }
            Trailing | Truncated | Empty | Oversized => {
                let bytes = resized(&self.message(line), line, change);
                self.say_bytes(line, &bytes);
            }
        }
        1
    }

    fn under_other_keys(&mut self, line: Line, change: Change) {
        let bytes = self.message(line);
        let (epoch, role) = (line.epoch(), self.role());
        let kind = if line == Data { APPLICATION_DATA } else { HANDSHAKE };
        let other = if role == Role::Client { Role::Server } else { Role::Client };
        let record = match epoch {
            _ if change == InTheClear => self.seal(Epoch::Plain, kind, &bytes),
            Epoch::Handshake if self.script.has_keys(Epoch::Application) => self.seal(Epoch::Application, kind, &bytes),
            // As if its own records came back to it.
            Epoch::Handshake => {
                let secret = self.script.keys(Epoch::Handshake, other).secret().to_vec();
                Keys::new(self.script.suite, secret).seal(kind, &bytes, 0)
            }
            Epoch::Application => self.seal(Epoch::Handshake, kind, &bytes),
            Epoch::Plain => strange_keys().seal(kind, &bytes, 0),
        };
        self.feed(&record);
    }

    fn in_parts(&mut self, line: Line, change: Change) {
        let bytes = self.message(line);
        let epoch = line.epoch();
        let middle = bytes.len() / 2;
        let parts: &[&[u8]] = match change {
            Split => &[&bytes[..1], &bytes[1..middle], &bytes[middle..]],
            Cut => &[&bytes[..middle]],
            _ => &[&bytes[..middle], &bytes[middle..]],
        };
        self.hear(line, &bytes);
        for (number, part) in parts.iter().enumerate() {
            let mut keys = epoch;
            if change == SplitAcrossKeys && number == 1 {
                self.change_keys(line);
                keys = match epoch {
                    Epoch::Plain => Epoch::Handshake,
                    Epoch::Application if !matches!(line, KeyUpdate | UpdateRequest) => {
                        let role = self.role();
                        self.script.keys(epoch, role).update();
                        epoch
                    }
                    // Until there are keys for data, the only other way is back.
                    Epoch::Handshake if !self.script.has_keys(Epoch::Application) => Epoch::Plain,
                    _ => Epoch::Application,
                };
            }
            let record = self.seal(keys, HANDSHAKE, part);
            self.feed(&record);
        }
        if change == Split {
            self.change_keys(line);
        }
    }

    /// Says a line and the one after it in one record; behind the last one comes a message of the session.
    fn with_next(&mut self, line: Line, next: Option<Line>) -> usize {
        let first = self.message(line);
        self.hear(line, &first);
        let second = match next {
            Some(Data) | None if self.role() == Role::Server => self.message(NewSessionTicket),
            Some(Data) | None => self.message(KeyUpdate),
            Some(next) => {
                let second = self.message(next);
                self.hear(next, &second);
                second
            }
        };
        let record = self.seal(line.epoch(), HANDSHAKE, &[first, second].concat());
        self.feed(&record);
        if self.subject.error().is_none() {
            self.change_keys(line);
        }
        if self.subject.error().is_none() {
            self.change_keys(match next {
                Some(next) if next != Data => next,
                _ if self.role() == Role::Server => NewSessionTicket,
                _ => KeyUpdate,
            });
        } else if line == ServerHello || line == Finished {
            // The alert is under the keys that the tested side has by now.
            self.change_keys(line);
        }
        2
    }
}

/// A message whose body is longer or shorter, with the length that it then has or, for one, a far greater one.
fn resized(bytes: &[u8], line: Line, change: Change) -> Vec<u8> {
    let (kind, body) = if line == Data { (0, bytes) } else { (bytes[0], &bytes[4..]) };
    let body = match change {
        Trailing => [body, &[0]].concat(),
        Truncated => body[..body.len() - 1].to_vec(),
        _ => vec![],
    };
    match (line, change) {
        (Data, _) => body,
        (_, Oversized) => vec![kind, 0xff, 0xff, 0xff],
        _ => message(kind, &body),
    }
}
