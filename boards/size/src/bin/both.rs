//! The frame, a client and a server, one after the other in the same buffers.
#![no_std]
#![no_main]

use embedded_mtls::Buffers;
use panic_halt as _;
use size::{frame, roles};

#[cortex_m_rt::entry]
fn main() -> ! {
    frame::present();
    // SAFETY: the only call of this image.
    let Buffers { rx, tx, peer } = unsafe { roles::buffers() };
    roles::client(Buffers { rx, tx, peer });
    roles::server(Buffers { rx, tx, peer });
    loop {
        core::hint::spin_loop();
    }
}
