//! Tickets: those that a client has stored, and those that a server is offered.

use crate::choices::Choices;
use crate::{CLIENT_CHAIN, End, NoSecurity, ROOT, SERVER_CHAIN, SERVER_NAME, any_signature, entropy, run};
use embedded_mtls::x509::{ServerName, TrustAnchor, UnixTime};
use embedded_mtls::{
    Buffers, Client, ClientAuth, ClientConfig, Credential, Handshake, KeyHandle, Server, ServerConfig, Ticket,
    TicketKey, TicketKeys,
};

/// The name of the key in a ticket of a server, behind the suite; a salt follows, and all digests are zero.
const KEY: [u8; TicketKey::LEN] = [5; TicketKey::LEN];

/// The ticket of a client or of a server. Returns whether it was accepted.
pub fn ticket(input: &[u8]) -> bool {
    let Some((first, rest)) = input.split_first() else { return false };
    if first % 2 == 0 { stored(rest) } else { offered(rest) }
}

/// A ticket that a client has stored: once it is taken, its secret is wiped, and its handshake sends a hello.
fn stored(input: &[u8]) -> bool {
    let anchors = [TrustAnchor::from_certificate(ROOT).expect("a root")];
    let config = ClientConfig::new(ServerName::parse(SERVER_NAME).expect("a name"), &anchors);
    let credential = Credential::new(&CLIENT_CHAIN, KeyHandle(0)).expect("a chain");
    let (mut rx, mut tx, mut peer) = ([0; 4096], [0; 512], [0; 2048]);
    let buffers = Buffers { rx: &mut rx, tx: &mut tx, peer: &mut peer };
    let mut handshake = Handshake::<Client<NoSecurity>>::new(&config, buffers, entropy()).expect("a client");
    // The provider's digest is the checksum.
    let mut bytes = [input, &[0; 8]].concat();
    let taken = handshake.resume(Ticket::new(&mut bytes), Some(&credential), UnixTime(1_800_000_000));
    let mut sent = Vec::new();
    let end = run(handshake, (&credential, any_signature), &[], usize::MAX, &mut sent);
    assert!(matches!(end, End::Handshake(_)) && !sent.is_empty(), "{end:?}");
    taken.is_ok()
}

/// A hello with a ticket whose state is the input.
fn offered(input: &[u8]) -> bool {
    let mut choices = Choices::new(input);
    let lead = if choices.rarely(8) { choices.take(33) } else { &[&[3], &KEY[..16], &[0; 16]].concat()[..] };
    let ticket = [lead, choices.rest(), &[0; 16]].concat();
    let input = hello(&ticket);
    let anchors = [TrustAnchor::from_certificate(ROOT).expect("a root")];
    let keys = TicketKeys::new(TicketKey::new(&KEY));
    let config = ServerConfig::new(ClientAuth::Required(&anchors)).with_tickets(&keys, 3600);
    let credential = Credential::new(&SERVER_CHAIN, KeyHandle(0)).expect("a chain");
    let ends = [usize::MAX, 7].map(|chunk| {
        let (mut rx, mut tx, mut peer) = ([0; 4096], [0; 512], [0; 2048]);
        let buffers = Buffers { rx: &mut rx, tx: &mut tx, peer: &mut peer };
        let handshake = Handshake::<Server<NoSecurity>>::new(&config, buffers, entropy()).expect("a server");
        let mut sent = Vec::new();
        let end = run(handshake, (&credential, any_signature), &input, chunk, &mut sent);
        assert!(matches!(end, End::Handshake(_)), "no client has finished: {end:?}");
        (end, sent)
    });
    assert_eq!(ends[0], ends[1], "the end depends on how the bytes are cut");
    // The hello of the server names the ticket, which has no certificate behind it.
    ends[0].1.windows(6).any(|bytes| bytes == [0, 41, 0, 2, 0, 0])
}

/// Writes a ClientHello that offers this ticket alone, in a record.
fn hello(ticket: &[u8]) -> Vec<u8> {
    let extension = |kind: u16, body: &[u8]| [&kind.to_be_bytes(), &prefixed(body)[..]].concat();
    let identities = prefixed(&[&prefixed(ticket)[..], &[0; 4]].concat());
    let binders = prefixed(&[&[32], &[0; 32][..]].concat());
    let extensions = [
        extension(43, &[2, 3, 4]),
        extension(13, &[0, 2, 4, 3]),
        extension(10, &[0, 2, 0, 29]),
        extension(51, &prefixed(&[&[0, 29][..], &prefixed(&[7; 32])].concat())),
        extension(45, &[1, 1]),
        extension(41, &[identities, binders].concat()),
    ];
    let body = [&[3, 3][..], &[1; 32], &[0, 0, 2, 0x13, 3, 1, 0], &prefixed(&extensions.concat())].concat();
    let length = u32::try_from(body.len()).unwrap_or_default().to_be_bytes();
    let message = [&[1], &length[1..], &body].concat();
    [&[22, 3, 1][..], &prefixed(&message)].concat()
}

/// Returns the bytes behind their length.
fn prefixed(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX).to_be_bytes();
    [&length, bytes].concat()
}
