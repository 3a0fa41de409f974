//! rustls, as client and as server, in threads of this process.

use crate::http::{self, Message};
use crate::ours::{accept, connect, linger, prepare};
use crate::pki::{Issued, SERVER_NAME};
use crate::table::End;
use crate::world::Identity;
use interop::{credential, roots};
use rustls::client::WebPkiServerVerifier;
use rustls::crypto::{CryptoProvider, SupportedKxGroup, ring};
use rustls::pki_types::ServerName;
use rustls::server::WebPkiClientVerifier;
use rustls::version::{TLS12, TLS13};
use rustls::{
    CipherSuite, ClientConfig, ClientConnection, ConnectionCommon, Error, HandshakeKind, ServerConfig,
    ServerConnection, SideData, Stream, SupportedProtocolVersion,
};
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::ops::DerefMut;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

/// Differences from the defaults of rustls.
#[derive(Clone, Default)]
pub(crate) struct Options {
    pub(crate) tls12: bool,
    pub(crate) suite: Option<CipherSuite>,
    pub(crate) groups: Vec<&'static dyn SupportedKxGroup>,
    pub(crate) alpn: Option<&'static str>,
    pub(crate) fragment: Option<usize>,
    pub(crate) new_keys: bool,
}

/// The end of a connection for rustls.
pub(crate) struct Ended {
    pub(crate) end: End,
    pub(crate) facts: Vec<String>,
}

/// A server of rustls for one connection.
pub(crate) struct Server {
    pub(crate) port: u16,
    pub(crate) thread: JoinHandle<Ended>,
}

/// Starts a server that sends `identity` and requires clients under `root`.
pub(crate) fn start_server(identity: &Identity, root: &Issued, options: &Options) -> Result<Server, String> {
    let provider = Arc::new(options.provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(roots(root)?, provider.clone())
        .build()
        .map_err(|error| error.to_string())?;
    let (chain, key) = credential(identity)?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(options.versions())
        .and_then(|builder| builder.with_client_cert_verifier(verifier).with_single_cert(chain, key))
        .map_err(|error| error.to_string())?;
    config.alpn_protocols = options.alpn();
    config.max_fragment_size = options.fragment;
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(|error| error.to_string())?;
    let port = listener.local_addr().map_err(|error| error.to_string())?.port();
    let connection = ServerConnection::new(Arc::new(config)).map_err(|error| error.to_string())?;
    let new_keys = options.new_keys;
    let thread = thread::spawn(move || converse(accept(&listener), connection, |stream| serve(stream, new_keys)));
    Ok(Server { port, thread })
}

/// Connects to `port` as `identity`, posts `order` and reads the answer.
pub(crate) fn run_client(
    identity: Option<&Identity>,
    root: &Issued,
    options: &Options,
    port: u16,
    order: &[u8],
) -> Result<Ended, String> {
    let provider = Arc::new(options.provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(roots(root)?, provider.clone())
        .build()
        .map_err(|error| error.to_string())?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(options.versions())
        .map_err(|error| error.to_string())?
        .with_webpki_verifier(verifier);
    let mut config = match identity {
        Some(identity) => {
            let (chain, key) = credential(identity)?;
            builder.with_client_auth_cert(chain, key).map_err(|error| error.to_string())?
        }
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = options.alpn();
    config.max_fragment_size = options.fragment;
    let name = ServerName::try_from(SERVER_NAME).map_err(|error| error.to_string())?;
    let connection = ClientConnection::new(Arc::new(config), name).map_err(|error| error.to_string())?;
    Ok(converse(connect(port), connection, |stream| post(stream, order, options.new_keys)))
}

impl Options {
    fn provider(&self) -> CryptoProvider {
        let mut provider = ring::default_provider();
        if let Some(suite) = self.suite {
            provider.cipher_suites.retain(|supported| supported.suite() == suite);
        }
        if !self.groups.is_empty() {
            provider.kx_groups.clone_from(&self.groups);
        }
        provider
    }

    fn versions(&self) -> &'static [&'static SupportedProtocolVersion] {
        static OLD: [&SupportedProtocolVersion; 1] = [&TLS12];
        static NEW: [&SupportedProtocolVersion; 1] = [&TLS13];
        if self.tls12 { &OLD } else { &NEW }
    }

    fn alpn(&self) -> Vec<Vec<u8>> {
        self.alpn.iter().map(|name| name.as_bytes().to_vec()).collect()
    }
}

/// Runs a connection to its end, and the end of the socket so that an alert is not lost.
fn converse<C, S>(
    socket: io::Result<TcpStream>,
    mut connection: C,
    talk: impl FnOnce(&mut Stream<'_, C, TcpStream>) -> io::Result<()>,
) -> Ended
where
    C: DerefMut<Target = ConnectionCommon<S>>,
    S: SideData,
{
    let result = socket.and_then(|mut socket| {
        prepare(&socket)?;
        let result = talk(&mut Stream::new(&mut connection, &mut socket));
        linger(&socket);
        result
    });
    let retried = connection.handshake_kind() == Some(HandshakeKind::FullWithHelloRetryRequest);
    let facts = if retried { vec!["HelloRetryRequest".into()] } else { Vec::new() };
    Ended { end: result.map_or_else(|error| end_of(&error), |()| End::Done), facts }
}

fn serve<S: SideData>(
    stream: &mut Stream<'_, impl DerefMut<Target = ConnectionCommon<S>>, TcpStream>,
    new_keys: bool,
) -> io::Result<()> {
    let request = read_message(stream)?;
    if new_keys {
        stream.conn.refresh_traffic_keys().map_err(io::Error::other)?;
    }
    stream.write_all(&http::response(&http::answer_to(&request.body)))?;
    goodbye(stream)
}

fn post<S: SideData>(
    stream: &mut Stream<'_, impl DerefMut<Target = ConnectionCommon<S>>, TcpStream>,
    order: &[u8],
    new_keys: bool,
) -> io::Result<()> {
    if new_keys {
        stream.flush()?;
        stream.conn.refresh_traffic_keys().map_err(io::Error::other)?;
    }
    stream.write_all(&http::post(order))?;
    stream.flush()?;
    let response = read_message(stream)?;
    if response.body != http::answer_to(order) {
        return Err(io::Error::other("a wrong response came"));
    }
    goodbye(stream)
}

/// Closes, and waits until the other side has closed.
fn goodbye<S: SideData>(
    stream: &mut Stream<'_, impl DerefMut<Target = ConnectionCommon<S>>, TcpStream>,
) -> io::Result<()> {
    stream.flush()?;
    stream.conn.send_close_notify();
    stream.flush()?;
    let mut rest = [0; 4096];
    while stream.read(&mut rest)? > 0 {}
    Ok(())
}

fn read_message(stream: &mut impl Read) -> io::Result<Message> {
    let mut received = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer)? {
            0 => return Err(io::Error::other("it closed without a message")),
            count => received.extend_from_slice(&buffer[..count]),
        }
        if let Some(message) = Message::parse(&received) {
            return Ok(message);
        }
    }
}

fn end_of(error: &io::Error) -> End {
    let first_word = |text: String| text.split(|letter: char| !letter.is_alphanumeric()).next().map(str::to_owned);
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        Some(Error::AlertReceived(alert)) => End::Got((*alert).into()),
        // Some problems name the time of the check, which differs from run to run.
        Some(Error::InvalidCertificate(problem)) => {
            End::Refused(first_word(format!("{problem:?}")).unwrap_or_default())
        }
        Some(error) => End::Refused(format!("{error:?}")),
        None => End::Failed(error.to_string()),
    }
}
