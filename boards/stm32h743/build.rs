//! Build script: adds the key of the fleet and the memory layout to the image.

fn main() {
    // The driver counts from the start of bank 2.
    image::cortex_m(0x0810_0000);
}
