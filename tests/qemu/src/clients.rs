//! Clients on the host that post an order to a machine.

use crate::peers::program;
use crate::pki::SERVER_NAME;
use crate::process::Process;
use crate::world::World;

/// A kind of client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The program of this repository.
    Ours,
    /// `curl --cert`.
    Curl,
    /// `openssl s_client -cert`.
    OpenSsl,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Ours, Self::Curl, Self::OpenSsl];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ours => "our gateway on the host",
            Self::Curl => "curl --cert",
            Self::OpenSsl => "openssl s_client -cert",
        }
    }

    /// Posts the order of the examples to `port` with the PEM files named `shows`; returns the output.
    pub(crate) fn post(self, world: &World, port: u16, shows: &str) -> Result<String, String> {
        let (root, cert) = (world.file("root.pem"), world.file(&format!("{shows}.pem")));
        let (key, order) = (world.file(&format!("{shows}.key")), order());
        let (address, at) = (format!("127.0.0.1:{port}"), format!("@{order}"));
        let mut process = match self {
            Self::Ours => {
                let words = ["--connect", &address, "--server-name", SERVER_NAME, "--ca", &root];
                let more = ["--cert", &cert, "--key", &key, "--order", &order];
                Process::start(&program("gateway")?, words.into_iter().chain(more))?
            }
            Self::Curl => curl(world, port, shows, &["-H", "Content-Type: text/xml", "--data-binary", &at], "orders")?,
            Self::OpenSsl => {
                let words = ["s_client", "-quiet", "-connect", &address, "-CAfile", &root, "-verify_return_error"];
                let leaf = world.file(&format!("{shows}.leaf.pem"));
                let issuers = world.file(&format!("{shows}.issuers.pem"));
                let more = ["-cert", &leaf, "-cert_chain", &issuers, "-key", &key, "-servername", SERVER_NAME];
                let mut process = Process::start("openssl", words.into_iter().chain(more))?;
                process.write(&request()?)?;
                process
            }
        };
        process.await_end()?;
        Ok(format!("{}{}", String::from_utf8_lossy(&process.stdout()), process.stderr()))
    }
}

/// Requests the page of a machine at `port` with curl; gives what it printed.
pub(crate) fn page(world: &World, port: u16, shows: &str) -> Result<String, String> {
    let mut curl = curl(world, port, shows, &["--max-time", "30"], "")?;
    curl.await_end()?;
    Ok(format!("{}{}", String::from_utf8_lossy(&curl.stdout()), curl.stderr()))
}

/// Starts curl with the PEM files named `shows`.
fn curl(world: &World, port: u16, shows: &str, options: &[&str], path: &str) -> Result<Process, String> {
    let file = |end: &str| world.file(&format!("{shows}.{end}"));
    let (root, cert, key) = (world.file("root.pem"), file("pem"), file("key"));
    let url = format!("https://{SERVER_NAME}:{port}/{path}");
    let resolve = format!("{SERVER_NAME}:{port}:127.0.0.1");
    let words = ["-sS", "--resolve", &resolve, "--cacert", &root, "--cert", &cert, "--key", &key];
    Process::start("curl", words.into_iter().chain(options.iter().copied()).chain([url.as_str()]))
}

/// The order of the examples.
fn order() -> String {
    format!("{}/../../examples/data/order.xml", env!("CARGO_MANIFEST_DIR"))
}

fn request() -> Result<Vec<u8>, String> {
    let order = std::fs::read(order()).map_err(|error| error.to_string())?;
    let head = format!("POST /orders HTTP/1.1\r\nHost: {SERVER_NAME}\r\nContent-Length: {}\r\n\r\n", order.len());
    Ok([head.as_bytes(), &order].concat())
}
