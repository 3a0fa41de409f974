//! Registers of a device.

use core::ptr;

/// A block of 32-bit registers, read and written by their distance from its start.
#[derive(Clone, Copy)]
pub struct Registers {
    base: usize,
    len: usize,
}

impl Registers {
    /// The block of `len` bytes at `base`.
    ///
    /// # Safety
    /// All of it are registers of a device, which may be read and written in any order without breaking what Rust
    /// assumes of memory: the device never writes to memory.
    pub const unsafe fn new(base: usize, len: usize) -> Self {
        Self { base, len }
    }

    /// Reads a register.
    pub fn read(self, offset: usize) -> u32 {
        // SAFETY: inside the block, as the caller of `new` guarantees.
        unsafe { ptr::read_volatile(self.address(offset)) }
    }

    /// Writes a register.
    pub fn write(self, offset: usize, value: u32) {
        // SAFETY: as above.
        unsafe { ptr::write_volatile(self.address(offset), value) }
    }

    fn address(self, offset: usize) -> *mut u32 {
        assert!(offset < self.len && offset.is_multiple_of(4));
        ptr::with_exposed_provenance_mut(self.base + offset)
    }
}
