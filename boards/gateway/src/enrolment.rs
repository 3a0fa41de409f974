//! A key that the device makes, and that never leaves it: the request for its certificate, as PEM in the log.
//!
//! The authority answers with a certificate, which comes back in a blob with the handle [`OWN_KEY`] in place of a key.

use crate::provider::{Provider, SigningKey};
use crate::settings::{Board, Role, Unreadable};
use base64ct::{Base64, Encoding};
use core::fmt::Write as _;
use embassy_net::{HardwareAddress, Stack};
use embedded_mtls::credential::{Admission, CertificationRequest, CertificationSubject, ProofOfPossession, SlotError};
use embedded_mtls::x509::{Time, UnixTime};
use embedded_mtls::{KeyHandle, Signature};
use embedded_mtls_blob::{Blob, Site, StoredKey};
use heapless::String;
use logging::{error, info};
use zeroize::Zeroizing;

/// The handle of the key that the device has made.
pub const OWN_KEY: u32 = 0;

/// Bytes of the longest request: a common name of 64 characters, each of four bytes, and 250 bytes beside it.
const REQUEST: usize = 512;
/// Bytes and characters of a line of PEM.
const BYTES: usize = 48;
const CHARACTERS: usize = 64;

/// Passes a key of a blob to `find`, which returns `None` if the board has no such key; then, if the key is the handle of the one that the
/// device has made, passes that one.
pub fn find_key<T>(
    key: StoredKey<'_>,
    own_key: impl FnOnce() -> Result<Option<Zeroizing<[u8; 32]>>, Unreadable>,
    mut find: impl FnMut(StoredKey<'_>) -> Option<T>,
) -> Option<T> {
    let found = find(key);
    if found.is_some() || key != StoredKey::Handle(OWN_KEY) {
        return found;
    }
    find(StoredKey::P256(&*own_key().ok()??))
}

/// True if a blob has certificates of the key that the device has made, but that key is lost: there is none, or another one. Logs it then.
/// `public_key` returns the point of a key of the board, as for [`find_key`].
#[inline(never)]
pub fn is_key_lost(
    blob: &Blob<'_>,
    site: &Site<'_>,
    role: Role,
    own_key: Result<Option<Zeroizing<[u8; 32]>>, Unreadable>,
    public_key: impl FnMut(StoredKey<'_>) -> Option<[u8; 65]>,
) -> bool {
    let identity = blob.at_site(site).ok().and_then(|chosen| chosen.identity);
    let Some(identity) = identity.filter(|identity| identity.key == StoredKey::Handle(OWN_KEY)) else { return false };
    // A key that cannot be read may still be there, and no other key mends certificates that cannot be sent.
    let (Ok(own_key), Ok(credential)) = (own_key, identity.credential(KeyHandle(OWN_KEY))) else { return false };
    let is_lost = find_key(identity.key, || Ok(own_key), public_key).is_none_or(|point| {
        let key = ProofOfPossession::PublicKey(&point);
        // The key alone is of interest, not the date.
        let admission = Admission { role: role.side(), time: Time::AtLeast(UnixTime(i64::MIN)), key };
        admission.check(Provider, &credential) == Err(SlotError::KeyMismatch)
    });
    if is_lost {
        error!("the certificates in blob {} are of a key that was made here, and is lost", blob.version);
    }
    is_lost
}

/// Returns the common name for a request: `gateway-` and the address of the device in its network.
pub fn name(stack: Stack<'_>) -> Option<String<24>> {
    let mut name = String::new();
    name.push_str("gateway-").ok()?;
    let HardwareAddress::Ethernet(address) = stack.hardware_address();
    address.0.iter().try_for_each(|byte| write!(name, "{byte:02x}")).ok()?;
    Some(name)
}

/// Returns the key that the device has made, or makes it; `None` if it has no entropy, or cannot read or keep the key.
pub fn own_key(board: &mut impl Board) -> Option<SigningKey> {
    match board.own_key() {
        Ok(Some(scalar)) => return SigningKey::from_bytes(&scalar).ok(),
        // A new key would replace the one that has a certificate.
        Err(Unreadable) => return None,
        Ok(None) => {}
    }
    let mut scalar = Zeroizing::new([0; 32]);
    // One in 2^32 is not below the order of the group.
    while board.entropy(&mut *scalar) {
        if let Ok(key) = SigningKey::from_bytes(&scalar) {
            return board.keep_own_key(&scalar).then_some(key);
        }
    }
    None
}

/// Logs a request for a certificate of the device's own key, whose subject has this common name; `false` if there is none.
pub fn request(board: &mut impl Board, common_name: &str) -> bool {
    let Some(key) = own_key(board) else {
        error!("no key: the board has no random numbers, or its memory for a key fails");
        return false;
    };
    let mut memory = [0; REQUEST];
    let Some((request, digest)) = write(common_name, &key.public_key(), &mut memory) else { return false };
    log(request, key.sign_digest(&digest, &[]).ok())
}

/// Logs a request for a certificate of a key that the board signs with, such as one that a secure element has made and never tells:
/// `public_key` is its uncompressed point. `false` if there is none.
pub async fn request_of(board: &mut impl Board, key: KeyHandle, public_key: &[u8; 65], common_name: &str) -> bool {
    let mut memory = [0; REQUEST];
    let Some((request, digest)) = write(common_name, public_key, &mut memory) else { return false };
    // A secure element has randomness of its own.
    log(request, board.sign(key, &digest, &[]).await)
}

/// Logs a request with its signature.
fn log(request: CertificationRequest<'_>, signature: Option<[u8; 64]>) -> bool {
    let Some(der) = signature.and_then(|signature| request.complete(&Signature::P256(signature)).ok()) else {
        error!("no request: the key does not sign");
        return false;
    };
    info!("a request for a certificate of the key that never leaves this device:");
    info!("-----BEGIN CERTIFICATE REQUEST-----");
    let mut line = [0; CHARACTERS];
    for part in der.chunks(BYTES) {
        info!("{}", Base64::encode(part, &mut line).map_or("", |line| line));
    }
    info!("-----END CERTIFICATE REQUEST-----");
    true
}

/// Writes a request, and returns the digest that its key is to sign.
fn write<'m>(
    common_name: &str,
    public_key: &[u8; 65],
    memory: &'m mut [u8],
) -> Option<(CertificationRequest<'m>, [u8; 32])> {
    let subject = CertificationSubject { common_name, ..CertificationSubject::default() };
    let request = CertificationRequest::new(&subject, public_key, memory).ok().or_else(|| {
        error!("no request: found a name that a certificate cannot have, wanted 1 to 64 characters");
        None
    })?;
    let digest = *request.digest(Provider).ok()?.as_bytes().first_chunk()?;
    Some((request, digest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shelf::Shelf;
    use std::vec::Vec;

    #[test]
    fn a_key_is_made_once_of_numbers_that_are_one() {
        let mut shelf = Shelf { random: std::vec![[5; 32], [3; 32], [0xff; 32], [0; 32]], ..Shelf::default() };
        let key = own_key(&mut shelf).unwrap();
        assert_eq!((shelf.key, shelf.random.len()), (Some([3; 32]), 1));
        assert_eq!(own_key(&mut shelf).unwrap().public_key(), key.public_key());
        assert!(request(&mut shelf, "gateway-7") && !request(&mut shelf, ""));
        assert_eq!(shelf.random.len(), 1);
    }

    #[test]
    fn a_key_that_does_not_sign_has_no_request() {
        let point = SigningKey::from_bytes(&[3; 32]).unwrap().public_key();
        let request = |signs, name| {
            let mut shelf = Shelf { signs, ..Shelf::default() };
            embassy_futures::block_on(request_of(&mut shelf, KeyHandle(7), &point, name))
        };
        assert!(request(true, "gateway-7") && !request(true, "") && !request(false, "gateway-7"));
    }

    #[test]
    fn without_entropy_or_a_place_there_is_no_key() {
        assert!(own_key(&mut Shelf::default()).is_none());
        let mut shelf = Shelf { random: std::vec![[3; 32]], is_broken: true, ..Shelf::default() };
        assert!(own_key(&mut shelf).is_none() && !request(&mut shelf, "gateway-7"));
    }

    #[test]
    fn a_key_that_cannot_be_read_is_not_replaced() {
        let mut shelf =
            Shelf { random: std::vec![[3; 32]], key: Some([8; 32]), is_unreadable: true, ..Shelf::default() };
        assert!(own_key(&mut shelf).is_none() && !request(&mut shelf, "gateway-7"));
        assert_eq!((shelf.key, shelf.random.len()), (Some([8; 32]), 1));
    }

    #[test]
    fn the_handle_of_the_own_key_is_first_that_of_a_key_of_the_board() {
        type Own = Result<Option<[u8; 32]>, Unreadable>;
        let taken = |key: StoredKey<'_>, own: Own, of_board: fn(StoredKey<'_>) -> bool| {
            let mut offered = Vec::new();
            let own = || own.map(|own| own.map(Zeroizing::new));
            let found = find_key(key, own, |key| {
                offered.push(if let StoredKey::P256(scalar) = key { scalar[0] } else { 0 });
                of_board(key).then_some(())
            });
            (found.is_some(), offered)
        };
        let software = |key: StoredKey<'_>| matches!(key, StoredKey::P256(_));
        let element = |key: StoredKey<'_>| matches!(key, StoredKey::Handle(_));
        let own = Ok(Some([8; 32]));
        assert_eq!(taken(StoredKey::P256(&[5; 32]), own, software), (true, std::vec![5]));
        assert_eq!(taken(StoredKey::P256(&[5; 32]), own, element), (false, std::vec![5]));
        assert_eq!(taken(StoredKey::Handle(OWN_KEY), own, software), (true, std::vec![0, 8]));
        assert_eq!(taken(StoredKey::Handle(OWN_KEY), Ok(None), software), (false, std::vec![0]));
        assert_eq!(taken(StoredKey::Handle(OWN_KEY), Err(Unreadable), software), (false, std::vec![0]));
        assert_eq!(taken(StoredKey::Handle(OWN_KEY), own, element), (true, std::vec![0]));
        assert_eq!(taken(StoredKey::Handle(1), own, software), (false, std::vec![0]));
    }
}
