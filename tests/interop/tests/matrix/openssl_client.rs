//! Our server and `openssl s_client`.

use crate::case::ServerCase;
use crate::http;
use crate::openssl::{MESSAGES, await_key_update, end, facts, version};
use crate::ours::SupplierSetup;
use crate::pki::SERVER_NAME;
use crate::process::Process;
use crate::table::{End, Outcome, Role, Table};
use crate::world::World;
use embedded_mtls::{AlertDescription, CipherSuite, NamedGroup};

pub(crate) fn rows(table: &mut Table, world: &World) {
    let peer = version().map_or_else(|_missing| "s_client".into(), |version| format!("{version} s_client"));
    let supplier = SupplierSetup::required(&world.server, &world.root);
    let cases =
        [parameters(supplier), client_auth(world), late(world), data(supplier), refusing(supplier), refused(world)];
    for case in cases.into_iter().flatten() {
        table.row(&peer, Role::Server, case.name, &case.expected, || run(&case, world));
    }
}

fn run(case: &ServerCase, world: &World) -> Result<Outcome, String> {
    world.files.write(MESSAGES, "")?;
    let supplier = case.supplier.start()?;
    let mut client = Process::start("openssl", arguments(case, world, supplier.port))?;
    // A client that was refused takes nothing.
    let _refused = post(&mut client, case, world);
    client.await_end()?;
    let messages = world.files.read(MESSAGES);
    let peer = match end(&messages) {
        End::Done => http::check_answer(&client.stdout(), case.order).map_or_else(End::Failed, |()| End::Done),
        end => end,
    };
    Ok(supplier.join().with_peer(peer, case.order).and(&facts(&messages)))
}

fn post(client: &mut Process, case: &ServerCase, world: &World) -> Result<(), String> {
    if !case.command.is_empty() {
        let ready = b"Verify return code: 0 (ok)";
        client.await_sign("was ready", |client| client.stdout().windows(ready.len()).any(|window| window == ready))?;
        client.write(case.command.as_bytes())?;
    }
    if !case.command.is_empty() || case.supplier.key_update {
        await_key_update(client, world)?;
    }
    client.write(&http::post(case.order))
}

fn arguments(case: &ServerCase, world: &World, port: u16) -> Vec<String> {
    let mut arguments: Vec<String> =
        ["s_client", "-verify_return_error", "-msg", "-servername", SERVER_NAME, "-verify_hostname", SERVER_NAME]
            .map(String::from)
            .into();
    if case.command.is_empty() {
        // Without it, lines of an order could be commands.
        arguments.push("-quiet".into());
    }
    arguments.extend(
        [
            ["-connect".into(), format!("127.0.0.1:{port}")],
            ["-CAfile".into(), world.file("root.pem")],
            ["-msgfile".into(), world.file(MESSAGES)],
        ]
        .into_iter()
        .flatten(),
    );
    if let Some(shows) = case.shows {
        let file = |end: &str| world.file(&format!("{shows}.{end}"));
        arguments.extend(
            [
                ["-cert".into(), file("leaf.pem")],
                ["-cert_chain".into(), file("issuers.pem")],
                ["-key".into(), file("key")],
            ]
            .into_iter()
            .flatten(),
        );
    }
    arguments.extend(case.options.iter().map(ToString::to_string));
    arguments
}

/// Parameters to negotiate.
fn parameters(supplier: SupplierSetup) -> Vec<ServerCase> {
    let case = |name, options, facts: &[&str]| ServerCase::order(name, supplier).options(options).facts(facts);
    let p256_first = |name, options, facts: &[&str]| {
        case(name, options, facts).config(|config| config.with_groups(&[NamedGroup::SECP256R1, NamedGroup::X25519]))
    };
    vec![
        case("an order", &[], &["x25519", "1 ClientHello", "CN=gateway-7"]),
        case("AES-128-GCM", &["-ciphersuites", "TLS_AES_128_GCM_SHA256"], &["TLS_AES_128_GCM_SHA256"]),
        case("AES-256-GCM", &["-ciphersuites", "TLS_AES_256_GCM_SHA384"], &["TLS_AES_256_GCM_SHA384"]),
        case(
            "ChaCha20-Poly1305",
            &["-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"],
            &["TLS_CHACHA20_POLY1305_SHA256"],
        ),
        case("only P-256", &["-groups", "P-256"], &["secp256r1", "1 ClientHello"]),
        case("X448 first: HelloRetryRequest", &["-groups", "X448:P-256"], &["secp256r1", "2 ClientHello"]),
        p256_first("we prefer P-256, it sends X25519", &[], &["x25519", "1 ClientHello"]),
        case("we insist on P-256: HelloRetryRequest", &[], &["secp256r1", "2 ClientHello"]).config(|config| {
            config.with_groups(&[NamedGroup::SECP256R1, NamedGroup::X25519]).with_retry_for_preferred_group(true)
        }),
        p256_first("we prefer P-256, it has only X25519", &["-groups", "X25519"], &["x25519", "1 ClientHello"]),
        case(
            "HelloRetryRequest with AES-256-GCM",
            &["-groups", "X448:P-256", "-ciphersuites", "TLS_AES_256_GCM_SHA384"],
            &["secp256r1", "TLS_AES_256_GCM_SHA384", "2 ClientHello"],
        ),
        case("ALPN", &["-alpn", "h2,http/1.1"], &["ALPN http/1.1"]).config(|config| config.with_alpn(&[b"http/1.1"])),
        case("no middlebox compatibility", &["-no_middlebox"], &[]),
        case(
            "HelloRetryRequest without middlebox compatibility",
            &["-groups", "X448:P-256", "-no_middlebox"],
            &["2 ClientHello"],
        ),
    ]
}

/// The ways in which we request a certificate.
fn client_auth(world: &World) -> Vec<ServerCase> {
    let optional = SupplierSetup::optional(&world.server, &world.root);
    let never = SupplierSetup::without_client_auth(&world.server);
    let required = SupplierSetup::required(&world.server, &world.root);
    vec![
        ServerCase::order("optional, it has a certificate", optional).facts(&["CN=gateway-7"]),
        ServerCase::order("optional, it has none", optional).shows(None),
        ServerCase::order("not asked", never),
        // As Apache does, we count the root.
        ServerCase::order("two intermediates and the root, depth 3", required)
            .shows(Some("client-deep"))
            .config(|config| config.with_max_depth(3)),
        ServerCase::refusing(
            "two intermediates and the root, depth 2",
            required,
            Some("client-deep"),
            AlertDescription::UNKNOWN_CA,
            "DepthExceeded",
        )
        .config(|config| config.with_max_depth(2)),
        ServerCase::order("we name no authorities", required)
            .config(|config| config.with_authority_names(&[]))
            .facts(&["CN=gateway-7"]),
    ]
}

/// We ask when the order is here.
fn late(world: &World) -> Vec<ServerCase> {
    let supplier = SupplierSetup::asks_late(&world.server, &world.root);
    vec![
        ServerCase::order("we ask after the handshake", supplier)
            .options(&["-enable_pha"])
            .facts(&["Accepted", "CN=gateway-7"]),
        ServerCase::refusing(
            "we ask after the handshake, its certificate is of another CA",
            supplier,
            Some("client-of-other-root"),
            AlertDescription::UNKNOWN_CA,
            "UnknownIssuer",
        )
        .options(&["-enable_pha"]),
    ]
}

/// Data in all sizes, and new keys.
fn data(supplier: SupplierSetup) -> Vec<ServerCase> {
    vec![
        ServerCase::order("100 KB each way, its records of 8 KiB", supplier)
            .posts(http::much())
            .facts(&["its records up to 8192 bytes"]),
        ServerCase::order("100 KB each way, its records of 512 bytes", supplier)
            .posts(http::much())
            .options(&["-max_send_frag", "512"])
            .facts(&["its records up to 512 bytes"]),
        ServerCase::order("our records are padded", supplier).config(|config| config.with_padding(256)),
        ServerCase::order("100 KB each way, its buffer of 512 bytes", supplier.with_rx(1024))
            .posts(http::much())
            .options(&["-maxfraglen", "512"])
            .facts(&["its records up to 512 bytes"]),
        ServerCase::order("it asks for new keys", supplier)
            .command("K\n")
            .facts(&["1 KeyUpdate from us", "1 KeyUpdate from it"]),
        ServerCase::order("it only changes its keys", supplier).command("k\n").facts(&["1 KeyUpdate from it"]),
        ServerCase::order("we ask for new keys", supplier.with_key_update())
            .facts(&["1 KeyUpdate from us", "1 KeyUpdate from it"]),
    ]
}

/// We refuse it.
fn refusing(supplier: SupplierSetup) -> Vec<ServerCase> {
    let case = |name, shows, alert, cause| ServerCase::refusing(name, supplier, shows, alert, cause);
    let good = |name, alert, cause| case(name, Some("client"), alert, cause);
    vec![
        case("it has no certificate", None, AlertDescription::CERTIFICATE_REQUIRED, "ClientCertificateRequired"),
        case(
            "its certificate is of another CA",
            Some("client-of-other-root"),
            AlertDescription::UNKNOWN_CA,
            "UnknownIssuer",
        ),
        case("its certificate has expired", Some("client-expired"), AlertDescription::CERTIFICATE_EXPIRED, "Expired"),
        case(
            "its certificate is for servers",
            Some("server"),
            AlertDescription::UNSUPPORTED_CERTIFICATE,
            "ExtendedKeyUsage",
        ),
        good("it speaks only TLS 1.2", AlertDescription::PROTOCOL_VERSION, "Tls13NotOffered").options(&["-tls1_2"]),
        good("no common protocol", AlertDescription::NO_APPLICATION_PROTOCOL, "NoApplicationProtocol")
            .options(&["-alpn", "h3"])
            .config(|config| config.with_alpn(&[b"http/1.1"])),
        good("no common suite", AlertDescription::HANDSHAKE_FAILURE, "NoCipherSuite")
            .options(&["-ciphersuites", "TLS_AES_256_GCM_SHA384"])
            .config(|config| config.with_cipher_suites(&[CipherSuite::TLS_CHACHA20_POLY1305_SHA256])),
        good("no common group", AlertDescription::HANDSHAKE_FAILURE, "NoGroup").options(&["-groups", "X448"]),
    ]
}

/// It rejects us.
fn refused(world: &World) -> Vec<ServerCase> {
    let of = |identity| SupplierSetup::required(identity, &world.root);
    let case = ServerCase::refused;
    vec![
        case("our certificate is of another CA", of(&world.server_of_other_root), AlertDescription::UNKNOWN_CA),
        case("our certificate has expired", of(&world.server_expired), AlertDescription::CERTIFICATE_EXPIRED),
        case("we have another name", of(&world.server_of_other_name), AlertDescription::BAD_CERTIFICATE),
        case(
            "our certificate is for clients",
            of(&world.server_for_clients),
            AlertDescription::UNSUPPORTED_CERTIFICATE,
        ),
    ]
}
