//! Our client and a server of rustls, our server and a client of rustls.

use crate::case::{ClientCase, ServerCase};
use crate::http;
use crate::ours::{Gateway, SupplierSetup, Task};
use crate::process::locked_version;
use crate::rustls_peer::{Ended, Options, run_client, start_server};
use crate::table::{End, Outcome, Role, Table};
use crate::world::{Identity, World};
use embedded_mtls::{AlertDescription, NamedGroup};
use rustls::CipherSuite;
use rustls::crypto::ring::kx_group::{SECP256R1, SECP384R1, X25519};

pub(crate) fn rows(table: &mut Table, world: &World) {
    let peer = format!("rustls {} (ring)", locked_version("rustls"));
    let cases = [orders(world), refused(world), refusing(world)];
    for (case, identity, options) in cases.into_iter().flatten() {
        table.row(&peer, Role::Client, case.name, &case.expected, || serve(&case, world, identity, &options));
    }
    let cases = [orders_to_us(world), refused_by_us(world), refusing_us(world)];
    for (case, identity, options) in cases.into_iter().flatten() {
        table.row(&peer, Role::Server, case.name, &case.expected, || call(&case, world, identity, &options));
    }
}

type Served<'w> = (ClientCase, &'w Identity, Options);
type Called<'w> = (ServerCase, Option<&'w Identity>, Options);

fn serve(case: &ClientCase, world: &World, identity: &Identity, options: &Options) -> Result<Outcome, String> {
    let server = start_server(identity, &world.root, options)?;
    let ended = case.gateway.run(server.port, case.task);
    let body = if let Task::Post(order) | Task::PostAfterKeyUpdate(order) = case.task {
        http::answer_to(order)
    } else {
        Vec::new()
    };
    let Ended { end, facts } = server.thread.join().map_err(|_| "rustls panicked")?;
    Ok(ended.with_peer(end, &body).and(&facts))
}

fn call(case: &ServerCase, world: &World, identity: Option<&Identity>, options: &Options) -> Result<Outcome, String> {
    let supplier = case.supplier.start()?;
    let Ended { end, facts } = run_client(identity, &world.root, options, supplier.port, case.order)?;
    Ok(supplier.join().with_peer(end, case.order).and(&facts))
}

fn suites() -> [(&'static str, CipherSuite, &'static str); 3] {
    [
        ("AES-128-GCM", CipherSuite::TLS13_AES_128_GCM_SHA256, "TLS_AES_128_GCM_SHA256"),
        ("AES-256-GCM", CipherSuite::TLS13_AES_256_GCM_SHA384, "TLS_AES_256_GCM_SHA384"),
        ("ChaCha20-Poly1305", CipherSuite::TLS13_CHACHA20_POLY1305_SHA256, "TLS_CHACHA20_POLY1305_SHA256"),
    ]
}

fn orders(world: &World) -> Vec<Served<'_>> {
    let gateway = Gateway::new(&[&world.client], &world.root);
    let case = |name, facts: &[&str]| ClientCase::order(name, gateway).facts(facts);
    let usual = Options::default;
    let mut cases = vec![
        (case("an order", &["x25519"]), usual()),
        (ClientCase::order("an order, with embedded-mtls-micro", gateway.with_micro()).facts(&["secp256r1"]), usual()),
        (
            case("only P-256: HelloRetryRequest", &["secp256r1", "HelloRetryRequest"]),
            Options { groups: vec![SECP256R1], ..usual() },
        ),
        (
            case("we prefer P-256", &["secp256r1"])
                .config(|config| config.with_groups(&[NamedGroup::SECP256R1, NamedGroup::X25519])),
            usual(),
        ),
        (
            case("ALPN", &["ALPN http/1.1"]).config(|config| config.with_alpn(&[b"http/1.1"])),
            Options { alpn: Some("http/1.1"), ..usual() },
        ),
        (case("no middlebox compatibility", &[]).config(|config| config.with_middlebox_compatibility(false)), usual()),
        (case("100 KB each way, its records of 16 KiB", &[]).task(Task::Post(http::much())), usual()),
        (
            ClientCase::order("100 KB each way, its records of 512 bytes", gateway.with_rx(2048))
                .task(Task::Post(http::much())),
            Options { fragment: Some(512), ..usual() },
        ),
        (case("we ask for new keys", &[]).task(Task::PostAfterKeyUpdate(http::order())), usual()),
        (case("it asks for new keys", &[]), Options { new_keys: true, ..usual() }),
    ];
    cases.extend(suites().map(|(name, suite, fact)| (case(name, &[fact]), Options { suite: Some(suite), ..usual() })));
    cases.into_iter().map(|(case, options)| (case, &world.server, options)).collect()
}

/// It rejects us.
fn refused(world: &World) -> Vec<Served<'_>> {
    let only = |identity| Gateway::new(&[identity], &world.root);
    let good = only(&world.client);
    let case = |name, gateway, alert: AlertDescription, reason: &str| ClientCase {
        expected: Outcome::of(End::Got(alert.0), End::Refused(reason.into()), &[]),
        ..ClientCase::refused(name, gateway, alert)
    };
    let usual = Options::default;
    let cases = vec![
        (
            case(
                "we have no certificate",
                Gateway::new(&[], &world.root),
                AlertDescription::CERTIFICATE_REQUIRED,
                "NoCertificatesPresented",
            ),
            usual(),
        ),
        (
            case(
                "ours is of another CA",
                only(&world.client_of_other_root).heedless(),
                AlertDescription::UNKNOWN_CA,
                "UnknownIssuer",
            ),
            usual(),
        ),
        (
            case(
                "ours has expired",
                only(&world.client_expired),
                AlertDescription::CERTIFICATE_EXPIRED,
                "ExpiredContext",
            ),
            usual(),
        ),
        (
            case(
                "it speaks only TLS 1.2",
                good,
                AlertDescription::PROTOCOL_VERSION,
                "PeerIncompatible(Tls12NotOfferedOrEnabled)",
            ),
            Options { tls12: true, ..usual() },
        ),
        (
            case("no common group", good, AlertDescription::HANDSHAKE_FAILURE, "PeerIncompatible(NoKxGroupsInCommon)"),
            Options { groups: vec![SECP384R1], ..usual() },
        ),
    ];
    cases.into_iter().map(|(case, options)| (case, &world.server, options)).collect()
}

/// We refuse it.
fn refusing(world: &World) -> Vec<Served<'_>> {
    let gateway = Gateway::new(&[&world.client], &world.root);
    let case = |name, identity, alert, cause| {
        (ClientCase::refusing(name, gateway, "", alert, cause), identity, Options::default())
    };
    vec![
        case(
            "its certificate is of another CA",
            &world.server_of_other_root,
            AlertDescription::UNKNOWN_CA,
            "UnknownIssuer",
        ),
        case("its certificate has expired", &world.server_expired, AlertDescription::CERTIFICATE_EXPIRED, "Expired"),
        case("it has another name", &world.server_of_other_name, AlertDescription::BAD_CERTIFICATE, "NameMismatch"),
    ]
}

fn orders_to_us(world: &World) -> Vec<Called<'_>> {
    let supplier = SupplierSetup::required(&world.server, &world.root);
    let case = |name, facts: &[&str]| ServerCase::order(name, supplier).facts(facts);
    let usual = Options::default;
    let p256_first = [NamedGroup::SECP256R1, NamedGroup::X25519].as_slice();
    let mut cases = vec![
        (case("an order", &["x25519", "CN=gateway-7"]), usual()),
        (
            ServerCase::order("an order, with embedded-mtls-micro", supplier.with_micro())
                .facts(&["secp256r1", "CN=gateway-7"]),
            usual(),
        ),
        (case("only P-256", &["secp256r1"]), Options { groups: vec![SECP256R1], ..usual() }),
        (
            case("P-384 first: HelloRetryRequest", &["secp256r1", "HelloRetryRequest"]),
            Options { groups: vec![SECP384R1, SECP256R1], ..usual() },
        ),
        (
            case("we insist on P-256: HelloRetryRequest", &["secp256r1", "HelloRetryRequest"])
                .config(|config| config.with_groups(p256_first).with_retry_for_preferred_group(true)),
            Options { groups: vec![X25519, SECP256R1], ..usual() },
        ),
        (
            case("ALPN", &["ALPN http/1.1"]).config(|config| config.with_alpn(&[b"http/1.1"])),
            Options { alpn: Some("http/1.1"), ..usual() },
        ),
        (case("100 KB each way, its records of 16 KiB", &[]).posts(http::much()), usual()),
        (
            case("100 KB each way, its records of 512 bytes", &[]).posts(http::much()),
            Options { fragment: Some(512), ..usual() },
        ),
        (case("it asks for new keys", &[]), Options { new_keys: true, ..usual() }),
        (ServerCase::order("we ask for new keys", supplier.with_key_update()), usual()),
    ];
    cases.extend(suites().map(|(name, suite, fact)| (case(name, &[fact]), Options { suite: Some(suite), ..usual() })));
    let optional = ServerCase::order("optional, it has none", SupplierSetup::optional(&world.server, &world.root));
    let with = cases.into_iter().map(|(case, options)| (case, Some(&world.client), options));
    with.chain([(optional, None, usual())]).collect()
}

/// We refuse it.
fn refused_by_us(world: &World) -> Vec<Called<'_>> {
    let supplier = SupplierSetup::required(&world.server, &world.root);
    let case = |name, alert, cause| ServerCase::refusing(name, supplier, None, alert, cause);
    let unnamed = |case: ServerCase| case.config(|config| config.with_authority_names(&[]));
    let usual = Options::default;
    vec![
        (
            case("it has no certificate", AlertDescription::CERTIFICATE_REQUIRED, "ClientCertificateRequired"),
            None,
            usual(),
        ),
        (
            unnamed(case("its certificate is of another CA", AlertDescription::UNKNOWN_CA, "UnknownIssuer")),
            Some(&world.client_of_other_root),
            usual(),
        ),
        (
            case("its certificate has expired", AlertDescription::CERTIFICATE_EXPIRED, "Expired"),
            Some(&world.client_expired),
            usual(),
        ),
        (
            case("it speaks only TLS 1.2", AlertDescription::PROTOCOL_VERSION, "Tls13NotOffered"),
            Some(&world.client),
            Options { tls12: true, ..usual() },
        ),
        (
            case("no common protocol", AlertDescription::NO_APPLICATION_PROTOCOL, "NoApplicationProtocol")
                .config(|config| config.with_alpn(&[b"http/1.1"])),
            Some(&world.client),
            Options { alpn: Some("h3"), ..usual() },
        ),
    ]
}

/// It rejects us.
fn refusing_us(world: &World) -> Vec<Called<'_>> {
    let case = |name, identity, alert: AlertDescription, reason: &str| {
        let expected = Outcome::of(End::Got(alert.0), End::Refused(reason.into()), &[]);
        let case = ServerCase::order(name, SupplierSetup::required(identity, &world.root));
        (ServerCase { expected, ..case }, Some(&world.client), Options::default())
    };
    vec![
        case(
            "our certificate is of another CA",
            &world.server_of_other_root,
            AlertDescription::UNKNOWN_CA,
            "UnknownIssuer",
        ),
        case(
            "our certificate has expired",
            &world.server_expired,
            AlertDescription::CERTIFICATE_EXPIRED,
            "ExpiredContext",
        ),
        case(
            "we have another name",
            &world.server_of_other_name,
            AlertDescription::BAD_CERTIFICATE,
            "NotValidForNameContext",
        ),
    ]
}
