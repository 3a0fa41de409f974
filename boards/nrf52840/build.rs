//! Build script: adds the identity and the memory layout to the image.

fn main() {
    provisioning::embed();
    provisioning::memory_layout();
}
