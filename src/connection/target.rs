//! What a request token borrows: a handshake, or a session that authenticates a client late.

use super::Handshake;
#[cfg(feature = "post-handshake-auth")]
use super::Session;
use crate::credential::Credential;
use crate::crypto::CryptoProvider;
use crate::error::Error;
#[cfg(feature = "events")]
use crate::events::Recorder;
use crate::handshake::{Answer, Side};
use crate::transcript::CertificateHash;
use crate::x509::{PathFound, PeerIdentity, VerifiedPath};

/// The one that asks.
pub(super) enum Target<'c, 'b, S: Side, C: CryptoProvider> {
    Handshake(&'c mut Handshake<'b, S, C>),
    #[cfg(feature = "post-handshake-auth")]
    Session(&'c mut Session<'b, C>),
}

impl<'c, S: Side, C: CryptoProvider> Target<'c, '_, S, C> {
    /// As [`Self::message`], for as long as the connection is lent.
    pub(super) fn into_message(self) -> Result<&'c [u8], Error> {
        match self {
            Self::Handshake(handshake) => handshake.connection.rx.message(),
            #[cfg(feature = "post-handshake-auth")]
            Self::Session(session) => session.connection.rx.message(),
        }
    }

    /// As [`Self::peer`], for as long as the connection is lent.
    pub(super) fn into_peer(self) -> Option<PeerIdentity<'c>> {
        match self {
            Self::Handshake(handshake) => handshake.connection.peer.list().identity(),
            #[cfg(feature = "post-handshake-auth")]
            Self::Session(session) => session.connection.peer.list().identity(),
        }
    }
}

impl<'b, S: Side, C: CryptoProvider> Target<'_, 'b, S, C> {
    pub(super) fn advance(self, answer: Answer<'_, 'b>) -> Result<(), Error> {
        match self {
            Self::Handshake(handshake) => handshake.advance(answer),
            #[cfg(feature = "post-handshake-auth")]
            Self::Session(session) => session.advance(answer),
        }
    }

    pub(super) fn fail(self, error: Error) -> Error {
        match self {
            Self::Handshake(handshake) => handshake.fail(error),
            #[cfg(feature = "post-handshake-auth")]
            Self::Session(session) => session.fail(error),
        }
    }

    /// The message in `rx` that is answered.
    pub(super) fn message(&self) -> Result<&[u8], Error> {
        match self {
            Self::Handshake(handshake) => handshake.connection.rx.message(),
            #[cfg(feature = "post-handshake-auth")]
            Self::Session(session) => session.connection.rx.message(),
        }
    }

    /// Who the peer that is being authenticated is.
    pub(super) fn peer(&self) -> Option<PeerIdentity<'_>> {
        match self {
            Self::Handshake(handshake) => handshake.connection.peer.list().identity(),
            #[cfg(feature = "post-handshake-auth")]
            Self::Session(session) => session.connection.peer.list().identity(),
        }
    }

    /// The path of the peer that is being authenticated.
    pub(super) fn path(&self) -> Option<PathFound> {
        self.verified_path().map(|path| path.found())
    }

    /// The same, certificate by certificate.
    pub(super) fn verified_path(&self) -> Option<VerifiedPath<'_>> {
        match self {
            Self::Handshake(handshake) => handshake.verified_path(),
            #[cfg(feature = "post-handshake-auth")]
            Self::Session(session) => session.connection.peer.verified(),
        }
    }

    /// The credential that is to sign.
    pub(super) fn signing(&self) -> Option<&'b Credential<'b>> {
        match self {
            Self::Handshake(handshake) => S::signing(&handshake.state),
            #[cfg(feature = "post-handshake-auth")]
            Self::Session(session) => session.signing(),
        }
    }

    /// What is signed.
    pub(super) fn certificate_hash(&self) -> CertificateHash {
        match self {
            Self::Handshake(handshake) => handshake.connection.transcript.certificate_hash(),
            #[cfg(feature = "post-handshake-auth")]
            Self::Session(session) => session.certificate_hash(),
        }
    }

    /// Where the connection records what happens.
    #[cfg(feature = "events")]
    pub(super) const fn events(&self) -> &Recorder<'b> {
        match self {
            Self::Handshake(handshake) => &handshake.connection.events,
            #[cfg(feature = "post-handshake-auth")]
            Self::Session(session) => &session.connection.events,
        }
    }

    /// Whether the handshake is over.
    #[cfg(feature = "post-handshake-auth")]
    pub(super) const fn is_after_handshake(&self) -> bool {
        matches!(self, Self::Session(_))
    }
}
