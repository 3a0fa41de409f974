//! What the integration tests share. Each of them uses a part of it.
#![allow(dead_code, missing_docs, unreachable_pub)]
#![allow(clippy::unnecessary_wraps, clippy::similar_names, reason = "tables of expectations read better so")]

pub mod chain_case;
pub mod messages;
pub mod pair;
pub mod pki;
pub mod script;
