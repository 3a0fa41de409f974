//! Both ends of a connection in memory.

use core::cell::{Cell, RefCell};
use core::future::{Future, poll_fn};
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};
use embedded_io_async::{ErrorKind, ErrorType, Read, Write};
use std::collections::VecDeque;
use std::rc::Rc;

/// One end of a connection in memory.
#[derive(Clone, Default)]
pub(crate) struct End {
    incoming: Rc<RefCell<VecDeque<u8>>>,
    outgoing: Rc<RefCell<VecDeque<u8>>>,
    /// The peer is gone: it takes nothing more.
    pub(crate) is_broken: Rc<Cell<bool>>,
}

impl End {
    /// Makes both ends of a connection.
    pub(crate) fn pair() -> (Self, Self) {
        let near = Self::default();
        let (incoming, outgoing) = (Rc::clone(&near.outgoing), Rc::clone(&near.incoming));
        (near, Self { incoming, outgoing, ..Self::default() })
    }
}

impl ErrorType for End {
    type Error = ErrorKind;
}

impl Read for End {
    async fn read(&mut self, out: &mut [u8]) -> Result<usize, ErrorKind> {
        poll_fn(|_| {
            let mut incoming = self.incoming.borrow_mut();
            let count = out.len().min(incoming.len());
            out.iter_mut().zip(incoming.drain(..count)).for_each(|(to, from)| *to = from);
            if count == 0 { Poll::Pending } else { Poll::Ready(Ok(count)) }
        })
        .await
    }
}

impl Write for End {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        if self.is_broken.get() {
            return Err(ErrorKind::BrokenPipe);
        }
        self.outgoing.borrow_mut().extend(bytes);
        Ok(bytes.len())
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}

/// Runs two futures in turns until both are ready.
pub(crate) fn join<A, B>(a: impl Future<Output = A>, b: impl Future<Output = B>) -> (A, B) {
    let (mut a, mut b, mut context) = (pin!(a), pin!(b), Context::from_waker(Waker::noop()));
    let (mut of_a, mut of_b) = (None, None);
    for _ in 0..1000 {
        poll_once(&mut of_a, a.as_mut(), &mut context);
        poll_once(&mut of_b, b.as_mut(), &mut context);
    }
    (of_a.expect("the first is ready"), of_b.expect("the second is ready"))
}

fn poll_once<T>(output: &mut Option<T>, future: Pin<&mut impl Future<Output = T>>, context: &mut Context<'_>) {
    if output.is_none()
        && let Poll::Ready(value) = future.poll(context)
    {
        *output = Some(value);
    }
}
