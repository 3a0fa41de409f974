//! The provider in assembly, checked where it runs.

use super::builds::TUNED;
use super::{Build, images, replay, target_directory};
use crate::run::{Failure, Result};
use crate::setup;

/// What the image prints when all is right: how many vectors of each kind there are, and how many keys were tried.
const RIGHT: &str = "ecdsa 484\necdh 355\nkeys 18\n";

/// Compares it with `p256` on some keys and with the vectors of Project Wycheproof.
pub(crate) fn check() -> Result<()> {
    setup::targets()?;
    setup::emulator()?;
    let file = target_directory().join("vectors");
    replay::on_host("vectors", &[&file.to_string_lossy()])?;
    let build = Build { features: "cortex-m4", ..TUNED };
    images::compile(&build, &["check_cortex_m4"], "replay")?;
    let output = replay::emulate(&images::image(&build, "check_cortex_m4"), &[], "target/budget")?;
    if output == RIGHT {
        return Ok(());
    }
    Err(Failure::new(format!("the image printed:\n{output}and not:\n{RIGHT}")))
}
