//! embedded-mtls with a provider.

use embedded_mtls::credential::Choice;
use embedded_mtls::crypto::CryptoProvider;
use embedded_mtls::io::{Host, SigningKey, SoftwareHost};
use embedded_mtls::x509::{ServerName, Time};
use embedded_mtls::{
    CipherSuite, Client, ClientAuth, ClientConfig, Credential, Entropy, Event, Handshake, NamedGroup, Server,
    ServerConfig, Session, Side,
};
use test_support::pair::{Sizes, advance, anchors, credential, leak, leak_all, now};
use test_support::pki::{Issued, Pki, SERVER_NAME};

use crate::{End, Implementation};

/// Both sides, configured.
pub struct Ours<P: CryptoProvider, K: 'static> {
    provider: P,
    sizes: Sizes,
    client: &'static ClientConfig<'static>,
    server: &'static ServerConfig<'static>,
    /// Credential and key of the client and of the server.
    identities: [(&'static [Credential<'static>], &'static [K]); 2],
}

/// Room for records of full size: a peer is asked for records that take half of what receives.
pub const FOR_RECORDS: Sizes = Sizes { rx: 34_000, tx: 17_000, peer: 2_048 };

impl<P: CryptoProvider, K> Ours<P, K> {
    pub fn new(provider: P, sizes: Sizes, pki: &Pki, group: &str, key: impl Fn(&Issued) -> K) -> Self {
        let groups: &[NamedGroup] = match group {
            "x25519" => &[NamedGroup::X25519],
            "secp256r1" => &[NamedGroup::SECP256R1],
            other => panic!("{other} is neither x25519 nor secp256r1"),
        };
        let suites = &[CipherSuite::TLS_AES_128_GCM_SHA256];
        let anchors = anchors(&[&pki.root]);
        let name = ServerName::parse(SERVER_NAME).expect("a host name");
        let client = ClientConfig::new(name, anchors).with_groups(groups).with_cipher_suites(suites);
        let server = ServerConfig::new(ClientAuth::Required(anchors)).with_groups(groups).with_cipher_suites(suites);
        let identities = [&pki.client, &pki.server]
            .map(|issued| (leak_all(vec![credential(&[issued, &pki.intermediate], 0)]), leak_all(vec![key(issued)])));
        Self { provider, sizes, client: leak(Box::new(client)), server: leak(Box::new(server)), identities }
    }
}

impl<P: CryptoProvider, K: SigningKey> Implementation for Ours<P, K> {
    fn client(&self) -> Box<dyn End> {
        let (buffers, entropy) = (self.sizes.buffers(), Entropy::from_system().expect("entropy"));
        let handshake = Handshake::<Client<P>>::with_provider(self.provider, self.client, buffers, entropy);
        let (credentials, keys) = self.identities[0];
        Box::new(Connection {
            state: State::Handshake(handshake.expect("a client")),
            host: SoftwareHost::new(credentials, keys, now as fn() -> Time),
        })
    }

    fn server(&self) -> Box<dyn End> {
        let (buffers, entropy) = (self.sizes.buffers(), Entropy::from_system().expect("entropy"));
        let handshake = Handshake::<Server<P>>::with_provider(self.provider, self.server, buffers, entropy);
        let (credentials, keys) = self.identities[1];
        Box::new(Connection {
            state: State::Handshake(handshake.expect("a server")),
            host: SoftwareHost::new(credentials, keys, now as fn() -> Time),
        })
    }
}

enum State<S: Side> {
    Handshake(Handshake<'static, S>),
    Session(Session<'static, S>),
    Moving,
}

struct Connection<S: Side, H> {
    state: State<S>,
    host: H,
}

impl<S: Side, H: Host<Choice = Choice<'static>>> End for Connection<S, H> {
    fn step(&mut self, received: &mut Vec<u8>, to_send: &mut Vec<u8>) -> bool {
        let State::Handshake(handshake) = &mut self.state else {
            self.receive(received);
            return true;
        };
        loop {
            let end = advance(handshake, &mut self.host);
            let pending = handshake.tx_pending();
            let sent = pending.len();
            to_send.extend_from_slice(pending);
            handshake.tx_consume(sent);
            if let Some(end) = end {
                end.expect("a handshake");
                break;
            }
            let space = handshake.rx_space();
            let count = space.len().min(received.len());
            space[..count].copy_from_slice(&received[..count]);
            handshake.rx_commit(count).expect("there is room");
            received.drain(..count);
            if sent == 0 && count == 0 {
                return false;
            }
        }
        let State::Handshake(handshake) = std::mem::replace(&mut self.state, State::Moving) else { return false };
        self.state = State::Session(handshake.into_session().expect("it is done"));
        true
    }

    fn send(&mut self, mut content: &[u8], to_send: &mut Vec<u8>) {
        let State::Session(session) = &mut self.state else { panic!("a session") };
        while !content.is_empty() {
            let count = session.write(content).expect("room");
            content = &content[count..];
            let pending = session.tx_pending();
            let sent = pending.len();
            to_send.extend_from_slice(pending);
            session.tx_consume(sent);
        }
    }

    fn receive(&mut self, received: &mut Vec<u8>) -> usize {
        let State::Session(session) = &mut self.state else { panic!("a session") };
        let mut arrived = 0;
        loop {
            let space = session.rx_space();
            let count = space.len().min(received.len());
            space[..count].copy_from_slice(&received[..count]);
            session.rx_commit(count).expect("there is room");
            received.drain(..count);
            while let Event::Data(data) = session.poll().expect("records that open") {
                let len = data.len();
                arrived += len;
                data.consume(len);
            }
            if received.is_empty() {
                return arrived;
            }
        }
    }
}
