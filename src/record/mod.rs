//! The record layer (RFC 9846 section 5).

#![allow(dead_code)]

pub(crate) mod protect;
