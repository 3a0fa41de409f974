//! Request tokens: what a handshake asks of the application. Each borrows the handshake, is consumed
//! by its answer, and is offered again by the next poll if it was dropped.

use super::target::Target;
use crate::credential::{Choice, Credential, KeyHandle, PeerRequest, Signature};
#[cfg(feature = "events")]
use crate::credential::{Selector, Unfit};
use crate::crypto::{CryptoProvider, Digest, SignatureAlgorithm};
use crate::error::{AlertDescription, ApiMisuse, Error, PeerIncompatible};
use crate::handshake::client::Client;
use crate::handshake::server::Server;
use crate::handshake::{Answer, Side};
use crate::transcript::{CertificateVerifyContent, Signer, certificate_verify_content};
use crate::wire::certificate_request::CertificateRequest as WireRequest;
use crate::wire::client_hello::ClientHello;
use crate::wire::enums::SignatureScheme;
use crate::wire::handshake;
use crate::x509::{Name, PathFound, PeerIdentity, Purpose, Time, VerifiedPath, Waived};

/// What time is it? Asked once, before certificates are judged.
pub struct TimeRequest<'c, 'b, S: Side, C: CryptoProvider> {
    pub(super) target: Target<'c, 'b, S, C>,
}

debug_by_name!("TimeRequest", [S: Side, C: CryptoProvider] TimeRequest<'_, '_, S, C>);

/// Which credential shall be shown?
///
/// A client is asked when the server has asked for its certificate; a server with the ClientHello that it
/// answers with ServerHello.
/// What the peer accepts is lent where it lies in `rx`.
pub struct CredentialRequest<'c, 'b, S: Side, C: CryptoProvider> {
    pub(super) target: Target<'c, 'b, S, C>,
}

debug_by_name!("CredentialRequest", [S: Side, C: CryptoProvider] CredentialRequest<'_, '_, S, C>);

/// The peer has proved who it is: its chain and its CertificateVerify are valid. May it in?
pub struct AuthorizeRequest<'c, 'b, S: Side, C: CryptoProvider> {
    pub(super) target: Target<'c, 'b, S, C>,
}

debug_by_name!("AuthorizeRequest", [S: Side, C: CryptoProvider] AuthorizeRequest<'_, '_, S, C>);

/// The input of a signer, without a borrow: what is to be signed, and how.
pub struct SignInput {
    key: KeyHandle,
    scheme: SignatureScheme,
    message: CertificateVerifyContent,
}

debug_by_name!("SignInput", [] SignInput);

/// Sign our CertificateVerify (RFC 9846 section 4.5.2). The answer may come much later, from
/// another task or a secure element: drop the token and take it up again with the next poll.
pub struct SignRequest<'c, 'b, S: Side, C: CryptoProvider> {
    pub(super) target: Target<'c, 'b, S, C>,
}

debug_by_name!("SignRequest", [S: Side, C: CryptoProvider] SignRequest<'_, '_, S, C>);

impl<S: Side, C: CryptoProvider> TimeRequest<'_, '_, S, C> {
    /// Answers.
    ///
    /// # Errors
    /// None that depends on the time; errors are sticky.
    pub fn provide(self, time: Time) -> Result<(), Error> {
        self.target.advance(Answer::Time(time))
    }
}

impl<'b, S: Side, C: CryptoProvider> CredentialRequest<'_, 'b, S, C> {
    /// All that the peer asks for, for a [`Selector`](crate::credential::Selector).
    pub fn peer_request(&self) -> PeerRequest<'_> {
        read::<S>(self.target.message())
    }

    /// The signature schemes the peer accepts, its favourite first.
    pub fn signature_schemes(&self) -> impl Iterator<Item = SignatureScheme> + '_ {
        self.peer_request().signature_schemes()
    }

    /// The signature schemes the peer accepts in certificates: `signature_algorithms_cert`, or, if it
    /// does not say, the same as [`signature_schemes`](Self::signature_schemes) (RFC 9846 section 4.3.3).
    pub fn certificate_schemes(&self) -> impl Iterator<Item = SignatureScheme> + '_ {
        self.peer_request().certificate_schemes()
    }

    /// The names of the issuers the peer trusts (RFC 9846 section 4.3.4); none if it does not say.
    /// What is not a name is left out.
    pub fn authorities(&self) -> impl Iterator<Item = Name<'_>> + '_ {
        self.peer_request().authorities()
    }

    /// See [`PeerRequest::accepts`].
    pub fn accepts(&self, credential: &Credential<'_>) -> bool {
        self.peer_request().accepts(credential)
    }

    /// Whether the server asks after the handshake (RFC 9846 section 4.7.2).
    #[cfg(feature = "post-handshake-auth")]
    pub const fn is_after_handshake(&self) -> bool {
        self.target.is_after_handshake()
    }

    /// Writes into the ring of the connection which of the selector's entries do not do what the peer asks for, and
    /// why: see [`LogEvent::Unfit`](crate::events::LogEvent::Unfit). To be called before the answer.
    #[cfg(feature = "events")]
    pub fn record_selection(&self, selector: &Selector<'_>) {
        selector.for_each_unfit(&self.peer_request(), &mut |key, alias, reason| self.record_unfit(key, alias, reason));
    }

    /// Writes into the ring of the connection why the credential of this key is not shown; with its alias, if it has
    /// one. To be called before the answer.
    #[cfg(feature = "events")]
    pub fn record_unfit(&self, key: KeyHandle, alias: &str, reason: Unfit) {
        self.target.events().unfit(key, alias, reason);
    }

    /// Shows `credential`.
    ///
    /// # Errors
    /// [`ApiMisuse::CredentialSchemeNotOffered`] if the peer cannot verify its signatures; errors are sticky. A client's
    /// handshake fails with it later, as with [`fail`](Self::fail).
    pub fn select(self, credential: &'b Credential<'b>) -> Result<(), Error> {
        self.target.advance(Answer::Credential(Some(credential)))
    }

    /// Shows none. A client then sends an empty Certificate, and the server decides.
    ///
    /// # Errors
    /// On a server, [`PeerIncompatible::NoCredential`]: it cannot go on without; errors are sticky.
    pub fn decline(self) -> Result<(), Error> {
        self.target.advance(Answer::Credential(None))
    }

    /// Shows none and ends the handshake.
    ///
    /// A client's goes on until the server has proved who it is, and fails then, in [`poll`](crate::Handshake::poll):
    /// whoever merely answers does not learn which authorities have issued certificates of ours.
    ///
    /// # Errors
    /// On a server, and after the handshake, `reason`; errors are sticky.
    pub fn fail(self, reason: PeerIncompatible) -> Result<(), Error> {
        self.target.advance(Answer::Fail(reason))
    }

    /// Does what was chosen.
    ///
    /// # Errors
    /// As [`select`](Self::select), [`decline`](Self::decline) and [`fail`](Self::fail).
    pub fn answer(self, choice: Choice<'b>) -> Result<(), Error> {
        match choice {
            Choice::Decline => self.decline(),
            Choice::Fail(reason) => self.fail(reason),
            Choice::Show(credential) => self.select(credential),
        }
    }
}

/// Reads what the peer asks for in its message.
fn read<S: Side>(message: Result<&[u8], Error>) -> PeerRequest<'_> {
    let parse = || {
        let body = handshake::body(message.ok()?).ok()?;
        if S::IS_CLIENT {
            Some(PeerRequest::of_server(&WireRequest::parse_any(body).ok()?))
        } else {
            Some(PeerRequest::of_client(&ClientHello::parse(body).ok()?))
        }
    };
    // The message was checked when it came, so this is always there.
    parse()
        .unwrap_or_else(|| PeerRequest::unknown(if S::IS_CLIENT { Purpose::ClientAuth } else { Purpose::ServerAuth }))
}

/// Views for the drivers' hosts: with the borrow of the connection, and without the token.
impl<'c, S: Side, C: CryptoProvider> CredentialRequest<'c, '_, S, C> {
    pub(crate) fn into_peer_request(self) -> PeerRequest<'c> {
        read::<S>(self.target.into_message())
    }
}

impl<'c, S: Side, C: CryptoProvider> AuthorizeRequest<'c, '_, S, C> {
    pub(crate) fn into_peer(self) -> PeerIdentity<'c> {
        self.target.into_peer().unwrap_or(PeerIdentity::NOBODY)
    }
}

impl<C: CryptoProvider> CredentialRequest<'_, '_, Server, C> {
    /// The name of the server that the client wants to reach (RFC 6066 section 3), ASCII, as it came.
    pub fn server_name(&self) -> Option<&str> {
        self.peer_request().server_name()
    }

    /// The application protocols that the client offers, its favourite first (RFC 7301 section 3.1). With
    /// [`with_alpn`](crate::ServerConfig::with_alpn) the first of ours that is among them is agreed on.
    pub fn protocols(&self) -> impl Iterator<Item = &[u8]> + '_ {
        self.peer_request().protocols()
    }
}

impl<C: CryptoProvider> CredentialRequest<'_, '_, Client, C> {
    /// The DER of the CertificateRequest's names, as they lie in `rx`.
    pub fn authorities_der(&self) -> impl Iterator<Item = &[u8]> + '_ {
        self.peer_request().authorities_der()
    }
}

impl<S: Side, C: CryptoProvider> AuthorizeRequest<'_, '_, S, C> {
    /// Who the peer is.
    pub fn peer(&self) -> PeerIdentity<'_> {
        // A path was found, so there is a leaf.
        self.target.peer().unwrap_or(PeerIdentity::NOBODY)
    }

    /// The path from its certificate to a trust anchor, certificate by certificate: see
    /// [`Handshake::verified_path`](crate::Handshake::verified_path).
    pub fn verified_path(&self) -> Option<VerifiedPath<'_>> {
        self.target.verified_path()
    }

    /// The path from its certificate to a trust anchor, and how much of the validity was checked.
    pub fn path(&self) -> Option<PathFound> {
        self.target.path()
    }

    /// What was waived of the path: nothing, but with the feature `dangerous-waivers`.
    pub fn waived(&self) -> Waived {
        self.path().map_or(Waived::NOTHING, |path| path.waived)
    }

    /// It may, if its path is valid.
    ///
    /// # Errors
    /// If something was [waived](Self::waived): the [`Error::Certificate`] that it would have been without, and the
    /// peer is told so; errors are sticky.
    pub fn accept(self) -> Result<(), Error> {
        self.target.advance(Answer::Authorized)
    }

    /// **Dangerous**: it may, though its path is not valid. Look at [`waived`](Self::waived) first, and tell
    /// somebody.
    ///
    /// # Errors
    /// Errors are sticky.
    #[cfg(feature = "dangerous-waivers")]
    pub fn dangerous_accept_waived(self) -> Result<(), Error> {
        self.target.advance(Answer::AuthorizedAsWaived)
    }

    /// It may not; `alert` says so, usually [`AlertDescription::ACCESS_DENIED`].
    pub fn reject(self, alert: AlertDescription) -> Error {
        self.target.fail(Error::Refused(alert))
    }
}

impl SignInput {
    /// The handle of the key of the credential that was selected.
    pub const fn key(&self) -> KeyHandle {
        self.key
    }

    /// The scheme of the credential that was selected.
    pub const fn scheme(&self) -> SignatureScheme {
        self.scheme
    }

    /// What is signed, for signers that hash by themselves: 64 spaces, the context, 0, the transcript
    /// hash; 130 bytes, or 146 with SHA-384 (RFC 9846 section 4.5.2).
    pub const fn message(&self) -> &CertificateVerifyContent {
        &self.message
    }

    /// The digest of [`message`](Self::message) with the hash of the [`scheme`](Self::scheme), made by a provider, for
    /// signers that take digests.
    ///
    /// # Errors
    /// [`ApiMisuse::SchemeWithoutDigest`] for Ed25519, which signs the message itself;
    /// [`Error::ProviderFailed`] if the provider does not have the hash.
    pub fn digest<C: CryptoProvider>(&self) -> Result<Digest, Error> {
        let algorithm = SignatureAlgorithm::of(self.scheme);
        let algorithm = algorithm.and_then(SignatureAlgorithm::hash).ok_or(ApiMisuse::SchemeWithoutDigest)?;
        Ok(C::digest(algorithm, &[self.message.as_bytes()])?)
    }
}

impl<S: Side, C: CryptoProvider> SignRequest<'_, '_, S, C> {
    /// Which key signs: the handle of the credential that was selected.
    pub fn key(&self) -> KeyHandle {
        self.credential().map_or(KeyHandle(0), Credential::key)
    }

    /// How it signs: the scheme of the credential that was selected.
    pub fn scheme(&self) -> SignatureScheme {
        self.credential().map_or(SignatureScheme(0), Credential::scheme)
    }

    /// What is signed, for signers that hash by themselves: 64 spaces, the context, 0, the transcript
    /// hash; 130 bytes, or 146 with SHA-384 (RFC 9846 section 4.5.2).
    pub fn message(&self) -> CertificateVerifyContent {
        let signer = if S::IS_CLIENT { Signer::Client } else { Signer::Server };
        certificate_verify_content(signer, &self.target.certificate_hash())
    }

    /// The digest of [`message`](Self::message) with the hash of the [`scheme`](Self::scheme), for signers that
    /// take digests.
    ///
    /// # Errors
    /// As [`SignInput::digest`].
    pub fn digest(&self) -> Result<Digest, Error> {
        self.input().digest::<C>()
    }

    /// Everything that a signer needs, without a borrow of the connection.
    pub fn input(&self) -> SignInput {
        SignInput { key: self.key(), scheme: self.scheme(), message: self.message() }
    }

    /// Completes with any form of signature.
    ///
    /// # Errors
    /// [`ApiMisuse::SignatureMalformed`] if it does not have the form of the scheme; errors are sticky.
    pub fn complete(self, signature: &Signature) -> Result<(), Error> {
        match signature {
            Signature::Encoded(signature) => self.complete_der(signature.as_bytes()),
            Signature::Ed25519(signature) => self.complete_ed25519(signature),
            Signature::P256(r_s) => self.complete_p256(r_s),
            Signature::P384(r_s) => self.complete_p384(r_s),
        }
    }

    /// Completes with a raw P-256 signature: `r` and `s`, 32 bytes each, big-endian, as secure
    /// elements return it.
    ///
    /// # Errors
    /// [`ApiMisuse::SignatureMalformed`] if the scheme is another or a half is zero; errors are sticky.
    pub fn complete_p256(self, r_s: &[u8; 64]) -> Result<(), Error> {
        self.complete_ecdsa(SignatureScheme::ECDSA_SECP256R1_SHA256, r_s.split_at(32))
    }

    /// Completes with a raw P-384 signature: `r` and `s`, 48 bytes each, big-endian.
    ///
    /// # Errors
    /// [`ApiMisuse::SignatureMalformed`] if the scheme is another or a half is zero; errors are sticky.
    pub fn complete_p384(self, r_s: &[u8; 96]) -> Result<(), Error> {
        self.complete_ecdsa(SignatureScheme::ECDSA_SECP384R1_SHA384, r_s.split_at(48))
    }

    /// Completes with an Ed25519 signature (RFC 8032 section 5.1.6).
    ///
    /// # Errors
    /// [`ApiMisuse::SignatureMalformed`] if the scheme is another; errors are sticky.
    pub fn complete_ed25519(self, signature: &[u8; 64]) -> Result<(), Error> {
        let fits = self.scheme() == SignatureScheme::ED25519;
        self.complete_if(fits, signature)
    }

    /// Completes with an RSASSA-PSS signature, as long as the modulus. The signer pads it: MGF1 with the hash
    /// of the scheme, and a salt as long as its digest (RFC 9846 section 4.3.3).
    ///
    /// # Errors
    /// [`ApiMisuse::SignatureMalformed`] if the scheme is another or the length that of another modulus; errors
    /// are sticky.
    pub fn complete_rsa(self, signature: &[u8]) -> Result<(), Error> {
        let fits = matches!(
            SignatureAlgorithm::of(self.scheme()),
            Some(
                SignatureAlgorithm::RsaPssSha256 | SignatureAlgorithm::RsaPssSha384 | SignatureAlgorithm::RsaPssSha512
            )
        );
        self.complete_if(fits, signature)
    }

    /// Completes with the signature as it stands in CertificateVerify, whatever the scheme: for ECDSA a
    /// DER `ECDSA-Sig-Value`.
    ///
    /// # Errors
    /// [`ApiMisuse::SignatureMalformed`] if it is empty or too long; errors are sticky.
    pub fn complete_der(self, signature: &[u8]) -> Result<(), Error> {
        self.target.advance(Answer::Signature(signature))
    }

    fn complete_ecdsa(self, scheme: SignatureScheme, (r, s): (&[u8], &[u8])) -> Result<(), Error> {
        // As long as the longest, which is of P-384.
        let mut der = [0; 104];
        let encoded = crate::credential::ecdsa_der(r, s, &mut der).unwrap_or_default();
        let fits = self.scheme() == scheme;
        self.complete_if(fits, encoded)
    }

    /// An empty signature is one that could not be encoded.
    fn complete_if(self, fits: bool, signature: &[u8]) -> Result<(), Error> {
        if fits && !signature.is_empty() {
            self.target.advance(Answer::Signature(signature))
        } else {
            Err(self.target.fail(ApiMisuse::SignatureMalformed.into()))
        }
    }

    /// The key cannot sign. The peer gets `internal_error`.
    pub fn fail(self) -> Error {
        self.target.fail(Error::SigningFailed)
    }

    fn credential(&self) -> Option<&Credential<'_>> {
        self.target.signing()
    }
}
