//! Gives the linker the memory of the machine with the target's core, and the images its name. Builds Mbed TLS if there is an image with it.

use std::path::Path;
use std::{env, fs};

/// The beginning of a target's name, the memory of its machine, and the name for the images.
const MAPS: [(&str, &str, &str); 4] = [
    ("thumbv6m", "memory/cortex-m4.x", "mps2"),
    ("thumbv7em", "memory/cortex-m4.x", "mps2"),
    ("thumbv8m.main", "memory/cortex-m33.x", "mps2_secure"),
    ("riscv32", "memory/riscv32.x", "riscv_virt"),
];

fn main() {
    #[cfg(feature = "mbedtls")]
    mbedtls::build();
    println!("cargo::rustc-check-cfg=cfg(mps2, mps2_secure, riscv_virt)");
    println!("cargo::rerun-if-changed=memory");
    let target = env::var("TARGET").unwrap_or_default();
    let Some((_, map, machine)) = MAPS.iter().find(|(begin, ..)| target.starts_with(begin)) else { return };
    println!("cargo::rustc-cfg={machine}");
    let directory = env::var("OUT_DIR").expect("Cargo names a directory");
    fs::copy(map, Path::new(&directory).join("memory.x")).expect("a memory map");
    println!("cargo::rustc-link-search={directory}");
}

#[cfg(feature = "mbedtls")]
mod mbedtls {
    use std::path::{Path, PathBuf};
    use std::{env, fs};

    /// The source, as it is fetched.
    const SOURCE: &str = "../../target/mbedtls/mbedtls-rs-sys/mbedtls";
    /// The folders with code that may be needed: what the configuration does not ask for is empty.
    const FOLDERS: [&str; 3] = ["library", "3rdparty/p256-m", "3rdparty/p256-m/p256-m"];

    /// Builds it with the settings in `mbedtls/`, as small as it gets.
    pub(super) fn build() {
        println!("cargo::rerun-if-changed=mbedtls");
        println!("cargo::rerun-if-changed={SOURCE}");
        let mut build = cc::Build::new();
        build.file("mbedtls/client.c").include("mbedtls").include(Path::new(SOURCE).join("include"));
        for folder in FOLDERS {
            let folder = Path::new(SOURCE).join(folder);
            build.files(sources(&folder)).include(folder);
        }
        build.define("MBEDTLS_CONFIG_FILE", "\"config.h\"");
        build.define("MBEDTLS_PSA_CRYPTO_CONFIG_FILE", "\"crypto_config.h\"");
        build.opt_level_str("s").warnings(false).flag("-ffunction-sections").flag("-fdata-sections");
        // Named, so that it is the compiler itself and no cache before it, which takes a second for each file.
        if env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "none") {
            build.compiler("arm-none-eabi-gcc").archiver("arm-none-eabi-gcc-ar").flag("-flto").flag("-mcpu=cortex-m4");
            // Only its own linker can read what it has left for optimizing at the end, and in no library of Rust.
            build.cargo_metadata(false).compile("mbedtls_client");
            let directory = env::var("OUT_DIR").expect("Cargo names a directory");
            let library = format!("{directory}/libmbedtls_client.a");
            for word in ["-Wl,--start-group", &library, "-lc_nano", "-lgcc", "-Wl,--end-group"] {
                println!("cargo::rustc-link-arg={word}");
            }
        } else {
            build.compiler("gcc").compile("mbedtls_client");
        }
    }

    fn sources(folder: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).expect("the source of Mbed TLS is where `cargo xtask setup` leaves it");
        let paths = entries.map(|entry| entry.expect("a file").path());
        paths.filter(|path| path.extension().is_some_and(|extension| extension == "c")).collect()
    }
}
