//! Who answers the questions of a handshake.

use crate::connection::{CredentialRequest, SignRequest};
use crate::credential::{Credential, Signature};
use crate::crypto::CryptoProvider;
use crate::error::{AlertDescription, Error};
use crate::handshake::{Side, Stage};
use crate::x509::{PeerIdentity, Time};

/// Answers the questions of a handshake at once.
pub trait Host<'b, S: Side, C: CryptoProvider> {
    /// What time is it?
    fn time(&mut self) -> Time;

    /// Which credential shall be shown? `None`: none (a server cannot go on then).
    fn credential(&mut self, request: &CredentialRequest<'_, 'b, S, C>) -> Option<&'b Credential<'b>>;

    /// The peer is authenticated. May it in? By default it may.
    ///
    /// # Errors
    /// The alert that tells it no, usually [`AlertDescription::ACCESS_DENIED`].
    fn authorize(&mut self, peer: &PeerIdentity<'_>) -> Result<(), AlertDescription> {
        let _ = peer;
        Ok(())
    }

    /// Signs with the key of the selected credential. `None`: the key cannot.
    fn sign(&mut self, request: &SignRequest<'_, 'b, S, C>) -> Option<Signature>;

    /// The handshake failed, at this stage, for this reason. `claimed` is what the peer claimed to be, if
    /// it came that far: **nothing of it is verified**, it serves to explain. By default nothing is done.
    fn failed(&mut self, stage: Stage, error: Error, claimed: Option<&PeerIdentity<'_>>) {
        let _ = (stage, error, claimed);
    }
}

/// Answers the questions of a handshake when it can. Every [`Host`] is one.
///
/// A future that is dropped loses nothing: the handshake asks again.
#[allow(async_fn_in_trait, reason = "single-threaded executors need no Send bound")]
pub trait AsyncHost<'b, S: Side, C: CryptoProvider> {
    /// See [`Host::time`].
    async fn time(&mut self) -> Time;

    /// See [`Host::credential`].
    async fn credential(&mut self, request: &CredentialRequest<'_, 'b, S, C>) -> Option<&'b Credential<'b>>;

    /// See [`Host::authorize`].
    ///
    /// # Errors
    /// The alert that tells it no.
    async fn authorize(&mut self, peer: &PeerIdentity<'_>) -> Result<(), AlertDescription>;

    /// See [`Host::sign`].
    async fn sign(&mut self, request: &SignRequest<'_, 'b, S, C>) -> Option<Signature>;

    /// See [`Host::failed`].
    fn failed(&mut self, stage: Stage, error: Error, claimed: Option<&PeerIdentity<'_>>) {
        let _ = (stage, error, claimed);
    }
}

impl<'b, S: Side, C: CryptoProvider, H: Host<'b, S, C>> AsyncHost<'b, S, C> for H {
    async fn time(&mut self) -> Time {
        Host::time(self)
    }

    async fn credential(&mut self, request: &CredentialRequest<'_, 'b, S, C>) -> Option<&'b Credential<'b>> {
        Host::credential(self, request)
    }

    async fn authorize(&mut self, peer: &PeerIdentity<'_>) -> Result<(), AlertDescription> {
        Host::authorize(self, peer)
    }

    async fn sign(&mut self, request: &SignRequest<'_, 'b, S, C>) -> Option<Signature> {
        Host::sign(self, request)
    }

    fn failed(&mut self, stage: Stage, error: Error, claimed: Option<&PeerIdentity<'_>>) {
        Host::failed(self, stage, error, claimed);
    }
}

#[cfg(feature = "rustcrypto")]
pub use self::software::SoftwareHost;

#[cfg(feature = "rustcrypto")]
mod software {
    use super::{Credential, CredentialRequest, CryptoProvider, Host, Side, SignRequest, Signature, Time};
    use crate::crypto::rustcrypto::P256SigningKey;

    /// A [`Host`] with keys in memory: shows the first credential the peer accepts, lets every
    /// authenticated peer in.
    pub struct SoftwareHost<'b, T> {
        credentials: &'b [Credential<'b>],
        keys: &'b [P256SigningKey],
        clock: T,
    }

    impl<'b, T: FnMut() -> Time> SoftwareHost<'b, T> {
        /// `KeyHandle(i)` of a credential is `keys[i]`. A client without credentials declines.
        pub const fn new(credentials: &'b [Credential<'b>], keys: &'b [P256SigningKey], clock: T) -> Self {
            Self { credentials, keys, clock }
        }
    }

    impl<'b, S: Side, C: CryptoProvider, T: FnMut() -> Time> Host<'b, S, C> for SoftwareHost<'b, T> {
        fn time(&mut self) -> Time {
            (self.clock)()
        }

        fn credential(&mut self, request: &CredentialRequest<'_, 'b, S, C>) -> Option<&'b Credential<'b>> {
            self.credentials.iter().find(|credential| request.accepts(credential))
        }

        fn sign(&mut self, request: &SignRequest<'_, 'b, S, C>) -> Option<Signature> {
            let key = self.keys.get(usize::try_from(request.key().0).ok()?)?;
            let digest = request.digest().ok()?;
            key.sign_digest(digest.as_bytes().first_chunk()?).ok().map(Signature::P256)
        }
    }
}
