//! The programs, each from command line to exit code.

#[cfg(feature = "program")]
mod explain;
mod gateway;
#[cfg(feature = "program")]
mod mtls;
mod supplier;

pub use self::gateway::gateway;
#[cfg(feature = "program")]
pub use self::mtls::mtls;
pub use self::supplier::supplier;
