//! The emulated board: stack, files and words from outside.

use core::arch::asm;
use core::cell::UnsafeCell;
use core::ffi::CStr;
use core::ptr::{addr_of, addr_of_mut};
use semihosting::eprintln;
use semihosting::experimental::env::{Args, args};
use semihosting::fs::File;
use semihosting::io::Read as _;

/// The pattern of unused stack.
const PAINT: u32 = 0xc0de_57ac;

/// Bytes of all words together.
const WORDS: usize = 256;

/// The memory of the words.
struct Place(UnsafeCell<Option<Args<WORDS>>>);

// SAFETY: there is one core, and no interrupt uses it.
unsafe impl Sync for Place {}

unsafe extern "C" {
    static mut _stack_end: u32;
}

/// The stack below the function that painted it.
pub struct Stack {
    top: usize,
}

impl Stack {
    /// Fills what is free with a pattern.
    #[inline(always)]
    pub fn paint() -> Self {
        let top: usize;
        // SAFETY: reads a register.
        #[cfg(target_arch = "arm")]
        unsafe {
            asm!("mov {}, sp", out(reg) top, options(nomem, nostack));
        }
        // SAFETY: as above.
        #[cfg(target_arch = "riscv32")]
        unsafe {
            asm!("mv {}, sp", out(reg) top, options(nomem, nostack));
        }
        // SAFETY: the memory between the end of the static data and the stack pointer is free.
        unsafe {
            let mut word = addr_of_mut!(_stack_end);
            while (word as usize) < top {
                word.write_volatile(PAINT);
                word = word.add(1);
            }
        }
        Self { top }
    }

    /// The most bytes that were in use since.
    pub fn peak(&self) -> usize {
        let mut word = addr_of!(_stack_end);
        // SAFETY: this is RAM up to `top`.
        while (word as usize) < self.top && unsafe { word.read_volatile() } == PAINT {
            // SAFETY: still at most `top`.
            word = unsafe { word.add(1) };
        }
        self.top - word as usize
    }

    /// The bytes that were in use since and have been left with something other than zeros, in words.
    pub fn left_behind(&self) -> usize {
        let mut word = addr_of!(_stack_end);
        let mut count = 0;
        while (word as usize) < self.top {
            // SAFETY: this is RAM up to `top`.
            count += usize::from(!matches!(unsafe { word.read_volatile() }, PAINT | 0)) * size_of::<u32>();
            // SAFETY: still at most `top`.
            word = unsafe { word.add(1) };
        }
        count
    }
}

/// The words that the emulator was given.
pub fn words() -> impl Iterator<Item = &'static str> {
    static PLACE: Place = Place(UnsafeCell::new(None));
    let Ok(words) = args() else { fail("no words from outside") };
    // SAFETY: there is one core, and the words are taken once, at the start.
    let words: &'static Args<WORDS> = unsafe { &mut *PLACE.0.get() }.insert(words);
    words.filter_map(Result::ok)
}

/// The content of a file, in `place`.
pub fn read<'a>(path: &CStr, place: &'a mut [u8]) -> &'a [u8] {
    let Ok(mut file) = File::open(path) else { fail("the recording cannot be opened") };
    let mut length = 0;
    while let Some(free) = place.get_mut(length..).filter(|free| !free.is_empty()) {
        match file.read(free) {
            Ok(0) => return &place[..length],
            Ok(count) => length += count,
            Err(_) => fail("the recording cannot be read"),
        }
    }
    fail("the recording is too long")
}

/// Prints the reason, and ends the emulator with a failure.
pub fn fail(why: &str) -> ! {
    eprintln!("{why}");
    exit(1)
}

/// Ends the emulator.
pub fn exit(code: i32) -> ! {
    semihosting::process::exit(code)
}
