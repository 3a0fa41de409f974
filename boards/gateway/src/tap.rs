//! A transport that logs each flight when it ends.

use embedded_io_async::{ErrorType, Read, Write};
use logging::debug;

/// Counts the bytes of each flight and logs it when the direction changes.
pub(crate) struct Tap<T> {
    transport: T,
    sent: usize,
    received: usize,
}

impl<T> Tap<T> {
    pub(crate) const fn new(transport: T) -> Self {
        Self { transport, sent: 0, received: 0 }
    }
}

impl<T: ErrorType> ErrorType for Tap<T> {
    type Error = T::Error;
}

impl<T: Read> Read for Tap<T> {
    async fn read(&mut self, out: &mut [u8]) -> Result<usize, Self::Error> {
        if self.sent > 0 {
            debug!("  --> {} bytes", self.sent);
            self.sent = 0;
        }
        let count = self.transport.read(out).await?;
        self.received += count;
        Ok(count)
    }
}

impl<T: Write> Write for Tap<T> {
    async fn write(&mut self, data: &[u8]) -> Result<usize, Self::Error> {
        if self.received > 0 {
            debug!("  <-- {} bytes", self.received);
            self.received = 0;
        }
        let count = self.transport.write(data).await?;
        self.sent += count;
        Ok(count)
    }

    async fn flush(&mut self) -> Result<(), Self::Error> {
        self.transport.flush().await
    }
}

impl<T> Drop for Tap<T> {
    fn drop(&mut self) {
        if self.sent > 0 {
            debug!("  --> {} bytes", self.sent);
        }
        if self.received > 0 {
            debug!("  <-- {} bytes", self.received);
        }
    }
}
