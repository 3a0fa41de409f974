//! Certificate paths of [`embedded_mtls`] for [`embedded-tls`](embedded_tls) 0.19, a TLS 1.3 client whose own verifiers
//! omit checks: this one performs all checks that a [`Client`](embedded_mtls::Client) of `embedded-mtls` performs on a
//! server's certificates and its CertificateVerify.
//!
//! ```
//! use embedded_mtls::crypto::CryptoProvider as Cryptography;
//! use embedded_mtls_embedded_tls::Verifier;
//! use embedded_tls::{CryptoProvider, CryptoRngCore, TlsError, TlsVerifier, TlsCipherSuite};
//!
//! struct Provider<'a, C, R, S> {
//!     random: R,
//!     verifier: Verifier<'a, C>,
//!     suite: core::marker::PhantomData<S>,
//! }
//!
//! impl<C: Cryptography, R: CryptoRngCore, S: TlsCipherSuite> CryptoProvider for Provider<'_, C, R, S> {
//!     type CipherSuite = S;
//!     type Signature = [u8; 64]; // of a client certificate, which this one has not
//!
//!     fn rng(&mut self) -> impl CryptoRngCore {
//!         &mut self.random
//!     }
//!
//!     fn verifier(&mut self) -> Result<&mut impl TlsVerifier<S>, TlsError> {
//!         Ok(&mut self.verifier)
//!     }
//! }
//!
//! fn server<C: Cryptography, R, S>(provider: &Provider<'_, C, R, S>) -> Result<(), embedded_mtls::Error> {
//!     // connection.open(TlsContext::new(&config, &mut provider))?;
//!     let server = provider.verifier.authenticated()?; // never continue without it
//!     Ok(())
//! }
//! ```
//!
//! # Limitations of embedded-tls
//!
//! - **Omitted messages.** embedded-tls 0.19 accepts a server that omits Certificate or CertificateVerify and sends its
//!   Finished, without calling the verifier. Therefore call [`Verifier::authenticated`] after `open`, and drop the
//!   connection if it returns an error.
//! - **Offered signature schemes** are not passed on: a server may use any that the provider supports and that matches
//!   its key.
//! - **Long lists**: more than 16 certificates, or a list longer than one record, end the handshake before they reach
//!   the verifier.
//! - **No yielding**: all signatures of a path, at most 32, are verified in one call.
//! - **Reasons**: `TlsError` gives only the stage; [`Verifier::authenticated`] returns the reason. The server receives
//!   no alert, since what embedded-tls 0.19 sends is not an alert record.
#![no_std]
#![forbid(unsafe_code)]
#![warn(missing_debug_implementations)]
#![deny(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unreachable,
    clippy::unwrap_used
)]

use core::fmt;
use digest::Digest;
use embedded_mtls::crypto::{CryptoError, CryptoProvider};
use embedded_mtls::x509::{PeerIdentity, Rules, ServerName, Validator};
use embedded_mtls::{ApiMisuse, Error, PeerMisbehaved, Role, SignatureScheme};
use embedded_tls::{CertificateEntryRef, CertificateRef, CertificateVerifyRef, TlsCipherSuite, TlsError, TlsVerifier};

/// Verifies the server of one connection, with the algorithms of `C`.
#[derive(Debug)]
pub struct Verifier<'a, C> {
    rules: Rules<'a>,
    validator: Validator<'a>,
    stage: Stage,
    provider: C,
}

/// The progress of the server.
enum Stage {
    ExpectCertificate,
    /// The path is valid; CertificateVerify signs this.
    ExpectCertificateVerify(Signed),
    Authenticated,
    Refused(Error),
}

/// The content that the CertificateVerify of a server signs (RFC 9846 section 4.5.2): 64 spaces, the context with its zero,
/// the hash of the transcript up to Certificate.
struct Signed {
    bytes: [u8; PADDING + CONTEXT.len() + MAX_HASH_LEN],
    len: usize,
}

const PADDING: usize = 64;
const CONTEXT: &[u8] = b"TLS 1.3, server CertificateVerify\0";
/// Bytes of SHA-384, the longest hash of a cipher suite.
const MAX_HASH_LEN: usize = 48;

impl<'a, C: CryptoProvider> Verifier<'a, C> {
    /// Creates a verifier for one connection. `memory` is lent for the summaries of the certificates, as for a
    /// [`Validator`]: about 350 bytes for each that is signed with P-256.
    ///
    /// The rules always apply to a server, regardless of their purpose, so create them with [`Rules::server`]. The name
    /// in them is required even if embedded-tls is given none; without a name every server is refused.
    pub const fn new(provider: C, mut rules: Rules<'a>, memory: &'a mut [u8]) -> Self {
        rules.role = Role::Server;
        let stage = if rules.server_name.is_none() && rules.common_name.is_none() {
            Stage::Refused(Error::ApiMisuse(ApiMisuse::ServerNameInvalid))
        } else {
            Stage::ExpectCertificate
        };
        Self { rules, validator: Validator::new(memory), stage, provider }
    }

    /// Returns the identity of the authenticated server. Call it after `open`, before you write anything.
    ///
    /// # Errors
    /// The reason why it was rejected; [`PeerMisbehaved::UnexpectedMessage`] if it omitted Certificate or
    /// CertificateVerify (RFC 9846 section 4.5: both are sent whenever authentication is by certificate).
    pub fn authenticated(&self) -> Result<PeerIdentity<'_>, Error> {
        let identity = self.validator.identity();
        match (&self.stage, identity) {
            (Stage::Authenticated, Some(identity)) => Ok(identity),
            (Stage::Refused(error), _) => Err(*error),
            _ => Err(PeerMisbehaved::UnexpectedMessage.into()),
        }
    }

    fn check_certificates(&mut self, list: &CertificateRef<'_>, transcript: &[u8]) -> Result<Signed, Error> {
        // RFC 9846 section 4.5: one Certificate a handshake.
        let Stage::ExpectCertificate = self.stage else { return Err(PeerMisbehaved::UnexpectedMessage.into()) };
        // Section 4.5.1: "The server's certificate_list MUST always be non-empty."
        if list.entries.is_empty() {
            return Err(PeerMisbehaved::EmptyServerCertificate.into());
        }
        for entry in &list.entries {
            match entry {
                CertificateEntryRef::X509(certificate) => self.validator.push(self.provider, certificate)?,
                // "The certificate type MUST be X.509v3, unless explicitly negotiated otherwise".
                CertificateEntryRef::RawPublicKey(_) => return Err(PeerMisbehaved::UnexpectedMessage.into()),
            }
        }
        self.validator.validate(self.provider, self.rules)?;
        Ok(Signed::new(transcript)?)
    }

    fn check_signature(&mut self, verify: &CertificateVerifyRef<'_>) -> Result<(), Error> {
        let Stage::ExpectCertificateVerify(signed) = &self.stage else {
            return Err(PeerMisbehaved::UnexpectedMessage.into());
        };
        let scheme = SignatureScheme(verify.signature_scheme.as_u16());
        if !C::SIGNATURE_SCHEMES.contains(&scheme) {
            return Err(PeerMisbehaved::SignatureSchemeNotOffered.into());
        }
        self.validator.verify_signature(self.provider, scheme, signed.as_bytes(), verify.signature)
    }

    /// Stores the reason, and returns the closest error of embedded-tls. Not `AbortHandshake` with our alert, which
    /// version 0.19 would send in plaintext in a `change_cipher_spec` record.
    fn refuse(&mut self, error: Error) -> TlsError {
        self.stage = Stage::Refused(error);
        match error {
            Error::BufferTooSmall { .. } => TlsError::InsufficientSpace,
            Error::Certificate(_) => TlsError::InvalidCertificate,
            Error::PeerMisbehaved(PeerMisbehaved::SignatureIncorrect) => TlsError::InvalidSignature,
            Error::PeerMisbehaved(PeerMisbehaved::SignatureSchemeNotOffered) => TlsError::InvalidSignatureScheme,
            Error::PeerMisbehaved(_) => TlsError::InvalidHandshake,
            _ => TlsError::InternalError,
        }
    }
}

impl<C: CryptoProvider, S: TlsCipherSuite> TlsVerifier<S> for Verifier<'_, C> {
    /// Checks that the name that embedded-tls sends as SNI is the one in the rules.
    fn set_hostname_verification(&mut self, hostname: &str) -> Result<(), TlsError> {
        // Reusing a verifier would apply its proof to a server that sends no certificate.
        if !matches!(self.stage, Stage::ExpectCertificate) {
            return Err(self.refuse(PeerMisbehaved::UnexpectedMessage.into()));
        }
        match self.rules.server_name {
            Some(ServerName::Dns(name)) if name.as_str().eq_ignore_ascii_case(hostname) => Ok(()),
            _ => Err(self.refuse(ApiMisuse::ServerNameInvalid.into())),
        }
    }

    fn verify_certificate(&mut self, transcript: &S::Hash, list: CertificateRef<'_>) -> Result<(), TlsError> {
        match self.check_certificates(&list, &transcript.clone().finalize()) {
            Ok(signed) => self.stage = Stage::ExpectCertificateVerify(signed),
            Err(error) => return Err(self.refuse(error)),
        }
        Ok(())
    }

    fn verify_signature(&mut self, verify: CertificateVerifyRef<'_>) -> Result<(), TlsError> {
        match self.check_signature(&verify) {
            Ok(()) => self.stage = Stage::Authenticated,
            Err(error) => return Err(self.refuse(error)),
        }
        Ok(())
    }
}

impl Signed {
    fn new(transcript: &[u8]) -> Result<Self, CryptoError> {
        if transcript.len() > MAX_HASH_LEN {
            return Err(CryptoError::Unsupported);
        }
        let mut signed = Self { bytes: [b' '; _], len: PADDING };
        for (to, from) in signed.bytes.iter_mut().skip(PADDING).zip(CONTEXT.iter().chain(transcript)) {
            *to = *from;
            signed.len += 1;
        }
        Ok(signed)
    }

    fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

/// Omits the hash, which is of no use to a reader.
impl fmt::Debug for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ExpectCertificate => f.write_str("ExpectCertificate"),
            Self::ExpectCertificateVerify(_) => f.write_str("ExpectCertificateVerify"),
            Self::Authenticated => f.write_str("Authenticated"),
            Self::Refused(error) => f.debug_tuple("Refused").field(error).finish(),
        }
    }
}
