//! The report of a check: each step with its time and the first cause of failure, as text and as JSON.

use core::fmt;
use std::time::Duration;

use embedded_mtls_operator::Finding;
use serde::{Serialize, Serializer};

use super::super::course::{Course, SentCertificate};
use super::super::report::{Peer, printable};

/// A step of the check, in order of execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepName {
    /// The resolution of the name.
    Dns,
    /// The connection to the server, or to the proxy.
    Tcp,
    /// The connection through the proxy to the server.
    Proxy,
    /// The versions of TLS that the server offers.
    Versions,
    /// The handshake, up to the certificates of the server.
    Handshake,
    /// The path from the server's certificate to a trust anchor.
    Chain,
    /// The name in the server's certificate.
    Name,
    /// The validity of the certificates of the server.
    Dates,
    /// The purposes of the server's certificate.
    Purposes,
    /// The request for our certificate, and the server's reaction to the answer.
    ClientAuthentication,
    /// The application protocol.
    Alpn,
    /// The answer to an HTTP request.
    Http,
    /// The size of the records that the server sends to a client with little memory.
    Records,
    /// The resumption of the session on another connection.
    Resumption,
}

impl fmt::Display for StepName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Dns => "DNS",
            Self::Tcp => "TCP",
            Self::Proxy => "proxy",
            Self::Versions => "versions",
            Self::Handshake => "TLS 1.3",
            Self::Chain => "chain",
            Self::Name => "name",
            Self::Dates => "dates",
            Self::Purposes => "purposes",
            Self::ClientAuthentication => "client auth",
            Self::Alpn => "ALPN",
            Self::Http => "HTTP",
            Self::Records => "records",
            Self::Resumption => "resumption",
        })
    }
}

/// The result of a step, or of the whole check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Nothing is wrong.
    Passed,
    /// It works, but something needs attention.
    Warned,
    /// It does not work.
    Failed,
}

/// A completed step.
#[derive(Clone, Debug, Serialize)]
pub struct Step {
    /// The step.
    pub name: StepName,
    /// Its result.
    pub outcome: Outcome,
    /// Its duration in milliseconds; none if it was a part of the preceding step.
    #[serde(rename = "milliseconds", serialize_with = "milliseconds")]
    pub time: Option<Duration>,
    /// The observations, one sentence each. They contain text of the server: escape them for a terminal.
    pub facts: Vec<String>,
}

/// Serializes a time as milliseconds.
#[allow(clippy::ref_option, reason = "serde passes the field")]
fn milliseconds<S: Serializer>(time: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    time.map(|time| time.as_secs_f64() * 1000.0).serialize(serializer)
}

/// The cause of a failure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The step that failed.
    pub step: StepName,
    /// The exit code that belongs to it.
    pub exit_code: u8,
    /// The cause, in one sentence without a full stop.
    pub cause: String,
    /// The observation, in the words of the layer that made it.
    pub observed: String,
    /// The certificate at fault.
    pub certificate: Option<String>,
    /// The side that has to act.
    pub responsible: String,
    /// The remedy, without a full stop.
    pub remedy: String,
}

impl Fault {
    /// Makes the fault of a failure that has a name.
    pub(super) fn named(step: StepName, exit_code: u8, finding: impl Into<Finding>, observed: String) -> Self {
        let finding = finding.into();
        let [cause, remedy] = [finding.cause(), finding.remedy()].map(str::to_owned);
        Self {
            step,
            exit_code,
            cause,
            observed,
            certificate: None,
            responsible: finding.responsible().to_string(),
            remedy,
        }
    }
}

/// The report of a check.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The server, as given.
    pub target: String,
    /// The result of the whole check.
    pub outcome: Outcome,
    /// The exit code that belongs to it.
    pub exit_code: u8,
    /// The steps, up to the one that failed.
    pub steps: Vec<Step>,
    /// The first cause of failure.
    pub fault: Option<Fault>,
    /// Further causes, which `--insecure` looks for after the first.
    pub further: Vec<Fault>,
    /// Warnings: it works, but something needs attention.
    pub warnings: Vec<String>,
    /// The certificate of the server. Unverified if there is a [fault](Self::fault).
    pub server: Option<Peer>,
    /// The certificates that the server sent, in this order. Unverified if there is a [fault](Self::fault).
    pub theirs: Vec<SentCertificate>,
    /// The certificates that we sent, in this order.
    pub ours: Vec<SentCertificate>,
    /// The stations on the way to the server, each with its address or name.
    pub hops: Vec<(&'static str, String)>,
    /// The messages and records of the handshake.
    #[serde(skip)]
    pub course: Course,
    /// The equivalent OpenSSL command.
    pub openssl: String,
}

/// The exit code of a check that only found warnings.
pub const WARNED: u8 = 2;

impl Report {
    pub(super) fn new(target: String, openssl: String) -> Self {
        Self {
            target,
            outcome: Outcome::Passed,
            exit_code: 0,
            steps: Vec::new(),
            fault: None,
            further: Vec::new(),
            warnings: Vec::new(),
            server: None,
            theirs: Vec::new(),
            ours: Vec::new(),
            hops: Vec::new(),
            course: Course::default(),
            openssl,
        }
    }

    /// Adds a step that passed.
    pub(super) fn pass(&mut self, name: StepName, time: impl Into<Option<Duration>>, facts: Vec<String>) {
        self.steps.push(Step { name, outcome: Outcome::Passed, time: time.into(), facts });
    }

    /// Marks the step as failed: the one that was added last, or a new one.
    pub(super) fn fail(&mut self, name: StepName, cause: &str) {
        if self.steps.last().is_none_or(|last| last.name != name) {
            self.pass(name, None, Vec::new());
        }
        if let Some(step) = self.steps.last_mut() {
            step.outcome = Outcome::Failed;
            step.facts.insert(0, cause.to_owned());
        }
    }

    /// Adds a warning to the step that was added last.
    pub(super) fn warn(&mut self, warning: String) {
        if let Some(step) = self.steps.last_mut() {
            step.outcome = Outcome::Warned;
            step.facts.push(warning.clone());
        }
        self.warnings.push(warning);
    }

    /// Assembles the result.
    pub(super) fn finish(mut self, fault: Option<Fault>) -> Self {
        (self.outcome, self.exit_code) = match &fault {
            Some(fault) => (Outcome::Failed, fault.exit_code),
            None if self.warnings.is_empty() => (Outcome::Passed, 0),
            None => (Outcome::Warned, WARNED),
        };
        self.fault = fault;
        self
    }

    /// Returns the step, if it was reached.
    pub fn step(&self, name: StepName) -> Option<&Step> {
        self.steps.iter().find(|step| step.name == name)
    }

    /// Summarizes the result in a few words.
    pub fn summary(&self) -> String {
        match (&self.fault, self.warnings.first()) {
            (Some(fault), _) => fault.cause.clone(),
            (None, Some(warning)) => warning.clone(),
            (None, None) => "all checks passed".to_owned(),
        }
    }
}

/// Writes the report as text, with the server's words escaped for a terminal.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "check       {}", printable(&self.target))?;
        for step in &self.steps {
            let mark = match step.outcome {
                Outcome::Passed => "ok",
                Outcome::Warned => "WARN",
                Outcome::Failed => "FAIL",
            };
            let time = step.time.map(|time| format!("{:.1} ms", time.as_secs_f64() * 1000.0)).unwrap_or_default();
            let mut facts = step.facts.iter();
            let first = facts.next().map(|fact| printable(fact)).unwrap_or_default();
            writeln!(f, "{:<12}{mark:<5}{time:>11}  {first}", step.name)?;
            for fact in facts {
                writeln!(f, "{:30}{}", "", printable(fact))?;
            }
        }
        if let Some(fault) = &self.fault {
            writeln!(f, "\n{}.", printable(&capitalized(&fault.cause)))?;
            rows(f, fault)?;
        }
        for fault in &self.further {
            writeln!(f, "\nAlso: {}.", printable(&fault.cause))?;
            rows(f, fault)?;
        }
        writeln!(f, "\nThe same with OpenSSL:\n  {}", printable(&self.openssl))
    }
}

/// Writes the details of a fault, one per line.
fn rows(f: &mut fmt::Formatter<'_>, fault: &Fault) -> fmt::Result {
    let certificate = fault.certificate.as_deref().unwrap_or_default();
    for (label, text) in [
        ("observed", fault.observed.as_str()),
        ("certificate", certificate),
        ("who has to act", &fault.responsible),
        ("remedy", &fault.remedy),
    ] {
        if !text.is_empty() {
            writeln!(f, "  {label:<16}{}", printable(text))?;
        }
    }
    Ok(())
}

/// Capitalizes the first letter of a clause.
fn capitalized(clause: &str) -> String {
    let mut characters = clause.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}
