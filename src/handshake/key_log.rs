//! Disclosure of the secrets of a connection, for decrypting its records: **for laboratories only**.

use core::fmt;

/// Receives the secrets of a connection. Whoever has them can read and forge all of its traffic.
///
/// This is the only way to decrypt a capture of TLS 1.3, and a dangerous one: the feature `key-log` is for simulations
/// and laboratories. No product should be built with it.
///
/// It is `Sync`, so that connections that use it may move between threads.
pub trait KeyLog: Sync {
    /// Receives a new secret.
    fn secret(&self, line: &KeyLogLine<'_>);
}

/// One secret. `Display` writes it as a line of an NSS key log (`SSLKEYLOGFILE`), without the line feed.
#[derive(Clone, Copy)]
pub struct KeyLogLine<'a> {
    /// The label of the secret, such as `CLIENT_HANDSHAKE_TRAFFIC_SECRET`.
    pub label: &'static str,
    /// The `random` of the ClientHello, which identifies the connection in a capture.
    pub client_random: &'a [u8; 32],
    /// The secret, 32 or 48 bytes.
    pub secret: &'a [u8],
}

debug_by_name!("KeyLogLine", [] KeyLogLine<'_>);

impl fmt::Display for KeyLogLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.label)?;
        self.client_random.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(" ")?;
        self.secret.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The logger for the secrets of one handshake, if there is one.
pub(crate) struct KeyLogger<'b> {
    pub(crate) sink: Option<&'b dyn KeyLog>,
    pub(crate) client_random: [u8; 32],
}

impl KeyLogger<'_> {
    pub(super) fn log(&self, label: &'static str, secret: &[u8]) {
        if let Some(sink) = self.sink {
            sink.secret(&KeyLogLine { label, client_random: &self.client_random, secret });
        }
    }
}
