//! Connections between a connector and an acceptor: their buffers and their tickets.

mod buffers;
mod ends;
mod resumption;
