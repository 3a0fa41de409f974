//! Programs of others as peers, with the files they are given and what they print.

pub mod compiled;
pub mod guide;
pub mod ours;
pub mod process;
pub mod programs;
pub mod scripted;
pub mod servers;
pub mod workdir;
pub mod world;
