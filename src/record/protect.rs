//! Sealing and opening records (RFC 9846 sections 5.2 and 5.3).

use zeroize::Zeroizing;

use crate::crypto::{Aead, CryptoError, CryptoProvider, NONCE_LEN, TAG_LEN};
use crate::error::Error;
use crate::key_schedule::{TrafficKeys, TrafficSecret};
use crate::limits::RECORD_HEADER;
use crate::wire::enums::CipherSuite;

/// The record keys of one direction, and the sequence number of the next record.
pub(crate) struct Protection<C: CryptoProvider> {
    keys: TrafficKeys<C>,
    sequence: u64,
}

impl<C: CryptoProvider, E, W> TrafficSecret<C, E, W> {
    /// Derives the record protection from this secret, beginning with sequence number 0.
    pub(crate) fn protection(&self, suite: CipherSuite) -> Result<Protection<C>, CryptoError> {
        Ok(Protection { keys: self.keys(suite)?, sequence: 0 })
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the header lies in a buffer in front of the rest")]
impl<C: CryptoProvider> Protection<C> {
    /// Seals a TLSInnerPlaintext (content, type, padding) in place and returns the tag that follows it. `header` is the
    /// header of the record to send; its length includes the tag.
    ///
    /// Fails with [`Error::KeysExhausted`] or [`Error::ProviderFailed`]; nothing may be sent then.
    pub(crate) fn seal(&mut self, header: &[u8; RECORD_HEADER], in_out: &mut [u8]) -> Result<[u8; TAG_LEN], Error> {
        let (nonce, next) = self.nonce()?;
        // Counted even if sealing fails, so that a nonce is never used twice.
        self.sequence = next;
        Ok(self.keys.aead.seal(&nonce, header, in_out)?)
    }

    /// Opens the fragment of a record in place, without the tag that follows it. It then holds a
    /// TLSInnerPlaintext (content, type, padding). `header` is that of the received record.
    ///
    /// Fails with [`Error::DecryptFailed`] for every reason, and does not count the record then (RFC 9846 section
    /// 5.2: "the receiver MUST terminate the connection with a `bad_record_mac` alert").
    pub(crate) fn open(
        &mut self,
        header: &[u8; RECORD_HEADER],
        in_out: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> Result<(), Error> {
        let (nonce, next) = self.nonce()?;
        self.keys.aead.open(&nonce, header, in_out, tag).map_err(|error| error.or(Error::DecryptFailed))?;
        self.sequence = next;
        Ok(())
    }

    /// Returns the sequence number of the next record, which is the number of records sealed or opened with these keys.
    pub(crate) const fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Returns the nonce of the next record, which is the IV and its sequence number combined by XOR, and the number after it.
    ///
    /// RFC 9846 section 5.3: "If a TLS implementation would need to wrap a sequence number, it MUST
    /// either rekey [...] or terminate the connection."
    fn nonce(&self) -> Result<(Zeroizing<[u8; NONCE_LEN]>, u64), Error> {
        let next = self.sequence.checked_add(1).ok_or(Error::KeysExhausted)?;
        let mut nonce = self.keys.iv.clone();
        for (byte, number) in nonce.iter_mut().rev().zip(self.sequence.to_le_bytes()) {
            *byte ^= number;
        }
        Ok((nonce, next))
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;
    use crate::crypto::rustcrypto::RustCrypto;
    use crate::crypto::{AeadAlgorithm, HashAlgorithm, SharedSecret};
    use crate::key_schedule::EarlySecret;
    use crate::rfc8448::{hex, hex_array, simple};
    use crate::transcript::Transcript;

    const HANDSHAKE: u8 = 22;
    const ALERT: u8 = 21;
    const APPLICATION_DATA: u8 = 23;

    fn protection(key: &str, iv: &str) -> Protection<RustCrypto> {
        let aead = RustCrypto.aead(AeadAlgorithm::Aes128Gcm, &hex(key)).unwrap();
        Protection { keys: TrafficKeys { aead, iv: Zeroizing::new(hex_array(iv)) }, sequence: 0 }
    }

    fn server_handshake() -> Protection<RustCrypto> {
        protection(simple::SERVER_HANDSHAKE_KEY, simple::SERVER_HANDSHAKE_IV)
    }

    fn client_application() -> Protection<RustCrypto> {
        protection(simple::CLIENT_APPLICATION_KEY, simple::CLIENT_APPLICATION_IV)
    }

    fn server_application() -> Protection<RustCrypto> {
        protection(simple::SERVER_APPLICATION_KEY, simple::SERVER_APPLICATION_IV)
    }

    /// A whole record: header, ciphertext, tag.
    fn seal(protection: &mut Protection<RustCrypto>, content: &[u8], content_type: u8) -> Vec<u8> {
        let mut body = [content, &[content_type]].concat();
        let [high, low] = u16::try_from(body.len() + TAG_LEN).unwrap().to_be_bytes();
        let header = [APPLICATION_DATA, 3, 3, high, low];
        let tag = protection.seal(&header, &mut body).unwrap();
        [&header[..], &body, &tag].concat()
    }

    /// The content of a record with its type behind it.
    fn open(protection: &mut Protection<RustCrypto>, record: &[u8]) -> Result<Vec<u8>, Error> {
        let (header, body) = record.split_first_chunk().unwrap();
        let (ciphertext, tag) = body.split_last_chunk().unwrap();
        let mut content = ciphertext.to_vec();
        protection.open(header, &mut content, tag)?;
        Ok(content)
    }

    fn check(protection: fn() -> Protection<RustCrypto>, records: &[(Vec<u8>, u8, &str)]) {
        let (mut sealing, mut opening) = (protection(), protection());
        for (number, (content, content_type, record)) in (0..).zip(records) {
            assert_eq!((sealing.sequence(), opening.sequence()), (number, number));
            assert_eq!(seal(&mut sealing, content, *content_type), hex(record), "record {number}");
            let opened = open(&mut opening, &hex(record)).unwrap();
            assert_eq!(opened, [&content[..], &[*content_type]].concat(), "record {number}");
        }
    }

    #[test]
    fn records_are_those_of_rfc_8448_section_3() {
        let flight =
            [simple::ENCRYPTED_EXTENSIONS, simple::CERTIFICATE, simple::CERTIFICATE_VERIFY, simple::SERVER_FINISHED];
        check(server_handshake, &[(hex(&flight.concat()), HANDSHAKE, simple::SERVER_FLIGHT_RECORD)]);
        check(
            || protection(simple::CLIENT_HANDSHAKE_KEY, simple::CLIENT_HANDSHAKE_IV),
            &[(hex(simple::CLIENT_FINISHED), HANDSHAKE, simple::CLIENT_FINISHED_RECORD)],
        );
        check(
            client_application,
            &[
                (hex(simple::DATA), APPLICATION_DATA, simple::CLIENT_DATA_RECORD),
                (hex("0100"), ALERT, simple::CLIENT_ALERT_RECORD),
            ],
        );
        check(
            server_application,
            &[
                (hex(simple::NEW_SESSION_TICKET), HANDSHAKE, simple::TICKET_RECORD),
                (hex(simple::DATA), APPLICATION_DATA, simple::SERVER_DATA_RECORD),
                (hex("0100"), ALERT, simple::SERVER_ALERT_RECORD),
            ],
        );
    }

    #[test]
    fn a_traffic_secret_gives_the_keys_of_its_records() {
        let early = EarlySecret::new(RustCrypto, HashAlgorithm::Sha256).unwrap();
        let handshake = early.into_handshake(&SharedSecret::new::<32>(hex_array(simple::SHARED_SECRET))).unwrap();
        let mut transcript = Transcript::new(RustCrypto, HashAlgorithm::Sha256).unwrap();
        transcript.update(&hex(simple::CLIENT_HELLO));
        transcript.update(&hex(simple::SERVER_HELLO));
        let (client, server) = handshake.traffic(&transcript.hello_hash()).unwrap();
        let suite = CipherSuite::TLS_AES_128_GCM_SHA256;
        assert!(open(&mut server.protection(suite).unwrap(), &hex(simple::SERVER_FLIGHT_RECORD)).is_ok());
        assert!(open(&mut client.protection(suite).unwrap(), &hex(simple::CLIENT_FINISHED_RECORD)).is_ok());
    }

    #[test]
    fn no_bit_of_a_record_can_change() {
        let record = hex(simple::CLIENT_DATA_RECORD);
        for bit in 0..record.len() * 8 {
            let mut changed = record.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(open(&mut client_application(), &changed), Err(Error::DecryptFailed), "bit {bit}");
        }
    }

    #[test]
    fn a_record_opens_only_in_its_place_and_once() {
        let mut opening = client_application();
        assert_eq!(open(&mut opening, &hex(simple::CLIENT_ALERT_RECORD)), Err(Error::DecryptFailed));
        // What did not open counts for nothing.
        assert_eq!(opening.sequence(), 0);
        assert!(open(&mut opening, &hex(simple::CLIENT_DATA_RECORD)).is_ok());
        assert_eq!(open(&mut opening, &hex(simple::CLIENT_DATA_RECORD)), Err(Error::DecryptFailed));
        assert!(open(&mut opening, &hex(simple::CLIENT_ALERT_RECORD)).is_ok());
        assert_eq!(opening.sequence(), 2);
    }

    #[test]
    fn a_record_of_the_other_direction_does_not_open() {
        assert_eq!(open(&mut server_application(), &hex(simple::CLIENT_DATA_RECORD)), Err(Error::DecryptFailed));
    }

    #[test]
    fn the_nonce_is_the_iv_xor_the_number_on_the_right() {
        let mut protection = client_application();
        protection.keys.iv = Zeroizing::new([0x11; NONCE_LEN]);
        protection.sequence = 0x0102_0304_0506_0708;
        let (nonce, next) = protection.nonce().unwrap();
        assert_eq!(*nonce, [0x11, 0x11, 0x11, 0x11, 0x10, 0x13, 0x12, 0x15, 0x14, 0x17, 0x16, 0x19]);
        assert_eq!(next, 0x0102_0304_0506_0709);
    }

    #[test]
    fn the_sequence_number_ends_and_does_not_wrap() {
        let mut protection = client_application();
        protection.sequence = u64::MAX - 1;
        seal(&mut protection, &[], ALERT);
        let mut body = [0; 8];
        assert_eq!(protection.seal(&[0; 5], &mut body), Err(Error::KeysExhausted));
        assert_eq!(body, [0; 8]);
        assert_eq!(protection.open(&[0; 5], &mut body, &[0; 16]), Err(Error::KeysExhausted));
        assert_eq!(protection.sequence(), u64::MAX);
    }
}
