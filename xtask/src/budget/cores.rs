//! The cores that images are built for, each with the machine that counts its instructions; and a client on those beside a
//! Cortex-M4.

use super::builds::{Build, MICRO, TUNED};
use super::table::Table;
use super::{Extent, handshakes, images, replay};
use crate::features::MEASURED_TARGET;
use crate::run::Result;
use crate::setup;

/// A core: its target, and its machine.
pub(crate) struct Core {
    pub(crate) name: &'static str,
    pub(crate) target: &'static str,
    pub(crate) emulator: &'static str,
    pub(crate) machine: &'static str,
}

pub(crate) const CORTEX_M4: Core =
    Core { name: "Cortex-M4", target: MEASURED_TARGET, emulator: "qemu-system-arm", machine: "mps2-an386" };

pub(crate) const CORTEX_M33: Core =
    Core { name: "Cortex-M33", target: "thumbv8m.main-none-eabihf", machine: "mps2-an505", ..CORTEX_M4 };

/// Its instructions are some of those of the Cortex-M3 in that machine; QEMU has none with a Cortex-M0 that would count them.
const CORTEX_M0: Core = Core { name: "Cortex-M0", target: "thumbv6m-none-eabi", machine: "mps2-an385", ..CORTEX_M4 };

const RISC_V: Core = Core {
    name: "RV32IMAC",
    target: "riscv32imac-unknown-none-elf",
    emulator: "qemu-system-riscv32",
    machine: "virt -bios none",
};

/// The cores of the table.
const CORES: [Core; 3] = [CORTEX_M0, CORTEX_M33, RISC_V];

/// The builds for each of them.
const BUILDS: [Build; 2] = [TUNED, MICRO];

/// The meaning of the table.
const CORES_TEXT: &str = "\
A client in the profile *tuned*, built and run as the one on a Cortex-M4. A Cortex-M0 has no instruction that multiplies two words to a
double one, and its instructions are counted in a machine with a Cortex-M3, which has them all. The figures for a Cortex-M33 are with its DSP
instructions (`target-cpu=cortex-m33`), so that `embedded-mtls-micro` has its assembly; on a Cortex-M0 and on RISC-V it has its portable form.
RISC-V is QEMU's `virt`.

";

/// Builds and runs a client on each core.
pub(crate) fn measure(_: Extent) -> Result<String> {
    setup::riscv_emulator()?;
    let mut table = Table::new(
        &["Core", "Target", "Compiled in", "Negotiated"],
        &["Flash of a client", "RAM", "Instructions", "for 1 KiB"],
    );
    for core in CORES {
        for build in BUILDS {
            one(&core, &build, &mut table)?;
        }
    }
    Ok(format!("{CORES_TEXT}{}", table.into_text()))
}

fn one(core: &Core, build: &Build, table: &mut Table) -> Result<()> {
    let Core { name, target, .. } = core;
    eprintln!("building and running: {}, on a {name}", build.algorithms);
    images::compile_for(core, build, &["empty", "client"], "")?;
    let flash = images::flash_over_empty(core, build, "client")?;
    let statics = images::statics_over_empty(core, build, "client")?;
    images::compile_for(core, build, &["replay_client"], "replay")?;
    for choice in build.choices {
        replay::record(*choice, "")?;
        let cost = replay::run(core, build, "client", *choice)?;
        let words = [*name, &format!("`{target}`"), build.algorithms, &handshakes::negotiated(*choice)];
        table.line(words, &[flash, statics + cost.stack, cost.handshake, cost.record]);
    }
    Ok(())
}
