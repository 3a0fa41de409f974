//! Build script: adds the key of the fleet and the memory layout to the image.

fn main() {
    // The address from which the driver counts.
    image::cortex_m(0);
}
