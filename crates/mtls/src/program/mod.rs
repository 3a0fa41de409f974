//! The programs, each from its command line to its exit code.

mod gateway;
mod supplier;

pub use self::gateway::gateway;
pub use self::supplier::supplier;
