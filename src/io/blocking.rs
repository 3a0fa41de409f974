//! A blocking stream over [`embedded_io::Read`] and [`embedded_io::Write`].

use super::{Failure, HandshakeError, Host};
use crate::connection::{Event, Handshake, Session, Step};
use crate::crypto::CryptoProvider;
use crate::error::Error;
use crate::handshake::Side;
use crate::limits::LAST_READS;
use crate::x509::TraceEvent;
use embedded_io::{ErrorType, Read, Write};

/// A session over a transport. Reads give 0 when the peer has closed; a flush writes all that was
/// written. Dropped without [`close`](Self::close), the peer sees a truncation.
pub struct Stream<'b, T, C: CryptoProvider> {
    transport: T,
    session: Session<'b, C>,
}

impl<'b, T: Read + Write, C: CryptoProvider> Stream<'b, T, C> {
    /// Runs `handshake` over `transport`. The alert of an error is sent before this returns. Lend the transport
    /// (`&mut transport`) if you want it back after an error: a TCP socket that is closed with unread bytes in
    /// it resets the connection, and the peer may lose the alert; shut down writing and read to the end first.
    ///
    /// # Errors
    /// Where the handshake was, and what went wrong.
    pub fn open<S: Side>(
        mut transport: T,
        mut handshake: Handshake<'b, S, C>,
        host: &mut impl Host<'b, S, C>,
    ) -> Result<Self, HandshakeError<T::Error>> {
        if let Err(cause) = drive(&mut transport, &mut handshake, host) {
            let stage = handshake.stage();
            if let Failure::Tls(error) = &cause {
                host.failed(*error, &handshake);
            }
            // The transport may be what failed; the error that is known is the one to report.
            let _unsent = transport.write_all(handshake.tx_pending()).and_then(|()| transport.flush());
            return Err(HandshakeError { stage, cause });
        }
        match handshake.into_session() {
            Ok(session) => Ok(Self { transport, session }),
            Err(handshake) => {
                Err(HandshakeError { stage: handshake.stage(), cause: Error::ConnectionTruncated.into() })
            }
        }
    }

    /// A stream of a session and the transport it was negotiated over.
    pub const fn from_parts(transport: T, session: Session<'b, C>) -> Self {
        Self { transport, session }
    }

    /// The session: identities, parameters, exporter, key update.
    pub const fn session(&self) -> &Session<'b, C> {
        &self.session
    }

    /// The session, for what changes it.
    pub const fn session_mut(&mut self) -> &mut Session<'b, C> {
        &mut self.session
    }

    /// Says that nothing more comes from us and waits until it is sent.
    ///
    /// # Errors
    /// If it cannot be sent.
    pub fn close(&mut self) -> Result<(), Failure<T::Error>> {
        self.session.close();
        self.transmit()
    }

    /// Transport and session apart.
    pub fn into_parts(self) -> (T, Session<'b, C>) {
        (self.transport, self.session)
    }

    fn transmit(&mut self) -> Result<(), Failure<T::Error>> {
        while !self.session.tx_pending().is_empty() {
            let count = write_some(&mut self.transport, self.session.tx_pending())?;
            self.session.tx_consume(count);
        }
        self.transport.flush().map_err(Failure::Io)
    }

    /// Sends the alert of `error`, as far as the transport still takes it.
    fn fail(&mut self, error: Error) -> Failure<T::Error> {
        let _unsent = self.transmit();
        Failure::Tls(error)
    }
}

fn drive<'b, T: Read + Write, S: Side, C: CryptoProvider>(
    transport: &mut T,
    handshake: &mut Handshake<'b, S, C>,
    host: &mut impl Host<'b, S, C>,
) -> Result<(), Failure<T::Error>> {
    loop {
        match handshake.poll_traced(&mut |event: TraceEvent<'_>| host.trace(event))? {
            Step::Transmit => {
                let count = match write_some(transport, handshake.tx_pending()) {
                    Ok(count) => count,
                    Err(failure) => return Err(last_words(transport, handshake).unwrap_or(failure)),
                };
                handshake.tx_consume(count);
                if handshake.tx_pending().is_empty() {
                    transport.flush().map_err(Failure::Io)?;
                }
            }
            Step::NeedInput => match transport.read(handshake.rx_space()).map_err(Failure::Io)? {
                0 => handshake.rx_eof(),
                count => handshake.rx_commit(count)?,
            },
            Step::Yield => {}
            Step::Time(request) => request.provide(host.time())?,
            Step::Credential(request) => {
                let choice = host.choose(&request);
                request.answer(choice)?;
            }
            Step::Authorize(request) => match host.authorize(&request.peer()) {
                Ok(()) => request.accept()?,
                Err(alert) => return Err(request.reject(alert).into()),
            },
            Step::Sign(request) => match host.sign(&request) {
                Some(signature) => request.complete(&signature)?,
                None => return Err(request.fail().into()),
            },
            Step::Done => return Ok(()),
        }
    }
}

/// What a peer that takes nothing more said before, if it was an alert: it is the better explanation.
fn last_words<T: Read + Write, S: Side, C: CryptoProvider>(
    transport: &mut T,
    handshake: &mut Handshake<'_, S, C>,
) -> Option<Failure<T::Error>> {
    for _ in 0..LAST_READS {
        if let Some(error) = handshake.look_for_alert() {
            return Some(Failure::Tls(error));
        }
        match transport.read(handshake.rx_space()) {
            Ok(0) | Err(_) => return None,
            Ok(count) => handshake.rx_commit(count).ok()?,
        }
    }
    None
}

/// A transport that takes nothing is gone.
fn write_some<T: Write>(transport: &mut T, bytes: &[u8]) -> Result<usize, Failure<T::Error>> {
    match transport.write(bytes).map_err(Failure::Io)? {
        0 => Err(Failure::Tls(Error::ConnectionTruncated)),
        count => Ok(count),
    }
}

impl<T: ErrorType, C: CryptoProvider> ErrorType for Stream<'_, T, C> {
    type Error = Failure<T::Error>;
}

impl<T: Read + Write, C: CryptoProvider> Read for Stream<'_, T, C> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize, Self::Error> {
        if out.is_empty() {
            return Ok(0);
        }
        // A peer that has refused us takes nothing more, and its alert, which says why, lies before us.
        let mut unsent = None;
        loop {
            let event = if unsent.is_some() { self.session.poll_received() } else { self.session.poll() };
            match event {
                Ok(Event::Data(mut data)) => {
                    let count = data.bytes().len().min(out.len());
                    if let (Some(out), Some(bytes)) = (out.get_mut(..count), data.bytes().get(..count)) {
                        out.copy_from_slice(bytes);
                    }
                    data.consume(count);
                    return Ok(count);
                }
                Ok(Event::Transmit) => unsent = self.transmit().err(),
                Ok(Event::NeedInput) => match (self.transport.read(self.session.rx_space()), unsent.take()) {
                    (Ok(0) | Err(_), Some(error)) => return Err(error),
                    (Err(error), None) => return Err(Failure::Io(error)),
                    (Ok(0), None) => self.session.rx_eof(),
                    (Ok(count), before) => {
                        self.session.rx_commit(count)?;
                        unsent = before;
                    }
                },
                Ok(Event::PeerClosed | Event::Closed) => return Ok(0),
                Err(error) => return Err(self.fail(error)),
            }
        }
    }
}

impl<T: Read + Write, C: CryptoProvider> Write for Stream<'_, T, C> {
    fn write(&mut self, data: &[u8]) -> Result<usize, Self::Error> {
        if data.is_empty() {
            return Ok(0);
        }
        loop {
            match self.session.write(data) {
                Ok(0) => self.transmit()?,
                Ok(count) => return Ok(count),
                Err(error) => return Err(self.fail(error)),
            }
        }
    }

    fn flush(&mut self) -> Result<(), Self::Error> {
        self.transmit()
    }
}
