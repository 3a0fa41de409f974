//! Every limit of the protocol and of this implementation, each with its reason.

/// Largest plaintext of a record (RFC 9846 section 5.1).
pub(crate) const MAX_PLAINTEXT: usize = 1 << 14;
/// Largest `encrypted_record` of a TLSCiphertext (RFC 9846 section 5.2).
pub(crate) const MAX_CIPHERTEXT: usize = MAX_PLAINTEXT + 256;
/// Type, version and length in front of each record (RFC 9846 section 5.1).
pub(crate) const RECORD_HEADER: usize = 5;
/// AEAD tag of every suite of this crate (RFC 9846 appendix B.4).
pub(crate) const TAG: usize = 16;
/// What protection adds to a plaintext: header, content type, tag.
pub(crate) const RECORD_OVERHEAD: usize = RECORD_HEADER + 1 + TAG;
/// Type and length in front of each handshake message (RFC 9846 section 4).
pub(crate) const MESSAGE_HEADER: usize = 4;
/// Extensions in one message. Browsers send about 20; 64 bounds the work of finding duplicates.
pub(crate) const MAX_EXTENSIONS: usize = 64;
/// Start of a Certificate message in the handshake: header, empty context, length of the list.
pub(crate) const CERTIFICATE_PREFIX: usize = 8;
/// Length in front of each certificate.
pub(crate) const ENTRY_PREFIX: usize = 3;
/// Length of the extensions behind each certificate.
pub(crate) const ENTRY_SUFFIX: usize = 2;
