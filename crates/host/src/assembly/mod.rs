//! The operations of graviola, on the processors that it is for.

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
mod absent;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod present;

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
pub(crate) use self::absent::{GROUPS, PrivateKey, RecordKey, SigningKey, is_supported, verify};
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
pub(crate) use self::present::{GROUPS, PrivateKey, RecordKey, SigningKey, is_supported, verify};
