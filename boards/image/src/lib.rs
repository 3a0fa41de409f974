//! The values that an image of a real board has from its build: the public key of the fleet, the date, and the places in flash.
//!
//! A board's build script calls [`cortex_m`], or [`describe`]. The result is `image.rs` in `OUT_DIR`, which
//! `hardware::image!` makes part of the image. The places in flash come from the board's `memory.x`, which the linker
//! reads, too: regions that overlap are a build error, and so are slots or a journal that are not whole sectors of the board's flash. The
//! linker rejects a program that does not fit into its region.
//!
//! | Region of `memory.x` | Contents |
//! |---|---|
//! | `FLASH` | the program |
//! | `SLOTS` | two slots for the blob of the device |
//! | `JOURNAL` | the waiting order, the ticket, the seed, and in the clear the key that the device has made |

mod fleet_key;
mod regions;

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};
use std::{env, fs};

use regions::Regions;

/// Describes the image, and passes memory layout and linker scripts to the linker, as every board with a Cortex-M needs it.
///
/// `base` is the address from which the driver of the flash counts.
///
/// # Panics
/// As [`describe`].
pub fn cortex_m(base: u32) {
    describe(base);
    fs::copy("memory.x", out_dir().join("memory.x")).expect("memory.x is next to Cargo.toml");
    println!("cargo:rustc-link-search={}", out_dir().display());
    for argument in ["--nmagic", "-Tlink.x", "-Tdefmt.x"] {
        println!("cargo:rustc-link-arg-bins={argument}");
    }
}

/// Describes the image, and returns the bytes that the program may have.
///
/// # Panics
/// An error ends the build with a sentence about what is wrong.
pub fn describe(base: u32) -> u32 {
    println!("cargo:rerun-if-changed=memory.x");
    println!("cargo:rerun-if-env-changed={}", fleet_key::VARIABLE);
    println!("cargo:rerun-if-env-changed=SOURCE_DATE_EPOCH");
    match write(base) {
        Ok(len) => len,
        Err(problem) => panic!("{problem}"),
    }
}

fn write(base: u32) -> Result<u32, String> {
    let path = fleet_key::path(env::var_os(fleet_key::VARIABLE).map(PathBuf::from))?;
    println!("cargo:rerun-if-changed={}", path.display());
    let at = |error| format!("{}: {error}", path.display());
    let point = fleet_key::parse(&fs::read_to_string(&path).map_err(|error| at(error.to_string()))?).map_err(at)?;
    let layout = fs::read_to_string("memory.x").map_err(|error| format!("memory.x: {error}"))?;
    let regions = Regions::parse(&layout).map_err(|problem| format!("memory.x: {problem}"))?;
    let built = build_time()?;
    let text = regions.source(base, &point, built).map_err(|problem| format!("memory.x: {problem}"))?;
    fs::write(out_dir().join("image.rs"), text).map_err(|error| format!("image.rs: {error}"))?;
    Ok(regions.program_len())
}

/// Returns the current time, or that of a reproducible build.
fn build_time() -> Result<i64, String> {
    if let Ok(given) = env::var("SOURCE_DATE_EPOCH") {
        return given.parse().map_err(|_| format!("SOURCE_DATE_EPOCH: found {given}, wanted seconds since 1970."));
    }
    let since = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|_| "the clock is before 1970")?;
    i64::try_from(since.as_secs()).map_err(|error| error.to_string())
}

fn out_dir() -> PathBuf {
    PathBuf::from(env::var_os("OUT_DIR").expect("Cargo sets OUT_DIR for build scripts"))
}
