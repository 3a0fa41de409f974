//! The gateway on a NUCLEO-H743ZI2, over the Ethernet of the chip. `README.md` describes wiring and running.
#![no_std]
#![no_main]

mod flash;

use embassy_executor::Spawner;
use embassy_futures::block_on;
use embassy_net::Runner;
use embassy_stm32::eth::{self, Ethernet, GenericPhy, PacketQueue, Sma};
use embassy_stm32::flash::Flash;
use embassy_stm32::gpio::Pull;
use embassy_stm32::peripherals::{ETH, ETH_SMA, RNG, USART3};
use embassy_stm32::rng::{self, Rng};
use embassy_stm32::time::Hertz;
use embassy_stm32::usart::{self, BufferedUart};
use embassy_stm32::{Config, bind_interrupts, uid};
use flash::Bank2;
use hardware::{Device, SoftwareKeys, Storage, mac_address};
use static_cell::StaticCell;

bind_interrupts!(struct Irqs {
    ETH => eth::InterruptHandler;
    RNG => rng::InterruptHandler<RNG>;
    USART3 => usart::BufferedInterruptHandler<USART3>;
});

hardware::image!(Bank2);

type Mac = Ethernet<'static, ETH, GenericPhy<Sma<'static, ETH_SMA>>>;

#[embassy_executor::task]
async fn network(mut runner: Runner<'static, Mac>) -> ! {
    runner.run().await
}

#[embassy_executor::main]
async fn main(spawner: Spawner) {
    static FRAMES: StaticCell<PacketQueue<4, 4>> = StaticCell::new();
    hardware::start();
    let p = embassy_stm32::init(clocks());

    // The generator reports bad noise: then there is no entropy, and nothing is sent.
    let mut random = Rng::new(p.RNG, Irqs);
    let mut generator = move |out: &mut [u8]| block_on(random.async_fill_bytes(out)).is_ok();
    let seed = hardware::seed(&mut generator);

    #[rustfmt::skip]
    let mac = Ethernet::new(
        FRAMES.init_with(PacketQueue::new), p.ETH, Irqs,
        p.PA1,  // REF_CLK, 50 MHz from the PHY
        p.PA7,  // CRS_DV
        p.PC4,  // RXD0
        p.PC5,  // RXD1
        p.PG13, // TXD0
        p.PB13, // TXD1
        p.PG11, // TX_EN
        mac_address(&uid::uid()), p.ETH_SMA,
        p.PA2,  // MDIO
        p.PC1,  // MDC
    );
    let stack = hardware::network(spawner, mac, seed, network);

    let flash = Storage::new(Bank2(Flash::new_blocking(p.FLASH).into_blocking_regions().bank2_region));
    let [sends, comes] = hardware::line_memory();
    let mut config = usart::Config::default();
    config.baudrate = hardware::BAUD;
    config.rx_pull = Pull::Up;
    let line = defmt::unwrap!(BufferedUart::new(p.USART3, p.PD9, p.PD8, sends, comes, Irqs, config));
    let (blobs, journal) = (flash.blobs(&IMAGE), flash.journal(&IMAGE));
    hardware::run(stack, Device { generator, blobs, journal, keys: SoftwareKeys::default() }, line).await
}

/// 400 MHz for the core, from the 8 MHz that the ST-LINK feeds into `OSC_IN`; 48 MHz for the generator.
fn clocks() -> Config {
    use embassy_stm32::rcc::{AHBPrescaler, APBPrescaler, Hse, HseMode, Pll, PllDiv, PllMul, PllPreDiv, PllSource};
    use embassy_stm32::rcc::{Hsi48Config, Sysclk, VoltageScale};
    let mut config = Config::default();
    config.rcc.hse = Some(Hse { freq: Hertz(8_000_000), mode: HseMode::Bypass });
    config.rcc.hsi48 = Some(Hsi48Config::default());
    config.rcc.pll1 = Some(Pll {
        source: PllSource::HSE,
        prediv: PllPreDiv::DIV4, // 2 MHz
        mul: PllMul::MUL400,     // 800 MHz
        fracn: None,
        divp: Some(PllDiv::DIV2), // 400 MHz
        divq: None,
        divr: None,
    });
    config.rcc.sys = Sysclk::PLL1_P;
    config.rcc.ahb_pre = AHBPrescaler::DIV2; // 200 MHz
    config.rcc.apb1_pre = APBPrescaler::DIV2; // 100 MHz, as the other three
    config.rcc.apb2_pre = APBPrescaler::DIV2;
    config.rcc.apb3_pre = APBPrescaler::DIV2;
    config.rcc.apb4_pre = APBPrescaler::DIV2;
    config.rcc.voltage_scale = VoltageScale::Scale1;
    config
}
