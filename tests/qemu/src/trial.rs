//! A machine that posts to a supplier behind a proxy with a script.

use crate::emulator::{Emulator, Machine};
use crate::ground::Ground;
use crate::rows::{Row, expect_end, expect_queue};
use crate::world::World;

/// A script of faults, and the expected end.
pub(crate) struct Trial<S: 'static> {
    pub(crate) name: &'static str,
    /// The faults of the attempts, one after the other.
    pub(crate) script: &'static [S],
    /// Arguments of the machine beside the usual ones.
    pub(crate) arguments: &'static [&'static str],
    /// The exit status of the firmware.
    pub(crate) status: u8,
    /// The expected lines of the log.
    pub(crate) log: &'static [&'static str],
}

/// Does it.
type Run<S> = fn(&Trial<S>, Machine, &World) -> Result<(), String>;

impl<S: Sync> Trial<S> {
    /// A row of the table.
    pub(crate) fn row(&'static self, machine: Machine, run: Run<S>) -> Row {
        Row { machine: machine.name(), name: self.name.into(), run: Box::new(move |world| run(self, machine, world)) }
    }

    /// All arguments of the machine.
    pub(crate) fn words(&self, more: &[String]) -> Vec<String> {
        more.iter().cloned().chain(self.arguments.iter().map(ToString::to_string)).collect()
    }

    /// Returns the faults of its outcome.
    pub(crate) fn judge(&self, machine: &mut Emulator, ground: &Ground) -> Result<(), String> {
        expect_end(machine, self.status, self.log)?;
        expect_queue(ground, self.status)
    }
}
