//! Code points. Each is a number with names: unknown values survive parsing, and the state that
//! cares refuses them.

code_points! {
    /// Cipher suite (RFC 9846 appendix B.4).
    pub struct CipherSuite(u16) {
        /// AES-128-GCM with SHA-256, the mandatory suite.
        TLS_AES_128_GCM_SHA256 = 0x1301,
        /// AES-256-GCM with SHA-384 (feature `aes256-gcm-sha384`).
        TLS_AES_256_GCM_SHA384 = 0x1302,
        /// ChaCha20-Poly1305 with SHA-256, the fastest suite without AES hardware.
        TLS_CHACHA20_POLY1305_SHA256 = 0x1303,
    }
}

code_points! {
    /// Key exchange group (RFC 9846 section 4.3.7).
    pub struct NamedGroup(u16) {
        /// NIST P-256, the mandatory group.
        SECP256R1 = 0x0017,
        /// NIST P-384.
        SECP384R1 = 0x0018,
        /// Curve25519.
        X25519 = 0x001d,
    }
}

code_points! {
    /// Signature scheme (RFC 9846 section 4.3.3).
    pub struct SignatureScheme(u16) {
        /// ECDSA on P-256 with SHA-256.
        ECDSA_SECP256R1_SHA256 = 0x0403,
        /// ECDSA on P-384 with SHA-384.
        ECDSA_SECP384R1_SHA384 = 0x0503,
        /// Ed25519.
        ED25519 = 0x0807,
        /// RSASSA-PKCS1-v1_5 with SHA-256, in certificates only.
        RSA_PKCS1_SHA256 = 0x0401,
        /// RSASSA-PKCS1-v1_5 with SHA-384, in certificates only.
        RSA_PKCS1_SHA384 = 0x0501,
        /// RSASSA-PKCS1-v1_5 with SHA-512, in certificates only.
        RSA_PKCS1_SHA512 = 0x0601,
        /// RSASSA-PSS with SHA-256 and an `rsaEncryption` key.
        RSA_PSS_RSAE_SHA256 = 0x0804,
        /// RSASSA-PSS with SHA-384 and an `rsaEncryption` key.
        RSA_PSS_RSAE_SHA384 = 0x0805,
        /// RSASSA-PSS with SHA-512 and an `rsaEncryption` key.
        RSA_PSS_RSAE_SHA512 = 0x0806,
        /// RSASSA-PSS with SHA-256 and an `id-RSASSA-PSS` key.
        RSA_PSS_PSS_SHA256 = 0x0809,
        /// RSASSA-PSS with SHA-384 and an `id-RSASSA-PSS` key.
        RSA_PSS_PSS_SHA384 = 0x080a,
        /// RSASSA-PSS with SHA-512 and an `id-RSASSA-PSS` key.
        RSA_PSS_PSS_SHA512 = 0x080b,
    }
}

code_points! {
    /// Type of a record (RFC 9846 section 5.1).
    pub(crate) struct ContentType(u8) {
        /// A compatibility record without meaning.
        CHANGE_CIPHER_SPEC = 20,
        /// An alert.
        ALERT = 21,
        /// Handshake messages.
        HANDSHAKE = 22,
        /// Application data, and everything that is encrypted.
        APPLICATION_DATA = 23,
    }
}

code_points! {
    /// Type of a handshake message (RFC 9846 section 4).
    pub(crate) struct HandshakeType(u8) {
        /// ClientHello.
        CLIENT_HELLO = 1,
        /// ServerHello or HelloRetryRequest.
        SERVER_HELLO = 2,
        /// NewSessionTicket.
        NEW_SESSION_TICKET = 4,
        /// EncryptedExtensions.
        ENCRYPTED_EXTENSIONS = 8,
        /// Certificate.
        CERTIFICATE = 11,
        /// CertificateRequest.
        CERTIFICATE_REQUEST = 13,
        /// CertificateVerify.
        CERTIFICATE_VERIFY = 15,
        /// Finished.
        FINISHED = 20,
        /// KeyUpdate.
        KEY_UPDATE = 24,
    }
}

code_points! {
    /// Type of an extension (RFC 9846 section 4.3).
    pub(crate) struct ExtensionType(u16) {
        /// RFC 6066 section 3.
        SERVER_NAME = 0,
        /// RFC 6066 section 4.
        MAX_FRAGMENT_LENGTH = 1,
        /// RFC 6066 section 8.
        STATUS_REQUEST = 5,
        /// RFC 9846 section 4.3.7.
        SUPPORTED_GROUPS = 10,
        /// RFC 9846 section 4.3.3.
        SIGNATURE_ALGORITHMS = 13,
        /// RFC 7301.
        APPLICATION_LAYER_PROTOCOL_NEGOTIATION = 16,
        /// RFC 6962.
        SIGNED_CERTIFICATE_TIMESTAMP = 18,
        /// RFC 8449.
        RECORD_SIZE_LIMIT = 28,
        /// RFC 9846 section 4.3.11.
        PRE_SHARED_KEY = 41,
        /// RFC 9846 section 4.3.10.
        EARLY_DATA = 42,
        /// RFC 9846 section 4.3.1.
        SUPPORTED_VERSIONS = 43,
        /// RFC 9846 section 4.3.2.
        COOKIE = 44,
        /// RFC 9846 section 4.3.9.
        PSK_KEY_EXCHANGE_MODES = 45,
        /// RFC 9846 section 4.3.4.
        CERTIFICATE_AUTHORITIES = 47,
        /// RFC 9846 section 4.3.5.
        OID_FILTERS = 48,
        /// RFC 9846 section 4.3.6.
        POST_HANDSHAKE_AUTH = 49,
        /// RFC 9846 section 4.3.3.
        SIGNATURE_ALGORITHMS_CERT = 50,
        /// RFC 9846 section 4.3.8.
        KEY_SHARE = 51,
    }
}
