//! A connection in memory between two futures, which are asked in turn.

use core::cell::RefCell;
use core::convert::Infallible;
use core::future::{Future, poll_fn};
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use std::collections::VecDeque;
use std::rc::Rc;

use embedded_io_async::{ErrorType, Read, Write};

/// One turn of a task.
pub fn once<T>(future: Pin<&mut impl Future<Output = T>>) -> Option<T> {
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

/// One end of a pipe. It is closed when the other end is dropped.
pub struct End {
    incoming: Rc<RefCell<Line>>,
    outgoing: Rc<RefCell<Line>>,
}

#[derive(Default)]
struct Line {
    bytes: VecDeque<u8>,
    closed: bool,
}

pub fn pipe() -> (End, End) {
    let (a, b) = (Rc::default(), Rc::default());
    (End { incoming: Rc::clone(&a), outgoing: Rc::clone(&b) }, End { incoming: b, outgoing: a })
}

impl Drop for End {
    fn drop(&mut self) {
        self.outgoing.borrow_mut().closed = true;
    }
}

impl ErrorType for End {
    type Error = Infallible;
}

impl Read for End {
    async fn read(&mut self, out: &mut [u8]) -> Result<usize, Infallible> {
        poll_fn(|_| {
            let mut incoming = self.incoming.borrow_mut();
            let count = out.len().min(incoming.bytes.len());
            if count == 0 && !incoming.closed {
                return Poll::Pending;
            }
            out.iter_mut().zip(incoming.bytes.drain(..count)).for_each(|(to, from)| *to = from);
            Poll::Ready(Ok(count))
        })
        .await
    }
}

impl Write for End {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        self.outgoing.borrow_mut().bytes.extend(bytes);
        Ok(bytes.len())
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}
