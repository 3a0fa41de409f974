//! Streams that report whether they would wait, and lend received data.
#![allow(missing_docs)]

use embedded_io::{BufRead, ErrorType, Read, ReadReady, Write, WriteReady};
use embedded_mtls::io::{Failure, asynch, blocking};
use embedded_mtls::{Client, Error, Server};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use test_support::pair::{Setup, TestSession, read_all};
use test_support::pki::Pki;

/// A transport that may not be used when it would wait.
#[derive(Default)]
struct Line {
    incoming: VecDeque<u8>,
    ended: bool,
    outgoing: Vec<u8>,
    /// Bytes that it still takes.
    room: usize,
}

impl ErrorType for Line {
    type Error = Infallible;
}

impl Read for Line {
    fn read(&mut self, out: &mut [u8]) -> Result<usize, Infallible> {
        assert!(self.ended || !self.incoming.is_empty(), "this would wait");
        let count = out.len().min(self.incoming.len());
        out.iter_mut().zip(self.incoming.drain(..count)).for_each(|(to, from)| *to = from);
        Ok(count)
    }
}

impl Write for Line {
    fn write(&mut self, data: &[u8]) -> Result<usize, Infallible> {
        assert_ne!(self.room, 0, "this would wait");
        let count = data.len().min(self.room);
        self.room -= count;
        self.outgoing.extend_from_slice(&data[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

impl embedded_io_async::Read for Line {
    async fn read(&mut self, out: &mut [u8]) -> Result<usize, Infallible> {
        Read::read(self, out)
    }
}

impl embedded_io_async::Write for Line {
    async fn write(&mut self, data: &[u8]) -> Result<usize, Infallible> {
        Write::write(self, data)
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

impl ReadReady for Line {
    fn read_ready(&mut self) -> Result<bool, Infallible> {
        Ok(self.ended || !self.incoming.is_empty())
    }
}

impl WriteReady for Line {
    fn write_ready(&mut self) -> Result<bool, Infallible> {
        Ok(self.room != 0)
    }
}

type Blocking = blocking::Stream<'static, Line, Client>;
type Asynch = asynch::Stream<'static, Line, Client>;

fn sessions() -> (TestSession<Client>, TestSession<Server>) {
    Setup::new(&Pki::new()).run().sessions()
}

fn sent(server: &mut TestSession<Server>) -> Vec<u8> {
    let bytes = server.tx_pending().to_vec();
    server.tx_consume(bytes.len());
    bytes
}

fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("this waits"),
    }
}

#[test]
fn a_stream_is_readable_when_a_whole_record_has_come_and_until_its_data_is_consumed() {
    let (client, mut server) = sessions();
    let mut stream = Blocking::from_parts(Line::default(), client);
    server.write(b"pong").unwrap();
    for byte in sent(&mut server) {
        assert_eq!(stream.read_ready(), Ok(false));
        stream.transport.incoming.push_back(byte);
    }
    assert_eq!(stream.read_ready(), Ok(true));
    assert_eq!(stream.fill_buf(), Ok(&b"pong"[..]));
    BufRead::consume(&mut stream, 2);
    assert_eq!(stream.read_ready(), Ok(true));
    assert_eq!(stream.fill_buf(), Ok(&b"ng"[..]));
    let mut out = [0; 8];
    assert_eq!(stream.read(&mut out), Ok(2));
    assert_eq!(stream.read_ready(), Ok(false));
}

#[test]
fn an_async_stream_is_readable_when_a_whole_record_has_come_and_until_its_data_is_consumed() {
    let (client, mut server) = sessions();
    let mut stream = Asynch::from_parts(Line::default(), client);
    server.write(b"pong").unwrap();
    for byte in sent(&mut server) {
        assert_eq!(stream.read_ready(), Ok(false));
        stream.transport.incoming.push_back(byte);
    }
    assert_eq!(stream.read_ready(), Ok(true));
    assert_eq!(at_once(embedded_io_async::BufRead::fill_buf(&mut stream)), Ok(&b"pong"[..]));
    embedded_io_async::BufRead::consume(&mut stream, 4);
    assert_eq!(stream.read_ready(), Ok(false));
}

#[test]
fn an_end_and_a_broken_record_count_as_readable() {
    let (client, mut server) = sessions();
    let mut stream = Blocking::from_parts(Line::default(), client);
    server.close();
    stream.transport.incoming.extend(sent(&mut server));
    assert_eq!((stream.read_ready(), stream.read(&mut [0])), (Ok(true), Ok(0)));

    let (client, _) = sessions();
    let mut stream = Blocking::from_parts(Line { ended: true, room: 100, ..Line::default() }, client);
    let truncated = Err(Failure::Tls(Error::ConnectionTruncated));
    assert_eq!((stream.read_ready(), stream.read(&mut [0])), (Ok(true), truncated));

    let (client, mut server) = sessions();
    let mut stream = Blocking::from_parts(Line { room: 100, ..Line::default() }, client);
    server.write(b"pong").unwrap();
    let mut record = sent(&mut server);
    *record.last_mut().unwrap() ^= 1;
    stream.transport.incoming.extend(record);
    assert_eq!(stream.read_ready(), Ok(true));
    assert!(stream.read(&mut [0]).is_err());
    assert!(!stream.transport.outgoing.is_empty(), "the alert has left");
}

#[test]
fn a_stream_is_writable_when_a_record_fits_and_moves_what_the_transport_takes() {
    let (client, mut server) = sessions();
    let mut stream = Blocking::from_parts(Line::default(), client);
    assert_eq!(stream.write_ready(), Ok(true));
    let mut written = 0;
    while let count @ 1.. = stream.session.write(&[7; 100]).unwrap() {
        written += count;
    }
    assert_eq!(stream.write_ready(), Ok(false));
    stream.transport.room = 1;
    assert_eq!(stream.write_ready(), Ok(false), "one byte of room is no room for a record");
    stream.transport.room = usize::MAX;
    assert_eq!(stream.write_ready(), Ok(true));

    let (transport, session) = (stream.transport, stream.session);
    let left = session.tx_pending();
    for chunk in [&transport.outgoing[..], left] {
        for bytes in chunk.chunks(512) {
            server.rx_space()[..bytes.len()].copy_from_slice(bytes);
            server.rx_commit(bytes.len()).unwrap();
        }
    }
    let mut received = Vec::new();
    read_all(&mut server, &mut received).unwrap();
    assert_eq!(received, vec![7; written]);
}

#[test]
fn an_async_stream_is_writable_when_a_record_fits() {
    let (client, _) = sessions();
    let mut stream = Asynch::from_parts(Line::default(), client);
    while let 1.. = stream.session.write(&[7; 100]).unwrap() {}
    assert_eq!(stream.write_ready(), Ok(false));
    stream.transport.room = usize::MAX;
    assert_eq!(stream.write_ready(), Ok(true));
}
