//! Memory for one of the tasks that a machine may be started for in place of a role: it has one of them.

use static_cell::ConstStaticCell;

/// Bytes of all of it.
pub(crate) const LEN: usize = 11 * 1024;

/// Returns it; `None` if it is taken.
pub(crate) fn take() -> Option<&'static mut [u8]> {
    static MEMORY: ConstStaticCell<[u8; LEN]> = ConstStaticCell::new([0; LEN]);
    MEMORY.try_take().map(<[u8; LEN]>::as_mut_slice)
}

/// Takes the first `N` bytes of memory.
pub(crate) fn part<const N: usize>(memory: &mut &'static mut [u8]) -> Option<&'static mut [u8; N]> {
    let (part, rest) = core::mem::take(memory).split_first_chunk_mut()?;
    *memory = rest;
    Some(part)
}
