//! `endpoint.txt`: the server to which the device posts.

use embedded_mtls::x509::ServerName;
use mtls_pki::pem::quoted;
use std::net::{Ipv4Addr, SocketAddrV4};

/// The content of the file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) path: String,
    pub(crate) server_name: String,
    pub(crate) time_server: Option<SocketAddrV4>,
}

const KEYS: [&str; 5] = ["host", "port", "path", "server-name", "time-server"];

impl Endpoint {
    /// Reads lines `key = value`; empty lines and comments, which begin with `#`, are skipped.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut values: [Option<&str>; KEYS.len()] = [None; KEYS.len()];
        for (number, line) in (1..).zip(text.lines().map(str::trim)) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let wanted =
                || format!("line {number}: found another line, wanted `key = value` with a key of {}", KEYS.join(", "));
            let (key, value) = line.split_once('=').ok_or_else(wanted)?;
            let index = KEYS.iter().position(|known| *known == key.trim()).ok_or_else(wanted)?;
            let place = values.get_mut(index).ok_or_else(wanted)?;
            if place.replace(value.trim()).is_some() {
                return Err(format!("line {number}: found `{}` a second time, wanted it once", key.trim()));
            }
        }
        let [host, port, path, server_name, time_server] = values;
        let host = host.ok_or("found no `host`, wanted a host name or an IPv4 address")?;
        let path = path.unwrap_or("/");
        let server_name = server_name.unwrap_or(host);
        if host.parse::<Ipv4Addr>().is_err() {
            name("host", host)?;
        }
        name("server-name", server_name)?;
        if !path.starts_with('/') || !path.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(format!("found the path {}, wanted one that begins with `/` and has no spaces", quoted(path)));
        }
        Ok(Self {
            host: host.to_owned(),
            port: number("port", port.unwrap_or("443"), "a number from 1 to 65535").and_then(nonzero)?,
            path: path.to_owned(),
            server_name: server_name.to_owned(),
            time_server: time_server
                .map(|server| number("time-server", server, "an IPv4 address and a port such as 192.0.2.1:123"))
                .transpose()?,
        })
    }
}

fn name(key: &str, value: &str) -> Result<(), String> {
    let wanted = |_| format!("found {} as `{key}`, wanted a DNS name or an address", quoted(value));
    ServerName::parse(value).map(|_| ()).map_err(wanted)
}

fn number<T: std::str::FromStr>(key: &str, value: &str, wanted: &str) -> Result<T, String> {
    value.parse().map_err(|_| format!("found {} as `{key}`, wanted {wanted}", quoted(value)))
}

fn nonzero(port: u16) -> Result<u16, String> {
    if port == 0 { Err("found port 0, wanted a number from 1 to 65535".to_owned()) } else { Ok(port) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_can_be_omitted() {
        let endpoint = Endpoint::parse("# Whom we post to.\n\nhost=orders.example\r\n").unwrap();
        assert_eq!((endpoint.port, endpoint.path.as_str()), (443, "/"));
        assert_eq!((endpoint.server_name.as_str(), endpoint.time_server), ("orders.example", None));
    }

    #[test]
    fn every_request_can_be_written() {
        let text =
            "host = 192.0.2.7\nport = 8443\npath = /cxml?to=us\nserver-name = a.example\ntime-server = 192.0.2.1:123";
        let expected = Endpoint {
            host: "192.0.2.7".into(),
            port: 8443,
            path: "/cxml?to=us".into(),
            server_name: "a.example".into(),
            time_server: Some(SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 1), 123)),
        };
        assert_eq!(Endpoint::parse(text), Ok(expected));
    }

    #[test]
    fn each_mistake_is_named() {
        for (text, part) in [
            ("", "found no `host`"),
            ("hots = a.example", "found another line, wanted `key = value`"),
            ("host = a.example\nhost = b.example", "line 2: found `host` a second time"),
            ("host = -a b-", "found '-a b-' as `host`"),
            ("host = a.example\nport = 0", "found port 0"),
            ("host = a.example\nport = 65536", "found '65536' as `port`"),
            ("host = a.example\npath = orders", "found the path 'orders'"),
            ("host = a.example\nserver-name = ?", "found '?' as `server-name`"),
            ("host = a.example\ntime-server = pool.example", "wanted an IPv4 address and a port"),
        ] {
            let error = Endpoint::parse(text).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
