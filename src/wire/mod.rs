//! One file for each message or extension: its meaning, parsing and writing. No state, no cryptography.
//!
//! Panic contract: parsing never panics on any bytes; writing never panics on any buffer. A parsed
//! message borrows from the bytes it was parsed from. Trailing bytes, duplicate extensions and extensions that are not
//! allowed in a message are errors.

pub(crate) mod alert;
pub(crate) mod certificate;
pub(crate) mod certificate_request;
pub(crate) mod certificate_verify;
pub(crate) mod client_hello;
pub(crate) mod encrypted_extensions;
pub(crate) mod enums;
pub(crate) mod extension;
pub(crate) mod finished;
pub(crate) mod handshake;
pub(crate) mod key_update;
pub(crate) mod new_session_ticket;
pub(crate) mod oid_filters;
#[cfg(feature = "resumption")]
pub(crate) mod pre_shared_key;
pub(crate) mod record;
pub(crate) mod record_limit;
#[cfg(any(test, fuzzing))]
pub(crate) mod round_trip;
pub(crate) mod server_hello;
