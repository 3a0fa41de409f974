//! Validating a chain without TLS, beside another implementation.

use super::builds::{Build, TUNED};
use super::cores::CORTEX_M4;
use super::table::Table;
use super::{Extent, images, replay};
use crate::run::Result;

/// Name, features, the image for flash and that for instructions.
const VALIDATORS: &[(&str, &str, &str, &str)] = &[
    ("`x509::Validator`, P-256 alone", "", "validator", "replay_validator"),
    ("`x509::Validator`, all algorithms", "embedded-mtls/all-algorithms", "validator", "replay_validator"),
    ("rustls-webpki 0.103 without `alloc`, the same P-256", "webpki", "webpki", "replay_webpki"),
];

/// The task.
const TASK: &str = "\
Validates a leaf and an intermediate up to the root: signatures, time, key usages and the name of the server, in the profile *tuned*. *Rest*
counts the instructions outside of signature verification.

";

/// Builds and runs each.
pub(crate) fn measure(_: Extent) -> Result<String> {
    let mut table = Table::new(&["Validator"], &["Flash", "Stack", "Instructions", "Rest"]);
    for (name, features, image, counted) in VALIDATORS {
        table.line([name], &one(name, features, image, counted)?);
    }
    Ok(format!("{TASK}{}", table.into_text()))
}

fn one(name: &str, features: &'static str, image: &str, counted: &str) -> Result<[u64; 4]> {
    eprintln!("building and running: {name}");
    let build = Build { features, ..TUNED };
    images::compile(&build, &["empty", image], "")?;
    let flash = images::flash_over_empty(&CORTEX_M4, &build, image)?;
    images::compile(&build, &[counted], "replay")?;
    let image = images::image(&CORTEX_M4, &build, counted);
    let output = replay::twice(&CORTEX_M4, &image, &[], "target/budget")?;
    let sum = |wanted: &str| {
        let numbers = output.lines().filter_map(|line| line.strip_prefix(wanted)?.trim_start().parse::<u64>().ok());
        numbers.sum::<u64>()
    };
    let (instructions, verified) = (sum("chain"), sum("verify"));
    Ok([flash, sum("stack"), instructions, instructions.saturating_sub(verified)])
}
