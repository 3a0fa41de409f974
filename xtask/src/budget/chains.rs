//! Validating a chain without TLS, beside another implementation.

use super::builds::TUNED;
use super::{Build, images, replay};
use crate::run::{Failure, Result};

/// The cost of validating a leaf and an intermediate.
pub(crate) struct Chain {
    pub(crate) name: &'static str,
    pub(crate) flash: u64,
    pub(crate) stack: u64,
    pub(crate) instructions: u64,
    /// The part of these that verifies no signatures.
    pub(crate) rest: u64,
}

/// Name, features, the image for flash and that for instructions.
const VALIDATORS: &[(&str, &str, &str, &str)] = &[
    ("`x509::Validator`, P-256 alone", "", "validator", "replay_validator"),
    ("`x509::Validator`, all algorithms", "embedded-mtls/all-algorithms", "validator", "replay_validator"),
    ("rustls-webpki 0.103 without `alloc`, the same P-256", "webpki", "webpki", "replay_webpki"),
];

/// Builds and runs each.
pub(crate) fn measure() -> Result<Vec<Chain>> {
    VALIDATORS.iter().map(|(name, features, image, counted)| one(name, features, image, counted)).collect()
}

fn one(name: &'static str, features: &'static str, image: &str, counted: &str) -> Result<Chain> {
    eprintln!("building and running: {name}");
    let build = Build { features, ..TUNED };
    images::compile(&build, &["empty", image], "")?;
    let flash = images::flash_over_empty(&build, image)?;
    images::compile(&build, &[counted], "replay")?;
    let image = images::image(&build, counted);
    let output = replay::emulate(&image, &[], "target/budget")?;
    if replay::emulate(&image, &[], "target/budget")? != output {
        return Err(Failure::new(format!("two runs of {} gave different figures", image.display())));
    }
    let sum = |wanted: &str| {
        let numbers = output.lines().filter_map(|line| line.strip_prefix(wanted)?.trim_start().parse::<u64>().ok());
        numbers.sum::<u64>()
    };
    let (instructions, verified) = (sum("chain"), sum("verify"));
    Ok(Chain { name, flash, stack: sum("stack"), instructions, rest: instructions.saturating_sub(verified) })
}
