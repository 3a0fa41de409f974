//! The settings that `mtls pki config` prints, loaded by the servers that they are for.

use std::process::Command;

use mtls::check::{Own, Plan, Report, StepName, Target, Trust, check};
use mtls_pki::pem;
use test_support::peers::process::{LIMIT, Process};
use test_support::peers::servers::APACHE;
use test_support::peers::workdir::Workdir;
use test_support::peers::world::free_port;

use crate::{facts, failed, says};

const MTLS: &str = env!("CARGO_BIN_EXE_mtls");
const ORDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/data/order.xml");
const CLIENT: &str = "gateway-0042.plant.example";

/// Runs `mtls`, which has to succeed; returns what it prints.
fn mtls(words: &[&str]) -> String {
    let output = Command::new(MTLS).args(words).output().unwrap();
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A folder with a PKI: a server with a key of this kind, and two clients with keys on P-256.
struct Place {
    folder: Workdir,
    port: u16,
}

impl Place {
    fn new(server_key: &str) -> Self {
        let place = Self { folder: Workdir::new().unwrap(), port: free_port().unwrap() };
        let pki = place.folder.file("pki");
        mtls(&["pki", "new", &pki, "--key", server_key]);
        for client in [CLIENT, "gateway-0043.plant.example"] {
            mtls(&["pki", "issue", &pki, "--client", client]);
        }
        place
    }

    fn settings(&self, server: &str) -> String {
        mtls(&["pki", "config", server, &self.folder.file("pki")])
    }

    fn nginx(&self) -> Process {
        let settings =
            self.settings("nginx").replace("listen 8443 ssl;", &format!("listen 127.0.0.1:{} ssl;", self.port));
        let root = self.folder.file("");
        let configuration = format!(
            "daemon off;
master_process off;
pid nginx.pid;
error_log errors.log info;
events {{}}
http {{
    access_log off;
    root {root};
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi; scgi_temp_path scgi;
    {settings}
}}
"
        );
        let file = self.folder.write("nginx.conf", configuration).unwrap();
        let words = ["-c", &file, "-p", &root, "-e", &self.folder.file("errors.log")];
        self.await_port(Process::start("nginx", words).unwrap())
    }

    fn apache(&self) -> Process {
        const MODULES: &str = "/usr/lib/apache2/modules";
        let (root, port, settings) = (self.folder.file(""), self.port, self.settings("apache"));
        let configuration = format!(
            "ServerRoot {root}
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
ErrorLog errors.log
DocumentRoot {root}
<VirtualHost *:{port}>
{settings}
</VirtualHost>
"
        );
        let file = self.folder.write("httpd.conf", configuration).unwrap();
        self.await_port(Process::start(APACHE, ["-X", "-d", &root, "-f", &file]).unwrap())
    }

    /// Starts `HAProxy`, which answers each order itself, with the name of the client that came in.
    fn haproxy(&self) -> Process {
        let settings = self.settings("haproxy").replace("bind :8443 ssl", &format!("bind 127.0.0.1:{} ssl", self.port));
        // Settings and comment say so: the key has to be beside the certificate.
        let [key, beside] = ["pki/server.key", "pki/server.pem.key"].map(|name| self.folder.file(name));
        std::fs::copy(key, beside).unwrap();
        let answer = "<cXML payloadID='1@haproxy' timestamp='2026-11-30T12:00:00+00:00'>\
                      <Response><Status code='200' text='OK'>%[req.hdr(X-SSL-Client-CN)]</Status></Response></cXML>";
        let configuration = format!(
            "defaults
    timeout connect 5s
    timeout client 20s
    timeout server 20s
{settings}
backend orders
    mode http
    http-request return status 200 content-type text/xml lf-string \"{answer}\"
"
        );
        let file = self.folder.write("haproxy.cfg", configuration).unwrap();
        // In one process, so that no child is left behind.
        let mut server = Process::start("haproxy", ["-db", "-f", &file]).unwrap();
        server.await_port(self.port).unwrap();
        server
    }

    /// Posts an order as this client; returns the exit code and what `mtls` says.
    fn post(&self, client: &str) -> (Option<i32>, String) {
        let file = |name: &str| self.folder.file(&format!("pki/{name}"));
        let address = format!("127.0.0.1:{}", self.port);
        let files = [file("root.pem"), file(&format!("{client}.pem")), file(&format!("{client}.key"))];
        let words = ["order", "post", "--connect", &address, "--server-name", "supplier.example", "--order", ORDER];
        let files = ["--ca", &files[0], "--cert", &files[1], "--key", &files[2]];
        let output = Command::new(MTLS).args([&words[..], &files].concat()).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    }

    /// Checks that the client that the settings name gets the page, and another one HTTP 403.
    fn lets_in_only_its_client(&self) {
        let report = self.check(Some(CLIENT));
        assert_eq!(report.exit_code, 0, "{report}");
        says(&facts(&report, StepName::Http), &["HTTP 200"]);
        let report = self.check(Some("gateway-0043.plant.example"));
        says(&failed(&report, StepName::Http, 30), &["HTTP 403"]);
    }

    fn await_port(&self, mut server: Process) -> Process {
        server.await_port(self.port).unwrap_or_else(|error| panic!("{error}: {}", self.folder.read("errors.log")));
        server
    }

    /// Checks the server, as this client or as none.
    fn check(&self, client: Option<&str>) -> Report {
        let file = |name: &str| self.folder.file(&format!("pki/{name}"));
        let root = file("root.pem");
        let authorities = pem::authorities(&root).unwrap().usable;
        let trust = Trust { authorities, origin: root.clone(), files: vec![root], ..Trust::default() };
        let own = |name: &str| {
            let files = (file(&format!("{name}.pem")), file(&format!("{name}.key")));
            let identity = pem::identity(&files.0, &files.1, &pem::Password::none()).unwrap();
            Own { alias: name.to_owned(), identity, files }
        };
        check(&Plan {
            connect_to: Some(Target { host: "127.0.0.1".to_owned(), port: self.port }),
            identities: client.map(own).into_iter().collect(),
            patience: LIMIT,
            path: Some("/pki/root.pem".to_owned()),
            ..Plan::new(Target { host: "supplier.example".to_owned(), port: 443 }, trust)
        })
    }
}

#[test]
fn nginx_loads_its_settings_and_lets_in_only_the_client_that_they_name() {
    for kind in ["p256", "p384", "ed25519", "rsa2048"] {
        let place = Place::new(kind);
        let _server = place.nginx();
        place.lets_in_only_its_client();
        says(&failed(&place.check(None), StepName::ClientAuthentication, 30), &["HTTP 400"]);
    }
}

#[test]
fn apache_loads_its_settings_and_lets_in_only_the_client_that_they_name() {
    for kind in ["p256", "p384", "ed25519", "rsa2048"] {
        let place = Place::new(kind);
        let _server = place.apache();
        place.lets_in_only_its_client();
        failed(&place.check(None), StepName::ClientAuthentication, 21);
    }
}

#[test]
fn haproxy_loads_its_settings_and_lets_in_only_the_client_that_they_name() {
    for kind in ["p256", "p384", "ed25519", "rsa2048"] {
        let place = Place::new(kind);
        let _server = place.haproxy();
        let (code, said) = place.post(CLIENT);
        assert_eq!(code, Some(0), "{said}");
        says(&said, &[CLIENT]);
        place.lets_in_only_its_client();
        failed(&place.check(None), StepName::ClientAuthentication, 21);
    }
}
