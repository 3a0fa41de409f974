//! The firmware of real boards: built with the key of a fleet that nobody has, and measured. Nothing of it is run.

use crate::budget::elf;
use crate::run::{Result, Run, root, told};
use std::fs;
use std::path::{Path, PathBuf};

/// The real boards that are built with the cryptography of `embedded-mtls-micro`, too: one of each core that has no emulated one.
const WITH_MICRO: [&str; 3] = ["esp32c3", "rp2040", "rp2350"];

/// The emulated board with the assembly of `embedded-mtls-micro`, and the target of its core.
const EMULATED: Board = Board { name: "qemu-mps2", target: "thumbv7em-none-eabihf" };

/// A board made of hardware: its crate in `boards`, and the target of its core.
struct Board {
    name: &'static str,
    target: &'static str,
}

const BOARDS: &[Board] = &[
    Board { name: "esp32c3", target: "riscv32imc-unknown-none-elf" },
    Board { name: "nrf52840", target: "thumbv7em-none-eabihf" },
    Board { name: "quick-start", target: "thumbv8m.main-none-eabihf" },
    Board { name: "rp2040", target: "thumbv6m-none-eabi" },
    Board { name: "rp2350", target: "thumbv8m.main-none-eabihf" },
    Board { name: "stm32h743", target: "thumbv7em-none-eabihf" },
];

/// The path of the fleet's public key, below the root of the repository.
const FLEET_KEY: &str = "target/boards/fleet_key.rs";

/// Builds every board in release, and one of each core with the feature `micro` as well, without a lint; prints what the images take.
pub(crate) fn build() -> Result<()> {
    let fleet_key = fleet_key()?;
    let mut rows = Vec::new();
    for board in BOARDS {
        // At first, so that the image that stays is the one without it.
        if WITH_MICRO.contains(&board.name) {
            rows.push(image(board, "micro", &fleet_key)?);
        }
        rows.push(image(board, "", &fleet_key)?);
    }
    println!("{}", rows.join("\n"));
    Ok(())
}

/// Builds the image of a board with a feature, and returns what it takes.
fn image(board: &Board, feature: &str, fleet_key: &Path) -> Result<String> {
    // Clippy's compiler compiles, too: with it as the compiler of our own crates, lints cost no second build of all others.
    let run = Run::cargo("build --release --locked")
        .arg(format!("--features={feature}"))
        .env("FLEET_KEY", fleet_key.to_string_lossy())
        .env("RUSTC_WORKSPACE_WRAPPER", "clippy-driver")
        .env("CLIPPY_ARGS", "-D__CLIPPY_HACKERY__warnings")
        .within(&format!("boards/{}", board.name));
    println!("  $ {run}");
    run.succeed()?;
    let image = root().join("boards/target").join(board.target).join("release").join(board.name);
    let size = elf::sections(&image)?;
    Ok(format!("  {:<11} {feature:<5} {:>8} bytes of flash {:>8} bytes of RAM", board.name, size.flash, size.ram))
}

/// Builds the images for the emulator.
pub(crate) fn emulated() -> Result<()> {
    let build = |name: &str, feature: &str| {
        let run = Run::cargo("build --release --locked").arg(format!("--features={feature}"));
        let run = run.within(&format!("boards/{name}"));
        println!("  $ {run}");
        run.succeed()
    };
    build(EMULATED.name, "micro")?;
    // The image without it, which is to be built next, has the same name.
    let directory = root().join("boards/target").join(EMULATED.target).join("release");
    let (image, copy) = (directory.join(EMULATED.name), directory.join(format!("{}-micro", EMULATED.name)));
    told(&copy, fs::copy(image, &copy))?;
    build(EMULATED.name, "")?;
    build("qemu-lm3s", "")
}

/// Writes the public key of a fleet as `mtls provision fleet-key` does. It is not on the curve, so no blob is accepted.
fn fleet_key() -> Result<PathBuf> {
    let file = root().join(FLEET_KEY);
    let text = format!("pub static FLEET_KEY: [u8; 65] = [4{}];\n", ", 1".repeat(64));
    // A file that is as new as before has nothing built again.
    if fs::read_to_string(&file).is_ok_and(|before| before == text) {
        return Ok(file);
    }
    told(&file, fs::create_dir_all(root().join("target/boards")))?;
    told(&file, fs::write(&file, text))?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_real_board_has_a_crate_for_its_target_and_a_readme() {
        for board in BOARDS {
            let directory = root().join("boards").join(board.name);
            let config = fs::read_to_string(directory.join(".cargo/config.toml")).unwrap();
            assert!(config.contains(&format!("target = \"{}\"", board.target)), "{config}");
            assert!(config.contains("runner = \"probe-rs run --chip "), "{config}");
            let readme = fs::read_to_string(directory.join("README.md")).unwrap();
            assert!(readme.contains("CI has not run it on hardware"), "{}", board.name);
            let main = fs::read_to_string(directory.join("src/main.rs")).unwrap();
            assert!(main.lines().count() < 120, "{}", board.name);
        }
    }

    #[test]
    fn every_board_has_the_feature_micro_and_one_of_each_core_is_built_with_it() {
        for board in BOARDS {
            let manifest = fs::read_to_string(root().join("boards").join(board.name).join("Cargo.toml")).unwrap();
            assert!(manifest.contains("\nmicro = ["), "{}", board.name);
            let readme = fs::read_to_string(root().join("boards").join(board.name).join("README.md")).unwrap();
            assert!(readme.contains("`--features micro`") && readme.contains("not been audited"), "{}", board.name);
            let with_micro = BOARDS.iter().filter(|board| WITH_MICRO.contains(&board.name));
            let mut built = with_micro.chain([&EMULATED]);
            assert!(built.any(|other| other.target == board.target), "{}", board.target);
        }
    }

    #[test]
    fn every_board_that_is_flashed_is_built() {
        for entry in fs::read_dir(root().join("boards")).unwrap() {
            let entry = entry.unwrap();
            let config = fs::read_to_string(entry.path().join(".cargo/config.toml")).unwrap_or_default();
            let name = entry.file_name().to_string_lossy().into_owned();
            assert_eq!(config.contains("probe-rs"), BOARDS.iter().any(|board| board.name == name), "{name}");
        }
    }
}
