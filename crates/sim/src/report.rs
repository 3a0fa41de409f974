//! The report of a run.

use core::fmt;
use core::time::Duration;
use std::collections::BTreeMap;

use crate::capture::Capture;
use crate::ledger::Violation;
use crate::network::Counts;
use crate::page::Page;
use crate::scenario::Scenario;
use crate::timeline::Timeline;

/// The result of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The scenario.
    pub scenario: Scenario,
    /// Orders that journals have stored.
    pub stored: usize,
    /// Orders that the supplier has, each counted once.
    pub accepted: usize,
    /// Orders that are still in journals.
    pub queued: usize,
    /// Orders that arrived again, because their answer was lost, and were recognized.
    pub repeats: u64,
    /// Attempts to deliver an order.
    pub attempts: u64,
    /// Starts of gateways.
    pub boots: u64,
    /// Restarts of the supplier.
    pub restarts: usize,
    /// The number of attempts that ended in each way.
    pub outcomes: BTreeMap<String, u64>,
    /// The faults of the network.
    pub network: Counts,
    /// The broken promises.
    pub violations: Vec<Violation>,
    /// The course of the run.
    pub timeline: Timeline,
    /// The packets of the gateways that were asked for.
    pub capture: Option<Capture>,
}

impl Report {
    /// Returns a digest of every byte on the network and its time: equal for equal runs.
    pub const fn digest(&self) -> u64 {
        self.network.digest
    }

    /// Returns the times from the storage of orders to their arrival, the shortest first.
    pub fn waits(&self) -> Vec<Duration> {
        let orders = self.timeline.orders.iter();
        let mut waits: Vec<_> = orders.filter_map(|order| Some(order.accepted?.saturating_sub(order.stored))).collect();
        waits.sort_unstable();
        waits
    }

    /// Returns the report as a page of HTML with time lines and charts. It is one file without scripts, suits light and
    /// dark screens, and can be printed.
    pub fn to_html(&self) -> String {
        Page(self).to_string()
    }

    /// Checks that no promise was broken.
    ///
    /// # Errors
    /// The broken promises, and how to repeat the run.
    pub fn verify(&self) -> Result<(), BrokenPromise> {
        if self.violations.is_empty() {
            return Ok(());
        }
        Err(BrokenPromise { scenario: Box::new(self.scenario.clone()), violations: self.violations.clone() })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scenario, network, .. } = self;
        let hours = scenario.duration.as_secs() / 3600;
        writeln!(f, "{} gateways, {hours} h, seed {}", scenario.gateways, scenario.seed)?;
        let (stored, accepted, queued, repeats) = (self.stored, self.accepted, self.queued, self.repeats);
        writeln!(f, "orders: {stored} stored, {accepted} accepted, {queued} queued, {repeats} recognized repeats")?;
        let (boots, restarts) = (self.boots, self.restarts);
        writeln!(f, "{} attempts, {boots} starts of gateways, {restarts} restarts of the supplier", self.attempts)?;
        let Counts { connections, bytes, lost, reordered, duplicated, corrupted, forged, reset, stalled, digest } =
            network;
        writeln!(
            f,
            "network: {connections} connections, {bytes} bytes; {lost} segments lost, {reordered} reordered, {duplicated} \
             duplicated, {corrupted} corrupted, {forged} forged; {reset} resets, {stalled} stalls"
        )?;
        for (outcome, count) in &self.outcomes {
            writeln!(f, "{count:>8}  {outcome}")?;
        }
        for violation in &self.violations {
            writeln!(f, "BROKEN: {violation:?}")?;
        }
        write!(f, "digest {digest:016x}")
    }
}

/// The broken promises of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenPromise {
    scenario: Box<Scenario>,
    violations: Vec<Violation>,
}

impl fmt::Display for BrokenPromise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} broken promises:", self.violations.len())?;
        for violation in self.violations.iter().take(10) {
            writeln!(f, "  {violation:?}")?;
        }
        let seed = self.scenario.seed;
        writeln!(f, "to repeat this run byte for byte, seed {seed}, write these lines into a file, and name it to")?;
        writeln!(f, "`cargo run --release -p embedded-mtls-sim --example fleet -- FILE`:")?;
        write!(f, "{}", self.scenario)
    }
}

impl core::error::Error for BrokenPromise {}
