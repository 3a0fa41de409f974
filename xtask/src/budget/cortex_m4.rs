//! The providers in assembly, checked where they run: on a Cortex-M4, and ours on a Cortex-M33, too.

use super::builds::{Build, SHORT_COPIES, TUNED};
use super::cores::{CORTEX_M4, CORTEX_M33, Core};
use super::{entry_points, images, replay, target_directory};
use crate::features::MEASURED_TARGET;
use crate::run::{Failure, Result};
use crate::setup;

/// The expected output of the image: the number of vectors of each kind, and the number of keys tried.
const RIGHT: &str = "ecdsa 484\necdh 355\nkeys 18\n";
/// Of our own cryptography, before that: cases in which its assembly gave what its portable form or a loop over bytes gives.
const ASSEMBLY: &str = "assembly 477548\n";
/// And after that how many records, secrets and operations with a wiped stack there were.
const RIGHT_MICRO: &str = "micro 680\n";

/// Compares both with RustCrypto on some keys, and with the vectors of Project Wycheproof.
pub(crate) fn check() -> Result<()> {
    setup::targets()?;
    setup::emulator()?;
    let file = target_directory().join("vectors");
    replay::on_host("vectors", "record,default-algorithms", &[&file.to_string_lossy()])?;
    run(&CORTEX_M4, "cortex-m4", false, RIGHT)?;
    let right = [ASSEMBLY, RIGHT, RIGHT_MICRO].concat();
    for core in [CORTEX_M4, CORTEX_M33] {
        run(&core, MICRO, false, &right)?;
    }
    // With a branch on a secret, which the image has to notice.
    run(&CORTEX_M4, MICRO, true, &right)
}

/// Our own cryptography with both of its forms.
const MICRO: &str = "micro-comparison,default-algorithms";

/// Makes the build script of our own cryptography build the variant with a branch on a secret.
const LEAKY: &str = "MICRO_LEAKY";

fn run(core: &Core, features: &'static str, is_leaky: bool, right: &str) -> Result<()> {
    let build = Build { features, flags: SHORT_COPIES, ..TUNED };
    let compilation = images::compilation(core, &build, &["check_provider"], "replay");
    if is_leaky { compilation.env(LEAKY, "1") } else { compilation }.succeed()?;
    let output = replay::emulate(core, &images::image(core, &build, "check_provider"), &[], "target/budget")?;
    // What is stated is measured on a Cortex-M4, and without the branch.
    let is_stated = features == MICRO && core.target == MEASURED_TARGET && !is_leaky;
    let output = if is_stated { entry_points::compare(&output)? } else { entry_points::without(&output) };
    if output == right {
        return Ok(());
    }
    Err(Failure::new(format!("the image with {features} for {} printed:\n{output}and not:\n{right}", core.target)))
}
