//! From reset to a network.

use embassy_executor::{SpawnError, SpawnToken, Spawner};
use embassy_net::{Config, DhcpConfig, Runner, Stack, StackResources};
use embassy_net_driver::Driver;
use static_cell::StaticCell;

/// DHCP, DNS, UDP, TCP.
const SOCKETS: usize = 4;

/// The result of a task function.
type Task<S> = Result<SpawnToken<S>, SpawnError>;

/// Begins to track the use of the stack. Call it first in `main`.
pub fn start() {
    #[cfg(all(target_os = "none", target_arch = "arm"))]
    high_water::paint(0);
}

/// Returns an unpredictable number for the network stack.
///
/// # Panics
/// If `generator` fails: a gateway cannot work without random numbers.
pub fn seed(generator: &mut impl FnMut(&mut [u8]) -> bool) -> u64 {
    let mut seed = [0; 8];
    assert!(generator(&mut seed), "the random number generator does not work");
    u64::from_ne_bytes(seed)
}

/// Starts the network over `mac`; `task` is the board's task that awaits it.
///
/// # Panics
/// If it is called twice.
pub fn network<D: Driver, S>(
    spawner: Spawner,
    mac: D,
    seed: u64,
    task: impl FnOnce(Runner<'static, D>) -> Task<S>,
) -> Stack<'static> {
    static RESOURCES: StaticCell<StackResources<SOCKETS>> = StaticCell::new();
    let resources = RESOURCES.init_with(StackResources::new);
    let (stack, runner) = embassy_net::new(mac, Config::dhcpv4(DhcpConfig::default()), resources, seed);
    spawner.spawn(task(runner).expect("one network"));
    stack
}

#[cfg(feature = "w5500")]
mod w5500 {
    use super::Task;
    use embassy_executor::Spawner;
    use embassy_net_wiznet::chip::W5500;
    use embassy_net_wiznet::{Device, Runner, State};
    use embedded_hal::digital::OutputPin;
    use embedded_hal_async::digital::Wait;
    use embedded_hal_async::spi::SpiDevice;
    use static_cell::ConstStaticCell;

    /// Starts a W5500; `task` is the board's task that awaits it.
    ///
    /// # Panics
    /// If the chip does not answer.
    pub async fn w5500<B: SpiDevice, I: Wait, O: OutputPin, S>(
        spawner: Spawner,
        bus: B,
        interrupt: I,
        reset: O,
        address: [u8; 6],
        task: impl FnOnce(Runner<'static, W5500, B, I, O>) -> Task<S>,
    ) -> Device<'static> {
        static FRAMES: ConstStaticCell<State<4, 4>> = ConstStaticCell::new(State::new());
        let started = embassy_net_wiznet::new(address, FRAMES.take(), bus, interrupt, reset).await;
        let Ok((mac, runner)) = started else { panic!("the W5500 does not answer: is it wired as in README.md?") };
        spawner.spawn(task(runner).expect("one W5500"));
        mac
    }
}

#[cfg(feature = "w5500")]
pub use self::w5500::w5500;
