//! Every limit of the protocol and of this implementation, each with its reason.

/// Largest plaintext of a record (RFC 9846 section 5.1).
pub(crate) const MAX_PLAINTEXT: usize = 1 << 14;
/// Largest `encrypted_record` of a TLSCiphertext (RFC 9846 section 5.2).
pub(crate) const MAX_CIPHERTEXT: usize = MAX_PLAINTEXT + 256;
/// Type, version and length in front of each record (RFC 9846 section 5.1).
pub(crate) const RECORD_HEADER: usize = 5;
/// Bytes of an AEAD tag, the same for every suite (RFC 9846 appendix B.4).
pub const TAG_LEN: usize = 16;
/// Largest TLSInnerPlaintext, without its padding: content and content type (RFC 9846 section 5.2).
pub(crate) const MAX_INNER_PLAINTEXT: u16 = (1 << 14) + 1;
/// Smallest limit of a TLSInnerPlaintext that a side may set (RFC 8449 section 4).
pub(crate) const MIN_RECORD_SIZE_LIMIT: u16 = 64;
/// The part of `rx` that the content of a record may take: a half. The longest record and the incomplete message that
/// earlier records brought share `rx`, and that message may take the other half, less the overhead of the record. With
/// less for records, each KiB of data costs more instructions (a quarter more with 513 bytes than with 1,025); with
/// more, a certificate of a usual size no longer fits. The content is 512 bytes with 1 KiB of `rx`, the least that
/// `GnuTLS` accepts.
pub(crate) const RECORD_SHARE_OF_RX: usize = 2;
/// Bytes that protection adds to a plaintext: header, content type, tag.
pub(crate) const RECORD_OVERHEAD: usize = RECORD_HEADER + 1 + TAG_LEN;
/// Type and length in front of each handshake message (RFC 9846 section 4).
pub(crate) const MESSAGE_HEADER: usize = 4;

/// The maximum number of CA certificates above the leaf, including the trust anchor. Mbed TLS allows 8 intermediates,
/// wolfSSL chains of 9, rustls-webpki 6 intermediates; each level costs four bytes of state.
pub(crate) const MAX_DEPTH: usize = 10;
/// CA certificates above the leaf that are allowed by default: two intermediates and the anchor cover the public CAs, a
/// third intermediate covers a cross-signed root.
pub(crate) const DEFAULT_DEPTH: u8 = 4;
/// Signatures that are verified for one path. An honest chain needs one per level; each candidate with the same name
/// and another key costs one more. A limit of 32 bounds the work that an unauthenticated peer can cause to a few
/// seconds on a microcontroller (rustls-webpki and Go stop at 100).
pub(crate) const MAX_SIGNATURES: u8 = 32;
/// Candidates examined and names compared for one path. The densest list of the BetterTLS suite takes 380; a leaf of
/// 100 names below a CA with 50 constraints takes 5,000. A list in which every CA could have signed every other would
/// take forever (as in CVE-2018-16875 of Go).
pub(crate) const MAX_SEARCH_STEPS: u32 = 10_000;
/// Candidates examined and names compared before a step yields; a name is compared with all constraints of a CA.
pub(crate) const CANDIDATES_PER_STEP: u16 = 64;
/// Maximum number of bytes by which a summary exceeds its certificate, if that is signed with Ed25519 and has no long
/// names: such a summary contains the signed part unchanged, and subject, issuer, key and names again.
pub(crate) const MAX_SUMMARY_EXCESS: usize = 200;
/// Maximum size of one certificate of a peer: with [`MAX_SUMMARY_EXCESS`], the length of a summary takes two bytes.
pub(crate) const MAX_CERTIFICATE: usize = 65_000;
/// Extensions of one certificate. Public certificates have about ten. All pairs are compared to find duplicates, so the
/// work grows quadratically.
pub(crate) const MAX_CERTIFICATE_EXTENSIONS: u8 = 32;
/// Extensions of unknown type in one message, and filters of one list, that are compared to find duplicates. Limits the
/// work. Browsers send about 20 extensions.
pub(crate) const MAX_COMPARED_EXTENSIONS: usize = 64;
/// Start of a Certificate message in the handshake: header, empty context, length of the list.
pub(crate) const CERTIFICATE_PREFIX: usize = 8;
/// Length in front of each certificate.
pub(crate) const ENTRY_PREFIX: usize = 3;
/// Length of the extensions behind each certificate.
pub(crate) const ENTRY_SUFFIX: usize = 2;
/// An alert in a protected record; `tx` always keeps this much free, so that an error can be reported.
pub(crate) const ALERT_RESERVE: usize = RECORD_OVERHEAD + 2;
/// Smallest `tx`: an alert, and one short handshake message (Finished, CertificateVerify) in its record.
pub(crate) const MIN_TX: usize = 160;
/// `change_cipher_spec` records a peer may send in one handshake: one is sent after a
/// HelloRetryRequest and one before the second flight (RFC 9846 appendix E.4); rustls allows two as well.
pub(crate) const MAX_CHANGE_CIPHER_SPEC: u8 = 2;
/// Empty application data records (and `user_canceled` alerts) in a row: they cost work and carry nothing. OpenSSL and
/// BoringSSL allow 32.
pub(crate) const MAX_EMPTY_RECORDS: u8 = 32;
/// 0-RTT data of a client that attempts resumption: the most that OpenSSL allows its clients to send.
pub(crate) const MAX_SKIPPED_EARLY_DATA: usize = 16_384 + 1_024;
/// KeyUpdate messages of the peer without application data between them. Each costs a key derivation;
/// OpenSSL and BoringSSL allow 32.
pub(crate) const MAX_KEY_UPDATES: u8 = 32;
/// NewSessionTicket messages without application data between them: servers send one or two, and each is parsed and
/// dropped.
pub(crate) const MAX_TICKETS: u8 = 64;
/// Maximum lifetime of a ticket in seconds (RFC 9846 section 4.7.1): 7 days.
#[cfg(feature = "resumption")]
pub(crate) const MAX_TICKET_LIFETIME: u32 = 604_800;
/// Default for the maximum age of the peer's proof in seconds: a day, so that tickets do not prolong a certificate that
/// is no longer trusted.
#[cfg(feature = "resumption")]
pub(crate) const DEFAULT_PROOF_AGE: u32 = 86_400;
/// Maximum difference in seconds between the clocks of servers that share tickets.
#[cfg(feature = "resumption")]
pub(crate) const MAX_CLOCK_SKEW: u32 = 60;
/// Maximum size of our tickets: names and key of a client with P-256 take about 350, with RSA-4096 and long names
/// 1,000. A client that needs more gets no ticket.
#[cfg(feature = "resumption")]
pub(crate) const MAX_OWN_TICKET: usize = 1_280;
/// Maximum number of tickets that are opened per ClientHello: clients offer one or two.
#[cfg(feature = "resumption")]
pub(crate) const MAX_TICKETS_TRIED: u16 = 4;
/// Maximum size of a ticket that a client stores: those of other servers contain the client's whole certificate.
#[cfg(feature = "resumption")]
pub(crate) const MAX_STORED_TICKET: usize = 2_560;
/// Requests for a certificate after the handshake without application data between them. Each costs the client a
/// signature; a server sends one per resource.
#[cfg(feature = "post-handshake-auth")]
pub(crate) const MAX_POST_HANDSHAKE_REQUESTS: u8 = 8;
/// Contexts of recent requests that a client remembers, 9 bytes each, to reject a repeated one. A repetition usually
/// follows at once; unique contexts are in the server's own interest (RFC 9846 section 4.4.2).
#[cfg(feature = "post-handshake-auth")]
pub(crate) const REMEMBERED_CONTEXTS: usize = 4;
/// Records sealed with one key before we change it ourselves. RFC 9846 section 5.5 allows 2^24.5 full-size records with
/// AES-GCM; with ChaCha20-Poly1305 the sequence number would end first.
pub(crate) const MAX_RECORDS_PER_KEY: u64 = 1 << 24;
/// Longest signature of the schemes that are compiled in: RSA with 4096 bits, or a DER `ECDSA-Sig-Value`
/// on P-384 or P-256.
pub(crate) const MAX_SIGNATURE: usize = if cfg!(feature = "rsa") {
    512
} else if cfg!(feature = "p384") {
    104
} else {
    72
};
/// Entries of a configured list of suites, groups, schemes or protocols: it ensures that every length in a ClientHello
/// fits its field.
pub(crate) const MAX_LIST: usize = 64;
/// Trust anchors of one configuration: an index fits one byte. Debian trusts 144 roots.
pub(crate) const MAX_ANCHORS: usize = 255;
/// Certificates of a chain of ours: an index fits one byte. No peer accepts a path of more than about ten.
pub(crate) const MAX_CHAIN: usize = 255;
/// Key shares in our ClientHello: each has a seed of its own.
pub(crate) const MAX_OFFERED_SHARES: usize = 2;
/// Key shares of one ClientHello that are compared in pairs to find duplicates. Browsers send two or three.
pub(crate) const MAX_COMPARED_SHARES: usize = 16;
/// The longest ClientHello: every field as long as RFC 9846 section 4.2.2 allows.
pub(crate) const MAX_CLIENT_HELLO: usize = 2 + 32 + (1 + 32) + (2 + 65_534) + (1 + 255) + (2 + 65_535);
/// The longest ServerHello (RFC 9846 section 4.2.3).
pub(crate) const MAX_SERVER_HELLO: usize = 2 + 32 + (1 + 32) + 2 + 1 + (2 + 65_535);
/// The longest EncryptedExtensions (RFC 9846 section 4.4.1).
pub(crate) const MAX_ENCRYPTED_EXTENSIONS: usize = 2 + 65_535;
/// The longest CertificateRequest (RFC 9846 section 4.4.2).
pub(crate) const MAX_CERTIFICATE_REQUEST: usize = (1 + 255) + (2 + 65_535);
/// The maximum size of the authority names in our CertificateRequest, with their lengths: it ensures that the length of
/// the extensions fits its field.
pub(crate) const MAX_AUTHORITIES: usize = 0xfe00;
/// The longest CertificateVerify (RFC 9846 section 4.5.2).
pub(crate) const MAX_CERTIFICATE_VERIFY: usize = 2 + (2 + 65_535);
/// The longest Finished: a MAC of SHA-384 (RFC 9846 section 4.5.3).
pub(crate) const MAX_FINISHED: usize = 48;
/// The longest NewSessionTicket (RFC 9846 section 4.7.1).
pub(crate) const MAX_TICKET: usize = 4 + 4 + (1 + 255) + (2 + 65_535) + (2 + 65_535);
/// The only KeyUpdate (RFC 9846 section 4.7.3).
pub(crate) const MAX_KEY_UPDATE: usize = 1;
/// Reads from a transport that accepts no more bytes, to find the peer's alert, which is short and comes last.
pub(crate) const LAST_READS: u8 = 16;
