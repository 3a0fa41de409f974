//! Key exchange by `X25519MLKEM768` (draft-ietf-tls-ecdhe-mlkem section 4): ML-KEM-768 (FIPS 203) and X25519 side by side. The
//! shared secret is secret as long as one of them is.
//!
//! ```text
//! client's share   encapsulation key, 1184 bytes ‖ X25519 public key, 32 bytes
//! server's share   ciphertext,        1088 bytes ‖ X25519 public key, 32 bytes
//! shared secret    of ML-KEM,           32 bytes ‖ of X25519,         32 bytes
//! ```

use ml_kem::ml_kem_768::{Ciphertext, DecapsulationKey, EncapsulationKey};
use ml_kem::{B32, Decapsulate, Key, KeyExport, Seed};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::key_exchange::X25519PrivateKey;
use crate::codec::copy;
use crate::crypto::{CryptoError, CryptoProvider, HashAlgorithm, KEY_SEED_LEN, KeyExchange, KeyShare, SharedSecret};

/// An ephemeral private key of both parts. A client keeps the seed of the decapsulation key instead of the key itself, which
/// takes 20 times the memory, and derives it twice. Wiped when dropped.
pub struct HybridPrivateKey {
    x25519: X25519PrivateKey,
    mlkem: MlKem,
}

debug_by_name!("HybridPrivateKey", [] HybridPrivateKey);

/// The part of ML-KEM.
#[derive(Zeroize, ZeroizeOnDrop)]
enum MlKem {
    /// The seed of a client's decapsulation key, `d` and `z`, or in its first half a server's message to encapsulate.
    Seed([u8; SEED_LEN]),
    /// The shared secret of a server that has encapsulated it.
    Encapsulated([u8; SECRET_LEN]),
}

/// Bytes of the seed of a decapsulation key (FIPS 203 section 3.3).
const SEED_LEN: usize = 64;
/// Bytes of the shared secret of each part.
const SECRET_LEN: usize = 32;
/// Bytes of an X25519 public key, the last ones of both shares.
const X25519_LEN: usize = 32;
/// Bytes of the longer share.
const CLIENT_SHARE_LEN: usize = 1_184 + X25519_LEN;

impl HybridPrivateKey {
    /// Derives a key from `seed`, which is uniformly random and used once.
    ///
    /// # Errors
    /// [`CryptoError`] if the provider fails.
    pub fn new(seed: &[u8; KEY_SEED_LEN]) -> Result<Self, CryptoError> {
        let mut x25519 = Zeroizing::new([0; KEY_SEED_LEN]);
        expand(seed, b"X25519", &mut *x25519)?;
        let mut mlkem = MlKem::Seed([0; SEED_LEN]);
        if let MlKem::Seed(bytes) = &mut mlkem {
            let (d, z) = bytes.split_at_mut(SEED_LEN / 2);
            expand(seed, b"ML-KEM-768 d", d)?;
            expand(seed, b"ML-KEM-768 z", z)?;
        }
        Ok(Self { x25519: X25519PrivateKey::new(&x25519), mlkem })
    }

    /// Returns a share with this part of ML-KEM.
    fn share(&self, mlkem: &[u8]) -> Result<KeyShare, CryptoError> {
        let x25519 = self.x25519.key_share()?;
        let mut share = [0; CLIENT_SHARE_LEN];
        let len = mlkem.len().saturating_add(X25519_LEN);
        let share = share.get_mut(..len).ok_or(CryptoError::Invalid)?;
        let (first, last) = share.split_at_mut_checked(mlkem.len()).ok_or(CryptoError::Invalid)?;
        copy(first, mlkem);
        copy(last, x25519.as_bytes());
        KeyShare::new(share)
    }
}

impl KeyExchange for HybridPrivateKey {
    fn key_share(&self) -> Result<KeyShare, CryptoError> {
        let MlKem::Seed(seed) = &self.mlkem else { return Err(CryptoError::Invalid) };
        self.share(&DecapsulationKey::from_seed(Seed::from(*seed)).encapsulation_key().to_bytes())
    }

    fn answer(&mut self, peer: &[u8]) -> Result<KeyShare, CryptoError> {
        let (key, _) = peer.split_last_chunk::<X25519_LEN>().ok_or(CryptoError::Invalid)?;
        let key = Key::<EncapsulationKey>::try_from(key).map_err(|_| CryptoError::Invalid)?;
        // draft-ietf-tls-ecdhe-mlkem section 4.2: "the server MUST perform the Encapsulation key check described in
        // Section 7.2 of [FIPS203]": the length, which has the right value here, and coefficients below the modulus.
        let key = EncapsulationKey::new(&key).map_err(|_| CryptoError::Invalid)?;
        let MlKem::Seed(seed) = &self.mlkem else { return Err(CryptoError::Invalid) };
        let message = Zeroizing::new(seed.first_chunk::<32>().map_or([0; 32], |message| *message));
        let (ciphertext, mut secret) = key.encapsulate_deterministic(&B32::from(*message));
        self.mlkem = MlKem::Encapsulated(secret.into());
        secret.zeroize();
        self.share(&ciphertext)
    }

    fn agree(self, peer: &[u8]) -> Result<SharedSecret, CryptoError> {
        let (theirs, x25519) = peer.split_last_chunk::<X25519_LEN>().ok_or(CryptoError::Invalid)?;
        let mut secret = Zeroizing::new([0; 2 * SECRET_LEN]);
        let (first, last) = secret.split_at_mut(SECRET_LEN);
        match &self.mlkem {
            MlKem::Encapsulated(shared) => _ = copy(first, shared),
            MlKem::Seed(seed) => {
                let ciphertext = Ciphertext::try_from(theirs).map_err(|_| CryptoError::Invalid)?;
                let mut shared = DecapsulationKey::from_seed(Seed::from(*seed)).decapsulate(&ciphertext);
                copy(first, &shared);
                shared.zeroize();
            }
        }
        let Self { x25519: private, .. } = self;
        // Draft section 4.3: an all-zero secret of X25519 is rejected as without ML-KEM.
        copy(last, private.agree(x25519)?.as_bytes());
        Ok(SharedSecret::new(*secret))
    }
}

/// Expands a seed for the purpose in `label`.
fn expand(seed: &[u8; KEY_SEED_LEN], label: &[u8], out: &mut [u8]) -> Result<(), CryptoError> {
    let mut mac = super::RustCrypto.hmac(HashAlgorithm::Sha256, seed, &[label])?;
    copy(out, mac.as_bytes());
    mac.zeroize();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::rustcrypto::RustCrypto;
    use crate::crypto::rustcrypto::hash::sha256;
    use crate::rfc8448::{hex, hex_array, simple};
    use crate::wire::enums::NamedGroup;
    use std::vec::Vec;

    /// Test 2 of `mlkem_768_test.json` in <https://github.com/C2SP/wycheproof>, `testvectors_v1`: the seed of a decapsulation key, the
    /// SHA-256 digest of its encapsulation key, a ciphertext, and the shared secret.
    const SEED: &str = "7c9935a0b07694aa0c6d10e4db6b1add2fd81a25ccb148032dcd739936737f2d8626ed79d451140800e03b59b956f8210e556067407d13dc90fa9e8b872bfb8f";
    const KEY_SHA256: &str = "86adbca81f4fee893e2fb58fb98aa2fe188f501fed268d7f4056f8c05c4e53c4";
    const CIPHERTEXT: &str = "c8391085b8d3ea9794212541b2914f08964d33521d3f67ad66096ebfb1f706424b49558f755b5625bae236f2e0079601c766f7d960\
        808f7e2bb0c7a5e066ed346de628f8c57eebabbb0c22d911548463693ef3ce52a53f7ff415f00e657ae1c5a48fa5ec6e4be5cf462d\
        affc84d2f6d5ff55dc9bbe8bb0d725ec64fd4cd4bd8dba0a844e8b5ce4b6a28934d7f7a050991fe185b506b451dabfad52d52cb211\
        4ca7d9a5cf986c8fdc1bc10ec0c1869e50c03c55a76192a1049aca636ba9020bdaa8d0f58c763b0b89845ca06d4c4ddc21433e16b9\
        c62e44871fdbc05ba218af871fdd7dcfa464e60faa5265264ce1391bd9a8c5faa7626d5f159b9805b975710a3503a0b858a11c6a64\
        7cc0e19ac88b1be9056c95b4d2087d0951d1d2f4992491117e6347794ba54571ec49bba71af3413d38a30bf5872248d1f6d07c86ba\
        f782e73d2637f043d341a00921857d8b21ddf3e1d6310036ed27af49e5de1b900fe4de79808ff29f9570859612b15adc01fbb265b3\
        05b1e3a12ae419da5b74261fa284c101da3d8dca8b2e4521aca571ef44a058e844ff32b16d5aaea05f7f3af8e2ab16222e347662ed\
        dfb891d0ecc2a55c5638f9dde92d9a3d544a5f901ac501acd1ea6a010201fcb10ad702c425a94bdf5890d500a2a147eee1d1fcba8c\
        3abe7c2dfe70f346f033d816a0b2791b4f0b2d956d9ee5971715399a5688302495e2e07c1c8c01527184bcd0c208bc159f2e13318c\
        0bb3dd24a6a7fc849f83385ed4dba07fe1d7bd5640cc9ed5ccfdd68763cb0d0edf61b292177fc1d2d3c11dd0495056bcb12558aebc\
        fddef9feb4aebc57afd9023c65cfe65a24e33f1b00111e92e63e011eaf0b212cf95743cd07f5189ece1f205b7f6fcb2e6b1961b540\
        4cebe47c8cd13b8599d5b49e6d87eeda36e9b8fc4c00635896aa2b75896e336d1b612ee13db811e1f07e61748d920f4865f3f11741\
        399dc6162c91ca168a02329dff821d58198712dd558abb099b3a0baf9da1b730b2aa73bcf58d74f357b06f7211c804b6c8af16ff35\
        09fad1d35b14bfdced7db8a6a25c48e5956480724daa057cd660b67ee3e472574182679d485838a6476eac02141075c812af7967ba\
        7c9185cc2abd2a4545b80f3d3104d58d654a57792dcfabbe9c0715e8de2ef81ef404c8168fd7a43efab3d448e686a088efd26a2615\
        9948926723d7eccc39e3c1b719cf8becb7be7e964f22cd8cb1b7e25e800ea97d60a64cc0bbd9cb407a3ab9f88f5e29169eeafd4e03\
        22fde6590ae093ce8feeae98b622caa7556ff426c9e7a404ce69355830a7a67767a76c7d9a97b84bfcf50a02f75c235d2f9c671138\
        049ffc7c8055926c03eb3fb87f9695185a42eca9a41655873d30a6b3bf428b246223484a8ff61ee3eeafff10e99c2c13a76284d063\
        e56ab711a35a85b5383df81da23490f66e8ea3fcba067f5530c6541c2b8f74717c35023e7b9b3956c3ee2ff84ba03ccf4b4b5321b9\
        240895481bc6d63c1693c1847852f8e97f50a133532ac3ee1e52d464";
    const SECRET: &str = "e7184a0975ee3470878d2d159ec83129c8aec253d4ee17b4810311d198cd0368";

    /// A key of the part of ML-KEM in the vector, and of the client's part of X25519 in RFC 8448 section 3.
    fn of_vectors() -> HybridPrivateKey {
        let seed = hex(SEED).try_into().unwrap();
        HybridPrivateKey { x25519: X25519PrivateKey::new(&hex_array(simple::CLIENT_PRIVATE)), mlkem: MlKem::Seed(seed) }
    }

    fn key(seed: u8) -> HybridPrivateKey {
        HybridPrivateKey::new(&[seed; 32]).unwrap()
    }

    #[test]
    fn a_client_agrees_with_wycheproof_and_rfc_8448() {
        let share = of_vectors().key_share().unwrap();
        let (mlkem, x25519) = share.as_bytes().split_at(1_184);
        assert_eq!(sha256(mlkem)[..], hex(KEY_SHA256));
        assert_eq!(x25519, hex(simple::CLIENT_PUBLIC));
        let answer = [hex(CIPHERTEXT), hex(simple::SERVER_PUBLIC)].concat();
        let shared = of_vectors().agree(&answer).unwrap();
        assert_eq!(*shared.as_bytes(), *[hex(SECRET), hex(simple::SHARED_SECRET)].concat());
    }

    #[test]
    fn both_sides_agree() {
        let client = key(1).key_share().unwrap();
        assert_eq!(client.as_bytes().len(), 1_216);
        let mut server = key(2);
        let answer = server.answer(client.as_bytes()).unwrap();
        assert_eq!(answer.as_bytes().len(), 1_120);
        let at_server = server.agree(client.as_bytes()).unwrap();
        assert_eq!(*at_server.as_bytes(), *key(1).agree(answer.as_bytes()).unwrap().as_bytes());
        assert_eq!(at_server.as_bytes().len(), 64);
        // The same seeds give the same shares.
        assert_eq!(key(2).answer(client.as_bytes()).unwrap().as_bytes(), answer.as_bytes());
        assert_eq!(client.as_bytes(), key(1).key_share().unwrap().as_bytes());
    }

    #[test]
    fn a_changed_ciphertext_gives_another_secret() {
        let client = key(1).key_share().unwrap();
        let mut server = key(2);
        let mut answer = server.answer(client.as_bytes()).unwrap().as_bytes().to_vec();
        answer[500] ^= 1;
        let at_client = key(1).agree(&answer).unwrap();
        let at_server = server.agree(client.as_bytes()).unwrap();
        assert_ne!(at_client.as_bytes()[..32], at_server.as_bytes()[..32]);
        assert_eq!(at_client.as_bytes()[32..], at_server.as_bytes()[32..]);
    }

    #[test]
    fn a_share_of_another_length_is_rejected() {
        let client = key(1).key_share().unwrap().as_bytes().to_vec();
        let answer = key(2).answer(&client).unwrap().as_bytes().to_vec();
        let cut = |share: &[u8], len: usize| -> Vec<u8> { share.iter().copied().chain([0; 40]).take(len).collect() };
        for len in (0..=1_250).filter(|len| *len != client.len()) {
            assert_eq!(key(2).answer(&cut(&client, len)).err(), Some(CryptoError::Invalid), "{len}");
        }
        for len in (0..=1_250).filter(|len| *len != answer.len()) {
            assert_eq!(key(1).agree(&cut(&answer, len)).err(), Some(CryptoError::Invalid), "{len}");
        }
    }

    /// Each of the 768 coefficients takes 12 bits, and the modulus is 3329 (0xd01).
    #[test]
    fn an_encapsulation_key_that_is_not_reduced_is_rejected() {
        let client = key(1).key_share().unwrap().as_bytes().to_vec();
        for (coefficients, first) in [([0x01, 0x0d], 0), ([0xff, 0x0f], 0), ([0x01, 0x0d], 1_149)] {
            let mut share = client.clone();
            share[first] = coefficients[0];
            share[first + 1] = share[first + 1] & 0xf0 | coefficients[1];
            assert_eq!(key(2).answer(&share).err(), Some(CryptoError::Invalid), "{coefficients:02x?} {first}");
        }
        // The largest that there is.
        let mut share = client;
        share[0] = 0x00;
        share[1] = share[1] & 0xf0 | 0x0d;
        assert!(key(2).answer(&share).is_ok());
    }

    #[test]
    fn an_x25519_share_that_gives_zero_is_rejected() {
        let mut client = key(1).key_share().unwrap().as_bytes().to_vec();
        let mut server = key(2);
        let mut answer = server.answer(&client).unwrap().as_bytes().to_vec();
        client[1_184..].fill(0);
        answer[1_088..].fill(0);
        assert_eq!(server.agree(&client).err(), Some(CryptoError::Invalid));
        assert_eq!(key(1).agree(&answer).err(), Some(CryptoError::Invalid));
    }

    /// A seed gives each part a key of its own: X25519 alone has another.
    #[test]
    fn the_parts_have_keys_of_their_own() {
        let hybrid = key(1).key_share().unwrap();
        let alone = RustCrypto.key_exchange(NamedGroup::X25519, &[1; 32]).unwrap().key_share().unwrap();
        assert_ne!(hybrid.as_bytes()[1_184..], *alone.as_bytes());
    }
}
