//! Targets and sets of features that have to build.

/// The least of the targets without an operating system, for which all that firmware may use has to build.
pub(crate) const LEAST_TARGET: &str = "thumbv6m-none-eabi";

/// A target for which no board is built.
pub(crate) const OTHER_TARGET: &str = "riscv32imac-unknown-none-elf";

/// Targets that boards are built for, beside [`LEAST_TARGET`].
pub(crate) const BOARD_TARGETS: &[&str] =
    &["riscv32imc-unknown-none-elf", "thumbv7em-none-eabihf", "thumbv7m-none-eabi", "thumbv8m.main-none-eabihf"];

/// The target whose flash is measured.
pub(crate) const MEASURED_TARGET: &str = "thumbv7em-none-eabihf";

/// Sets of features that users build with. Features only add, so pairs that do not meet in the code
/// (events and a cipher suite) need no set of their own. Without a cipher suite there is still the
/// validator of certificates.
pub(crate) const SETS: &[&str] = &[
    "post-handshake-auth",
    "resumption",
    "events",
    "std",
    "rsa",
    "dangerous-waivers",
    "key-log,rustcrypto",
    "x25519",
    "mlkem",
    "ed25519",
    "p384",
    "aes128-gcm",
    "aes128-gcm,any-peer",
    "aes128-gcm,resumption",
    "aes128-gcm,post-handshake-auth",
    "aes128-gcm,dangerous-waivers,defmt",
    "aes128-gcm,ed25519,p384,rsa",
    "aes128-gcm,mlkem,p384,resumption",
    "aes256-gcm-sha384",
    "chacha20-poly1305,x25519",
    "all-algorithms,std,log",
];

/// The least and what a device has, which Clippy reads as well. The step `lints` has most of what a host has.
pub(crate) const LINTED_SETS: &[&str] = &["", "aes128-gcm,events,post-handshake-auth,resumption,defmt"];

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

/// Tests of the programs, and those of the core with the hybrid key exchange.
pub(crate) const TESTS_OF_PROGRAMS: &[&str] = &["hybrid", "inspect", "order", "pki", "programs", "provision"];

/// Tests of the packages beside the core and the programs. What else has one of these names runs with them.
pub(crate) const TESTS_OF_COMPANIONS: &[&str] = &[
    "blob",
    "capture",
    "connections",
    "differential",
    "encrypted_keys",
    "examples",
    "fleet",
    "handshakes",
    "page",
    "pkcs12",
    "recorded",
    "send",
    "split",
    "timeouts",
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
            assert!(
                SETS.iter().chain(LINTED_SETS).any(|set| set.split(',').any(|feature| feature == name)),
                "no set has `{name}`"
            );
        }
    }

    /// Tests that another step runs, or another line of the step `tests`.
    const ELSEWHERE: [&str; 4] = ["browser", "capture", "check", "constant_time"];

    #[test]
    fn every_test_beside_those_of_the_core_is_run() {
        let named = [TESTS_OF_PROGRAMS, TESTS_OF_COMPANIONS, &ELSEWHERE].concat();
        for package in std::fs::read_dir(crate::run::root().join("crates")).unwrap() {
            for test in std::fs::read_dir(package.unwrap().path().join("tests")).into_iter().flatten() {
                let path = test.unwrap().path();
                let is_test =
                    path.extension().is_some_and(|extension| extension == "rs") || path.join("main.rs").exists();
                let name = path.file_stem().unwrap().to_string_lossy();
                assert!(!is_test || named.contains(&name.as_ref()), "nothing runs {}", path.display());
            }
        }
    }
}
