//! The forms in which a blob leaves this program.

use std::fmt::Write as _;

use embedded_mtls_blob::FleetKey;

/// Writes a Rust module with the blob, if there is one, and the public key of the fleet.
pub fn rust_module(key: &FleetKey, blob: Option<&[u8]>) -> String {
    let mut text = String::from("// Written by mtls provision.\n\n");
    let mut constant = |documentation: &str, name: &str, bytes: &[u8]| {
        // Writing to a string cannot fail.
        let _ = write!(text, "/// {documentation}\npub static {name}: [u8; {}] = [", bytes.len());
        for (place, byte) in bytes.iter().enumerate() {
            let _ = write!(text, "{}{byte},", if place % 16 == 0 { "\n    " } else { " " });
        }
        text.push_str("\n];\n");
    };
    constant("The public key of the fleet.", "FLEET_KEY", key.point());
    if let Some(blob) = blob {
        constant("The blob: secret if it has a key in the clear.", "BLOB", blob);
    }
    text
}

/// Bytes of a block of UF2, and of its content.
const BLOCK: usize = 512;
const PAYLOAD: usize = 256;

/// Writes UF2 (<https://github.com/microsoft/uf2>), which boot loaders copy to flash at `address`; `family` names the chip.
/// `None` if the blob does not fit below 4 GiB.
pub fn uf2(blob: &[u8], address: u32, family: u32) -> Option<Vec<u8>> {
    let count = u32::try_from(blob.len().div_ceil(PAYLOAD)).ok()?;
    let mut out = Vec::new();
    for (number, part) in (0..count).zip(blob.chunks(PAYLOAD)) {
        let place = address.checked_add(number.checked_mul(256)?)?;
        // Magic, flags (a family is there), address, length, number, count, family.
        for word in [0x0a32_4655, 0x9e5d_5157, 0x2000, place, 256, number, count, family] {
            out.extend(u32::to_le_bytes(word));
        }
        out.extend(part);
        // The rest of the last page of flash stays erased.
        out.resize(out.len() + PAYLOAD - part.len(), 0xff);
        out.resize(out.len() + BLOCK - 32 - PAYLOAD - 4, 0);
        out.extend(u32::to_le_bytes(0x0ab1_6f30));
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_has_the_bytes() {
        let text = rust_module(&FleetKey::new([4; 65]), Some(&[1, 2, 255]));
        assert!(text.contains("pub static BLOB: [u8; 3] = [\n    1, 2, 255,\n];"), "{text}");
        assert!(text.contains("pub static FLEET_KEY: [u8; 65] = [\n    4, 4,"), "{text}");
    }

    #[test]
    fn blocks_of_uf2_say_where_they_belong() {
        let out = uf2(&[7; 300], 0x1000_0000, 0xe48b_ff59).unwrap();
        assert_eq!(out.len(), 2 * BLOCK);
        let word = |at: usize| u32::from_le_bytes(out[at..at + 4].try_into().unwrap());
        let second = [512, 524, 528, 532, 536, 540, 1020].map(word);
        assert_eq!(second, [0x0a32_4655, 0x1000_0100, 256, 1, 2, 0xe48b_ff59, 0x0ab1_6f30]);
        assert_eq!(out[544..588], [7; 44]);
        assert_eq!((out[588], out[799], out[800]), (0xff, 0xff, 0));
        assert_eq!(uf2(&[7; 300], u32::MAX - 10, 0), None);
    }
}
