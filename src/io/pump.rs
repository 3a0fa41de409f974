//! The policy of the drivers, without their calls: the next action, the order of actions, and the handling of failures.
//!
//! - Pending bytes are sent and flushed before anything is read, asked or reported. A flush whose future was dropped is
//!   repeated.
//! - A transport that accepts no more bytes may still hold the alert with the reason: it is read to its end, and the
//!   failure to send is the error only if there is no alert.
//! - A TLS error is returned after its alert was sent, as far as the transport accepts it.

use super::AsyncHost;
use super::Failure;
use super::Host;
use crate::connection::Session;
use crate::connection::machine::Machine;
use crate::credential::Choice;
use crate::error::{BufferKind, Error};
use crate::handshake::{Input, Question, Side, Stop};
use crate::x509::{Trace, TraceEvent};
use core::convert::Infallible;

/// The next action of a driver.
#[derive(Clone, Copy)]
pub(super) enum Io<'b> {
    /// Write pending bytes to the transport.
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

impl<'b> From<Stop<'b>> for Io<'b> {
    fn from(stop: Stop<'b>) -> Self {
        match stop {
            Stop::Transmit => Self::Write,
            Stop::NeedInput => Self::Read,
            Stop::Yield => Self::Yield,
            Stop::Ask(question) => Self::Ask(question),
            Stop::Done => Self::Ready,
        }
    }
}

/// The purpose for which a pump runs.
enum Goal<M> {
    /// Everything is sent.
    Drained,
    /// The machine has something to report, or this condition holds.
    Until(fn(&M) -> bool),
}

/// Drives a machine over a transport with errors `E`.
pub(super) struct Pump<'p, M, E> {
    machine: &'p mut M,
    /// The transport has accepted bytes that it may still buffer.
    unflushed: &'p mut bool,
    goal: Goal<M>,
    /// The reason why the transport accepts no more bytes.
    unsent: Option<Failure<E>>,
    /// The error to return after its alert was sent.
    failed: Option<Error>,
    reads_left: Option<u8>,
}

impl<'p, 'b, M: Machine<'b>, E> Pump<'p, M, E> {
    pub(super) const fn drain(machine: &'p mut M, unflushed: &'p mut bool) -> Self {
        Self::new(machine, unflushed, Goal::Drained)
    }

    pub(super) const fn until(machine: &'p mut M, unflushed: &'p mut bool, holds: fn(&M) -> bool) -> Self {
        Self::new(machine, unflushed, Goal::Until(holds))
    }

    const fn new(machine: &'p mut M, unflushed: &'p mut bool, goal: Goal<M>) -> Self {
        Self { machine, unflushed, goal, unsent: None, failed: None, reads_left: M::LAST_READS }
    }

    /// Returns the next action. An action that was not performed is returned again.
    pub(super) fn next(&mut self, trace: &mut impl Trace) -> Result<Io<'b>, Failure<E>> {
        loop {
            let is_pending = !self.pending().is_empty();
            match (&self.unsent, self.failed) {
                (None, _) if !is_pending && *self.unflushed => return Ok(Io::Flush),
                (None, Some(_)) if is_pending => return Ok(Io::Write),
                (_, Some(error)) => return Err(Failure::Tls(error)),
                (_, None) => {}
            }
            let Goal::Until(holds) = self.goal else {
                return self.unsent.take().map_or(Ok(if is_pending { Io::Write } else { Io::Ready }), Err);
            };
            if holds(self.machine) {
                return Ok(Io::Ready);
            }
            let next = if self.unsent.is_some() { self.machine.next_received() } else { self.machine.next(trace) };
            match next {
                Ok(_) if holds(self.machine) => return Ok(Io::Ready),
                Ok(stop) => return Ok(stop.into()),
                Err(error) => self.failed = Some(error),
            }
        }
    }

    pub(super) fn pending<'s>(&'s self) -> &'s [u8]
    where
        'b: 's,
    {
        self.machine.connection().tx.pending()
    }

    /// Handles the result of a write. A transport that accepts no bytes is closed.
    pub(super) fn wrote(&mut self, result: Result<usize, E>) {
        match result {
            Ok(0) => self.unsent = Some(Failure::Tls(Error::ConnectionTruncated)),
            Ok(count) => {
                self.machine.tx_consume(count);
                *self.unflushed = true;
            }
            Err(error) => self.unsent = Some(Failure::Io(error)),
        }
    }

    pub(super) fn flushed(&mut self, result: Result<(), E>) {
        match result {
            Ok(()) => *self.unflushed = false,
            Err(error) => self.unsent = Some(Failure::Io(error)),
        }
    }

    /// Returns the space to read into, which is never empty: reading zero bytes would look like the end of the
    /// transport, or never return.
    pub(super) fn space<'s>(&'s mut self) -> Result<&'s mut [u8], Failure<E>>
    where
        'b: 's,
    {
        let space = self.machine.connection_mut().rx.make_space();
        if space.is_empty() {
            let full = Error::too_small(BufferKind::Rx, usize::MAX);
            return Err(self.unsent.take().unwrap_or(Failure::Tls(full)));
        }
        Ok(space)
    }

    /// Handles the result of a read. If nothing was received, the error is the earlier failure to send, if there was one.
    pub(super) fn received(&mut self, result: Result<usize, E>) -> Result<(), Failure<E>> {
        match (result, self.unsent.take()) {
            (Ok(0) | Err(_), Some(error)) => return Err(error),
            (Err(error), None) => return Err(Failure::Io(error)),
            (Ok(0), None) => self.machine.connection_mut().rx.set_eof(),
            (Ok(count), unsent) => {
                if let (Some(_), Some(left)) = (&unsent, &mut self.reads_left) {
                    *left = left.saturating_sub(1);
                }
                self.failed = self.machine.rx_commit(count).err();
                match unsent {
                    Some(error) if self.reads_left == Some(0) => return Err(error),
                    unsent => self.unsent = unsent,
                }
            }
        }
        Ok(())
    }

    /// Lets the host answer a question. An error is final.
    #[inline(never)] // in a frame of its own, which is not there while certificates are verified
    pub(super) fn ask(&mut self, question: Question<'b>, host: &mut impl Host<Choice = Choice<'b>>) {
        self.failed = self.answer(question, host).err().map(|error| self.machine.fail(error));
    }

    fn answer(&mut self, question: Question<'b>, host: &mut impl Host<Choice = Choice<'b>>) -> Result<(), Error> {
        let machine = &mut *self.machine;
        let signature;
        let input = match question {
            Question::Time => Input::Time(host.time()),
            Question::Credential => {
                let request = machine.peer_request();
                #[cfg(feature = "events")]
                host.mismatches(&request, &mut |key, alias, reason| {
                    machine.connection().events.mismatch(key, alias, reason);
                });
                Input::Credential(host.credential(&request))
            }
            Question::Authorize => {
                let peer = machine.peer()?;
                let decision = host.authorize(&peer);
                #[cfg(feature = "resumption")]
                if decision.is_err() && machine.may_decline() {
                    return machine.answer(Input::Declined, &mut trace_to(host));
                }
                decision.map_err(Error::NotAuthorized)?;
                #[cfg(feature = "dangerous-waivers")]
                if let Some(waived) = machine.waived()
                    && host.dangerous_accept_waived(&peer, waived)
                {
                    return machine.answer(Input::AuthorizedAsWaived, &mut trace_to(host));
                }
                Input::Authorized
            }
            Question::Sign(credential) => {
                signature = host.sign(&machine.sign_input(credential)?).ok_or(Error::SigningFailed)?;
                Input::Signature(&signature)
            }
        };
        machine.answer(input, &mut trace_to(host))
    }

    /// Lets the host answer a question asynchronously. If the future is dropped, the question is asked again. An error
    /// is final.
    pub(super) async fn ask_async(&mut self, question: Question<'b>, host: &mut impl AsyncHost<Choice = Choice<'b>>) {
        self.failed = self.answer_async(question, host).await.err().map(|error| self.machine.fail(error));
    }

    async fn answer_async(
        &mut self,
        question: Question<'b>,
        host: &mut impl AsyncHost<Choice = Choice<'b>>,
    ) -> Result<(), Error> {
        let machine = &mut *self.machine;
        let signature;
        let input = match question {
            Question::Time => Input::Time(host.time().await),
            Question::Credential => {
                let request = machine.peer_request();
                #[cfg(feature = "events")]
                host.mismatches(&request, &mut |key, alias, reason| {
                    machine.connection().events.mismatch(key, alias, reason);
                });
                Input::Credential(host.credential(&request).await)
            }
            Question::Authorize => {
                let peer = machine.peer()?;
                let decision = host.authorize(&peer).await;
                #[cfg(feature = "resumption")]
                if decision.is_err() && machine.may_decline() {
                    return machine.answer(Input::Declined, &mut trace_to_async(host));
                }
                decision.map_err(Error::NotAuthorized)?;
                #[cfg(feature = "dangerous-waivers")]
                if let Some(waived) = machine.waived()
                    && host.dangerous_accept_waived(&peer, waived).await
                {
                    return machine.answer(Input::AuthorizedAsWaived, &mut trace_to_async(host));
                }
                Input::Authorized
            }
            Question::Sign(credential) => {
                signature = host.sign(&machine.sign_input(credential)?).await.ok_or(Error::SigningFailed)?;
                Input::Signature(&signature)
            }
        };
        machine.answer(input, &mut trace_to_async(host))
    }
}

/// Lets a host answer the questions of a session after the handshake, for programs with their own driver. Returns when
/// there are no more questions. If the future is dropped, the question is asked again.
///
/// # Errors
/// The reason why the session failed. The alert waits in [`tx_pending`](Session::tx_pending).
pub async fn answer<'b, R: Side>(
    session: &mut Session<'b, R>,
    host: &mut impl AsyncHost<Choice = Choice<'b>>,
) -> Result<(), Error> {
    while let Stop::Ask(question) = session.next_received()? {
        let mut unflushed = false;
        Pump::<_, Infallible>::drain(session, &mut unflushed).ask_async(question, host).await;
    }
    Ok(())
}

/// Passes the steps of the search to a host. A single function creates the closure, so that the states are compiled for
/// it once.
pub(super) fn trace_to<H: Host>(host: &mut H) -> impl Trace + use<'_, H> {
    |event: TraceEvent<'_>| host.trace(event)
}

/// As [`trace_to`].
pub(super) fn trace_to_async<H: AsyncHost>(host: &mut H) -> impl Trace + use<'_, H> {
    |event: TraceEvent<'_>| host.trace(event)
}
