//! The endpoint to connect to, from a URL.

/// Host, port and path of an `https` URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// Host and port.
    pub(crate) address: String,
    /// The host alone: the name that the server must prove.
    pub(crate) host: String,
    /// The path, if there is one.
    pub(crate) path: Option<String>,
}

impl Endpoint {
    /// Returns the Host field: the authority of the URL, without the port if it is the usual one (RFC 9110 section 7.2).
    pub(crate) fn authority(&self) -> &str {
        self.address.strip_suffix(":443").unwrap_or(&self.address)
    }

    /// Parses `https://HOST[:PORT][/PATH]`, with IPv6 addresses in brackets.
    pub(crate) fn parse(url: &str) -> Option<Self> {
        let rest = url.strip_prefix("https://")?;
        let (authority, path) = match rest.find('/') {
            Some(slash) => (rest.get(..slash)?, Some(rest.get(slash..)?.to_owned())),
            None => (rest, None),
        };
        let has_port = authority.rsplit_once(':').filter(|(host, _)| !host.starts_with('[') || host.ends_with(']'));
        let (host, port) = has_port.unwrap_or((authority, "443"));
        let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic() && !b"@?#".contains(&byte));
        if host.is_empty() || port.parse::<u16>().is_err() || !plain(rest) {
            return None;
        }
        let name = host.strip_prefix('[').map_or(Some(host), |inner| inner.strip_suffix(']'))?;
        Some(Self { address: format!("{host}:{port}"), host: name.to_owned(), path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_a_host_a_port_and_a_path() {
        for (url, address, host, path) in [
            ("https://supplier.example", "supplier.example:443", "supplier.example", None),
            ("https://supplier.example/", "supplier.example:443", "supplier.example", Some("/")),
            ("https://10.0.0.1:8443/cxml/in", "10.0.0.1:8443", "10.0.0.1", Some("/cxml/in")),
            ("https://[::1]:8443", "[::1]:8443", "::1", None),
            ("https://[2001:db8::1]/x", "[2001:db8::1]:443", "2001:db8::1", Some("/x")),
        ] {
            let endpoint = Endpoint::parse(url).unwrap();
            assert_eq!((endpoint.address.as_str(), endpoint.host.as_str()), (address, host));
            assert_eq!(endpoint.path.as_deref(), path);
        }
        let authority = |url| Endpoint::parse(url).unwrap().authority().to_owned();
        assert_eq!(authority("https://supplier.example/orders"), "supplier.example");
        assert_eq!(authority("https://supplier.example:443"), "supplier.example");
        assert_eq!(authority("https://[::1]:8443/"), "[::1]:8443");
        for url in
            ["http://a", "https://", "https://a:x", "https://a:70000", "https://u@a", "https://a b", "https://[::1"]
        {
            assert_eq!(Endpoint::parse(url), None, "{url}");
        }
    }
}
