//! What the integration tests share. Each of them uses a part of it.
#![allow(dead_code, missing_docs, unreachable_pub)]

pub mod messages;
pub mod pair;
pub mod pki;
pub mod script;
