//! A socket that may move a byte at a time.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

/// The longest wait for the runner when everything has been sent.
const PATIENCE: Duration = Duration::from_secs(2);

/// The socket of one connection.
pub(crate) struct Transport<'s> {
    stream: &'s TcpStream,
    byte_by_byte: bool,
}

impl<'s> Transport<'s> {
    pub(crate) const fn new(stream: &'s TcpStream, byte_by_byte: bool) -> Self {
        Self { stream, byte_by_byte }
    }

    pub(crate) fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        let most = self.most(space.len());
        match self.stream.read(space.get_mut(..most).unwrap_or_default()) {
            // The runner closes with something unread: for us that is the end.
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Ok(0),
            result => result,
        }
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let most = self.most(bytes.len());
        self.stream.write(bytes.get(..most).unwrap_or_default())
    }

    pub(crate) fn write_all(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let count = self.write(bytes)?;
            bytes = bytes.get(count..).unwrap_or_default();
        }
        Ok(())
    }

    fn most(&self, len: usize) -> usize {
        if self.byte_by_byte { len.min(1) } else { len }
    }

    /// Closes so that the last alert arrives: a socket that is closed with something unread resets the connection.
    pub(crate) fn hang_up(&mut self) {
        let mut waste = [0; 4096];
        let mut gone =
            self.stream.shutdown(Shutdown::Write).is_err() || self.stream.set_read_timeout(Some(PATIENCE)).is_err();
        while !gone {
            gone = !self.stream.read(&mut waste).is_ok_and(|count| count > 0);
        }
    }
}
