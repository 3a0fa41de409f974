//! The transcript hash (RFC 9846 section 4.1): a hash over every handshake message so far, which binds keys, signatures
//! and Finished to the whole conversation.
//!
//! What a hash covers depends on when it is taken. Therefore each point has a type of its own, and functions accept
//! only the type that they need.

use crate::crypto::{CryptoError, CryptoProvider, Digest, Hash, HashAlgorithm, MAX_SUITE_HASH_LEN};
use crate::role::Role;

/// The running hash over the handshake messages, each with its 4 bytes of header and without records.
pub(crate) struct Transcript<C: CryptoProvider> {
    provider: C,
    algorithm: HashAlgorithm,
    hash: C::Hash,
}

/// Over ClientHello ... ServerHello: makes the handshake traffic secrets.
pub(crate) struct HelloHash(Digest);
/// Over ClientHello ... the sender's Certificate: what its CertificateVerify signs.
pub(crate) struct CertificateHash(Digest);
/// Over all that precedes a Finished: what that Finished authenticates.
pub(crate) struct FinishedHash(Digest);
/// Over all up to the binders of a ClientHello, which they authenticate (RFC 9846 section 4.3.11.2).
#[cfg(feature = "resumption")]
pub(crate) struct BinderHash(Digest);
/// Over ClientHello ... the server's Finished: makes the application traffic secrets and the exporter.
pub(crate) struct ServerFinishedHash(Digest);
/// Over ClientHello ... the client's Finished: makes the secret of the tickets.
#[cfg(feature = "resumption")]
pub(crate) struct ResumptionHash(Digest);

/// Handshake type of the message that replaces the first ClientHello (RFC 9846 section 4.1).
const MESSAGE_HASH: u8 = 254;

impl<C: CryptoProvider> Transcript<C> {
    /// An empty transcript.
    pub(crate) fn new(provider: C, algorithm: HashAlgorithm) -> Result<Self, CryptoError> {
        Ok(Self { provider, algorithm, hash: provider.hash(algorithm)? })
    }

    /// Creates an independent continuation of this transcript.
    pub(crate) fn fork(&self) -> Self {
        Self { provider: self.provider, algorithm: self.algorithm, hash: self.hash.clone() }
    }

    /// Adds a message or a part of it.
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
    }

    /// Replaces the first ClientHello, which is all that was added so far, with `message_hash`, before
    /// HelloRetryRequest is added (RFC 9846 section 4.1).
    pub(crate) fn replace_by_message_hash(&mut self) -> Result<(), CryptoError> {
        let digest = self.digest();
        let [_, length @ ..] = u32::try_from(digest.as_bytes().len()).map_err(|_| CryptoError::Invalid)?.to_be_bytes();
        self.hash = self.provider.hash(self.algorithm)?;
        self.hash.update(&[MESSAGE_HASH]);
        self.hash.update(&length);
        self.hash.update(digest.as_bytes());
        Ok(())
    }

    /// Taken after ServerHello.
    pub(crate) fn hello_hash(&self) -> HelloHash {
        HelloHash(self.digest())
    }

    /// Taken after the signer's Certificate.
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

    /// Taken before the binders.
    #[cfg(feature = "resumption")]
    pub(crate) fn binder_hash(&self) -> BinderHash {
        BinderHash(self.digest())
    }

    /// Taken after the client's Finished.
    #[cfg(feature = "resumption")]
    pub(crate) fn resumption_hash(&self) -> ResumptionHash {
        ResumptionHash(self.digest())
    }

    /// The hash of all messages so far, for no particular use.
    #[inline(never)] // so that the copy of the hash is not in the frame of the caller
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
#[cfg(feature = "resumption")]
as_bytes!(BinderHash ResumptionHash);

/// The content that a CertificateVerify signs: 130 bytes with SHA-256, 146 with SHA-384.
#[derive(Clone, Copy)]
pub(crate) struct CertificateVerifyContent {
    bytes: [u8; PADDING + CONTEXT_LEN + MAX_SUITE_HASH_LEN],
    len: usize,
}

debug_by_name!("CertificateVerifyContent", [] CertificateVerifyContent);

/// Leading spaces, so that no signature over a TLS 1.2 message matches (RFC 9846 section 4.5.2).
const PADDING: usize = 64;
/// Length of a context string and the zero byte after it.
const CONTEXT_LEN: usize = CLIENT_CONTEXT.len();
const CLIENT_CONTEXT: &[u8; 34] = b"TLS 1.3, client CertificateVerify\0";
const SERVER_CONTEXT: &[u8; 34] = b"TLS 1.3, server CertificateVerify\0";

/// Builds the content to sign: 64 spaces, the context of the signer, a zero byte, the hash (RFC 9846 section 4.5.2).
/// The context prevents a signature of one side from being used by the other.
pub(crate) fn certificate_verify_content(signer: Role, hash: &CertificateHash) -> CertificateVerifyContent {
    let who = match signer {
        Role::Client => CLIENT_CONTEXT,
        Role::Server => SERVER_CONTEXT,
    };
    let mut content = CertificateVerifyContent { bytes: [b' '; _], len: PADDING };
    let tail = content.bytes.iter_mut().skip(PADDING);
    for (to, from) in tail.zip(who.iter().chain(hash.as_bytes())) {
        *to = *from;
        content.len += 1;
    }
    content
}

impl CertificateVerifyContent {
    /// The bytes.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::rustcrypto::RustCrypto;
    use crate::rfc8448::{hex, retry, simple};

    fn transcript(messages: &[&str]) -> Transcript<RustCrypto> {
        let mut transcript = Transcript::new(RustCrypto, HashAlgorithm::Sha256).unwrap();
        for message in messages {
            transcript.update(&hex(message));
        }
        transcript
    }

    #[test]
    fn the_hashes_are_those_of_rfc_8448_section_3() {
        let mut transcript = transcript(&[simple::CLIENT_HELLO, simple::SERVER_HELLO]);
        assert_eq!(transcript.hello_hash().as_bytes(), hex(simple::HELLO_HASH));
        for message in
            [simple::ENCRYPTED_EXTENSIONS, simple::CERTIFICATE, simple::CERTIFICATE_VERIFY, simple::SERVER_FINISHED]
        {
            transcript.update(&hex(message));
        }
        assert_eq!(transcript.server_finished_hash().as_bytes(), hex(simple::SERVER_FINISHED_HASH));
        // With no client certificate, the same hash is what the Finished of the client covers.
        assert_eq!(transcript.finished_hash().as_bytes(), hex(simple::SERVER_FINISHED_HASH));
    }

    #[test]
    fn a_message_in_parts_hashes_like_one() {
        let mut parts = transcript(&[simple::CLIENT_HELLO]);
        for byte in hex(simple::SERVER_HELLO) {
            parts.update(&[byte]);
        }
        assert_eq!(parts.digest().as_bytes(), hex(simple::HELLO_HASH));
    }

    #[test]
    fn message_hash_replaces_the_first_client_hello_as_in_rfc_8448_section_5() {
        let mut transcript = transcript(&[retry::CLIENT_HELLO_1]);
        transcript.replace_by_message_hash().unwrap();
        for message in [retry::HELLO_RETRY_REQUEST, retry::CLIENT_HELLO_2, retry::SERVER_HELLO] {
            transcript.update(&hex(message));
        }
        assert_eq!(transcript.hello_hash().as_bytes(), hex(retry::HELLO_HASH));
    }

    /// The example of RFC 8446 section 4.4.3.
    #[test]
    fn the_signed_content_is_64_spaces_the_context_a_zero_and_the_hash() {
        let hash = CertificateHash(Digest::new(&[1; 32]).unwrap());
        let server = certificate_verify_content(Role::Server, &hash);
        let expected = hex("2020202020202020202020202020202020202020202020202020202020202020\
             2020202020202020202020202020202020202020202020202020202020202020\
             544c5320312e332c207365727665722043657274696669636174655665726966\
             79000101010101010101010101010101010101010101010101010101010101010101");
        assert_eq!(server.as_bytes(), expected);
        assert_eq!(server.as_bytes().len(), 130);
    }

    #[test]
    fn the_content_of_a_client_differs_from_that_of_a_server() {
        let hash = CertificateHash(Digest::new(&[1; 32]).unwrap());
        let client = certificate_verify_content(Role::Client, &hash);
        assert_eq!(client.as_bytes()[64..98], *b"TLS 1.3, client CertificateVerify\0");
        assert_eq!(client.as_bytes()[98..], [1; 32]);
        assert_ne!(client.as_bytes(), certificate_verify_content(Role::Server, &hash).as_bytes());
    }

    /// OpenSSL verifies the RSA-PSS signature in `simple::CERTIFICATE_VERIFY` over this content.
    #[test]
    fn the_certificate_hash_covers_the_certificate_and_nothing_after_it() {
        let transcript = transcript(&[
            simple::CLIENT_HELLO,
            simple::SERVER_HELLO,
            simple::ENCRYPTED_EXTENSIONS,
            simple::CERTIFICATE,
        ]);
        let content = certificate_verify_content(Role::Server, &transcript.certificate_hash());
        assert_eq!(content.as_bytes()[98..], hex("764d6632b3c35c3f3205e3499ac3edbaabb88295fba751461d3678e2e5ea0687"));
    }

    #[cfg(feature = "aes256-gcm-sha384")]
    #[test]
    fn with_sha_384_the_content_has_146_bytes_and_message_hash_a_length_of_48() {
        let mut transcript = Transcript::new(RustCrypto, HashAlgorithm::Sha384).unwrap();
        transcript.update(b"hello");
        let content = certificate_verify_content(Role::Client, &transcript.certificate_hash());
        assert_eq!(content.as_bytes().len(), 146);

        let mut expected = Transcript::new(RustCrypto, HashAlgorithm::Sha384).unwrap();
        expected.update(&[254, 0, 0, 48]);
        expected.update(transcript.digest().as_bytes());
        transcript.replace_by_message_hash().unwrap();
        assert_eq!(transcript.digest().as_bytes(), expected.digest().as_bytes());
    }
}
