//! Encrypted private keys, as OpenSSL writes them. The password of each is "hunter2", and the key is the same.

use std::fmt::Write as _;

use files::TemporaryFile;
use mtls_pki::pem::{Held, Password, identity};

mod files;

/// Returns the file of a key.
fn data(name: &str) -> String {
    format!("{}/tests/data/{name}.pem", env!("CARGO_MANIFEST_DIR"))
}

fn refusal(name: &str, password: &Password) -> String {
    Held::read(&data(name), password).err().expect("a refusal").to_string()
}

/// The private key of all files, as `openssl pkey -text` prints it.
const KEY: &str = "adb872eec9a7e251ca84be44e63ff318b473e2cc70de4429686195860c0aaf61";

#[test]
fn a_key_is_decrypted_whether_pbkdf2_or_scrypt_and_aes_or_triple_des_protect_it() {
    let file = TemporaryFile::new("good", "hunter2\n");
    for name in ["key-pbkdf2", "key-scrypt", "key-des3"] {
        let key = Held::read(&data(name), &file.password()).unwrap().key.expect("a key");
        let hex = key.p256().expect("a key on P-256").iter().fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").unwrap();
            hex
        });
        assert_eq!(hex, KEY, "{name}");
    }
}

#[test]
fn an_encrypted_key_and_its_certificate_in_one_file_are_an_identity() {
    let file = TemporaryFile::new("one-file", "hunter2\r\nanother line");
    let one = data("identity");
    let identity = identity(&one, &one, &file.password()).unwrap();
    assert_eq!(identity.chain.len(), 1);
}

#[test]
fn a_wrong_password_is_called_wrong_and_a_missing_one_is_requested_by_the_name_of_the_option() {
    let file = TemporaryFile::new("wrong", "hunter3");
    for name in ["key-pbkdf2", "key-scrypt", "key-des3"] {
        let told = refusal(name, &file.password());
        assert!(told.contains("found a private key that this password does not decrypt"), "{told}");
        assert!(!told.contains("hunter"), "{told}");
        let told = refusal(name, &Password::none());
        assert!(
            told.contains("found an encrypted private key without a password, wanted one: --key-password"),
            "{told}"
        );
    }
}

#[test]
fn schemes_that_protect_nothing_are_rejected_with_the_command_that_converts_them() {
    for (name, found) in [
        ("key-pbe1", "found an encrypted private key that is malformed, or uses an unsupported scheme"),
        ("key-trad", "found a key encrypted in the format that preceded PKCS#8"),
    ] {
        let told = refusal(name, &Password::none());
        assert!(told.contains(found) && told.contains("openssl pkcs8 -topk8 -v2 aes-256-cbc"), "{told}");
    }
}

#[test]
fn a_file_that_would_occupy_the_machine_is_rejected_before_the_password_is_asked_for() {
    let text = std::fs::read_to_string(data("key-scrypt")).unwrap();
    // Block size 8 and parallelization 1 of scrypt (RFC 7914 section 7) become 127 each.
    let hostile = TemporaryFile::new("hostile", text.replace("AQgCAQEw", "AX8CAX8w"));
    let told = Held::read(&hostile.0.display().to_string(), &Password::none()).err().expect("a refusal").to_string();
    assert!(told.contains("found scrypt with "), "{told}");
}
