//! The board: pins, network, random numbers. `lib.rs` is the same on every board with embassy-net.
#![no_std]
#![no_main]
#![forbid(unsafe_code)]

use core::cell::RefCell;
use defmt_rtt as _;
use embassy_executor::Spawner;
use embassy_futures::block_on;
use embassy_net::{Config, DhcpConfig, StackResources};
use embassy_net_wiznet::chip::W5500;
use embassy_net_wiznet::{Device, Runner, State};
use embassy_rp::gpio::{Input, Level, Output, Pull};
use embassy_rp::peripherals::{DMA_CH0, DMA_CH1, SPI0, TRNG};
use embassy_rp::spi::{self, Async, Spi};
use embassy_rp::trng::{self, Trng};
use embassy_rp::{bind_interrupts, dma};
use embassy_sync::blocking_mutex::CriticalSectionMutex;
use embassy_time::{Delay, Duration, Timer};
use embedded_hal_bus::spi::ExclusiveDevice;
use embedded_mtls::Entropy;
use panic_probe as _;
use quick_start::Supplier;
use static_cell::StaticCell;

/// The server, and the files of our identity.
const SUPPLIER: Supplier<'_> = Supplier {
    host: "supplier.example",
    url: "http://supplier.example:443/orders",
    root: include_bytes!("../identity/root.der"),
    chain: include_bytes!("../identity/chain.der"),
    key: include_bytes!("../identity/key.der"),
};

bind_interrupts!(struct Irqs {
    DMA_IRQ_0 => dma::InterruptHandler<DMA_CH0>, dma::InterruptHandler<DMA_CH1>;
    TRNG_IRQ => trng::InterruptHandler<TRNG>;
});

type Bus = ExclusiveDevice<Spi<'static, SPI0, Async>, Output<'static>, Delay>;

static GENERATOR: CriticalSectionMutex<RefCell<Option<Trng<'static, TRNG>>>> =
    CriticalSectionMutex::new(RefCell::new(None));

/// Fills `out` with random bytes of the hardware.
fn random(out: &mut [u8]) {
    let mut generator = GENERATOR.lock(|generator| generator.take());
    block_on(defmt::unwrap!(generator.as_mut()).fill_bytes(out));
    GENERATOR.lock(|place| place.replace(generator));
}

fn entropy() -> Entropy {
    let mut bytes = [0; Entropy::LEN];
    random(&mut bytes);
    Entropy::new(&bytes)
}

#[embassy_executor::task]
async fn controller(runner: Runner<'static, W5500, Bus, Input<'static>, Output<'static>>) -> ! {
    runner.run().await
}

#[embassy_executor::task]
async fn network(mut runner: embassy_net::Runner<'static, Device<'static>>) -> ! {
    runner.run().await
}

#[embassy_executor::main]
async fn main(spawner: Spawner) {
    static FRAMES: StaticCell<State<4, 4>> = StaticCell::new();
    static RESOURCES: StaticCell<StackResources<4>> = StaticCell::new();
    let p = embassy_rp::init(embassy_rp::config::Config::default());
    GENERATOR.lock(|place| place.replace(Some(Trng::new(p.TRNG, Irqs, trng::Config::default()))));

    let mut config = spi::Config::default();
    config.frequency = 33_000_000;
    let spi = Spi::new(p.SPI0, p.PIN_18, p.PIN_19, p.PIN_16, p.DMA_CH0, p.DMA_CH1, Irqs, config);
    let bus = defmt::unwrap!(ExclusiveDevice::new(spi, Output::new(p.PIN_17, Level::High), Delay));
    let (interrupt, reset) = (Input::new(p.PIN_21, Pull::Up), Output::new(p.PIN_20, Level::High));
    // The second bit of the first byte: an address that no manufacturer has assigned.
    let address = [2, 0, 0, 0, 0, 1];
    let started = embassy_net_wiznet::new(address, FRAMES.init(State::new()), bus, interrupt, reset).await;
    let Ok((mac, runner)) = started else { defmt::panic!("the W5500 does not answer") };
    spawner.spawn(defmt::unwrap!(controller(runner)));

    let mut seed = [0; 8];
    random(&mut seed);
    let resources = RESOURCES.init(StackResources::new());
    let dhcp = Config::dhcpv4(DhcpConfig::default());
    let (stack, runner) = embassy_net::new(mac, dhcp, resources, u64::from_ne_bytes(seed));
    spawner.spawn(defmt::unwrap!(network(runner)));

    stack.wait_config_up().await;
    loop {
        match quick_start::post(stack, &SUPPLIER, entropy, b"100 bolts").await {
            Ok(status) => defmt::info!("the server answered {}", status),
            Err(error) => defmt::error!("{}", error),
        }
        Timer::after(Duration::from_secs(60)).await;
    }
}
