//! Code points. Each is a number with names: unknown values survive parsing, and the state that
//! cares refuses them.

code_points! {
    /// Cipher suite (RFC 9846 appendix B.4).
    CipherSuite(u16) {
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
    NamedGroup(u16) {
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
    SignatureScheme(u16) {
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
