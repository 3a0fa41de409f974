//! Verification of RSA signatures (RFC 8017), for every provider: no heap, no secrets, no panics.
//!
//! ```text
//! signature --- ^e mod n ---> encoded message --- PKCS#1 v1.5: must be the one right encoding
//!                                             `-- PSS: unmasked, and the hash compared
//! ```
//! It handles only public numbers, so it need not run in constant time. Private keys stay with an external signer.
//!
//! An operation with the exponent 65537 costs about 30 multiplications of the length of the modulus, a
//! square of `len / 4` steps each; it takes 2.6 KB of stack, regardless of the length of the key.

use core::mem::swap;

use super::{CryptoError, CryptoProvider, HashAlgorithm, SignatureAlgorithm};
use crate::der::{Malformed, Reader, SEQUENCE};

/// Bytes of the shortest modulus: 2048 bits, as the CA/Browser Forum's Baseline Requirements section 6.1.5 and NIST SP
/// 800-131A require.
const MIN_MODULUS: usize = 256;
/// Bytes of the longest modulus, and of its signature: 4096 bits. Longer ones are rare, and each doubling
/// takes four times the work.
pub(crate) const MAX_MODULUS: usize = 512;
/// Limbs of the longest modulus. They have 32 bits; the lowest comes first.
const MAX_LIMBS: usize = MAX_MODULUS / 4;

/// A public key that is strong enough.
#[derive(Clone, Copy)]
pub(crate) struct PublicKey<'a> {
    /// Without leading zeros, big-endian. Its highest and its lowest bit are set.
    modulus: &'a [u8],
    /// At least 3, and odd.
    exponent: u32,
}

/// Verifies an RSA signature. `public_key` is a DER `RSAPublicKey`, `digest` that of the hash that
/// `algorithm` names. For PSS, `C` hashes.
///
/// # Errors
/// As [`CryptoProvider::verify`]; [`CryptoError::Unsupported`] as well for keys of less than 2048 or more than 4096
/// bits, with a length that is not a multiple of 8 bits, an even modulus, or an exponent that is even, less than 3, or
/// more than 2^32 - 1.
pub fn verify<C: CryptoProvider>(
    provider: C,
    algorithm: SignatureAlgorithm,
    public_key: &[u8],
    digest: &[u8],
    signature: &[u8],
) -> Result<(), CryptoError> {
    let hash = algorithm.hash().ok_or(CryptoError::Unsupported)?;
    if digest.len() != hash.output_len() {
        return Err(CryptoError::Invalid);
    }
    let key = PublicKey::parse(public_key)?;
    let mut encoded = [0; MAX_MODULUS];
    let encoded = encoded.get_mut(..key.modulus_len()).ok_or(CryptoError::Unsupported)?;
    key.recover(signature, encoded)?;
    match algorithm {
        SignatureAlgorithm::RsaPkcs1Sha256
        | SignatureAlgorithm::RsaPkcs1Sha384
        | SignatureAlgorithm::RsaPkcs1Sha512 => check_pkcs1(encoded, hash, digest),
        SignatureAlgorithm::RsaPssSha256 | SignatureAlgorithm::RsaPssSha384 | SignatureAlgorithm::RsaPssSha512 => {
            check_pss(provider, encoded, hash, digest)
        }
        _ => Err(CryptoError::Unsupported),
    }
}

/// EMSA-PKCS1-v1_5 (RFC 8017 section 9.2). The encoding is compared with the expected one and never parsed: parsers
/// have been tricked into accepting forgeries (CVE-2006-4339 and many similar ones).
fn check_pkcs1(encoded: &[u8], hash: HashAlgorithm, digest: &[u8]) -> Result<(), CryptoError> {
    // RFC 8017 section 9.2 note 1: the DER of DigestInfo up to the digest, parameters NULL.
    let prefix: &[u8; 19] = match hash {
        HashAlgorithm::Sha256 => b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20",
        HashAlgorithm::Sha384 => b"\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04\x30",
        HashAlgorithm::Sha512 => b"\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40",
    };
    // Even the shortest modulus leaves space for more than the minimum of eight bytes of padding.
    let padding = encoded.len().checked_sub(3 + prefix.len() + digest.len()).ok_or(CryptoError::Invalid)?;
    let expected = [0, 1].iter().chain(core::iter::repeat_n(&0xff, padding)).chain(&[0]).chain(prefix).chain(digest);
    if encoded.iter().eq(expected) { Ok(()) } else { Err(CryptoError::Forged) }
}

/// EMSA-PSS (RFC 8017 section 9.1.2) with MGF1 of the same hash. RFC 9846 section 4.3.3: "The length
/// of the Salt MUST be equal to the length of the digest algorithm."
fn check_pss<C: CryptoProvider>(
    provider: C,
    encoded: &mut [u8],
    hash: HashAlgorithm,
    digest: &[u8],
) -> Result<(), CryptoError> {
    const TRAILER: u8 = 0xbc;
    const ZEROS: [u8; 8] = [0; 8];
    let (trailer, encoded) = encoded.split_last_mut().ok_or(CryptoError::Invalid)?;
    let masked_len = encoded.len().checked_sub(digest.len()).ok_or(CryptoError::Invalid)?;
    let (block, h) = encoded.split_at_mut_checked(masked_len).ok_or(CryptoError::Invalid)?;
    // The modulus is a whole number of bytes, so the encoding is one bit shorter.
    let first_bit_clear = block.first().is_some_and(|first| *first < 0x80);
    if *trailer != TRAILER || !first_bit_clear {
        return Err(CryptoError::Forged);
    }
    unmask(provider, hash, h, block)?;
    if let Some(first) = block.first_mut() {
        *first &= 0x7f;
    }
    let padding = block.len().checked_sub(1 + digest.len()).ok_or(CryptoError::Invalid)?;
    let (padding, rest) = block.split_at_checked(padding).ok_or(CryptoError::Invalid)?;
    let Some((1, salt)) = rest.split_first() else { return Err(CryptoError::Forged) };
    if padding.iter().any(|byte| *byte != 0) {
        return Err(CryptoError::Forged);
    }
    let expected = provider.digest(hash, &[&ZEROS, digest, salt])?;
    if expected.as_bytes() == h { Ok(()) } else { Err(CryptoError::Forged) }
}

/// Removes the mask that MGF1 generates from `seed` (RFC 8017 appendix B.2.1).
fn unmask<C: CryptoProvider>(
    provider: C,
    hash: HashAlgorithm,
    seed: &[u8],
    block: &mut [u8],
) -> Result<(), CryptoError> {
    for (counter, part) in (0..u32::MAX).zip(block.chunks_mut(hash.output_len())) {
        let mask = provider.digest(hash, &[seed, &counter.to_be_bytes()])?;
        for (byte, mask) in part.iter_mut().zip(mask.as_bytes()) {
            *byte ^= mask;
        }
    }
    Ok(())
}

impl<'a> PublicKey<'a> {
    /// `RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER }` (RFC 8017 appendix A.1.1)
    /// in DER.
    ///
    /// [`CryptoError::Invalid`] if it is not one, [`CryptoError::Unsupported`] if it is too weak or too long.
    pub(crate) fn parse(der: &'a [u8]) -> Result<Self, CryptoError> {
        let mut fields = Reader::inside(der, SEQUENCE)?;
        let (modulus, exponent) = (positive(&mut fields)?, positive(&mut fields)?);
        fields.finish()?;
        // The Baseline Requirements, section 6.1.5: "the modulus size, in bits, is evenly divisible by 8".
        let whole_bytes = modulus.first().is_some_and(|first| *first >= 0x80);
        let odd = modulus.last().is_some_and(|last| last % 2 == 1);
        if !(MIN_MODULUS..=MAX_MODULUS).contains(&modulus.len()) || !whole_bytes || !odd || exponent.len() > 4 {
            return Err(CryptoError::Unsupported);
        }
        let exponent = exponent.iter().fold(0, |number, byte| (number << 8) | u32::from(*byte));
        // An even exponent has no inverse, and with 1 every message signs itself.
        if exponent < 3 || exponent % 2 == 0 {
            return Err(CryptoError::Unsupported);
        }
        Ok(Self { modulus, exponent })
    }

    /// Returns the length of the modulus and of each signature.
    pub(crate) const fn modulus_len(&self) -> usize {
        self.modulus.len()
    }

    /// RSAVP1 (RFC 8017 section 5.2.2): `signature` to the power of e, modulo n. `out` has the length of
    /// the modulus.
    // its four numbers are off the stack before the encoding is checked
    #[inline(never)]
    fn recover(&self, signature: &[u8], out: &mut [u8]) -> Result<(), CryptoError> {
        if signature.len() != self.modulus.len() {
            return Err(CryptoError::Invalid);
        }
        // Byte strings of equal length compare like numbers. RFC 8017 section 5.2.2: "signature representative out of
        // range".
        if signature >= self.modulus {
            return Err(CryptoError::Forged);
        }
        let count = self.modulus.len().div_ceil(4);
        let [mut n, mut s, mut x, mut y] = [[0; MAX_LIMBS]; 4];
        let (Some(n), Some(s), Some(mut x), Some(mut y)) =
            (n.get_mut(..count), s.get_mut(..count), x.get_mut(..count), y.get_mut(..count))
        else {
            return Err(CryptoError::Unsupported);
        };
        load(self.modulus, n);
        load(signature, s);
        let modulus = Montgomery::new(n);

        modulus.r_squared(self.modulus.len(), x, y);
        modulus.multiply(x, s, y);
        // From here on, s is in Montgomery form.
        copy(y, s);
        for bit in (0..self.exponent.ilog2()).rev() {
            modulus.multiply(y, y, x);
            swap(&mut x, &mut y);
            if (self.exponent >> bit) & 1 == 1 {
                modulus.multiply(y, s, x);
                swap(&mut x, &mut y);
            }
        }
        // Multiplying by a plain one converts the product from Montgomery form.
        s.fill(0);
        if let Some(lowest) = s.first_mut() {
            *lowest = 1;
        }
        modulus.multiply(y, s, x);
        store(x, out);
        Ok(())
    }
}

/// Arithmetic modulo n in Montgomery form: x represents x / R, where R = 2^32 to the power of the number of limbs
/// (Montgomery 1985). All numbers have as many limbs as n and are below it.
struct Montgomery<'a> {
    n: &'a [u32],
    /// -1 / n modulo 2^32.
    inverse: u32,
}

impl<'a> Montgomery<'a> {
    /// n is odd.
    fn new(n: &'a [u32]) -> Self {
        let lowest = n.first().copied().unwrap_or(1);
        // Correct in the lowest 3 bits, and in twice as many after each round of Newton's method.
        let mut inverse = lowest;
        for _ in 0..4 {
            inverse = inverse.wrapping_mul(2_u32.wrapping_sub(lowest.wrapping_mul(inverse)));
        }
        Self { n, inverse: inverse.wrapping_neg() }
    }

    /// Computes `a * b / R` modulo n into `out`, row by row, each reduced at once (the coarsely integrated operand
    /// scanning of Koç, Acar and Kaliski).
    fn multiply(&self, a: &[u32], b: &[u32], out: &mut [u32]) {
        out.fill(0);
        let mut highest = 0;
        for a in a {
            highest = self.add_row(u64::from(*a), b, out, highest);
        }
        if highest != 0 || !is_less(out, self.n) {
            subtract(out, self.n);
        }
    }

    /// `out = (out + a * b + m * n) / 2^32`, with the m that makes the division exact. `highest` is the
    /// limb of `out` above the others, before and after. No sum here passes 2^64 - 1.
    fn add_row(&self, a: u64, b: &[u32], out: &mut [u32], highest: u32) -> u32 {
        let mut limbs = out.iter_mut().zip(b).zip(self.n);
        let Some(((mut to, b), n)) = limbs.next() else { return 0 };
        let product = u64::from(*to) + a * u64::from(*b);
        let m = u64::from(low(product).wrapping_mul(self.inverse));
        let reduced = u64::from(low(product)) + m * u64::from(*n);
        let (mut carry, mut reduced_carry) = (high(product), high(reduced));
        for ((next, b), n) in limbs {
            let product = u64::from(*next) + a * u64::from(*b) + u64::from(carry);
            let reduced = u64::from(low(product)) + m * u64::from(*n) + u64::from(reduced_carry);
            (carry, reduced_carry) = (high(product), high(reduced));
            *to = low(reduced);
            to = next;
        }
        let top = u64::from(highest) + u64::from(carry) + u64::from(reduced_carry);
        *to = low(top);
        high(top)
    }

    /// Computes R^2 modulo n into `x`, which converts numbers to Montgomery form. `len` is the length of n in bytes,
    /// all 8 bits of the first in use; `scratch` has as many limbs as n.
    fn r_squared(&self, len: usize, x: &mut [u32], scratch: &mut [u32]) {
        x.fill(0);
        // The highest bit of n alone is below n. Doubled until it is R, and once more, it is 2 in
        // Montgomery form, and 2 to the power of the bits of R is R.
        let bits = self.n.len().saturating_mul(32);
        let unused = bits.saturating_sub(len.saturating_mul(8));
        if let Some(highest) = x.last_mut() {
            *highest = (1 << 31) >> (unused % 32);
        }
        for _ in 0..unused.saturating_add(2) {
            self.double(x);
        }
        for bit in (0..bits.checked_ilog2().unwrap_or(0)).rev() {
            self.multiply(x, x, scratch);
            copy(scratch, x);
            if (bits >> bit) & 1 == 1 {
                self.double(x);
            }
        }
    }

    fn double(&self, x: &mut [u32]) {
        let mut carry = 0;
        for limb in x.iter_mut() {
            let doubled = (*limb << 1) | carry;
            carry = *limb >> 31;
            *limb = doubled;
        }
        if carry != 0 || !is_less(x, self.n) {
            subtract(x, self.n);
        }
    }
}

/// Big-endian bytes to limbs; limbs without bytes are left unchanged.
fn load(bytes: &[u8], limbs: &mut [u32]) {
    for (limb, bytes) in limbs.iter_mut().zip(bytes.rchunks(4)) {
        *limb = bytes.iter().fold(0, |limb, byte| (limb << 8) | u32::from(*byte));
    }
}

/// Limbs to big-endian bytes.
fn store(limbs: &[u32], bytes: &mut [u8]) {
    for (limb, bytes) in limbs.iter().zip(bytes.rchunks_mut(4)) {
        for (to, from) in bytes.iter_mut().rev().zip(limb.to_le_bytes()) {
            *to = from;
        }
    }
}

fn copy(from: &[u32], to: &mut [u32]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}

fn is_less(a: &[u32], b: &[u32]) -> bool {
    a.iter().rev().lt(b.iter().rev())
}

/// `a -= b`, modulo R.
fn subtract(a: &mut [u32], b: &[u32]) {
    let mut borrow = 0;
    for (a, b) in a.iter_mut().zip(b) {
        let (difference, first) = a.overflowing_sub(*b);
        let (difference, second) = difference.overflowing_sub(borrow);
        borrow = u32::from(first | second);
        *a = difference;
    }
}

fn low(number: u64) -> u32 {
    let [a, b, c, d, ..] = number.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

fn high(number: u64) -> u32 {
    low(number >> 32)
}

/// Reads an INTEGER above 0.
fn positive<'a>(fields: &mut Reader<'a>) -> Result<&'a [u8], Malformed> {
    fields.unsigned().and_then(|number| if number == [0] { Err(Malformed) } else { Ok(number) })
}

#[cfg(test)]
mod tests {
    use std::vec;
    use std::vec::Vec;

    use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
    use crypto_bigint::{BoxedUint, Odd};
    use sha2::Digest;

    use super::*;
    use crate::crypto::rustcrypto::RustCrypto;

    /// Bytes that a seed determines.
    fn random(seed: u32, len: usize) -> Vec<u8> {
        let block = |counter: u32| sha2::Sha256::digest([seed.to_be_bytes(), counter.to_be_bytes()].concat());
        (0..).flat_map(|counter| block(counter).to_vec()).take(len).collect()
    }

    fn modulus(seed: u32, len: usize) -> Vec<u8> {
        let mut modulus = random(seed, len);
        modulus[0] |= 0x80;
        modulus[len - 1] |= 1;
        modulus
    }

    fn power(modulus: &[u8], exponent: u32, base: &[u8]) -> Vec<u8> {
        let mut out = vec![0; modulus.len()];
        PublicKey { modulus, exponent }.recover(base, &mut out).unwrap();
        out
    }

    /// The same by another implementation.
    fn expected(modulus: &[u8], exponent: u32, base: &[u8]) -> Vec<u8> {
        let bits = u32::try_from(modulus.len() * 8).unwrap();
        let number = |bytes| BoxedUint::from_be_slice(bytes, bits).unwrap();
        let params = BoxedMontyParams::new(Odd::new(number(modulus)).unwrap());
        let base = BoxedMontyForm::new(number(base), &params);
        let power = base.pow(&BoxedUint::from(exponent)).retrieve().to_be_bytes();
        power[power.len() - modulus.len()..].to_vec()
    }

    #[track_caller]
    fn check(modulus: &[u8], exponent: u32, base: &[u8]) {
        assert_eq!(
            power(modulus, exponent, base),
            expected(modulus, exponent, base),
            "{exponent} {modulus:02x?} {base:02x?}"
        );
    }

    #[test]
    fn powers_are_those_of_crypto_bigint() {
        let mut seed = 0;
        for len in [256, 257, 258, 259, 260, 300, 384, 511, 512] {
            for exponent in [3, 5, 17, 35, 257, 65_537, 0x7fff_ffff, 0xffff_ffff] {
                seed += 1;
                let modulus = modulus(seed, len);
                let mut base = random(seed + 10_000, len);
                base[0] &= 0x7f;
                check(&modulus, exponent, &base);
            }
        }
    }

    #[test]
    fn powers_at_the_edges_are_those_of_crypto_bigint() {
        for len in [256, 259, 512] {
            let mut small = vec![0; len];
            (small[0], small[len - 1]) = (0x80, 1);
            let mut sparse = vec![0; len];
            (sparse[0], sparse[len / 2], sparse[len - 1]) = (0xff, 1, 0xff);
            for modulus in [vec![0xff; len], small, sparse, modulus(1, len)] {
                let mut below = modulus.clone();
                below[len - 1] -= 1;
                let mut one = vec![0; len];
                one[len - 1] = 1;
                let mut half = vec![0xff; len];
                half[0] = 0x7f;
                for base in [vec![0; len], one, half, below] {
                    check(&modulus, 3, &base);
                    check(&modulus, 65_537, &base);
                }
            }
        }
    }

    #[test]
    fn a_signature_has_the_length_of_the_modulus_and_is_below_it() {
        let modulus = modulus(7, 256);
        let key = PublicKey { modulus: &modulus, exponent: 3 };
        let mut out = [0; 256];
        assert_eq!(key.recover(&modulus, &mut out), Err(CryptoError::Forged));
        assert_eq!(key.recover(&[0xff; 256], &mut out), Err(CryptoError::Forged));
        assert_eq!(key.recover(&modulus[..255], &mut out), Err(CryptoError::Invalid));
        assert_eq!(key.recover(&[&[0], &modulus[..]].concat(), &mut out), Err(CryptoError::Invalid));
        assert_eq!(key.recover(&[], &mut out), Err(CryptoError::Invalid));
    }

    fn integer(number: &[u8]) -> Vec<u8> {
        let sign = number.first().is_some_and(|first| *first >= 0x80);
        element(2, &[if sign { &[0][..] } else { &[] }, number].concat())
    }

    fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        let [high, low] = u16::try_from(content.len()).unwrap().to_be_bytes();
        let head = match content.len() {
            ..0x80 => vec![tag, low],
            0x80..0x100 => vec![tag, 0x81, low],
            _ => vec![tag, 0x82, high, low],
        };
        [&head, content].concat()
    }

    fn parse(modulus: &[u8], exponent: &[u8]) -> Result<u32, CryptoError> {
        let key = element(0x30, &[integer(modulus), integer(exponent)].concat());
        PublicKey::parse(&key).map(|key| key.exponent)
    }

    #[test]
    fn weak_and_huge_keys_are_rejected() {
        let weak = Err(CryptoError::Unsupported);
        assert_eq!(parse(&modulus(1, 256), &[1, 0, 1]), Ok(65_537));
        assert_eq!(parse(&modulus(1, 512), &[3]), Ok(3));
        assert_eq!(parse(&modulus(1, 256), &[0xff; 4]), Ok(u32::MAX));
        assert_eq!(parse(&modulus(1, 255), &[1, 0, 1]), weak);
        assert_eq!(parse(&modulus(1, 128), &[1, 0, 1]), weak);
        assert_eq!(parse(&modulus(1, 513), &[1, 0, 1]), weak);
        let mut even = modulus(1, 256);
        even[255] &= 0xfe;
        assert_eq!(parse(&even, &[1, 0, 1]), weak);
        let mut of_2047_bits = modulus(1, 256);
        of_2047_bits[0] = 0x7f;
        assert_eq!(parse(&of_2047_bits, &[1, 0, 1]), weak);
        for exponent in [&[1][..], &[2], &[4], &[1, 0, 0], &[1, 0, 0, 0, 1]] {
            assert_eq!(parse(&modulus(1, 256), exponent), weak, "{exponent:?}");
        }
    }

    #[test]
    fn a_key_is_strict_der() {
        let (n, e) = (modulus(1, 256), [1, 0, 1]);
        let refused = |der: &[u8]| assert_eq!(PublicKey::parse(der).err(), Some(CryptoError::Invalid));
        let right = element(0x30, &[integer(&n), integer(&e)].concat());
        for len in 0..right.len() {
            refused(&right[..len]);
        }
        refused(&[&right[..], &[0]].concat());
        refused(&element(0x31, &right[4..]));
        refused(&element(0x30, &[integer(&n), integer(&e), integer(&e)].concat()));
        refused(&element(0x30, &integer(&n)));
        // Negative, with a needless zero, zero, empty.
        refused(&element(0x30, &[element(2, &n), integer(&e)].concat()));
        refused(&element(0x30, &[integer(&n), element(2, &[0, 3])].concat()));
        refused(&element(0x30, &[integer(&n), element(2, &[0])].concat()));
        refused(&element(0x30, &[integer(&n), element(2, &[])].concat()));
        refused(&element(0x30, &[integer(&n), element(2, &[0xff, 1])].concat()));
        // Lengths in more bytes than they need, and indefinite.
        refused(&element(0x30, &[integer(&n), [2, 0x81, 1, 3].to_vec()].concat()));
        refused(&element(0x30, &[integer(&n), [2, 0x82, 0, 1, 3].to_vec()].concat()));
        refused(&[&[0x30, 0x80], &right[4..], &[0, 0]].concat());
    }

    #[test]
    fn there_is_one_right_pkcs1_encoding() {
        let digest = [7; 32];
        let prefix = b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";
        let right = [&[0, 1], &[0xff; 256 - 54][..], &[0], prefix, &digest].concat();
        let check = |encoded: &[u8]| check_pkcs1(encoded, HashAlgorithm::Sha256, &digest);
        assert_eq!(check(&right), Ok(()));
        for byte in 0..right.len() {
            for bit in 0..8 {
                let mut wrong = right.clone();
                wrong[byte] ^= 1 << bit;
                assert_eq!(check(&wrong), Err(CryptoError::Forged), "byte {byte}, bit {bit}");
            }
        }
        // Bleichenbacher's forgery: less padding, and garbage behind the digest.
        let garbage = [&[0, 1], &[0xff; 8][..], &[0], prefix, &digest, &[0x55; 256 - 62]].concat();
        assert_eq!(check(&garbage), Err(CryptoError::Forged));
        // Without NULL.
        let absent = b"\x30\x2f\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x04\x20";
        let absent = [&[0, 1], &[0xff; 256 - 52][..], &[0], absent, &digest].concat();
        assert_eq!(check(&absent), Err(CryptoError::Forged));
        assert_eq!(check(&right[..40]), Err(CryptoError::Invalid));
    }

    /// The encoding of RFC 8017 section 9.1.1 with a salt of any length.
    fn pss(digest: &[u8], salt: &[u8]) -> Vec<u8> {
        let h = sha2::Sha256::digest([&[0; 8], digest, salt].concat());
        let mut block = [&vec![0; 256 - 34 - salt.len()][..], &[1], salt].concat();
        unmask(RustCrypto, HashAlgorithm::Sha256, &h, &mut block).unwrap();
        block[0] &= 0x7f;
        [&block, &h[..], &[0xbc]].concat()
    }

    #[test]
    fn each_bit_of_a_pss_encoding_counts() {
        let digest = [7; 32];
        let right = pss(&digest, &[9; 32]);
        let check = |encoded: &[u8]| check_pss(RustCrypto, &mut encoded.to_vec(), HashAlgorithm::Sha256, &digest);
        assert_eq!(check(&right), Ok(()));
        for byte in 0..right.len() {
            for bit in 0..8 {
                let mut wrong = right.clone();
                wrong[byte] ^= 1 << bit;
                assert_eq!(check(&wrong), Err(CryptoError::Forged), "byte {byte}, bit {bit}");
            }
        }
        for len in [0, 20, 31, 33, 64] {
            assert_eq!(check(&pss(&digest, &vec![9; len])), Err(CryptoError::Forged), "a salt of {len} bytes");
        }
        assert_eq!(
            check_pss(RustCrypto, &mut right.clone(), HashAlgorithm::Sha256, &[8; 32]),
            Err(CryptoError::Forged)
        );
        for len in 0..64 {
            assert!(check(&right[256 - len..]).is_err(), "{len}");
        }
    }
}
