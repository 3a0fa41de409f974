//! Posting an order: a handshake as the client, a request, and its answer.

mod host;

use core::fmt;
use core::time::Duration;
use std::io;
use std::net::{TcpStream, ToSocketAddrs as _};
use std::sync::Arc;

use embedded_io::{Read, Write};
#[cfg(feature = "resumption")]
use embedded_mtls::TicketError;
use embedded_mtls::credential::{NoMatch, Selector};
use embedded_mtls::events::EventRing;
use embedded_mtls::io::blocking::Stream;
use embedded_mtls::io::std::system_time;
use embedded_mtls::io::{Failure, HandshakeError, SoftwareHost};
use embedded_mtls::x509::{CommonName, ServerName};
use embedded_mtls::{
    AlertClass, AlertDescription, Buffers, Client, ClientAuthStatus, ClientConfig, Diagnosis, Entropy, Error,
    Handshake, Stage,
};
use embedded_mtls_operator::Finding;
use mtls_cxml::HostField;
use mtls_pki::pem::{Identity, Pin};

use super::args::Preferences;
use super::course::Course;
use super::cxml::{self, Status};
use super::http::{self, Connection, HttpError, Limits, Response};
pub use super::policy::Wanted;
use super::policy::{Clock, Contents, Keys, News, Rules, is_mutual, keystore, waives};
use super::report::{Link, meaning, printable};
#[cfg(feature = "resumption")]
use super::tickets;
use super::tls;
use super::verdict::{Trouble, judge};
use host::GatewayHost;

/// An order, and everything needed to post it. The document holds a secret.
pub struct Delivery {
    /// Host and port to connect to.
    pub address: String,
    /// The name that the server must prove.
    pub server_name: String,
    /// Certificates of the authorities that are trusted for the server.
    pub authorities: Vec<Vec<u8>>,
    /// Pinned certificates and keys of servers.
    pub pins: Vec<Pin>,
    /// The common name that the server's certificate must have, instead of the server name among its others.
    pub common_name: Option<Wanted>,
    /// Our identities: the server's authorities choose among them.
    pub identities: Vec<Identity>,
    /// The authority of the URL; by default server name and port.
    pub authority: Option<String>,
    /// The path on the server.
    pub path: String,
    /// The document. It is sent unchanged, also when it is repeated.
    pub document: Box<[u8]>,
    /// Preferences of the connection and the reports.
    pub preferences: Preferences,
    /// The policy of a file; its stores then provide authorities, pins, common name and identities.
    pub rules: Option<Rules>,
}

/// The server's request for a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Names of the authorities whose certificates it accepts; empty if it names none.
    pub authorities: Vec<String>,
    /// The identity that is sent.
    pub shown: Option<usize>,
    /// The reason against each identity, in their order, if none is sent.
    pub unfit: Vec<String>,
}

/// The progress of a delivery.
#[derive(Debug)]
pub enum Progress<'a> {
    /// The handshake is complete on our side, with the server's request for a certificate, if there was one.
    Open(&'a Link, Option<Asked>),
    /// The ticket is not used, and there is a full handshake.
    #[cfg(feature = "resumption")]
    TicketUnused(TicketError),
    /// A step of the search for a path from the server's certificate to a trust anchor.
    Traced(String),
    /// The handshake failed after the server requested a certificate.
    FailedAfter(Asked),
    /// The request was sent.
    Sent,
    /// The server requested a certificate only after the handshake.
    AskedLate(Asked),
    /// The response arrived.
    Answered(u16, &'a str),
    /// The server has a blob of this version for our device.
    Announced(u64),
    /// The connection did not fail, but something is wrong with it.
    Noted(Diagnosis),
    /// The certificates of both sides; after the handshake, only our own.
    Certificates(Course),
    /// The name of the failure that follows.
    Diagnosed(Finding),
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, server_name, path, preferences, rules, .. } = self;
        let mut fields = f.debug_struct("Delivery");
        fields.field("address", address).field("server_name", server_name).field("path", path);
        fields.field("preferences", preferences).field("rules", rules).finish_non_exhaustive()
    }
}

impl Delivery {
    /// Posts `document` to `/orders` of the server at `address`. Trust and identities are still to be set.
    pub fn new(address: &str, server_name: &str, document: &[u8]) -> Self {
        Self {
            address: address.to_owned(),
            server_name: server_name.to_owned(),
            authorities: Vec::new(),
            pins: Vec::new(),
            common_name: None,
            identities: Vec::new(),
            authority: None,
            path: "/orders".to_owned(),
            document: document.into(),
            preferences: Preferences::default(),
            rules: None,
        }
    }

    /// Reads the current content of the policy's stores, or takes that of the delivery itself.
    fn contents(&self) -> Result<Arc<Contents>, Trouble> {
        let read = |rules: &Rules| rules.contents::<Client>().map_err(|error| Trouble::Setup(error.to_string()));
        match &self.rules {
            None => Ok(Arc::new(Contents::of(&self.identities, &self.authorities, &self.pins))),
            Some(rules) => {
                let (contents, news) = read(rules)?;
                let stale = news.into_iter().find_map(|news| match news {
                    News::Stale(why) => Some(why),
                    News::Moved(_) => None,
                });
                stale.map_or(Ok(contents), |why| Err(Trouble::Setup(why)))
            }
        }
    }

    /// Returns whether the server may request our certificate after it has read the HTTP request. A policy decides
    /// before anything is sent.
    pub(crate) const fn waits_to_be_asked(&self) -> bool {
        self.rules.is_none() && self.preferences.post_handshake_auth
    }

    /// Returns whether the order may go to a server that has not requested our certificate. `is_mutual`: the setting of
    /// the policy, if there is one.
    fn may_go_unasked(&self, is_mutual: Option<bool>) -> bool {
        is_mutual.map_or(self.preferences.one_way || self.waits_to_be_asked(), |is_mutual| !is_mutual)
    }

    /// Requires the common name of the delivery, if it has one.
    fn named<'a>(&'a self, config: ClientConfig<'a>) -> Result<ClientConfig<'a>, Error> {
        let Some(Wanted { name, is_pattern }) = &self.common_name else { return Ok(config) };
        let name = if *is_pattern { CommonName::wildcard(name) } else { CommonName::exact(name) };
        Ok(config.with_common_name(name?))
    }

    /// Applies the preferences.
    fn prefer<'a>(&'a self, config: ClientConfig<'a>) -> ClientConfig<'a> {
        let Preferences { suites, max_depth, max_validity, strict, .. } = &self.preferences;
        let config = self.preferences.offer(config);
        let mut config = config.with_cipher_suites(suites).with_strict_profile(*strict);
        if let Some(depth) = max_depth {
            config = config.with_max_depth(*depth);
        }
        if let Some(days) = max_validity {
            config = config.with_max_validity_days(*days);
        }
        #[cfg(feature = "post-handshake-auth")]
        {
            config = config.with_post_handshake_auth(self.preferences.post_handshake_auth);
        }
        #[cfg(feature = "resumption")]
        {
            config = config.with_resumption(self.preferences.ticket.is_some());
        }
        config
    }
}

/// Connects to one of the addresses of `address`.
///
/// # Errors
/// Nothing listens at the address.
pub fn connect(address: &str, patience: Duration) -> Result<TcpStream, Trouble> {
    let unreachable = |error: io::Error| Trouble::Network(format!("{address}: {error}"));
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for candidate in address.to_socket_addrs().map_err(unreachable)? {
        match TcpStream::connect_timeout(&candidate, patience) {
            Ok(stream) => {
                stream.set_nodelay(true).map_err(unreachable)?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(unreachable(last))
}

/// Posts the order over `transport` with the core in `buffers`.
///
/// # Errors
/// The reason why the order is not known to be delivered.
pub fn post<T>(
    delivery: &Delivery,
    transport: T,
    buffers: Buffers<'_>,
    events: Option<EventRing<'_>>,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Status, Trouble>
where
    T: Read + Write<Error = io::Error>,
{
    let setup = |error: Error| Trouble::Setup(error.to_string());
    let server_name = ServerName::parse(&delivery.server_name)
        .map_err(|error| Trouble::Setup(format!("server name '{}': {error}", delivery.server_name)))?;
    let contents = delivery.contents()?;
    let mut anchors = tls::anchors(&contents.authorities).map_err(setup)?;
    anchors.append(&mut tls::pins(&contents.pins).map_err(setup)?);
    let (chains, keys) = (tls::chains(&contents.identities), tls::keys(&contents.identities).map_err(Trouble::Setup)?);
    let credentials = tls::credentials(&chains).map_err(setup)?;
    let entries = contents.entries(&credentials);
    let alpn: Vec<_> = delivery.preferences.alpn.iter().map(Vec::as_slice).collect();
    let resolved = delivery.rules.as_ref().map(|rules| rules.resolve::<Client>(&entries, &anchors)).transpose();
    let resolved = resolved.map_err(|error| Trouble::Setup(error.to_string()))?;
    let config = match &resolved {
        Some(resolved) => resolved.config(server_name),
        None => delivery.named(ClientConfig::new(server_name, &anchors)).map_err(setup)?,
    };
    let config = delivery.prefer(config.with_alpn(&alpn));
    let selector = match (&resolved, entries.first()) {
        (Some(resolved), _) => resolved.selector(),
        (None, Some(named)) if delivery.preferences.insists => {
            Selector { no_match: NoMatch::Default(named.alias), ..Selector::new(&entries) }
        }
        (None, _) => Selector::new(&entries),
    };
    let host = || match &resolved {
        Some(resolved) => Keys::Policy(keystore(selector, &keys, waives(resolved))),
        None if delivery.preferences.insists => Keys::Policy(keystore(selector, &keys, false)),
        None => Keys::Any(SoftwareHost::new(&credentials, &keys, system_time as Clock)),
    };

    #[cfg(feature = "key-log")]
    let key_log = delivery.preferences.open_key_log().map_err(|error| Trouble::Setup(error.to_string()))?;
    #[cfg(feature = "resumption")]
    let mut ticket = tickets::Stored::take(delivery.preferences.ticket.as_deref(), credentials.len())?;
    #[cfg_attr(not(feature = "resumption"), allow(unused_mut, reason = "a ticket changes it"))]
    let mut handshake = begin(
        &config,
        buffers,
        events,
        #[cfg(feature = "key-log")]
        key_log.as_ref(),
    )?;
    #[cfg(feature = "resumption")]
    if let Err(error) = ticket.offer(&mut handshake, &credentials, system_time()) {
        progress(Progress::TicketUnused(error));
    }
    let (mut stream, asked) = open(delivery, transport, handshake, host(), selector, progress)?;
    // Who resumes was asked before.
    let is_known = stream.session.client_auth() == ClientAuthStatus::Accepted;
    let may_go = asked.is_some() || is_known || delivery.may_go_unasked(resolved.as_ref().map(is_mutual));
    progress(Progress::Open(&tls::link(&stream.session), asked));
    if !may_go {
        // Errors do not matter: nothing was sent.
        let _ = stream.close();
        return Err(Trouble::NotAsked { by_policy: resolved.is_some() });
    }
    talk(delivery, stream, &mut GatewayHost::new(host(), selector, None), progress)
}

/// Runs the handshake. Returns the stream and the server's request for a certificate, if there was one.
fn open<'b, T>(
    delivery: &Delivery,
    transport: T,
    handshake: Handshake<'b, Client>,
    keys: Keys<'b>,
    selector: Selector<'b>,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<(Stream<'b, T, Client>, Option<Asked>), Trouble>
where
    T: Read + Write<Error = io::Error>,
{
    let mut tell = |step| progress(Progress::Traced(step));
    let trace = if delivery.preferences.trace { Some(&mut tell as &mut dyn FnMut(String)) } else { None };
    let mut gateway = GatewayHost::new(keys, selector, trace);
    let opened = Stream::open(transport, handshake, &mut gateway);
    let GatewayHost { asked, verdict, diagnosis, course, .. } = gateway;
    progress(Progress::Certificates(course));
    match opened {
        Ok(stream) => Ok((stream, asked)),
        Err(error) => {
            if let Some(asked) = asked {
                progress(Progress::FailedAfter(asked));
            }
            if let Some(diagnosis) = diagnosis {
                progress(Progress::Diagnosed(diagnosis.into()));
            }
            Err(refused(&error, verdict, diagnosis))
        }
    }
}

/// Sends the request and reads the response. `late` answers a server that requests our certificate only now.
fn talk<'b, T>(
    delivery: &Delivery,
    mut stream: Stream<'b, T, Client>,
    late: &mut GatewayHost<'b, '_>,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Status, Trouble>
where
    T: Read + Write<Error = io::Error>,
{
    #[cfg(feature = "post-handshake-auth")]
    let mut connection = Connection::new(stream.hosted(&mut *late), Limits::default());
    #[cfg(not(feature = "post-handshake-auth"))]
    let mut connection = Connection::new(&mut stream, Limits::default());
    let response = exchange(delivery, &mut connection, progress);
    let begun = connection.has_begun();
    if let Some(asked) = late.asked.take() {
        progress(Progress::AskedLate(asked));
        progress(Progress::Certificates(core::mem::take(&mut late.course)));
    }
    // A reset is an end, too; a time-out is not.
    if let Err(HttpError::Stream(Failure::Io(error))) = &response
        && error.kind() != io::ErrorKind::TimedOut
    {
        stream.session.transport_failed();
    }
    let diagnosis = stream.session.diagnosis();
    if let (Err(_), Some(diagnosis)) = (&response, diagnosis) {
        progress(Progress::Diagnosed(diagnosis.into()));
    }
    let response = response.map_err(|error| lost(&error, diagnosis, begun))?;
    progress(Progress::Answered(response.status, &response.reason));
    if let Some(version) = response.headers.first("mtls-blob").and_then(|version| version.parse().ok()) {
        progress(Progress::Announced(version));
    }
    // Once the answer is there, the end of the connection adds nothing.
    if let Some(diagnosis) = diagnosis.filter(|diagnosis| *diagnosis == Diagnosis::CertificateNotAsked) {
        progress(Progress::Noted(diagnosis));
    }
    #[cfg(feature = "resumption")]
    if let Some(file) = &delivery.preferences.ticket {
        // Without a ticket, the next handshake is a full one.
        let _ = tickets::store(&mut stream.session, system_time(), file);
    }
    let finding = Finding::of_response(&stream.session, response.status, &response.body);
    let verdict = judge(&response, finding);
    if let (Err(_), Some(finding)) = (&verdict, finding) {
        progress(Progress::Diagnosed(finding));
    }
    // The answer has arrived: if the connection breaks now, nothing is lost.
    let _ = stream.close().and_then(|()| stream.read(&mut [0]));
    verdict
}

/// Makes a handshake that has not started.
fn begin<'b>(
    config: &'b ClientConfig<'b>,
    buffers: Buffers<'b>,
    events: Option<EventRing<'b>>,
    #[cfg(feature = "key-log")] key_log: Option<&'b super::key_log::KeyLogFile>,
) -> Result<Handshake<'b, Client>, Trouble> {
    let entropy = Entropy::from_system().map_err(|error| Trouble::Setup(format!("random numbers: {error}")))?;
    let mut handshake = Handshake::new(config, buffers, entropy).map_err(|error| Trouble::Setup(error.to_string()))?;
    if let Some(ring) = events {
        handshake.set_events(ring);
    }
    #[cfg(feature = "key-log")]
    if let Some(file) = key_log {
        handshake.dangerous_set_key_log(file);
    }
    Ok(handshake)
}

/// Sends the request and reads the response.
fn exchange<S>(
    delivery: &Delivery,
    connection: &mut Connection<S>,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Response, HttpError<Failure<io::Error>>>
where
    S: Read + Write<Error = Failure<io::Error>>,
{
    let host = delivery.authority.clone().unwrap_or_else(|| host_field(&delivery.server_name, &delivery.address));
    let content_type = cxml::content_type(&delivery.document);
    let head = http::post(&delivery.path, &host, &content_type, delivery.document.len());
    connection.send(&head, &delivery.document)?;
    progress(Progress::Sent);
    connection.read_response()
}

/// Returns the name of the server, with the port that we connect to.
fn host_field(server_name: &str, address: &str) -> String {
    let port = address.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).unwrap_or(443);
    HostField { name: server_name, port }.to_string()
}

/// Explains why the handshake failed. Until the server's Finished has arrived it is not authenticated, so nothing
/// before that is a verdict of the server.
pub(crate) fn refused(
    error: &HandshakeError<io::Error>,
    verdict: Option<String>,
    diagnosis: Option<Diagnosis>,
) -> Trouble {
    let means = meaning(diagnosis);
    if let (Some(verdict), Failure::Tls(Error::Certificate(found))) = (verdict, &error.cause) {
        let message = format!("we rejected the server: {verdict} (stage: {}){means}", error.stage);
        return Trouble::Certificate { problem: found.problem, message };
    }
    match error.cause {
        Failure::Io(_) | Failure::Tls(Error::ConnectionTruncated) => ended(&error.to_string(), diagnosis),
        Failure::Tls(Error::AlertReceived(alert)) if is_proved(error.stage) => rejected(alert, diagnosis),
        Failure::Tls(Error::AlertReceived(_)) => {
            Trouble::Tls(format!("refused before the server was authenticated: {error}{means}"))
        }
        Failure::Tls(Error::ApiMisuse(_)) => Trouble::Setup(error.to_string()),
        Failure::Tls(_) => Trouble::Tls(format!("we rejected the server: {error}{means}")),
    }
}

/// Returns whether the server's Finished arrives before this stage: from then on everything received is from the
/// server.
fn is_proved(stage: Stage) -> bool {
    matches!(stage, Stage::Signature | Stage::Sending | Stage::Done)
}

/// Explains an alert of an authenticated server. Only an alert about our messages is permanent: an attacker can cause
/// others by inserting or changing records.
fn rejected(alert: AlertDescription, diagnosis: Option<Diagnosis>) -> Trouble {
    let diagnosis = diagnosis.unwrap_or(Diagnosis::of_alert(alert));
    if alert.class() == AlertClass::Credential || is_our_fault(diagnosis) {
        return Trouble::LateRejection(alert, diagnosis);
    }
    let means = meaning(Some(diagnosis));
    Trouble::Network(format!("the server ended the connection with alert {} ({alert}){means}", alert.0))
}

/// Returns whether we know the reason ourselves and a repetition cannot succeed.
fn is_our_fault(diagnosis: Diagnosis) -> bool {
    matches!(diagnosis, Diagnosis::OursExpired | Diagnosis::OursWrongPurpose)
}

/// Explains an end of the connection without an alert. It counts as a rejection only if we know the cause ourselves.
fn ended(what: &str, diagnosis: Option<Diagnosis>) -> Trouble {
    match diagnosis.filter(|diagnosis| is_our_fault(*diagnosis)) {
        Some(fault) => Trouble::LateEnd(fault),
        None => Trouble::Network(format!("{what}{}", meaning(diagnosis))),
    }
}

/// Explains why no response arrived after the handshake. `begun`: its first bytes had arrived.
pub(crate) fn lost(error: &HttpError<Failure<io::Error>>, diagnosis: Option<Diagnosis>, begun: bool) -> Trouble {
    match error {
        HttpError::Stream(Failure::Tls(Error::AlertReceived(alert))) => rejected(*alert, diagnosis),
        HttpError::Stream(Failure::Tls(Error::ConnectionTruncated)) if begun => {
            Trouble::Network("the connection broke in the first line of the answer".to_owned())
        }
        HttpError::Stream(Failure::Tls(Error::ConnectionTruncated)) => {
            ended("the server closed the connection after the handshake, without an answer", diagnosis)
        }
        HttpError::Stream(Failure::Io(error)) => {
            ended(&format!("the connection broke after the handshake: {error}"), diagnosis)
        }
        HttpError::Stream(Failure::Tls(error @ Error::ApiMisuse(_))) => Trouble::Setup(error.to_string()),
        HttpError::Stream(failure) => {
            Trouble::Network(format!("the connection broke after the handshake: {failure}{}", meaning(diagnosis)))
        }
        HttpError::Truncated(_) => Trouble::Http { later: true, wait: None, message: error.to_string() },
        _ => Trouble::NoHttp(printable(&error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_field_has_the_port_unless_it_is_the_default() {
        assert_eq!(host_field("supplier.example", "10.0.0.1:8443"), "supplier.example:8443");
        assert_eq!(host_field("supplier.example", "supplier.example:443"), "supplier.example");
        assert_eq!(host_field("::1", "[::1]:8443"), "[::1]:8443");
    }

    #[test]
    fn only_an_alert_about_our_certificate_is_permanent() {
        let code = |alert| rejected(alert, None).exit_code();
        assert_eq!([code(AlertDescription::UNKNOWN_CA), code(AlertDescription::CERTIFICATE_REQUIRED)], [21; 2]);
        for alert in [AlertDescription::UNEXPECTED_MESSAGE, AlertDescription::BAD_RECORD_MAC, AlertDescription(250)] {
            assert_eq!(code(alert), 10, "{alert}");
        }
    }
}
