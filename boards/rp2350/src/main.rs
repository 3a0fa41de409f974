//! The gateway on a Raspberry Pi Pico 2 with a W5500, or a W5500-EVB-Pico2. `README.md` describes wiring and running.
#![no_std]
#![no_main]

use embassy_executor::Spawner;
use embassy_futures::block_on;
use embassy_net_wiznet::chip::W5500;
use embassy_net_wiznet::{Device as Mac, Runner};
use embassy_rp::flash::{Blocking, Flash};
use embassy_rp::gpio::{Input, Level, Output, Pull};
use embassy_rp::peripherals::{DMA_CH0, DMA_CH1, FLASH, SPI0, TRNG, UART0};
use embassy_rp::spi::{Async, Config, Spi};
use embassy_rp::trng::{self, Trng};
use embassy_rp::uart::{self, BufferedInterruptHandler, BufferedUart};
use embassy_rp::{bind_interrupts, dma, otp, pac};
use embassy_time::{Delay, Duration, with_timeout};
use embedded_hal_bus::spi::ExclusiveDevice;
use hardware::{Device, Pages, SoftwareKeys, Storage, mac_address};

bind_interrupts!(struct Irqs {
    DMA_IRQ_0 => dma::InterruptHandler<DMA_CH0>, dma::InterruptHandler<DMA_CH1>;
    TRNG_IRQ => trng::InterruptHandler<TRNG>;
    UART0_IRQ => BufferedInterruptHandler<UART0>;
});

/// As much of the flash as every board of this kind has.
const FLASH_SIZE: usize = 2 * 1024 * 1024;

/// Two sectors of 4 KiB make a page that holds an order.
type Disk = Pages<Flash<'static, FLASH, Blocking, FLASH_SIZE>, 8192>;

hardware::image!(Disk);

type Bus = ExclusiveDevice<Spi<'static, SPI0, Async>, Output<'static>, Delay>;

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
    let p = embassy_rp::init(embassy_rp::config::Config::default());

    // Its checks of the noise are on. Samples further apart than usual fail them less often; where they go on failing there
    // is no entropy, and nothing is sent. The blocking functions of this HAL would wait for ever, or panic.
    let mut config = trng::Config::default();
    config.sample_count = 100;
    let mut random = Trng::new(p.TRNG, Irqs, config);
    let mut generator =
        move |out: &mut [u8]| block_on(with_timeout(Duration::from_secs(2), random.fill_bytes(out))).is_ok();
    let seed = hardware::seed(&mut generator);

    let mut config = Config::default();
    config.frequency = 33_000_000;
    let (clock, mosi, miso) = (p.PIN_18, p.PIN_19, p.PIN_16);
    let spi = Spi::new(p.SPI0, clock, mosi, miso, p.DMA_CH0, p.DMA_CH1, Irqs, config);
    let bus = defmt::unwrap!(ExclusiveDevice::new(spi, Output::new(p.PIN_17, Level::High), Delay));
    let (interrupt, reset) = (Input::new(p.PIN_21, Pull::Up), Output::new(p.PIN_20, Level::High));
    let address = mac_address(&defmt::unwrap!(otp::get_chipid()).to_be_bytes());
    let mac = hardware::w5500(spawner, bus, interrupt, reset, address, controller).await;
    let stack = hardware::network(spawner, mac, seed, network);

    let flash = Storage::new(Pages::new(Flash::new_blocking(p.FLASH)));
    let [sends, comes] = hardware::line_memory();
    let mut config = uart::Config::default();
    config.baudrate = hardware::BAUD;
    let line = BufferedUart::new(p.UART0, p.PIN_0, p.PIN_1, Irqs, sends, comes, config);
    // Without the pull-up, which the HAL does not set, a pin with nothing at it hears noise.
    pac::PADS_BANK0.gpio(1).modify(|pad| pad.set_pue(true));
    let (blobs, journal) = (flash.blobs(&IMAGE), flash.journal(&IMAGE));
    hardware::run(stack, Device { generator, blobs, journal, keys: SoftwareKeys::default() }, line).await
}
