//! Whole handshakes in memory, through the public API.
#![allow(missing_docs)]

mod common;

use common::pair::{Setup, exchange};
use common::pki::Pki;

#[test]
fn both_sides_authenticate_each_other_and_exchange_data() {
    let (mut client, mut server) = Setup::new(&Pki::new()).run().sessions();
    assert_eq!(client.write(b"order"), Ok(5));
    assert_eq!(server.write(b"response"), Ok(8));
    let (at_client, at_server) = exchange(&mut client, &mut server).unwrap();
    assert_eq!(at_client, b"response");
    assert_eq!(at_server, b"order");
}
