//! Suppliers on the host's loopback: ours, OpenSSL, nginx, Apache.

use crate::process::Process;
use crate::servers::{self, ERRORS, REQUESTS};
use crate::world::World;
use std::env;
use std::path::PathBuf;

/// The answer on behalf of a peer that is not a supplier.
const ANSWER: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<cXML payloadID=\"2@supplier\" \
                      timestamp=\"2026-11-22T04:00:01Z\"><Response><Status code=\"200\" text=\"OK\"/></Response></cXML>\n";
/// The end of an order.
const END_OF_ORDER: &[u8] = b"</cXML>\n";

/// A kind of supplier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The program of this repository.
    Ours,
    /// `openssl s_server -Verify 3`; answers with this document and HTTP status.
    OpenSsl,
    /// The same for three connections, of which it prints whether they resume a session.
    OpenSslOfMany,
    /// The same as the first without asking for a certificate.
    OpenSslAskingNobody,
    /// `ssl_verify_client on`.
    Nginx,
    /// `gnutls-serv --echo --require-client-cert`; what it answers is the order itself.
    GnuTls,
    /// `SSLVerifyClient require`, and `Require expr` of a common name.
    Apache,
}

/// A running supplier. It ends with this value.
pub(crate) struct Peer {
    kind: Kind,
    process: Process,
}

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ours => "our supplier",
            Self::OpenSsl | Self::OpenSslOfMany => "openssl s_server -Verify 3",
            Self::OpenSslAskingNobody => "openssl s_server",
            Self::Nginx => "nginx, ssl_verify_client on",
            Self::GnuTls => "gnutls-serv --require-client-cert",
            Self::Apache => "Apache, SSLVerifyClient require",
        }
    }
}

impl Peer {
    /// Starts a supplier with the PEM files named `shows`.
    pub(crate) fn start(kind: Kind, world: &World, port: u16, shows: &str, options: &[&str]) -> Result<Self, String> {
        for log in [REQUESTS, ERRORS] {
            world.files.write(log, "")?;
        }
        world.files.write("order", ANSWER)?;
        let mut process = match kind {
            Kind::Ours => Process::start(&program("supplier")?, ours(world, port, shows, options))?,
            Kind::OpenSsl | Kind::OpenSslOfMany | Kind::OpenSslAskingNobody => {
                Process::start("openssl", openssl(kind, world, port, shows, options))?
            }
            Kind::Nginx => servers::nginx(&world.files, port, shows, options)?,
            Kind::GnuTls => Process::start("gnutls-serv", gnutls(world, port, shows))?,
            Kind::Apache => servers::apache(&world.files, port, shows, options)?,
        };
        match kind {
            Kind::Ours => process.await_sign("listened", |process| process.stdout().starts_with(b"listening on"))?,
            Kind::GnuTls | Kind::Nginx | Kind::Apache => process.await_port(port)?,
            // It takes one connection; the firmware tries again until it listens.
            Kind::OpenSsl | Kind::OpenSslOfMany | Kind::OpenSslAskingNobody => {}
        }
        Ok(Self { kind, process })
    }

    /// Answers the order on behalf of a peer that does not do so. Returns the order.
    pub(crate) fn attend(&mut self) -> Result<Vec<u8>, String> {
        if !matches!(self.kind, Kind::OpenSsl | Kind::OpenSslOfMany) {
            return Ok(Vec::new());
        }
        self.process.await_sign("got the order", |process| process.stdout().ends_with(END_OF_ORDER))?;
        let came = self.process.stdout();
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", ANSWER.len());
        self.process.write(format!("{head}{ANSWER}").as_bytes())?;
        Ok(came)
    }

    /// Returns its output.
    pub(crate) fn printed(&self) -> String {
        String::from_utf8_lossy(&self.process.stdout()).into_owned()
    }
}

fn ours(world: &World, port: u16, shows: &str, options: &[&str]) -> Vec<String> {
    let mut words = vec!["--listen".into(), format!("127.0.0.1:{port}")];
    let (cert, key) = (world.file(&format!("{shows}.pem")), world.file(&format!("{shows}.key")));
    words.extend(["--cert".into(), cert, "--key".into(), key, "--client-ca".into(), world.file("root.pem")]);
    words.extend(options.iter().map(ToString::to_string));
    words
}

fn openssl(kind: Kind, world: &World, port: u16, shows: &str, options: &[&str]) -> Vec<String> {
    let connections = if kind == Kind::OpenSslOfMany { &["-naccept", "3"][..] } else { &["-naccept", "1", "-quiet"] };
    let mut words: Vec<String> = ["s_server", "-tls1_3"].iter().chain(connections).map(ToString::to_string).collect();
    if kind != Kind::OpenSslAskingNobody {
        words.extend(["-Verify", "3", "-verify_return_error"].map(String::from));
    }
    for (option, value) in [
        ("-accept", format!("127.0.0.1:{port}")),
        ("-cert", world.file(&format!("{shows}.leaf.pem"))),
        ("-cert_chain", world.file(&format!("{shows}.issuers.pem"))),
        ("-key", world.file(&format!("{shows}.key"))),
        ("-CAfile", world.file("root.pem")),
    ] {
        words.extend([option.into(), value]);
    }
    words.extend(options.iter().map(ToString::to_string));
    words
}

fn gnutls(world: &World, port: u16, shows: &str) -> Vec<String> {
    let usual = ["--echo", "--crlf", "--verify-client-cert", "--require-client-cert"].map(String::from);
    let of_run = [
        format!("--port={port}"),
        format!("--x509certfile={}", world.file(&format!("{shows}.pem"))),
        format!("--x509keyfile={}", world.file(&format!("{shows}.key"))),
        format!("--x509cafile={}", world.file("root.pem")),
    ];
    usual.into_iter().chain(of_run).collect()
}

/// The program of this repository, beside this one.
pub(crate) fn program(name: &str) -> Result<String, String> {
    let here = env::current_exe().map_err(|error| error.to_string())?;
    let path: PathBuf = here.with_file_name(name);
    if path.exists() {
        Ok(path.display().to_string())
    } else {
        Err(format!("there is no {}: cargo build --package mtls, or cargo xtask qemu", path.display()))
    }
}
