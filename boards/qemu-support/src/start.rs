//! From reset to the first task, and the ways out.

use crate::executor;
use crate::files::Arena;
use crate::firmware::firmware;
use crate::host;
use crate::signer::{heart, signer};
use crate::{arguments, guard, stack, time};
use core::panic::PanicInfo;
use defmt_semihosting as _;
use embassy_executor::SpawnToken;
use embassy_net::{Config, Ipv4Address, Ipv4Cidr, Runner, StackResources, StaticConfigV4};
use embassy_net_driver::Driver;
use static_cell::StaticCell;

/// DHCP, DNS, UDP, TCP.
const SOCKETS: usize = 4;

defmt::timestamp!("{=u64:us}", embassy_time::Instant::now().as_micros());

/// Makes the machine safe to run: paints the stack, guards its end, starts the clock of `hertz`. Call it first in
/// `main`.
pub fn start(hertz: u32) {
    let Some(mut core) = cortex_m::Peripherals::take() else { fail("started twice") };
    stack::paint();
    guard::install(&mut core.MPU);
    time::start(&mut core.SYST, hertz);
}

/// Runs the firmware over `nic`; `network` is the board's task that awaits the network stack.
pub fn run<D, S>(nic: D, network: impl FnOnce(Runner<'static, D>) -> SpawnToken<S>) -> !
where
    D: Driver,
{
    static RESOURCES: StaticCell<StackResources<SOCKETS>> = StaticCell::new();
    static ARENA: StaticCell<Arena> = StaticCell::new();
    let Some(arguments) = arguments::read(ARENA.init_with(Arena::new)) else { fail("the arguments cannot be read") };
    let config = arguments.address.map_or_else(|| Config::dhcpv4(embassy_net::DhcpConfig::default()), fixed);
    let mut seed = [0; 8];
    if !host::random(&mut seed) {
        fail("the host has no random numbers");
    }
    let resources = RESOURCES.init_with(StackResources::new);
    let (stack, runner) = embassy_net::new(nic, config, resources, u64::from_le_bytes(seed));
    executor::run(|spawner| {
        spawner.spawn(network(runner));
        let (Ok(firmware), Ok(signer), Ok(heart)) = (firmware(stack, arguments), signer(), heart()) else {
            fail("a task was started twice")
        };
        spawner.spawn(firmware);
        spawner.spawn(signer);
        spawner.spawn(heart);
    })
}

/// A fixed address in a network like QEMU's.
fn fixed(address: Ipv4Address) -> Config {
    let router = Ipv4Address::new(10, 0, 2, 2);
    Config::ipv4_static(StaticConfigV4 {
        address: Ipv4Cidr::new(address, 24),
        gateway: Some(router),
        dns_servers: core::iter::once(Ipv4Address::new(10, 0, 2, 3)).collect(),
    })
}

/// Ends the machine because of `what`.
pub fn fail(what: &str) -> ! {
    defmt::error!("{}", what);
    exit(Exit::Failed)
}

/// Exit statuses beside those of the gateway.
#[derive(Clone, Copy)]
pub(crate) enum Exit {
    /// The machine could not be set up.
    Failed = 100,
    Panicked = 101,
    /// An unexpected interrupt occurred.
    Interrupted = 102,
    /// A fault of the processor: a stack overflow, if the address is that of the guard.
    Faulted = 103,
}

pub(crate) fn exit(status: Exit) -> ! {
    semihosting::process::exit(status as i32)
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    defmt::error!("{}", defmt::Display2Format(info));
    exit(Exit::Panicked)
}

// SAFETY: touches nothing that the code which faulted might have been changing, and does not return.
#[cortex_m_rt::exception]
unsafe fn HardFault(_frame: &cortex_m_rt::ExceptionFrame) -> ! {
    // Printed separately: the fault may have interrupted the writing of a log line.
    semihosting::println!();
    exit(Exit::Faulted)
}

/// For the handlers of the boards.
pub fn unexpected_interrupt() -> ! {
    exit(Exit::Interrupted)
}
