//! The serial line, over which a blob comes: see [`gateway::serial`].

use static_cell::ConstStaticCell;

/// The rate of the line in bits per second: that of `mtls provision send`.
pub const BAUD: u32 = 115_200;

/// Bytes that come while the device looks elsewhere for 20 ms, and more than an answer.
const LEN: usize = 256;

/// Lends memory to the driver of the line: for the bytes to send, and for those that have come.
///
/// # Panics
/// If it is called twice.
pub fn line_memory() -> [&'static mut [u8]; 2] {
    static MEMORY: ConstStaticCell<[[u8; LEN]; 2]> = ConstStaticCell::new([[0; LEN]; 2]);
    MEMORY.take().each_mut().map(<[u8; LEN]>::as_mut_slice)
}
