//! Web servers as suppliers run them, in a directory with the PEM files of a [`World`](crate::peers::world::World).
//! A POST is answered with the file `order` there.

use crate::peers::process::Process;
use crate::peers::workdir::Workdir;
use crate::peers::world::WANTED_NAME;

/// The logs of a server: one line for each request in the first, what went wrong in the second.
pub const REQUESTS: &str = "requests.log";
pub const ERRORS: &str = "errors.log";

/// The program of Apache, and its modules.
pub const APACHE: &str = "/usr/sbin/apache2";
const MODULES: &str = "/usr/lib/apache2/modules";

/// Starts `openssl s_server` with the leaf of the PEM files named `shows`, and waits until it listens. What it sends
/// beside its leaf, asks for and answers is in `options`, each with its value if it has one.
pub fn openssl(files: &Workdir, port: u16, shows: &str, options: &[&str]) -> Result<Process, String> {
    let address = format!("127.0.0.1:{port}");
    let [leaf, key] = ["leaf.pem", "key"].map(|end| files.file(&format!("{shows}.{end}")));
    let root = files.file("root.pem");
    let words = ["s_server", "-accept", &address, "-cert", &leaf, "-key", &key, "-CAfile", &root];
    let mut server = Process::start(
        "openssl",
        words.into_iter().chain(options.iter().flat_map(|option| option.split_whitespace())),
    )?;
    server.await_port(port)?;
    Ok(server)
}

/// Starts nginx with `ssl_verify_client on`; `shows` names its PEM files, and `options` are directives.
pub fn nginx(files: &Workdir, port: u16, shows: &str, options: &[&str]) -> Result<Process, String> {
    let root = files.file("");
    let directives = options.join("\n");
    let protocols = unless_given(&directives, "ssl_protocols", "ssl_protocols TLSv1.3;");
    let depth = unless_given(&directives, "ssl_verify_depth", "ssl_verify_depth 3;");
    let configuration = format!(
        "daemon off;
master_process off;
pid nginx.pid;
error_log {ERRORS} info;
events {{}}
http {{
    log_format who '$status $ssl_client_verify $ssl_client_s_dn';
    access_log {REQUESTS} who;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi; scgi_temp_path scgi;
    default_type text/xml;
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {shows}.pem;
        ssl_certificate_key {shows}.key;
        ssl_verify_client on;
        ssl_client_certificate root.pem;
        {protocols}
        {depth}
        {directives}
        root {root};
        # A file answers no POST by itself.
        error_page 405 =200 /order;
    }}
}}
"
    );
    let configuration = files.write("nginx.conf", configuration)?;
    Process::start("nginx", ["-c", &configuration, "-p", &root, "-e", &files.file(ERRORS)])
}

/// Starts Apache with `SSLVerifyClient require` and the common name that it looks for; `options` are directives.
pub fn apache(files: &Workdir, port: u16, shows: &str, options: &[&str]) -> Result<Process, String> {
    let root = files.file("");
    let directives = options.join("\n");
    let protocol = unless_given(&directives, "SSLProtocol", "SSLProtocol TLSv1.3");
    let depth = unless_given(&directives, "SSLVerifyDepth", "SSLVerifyDepth 3");
    let client = unless_given(&directives, "SSLVerifyClient", "SSLVerifyClient require");
    let configuration = format!(
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
SSLEngine on
{protocol}
SSLCertificateFile {shows}.pem
SSLCertificateKeyFile {shows}.key
SSLCACertificateFile root.pem
{client}
{depth}
{directives}
CustomLog {REQUESTS} \"%>s %{{SSL_CLIENT_VERIFY}}x %{{SSL_CLIENT_S_DN_CN}}x\"
DocumentRoot {root}
<Location />
    Require expr %{{SSL_CLIENT_S_DN_CN}} == \"{WANTED_NAME}\"
</Location>
"
    );
    let configuration = files.write("httpd.conf", configuration)?;
    // In one process, so that no child is left behind.
    Process::start(APACHE, ["-X", "-d", &root, "-f", &configuration])
}

/// A directive, unless the given ones have it.
fn unless_given<'a>(directives: &str, name: &str, usual: &'a str) -> &'a str {
    if directives.contains(name) { "" } else { usual }
}
