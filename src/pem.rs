//! PEM (RFC 7468), decoded in place, for devices whose identity is PEM text in memory. DER takes three quarters of the
//! text, so no second buffer is needed.
//!
//! ```
//! # use embedded_mtls::pem;
//! let mut text = *b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
//! assert_eq!(pem::certificates(&mut text), Ok(&[0x30, 0x00][..]));
//! ```

use crate::codec::copy;
use core::fmt;
use zeroize::Zeroize as _;

/// The text around a label.
const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";

/// A failure to decode a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PemError {
    /// A block is not Base64, has no end, or is encrypted.
    Invalid,
    /// No block has the label.
    Missing,
}

impl fmt::Display for PemError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Invalid => "a PEM block is not base64, is truncated, or is encrypted",
            Self::Missing => "no PEM block with this label",
        })
    }
}

impl core::error::Error for PemError {}

/// Decodes every certificate of a text and returns their concatenated DER, as
/// [`Chain::joined`](crate::credential::Chain::joined) takes them.
///
/// # Errors
/// If there is none, or one cannot be decoded.
pub fn certificates(text: &mut [u8]) -> Result<&[u8], PemError> {
    let (mut read, mut written) = (0, 0);
    while let Some(block) = find_block(text, read, b"CERTIFICATE")? {
        written = decode(text, &block, written)?;
        read = block.next;
    }
    if written == 0 { Err(PemError::Missing) } else { text.get(..written).ok_or(PemError::Invalid) }
}

/// Decodes the first private key of a text, in PKCS#8 (`PRIVATE KEY`) or SEC 1 (`EC PRIVATE KEY`), and returns its DER, as
/// [`DecodedKey::from_der`](crate::crypto::DecodedKey::from_der) takes it. The rest of the text is wiped: wipe the DER
/// once the key is made.
///
/// # Errors
/// If there is none, or it cannot be decoded, as an encrypted one.
pub fn private_key(text: &mut [u8]) -> Result<&mut [u8], PemError> {
    let found = match find_block(text, 0, b"PRIVATE KEY")? {
        Some(block) => Some(block),
        None => find_block(text, 0, b"EC PRIVATE KEY")?,
    };
    let len = decode(text, &found.ok_or(PemError::Missing)?, 0)?;
    let (key, rest) = text.split_at_mut_checked(len).ok_or(PemError::Invalid)?;
    rest.zeroize();
    Ok(key)
}

/// A block of a text.
struct Block {
    /// The first byte of Base64.
    start: usize,
    /// The first byte behind Base64.
    end: usize,
    /// The first byte behind the block.
    next: usize,
}

/// Finds the first block with a label at `from` or behind.
fn find_block(text: &[u8], from: usize, label: &[u8]) -> Result<Option<Block>, PemError> {
    let Some((_, start)) = find(text, from, [BEGIN, label, DASHES]) else { return Ok(None) };
    let (end, next) = find(text, start, [END, label, DASHES]).ok_or(PemError::Invalid)?;
    Ok(Some(Block { start, end, next }))
}

/// Finds three parts in sequence at `from` or behind, and returns where they begin and end.
fn find(text: &[u8], from: usize, parts: [&[u8]; 3]) -> Option<(usize, usize)> {
    let len = parts.iter().map(|part| part.len()).sum::<usize>();
    let is_there = |place: &[u8]| parts.iter().try_fold(place, |rest, part| rest.strip_prefix(*part)).is_some();
    let start = (from..text.len()).find(|&start| text.get(start..).is_some_and(is_there))?;
    Some((start, start.checked_add(len)?))
}

/// Decodes Base64 (RFC 4648 section 4) to the bytes of `text` from `to` on, which are in front of the block, and returns
/// the end.
fn decode(text: &mut [u8], block: &Block, mut to: usize) -> Result<usize, PemError> {
    let (mut group, mut count, mut padding) = (0_u32, 0, 0);
    for at in block.start..block.end {
        let value = match *text.get(at).ok_or(PemError::Invalid)? {
            b' ' | b'\t' | b'\r' | b'\n' => continue,
            b'=' if padding < 2 && count >= 2 => {
                padding += 1;
                0
            }
            byte if padding == 0 => sextet(byte).ok_or(PemError::Invalid)?,
            _ => return Err(PemError::Invalid),
        };
        group = group << 6 | u32::from(value);
        count += 1;
        if count == 4 {
            let [_, bytes @ ..] = group.to_be_bytes();
            let (bytes, rest) = bytes.split_at_checked(3 - padding).ok_or(PemError::Invalid)?;
            // RFC 4648 section 3.5: bits that are not used are zero.
            if rest.iter().any(|byte| *byte != 0) {
                return Err(PemError::Invalid);
            }
            let end = to.checked_add(bytes.len()).ok_or(PemError::Invalid)?;
            copy(text.get_mut(to..end).ok_or(PemError::Invalid)?, bytes);
            (group, count, to) = (0, 0, end);
        }
    }
    if count == 0 { Ok(to) } else { Err(PemError::Invalid) }
}

/// Returns the six bits of a character of Base64.
const fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::String;
    use std::vec::Vec;

    fn block(label: &str, base64: &str) -> String {
        std::format!("-----BEGIN {label}-----\n{base64}\n-----END {label}-----\n")
    }

    fn decoded(base64: &str) -> Result<Vec<u8>, PemError> {
        let mut text = block("CERTIFICATE", base64).into_bytes();
        certificates(&mut text).map(<[u8]>::to_vec)
    }

    #[test]
    fn base64_is_that_of_rfc_4648_section_10() {
        for (base64, bytes) in [
            ("Zg==", "f"),
            ("Zm8=", "fo"),
            ("Zm9v", "foo"),
            ("Zm9vYg==", "foob"),
            ("Zm9v\r\n YmE=", "fooba"),
            ("Zm9vYmFy", "foobar"),
        ] {
            assert_eq!(decoded(base64), Ok(bytes.as_bytes().to_vec()), "{base64}");
        }
    }

    #[test]
    fn text_that_is_not_base64_is_rejected() {
        for base64 in
            ["Zg=", "Zg", "Z", "=Zg=", "Zg==Zg==", "Zh==", "Zm9=", "Zg===", "Zm9v-_", "Proc-Type: 4,ENCRYPTED\n\nZg=="]
        {
            assert_eq!(decoded(base64), Err(PemError::Invalid), "{base64}");
        }
    }

    #[test]
    fn certificates_are_joined_regardless_of_the_text_between_them() {
        let (first, second) = (block("CERTIFICATE", "Zm9v"), block("CERTIFICATE", "YmFy"));
        let mut text =
            std::format!("subject=CN=a\n{first}{}\n# next\n{second}", block("PRIVATE KEY", "Zg==")).into_bytes();
        assert_eq!(certificates(&mut text), Ok(&b"foobar"[..]));
        assert_eq!(certificates(&mut block("PRIVATE KEY", "Zg==").into_bytes()), Err(PemError::Missing));
        assert_eq!(certificates(&mut first.into_bytes()[..40]), Err(PemError::Invalid));
    }

    #[test]
    fn a_key_is_found_by_both_labels_and_leaves_no_text() {
        for label in ["PRIVATE KEY", "EC PRIVATE KEY"] {
            let mut text = block(label, "Zm9v").into_bytes();
            assert_eq!(private_key(&mut text).map(|key| key.to_vec()), Ok(b"foo".to_vec()));
            assert!(text[3..].iter().all(|byte| *byte == 0));
        }
        let mut encrypted = block("ENCRYPTED PRIVATE KEY", "Zm9v").into_bytes();
        assert_eq!(private_key(&mut encrypted), Err(PemError::Missing));
    }
}
