//! Probes for versions of TLS below 1.3: one `ClientHello` of TLS 1.2 (RFC 5246 section 7.4.1.2), and the first record
//! of the answer. The core supports TLS 1.3 only; the probe never completes a handshake.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;

use embedded_mtls::AlertDescription;

/// The beginning of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// A `ServerHello` of this version.
    Hello(u16),
    /// An alert: usually the server supports no version that we offer.
    Alert(AlertDescription),
    /// A line of text: HTTP, or another protocol that starts without TLS.
    Text(String),
    /// Bytes that are none of these.
    Unknown,
    /// Nothing.
    Closed,
}

/// Names a version below 1.3 by its number on the wire.
pub(super) fn version_name(version: u16) -> &'static str {
    match version {
        0x0300 => "SSL 3.0",
        0x0301 => "TLS 1.0",
        0x0302 => "TLS 1.1",
        0x0303 => "TLS 1.2",
        _ => "an unknown version",
    }
}

/// Sends the `ClientHello` with this name, and reads the start of the answer.
pub(super) fn ask(mut stream: &TcpStream, server_name: Option<&str>) -> io::Result<Answer> {
    stream.write_all(&client_hello(server_name))?;
    let mut received = Vec::new();
    let mut buffer = [0; 256];
    while judge(&received).is_none() {
        match stream.read(&mut buffer) {
            Ok(0) => return Ok(at_end(&received)),
            Ok(count) => received.extend_from_slice(buffer.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(at_end(&received)),
            Err(error) => return Err(error),
        }
    }
    Ok(judge(&received).unwrap_or(Answer::Unknown))
}

/// Interprets what was received; `None` if more is needed.
fn judge(received: &[u8]) -> Option<Answer> {
    match *received {
        // A record: its type, version, length, and the start of its content (RFC 5246 section 6.2.1).
        [22, 3, _, _, _, 2, _, _, _, major, minor, ..] => Some(Answer::Hello(u16::from_be_bytes([major, minor]))),
        [22, 3, _, _, _, other, ..] if other != 2 => Some(Answer::Unknown),
        [21, 3, _, _, _, _, description, ..] => Some(Answer::Alert(AlertDescription(description))),
        [] | [21 | 22] | [21 | 22, 3, ..] => None,
        [first, ..] if first.is_ascii_graphic() || first.is_ascii_whitespace() => {
            let end = received.iter().position(|byte| *byte == b'\n')?;
            Some(text(received.get(..end).unwrap_or_default()))
        }
        [_, ..] => Some(Answer::Unknown),
    }
}

/// Interprets what was received before the connection ended.
fn at_end(received: &[u8]) -> Answer {
    match received {
        [] => Answer::Closed,
        _ => judge(received).unwrap_or_else(|| text(received)),
    }
}

/// Reads the first line, if it is text.
fn text(line: &[u8]) -> Answer {
    let text =
        core::str::from_utf8(line).ok().filter(|text| !text.chars().any(|c| c.is_control() && !c.is_whitespace()));
    text.map_or(Answer::Unknown, |text| Answer::Text(text.trim().chars().take(80).collect()))
}

/// Cipher suites of TLS 1.2: ECDHE with AEAD first, then those of older servers.
const SUITES: [u16; 13] = [
    0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc009, 0xc013, 0xc014, 0x009c, 0x009d, 0x002f,
    // TLS_EMPTY_RENEGOTIATION_INFO_SCSV (RFC 5746 section 3.3).
    0x00ff,
];
/// X25519, P-256, P-384.
const GROUPS: [u16; 3] = [0x001d, 0x0017, 0x0018];
/// ECDSA, RSA-PSS and RSA with SHA-256, SHA-384 and SHA-512; with SHA-1 last.
const SCHEMES: [u16; 10] = [0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601, 0x0203, 0x0201];

/// Makes a `ClientHello` of TLS 1.2 in its record.
fn client_hello(server_name: Option<&str>) -> Vec<u8> {
    let mut extensions = Vec::new();
    if let Some(name) = server_name {
        // RFC 6066 section 3: one name of the type host_name.
        let entry = [&[0][..], &sized(name.as_bytes())].concat();
        extensions.extend(extension(0, &sized(&entry)));
    }
    extensions.extend(extension(10, &sized(&words(&GROUPS))));
    // RFC 8422 section 5.1.2: uncompressed points.
    extensions.extend(extension(11, &[1, 0]));
    extensions.extend(extension(13, &sized(&words(&SCHEMES))));
    // RFC 7627 section 5.1.
    extensions.extend(extension(23, &[]));
    let random = *b"embedded-mtls: mtls check probes";
    let body = [&[3, 3][..], &random, &[0], &sized(&words(&SUITES)), &[1, 0], &sized(&extensions)].concat();
    let message = [&[1, 0][..], &sized(&body)].concat();
    [&[22, 3, 1][..], &sized(&message)].concat()
}

fn words(numbers: &[u16]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

/// Prefixes bytes with their length in 16 bits. Everything written here is short: a name has at most 253 bytes.
fn sized(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    [&length.to_be_bytes()[..], bytes].concat()
}

fn extension(number: u16, content: &[u8]) -> Vec<u8> {
    [&number.to_be_bytes()[..], &sized(content)].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_recognized_by_its_first_bytes_however_they_are_split() {
        for (whole, answer) in [
            (&[22, 3, 3, 0, 90, 2, 0, 0, 86, 3, 3, 7][..], Answer::Hello(0x0303)),
            (&[22, 3, 1, 0, 90, 2, 0, 0, 86, 3, 1], Answer::Hello(0x0301)),
            (&[21, 3, 3, 0, 2, 2, 70], Answer::Alert(AlertDescription::PROTOCOL_VERSION)),
            (b"HTTP/1.1 400 Bad Request\r\n", Answer::Text("HTTP/1.1 400 Bad Request".to_owned())),
            (b"220 mail ESMTP\r\n", Answer::Text("220 mail ESMTP".to_owned())),
        ] {
            for end in 1..whole.len() {
                let early = judge(&whole[..end]);
                assert!(early.is_none() || early.as_ref() == Some(&answer), "{end} of {whole:?}: {early:?}");
            }
            assert_eq!(judge(whole), Some(answer));
        }
        assert_eq!(judge(&[0xff; 3]), Some(Answer::Unknown));
        assert_eq!(judge(&[22, 3, 3, 0, 4, 14]), Some(Answer::Unknown), "a message that is no ServerHello");
        assert_eq!(at_end(b""), Answer::Closed);
        assert_eq!(at_end(b"HTTP"), Answer::Text("HTTP".to_owned()));
    }

    #[test]
    fn the_lengths_in_the_hello_are_those_of_its_parts() {
        for name in [None, Some("supplier.example")] {
            let hello = client_hello(name);
            let length = |at: usize| usize::from(u16::from_be_bytes([hello[at], hello[at + 1]]));
            assert_eq!(length(3), hello.len() - 5);
            assert_eq!(length(7), hello.len() - 9);
            // Version, random, an empty session id, suites, compression.
            let extensions = 9 + 2 + 32 + 1 + 2 + 2 * SUITES.len() + 2;
            assert_eq!(length(extensions), hello.len() - extensions - 2);
        }
    }
}
