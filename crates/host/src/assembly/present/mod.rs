//! The operations of graviola, with the contract of [`CryptoProvider`](embedded_mtls::crypto::CryptoProvider).

mod exchange;
mod records;
mod signing;
mod verify;

pub(crate) use self::exchange::{GROUPS, PrivateKey};
pub(crate) use self::records::RecordKey;
pub(crate) use self::signing::SigningKey;
pub(crate) use self::verify::verify;

/// Returns whether this processor has all instructions that graviola takes; otherwise its functions panic.
pub(crate) fn is_supported() -> bool {
    graviola::util::is_cpu_supported()
}
