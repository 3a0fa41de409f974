//! The recorder, through which a connection writes into its ring.

use super::event::{Direction, LogEvent, NameOf, Whose};
use super::ring::EventRing;
use super::text::Text;
use crate::credential::{Credential, Expiry, KeyHandle, Mismatch, PeerRequest};
use crate::error::{AlertDescription, Diagnosis, Error, Stage, WaivableCause};
use crate::role::Role;
use crate::wire::enums::{CipherSuite, NamedGroup};
use crate::x509::{Name, PathFound, Search, Time, UnixTime};
#[cfg(not(feature = "events"))]
use core::marker::PhantomData;

/// Authorities that are listed with their names.
const LISTED: usize = 4;

/// The writer of a connection's events. Without the feature `events` it holds nothing, and its methods are compiled
/// to nothing.
pub(crate) struct Recorder<'b> {
    #[cfg(feature = "events")]
    given: Option<Given<'b>>,
    #[cfg(not(feature = "events"))]
    given: PhantomData<&'b ()>,
}

/// The ring of the connection.
#[derive(Clone, Copy)]
struct Given<'b> {
    ring: EventRing<'b>,
    connection: u16,
    /// The offset in the handshake stream of the message whose header was recorded last.
    begun: Option<usize>,
    /// The expiry of the chain that we send.
    expires: Option<UnixTime>,
}

#[cfg(feature = "events")]
impl<'b> Recorder<'b> {
    /// The recorder of a connection without a ring.
    pub(crate) const OFF: Self = Self { given: None };

    /// Creates the recorder of a new connection.
    pub(crate) fn begin(ring: EventRing<'b>, role: Role) -> Self {
        let given = Given { ring, connection: ring.begin(), begun: None, expires: None };
        let recorder = Self { given: Some(given) };
        recorder.write(&LogEvent::Began { client: role == Role::Client });
        recorder
    }

    const fn given(&self) -> Option<&Given<'b>> {
        self.given.as_ref()
    }

    const fn given_mut(&mut self) -> Option<&mut Given<'b>> {
        self.given.as_mut()
    }
}

#[cfg(not(feature = "events"))]
#[allow(clippy::unused_self, clippy::needless_pass_by_ref_mut, reason = "as with events")]
impl<'b> Recorder<'b> {
    pub(crate) const OFF: Self = Self { given: PhantomData };

    const fn given(&self) -> Option<&Given<'b>> {
        None
    }

    const fn given_mut(&mut self) -> Option<&mut Given<'b>> {
        None
    }
}

impl Recorder<'_> {
    fn write(&self, event: &LogEvent) {
        if let Some(given) = self.given() {
            given.ring.write(given.connection, event);
        }
    }

    /// Records, once, the message whose header was received at this position of the handshake stream.
    pub(crate) fn message_received(&mut self, position: usize, kind: u8, len: usize) {
        let Some(given) = self.given_mut() else { return };
        if given.begun.replace(position) != Some(position) {
            self.message(Direction::Received, kind, len);
        }
    }

    /// Records a message of `len` bytes that is ready to be sent.
    pub(crate) fn message_sent(&self, kind: u8, len: usize) {
        self.message(Direction::Sent, kind, len);
    }

    fn message(&self, direction: Direction, kind: u8, len: usize) {
        self.write(&LogEvent::Message { direction, kind, length: u32::try_from(len).unwrap_or(u32::MAX) });
    }

    pub(crate) fn alert_received(&self, description: AlertDescription) {
        self.write(&LogEvent::Alert { direction: Direction::Received, description });
    }

    pub(crate) fn alert_sent(&self, description: AlertDescription) {
        self.write(&LogEvent::Alert { direction: Direction::Sent, description });
    }

    /// Records the number of bytes sent or received before the direction changes.
    pub(crate) fn flight(&self, direction: Direction, bytes: usize) {
        if bytes != 0 {
            self.write(&LogEvent::Flight { direction, bytes: u32::try_from(bytes).unwrap_or(u32::MAX) });
        }
    }

    pub(crate) fn retried(&self, group: Option<NamedGroup>) {
        self.write(&LogEvent::Retried { group });
    }

    pub(crate) fn agreed(&self, suite: CipherSuite, group: NamedGroup) {
        self.write(&LogEvent::Agreed { suite, group });
    }

    #[cfg(feature = "resumption")]
    pub(crate) fn session_resumed(&self, proof_age: u32) {
        self.write(&LogEvent::SessionResumed { proof_age });
    }

    /// Records a request for our certificate.
    pub(crate) fn asked(&self, request: &PeerRequest<'_>, late: bool) {
        if self.given().is_none() {
            return;
        }
        let authorities = u16::try_from(request.authorities().count()).unwrap_or(u16::MAX);
        self.write(&LogEvent::Asked { authorities, late });
        request.authorities().take(LISTED).for_each(|name| self.name(NameOf::Authority, text_of(&name)));
    }

    /// Records the server name that the client requests.
    pub(crate) fn server_name(&self, name: Option<&str>) {
        if let Some(name) = name {
            self.name(NameOf::Server, name);
        }
    }

    fn name(&self, of: NameOf, text: &str) {
        if self.given().is_some() {
            self.write(&LogEvent::Name { of, text: Text::new(text) });
        }
    }

    /// Records the choice of a credential.
    pub(crate) fn selected(&mut self, credential: Option<&Credential<'_>>) {
        let Some(given) = self.given_mut() else { return };
        given.expires = credential.map(Credential::not_after);
        self.write(&credential.map_or(LogEvent::Declined, |credential| LogEvent::Selected {
            key: credential.key(),
            certificates: u8::try_from(credential.chain().iter().count()).unwrap_or(u8::MAX),
            scheme: credential.scheme(),
        }));
    }

    /// Records a credential that was not chosen, and the reason.
    pub(crate) fn mismatch(&self, key: KeyHandle, alias: &str, reason: Mismatch) {
        if self.given().is_some() {
            self.write(&LogEvent::Mismatch { key, alias: Text::new(alias), reason });
        }
    }

    /// Records the peer's certificates and the time at which they are validated.
    pub(crate) fn judged(&self, time: Time, peer: &Search<'_, '_>) {
        if self.given().is_none() {
            return;
        }
        if let Some(peer) = peer.list().identity() {
            self.name(NameOf::Subject, text_of(&peer.subject()));
            self.name(NameOf::Issuer, text_of(&peer.issuer()));
        }
        self.write(&LogEvent::Time(time));
    }

    /// Records the path that was found, and certificates that expire soon.
    pub(crate) fn path(&self, path: &PathFound, time: Time) {
        let Some(given) = self.given() else { return };
        self.write(&LogEvent::Path { depth: path.depth, anchor: path.anchor, not_after: path.not_after });
        let causes = path.waived.causes();
        for cause in WaivableCause::ALL.iter().filter(|cause| causes.contains(**cause)) {
            self.write(&LogEvent::Waived(*cause));
        }
        let (Time::Trusted(now) | Time::AtLeast(now)) = time else { return };
        for (whose, end) in [(Whose::Theirs, Some(path.not_after)), (Whose::Ours, given.expires)] {
            if let Some(expiry) = end.and_then(|end| Expiry::within(end, now, given.ring.expiry_warning())) {
                self.write(&LogEvent::Expiring { whose, expiry });
            }
        }
    }

    pub(crate) fn authorized(&self) {
        self.write(&LogEvent::Authorized);
    }

    pub(crate) fn done(&self) {
        self.write(&LogEvent::Done);
    }

    pub(crate) fn accepted(&self) {
        self.write(&LogEvent::Accepted);
    }

    pub(crate) fn failed(&self, stage: Stage, error: Error) {
        self.write(&LogEvent::Failed { stage, error });
    }

    /// Records the diagnosis. Compiled only with events, so that it costs nothing without them.
    pub(crate) fn diagnosed(&self, diagnosis: Option<Diagnosis>) {
        if let Some(diagnosis) = diagnosis {
            self.write(&LogEvent::Diagnosed(diagnosis));
        }
    }
}

/// Returns the part of a name that best identifies its owner.
fn text_of<'n>(name: &Name<'n>) -> &'n str {
    name.common_name().or_else(|| name.attributes().find_map(|attribute| attribute.text())).unwrap_or("")
}
