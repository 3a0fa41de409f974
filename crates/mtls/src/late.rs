//! Requests for the client's certificate on certain paths only, as Apache makes with `SSLVerifyClient` in a
//! `<Location>` (RFC 9846 section 4.7.2).
//!
//! The HTTP request that causes this came before the certificate, from the same end of the same connection: it is
//! attributed to the identity that this end then proves. With clients that let others make requests over their
//! connections, as browsers do, that would need more care.

use std::io;

use embedded_mtls::credential::Choice;
use embedded_mtls::io::blocking::Stream;
use embedded_mtls::io::{Failure, Host};
use embedded_mtls::{ApiMisuse, ClientAuth, ClientAuthStatus, Server};

use super::tls::Timed;

/// The outcome of a request for the client's certificate.
#[derive(Debug)]
pub(crate) enum Late {
    /// The client is authenticated.
    Known,
    /// The client is not authenticated, and gets HTTP 403 with this sentence.
    Unknown(&'static str),
}

/// Tells a client that it did not offer post-handshake authentication, in the terms of Apache.
const NOT_OFFERED: &str = "this path requires your certificate, but your client has not offered Post-Handshake Authentication \
                           (TLS extension post_handshake_auth); gateway --post-handshake-auth, openssl s_client \
                           -enable_pha and curl do";
/// Tells a client that it sent no certificate when requested. It begins as the message of nginx does.
const DECLINED: &str = "No required SSL certificate was sent: your client was asked for it and sent none";
/// Tells a client that it continued without an answer.
const IGNORED: &str = "this path requires your certificate, but your client sent something else when asked for it";

/// Parts of a path that has several spellings.
const ODD: [&str; 5] = ["%", "//", "/.", "\\", ";"];

/// Returns whether a path can be guarded: it has a single spelling, and no query.
pub(crate) fn can_guard(path: &str) -> bool {
    let plain = path.bytes().all(|byte| byte.is_ascii_graphic()) && !path.contains(['?', '#']);
    path.starts_with('/') && plain && !ODD.iter().any(|odd| path.contains(odd))
}

/// Returns whether a request is for one of `paths`, or for a path below it.
pub(crate) fn guards(paths: &[String], target: &str) -> bool {
    let path = target.split(['?', '#']).next().unwrap_or_default();
    // Whatever could be another spelling of one of them counts as one of them.
    let plain = path.starts_with('/') && !ODD.iter().any(|odd| path.contains(odd));
    let below = |guarded: &String| {
        let rest = path.strip_prefix(guarded.trim_end_matches('/'));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    !paths.is_empty() && (!plain || paths.iter().any(below))
}

/// Requests the client's certificate, and waits for the answer.
pub(crate) fn ask<'b>(
    stream: &mut Stream<'b, Timed, Server>,
    host: &mut impl Host<Choice = Choice<'b>>,
    client_auth: ClientAuth<'b>,
) -> Result<Late, Failure<io::Error>> {
    match stream.hosted(host).request_certificate(client_auth) {
        Ok(Some(ClientAuthStatus::Accepted)) => Ok(Late::Known),
        Ok(Some(_)) => Ok(Late::Unknown(DECLINED)),
        Ok(None) => Ok(Late::Unknown(IGNORED)),
        Err(Failure::Tls(error)) if error == ApiMisuse::PostHandshakeAuthNotOffered.into() => {
            Ok(Late::Unknown(NOT_OFFERED))
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_guards_itself_the_paths_below_it_and_their_other_spellings() {
        let paths = ["/orders".to_owned(), "/stock/".to_owned()];
        for target in
            ["/orders", "/orders?new=1", "/orders/7", "/stock", "/stock/", "/%6frders", "//orders", "/a/../orders"]
        {
            assert!(guards(&paths, target), "{target}");
        }
        for target in ["/", "/order", "/orders2", "/public?orders", "/stocks"] {
            assert!(!guards(&paths, target), "{target}");
        }
        assert!(guards(&paths, "http://supplier.example/orders") && guards(&paths, "*"));
        assert!(guards(&["/".to_owned()], "/anything"));
        assert!(!guards(&[], "/%6frders") && guards(&paths, "/orders;x"));
        for odd in [
            "orders",
            "",
            "/orders?new",
            "/orders#x",
            "/a%20b",
            "//orders",
            "/a/../orders",
            "/orders;x",
            "/a\\b",
            "/a b",
            "/ä",
        ] {
            assert!(!can_guard(odd), "{odd}");
        }
        assert!(can_guard("/orders") && can_guard("/") && can_guard("/a/b-c_d/"));
    }
}
