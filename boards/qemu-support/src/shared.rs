//! Memory for one of the tasks that a machine may be started for in place of a role: it has one of them.

use static_cell::ConstStaticCell;

/// Bytes of all of it.
const LEN: usize = 11 * 1024;

/// The memory that is not yet lent.
pub(crate) struct Shared(&'static mut [u8]);

impl Shared {
    /// Takes all of it; `None` if it is taken.
    pub(crate) fn take() -> Option<Self> {
        static MEMORY: ConstStaticCell<[u8; LEN]> = ConstStaticCell::new([0; LEN]);
        MEMORY.try_take().map(|memory| Self(memory))
    }

    /// Lends the first `N` bytes; `None` if there are fewer.
    pub(crate) fn lend<const N: usize>(&mut self) -> Option<&'static mut [u8; N]> {
        let (lent, rest) = core::mem::take(&mut self.0).split_first_chunk_mut()?;
        self.0 = rest;
        Some(lent)
    }
}
