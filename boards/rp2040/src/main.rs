//! The gateway on a Raspberry Pi Pico with a W5500, or a W5500-EVB-Pico. `README.md` describes wiring, running, and the
//! quality of its random numbers.
#![no_std]
#![no_main]

use embassy_executor::Spawner;
use embassy_net_wiznet::chip::W5500;
use embassy_net_wiznet::{Device as Mac, Runner};
use embassy_rp::flash::{Blocking, Flash};
use embassy_rp::gpio::{Input, Level, Output, Pull};
use embassy_rp::peripherals::{DMA_CH0, DMA_CH1, FLASH, SPI0, UART0};
use embassy_rp::spi::{Async, Config, Spi};
use embassy_rp::uart::{self, BufferedInterruptHandler, BufferedUart};
use embassy_rp::{bind_interrupts, dma, pac};
use embassy_time::Delay;
use embedded_hal_bus::spi::ExclusiveDevice;
use hardware::{Device, Noise, Pages, SoftwareKeys, Storage, mac_address};

bind_interrupts!(struct Irqs {
    DMA_IRQ_0 => dma::InterruptHandler<DMA_CH0>, dma::InterruptHandler<DMA_CH1>;
    UART0_IRQ => BufferedInterruptHandler<UART0>;
});

/// As much of the flash as every board of this kind has.
const FLASH_SIZE: usize = 2 * 1024 * 1024;

/// Two sectors of 4 KiB make a page that holds an order.
type Disk = Pages<Flash<'static, FLASH, Blocking, FLASH_SIZE>, 8192>;

hardware::image!(Disk);

/// Cycles of the core between two bits of noise, 10 us: some 65 periods of the ring oscillator, whose jitter adds up.
const BETWEEN_BITS: u32 = 1250;

type Bus = ExclusiveDevice<Spi<'static, SPI0, Async>, Output<'static>, Delay>;

#[embassy_executor::task]
async fn controller(runner: Runner<'static, W5500, Bus, Input<'static>, Output<'static>>) -> ! {
    runner.run().await
}

#[embassy_executor::task]
async fn network(mut runner: embassy_net::Runner<'static, Mac<'static>>) -> ! {
    runner.run().await
}

/// A bit of the ring oscillator (datasheet section 2.17.5); the crystal clocks the core.
fn ring_oscillator() -> bool {
    cortex_m::asm::delay(BETWEEN_BITS);
    pac::ROSC.randombit().read().randombit()
}

#[embassy_executor::main]
async fn main(spawner: Spawner) {
    hardware::start();
    let p = embassy_rp::init(embassy_rp::config::Config::default());

    let mut flash = Flash::<_, Blocking, FLASH_SIZE>::new_blocking(p.FLASH);
    let mut unique = [0; 8];
    defmt::unwrap!(flash.blocking_unique_id(&mut unique));
    let flash = Storage::new(Pages::new(flash));
    let [sends, comes] = hardware::line_memory();
    let mut config = uart::Config::default();
    config.baudrate = hardware::BAUD;
    let mut line = BufferedUart::new(p.UART0, p.PIN_0, p.PIN_1, Irqs, sends, comes, config);
    // Without the pull-up, which the HAL does not set, a pin with nothing at it hears noise.
    pac::PADS_BANK0.gpio(1).modify(|pad| pad.set_pue(true));

    // There are no random numbers before there is a blob.
    let (blobs, journal, keys) = (flash.blobs(&IMAGE), flash.journal(&IMAGE), SoftwareKeys::default());
    let mut device = Device { generator: |_: &mut [u8]| false, blobs, journal, keys };
    let key = device.secret(&mut line).await;
    let Device { blobs, mut journal, keys, .. } = device;

    // Before the first number is used, the next start has another seed.
    let last = journal.seed().unwrap_or_default();
    let mut noise = defmt::unwrap!(Noise::new(ring_oscillator, &[&*key, &last, &unique]));
    let kept = noise.seed().is_some_and(|next| journal.keep_seed(&next));
    defmt::assert!(kept, "the ring oscillator gives no noise, or the flash keeps no seed");
    let mut generator = move |out: &mut [u8]| noise.fill(out);
    let seed = hardware::seed(&mut generator);

    let mut config = Config::default();
    config.frequency = 33_000_000;
    let (clock, mosi, miso) = (p.PIN_18, p.PIN_19, p.PIN_16);
    let spi = Spi::new(p.SPI0, clock, mosi, miso, p.DMA_CH0, p.DMA_CH1, Irqs, config);
    let bus = defmt::unwrap!(ExclusiveDevice::new(spi, Output::new(p.PIN_17, Level::High), Delay));
    let (interrupt, reset) = (Input::new(p.PIN_21, Pull::Up), Output::new(p.PIN_20, Level::High));
    let mac = hardware::w5500(spawner, bus, interrupt, reset, mac_address(&unique), controller).await;
    let stack = hardware::network(spawner, mac, seed, network);

    hardware::run(stack, Device { generator, blobs, journal, keys }, line).await
}
