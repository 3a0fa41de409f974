//! The host of a gateway's connection: answers the questions of the handshake, and remembers what was asked and decided.

use embedded_mtls::credential::{Choice, EntryFit, Mismatch, PeerRequest, Selector};
use embedded_mtls::io::Host;
use embedded_mtls::x509::{PeerIdentity, Time, TraceEvent};
use embedded_mtls::{AlertDescription, ConnectionFailure, Diagnosis, SignInput, Signature};

use super::super::course::{Course, SentCertificate};
use super::super::policy::Keys;
use super::Asked;

/// Answers the questions of the handshake, and remembers what the server requested and why it was rejected.
pub(super) struct GatewayHost<'b, 'p> {
    keys: Keys<'b>,
    /// The selector, which knows why an identity is not sent.
    selector: Selector<'b>,
    pub(super) asked: Option<Asked>,
    pub(super) verdict: Option<String>,
    pub(super) diagnosis: Option<Diagnosis>,
    /// The certificates of both sides, for a report.
    pub(super) course: Course,
    trace: Option<&'p mut dyn FnMut(String)>,
}

impl<'b, 'p> GatewayHost<'b, 'p> {
    pub(super) fn new(keys: Keys<'b>, selector: Selector<'b>, trace: Option<&'p mut dyn FnMut(String)>) -> Self {
        Self { keys, selector, asked: None, verdict: None, diagnosis: None, course: Course::default(), trace }
    }
}

impl GatewayHost<'_, '_> {
    /// Returns the reason why each identity does not meet the server's request, in their order.
    fn reasons(&self, request: &PeerRequest<'_>) -> Vec<String> {
        let reason = |verdict: EntryFit<'_>| match verdict.fit {
            Ok(fit) => fit.to_string(),
            Err(mismatch @ Mismatch::Issuer) => {
                format!("{mismatch}: append the intermediates up to such a CA, or use --alias to send it anyway")
            }
            Err(mismatch) => mismatch.to_string(),
        };
        self.selector.verdicts(request).map(reason).collect()
    }
}

impl<'b> Host for GatewayHost<'b, '_> {
    type Choice = Choice<'b>;

    fn time(&mut self) -> Time {
        self.keys.time()
    }

    fn credential(&mut self, request: &PeerRequest<'_>) -> Choice<'b> {
        let chosen = self.keys.credential(request);
        let shown = if let Choice::Send(credential) = chosen { Some(credential) } else { None };
        let chain = shown.iter().flat_map(|credential| credential.chain().iter().map(<[u8]>::to_vec));
        self.course.ours = chain.collect();
        self.asked = Some(Asked {
            authorities: request.authorities().map(|name| name.to_string()).collect(),
            shown: shown.and_then(|credential| usize::try_from(credential.key().0).ok()),
            unfit: if shown.is_some() { Vec::new() } else { self.reasons(request) },
        });
        chosen
    }

    fn mismatches(
        &mut self,
        request: &PeerRequest<'_>,
        each: &mut dyn FnMut(embedded_mtls::KeyHandle, &str, Mismatch),
    ) {
        self.keys.mismatches(request, each);
    }

    fn authorize(&mut self, _: &PeerIdentity<'_>) -> Result<(), AlertDescription> {
        // The name of the server was checked with its chain; a gateway requires no more.
        Ok(())
    }

    #[cfg(feature = "dangerous-waivers")]
    fn dangerous_accept_waived(&mut self, peer: &PeerIdentity<'_>, waived: embedded_mtls::x509::Waived) -> bool {
        self.keys.dangerous_accept_waived(peer, waived)
    }

    fn sign(&mut self, input: &SignInput) -> Option<Signature> {
        self.keys.sign(input)
    }

    fn failed(&mut self, failure: &ConnectionFailure<'_, '_>) {
        self.verdict = failure.verdict().map(|verdict| verdict.to_string());
        self.diagnosis = Some(failure.diagnosis());
    }

    fn trace(&mut self, event: TraceEvent<'_>) {
        self.course.theirs.extend(SentCertificate::read(&event));
        if let Some(tell) = &mut self.trace {
            tell(event.to_string());
        }
    }
}
