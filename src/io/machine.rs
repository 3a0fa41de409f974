//! A handshake or a session, as the pump sees it.

use crate::connection::{AuthorizeRequest, Event, Handshake, Session, SignInput, Step};
use crate::credential::{Choice, PeerRequest, Signature};
#[cfg(feature = "events")]
use crate::credential::{KeyHandle, Unfit};
use crate::crypto::CryptoProvider;
use crate::error::{AlertDescription, ApiMisuse, Error};
use crate::handshake::Side;
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

impl<'c> Question<'c> {
    fn authorize<S: Side, C: CryptoProvider>(request: AuthorizeRequest<'c, '_, S, C>) -> Self {
        #[cfg(feature = "dangerous-waivers")]
        let waived = request.waived();
        Self::Authorize(
            request.into_peer(),
            #[cfg(feature = "dangerous-waivers")]
            waived,
        )
    }
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
pub(super) type EachUnfit<'e> = dyn FnMut(KeyHandle, &str, Unfit) + 'e;

/// A machine that the pump drives: a handshake or a session.
pub(super) trait Machine<'b> {
    /// How often a transport that takes nothing more is read; `None`: as long as it gives something.
    const LAST_READS: Option<u8>;

    fn next(&mut self, trace: &mut impl Trace) -> Result<Io, Error>;
    /// Looks at what was received although something waits to be sent.
    fn next_received(&mut self) -> Result<Io, Error>;
    fn question(&mut self) -> Result<Question<'_>, Error>;
    fn answer(&mut self, answer: Answer<'b>) -> Result<(), Error>;
    /// Records which credentials do not meet the request that is asked, if one is.
    #[cfg(feature = "events")]
    fn record_unfit(&mut self, list: impl FnOnce(&PeerRequest<'_>, &mut EachUnfit<'_>));
    fn tx_pending(&self) -> &[u8];
    fn tx_consume(&mut self, count: usize);
    fn rx_space(&mut self) -> &mut [u8];
    fn rx_commit(&mut self, count: usize) -> Result<(), Error>;
    fn rx_eof(&mut self);
}

impl<'b, S: Side, C: CryptoProvider> Machine<'b> for Handshake<'b, S, C> {
    const LAST_READS: Option<u8> = Some(LAST_READS);

    fn next(&mut self, trace: &mut impl Trace) -> Result<Io, Error> {
        Ok(match self.poll_traced(trace)? {
            Step::Transmit => Io::Write,
            Step::NeedInput => Io::Read,
            Step::Yield => Io::Yield,
            Step::Time(_) | Step::Credential(_) | Step::Authorize(_) | Step::Sign(_) => Io::Ask,
            Step::Done => Io::Ready,
        })
    }

    fn next_received(&mut self) -> Result<Io, Error> {
        self.look_for_alert().map_or(Ok(Io::Read), Err)
    }

    fn question(&mut self) -> Result<Question<'_>, Error> {
        match self.poll()? {
            Step::Time(_) => Ok(Question::Time),
            Step::Credential(request) => Ok(Question::Credential(request.into_peer_request())),
            Step::Authorize(request) => Ok(Question::authorize(request)),
            Step::Sign(request) => Ok(Question::Sign(request.input())),
            _ => Err(ApiMisuse::AnswerUnexpected.into()),
        }
    }

    fn answer(&mut self, answer: Answer<'b>) -> Result<(), Error> {
        match (self.poll()?, answer) {
            (Step::Time(request), Answer::Time(time)) => request.provide(time),
            (Step::Credential(request), Answer::Credential(choice)) => request.answer(choice),
            (Step::Authorize(request), Answer::Authorize(Ok(()))) => request.accept(),
            (Step::Authorize(request), Answer::Authorize(Err(alert))) => Err(request.reject(alert)),
            #[cfg(feature = "dangerous-waivers")]
            (Step::Authorize(request), Answer::AuthorizeWaived) => request.dangerous_accept_waived(),
            (Step::Sign(request), Answer::Sign(Some(signature))) => request.complete(&signature),
            (Step::Sign(request), Answer::Sign(None)) => Err(request.fail()),
            _ => Err(ApiMisuse::AnswerUnexpected.into()),
        }
    }

    #[cfg(feature = "events")]
    fn record_unfit(&mut self, list: impl FnOnce(&PeerRequest<'_>, &mut EachUnfit<'_>)) {
        if let Ok(Step::Credential(request)) = self.poll() {
            list(&request.peer_request(), &mut |key, alias, reason| request.record_unfit(key, alias, reason));
        }
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

impl<'b, C: CryptoProvider> Machine<'b> for Session<'b, C> {
    const LAST_READS: Option<u8> = None;

    fn next(&mut self, _: &mut impl Trace) -> Result<Io, Error> {
        self.poll().map(|event| Io::of(&event))
    }

    fn next_received(&mut self) -> Result<Io, Error> {
        self.poll_received().map(|event| Io::of(&event))
    }

    #[cfg(not(feature = "post-handshake-auth"))]
    fn question(&mut self) -> Result<Question<'_>, Error> {
        Err(ApiMisuse::AnswerUnexpected.into())
    }

    #[cfg(feature = "post-handshake-auth")]
    fn question(&mut self) -> Result<Question<'_>, Error> {
        match self.poll_received()? {
            Event::Time(_) => Ok(Question::Time),
            Event::Credential(request) => Ok(Question::Credential(request.into_peer_request())),
            Event::Authorize(request) => Ok(Question::authorize(request)),
            Event::Sign(request) => Ok(Question::Sign(request.input())),
            _ => Err(ApiMisuse::AnswerUnexpected.into()),
        }
    }

    #[cfg(not(feature = "post-handshake-auth"))]
    fn answer(&mut self, _: Answer<'b>) -> Result<(), Error> {
        Err(ApiMisuse::AnswerUnexpected.into())
    }

    #[cfg(feature = "post-handshake-auth")]
    fn answer(&mut self, answer: Answer<'b>) -> Result<(), Error> {
        match (self.poll_received()?, answer) {
            (Event::Time(request), Answer::Time(time)) => request.provide(time),
            (Event::Credential(request), Answer::Credential(choice)) => request.answer(choice),
            (Event::Authorize(request), Answer::Authorize(Ok(()))) => request.accept(),
            (Event::Authorize(request), Answer::Authorize(Err(alert))) => Err(request.reject(alert)),
            #[cfg(feature = "dangerous-waivers")]
            (Event::Authorize(request), Answer::AuthorizeWaived) => request.dangerous_accept_waived(),
            (Event::Sign(request), Answer::Sign(Some(signature))) => request.complete(&signature),
            (Event::Sign(request), Answer::Sign(None)) => Err(request.fail()),
            _ => Err(ApiMisuse::AnswerUnexpected.into()),
        }
    }

    #[cfg(feature = "events")]
    fn record_unfit(&mut self, list: impl FnOnce(&PeerRequest<'_>, &mut EachUnfit<'_>)) {
        #[cfg(not(feature = "post-handshake-auth"))]
        let _ = list;
        #[cfg(feature = "post-handshake-auth")]
        if let Ok(Event::Credential(request)) = self.poll_received() {
            list(&request.peer_request(), &mut |key, alias, reason| request.record_unfit(key, alias, reason));
        }
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
    fn of<C: CryptoProvider>(event: &Event<'_, '_, C>) -> Self {
        match event {
            Event::Transmit => Self::Write,
            Event::NeedInput => Self::Read,
            Event::Data(_) | Event::PeerClosed | Event::Closed => Self::Ready,
            #[cfg(feature = "post-handshake-auth")]
            Event::Time(_) | Event::Credential(_) | Event::Authorize(_) | Event::Sign(_) => Self::Ask,
            // The client's answer is kept by the session.
            #[cfg(feature = "post-handshake-auth")]
            Event::Yield | Event::ClientAuth(_) => Self::Yield,
        }
    }
}
