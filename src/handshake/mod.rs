//! The handshake (RFC 9846 section 4): the states of both roles, in the order of the protocol.
//!
//! A role is a state machine over a [`Connection`]. A table gives what each state [waits
//! for](Wait). When that has arrived, the state's handler runs and changes the state to the next one; it returns a [`Stop`]
//! if the run has to stop first. A handler performs at most one public-key operation.
//!
//! States that share keys are steps of one state, so that going from one to the next moves no keys: a handler's stack
//! frame is still there while a signature is verified below it. Only a handler that moves on to the next keys takes the
//! state out of its place and consumes them.

mod authenticate;
#[allow(missing_debug_implementations, reason = "states hold secrets and never leave this crate")]
pub(crate) mod client;
mod client_auth;
pub(crate) mod config;
pub(crate) mod connection;
pub(crate) mod entropy;
mod hello;
#[cfg(feature = "key-log")]
pub(crate) mod key_log;
#[allow(missing_debug_implementations, reason = "states hold secrets and never leave this crate")]
mod keys;
pub(crate) mod late;
mod present;
pub(crate) mod proof;
#[allow(missing_debug_implementations, reason = "states hold secrets and never leave this crate")]
pub(crate) mod server;
#[cfg(feature = "resumption")]
#[allow(missing_debug_implementations, reason = "tickets hold secrets")]
pub(crate) mod ticket;

use crate::credential::{Choice, Credential, PeerRequest, Signature};
use crate::crypto::CryptoProvider;
use crate::error::{Error, Stage};
#[cfg(feature = "resumption")]
use crate::key_schedule::ResumptionSecret;
use crate::key_schedule::{ApplicationEpoch, ExporterSecret, Receiving, Sending, TrafficSecret};
use crate::role::Role;
use crate::wire::enums::{CipherSuite, HandshakeType, NamedGroup};
use crate::x509::{Time, Trace};
pub use client_auth::ClientAuthStatus;

use client_auth::ClientAuthProgress;
use config::Parameters;
use connection::Connection;
use entropy::Entropy;
use late::Late;
use proof::Proof;

/// The parameters that both sides have agreed on so far.
#[derive(Clone, Copy)]
pub(crate) struct Negotiated<'b> {
    pub(crate) cipher_suite: CipherSuite,
    pub(crate) group: NamedGroup,
    pub(crate) protocol: Option<&'b [u8]>,
    /// A HelloRetryRequest was sent or received.
    pub(crate) retried: bool,
    pub(crate) client_auth: ClientAuthProgress,
    /// The credential sent last; during a handshake, the one chosen to be sent.
    pub(crate) credential: Option<&'b Credential<'b>>,
    /// Our Certificate, possibly empty, is being sent, so the peer can check it. A client sends it only to an
    /// authenticated server.
    pub(crate) certificate_sent: bool,
    /// The client has offered to answer requests after the handshake.
    pub(crate) post_handshake_auth: bool,
}

impl<'b> Negotiated<'b> {
    /// The parameters before ServerHello: the first suite and group of our offer.
    pub(crate) const fn nothing(cipher_suite: CipherSuite, group: NamedGroup) -> Self {
        Self {
            cipher_suite,
            group,
            protocol: None,
            retried: false,
            client_auth: ClientAuthProgress::NOT_REQUESTED,
            credential: None,
            certificate_sent: false,
            post_handshake_auth: false,
        }
    }

    /// Records that the client answers with this credential, or with none.
    pub(crate) const fn answered(&mut self, credential: Option<&'b Credential<'b>>) {
        if credential.is_some() {
            self.credential = credential;
            self.client_auth.presented();
        } else {
            self.client_auth.declined();
        }
    }
}

/// The input that a state waits for.
#[derive(Clone, Copy)]
pub(crate) enum Wait<'b> {
    /// None.
    Nothing,
    /// A hello, which its handler [receives](hello::Hello::receive).
    Hello,
    /// A message of one of these types: whole, or only the header of one that is received in parts: Certificate,
    /// CertificateRequest.
    Message(&'static [HandshakeType]),
    /// The answer to a question.
    Answer(Question<'b>),
    /// Nothing will come: the handshake is over, or has failed.
    Never,
}

/// The reason why a run of the states stops.
///
/// A program receives it as a `Step` of a handshake or an `Event` of a session, with a request that borrows the
/// connection in place of the question. The drivers turn it into an `Io`, the next call on a transport or a host.
#[derive(Clone, Copy)]
pub(crate) enum Stop<'b> {
    /// The transport has to accept the bytes in `tx` first.
    Transmit,
    /// The transport has to deliver bytes first.
    NeedInput,
    /// A public-key operation was performed: other tasks may want to run.
    Yield,
    /// The application has to answer first.
    Ask(Question<'b>),
    /// There is a result.
    Done,
}

/// A question to the application.
#[derive(Clone, Copy)]
pub(crate) enum Question<'b> {
    Authorize,
    /// The request is in `rx`.
    Credential,
    /// A signature for our CertificateVerify with this credential's key, over the current transcript.
    Sign(&'b Credential<'b>),
    Time,
}

/// The input of a handler.
#[derive(Clone, Copy)]
pub(crate) enum Input<'a, 'b> {
    /// The input that the state [waits for](Wait), in `rx` if it is a message.
    Ready,
    Authorized,
    /// The peer is not authorized by its ticket: a server continues with a full handshake.
    #[cfg(feature = "resumption")]
    Declined,
    /// Authorized despite what was waived.
    #[cfg(feature = "dangerous-waivers")]
    AuthorizedAsWaived,
    Credential(Choice<'b>),
    Signature(&'a Signature),
    Time(Time),
}

/// The reason to stop before the next handler runs, if there is one.
pub(crate) type Next<'b> = Result<Option<Stop<'b>>, Error>;

/// The secrets of a session.
pub(crate) struct Secrets<C: CryptoProvider> {
    pub(crate) sending: TrafficSecret<C, ApplicationEpoch, Sending>,
    pub(crate) receiving: TrafficSecret<C, ApplicationEpoch, Receiving>,
    pub(crate) exporter: ExporterSecret<C>,
    #[cfg(feature = "resumption")]
    pub(crate) resumption: ResumptionSecret<C>,
}

impl<C: CryptoProvider> Secrets<C> {
    /// Wipes them, when the session has failed.
    pub(crate) fn forget(&mut self) {
        self.sending.forget();
        self.receiving.forget();
        self.exporter.forget();
        #[cfg(feature = "resumption")]
        self.resumption.forget();
    }
}

/// The parts of a finished handshake that the session takes over.
pub(crate) struct Established<C: CryptoProvider> {
    pub(crate) secrets: Secrets<C>,
    pub(crate) proof: Proof,
}

/// A side of the connection: [`Client`](crate::Client) or [`Server`](crate::Server) with its provider, and nothing
/// else. An image that names only one of them contains no code of the other.
pub trait Side: SideTypes + Flow {}

impl<P: CryptoProvider> Side for client::Client<P> {}
impl<P: CryptoProvider> Side for server::Server<P> {}

/// The provider, the configuration and the role of a [`Side`].
pub trait SideTypes: 'static {
    /// The cryptography of this side.
    type Provider: CryptoProvider;
    /// The configuration of this side.
    type Config<'b>;

    /// Our role.
    const ROLE: Role;
}

/// The flow of the handshake on one side: its states, what they wait for, and their handlers. Other crates cannot name
/// it, so they cannot add sides.
pub(crate) trait Flow: SideTypes {
    /// The states of the handshake.
    type State<'b>;
    /// The states of authentication after the handshake.
    type Late<'b>: Late<'b, Self::Provider>;
    /// The tickets of a session.
    #[cfg(feature = "resumption")]
    type Tickets<'b>: ticket::Tickets<'b, Self::Provider>;

    fn parameters<'c, 'b>(config: &'c Self::Config<'b>) -> &'c Parameters<'b>;

    fn check(config: &Self::Config<'_>) -> Result<(), Error>;

    /// Reads the peer's requirements on our credential from its message.
    fn peer_request<'m, 'b: 'm>(cx: &'m Connection<'b, Self::Provider>) -> Result<PeerRequest<'m>, Error>;

    fn start<'b>() -> Self::State<'b>;

    /// The state of a handshake that has failed.
    fn failed<'b>() -> Self::State<'b>;

    /// Returns the stage of the handshake of a state, and what it waits for.
    fn profile<'b>(state: &Self::State<'b>) -> (Stage, Wait<'b>);

    /// Runs the handler of a state, on what the state [waits for](Wait), and changes the state in its place. After an
    /// error it must not be used.
    fn handle<'b>(
        state: &mut Self::State<'b>,
        input: Input<'_, 'b>,
        cx: &mut Connection<'b, Self::Provider>,
        entropy: &mut Entropy,
        config: &'b Self::Config<'b>,
        trace: &mut impl Trace,
    ) -> Next<'b>;

    /// Returns whether a part of our Certificate was written, though possibly not yet sent.
    fn has_written_certificate(state: &Self::State<'_>) -> bool;

    /// Creates the state of authentication after the handshake.
    fn late<'b>(
        config: &'b Self::Config<'b>,
        connection: &Connection<'b, Self::Provider>,
        entropy: &Entropy,
    ) -> Self::Late<'b>;

    /// Starts the state that is kept for tickets.
    #[cfg(feature = "resumption")]
    fn tickets<'b>(
        config: &'b Self::Config<'b>,
        connection: &Connection<'b, Self::Provider>,
        entropy: &Entropy,
    ) -> Self::Tickets<'b>;

    /// Returns what the session needs, if the handshake is complete.
    fn finish(state: Self::State<'_>) -> Option<Established<Self::Provider>>;
}

#[cfg(feature = "resumption")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::rustcrypto::RustCrypto;
    use crate::crypto::{HashAlgorithm, SharedSecret};
    use crate::key_schedule::EarlySecret;
    use crate::transcript::Transcript;

    fn secrets(shared: u8) -> Secrets<RustCrypto> {
        let transcript = Transcript::new(RustCrypto, HashAlgorithm::Sha256).unwrap();
        let early = EarlySecret::new(RustCrypto, HashAlgorithm::Sha256).unwrap();
        let main = early.into_handshake(&SharedSecret::new([shared; 32])).unwrap().into_main().unwrap();
        let (client, server) = main.traffic(&transcript.server_finished_hash()).unwrap();
        Secrets {
            sending: client.into_sending(),
            receiving: server.into_receiving(),
            exporter: main.exporter(&transcript.server_finished_hash()).unwrap(),
            resumption: main.into_resumption(&transcript.resumption_hash()).unwrap(),
        }
    }

    /// The traffic secrets are searched for in memory, in `tests/secrets`.
    #[test]
    fn secrets_that_are_forgotten_are_the_same_for_all_connections() {
        let derived = |secrets: &Secrets<RustCrypto>| {
            let mut exported = [0; 32];
            secrets.exporter.export(b"label", &[], &mut exported).unwrap();
            let psk = secrets.resumption.psk(&[]).unwrap();
            [exported, psk.for_ticket().try_into().unwrap()]
        };
        let mut both = [1, 2].map(secrets);
        let [first, second] = both.each_ref().map(derived);
        assert!(first.iter().zip(&second).all(|(one, other)| one != other));
        both.iter_mut().for_each(Secrets::forget);
        let [first, second] = both.each_ref().map(derived);
        assert_eq!(first, second);
    }
}
