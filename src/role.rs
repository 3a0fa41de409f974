//! The sides of a connection.

/// A side of a connection. Its certificate has to allow that role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Role {
    /// The side that connects: `id-kp-clientAuth` in the extended key usage (RFC 5280 section 4.2.1.12).
    Client,
    /// The side that listens: `id-kp-serverAuth`.
    Server,
}
