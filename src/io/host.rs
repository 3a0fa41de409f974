//! The host, which answers the questions of a connection.

use crate::connection::{ConnectionFailure, SignInput};
#[cfg(feature = "events")]
use crate::credential::{KeyHandle, Mismatch};
use crate::credential::{PeerRequest, Signature};
use crate::error::AlertDescription;
#[cfg(feature = "dangerous-waivers")]
use crate::x509::Waived;
use crate::x509::{PeerIdentity, Time, TraceEvent};

/// Answers the questions of a connection at once, in either role and with any provider.
///
/// It receives the content of a question, not the request token: programs that need the tokens write their own loop.
pub trait Host {
    /// The choice of a credential: [`Choice<'b>`](crate::credential::Choice) with the lifetime of the connections.
    ///
    /// This is a type and not a lifetime of the trait, because with a lifetime the compiler cannot prove that a future
    /// with such a host is [`Send`].
    type Choice;

    /// Returns the time at which certificates are validated.
    fn time(&mut self) -> Time;

    /// Chooses the credential to send: one that matches the request, none (a server then cannot continue), or the end
    /// of the handshake. [`PeerRequest::role`] is our role. A [`Selector`](crate::credential::Selector) is one way to
    /// choose.
    fn credential(&mut self, request: &PeerRequest<'_>) -> Self::Choice;

    /// Passes the credentials that do not match the request to `each`, with alias and reason, for the connection's ring
    /// of events. Called before [`credential`](Self::credential). By default none.
    #[cfg(feature = "events")]
    fn mismatches(&mut self, request: &PeerRequest<'_>, each: &mut dyn FnMut(KeyHandle, &str, Mismatch)) {
        let _ = (request, each);
    }

    /// Decides whether the authenticated peer is authorized. By default it is.
    ///
    /// # Errors
    /// The alert that rejects it, usually [`AlertDescription::ACCESS_DENIED`].
    fn authorize(&mut self, peer: &PeerIdentity<'_>) -> Result<(), AlertDescription> {
        let _ = peer;
        Ok(())
    }

    /// **Dangerous**: decides whether a peer that was authorized is accepted although its path is valid only because of
    /// what the configuration [waives](crate::x509::Waivers). By default it is rejected with the alert of the problem.
    #[cfg(feature = "dangerous-waivers")]
    fn dangerous_accept_waived(&mut self, peer: &PeerIdentity<'_>, waived: Waived) -> bool {
        let _ = (peer, waived);
        false
    }

    /// Signs with the key of the selected credential. Returns `None` if the key cannot.
    fn sign(&mut self, input: &SignInput) -> Option<Signature>;

    /// Receives the failure of a handshake. A reset transport counts as one that has ended. Does nothing by default.
    fn failed(&mut self, failure: &ConnectionFailure<'_, '_>) {
        let _ = failure;
    }

    /// Receives a step of the search for a path from the peer's certificate to a trust anchor. Does nothing by default,
    /// at no cost.
    fn trace(&mut self, event: TraceEvent<'_>) {
        let _ = event;
    }
}

/// Answers the questions of a connection asynchronously. Every [`Host`] is one.
///
/// A dropped future loses nothing: the connection asks again.
#[allow(async_fn_in_trait, reason = "single-threaded executors need no Send bound")]
pub trait AsyncHost {
    /// See [`Host::Choice`].
    type Choice;

    /// See [`Host::time`].
    async fn time(&mut self) -> Time;

    /// See [`Host::credential`].
    async fn credential(&mut self, request: &PeerRequest<'_>) -> Self::Choice;

    /// See [`Host::mismatches`].
    #[cfg(feature = "events")]
    fn mismatches(&mut self, request: &PeerRequest<'_>, each: &mut dyn FnMut(KeyHandle, &str, Mismatch)) {
        let _ = (request, each);
    }

    /// See [`Host::authorize`].
    ///
    /// # Errors
    /// The alert that rejects it.
    async fn authorize(&mut self, peer: &PeerIdentity<'_>) -> Result<(), AlertDescription>;

    /// See [`Host::dangerous_accept_waived`].
    #[cfg(feature = "dangerous-waivers")]
    async fn dangerous_accept_waived(&mut self, peer: &PeerIdentity<'_>, waived: Waived) -> bool {
        let _ = (peer, waived);
        false
    }

    /// See [`Host::sign`].
    async fn sign(&mut self, input: &SignInput) -> Option<Signature>;

    /// See [`Host::failed`].
    fn failed(&mut self, failure: &ConnectionFailure<'_, '_>) {
        let _ = failure;
    }

    /// See [`Host::trace`].
    fn trace(&mut self, event: TraceEvent<'_>) {
        let _ = event;
    }
}

impl<H: Host> AsyncHost for H {
    type Choice = H::Choice;

    async fn time(&mut self) -> Time {
        Host::time(self)
    }

    async fn credential(&mut self, request: &PeerRequest<'_>) -> Self::Choice {
        Host::credential(self, request)
    }

    #[cfg(feature = "events")]
    fn mismatches(&mut self, request: &PeerRequest<'_>, each: &mut dyn FnMut(KeyHandle, &str, Mismatch)) {
        Host::mismatches(self, request, each);
    }

    async fn authorize(&mut self, peer: &PeerIdentity<'_>) -> Result<(), AlertDescription> {
        Host::authorize(self, peer)
    }

    #[cfg(feature = "dangerous-waivers")]
    async fn dangerous_accept_waived(&mut self, peer: &PeerIdentity<'_>, waived: Waived) -> bool {
        Host::dangerous_accept_waived(self, peer, waived)
    }

    async fn sign(&mut self, input: &SignInput) -> Option<Signature> {
        Host::sign(self, input)
    }

    fn failed(&mut self, failure: &ConnectionFailure<'_, '_>) {
        Host::failed(self, failure);
    }

    fn trace(&mut self, event: TraceEvent<'_>) {
        Host::trace(self, event);
    }
}
