//! The settings with which web servers require certificates of a PKI.

use std::path::Path;

use clap::ValueEnum;

/// A web server, or a load balancer in front of one.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum WebServer {
    /// Apache 2.4, with `mod_ssl`
    Apache,
    /// nginx
    Nginx,
    /// `HAProxy` 2.2 or newer
    Haproxy,
    /// IIS 10, on Windows Server 2022 or newer
    Iis,
    /// F5 BIG-IP
    F5,
}

/// Returns the settings. `folder` is absolute.
pub(super) fn settings(server: WebServer, folder: &Path, name: &str, client: &str) -> String {
    let template = match server {
        WebServer::Apache => APACHE,
        WebServer::Nginx => NGINX,
        WebServer::Haproxy => HAPROXY,
        WebServer::Iis => IIS,
        WebServer::F5 => F5,
    };
    template
        .trim_end()
        .replace("{folder}", &folder.display().to_string())
        .replace("{name}", name)
        .replace("{client}", client)
        .replace("{pattern}", &client.replace('.', "\\.").replace('*', "\\*"))
}

/// Directives for a virtual host. `SSLVerifyDepth` counts the CA certificates above the client's, with the root.
const APACHE: &str = r#"# Apache: in the <VirtualHost>, whose port is one of Listen; not in a <Directory> or <Location>, where TLS 1.3 would
# need authentication after the handshake
ServerName {name}
SSLEngine on
SSLProtocol -all +TLSv1.3
SSLCertificateFile "{folder}/server.pem"
SSLCertificateKeyFile "{folder}/server.key"
SSLCACertificateFile "{folder}/root.pem"
SSLVerifyClient require
SSLVerifyDepth 3
<Location "/">
    # Who may come in: without this line, every client of the CA
    Require expr %{SSL_CLIENT_S_DN_CN} == "{client}"
</Location>
"#;

/// A server in the `http` block. `ssl_verify_depth` counts the certificates between the client's and the root.
const NGINX: &str = r#"# nginx: in the http block; a client without the right certificate gets HTTP 400
map $ssl_client_s_dn $mtls_refused {
    default 1;
    "~(^|,)CN={pattern}(,|$)" 0;
}
server {
    listen 8443 ssl;
    server_name {name};
    ssl_protocols TLSv1.3;
    ssl_certificate "{folder}/server.pem";
    ssl_certificate_key "{folder}/server.key";
    ssl_client_certificate "{folder}/root.pem";
    ssl_verify_client on;
    ssl_verify_depth 3;
    # Who may come in: without these lines, every client of the CA
    if ($mtls_refused) { return 403; }
}
"#;

/// A frontend. `HAProxy` takes the key from a file next to the certificate.
const HAPROXY: &str = r#"# HAProxy: the key has to be beside the certificate under its name
#   cp "{folder}/server.key" "{folder}/server.pem.key"
frontend mtls
    mode http
    bind :8443 ssl crt "{folder}/server.pem" ca-file "{folder}/root.pem" verify required ssl-min-ver TLSv1.3
    # Who may come in: without this line, every client of the CA
    http-request deny deny_status 403 unless { ssl_c_s_dn(CN) -m str {client} }
    http-request set-header X-SSL-Client-CN %[ssl_c_s_dn(CN)]
    default_backend orders
"#;

/// Commands for PowerShell.
const IIS: &str = r#"# IIS, in a PowerShell of an administrator. Client certificates have to be negotiated in the handshake
# (clientcertnegotiation=enable): otherwise IIS asks after the handshake, which TLS 1.3 clients need not support.
# On the machine with the folder:
#   openssl pkcs12 -export -in "{folder}/server.pem" -inkey "{folder}/server.key" -out server.pfx
Import-PfxCertificate -FilePath server.pfx -CertStoreLocation Cert:\LocalMachine\My -Password (Read-Host -AsSecureString)
Import-Certificate -FilePath root.pem -CertStoreLocation Cert:\LocalMachine\Root
Import-Certificate -FilePath issuing.pem -CertStoreLocation Cert:\LocalMachine\CA
$thumbprint = (Get-ChildItem Cert:\LocalMachine\My | Where-Object Subject -like '*CN={name}*').Thumbprint
netsh http add sslcert hostnameport={name}:443 certhash=$thumbprint certstorename=MY `
    appid='{00000000-0000-0000-0000-000000000042}' clientcertnegotiation=enable
& $env:windir\system32\inetsrv\appcmd.exe set config "Default Web Site" -commitpath:APPHOST `
    -section:system.webServer/security/access /sslFlags:"Ssl, SslNegotiateCert, SslRequireCert"
# 403.7: no certificate was sent; 403.16: its CA is not in LocalMachine\Root
"#;

/// Commands for tmsh.
const F5: &str = r"# F5 BIG-IP, after server.pem, server.key, issuing.pem and root.pem of {folder} were copied to /var/tmp
tmsh install sys crypto cert mtls-server from-local-file /var/tmp/server.pem
tmsh install sys crypto key mtls-server from-local-file /var/tmp/server.key
tmsh install sys crypto cert mtls-issuing from-local-file /var/tmp/issuing.pem
tmsh install sys crypto cert mtls-root from-local-file /var/tmp/root.pem
tmsh create ltm profile client-ssl mtls { defaults-from clientssl cert-key-chain replace-all-with { \
    mtls { cert mtls-server key mtls-server chain mtls-issuing } } \
    peer-cert-mode require ca-file mtls-root client-cert-ca mtls-root authenticate-depth 3 }
tmsh modify ltm virtual orders profiles add { mtls { context clientside } }
# Who may come in is an iRule's matter: CLIENTSSL_CLIENTCERT, [X509::subject [SSL::cert 0]] contains CN={client}
";
