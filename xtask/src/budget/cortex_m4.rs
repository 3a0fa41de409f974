//! The providers in assembly, checked where they run.

use super::builds::TUNED;
use super::{Build, images, replay, target_directory};
use crate::run::{Failure, Result};
use crate::setup;

/// The expected output of the image: the number of vectors of each kind, and the number of keys tried.
const RIGHT: &str = "ecdsa 484\necdh 355\nkeys 18\n";
/// And of our own cryptography how many records and secrets there were, and cases in which its assembly gave what its portable form gives.
const RIGHT_MICRO: &str = "micro 618\nassembly 390732\n";

/// Compares both with RustCrypto on some keys, and with the vectors of Project Wycheproof.
pub(crate) fn check() -> Result<()> {
    setup::targets()?;
    setup::emulator()?;
    let file = target_directory().join("vectors");
    replay::on_host("vectors", &[&file.to_string_lossy()])?;
    run("cortex-m4", RIGHT)?;
    run("micro-comparison,default-algorithms", &[RIGHT, RIGHT_MICRO].concat())
}

fn run(features: &'static str, right: &str) -> Result<()> {
    let build = Build { features, ..TUNED };
    images::compile(&build, &["check_provider"], "replay")?;
    let output = replay::emulate(&images::image(&build, "check_provider"), &[], "target/budget")?;
    if output == right {
        return Ok(());
    }
    Err(Failure::new(format!("the image with {features} printed:\n{output}and not:\n{right}")))
}
