//! PKCS#12 files of OpenSSL and of Java's keytool. The password of each is "hunter2", and key and certificates are the same:
//! a leaf, its issuer and the root.

use files::TemporaryFile;
use mtls_pki::pem::{Held, Password, certificates, identity, is_pkcs12};

mod files;

/// Returns the path of a file.
fn data(name: &str) -> String {
    format!("{}/tests/data/{name}.p12", env!("CARGO_MANIFEST_DIR"))
}

/// `modern` has AES-256 and PBKDF2, `rc2-40` has RC2 for certificates and Triple DES for the key, as OpenSSL wrote them before
/// version 3; `des3` has Triple DES for both, as Windows writes them.
#[test]
fn an_identity_is_read_whatever_protects_it_leaf_first_and_without_the_root() {
    let file = TemporaryFile::new("good", "hunter2\n");
    let wanted = identity(&data("modern"), &data("modern"), &file.password()).unwrap();
    assert_eq!(wanted.chain.len(), 2);
    for name in ["rc2-40", "des3", "java"] {
        let found = identity(&data(name), &data(name), &file.password()).unwrap();
        assert_eq!((found.chain, found.key.to_der()), (wanted.chain.clone(), wanted.key.to_der()), "{name}");
    }
}

#[test]
fn a_file_without_a_key_gives_all_its_certificates() {
    let file = TemporaryFile::new("trust", "hunter2");
    let held = Held::read(&data("trust"), &file.password()).unwrap();
    assert_eq!((held.certificates.len(), held.key.is_none()), (3, true));
    let told = identity(&data("trust"), &data("trust"), &file.password()).unwrap_err().to_string();
    assert!(told.contains("wanted one block BEGIN PRIVATE KEY"), "{told}");
}

#[test]
fn a_wrong_password_is_called_wrong_and_a_missing_one_is_requested() {
    let file = TemporaryFile::new("wrong", "hunter3");
    for name in ["modern", "rc2-40", "des3", "java", "trust"] {
        let told = Held::read(&data(name), &file.password()).err().expect("a refusal").to_string();
        assert!(told.contains("found a PKCS#12 file that this password does not open, wanted its password"), "{told}");
        let told = Held::read(&data(name), &Password::none()).err().expect("a refusal").to_string();
        assert!(told.contains("found a PKCS#12 file without a password, wanted one: --key-password"), "{told}");
    }
}

#[test]
fn a_file_that_would_occupy_the_machine_is_rejected() {
    let file = TemporaryFile::new("hostile", "hunter2");
    let told = Held::read(&data("hostile"), &file.password()).err().expect("a refusal").to_string();
    assert!(told.contains("asks for more than 1,000,000 rounds"), "{told}");
}

#[test]
fn a_truncated_file_is_malformed_and_never_more() {
    let file = TemporaryFile::new("cut", "hunter2");
    let bytes = std::fs::read(data("modern")).unwrap();
    for length in (40..bytes.len()).step_by(97) {
        let cut = TemporaryFile::new(&format!("cut-{length}"), &bytes[..length]);
        assert!(is_pkcs12(&bytes[..length]));
        let told = Held::read(&cut.0.display().to_string(), &file.password()).err().expect("a refusal").to_string();
        assert!(told.contains("found a malformed PKCS#12 file"), "{told}");
    }
}

#[test]
fn a_file_where_no_password_can_be_given_is_named_with_the_way_out() {
    let told = certificates(&data("trust")).unwrap_err().to_string();
    assert!(told.contains("found a PKCS#12 file (.p12, .pfx), wanted PEM: openssl pkcs12 -in FILE"), "{told}");
}
