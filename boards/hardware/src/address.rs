//! The address of the device in its network.

/// Derives a locally administered MAC address from the unique number of the chip, so that devices differ and a device
/// always has the same one.
pub fn mac_address(unique: &[u8]) -> [u8; 6] {
    // FNV-1a: chips of one wafer differ in few bits, which have to make a difference.
    let hash = unique
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3));
    let [first, second, third, fourth, fifth, sixth, last, other] = hash.to_be_bytes();
    // In the first octet, bit 0 marks groups, and bit 1 locally administered addresses.
    [(first & 0xfc) | 2, second, third, fourth, fifth ^ last, sixth ^ other]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_on_a_wafer_have_addresses_of_their_own() {
        let mut addresses = std::collections::BTreeSet::new();
        for x in 0..64 {
            for y in 0..64 {
                let address = mac_address(&[x, 0, y, 0, 0x13, 0x51, 0x33, 0x30, 0x36, 0x38, 0x39, 0x38]);
                assert_eq!(address[0] & 3, 2);
                assert!(addresses.insert(address), "{x} {y}");
            }
        }
    }
}
