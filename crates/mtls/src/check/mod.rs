//! `mtls check`: probes a server step by step, stops at the first cause of failure, and reports who has to act.
//!
//! ```text
//!   network     DNS, TCP, the proxy            no TLS yet
//!   hello       the versions below 1.3         a connection of its own
//!   handshake   chain, name, dates, purposes   the core, observed through its host
//!   answer      client authentication, HTTP
//!   again       small records and resumption, on connections of their own
//!   report      the steps, the fault
//! ```

mod again;
mod answer;
mod handshake;
mod hello;
mod host;
mod network;
mod report;

use std::time::{Duration, Instant};

use embedded_mtls::x509::ServerName;
use embedded_mtls::{AlertDescription, Diagnosis};
use mtls_pki::pem::{Identity, Pin};

use super::args::Preferences;
pub use super::course::SentCertificate;
use super::deny::Denials;
use super::policy::Wanted;
use hello::Answer;
pub use report::{Fault, Outcome, Report, Step, StepName, WARNED};

/// A host and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// A name or an address, without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl Target {
    /// Parses `HOST`, `HOST:PORT`, `ADDRESS`, `[ADDRESS]:PORT`, or a URL that begins with `https://`; returns `None`
    /// for anything else.
    pub fn parse(text: &str, default_port: u16) -> Option<Self> {
        let text = text.strip_prefix("https://").map_or(text, |rest| rest.split('/').next().unwrap_or_default());
        if text.contains(|c: char| c.is_whitespace() || c.is_control() || "/@?#".contains(c)) {
            return None;
        }
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (address, behind) = rest.split_once(']')?;
                (address, if behind.is_empty() { None } else { Some(behind.strip_prefix(':')?) })
            }
            None if text.matches(':').count() == 1 => {
                let (host, port) = text.split_once(':')?;
                (host, Some(port))
            }
            None => (text, None),
        };
        let port = port.map_or(Some(default_port), |port| port.parse().ok())?;
        (!host.is_empty()).then(|| Self { host: host.to_owned(), port })
    }

    /// Formats host and port, with IPv6 addresses in brackets.
    pub fn authority(&self) -> String {
        let Self { host, port } = self;
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }
}

/// The servers that a check trusts.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// Certificates of authorities, in DER.
    pub authorities: Vec<Vec<u8>>,
    /// Pinned certificates and keys of servers.
    pub pins: Vec<Pin>,
    /// Their origin: files, or the store of the system.
    pub origin: String,
    /// The files of the authorities, for the OpenSSL command; none: the store of the system.
    pub files: Vec<String>,
}

/// One of our identities.
#[derive(Clone, Debug)]
pub struct Own {
    /// Its name in reports.
    pub alias: String,
    /// The files of its chain and its key.
    pub files: (String, String),
    /// Its chain and its key.
    pub identity: Identity,
}

/// The settings of a check.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub struct Plan {
    /// The server.
    pub target: Target,
    /// The address to connect to in place of the [target](Self::target), whose name is still requested and checked.
    pub connect_to: Option<Target>,
    /// A proxy that connects us by HTTP CONNECT.
    pub proxy: Option<Target>,
    /// The name that is requested by SNI and that the certificate must have; by default the host of the [target](Self::target).
    pub server_name: Option<String>,
    /// The common name that the certificate must have, instead of the server name among its others.
    pub common_name: Option<Wanted>,
    /// The servers to trust.
    pub trust: Trust,
    /// Our identities: the server's authorities choose among them.
    pub identities: Vec<Own>,
    /// The certificates and keys of servers that are trusted no longer.
    pub denied: Denials,
    /// Sends the first identity regardless of the CAs that the server names.
    pub insists: bool,
    /// The path to request by HTTP; none: no HTTP.
    pub path: Option<String>,
    /// The time limit of each step.
    pub patience: Duration,
    /// The number of days before the expiry of a certificate at which a warning starts.
    pub warn_days: u16,
    /// Accepts a server that does not request our certificate.
    pub one_way: bool,
    /// After a fault in the server's certificates, looks for further ones, without sending our certificate.
    pub insecure: bool,
    /// The preferences of the connection.
    pub preferences: Preferences,
}

impl Plan {
    /// Makes a check of `target` with this trust and the default limits.
    pub fn new(target: Target, trust: Trust) -> Self {
        Self {
            target,
            connect_to: None,
            proxy: None,
            server_name: None,
            common_name: None,
            trust,
            identities: Vec::new(),
            denied: Denials::default(),
            insists: false,
            path: Some("/".to_owned()),
            patience: Duration::from_secs(10),
            warn_days: 30,
            one_way: false,
            insecure: false,
            preferences: Preferences::default(),
        }
    }

    /// Returns the name that the certificate must have.
    pub fn wanted_name(&self) -> &str {
        self.server_name.as_deref().unwrap_or(&self.target.host)
    }

    /// Returns the address to connect to.
    fn destination(&self) -> &Target {
        self.connect_to.as_ref().unwrap_or(&self.target)
    }

    /// Returns the stations on the way, each with its address or name.
    fn hops(&self) -> Vec<(&'static str, String)> {
        let own = match &self.identities[..] {
            [] => "no certificate".to_owned(),
            own => own.iter().map(|own| own.alias.as_str()).collect::<Vec<_>>().join(", "),
        };
        let proxy = self.proxy.iter().map(|proxy| ("proxy", proxy.authority()));
        let address = self.connect_to.iter().map(|address| ("connected to", address.authority()));
        let server = ("server", self.wanted_name().to_owned());
        [("this side", own)].into_iter().chain(proxy).chain(address).chain([server]).collect()
    }

    /// Returns the equivalent OpenSSL command.
    fn openssl(&self) -> String {
        let mut words = vec!["openssl s_client -connect".to_owned(), self.destination().authority()];
        if let Some(proxy) = &self.proxy {
            words.extend(["-proxy".to_owned(), proxy.authority()]);
        }
        let name = self.wanted_name();
        if name.parse::<std::net::IpAddr>().is_ok() {
            words.extend(["-noservername -verify_ip", name].map(str::to_owned));
        } else {
            words.extend(["-servername", name].map(str::to_owned));
            if self.common_name.is_none() {
                words.extend(["-verify_hostname", name].map(str::to_owned));
            }
        }
        words.push("-tls1_3 -verify_return_error".to_owned());
        for file in &self.trust.files {
            words.extend(["-CAfile".to_owned(), quoted(file)]);
        }
        // The key of a device is in no file.
        if let Some(own) = self.identities.first().filter(|own| !own.files.0.is_empty()) {
            let (chain, key) = (quoted(&own.files.0), quoted(&own.files.1));
            words.extend(["-cert", &chain, "-cert_chain", &chain, "-key", &key].map(str::to_owned));
        }
        if cfg!(feature = "post-handshake-auth") && self.path.is_some() {
            words.push("-enable_pha".to_owned());
        }
        words.join(" ")
    }
}

/// Quotes a word for a shell.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+:,@%".contains(c);
    if word.chars().all(is_plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

/// Runs the check.
pub fn check(plan: &Plan) -> Report {
    let mut report = Report::new(plan.target.authority(), plan.openssl());
    report.hops = plan.hops();
    let fault = walk(plan, &mut report).err().map(|fault| *fault);
    if let Some(Fault { step, cause, .. }) = &fault {
        report.fail(*step, cause);
    }
    report.finish(fault)
}

/// Runs the steps in order, up to the first that fails.
fn walk(plan: &Plan, report: &mut Report) -> Result<(), Box<Fault>> {
    let first_hop = plan.proxy.as_ref().unwrap_or_else(|| plan.destination());
    let begun = Instant::now();
    let addresses = network::resolve(first_hop)?;
    let of_name = addresses.iter().map(|address| address.ip().to_string()).collect::<Vec<_>>().join(", ");
    report.pass(StepName::Dns, begun.elapsed(), vec![format!("{}: {of_name}", first_hop.host)]);

    let begun = Instant::now();
    let (stream, address) = network::connect(&addresses, plan.patience)?;
    report.pass(StepName::Tcp, begun.elapsed(), vec![format!("connected to {address}")]);
    // The second connection goes to the same address: a name may have several servers.
    let connect = || -> Result<_, Box<Fault>> {
        let (stream, _) = network::connect(&[address], plan.patience)?;
        if plan.proxy.is_some() {
            network::tunnel(&stream, plan.destination())?;
        }
        Ok(stream)
    };
    if plan.proxy.is_some() {
        let begun = Instant::now();
        let answer = network::tunnel(&stream, plan.destination())?;
        report.pass(
            StepName::Proxy,
            begun.elapsed(),
            vec![format!("{answer}: connected to {}", plan.destination().authority())],
        );
    }

    let begun = Instant::now();
    let older = versions(plan, &stream)?;
    drop(stream);
    report.pass(StepName::Versions, begun.elapsed(), vec![older]);
    handshake::run(plan, &connect, report)
}

/// Probes for versions below 1.3 on a separate connection.
fn versions(plan: &Plan, stream: &std::net::TcpStream) -> Result<String, Box<Fault>> {
    let is_address = plan.wanted_name().parse::<std::net::IpAddr>().is_ok();
    let name = Some(plan.wanted_name()).filter(|name| !is_address && ServerName::parse(name).is_ok());
    match hello::ask(stream, name) {
        Ok(Answer::Hello(version)) => Ok(format!("also supports {}", hello::version_name(version))),
        Ok(Answer::Alert(AlertDescription::PROTOCOL_VERSION)) => Ok("supports nothing below TLS 1.3".to_owned()),
        Ok(Answer::Alert(alert)) => Ok(format!("rejects a TLS 1.2 client with alert {} ({alert})", alert.0)),
        Ok(Answer::Text(line)) => {
            let observed = format!("it answers a ClientHello with '{line}'");
            Err(Box::new(Fault::named(StepName::Versions, TLS, Diagnosis::NotTls, observed)))
        }
        Ok(Answer::Unknown) => {
            let observed = "it answers a ClientHello with bytes that are not TLS".to_owned();
            Err(Box::new(Fault::named(StepName::Versions, TLS, Diagnosis::NotTls, observed)))
        }
        // The handshake gives the better diagnosis.
        Ok(Answer::Closed) => Ok("closes the connection to a TLS 1.2 client".to_owned()),
        Err(error) if [std::io::ErrorKind::WouldBlock, std::io::ErrorKind::TimedOut].contains(&error.kind()) => {
            Ok(format!("does not answer a TLS 1.2 client within {} s", plan.patience.as_secs()))
        }
        Err(error) => Ok(format!("does not answer a TLS 1.2 client: {error}")),
    }
}

/// The exit code of a handshake that failed for a reason other than certificates.
const TLS: u8 = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_name_or_an_address_with_or_without_a_port() {
        for (text, host, port) in [
            ("supplier.example", "supplier.example", 443),
            ("supplier.example:8443", "supplier.example", 8443),
            ("10.0.0.7", "10.0.0.7", 443),
            ("[::1]:8443", "::1", 8443),
            ("::1", "::1", 443),
            ("https://supplier.example:8443/orders", "supplier.example", 8443),
        ] {
            assert_eq!(Target::parse(text, 443), Some(Target { host: host.to_owned(), port }), "{text}");
        }
        for text in ["", ":443", "a:b", "a:70000", "http://a", "a b", "[::1", "[::1]x", "user@a"] {
            assert_eq!(Target::parse(text, 443), None, "{text}");
        }
    }

    #[test]
    fn the_line_of_openssl_asks_for_the_same() {
        let target = Target::parse("supplier.example:8443", 443).unwrap();
        let trust = Trust { files: vec!["my ca.pem".to_owned()], ..Trust::default() };
        let mut plan = Plan { path: None, ..Plan::new(target, trust) };
        let expected = "openssl s_client -connect supplier.example:8443 -servername supplier.example -verify_hostname \
                        supplier.example -tls1_3 -verify_return_error -CAfile 'my ca.pem'";
        assert_eq!(plan.openssl(), expected);
        plan.connect_to = Target::parse("10.0.0.7:9443", 443);
        assert!(plan.openssl().starts_with("openssl s_client -connect 10.0.0.7:9443 -servername supplier.example "));
    }
}
