//! What the image is made of besides its source: identity and linker scripts.

fn main() {
    provisioning::identity();
    // The HAL has the memory layout of the chip.
    for script in ["-Tdefmt.x", "-Tlinkall.x"] {
        println!("cargo:rustc-link-arg-bins={script}");
    }
}
