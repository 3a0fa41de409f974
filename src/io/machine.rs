//! A handshake or a session, as the pump sees it.

use crate::connection::machine::Machine;
use crate::connection::session::Next;
use crate::connection::{Handshake, Session, SignInput};
use crate::credential::{Choice, PeerRequest, Signature};
#[cfg(feature = "events")]
use crate::credential::{KeyHandle, Mismatch};
use crate::error::{AlertDescription, ApiMisuse, Error};
use crate::handshake::{Input, Question as Asked, Side, Stop};
use crate::limits::LAST_READS;
#[cfg(feature = "dangerous-waivers")]
use crate::x509::Waived;
use crate::x509::{PeerIdentity, Time, Trace};

/// The next thing that a driver does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Io {
    /// Write what is pending to the transport.
    Write,
    /// Flush the transport.
    Flush,
    /// Read from the transport.
    Read,
    /// Let other tasks run.
    Yield,
    /// Let a host answer a question.
    Ask,
    /// It is done: a handshake is over; a session has data, has ended, or what was waited for is there.
    Ready,
}

/// A question to a host.
pub(super) enum Question<'c> {
    Time,
    Credential(PeerRequest<'c>),
    #[cfg(not(feature = "dangerous-waivers"))]
    Authorize(PeerIdentity<'c>),
    /// With what was waived of its path.
    #[cfg(feature = "dangerous-waivers")]
    Authorize(PeerIdentity<'c>, Waived),
    Sign(SignInput),
}

/// The answer of a host.
#[allow(clippy::large_enum_variant, reason = "made and taken in the same call")]
pub(super) enum Answer<'b> {
    Time(Time),
    Credential(Choice<'b>),
    Authorize(Result<(), AlertDescription>),
    /// With whatever was waived.
    #[cfg(feature = "dangerous-waivers")]
    AuthorizeWaived,
    Sign(Option<Signature>),
}

/// Takes a credential that does not meet a request: its key and alias, and why.
#[cfg(feature = "events")]
pub(super) type EachMismatch<'e> = dyn FnMut(KeyHandle, &str, Mismatch) + 'e;

/// A machine that the pump drives: a handshake or a session.
pub(super) trait Driven<'b>: Machine<'b> {
    /// The reads of a transport that takes nothing more; `None`: until it has nothing.
    const LAST_READS: Option<u8>;

    fn next(&mut self, trace: &mut impl Trace) -> Result<Io, Error>;
    /// Looks at what was received although something waits to be sent.
    fn next_received(&mut self) -> Result<Io, Error>;
    /// The question that is asked.
    fn asked(&mut self) -> Result<Asked<'b>, Error>;
    fn answer(&mut self, answer: Input<'_, 'b>, trace: &mut impl Trace) -> Result<(), Error>;
    fn tx_pending(&self) -> &[u8];
    fn tx_consume(&mut self, count: usize);
    fn rx_space(&mut self) -> &mut [u8];
    fn rx_commit(&mut self, count: usize) -> Result<(), Error>;
    fn rx_eof(&mut self);

    /// The question that is asked, with all that a host needs for its answer.
    fn question<'q>(&'q mut self) -> Result<Question<'q>, Error>
    where
        'b: 'q,
    {
        Ok(match self.asked()? {
            Asked::Time => Question::Time,
            Asked::Credential => Question::Credential(self.peer_request()),
            Asked::Authorize => Question::Authorize(
                self.search().list().identity().ok_or(ApiMisuse::AnswerUnexpected)?,
                #[cfg(feature = "dangerous-waivers")]
                self.search().verified().map_or(Waived::NOTHING, |path| path.found().waived),
            ),
            Asked::Sign(credential) => Question::Sign(self.sign_input(credential)),
        })
    }

    /// Takes the answer of the host to the question that is asked.
    fn answered(&mut self, answer: Answer<'b>, trace: &mut impl Trace) -> Result<(), Error> {
        match answer {
            Answer::Time(time) => self.answer(Input::Time(time), trace),
            Answer::Credential(choice) => self.answer(choice.into(), trace),
            Answer::Authorize(Ok(())) => self.answer(Input::Authorized, trace),
            Answer::Authorize(Err(alert)) => Err(self.fail(Error::Refused(alert))),
            #[cfg(feature = "dangerous-waivers")]
            Answer::AuthorizeWaived => self.answer(Input::AuthorizedAsWaived, trace),
            Answer::Sign(None) => Err(self.fail(Error::SigningFailed)),
            Answer::Sign(Some(signature)) => {
                let Asked::Sign(credential) = self.asked()? else { return Err(ApiMisuse::AnswerUnexpected.into()) };
                let mut der = [0; Signature::MAX_DER];
                match signature.encode(credential.scheme(), &mut der) {
                    Some(encoded) => self.answer(Input::Signature(encoded), trace),
                    None => Err(self.fail(ApiMisuse::SignatureMalformed.into())),
                }
            }
        }
    }

    /// Records which credentials do not meet the request that is asked, if one is.
    #[cfg(feature = "events")]
    fn record_mismatch(&mut self, list: impl FnOnce(&PeerRequest<'_>, &mut EachMismatch<'_>)) {
        if let Ok(Asked::Credential) = self.asked() {
            list(&self.peer_request(), &mut |key, alias, reason| self.events().mismatch(key, alias, reason));
        }
    }
}

impl<'b, R: Side> Driven<'b> for Handshake<'b, R> {
    const LAST_READS: Option<u8> = Some(LAST_READS);

    fn next(&mut self, trace: &mut impl Trace) -> Result<Io, Error> {
        self.next(trace).map(Io::of)
    }

    fn next_received(&mut self) -> Result<Io, Error> {
        self.look_for_alert().map_or(Ok(Io::Read), Err)
    }

    fn asked(&mut self) -> Result<Asked<'b>, Error> {
        Self::asked(self)
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

    fn next(&mut self, _: &mut impl Trace) -> Result<Io, Error> {
        self.next(true).map(Io::of_session)
    }

    fn next_received(&mut self) -> Result<Io, Error> {
        self.next(false).map(Io::of_session)
    }

    fn asked(&mut self) -> Result<Asked<'b>, Error> {
        match self.next(false)? {
            Next::Stop(Stop::Ask(question)) => Ok(question),
            _ => Err(ApiMisuse::AnswerUnexpected.into()),
        }
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

impl Io {
    const fn of(stop: Stop<'_>) -> Self {
        match stop {
            Stop::Transmit => Self::Write,
            Stop::NeedInput => Self::Read,
            Stop::Yield => Self::Yield,
            Stop::Ask(_) => Self::Ask,
            Stop::Done => Self::Ready,
        }
    }

    const fn of_session(next: Next<'_>) -> Self {
        match next {
            // The client's answer is kept by the session.
            Next::Stop(Stop::Done) => Self::Yield,
            Next::Stop(stop) => Self::of(stop),
            Next::Data | Next::PeerClosed | Next::Closed => Self::Ready,
        }
    }
}
