//! The side that is tested, in the handshake and afterwards, under one interface for both roles.

use embedded_mtls::{Client, ClientAuth, Error, Event, Handshake, Server, Session, Side};
use test_support::pair::{TestHost, advance, choose, drain, now, sign};

/// Bytes go in, bytes come out, until it fails.
pub(crate) trait Subject {
    /// Delivers bytes and runs it until it waits for more.
    fn feed(&mut self, bytes: &[u8]);
    /// Ends the transport.
    fn eof(&mut self);
    /// Returns what it has sent since the last call.
    fn take(&mut self) -> Vec<u8>;
    fn error(&self) -> Option<Error>;
    /// Returns how far it is: one for the handshake, and one for each answer about a client after the handshake.
    fn progress(&self) -> usize;
    /// Returns the application data that it has received.
    fn received(&self) -> &[u8];
    /// Asks the client for its certificate after the handshake.
    fn ask(&mut self, client_auth: ClientAuth<'static>);
}

enum State<S: Side> {
    Handshake(Handshake<'static, S>),
    Session(Session<'static, S>),
    Moved,
}

pub(crate) struct Tested<S: Side> {
    state: State<S>,
    host: TestHost,
    out: Vec<u8>,
    received: Vec<u8>,
    error: Option<Error>,
    progress: usize,
}

impl<S: Side> Tested<S> {
    pub(crate) fn new(handshake: Handshake<'static, S>, host: TestHost) -> Self {
        let (out, received) = (Vec::new(), Vec::new());
        let mut tested = Self { state: State::Handshake(handshake), host, out, received, error: None, progress: 0 };
        tested.run();
        tested
    }

    fn run(&mut self) {
        while self.error.is_none() && self.step() {}
        // The alert of the error.
        if self.error.is_some() {
            self.send();
        }
    }

    /// Sends what is to be sent, and gives whether it was anything.
    fn send(&mut self) -> bool {
        let before = self.out.len();
        match &mut self.state {
            State::Handshake(handshake) => drain(handshake, &mut Vec::new(), &mut self.out),
            State::Session(session) => {
                self.out.extend_from_slice(session.tx_pending());
                session.tx_consume(usize::MAX);
            }
            State::Moved => {}
        }
        self.out.len() > before
    }

    /// Runs until it stops, and gives whether it can go on without more input.
    fn step(&mut self) -> bool {
        let ended = match &mut self.state {
            State::Handshake(handshake) => advance(handshake, &mut self.host),
            State::Session(_) => match self.step_session() {
                Ok(goes_on) => return self.send() || goes_on,
                Err(error) => Some(Err(error)),
            },
            State::Moved => None,
        };
        let sent = self.send();
        match (ended, std::mem::replace(&mut self.state, State::Moved)) {
            (Some(Ok(())), State::Handshake(handshake)) => {
                self.state = State::Session(handshake.into_session().expect("it is done"));
                self.progress = 1;
                return true;
            }
            (Some(Err(error)), state) => {
                self.error = Some(error);
                self.state = state;
            }
            (_, state) => self.state = state,
        }
        sent
    }

    fn step_session(&mut self) -> Result<bool, Error> {
        let State::Session(session) = &mut self.state else { return Ok(false) };
        match session.poll()? {
            Event::Data(data) => {
                self.received.extend_from_slice(&data);
                data.consume(usize::MAX);
            }
            Event::Credential(request) => choose(request, &mut self.host)?,
            Event::Sign(request) => sign(request, &mut self.host)?,
            Event::Time(request) => request.provide(now())?,
            Event::Authorize(request) => request.accept()?,
            Event::ClientAuth(_) => self.progress += 1,
            Event::Yield => {}
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<S: Side> Subject for Tested<S>
where
    Session<'static, S>: Asks,
{
    fn feed(&mut self, mut bytes: &[u8]) {
        while self.error.is_none() && !bytes.is_empty() {
            let space = match &mut self.state {
                State::Handshake(handshake) => handshake.rx_space(),
                State::Session(session) => session.rx_space(),
                State::Moved => return,
            };
            let count = space.len().min(bytes.len());
            assert!(count > 0, "rx is full");
            space[..count].copy_from_slice(&bytes[..count]);
            bytes = &bytes[count..];
            let committed = match &mut self.state {
                State::Handshake(handshake) => handshake.rx_commit(count),
                State::Session(session) => session.rx_commit(count),
                State::Moved => Ok(()),
            };
            committed.expect("there was room");
            self.run();
        }
    }

    fn eof(&mut self) {
        match &mut self.state {
            State::Handshake(handshake) => handshake.rx_eof(),
            State::Session(session) => session.rx_eof(),
            State::Moved => {}
        }
        self.run();
    }

    fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    fn error(&self) -> Option<Error> {
        self.error
    }

    fn progress(&self) -> usize {
        self.progress
    }

    fn received(&self) -> &[u8] {
        &self.received
    }

    fn ask(&mut self, client_auth: ClientAuth<'static>) {
        if let State::Session(session) = &mut self.state {
            session.ask_for(client_auth);
        }
        self.run();
    }
}

/// A session that can request a certificate, if it is a server's.
pub(crate) trait Asks {
    fn ask_for(&mut self, client_auth: ClientAuth<'static>);
}

impl Asks for Session<'static, Client> {
    fn ask_for(&mut self, _: ClientAuth<'static>) {}
}

impl Asks for Session<'static, Server> {
    fn ask_for(&mut self, client_auth: ClientAuth<'static>) {
        self.request_certificate(client_auth).expect("the client offers it");
    }
}
