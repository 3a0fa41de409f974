//! Padding of what we send (RFC 9846 section 5.4).
#![allow(missing_docs)]

use embedded_mtls::{Session, Side};
use test_support::messages::*;
use test_support::pair::{Setup, Sizes, exchange};
use test_support::pki::Pki;
use test_support::script::APPLICATION_DATA;

/// Header and tag: what a protected record has beside its TLSInnerPlaintext.
const AROUND_INNER: usize = 5 + 16;

fn inner_lengths(stream: &[u8]) -> Vec<usize> {
    let protected = records(stream).into_iter().filter(|record| record[0] == APPLICATION_DATA);
    protected.map(|record| record.len() - AROUND_INNER).collect()
}

fn padded(multiple: u16, sizes: Sizes) -> Setup {
    let base = Setup::new(&Pki::new());
    Setup {
        client: base.client.with_padding(multiple),
        server: base.server.with_padding(multiple),
        client_sizes: sizes,
        server_sizes: sizes,
        ..base
    }
}

/// The lengths of what a session sends for `data`, which arrives.
fn lengths_of<A: Side, B: Side>(
    from: &mut Session<'static, A>,
    to: &mut Session<'static, B>,
    data: &[u8],
) -> Vec<usize> {
    assert_eq!(from.write(data), Ok(data.len()));
    let lengths = inner_lengths(from.tx_pending());
    assert_eq!(exchange(from, to).unwrap().1, data, "{} bytes", data.len());
    lengths
}

#[test]
fn every_protected_record_has_a_multiple_of_the_length_that_was_asked_for() {
    for multiple in [2, 16, 128, 256] {
        let outcome = padded(multiple, Sizes::DEFAULT).run();
        for stream in [&outcome.wire.from_client, &outcome.wire.from_server] {
            let lengths = inner_lengths(stream);
            assert!(!lengths.is_empty());
            assert!(lengths.iter().all(|length| length.is_multiple_of(multiple.into())), "{lengths:?} of {multiple}");
        }
        let (mut client, mut server) = outcome.sessions();
        for count in 1..300_usize {
            let expected = [(count + 1).next_multiple_of(multiple.into())];
            assert_eq!(lengths_of(&mut client, &mut server, &vec![7; count]), expected, "{count} bytes");
            assert_eq!(lengths_of(&mut server, &mut client, &vec![0; count]), expected, "{count} zeros");
        }
        client.close();
        let _polled = client.poll();
        assert_eq!(inner_lengths(client.tx_pending()), [3_usize.next_multiple_of(multiple.into())], "close_notify");
    }
}

#[test]
fn without_padding_a_record_has_its_content_and_its_type() {
    for multiple in [0, 1] {
        let (mut client, mut server) = padded(multiple, Sizes::DEFAULT).run().sessions();
        for count in [1, 2, 100] {
            assert_eq!(lengths_of(&mut client, &mut server, &vec![7; count]), [count + 1]);
        }
    }
}

/// 1,000 bytes are no divisor of a record of the peer's limit, nor of what `tx` holds.
#[test]
fn padding_ends_at_the_limit_of_the_peer_and_at_the_end_of_the_buffer() {
    let sizes = Sizes { rx: 1024, tx: 1024, peer: 2048 };
    let outcome = padded(1000, sizes).run();
    for stream in [&outcome.wire.from_client, &outcome.wire.from_server] {
        let lengths = inner_lengths(stream);
        assert!(lengths.iter().all(|length| *length <= 513), "{lengths:?}");
    }
    let (mut client, mut server) = outcome.sessions();
    for count in [1, 100, 512] {
        assert_eq!(lengths_of(&mut client, &mut server, &vec![7; count]), [513]);
    }
    let sizes = Sizes { rx: 4096, tx: 400, peer: 2048 };
    let (mut client, mut server) = padded(1000, sizes).run().sessions();
    for count in [1, 100, 400 - 46] {
        // Header, tag, and room for an alert of 24 bytes.
        assert_eq!(lengths_of(&mut client, &mut server, &vec![7; count]), [400 - 21 - 24]);
    }
}

#[test]
fn flights_pass_padded_through_the_smallest_buffers_and_limits() {
    for multiple in [7, 64, 1000] {
        for (rx, tx) in [(900, 288), (400, 288), (300, 400), (4096, 288)] {
            let (mut client, mut server) = padded(multiple, Sizes { rx, tx, peer: 4096 }).run().sessions();
            assert_eq!(client.write(b"ping"), Ok(4));
            assert_eq!(exchange(&mut client, &mut server).unwrap().1, b"ping");
        }
    }
}
