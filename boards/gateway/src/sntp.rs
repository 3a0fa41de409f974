//! Getting the time from a server: a single exchange of the Simple Network Time Protocol (RFC 4330 section 5).

use embassy_net::udp::{PacketMetadata, UdpSocket};
use embassy_net::{IpEndpoint, Stack};
use embassy_time::{Duration, with_timeout};
use embedded_mtls::x509::UnixTime;

/// A packet without authentication.
const LEN: usize = 48;
/// Seconds from 1900 to 1970.
const EPOCH: i64 = 2_208_988_800;
/// The interval between repeated queries.
const PATIENCE: Duration = Duration::from_secs(1);
const ATTEMPTS: u8 = 3;

/// Queries `server` for the time. `nonce` identifies its answer. `None` if it does not answer or has no time.
pub(crate) async fn ask(stack: Stack<'_>, server: IpEndpoint, nonce: u64) -> Option<UnixTime> {
    let (mut rx, mut tx) = ([0; LEN], [0; LEN]);
    let (mut rx_meta, mut tx_meta) = ([PacketMetadata::EMPTY; 1], [PacketMetadata::EMPTY; 1]);
    let mut socket = UdpSocket::new(stack, &mut rx_meta, &mut rx, &mut tx_meta, &mut tx);
    socket.bind(0).ok()?;
    for _ in 0..ATTEMPTS {
        socket.send_to(&question(nonce), server).await.ok()?;
        let answer = async {
            loop {
                let mut packet = [0; LEN];
                match socket.recv_from(&mut packet).await {
                    Ok((LEN, from)) if from.endpoint == server => return read(&packet, nonce),
                    // Another packet, or one that is too long.
                    _ => {}
                }
            }
        };
        if let Ok(time) = with_timeout(PATIENCE, answer).await {
            return time;
        }
    }
    None
}

/// Builds a query: version 4, client. The transmit timestamp is a nonce, which a server returns unchanged.
fn question(nonce: u64) -> [u8; LEN] {
    let mut packet = [0; LEN];
    packet[0] = 0b00_100_011;
    packet[40..].copy_from_slice(&nonce.to_be_bytes());
    packet
}

/// Reads the time from the answer to the query with `nonce`.
fn read(packet: &[u8; LEN], nonce: u64) -> Option<UnixTime> {
    let (leap, mode, stratum) = (packet[0] >> 6, packet[0] & 7, packet[1]);
    // Section 5: an unsynchronized server sets the leap indicator to 3, a kiss-o'-death has stratum 0.
    let synchronized = leap != 3 && mode == 4 && (1..=15).contains(&stratum);
    let (originate, transmit) = (packet[24..].first_chunk()?, packet[40..].first_chunk()?);
    let seconds = u32::from_be_bytes(*transmit);
    if !synchronized || u64::from_be_bytes(*originate) != nonce || seconds == 0 {
        return None;
    }
    // Section 3: with the highest bit unset, the time is counted from 2036-02-07T06:28:16Z.
    let era = if seconds < 1 << 31 { 1 << 32 } else { 0 };
    Some(UnixTime(i64::from(seconds) + era - EPOCH))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONCE: u64 = 0x0123_4567_89ab_cdef;

    fn answer(seconds: u32) -> [u8; LEN] {
        let mut packet = [0; LEN];
        packet[0] = 0b00_100_100;
        packet[1] = 2;
        packet[24..32].copy_from_slice(&question(NONCE)[40..]);
        packet[40..44].copy_from_slice(&seconds.to_be_bytes());
        packet
    }

    #[test]
    fn the_time_of_an_answer_is_read_in_both_eras() {
        // 2026-11-22T04:00:00Z, and a second after the counter has wrapped.
        let expected = UnixTime(1_795_320_000);
        assert_eq!(read(&answer(4_004_308_800), NONCE), Some(expected));
        assert_eq!(read(&answer(1), NONCE), UnixTime::from_civil(2036, 2, 7, 6, 28, 17));
    }

    #[test]
    fn an_answer_to_another_question_or_without_a_time_is_ignored() {
        assert_eq!(read(&answer(4_004_308_800), NONCE + 1), None);
        assert_eq!(read(&answer(0), NONCE), None);
        for (at, byte) in [(0, 0b11_100_100), (0, 0b00_100_011), (1, 0), (1, 16)] {
            let mut packet = answer(4_004_308_800);
            packet[at] = byte;
            assert_eq!(read(&packet, NONCE), None, "byte {at} is {byte}");
        }
    }
}
