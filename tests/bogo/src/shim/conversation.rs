//! One connection: the handshake, what it has to come to, and the exchange of data.

use crate::Trouble;
use crate::expect;
use crate::flags::{ClientCertificate, Flags, TLS12_ONLY};
use crate::host::{DEFAULT, Heard, Shim, now};
use crate::identity::{self, Identity};
use crate::transport::Transport;
use embedded_mtls::credential::Choice;
use embedded_mtls::io::Host;
use embedded_mtls::x509::{Name, ServerName};
use embedded_mtls::{
    AlertDescription, Buffers, Client, ClientAuth, ClientConfig, Credential, Entropy, Error, Event, Handshake,
    KeyHandle, PeerIncompatible, Server, ServerConfig, Session, Side, Step, Ticket, TicketKey, TicketKeys,
};
use std::net::TcpStream;

/// Every record of the runner, and every message but the largest.
const RX: usize = 1 << 17;
/// A whole record of application data, and what is around it.
const TX: usize = (1 << 14) + RECORD;
/// The bytes around the data of a record in `tx`.
const RECORD: usize = 46;
const PEER: usize = 1 << 16;

/// The name in the certificates of the runner.
const SERVER_NAME: &str = "test";

/// The largest read if the flags do not set one.
const READ: usize = 512;

/// The memory of one connection.
struct Memory {
    rx: Vec<u8>,
    tx: Vec<u8>,
    peer: Vec<u8>,
}

impl Memory {
    fn new(flags: &Flags) -> Self {
        let tx = flags.max_send_fragment.map_or(TX, |len| len + RECORD);
        Self { rx: vec![0; RX], tx: vec![0; tx], peer: vec![0; PEER] }
    }

    fn lend(&mut self) -> Buffers<'_> {
        Buffers { rx: &mut self.rx, tx: &mut self.tx, peer: &mut self.peer }
    }
}

/// The configuration of either role, from the flags.
macro_rules! configure {
    ($config:expr, $flags:expr, $alpn:expr) => {
        $config
            .with_alpn($alpn)
            .with_groups(&$flags.groups)
            .with_cipher_suites(&$flags.cipher_suites)
            .with_signature_schemes(&$flags.verify_prefs)
    };
}

/// Connects once, with the ticket of the connection before, and keeps the next. Returns whether a session was resumed.
pub(crate) fn run(flags: &Flags, stream: &TcpStream, ticket: &mut Option<Vec<u8>>) -> Result<bool, Trouble> {
    let keys = TicketKeys::new(TicketKey::new(&[7; TicketKey::LEN]));
    let numbered = (0..).map(KeyHandle).zip(&flags.credentials);
    let identities = numbered.chain(flags.default_credential.iter().map(|credential| (DEFAULT, credential)));
    let identities = identities.map(|(key, flags)| Identity::load(key, flags)).collect::<Result<Vec<_>, _>>()?;
    let chains: Vec<Vec<&[u8]>> = identities.iter().map(Identity::chain).collect();
    let mut credentials: Vec<Credential<'_>> = Vec::new();
    for (identity, chain) in identities.iter().zip(&chains) {
        credentials.extend(identity.credentials(chain)?);
    }
    let trusted = match flags.trust_cert.as_deref() {
        None | Some("") => Vec::new(),
        Some(file) => identity::certificates(file)?,
    };
    let anchors = [identity::anchor(trusted.first().map(Vec::as_slice))?];
    let alpn: Vec<&[u8]> = flags.alpn.iter().filter(|_| !flags.declines_alpn).map(Vec::as_slice).collect();
    let mut copies = vec![ticket.take().unwrap_or_default(); credentials.len() + 1];
    let host = Shim {
        identities: &identities,
        credentials: &credentials,
        refusal: flags.refusal(),
        refuses_hello: flags.refuses_hello,
        delay: flags.delay,
        heard: Heard::default(),
    };
    let transport = Transport::new(stream, flags.byte_by_byte);
    let mut memory = Memory::new(flags);
    if flags.is_server {
        let client_auth = match flags.client_certificate {
            ClientCertificate::NotAsked => ClientAuth::None,
            ClientCertificate::Optional => ClientAuth::Optional(&anchors),
            ClientCertificate::Required => ClientAuth::Required(&anchors),
        };
        let names = flags.client_cas.as_deref().map(expect::hex_list).unwrap_or_default();
        let names: Vec<_> = names.iter().filter_map(|name| Name::from_der(name)).collect();
        let config = configure!(ServerConfig::new(client_auth), flags, &alpn);
        // BoringSSL requests a share of its preferred group, whatever it was sent.
        let config = config.with_retry_for_preferred_group(flags.expects_retry());
        let config = match flags.client_cas.as_deref() {
            None => config,
            Some("<EMPTY>" | "<NULL>") => config.with_authority_names(&[]),
            Some(_) => config.with_authority_names(&names),
        };
        let config = if flags.no_tickets { config } else { config.with_tickets(&keys, 86_400) };
        let handshake = Handshake::<Server>::new(&config, memory.lend(), Entropy::from_system()?)?;
        Conversation { flags, transport, host }.hold(handshake, |session| session.negotiated().resumed)
    } else {
        let asked = flags.host_name.as_deref().map(ServerName::parse).transpose()?;
        let name = asked.map_or_else(|| ServerName::parse(SERVER_NAME), Ok)?;
        let config = configure!(ClientConfig::new(name, &anchors), flags, &alpn);
        let config = config.with_sent_server_name(asked);
        let shares = flags.shared_groups();
        let config = config.with_key_shares(&shares);
        let config = config.with_resumption(!flags.no_tickets);
        let mut handshake = Handshake::<Client>::new(&config, memory.lend(), Entropy::from_system()?)?;
        offer(&mut handshake, &mut copies, &credentials, flags.delay);
        Conversation { flags, transport, host }.hold(handshake, |session| keep(session, ticket, flags.delay))
    }
}

/// Everything a connection has beside its state.
struct Conversation<'c, 'b> {
    flags: &'c Flags,
    transport: Transport<'c>,
    host: Shim<'b>,
}

impl<'b> Conversation<'_, 'b> {
    fn hold<S: Side>(
        &mut self,
        mut handshake: Handshake<'b, S>,
        end: impl FnOnce(&mut Session<'b, S>) -> bool,
    ) -> Result<bool, Trouble>
    where
        Shim<'b>: Host<Choice = Choice<'b>>,
    {
        if let Err(trouble) = self.shake_hands(&mut handshake) {
            // The runner may be gone already.
            let _unsent = self.transport.write_all(handshake.tx_pending());
            self.transport.hang_up();
            return Err(self.of_version(trouble));
        }
        let Ok(mut session) = handshake.into_session() else {
            return Err(Trouble::Failed("the handshake is over without a session".into()));
        };
        let outcome = self.talk(&mut session);
        if outcome.is_err() {
            let _unsent = self.transport.write_all(session.tx_pending());
        }
        self.transport.hang_up();
        outcome.map(|()| end(&mut session))
    }

    /// Most tests for older versions have no flag for it: the runner just does not offer a newer one.
    fn of_version(&self, trouble: Failure) -> Trouble {
        match trouble {
            Failure::Tls(
                Error::PeerIncompatible(PeerIncompatible::Tls13NotOffered | PeerIncompatible::Tls13NotSelected)
                | Error::AlertReceived(AlertDescription::PROTOCOL_VERSION),
            ) if !self.flags.refuses_tls12 => TLS12_ONLY.into(),
            // It looks for a cipher suite of the old version first.
            Failure::Tls(Error::AlertReceived(AlertDescription::HANDSHAKE_FAILURE)) if self.flags.allows_tls12 => {
                TLS12_ONLY.into()
            }
            Failure::Tls(error) => error.into(),
            Failure::Io(error) => error.into(),
        }
    }

    fn shake_hands<S: Side>(&mut self, handshake: &mut Handshake<'b, S>) -> Result<(), Failure>
    where
        Shim<'b>: Host<Choice = Choice<'b>>,
    {
        loop {
            match handshake.poll()? {
                Step::Transmit => match self.transport.write(handshake.tx_pending()) {
                    Ok(count) => handshake.tx_consume(count),
                    // The message that the runner sent before it closed is the better explanation.
                    Err(error) => {
                        while let Ok(count @ 1..) = self.transport.read(handshake.rx_space()) {
                            handshake.rx_commit(count)?;
                        }
                        return Err(match handshake.transport_failed() {
                            Error::ConnectionTruncated => Failure::Io(error),
                            reason => Failure::Tls(reason),
                        });
                    }
                },
                Step::NeedInput => match self.transport.read(handshake.rx_space())? {
                    0 => handshake.rx_eof(),
                    count => handshake.rx_commit(count)?,
                },
                Step::Yield => {}
                Step::Time(request) => request.provide(Host::time(&mut self.host))?,
                Step::Credential(request) => {
                    let choice = self.host.credential(&request.peer_request());
                    request.answer(choice)?;
                }
                Step::Authorize(request) => match Host::authorize(&mut self.host, &request.peer()) {
                    Ok(()) => request.accept()?,
                    Err(alert) => return Err(request.reject(alert).into()),
                },
                Step::Sign(request) => match self.host.sign(&request.input) {
                    Some(signature) => request.complete(&signature)?,
                    None => return Err(request.fail().into()),
                },
                Step::Done => return Ok(()),
            }
        }
    }

    /// Runs what follows the handshake.
    fn talk(&mut self, session: &mut Session<'b, impl Side>) -> Result<(), Trouble> {
        for expectation in &self.flags.expectations {
            expect::check(expectation, session, &self.host.heard)?;
        }
        if self.flags.export_len > 0 {
            let mut material = vec![0; self.flags.export_len];
            session.export(self.flags.export_label.as_bytes(), &self.flags.export_context, &mut material)?;
            self.write(session, &material)?;
        }
        if self.flags.writes_different_sizes {
            for len in [0, 1, 255, 256, 257, 16383, 16384, 16385, 32767, 32768, 32769] {
                self.write(session, &vec![0x42; len])?;
            }
        } else {
            self.write_first(session)?;
        }
        if !self.flags.shuts_down {
            self.echo(session)?;
        }
        session.close();
        if !self.flags.shuts_down {
            // The runner has closed, and may not wait for our close_notify.
            let _unsent = self.transmit(session);
            return Ok(());
        }
        self.transmit(session)?;
        if self.flags.checks_close_notify {
            self.wait_for_close(session)?;
        }
        Ok(())
    }

    fn write_first(&mut self, session: &mut Session<'b, impl Side>) -> Result<(), Trouble> {
        let Some(first) = &self.flags.initial_write else { return Ok(()) };
        if self.flags.reads_with_unfinished_write {
            self.transmit(session)?;
            session.write(first)?;
            let one = session.tx_pending().get(..1).unwrap_or_default();
            let count = self.transport.write(one)?;
            session.tx_consume(count);
            return Ok(());
        }
        (0..self.flags.repeat_initial_write).try_for_each(|_| self.write(session, first))
    }

    /// Sends back what comes, every bit inverted, until the peer closes.
    fn echo(&mut self, session: &mut Session<'b, impl Side>) -> Result<(), Trouble> {
        let most = self.flags.read_size.unwrap_or(READ);
        loop {
            if self.flags.key_update_before_read {
                session.request_key_update();
                self.transmit(session)?;
            }
            let Some(mut data) = self.read(session, most)? else { return Ok(()) };
            if self.flags.key_update {
                session.request_key_update();
            }
            for byte in &mut data {
                *byte ^= 0xff;
            }
            self.write(session, &data)?;
        }
    }

    /// Application data, at most so much; `None` when the peer has closed. It sends nothing, as BoringSSL's reads do not:
    /// what answers the peer, or was not taken before, leaves with the next write.
    fn read(&mut self, session: &mut Session<'b, impl Side>, most: usize) -> Result<Option<Vec<u8>>, Trouble> {
        let mut peeks = self.flags.peeks;
        loop {
            match session.poll_received() {
                Ok(Event::Data(data)) => {
                    let bytes: Vec<u8> = data.iter().copied().take(most).collect();
                    // What is not consumed is there again.
                    if peeks {
                        peeks = false;
                        continue;
                    }
                    data.consume(bytes.len());
                    return Ok(Some(bytes));
                }
                Ok(Event::PeerClosed | Event::Closed) => return Ok(None),
                Ok(Event::NeedInput) => match self.transport.read(session.rx_space())? {
                    0 => session.rx_eof(),
                    count => session.rx_commit(count)?,
                },
                Ok(question) => return Err(Trouble::Failed(format!("nobody expects {question:?}"))),
                // Whether that is an error the application knows: HTTP with a Content-Length does without a close_notify.
                Err(Error::ConnectionTruncated) if !self.flags.checks_close_notify => return Ok(None),
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn wait_for_close(&mut self, session: &mut Session<'b, impl Side>) -> Result<(), Trouble> {
        while self.read(session, READ)?.is_some() {}
        Ok(())
    }

    fn write(&mut self, session: &mut Session<'b, impl Side>, mut data: &[u8]) -> Result<(), Trouble> {
        while !data.is_empty() {
            let count = session.write(data)?;
            data = data.get(count..).unwrap_or_default();
            self.transmit(session)?;
        }
        Ok(())
    }

    fn transmit(&mut self, session: &mut Session<'b, impl Side>) -> Result<(), Trouble> {
        while !session.tx_pending().is_empty() {
            let count = self.transport.write(session.tx_pending())?;
            session.tx_consume(count);
        }
        Ok(())
    }
}

/// Why a handshake failed.
enum Failure {
    Tls(Error),
    Io(std::io::Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Tls(error)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

/// Offers the ticket, which may have been copied, with the credential that it is for, or with none.
fn offer<'b>(
    handshake: &mut Handshake<'b, Client>,
    copies: &'b mut [Vec<u8>],
    credentials: &'b [Credential<'b>],
    delay: i64,
) {
    for (bytes, credential) in copies.iter_mut().zip([None].into_iter().chain(credentials.iter().map(Some))) {
        if handshake.resume(Ticket::new(bytes), credential, now(delay)).is_ok() {
            return;
        }
    }
}

/// Keeps the ticket that has come, and returns whether the session was resumed.
fn keep(session: &mut Session<'_, Client>, ticket: &mut Option<Vec<u8>>, delay: i64) -> bool {
    let mut out = vec![0; Ticket::MAX_LEN];
    if let Ok(Some(len)) = session.take_ticket(now(delay), &mut out) {
        out.truncate(len);
        *ticket = Some(out);
    }
    session.negotiated().resumed
}
