//! Our programs and those of NSS, which Firefox is made with: `selfserv` and `tstclnt`.

use crate::http;
use crate::manners::NSS;
use crate::pki::SERVER_NAME;
use crate::process::{Process, missing};
use crate::program_case::{ProgramCase, usual};
use crate::programs::{NOTHING, ORDER_FILE, Programs};
use crate::table::{End, Outcome, Role, Table};
use crate::world::{World, free_port};
use embedded_mtls::AlertDescription as Alert;
use std::fs;
use std::path::Path;
use std::process::Command;

pub(crate) fn rows(table: &mut Table, world: &World, programs: &Programs) {
    for case in usual(&NSS) {
        let peer = match case.we_are {
            Role::Client => "NSS selfserv",
            Role::Server => "NSS tstclnt",
        };
        table.row(peer, case.we_are, case.name, &case.expected(), || match case.we_are {
            Role::Client => against_server(&case, world, programs),
            Role::Server => against_client(&case, world, programs),
        });
    }
}

fn against_server(case: &ProgramCase, world: &World, programs: &Programs) -> Result<Outcome, String> {
    let port = free_port()?;
    let line = format!("-d {} -n {NICKNAME} -p {port} -rr -v {}", database(world, case.it_shows)?, versions(case));
    let mut server = Process::start("selfserv", line.split_whitespace())?;
    server.await_sign("listened", |server| printed(server).contains("About to call accept"))?;
    let seen = programs.post(world, port, case.we_show, case.our_options)?;
    let told = |server: &Process| told(&printed(server));
    server.await_sign("told how it ended", |server| told(server).is_some())?;
    let (end, facts) = told(&server).unwrap_or_else(|| (End::Failed(String::new()), Vec::new()));
    Ok(seen.with_peer(end, &facts))
}

fn against_client(case: &ProgramCase, world: &World, programs: &Programs) -> Result<Outcome, String> {
    let (seen, (end, facts)) = programs.serve(world, case.we_show, case.our_options, |port| {
        let request = world.files.write("nss.request", http::post(world.files.read(ORDER_FILE).as_bytes()))?;
        let shows = if case.it_shows == NOTHING { String::new() } else { format!("-n {NICKNAME}") };
        let database = database(world, case.it_shows)?;
        let server = format!("-h 127.0.0.1 -p {port} -a {SERVER_NAME}");
        let line = format!("{server} -d {database} {shows} -A {request} {}", versions(case));
        let mut client = Process::start("tstclnt", line.split_whitespace())?;
        client.await_end()?;
        Ok(told(&printed(&client)).unwrap_or_else(|| (End::Failed(printed(&client)), Vec::new())))
    })?;
    Ok(seen.with_peer(end, &facts))
}

fn versions(case: &ProgramCase) -> &'static str {
    if case.its_options.contains(&"tls12") { "-V tls1.2:tls1.2" } else { "-V tls1.3:tls1.3" }
}

fn printed(program: &Process) -> String {
    String::from_utf8_lossy(&program.stdout()).into_owned() + &program.stderr()
}

/// Reads the end of its connection, once it is logged, and the peer that it saw.
fn told(printed: &str) -> Option<(End, Vec<String>)> {
    let says = |error: &&Error| {
        printed.contains(&format!("error {}:", error.number)) || printed.contains(&format!("{}:", error.name))
    };
    if let Some(error) = ERRORS.iter().find(says) {
        let end = error.alert.map_or_else(|| End::Refused(error.name.into()), |alert| End::Got(alert.0));
        return Some((end, Vec::new()));
    }
    let name = printed.split_once("subject DN: ")?.1.split([',', '\n']).next()?;
    Some((End::Done, vec![format!("it saw {name}")]))
}

/// An error of its library: `selfserv` prints its number, `tstclnt` its name.
struct Error {
    number: i32,
    name: &'static str,
    /// The alert of ours that it corresponds to.
    alert: Option<Alert>,
}

const fn own(number: i32, name: &'static str) -> Error {
    Error { number, name, alert: None }
}

const fn ours(number: i32, name: &'static str, alert: Alert) -> Error {
    Error { number, name, alert: Some(alert) }
}

const ERRORS: [Error; 12] = [
    own(-12285, "SSL_ERROR_NO_CERTIFICATE"),
    own(-12279, "SSL_ERROR_UNSUPPORTED_VERSION"),
    own(-12276, "SSL_ERROR_BAD_CERT_DOMAIN"),
    own(-8181, "SEC_ERROR_EXPIRED_CERTIFICATE"),
    own(-8179, "SEC_ERROR_UNKNOWN_ISSUER"),
    own(-8101, "SEC_ERROR_INADEQUATE_CERT_TYPE"),
    ours(-12271, "SSL_ERROR_BAD_CERT_ALERT", Alert::BAD_CERTIFICATE),
    ours(-12269, "SSL_ERROR_EXPIRED_CERT_ALERT", Alert::CERTIFICATE_EXPIRED),
    ours(-12225, "SSL_ERROR_UNSUPPORTED_CERT_ALERT", Alert::UNSUPPORTED_CERTIFICATE),
    ours(-12195, "SSL_ERROR_UNKNOWN_CA_ALERT", Alert::UNKNOWN_CA),
    ours(-12190, "SSL_ERROR_PROTOCOL_VERSION_ALERT", Alert::PROTOCOL_VERSION),
    ours(-12107, "SSL_ERROR_RX_CERTIFICATE_REQUIRED_ALERT", Alert::CERTIFICATE_REQUIRED),
];

/// The name of the one certificate in a database.
const NICKNAME: &str = "own";

/// A database with the trusted root and these PEM files. Each has its own: in a database of several, certificates of one
/// subject share their name.
pub(crate) fn database(world: &World, shows: &str) -> Result<String, String> {
    let directory = world.file(&format!("nss-{shows}"));
    let name = format!("sql:{directory}");
    if Path::new(&directory).exists() {
        return Ok(name);
    }
    fs::create_dir(&directory).map_err(|error| format!("{directory}: {error}"))?;
    let root = world.file("root.pem");
    run("certutil", &["-N", "-d", &name, "--empty-password"])?;
    run("certutil", &["-A", "-d", &name, "-n", "root", "-t", "CT,C,", "-i", &root])?;
    if shows != NOTHING {
        let file = |end: &str| world.file(&format!("{shows}.{end}"));
        let (chain, key, both) = (file("pem"), file("key"), format!("{directory}/both.p12"));
        let to = ["pkcs12", "-export", "-in", &chain, "-inkey", &key, "-name", NICKNAME];
        run("openssl", &[&to[..], &["-passout", "pass:", "-out", &both]].concat())?;
        run("pk12util", &["-i", &both, "-d", &name, "-W", "", "-K", ""])?;
    }
    Ok(name)
}

fn run(program: &str, arguments: &[&str]) -> Result<(), String> {
    let output = Command::new(program).args(arguments).output().map_err(|error| missing(program, &error))?;
    let said = [output.stdout, output.stderr].concat();
    if output.status.success() { Ok(()) } else { Err(format!("{program}: {}", String::from_utf8_lossy(&said))) }
}
