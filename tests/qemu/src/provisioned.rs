//! A machine with all that it knows from a blob in its flash, whose identity is replaced between two orders.

use crate::clients;
use crate::emulator::{Clock, Emulator, Machine, Network, ON_LINE};
use crate::ground::Ground;
use crate::peers::{Kind, Peer, program};
use crate::pki::{CLIENT_NAME, SERVER_NAME};
use crate::process::{Process, print_of};
use crate::rows::{DELIVERED, Row, TLS, boot, expect_end, report};
use crate::servers::REQUESTS;
use crate::world::{Identity, WANTED_NAME, World, free_port};
use embedded_mtls::crypto::rustcrypto::{P256SigningKey, RustCrypto};
use embedded_mtls_blob::{Content, Denied, Endpoint, Policy, StoredKey};
use sha2::{Digest as _, Sha256};

/// Exit status of the firmware: it cannot be set up.
const SETUP: u8 = 1;

/// The rows.
pub(crate) fn rows() -> Vec<Row> {
    let machine = Machine::Mps2;
    let row = |name: &str, run: fn(Machine, &World) -> Result<(), String>| Row {
        machine: machine.name(),
        name: name.into(),
        run: Box::new(move |world| run(machine, world)),
    };
    vec![
        row("a blob replaces the identity between two orders, for good", rotates),
        row("nginx announces a blob, which replaces the identity between two orders", fetches),
        row("a key made on the machine is certified by its request, and never leaves it", enrols),
        row("a machine that has lost its key makes another, and requests its certificate", renews),
        row("a key in a secure element is certified by its request, and never leaves it", certifies),
        row("limits in a blob refuse a server that is right otherwise", limits),
        row("a supplier refuses a client that its blob denies, and takes the order of another", denies),
        row("blobs come over the serial line, also the first one", arrives),
        row("a site chooses an alias of the blob if the fleet lets it", chooses),
    ]
}

/// The second blob arrives while the first order's handshake signs: that order goes through with the first identity, the next
/// one with the second. After a power cycle the second is still in use, and the first blob is refused.
fn rotates(machine: Machine, world: &World) -> Result<(), String> {
    let fleet = Fleet::new(world, "/orders")?;
    fleet.writes(&[("first", 1, &[of(&world.client)]), ("second", 2, &[of(&world.client_wanted)])])?;
    let peer = Peer::start(Kind::Ours, world, fleet.port, "server", &[])?;
    for (words, lines, names) in [
        (
            &["next=second", "orders=2"][..],
            &[
                "blob 1 is stored: the next connection uses it",
                "blob 1: the identity is orders-1",
                "our certificates are valid until",
                "the blob is to be renewed by 2040-12-24",
                "blob 2 is stored: the next connection uses it",
                "order accepted: Delivered",
                "blob 2: the identity is orders-2",
                "order accepted: Delivered",
            ][..],
            &[CLIENT_NAME, WANTED_NAME][..],
        ),
        (
            &[],
            &[
                "the blob is refused: byte 16: the version: found 1, wanted at least 3",
                "blob 2: the identity is orders-2",
                "order accepted: Delivered",
            ],
            &[CLIENT_NAME, WANTED_NAME, WANTED_NAME],
        ),
    ] {
        fleet.runs(machine, words, DELIVERED, lines, &peer)?;
        in_order("the supplier", &peer.printed(), names)?;
    }
    Ok(())
}

/// In its answer to the first order nginx announces a blob, and gives it to the client that it has authenticated. The connection for it
/// has the first identity, the next order the second one; what nginx announces then is no news.
fn fetches(machine: Machine, world: &World) -> Result<(), String> {
    let fleet = Fleet::new(world, "/order")?;
    fleet.writes(&[("first", 1, &[of(&world.client)]), ("second", 2, &[of(&world.client_wanted)])])?;
    let place = format!("location = /.well-known/mtls-blob {{ alias {}/second.bin; }}", fleet.ground.directory());
    let options = ["add_header Mtls-Blob 2;", &place];
    let peer = Peer::start(Kind::Nginx, world, fleet.port, "server", &options)?;
    let lines = [
        "blob 1: the identity is orders-1",
        "order accepted: Delivered",
        "the server has blob 2 for us, in place of 1",
        "blob 2 is stored: the next connection uses it",
        "blob 2: the identity is orders-2",
        "order accepted: Delivered",
    ];
    fleet.runs(machine, &["orders=2"], DELIVERED, &lines, &peer)?;
    let requests = world.files.read(REQUESTS);
    let names = [CLIENT_NAME, CLIENT_NAME, WANTED_NAME];
    in_order("nginx", &requests, &names)?;
    if requests.lines().count() == names.len() { Ok(()) } else { Err(format!("nginx had other requests:\n{requests}")) }
}

/// The machine has no blob, and so no way to a server: `mtls provision send` brings one over the serial line, and another one before the
/// next order. One that the machine cannot use and an older one are refused.
fn arrives(machine: Machine, world: &World) -> Result<(), String> {
    let fleet = Fleet::new(world, "/orders")?;
    fleet.writes(&[
        ("unfit", 3, &[(world.client.chain.concat(), StoredKey::Handle(0))]),
        ("first", 1, &[of(&world.client)]),
        ("second", 2, &[of(&world.client_wanted)]),
    ])?;
    let peer = Peer::start(Kind::Ours, world, fleet.port, "server", &[])?;
    let words = ["blob=none", "attempts=8", ON_LINE, "orders=2"].map(String::from);
    let mut machine = boot(machine, &fleet.ground, &words)?;
    let lines = [
        "waiting for a blob on the serial line",
        "this device cannot use it: the key: found a handle of a key that is not here",
        "blob 1 is stored",
        "blob 1: the identity is orders-1",
        "order accepted: Delivered",
        "waiting for a blob on the serial line",
        "the version: found 1, wanted at least 2",
        "blob 2 is stored",
        "blob 2: the identity is orders-2",
        "order accepted: Delivered",
    ];
    machine.await_line(lines[0])?;
    let send = |name: &str, answer: &str| {
        let file = format!("{}/{name}.bin", fleet.ground.directory());
        let said = print_of(&program("mtls")?, &["provision", "send", &file, "--serial", &machine.terminal()?])?;
        if said.contains(answer) { Ok(()) } else { Err(format!("mtls provision send {name}: {said}")) }
    };
    let answers = [("unfit", "refused"), ("first", "stored"), ("first", "refused"), ("second", "stored")];
    let outcome = answers.into_iter().try_for_each(|(name, answer)| send(name, answer));
    let outcome = outcome.and_then(|()| expect_end(&mut machine, DELIVERED, &lines));
    let outcome = outcome.and_then(|()| in_order("the log", &machine.log().join("\n"), &lines));
    outcome.map_err(|problem| report(&problem, &machine, &peer))?;
    in_order("the supplier", &peer.printed(), &[CLIENT_NAME, WANTED_NAME])
}

/// The blob has two identities, of which the first is active. The site overrides that, but not with one that is not there.
fn chooses(machine: Machine, world: &World) -> Result<(), String> {
    let fleet = Fleet::new(world, "/orders")?;
    fleet.writes(&[("first", 1, &[of(&world.client), of(&world.client_wanted)])])?;
    let peer = Peer::start(Kind::Ours, world, fleet.port, "server", &[])?;
    let lines = ["blob 1: the identity is orders-1-2", "order accepted: Delivered"];
    fleet.runs(machine, &["alias=orders-1-2"], DELIVERED, &lines, &peer)?;
    in_order("the supplier", &peer.printed(), &[WANTED_NAME])?;
    let lines = ["blob 1 is unusable: the site has an alias that no identity of the blob has"];
    fleet.runs(machine, &["alias=other"], SETUP, &lines, &peer)
}

/// The machine makes a key and logs a request for its certificate, which OpenSSL verifies and an authority answers. The blob with that
/// certificate has a handle in place of a key.
fn enrols(machine: Machine, world: &World) -> Result<(), String> {
    let fleet = Fleet::new(world, "/orders")?;
    let peer = Peer::start(Kind::Ours, world, fleet.port, "server", &[])?;
    let mut pem = [String::new(), String::new()];
    for pem in &mut pem {
        let mut machine = boot(machine, &fleet.ground, &["csr=gateway-9".into()])?;
        expect_end(&mut machine, DELIVERED, &[BEGIN, END]).map_err(|problem| report(&problem, &machine, &peer))?;
        *pem = request(&machine.log());
    }
    let leaf = certify(world, &pem[0], "gateway-9")?;
    fleet.writes(&[("first", 1, &[(leaf, StoredKey::Handle(0))])])?;
    // The second request was of the same key, as ECDSA has the nonces of RFC 6979 here.
    if pem[0] != pem[1] {
        return Err(format!("another key after a restart:\n{}{}", pem[0], pem[1]));
    }
    let lines = ["blob 1: the identity is orders-1", "order accepted: Delivered"];
    fleet.runs(machine, &[], DELIVERED, &lines, &peer)?;
    in_order("the supplier", &peer.printed(), &["CN=gateway-9"])
}

/// The machine loses its key, as by a power cut while its journal is erased: it makes another one, requests a certificate for that, also after
/// a restart, and posts with the answer, which comes in a newer blob.
fn renews(machine: Machine, world: &World) -> Result<(), String> {
    let fleet = Fleet::new(world, "/orders")?;
    let peer = Peer::start(Kind::Ours, world, fleet.port, "server", &[])?;
    let boots = |words: &[&str], status, lines: &[&str]| {
        let words: Vec<_> = words.iter().map(ToString::to_string).collect();
        let mut machine = boot(machine, &fleet.ground, &words)?;
        expect_end(&mut machine, status, lines).map_err(|problem| report(&problem, &machine, &peer))?;
        Ok::<_, String>(request(&machine.log()))
    };
    let first = certify(world, &boots(&["csr=gateway-9"], DELIVERED, &[BEGIN, END])?, "gateway-9")?;
    fleet.writes(&[("first", 1, &[(first, StoredKey::Handle(0))])])?;
    fleet.runs(machine, &[], DELIVERED, &["order accepted: Delivered"], &peer)?;
    // The machine erases a flash that is too short.
    fleet.ground.write("flash.bin", &[])?;
    let told = ["the certificates in blob 1 are of a key that was made here, and is lost", BEGIN, END];
    let (one, other) = (boots(&["blob=first"], SETUP, &told)?, boots(&["blob=first"], SETUP, &told)?);
    if one != other {
        return Err(format!("another key after a restart:\n{one}{other}"));
    }
    let second = certify(world, &one, "gateway-")?;
    fleet.writes(&[("first", 2, &[(second, StoredKey::Handle(0))])])?;
    fleet.runs(machine, &[], DELIVERED, &["blob 2: the identity is", "order accepted: Delivered"], &peer)
}

/// The key is in another task, as in a secure element: what it signs is a request, which OpenSSL verifies and an authority answers, and
/// then a handshake with that certificate.
fn certifies(machine: Machine, world: &World) -> Result<(), String> {
    let (port, scalar) = (free_port()?, world.client.scalar);
    let peer = Peer::start(Kind::Ours, world, port, "server", &[])?;
    let run = |chain, words: &[&str], lines: &[&str]| {
        let ground = Ground::new(&world.root, Some(&Identity { chain, scalar }))?;
        let port = format!("port={port}");
        let words: Vec<_> =
            ["identity=identity", "key=slow", &port].iter().chain(words).map(ToString::to_string).collect();
        let mut machine = boot(machine, &ground, &words)?;
        expect_end(&mut machine, DELIVERED, lines).map_err(|problem| report(&problem, &machine, &peer))?;
        Ok::<_, String>(machine.log())
    };
    let log = run(Vec::new(), &["csr=gateway-9"], &["heartbeats while the signer signed", BEGIN, END])?;
    let leaf = certify(world, &request(&log), "gateway-9")?;
    run(vec![leaf], &[], &["heartbeats while the signer signed", "order accepted: Delivered"])?;
    in_order("the supplier", &peer.printed(), &["CN=gateway-9"])
}

/// The owner of the fleet limits the depth of a server's chain, or how long its certificate may be valid (U06, U45). Without the limit the
/// same server has the order.
fn limits(machine: Machine, world: &World) -> Result<(), String> {
    let mut fleet = Fleet::new(world, "/orders")?;
    let peer = Peer::start(Kind::Ours, world, fleet.port, "server", &[])?;
    let usual = fleet.policy;
    for (version, policy, status, line) in [
        (1, Policy { max_depth: Some(0), ..usual }, TLS, "has more CA certificates above it than allowed"),
        (2, Policy { max_validity_days: Some(1), ..usual }, TLS, "is valid for more days than"),
        (3, usual, DELIVERED, "order accepted: Delivered"),
    ] {
        fleet.policy = policy;
        fleet.writes(&[("first", version, &[of(&world.client)])])?;
        fleet.runs(machine, &["attempts=1"], status, &[line], &peer)?;
    }
    Ok(())
}

/// The machine is a supplier, whose blob denies the key of one of two clients of the same CA.
fn denies(machine: Machine, world: &World) -> Result<(), String> {
    let fleet = Fleet::new(world, "/orders")?;
    let stolen = P256SigningKey::from_bytes(&world.client.scalar).map_err(|error| format!("{error:?}"))?;
    let key_info = [P256_KEY_INFO, &stolen.public_key()].concat();
    let denied = vec![Denied::Key(Sha256::digest(key_info).into())];
    fleet.ground.write("first.bin", &fleet.blob_denying(denied, 1, &[of(&world.server)])?)?;
    world.files.write_identity("client-wanted", &world.client_wanted)?;
    let network = Network::User { forward: Some(fleet.port) };
    let arguments = ["blob=first", "role=supplier:8443:2"].map(String::from);
    let directory = fleet.ground.directory();
    let mut supplier = Emulator::start(machine, &machine.image(), &directory, &network, Clock::Host, &arguments)?;
    let mut outcome = supplier.await_line("connection 1 of 2: listening");
    for (shows, is_denied) in [("client", true), ("client-wanted", false)] {
        outcome = outcome.and_then(|()| {
            let printed = clients::Kind::Curl.post(world, fleet.port, shows)?;
            if printed.contains("accepted") == is_denied { Err(format!("{shows}: {printed}")) } else { Ok(()) }
        });
    }
    let lines =
        ["CN=gateway-7", "it is on the deny list of our fleet", "connection 2 of 2", "answering HTTP 200, cXML 200"];
    let outcome = outcome.and_then(|()| expect_end(&mut supplier, DELIVERED, &lines));
    let outcome = outcome.and_then(|()| in_order("the log", &supplier.log().join("\n"), &lines));
    outcome.map_err(|problem| format!("{problem}\nthe machine logged:\n{}", supplier.log().join("\n")))
}

/// A `SubjectPublicKeyInfo` of a key on P-256 up to its point (RFC 5480 section 2.1.1).
const P256_KEY_INFO: &[u8] =
    b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00";

const BEGIN: &str = "-----BEGIN CERTIFICATE REQUEST-----";
const END: &str = "-----END CERTIFICATE REQUEST-----";

/// Takes the request from a log, whose lines begin with other columns.
fn request(log: &[String]) -> String {
    let lines = log.iter().skip_while(|line| !line.contains(BEGIN)).skip(1).take_while(|line| !line.contains(END));
    let content: Vec<_> = lines.filter_map(|line| line.split_whitespace().last()).collect();
    format!("{BEGIN}\n{}\n{END}\n", content.join("\n"))
}

/// Has OpenSSL verify a request with this text in its subject and the root answer it; returns the certificate.
fn certify(world: &World, pem: &str, name: &str) -> Result<Vec<u8>, String> {
    let authority = Identity { chain: vec![world.root.der.clone()], scalar: world.root.key.scalar() };
    let extensions = "basicConstraints = CA:FALSE\nkeyUsage = digitalSignature\nextendedKeyUsage = clientAuth\n";
    let request = world.files.write("request.pem", pem)?;
    let key = world.files.write("root.key", authority.key_pem()?)?;
    let extensions = world.files.write("own.cnf", extensions)?;
    let (root, leaf) = (world.file("root.pem"), world.file("own.der"));
    let verified = openssl(&["req", "-in", &request, "-verify", "-noout", "-subject"])?;
    if !verified.contains("verify OK") || !verified.contains(name) {
        return Err(format!("openssl req -verify:\n{verified}{pem}"));
    }
    let words = ["x509", "-req", "-in", &request, "-CA", &root, "-CAkey", &key, "-days", "30", "-extfile", &extensions];
    let said = openssl(&[&words[..], &["-outform", "DER", "-out", &leaf]].concat())?;
    std::fs::read(&leaf).map_err(|error| format!("{leaf}: {error}; openssl x509 -req: {said}"))
}

/// Runs OpenSSL, and returns what it says.
fn openssl(words: &[&str]) -> Result<String, String> {
    let mut process = Process::start("openssl", words)?;
    process.await_end()?;
    Ok(format!("{}{}", String::from_utf8_lossy(&process.stdout()), process.stderr()))
}

/// An identity of a blob: its chain, and its key.
type Stored<'k> = (Vec<u8>, StoredKey<'k>);

/// Stores an identity of the world, with its key in the clear.
fn of(identity: &Identity) -> Stored<'_> {
    (identity.chain.concat(), StoredKey::P256(&identity.scalar))
}

/// Each of the texts has to be there, behind the one before.
fn in_order(what: &str, said: &str, texts: &[&str]) -> Result<(), String> {
    let mut rest = said;
    for text in texts {
        let (_, behind) =
            rest.split_once(text).ok_or_else(|| format!("{what} does not say \"{text}\" in its place:\n{said}"))?;
        rest = behind;
    }
    Ok(())
}

/// The owner of the machine's blobs, for a supplier at a port of this host.
struct Fleet<'w> {
    world: &'w World,
    ground: Ground,
    key: P256SigningKey,
    port: u16,
    path: &'static str,
    policy: Policy,
}

impl<'w> Fleet<'w> {
    fn new(world: &'w World, path: &'static str) -> Result<Self, String> {
        let ground = Ground::new(&world.root, None)?;
        let key = P256SigningKey::from_bytes(&[7; 32]).map_err(|error| format!("{error:?}"))?;
        ground.write("fleet.point", &key.public_key())?;
        let policy = Policy { enforce: true, site_chooses_alias: true, max_depth: Some(2), ..Policy::default() };
        Ok(Self { world, ground, key, port: free_port()?, path, policy })
    }

    /// Writes blobs: the name of the file, the version, and the identities, of which the first is active.
    fn writes(&self, blobs: &[(&str, u64, &[Stored<'_>])]) -> Result<(), String> {
        for (name, version, identities) in blobs {
            self.ground.write(&format!("{name}.bin"), &self.blob(*version, identities)?)?;
        }
        Ok(())
    }

    fn blob(&self, version: u64, identities: &[Stored<'_>]) -> Result<Vec<u8>, String> {
        self.blob_denying(Vec::new(), version, identities)
    }

    fn blob_denying(
        &self,
        denied: Vec<Denied<'_>>,
        version: u64,
        identities: &[Stored<'_>],
    ) -> Result<Vec<u8>, String> {
        let alias =
            |number| if number == 1 { format!("orders-{version}") } else { format!("orders-{version}-{number}") };
        let aliases: Vec<_> = (1..=identities.len()).map(alias).collect();
        let (host, server_name) = ("10.0.2.2", SERVER_NAME);
        let content = Content {
            version,
            // 2040-12-24.
            renew_by: Some(embedded_mtls::x509::UnixTime(2_240_000_000)),
            active: Some(0),
            endpoint: Some(Endpoint { host, port: self.port, server_name, path: self.path, time_server: "" }),
            policy: self.policy,
            anchors: vec![&self.world.root.der],
            identities: (aliases.iter().zip(identities))
                .map(|(alias, (chain, key))| embedded_mtls_blob::Identity { alias, key: *key, chain })
                .collect(),
            denied,
            ..Content::default()
        };
        let sealed = content.seal(RustCrypto, |digest| self.key.sign_digest(digest, &[]).ok());
        sealed.map_err(|error| error.to_string())
    }

    /// Boots the machine with more arguments. It has to end with a status, and to log these lines in this order.
    fn runs(&self, machine: Machine, words: &[&str], status: u8, lines: &[&str], peer: &Peer) -> Result<(), String> {
        let settings: Vec<String> = ["blob=first", "attempts=8"].iter().chain(words).map(ToString::to_string).collect();
        let mut machine = boot(machine, &self.ground, &settings)?;
        let outcome = expect_end(&mut machine, status, lines)
            .and_then(|()| in_order("the log", &machine.log().join("\n"), lines));
        outcome.map_err(|problem| report(&problem, &machine, peer))
    }
}
