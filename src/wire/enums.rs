//! Code points. Each is a number with named constants: unknown values survive parsing, and the state that uses them
//! rejects them.

code_points! {
    /// Cipher suite (RFC 9846 appendix B.4).
    pub struct CipherSuite(u16) {
        /// AES-128-GCM with SHA-256, the mandatory suite.
        TLS_AES_128_GCM_SHA256 = 0x1301 => "TLS_AES_128_GCM_SHA256",
        /// AES-256-GCM with SHA-384 (feature `aes256-gcm-sha384`).
        TLS_AES_256_GCM_SHA384 = 0x1302 => "TLS_AES_256_GCM_SHA384",
        /// ChaCha20-Poly1305 with SHA-256, the fastest suite without AES hardware.
        TLS_CHACHA20_POLY1305_SHA256 = 0x1303 => "TLS_CHACHA20_POLY1305_SHA256",
    }
}

code_points! {
    /// Key exchange group (RFC 9846 section 4.3.7).
    pub struct NamedGroup(u16) {
        /// NIST P-256, the mandatory group.
        SECP256R1 = 0x0017 => "secp256r1",
        /// NIST P-384.
        SECP384R1 = 0x0018 => "secp384r1",
        /// Curve25519.
        X25519 = 0x001d => "x25519",
        /// ML-KEM-768 and Curve25519 (draft-ietf-tls-ecdhe-mlkem; feature `mlkem`).
        X25519MLKEM768 = 0x11ec => "X25519MLKEM768",
    }
}

code_points! {
    /// Signature scheme (RFC 9846 section 4.3.3).
    pub struct SignatureScheme(u16) {
        /// ECDSA on P-256 with SHA-256.
        ECDSA_SECP256R1_SHA256 = 0x0403 => "ecdsa_secp256r1_sha256",
        /// ECDSA on P-384 with SHA-384.
        ECDSA_SECP384R1_SHA384 = 0x0503 => "ecdsa_secp384r1_sha384",
        /// Ed25519.
        ED25519 = 0x0807 => "ed25519",
        /// RSASSA-PKCS1-v1_5 with SHA-256, in certificates only.
        RSA_PKCS1_SHA256 = 0x0401 => "rsa_pkcs1_sha256",
        /// RSASSA-PKCS1-v1_5 with SHA-384, in certificates only.
        RSA_PKCS1_SHA384 = 0x0501 => "rsa_pkcs1_sha384",
        /// RSASSA-PKCS1-v1_5 with SHA-512, in certificates only.
        RSA_PKCS1_SHA512 = 0x0601 => "rsa_pkcs1_sha512",
        /// RSASSA-PSS with SHA-256 and an `rsaEncryption` key.
        RSA_PSS_RSAE_SHA256 = 0x0804 => "rsa_pss_rsae_sha256",
        /// RSASSA-PSS with SHA-384 and an `rsaEncryption` key.
        RSA_PSS_RSAE_SHA384 = 0x0805 => "rsa_pss_rsae_sha384",
        /// RSASSA-PSS with SHA-512 and an `rsaEncryption` key.
        RSA_PSS_RSAE_SHA512 = 0x0806 => "rsa_pss_rsae_sha512",
        /// RSASSA-PSS with SHA-256 and an `id-RSASSA-PSS` key.
        RSA_PSS_PSS_SHA256 = 0x0809 => "rsa_pss_pss_sha256",
        /// RSASSA-PSS with SHA-384 and an `id-RSASSA-PSS` key.
        RSA_PSS_PSS_SHA384 = 0x080a => "rsa_pss_pss_sha384",
        /// RSASSA-PSS with SHA-512 and an `id-RSASSA-PSS` key.
        RSA_PSS_PSS_SHA512 = 0x080b => "rsa_pss_pss_sha512",
    }
}

code_points! {
    /// Type of a record (RFC 9846 section 5.1).
    pub(crate) struct ContentType(u8) {
        /// A compatibility record without meaning.
        CHANGE_CIPHER_SPEC = 20 => "change_cipher_spec",
        /// An alert.
        ALERT = 21 => "alert",
        /// Handshake messages.
        HANDSHAKE = 22 => "handshake",
        /// Application data, and everything that is encrypted.
        APPLICATION_DATA = 23 => "application_data",
    }
}

code_points! {
    /// Type of a handshake message (RFC 9846 section 4).
    pub(crate) struct HandshakeType(u8) {
        /// ClientHello.
        CLIENT_HELLO = 1 => "client_hello",
        /// ServerHello or HelloRetryRequest.
        SERVER_HELLO = 2 => "server_hello",
        /// NewSessionTicket.
        NEW_SESSION_TICKET = 4 => "new_session_ticket",
        /// EncryptedExtensions.
        ENCRYPTED_EXTENSIONS = 8 => "encrypted_extensions",
        /// Certificate.
        CERTIFICATE = 11 => "certificate",
        /// CertificateRequest.
        CERTIFICATE_REQUEST = 13 => "certificate_request",
        /// CertificateVerify.
        CERTIFICATE_VERIFY = 15 => "certificate_verify",
        /// Finished.
        FINISHED = 20 => "finished",
        /// KeyUpdate.
        KEY_UPDATE = 24 => "key_update",
    }
}

code_points! {
    /// Type of an extension (RFC 9846 section 4.3).
    ///
    /// RFC 9846 section 9.2.
    pub(crate) struct ExtensionType(u16) {
        /// RFC 6066 section 3.
        SERVER_NAME = 0 => "server_name",
        /// RFC 6066 section 4.
        MAX_FRAGMENT_LENGTH = 1 => "max_fragment_length",
        /// RFC 6066 section 8.
        STATUS_REQUEST = 5 => "status_request",
        /// RFC 9846 section 4.3.7.
        SUPPORTED_GROUPS = 10 => "supported_groups",
        /// RFC 9846 section 4.3.3.
        SIGNATURE_ALGORITHMS = 13 => "signature_algorithms",
        /// RFC 7301.
        APPLICATION_LAYER_PROTOCOL_NEGOTIATION = 16 => "application_layer_protocol_negotiation",
        /// RFC 6962.
        SIGNED_CERTIFICATE_TIMESTAMP = 18 => "signed_certificate_timestamp",
        /// RFC 7685.
        PADDING = 21 => "padding",
        /// RFC 8449.
        RECORD_SIZE_LIMIT = 28 => "record_size_limit",
        /// RFC 9846 section 4.3.11.
        PRE_SHARED_KEY = 41 => "pre_shared_key",
        /// RFC 9846 section 4.3.10.
        EARLY_DATA = 42 => "early_data",
        /// RFC 9846 section 4.3.1.
        SUPPORTED_VERSIONS = 43 => "supported_versions",
        /// RFC 9846 section 4.3.2.
        COOKIE = 44 => "cookie",
        /// RFC 9846 section 4.3.9.
        PSK_KEY_EXCHANGE_MODES = 45 => "psk_key_exchange_modes",
        /// RFC 9846 section 4.3.4.
        CERTIFICATE_AUTHORITIES = 47 => "certificate_authorities",
        /// RFC 9846 section 4.3.5.
        OID_FILTERS = 48 => "oid_filters",
        /// RFC 9846 section 4.3.6.
        POST_HANDSHAKE_AUTH = 49 => "post_handshake_auth",
        /// RFC 9846 section 4.3.3.
        SIGNATURE_ALGORITHMS_CERT = 50 => "signature_algorithms_cert",
        /// RFC 9846 section 4.3.8.
        KEY_SHARE = 51 => "key_share",
    }
}
