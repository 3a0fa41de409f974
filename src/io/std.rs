//! Host support: sockets and clock.

use super::Failure;
use super::blocking::Stream;
use crate::error::Error;
use crate::handshake::Side;
use crate::x509::{Time, UnixTime};
use std::io;
use std::net::TcpStream;
use std::time::{SystemTime, UNIX_EPOCH};

/// A TCP connection as a transport.
#[derive(Debug)]
pub struct Socket(pub TcpStream);

impl embedded_io::ErrorType for Socket {
    type Error = io::Error;
}

impl embedded_io::Read for Socket {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        retry(|| io::Read::read(&mut self.0, out))
    }
}

impl embedded_io::Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        retry(|| io::Write::write(&mut self.0, bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::Write::flush(&mut self.0)
    }
}

/// Retries calls that a signal interrupted.
fn retry<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// Returns the time of the host's clock, as trusted.
pub fn system_time() -> Time {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    Time::Trusted(UnixTime(i64::try_from(seconds).unwrap_or(i64::MAX)))
}

impl<T, R> io::Read for Stream<'_, T, R>
where
    T: embedded_io::Read + embedded_io::Write,
    T::Error: Into<io::Error>,
    R: Side,
{
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        embedded_io::Read::read(self, out).map_err(io::Error::from)
    }
}

impl<T, R> io::Write for Stream<'_, T, R>
where
    T: embedded_io::Read + embedded_io::Write,
    T::Error: Into<io::Error>,
    R: Side,
{
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        embedded_io::Write::write(self, data).map_err(io::Error::from)
    }

    fn flush(&mut self) -> io::Result<()> {
        embedded_io::Write::flush(self).map_err(io::Error::from)
    }
}

/// Converts a failure; a TLS error keeps its type: `get_ref().downcast_ref::<embedded_mtls::Error>()`.
impl<E: Into<Self>> From<Failure<E>> for io::Error {
    fn from(failure: Failure<E>) -> Self {
        match failure {
            Failure::Io(error) => error.into(),
            Failure::Tls(error @ Error::ConnectionTruncated) => Self::new(io::ErrorKind::UnexpectedEof, error),
            Failure::Tls(error @ Error::AlertReceived(_)) => Self::new(io::ErrorKind::ConnectionAborted, error),
            Failure::Tls(error) => Self::new(io::ErrorKind::InvalidData, error),
        }
    }
}
