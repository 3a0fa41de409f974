//! A connection that resumes the session of the one before (RFC 9846 section 2.2).

use super::builds::{Build, MICRO, MICRO_GCM, TUNED};
use super::cores::CORTEX_M4;
use super::replay::Cost;
use super::table::{Table, grouped};
use super::{Extent, handshakes, images, replay};
use crate::run::Result;

/// The bar for the instructions of a client with `embedded-mtls-micro`, and the goal.
const BAR: u64 = 1_900_000;
const GOAL: u64 = 1_500_000;

/// The task of the programs that resume a session.
const RESUMPTION: &str = "\
With the feature `resumption`, in the profile *tuned*: the second connection of a session, with a new key exchange on P-256 but without
certificates and signatures. Opening the stored ticket is part of the client's handshake. The images contain the full handshake as well,
and take, store and issue the next ticket. The RAM of a client includes memory for the longest ticket that may be stored, 2,560 bytes.

";

/// The first is what a quick check measures.
const BUILDS: &[Build] = &[
    Build { features: "micro,resumption", ..MICRO },
    Build { features: "micro-aes128-gcm,resumption", algorithms: "the same with AES-128-GCM", ..MICRO_GCM },
    Build { features: "cortex-m4,resumption", algorithms: "AES-128-GCM, P-256 in assembly", ..TUNED },
    Build { features: "resumption", ..TUNED },
];

/// Builds and runs each, or the first.
pub(crate) fn measure(extent: Extent) -> Result<String> {
    let mut table = Table::new(
        &["Role", "Compiled in", "Negotiated"],
        &["Flash", "RAM", "Instructions", "Key share", "ECDH", "Rest", "Sent", "Received"],
    );
    extent.of(BUILDS).iter().try_for_each(|build| one(build, &mut table))?;
    let (bar, goal) = (grouped(BAR), grouped(GOAL));
    let bars = format!("The bar for a client with `embedded-mtls-micro` is {bar} instructions, and the goal {goal}.");
    Ok(format!("{RESUMPTION}{}\n{bars}\n", table.into_text()))
}

fn one(build: &Build, table: &mut Table) -> Result<()> {
    eprintln!("building and running: {}, resumed", build.algorithms);
    let choice = build.first_choice();
    replay::record(choice, replay::RESUMED)?;
    images::compile(build, &["empty", "resuming_client", "resuming_server"], "")?;
    images::compile(build, &["replay_resuming_client", "replay_resuming_server"], "replay")?;
    for role in ["client", "server"] {
        let image = format!("resuming_{role}");
        let flash = images::flash_over_empty(&CORTEX_M4, build, &image)?;
        let statics = images::statics_over_empty(&CORTEX_M4, build, &image)?;
        let cost = replay::run_resumed(build, role, choice)?;
        let Cost { handshake, share, agree, sent, received, .. } = cost;
        let numbers = [flash, statics + cost.stack, handshake, share, agree, cost.rest(), sent, received];
        table.line([role, build.algorithms, &handshakes::negotiated(choice)], &numbers);
    }
    Ok(())
}
