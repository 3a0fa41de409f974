//! The cost of other implementations for the same task: embedded-tls and Mbed TLS measured with ours, the others once.

use super::builds::{Build, FAST, GCM_P256, SMALL, TUNED};
use super::cores::CORTEX_M4;
use super::replay::MBED_TLS;
use super::table::Table;
use super::{Extent, images, replay};
use crate::run::Result;
use crate::setup;

/// The text about those that were measured beside ours.
const MEASURED_TEXT: &str = "\
With AES-128-GCM and P-256, in the same frame and with a recording of the same server.

embedded-tls (with `rustpki`) performs part of the checks: signatures from the root down, in the order in which the certificates are sent,
validity, and host name; it does not check issuers, basic constraints, path lengths, key usages, name constraints and critical extensions. It
sends its leaf without the intermediate, and accepts a handshake message only in a single record.

Mbed TLS is the source that the crate `mbedtls-rs-sys` 0.3.1 carries, with the settings in `boards/budget/mbedtls`: TLS 1.3 as a client alone,
one suite, P-256 by its driver p256-m, records of 2 KiB received; no name constraints, which it does not have. It is compiled and linked by
arm-none-eabi-gcc, with newlib-nano. Its RAM includes the most that it takes from a first-fit heap with headers of 8 bytes. Its AES uses tables
and does not take the same time for all keys.

";

/// The method of the others.
const ONCE_TEXT: &str = "\n\
The others were measured once, on 22 November 2026, with certificates of the same form and the same requests: in the same machine, against OpenSSL 3.0
on the host at the other end of the UART. A plugin of QEMU counted each block of instructions that was executed, without those of the UART, of
the stand-in for entropy and of reading certificates and keys. Flash is the linked image less one with the start-up code, the UART, the
certificates and the request; C was compiled by arm-none-eabi-gcc 12.2 with newlib-nano. RAM is static data, the most that was taken from a
first-fit heap with headers of 8 bytes, and the painted stack, with a buffer of 2 KiB for what is received.

";

/// Clients on a Cortex-M4: flash, RAM, instructions of a handshake and for 1 KiB.
const MEASURED_ONCE: &[(&str, [u64; 4])] = &[
    ("Mbed TLS 4.0.0, p256-m, -Os -flto", [43_308, 15_260, 87_010_000, 167_000]),
    ("wolfSSL 5.9.4, smallest profile with client certificates, -Os -flto", [66_232, 10_980, 101_400_000, 2_082_000]),
    ("wolfSSL 5.9.4 with assembly, small tables, -Os -flto", [83_412, 15_656, 7_950_000, 73_000]),
    ("wolfSSL 5.9.4 with assembly, -Os -flto", [100_612, 15_656, 6_670_000, 73_000]),
    ("rustls 0.23.46 with RustCrypto, opt-level s (heap)", [239_876, 31_624, 51_740_000, 255_000]),
];

/// A client that is measured beside ours: its name, the word for it, its images without `replay_`, and its build.
type Peer = (&'static str, &'static str, &'static str, Build);

/// embedded-tls in the profiles that ours is built in, and Mbed TLS as small as it gets.
const MEASURED: &[Peer] = &[
    ("embedded-tls 0.19, tuned (part of the checks)", EMBEDDED_TLS, "peer", TUNED),
    ("embedded-tls 0.19, small (part of the checks)", EMBEDDED_TLS, "peer", SMALL),
    ("embedded-tls 0.19, fast (part of the checks)", EMBEDDED_TLS, "peer", FAST),
    ("Mbed TLS 3.6.5, p256-m, -Os -flto", MBED_TLS, MBED_TLS, Build { flags: BY_GCC, ..TUNED }),
];

const EMBEDDED_TLS: &str = "embedded-tls";

/// Flags for an image that GCC links, which optimizes its own code only then.
const BY_GCC: &str = "'-Clinker=arm-none-eabi-gcc', '-Clink-arg=-nostartfiles', '-Clink-arg=-mcpu=cortex-m4', '-Clink-arg=-mthumb', \
    '-Clink-arg=-mfloat-abi=hard', '-Clink-arg=-mfpu=fpv4-sp-d16', '-Clink-arg=-Os', '-Clink-arg=-flto'";

/// Builds and runs those that are measured beside ours.
pub(crate) fn measure(_: Extent) -> Result<String> {
    setup::arm_compiler()?;
    setup::mbed_tls()?;
    let columns = ["Flash", "RAM", "Instructions", "for 1 KiB"];
    let (mut measured, mut once) = (Table::new(&["Client"], &columns), Table::new(&["Client"], &columns));
    for peer in MEASURED {
        measured.line([peer.0], &one(peer)?);
    }
    for (name, figures) in MEASURED_ONCE {
        once.line([name], figures);
    }
    Ok(format!("{MEASURED_TEXT}{}{ONCE_TEXT}{}", measured.into_text(), once.into_text()))
}

/// Builds and runs one. Its word is the feature of the crate that it needs, too.
fn one((name, word, image, build): &Peer) -> Result<[u64; 4]> {
    eprintln!("building and running: {name}");
    replay::record(GCM_P256, word)?;
    let build = Build { features: word, ..*build };
    images::compile(&build, &["empty", image], "")?;
    let flash = images::flash_over_empty(&CORTEX_M4, &build, image)?;
    let statics = images::statics_over_empty(&CORTEX_M4, &build, image)?;
    let replaying = format!("replay_{image}");
    images::compile(&build, &[&replaying], "replay")?;
    let total = replay::run_peer(&build, &replaying, GCM_P256, word)?;
    Ok([flash, statics + total.stack + total.heap, total.handshake, total.record])
}
