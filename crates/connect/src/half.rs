//! Halves of a connection, for one task.

use crate::connection::Connection;
use crate::error::Error;
use core::cell::RefCell;
use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::{Context, Poll};
use embedded_io_async::{ErrorType, Read, Write};
use embedded_mtls::Side;

/// One direction of a socket.
///
/// Both halves belong to one task, as in edge-http and picoserve: whichever is polled sends an answer to the peer, and
/// a transport wakes one task for what it sends.
#[derive(Debug)]
pub struct Half<'s, 'l, 'b, T, R: Side>(pub(crate) &'s RefCell<Connection<'l, 'b, T, R>>);

impl<'l, 'b, T, R: Side> Half<'_, 'l, 'b, T, R> {
    /// Polls an operation of the connection, which is created anew each time: its progress is in the session.
    pub(crate) async fn with<O>(
        &self,
        mut poll: impl FnMut(&mut Connection<'l, 'b, T, R>, &mut Context<'_>) -> Poll<O>,
    ) -> O {
        poll_fn(|context| {
            if let Ok(mut connection) = self.0.try_borrow_mut() {
                return poll(&mut connection, context);
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await
    }
}

impl<T: ErrorType, R: Side> ErrorType for Half<'_, '_, '_, T, R> {
    type Error = Error<T::Error>;
}

impl<T: Read + Write, R: Side> Read for Half<'_, '_, '_, T, R> {
    async fn read(&mut self, out: &mut [u8]) -> Result<usize, Self::Error> {
        self.with(|connection, context| pin!(connection.read(out)).poll(context)).await
    }
}

impl<T: Read + Write, R: Side> Write for Half<'_, '_, '_, T, R> {
    async fn write(&mut self, data: &[u8]) -> Result<usize, Self::Error> {
        self.with(|connection, context| pin!(connection.write(data)).poll(context)).await
    }

    async fn flush(&mut self) -> Result<(), Self::Error> {
        self.with(|connection, context| pin!(connection.flush()).poll(context)).await
    }
}
