//! Our client and Apache, set up as suppliers usually do: `SSLVerifyClient require`,
//! `SSLVerifyDepth 3`, `SSLCACertificateFile`, and the common name that they require.

use crate::case::ClientCase;
use crate::http;
use crate::ours::{Gateway, Task};
use crate::process::print_of;
use crate::servers::{self, APACHE};
use crate::table::{End, Outcome, Role, Table};
use crate::web;
use crate::world::{World, free_port};
use embedded_mtls::crypto::rustcrypto::RustCrypto;
use embedded_mtls::io::std::system_time;
use embedded_mtls::x509::{Time, UnixTime, Validator};
use embedded_mtls::{AlertDescription, Error, NamedGroup};
use embedded_mtls_operator::variables::{Variable, Verify};

/// The log of Apache's variables for the client's certificate, where a case requires it.
const VARIABLES: &str = "variables.log";

pub(crate) fn rows(table: &mut Table, world: &World) {
    let peer = version().unwrap_or_else(|_missing| "Apache".into());
    for case in cases(world) {
        table.row(&peer, Role::Client, case.name, &case.expected, || run(&case, world));
    }
}

/// `Apache 2.4.66`.
pub(crate) fn version() -> Result<String, String> {
    let printed = print_of(APACHE, &["-v"])?;
    let version = printed.split(['/', ' ']).skip_while(|word| *word != "Apache").nth(1);
    Ok(format!("Apache {}", version.unwrap_or_default()))
}

fn run(case: &ClientCase, world: &World) -> Result<Outcome, String> {
    let port = free_port()?;
    web::prepare(world, case)?;
    world.files.write(VARIABLES, "")?;
    let server = servers::apache(&world.files, port, case.shows, case.options)?;
    let outcome = web::run(case, world, port, server);
    // In its logs a backslash is written twice.
    let variables = world.files.read(VARIABLES).replace("\\\\", "\\");
    Ok(outcome.and(&variables.lines().collect::<Vec<_>>()))
}

/// Returns our variables for a certificate under Apache's names, without those that Apache lacks, and without the days
/// left if their number changes in the next quarter of an hour.
fn variables(der: &[u8]) -> Result<Vec<String>, Error> {
    let mut memory = [0; 2048];
    let mut validator = Validator::new(&mut memory);
    validator.push(RustCrypto, der)?;
    let at = |seconds: i64| match system_time() {
        Time::Trusted(now) => UnixTime(now.0 + seconds),
        _ => UnixTime(0),
    };
    let lines = |now| -> Vec<String> {
        let identity = validator.identity().into_iter();
        let variables = identity.flat_map(|identity| Variable::all_of(&identity, now, Verify::Success));
        variables.map(|variable| format!("{}={}", variable.name, variable.value)).collect()
    };
    let later = lines(at(900));
    let known =
        |line: &String| !["SHA256=", "SAN_IP_"].iter().any(|ours| line.starts_with(ours)) && later.contains(line);
    Ok(lines(at(0)).into_iter().filter(known).collect())
}

/// Lets Apache write each of these variables in a line.
fn log_of(variables: &[String]) -> String {
    let names = variables.iter().filter_map(|line| line.split_once('=')).map(|(name, _)| name);
    let lines: Vec<_> = names.map(|name| format!("{name}=%{{SSL_CLIENT_{name}}}x")).collect();
    format!("CustomLog {VARIABLES} \"{}\"", lines.join("\\n"))
}

/// `SSLVerifyClient` in a location, and nowhere else.
const LATE: &[&str] =
    &["SSLVerifyClient none", "<Location /order>", "SSLVerifyClient require", "SSLVerifyDepth 3", "</Location>"];

fn cases(world: &World) -> Vec<ClientCase> {
    [accepted(world), late(world), refused(world)].into_iter().flatten().collect()
}

fn accepted(world: &World) -> Vec<ClientCase> {
    let only = |identity| Gateway::new(&[identity], &world.root);
    let good = only(&world.client_wanted);
    let order = |name| ClientCase::order(name, good);
    let detailed = variables(&world.client_detailed.chain[0]).unwrap_or_default();
    let log: &'static str = Box::leak(log_of(&detailed).into_boxed_str());
    let detailed: Vec<&str> = detailed.iter().map(String::as_str).collect();
    vec![
        order("an order, the right CN").facts(&["200 SUCCESS cxml-supplier.example"]),
        ClientCase::order("it knows of us what we would know", only(&world.client_detailed))
            .options(Box::leak(Box::new([log])))
            .facts(&detailed),
        ClientCase {
            expected: Outcome::done(&["HTTP 403", "403 SUCCESS gateway-7"]),
            ..ClientCase::order("an order, another CN", only(&world.client))
        },
        order("100 KB each way").task(Task::Post(http::much())),
        order("only P-256: HelloRetryRequest").options(&["SSLOpenSSLConfCmd Curves P-256"]).facts(&["secp256r1"]),
        order("we prefer P-256")
            .config(|config| config.with_groups(&[NamedGroup::SECP256R1, NamedGroup::X25519]))
            .facts(&["secp256r1"]),
        order("AES-256-GCM")
            .options(&["SSLCipherSuite TLSv1.3 TLS_AES_256_GCM_SHA384"])
            .facts(&["TLS_AES_256_GCM_SHA384"]),
        // Apache counts the root, too.
        ClientCase::order("two intermediates and the root, depth 3", only(&world.client_deep)),
    ]
}

/// One resource only: Apache asks when it is asked for it.
fn late(world: &World) -> Vec<ClientCase> {
    let order = |name| ClientCase::order(name, Gateway::new(&[&world.client_wanted], &world.root));
    vec![
        order("only for one location, we offer to answer late")
            .config(|config| config.with_post_handshake_auth(true))
            .options(LATE)
            .facts(&["200 SUCCESS cxml-supplier.example", "Accepted"]),
        order("only for one location, 100 KB each way")
            .task(Task::Post(http::much()))
            .config(|config| config.with_post_handshake_auth(true))
            .options(LATE)
            .facts(&["Accepted"]),
        ClientCase {
            expected: Outcome::done(&["HTTP 403", "403 NONE -"]),
            ..order("only for one location, we do not offer it: AH10158")
        }
        .options(LATE),
        ClientCase {
            // Not HTTP 403: Apache ends the connection.
            expected: Outcome::of(End::Got(AlertDescription::CERTIFICATE_REQUIRED.0), End::Done, &["403 - -"]),
            ..ClientCase::order("only for one location, we have no certificate", Gateway::new(&[], &world.root))
        }
        .config(|config| config.with_post_handshake_auth(true))
        .options(LATE),
    ]
}

fn refused(world: &World) -> Vec<ClientCase> {
    let only = |identity| Gateway::new(&[identity], &world.root);
    let good = only(&world.client_wanted);
    let refusing = |name, shows, alert, cause| ClientCase::refusing(name, good, shows, alert, cause);
    let refused = |name, gateway, alert: AlertDescription, reason: &str| ClientCase {
        expected: Outcome::of(End::Got(alert.0), End::Refused(reason.into()), &[]),
        ..ClientCase::refused(name, gateway, alert)
    };
    vec![
        refused(
            "two intermediates and the root, depth 2",
            only(&world.client_deep),
            AlertDescription::INTERNAL_ERROR,
            "certificate verify failed",
        )
        .options(&["SSLVerifyDepth 2"]),
        refused(
            "we have no certificate",
            Gateway::new(&[], &world.root),
            AlertDescription::CERTIFICATE_REQUIRED,
            "peer did not return a certificate -- No CAs known to server for verification?",
        ),
        refused(
            "ours is of another CA",
            only(&world.client_of_other_root).heedless(),
            AlertDescription::UNKNOWN_CA,
            "certificate verify failed",
        ),
        refused(
            "ours has expired",
            only(&world.client_expired),
            AlertDescription::CERTIFICATE_EXPIRED,
            "certificate verify failed",
        ),
        refused("it speaks only TLS 1.2", good, AlertDescription::PROTOCOL_VERSION, "unsupported protocol")
            .options(&["SSLProtocol TLSv1.2"]),
        refusing(
            "its certificate is of another CA",
            "server-of-other-root",
            AlertDescription::UNKNOWN_CA,
            "UnknownIssuer",
        ),
        refusing("its certificate has expired", "server-expired", AlertDescription::CERTIFICATE_EXPIRED, "Expired"),
        refusing("it has another name", "server-of-other-name", AlertDescription::BAD_CERTIFICATE, "NameMismatch"),
    ]
}
