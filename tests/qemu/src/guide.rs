//! The first chapter of `docs/guide.md`, to its end: the blob that its commands make drives the firmware, which posts to the Apache
//! that they start.

use std::path::Path;

use crate::emulator::Machine;
use crate::rows::Row;
use test_support::peers::guide::{Part, run};

/// The row.
pub(crate) fn rows() -> Vec<Row> {
    vec![Row {
        machine: Machine::Mps2.name(),
        name: "the blob of the guide posts an order to the Apache of the guide".into(),
        run: Box::new(|_| as_told()),
    }]
}

fn as_told() -> Result<(), String> {
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    // The programs are built beside this one.
    let programs = own.parent().unwrap_or(Path::new("."));
    run(Part::WithBoard, programs).map(drop)
}
