//! The gateway on an nRF52840-DK with a W5500. `README.md` says how it is wired and run.
#![no_std]
#![no_main]

use embassy_executor::Spawner;
use embassy_net::StackResources;
use embassy_net_wiznet::chip::W5500;
use embassy_net_wiznet::{Device as Mac, Runner, State};
use embassy_nrf::config::{HfclkSource, LfclkSource};
use embassy_nrf::gpio::{Input, Level, Output, OutputDrive, Pull};
use embassy_nrf::nvmc::Nvmc;
use embassy_nrf::peripherals::SPI2;
use embassy_nrf::rng::Rng;
use embassy_nrf::spim::{self, Spim};
use embassy_nrf::{bind_interrupts, pac};
use embassy_time::Delay;
use embedded_hal_bus::spi::ExclusiveDevice;
use gateway::Memory;
use hardware::{Device, FlashJournal, Pages, SCRATCH, SoftwareKey, mac_address};
use static_cell::{ConstStaticCell, StaticCell};

bind_interrupts!(struct Irqs {
    SPI2 => spim::InterruptHandler<SPI2>;
});

hardware::identity!();

/// The last 64 KiB of the flash, which `memory.x` leaves free.
const JOURNAL: core::ops::Range<u32> = 0xf_0000..0x10_0000;

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
    static FRAMES: ConstStaticCell<State<4, 4>> = ConstStaticCell::new(State::new());
    static SOCKETS: StaticCell<StackResources<4>> = StaticCell::new();
    static SCRATCH_MEMORY: ConstStaticCell<[u8; SCRATCH]> = ConstStaticCell::new([0; SCRATCH]);
    static MEMORY: ConstStaticCell<Memory> = ConstStaticCell::new(Memory::new());

    // The crystals of the kit: retries are an hour apart, and the RC oscillator would be off by seconds then.
    let mut config = embassy_nrf::config::Config::default();
    config.hfclk_source = HfclkSource::ExternalXtal;
    config.lfclk_source = LfclkSource::ExternalXtal;
    let p = embassy_nrf::init(config);

    let mut random = Rng::new_blocking(p.RNG);
    // Without it, zeros and ones are not equally frequent (product specification, RNG).
    random.set_bias_correction(true);
    let mut seed = [0; 8];
    random.blocking_fill_bytes(&mut seed);
    let generator = move |out: &mut [u8]| {
        random.blocking_fill_bytes(out);
        true
    };

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
    let started = embassy_net_wiznet::new(address, FRAMES.take(), bus, interrupt, reset).await;
    let Ok((mac, runner)) = started else { defmt::panic!("the W5500 does not answer: is it wired as in README.md?") };
    spawner.spawn(defmt::unwrap!(controller(runner)));

    let resources = SOCKETS.init_with(StackResources::new);
    let config = embassy_net::Config::dhcpv4(embassy_net::DhcpConfig::default());
    let (stack, runner) = embassy_net::new(mac, config, resources, u64::from_ne_bytes(seed));
    spawner.spawn(defmt::unwrap!(network(runner)));

    // Two sectors of 4 KiB make a page that holds an order.
    let flash = Pages::<_, 8192>::new(Nvmc::new(p.NVMC));
    let mut device = Device {
        generator,
        journal: defmt::unwrap!(FlashJournal::new(flash, JOURNAL, SCRATCH_MEMORY.take())),
        signer: defmt::unwrap!(SoftwareKey::new(&IDENTITY.key)),
    };
    hardware::run(stack, &IDENTITY, &mut device, MEMORY.take()).await
}
