//! Handshakes of a client and of a server on a Cortex-M4, in each build.

use super::builds::{BUILDS, Build, Choice, HYBRID_BUILDS};
use super::cores::CORTEX_M4;
use super::replay::Cost;
use super::table::{Row, Table};
use super::{Extent, images, replay};
use crate::run::Result;

/// The meaning of the parts of a handshake.
const PARTS: &str = "\
### Parts of a handshake

Instructions of each public-key operation and of everything else; bytes of stack, and bytes on the wire.

";

/// The task of the programs with a hybrid key exchange.
const HYBRID_TEXT: &str = "\
With the feature `mlkem`, in the profile *tuned*: the key exchange is X25519MLKEM768. RAM is mostly the stack of ML-KEM, during the key exchange
alone; 466 bytes are `tx` for the ClientHello. A client makes its decapsulation key twice, since its seed takes a twentieth of the memory between
the hellos. `ml-kem` and its dependencies at `opt-level = 3` save 5 % of the instructions and take 6 KB more.

";

/// The cost of one build.
struct Measured {
    build: &'static Build,
    sizes: images::Sizes,
    /// The figures of each choice, as client and as server.
    handshakes: Vec<(Choice, [Cost; 2])>,
}

/// Builds and runs each, or the first.
pub(crate) fn measure(extent: Extent) -> Result<String> {
    let measured = all(extent.of(BUILDS))?;
    Ok(format!("{}\n{PARTS}{}", figures(&measured), parts(&measured)))
}

/// Builds and runs those with a hybrid key exchange.
pub(crate) fn measure_hybrid(extent: Extent) -> Result<String> {
    let measured = all(extent.of(HYBRID_BUILDS))?;
    Ok(format!("{HYBRID_TEXT}{}\n{}", figures(&measured), parts(&measured)))
}

fn all(builds: &'static [Build]) -> Result<Vec<Measured>> {
    let mut choices: Vec<Choice> = builds.iter().flat_map(|build| build.choices).copied().collect();
    choices.sort_by_key(|choice| (choice.suite, choice.group));
    choices.dedup();
    eprintln!("recording {} handshakes", choices.len());
    choices.into_iter().try_for_each(|choice| replay::record(choice, ""))?;
    builds.iter().map(one).collect()
}

fn one(build: &'static Build) -> Result<Measured> {
    eprintln!("building and running: {}, {}", build.algorithms, build.profile);
    let sizes = images::measure(build)?;
    images::compile(build, &["replay_client", "replay_server"], "replay")?;
    let run = |role, choice| replay::run(&CORTEX_M4, build, role, choice);
    let both = |choice: &Choice| Ok((*choice, [run("client", *choice)?, run("server", *choice)?]));
    Ok(Measured { build, sizes, handshakes: build.choices.iter().map(both).collect::<Result<_>>()? })
}

/// A figure of both roles in the table of handshakes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    Flash,
    Ram,
    Handshake,
    Record,
}

impl Column {
    /// Reads it from a row: of a client and of a server.
    pub(crate) fn of(self, row: &Row<'_>) -> Option<[u64; 2]> {
        let (client, server) = match self {
            Self::Flash => ("Flash of a client", "Flash of a client, of a server"),
            Self::Ram => ("RAM of a client", "RAM of a client, of a server"),
            Self::Handshake => ("Instructions, client", "Instructions, client, server"),
            Self::Record => ("Instructions, client, for 1 KiB", "Instructions, client, for 1 KiB"),
        };
        Some([row.number(client)?, row.number(server)?])
    }
}

/// Writes a row for each build and what is negotiated in it.
fn figures(measured: &[Measured]) -> String {
    let mut table = Table::new(
        &["Compiled in", "Profile", "Negotiated"],
        &[
            "Flash of a client",
            "of a server",
            "of both",
            "RAM of a client",
            "of a server",
            "Instructions, client",
            "server",
            "for 1 KiB",
        ],
    );
    for Measured { build, sizes, handshakes } in measured {
        for (choice, [client, server]) in handshakes {
            let [flash_client, flash_server, flash_both] = sizes.flash;
            let numbers = [
                flash_client,
                flash_server,
                flash_both,
                sizes.statics + client.stack,
                sizes.statics + server.stack,
                client.handshake,
                server.handshake,
                client.record.max(server.record),
            ];
            table.line([build.algorithms, build.profile, &negotiated(*choice)], &numbers);
        }
    }
    table.into_text()
}

/// Names what is negotiated.
pub(crate) fn negotiated(choice: Choice) -> String {
    let suite = match choice.suite {
        "aes128-gcm" => "AES-128-GCM",
        "chacha20-poly1305" => "ChaCha20-Poly1305",
        other => other,
    };
    format!("{suite}, {}", choice.group)
}

/// Writes the parts of a handshake with their instructions.
fn parts(measured: &[Measured]) -> String {
    let mut table = Table::new(
        &["Role", "Compiled in", "Profile", "Negotiated"],
        &["Key share", "ECDH", "Chain", "CertificateVerify", "Signature", "Rest", "Stack", "Sent", "Received"],
    );
    for Measured { build, handshakes, .. } in measured {
        for (choice, costs) in handshakes {
            for (role, cost) in ["client", "server"].into_iter().zip(costs) {
                let Cost { share, agree, chain, certificate_verify, sign, stack, sent, received, .. } = *cost;
                let numbers = [share, agree, chain, certificate_verify, sign, cost.rest(), stack, sent, received];
                table.line([role, build.algorithms, build.profile, &negotiated(*choice)], &numbers);
            }
        }
    }
    table.into_text()
}
