//! Targets and sets of features that have to build.

/// Targets without an operating system that the core has to build for.
pub(crate) const TARGETS: &[&str] =
    &["thumbv6m-none-eabi", "thumbv7em-none-eabihf", "thumbv8m.main-none-eabihf", "riscv32imac-unknown-none-elf"];

/// Targets that only boards are built for.
pub(crate) const BOARD_TARGETS: &[&str] = &["riscv32imc-unknown-none-elf", "thumbv7m-none-eabi"];

/// The target whose flash is measured.
pub(crate) const MEASURED_TARGET: &str = "thumbv7em-none-eabihf";

/// Sets of features that users build with. Features only add, so pairs that do not meet in the code
/// (events and a cipher suite) need no set of their own. Without a cipher suite there is still the
/// validator of certificates.
pub(crate) const SETS: &[&str] = &[
    "",
    "post-handshake-auth",
    "resumption",
    "aes128-gcm,resumption",
    "key-log,rustcrypto",
    "events",
    "aes128-gcm,events,post-handshake-auth,resumption,defmt",
    "aes128-gcm,post-handshake-auth",
    "std",
    "aes128-gcm,aes256-gcm-sha384,defmt",
    "rustcrypto",
    "rsa",
    "x25519",
    "mlkem",
    "aes128-gcm,mlkem,p384,resumption",
    "ed25519",
    "p384",
    "rsa,rustcrypto",
    "aes128-gcm,ed25519,p384,rsa",
    "all-algorithms",
    "dangerous-waivers",
    "aes128-gcm,dangerous-waivers,defmt",
    "aes128-gcm",
    "aes128-gcm,any-peer",
    "chacha20-poly1305",
    "chacha20-poly1305,x25519",
    "aes256-gcm-sha384",
    "aes128-gcm,aes256-gcm-sha384,chacha20-poly1305,x25519,defmt",
    "aes128-gcm,aes256-gcm-sha384,chacha20-poly1305,x25519,log",
    "aes128-gcm,aes256-gcm-sha384,chacha20-poly1305,x25519,std,log",
];

/// Features that exclude each other, and what the compiler has to say about it.
pub(crate) const EXCLUSIVE: (&str, &str) = ("defmt,log", "the features `defmt` and `log` exclude each other");

/// All features that go together, for documentation, unit tests and the tests in [`ALL_TESTS`].
pub(crate) const ALL: &str = "all-algorithms,dangerous-waivers,events,key-log,post-handshake-auth,resumption,std,log";

/// Features beside [`ALL`] where the tests on the public API are built: their hosts and their policies pass on what is
/// waived.
pub(crate) const ALL_OF_TESTS: &str = "test-support/dangerous-waivers,test-support/resumption,embedded-mtls-operator/dangerous-waivers,mtls/dangerous-waivers";

/// Features of the tests beside what the package switches on for its own tests: every driver and every algorithm.
pub(crate) const PLAIN: &str = "log";

/// The feature of the hybrid key exchange, which is no part of [`ALL`], since it changes what is sent by default. It is on wherever
/// the programs are built.
pub(crate) const HYBRID: &str = "mlkem";

/// Tests that need all features: of signature algorithms, of waivers, and of what comes after the handshake.
pub(crate) const ALL_TESTS: &[&str] = &[
    "algorithms",
    "data",
    "diagnoses",
    "drivers",
    "events",
    "key_log",
    "misbehaviour",
    "needs",
    "policy_handshakes",
    "policy_settings",
    "post_handshake",
    "post_handshake_drivers",
    "post_handshake_refusals",
    "real_roots",
    "resumption",
    "resumption_refusals",
    "waivers",
    "x509_cases",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_feature_of_the_core_is_in_a_set() {
        let manifest = std::fs::read_to_string(crate::run::root().join("Cargo.toml")).unwrap();
        let features = manifest.split("\n[features]\n").nth(1).and_then(|rest| rest.split("\n[").next()).unwrap();
        let names = features.lines().filter_map(|line| Some(line.split_once(" = ")?.0));
        for name in names.filter(|name| *name != "default") {
            assert!(SETS.iter().any(|set| set.split(',').any(|feature| feature == name)), "no set has `{name}`");
        }
    }
}
