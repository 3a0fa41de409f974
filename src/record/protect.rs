//! Sealing and opening records (RFC 9846 sections 5.2 and 5.3).

use zeroize::Zeroizing;

use crate::crypto::{Aead, CryptoError, CryptoProvider, NONCE_LEN, TAG_LEN};
use crate::error::Error;
use crate::key_schedule::{TrafficKeys, TrafficSecret};
use crate::limits::RECORD_HEADER;
use crate::wire::enums::CipherSuite;

/// The keys of the records of one direction, and the number of the next record.
pub(crate) struct Protection<C: CryptoProvider> {
    keys: TrafficKeys<C>,
    sequence: u64,
}

impl<C: CryptoProvider, E, W> TrafficSecret<C, E, W> {
    /// What seals or opens the records of this secret, the first of which has the number 0.
    pub(crate) fn protection(&self, suite: CipherSuite) -> Result<Protection<C>, CryptoError> {
        Ok(Protection { keys: self.keys(suite)?, sequence: 0 })
    }
}

impl<C: CryptoProvider> Protection<C> {
    /// Seals a TLSInnerPlaintext (content, type, padding) in place and gives the tag that follows it.
    /// `header` is that of the record to send: its length counts the tag.
    ///
    /// Fails with [`Error::KeysExhausted`] or [`Error::ProviderFailed`]; nothing may be sent then.
    pub(crate) fn seal(&mut self, header: &[u8; RECORD_HEADER], in_out: &mut [u8]) -> Result<[u8; TAG_LEN], Error> {
        let (nonce, next) = self.nonce()?;
        // Counted before it is known to succeed: a nonce that was tried is never used again.
        self.sequence = next;
        Ok(self.keys.aead.seal(&nonce, header, in_out)?)
    }

    /// Opens the fragment of a record in place, without the tag that follows it. It then holds a
    /// TLSInnerPlaintext (content, type, padding). `header` is that of the received record.
    ///
    /// Fails with [`Error::DecryptFailed`] whatever the reason, and the record counts for nothing then
    /// (RFC 9846 section 5.2: "the receiver MUST terminate the connection with a bad_record_mac alert").
    pub(crate) fn open(
        &mut self,
        header: &[u8; RECORD_HEADER],
        in_out: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> Result<(), Error> {
        let (nonce, next) = self.nonce()?;
        self.keys.aead.open(&nonce, header, in_out, tag).map_err(|_| Error::DecryptFailed)?;
        self.sequence = next;
        Ok(())
    }

    /// The number of the next record: how many these keys have sealed or opened.
    pub(crate) const fn sequence(&self) -> u64 {
        self.sequence
    }

    /// The nonce of the next record, the IV xor its number, and the number after it.
    ///
    /// RFC 9846 section 5.3: "Because the size of sequence numbers is 64-bit, they should not wrap.
    /// If a TLS implementation would need to wrap a sequence number, it MUST either rekey or terminate".
    fn nonce(&self) -> Result<(Zeroizing<[u8; NONCE_LEN]>, u64), Error> {
        let next = self.sequence.checked_add(1).ok_or(Error::KeysExhausted)?;
        let mut nonce = self.keys.iv.clone();
        for (byte, number) in nonce.iter_mut().rev().zip(self.sequence.to_le_bytes()) {
            *byte ^= number;
        }
        Ok((nonce, next))
    }
}
