//! A machine with all that it knows from a blob in its flash, whose identity is replaced between two orders.

use crate::emulator::Machine;
use crate::ground::Ground;
use crate::peers::{Kind, Peer};
use crate::pki::SERVER_NAME;
use crate::rows::{DELIVERED, Row, boot, expect_end, report};
use crate::world::{Identity, WANTED_NAME, World, free_port};
use embedded_mtls::crypto::rustcrypto::{P256SigningKey, RustCrypto};
use embedded_mtls_blob::{Content, Endpoint, Policy, StoredKey};

/// The common name of the first identity; the second one's is [`WANTED_NAME`].
const FIRST: &str = "gateway-0042";

/// The row.
pub(crate) fn rows() -> Vec<Row> {
    let machine = Machine::Mps2;
    vec![Row {
        machine: machine.name(),
        name: "a blob replaces the identity between two orders, for good".into(),
        run: Box::new(move |world| rotates(machine, world)),
    }]
}

/// The second blob arrives while the first order's handshake signs: that order goes through with the first identity, the next
/// one with the second. After a power cycle the second is still in use, and the first blob is refused.
fn rotates(machine: Machine, world: &World) -> Result<(), String> {
    let ground = Ground::new(&world.root, None)?;
    let port = free_port()?;
    let fleet = P256SigningKey::from_bytes(&[7; 32]).map_err(|error| format!("{error:?}"))?;
    ground.write("fleet.point", &fleet.public_key())?;
    ground.write("first.bin", &blob(&fleet, world, port, 1, &world.client)?)?;
    ground.write("second.bin", &blob(&fleet, world, port, 2, &world.client_wanted)?)?;
    let peer = Peer::start(Kind::Ours, world, port, "server", &[])?;

    let words =
        |words: &[&str]| [&["blob=first", "attempts=8"], words].concat().into_iter().map(String::from).collect();
    let mut settings: Vec<String> = words(&["next=second", "orders=2"]);
    for (lines, names) in [
        (
            &[
                "blob 1 is stored: the next connection uses it",
                "blob 1: the identity is orders-1",
                "blob 2 is stored: the next connection uses it",
                "order accepted: Delivered",
                "blob 2: the identity is orders-2",
                "order accepted: Delivered",
            ][..],
            &[FIRST, WANTED_NAME][..],
        ),
        (
            &[
                "the blob is refused: byte 16: the version: found 1, wanted at least 3",
                "blob 2: the identity is orders-2",
                "order accepted: Delivered",
            ],
            &[FIRST, WANTED_NAME, WANTED_NAME],
        ),
    ] {
        let mut machine = boot(machine, &ground, &settings)?;
        let outcome = expect_end(&mut machine, DELIVERED, lines).and_then(|()| {
            in_order("the log", &machine.log().join("\n"), lines)?;
            in_order("the supplier", &peer.printed(), names)
        });
        outcome.map_err(|problem| report(&problem, &machine, &peer))?;
        settings = words(&[]);
    }
    Ok(())
}

/// Each of the texts has to be there, behind the one before.
fn in_order(what: &str, said: &str, texts: &[&str]) -> Result<(), String> {
    let mut rest = said;
    for text in texts {
        let (_, behind) =
            rest.split_once(text).ok_or_else(|| format!("{what} does not say \"{text}\" in its place"))?;
        rest = behind;
    }
    Ok(())
}

/// A blob of a version, for a supplier at a port of this host.
fn blob(
    fleet: &P256SigningKey,
    world: &World,
    port: u16,
    version: u64,
    identity: &Identity,
) -> Result<Vec<u8>, String> {
    let (alias, chain) = (format!("orders-{version}"), identity.chain.concat());
    let key = StoredKey::P256(&identity.scalar);
    let content = Content {
        version,
        active: Some(0),
        endpoint: Some(Endpoint { host: "10.0.2.2", port, server_name: SERVER_NAME, path: "/orders", time_server: "" }),
        policy: Policy { enforce: true, max_depth: Some(2), ..Policy::default() },
        anchors: vec![&world.root.der],
        identities: vec![embedded_mtls_blob::Identity { alias: &alias, key, chain: &chain }],
        ..Content::default()
    };
    let sealed = content.seal(RustCrypto, |digest| fleet.sign_digest(digest, &[]).ok());
    sealed.map_err(|error| error.to_string())
}
