//! A connection that resumes the session of the one before (RFC 9846 section 2.2).

use super::builds::{CHACHA_P256, Choice, GCM_P256, TUNED};
use super::replay::Cost;
use super::{Build, images, replay};
use crate::run::Result;

/// The bar for the instructions of a client with `embedded-mtls-micro`, and the goal.
pub(crate) const BAR: u64 = 1_900_000;
pub(crate) const GOAL: u64 = 1_500_000;

/// The cost of one build.
pub(crate) struct Resumed {
    pub(crate) build: &'static Build,
    pub(crate) choice: Choice,
    /// Of a client and of a server.
    pub(crate) flash: [u64; 2],
    pub(crate) statics: [u64; 2],
    pub(crate) costs: [Cost; 2],
}

/// The first is what a quick check measures.
const BUILDS: &[Build] = &[
    Build {
        features: "micro,resumption",
        algorithms: "ChaCha20-Poly1305, P-256 of `embedded-mtls-micro`, unaudited",
        choices: &[CHACHA_P256],
        ..TUNED
    },
    Build { features: "micro-aes128-gcm,resumption", algorithms: "the same with AES-128-GCM", ..TUNED },
    Build { features: "cortex-m4,resumption", algorithms: "AES-128-GCM, P-256 in assembly", ..TUNED },
    Build { features: "resumption", ..TUNED },
];

/// Builds and runs the first.
pub(crate) fn quick() -> Result<Vec<Resumed>> {
    BUILDS.iter().take(1).map(one).collect()
}

/// Builds and runs each.
pub(crate) fn measure() -> Result<Vec<Resumed>> {
    BUILDS.iter().map(one).collect()
}

fn one(build: &'static Build) -> Result<Resumed> {
    eprintln!("building and running: {}, resumed", build.algorithms);
    let choice = build.choices.first().copied().unwrap_or(GCM_P256);
    replay::record(choice, replay::RESUMED)?;
    let images = ["resuming_client", "resuming_server"];
    images::compile(build, &["empty", images[0], images[1]], "")?;
    let flash = [images::flash_over_empty(build, images[0])?, images::flash_over_empty(build, images[1])?];
    let statics = [images::statics_over_empty(build, images[0])?, images::statics_over_empty(build, images[1])?];
    images::compile(build, &["replay_resuming_client", "replay_resuming_server"], "replay")?;
    let costs = [replay::run_resumed(build, "client", choice)?, replay::run_resumed(build, "server", choice)?];
    Ok(Resumed { build, choice, flash, statics, costs })
}
