//! The host of a checked handshake, which records the questions and decisions with their times.

use std::time::Instant;

use embedded_mtls::credential::{Choice, PeerRequest, Selector};
use embedded_mtls::io::std::system_time;
use embedded_mtls::io::{Host, Keystore, SoftwareHost};
use embedded_mtls::x509::{PeerIdentity, ServerName, SubjectAltName, Time, TraceEvent, UnixTime};
use embedded_mtls::{AlertDescription, ConnectionFailure, Diagnosis, SignInput, Signature};

use super::super::course::SentCertificate;
use super::super::deny::Denials;
use super::super::own_key::OwnKey;
use super::super::report::Peer;
use super::super::tls;

/// The certificate that a server sent, before verification.
pub(super) struct Claimed {
    pub(super) fingerprint: [u8; 32],
    pub(super) not_before: UnixTime,
    /// A name in it that can be requested.
    pub(super) name: Option<String>,
    pub(super) peer: Peer,
}

/// A request for our certificate, and our answer.
pub(super) struct Asked {
    pub(super) authorities: Vec<String>,
    /// The alias of the identity that is sent.
    pub(super) shown: Option<String>,
    /// Each of our identities that is not sent, with the reason.
    pub(super) unfit: Vec<String>,
    pub(super) is_late: bool,
}

impl Asked {
    /// Describes the request, one sentence per fact.
    pub(super) fn facts(&self) -> Vec<String> {
        let when = if self.is_late { ", after the handshake, for this path only" } else { "" };
        let mut facts = match &self.authorities[..] {
            [] => vec![format!("requests a certificate of any issuer{when}")],
            names => names.iter().map(|name| format!("requests a certificate issued by {name}{when}")).collect(),
        };
        match &self.shown {
            Some(alias) => facts.push(format!("sending {alias}")),
            None if self.unfit.is_empty() => facts.push("sending none: none was given (--cert, --key)".to_owned()),
            None => facts.push("sending none: none matches".to_owned()),
        }
        facts.extend(self.unfit.iter().map(|unfit| format!("not sending {unfit}")));
        facts
    }
}

/// Observations of a handshake.
pub(super) struct Noted {
    pub(super) begun: Instant,
    /// The time at which the server's chain was complete.
    pub(super) judged: Option<Instant>,
    /// The time at which the server was authenticated.
    pub(super) authorized: Option<Instant>,
    pub(super) asked: Option<Asked>,
    pub(super) verdict: Option<String>,
    pub(super) diagnosis: Option<Diagnosis>,
    /// The certificate at fault.
    pub(super) certificate: Option<String>,
    pub(super) claimed: Option<Claimed>,
    /// The certificates that the server sent.
    pub(super) sent: Vec<SentCertificate>,
}

impl Noted {
    pub(super) fn new() -> Self {
        Self {
            begun: Instant::now(),
            judged: None,
            authorized: None,
            asked: None,
            verdict: None,
            diagnosis: None,
            certificate: None,
            claimed: None,
            sent: Vec::new(),
        }
    }
}

/// Answers the questions of the handshake, and records the questions and decisions.
pub(super) struct CheckHost<'b> {
    pub(super) software: SoftwareHost<'b, fn() -> Time, OwnKey, Keystore<'b>>,
    pub(super) selector: Selector<'b>,
    pub(super) time: Option<UnixTime>,
    /// The servers that are denied.
    pub(super) denied: Option<&'b Denials>,
    pub(super) noted: Noted,
}

impl<'b> CheckHost<'b> {
    pub(super) fn new(selector: Selector<'b>, keys: &'b [OwnKey], time: Option<UnixTime>) -> Self {
        let software = SoftwareHost::with_selector(selector, keys, system_time as fn() -> Time);
        Self { software, selector, time, denied: None, noted: Noted::new() }
    }

    /// Rejects these servers, too.
    pub(super) const fn denying(mut self, denied: &'b Denials) -> Self {
        self.denied = Some(denied);
        self
    }
}

impl<'b> Host for CheckHost<'b> {
    type Choice = Choice<'b>;

    fn time(&mut self) -> Time {
        self.noted.judged.get_or_insert_with(Instant::now);
        self.time.map_or_else(|| self.software.time(), Time::Trusted)
    }

    fn credential(&mut self, request: &PeerRequest<'_>) -> Choice<'b> {
        let choice = self.software.credential(request);
        let shown = self.software.selection().and_then(|selection| selection.sent).map(|sent| sent.alias.to_owned());
        let unfit = self.selector.verdicts(request).filter_map(|entry| {
            entry
                .fit
                .err()
                .filter(|_| shown.as_deref() != Some(entry.alias))
                .map(|why| format!("{}: {why}", entry.alias))
        });
        self.noted.asked = Some(Asked {
            authorities: request.authorities().map(|name| name.to_string()).collect(),
            unfit: unfit.collect(),
            shown: shown.clone(),
            is_late: false,
        });
        choice
    }

    fn authorize(&mut self, peer: &PeerIdentity<'_>) -> Result<(), AlertDescription> {
        if let Some(denied) = self.denied {
            denied.authorize(peer).map_err(|(why, alert)| {
                self.noted.verdict = Some(why);
                alert
            })?;
        }
        self.noted.authorized = Some(Instant::now());
        Ok(())
    }

    fn sign(&mut self, input: &SignInput) -> Option<Signature> {
        self.software.sign(input)
    }

    fn failed(&mut self, failure: &ConnectionFailure<'_, '_>) {
        let noted = &mut self.noted;
        noted.diagnosis = Some(failure.diagnosis());
        noted.verdict = failure.verdict().map(|verdict| verdict.to_string()).or_else(|| noted.verdict.take());
        noted.certificate = failure.verdict().map(|verdict| {
            let place = match verdict.error().index {
                0 => "the server's own".to_owned(),
                index => format!("number {index} above the server's own"),
            };
            let subject = verdict.subject().map(|name| format!(": {name}")).unwrap_or_default();
            let issuer = verdict.issuer().map(|name| format!(", issued by {name}")).unwrap_or_default();
            format!("{place}{subject}{issuer}")
        });
        noted.claimed = failure.claimed_peer().map(|peer| Claimed {
            fingerprint: peer.sha256_fingerprint(),
            not_before: peer.not_before(),
            name: peer.subject_alt_names().find_map(|name| match name {
                SubjectAltName::Dns(name) => Some(name.to_string()).filter(|name| ServerName::parse(name).is_ok()),
                _ => None,
            }),
            peer: tls::peer(&peer),
        });
    }

    fn trace(&mut self, event: TraceEvent<'_>) {
        self.noted.sent.extend(SentCertificate::read(&event));
    }
}
