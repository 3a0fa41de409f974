//! Our client and nginx.

use crate::case::ClientCase;
use crate::http;
use crate::ours::{Gateway, Task};
use crate::process::print_of;
use crate::servers;
use crate::table::{End, Outcome, Role, Table};
use crate::web;
use crate::world::{World, free_port};
use embedded_mtls::{AlertDescription, NamedGroup};

pub(crate) fn rows(table: &mut Table, world: &World) {
    let peer = version().unwrap_or_else(|_missing| "nginx".into());
    for case in cases(world) {
        table.row(&peer, Role::Client, case.name, &case.expected, || run(&case, world));
    }
}

/// `nginx 1.22.1`.
pub(crate) fn version() -> Result<String, String> {
    let printed = print_of("nginx", &["-v"])?;
    Ok(printed.rsplit('/').next().map(|version| format!("nginx {}", version.trim())).unwrap_or_default())
}

fn run(case: &ClientCase, world: &World) -> Result<Outcome, String> {
    let port = free_port()?;
    web::prepare(world, case)?;
    let server = servers::nginx(&world.files, port, case.shows, case.options)?;
    Ok(web::run(case, world, port, server))
}

fn cases(world: &World) -> Vec<ClientCase> {
    let only = |identity| Gateway::new(&[identity], &world.root);
    let good = only(&world.client);
    let order = |name, gateway| ClientCase::order(name, gateway);
    // nginx lets everybody in and answers 400 to those that it would refuse.
    let answered = |name, gateway, verdict| {
        let expected = Outcome::of(End::Done, End::Done, &["HTTP 400", verdict]);
        ClientCase { expected, ..ClientCase::order(name, gateway) }
    };
    let refusing = |name, shows, alert, cause| ClientCase::refusing(name, good, shows, alert, cause);
    vec![
        order("an order", good).facts(&["200 SUCCESS CN=gateway-7,O=Example"]),
        order("an order, with embedded-mtls-micro", good.with_micro()).facts(&["secp256r1"]),
        order("100 KB each way", good).task(Task::Post(http::much())),
        order("100 KB each way, 1 KiB of buffer", good.with_rx(1024)).task(Task::Post(http::much())),
        order("only P-256: HelloRetryRequest", good).options(&["ssl_ecdh_curve prime256v1;"]).facts(&["secp256r1"]),
        order("we prefer P-256", good)
            .config(|config| config.with_groups(&[NamedGroup::SECP256R1, NamedGroup::X25519]))
            .facts(&["secp256r1"]),
        // OpenSSL counts the certificates between the client and the root.
        order("two intermediates, depth 2", only(&world.client_deep)).options(&["ssl_verify_depth 2;"]),
        answered(
            "two intermediates, depth 1",
            only(&world.client_deep),
            "400 FAILED:unable to get local issuer certificate CN=cxml-supplier.example,O=Example",
        )
        .options(&["ssl_verify_depth 1;"]),
        answered("we have no certificate", Gateway::new(&[], &world.root), "400 NONE -"),
        answered(
            "ours is of another CA",
            only(&world.client_of_other_root).heedless(),
            "400 FAILED:unable to get local issuer certificate CN=gateway-7,O=Example",
        ),
        answered(
            "ours has expired",
            only(&world.client_expired),
            "400 FAILED:certificate has expired CN=gateway-7,O=Example",
        ),
        answered(
            "ours is for servers",
            only(&world.server),
            "400 FAILED:unsuitable certificate purpose CN=supplier.example.com,O=Example",
        ),
        ClientCase {
            expected: Outcome::of(
                End::Got(AlertDescription::PROTOCOL_VERSION.0),
                End::Refused("unsupported protocol".into()),
                &[],
            ),
            ..ClientCase::refused("it speaks only TLS 1.2", good, AlertDescription::PROTOCOL_VERSION)
        }
        .options(&["ssl_protocols TLSv1.2;"]),
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
