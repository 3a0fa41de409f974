//! Request tokens: the questions of a handshake or session to the application. Each borrows the handshake or session,
//! is consumed by its answer, and is offered again by the next poll if it was dropped.

use super::machine::Asking;
#[cfg(feature = "events")]
use crate::credential::Mismatch;
use crate::credential::{Choice, KeyHandle, PeerRequest, Signature};
use crate::crypto::{CryptoProvider, Digest, HashAlgorithm, SignatureAlgorithm};
use crate::error::{AlertDescription, ApiMisuse, Error};
use crate::handshake::Input;
use crate::transcript::CertificateVerifyContent;
use crate::wire::enums::SignatureScheme;
use crate::x509::{PeerIdentity, Time, VerifiedPath, Waived};

/// A request for the time. Asked once, before certificates are validated.
pub struct TimeRequest<'c, 'b> {
    pub(super) machine: &'c mut dyn Asking<'b>,
}

debug_by_name!("TimeRequest", [] TimeRequest<'_, '_>);

/// A request for the credential to send.
///
/// A client receives it when the server has requested its certificate; a server, with the ClientHello that it answers
/// with ServerHello.
pub struct CredentialRequest<'c, 'b> {
    pub(super) machine: &'c mut dyn Asking<'b>,
}

debug_by_name!("CredentialRequest", [] CredentialRequest<'_, '_>);

/// A request to authorize the peer, which is authenticated: its chain and its CertificateVerify are valid, or were when
/// it proved itself in the session that is resumed. Until the session exists, a resumed ClientHello may be a replay.
pub struct AuthorizeRequest<'c, 'b> {
    pub(super) machine: &'c mut dyn Asking<'b>,
}

debug_by_name!("AuthorizeRequest", [] AuthorizeRequest<'_, '_>);

/// The input of a signer, without a borrow: the content to sign, and how.
#[derive(Clone, Copy)]
pub struct SignInput {
    /// The handle of the key of the credential that was selected.
    pub key: KeyHandle,
    /// The scheme of the credential that was selected.
    pub scheme: SignatureScheme,
    pub(super) message: CertificateVerifyContent,
    pub(super) hedge: Digest,
}

debug_by_name!("SignInput", [] SignInput);

/// A request to sign our CertificateVerify (RFC 9846 section 4.5.2). The answer may come much later, from another task
/// or a secure element: drop the token, and the next poll returns it again.
pub struct SignRequest<'c, 'b> {
    pub(super) machine: &'c mut dyn Asking<'b>,
    /// Everything that a signer needs, without a borrow of the connection.
    pub input: SignInput,
}

debug_by_name!("SignRequest", [] SignRequest<'_, '_>);

impl TimeRequest<'_, '_> {
    /// Answers.
    ///
    /// # Errors
    /// None that depends on the time; errors are sticky.
    pub fn provide(self, time: Time) -> Result<(), Error> {
        self.machine.answer(Input::Time(time))
    }
}

impl<'b> CredentialRequest<'_, 'b> {
    /// Reads the peer's request from `rx`, the input for a [`Selector`](crate::credential::Selector).
    pub fn peer_request(&self) -> PeerRequest<'_> {
        self.machine.peer_request()
    }

    /// Records in the connection's ring why the credential with this key is not sent, with its alias, if it has one.
    /// Call it before the answer.
    #[cfg(feature = "events")]
    pub fn record_mismatch(&self, key: KeyHandle, alias: &str, reason: Mismatch) {
        self.machine.events().mismatch(key, alias, reason);
    }

    /// Applies a choice, such as the credential to send.
    ///
    /// # Errors
    /// [`ApiMisuse::CredentialSchemeNotOffered`] if the peer cannot verify its signatures. A client's handshake fails with
    /// it later, as with [`Choice::Fail`]. On a server,
    /// [`PeerIncompatible::NoCredential`](crate::PeerIncompatible::NoCredential) for [`Choice::Decline`]: it cannot
    /// continue without a credential. On a server, and after the handshake, the error of [`Choice::Fail`]. Errors are
    /// sticky.
    pub fn answer(self, choice: impl Into<Choice<'b>>) -> Result<(), Error> {
        self.machine.answer(Input::Credential(choice.into()))
    }
}

impl AuthorizeRequest<'_, '_> {
    /// Returns the identity of the peer.
    pub fn peer(&self) -> PeerIdentity<'_> {
        self.machine.search().list().identity().unwrap_or(PeerIdentity::NOBODY)
    }

    /// Returns the path from its certificate to a trust anchor, certificate by certificate. A session keeps only the
    /// [peer](crate::Session::peer) and the [summary of the path](crate::Session::path).
    pub fn verified_path(&self) -> Option<VerifiedPath<'_>> {
        self.machine.search().verified()
    }

    /// Returns what was waived for the path: nothing, unless with the feature `dangerous-waivers`.
    pub fn waived(&self) -> Waived {
        self.verified_path().map_or(Waived::NOTHING, |path| path.found.waived)
    }

    /// Authorizes the peer, if its path is valid.
    ///
    /// # Errors
    /// If something was [waived](Self::waived): the [`Error::Certificate`] that would have occurred without the
    /// waiver, which is also sent as an alert; errors are sticky.
    pub fn accept(self) -> Result<(), Error> {
        self.machine.answer(Input::Authorized)
    }

    /// **Dangerous**: authorizes the peer although its path is not valid. Check [`waived`](Self::waived) first, and
    /// report it to an operator.
    ///
    /// # Errors
    /// Errors are sticky.
    #[cfg(feature = "dangerous-waivers")]
    pub fn dangerous_accept_waived(self) -> Result<(), Error> {
        self.machine.answer(Input::AuthorizedAsWaived)
    }

    /// Refuses to authorize the peer by the ticket of an earlier session, in which it
    /// [proved](PeerIdentity::proved_before) its identity: a server continues with a full handshake, in which the
    /// client sends a certificate, perhaps a different one.
    ///
    /// # Errors
    /// [`Error::NotAuthorized`] on a client, which cannot fall back; [`ApiMisuse::AnswerUnexpected`] if the peer has proved
    /// its identity in this handshake. Errors are sticky.
    #[cfg(feature = "resumption")]
    pub fn decline(self) -> Result<(), Error> {
        self.machine.answer(Input::Declined)
    }

    /// Rejects the peer with `alert`, usually [`AlertDescription::ACCESS_DENIED`].
    pub fn reject(self, alert: AlertDescription) -> Error {
        self.machine.fail(Error::NotAuthorized(alert))
    }
}

impl SignInput {
    /// Returns the content to sign, for signers that hash it themselves: 64 spaces, the context, 0, the transcript
    /// hash; 130 bytes, or 146 with SHA-384 (RFC 9846 section 4.5.2).
    pub fn message(&self) -> &[u8] {
        self.message.as_bytes()
    }

    /// Returns 32 unpredictable bytes, different for each message, for signers that derive the ECDSA nonce from the key
    /// and the digest (RFC 6979 section 3.6): with them, a nonce does not repeat even if an attacker causes faults in
    /// the computation. They are derived from [`Entropy`](crate::Entropy), so that a handshake replays; they need not
    /// be secret.
    pub fn hedge(&self) -> &[u8] {
        self.hedge.as_bytes()
    }

    /// The digest of [`message`](Self::message) with the hash of the [`scheme`](Self::scheme), made by a provider, for
    /// signers that take digests.
    ///
    /// # Errors
    /// [`ApiMisuse::SchemeWithoutDigest`] for Ed25519, which signs the message itself;
    /// [`Error::ProviderFailed`] if the provider does not have the hash.
    pub fn digest<C: CryptoProvider>(&self, provider: C) -> Result<Digest, Error> {
        Ok(provider.digest(self.hash()?, &[self.message.as_bytes()])?)
    }

    fn hash(&self) -> Result<HashAlgorithm, ApiMisuse> {
        SignatureAlgorithm::of(self.scheme).and_then(SignatureAlgorithm::hash).ok_or(ApiMisuse::SchemeWithoutDigest)
    }
}

impl SignRequest<'_, '_> {
    /// Completes the request with a signature.
    ///
    /// # Errors
    /// [`ApiMisuse::SignatureMalformed`] if it does not have the format of the scheme; errors are sticky.
    pub fn complete(self, signature: &Signature) -> Result<(), Error> {
        self.machine.answer(Input::Signature(signature))
    }

    /// Reports that the key cannot sign. The peer receives `internal_error`.
    pub fn fail(self) -> Error {
        self.machine.fail(Error::SigningFailed)
    }
}
