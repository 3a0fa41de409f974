//! Build script: adds the identity and the memory layout to the image.

fn main() {
    provisioning::embed();
    provisioning::memory_layout();
    // Where the second stage of the boot loader goes, from the HAL.
    println!("cargo:rustc-link-arg-bins=-Tlink-rp.x");
}
