//! The validation of one chain by this crate, counted.
#![no_std]
#![no_main]

use budget::replay::Counted;
use budget::{Provider, chains, replay};
use semihosting as _;

#[budget::entry]
fn main() -> ! {
    replay::count(chains::ours::<Counted<Provider>>)
}
