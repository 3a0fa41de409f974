//! The host: answers the questions of a handshake.

use crate::identity::Identity;
use embedded_mtls::credential::{Choice, Mismatch, PeerRequest};
use embedded_mtls::io::Host;
use embedded_mtls::io::std::system_time;
use embedded_mtls::x509::{PeerIdentity, Time, UnixTime};
use embedded_mtls::{AlertDescription, Credential, KeyHandle, PeerIncompatible, SignInput, Signature, SignatureScheme};

/// A host with the identities that the flags name.
pub(crate) struct Shim<'b> {
    pub(crate) identities: &'b [Identity],
    /// In the order of preference; the key of each is that of its identity.
    pub(crate) credentials: &'b [Credential<'b>],
    /// The alert for a peer that is authenticated but rejected.
    pub(crate) refusal: Option<AlertDescription>,
    /// Ends the handshake instead of choosing.
    pub(crate) refuses_hello: bool,
    /// Seconds by which the clock is ahead.
    pub(crate) delay: i64,
    pub(crate) heard: Heard,
}

/// The questions the peer has asked.
#[derive(Default)]
pub(crate) struct Heard {
    pub(crate) server_name: Option<String>,
    pub(crate) protocols: Vec<Vec<u8>>,
    pub(crate) authorities: Vec<Vec<u8>>,
    pub(crate) schemes: Vec<SignatureScheme>,
}

/// The key of the credential that has no number.
pub(crate) const DEFAULT: KeyHandle = KeyHandle(u32::MAX);

impl Shim<'_> {
    fn identity_of(&self, key: KeyHandle) -> Option<&Identity> {
        self.identities.iter().find(|identity| identity.handle == key)
    }

    /// Returns whether the credential matches this request. As in BoringSSL, the names of issuers count only for
    /// credentials with that flag, and the signatures in certificates do not.
    fn fits(&self, request: &PeerRequest<'_>, credential: &Credential<'_>) -> bool {
        match request.check(credential, None) {
            Ok(_) | Err(Mismatch::CertificateScheme(_)) => true,
            Err(Mismatch::Issuer) => self.identity_of(credential.key()).is_some_and(|own| !own.must_match_issuer),
            Err(_) => false,
        }
    }
}

impl<'b> Host for Shim<'b> {
    type Choice = Choice<'b>;

    fn time(&mut self) -> Time {
        Time::Trusted(now(self.delay))
    }

    fn credential(&mut self, request: &PeerRequest<'_>) -> Choice<'b> {
        self.heard = Heard {
            server_name: request.server_name.map(str::to_owned),
            protocols: request.protocols().map(<[u8]>::to_vec).collect(),
            authorities: request.authorities().map(|name| name.as_der().to_vec()).collect(),
            schemes: request.signature_schemes().collect(),
        };
        match self.credentials.iter().find(|credential| self.fits(request, credential)) {
            _ if self.refuses_hello => Choice::Fail(PeerIncompatible::NoCredential),
            Some(credential) => Choice::Send(credential),
            None if self.identities.is_empty() => Choice::Decline,
            None => Choice::Fail(PeerIncompatible::NoCredential),
        }
    }

    fn authorize(&mut self, _: &PeerIdentity<'_>) -> Result<(), AlertDescription> {
        self.refusal.map_or(Ok(()), Err)
    }

    fn sign(&mut self, input: &SignInput) -> Option<Signature> {
        self.identity_of(input.key)?.sign(input.scheme, input.message())
    }
}

/// Returns the time, so many seconds ahead of the system's.
pub(crate) fn now(delay: i64) -> UnixTime {
    match system_time() {
        Time::Trusted(now) | Time::AtLeast(now) => UnixTime(now.0.saturating_add(delay)),
        Time::Unknown(_) => UnixTime(delay),
    }
}
