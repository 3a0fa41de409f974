//! Our client and Apache, set up as suppliers are told to: `SSLVerifyClient require`,
//! `SSLVerifyDepth 3`, `SSLCACertificateFile`, and the common name that they look for.

use crate::case::ClientCase;
use crate::http;
use crate::ours::{Gateway, Task};
use crate::process::print_of;
use crate::servers::{self, APACHE};
use crate::table::{End, Outcome, Role, Table};
use crate::web;
use crate::world::{World, free_port};
use embedded_mtls::{AlertDescription, NamedGroup};

pub(crate) fn rows(table: &mut Table, world: &World) {
    let peer = version().unwrap_or_else(|_missing| "Apache".into());
    for case in cases(world) {
        table.row(&peer, Role::Client, case.name, &case.expected, || run(&case, world));
    }
}

/// `Apache 2.4.66`.
fn version() -> Result<String, String> {
    let printed = print_of(APACHE, &["-v"])?;
    let version = printed.split(['/', ' ']).skip_while(|word| *word != "Apache").nth(1);
    Ok(format!("Apache {}", version.unwrap_or_default()))
}

fn run(case: &ClientCase, world: &World) -> Result<Outcome, String> {
    let port = free_port()?;
    web::prepare(world, case)?;
    let server = servers::apache(&world.files, port, case.shows, case.options)?;
    Ok(web::run(case, world, port, server))
}

fn cases(world: &World) -> Vec<ClientCase> {
    let only = |identity| Gateway::new(&[identity], &world.root);
    let good = only(&world.client_wanted);
    let order = |name| ClientCase::order(name, good);
    let refusing = |name, shows, alert, cause| ClientCase::refusing(name, good, shows, alert, cause);
    let refused = |name, gateway, alert: AlertDescription, reason: &str| ClientCase {
        expected: Outcome::of(End::Got(alert.0), End::Refused(reason.into()), &[]),
        ..ClientCase::refused(name, gateway, alert)
    };
    vec![
        order("an order, the right CN").facts(&["200 SUCCESS cxml-supplier.coupahost.com"]),
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
