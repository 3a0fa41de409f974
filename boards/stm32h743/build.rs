//! What the image is made of besides its source: identity and memory layout.

fn main() {
    provisioning::embed();
    provisioning::memory_layout();
}
