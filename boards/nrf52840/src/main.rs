//! The gateway on an nRF52840-DK with a W5500. `README.md` describes wiring and running.
#![no_std]
#![no_main]

use embassy_executor::Spawner;
use embassy_net_wiznet::chip::W5500;
use embassy_net_wiznet::{Device as Mac, Runner};
use embassy_nrf::buffered_uarte::{self, BufferedUarte};
use embassy_nrf::config::{HfclkSource, LfclkSource};
use embassy_nrf::gpio::{Input, Level, Output, OutputDrive, Pull};
use embassy_nrf::nvmc::Nvmc;
use embassy_nrf::peripherals::{SPI2, UARTE0};
use embassy_nrf::rng::Rng;
use embassy_nrf::spim::{self, Spim};
use embassy_nrf::uarte;
use embassy_nrf::{bind_interrupts, pac};
use embassy_time::Delay;
use embedded_hal_bus::spi::ExclusiveDevice;
use hardware::{Device, Pages, SoftwareKeys, Storage, mac_address};

bind_interrupts!(struct Irqs {
    SPI2 => spim::InterruptHandler<SPI2>;
    UARTE0 => buffered_uarte::InterruptHandler<UARTE0>;
});

/// Two sectors of 4 KiB make a page that holds an order.
type Disk = Pages<Nvmc<'static>, 8192>;

hardware::image!(Disk);

type Bus = ExclusiveDevice<Spim<'static>, Output<'static>, Delay>;

#[embassy_executor::task]
async fn controller(runner: Runner<'static, W5500, Bus, Input<'static>, Output<'static>>) -> ! {
    runner.run().await
}

#[embassy_executor::task]
async fn network(mut runner: embassy_net::Runner<'static, Mac<'static>>) -> ! {
    runner.run().await
}

#[embassy_executor::main]
async fn main(spawner: Spawner) {
    hardware::start();
    // Use the kit's crystals: retries are an hour apart, and the RC oscillator would drift by seconds.
    let mut config = embassy_nrf::config::Config::default();
    config.hfclk_source = HfclkSource::ExternalXtal;
    config.lfclk_source = LfclkSource::ExternalXtal;
    let p = embassy_nrf::init(config);

    let mut random = Rng::new_blocking(p.RNG);
    // Without it, zeros and ones are not equally frequent (product specification, RNG).
    random.set_bias_correction(true);
    let mut generator = move |out: &mut [u8]| {
        random.blocking_fill_bytes(out);
        true
    };
    let seed = hardware::seed(&mut generator);

    let mut config = spim::Config::default();
    config.frequency = spim::Frequency::M8;
    let (clock, miso, mosi) = (p.P1_15, p.P1_14, p.P1_13);
    let spi = Spim::new(p.SPI2, Irqs, clock, miso, mosi, config);
    let select = Output::new(p.P1_12, Level::High, OutputDrive::Standard);
    let bus = defmt::unwrap!(ExclusiveDevice::new(spi, select, Delay));
    let interrupt = Input::new(p.P1_11, Pull::Up);
    let reset = Output::new(p.P1_10, Level::High, OutputDrive::Standard);
    let unique = [pac::FICR.deviceid(0).read(), pac::FICR.deviceid(1).read()].map(u32::to_ne_bytes);
    let address = mac_address(unique.as_flattened());
    let mac = hardware::w5500(spawner, bus, interrupt, reset, address, controller).await;
    let stack = hardware::network(spawner, mac, seed, network);

    let flash = Storage::new(Pages::new(Nvmc::new(p.NVMC)));
    // 115,200 bits per second, the rate of `mtls provision send`, are its default.
    let ([sends, comes], config) = (hardware::line_memory(), uarte::Config::default());
    let (timer, one, other, group, receives, transmits) =
        (p.TIMER1, p.PPI_CH0, p.PPI_CH1, p.PPI_GROUP0, p.P0_08, p.P0_06);
    let line = BufferedUarte::new(p.UARTE0, timer, one, other, group, receives, transmits, Irqs, config, comes, sends);
    // Without the pull-up, which the HAL does not set, a pin with nothing at it hears noise.
    pac::P0.pin_cnf(8).modify(|pin| pin.set_pull(pac::gpio::vals::Pull::Pullup));
    let (blobs, journal) = (flash.blobs(&IMAGE), flash.journal(&IMAGE));
    hardware::run(stack, Device { generator, blobs, journal, keys: SoftwareKeys::default() }, line).await
}
