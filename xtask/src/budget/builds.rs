//! The images to build, and what runs in them.

/// A way to build the images.
#[derive(Clone, Copy)]
pub(crate) struct Build {
    /// Name of the Cargo profile.
    pub(crate) profile: &'static str,
    /// Features of the crate with the images.
    pub(crate) features: &'static str,
    /// The algorithms that are compiled in.
    pub(crate) algorithms: &'static str,
    /// Flags for the compiler beside those of the crate, as Cargo's configuration writes them.
    pub(crate) flags: &'static str,
    /// The handshakes that are run.
    pub(crate) choices: &'static [Choice],
}

impl Build {
    /// Returns the first handshake that is run.
    pub(crate) fn first_choice(&self) -> Choice {
        self.choices.first().copied().unwrap_or(GCM_P256)
    }
}

/// The parameters that both sides negotiate, as arguments for the programs of the crate.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) suite: &'static str,
    pub(crate) group: &'static str,
}

/// The flags of a compact build.
macro_rules! compact {
    () => {
        r#"'--cfg=aes_backend_soft="compact"', '--cfg=sha2_backend_soft="compact"', '-Clink-arg=--icf=all'"#
    };
}

/// The compact variants of AES and SHA-2, and functions with the same code kept once.
pub(crate) const COMPACT: &str = compact!();

/// The same, and copies of functions in their callers only where they are short: for our own cryptography, whose inner loops
/// are in assembly.
pub(crate) const SHORT_COPIES: &str = concat!(compact!(), ", '-Cllvm-args=-inline-threshold=10'");

/// The group that needs the feature `mlkem`.
pub(crate) const HYBRID: &str = "X25519MLKEM768";

pub(crate) const GCM_P256: Choice = Choice { suite: "aes128-gcm", group: "secp256r1" };
const CHACHA_X25519: Choice = Choice { suite: "chacha20-poly1305", group: "x25519" };
const CHACHA_HYBRID: Choice = Choice { suite: "chacha20-poly1305", group: HYBRID };
pub(crate) const CHACHA_P256: Choice = Choice { suite: "chacha20-poly1305", group: "secp256r1" };

/// The algorithms that other implementations were measured with, in the recommended profile.
pub(crate) const TUNED: Build =
    Build { profile: "tuned", features: "", algorithms: "AES-128-GCM, P-256", flags: COMPACT, choices: &[GCM_P256] };

/// As small as it gets.
pub(crate) const SMALL: Build = Build { profile: "small", ..TUNED };

/// As fast as it gets.
pub(crate) const FAST: Build = Build { profile: "fast", flags: "", ..TUNED };

/// Our own cryptography with its fastest suite alone.
pub(crate) const MICRO: Build = Build {
    features: "micro",
    algorithms: "ChaCha20-Poly1305, P-256 of `embedded-mtls-micro`, unaudited",
    flags: SHORT_COPIES,
    choices: &[CHACHA_P256],
    ..TUNED
};

/// Our own cryptography with both of its suites.
pub(crate) const MICRO_GCM: Build = Build {
    features: "micro-aes128-gcm",
    algorithms: "ChaCha20-Poly1305, AES-128-GCM, P-256 of `embedded-mtls-micro`, unaudited",
    choices: &[GCM_P256],
    ..MICRO
};

/// A client with one identity for one kind of server.
pub(crate) const DEVICE_BUILD: Build = Build {
    features: DEVICE,
    algorithms: "device profile, ChaCha20-Poly1305, P-256 of `embedded-mtls-micro`, unaudited",
    ..MICRO
};

const ALL_BY_DEFAULT: Build = Build {
    features: "default-algorithms",
    algorithms: "with ChaCha20-Poly1305, X25519",
    choices: &[GCM_P256, CHACHA_P256, CHACHA_X25519],
    ..TUNED
};

/// With a key exchange against quantum computers.
pub(crate) const HYBRID_BUILDS: &[Build] = &[Build {
    features: "default-algorithms,mlkem",
    algorithms: "with ChaCha20-Poly1305, X25519, ML-KEM-768",
    choices: &[CHACHA_HYBRID],
    ..TUNED
}];

/// The first is what a quick check measures.
pub(crate) const BUILDS: &[Build] = &[
    TUNED,
    SMALL,
    FAST,
    Build { features: "cortex-m4", algorithms: "AES-128-GCM, P-256 in assembly", ..TUNED },
    ALL_BY_DEFAULT,
    Build {
        features: "cortex-m4,default-algorithms",
        algorithms: "with ChaCha20-Poly1305, X25519, P-256 in assembly",
        choices: &[GCM_P256, CHACHA_P256],
        ..TUNED
    },
    MICRO,
    MICRO_GCM,
    DEVICE_BUILD,
];

/// The features of a client with one identity for one kind of server, which are not beside the default ones.
pub(crate) const DEVICE: &str = "device,micro";
