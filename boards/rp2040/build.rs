//! Build script: adds the key of the fleet and the memory layout to the image.

fn main() {
    // The address from which the driver counts.
    image::cortex_m(0x1000_0000);
    // Where the second stage of the boot loader goes, from the HAL.
    println!("cargo:rustc-link-arg-bins=-Tlink-rp.x");
}
