//! A secure element on I2C: a driver for it, and the part itself, simulated.

pub mod driver;
pub mod part;
