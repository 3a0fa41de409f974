//! The handshake (RFC 9846 section 4): the states of both roles, in the order of the protocol.
//!
//! A role is a state machine over a [`Connection`](connection::Connection). A state says what it [waits for](Wait); when that is
//! there, its handler runs and gives the next state. A handler does at most one public-key operation.

mod authenticate;
#[allow(missing_debug_implementations, reason = "states hold secrets and never leave this crate")]
pub(crate) mod client;
mod client_auth;
pub(crate) mod config;
pub(crate) mod connection;
pub(crate) mod entropy;
#[cfg(feature = "key-log")]
pub(crate) mod key_log;
#[allow(missing_debug_implementations, reason = "states hold secrets and never leave this crate")]
mod keys;
#[cfg(feature = "post-handshake-auth")]
pub(crate) mod post;
mod present;
pub(crate) mod proof;
#[allow(missing_debug_implementations, reason = "states hold secrets and never leave this crate")]
pub(crate) mod server;

use crate::credential::Credential;
use crate::crypto::CryptoProvider;
use crate::error::{Error, PeerIncompatible, Stage};
use crate::key_schedule::{ApplicationEpoch, ExporterSecret, FinishedVerified, Receiving, Sending, TrafficSecret};
use crate::wire::enums::{CipherSuite, HandshakeType, NamedGroup, SignatureScheme};
use crate::x509::{PathFound, Time, Trace};
pub use client_auth::ClientAuthStatus;

use client_auth::ClientAuthProgress;
use config::Parameters;
use connection::Connection;
use entropy::Entropy;
use proof::PeerAuthenticated;

/// What both sides agreed on so far.
#[derive(Clone, Copy)]
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(crate) struct Negotiated<'b> {
    pub(crate) cipher_suite: CipherSuite,
    pub(crate) group: NamedGroup,
    pub(crate) protocol: Option<&'b [u8]>,
    /// A HelloRetryRequest was sent or received.
    pub(crate) retried: bool,
    /// Of the peer's CertificateVerify.
    pub(crate) peer_scheme: Option<SignatureScheme>,
    pub(crate) client_auth: ClientAuthProgress,
    /// The path from the peer's certificate to a trust anchor; `None` of an anonymous client.
    pub(crate) path: Option<PathFound>,
    /// The credential sent last; during a handshake, the one chosen to be sent.
    pub(crate) credential: Option<&'b Credential<'b>>,
    /// Our Certificate, or the empty one, has begun to leave: the peer can judge it. A client sends it only to a server
    /// that has proved who it is.
    pub(crate) shown: bool,
    /// A server may ask again after the handshake.
    #[cfg(feature = "post-handshake-auth")]
    pub(crate) post_handshake_auth: bool,
}

impl<'b> Negotiated<'b> {
    /// Nothing yet: until ServerHello says more, the first suite and group of our offer.
    pub(crate) const fn nothing(cipher_suite: CipherSuite, group: NamedGroup) -> Self {
        Self {
            cipher_suite,
            group,
            protocol: None,
            retried: false,
            peer_scheme: None,
            client_auth: ClientAuthProgress::NOT_REQUESTED,
            path: None,
            credential: None,
            shown: false,
            #[cfg(feature = "post-handshake-auth")]
            post_handshake_auth: false,
        }
    }

    /// Notes that the client answers with this credential, or with none.
    pub(crate) const fn answered(&mut self, credential: Option<&'b Credential<'b>>) {
        if credential.is_some() {
            self.credential = credential;
            self.client_auth.presented();
        } else {
            self.client_auth.declined();
        }
    }
}

/// What a state needs before its handler can run.
#[derive(Clone, Copy)]
pub(crate) enum Wait {
    /// Nothing.
    Nothing,
    /// The header of a message of one of these types.
    Header(&'static [HandshakeType]),
    /// A whole message of one of these types.
    Message(&'static [HandshakeType]),
    /// The answer to a question.
    Answer(Question),
    /// The handshake is over.
    Done,
}

/// What the application is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    Authorize,
    Credential,
    Sign,
    Time,
}

/// What the application answered.
#[derive(Clone, Copy)]
pub(crate) enum Answer<'a, 'b> {
    Authorized,
    /// With whatever was waived.
    #[cfg(feature = "dangerous-waivers")]
    AuthorizedAsWaived,
    /// `None` declines.
    Credential(Option<&'b Credential<'b>>),
    /// None, and the handshake fails: a client's not before the server has proved who it is.
    Fail(PeerIncompatible),
    /// As it stands in a CertificateVerify.
    Signature(&'a [u8]),
    Time(Time),
}

/// How the driver goes on after a handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    Continue,
    /// The transport has to deliver first.
    NeedInput,
    /// The transport has to take what is in `tx` first.
    Transmit,
    /// A public-key operation was done: others may want to run.
    Yield,
}

/// The secrets of a session.
pub(crate) struct Secrets<C: CryptoProvider> {
    pub(crate) sending: TrafficSecret<C, ApplicationEpoch, Sending>,
    pub(crate) receiving: TrafficSecret<C, ApplicationEpoch, Receiving>,
    pub(crate) exporter: ExporterSecret<C>,
}

/// The parts of a finished handshake that the session takes over.
pub(crate) struct Established<C: CryptoProvider> {
    pub(crate) secrets: Secrets<C>,
    pub(crate) peer: PeerAuthenticated,
    pub(crate) finished: FinishedVerified,
}

/// A side of the handshake: [`Client`](crate::Client) or [`Server`](crate::Server), and nothing else.
/// An image with only one of them holds no code of the other.
pub trait Side: Role {}

impl Side for client::Client {}
impl Side for server::Server {}

/// What a side does. Out of reach of other crates, so that they cannot add sides.
pub trait Role {
    /// The configuration of this side.
    type Config<'b>;
    /// Where the handshake is.
    type State<'b, C: CryptoProvider>;

    /// True for the client, and for nothing else. Crates that are generic over [`Side`] read it too.
    const IS_CLIENT: bool;

    fn parameters<'c, 'b>(config: &'c Self::Config<'b>) -> &'c Parameters<'b>;

    fn check<C: CryptoProvider>(config: &Self::Config<'_>) -> Result<(), Error>;

    fn start<'b, C: CryptoProvider>() -> Self::State<'b, C>;

    /// The state of a handshake that has failed; it is never driven again.
    fn failed<'b, C: CryptoProvider>() -> Self::State<'b, C>;

    /// Tells at which stage of the handshake a state is, and what it waits for.
    fn profile<C: CryptoProvider>(state: &Self::State<'_, C>) -> (Stage, Wait);

    fn handle<'b, C: CryptoProvider>(
        state: Self::State<'b, C>,
        cx: &mut Connection<'b, C>,
        entropy: &mut Entropy,
        config: &'b Self::Config<'b>,
        trace: &mut impl Trace,
    ) -> Result<(Self::State<'b, C>, Progress), Error>;

    fn answer<'b, C: CryptoProvider>(
        state: Self::State<'b, C>,
        cx: &mut Connection<'b, C>,
        config: &'b Self::Config<'b>,
        answer: Answer<'_, 'b>,
    ) -> Result<Self::State<'b, C>, Error>;

    /// Something of our Certificate was written and may still wait: before anything else is awaited, it has left.
    fn has_shown<C: CryptoProvider>(state: &Self::State<'_, C>) -> bool;

    /// The credential that is to sign, in the state that asks for a signature.
    fn signing<'b, C: CryptoProvider>(state: &Self::State<'b, C>) -> Option<&'b Credential<'b>>;

    /// What is kept for authentication after the handshake.
    #[cfg(feature = "post-handshake-auth")]
    fn party<'b>(config: &'b Self::Config<'b>, negotiated: &Negotiated<'b>, entropy: &Entropy) -> post::Party<'b>;

    /// Gives what the session needs, if the handshake is over.
    fn finish<C: CryptoProvider>(state: Self::State<'_, C>) -> Option<Established<C>>;
}
