//! Private keys in files, and the certificates that they belong to.

use pkcs8::{EncryptedPrivateKeyInfoRef, SecretDocument};

use super::blocks::Block;
use super::{FileError, Identity, Password, Standing, labels};
use crate::key::{Key, KeyError, KeyKind};

/// Returns the only private key among the blocks of a file.
pub(super) fn key_among(blocks: &[Block], file: &str, password: &Password) -> Result<Key, FileError> {
    let mut keys = blocks.iter().filter(|block| block.label.is_private_key());
    let (Some(block), None) = (keys.next(), keys.next()) else {
        return Err(FileError::new(file, labels(blocks), "one block BEGIN PRIVATE KEY or BEGIN EC PRIVATE KEY"));
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
        "PRIVATE KEY" => Key::from_der(&block.der),
        "ENCRYPTED PRIVATE KEY" => Key::from_der(decrypted(&block.der, file, password)?.as_bytes()),
        "EC PRIVATE KEY" => Key::from_sec1(&block.der),
        "RSA PRIVATE KEY" => Key::from_pkcs1(&block.der),
        "OPENSSH PRIVATE KEY" => {
            let wanted = "PKCS#8: ssh-keygen -p -N '' -m PKCS8 -f FILE converts it in place";
            return Err(FileError::new(file, "an OpenSSH key", wanted));
        }
        other => return Err(FileError::new(file, format!("BEGIN {other}"), WANTED_KEY)),
    };
    let key = key.and_then(strong).map_err(|KeyError(found)| FileError::new(file, found, WANTED_KEY))?;
    Ok(key)
}

/// Returns the key unless no peer accepts one of its size: NIST SP 800-57 part 1 rules out less than 2048 bits, and peers with
/// bounded memory, as this one, more than 4096.
fn strong(key: Key) -> Result<Key, KeyError> {
    match key.kind() {
        KeyKind::Rsa(bits @ ..2048) => Err(KeyError(format!("an RSA key with {bits} bits, which is too weak"))),
        KeyKind::Rsa(bits @ 4097..) => Err(KeyError(format!("an RSA key with {bits} bits, which is too long"))),
        _ => Ok(key),
    }
}

/// Decrypts an encrypted PKCS#8 key (RFC 5958 section 3) that a password protects by PBES2 (RFC 8018 section 6.2).
pub(super) fn decrypted(der: &[u8], file: &str, password: &Password) -> Result<SecretDocument, FileError> {
    let info = EncryptedPrivateKeyInfoRef::try_from(der).map_err(|_| {
        let found = "an encrypted private key that is malformed, or uses an unsupported scheme";
        FileError::new(file, found, WANTED_SCHEME)
    })?;
    if let Some(demand) = excessive(&info) {
        return Err(FileError::new(file, demand, WANTED_SCHEME));
    }
    info.decrypt(password.of("an encrypted private key", file)?).map_err(|error| match error {
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

/// The keys with which the programs sign.
#[cfg(feature = "rsa")]
const WANTED_KEY: &str = "a key on P-256 or P-384, for Ed25519, or for RSA with 2048 to 4096 bits: openssl genpkey -algorithm EC \
                          -pkeyopt ec_paramgen_curve:P-256 -out key.pem creates one";
/// The keys with which a build with fewer algorithms signs.
#[cfg(not(feature = "rsa"))]
const WANTED_KEY: &str =
    "a P-256 key: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem creates one";

/// Returns whether a certificate contains the public key, as a point in any form (SEC 1 section 2.3.3). This only improves
/// messages: the peer verifies a signature.
pub(super) fn is_in(key: &Key, certificate: &[u8]) -> bool {
    contains(certificate, key.public()) || key.compressed().is_some_and(|point| contains(certificate, &point))
}

/// Finds the certificate of the chain that contains the public key.
pub(super) fn owner(identity: &Identity) -> Option<usize> {
    identity.chain.iter().position(|certificate| is_in(&identity.key, certificate))
}

/// Returns whether the first certificate has the key as a compressed point.
pub(super) fn is_compressed(identity: &Identity) -> bool {
    let leaf = identity.chain.first().map(Vec::as_slice).unwrap_or_default();
    identity.key.compressed().is_some_and(|point| contains(leaf, &point))
}

/// Describes the first certificate, if it does not belong to our key.
pub(super) fn whose(identity: &Identity) -> String {
    let leaf = identity.chain.first().map(Vec::as_slice).unwrap_or_default();
    let (count, ours) = (identity.chain.len(), kind(&identity.key));
    match (KEYS.iter().find(|(_, oid, _)| contains(leaf, oid)), super::standing(leaf)) {
        (Some((theirs, ..)), _) if *theirs != ours => {
            format!("the first of {count} has a key {theirs}, ours is {ours}")
        }
        (None, Standing::Unusable(why)) => format!("the first of {count} {why}"),
        _ => format!(
            "none of {count} has it, though the first has a key {ours}; was it renewed with a new key, or is it that of \
             another machine?"
        ),
    }
}

/// Describes the kind of a key, after a noun.
fn kind(key: &Key) -> &'static str {
    match key.kind() {
        KeyKind::Ed25519 => "for Ed25519",
        KeyKind::P256 => "on P-256",
        KeyKind::P384 => "on P-384",
        KeyKind::Rsa(_) => "for RSA",
    }
}

/// Names what a certificate with an unsupported key requires: a feature or another kind of key.
pub(super) fn needed_by(certificate: &[u8]) -> Option<String> {
    let (name, _, needed) = KEYS.iter().find(|(_, oid, _)| contains(certificate, oid))?;
    (!needed.is_empty()).then(|| format!(": its key is {name}, which {needed}"))
}

/// Kinds of keys in certificates: a description, the bytes of the identifier, and the feature that supports them. Those of
/// the Edwards curves are last, since signatures have them too.
const KEYS: [(&str, &[u8], &str); 7] = [
    ("on P-256", &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7], ""),
    (
        "for RSA",
        &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 1],
        "needs 2048 to 4096 bits, and a build with --features rsa",
    ),
    ("on P-384", &[6, 5, 0x2b, 0x81, 4, 0, 0x22], "needs a build with --features p384"),
    ("on P-521", &[6, 5, 0x2b, 0x81, 4, 0, 0x23], "is not supported"),
    ("on secp256k1", &[6, 5, 0x2b, 0x81, 4, 0, 10], "is not supported"),
    ("for Ed25519", &[0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3], "needs a build with --features ed25519"),
    ("for Ed448", &[0x30, 5, 6, 3, 0x2b, 0x65, 0x71, 3], "is not supported"),
];

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use p256::SecretKey;
    use p256::pkcs8::EncodePrivateKey as _;

    use super::super::blocks::blocks;
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

    fn key_in(bytes: &[u8]) -> Result<Key, FileError> {
        key_among(&blocks(bytes, "key.pem")?, "key.pem", &Password::none())
    }

    fn read(text: impl AsRef<[u8]>) -> [u8; 32] {
        *key_in(text.as_ref()).unwrap().p256().unwrap()
    }

    fn refusal(text: &str) -> String {
        key_in(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn pkcs8_and_sec1_give_the_same_key_as_pem_and_as_der() {
        let (pkcs8, sec1) = (key().to_pkcs8_der().unwrap(), key().to_sec1_der().unwrap());
        assert_eq!(read(encode("PRIVATE KEY", [pkcs8.as_bytes()])), [7; 32]);
        assert_eq!(read(encode("EC PRIVATE KEY", [&sec1[..]])), [7; 32]);
        assert_eq!(read(pkcs8.as_bytes()), [7; 32]);
        assert_eq!(read(&sec1[..]), [7; 32]);
    }

    #[test]
    fn text_and_other_blocks_and_windows_line_ends_around_a_key_are_skipped() {
        let key = encode("EC PRIVATE KEY", [&key().to_sec1_der().unwrap()[..]]);
        let text = format!("Bag Attributes: none\n{}{key}", encode("EC PARAMETERS", [&[5, 0][..]]));
        assert_eq!(read(text.replace('\n', "\r\n")), [7; 32]);
    }

    #[test]
    fn a_key_of_another_kind_is_named() {
        let p521 = [0x30, 16, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 5, 0x2b, 0x81, 4, 0, 0x23];
        let ed448 = [0x30, 5, 6, 3, 0x2b, 0x65, 0x71];
        assert!(refusal(&pkcs8_of(&p521)).contains("found an EC key on P-521, wanted a key on P-256 or P-384"));
        assert!(refusal(&pkcs8_of(&ed448)).contains("found a key for Ed448, wanted a key on P-256 or P-384"));
        let told = refusal(&encode("RSA PRIVATE KEY", [&[0x30, 0][..]]));
        assert!(told.contains("found a malformed RSA key"), "{told}");
    }

    #[test]
    fn a_file_without_a_key_or_with_two_lists_its_blocks() {
        let one = encode("PRIVATE KEY", [key().to_pkcs8_der().unwrap().as_bytes()]);
        assert!(refusal(&one.repeat(2)).contains("found BEGIN PRIVATE KEY, BEGIN PRIVATE KEY, wanted one block"));
        assert!(refusal(&encode("CERTIFICATE", [&[0x30, 0][..]])).contains("found BEGIN CERTIFICATE, wanted one"));
        assert!(refusal("nothing").contains("found no PEM block, wanted whole PEM blocks"));
    }
}
