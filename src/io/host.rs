//! Who answers the questions of a handshake.

use crate::connection::{CredentialRequest, Handshake, SignRequest};
use crate::credential::{Choice, Credential, Signature};
use crate::crypto::CryptoProvider;
use crate::error::{AlertDescription, Error};
use crate::handshake::Side;
#[cfg(feature = "dangerous-waivers")]
use crate::x509::Waived;
use crate::x509::{PeerIdentity, Time, TraceEvent};

/// Answers the questions of a handshake at once.
pub trait Host<'b, S: Side, C: CryptoProvider> {
    /// What time is it?
    fn time(&mut self) -> Time;

    /// Which credential shall be shown? `None`: none (a server cannot go on then).
    fn credential(&mut self, request: &CredentialRequest<'_, 'b, S, C>) -> Option<&'b Credential<'b>>;

    /// The same for hosts that may also end the handshake, for example with the choice of a
    /// [`Selector`](crate::credential::Selector). By default what [`credential`](Self::credential) says.
    fn choose(&mut self, request: &CredentialRequest<'_, 'b, S, C>) -> Choice<'b> {
        self.credential(request).map_or(Choice::Decline, Choice::Show)
    }

    /// The peer is authenticated. May it in? By default it may.
    ///
    /// # Errors
    /// The alert that tells it no, usually [`AlertDescription::ACCESS_DENIED`].
    fn authorize(&mut self, peer: &PeerIdentity<'_>) -> Result<(), AlertDescription> {
        let _ = peer;
        Ok(())
    }

    /// **Dangerous**: the peer was authorized, and its path is not valid, but for what the configuration
    /// [waives](crate::x509::Waivers). May it in all the same? By default it may not, and is told what is wrong.
    #[cfg(feature = "dangerous-waivers")]
    fn dangerous_accept_waived(&mut self, peer: &PeerIdentity<'_>, waived: Waived) -> bool {
        let _ = (peer, waived);
        false
    }

    /// Signs with the key of the selected credential. `None`: the key cannot.
    fn sign(&mut self, request: &SignRequest<'_, 'b, S, C>) -> Option<Signature>;

    /// The handshake failed for this reason. The handshake says more: at which
    /// [stage](Handshake::stage), [who the peer claimed to be](Handshake::claimed_peer), if its certificates were
    /// refused [why, in full](Handshake::verdict), and [what that means](Handshake::diagnosis). A transport that is reset
    /// counts as one that has ended. By default nothing is done.
    fn failed(&mut self, error: Error, handshake: &Handshake<'b, S, C>) {
        let _ = (error, handshake);
    }

    /// A step of the search for a path from the peer's certificate to a trust anchor. By default nothing is done,
    /// and costs nothing.
    fn trace(&mut self, event: TraceEvent<'_>) {
        let _ = event;
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

    /// See [`Host::choose`].
    async fn choose(&mut self, request: &CredentialRequest<'_, 'b, S, C>) -> Choice<'b> {
        self.credential(request).await.map_or(Choice::Decline, Choice::Show)
    }

    /// See [`Host::authorize`].
    ///
    /// # Errors
    /// The alert that tells it no.
    async fn authorize(&mut self, peer: &PeerIdentity<'_>) -> Result<(), AlertDescription>;

    /// See [`Host::dangerous_accept_waived`].
    #[cfg(feature = "dangerous-waivers")]
    async fn dangerous_accept_waived(&mut self, peer: &PeerIdentity<'_>, waived: Waived) -> bool {
        let _ = (peer, waived);
        false
    }

    /// See [`Host::sign`].
    async fn sign(&mut self, request: &SignRequest<'_, 'b, S, C>) -> Option<Signature>;

    /// See [`Host::failed`].
    fn failed(&mut self, error: Error, handshake: &Handshake<'b, S, C>) {
        let _ = (error, handshake);
    }

    /// See [`Host::trace`].
    fn trace(&mut self, event: TraceEvent<'_>) {
        let _ = event;
    }
}

impl<'b, S: Side, C: CryptoProvider, H: Host<'b, S, C>> AsyncHost<'b, S, C> for H {
    async fn time(&mut self) -> Time {
        Host::time(self)
    }

    async fn credential(&mut self, request: &CredentialRequest<'_, 'b, S, C>) -> Option<&'b Credential<'b>> {
        Host::credential(self, request)
    }

    async fn choose(&mut self, request: &CredentialRequest<'_, 'b, S, C>) -> Choice<'b> {
        Host::choose(self, request)
    }

    async fn authorize(&mut self, peer: &PeerIdentity<'_>) -> Result<(), AlertDescription> {
        Host::authorize(self, peer)
    }

    #[cfg(feature = "dangerous-waivers")]
    async fn dangerous_accept_waived(&mut self, peer: &PeerIdentity<'_>, waived: Waived) -> bool {
        Host::dangerous_accept_waived(self, peer, waived)
    }

    async fn sign(&mut self, request: &SignRequest<'_, 'b, S, C>) -> Option<Signature> {
        Host::sign(self, request)
    }

    fn failed(&mut self, error: Error, handshake: &Handshake<'b, S, C>) {
        Host::failed(self, error, handshake);
    }

    fn trace(&mut self, event: TraceEvent<'_>) {
        Host::trace(self, event);
    }
}

#[cfg(feature = "rustcrypto")]
pub use self::software::{AnySigningKey, KeystoreHost, SigningKey, SoftwareHost};

#[cfg(feature = "rustcrypto")]
mod software {
    use super::{
        AlertDescription, Choice, Credential, CredentialRequest, CryptoProvider, Host, PeerIdentity, Side, SignRequest,
        Signature, Time,
    };
    use crate::credential::{AllowList, KeyHandle, Selection, Selector, Unfit};
    use crate::crypto::HashAlgorithm;
    #[cfg(feature = "ed25519")]
    use crate::crypto::rustcrypto::Ed25519SigningKey;
    #[cfg(feature = "p384")]
    use crate::crypto::rustcrypto::P384SigningKey;
    use crate::crypto::rustcrypto::{P256SigningKey, RustCrypto};
    #[cfg(feature = "dangerous-waivers")]
    use crate::x509::Waived;

    /// A [`Host`] with keys in memory: shows the first credential the peer accepts, lets every
    /// authenticated peer in. On a server that has none of the authorities that the client names, the first
    /// whose signatures it can verify.
    pub struct SoftwareHost<'b, T, K = P256SigningKey> {
        credentials: &'b [Credential<'b>],
        keys: &'b [K],
        clock: T,
    }

    debug_by_name!("SoftwareHost", [T, K] SoftwareHost<'_, T, K>);

    /// A [`Host`] with a keystore and keys in memory: shows what the selector chooses, lets in whom the list allows.
    pub struct KeystoreHost<'b, T, K = P256SigningKey> {
        selector: Selector<'b>,
        keys: &'b [K],
        clock: T,
        allowed: AllowList<'b>,
        selection: Option<Selection<'b>>,
        #[cfg(feature = "dangerous-waivers")]
        accepts_waived: bool,
    }

    debug_by_name!("KeystoreHost", [T, K] KeystoreHost<'_, T, K>);

    /// A private key in memory.
    pub trait SigningKey {
        /// Signs `message` with the hash of its scheme; `None` if the back end fails. One public-key
        /// operation.
        fn sign(&self, message: &[u8]) -> Option<Signature>;
    }

    /// A private key in memory of any kind that is compiled in.
    #[derive(Debug)]
    #[non_exhaustive]
    pub enum AnySigningKey {
        /// Ed25519.
        #[cfg(feature = "ed25519")]
        Ed25519(Ed25519SigningKey),
        /// ECDSA on P-256.
        P256(P256SigningKey),
        /// ECDSA on P-384.
        #[cfg(feature = "p384")]
        P384(P384SigningKey),
    }

    impl<'b, T: FnMut() -> Time, K: SigningKey> SoftwareHost<'b, T, K> {
        /// `KeyHandle(i)` of a credential is `keys[i]`. A client without credentials declines.
        pub const fn new(credentials: &'b [Credential<'b>], keys: &'b [K], clock: T) -> Self {
            Self { credentials, keys, clock }
        }
    }

    impl<'b, S: Side, C: CryptoProvider, T: FnMut() -> Time, K: SigningKey> Host<'b, S, C> for SoftwareHost<'b, T, K> {
        fn time(&mut self) -> Time {
            (self.clock)()
        }

        fn credential(&mut self, request: &CredentialRequest<'_, 'b, S, C>) -> Option<&'b Credential<'b>> {
            let peer = request.peer_request();
            #[cfg(feature = "events")]
            for credential in self.credentials {
                if let Err(reason) = peer.check_wishes(credential) {
                    request.record_unfit(credential.key(), "", reason);
                }
            }
            let best = self.credentials.iter().find(|credential| peer.check_wishes(credential).is_ok());
            best.or_else(|| {
                let possible = |credential: &&Credential<'_>| {
                    peer.check_wishes(credential).is_err_and(Unfit::is_wish_of_client) && !S::IS_CLIENT
                };
                self.credentials.iter().find(possible)
            })
        }

        fn sign(&mut self, request: &SignRequest<'_, 'b, S, C>) -> Option<Signature> {
            sign(self.keys, request.key(), request.message().as_bytes())
        }
    }

    impl<'b, T: FnMut() -> Time, K: SigningKey> KeystoreHost<'b, T, K> {
        /// `KeyHandle(i)` of a credential is `keys[i]`. Everybody who is authenticated may in.
        pub const fn new(selector: Selector<'b>, keys: &'b [K], clock: T) -> Self {
            Self {
                selector,
                keys,
                clock,
                allowed: AllowList::everybody(),
                selection: None,
                #[cfg(feature = "dangerous-waivers")]
                accepts_waived: false,
            }
        }

        /// Lets in only whom the list allows; others get `access_denied` (49).
        #[must_use]
        pub const fn with_allowed(mut self, allowed: AllowList<'b>) -> Self {
            self.allowed = allowed;
            self
        }

        /// **Dangerous**: lets in whose path is not valid, but for what the configuration waives. Off by default: such a
        /// peer is told what is wrong. See `Policy::waivers` in `embedded-mtls-operator`.
        #[cfg(feature = "dangerous-waivers")]
        #[must_use]
        pub const fn dangerous_accepting_waived(mut self, accepts: bool) -> Self {
            self.accepts_waived = accepts;
            self
        }

        /// What was chosen, once the peer has asked.
        pub const fn selection(&self) -> Option<Selection<'b>> {
            self.selection
        }
    }

    impl<'b, S: Side, C: CryptoProvider, T: FnMut() -> Time, K: SigningKey> Host<'b, S, C> for KeystoreHost<'b, T, K> {
        fn time(&mut self) -> Time {
            (self.clock)()
        }

        fn credential(&mut self, request: &CredentialRequest<'_, 'b, S, C>) -> Option<&'b Credential<'b>> {
            #[cfg(feature = "events")]
            request.record_selection(&self.selector);
            let selection = self.selector.select(&request.peer_request());
            self.selection = Some(selection);
            selection.credential()
        }

        fn choose(&mut self, request: &CredentialRequest<'_, 'b, S, C>) -> Choice<'b> {
            #[cfg(feature = "events")]
            request.record_selection(&self.selector);
            let selection = self.selector.select(&request.peer_request());
            self.selection = Some(selection);
            selection.choice()
        }

        fn authorize(&mut self, peer: &PeerIdentity<'_>) -> Result<(), AlertDescription> {
            self.allowed.authorize::<C>(peer)
        }

        #[cfg(feature = "dangerous-waivers")]
        fn dangerous_accept_waived(&mut self, _: &PeerIdentity<'_>, _: Waived) -> bool {
            self.accepts_waived
        }

        fn sign(&mut self, request: &SignRequest<'_, 'b, S, C>) -> Option<Signature> {
            sign(self.keys, request.key(), request.message().as_bytes())
        }
    }

    fn sign<K: SigningKey>(keys: &[K], key: KeyHandle, message: &[u8]) -> Option<Signature> {
        keys.get(usize::try_from(key.0).ok()?)?.sign(message)
    }

    impl SigningKey for P256SigningKey {
        fn sign(&self, message: &[u8]) -> Option<Signature> {
            let digest = RustCrypto::digest(HashAlgorithm::Sha256, &[message]).ok()?;
            self.sign_digest(digest.as_bytes().first_chunk()?).ok().map(Signature::P256)
        }
    }

    #[cfg(feature = "cortex-m4")]
    impl SigningKey for crate::crypto::cortex_m4::CortexM4SigningKey {
        fn sign(&self, message: &[u8]) -> Option<Signature> {
            let digest = RustCrypto::digest(HashAlgorithm::Sha256, &[message]).ok()?;
            self.sign_digest(digest.as_bytes().first_chunk()?).ok().map(Signature::P256)
        }
    }

    #[cfg(feature = "p384")]
    impl SigningKey for P384SigningKey {
        fn sign(&self, message: &[u8]) -> Option<Signature> {
            let digest = RustCrypto::digest(HashAlgorithm::Sha384, &[message]).ok()?;
            self.sign_digest(digest.as_bytes().first_chunk()?).ok().map(Signature::P384)
        }
    }

    #[cfg(feature = "ed25519")]
    impl SigningKey for Ed25519SigningKey {
        fn sign(&self, message: &[u8]) -> Option<Signature> {
            Some(Signature::Ed25519(Self::sign(self, message)))
        }
    }

    impl SigningKey for AnySigningKey {
        fn sign(&self, message: &[u8]) -> Option<Signature> {
            match self {
                #[cfg(feature = "ed25519")]
                Self::Ed25519(key) => SigningKey::sign(key, message),
                Self::P256(key) => key.sign(message),
                #[cfg(feature = "p384")]
                Self::P384(key) => key.sign(message),
            }
        }
    }
}
