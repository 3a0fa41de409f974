//! Adds the identity and the linker scripts to the image.

fn main() {
    provisioning::identity();
    // The HAL has the memory layout of the chip.
    for script in ["-Tdefmt.x", "-Tlinkall.x"] {
        println!("cargo:rustc-link-arg-bins={script}");
    }
}
