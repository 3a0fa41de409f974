//! The switch of the mutants, in the copy of the core that `cargo xtask mutants` makes: each function does what the original
//! code does, or what the mutant of its number does if the environment names that one.

extern crate std;

use core::cell::RefCell;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::fs::File;
use std::io::Write;
use std::sync::{Mutex, OnceLock};
use std::vec::Vec;

/// The environment was not read yet; no mutant; no mutant, and what is reached is written to a file.
const UNREAD: u32 = u32::MAX;
const NONE: u32 = u32::MAX - 1;
const RECORD: u32 = u32::MAX - 2;

/// The exit code of tests that do not come to an end.
const ENDLESS: i32 = 86;

static ACTIVE: AtomicU32 = AtomicU32::new(UNREAD);
static CALLS: AtomicU64 = AtomicU64::new(0);
static LIMIT: AtomicU64 = AtomicU64::new(u64::MAX);

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Returns whether this mutant is switched on.
pub(crate) fn on(mutant: u32) -> bool {
    if CALLS.fetch_add(1, Relaxed) > LIMIT.load(Relaxed) {
        std::process::exit(ENDLESS);
    }
    match ACTIVE.load(Relaxed) {
        UNREAD => {
            LIMIT.store(variable("MUTANT_LIMIT").unwrap_or(u64::MAX), Relaxed);
            let active = variable("MUTANT").and_then(|number| u32::try_from(number).ok());
            let other = if std::env::var_os("MUTANTS_REACHED").is_some() { RECORD } else { NONE };
            ACTIVE.store(active.unwrap_or(other), Relaxed);
            on(mutant)
        }
        RECORD => {
            record(mutant);
            false
        }
        active => active == mutant,
    }
}

std::thread_local! {
    static REACHED: RefCell<(u32, Vec<bool>)> = const { RefCell::new((0, Vec::new())) };
}

/// Writes that this thread, which has the name of its test, reached a mutant: `THREAD MUTANT CALLS`, after `THREAD = NAME`.
fn record(mutant: u32) {
    static OUT: OnceLock<Mutex<(File, u32)>> = OnceLock::new();
    let out = || {
        OUT.get_or_init(|| {
            let path = std::env::var_os("MUTANTS_REACHED").unwrap();
            Mutex::new((File::options().append(true).create(true).open(path).unwrap(), 0))
        })
        .lock()
        .unwrap()
    };
    let _ = REACHED.try_with(|reached| {
        let (thread, reached) = &mut *reached.borrow_mut();
        if *thread == 0 {
            let (file, threads) = &mut *out();
            *threads += 1;
            *thread = *threads;
            let current = std::thread::current();
            writeln!(file, "{thread} = {}", current.name().unwrap_or("?")).unwrap();
        }
        let at = mutant as usize;
        if reached.len() <= at {
            reached.resize(at + 1, false);
        }
        if !core::mem::replace(&mut reached[at], true) {
            writeln!(out().0, "{thread} {mutant} {}", CALLS.load(Relaxed)).unwrap();
        }
    });
}

pub(crate) fn flip(mutant: u32, value: bool) -> bool {
    value != on(mutant)
}

pub(crate) fn never(mutant: u32, value: bool) -> bool {
    !on(mutant) && value
}

pub(crate) fn always(mutant: u32, value: bool) -> bool {
    on(mutant) || value
}

pub(crate) fn lt<T: PartialOrd + ?Sized>(mutant: u32, a: &T, b: &T) -> bool {
    if on(mutant) { a <= b } else { a < b }
}

pub(crate) fn le<T: PartialOrd + ?Sized>(mutant: u32, a: &T, b: &T) -> bool {
    if on(mutant) { a < b } else { a <= b }
}

pub(crate) fn gt<T: PartialOrd + ?Sized>(mutant: u32, a: &T, b: &T) -> bool {
    if on(mutant) { a >= b } else { a > b }
}

pub(crate) fn ge<T: PartialOrd + ?Sized>(mutant: u32, a: &T, b: &T) -> bool {
    if on(mutant) { a > b } else { a >= b }
}

pub(crate) trait Number {
    fn add(mutant: bool, a: Self, b: Self) -> Self;
    fn sub(mutant: bool, a: Self, b: Self) -> Self;
    fn mul(mutant: bool, a: Self, b: Self) -> Self;
}

macro_rules! numbers {
    ($($number:ty)*) => { $(impl Number for $number {
        fn add(mutant: bool, a: Self, b: Self) -> Self {
            if mutant { a.wrapping_sub(b) } else { a + b }
        }
        fn sub(mutant: bool, a: Self, b: Self) -> Self {
            if mutant { a.wrapping_add(b) } else { a - b }
        }
        fn mul(mutant: bool, a: Self, b: Self) -> Self {
            if mutant { a.wrapping_add(b) } else { a * b }
        }
    })* };
}
numbers!(u8 u16 u32 u64 usize i8 i16 i32 i64 isize);

pub(crate) fn add<T: Number>(mutant: u32, a: T, b: T) -> T {
    T::add(on(mutant), a, b)
}

pub(crate) fn sub<T: Number>(mutant: u32, a: T, b: T) -> T {
    T::sub(on(mutant), a, b)
}

pub(crate) fn mul<T: Number>(mutant: u32, a: T, b: T) -> T {
    T::mul(on(mutant), a, b)
}
