//! Proofs: values that exist only if a check has passed. They move from state to state, and a session cannot be built
//! without them.

use super::config::ClientAuth;
#[cfg(feature = "resumption")]
use crate::key_schedule::BinderVerified;
use crate::key_schedule::FinishedVerified;
use crate::wire::enums::SignatureScheme;
use crate::x509::{ChainAccepted, PathFound};
#[cfg(feature = "resumption")]
use crate::x509::{Time, UnixTime};

/// Proof that the peer's CertificateVerify is valid, with its scheme. Created only in `authenticate`.
pub(crate) struct SignatureVerified {
    scheme: SignatureScheme,
    /// The time at which the path was judged. That of a later authentication, which may fail, does not replace it.
    #[cfg(feature = "resumption")]
    time: Time,
}

impl SignatureVerified {
    /// Asserts that a signature was just verified. To be called nowhere else.
    pub(super) const fn assertion(scheme: SignatureScheme, #[cfg(feature = "resumption")] time: Time) -> Self {
        Self {
            scheme,
            #[cfg(feature = "resumption")]
            time,
        }
    }

    /// Returns the time of the proof.
    #[cfg(feature = "resumption")]
    pub(super) const fn time(&self) -> Time {
        self.time
    }
}

/// Proof that no client certificate was requested, or that its absence is allowed. Clients never create one.
pub(crate) struct AnonymousAllowed(());

impl AnonymousAllowed {
    /// Returns `None` if the server's configuration requires a certificate.
    pub(super) const fn by(client_auth: &ClientAuth<'_>) -> Option<Self> {
        match client_auth {
            ClientAuth::None | ClientAuth::Optional(_) => Some(Self(())),
            ClientAuth::Required(_) => None,
        }
    }
}

/// A ticket was judged: the path of the peer in it is valid, and its proof is not too old.
#[cfg(feature = "resumption")]
pub(crate) struct Judged {
    pub(super) proved: UnixTime,
    pub(super) path: Option<PathFound>,
    pub(super) scheme: Option<SignatureScheme>,
}

/// The peer proved its identity in an earlier connection, and has the key of a ticket from it.
#[cfg(feature = "resumption")]
pub(crate) struct Resumed(Judged);

/// Without the feature, no session is resumed.
#[cfg(not(feature = "resumption"))]
pub(crate) enum Resumed {}

#[cfg(feature = "resumption")]
impl Resumed {
    /// The state of a client whose binder was verified.
    pub(super) const fn by_binder(judged: Judged, _: BinderVerified) -> Self {
        Self(judged)
    }

    /// The state of a server that has selected the ticket. Its Finished, without which there is no [`Proof`], is made
    /// with the key of the ticket.
    pub(super) const fn by_selection(judged: Judged) -> Self {
        Self(judged)
    }

    /// Returns the time of the peer's proof.
    pub(super) const fn proved(&self) -> UnixTime {
        self.0.proved
    }

    const fn signature_scheme(&self) -> Option<SignatureScheme> {
        self.0.scheme
    }

    const fn path(&self) -> Option<PathFound> {
        self.0.path
    }
}

#[cfg(not(feature = "resumption"))]
impl Resumed {
    const fn signature_scheme(&self) -> Option<SignatureScheme> {
        match *self {}
    }

    const fn path(&self) -> Option<PathFound> {
        match *self {}
    }
}

/// The authentication of the peer.
pub(crate) enum PeerAuthenticated {
    /// By a certificate path and a proof of possession of its key.
    Certificate(ChainAccepted, SignatureVerified),
    /// Not authenticated, which the configuration allows.
    Anonymous(AnonymousAllowed),
    /// As in an earlier connection.
    Resumed(Resumed),
}

impl PeerAuthenticated {
    /// Returns the scheme of the peer's CertificateVerify; `None` for an anonymous client.
    pub(crate) const fn signature_scheme(&self) -> Option<SignatureScheme> {
        match self {
            Self::Certificate(_, signature) => Some(signature.scheme),
            Self::Anonymous(_) => None,
            Self::Resumed(resumed) => resumed.signature_scheme(),
        }
    }

    /// Returns the path from the peer's certificate to a trust anchor; `None` for an anonymous client.
    pub(crate) const fn path(&self) -> Option<PathFound> {
        match self {
            Self::Certificate(chain, _) => Some(chain.path()),
            Self::Anonymous(_) => None,
            Self::Resumed(resumed) => resumed.path(),
        }
    }
}

/// Everything that has to be proved about the peer before a session exists.
pub(crate) struct Proof {
    peer: PeerAuthenticated,
    _finished: FinishedVerified,
}

impl Proof {
    pub(super) const fn new(peer: PeerAuthenticated, finished: FinishedVerified) -> Self {
        Self { peer, _finished: finished }
    }

    /// Returns the authentication of the peer.
    pub(crate) const fn peer(&self) -> &PeerAuthenticated {
        &self.peer
    }
}
