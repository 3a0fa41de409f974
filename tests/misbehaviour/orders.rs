//! All orders of messages, up to a length, each pruned where it is refused: whatever passes is on the list of the RFC.

use std::sync::LazyLock;

use test_support::pki::Role;

use crate::peer::Line::{self, *};
use crate::peer::{Peer, TALKS, Talk, World};

/// The longest order.
pub(crate) const LENGTH: usize = 8;

/// What a peer of each role can send; a message that no peer of that role may send is among the injected ones.
const OF_SERVER: &[Line] = &[
    HelloRetryRequest,
    ServerHello,
    EncryptedExtensions,
    CertificateRequest,
    Certificate,
    CertificateVerify,
    Finished,
    NewSessionTicket,
    KeyUpdate,
];
const OF_CLIENT: &[Line] = &[ClientHello, Certificate, CertificateVerify, Finished, KeyUpdate];

/// How many orders were tried, and what came of them.
#[derive(Debug, Default)]
pub(crate) struct Count {
    /// Orders of these messages, up to that length.
    pub(crate) possible: usize,
    pub(crate) tried: usize,
    pub(crate) refused: usize,
    /// Orders that passed and are not yet a whole handshake.
    pub(crate) incomplete: usize,
    /// Orders after which there was a session.
    pub(crate) sessions: usize,
}

/// The counts of every conversation.
pub(crate) static COUNTED: LazyLock<Vec<(Talk, Count)>> = LazyLock::new(|| {
    let world = World::new();
    [0, 2, 4, 5, 6, 10].map(|talk: usize| (TALKS[talk], count(&world, TALKS[talk]))).into()
});

/// Tries every order that begins with one that has passed.
fn count(world: &World, talk: Talk) -> Count {
    let letters = if talk.tested == Role::Client { OF_SERVER } else { OF_CLIENT };
    let mut count = Count { possible: (0..LENGTH).fold(0, |sum, _| letters.len() * (sum + 1)), ..Count::default() };
    let mut passed = vec![vec![]];
    while let Some(prefix) = passed.pop() {
        for line in letters {
            let order: Vec<Line> = [&prefix[..], &[*line]].concat();
            count.tried += 1;
            let mut peer = Peer::new(world, talk);
            for line in &order {
                peer.say_now(*line);
            }
            if peer.subject.error().is_some() {
                peer.verdict(false).expect_err("it is refused with its alert");
                count.refused += 1;
                continue;
            }
            let is_session = peer.subject.progress() > 0;
            assert_eq!(is_session, is_handshake(talk, &order), "{}: {order:?}", talk.name);
            if is_session {
                count.sessions += 1;
            } else {
                count.incomplete += 1;
            }
            if order.len() < LENGTH {
                passed.push(order);
            } else if is_session {
                peer.prove();
            }
        }
    }
    count
}

/// Returns whether an order, without what follows the handshake, is one of RFC 9846 section 2.
fn is_handshake(talk: Talk, order: &[Line]) -> bool {
    let mut rest = order;
    let mut skip = |line: Line, optional: bool| match rest.split_first() {
        Some((first, after)) if *first == line => {
            rest = after;
            true
        }
        _ => optional,
    };
    let whole = match (talk.tested, talk.resumes) {
        (Role::Client, true) => {
            skip(HelloRetryRequest, true) && skip(ServerHello, false) && skip(EncryptedExtensions, false)
        }
        (Role::Client, false) => {
            skip(HelloRetryRequest, true)
                && skip(ServerHello, false)
                && skip(EncryptedExtensions, false)
                && skip(CertificateRequest, true)
                && skip(Certificate, false)
                && skip(CertificateVerify, false)
        }
        (Role::Server, resumes) => {
            let hellos = skip(ClientHello, false) && (!talk.retries() || skip(ClientHello, false));
            hellos && (resumes || skip(Certificate, false) && skip(CertificateVerify, false))
        }
    };
    let whole = whole && skip(Finished, false);
    whole && rest.iter().all(|line| matches!(line, NewSessionTicket | KeyUpdate))
}

impl Peer<'_> {
    /// Says a line under the keys that the tested side expects now, so that only the order can be wrong.
    fn say_now(&mut self, line: Line) {
        if self.subject.error().is_some() {
            return;
        }
        let line = if line == ClientHello && self.has_said_hello() { SecondClientHello } else { line };
        self.say(line);
        self.listen();
    }

    fn has_said_hello(&self) -> bool {
        !self.script.transcript.is_empty()
    }
}
