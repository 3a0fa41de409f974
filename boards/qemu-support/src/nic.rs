//! An Ethernet controller for embassy-net whose frames go through FIFOs, by the processor.
//!
//! ```text
//! frame ──▶ FIFO ──▶ interrupt: masked, waker called ──▶ receive: reads frames until there are none, unmasks
//! ```

use core::ops::Range;
use core::task::Context;
use embassy_net_driver::{Capabilities, Driver, HardwareAddress, LinkState};
use embassy_sync::waitqueue::AtomicWaker;
use static_cell::ConstStaticCell;

/// Longest frame, without its checksum.
pub const MTU: usize = 1514;
/// Bytes of the checksum behind a frame.
pub const CHECKSUM: usize = 4;

/// Memory for a frame as a controller has it, with what it puts in front and behind.
pub type Buffer = [u8; (2 + MTU + CHECKSUM).next_multiple_of(4)];

static WAKER: AtomicWaker = AtomicWaker::new();

/// Reports a received frame. Called by the handler of the controller's interrupt, which has masked it.
pub fn frame_came() {
    WAKER.wake();
}

/// The operations that differ between controllers.
pub trait Controller {
    /// Bytes that it puts in front of a frame.
    const IN_FRONT: usize;

    /// Returns whether a frame is waiting.
    fn waits(&self) -> bool;
    /// Unmasks the interrupt for received frames.
    fn listen(&self);
    /// Reads the waiting frame, and returns its range in `buffer`; the network stack drops an empty one.
    fn receive(&self, buffer: &mut Buffer) -> Range<usize>;
    /// Sends the frame of `len` bytes that begins after [`IN_FRONT`](Self::IN_FRONT).
    fn send(&self, buffer: &mut Buffer, len: usize);
}

/// A controller with memory for a frame in each direction.
pub struct Nic<C> {
    controller: C,
    address: [u8; 6],
    received: &'static mut Buffer,
    sent: &'static mut Buffer,
}

impl<C> Nic<C> {
    /// Creates the only one, with its MAC address.
    ///
    /// # Panics
    /// If there is one already.
    pub fn new(controller: C, address: [u8; 6]) -> Self {
        static RECEIVED: ConstStaticCell<Buffer> = ConstStaticCell::new([0; _]);
        static SENT: ConstStaticCell<Buffer> = ConstStaticCell::new([0; _]);
        Self { controller, address, received: RECEIVED.take(), sent: SENT.take() }
    }

    fn tokens(&mut self) -> (RxToken<'_, C>, TxToken<'_, C>) {
        let Self { controller, received, sent, .. } = self;
        (RxToken { controller, buffer: received }, TxToken { controller, buffer: sent })
    }
}

/// A waiting frame.
pub struct RxToken<'n, C> {
    controller: &'n C,
    buffer: &'n mut Buffer,
}

impl<C: Controller> embassy_net_driver::RxToken for RxToken<'_, C> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, f: F) -> R {
        let place = self.controller.receive(self.buffer);
        f(&mut self.buffer[place])
    }
}

/// Space for a frame.
pub struct TxToken<'n, C> {
    controller: &'n C,
    buffer: &'n mut Buffer,
}

impl<C: Controller> embassy_net_driver::TxToken for TxToken<'_, C> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        let result = f(&mut self.buffer[C::IN_FRONT..C::IN_FRONT + len]);
        self.controller.send(self.buffer, len);
        result
    }
}

impl<C: Controller> Driver for Nic<C> {
    type RxToken<'n>
        = RxToken<'n, C>
    where
        Self: 'n;
    type TxToken<'n>
        = TxToken<'n, C>
    where
        Self: 'n;

    fn receive(&mut self, context: &mut Context<'_>) -> Option<(RxToken<'_, C>, TxToken<'_, C>)> {
        if !self.controller.waits() {
            WAKER.register(context.waker());
            self.controller.listen();
            // One may have come in between.
            if !self.controller.waits() {
                return None;
            }
        }
        Some(self.tokens())
    }

    fn transmit(&mut self, _: &mut Context<'_>) -> Option<TxToken<'_, C>> {
        // The models send at once; on silicon the FIFO needs space.
        Some(self.tokens().1)
    }

    fn link_state(&mut self, _: &mut Context<'_>) -> LinkState {
        LinkState::Up
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::default();
        capabilities.max_transmission_unit = MTU;
        // Else the window of TCP would be this many segments.
        capabilities.max_burst_size = None;
        capabilities
    }

    fn hardware_address(&self) -> HardwareAddress {
        HardwareAddress::Ethernet(self.address)
    }
}
