//! Requests for certificates (PKCS#10, RFC 2986), written in lent memory, for a key that never leaves its place.
//!
//! ```text
//!   new        [ free                    | CertificationRequestInfo ]   message(), digest(): to be signed
//!   complete   [ SEQUENCE | CertificationRequestInfo | ecdsa-with-SHA256 | signature | free ]
//! ```
//! What signs a handshake signs the request, too: a key in memory, another task, a secure element.

use super::signature::Signature;
use crate::codec::{Writer, copy, move_to_front};
use crate::crypto::{CryptoProvider, Digest, HashAlgorithm};
use crate::der::{
    BIT_STRING, Head, INTEGER, OCTET_STRING, OID, SEQUENCE, SET, UTF8_STRING, context, context_constructed, oid,
};
use crate::error::Error;
use crate::wire::enums::SignatureScheme;
use crate::x509::is_host_name;
use core::fmt;

/// The most characters of a common name and of an organization (RFC 5280 appendix A.1).
const MAX_CHARACTERS: usize = 64;

/// The names in a request. The authority decides which of them it certifies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CertificationSubject<'a> {
    /// The common name, of 1 to 64 characters (RFC 5280 appendix A.1, `ub-common-name`).
    pub common_name: &'a str,
    /// The organization, of at most 64 characters (`ub-organization-name`); empty for none.
    pub organization: &'a str,
    /// DNS names, as subject alternative names. The first label may be `*`.
    pub dns_names: &'a [&'a str],
}

/// A request for a certificate of a key on P-256, without its signature.
pub struct CertificationRequest<'o> {
    out: &'o mut [u8],
    /// The place of the first byte of the part to sign, which ends with the memory.
    at: usize,
}

debug_by_name!("CertificationRequest", [] CertificationRequest<'_>);

/// A request that cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum CertificationError {
    /// The memory is too small: a request takes about 250 bytes beside its names.
    BufferTooSmall,
    /// The common name is empty, it or the organization is longer than 64 characters, or a DNS name is invalid.
    NameUnusable,
    /// The signature is not one of ECDSA on P-256: it is of another kind, too long, or `r` or `s` is zero.
    SignatureMalformed,
}

impl fmt::Display for CertificationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BufferTooSmall => "the memory is too small for the request",
            Self::NameUnusable => {
                "the common name is empty or too long, the organization is too long, or a DNS name is invalid"
            }
            Self::SignatureMalformed => "the signature is not one of ECDSA on P-256",
        })
    }
}

impl core::error::Error for CertificationError {}

impl<'o> CertificationRequest<'o> {
    /// Writes a request for the key with this uncompressed point (SEC 1 section 2.3.3), up to its signature.
    ///
    /// # Errors
    /// [`CertificationError::NameUnusable`], or [`CertificationError::BufferTooSmall`].
    pub fn new(
        subject: &CertificationSubject<'_>,
        public_key: &[u8; 65],
        out: &'o mut [u8],
    ) -> Result<Self, CertificationError> {
        let CertificationSubject { common_name, organization, dns_names } = subject;
        let is_short = |name: &str| name.chars().nth(MAX_CHARACTERS).is_none();
        let is_dns_name = |name: &&str| is_host_name(name.strip_prefix("*.").unwrap_or(name).as_bytes());
        let fit = !common_name.is_empty() && is_short(common_name) && is_short(organization);
        if !fit || !dns_names.iter().all(is_dns_name) {
            return Err(CertificationError::NameUnusable);
        }
        let at = out.len();
        let mut w = Backwards { out, at: Some(at) };
        // RFC 2986 section 4.1: version 0, subject, subjectPKInfo, attributes.
        w.nest(SEQUENCE, |w| {
            w.nest(context_constructed(0), |w| attributes(w, dns_names));
            w.nest(SEQUENCE, |w| {
                w.value(BIT_STRING, &[&[0], public_key]);
                w.nest(SEQUENCE, |w| {
                    w.value(OID, &[oid::SECP256R1]);
                    w.value(OID, &[oid::EC_PUBLIC_KEY]);
                });
            });
            w.nest(SEQUENCE, |w| {
                attribute(w, oid::COMMON_NAME, common_name);
                if !organization.is_empty() {
                    attribute(w, oid::ORGANIZATION, organization);
                }
            });
            w.value(INTEGER, &[&[0]]);
        });
        let at = w.at.ok_or(CertificationError::BufferTooSmall)?;
        Ok(Self { out, at })
    }

    /// Returns the content to sign, for signers that hash it themselves.
    pub fn message(&self) -> &[u8] {
        self.out.get(self.at..).unwrap_or_default()
    }

    /// Returns the SHA-256 digest of the [message](Self::message), for signers that take digests.
    ///
    /// # Errors
    /// [`Error::ProviderFailed`] if the provider does not have the hash.
    pub fn digest<C: CryptoProvider>(&self, provider: C) -> Result<Digest, Error> {
        Ok(provider.digest(HashAlgorithm::Sha256, &[self.message()])?)
    }

    /// Adds the signature, and returns the request in DER, at the beginning of the memory.
    ///
    /// # Errors
    /// [`CertificationError::SignatureMalformed`], or [`CertificationError::BufferTooSmall`].
    pub fn complete(self, signature: &Signature) -> Result<&'o [u8], CertificationError> {
        let mut der = [0; Signature::MAX_DER];
        let signature = signature.encode(SignatureScheme::ECDSA_SECP256R1_SHA256, &mut der);
        // Any number of bytes up to 72 is a signature on P-256; an encoded one was made elsewhere.
        let signature = signature.filter(|der| der.len() <= 72).ok_or(CertificationError::SignatureMalformed)?;
        let mut tail = [0; 96];
        let mut w = Writer::new(&mut tail);
        // RFC 5758 section 3.2: the parameters are absent.
        w.u8(SEQUENCE);
        w.vec8(|w| {
            w.u8(OID);
            w.vec8(|w| w.bytes(oid::ECDSA_WITH_SHA256));
        });
        w.u8(BIT_STRING);
        w.vec8(|w| {
            w.u8(0);
            w.bytes(signature);
        });
        let tail = w.written();
        let Self { out, at } = self;
        let info = out.get(at..).unwrap_or_default();
        let head = Head::of(SEQUENCE, &[info, tail]).ok_or(CertificationError::BufferTooSmall)?;
        let head = head.as_bytes();
        let end = head.len().saturating_add(info.len());
        let whole = end.saturating_add(tail.len());
        if out.len() < whole {
            return Err(CertificationError::BufferTooSmall);
        }
        let all = at..out.len();
        move_to_front(out, all, head.len());
        copy(out, head);
        copy(out.get_mut(end..).unwrap_or_default(), tail);
        Ok(out.get(..whole).unwrap_or_default())
    }
}

/// Writes the extension that asks for DNS names (RFC 2985 section 5.4.2, RFC 5280 section 4.2.1.6).
fn attributes(w: &mut Backwards<'_>, dns_names: &[&str]) {
    if dns_names.is_empty() {
        return;
    }
    w.nest(SEQUENCE, |w| {
        w.nest(SET, |w| {
            w.nest(SEQUENCE, |w| {
                w.nest(SEQUENCE, |w| {
                    w.nest(OCTET_STRING, |w| {
                        w.nest(SEQUENCE, |w| {
                            for name in dns_names.iter().rev() {
                                w.value(context(2), &[name.as_bytes()]);
                            }
                        });
                    });
                    w.value(OID, &[oid::SUBJECT_ALT_NAME]);
                });
            });
        });
        w.value(OID, &[oid::EXTENSION_REQUEST]);
    });
}

/// Writes a part of a distinguished name.
fn attribute(w: &mut Backwards<'_>, kind: &[u8], value: &str) {
    w.nest(SET, |w| {
        w.nest(SEQUENCE, |w| {
            w.value(UTF8_STRING, &[value.as_bytes()]);
            w.value(OID, &[kind]);
        });
    });
}

/// Writes DER from its end to its beginning, so that each length is known when it is written.
struct Backwards<'o> {
    out: &'o mut [u8],
    /// The place of the first byte; `None` if there was no room.
    at: Option<usize>,
}

impl Backwards<'_> {
    fn bytes(&mut self, bytes: &[u8]) {
        self.at = self.at.and_then(|at| at.checked_sub(bytes.len()));
        if let Some(place) = self.at.and_then(|at| self.out.get_mut(at..)) {
            copy(place, bytes);
        }
    }

    /// Writes a value that consists of parts.
    fn value(&mut self, tag: u8, parts: &[&[u8]]) {
        self.nest(tag, |w| parts.iter().rev().for_each(|part| w.bytes(part)));
    }

    /// Writes tag and length in front of what `body` writes, which is the last part first.
    fn nest(&mut self, tag: u8, body: impl FnOnce(&mut Self)) {
        let end = self.at;
        body(self);
        let head = self.at.zip(end).and_then(|(at, end)| Head::of(tag, &[self.out.get(at..end)?]));
        match head {
            Some(head) => self.bytes(head.as_bytes()),
            None => self.at = None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::der::Reader;
    use std::vec;

    const SUBJECT: CertificationSubject<'static> = CertificationSubject {
        common_name: "gateway-0042",
        organization: "Example Bottling",
        dns_names: &["a.example", "b"],
    };

    fn written(subject: &CertificationSubject<'_>, len: usize) -> Result<vec::Vec<u8>, CertificationError> {
        let mut out = vec![0xaa; len];
        let request = CertificationRequest::new(subject, &[4; 65], &mut out)?;
        request.complete(&Signature::P256([0x81; 64])).map(<[u8]>::to_vec)
    }

    #[test]
    fn a_request_is_der_with_all_names() {
        let der = written(&SUBJECT, 512).unwrap();
        let mut whole = Reader::inside(&der, SEQUENCE).unwrap();
        let mut info = whole.nested(SEQUENCE).unwrap();
        assert_eq!(info.value(INTEGER), Ok(&[0][..]));
        let subject = b"\x31\x19\x30\x17\x06\x03\x55\x04\x0a\x0c\x10Example Bottling\x31\x15\x30\x13\x06\x03\x55\x04\x03\x0c\x0cgateway-0042";
        assert_eq!(info.value(SEQUENCE), Ok(&subject[..]));
        let mut key = info.nested(SEQUENCE).unwrap();
        let mut algorithm = key.nested(SEQUENCE).unwrap();
        assert_eq!((algorithm.value(OID), algorithm.value(OID)), (Ok(oid::EC_PUBLIC_KEY), Ok(oid::SECP256R1)));
        algorithm.finish().unwrap();
        assert_eq!(key.value(BIT_STRING).unwrap()[1..], [4; 65]);
        let mut attribute = info.nested(context_constructed(0)).unwrap().nested(SEQUENCE).unwrap();
        assert_eq!(attribute.value(OID), Ok(oid::EXTENSION_REQUEST));
        let mut set = attribute.nested(SET).unwrap();
        let mut extension = set.nested(SEQUENCE).unwrap().nested(SEQUENCE).unwrap();
        assert_eq!(extension.value(OID), Ok(oid::SUBJECT_ALT_NAME));
        assert_eq!(extension.value(OCTET_STRING), Ok(&b"\x30\x0e\x82\x09a.example\x82\x01b"[..]));
        info.finish().unwrap();
        assert_eq!(whole.nested(SEQUENCE).unwrap().value(OID), Ok(oid::ECDSA_WITH_SHA256));
        assert_eq!(whole.value(BIT_STRING).unwrap().len(), 73);
        whole.finish().unwrap();
    }

    #[test]
    fn what_is_not_asked_for_is_not_in_a_request_and_its_content_is_what_is_signed() {
        let subject = CertificationSubject { common_name: "g", ..CertificationSubject::default() };
        let mut out = [0; 256];
        let request = CertificationRequest::new(&subject, &[4; 65], &mut out).unwrap();
        let message = request.message().to_vec();
        let der = request.complete(&Signature::P256([0x81; 64])).unwrap();
        assert!(der.get(3..).is_some_and(|der| der.starts_with(&message)));
        let mut info = Reader::inside(&message, SEQUENCE).unwrap();
        assert_eq!(info.value(INTEGER), Ok(&[0][..]));
        assert_eq!(info.value(SEQUENCE), Ok(&b"\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x01g"[..]));
        info.value(SEQUENCE).unwrap();
        assert_eq!(info.value(context_constructed(0)), Ok(&[][..]));
    }

    #[test]
    fn every_memory_that_is_too_small_is_refused() {
        for subject in [SUBJECT, CertificationSubject { common_name: "g", ..CertificationSubject::default() }] {
            let needed = written(&subject, 1024).unwrap();
            for len in 0..needed.len() {
                assert_eq!(written(&subject, len), Err(CertificationError::BufferTooSmall), "{len}");
            }
            assert_eq!(written(&subject, needed.len()).unwrap(), needed);
        }
    }

    #[test]
    fn names_and_signatures_that_cannot_be_written_are_refused() {
        let (most, long) = ("\u{fc}".repeat(64), "g".repeat(65));
        let written_with = |common_name, organization, dns_name| {
            written(&CertificationSubject { common_name, organization, dns_names: &[dns_name] }, 1024)
        };
        for name in ["a.example", "*.a.example", "gateway-0042", "a_b", "10.example"] {
            assert!(written_with(&most, &most, name).is_ok(), "{name}");
        }
        for name in ["", "\u{fc}.example", "a b", "x\n", "a..b", ".a", "a.", "-a", "a-.b", "*", "*.", "*.*.a", "a.*.b"]
        {
            assert_eq!(written_with("g", "", name), Err(CertificationError::NameUnusable), "{name}");
        }
        for (common_name, organization) in [("", ""), (&*long, ""), ("g", &*long)] {
            let refused = written_with(common_name, organization, "a");
            assert_eq!(refused, Err(CertificationError::NameUnusable), "{common_name}, {organization}");
        }
        let mut out = [0; 512];
        let request = CertificationRequest::new(&SUBJECT, &[4; 65], &mut out).unwrap();
        assert_eq!(request.complete(&Signature::P256([0; 64])), Err(CertificationError::SignatureMalformed));
    }
}
