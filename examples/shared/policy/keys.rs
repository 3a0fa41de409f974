//! Who of us is shown, and who signs: by a policy, or as it comes.

use embedded_mtls::credential::{Choice, Selector};
use embedded_mtls::crypto::rustcrypto::{P256SigningKey, RustCrypto};
use embedded_mtls::io::std::system_time;
use embedded_mtls::io::{Host, KeystoreHost, SoftwareHost};
use embedded_mtls::x509::Time;
#[cfg(feature = "dangerous-waivers")]
use embedded_mtls::x509::{PeerIdentity, Waived};
use embedded_mtls::{Client, Credential, CredentialRequest, Side, SignRequest, Signature};
use embedded_mtls_operator::policy::Resolved;

/// The clock of the system.
pub(crate) type Clock = fn() -> Time;

/// The keys of a client.
pub(crate) enum Keys<'b> {
    /// The first identity that the server accepts.
    Any(SoftwareHost<'b, Clock>),
    /// What a policy says.
    Policy(KeystoreHost<'b, Clock>),
}

/// A keystore with keys in memory. `accepts_waived`: lets in whoever broke no more than the configuration waives.
pub(crate) fn keystore<'b>(
    selector: Selector<'b>,
    keys: &'b [P256SigningKey],
    accepts_waived: bool,
) -> KeystoreHost<'b, Clock> {
    let host = KeystoreHost::new(selector, keys, system_time as Clock);
    #[cfg(feature = "dangerous-waivers")]
    let host = host.dangerous_accepting_waived(accepts_waived);
    #[cfg(not(feature = "dangerous-waivers"))]
    let _ = accepts_waived;
    host
}

/// Whether a policy waives anything.
pub(crate) fn waives<S: Side>(resolved: &Resolved<'_, S>) -> bool {
    !resolved.policy().waivers().is_empty()
}

/// Returns whether a policy wants both sides to say who they are.
pub(crate) fn is_mutual<S: Side>(resolved: &Resolved<'_, S>) -> bool {
    resolved.policy().settings().client_auth_enabled
}

impl<'b> Host<'b, Client, RustCrypto> for Keys<'b> {
    fn time(&mut self) -> Time {
        match self {
            Self::Any(host) => Host::<Client, RustCrypto>::time(host),
            Self::Policy(host) => Host::<Client, RustCrypto>::time(host),
        }
    }

    fn credential(&mut self, request: &CredentialRequest<'_, 'b, Client, RustCrypto>) -> Option<&'b Credential<'b>> {
        match self {
            Self::Any(host) => host.credential(request),
            Self::Policy(host) => host.credential(request),
        }
    }

    fn choose(&mut self, request: &CredentialRequest<'_, 'b, Client, RustCrypto>) -> Choice<'b> {
        match self {
            Self::Any(host) => host.choose(request),
            Self::Policy(host) => host.choose(request),
        }
    }

    #[cfg(feature = "dangerous-waivers")]
    fn dangerous_accept_waived(&mut self, peer: &PeerIdentity<'_>, waived: Waived) -> bool {
        match self {
            Self::Any(host) => Host::<Client, RustCrypto>::dangerous_accept_waived(host, peer, waived),
            Self::Policy(host) => Host::<Client, RustCrypto>::dangerous_accept_waived(host, peer, waived),
        }
    }

    fn sign(&mut self, request: &SignRequest<'_, 'b, Client, RustCrypto>) -> Option<Signature> {
        match self {
            Self::Any(host) => host.sign(request),
            Self::Policy(host) => host.sign(request),
        }
    }
}
