//! The steps with connections of their own, after all others have passed: small records, and resumption.

use std::io;
use std::net::TcpStream;

use embedded_io::Read as _;
#[cfg(feature = "resumption")]
use embedded_mtls::Credential;
use embedded_mtls::credential::Selector;
use embedded_mtls::io::blocking::Stream;
use embedded_mtls::io::{Failure, HandshakeError};
use embedded_mtls::{Buffers, Client, ClientConfig, Entropy, Error, Handshake};

#[cfg(feature = "resumption")]
use super::super::tickets::Stored;
#[cfg(feature = "resumption")]
use super::super::tls::HostMemory;
use super::super::tls::{Deadline, LargestRecord, Memory, Timed};
use super::Plan;
use super::host::CheckHost;
use super::report::{Fault, Report, StepName};
use crate::own_key::OwnKey;

/// Memory of a microcontroller that asks for records of 512 bytes (RFC 8449 section 4, RFC 6066 section 4).
type SmallMemory = Memory<1024, 4096, 8192>;

/// A server that has passed, and the settings with which it did.
pub(super) struct Again<'c> {
    pub(super) plan: &'c Plan,
    pub(super) config: &'c ClientConfig<'c>,
    pub(super) selector: Selector<'c>,
    pub(super) keys: &'c [OwnKey],
    #[cfg(feature = "resumption")]
    pub(super) credentials: &'c [Credential<'c>],
    pub(super) connect: &'c dyn Fn() -> Result<TcpStream, Box<Fault>>,
}

impl<'c> Again<'c> {
    /// Tells whether the server sends records that fit the memory of a microcontroller.
    pub(super) fn small_records(&self, report: &mut Report) {
        let mut memory = SmallMemory::new();
        let (rx, largest) = (SmallMemory::SIZES[0], LargestRecord::default());
        let opened = self.start(memory.lend()).and_then(|handshake| self.finish(handshake, &largest).map(drop));
        report.pass(StepName::Records, None, vec![served(rx, opened, largest.get())]);
    }

    /// Tells whether the server resumes the session of this ticket.
    #[cfg(feature = "resumption")]
    pub(super) fn resumption(&self, mut ticket: Stored, report: &mut Report) {
        let fact = if ticket.is_empty() {
            "sends no tickets: each connection is a full handshake".to_owned()
        } else {
            self.resume(&mut ticket).unwrap_or_else(|error| format!("sends tickets, but then fails: {error}"))
        };
        report.pass(StepName::Resumption, None, vec![fact]);
    }

    /// Opens a connection with the ticket; describes the result.
    #[cfg(feature = "resumption")]
    fn resume(&self, ticket: &mut Stored) -> Result<String, String> {
        let mut memory = HostMemory::new();
        let mut handshake = self.start(memory.lend())?;
        if let Err(error) = ticket.offer(&mut handshake, self.credentials, embedded_mtls::io::std::system_time()) {
            return Ok(format!("sends tickets that cannot be used: {error}"));
        }
        let resumed = self.finish(handshake, &LargestRecord::default())?;
        let fact = if resumed { "resumes the session" } else { "sends tickets, but does not resume the session" };
        Ok(fact.to_owned())
    }

    /// Makes a handshake that has not started.
    fn start<'m>(&self, memory: Buffers<'m>) -> Result<Handshake<'m, Client>, String>
    where
        'c: 'm,
    {
        let entropy = Entropy::from_system().map_err(|error| format!("random numbers: {error}"))?;
        Handshake::new(self.config, memory, entropy).map_err(|error| error.to_string())
    }

    /// Runs the handshake, and closes the connection; returns `true` if the session was resumed.
    fn finish<'m>(&self, handshake: Handshake<'m, Client>, largest: &LargestRecord) -> Result<bool, String>
    where
        'c: 'm,
    {
        let socket = (self.connect)().map_err(|fault| fault.observed)?;
        let transport = Timed::new(socket, Deadline::new(self.plan.patience)).measured(largest);
        let mut host = CheckHost::<'m>::new(self.selector, self.keys, None);
        let opened = Stream::open(transport, handshake, &mut host);
        let mut stream = opened.map_err(|error: HandshakeError<io::Error>| error.to_string())?;
        let resumed = stream.session.negotiated().resumed;
        // Its verdict on our certificate arrives now, if at all.
        let _ = stream.close();
        match stream.read(&mut [0]) {
            Err(error @ Failure::Tls(Error::AlertReceived(_))) => Err(error.to_string()),
            _ => Ok(resumed),
        }
    }
}

/// Describes how a device with `rx` bytes for records fared, from the largest that it received.
fn served(rx: usize, opened: Result<(), String>, largest: usize) -> String {
    match opened {
        Ok(()) => format!("serves a device with {rx} bytes for records: its largest had {largest} bytes"),
        Err(_) if largest > rx => {
            format!("sends records of {largest} bytes, whatever is asked for: a device needs memory for them")
        }
        Err(error) => format!("does not serve a device with {rx} bytes for records: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_ignores_the_limit_is_told_from_one_that_rejects_it() {
        let error = || Err("the connection broke".to_owned());
        assert!(served(1024, Ok(()), 535).ends_with("largest had 535 bytes"));
        assert!(served(1024, error(), 1167).starts_with("sends records of 1167 bytes"));
        assert!(served(1024, error(), 535).ends_with("1024 bytes for records: the connection broke"));
    }
}
