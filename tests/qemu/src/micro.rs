//! The firmware with the cryptography of `embedded-mtls-micro`, whose assembly runs on this core: as a client, as a server, with
//! the quick start, and with tickets.

use crate::clients;
use crate::emulator::Machine;
use crate::peers::Kind::{Nginx, OpenSsl, Ours};
use crate::rows::{Row, posts, refuses_server, serves, serves_pages};
use crate::{quick, resumption};

const MACHINE: Machine = Machine::Mps2Micro;

/// All of them.
pub(crate) fn rows() -> Vec<Row> {
    let mut rows: Vec<Row> = [Ours, OpenSsl, Nginx].map(|peer| posts(MACHINE, peer)).into();
    rows.push(refuses_server(MACHINE));
    rows.extend([clients::Kind::Curl, clients::Kind::OpenSsl].map(|client| serves(MACHINE, client)));
    rows.push(serves_pages(MACHINE));
    rows.push(quick::client(MACHINE, Nginx));
    rows.push(resumption::at_openssl(MACHINE));
    rows
}
