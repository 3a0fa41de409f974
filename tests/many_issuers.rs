//! A CertificateRequest with more names of issuers than fit into `rx` passes through it.
#![allow(missing_docs)]

use embedded_mtls::credential::{Choice, Mismatch, PeerRequest};
use embedded_mtls::io::Host;
use embedded_mtls::x509::Time;
use embedded_mtls::{BufferKind, Error, InvalidMessage, PeerMisbehaved, SignInput, Signature};
use test_support::messages::*;
use test_support::pair::{Setup, Sizes, TestHost, anchors, credential};
use test_support::pki::{Pki, tlv};
use test_support::script::{Epoch, HANDSHAKE, Sent, client, invalid, misbehaved};

/// The request as the host of a client sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    names: usize,
    left_out: bool,
    /// The place of the issuer of its credential, or the reason why the credential does not match.
    matched: Result<Option<u16>, Mismatch>,
}

const LEFT_OUT: Option<Seen> = Some(Seen { names: 0, left_out: true, matched: Ok(None) });

/// A host that notes the request.
struct Noting {
    host: TestHost,
    pki: Pki,
    seen: Option<Seen>,
}

impl Host for Noting {
    type Choice = Choice<'static>;

    fn time(&mut self) -> Time {
        self.host.time()
    }

    fn credential(&mut self, request: &PeerRequest<'_>) -> Choice<'static> {
        let ours = credential(&[&self.pki.client, &self.pki.intermediate], 0);
        self.seen = Some(Seen {
            names: request.authorities().count(),
            left_out: request.are_authorities_left_out(),
            matched: request.check(&ours, None).map(|found| found.issuer.map(|(_, place)| place)),
        });
        self.host.credential(request)
    }

    fn sign(&mut self, input: &SignInput) -> Option<Signature> {
        self.host.sign(input)
    }
}

/// Returns the error of a client with this `rx`, and what its host saw. The server agrees to a limit of records, sends
/// `request`, and splits its flight after `first` bytes and then in records of `content` bytes.
fn ask(rx: usize, request: &[u8], first: usize, content: usize) -> (Option<Error>, Option<Seen>) {
    let pki = Pki::new();
    let Setup { client: config, server, client_host, server_host, client_sizes, server_sizes, chunk } =
        Setup::new(&pki);
    let client_host = Noting { host: client_host, pki: Pki::new(), seen: None };
    let client_sizes = Sizes { rx, ..client_sizes };
    let setup = Setup { client: config, server, client_host, server_host, client_sizes, server_sizes, chunk };
    let (mut real, mut script) = client(setup);
    let limit = if rx < 16_406 { vec![(RECORD_SIZE_LIMIT, 16_385_u16.to_be_bytes().to_vec())] } else { vec![] };
    let flight = script.server_flight(&pki, |message| match message[0] {
        ENCRYPTED_EXTENSIONS => encrypted_extensions(&limit),
        CERTIFICATE_REQUEST => request.to_vec(),
        _ => message,
    });
    real.feed(&script.seal_all(&flight[..2]));
    let stream: Vec<u8> = flight[2..].iter().flat_map(|sent| sent.bytes.clone()).collect();
    let (first, rest) = stream.split_at(first);
    for piece in [first].into_iter().filter(|piece| !piece.is_empty()).chain(rest.chunks(content)) {
        real.feed(&script.seal(&Sent::new(Epoch::Handshake, HANDSHAKE, piece)));
    }
    let seen = real.host.seen;
    (real.verdict(&mut script), seen)
}

/// The name of a certification authority in DER, of about 120 bytes.
fn name(number: usize) -> Vec<u8> {
    let text = format!(
        "Authority number {number:03} of a store with all those that anyone has heard of, each of them with quite a long name"
    );
    tlv(0x30, &tlv(0x31, &tlv(0x30, &[&[6, 3, 0x55, 4, 3][..], &tlv(12, text.as_bytes())].concat())))
}

fn names(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(name).collect()
}

/// The extension with these names.
fn authorities(names: &[Vec<u8>]) -> (u16, Vec<u8>) {
    (CERTIFICATE_AUTHORITIES, vec16(&names.iter().flat_map(|name| vec16(name)).collect::<Vec<_>>()))
}

#[test]
fn three_hundred_names_pass_through_2_kib_whether_one_matches_or_none() {
    let pki = Pki::new();
    let issuer = anchors(&[&pki.intermediate])[0].subject().unwrap().as_der().to_vec();
    for (matching, matched) in [(true, Ok(Some(150))), (false, Err(Mismatch::Issuer))] {
        let mut names = names(300);
        if matching {
            names[150] = issuer.clone();
        }
        let request = certificate_request(&[(0xfafa, vec![1; 40]), authorities(&names), (0xfafb, vec![2; 300])]);
        assert!((36_500..40_000).contains(&request.len()), "{}", request.len());
        for (rx, content) in [(2048, 1024), (2048, 1000), (2048, 1), (1024, 512), (4096, 2048)] {
            assert_eq!(ask(rx, &request, 0, content), (None, LEFT_OUT), "{rx} bytes, records of {content}");
        }
        // With room for them, the names count.
        let seen = Seen { names: 300, left_out: false, matched };
        assert_eq!(ask(60_000, &request, 0, 16_000).1, Some(seen));
    }
}

/// The length of the body takes three bytes, which no other request needs.
#[test]
fn the_longest_request_passes_through_1_kib() {
    let request = certificate_request(&[(0xfafa, vec![1; 117]), authorities(&vec![vec![7; 325]; 200])]);
    assert_eq!(request.len(), 4 + 1 + 2 + 65_535);
    assert_eq!(ask(1024, &request, 0, 512), (None, LEFT_OUT));
}

/// What fits is read as a whole.
#[test]
fn names_are_left_out_only_if_rx_cannot_hold_them() {
    for (rx, count, left_out) in [(2048, 7, false), (2048, 20, true), (4096, 14, false), (17_000, 60, false)] {
        let request = certificate_request(&[authorities(&names(count))]);
        for content in [100, rx / 2] {
            let seen = ask(rx, &request, 0, content).1.unwrap();
            let expected = if left_out { (0, true) } else { (count, false) };
            assert_eq!((seen.names, seen.left_out), expected, "{rx} bytes, {count} names, records of {content}");
        }
    }
    // In records of one byte, a request fits if it leaves room for a record; with one byte less, it does not.
    let request = certificate_request(&[authorities(&names(7))]);
    let enough = request.len() - 1 + 5 + 1 + 1 + 16;
    assert_eq!(ask(enough, &request, 0, 1).1.map(|seen| seen.left_out), Some(false));
    assert_eq!(ask(enough - 1, &request, 0, 1).1.map(|seen| seen.left_out), Some(true));
}

#[test]
fn a_request_may_be_split_after_every_byte() {
    let request = certificate_request(&[(0xfafa, vec![1; 10]), authorities(&names(18)), (0xfafb, vec![])]);
    assert!(request.len() > 2048);
    for first in 0..512 {
        assert_eq!(ask(1024, &request, first, 512), (None, LEFT_OUT), "split after {first} bytes");
    }
}

/// Replaces two bytes of a request.
fn with(mut request: Vec<u8>, place: usize, number: u16) -> Vec<u8> {
    request[place..place + 2].copy_from_slice(&number.to_be_bytes());
    request
}

/// A wrong length leads to the same alert, wherever it is and whether or not the names fit.
#[test]
fn a_malformed_request_is_refused_as_if_rx_held_it() {
    let request = certificate_request(&[authorities(&names(30)), (0xfafb, vec![3; 5])]);
    // Lengths of all extensions, of the list with and without its length, of names; and behind the list.
    let (block, body) = (5, 4 + 1 + 2 + 8 + 2);
    let (list, first) = (body + 2, body + 4);
    let entry = 2 + name(0).len();
    let final_name = first + 29 * entry;
    let behind = final_name + entry + 2;
    let mut refused = 0;
    for place in [block, body, list, first, first + 15 * entry, final_name, behind] {
        let right = u16::from_be_bytes([request[place], request[place + 1]]);
        for wrong in [0, 1, right - 1, right + 1, right + 2, 0xffff] {
            let changed = with(request.clone(), place, wrong);
            let (whole, _) = ask(16_000, &changed, 0, 7000);
            for content in [512, 100] {
                let (error, _) = ask(1024, &changed, 0, content);
                assert_eq!(
                    error.map(Error::alert),
                    whole.map(Error::alert),
                    "{wrong} at {place}: {error:?}, {whole:?}"
                );
            }
            refused += usize::from(whole.is_some());
        }
    }
    assert_eq!(refused, 7 * 6);
    // Its context is not empty.
    let mut changed = request;
    changed[4] = 1;
    let context = misbehaved(PeerMisbehaved::CertificateContext);
    assert_eq!((ask(1024, &changed, 0, 512).0, ask(16_000, &changed, 0, 7000).0), (context, context));
}

#[test]
fn the_rest_of_a_request_is_checked_as_usual() {
    let error_of = |extensions: &[(u16, Vec<u8>)]| ask(2048, &certificate_request(extensions), 0, 1000).0;
    let long = authorities(&names(30));
    let duplicate = invalid(InvalidMessage::DuplicateExtension);
    assert_eq!(error_of(&[long.clone(), long.clone()]), duplicate);
    assert_eq!(error_of(&[long.clone(), (0xfafa, vec![]), (0xfafa, vec![])]), duplicate);
    assert_eq!(error_of(&[long.clone(), (KEY_SHARE, vec![])]), invalid(InvalidMessage::IllegalValue));
    assert_eq!(error_of(&[(KEY_SHARE, vec![]), long]), invalid(InvalidMessage::IllegalValue));
}

/// What is no list of names has to fit, and so has each name. The error has the size that is enough for it.
#[test]
fn the_error_names_what_one_part_needs() {
    for extension in [(0xfafa, vec![0; 3000]), authorities(&[vec![0; 3000], vec![0; 10]])] {
        let request = certificate_request(&[extension, authorities(&names(300))]);
        let mut rx = 2048;
        for round in 0.. {
            match ask(rx, &request, 0, 1000).0 {
                Some(Error::BufferTooSmall { buffer: BufferKind::Rx, need }) => rx = need.into(),
                _ => break,
            }
            assert!(round < 3, "{rx} bytes are not enough");
        }
        assert!((6000..6500).contains(&rx), "{rx}");
    }
}
