//! Which images are built, and what is run in them.

/// A way to build the images.
#[derive(Clone, Copy)]
pub(crate) struct Build {
    /// Name of the Cargo profile.
    pub(crate) profile: &'static str,
    /// What it means.
    pub(crate) what: &'static str,
    /// Features of the crate with the images.
    pub(crate) features: &'static str,
    /// What is compiled in.
    pub(crate) algorithms: &'static str,
    /// Flags for the compiler beside those of the crate, as Cargo's configuration writes them.
    pub(crate) flags: &'static str,
    /// The handshakes that are run.
    pub(crate) choices: &'static [Choice],
}

/// What both sides negotiate, in the words that the programs of the crate take.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) suite: &'static str,
    pub(crate) group: &'static str,
}

/// The compact variants of AES and SHA-2.
const COMPACT: &str = r#"'--cfg=aes_backend_soft="compact"', '--cfg=sha2_backend_soft="compact"'"#;

const GCM_P256: Choice = Choice { suite: "aes128-gcm", group: "secp256r1" };
const CHACHA_X25519: Choice = Choice { suite: "chacha20-poly1305", group: "x25519" };
const CHACHA_P256: Choice = Choice { suite: "chacha20-poly1305", group: "secp256r1" };

/// The algorithms that other implementations were measured with.
pub(crate) const MINIMAL: Build = Build {
    profile: "small-compact",
    what: "s, compact AES and SHA-2",
    features: "",
    algorithms: "AES-128-GCM, P-256",
    flags: COMPACT,
    choices: &[GCM_P256],
};

/// The same with the arithmetic of the curves made for speed.
const CURVES_FAST: Build =
    Build { profile: "small-compact-ec-fast", what: "s, compact AES and SHA-2, elliptic curves at 3", ..MINIMAL };

/// The first is what a quick check measures.
pub(crate) const BUILDS: &[Build] = &[
    CURVES_FAST,
    MINIMAL,
    Build { features: "cortex-m4", algorithms: "AES-128-GCM, P-256 in assembly", ..MINIMAL },
    Build {
        features: "default-algorithms",
        algorithms: "with ChaCha20-Poly1305, X25519",
        choices: &[GCM_P256, CHACHA_P256, CHACHA_X25519],
        ..CURVES_FAST
    },
    Build {
        features: "cortex-m4,default-algorithms",
        algorithms: "with ChaCha20-Poly1305, X25519, P-256 in assembly",
        choices: &[GCM_P256, CHACHA_P256],
        ..MINIMAL
    },
];
