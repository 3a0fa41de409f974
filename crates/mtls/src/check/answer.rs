//! The steps after the server has proved its identity: the request for our certificate, the application protocol, HTTP.

use std::io;
use std::time::{Duration, Instant};

use embedded_io::Read as _;
use embedded_mtls::credential::Expiry;
use embedded_mtls::io::Failure;
use embedded_mtls::io::blocking::Stream;
use embedded_mtls::io::std::system_time;
use embedded_mtls::x509::{Time, UnixTime};
use embedded_mtls::{Client, ClientAuthStatus, Credential, Diagnosis, Error, Responsible};
use embedded_mtls_operator::Finding;
use mtls_cxml::{Class, HostField};

use super::super::certificate::described;
use super::super::course::SentCertificate;
use super::super::http::{self, Connection, HttpError, Limits, Response};
use super::super::order::lost;
use super::super::report::printable;
#[cfg(feature = "resumption")]
use super::super::tickets;
use super::super::tls::{Deadline, Timed};
use super::super::verdict::Trouble;
use super::Plan;
use super::host::{Asked, CheckHost};
use super::report::{Fault, Report, StepName};

/// The answer to an HTTP request.
type Answer = Result<Response, HttpError<Failure<io::Error>>>;

/// The rest of the check, once the server is authenticated.
pub(super) struct Rest<'p> {
    pub(super) plan: &'p Plan,
    pub(super) asked: Option<Asked>,
    pub(super) alpn: Option<String>,
    /// The time from the authentication of the server to the end of the handshake.
    pub(super) handshake: Duration,
}

impl Rest<'_> {
    /// Sends an HTTP request, or waits for the server's verdict on our certificate. Returns the last ticket that arrived.
    pub(super) fn talk<'b>(
        mut self,
        mut stream: Stream<'b, Timed, Client>,
        mut late: CheckHost<'b>,
        deadline: &Deadline,
        report: &mut Report,
    ) -> Result<Option<Vec<u8>>, Box<Fault>> {
        deadline.renew(self.plan.patience);
        let begun = Instant::now();
        let answer = self.ask(&mut stream, &mut late);
        let took = begun.elapsed();
        if let Some(asked) = late.noted.asked.take() {
            self.asked = Some(Asked { is_late: true, ..asked });
        }
        if matches!(&answer, Some(Err(HttpError::Stream(Failure::Io(error)))) if error.kind() != io::ErrorKind::TimedOut)
        {
            stream.session.transport_failed();
        }
        let diagnosis = stream.session.diagnosis();
        let status = stream.session.client_auth();
        let response = match answer {
            Some(Err(error)) => return Err(Box::new(self.unanswered(&error, diagnosis, report))),
            Some(Ok(response)) => Some(response),
            None => None,
        };
        let finding = response.as_ref().and_then(|response| {
            let found = Finding::of_response(&stream.session, response.status, &response.body);
            found.filter(|_| Class::of(response.status, false) != Class::Done)
        });
        #[cfg(feature = "resumption")]
        let ticket = tickets::take(&mut stream.session, system_time()).ok().flatten();
        #[cfg(not(feature = "resumption"))]
        let ticket = None;
        let _ = stream.close();
        self.client_authentication(status, finding, response.as_ref(), report)?;
        self.alpn(report);
        if let Some(response) = response {
            self.http(&response, finding, took, report)?;
        }
        Ok(ticket)
    }

    /// Sends the request and reads the response; without HTTP, reads until the server rejects us or closes the
    /// connection.
    fn ask<'b>(&self, stream: &mut Stream<'b, Timed, Client>, late: &mut CheckHost<'b>) -> Option<Answer> {
        let Some(path) = &self.plan.path else {
            // Neither a close without an alert nor silence is a rejection.
            let _ = stream.close();
            return match stream.read(&mut [0]) {
                Err(Failure::Tls(error @ Error::AlertReceived(_))) => Some(Err(HttpError::Stream(Failure::Tls(error)))),
                _ => None,
            };
        };
        #[cfg(feature = "post-handshake-auth")]
        let mut connection = Connection::new(stream.hosted(late), Limits::default());
        #[cfg(not(feature = "post-handshake-auth"))]
        let mut connection = {
            let _ = late;
            Connection::new(stream, Limits::default())
        };
        let host = HostField { name: self.plan.wanted_name(), port: self.plan.target.port }.to_string();
        let sent = connection.send(&http::get(path, &host), &[]);
        Some(sent.and_then(|()| connection.read_response()))
    }

    /// Judges a connection that ended without an answer.
    fn unanswered(
        &self,
        error: &HttpError<Failure<io::Error>>,
        diagnosis: Option<Diagnosis>,
        report: &mut Report,
    ) -> Fault {
        let trouble = lost(error, diagnosis, false);
        let is_refusal = matches!(trouble, Trouble::LateRejection(..) | Trouble::LateEnd(_));
        let asked = self.asked.as_ref();
        if is_refusal || asked.is_some() && diagnosis == Some(Diagnosis::ClosedOnOurs) {
            let facts = asked.map(Asked::facts).unwrap_or_default();
            let mut fault =
                fault_of(StepName::ClientAuthentication, &trouble, diagnosis, format!("after our answer: {error}"));
            fault.certificate = asked.and_then(|asked| asked.shown.as_ref()).map(|shown| format!("ours, {shown}"));
            report.pass(StepName::ClientAuthentication, self.handshake, facts);
            return fault;
        }
        if let Some(asked) = asked {
            report.pass(StepName::ClientAuthentication, self.handshake, asked.facts());
        }
        match error {
            HttpError::Stream(_) => fault_of(StepName::Http, &trouble, diagnosis, error.to_string()),
            _ => Fault {
                step: StepName::Http,
                exit_code: trouble.exit_code(),
                cause: "the server's answer is not HTTP".to_owned(),
                observed: error.to_string(),
                certificate: None,
                responsible: Responsible::Us.to_string(),
                remedy:
                    "check the address and the port; for a server that speaks another protocol inside TLS, --no-http ends the \
                         check before this step"
                        .to_owned(),
            },
        }
    }

    /// Returns the identity that the server has seen.
    fn shown(&self) -> Option<&super::Own> {
        let alias = self.asked.as_ref()?.shown.as_ref()?;
        self.plan.identities.iter().find(|own| own.alias == *alias)
    }

    /// Judges the server's request for a certificate and its reaction to the answer.
    fn client_authentication(
        &self,
        status: ClientAuthStatus,
        finding: Option<Finding>,
        response: Option<&Response>,
        report: &mut Report,
    ) -> Result<(), Box<Fault>> {
        let step = StepName::ClientAuthentication;
        let line = || response.map(line).unwrap_or_default();
        if let Some(finding @ (Finding::Tls(_) | Finding::PostHandshakeNeeded)) = finding {
            let facts = self.asked.as_ref().map(Asked::facts).unwrap_or_default();
            report.pass(step, self.handshake, facts);
            report.ours = self.shown().map(chain_of).unwrap_or_default();
            let mut fault = Fault::named(step, REFUSED_BY_HTTP, finding, line());
            let shown = self.asked.as_ref().and_then(|asked| asked.shown.as_ref());
            fault.certificate = shown.map(|shown| format!("ours, {shown}"));
            return Err(Box::new(fault));
        }
        let Some(asked) = &self.asked else {
            if self.plan.one_way {
                report.pass(step, None, vec!["requests no certificate".to_owned()]);
                return Ok(());
            }
            let observed = format!("no CertificateRequest, neither in the handshake nor after it {}", line());
            return Err(Box::new(Fault::named(
                step,
                NOT_ASKED,
                Diagnosis::CertificateNotAsked,
                observed.trim().to_owned(),
            )));
        };
        let mut facts = asked.facts();
        facts.push(match status {
            ClientAuthStatus::Accepted => "the server accepted it".to_owned(),
            _ if response.is_some() => "the server continued after receiving it".to_owned(),
            _ => "the server has not indicated whether it accepts it".to_owned(),
        });
        report.pass(step, self.handshake, facts);
        let shown = self.shown();
        report.ours = shown.map(chain_of).unwrap_or_default();
        if let Some(own) = shown
            && let Some(expiry) = end_of(own).and_then(|end| soon(end, self.plan.warn_days))
        {
            report.warn(format!("our certificate '{}' {expiry}", own.alias));
        }
        Ok(())
    }

    /// Judges the application protocol.
    fn alpn(&self, report: &mut Report) {
        let fact = match (&self.alpn, self.plan.preferences.alpn.is_empty()) {
            (Some(name), _) => format!("agreed on {}", printable(name)),
            (None, true) => "none was offered".to_owned(),
            (None, false) => "the server selected none".to_owned(),
        };
        report.pass(StepName::Alpn, None, vec![fact]);
    }

    /// Judges the HTTP response; faults with a cause in TLS have been judged before.
    fn http(
        &self,
        response: &Response,
        finding: Option<Finding>,
        took: Duration,
        report: &mut Report,
    ) -> Result<(), Box<Fault>> {
        let path = self.plan.path.as_deref().unwrap_or_default();
        let fact = format!("GET {path}: {}", line(response));
        let later = Class::of(response.status, false) == Class::Later;
        if let Some(finding) = finding {
            return Err(Box::new(Fault::named(StepName::Http, REFUSED_BY_HTTP + u8::from(later), finding, fact)));
        }
        if later {
            let (responsible, remedy) = (
                Responsible::Peer.to_string(),
                "check the logs of the server and of the systems behind it: this is not a problem of TLS".to_owned(),
            );
            return Err(Box::new(Fault {
                step: StepName::Http,
                exit_code: REFUSED_BY_HTTP + 1,
                cause: "the server itself has a problem, unrelated to TLS".to_owned(),
                observed: fact,
                certificate: None,
                responsible,
                remedy,
            }));
        }
        report.pass(StepName::Http, took, vec![fact]);
        Ok(())
    }
}

/// The exit codes of `gateway` for a server that rejects us by HTTP, and for one that does not request a certificate.
const REFUSED_BY_HTTP: u8 = 30;
const NOT_ASKED: u8 = 27;

/// Returns the first line of a response.
fn line(response: &Response) -> String {
    format!("HTTP {} {}", response.status, printable(&response.reason)).trim_end().to_owned()
}

/// Describes one of our chains.
fn chain_of(own: &super::Own) -> Vec<SentCertificate> {
    described(&own.identity.chain)
}

/// Returns the last second at which one of our chains is valid.
fn end_of(own: &super::Own) -> Option<UnixTime> {
    let chain: Vec<&[u8]> = own.identity.chain.iter().map(Vec::as_slice).collect();
    Credential::new(&chain, embedded_mtls::KeyHandle(0)).ok().map(|credential| credential.not_after())
}

/// Names a failure by its diagnosis, with the exit code of `gateway` for it.
pub(super) fn fault_of(step: StepName, trouble: &Trouble, diagnosis: Option<Diagnosis>, observed: String) -> Fault {
    let diagnosis = diagnosis.unwrap_or(Diagnosis::ConnectionCut);
    Fault::named(step, trouble.exit_code(), diagnosis, observed)
}

/// Returns the end of a validity, if it is near.
pub(super) fn soon(not_after: UnixTime, days: u16) -> Option<Expiry> {
    match system_time() {
        Time::Trusted(now) => Expiry::within(not_after, now, days),
        _ => None,
    }
}
