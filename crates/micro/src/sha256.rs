//! SHA-256 (FIPS 180-4) and HMAC with it (RFC 2104).
#![forbid(unsafe_code)]

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::selected::sha256::compress;

/// Bytes of a block.
pub(crate) const BLOCK: usize = 64;
/// Bytes of a block before the length of the message.
const BEFORE_LENGTH: usize = BLOCK - 8;

/// FIPS 180-4 section 5.3.3.
const START: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// FIPS 180-4 section 4.2.2, as many as there are words in a block at a time.
#[rustfmt::skip]
pub(crate) static K: [[u32; 16]; 4] = [
    [
        0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
        0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
    ],
    [
        0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
        0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
    ],
    [
        0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
        0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    ],
    [
        0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
        0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
    ],
];

/// A running hash. 104 bytes, wiped when dropped: the key schedule hashes secrets.
#[derive(Clone, ZeroizeOnDrop)]
pub(crate) struct Sha256 {
    state: [u32; 8],
    block: [u8; BLOCK],
    /// Bytes so far.
    length: u64,
}

impl Sha256 {
    pub(crate) const fn new() -> Self {
        Self { state: START, block: [0; BLOCK], length: 0 }
    }

    /// Takes in more bytes.
    pub(crate) fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let free = self.block.get_mut(filled(self.length)..).unwrap_or_default();
            let (now, later) = bytes.split_at(bytes.len().min(free.len()));
            free.iter_mut().zip(now).for_each(|(to, from)| *to = *from);
            let is_full = now.len() == free.len();
            self.length = self.length.wrapping_add(bytes_of(now));
            if is_full {
                compress(&mut self.state, &self.block, &K);
            }
            bytes = later;
        }
    }

    /// Pads the message (FIPS 180-4 section 5.1.1) and gives its digest. The hash is of no use after it.
    pub(crate) fn finish(&mut self) -> [u8; 32] {
        let bits = self.length << 3;
        let end = filled(self.length);
        let pad = [[0x80].as_slice(), &[0; BLOCK]].into_iter().flatten();
        self.block.iter_mut().skip(end).zip(pad).for_each(|(to, from)| *to = *from);
        if end >= BEFORE_LENGTH {
            compress(&mut self.state, &self.block, &K);
            self.block = [0; BLOCK];
        }
        let length = self.block.iter_mut().skip(BEFORE_LENGTH);
        length.zip(bits.to_be_bytes()).for_each(|(to, from)| *to = from);
        compress(&mut self.state, &self.block, &K);
        let mut digest = [0; 32];
        let (words, _) = digest.as_chunks_mut();
        words.iter_mut().zip(self.state).for_each(|(to, word)| *to = word.to_be_bytes());
        digest
    }
}

/// Bytes of a block that are taken after this many bytes.
fn filled(length: u64) -> usize {
    let [low, ..] = length.to_le_bytes();
    usize::from(low) % BLOCK
}

fn bytes_of(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// HMAC over the concatenation of `message`.
#[inline(never)]
pub(crate) fn hmac(key: &[u8], message: &[&[u8]]) -> [u8; 32] {
    let mut pad = [0; BLOCK];
    if key.len() > BLOCK {
        let mut hash = Sha256::new();
        hash.update(key);
        pad.iter_mut().zip(hash.finish()).for_each(|(to, from)| *to = from);
    } else {
        pad.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
    }
    for byte in &mut pad {
        *byte ^= 0x36;
    }
    let mut hash = Sha256::new();
    hash.update(&pad);
    for part in message {
        hash.update(part);
    }
    let inner = Zeroizing::new(hash.finish());
    for byte in &mut pad {
        *byte ^= 0x36 ^ 0x5c;
    }
    hash = Sha256::new();
    hash.update(&pad);
    hash.update(inner.as_slice());
    pad.zeroize();
    hash.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases::Random;
    use crate::hex::{bytes, hex};

    fn digest(message: &[u8]) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(message);
        hash.finish()
    }

    /// The examples of FIPS 180-4 ("abc", and two blocks), and the vectors of the CAVP of NIST for an empty message and for one byte.
    #[test]
    fn digests_are_those_of_nist() {
        let two_blocks = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
        let vectors: [(&[u8], &str); 4] = [
            (b"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (two_blocks, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"),
            (b"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            (&[0xbd], "68325720aabd7c82f30f554b313d0570c95accbb7dc4b5aae11204c08ffe732b"),
        ];
        for (message, expected) in vectors {
            assert_eq!(digest(message), bytes(expected));
        }
    }

    /// The example of FIPS 180-4 with the longest message.
    #[test]
    fn a_million_times_a() {
        let mut hash = Sha256::new();
        for _ in 0..1000 {
            hash.update(&[b'a'; 1000]);
        }
        assert_eq!(hash.finish(), bytes("cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"));
    }

    /// All ways to cut a message of up to three blocks in two: the padding begins at each place of a block.
    #[test]
    fn a_message_may_come_in_pieces() {
        let message: [u8; 192] = Random::new(2).array();
        for len in 0..=message.len() {
            let whole = digest(&message[..len]);
            for cut in 0..=len {
                let mut hash = Sha256::new();
                hash.update(&message[..cut]);
                let mut copy = hash.clone();
                copy.update(&message[cut..len]);
                assert_eq!(copy.finish(), whole, "{len} {cut}");
            }
        }
    }

    /// RFC 4231 section 4, test cases 1, 2 and 6: a short key, one shorter than a digest, one longer than a block.
    #[test]
    fn hmacs_are_those_of_the_rfc() {
        let key = [0x0b; 20];
        let expected = "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7";
        assert_eq!(hmac(&key, &[b"Hi ", b"", b"There"]), bytes(expected));
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(hmac(b"Jefe", &[b"what do ya want for nothing?"]), bytes(expected));
        let expected = "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54";
        let text = b"Test Using Larger Than Block-Size Key - Hash Key First";
        assert_eq!(hmac(&[0xaa; 131], &[text]), hex(expected)[..]);
    }
}
