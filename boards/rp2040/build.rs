//! What the image is made of besides its source: identity and memory layout.

fn main() {
    provisioning::embed();
    provisioning::memory_layout();
    // Where the second stage of the boot loader goes, from the HAL.
    println!("cargo:rustc-link-arg-bins=-Tlink-rp.x");
}
