//! The identity as source text.

use crate::endpoint::Endpoint;
use mtls_pki::pem::Identity;
use std::fmt::Write as _;

/// A `static IDENTITY: hardware::Identity<_>`.
///
/// # Errors
/// A key that the firmware cannot sign with.
pub(crate) fn source(
    endpoint: &Endpoint,
    anchors: &[Vec<u8>],
    identity: &Identity,
    built: i64,
) -> Result<String, String> {
    let key = identity.key.p256().ok_or("gateway.key: found a key of another kind, wanted one on P-256")?;
    let Endpoint { host, port, path, server_name, time_server } = endpoint;
    let time_server = time_server.map(|server| (server.ip().octets(), server.port()));
    Ok(format!(
        "#[allow(clippy::unreadable_literal, reason = \"nobody reads it\")]\n\
         static IDENTITY: hardware::Identity<{}> = hardware::Identity {{\n    \
         host: {host:?},\n    port: {port},\n    path: {path:?},\n    server_name: {server_name:?},\n    \
         time_server: {time_server:?},\n    anchors: [{}],\n    chain: &[{}],\n    key: {:?},\n    built: {built},\n}};\n",
        anchors.len(),
        slices(anchors),
        slices(&identity.chain),
        *key,
    ))
}

fn slices(parts: &[Vec<u8>]) -> String {
    parts.iter().fold(String::new(), |mut text, part| {
        // Writing to a string cannot fail.
        let _ = write!(text, "&{part:?}, ");
        text
    })
}
