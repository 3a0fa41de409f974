//! A handshake or a session, as seen by the parties that answer its questions: request tokens and drivers.

use super::request::SignInput;
use crate::credential::{Credential, PeerRequest};
use crate::crypto::{CryptoError, Digest, HashAlgorithm};
use crate::error::{ApiMisuse, Error};
#[cfg(feature = "events")]
use crate::events::Recorder;
use crate::handshake::Input;
use crate::role::Role;
use crate::transcript::{CertificateHash, certificate_verify_content};
use crate::wire::certificate_request::CertificateRequest;
use crate::wire::client_hello::ClientHello;
use crate::wire::handshake;
#[cfg(feature = "dangerous-waivers")]
use crate::x509::Waived;
use crate::x509::{PeerIdentity, Search};

/// A state machine that asks questions of the application.
pub(crate) trait Machine<'b> {
    /// Our role.
    fn role(&self) -> Role;
    /// Returns the message in `rx` to which the answer responds.
    fn message(&self) -> Result<&[u8], Error>;
    /// The search for the path of the peer that is being authenticated.
    fn search(&self) -> &Search<'b, 'b>;
    /// The hash that our CertificateVerify signs.
    fn certificate_hash(&self) -> CertificateHash;
    /// Derives the hedge of a signature over `message`.
    fn hedge(&self, message: &[u8]) -> Result<Digest, CryptoError>;
    fn digest(&self, algorithm: HashAlgorithm, message: &[u8]) -> Result<Digest, CryptoError>;
    #[cfg(feature = "events")]
    fn events(&self) -> &Recorder<'b>;
    /// Accepts the answer to the current question.
    fn advance(&mut self, answer: Input<'_, 'b>) -> Result<(), Error>;
    fn fail(&mut self, error: Error) -> Error;

    /// Reads the peer's request from its message, which was checked when it was received.
    fn peer_request(&self) -> PeerRequest<'_> {
        let read = || -> Result<_, Error> {
            let body = handshake::body(self.message()?)?;
            Ok(match self.role() {
                Role::Client => PeerRequest::of_server(&CertificateRequest::parse_any(body)?),
                Role::Server => PeerRequest::of_client(&ClientHello::parse(body)?),
            })
        };
        read().unwrap_or_else(|_| PeerRequest::unknown(self.role()))
    }

    /// Returns the identity of the peer to authorize.
    fn peer<'p>(&'p self) -> Result<PeerIdentity<'p>, Error>
    where
        'b: 'p,
    {
        // A path was found, so there is a leaf.
        Ok(self.search().list().identity().ok_or(ApiMisuse::AnswerUnexpected)?)
    }

    /// Returns the causes that were waived for its path, if any.
    #[cfg(feature = "dangerous-waivers")]
    fn waived<'p>(&'p self) -> Option<Waived>
    where
        'b: 'p,
    {
        self.search().verified().map(|path| path.found().waived).filter(|waived| !waived.is_empty())
    }

    /// Returns the input for the signer that holds the key of a credential.
    fn sign_input(&self, credential: &Credential<'_>) -> Result<SignInput, Error> {
        let message = certificate_verify_content(self.role(), &self.certificate_hash());
        let hedge = self.hedge(message.as_bytes())?;
        Ok(SignInput { key: credential.key(), scheme: credential.scheme(), message, hedge })
    }
}
