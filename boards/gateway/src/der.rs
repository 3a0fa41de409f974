//! Certificates that stand one behind the other.

/// The next certificate of a concatenation of DER certificates, and what follows it.
///
/// Only the outermost length is read (X.690 section 8.1.3): whether it is a certificate is for others to say. `None`
/// at the end, or if what follows is no SEQUENCE that ends where the bytes do, or before.
pub fn next_certificate(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (header, length) = match *bytes {
        [0x30, length @ 0..=0x7f, ..] => (2, usize::from(length)),
        [0x30, 0x81, length, ..] => (3, usize::from(length)),
        [0x30, 0x82, high, low, ..] => (4, usize::from(u16::from_be_bytes([high, low]))),
        _ => return None,
    };
    bytes.split_at_checked(header + length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;
    use std::vec::Vec;

    #[test]
    fn certificates_come_apart_where_they_end() {
        let long = [&[0x30, 0x82, 0x01, 0x00][..], &[7; 256]].concat();
        let middle = [&[0x30, 0x81, 0x80][..], &[8; 128]].concat();
        let mut bytes = &[&long[..], &middle, &[0x30, 1, 9]].concat()[..];
        let mut found: Vec<Vec<u8>> = Vec::new();
        while let Some((certificate, rest)) = next_certificate(bytes) {
            found.push(certificate.to_vec());
            bytes = rest;
        }
        assert_eq!(found, [long, middle, vec![0x30, 1, 9]]);
        assert!(bytes.is_empty());
    }

    #[test]
    fn what_is_cut_off_or_something_else_is_none() {
        for bytes in [&[][..], &[0x30], &[0x30, 2, 0], &[0x30, 0x82, 1], &[0x30, 0x80, 0, 0], b"-----BEGIN"] {
            assert_eq!(next_certificate(bytes), None, "{bytes:?}");
        }
    }
}
