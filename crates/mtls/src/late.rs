//! Clients that are asked for their certificate when they come to certain paths only, as Apache does with `SSLVerifyClient`
//! in a `<Location>` (RFC 9846 section 4.7.2).
//!
//! The request that makes the supplier ask came before the certificate, from the same end of the same connection: it is
//! answered as one of whoever that end then proves to be. Behind a program that lets others make requests with its
//! connections, as a browser does, that would need a second look.

use std::io;

use embedded_mtls::credential::Choice;
use embedded_mtls::io::blocking::Stream;
use embedded_mtls::io::{Failure, Host};
use embedded_mtls::{ApiMisuse, ClientAuth, ClientAuthStatus, Server};

use super::tls::Timed;

/// The outcome of asking.
#[derive(Debug)]
pub(crate) enum Late {
    /// The client has shown who it is.
    Known,
    /// It has not, and gets HTTP 403 with this sentence.
    Unknown(&'static str),
}

/// Tells a client that it has not offered to show a certificate after the handshake. Apache has the same term for it.
const NOT_OFFERED: &str = "this path requires your certificate, but your client has not offered Post-Handshake Authentication \
                           (TLS extension post_handshake_auth); gateway --post-handshake-auth, openssl s_client \
                           -enable_pha and curl do";
/// Tells a client that it was asked and showed none. It begins as nginx begins.
const DECLINED: &str = "No required SSL certificate was sent: your client was asked for it and sent none";
/// Tells a client that it went on without an answer.
const IGNORED: &str = "this path requires your certificate, but your client sent something else when asked for it";

/// Parts that make a path one that can be written in another way.
const ODD: [&str; 5] = ["%", "//", "/.", "\\", ";"];

/// Returns whether a path can be guarded: it is written in one way only, and has nothing behind it.
pub(crate) fn can_guard(path: &str) -> bool {
    let plain = path.bytes().all(|byte| byte.is_ascii_graphic()) && !path.contains(['?', '#']);
    path.starts_with('/') && plain && !ODD.iter().any(|odd| path.contains(odd))
}

/// Returns whether a request is for one of `paths`, or for something below it.
pub(crate) fn guards(paths: &[String], target: &str) -> bool {
    let path = target.split(['?', '#']).next().unwrap_or_default();
    // What could be another way to write one of them counts as one of them.
    let plain = path.starts_with('/') && !ODD.iter().any(|odd| path.contains(odd));
    let below = |guarded: &String| {
        let rest = path.strip_prefix(guarded.trim_end_matches('/'));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    !paths.is_empty() && (!plain || paths.iter().any(below))
}

/// Asks the client who it is, and waits for its answer.
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
    fn a_path_guards_itself_what_is_below_it_and_whatever_may_be_another_way_to_write_it() {
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
