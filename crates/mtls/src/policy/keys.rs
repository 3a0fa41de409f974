//! The choice of an identity with its key: by a policy, or the first that is acceptable.

use embedded_mtls::credential::{Choice, PeerRequest, Selector};
use embedded_mtls::io::std::system_time;
use embedded_mtls::io::{Host, Keystore, SoftwareHost};
use embedded_mtls::x509::Time;
#[cfg(feature = "dangerous-waivers")]
use embedded_mtls::x509::{PeerIdentity, Waived};
use embedded_mtls::{Side, SignInput, Signature};
use embedded_mtls_operator::policy::Resolved;

use super::super::own_key::OwnKey;

/// The clock of the system.
pub(crate) type Clock = fn() -> Time;

/// The keys of a client.
pub(crate) enum Keys<'b> {
    /// The first identity that the server accepts.
    Any(SoftwareHost<'b, Clock, OwnKey>),
    /// The one that a policy selects.
    Policy(SoftwareHost<'b, Clock, OwnKey, Keystore<'b>>),
}

/// Makes a keystore with keys in memory. `accepts_waived`: accepts peers whose violations the configuration waives.
pub(crate) fn keystore<'b>(
    selector: Selector<'b>,
    keys: &'b [OwnKey],
    accepts_waived: bool,
) -> SoftwareHost<'b, Clock, OwnKey, Keystore<'b>> {
    let host = SoftwareHost::with_selector(selector, keys, system_time as Clock);
    #[cfg(feature = "dangerous-waivers")]
    let host = host.dangerous_accepting_waived(accepts_waived);
    #[cfg(not(feature = "dangerous-waivers"))]
    let _ = accepts_waived;
    host
}

/// Returns whether a policy waives anything.
pub(crate) fn waives<S: Side>(resolved: &Resolved<'_, S>) -> bool {
    !resolved.policy().waivers().is_empty()
}

/// Returns whether a policy requires mutual authentication.
pub(crate) fn is_mutual<S: Side>(resolved: &Resolved<'_, S>) -> bool {
    resolved.policy().settings().client_auth_enabled
}

impl<'b> Host for Keys<'b> {
    type Choice = Choice<'b>;

    fn time(&mut self) -> Time {
        match self {
            Self::Any(host) => host.time(),
            Self::Policy(host) => host.time(),
        }
    }

    fn credential(&mut self, request: &PeerRequest<'_>) -> Choice<'b> {
        match self {
            Self::Any(host) => host.credential(request),
            Self::Policy(host) => host.credential(request),
        }
    }

    fn mismatches(
        &mut self,
        request: &PeerRequest<'_>,
        each: &mut dyn FnMut(embedded_mtls::KeyHandle, &str, embedded_mtls::credential::Mismatch),
    ) {
        match self {
            Self::Any(host) => host.mismatches(request, each),
            Self::Policy(host) => host.mismatches(request, each),
        }
    }

    #[cfg(feature = "dangerous-waivers")]
    fn dangerous_accept_waived(&mut self, peer: &PeerIdentity<'_>, waived: Waived) -> bool {
        match self {
            Self::Any(host) => host.dangerous_accept_waived(peer, waived),
            Self::Policy(host) => host.dangerous_accept_waived(peer, waived),
        }
    }

    fn sign(&mut self, input: &SignInput) -> Option<Signature> {
        match self {
            Self::Any(host) => host.sign(input),
            Self::Policy(host) => host.sign(input),
        }
    }
}
