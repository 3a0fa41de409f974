//! Build script: see the included file.
include!("../qemu-support/link.rs");
