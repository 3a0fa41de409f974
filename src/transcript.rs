//! The transcript hash (RFC 9846 section 4.4.1): a hash over every handshake message so far, which
//! binds keys, signatures and Finished to all that was said.
//!
//! What a hash covers depends on when it is taken. So each point has its own type, and the functions
//! that need it take no other.

#![allow(dead_code)]

use crate::crypto::{CryptoError, CryptoProvider, Digest, Hash, HashAlgorithm, MAX_HASH_LEN};

/// The running hash over the handshake messages, each with its 4 bytes of header and without records.
pub(crate) struct Transcript<C: CryptoProvider> {
    algorithm: HashAlgorithm,
    hash: C::Hash,
}

/// Over ClientHello ... ServerHello: makes the handshake traffic secrets.
pub(crate) struct HelloHash(Digest);
/// Over ClientHello ... the sender's Certificate: what its CertificateVerify signs.
pub(crate) struct CertificateHash(Digest);
/// Over all that precedes a Finished: what that Finished authenticates.
pub(crate) struct FinishedHash(Digest);
/// Over ClientHello ... the server's Finished: makes the application traffic secrets and the exporter.
pub(crate) struct ServerFinishedHash(Digest);

/// Handshake type of the message that stands for the first ClientHello (RFC 9846 section 4.4.1).
const MESSAGE_HASH: u8 = 254;

impl<C: CryptoProvider> Transcript<C> {
    /// An empty transcript.
    pub(crate) fn new(algorithm: HashAlgorithm) -> Result<Self, CryptoError> {
        Ok(Self { algorithm, hash: C::hash(algorithm)? })
    }

    /// Takes in a message or a part of it.
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
    }

    /// Puts `message_hash` in the place of the first ClientHello, which is all that was taken in up
    /// to here, before HelloRetryRequest is (RFC 9846 section 4.4.1).
    pub(crate) fn replace_by_message_hash(&mut self) -> Result<(), CryptoError> {
        let digest = self.digest();
        let [_, length @ ..] = u32::try_from(digest.as_bytes().len()).map_err(|_| CryptoError::Invalid)?.to_be_bytes();
        self.hash = C::hash(self.algorithm)?;
        self.hash.update(&[MESSAGE_HASH]);
        self.hash.update(&length);
        self.hash.update(digest.as_bytes());
        Ok(())
    }

    /// Taken after ServerHello.
    pub(crate) fn hello_hash(&self) -> HelloHash {
        HelloHash(self.digest())
    }

    /// Taken after the Certificate of the one who signs.
    pub(crate) fn certificate_hash(&self) -> CertificateHash {
        CertificateHash(self.digest())
    }

    /// Taken before the Finished it is for.
    pub(crate) fn finished_hash(&self) -> FinishedHash {
        FinishedHash(self.digest())
    }

    /// Taken after the server's Finished.
    pub(crate) fn server_finished_hash(&self) -> ServerFinishedHash {
        ServerFinishedHash(self.digest())
    }

    /// The hash of all messages so far, for no particular use.
    pub(crate) fn digest(&self) -> Digest {
        self.hash.clone().finish()
    }
}

macro_rules! as_bytes {
    ($($name:ident)*) => {$(
        impl $name {
            pub(crate) fn as_bytes(&self) -> &[u8] {
                self.0.as_bytes()
            }
        }
    )*};
}

as_bytes!(HelloHash CertificateHash FinishedHash ServerFinishedHash);

/// Who signs a CertificateVerify.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signer {
    Client,
    Server,
}

/// What a CertificateVerify signs: 130 bytes with SHA-256, 146 with SHA-384.
pub(crate) struct CertificateVerifyContent {
    bytes: [u8; PADDING + CONTEXT_LEN + MAX_HASH_LEN],
    len: usize,
}

/// Spaces in front, so that no signature over a TLS 1.2 message fits (RFC 9846 section 4.5.2).
const PADDING: usize = 64;
/// Bytes of a context string with the zero behind it.
const CONTEXT_LEN: usize = CLIENT_CONTEXT.len();
const CLIENT_CONTEXT: &[u8; 34] = b"TLS 1.3, client CertificateVerify\0";
const SERVER_CONTEXT: &[u8; 34] = b"TLS 1.3, server CertificateVerify\0";

/// Builds what is signed: 64 spaces, who signs, a zero, the hash (RFC 9846 section 4.5.2).
/// The context makes a signature of one side worthless in the mouth of the other.
pub(crate) fn certificate_verify_content(signer: Signer, hash: &CertificateHash) -> CertificateVerifyContent {
    let context = match signer {
        Signer::Client => CLIENT_CONTEXT,
        Signer::Server => SERVER_CONTEXT,
    };
    let mut content = CertificateVerifyContent { bytes: [b' '; _], len: PADDING };
    let tail = content.bytes.iter_mut().skip(PADDING);
    for (to, from) in tail.zip(context.iter().chain(hash.as_bytes())) {
        *to = *from;
        content.len += 1;
    }
    content
}

impl CertificateVerifyContent {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&self.bytes)
    }
}
