//! Proofs: values that exist only where a check has passed. They travel by move, and a
//! session cannot be built without them.

use super::config::ClientAuth;
use crate::key_schedule::FinishedVerified;
use crate::wire::enums::SignatureScheme;
use crate::x509::{ChainAccepted, PathFound};

/// The peer's CertificateVerify was valid, and by which scheme. Made only in `authenticate`.
pub(crate) struct SignatureVerified(SignatureScheme);

impl SignatureVerified {
    /// To be called where a signature was just verified, and nowhere else.
    pub(super) const fn assertion(scheme: SignatureScheme) -> Self {
        Self(scheme)
    }
}

/// No certificate of the client was asked for, or its absence is allowed. A client never makes one.
pub(crate) struct AnonymousAllowed(());

impl AnonymousAllowed {
    /// `None` if the configuration of the server requires a certificate.
    pub(super) const fn by(client_auth: &ClientAuth<'_>) -> Option<Self> {
        match client_auth {
            ClientAuth::None | ClientAuth::Optional(_) => Some(Self(())),
            ClientAuth::Required(_) => None,
        }
    }
}

/// The authentication of the peer.
pub(crate) enum PeerAuthenticated {
    /// By a certificate path and the proof of its key.
    Certificate(ChainAccepted, SignatureVerified),
    /// Not at all, which the configuration allows.
    Anonymous(AnonymousAllowed),
}

impl PeerAuthenticated {
    /// The scheme of the peer's CertificateVerify; `None` of an anonymous client.
    pub(crate) const fn signature_scheme(&self) -> Option<SignatureScheme> {
        match self {
            Self::Certificate(_, SignatureVerified(scheme)) => Some(*scheme),
            Self::Anonymous(_) => None,
        }
    }

    /// The path from the peer's certificate to a trust anchor; `None` of an anonymous client.
    pub(crate) const fn path(&self) -> Option<PathFound> {
        match self {
            Self::Certificate(chain, _) => Some(chain.path()),
            Self::Anonymous(_) => None,
        }
    }
}

/// Everything that has to be proved about the peer before there is a session.
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
