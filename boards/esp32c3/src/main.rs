//! The gateway on an ESP32-C3 with a W5500. See `README.md` for its wiring and how to run it.
#![no_std]
#![no_main]
#![forbid(unsafe_code)]

use core::panic::PanicInfo;
use embassy_executor::Spawner;
use embassy_net_wiznet::chip::W5500;
use embassy_net_wiznet::{Device as Mac, Runner};
use embassy_time::Delay;
use embedded_hal_bus::spi::ExclusiveDevice;
use esp_hal::Async;
use esp_hal::gpio::{AnyPin, Input, InputConfig, Level, Output, OutputConfig, Pull};
use esp_hal::rng::{Trng, TrngSource};
use esp_hal::spi::master::{Config, Spi};
use esp_hal::time::Rate;
use esp_hal::timer::timg::TimerGroup;
use esp_hal::uart::{self, Uart};
use esp_storage::FlashStorage;
use hardware::{Device, Pages, SoftwareKeys, Storage, mac_address};

// The description of the image that the boot loader reads.
esp_bootloader_esp_idf::esp_app_desc!();

/// Two sectors of 4 KiB make a page that holds an order.
type Disk = Pages<FlashStorage<'static>, 8192>;

hardware::image!(Disk);

type Bus = ExclusiveDevice<Spi<'static, Async>, Output<'static>, Delay>;

#[embassy_executor::task]
async fn controller(runner: Runner<'static, W5500, Bus, Input<'static>, Output<'static>>) -> ! {
    runner.run().await
}

#[embassy_executor::task]
async fn network(mut runner: embassy_net::Runner<'static, Mac<'static>>) -> ! {
    runner.run().await
}

#[esp_rtos::main]
async fn main(spawner: Spawner) {
    hardware::start();
    let p = esp_hal::init(esp_hal::Config::default());
    esp_rtos::start(TimerGroup::new(p.TIMG0).timer0, p.FROM_CPU_INTR0);

    // As long as this lives, the noise of the converter feeds the generator: the radio is off.
    let _noise = TrngSource::new(p.RNG, p.ADC1);
    let random = defmt::unwrap!(Trng::try_new().ok());
    let mut generator = move |out: &mut [u8]| {
        random.read(out);
        true
    };
    let seed = hardware::seed(&mut generator);

    let config = Config::default().with_frequency(Rate::from_mhz(33));
    let spi = defmt::unwrap!(Spi::new(p.SPI2, config).ok());
    let spi = spi.with_sck(p.GPIO6).with_mosi(p.GPIO7).with_miso(p.GPIO2).into_async();
    let output = |pin: AnyPin<'static>| Output::new(pin, Level::High, OutputConfig::default());
    let bus = defmt::unwrap!(ExclusiveDevice::new(spi, output(p.GPIO10.into()), Delay).ok());
    let interrupt = Input::new(p.GPIO3, InputConfig::default().with_pull(Pull::Up));
    let address = mac_address(esp_hal::efuse::base_mac_address().as_bytes());
    let mac = hardware::w5500(spawner, bus, interrupt, output(p.GPIO4.into()), address, controller).await;
    let stack = hardware::network(spawner, mac, seed, network);

    let flash = Storage::new(Pages::new(FlashStorage::new(p.FLASH)));
    // The driver needs no memory of ours: the peripheral keeps 128 bytes.
    let config = uart::Config::default().with_baudrate(hardware::BAUD);
    let line = defmt::unwrap!(Uart::new(p.UART0, config).ok()).with_rx(p.GPIO20).with_tx(p.GPIO21).into_async();
    let (blobs, journal) = (flash.blobs(&IMAGE), flash.journal(&IMAGE));
    hardware::run(stack, Device { generator, blobs, journal, keys: SoftwareKeys::default() }, line).await;
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    defmt::error!("{}", defmt::Display2Format(info));
    loop {}
}
