//! Blobs of devices around bytes of the fuzzer.

use crate::NoSecurity;
use embedded_mtls::KeyHandle;
use embedded_mtls_blob::{Blob, Content, Denied, FleetKey, Site};

/// Bytes of checksum and signature.
const TRAILER: usize = 32 + 64;

/// Any bytes, as a blob and as the records of one that is signed: whatever is accepted can be written again, byte for byte.
/// Returns whether the records were accepted.
pub fn blob(input: &[u8]) -> bool {
    let _ = read(input);
    let len = u32::try_from(32 + input.len()).unwrap_or(u32::MAX).to_be_bytes();
    // None active or, for a quarter of the inputs, one of the first.
    let active = input.last().filter(|last| **last >= 0xc0).map_or(0xff, |last| last & 3);
    let header = [&b"eMTLSblb"[..], &[0, 1, 0, active], &len, &1_u64.to_be_bytes(), &[0; 8]].concat();
    // All digests of this provider are zero, and it accepts a signature of ones.
    let whole = [&header[..], input, &[0; 32], &[1; 64]].concat();
    let Some(blob) = read(&whole) else { return false };
    assert_eq!(blob.size(), whole.len());
    let version = blob.version;
    let again = Content { version, ..Content::after(&blob) }.seal(NoSecurity, |_| Some([1; 64]));
    assert_eq!(again.as_deref(), Ok(&whole[..]), "the encoding is not the only one");
    true
}

/// Reads a blob, and all that it says.
fn read(bytes: &[u8]) -> Option<Blob<'_>> {
    let blob = match Blob::open(NoSecurity, bytes, &FleetKey::new([4; 65]), 0) {
        Ok(blob) => blob,
        Err(error) => {
            let offset = error.offset;
            assert!(offset <= bytes.len(), "{error}");
            return None;
        }
    };
    assert!(bytes.len() >= TRAILER);
    for identity in blob.identities() {
        let _ = identity.credential(KeyHandle(0));
        let _ = blob.at_site(&Site { alias: Some(identity.alias), endpoint: None });
        assert_eq!(blob.identity(identity.alias), Some(identity));
    }
    let _ = blob.trust::<2>();
    for denied in blob.deny_list().iter() {
        if let Denied::Certificates { issuer, serials } = denied {
            assert!(!issuer.is_empty() && serials.iter().all(|serial| (1..=20).contains(&serial.len())));
        }
    }
    Some(blob)
}
