//! One file a message or an extension: what it means, how it is parsed, how it is written. No state,
//! no cryptography.

pub(crate) mod enums;
