//! The handshake step: faults in the server's certificates, and others.

use std::io;
use std::net::TcpStream;
use std::time::Duration;

use embedded_mtls::credential::{Entry, NoMatch, Selector};
use embedded_mtls::events::EventRing;
use embedded_mtls::io::blocking::Stream;
use embedded_mtls::io::{Failure, HandshakeError};
use embedded_mtls::x509::{CommonName, ServerName, TrustAnchor, UnixTime};
use embedded_mtls::{CertificateProblem, Client, ClientConfig, Entropy, Error, Handshake, Responsible, Session, Stage};

use super::super::course::SentCertificate;
use super::super::events::Events;
use super::super::order::refused;
#[cfg(feature = "resumption")]
use super::super::tickets::Stored;
use super::super::tls::{self, Deadline, HostMemory, Timed};
use super::super::watch::Watch;
use super::Plan;
use super::again::Again;
use super::answer::{Rest, fault_of, soon};
use super::host::{CheckHost, Claimed, Noted};
use super::report::{Fault, Report, StepName};

/// Rules that `--insecure` sets aside one by one, to find further faults.
#[derive(Default)]
struct SetAside {
    /// Trusts this certificate, regardless of its issuer.
    fingerprint: Option<[u8; 32]>,
    /// Validates it at this time.
    time: Option<UnixTime>,
    /// Accepts this name.
    name: Option<String>,
}

impl SetAside {
    /// Sets the cause of a fault aside; returns `false` if that is impossible.
    fn add(&mut self, step: StepName, failed: &Failed) -> bool {
        let Some(claimed) = &failed.claimed else { return false };
        match step {
            StepName::Dates if self.time.is_none() => self.time = Some(claimed.not_before),
            StepName::Name if self.name.is_none() && claimed.name.is_some() => self.name.clone_from(&claimed.name),
            StepName::Chain | StepName::Purposes | StepName::Dates if self.fingerprint.is_none() => {
                self.fingerprint = Some(claimed.fingerprint);
            }
            _ => return false,
        }
        true
    }

    const fn is_empty(&self) -> bool {
        self.fingerprint.is_none() && self.time.is_none() && self.name.is_none()
    }
}

/// A handshake that failed.
struct Failed {
    fault: Fault,
    claimed: Option<Claimed>,
    sent: Vec<SentCertificate>,
    /// The time until the failure.
    time: Option<Duration>,
}

impl Failed {
    /// Makes the failure for a fault that does not concern the server's certificates.
    fn later(fault: Fault) -> Box<Self> {
        Box::new(Self { fault, claimed: None, sent: Vec::new(), time: None })
    }
}

/// Runs the handshake and the steps after it; after a fault in the server's certificates, looks for others if requested.
pub(super) fn run(
    plan: &Plan,
    connect: &dyn Fn() -> Result<TcpStream, Box<Fault>>,
    report: &mut Report,
) -> Result<(), Box<Fault>> {
    let mut aside = SetAside::default();
    let Err(mut failed) = shake_hands(plan, &aside, connect, report) else { return Ok(()) };
    report.server = failed.claimed.as_ref().map(|claimed| claimed.peer.clone());
    if !failed.sent.is_empty() {
        report.theirs.clone_from(&failed.sent);
    }
    if failed.claimed.is_some() && failed.fault.step > StepName::Handshake {
        report.pass(
            StepName::Handshake,
            failed.time,
            vec!["the server speaks TLS 1.3, and sends certificates".to_owned()],
        );
        report.pass(failed.fault.step, None, facts(&failed.sent));
    }
    let first = failed.fault.clone();
    while plan.insecure && aside.add(failed.fault.step, &failed) {
        match shake_hands(plan, &aside, connect, report) {
            Ok(()) => break,
            Err(next) => failed = next,
        }
        if failed.fault != first && !report.further.contains(&failed.fault) {
            report.further.push(failed.fault.clone());
        }
    }
    Err(Box::new(first))
}

/// Makes the failure of a check that cannot start.
fn setup(cause: String) -> Box<Failed> {
    let fault = Fault {
        step: StepName::Handshake,
        exit_code: 1,
        cause,
        observed: String::new(),
        certificate: None,
        responsible: Responsible::Us.to_string(),
        remedy: "see --help".to_owned(),
    };
    Box::new(Failed { fault, claimed: None, sent: Vec::new(), time: None })
}

/// Describes an error of the core about its input.
fn unusable(error: Error) -> Box<Failed> {
    setup(error.to_string())
}

/// Describes the certificates that a server sent.
fn facts(sent: &[SentCertificate]) -> Vec<String> {
    let line =
        |(place, link): (usize, &SentCertificate)| format!("sent {place}: {}, issued by {}", link.subject, link.issuer);
    sent.iter().enumerate().map(line).collect()
}

/// Runs one handshake, and the later steps if nothing is set aside. Records the events of the first.
fn shake_hands(
    plan: &Plan,
    aside: &SetAside,
    connect: &dyn Fn() -> Result<TcpStream, Box<Fault>>,
    report: &mut Report,
) -> Result<(), Box<Failed>> {
    let events = Events::new(aside.is_empty());
    let ring = events.ring();
    let watch = Watch::new();
    let done = converse(plan, aside, connect, (ring, &watch), report);
    if ring.is_some() {
        report.course.note(ring, watch.records());
    }
    done
}

/// Runs one handshake, and the later steps if nothing is set aside.
fn converse(
    plan: &Plan,
    aside: &SetAside,
    connect: &dyn Fn() -> Result<TcpStream, Box<Fault>>,
    (ring, watch): (Option<EventRing<'_>>, &Watch),
    report: &mut Report,
) -> Result<(), Box<Failed>> {
    let wanted = aside.name.as_deref().unwrap_or_else(|| plan.wanted_name());
    let name = ServerName::parse(wanted).map_err(|error| setup(format!("server name '{wanted}': {error}")))?;
    let sent = ServerName::parse(plan.wanted_name()).ok();
    let mut anchors = tls::anchors(&plan.trust.authorities).map_err(unusable)?;
    anchors.append(&mut tls::pins(&plan.trust.pins).map_err(unusable)?);
    if let Some(fingerprint) = aside.fingerprint {
        anchors = vec![TrustAnchor::from_fingerprint(fingerprint)];
    }
    // A server that is not trusted is sent no certificate.
    let own: &[super::Own] = if aside.is_empty() { &plan.identities } else { &[] };
    let identities: Vec<_> = own.iter().map(|own| own.identity.clone()).collect();
    let (chains, keys) = (tls::chains(&identities), tls::keys(&identities).map_err(setup)?);
    let credentials = tls::credentials(&chains).map_err(unusable)?;
    let entries: Vec<_> =
        own.iter().zip(&credentials).map(|(own, credential)| Entry::new(&own.alias, *credential)).collect();
    let selector = selector(plan, &entries);
    let alpn: Vec<_> = plan.preferences.alpn.iter().map(Vec::as_slice).collect();
    let mut config = prefer(ClientConfig::new(name, &anchors), plan).with_alpn(&alpn).with_sent_server_name(sent);
    if let Some(wanted) = plan.common_name.as_ref().filter(|_| aside.name.is_none()) {
        let name = if wanted.is_pattern { CommonName::wildcard(&wanted.name) } else { CommonName::exact(&wanted.name) };
        config = config.with_common_name(name.map_err(unusable)?);
    }

    let stream = connect().map_err(|fault| Failed::later(*fault))?;
    let deadline = Deadline::new(plan.patience);
    let mut memory = HostMemory::new();
    let entropy = Entropy::from_system().map_err(|error| setup(format!("random numbers: {error}")))?;
    let mut handshake = Handshake::<Client>::new(&config, memory.lend(), entropy).map_err(unusable)?;
    if let Some(ring) = ring {
        handshake.set_events(ring);
    }
    let mut host = CheckHost::new(selector, &keys, aside.time).denying(&plan.denied);
    let opened = Stream::open(Timed::new(stream, deadline.clone()).watched(Some(watch)), handshake, &mut host);
    let mut noted = host.noted;
    let mut stream = match opened {
        Ok(stream) => stream,
        Err(error) => return Err(noted.refusal(&error)),
    };
    if !aside.is_empty() {
        let _ = stream.close();
        return Ok(());
    }
    let alpn = noted.pass(plan, &stream.session, &anchors, report);
    let handshake = noted.authorized.map_or(Duration::ZERO, |at| at.elapsed());
    let rest = Rest { plan, asked: noted.asked, alpn, handshake };
    let late = CheckHost::new(selector, &keys, None);
    let ticket = rest.talk(stream, late, &deadline, report).map_err(|fault| Failed::later(*fault))?;
    let again = Again {
        plan,
        config: &config,
        selector,
        keys: &keys,
        #[cfg(feature = "resumption")]
        credentials: &credentials,
        connect,
    };
    again.small_records(report);
    #[cfg(feature = "resumption")]
    again.resumption(Stored::of(ticket, credentials.len()), report);
    #[cfg(not(feature = "resumption"))]
    let _: Option<Vec<u8>> = ticket;
    Ok(())
}

/// Makes the selector of our identities.
fn selector<'b>(plan: &Plan, entries: &'b [Entry<'b>]) -> Selector<'b> {
    match entries.first() {
        Some(first) if plan.insists => Selector { no_match: NoMatch::Default(first.alias), ..Selector::new(entries) },
        _ => Selector::new(entries),
    }
}

/// Applies the preferences.
fn prefer<'a>(config: ClientConfig<'a>, plan: &'a Plan) -> ClientConfig<'a> {
    let preferences = &plan.preferences;
    let mut config =
        preferences.offer(config).with_cipher_suites(&preferences.suites).with_strict_profile(preferences.strict);
    if let Some(depth) = preferences.max_depth {
        config = config.with_max_depth(depth);
    }
    if let Some(days) = preferences.max_validity {
        config = config.with_max_validity_days(days);
    }
    #[cfg(feature = "post-handshake-auth")]
    let config = config.with_post_handshake_auth(plan.path.is_some());
    config
}

/// Describes a server that accepts the connection and then sends nothing: unlike a reset, nobody has decided against us.
fn silence(observed: String) -> Fault {
    let cause = "the connection is accepted, but nothing answers the ClientHello".to_owned();
    let responsible = "the network operators, or the operator of the peer".to_owned();
    let remedy = "check that a TLS server runs at this port and is not overloaded; look for a firewall that drops what it does \
                  not know, a load balancer without a working server behind it, or a path that loses large packets (the ClientHello \
                  fills two)"
        .to_owned();
    Fault { step: StepName::Handshake, exit_code: 10, cause, observed, certificate: None, responsible, remedy }
}

/// Finds the step that a failure of the handshake belongs to.
const fn step_of(cause: &Failure<io::Error>, asked: bool) -> StepName {
    use CertificateProblem as Problem;
    match cause {
        Failure::Tls(Error::Certificate(error)) => match error.problem {
            Problem::NameMismatch | Problem::CommonNameMismatch => StepName::Name,
            Problem::Expired
            | Problem::NotYetValid
            | Problem::AnchorExpired
            | Problem::AnchorNotYetValid
            | Problem::ValidityTooLong => StepName::Dates,
            Problem::ExtendedKeyUsage | Problem::MissingDigitalSignature => StepName::Purposes,
            _ => StepName::Chain,
        },
        Failure::Tls(Error::NotAuthorized(_)) => StepName::Chain,
        _ if asked => StepName::ClientAuthentication,
        _ => StepName::Handshake,
    }
}

impl Noted {
    /// Names the failure of a handshake.
    fn refusal(&mut self, error: &HandshakeError<io::Error>) -> Box<Failed> {
        let trouble = refused(error, self.verdict.clone(), self.diagnosis);
        let step = step_of(&error.cause, self.asked.is_some());
        let observed = self.verdict.take().unwrap_or_else(|| error.to_string());
        let mut fault = match &error.cause {
            Failure::Io(cause) if cause.kind() == io::ErrorKind::TimedOut && error.stage == Stage::ServerHello => {
                silence(observed)
            }
            _ => fault_of(step, &trouble, self.diagnosis, observed),
        };
        fault.certificate = self.certificate.take();
        let (claimed, sent) = (self.claimed.take(), core::mem::take(&mut self.sent));
        Box::new(Failed { fault, claimed, sent, time: Some(self.begun.elapsed()) })
    }

    /// Adds the steps that authenticate the server; returns the application protocol.
    fn pass(
        &mut self,
        plan: &Plan,
        session: &Session<'_, Client>,
        anchors: &[TrustAnchor<'_>],
        report: &mut Report,
    ) -> Option<String> {
        let link = tls::link(session);
        let judged = self.judged.unwrap_or(self.begun);
        let retried = if link.retried { ", after a HelloRetryRequest" } else { "" };
        report.pass(StepName::Handshake, judged - self.begun, vec![format!("{}, {}{retried}", link.suite, link.group)]);
        let path = session.path();
        report.theirs = core::mem::take(&mut self.sent);
        let mut facts = facts(&report.theirs);
        if let Some(path) = path {
            let anchor = path.anchor.and_then(|place| anchors.get(usize::from(place)));
            let by = anchor.and_then(TrustAnchor::subject).map_or_else(|| "a pin".to_owned(), |name| name.to_string());
            facts.push(format!("trusted by {by} ({}), depth {}", plan.trust.origin, path.depth));
        }
        report.pass(StepName::Chain, self.authorized.unwrap_or(judged) - judged, facts);
        if let Some(peer) = &link.peer {
            let name = plan.wanted_name();
            let fact = match (&plan.common_name, &peer.common_name) {
                (Some(wanted), Some(found)) => format!("'{}' is the common name {found}", wanted.name),
                _ => format!("'{name}' is one of: {}", peer.names.join(", ")),
            };
            report.pass(StepName::Name, None, vec![fact]);
        }
        if let Some(path) = path {
            let fact = format!("all certificates of the path are valid until {}", path.not_after);
            report.pass(StepName::Dates, None, vec![fact]);
            if let Some(expiry) = soon(path.not_after, plan.warn_days) {
                report.warn(format!("the server's certificate, or one above it, {expiry}"));
            }
        }
        report.pass(StepName::Purposes, None, vec!["serverAuth is allowed".to_owned()]);
        report.server = link.peer;
        link.alpn
    }
}
