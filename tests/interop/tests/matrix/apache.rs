//! Our client and Apache, set up as suppliers are told to: `SSLVerifyClient require`,
//! `SSLVerifyDepth 3`, `SSLCACertificateFile`, and the common name that they look for.

use crate::case::ClientCase;
use crate::http;
use crate::ours::{Gateway, Task};
use crate::process::{Process, print_of};
use crate::table::{End, Outcome, Role, Table};
use crate::web::{self, ERRORS, REQUESTS};
use crate::world::{WANTED_NAME, World, free_port};
use embedded_mtls::{AlertDescription, NamedGroup};

const PROGRAM: &str = "/usr/sbin/apache2";
const MODULES: &str = "/usr/lib/apache2/modules";

pub(crate) fn rows(table: &mut Table, world: &World) {
    let peer = version().unwrap_or_else(|_missing| "Apache".into());
    for case in cases(world) {
        table.row(&peer, Role::Client, case.name, &case.expected, || run(&case, world));
    }
}

/// `Apache 2.4.66`.
fn version() -> Result<String, String> {
    let printed = print_of(PROGRAM, &["-v"])?;
    let version = printed.split(['/', ' ']).skip_while(|word| *word != "Apache").nth(1);
    Ok(format!("Apache {}", version.unwrap_or_default()))
}

fn run(case: &ClientCase, world: &World) -> Result<Outcome, String> {
    let port = free_port()?;
    web::prepare(world, case)?;
    let configuration = world.files.write("httpd.conf", configuration(case, world, port))?;
    // In one process, so that no child is left behind.
    let server = Process::start(PROGRAM, ["-X", "-d", &world.file(""), "-f", &configuration])?;
    Ok(web::run(case, world, port, server))
}

/// The options of a case are directives of the server.
fn configuration(case: &ClientCase, world: &World, port: u16) -> String {
    let shows = case.shows;
    let directives = case.options.join("\n");
    let unless_given = |name: &str, usual| if directives.contains(name) { "" } else { usual };
    let protocol = unless_given("SSLProtocol", "SSLProtocol TLSv1.3");
    let depth = unless_given("SSLVerifyDepth", "SSLVerifyDepth 3");
    let client = unless_given("SSLVerifyClient", "SSLVerifyClient require");
    let root = world.file("");
    format!(
        "ServerRoot {root}
ServerName supplier.example.com
PidFile httpd.pid
DefaultRuntimeDir .
Listen 127.0.0.1:{port}
LoadModule mpm_event_module {MODULES}/mod_mpm_event.so
LoadModule authz_core_module {MODULES}/mod_authz_core.so
LoadModule ssl_module {MODULES}/mod_ssl.so
<IfModule unixd_module>
    User www-data
    Group www-data
</IfModule>
ErrorLog {ERRORS}
LogLevel info
CustomLog {REQUESTS} \"%>s %{{SSL_CLIENT_VERIFY}}x %{{SSL_CLIENT_S_DN_CN}}x\"
SSLEngine on
{protocol}
SSLCertificateFile {shows}.pem
SSLCertificateKeyFile {shows}.key
SSLCACertificateFile root.pem
{client}
{depth}
{directives}
DocumentRoot {root}
<Location />
    Require expr %{{SSL_CLIENT_S_DN_CN}} == \"{WANTED_NAME}\"
</Location>
"
    )
}

/// `SSLVerifyClient` in a location, and nowhere else.
const LATE: &[&str] =
    &["SSLVerifyClient none", "<Location /order>", "SSLVerifyClient require", "SSLVerifyDepth 3", "</Location>"];

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
        // One resource only: Apache asks when it is asked for it.
        order("only for one location, we offer to answer late")
            .config(|config| config.with_post_handshake_auth(true))
            .options(LATE)
            .facts(&["200 SUCCESS cxml-supplier.coupahost.com", "Accepted"]),
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
            expected: Outcome::done(&["HTTP 403", "Declined"]),
            ..ClientCase::order("only for one location, we have no certificate", Gateway::new(&[], &world.root))
        }
        .config(|config| config.with_post_handshake_auth(true))
        .options(LATE),
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
