//! The providers in assembly, checked where they run.

use super::builds::TUNED;
use super::{Build, images, replay, target_directory};
use crate::run::{Failure, Result};
use crate::setup;

/// The expected output of the image: the number of vectors of each kind, and the number of keys tried.
const RIGHT: &str = "ecdsa 484\necdh 355\nkeys 18\n";
/// Of our own cryptography, before that: cases in which its assembly gave what its portable form gives.
const ASSEMBLY: &str = "assembly 390932\n";
/// And after that how many records, secrets and operations with a wiped stack there were.
const RIGHT_MICRO: &str = "micro 680\n";

/// Compares both with RustCrypto on some keys, and with the vectors of Project Wycheproof.
pub(crate) fn check() -> Result<()> {
    setup::targets()?;
    setup::emulator()?;
    let file = target_directory().join("vectors");
    replay::on_host("vectors", "record,default-algorithms", &[&file.to_string_lossy()])?;
    run("cortex-m4", false, RIGHT)?;
    let right = [ASSEMBLY, RIGHT, RIGHT_MICRO].concat();
    run("micro-comparison,default-algorithms", false, &right)?;
    // With a branch on a secret, which the image has to notice.
    run("micro-comparison,default-algorithms", true, &right)
}

/// Makes the build script of our own cryptography build the variant with a branch on a secret.
const LEAKY: &str = "MICRO_LEAKY";

fn run(features: &'static str, is_leaky: bool, right: &str) -> Result<()> {
    let build = Build { features, ..TUNED };
    let compilation = images::compilation(&build, &["check_provider"], "replay");
    if is_leaky { compilation.env(LEAKY, "1") } else { compilation }.succeed()?;
    let output = replay::emulate(&images::image(&build, "check_provider"), &[], "target/budget")?;
    if output == right {
        return Ok(());
    }
    Err(Failure::new(format!("the image with {features} printed:\n{output}and not:\n{right}")))
}
