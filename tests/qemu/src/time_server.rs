//! A time server that answers one question (RFC 4330).

use std::net::UdpSocket;
use std::thread;

/// Seconds from 1900 to 1970.
const EPOCH: u64 = 2_208_988_800;

/// Starts it; it announces that it is `now`, in seconds since 1970. Returns its port.
pub(crate) fn start(now: u64) -> Result<u16, String> {
    let failed = |error: std::io::Error| format!("time server: {error}");
    let socket = UdpSocket::bind(("127.0.0.1", 0)).map_err(failed)?;
    let port = socket.local_addr().map_err(failed)?.port();
    thread::spawn(move || {
        let mut packet = [0; 48];
        if let Ok((48, client)) = socket.recv_from(&mut packet) {
            let sent = packet[40..].to_vec();
            packet[0] = 0b00_100_100;
            packet[1] = 1;
            packet[24..32].copy_from_slice(&sent);
            let seconds = u32::try_from((now + EPOCH) & 0xffff_ffff).unwrap_or(0);
            packet[40..44].copy_from_slice(&seconds.to_be_bytes());
            // If it cannot be sent, the client reports that no answer came.
            let _unsent = socket.send_to(&packet, client);
        }
    });
    Ok(port)
}
