//! Every extension in every message that has a list of them, once and twice, with a body that is correct somewhere.

use std::sync::LazyLock;

use embedded_mtls::AlertDescription;
use test_support::messages::*;
use test_support::pki::Role;

use crate::change::Cell;
use crate::peer::Line::{self, *};
use crate::peer::{Peer, TALKS, Talk, World};

const STATUS_REQUEST: u16 = 5;
const SIGNED_CERTIFICATE_TIMESTAMP: u16 = 18;
const OID_FILTERS: u16 = 48;

/// The messages that carry an extension, as the table of RFC 9846 section 4.3 abbreviates them.
type Carriers = &'static str;

/// The table of RFC 9846 section 4.3, and extensions that the crate does not know.
pub(crate) const EXTENSIONS: [(&str, u16, Option<Carriers>); 23] = [
    ("server_name", SERVER_NAME_EXTENSION, Some("CH EE")),
    ("max_fragment_length", MAX_FRAGMENT_LENGTH, Some("CH EE")),
    ("status_request", STATUS_REQUEST, Some("CH CR CT")),
    ("supported_groups", SUPPORTED_GROUPS, Some("CH EE")),
    ("signature_algorithms", SIGNATURE_ALGORITHMS, Some("CH CR")),
    ("application_layer_protocol_negotiation", ALPN, Some("CH EE")),
    ("signed_certificate_timestamp", SIGNED_CERTIFICATE_TIMESTAMP, Some("CH CR CT")),
    ("record_size_limit", RECORD_SIZE_LIMIT, Some("CH EE")),
    ("pre_shared_key", PRE_SHARED_KEY, Some("CH SH")),
    ("early_data", EARLY_DATA, Some("CH EE NST")),
    ("supported_versions", SUPPORTED_VERSIONS, Some("CH SH HRR")),
    ("cookie", COOKIE, Some("CH HRR")),
    ("psk_key_exchange_modes", PSK_KEY_EXCHANGE_MODES, Some("CH")),
    ("certificate_authorities", CERTIFICATE_AUTHORITIES, Some("CH CR")),
    ("oid_filters", OID_FILTERS, Some("CR")),
    ("post_handshake_auth", POST_HANDSHAKE_AUTH, Some("CH")),
    ("signature_algorithms_cert", SIGNATURE_ALGORITHMS_CERT, Some("CH CR")),
    ("key_share", KEY_SHARE, Some("CH SH HRR")),
    ("padding", 21, None),
    ("extended_master_secret", 23, None),
    ("session_ticket", 35, None),
    ("renegotiation_info", 0xff01, None),
    ("one that is never assigned", GREASE, None),
];

/// A list of extensions in a message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) name: &'static str,
    /// The message in the table of the RFC.
    pub(crate) short: &'static str,
    pub(crate) line: Line,
    /// The certificate of the list.
    entry: usize,
    pub(crate) talk: Talk,
}

const fn place(name: &'static str, short: &'static str, line: Line, entry: usize, talk: Talk) -> Place {
    Place { name, short, line, entry, talk }
}

pub(crate) const PLACES: [Place; 14] = [
    place("ClientHello", "CH", ClientHello, 0, TALKS[4]),
    place("Second ClientHello", "CH", SecondClientHello, 0, TALKS[5]),
    place("Certificate of a client", "CT", Certificate, 0, TALKS[4]),
    place("Second entry of a client's Certificate", "CT", Certificate, 1, TALKS[4]),
    place("HelloRetryRequest", "HRR", HelloRetryRequest, 0, TALKS[1]),
    place("HelloRetryRequest to a client that resumes", "HRR", HelloRetryRequest, 0, TALKS[9]),
    place("ServerHello", "SH", ServerHello, 0, TALKS[0]),
    place("ServerHello that resumes", "SH", ServerHello, 0, TALKS[2]),
    place("EncryptedExtensions", "EE", EncryptedExtensions, 0, TALKS[0]),
    place("CertificateRequest", "CR", CertificateRequest, 0, TALKS[0]),
    place("Certificate of a server", "CT", Certificate, 0, TALKS[0]),
    place("Second entry of a server's Certificate", "CT", Certificate, 1, TALKS[0]),
    place("NewSessionTicket", "NST", NewSessionTicket, 0, TALKS[3]),
    place("CertificateRequest after the handshake", "CR", LateRequest, 0, TALKS[3]),
];

impl Place {
    /// Returns whether the message answers a request: what it may hold depends on what was requested.
    pub(crate) fn answers(&self) -> bool {
        !["CH", "CR", "NST"].contains(&self.short)
    }

    /// Returns the alerts that RFC 9846 sections 4.2.2, 4.3 and 6.2 allow for an extension of this type; none is among them
    /// where the extension may be ignored or used.
    pub(crate) fn alerts(&self, kind: u16, carriers: Option<Carriers>) -> &'static [Option<AlertDescription>] {
        const ILLEGAL: Option<AlertDescription> = Some(AlertDescription::ILLEGAL_PARAMETER);
        const UNSUPPORTED: Option<AlertDescription> = Some(AlertDescription::UNSUPPORTED_EXTENSION);
        const MISSING: Option<AlertDescription> = Some(AlertDescription::MISSING_EXTENSION);
        let is_specified = carriers.is_none_or(|carriers| carriers.split(' ').any(|short| short == self.short));
        match (self.line, kind) {
            // Section 4.3.9: "If clients offer 'pre_shared_key' without a 'psk_key_exchange_modes' extension".
            (ClientHello | SecondClientHello, PRE_SHARED_KEY) => &[MISSING],
            // What answers a ClientHello in TLS 1.2 here is also an answer to a request that was not made.
            (EncryptedExtensions, STATUS_REQUEST | SIGNED_CERTIFICATE_TIMESTAMP) => &[UNSUPPORTED],
            // "receives an extension which it recognizes and which is not specified for the message in which it appears"
            _ if !is_specified => &[ILLEGAL],
            // Section 4.2.2: only these may be added.
            (SecondClientHello, COOKIE | 21) => &[None],
            (SecondClientHello, _) => &[ILLEGAL],
            // "extension responses [that] the remote endpoint did not send the corresponding extension requests" for.
            _ if self.answers() && carriers.is_none() => &[UNSUPPORTED],
            _ if self.answers() => &[None, UNSUPPORTED, ILLEGAL],
            _ => &[None],
        }
    }
}

/// A body that is correct where the extension belongs, and as near to that as can be elsewhere.
fn body(kind: u16, place: &Place) -> Vec<u8> {
    let asks = ["CH", "CR"].contains(&place.short);
    match kind {
        SERVER_NAME_EXTENSION if asks => vec16(&[&[0][..], &vec16(test_support::pki::SERVER_NAME.as_bytes())].concat()),
        MAX_FRAGMENT_LENGTH => vec![4],
        STATUS_REQUEST if place.short == "CH" => vec![1, 0, 0, 0, 0],
        STATUS_REQUEST if place.short == "CT" => [&[1][..], &vec24(b"status")].concat(),
        SUPPORTED_GROUPS => list16(&[X25519, P256]),
        SIGNATURE_ALGORITHMS | SIGNATURE_ALGORITHMS_CERT => list16(&[ECDSA_P256]),
        ALPN => vec16(&vec8(b"http/1.1")),
        SIGNED_CERTIFICATE_TIMESTAMP if place.short == "CT" => vec16(&vec16(b"timestamp")),
        RECORD_SIZE_LIMIT => vec![0x40, 1],
        PRE_SHARED_KEY if place.short == "CH" => {
            [vec16(&[&vec16(b"ticket")[..], &[0; 4]].concat()), vec16(&vec8(&[0; 32]))].concat()
        }
        PRE_SHARED_KEY => vec![0, 0],
        EARLY_DATA if place.short == "NST" => vec![0, 0, 64, 0],
        SUPPORTED_VERSIONS if place.short == "CH" => vec![2, 3, 4],
        SUPPORTED_VERSIONS => vec![3, 4],
        COOKIE => vec16(b"cookie"),
        PSK_KEY_EXCHANGE_MODES => vec![1, 1],
        CERTIFICATE_AUTHORITIES => vec16(&vec16(&[0x30, 0])),
        OID_FILTERS => vec16(&[&vec8(&[0x2a, 3])[..], &vec16(b"value")].concat()),
        KEY_SHARE if place.short == "HRR" => P256.to_be_bytes().to_vec(),
        0xff01 => vec![0],
        _ => vec![],
    }
}

/// Adds an extension to a message; `None` if the message has it already and is to have it once.
fn edited(peer: &Peer<'_>, place: &Place, kind: u16, twice: bool) -> Option<Vec<u8>> {
    let message_bytes = peer.message(place.line);
    let added = (kind, body(kind, place));
    let grow = |list: &mut Extensions| {
        let is_there = list.iter().any(|extension| extension.0 == kind);
        if is_there && !twice {
            return false;
        }
        list.push(added.clone());
        if twice && !is_there {
            list.push(added.clone());
        }
        true
    };
    match place.line {
        ClientHello | SecondClientHello | ServerHello | HelloRetryRequest => {
            let mut hello = Hello::parse(&message_bytes);
            grow(&mut hello.extensions).then(|| hello.emit())
        }
        EncryptedExtensions => {
            let mut list = vec![];
            grow(&mut list).then(|| encrypted_extensions(&list))
        }
        CertificateRequest | LateRequest => {
            let context = usize::from(message_bytes[4]);
            let mut list = vec![(SIGNATURE_ALGORITHMS, list16(&[ECDSA_P256]))];
            let head = &message_bytes[4..5 + context];
            grow(&mut list).then(|| message(CERTIFICATE_REQUEST, &[head, &block(&list)].concat()))
        }
        NewSessionTicket => {
            let mut list = vec![];
            grow(&mut list).then(|| session_ticket(b"ticket", &list))
        }
        _ => {
            let pki = &peer.world.pki;
            let leaf = if peer.role() == Role::Client { &pki.client } else { &pki.server };
            let mut entries = [(&leaf.der[..], vec![]), (&pki.intermediate.der[..], vec![])];
            grow(&mut entries[place.entry].1).then(|| certificate_with(&entries))
        }
    }
}

/// Every extension in every place: the numbers in [`PLACES`] and [`EXTENSIONS`], and what came of it once and twice.
pub(crate) static EXTENDED: LazyLock<Vec<(usize, usize, [Cell; 2])>> = LazyLock::new(|| {
    let world = World::new();
    let pairs = (0..PLACES.len()).flat_map(|place| (0..EXTENSIONS.len()).map(move |kind| (place, kind)));
    let cells =
        |place: usize, kind: usize| [false, true].map(|twice| run(&world, &PLACES[place], EXTENSIONS[kind].1, twice));
    pairs.map(|(place, kind)| (place, kind, cells(place, kind))).collect()
});

/// Runs a conversation with an extension more in one message, which both sides have in their transcripts.
fn run(world: &World, place: &Place, kind: u16, twice: bool) -> Cell {
    let talk = place.talk;
    let mut peer = Peer::new(world, talk);
    let at = talk.lines.iter().position(|line| *line == place.line)?;
    talk.lines[..at].iter().for_each(|line| peer.say(*line));
    let bytes = edited(&peer, place, kind, twice)?;
    peer.say_bytes(place.line, &bytes);
    for line in &talk.lines[at + 1..] {
        if peer.subject.error().is_none() {
            peer.say(*line);
        }
    }
    let verdict = peer.verdict(false);
    if verdict.is_ok() {
        peer.prove();
    }
    Some(verdict)
}
