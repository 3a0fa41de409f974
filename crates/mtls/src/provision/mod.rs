//! `mtls provision`: identities, trust anchors and an endpoint become one signed blob for a device.
//!
//! ```text
//!   prepared  an identity from files: the root dropped, the key as the device gets it
//!   fleet     the key of the owner of the fleet, which signs, and its public part, which is in the image
//!   through   a command that wraps a key, or signs with one
//!   output    the blob as a Rust module, or UF2
//!   shown     what is in a blob, for people and programs
//! ```

mod fleet;
mod output;
mod prepared;
mod shown;
mod through;

pub use fleet::{Fleet, point};
pub use output::{rust_module, uf2};
pub use prepared::{Prepared, own_identity};
pub use shown::{Shown, show};
pub use through::through;
