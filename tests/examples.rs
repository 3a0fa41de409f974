//! The modules that the examples share, with the unit tests at their ends.
#[path = "../examples/shared/mod.rs"]
mod shared;
