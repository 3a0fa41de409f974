//! A host with keys in memory.

use super::Host;
use crate::connection::SignInput;
#[cfg(feature = "events")]
use crate::credential::KeyHandle;
use crate::credential::{Choice, Credential, Mismatch, PeerRequest, Selection, Selector, Signature};
#[cfg(feature = "ed25519")]
use crate::crypto::rustcrypto::Ed25519SigningKey;
#[cfg(feature = "p384")]
use crate::crypto::rustcrypto::P384SigningKey;
use crate::crypto::rustcrypto::{P256SigningKey, RustCrypto};
use crate::crypto::{CryptoError, CryptoProvider, DecodedKey, HashAlgorithm};
use crate::error::AlertDescription;
use crate::role::Role;
#[cfg(feature = "dangerous-waivers")]
use crate::x509::Waived;
use crate::x509::{PeerIdentity, Time};

/// A [`Host`] with keys in memory. Its identities are a list of credentials, of which it sends the first one that the
/// peer accepts, a [`Keystore`], which selects by rules, or one credential, which needs no choice.
pub struct SoftwareHost<'b, T, K = P256SigningKey, I = FirstAccepted<'b>> {
    identities: I,
    keys: &'b [K],
    clock: T,
}

debug_by_name!("SoftwareHost", [T, K, I] SoftwareHost<'_, T, K, I>);

/// The credentials of a [`SoftwareHost`], and the peers that it authorizes.
pub trait Identities {
    /// See [`Host::Choice`].
    type Choice;

    /// See [`Host::credential`].
    fn choose(&mut self, request: &PeerRequest<'_>) -> Self::Choice;

    /// See [`Host::mismatches`].
    #[cfg(feature = "events")]
    fn mismatches(&mut self, request: &PeerRequest<'_>, each: &mut dyn FnMut(KeyHandle, &str, Mismatch));

    /// See [`Host::authorize`].
    ///
    /// # Errors
    /// The alert that rejects the peer.
    fn authorize(&mut self, peer: &PeerIdentity<'_>) -> Result<(), AlertDescription> {
        let _ = peer;
        Ok(())
    }

    /// See [`Host::dangerous_accept_waived`].
    #[cfg(feature = "dangerous-waivers")]
    fn accepts_waived(&self) -> bool {
        false
    }
}

/// A function that authorizes peers, like [`Host::authorize`]. `Sync`, so that its host can move to another thread.
type Authorize<'b> = dyn Fn(&PeerIdentity<'_>) -> Result<(), AlertDescription> + Sync + 'b;

/// Credentials, of which the first that the peer accepts is sent.
#[derive(Clone, Copy, Debug)]
pub struct FirstAccepted<'b>(&'b [Credential<'b>]);

/// A credential that is sent to every peer that accepts its signatures.
#[derive(Clone, Copy, Debug)]
pub struct OneCredential<'b>(&'b Credential<'b>);

/// Entries among which a [`Selector`] chooses, and a function that authorizes peers.
pub struct Keystore<'b> {
    selector: Selector<'b>,
    authorize: &'b Authorize<'b>,
    selection: Option<Selection<'b>>,
    #[cfg(feature = "dangerous-waivers")]
    accepts_waived: bool,
}

debug_by_name!("Keystore", [] Keystore<'_>);

impl<'b, T: FnMut() -> Time, K: SigningKey> SoftwareHost<'b, T, K> {
    /// Creates a host that sends the first credential that the peer accepts, and authorizes every peer. A server
    /// without a credential from the issuers that the client names sends the first one whose signatures the client can
    /// verify. `KeyHandle(i)` of a credential is `keys[i]`. A client without credentials declines.
    pub const fn new(credentials: &'b [Credential<'b>], keys: &'b [K], clock: T) -> Self {
        Self { identities: FirstAccepted(credentials), keys, clock }
    }
}

impl<'b, T: FnMut() -> Time, K: SigningKey> SoftwareHost<'b, T, K, OneCredential<'b>> {
    /// Creates a host that sends this credential to every peer that accepts its signatures, whichever issuers and
    /// extensions the peer prefers, and authorizes every peer. The peer judges the certificate. Otherwise a client
    /// declines, and a server ends the handshake. `KeyHandle(i)` of the credential is `keys[i]`.
    ///
    /// Without the code that compares a credential with a request, a program is 2 KB smaller.
    pub const fn with_credential(credential: &'b Credential<'b>, keys: &'b [K], clock: T) -> Self {
        Self { identities: OneCredential(credential), keys, clock }
    }
}

impl<'b, T: FnMut() -> Time, K: SigningKey> SoftwareHost<'b, T, K, Keystore<'b>> {
    /// Creates a host that sends the credential that the selector chooses, and authorizes every peer. `KeyHandle(i)` of
    /// a credential is `keys[i]`.
    pub const fn with_selector(selector: Selector<'b>, keys: &'b [K], clock: T) -> Self {
        let identities = Keystore {
            selector,
            authorize: &|_| Ok(()),
            selection: None,
            #[cfg(feature = "dangerous-waivers")]
            accepts_waived: false,
        };
        Self { identities, keys, clock }
    }

    /// Authorizes the authenticated peers for which the function returns `Ok`; others get its alert, usually
    /// [`AlertDescription::ACCESS_DENIED`]. The crate `embedded-mtls-operator` has lists of rules.
    #[must_use]
    pub const fn with_authorization(mut self, authorize: &'b Authorize<'b>) -> Self {
        self.identities.authorize = authorize;
        self
    }

    /// **Dangerous**: accepts a peer whose path is valid only because of what the configuration waives. Off by default:
    /// such a peer receives the alert of the problem. See [`Waivers`](crate::x509::Waivers).
    #[cfg(feature = "dangerous-waivers")]
    #[must_use]
    pub const fn dangerous_accepting_waived(mut self, accepts: bool) -> Self {
        self.identities.accepts_waived = accepts;
        self
    }

    /// Returns the selection, after the peer's request.
    pub const fn selection(&self) -> Option<Selection<'b>> {
        self.identities.selection
    }
}

impl<'b> Identities for FirstAccepted<'b> {
    type Choice = Choice<'b>;

    fn choose(&mut self, request: &PeerRequest<'_>) -> Choice<'b> {
        let possible = |credential: &&Credential<'_>| {
            request.role == Role::Server
                && request.check_preferences(credential).is_err_and(Mismatch::is_preference_of_client)
        };
        let best = self.0.iter().find(|credential| request.accepts(credential));
        best.or_else(|| self.0.iter().find(possible)).into()
    }

    #[cfg(feature = "events")]
    fn mismatches(&mut self, request: &PeerRequest<'_>, each: &mut dyn FnMut(KeyHandle, &str, Mismatch)) {
        for credential in self.0 {
            if let Err(reason) = request.check_preferences(credential) {
                each(credential.key(), "", reason);
            }
        }
    }
}

impl<'b> Identities for OneCredential<'b> {
    type Choice = Choice<'b>;

    fn choose(&mut self, request: &PeerRequest<'_>) -> Choice<'b> {
        Some(self.0).filter(|credential| request.accepts_scheme(credential)).into()
    }

    #[cfg(feature = "events")]
    fn mismatches(&mut self, request: &PeerRequest<'_>, each: &mut dyn FnMut(KeyHandle, &str, Mismatch)) {
        if !request.accepts_scheme(self.0) {
            each(self.0.key(), "", Mismatch::SignatureScheme);
        }
    }
}

impl<'b> Identities for Keystore<'b> {
    type Choice = Choice<'b>;

    fn choose(&mut self, request: &PeerRequest<'_>) -> Choice<'b> {
        let selection = self.selector.select(request);
        self.selection = Some(selection);
        selection.choice
    }

    #[cfg(feature = "events")]
    fn mismatches(&mut self, request: &PeerRequest<'_>, each: &mut dyn FnMut(KeyHandle, &str, Mismatch)) {
        self.selector.for_each_mismatch(request, each);
    }

    fn authorize(&mut self, peer: &PeerIdentity<'_>) -> Result<(), AlertDescription> {
        (self.authorize)(peer)
    }

    #[cfg(feature = "dangerous-waivers")]
    fn accepts_waived(&self) -> bool {
        self.accepts_waived
    }
}

impl<T: FnMut() -> Time, K: SigningKey, I: Identities> Host for SoftwareHost<'_, T, K, I> {
    type Choice = I::Choice;

    fn time(&mut self) -> Time {
        (self.clock)()
    }

    fn credential(&mut self, request: &PeerRequest<'_>) -> I::Choice {
        self.identities.choose(request)
    }

    #[cfg(feature = "events")]
    fn mismatches(&mut self, request: &PeerRequest<'_>, each: &mut dyn FnMut(KeyHandle, &str, Mismatch)) {
        self.identities.mismatches(request, each);
    }

    fn authorize(&mut self, peer: &PeerIdentity<'_>) -> Result<(), AlertDescription> {
        self.identities.authorize(peer)
    }

    #[cfg(feature = "dangerous-waivers")]
    fn dangerous_accept_waived(&mut self, _: &PeerIdentity<'_>, _: Waived) -> bool {
        self.identities.accepts_waived()
    }

    fn sign(&mut self, input: &SignInput) -> Option<Signature> {
        self.keys.get(usize::try_from(input.key.0).ok()?)?.sign(input.message(), input.hedge())
    }
}

/// A private key in memory.
pub trait SigningKey {
    /// Signs `message` with the hash of its scheme; `None` if the provider fails. One public-key operation. `hedge` is
    /// added to ECDSA nonces, see [`SignInput::hedge`]; it may be empty.
    fn sign(&self, message: &[u8], hedge: &[u8]) -> Option<Signature>;
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

impl AnySigningKey {
    /// Creates a key from its DER, see [`DecodedKey::from_der`]. One public-key operation.
    ///
    /// # Errors
    /// As [`DecodedKey::from_der`]; [`CryptoError::Unsupported`] if its algorithm is not compiled in.
    pub fn from_der(der: &[u8]) -> Result<Self, CryptoError> {
        match DecodedKey::from_der(der)? {
            #[cfg(feature = "ed25519")]
            DecodedKey::Ed25519(private) => Ok(Self::Ed25519(Ed25519SigningKey::from_bytes(private))),
            DecodedKey::P256(scalar) => P256SigningKey::from_bytes(scalar).map(Self::P256),
            #[cfg(feature = "p384")]
            DecodedKey::P384(scalar) => P384SigningKey::from_bytes(scalar).map(Self::P384),
            #[cfg(not(all(feature = "ed25519", feature = "p384")))]
            _ => Err(CryptoError::Unsupported),
        }
    }
}

impl SigningKey for P256SigningKey {
    fn sign(&self, message: &[u8], hedge: &[u8]) -> Option<Signature> {
        let digest = RustCrypto.digest(HashAlgorithm::Sha256, &[message]).ok()?;
        self.sign_digest(digest.as_bytes().first_chunk()?, hedge).ok().map(Signature::P256)
    }
}

#[cfg(feature = "p384")]
impl SigningKey for P384SigningKey {
    fn sign(&self, message: &[u8], hedge: &[u8]) -> Option<Signature> {
        let digest = RustCrypto.digest(HashAlgorithm::Sha384, &[message]).ok()?;
        self.sign_digest(digest.as_bytes().first_chunk()?, hedge).ok().map(Signature::P384)
    }
}

#[cfg(feature = "ed25519")]
impl SigningKey for Ed25519SigningKey {
    fn sign(&self, message: &[u8], _: &[u8]) -> Option<Signature> {
        Some(Signature::Ed25519(Self::sign(self, message)))
    }
}

impl SigningKey for AnySigningKey {
    fn sign(&self, message: &[u8], hedge: &[u8]) -> Option<Signature> {
        match self {
            #[cfg(feature = "ed25519")]
            Self::Ed25519(key) => SigningKey::sign(key, message, hedge),
            Self::P256(key) => key.sign(message, hedge),
            #[cfg(feature = "p384")]
            Self::P384(key) => key.sign(message, hedge),
        }
    }
}
