//! A handshake or a session, as driven by the pump.

use crate::connection::machine::Machine;
use crate::connection::session::Next;
use crate::connection::{Handshake, Session};
use crate::error::Error;
use crate::handshake::{Input, Question, Side, Stop};
use crate::limits::LAST_READS;
use crate::x509::Trace;

/// The next action of a driver.
#[derive(Clone, Copy)]
pub(super) enum Io<'b> {
    /// Write what is pending to the transport.
    Write,
    /// Flush the transport.
    Flush,
    /// Read from the transport.
    Read,
    /// Let other tasks run.
    Yield,
    /// Let a host answer a question.
    Ask(Question<'b>),
    /// Done: the handshake is complete; the session has data, has ended, or meets the goal.
    Ready,
}

/// A machine that the pump drives: a handshake or a session.
pub(super) trait Driven<'b>: Machine<'b> {
    /// The maximum number of reads from a transport that accepts no more bytes; `None`: until it returns no more.
    const LAST_READS: Option<u8>;

    fn next(&mut self, trace: &mut impl Trace) -> Result<Io<'b>, Error>;
    /// Processes received data even while something waits to be sent.
    fn next_received(&mut self) -> Result<Io<'b>, Error>;
    fn answer(&mut self, answer: Input<'_, 'b>, trace: &mut impl Trace) -> Result<(), Error>;
    fn tx_pending(&self) -> &[u8];
    fn tx_consume(&mut self, count: usize);
    fn rx_space(&mut self) -> &mut [u8];
    fn rx_commit(&mut self, count: usize) -> Result<(), Error>;
    fn rx_eof(&mut self);
}

impl<'b, R: Side> Driven<'b> for Handshake<'b, R> {
    const LAST_READS: Option<u8> = Some(LAST_READS);

    fn next(&mut self, trace: &mut impl Trace) -> Result<Io<'b>, Error> {
        self.next(trace).map(Io::of)
    }

    fn next_received(&mut self) -> Result<Io<'b>, Error> {
        self.look_for_alert().map_or(Ok(Io::Read), Err)
    }

    fn answer(&mut self, answer: Input<'_, 'b>, trace: &mut impl Trace) -> Result<(), Error> {
        self.answer(answer, trace)
    }

    fn tx_pending(&self) -> &[u8] {
        self.tx_pending()
    }

    fn tx_consume(&mut self, count: usize) {
        self.tx_consume(count);
    }

    fn rx_space(&mut self) -> &mut [u8] {
        self.rx_space()
    }

    fn rx_commit(&mut self, count: usize) -> Result<(), Error> {
        self.rx_commit(count)
    }

    fn rx_eof(&mut self) {
        self.rx_eof();
    }
}

impl<'b, R: Side> Driven<'b> for Session<'b, R> {
    const LAST_READS: Option<u8> = None;

    fn next(&mut self, _: &mut impl Trace) -> Result<Io<'b>, Error> {
        self.next(true).map(Io::of_session)
    }

    fn next_received(&mut self) -> Result<Io<'b>, Error> {
        self.next(false).map(Io::of_session)
    }

    fn answer(&mut self, answer: Input<'_, 'b>, _: &mut impl Trace) -> Result<(), Error> {
        self.advance(answer)
    }

    fn tx_pending(&self) -> &[u8] {
        self.tx_pending()
    }

    fn tx_consume(&mut self, count: usize) {
        self.tx_consume(count);
    }

    fn rx_space(&mut self) -> &mut [u8] {
        self.rx_space()
    }

    fn rx_commit(&mut self, count: usize) -> Result<(), Error> {
        self.rx_commit(count)
    }

    fn rx_eof(&mut self) {
        self.rx_eof();
    }
}

impl<'b> Io<'b> {
    const fn of(stop: Stop<'b>) -> Self {
        match stop {
            Stop::Transmit => Self::Write,
            Stop::NeedInput => Self::Read,
            Stop::Yield => Self::Yield,
            Stop::Ask(question) => Self::Ask(question),
            Stop::Done => Self::Ready,
        }
    }

    const fn of_session(next: Next<'b>) -> Self {
        match next {
            // The session keeps the client's answer.
            Next::Stop(Stop::Done) => Self::Yield,
            Next::Stop(stop) => Self::of(stop),
            Next::Data | Next::PeerClosed | Next::Closed => Self::Ready,
        }
    }
}
