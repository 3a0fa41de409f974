//! The supplier's server: many connections at once, each with its own thread and memory.
//!
//! No peer can end the server or occupy a thread for ever: every step has a deadline, the number of connections is
//! limited, and failures are reported and dropped.

mod answered;
mod conversation;
mod event;
mod host;
mod script;

use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

#[cfg(feature = "resumption")]
use embedded_mtls::TicketKeys;
use embedded_mtls::credential::{Entry, NoMatch, Selector};
use embedded_mtls::events::EventRing;
use embedded_mtls::io::blocking::Stream;
use embedded_mtls::io::{Failure, HandshakeError};
use embedded_mtls::x509::TrustAnchor;
use embedded_mtls::{ClientAuth, Entropy, Error, Handshake, Server, ServerConfig};
use mtls_pki::pem::Identity;

use super::args::{Preferences, UsageError};
#[cfg(feature = "program")]
use super::blobs::Blobs;
use super::capture::{Capture, End};
use super::course::Course;
#[cfg(feature = "program")]
use super::deny::Watched;
use super::events::Events;
use super::http::{Connection, Limits};
use super::policy::{Rules, keystore};
use super::responder::Responder;
use super::terms::{self, Source, Terms, Wishes};
use super::tls::{self, Deadline, HostMemory, Timed};
use super::watch::Watch;
pub use event::Event;
use event::explain;
use host::SupplierHost;
pub use script::{Answer, Fault};
use script::{Script, send_huge_record};

/// Maximum number of simultaneous connections; further ones are closed at once.
const MAX_CONNECTIONS: usize = 256;
/// Time limit of a handshake.
const HANDSHAKE_TIME: Duration = Duration::from_secs(20);
/// Time limit for receiving a request, and for sending a reply.
const REQUEST_TIME: Duration = Duration::from_secs(60);

/// The alias of the identity that is sent if no other matches.
const DEFAULT: &str = "default";

/// The mode of client authentication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuthMode {
    /// Clients are not asked for a certificate.
    No,
    /// Clients are asked, and may send none.
    Optional,
    /// Clients are asked, and those without a certificate are rejected.
    Required,
}

impl ClientAuthMode {
    /// Returns the client authentication with these anchors.
    const fn of<'a>(self, anchors: &'a [TrustAnchor<'a>]) -> ClientAuth<'a> {
        match self {
            Self::No => ClientAuth::None,
            Self::Optional => ClientAuth::Optional(anchors),
            Self::Required => ClientAuth::Required(anchors),
        }
    }
}

/// The settings of a supplier.
#[derive(Debug)]
pub struct Setup {
    /// Our identity for clients that request no name, or none of the names below.
    pub identity: Option<Identity>,
    /// Our identities for clients that request these names.
    pub named: Vec<(String, Identity)>,
    /// Certificates of the authorities that are trusted for clients.
    pub client_authorities: Vec<Vec<u8>>,
    /// The mode of client authentication in the handshake.
    pub client_auth: ClientAuthMode,
    /// Common names of admitted clients; empty: all.
    pub required_names: Vec<String>,
    /// Rejects a wrong common name in the handshake with alert 49 instead of HTTP 403.
    pub refuse_early: bool,
    /// Certificates and keys of clients that are trusted no longer.
    #[cfg(feature = "program")]
    pub denied: Option<Watched>,
    /// Blobs for the devices of clients.
    #[cfg(feature = "program")]
    pub blobs: Blobs,
    /// Paths for which the client's certificate is requested after the handshake; needs `post-handshake-auth`.
    pub late_paths: Vec<String>,
    /// The keys of tickets, with which clients resume their sessions, and the seconds for which tickets are valid.
    #[cfg(feature = "resumption")]
    pub tickets: Option<(TicketKeys, u32)>,
    /// Preferences of the connections and the reports.
    pub preferences: Preferences,
    /// The answers to orders, one after the other; the last one stays.
    pub answers: Vec<Answer>,
    /// The faults of connections, one after the other; the last one stays.
    pub faults: Vec<Fault>,
    /// Reports the [course](Event::Course) of each connection at its end.
    pub keeps_course: bool,
    /// The policy of a file, which then replaces identities and trust above.
    pub rules: Option<Rules>,
}

impl Setup {
    /// Requires a certificate of these authorities from every client, and admits all that have one.
    pub fn new(identity: Identity, client_authorities: Vec<Vec<u8>>) -> Self {
        let client_auth = ClientAuthMode::Required;
        Self { identity: Some(identity), client_authorities, client_auth, ..Self::empty() }
    }

    /// Takes identities and trust from the policy of a file.
    pub fn of_policy(rules: Rules) -> Self {
        Self { rules: Some(rules), ..Self::empty() }
    }

    /// Has no identity, trusts nobody and asks nobody.
    fn empty() -> Self {
        Self {
            identity: None,
            named: Vec::new(),
            client_authorities: Vec::new(),
            client_auth: ClientAuthMode::No,
            required_names: Vec::new(),
            refuse_early: false,
            #[cfg(feature = "program")]
            denied: None,
            #[cfg(feature = "program")]
            blobs: Blobs::default(),
            late_paths: Vec::new(),
            #[cfg(feature = "resumption")]
            tickets: None,
            preferences: Preferences::default(),
            answers: Vec::new(),
            faults: Vec::new(),
            keeps_course: false,
            rules: None,
        }
    }
}

/// A function that takes reports from all threads.
pub type Report<'r> = dyn Fn(SocketAddr, Event) + Sync + 'r;

/// The state that all connections share.
#[allow(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
struct Supplier<'a> {
    source: Source<'a>,
    responder: Responder,
    refuse_early: bool,
    answers: Script<'a, Answer>,
    faults: Script<'a, Fault>,
    /// The identity of each fault that has one.
    faulty: &'a [Option<Entry<'a>>],
    #[cfg(feature = "program")]
    denied: Option<&'a Watched>,
    /// Paths on which certificates are requested after the handshake, and the client authentication for them.
    #[cfg(feature = "post-handshake-auth")]
    late: (&'a [String], ClientAuth<'a>),
    trace: bool,
    events: bool,
    keeps_course: bool,
    capture: Option<Capture>,
    #[cfg(feature = "key-log")]
    key_log: Option<super::key_log::KeyLogFile>,
    /// Number of open connections.
    open: AtomicUsize,
    report: &'a Report<'a>,
}

/// Serves connections: without end, or this many and then waits for them to end.
///
/// # Errors
/// The setup cannot serve any connection.
pub fn serve(
    setup: &Setup,
    listener: &TcpListener,
    connections: Option<usize>,
    report: &Report<'_>,
) -> Result<(), UsageError> {
    let unusable = |error: Error| UsageError(error.to_string());
    let faulty: Vec<_> = setup.faults.iter().map(|fault| fault.identity(setup.identity.as_ref())).collect();
    let usual = setup.named.iter().map(|(_, identity)| identity).chain(&setup.identity);
    let identities: Vec<_> = usual.chain(faulty.iter().flatten()).cloned().collect();
    let (chains, keys) = (tls::chains(&identities), tls::keys(&identities).map_err(UsageError)?);
    let credentials = tls::credentials(&chains).map_err(unusable)?;
    let names: Vec<[&str; 1]> = setup.named.iter().map(|(name, _)| [name.as_str()]).collect();
    let special = credentials.iter().zip(&names).map(|(credential, name)| {
        let [alias] = name;
        Entry { server_names: name, ..Entry::new(alias, *credential) }
    });
    let mut rest = credentials.iter().skip(names.len());
    let default = setup.identity.as_ref().and_then(|_| rest.next()).map(|credential| Entry::new(DEFAULT, *credential));
    let entries: Vec<_> = special.chain(default).collect();
    let faulty: Vec<_> =
        faulty.iter().map(|odd| odd.as_ref().and_then(|_| Some(Entry::new(DEFAULT, *rest.next()?)))).collect();
    let anchors = tls::anchors(&setup.client_authorities).map_err(unusable)?;
    let alpn = terms::alpn(&setup.preferences);
    let wishes = Wishes {
        preferences: &setup.preferences,
        #[cfg(feature = "resumption")]
        tickets: setup.tickets.as_ref(),
    };
    let source = if let Some(rules) = &setup.rules {
        Source::Rules(rules, wishes)
    } else {
        let config = terms::prefer(ServerConfig::new(setup.client_auth.of(&anchors)).with_alpn(&alpn), wishes);
        #[cfg(all(feature = "resumption", feature = "post-handshake-auth"))]
        let config = config.with_post_handshake_anchors(&anchors);
        let selector = Selector { no_match: NoMatch::Default(DEFAULT), ..Selector::new(&entries) };
        Source::Fixed(Terms { config, selector, keys: &keys, accepts_waived: false })
    };
    let responder = Responder::new(setup.required_names.clone());
    #[cfg(feature = "program")]
    let responder = responder.with_blobs(setup.blobs.clone());
    let supplier = Supplier {
        source,
        responder,
        refuse_early: setup.refuse_early,
        answers: Script::new(&setup.answers),
        faults: Script::new(&setup.faults),
        faulty: &faulty,
        #[cfg(feature = "program")]
        denied: setup.denied.as_ref(),
        #[cfg(feature = "post-handshake-auth")]
        late: (&setup.late_paths, ClientAuth::Optional(&anchors)),
        trace: setup.preferences.trace,
        events: setup.preferences.events,
        keeps_course: setup.keeps_course,
        capture: setup.preferences.begin_capture()?,
        #[cfg(feature = "key-log")]
        key_log: setup.preferences.open_key_log()?,
        open: AtomicUsize::new(0),
        report,
    };
    supplier.start()?;
    accept(&supplier, listener, connections);
    Ok(())
}

/// Gives each connection a thread.
fn accept(supplier: &Supplier<'_>, listener: &TcpListener, connections: Option<usize>) {
    thread::scope(|scope| {
        let mut left = connections;
        while left != Some(0) {
            let Ok((stream, from)) = listener.accept() else {
                // The system lacks something, such as file descriptors, for a while.
                thread::sleep(Duration::from_millis(100));
                continue;
            };
            left = left.map(|left| left - 1);
            if supplier.open.fetch_add(1, Ordering::Relaxed) >= MAX_CONNECTIONS {
                supplier.end(from, Event::Refused(format!("{MAX_CONNECTIONS} connections are already open")));
                supplier.open.fetch_sub(1, Ordering::Relaxed);
                continue;
            }
            let serve = move || {
                supplier.serve_one(stream, from);
                supplier.open.fetch_sub(1, Ordering::Relaxed);
            };
            if let Err(error) = thread::Builder::new().spawn_scoped(scope, serve) {
                supplier.end(from, Event::Refused(format!("no thread available: {error}")));
                supplier.open.fetch_sub(1, Ordering::Relaxed);
            }
        }
    });
}

impl Supplier<'_> {
    /// Makes a handshake and drops it, so that errors in the configuration are found before anyone connects.
    fn start(&self) -> Result<(), UsageError> {
        let entropy = Entropy::from_system().map_err(|error| UsageError(error.to_string()))?;
        let mut memory = HostMemory::new();
        let made = self
            .source
            .with_terms(drop, |terms| Handshake::<Server>::new(&terms.config, memory.lend(), entropy).map(drop));
        made?.map_err(|error| UsageError(error.to_string()))
    }

    /// Reports the last event of a connection that has no course of its own.
    fn end(&self, from: SocketAddr, event: Event) {
        (self.report)(from, event);
        if self.keeps_course {
            (self.report)(from, Event::Course(Box::default()));
        }
    }

    /// Serves one connection to its end.
    fn serve_one(&self, stream: TcpStream, from: SocketAddr) {
        let tell = |event| (self.report)(from, event);
        let news = |news| tell(Event::Reference(news));
        let (place, fault) = self.faults.step().unwrap_or((0, &Fault::None));
        if !matches!(fault, Fault::None) {
            tell(Event::Faulted(fault.to_string()));
        }
        if let Fault::HugeRecord = fault {
            let sent = send_huge_record(stream, HANDSHAKE_TIME);
            return self.end(from, sent.map_or_else(|error| Event::Broken(error.to_string()), |()| Event::Closed));
        }
        let served = self.source.with_terms(news, |terms| {
            let selector = match self.faulty.get(place) {
                Some(Some(odd)) => {
                    Selector { no_match: NoMatch::Default(DEFAULT), ..Selector::new(core::slice::from_ref(odd)) }
                }
                _ => terms.selector,
            };
            let terms = Terms { config: fault.config(terms.config), selector, ..*terms };
            self.serve_under(&terms, fault, stream, from);
        });
        if let Err(error) = served {
            self.end(from, Event::Refused(error.to_string()));
        }
    }

    fn serve_under(&self, terms: &Terms<'_>, fault: &Fault, stream: TcpStream, from: SocketAddr) {
        let tell: &dyn Fn(Event) = &|event| (self.report)(from, event);
        let deadline = Deadline::new(HANDSHAKE_TIME);
        // Consecutive small records must not wait for an acknowledgement.
        let copy = stream.set_nodelay(true).and_then(|()| stream.try_clone());
        let copy = match copy {
            Ok(copy) => copy,
            Err(error) => return self.end(from, Event::Refused(error.to_string())),
        };
        let (mut memory, events) = (HostMemory::new(), Events::new(self.events || self.keeps_course));
        let watch = self.keeps_course.then(Watch::new);
        let ring = events.ring();
        let mut host = self.host(terms, tell);
        host.fault = fault.alert();
        let conversation = self.capture.as_ref().map(|capture| capture.conversation(End::Server));
        let socket =
            Timed::new(stream, deadline.clone()).captured(conversation).limited(fault.limit()).watched(watch.as_ref());
        let greeting = socket.greeting();
        let shaken = self.shake_hands(&terms.config, socket, &mut memory, ring, &mut host);
        match shaken {
            Ok(mut stream) => {
                let link = tls::link(&stream.session);
                tell(Event::Opened(Box::new(link.clone())));
                let mut connection = Connection::new(&mut stream, Limits::default());
                tell(self.converse(&mut connection, link, &deadline, &mut host, tell));
                deadline.renew(REQUEST_TIME);
                // If close_notify cannot be sent, it could not be received either.
                let _ = stream.close();
            }
            Err(error) => {
                let heard = greeting.explain().map_or_else(String::new, |words| format!("\n  In fact, {words}."));
                tell(Event::Refused(explain(&error, host.verdict, host.diagnosis) + &heard));
            }
        }
        if self.events {
            for line in Events::lines(ring) {
                tell(Event::Recorded(line));
            }
        }
        if self.keeps_course {
            host.course.note(ring, watch.as_ref().map_or_else(Vec::new, Watch::records));
            tell(Event::Course(Box::new(host.course)));
        }
        tls::hang_up(&copy);
    }

    /// Runs the handshake.
    #[cfg_attr(not(feature = "key-log"), allow(clippy::unused_self, reason = "it has the key log"))]
    fn shake_hands<'b>(
        &'b self,
        config: &'b ServerConfig<'b>,
        socket: Timed,
        memory: &'b mut HostMemory,
        events: Option<EventRing<'b>>,
        host: &mut SupplierHost<'b>,
    ) -> Result<Stream<'b, Timed, Server>, HandshakeError<io::Error>> {
        let before = |cause| HandshakeError { stage: embedded_mtls::Stage::ClientHello, cause };
        let entropy = Entropy::from_system().map_err(|error| before(Failure::Io(error)))?;
        let mut handshake =
            Handshake::<Server>::new(config, memory.lend(), entropy).map_err(|error| before(error.into()))?;
        if let Some(ring) = events {
            handshake.set_events(ring);
        }
        #[cfg(feature = "key-log")]
        if let Some(file) = &self.key_log {
            handshake.dangerous_set_key_log(file);
        }
        Stream::open(socket, handshake, host)
    }

    /// Makes the host that answers the questions of one handshake.
    fn host<'b>(&'b self, terms: &Terms<'b>, tell: &'b dyn Fn(Event)) -> SupplierHost<'b> {
        SupplierHost {
            software: keystore(terms.selector, terms.keys, terms.accepts_waived),
            required_names: self.refuse_early.then(|| self.responder.required_names()),
            #[cfg(feature = "program")]
            denials: self.denied.map(|denied| denied.current(|news| tell(Event::Denials(news)))),
            fault: None,
            denied: None,
            verdict: None,
            diagnosis: None,
            trace: self.trace.then_some(tell),
            requested: None,
            course: Course::default(),
        }
    }
}
