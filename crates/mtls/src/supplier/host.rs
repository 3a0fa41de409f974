//! The host that answers the questions of one handshake.

#[cfg(feature = "program")]
use std::sync::Arc;

use embedded_mtls::credential::{Choice, PeerRequest};
use embedded_mtls::crypto::rustcrypto::RustCrypto;
use embedded_mtls::io::std::system_time;
use embedded_mtls::io::{Host, Keystore, SoftwareHost};
use embedded_mtls::x509::{PeerIdentity, Time, TraceEvent};
use embedded_mtls::{AlertDescription, ConnectionFailure, Diagnosis, SignInput, Signature};
use embedded_mtls_operator::access::{AllowList, Rule};

use super::super::course::{Course, SentCertificate};
use super::super::own_key::OwnKey;
use super::super::policy::Clock;
use super::Event;
#[cfg(feature = "program")]
use crate::deny::Denials;

/// Answers the questions of the handshake.
pub(super) struct SupplierHost<'b> {
    pub(super) software: SoftwareHost<'b, Clock, OwnKey, Keystore<'b>>,
    /// The common names that are checked in the handshake, if they are.
    pub(super) required_names: Option<&'b [String]>,
    /// All that is denied.
    #[cfg(feature = "program")]
    pub(super) denials: Option<Arc<Denials>>,
    /// The alert with which each client is rejected on purpose.
    pub(super) fault: Option<AlertDescription>,
    /// The reason why the client is denied.
    pub(super) denied: Option<String>,
    /// The reason why the client's certificates were rejected.
    pub(super) verdict: Option<String>,
    /// The diagnosis of that.
    pub(super) diagnosis: Option<Diagnosis>,
    /// A function that takes each step of path building.
    pub(super) trace: Option<&'b dyn Fn(Event)>,
    /// The server name in the ClientHello.
    pub(super) requested: Option<String>,
    /// The certificates of both sides, for a report.
    pub(super) course: Course,
}

impl<'b> Host for SupplierHost<'b> {
    type Choice = Choice<'b>;

    fn time(&mut self) -> Time {
        self.software.time()
    }

    fn credential(&mut self, request: &PeerRequest<'_>) -> Choice<'b> {
        if let Some(name) = request.server_name {
            self.requested = Some(name.to_owned());
        }
        let choice = self.software.credential(request);
        if let Choice::Send(credential) = &choice {
            self.course.ours = credential.chain().iter().map(<[u8]>::to_vec).collect();
        }
        choice
    }

    fn mismatches(
        &mut self,
        request: &PeerRequest<'_>,
        each: &mut dyn FnMut(embedded_mtls::KeyHandle, &str, embedded_mtls::credential::Mismatch),
    ) {
        self.software.mismatches(request, each);
    }

    fn authorize(&mut self, peer: &PeerIdentity<'_>) -> Result<(), AlertDescription> {
        #[cfg(feature = "program")]
        if let Some(denials) = &self.denials {
            denials.authorize(peer).map_err(|(why, alert)| {
                self.denied = Some(why);
                alert
            })?;
        }
        if let Some(alert) = self.fault {
            self.denied = Some("rejected on purpose".to_owned());
            return Err(alert);
        }
        let Some(names) = self.required_names.filter(|names| !names.is_empty()) else { return Ok(()) };
        let rules: Vec<_> = names.iter().map(|name| Rule::CommonName(name)).collect();
        AllowList::any_of(&rules).authorize(RustCrypto, peer)
    }

    #[cfg(feature = "dangerous-waivers")]
    fn dangerous_accept_waived(&mut self, peer: &PeerIdentity<'_>, waived: embedded_mtls::x509::Waived) -> bool {
        // A name that no authority vouches for is not on the list.
        let is_listed = self.required_names.is_some_and(|names| !names.is_empty());
        !is_listed && self.software.dangerous_accept_waived(peer, waived)
    }

    fn sign(&mut self, input: &SignInput) -> Option<Signature> {
        self.software.sign(input)
    }

    fn failed(&mut self, failure: &ConnectionFailure<'_, '_>) {
        self.verdict = self.denied.take().or_else(|| failure.verdict().map(|verdict| verdict.to_string()));
        // A client that rejects us does so before the handshake has asked for the time.
        self.diagnosis = Some(failure.diagnosis_at(system_time()));
    }

    fn trace(&mut self, event: TraceEvent<'_>) {
        self.course.theirs.extend(SentCertificate::read(&event));
        if let Some(tell) = self.trace {
            tell(Event::Traced(event.to_string()));
        }
    }
}
