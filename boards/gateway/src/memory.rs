//! The memory of one connection and one order, all of it in one place.

/// Bytes of the memory for records to send: with a ticket, those of a ClientHello.
const TLS_TX: usize = if cfg!(feature = "resumption") { 2048 } else { 1024 };
/// Bytes of the memory for HTTP: with tickets, as many as the longest has.
#[cfg(not(feature = "resumption"))]
const HTTP: usize = 2048;
#[cfg(feature = "resumption")]
const HTTP: usize = embedded_mtls::Ticket::MAX_LEN;

/// The memory for the network, TLS, HTTP and the order.
pub struct Memory {
    pub(crate) connection: Connection,
    /// The waiting order, or the received one.
    pub(crate) order: [u8; 5632],
}

/// The memory of one connection.
pub(crate) struct Connection {
    /// The version of the blob that the last answer announced.
    pub(crate) announced: Option<u64>,
    /// Between TCP and TLS.
    pub(crate) tcp_rx: [u8; 2048],
    pub(crate) tcp_tx: [u8; 2048],
    /// Holds every record that TLS allows, since servers may send large ones.
    pub(crate) tls_rx: [u8; 16_640],
    pub(crate) tls_tx: [u8; TLS_TX],
    /// Five certificates of the other side.
    pub(crate) peer: [u8; 2048],
    /// The head and the body of an HTTP response, or the head of a request, then the ticket for the next connection.
    pub(crate) http: [u8; HTTP],
    /// The ticket of the last connection.
    #[cfg(feature = "resumption")]
    pub(crate) ticket: [u8; embedded_mtls::Ticket::MAX_LEN],
}

impl Memory {
    /// All zero.
    #[allow(clippy::large_stack_arrays, reason = "boards keep it in a static")]
    #[allow(clippy::new_without_default, reason = "a default would be built on the stack and moved")]
    #[allow(clippy::large_stack_arrays, reason = "it is the value of a static")]
    pub const fn new() -> Self {
        Self {
            connection: Connection {
                announced: None,
                tcp_rx: [0; 2048],
                tcp_tx: [0; 2048],
                tls_rx: [0; 16_640],
                tls_tx: [0; TLS_TX],
                peer: [0; 2048],
                http: [0; HTTP],
                #[cfg(feature = "resumption")]
                ticket: [0; embedded_mtls::Ticket::MAX_LEN],
            },
            order: [0; 5632],
        }
    }
}

/// The first bytes of a buffer, or all.
pub(crate) fn first(buffer: &mut [u8], len: usize) -> &mut [u8] {
    let len = len.min(buffer.len());
    buffer.get_mut(..len).unwrap_or_default()
}
