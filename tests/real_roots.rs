//! The roots that Debian trusts: each is read, and its signature over itself verifies.
#![cfg(feature = "all-algorithms")]

use embedded_mtls::crypto::rustcrypto::RustCrypto;
use embedded_mtls::crypto::{CryptoProvider, Hash, SignatureAlgorithm};
use embedded_mtls::x509::TrustAnchor;

const DIRECTORY: &str = "/usr/share/ca-certificates/mozilla";

/// Roots of Debian's package ca-certificates, by name of file, as DER.
fn roots() -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(DIRECTORY)
        .unwrap_or_else(|error| panic!("{DIRECTORY}: {error}; `apt-get install ca-certificates` puts it there"));
    let mut roots = Vec::new();
    for path in entries.map(|entry| entry.unwrap().path()) {
        let text = std::fs::read(&path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let blocks = pem::parse_many(text).unwrap();
        assert!(!blocks.is_empty(), "{name} holds no certificate");
        roots.extend(blocks.into_iter().map(|block| (name.clone(), block.into_contents())));
    }
    roots.sort();
    assert!(roots.len() > 100, "{} roots are too few", roots.len());
    roots
}

/// A reader of DER that trusts its input.
#[derive(Clone, Copy)]
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    /// The next element, with its tag and length, and its content.
    fn next(&mut self) -> (&'a [u8], Der<'a>) {
        let (len, head) = match self.0[1] {
            0x81 => (usize::from(self.0[2]), 3),
            0x82 => (usize::from(u16::from_be_bytes([self.0[2], self.0[3]])), 4),
            len => (usize::from(len), 2),
        };
        let (whole, rest) = self.0.split_at(head + len);
        self.0 = rest;
        (whole, Der(&whole[head..]))
    }

    fn inside(&mut self) -> Der<'a> {
        self.next().1
    }
}

/// A certificate that signed itself.
struct Root<'a> {
    tbs: &'a [u8],
    /// `AlgorithmIdentifier` of the signature.
    signature_kind: &'a [u8],
    signature: &'a [u8],
    /// `AlgorithmIdentifier` of the key.
    key_kind: &'a [u8],
    key: &'a [u8],
}

impl<'a> Root<'a> {
    fn read(der: &'a [u8]) -> Self {
        let mut certificate = Der(der).inside();
        let (tbs, _) = certificate.next();
        let (signature_kind, _) = certificate.next();
        let signature = &certificate.inside().0[1..];
        let mut fields = Der(tbs).inside();
        if fields.0[0] == 0xa0 {
            fields.next();
        }
        // Serial number, algorithm, issuer, validity, subject.
        for _ in 0..5 {
            fields.next();
        }
        let mut info = fields.inside();
        let (key_kind, _) = info.next();
        Self { tbs, signature_kind, signature, key_kind, key: &info.inside().0[1..] }
    }

    /// `None` for SHA-1, with which some old roots signed themselves.
    fn algorithm(&self) -> Option<SignatureAlgorithm> {
        const P256: &[u8] = b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";
        const P384: &[u8] = b"\x06\x05\x2b\x81\x04\x00\x22";
        let Some((last, start)) = self.signature_kind.strip_suffix(&[5, 0]).unwrap_or(self.signature_kind).split_last()
        else {
            panic!("an empty identifier")
        };
        let rsa = start.ends_with(b"\x2a\x86\x48\x86\xf7\x0d\x01\x01");
        let ecdsa = start.ends_with(b"\x2a\x86\x48\xce\x3d\x04\x03");
        let (p256, p384) = (self.key_kind.ends_with(P256), self.key_kind.ends_with(P384));
        Some(match last {
            5 if rsa => return None,
            11 if rsa => SignatureAlgorithm::RsaPkcs1Sha256,
            12 if rsa => SignatureAlgorithm::RsaPkcs1Sha384,
            13 if rsa => SignatureAlgorithm::RsaPkcs1Sha512,
            2 if ecdsa && p256 => SignatureAlgorithm::EcdsaP256Sha256,
            3 if ecdsa && p256 => SignatureAlgorithm::EcdsaP256Sha384,
            2 if ecdsa && p384 => SignatureAlgorithm::EcdsaP384Sha256,
            3 if ecdsa && p384 => SignatureAlgorithm::EcdsaP384Sha384,
            _ => panic!("{:02x?}", self.signature_kind),
        })
    }
}

#[test]
fn each_root_of_debian_is_an_anchor_and_signed_itself() {
    let (mut verified, mut with_sha1) = (0, 0);
    for (name, der) in roots() {
        assert!(TrustAnchor::from_certificate(&der).is_ok(), "{name}: {:?}", TrustAnchor::from_certificate(&der).err());
        let root = Root::read(&der);
        let Some(algorithm) = root.algorithm() else {
            with_sha1 += 1;
            continue;
        };
        let mut hash = RustCrypto.hash(algorithm.hash().unwrap()).unwrap();
        hash.update(root.tbs);
        let digest = hash.finish();
        let verify = |digest: &[u8]| RustCrypto.verify(algorithm, root.key, digest, root.signature);
        assert_eq!(verify(digest.as_bytes()), Ok(()), "{name} {algorithm:?}");
        let mut other = digest.as_bytes().to_vec();
        other[0] ^= 1;
        assert!(verify(&other).is_err(), "{name} {algorithm:?}");
        verified += 1;
    }
    println!("{verified} roots verified; {with_sha1} signed themselves with SHA-1 and are anchors all the same");
    assert!(verified > 2 * with_sha1, "{verified} {with_sha1}");
}
