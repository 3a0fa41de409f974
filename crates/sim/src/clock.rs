//! The clock of a gateway, which can be wrong.

use core::cell::{Cell, RefCell};
use core::time::Duration;
use std::rc::Rc;

use embedded_mtls::x509::UnixTime;

use crate::fleet::{Fleet, purpose};
use crate::network::micros;
use crate::pki::calendar;
use crate::random::Random;
use crate::timeline::{Cause, Outage};

/// The error of a wrong clock, and the largest of a jump.
const YEARS: i64 = 4 * 365 * 86_400;
/// The time until a jump is corrected, at most.
const CORRECTION: u64 = 600_000_000;

/// A clock that is set at the start of the gateway, wrongly at times, and jumps.
pub(crate) struct Clock {
    fleet: Rc<Fleet>,
    gateway: u32,
    random: RefCell<Random>,
    /// The error since the start, in seconds.
    skew: Cell<i64>,
    /// The error of the last jump, and the time of its correction.
    jump: Cell<(i64, Duration)>,
}

impl Clock {
    pub(crate) fn new(fleet: &Rc<Fleet>, gateway: u32) -> Self {
        let random = RefCell::new(fleet.random(purpose::CLOCK, gateway, 0));
        Self { fleet: Rc::clone(fleet), gateway, random, skew: Cell::default(), jump: Cell::default() }
    }

    /// Sets the clock; true if wrongly.
    pub(crate) fn start(&self) -> bool {
        let is_wrong = self.chance(self.fleet.scenario.wrong_clocks);
        let error = if self.random.borrow_mut().below(2) == 0 { -YEARS } else { YEARS };
        self.skew.set(if is_wrong { error } else { 0 });
        is_wrong
    }

    /// Returns the time of the clock, which may jump now.
    pub(crate) fn read(&self) -> UnixTime {
        let now = self.fleet.world.now();
        if self.chance(self.fleet.scenario.clock_jumps) {
            let mut random = self.random.borrow_mut();
            let error = i64::try_from(random.below(2 * YEARS.unsigned_abs())).unwrap_or(0) - YEARS;
            let end = now + micros(random.below(CORRECTION));
            self.jump.set((error, end));
            self.fleet.missed(self.gateway, Outage { start: now, end, cause: Cause::Clock });
        }
        let (error, end) = self.jump.get();
        let jump = if now < end { error } else { 0 };
        UnixTime(calendar(now).0.saturating_add(self.skew.get()).saturating_add(jump))
    }

    fn chance(&self, per_million: u32) -> bool {
        self.fleet.world.now() < self.fleet.storm_end() && self.random.borrow_mut().chance(per_million)
    }
}
