//! Private keys on P-256 in PKCS#8 and SEC1, and the certificates that they belong to.

use p256::SecretKey;
use p256::elliptic_curve::sec1::ToSec1Point as _;
use pkcs8::{EncryptedPrivateKeyInfoRef, ObjectIdentifier, PrivateKeyInfoRef, SecretDocument};
use zeroize::Zeroizing;

use super::blocks::blocks;
use super::{FileError, Identity, Password, Standing, labels};

/// Returns the only private key among the PEM blocks.
pub(super) fn key_in(bytes: &[u8], file: &str, password: &Password) -> Result<Zeroizing<[u8; 32]>, FileError> {
    let blocks = blocks(bytes, file)?;
    let mut keys = blocks.iter().filter(|block| block.label.is_private_key());
    let (Some(block), None) = (keys.next(), keys.next()) else {
        return Err(FileError::new(file, labels(&blocks), "one block BEGIN PRIVATE KEY or BEGIN EC PRIVATE KEY"));
    };
    if block.is_encrypted {
        // Its key is one round of MD5 (RFC 1421 knows no better), so no library that is kept reads it.
        return Err(FileError::new(
            file,
            "a key encrypted in the format that preceded PKCS#8 (Proc-Type: 4,ENCRYPTED)",
            "PKCS#8: openssl pkcs8 -topk8 -v2 aes-256-cbc -in FILE -out new.pem converts it",
        ));
    }
    let key = match block.label.name() {
        "PRIVATE KEY" => pkcs8(&block.der, file)?,
        "ENCRYPTED PRIVATE KEY" => pkcs8(decrypted(&block.der, file, password)?.as_bytes(), file)?,
        "EC PRIVATE KEY" => SecretKey::from_sec1_der(&block.der)
            .map_err(|_| FileError::new(file, "an EC key that is malformed or not on P-256", WANTED_KEY))?,
        "RSA PRIVATE KEY" => return Err(FileError::new(file, "an RSA key", WANTED_KEY)),
        "OPENSSH PRIVATE KEY" => {
            let wanted = "PKCS#8: ssh-keygen -p -N '' -m PKCS8 -f FILE converts it in place";
            return Err(FileError::new(file, "an OpenSSH key", wanted));
        }
        other => return Err(FileError::new(file, format!("BEGIN {other}"), WANTED_KEY)),
    };
    Ok(Zeroizing::new(key.to_bytes().into()))
}

/// Decrypts an encrypted PKCS#8 key (RFC 5958 section 3) that a password protects by PBES2 (RFC 8018 section 6.2).
fn decrypted(der: &[u8], file: &str, password: &Password) -> Result<SecretDocument, FileError> {
    let info = EncryptedPrivateKeyInfoRef::try_from(der).map_err(|_| {
        let found = "an encrypted private key that is malformed, or uses an unsupported scheme";
        FileError::new(file, found, WANTED_SCHEME)
    })?;
    if let Some(demand) = excessive(&info) {
        return Err(FileError::new(file, demand, WANTED_SCHEME));
    }
    info.decrypt(password.for_key(file)?).map_err(|error| match error {
        pkcs8::Error::EncryptedPrivateKey(pkcs5::Error::DecryptFailed) | pkcs8::Error::Asn1(_) => {
            FileError::new(file, "a private key that this password does not decrypt", "its password")
        }
        other => FileError::new(file, format!("an encrypted private key ({other})"), WANTED_SCHEME),
    })
}

/// The encryption that is read.
const WANTED_SCHEME: &str = "PBES2 with PBKDF2 or scrypt, and AES in CBC mode: openssl pkcs8 -topk8 -v2 aes-256-cbc -in FILE \
                             -out new.pem converts it";
/// The most rounds of PBKDF2: ten times those of the most careful programs, some seconds on a host.
const MAX_ITERATIONS: u32 = 10_000_000;
/// The most memory for scrypt, in bytes.
const MAX_SCRYPT_MEMORY: u64 = 1 << 30;

/// Names what the derivation of the key asks for, if it is more than any sensible file does: a broken or hostile file would
/// occupy the machine.
fn excessive(info: &EncryptedPrivateKeyInfoRef<'_>) -> Option<String> {
    match &info.encryption_algorithm.pbes2()?.kdf {
        pkcs5::pbes2::Kdf::Pbkdf2(pbkdf2) if pbkdf2.iteration_count > MAX_ITERATIONS => {
            Some(format!("{} rounds of PBKDF2", pbkdf2.iteration_count))
        }
        pkcs5::pbes2::Kdf::Scrypt(scrypt) => {
            let memory = 128 * u128::from(scrypt.cost_parameter) * u128::from(scrypt.block_size);
            (memory * u128::from(scrypt.parallelization) > u128::from(MAX_SCRYPT_MEMORY))
                .then(|| format!("scrypt with {memory} bytes of memory, {} times", scrypt.parallelization))
        }
        _ => None,
    }
}

/// The only kind of key with which the programs sign.
const WANTED_KEY: &str =
    "a P-256 key: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem creates one";

/// Reads a PKCS#8 key (RFC 5958), and names its kind if it is not on P-256.
fn pkcs8(der: &[u8], file: &str) -> Result<SecretKey, FileError> {
    const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
    const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
    let info = PrivateKeyInfoRef::try_from(der)
        .map_err(|error| FileError::new(file, format!("malformed PKCS#8 ({error})"), WANTED_KEY))?;
    let curve = info.algorithm.parameters_oid().ok();
    if info.algorithm.oid != EC {
        return Err(FileError::new(file, format!("a key for {}", algorithm(info.algorithm.oid)), WANTED_KEY));
    }
    if curve != Some(P256) {
        let name = curve.map_or_else(|| "an unnamed curve".to_owned(), algorithm);
        return Err(FileError::new(file, format!("an EC key on {name}"), WANTED_KEY));
    }
    SecretKey::try_from(info).map_err(|error| FileError::new(file, format!("a malformed EC key ({error})"), WANTED_KEY))
}

/// Returns the usual name of an algorithm or a curve.
fn algorithm(oid: ObjectIdentifier) -> String {
    let name = match oid.to_string().as_str() {
        "1.2.840.113549.1.1.1" => "RSA",
        "1.2.840.113549.1.1.10" => "RSA-PSS",
        "1.3.101.112" => "Ed25519",
        "1.3.101.113" => "Ed448",
        "1.3.132.0.34" => "P-384",
        "1.3.132.0.35" => "P-521",
        "1.3.132.0.10" => "secp256k1",
        other => return format!("algorithm {other}"),
    };
    name.to_owned()
}

/// Finds the certificate of the chain that contains the public key, as a point in any form (SEC 1 section 2.3.3). This
/// only improves messages: the peer verifies a signature.
pub(super) fn owner(identity: &Identity) -> Result<Option<usize>, FileError> {
    let point = Point::of(&identity.key)?;
    Ok(identity.chain.iter().position(|certificate| point.is_in(certificate)))
}

/// Returns whether the first certificate has the key as a compressed point.
pub(super) fn is_compressed(identity: &Identity) -> bool {
    let leaf = identity.chain.first().map(Vec::as_slice).unwrap_or_default();
    Point::of(&identity.key).is_ok_and(|point| contains(leaf, &point.compressed))
}

/// Describes the first certificate, if it does not belong to our key.
pub(super) fn whose(identity: &Identity) -> String {
    let leaf = identity.chain.first().map(Vec::as_slice).unwrap_or_default();
    let count = identity.chain.len();
    if let Some((name, ..)) = KEYS.iter().find(|(_, oid, _)| contains(leaf, oid)) {
        return format!("the first of {count} has a key for {name}, ours is on P-256");
    }
    match super::standing(leaf) {
        Standing::Unusable(why) if !contains(leaf, P256_OID) => format!("the first of {count} {why}"),
        _ => format!(
            "none of {count} has it, though the first has a key on P-256; was it renewed with a new key, or is it that of \
             another machine?"
        ),
    }
}

/// Names what a certificate with an unsupported key requires: a feature or another kind of key.
pub(super) fn needed_by(certificate: &[u8]) -> Option<String> {
    let (name, _, needed) = KEYS.iter().find(|(_, oid, _)| contains(certificate, oid))?;
    Some(format!(": its key is for {name}, which {needed}"))
}

/// Kinds of keys in certificates: the usual name, the bytes of the identifier, and the feature that supports them.
const KEYS: [(&str, &[u8], &str); 6] = [
    (
        "RSA",
        &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 1],
        "needs 2048 to 4096 bits, and a build with --features rsa",
    ),
    ("P-384", &[6, 5, 0x2b, 0x81, 4, 0, 0x22], "needs a build with --features p384"),
    ("P-521", &[6, 5, 0x2b, 0x81, 4, 0, 0x23], "is not supported"),
    ("secp256k1", &[6, 5, 0x2b, 0x81, 4, 0, 10], "is not supported"),
    ("Ed25519", &[0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3], "needs a build with --features ed25519"),
    ("Ed448", &[0x30, 5, 6, 3, 0x2b, 0x65, 0x71, 3], "is not supported"),
];

/// The identifier of P-256 in DER.
const P256_OID: &[u8] = &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// A public key as encoded in certificates.
struct Point {
    uncompressed: Vec<u8>,
    compressed: Vec<u8>,
}

impl Point {
    fn of(key: &[u8; 32]) -> Result<Self, FileError> {
        let broken = |_| FileError::new("the private key", "a number that is not a valid key", WANTED_KEY);
        let key = SecretKey::from_slice(key).map_err(broken)?.public_key();
        let point = |compressed| key.to_sec1_point(compressed).as_bytes().to_vec();
        Ok(Self { uncompressed: point(false), compressed: point(true) })
    }

    fn is_in(&self, certificate: &[u8]) -> bool {
        contains(certificate, &self.uncompressed) || contains(certificate, &self.compressed)
    }
}

#[cfg(test)]
mod tests {
    use p256::pkcs8::EncodePrivateKey as _;

    use super::super::encode;
    use super::*;

    fn key() -> SecretKey {
        SecretKey::from_slice(&[7; 32]).unwrap()
    }

    fn pkcs8_of(algorithm: &[u8]) -> String {
        let mut der = vec![0x30, u8::try_from(algorithm.len() + 6).unwrap(), 2, 1, 0];
        der.extend_from_slice(algorithm);
        der.extend_from_slice(&[4, 1, 0]);
        encode("PRIVATE KEY", [&der[..]])
    }

    fn read(text: &str) -> [u8; 32] {
        *key_in(text.as_bytes(), "key.pem", &Password::none()).unwrap()
    }

    fn refusal(text: &str) -> String {
        key_in(text.as_bytes(), "key.pem", &Password::none()).unwrap_err().to_string()
    }

    #[test]
    fn pkcs8_and_sec1_give_the_same_key() {
        let pkcs8 = encode("PRIVATE KEY", [key().to_pkcs8_der().unwrap().as_bytes()]);
        let sec1 = encode("EC PRIVATE KEY", [&key().to_sec1_der().unwrap()[..]]);
        assert_eq!(read(&pkcs8), [7; 32]);
        assert_eq!(read(&sec1), [7; 32]);
    }

    #[test]
    fn text_and_other_blocks_and_windows_line_ends_around_a_key_are_skipped() {
        let key = encode("EC PRIVATE KEY", [&key().to_sec1_der().unwrap()[..]]);
        let text = format!("Bag Attributes: none\n{}{key}", encode("EC PARAMETERS", [&[5, 0][..]]));
        assert_eq!(read(&text.replace('\n', "\r\n")), [7; 32]);
    }

    #[test]
    fn a_key_of_another_kind_is_named() {
        let rsa = [0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 1, 5, 0];
        let p384 = [0x30, 16, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 5, 0x2b, 0x81, 4, 0, 0x22];
        let ed25519 = [0x30, 5, 6, 3, 0x2b, 0x65, 0x70];
        assert!(refusal(&pkcs8_of(&rsa)).contains("found a key for RSA, wanted a P-256 key"));
        assert!(refusal(&pkcs8_of(&p384)).contains("found an EC key on P-384, wanted a P-256 key"));
        assert!(refusal(&pkcs8_of(&ed25519)).contains("found a key for Ed25519, wanted a P-256 key"));
        assert!(refusal(&encode("RSA PRIVATE KEY", [&[0x30, 0][..]])).contains("found an RSA key, wanted a P-256"));
    }

    #[test]
    fn a_file_without_a_key_or_with_two_lists_its_blocks() {
        let one = encode("PRIVATE KEY", [key().to_pkcs8_der().unwrap().as_bytes()]);
        assert!(refusal(&one.repeat(2)).contains("found BEGIN PRIVATE KEY, BEGIN PRIVATE KEY, wanted one block"));
        assert!(refusal(&encode("CERTIFICATE", [&[0x30, 0][..]])).contains("found BEGIN CERTIFICATE, wanted one"));
        assert!(refusal("nothing").contains("found no PEM block, wanted whole PEM blocks"));
    }
}
