//! The route to the server: names, connections, and proxies with HTTP CONNECT (RFC 9110 section 9.3.6).

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use super::super::report::printable;
use super::Target;
use super::report::{Fault, StepName};

/// The exit code of failures on the route to the server.
const NETWORK: u8 = 10;

/// Makes a fault on the route that no finding names.
fn fault(step: StepName, cause: String, observed: String, responsible: &str, remedy: &str) -> Fault {
    let (responsible, remedy) = (responsible.to_owned(), remedy.to_owned());
    Fault { step, exit_code: NETWORK, cause, observed, certificate: None, responsible, remedy }
}

/// Resolves the addresses of a host.
pub(super) fn resolve(target: &Target) -> Result<Vec<SocketAddr>, Box<Fault>> {
    let failed = |observed: String| {
        fault(
            StepName::Dns,
            format!("the name {} cannot be resolved", target.host),
            observed,
            "the operator of this side, or of the name service",
            "check the spelling of the name; if it exists only in the company's network, connect to that (VPN); \
             --connect-to ADDRESS:PORT bypasses the name service",
        )
    };
    let found = (target.host.as_str(), target.port).to_socket_addrs().map_err(|error| failed(error.to_string()))?;
    let addresses: Vec<_> = found.collect();
    if addresses.is_empty() { Err(failed("no address".to_owned()).into()) } else { Ok(addresses) }
}

/// Connects to the first address that answers.
pub(super) fn connect(addresses: &[SocketAddr], patience: Duration) -> Result<(TcpStream, SocketAddr), Box<Fault>> {
    let mut last = None;
    for address in addresses {
        let connected = TcpStream::connect_timeout(address, patience).and_then(|stream| {
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(patience))?;
            stream.set_write_timeout(Some(patience))?;
            Ok(stream)
        });
        match connected {
            Ok(stream) => return Ok((stream, *address)),
            Err(error) => last = Some((error, Some(*address))),
        }
    }
    let (error, address) = last.unwrap_or((io::ErrorKind::NotFound.into(), None));
    Err(unreached(&error, address).into())
}

/// Distinguishes dropped packets from a reset.
fn unreached(error: &io::Error, address: Option<SocketAddr>) -> Fault {
    let at = address.map(|address| address.to_string()).unwrap_or_default();
    let (cause, responsible, remedy) = match error.kind() {
        io::ErrorKind::ConnectionRefused => (
            format!("nothing is listening at {at}"),
            "the operator of the peer",
            "check the port, and that the server, or the load balancer in front of it, is running there",
        ),
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => (
            format!("{at} does not respond: something on the network path drops our packets"),
            "the network operators",
            "have the firewalls on both sides allow this address and port; check whether a VPN or --proxy is needed",
        ),
        _ => (
            format!("{at} cannot be reached"),
            "the operator of this side, or the network operators",
            "check the address and our own network, and whether a VPN or --proxy is needed",
        ),
    };
    fault(StepName::Tcp, cause, error.to_string(), responsible, remedy)
}

/// Asks the proxy behind `stream` for a connection to the server.
pub(super) fn tunnel(mut stream: &TcpStream, server: &Target) -> Result<String, Box<Fault>> {
    let failed = |observed: String, cause: &str, remedy: &str| {
        fault(StepName::Proxy, cause.to_owned(), observed, "the operator of the proxy", remedy)
    };
    let no_http = |observed: String| {
        failed(observed, "the proxy does not speak HTTP", "check its address and port, and whether it is an HTTP proxy")
    };
    let authority = server.authority();
    write!(stream, "CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n")
        .map_err(|error| no_http(error.to_string()))?;
    let mut head = Vec::new();
    // Not one byte more: the rest belongs to the server.
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        match stream.read(&mut byte) {
            Ok(1) if head.len() < MAX_HEAD => head.extend(byte),
            Ok(_) => return Err(no_http("an endless response".to_owned()).into()),
            Err(error) => return Err(no_http(error.to_string()).into()),
        }
    }
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut headers);
    response.parse(&head).map_err(|error| no_http(error.to_string()))?;
    let status = response.code.unwrap_or_default();
    let line = format!("HTTP {status} {}", printable(response.reason.unwrap_or_default()));
    let (cause, remedy) = match status {
        200..300 => return Ok(line),
        407 => ("the proxy requires a password", "have it exempt this host and port: this program sends no password"),
        403 => ("the proxy does not allow this server or this port", "have it allow CONNECT to this host and port"),
        _ => (
            "the proxy does not connect us to the server",
            "check that the proxy can reach the server, with its own name service and firewall",
        ),
    };
    Err(failed(line, cause, remedy).into())
}

/// Maximum size in bytes of a proxy's answer.
const MAX_HEAD: usize = 16_384;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_that_are_dropped_are_told_from_a_reset_and_from_a_network_without_a_route() {
        let address = Some(SocketAddr::from(([192, 0, 2, 7], 443)));
        let mut seen = Vec::new();
        for (kind, cause, responsible) in [
            (io::ErrorKind::ConnectionRefused, "nothing is listening at 192.0.2.7:443", "the operator of the peer"),
            (io::ErrorKind::TimedOut, "something on the network path drops our packets", "the network operators"),
            (io::ErrorKind::NetworkUnreachable, "192.0.2.7:443 cannot be reached", "the operator of this side"),
        ] {
            let fault = unreached(&kind.into(), address);
            assert!(fault.cause.contains(cause) && fault.responsible.starts_with(responsible), "{fault:?}");
            assert_eq!((fault.step, fault.exit_code), (StepName::Tcp, NETWORK));
            assert!(!seen.contains(&fault.remedy), "each has a remedy of its own");
            seen.push(fault.remedy);
        }
    }
}
