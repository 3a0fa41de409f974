//! The throw-away PKI and the identities that the cases use.

use crate::peers::workdir::{Workdir, certificates_pem};
use crate::pki::{BadChain, Defect, Issued, Pki, Role, Template};
use p256::pkcs8::der::pem::encode_string;
use p256::pkcs8::{EncodePrivateKey, LineEnding};
use rcgen::{DnType, DnValue, SanType};
use std::net::TcpListener;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

/// The common name that suppliers look for.
pub const WANTED_NAME: &str = "cxml-supplier.example";

/// A root, a server and a client with keys of 2,048 bits.
const RSA: Rsa = Rsa {
    root: include_bytes!("../../../../tests/data/algorithms/rsa2048-pkcs1-sha256/root.der"),
    server: include_bytes!("../../../../tests/data/algorithms/rsa2048-pkcs1-sha256/server.der"),
    client: include_bytes!("../../../../tests/data/algorithms/rsa2048-pkcs1-sha256/client.der"),
    leaf_key: include_bytes!("../../../../tests/data/algorithms/rsa2048-pkcs1-sha256/leaf-key.der"),
};

struct Rsa {
    root: &'static [u8],
    server: &'static [u8],
    client: &'static [u8],
    leaf_key: &'static [u8],
}

/// A chain, the leaf first and without the root, and the key of the leaf.
#[derive(Clone)]
pub struct Identity {
    pub chain: Vec<Vec<u8>>,
    pub scalar: [u8; 32],
}

/// All certificates, in memory and as PEM files.
pub struct World {
    /// The root that all trust.
    pub root: Issued,
    pub server: Identity,
    /// Its certificate is longer than a small device receives.
    pub server_long: Identity,
    pub server_expired: Identity,
    pub server_of_other_name: Identity,
    pub server_of_other_root: Identity,
    /// A certificate with the right name, but for a client.
    pub server_for_clients: Identity,
    pub client: Identity,
    pub client_expired: Identity,
    pub client_of_other_root: Identity,
    /// Its root has the name of the trusted one and another key.
    pub client_of_false_root: Identity,
    /// Issued by the root itself: for peers that send one certificate only.
    pub client_of_root: Identity,
    pub client_expired_of_root: Identity,
    /// Two CA certificates between it and the root; its common name is the wanted one.
    pub client_deep: Identity,
    /// Its common name is the wanted one.
    pub client_wanted: Identity,
    /// The same with all that Apache has a variable for.
    pub client_detailed: Identity,
    pub files: Workdir,
}

impl World {
    pub fn new() -> Result<Self, String> {
        let pki = Pki::new();
        let other_root = Template::ca("Other Root").self_signed();
        let other_issuer = Template::ca("Other Intermediate").path_len(0).signed_by(&other_root);
        let false_root = Template::ca("Example Root").key("false root").self_signed();
        let false_issuer = Template::ca("False Intermediate").path_len(0).signed_by(&false_root);
        let upper = Template::ca("Upper Intermediate").signed_by(&pki.root);
        let lower = Template::ca("Lower Intermediate").signed_by(&upper);
        let of = |template: Template, issuers: &[&Issued]| Identity::new(&template.signed_by(issuers[0]), issuers);
        let expired_of_root = Role::Client.template().years(2020, 2026).signed_by(&pki.root);
        let world = Self {
            server: Identity::new(&pki.server, &[&pki.intermediate]),
            server_long: of(long(), &[&pki.intermediate]),
            server_expired: Identity::bad(Defect::Expired, Role::Server),
            server_of_other_name: Identity::bad(Defect::OtherName, Role::Server),
            server_for_clients: Identity::bad(Defect::ExtendedKeyUsageOfTheOtherRole, Role::Server),
            server_of_other_root: of(Role::Server.template(), &[&other_issuer]),
            client: Identity::new(&pki.client, &[&pki.intermediate]),
            client_expired: Identity::bad(Defect::Expired, Role::Client),
            client_of_other_root: of(Role::Client.template(), &[&other_issuer]),
            client_of_false_root: of(Role::Client.template(), &[&false_issuer]),
            client_of_root: Identity::new(&Role::Client.template().signed_by(&pki.root), &[]),
            client_expired_of_root: Identity::new(&expired_of_root, &[]),
            client_deep: of(Template::client(WANTED_NAME), &[&lower, &upper]),
            client_wanted: of(Template::client(WANTED_NAME), &[&pki.intermediate]),
            client_detailed: of(detailed(), &[&pki.intermediate]),
            root: pki.root,
            files: Workdir::new()?,
        };
        world.write_files().map(|()| world)
    }

    fn write_files(&self) -> Result<(), String> {
        self.files.write("root.pem", certificates_pem([&self.root.der]))?;
        for (name, identity) in [
            ("server", &self.server),
            ("server-long", &self.server_long),
            ("server-expired", &self.server_expired),
            ("server-of-other-name", &self.server_of_other_name),
            ("server-of-other-root", &self.server_of_other_root),
            ("server-for-clients", &self.server_for_clients),
            ("client", &self.client),
            ("client-expired", &self.client_expired),
            ("client-deep", &self.client_deep),
            ("client-of-other-root", &self.client_of_other_root),
            ("client-of-false-root", &self.client_of_false_root),
        ] {
            self.files.write_identity(name, identity)?;
        }
        self.write_rsa_files()
    }

    /// `rsa-root`, `rsa-server` and `rsa-client`: what nearly all suppliers have.
    fn write_rsa_files(&self) -> Result<(), String> {
        let pem = |label, der| encode_string(label, LineEnding::LF, der).map_err(|error| error.to_string());
        for (name, certificate) in [("rsa-root", RSA.root), ("rsa-server", RSA.server), ("rsa-client", RSA.client)] {
            self.files.write(&format!("{name}.pem"), pem("CERTIFICATE", certificate)?)?;
            self.files.write(&format!("{name}.key"), pem("PRIVATE KEY", RSA.leaf_key)?)?;
        }
        Ok(())
    }

    /// Returns the path of a file of this name.
    pub fn file(&self, name: &str) -> String {
        self.files.file(name)
    }
}

impl Identity {
    fn new(leaf: &Issued, issuers: &[&Issued]) -> Self {
        let chain = [leaf].into_iter().chain(issuers.iter().copied()).map(|issued| issued.der.clone()).collect();
        Self { chain, scalar: leaf.key.scalar() }
    }

    /// Its key in PKCS#8 and DER.
    pub fn key_pkcs8(&self) -> Result<Vec<u8>, String> {
        self.secret()?.to_pkcs8_der().map(|der| der.as_bytes().to_vec()).map_err(|error| error.to_string())
    }

    /// Its key in PKCS#8 and PEM.
    pub fn key_pem(&self) -> Result<String, String> {
        self.secret()?.to_pkcs8_pem(LineEnding::LF).map(|pem| pem.to_string()).map_err(|error| error.to_string())
    }

    fn secret(&self) -> Result<p256::SecretKey, String> {
        p256::SecretKey::from_slice(&self.scalar).map_err(|error| error.to_string())
    }

    fn bad(defect: Defect, role: Role) -> Self {
        let bad = BadChain::new(defect, role);
        Self { chain: bad.chain, scalar: bad.key.scalar() }
    }
}

/// A server whose certificate has as many needless extensions as those of public CAs.
fn long() -> Template {
    Role::Server.template().extension(&[1, 3, 6, 1, 4, 1, 55_555, 1], false, &[7; 400])
}

/// A client with a long subject and alternative names of several kinds.
fn detailed() -> Template {
    let text = |text: &str| DnValue::Utf8String(text.to_owned());
    let custom = |oid: &[u64]| DnType::CustomDnType(oid.to_vec());
    let mut template = Template::client(WANTED_NAME).subject(&[
        (DnType::CountryName, DnValue::PrintableString("DE".try_into().expect("ASCII"))),
        (DnType::StateOrProvinceName, text("Bavaria")),
        (DnType::LocalityName, text("Munich")),
        (DnType::OrganizationName, text("Example + Sons, Inc.")),
        (DnType::OrganizationalUnitName, text("Purchasing")),
        (custom(&[2, 5, 4, 9]), text("Plant 7")),
        (DnType::CommonName, text(WANTED_NAME)),
        (custom(&[2, 5, 4, 12]), text("Gateway")),
        (custom(&[0, 9, 2342, 19_200_300, 100, 1, 1]), text("g7")),
        (
            custom(&[1, 2, 840, 113_549, 1, 9, 1]),
            DnValue::Ia5String("gateway@plant.example".try_into().expect("ASCII")),
        ),
    ]);
    // A second organizational unit: the library keeps one attribute of a kind.
    template = template.patched(&[6, 3, 0x55, 4, 9], &[6, 3, 0x55, 4, 11]);
    template.alternatives(&[
        SanType::DnsName("a.plant.example".try_into().expect("ASCII")),
        SanType::Rfc822Name("a@plant.example".try_into().expect("ASCII")),
        SanType::DnsName("b.plant.example".try_into().expect("ASCII")),
        SanType::IpAddress([192, 0, 2, 7].into()),
    ])
}

/// Finds a free port, and returns none twice.
///
/// It is below the ephemeral ports: one of those can be taken before the server binds it, by a
/// client of another test.
pub fn free_port() -> Result<u16, String> {
    const FIRST: u16 = 20_000;
    const COUNT: u32 = 12_000;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    // Processes that run side by side begin at different places.
    let start = process::id().wrapping_mul(97);
    for _ in 0..COUNT {
        let place = start.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % COUNT;
        let port = FIRST + u16::try_from(place).expect("below COUNT");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    Err(format!("no port from {FIRST} on is free"))
}
