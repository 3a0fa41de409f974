//! Files that are not PEM: their formats, and the commands that convert them to PEM.

/// Describes a file that is neither PEM nor a DER file that can be read, and what is required instead.
pub(super) fn foreign(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    match bytes {
        [0xfe, 0xff, ..] | [0xff, 0xfe, ..] | [0, b'-' | b'M', ..] | [b'-' | b'M', 0, ..] => {
            Some(("text in UTF-16", "ASCII: iconv -f UTF-16 -t ASCII FILE > new.pem converts it"))
        }
        [0xfe, 0xed, 0xfe, 0xed, ..] => Some(("a Java keystore (JKS)", OF_KEYTOOL)),
        [0xce, 0xce, 0xce, 0xce, ..] => Some(("a Java keystore (JCEKS)", OF_KEYTOOL)),
        // A version, then the length of a salt.
        [0, 0, 0, 1 | 2, 0, 0, 0, 20, ..] => Some((
            "a keystore of Bouncy Castle (BKS)",
            "PKCS#12: keytool -importkeystore -srcstoretype BKS -provider org.bouncycastle.jce.provider.BouncyCastleProvider \
             -providerpath bcprov.jar -srckeystore FILE -destkeystore new.p12 -deststoretype PKCS12",
        )),
        [0x30, ..] if label(bytes).is_none() => Some(der(bytes)),
        _ => None,
    }
}

/// The way out of a Java keystore.
const OF_KEYTOOL: &str =
    "PKCS#12: keytool -importkeystore -srckeystore FILE -destkeystore new.p12 -deststoretype PKCS12 converts it";

/// Returns the label that a PEM file with this DER would have, by the values with which it begins; `None` for anything but a
/// certificate or a key.
pub(super) fn label(der: &[u8]) -> Option<&'static str> {
    const PBE: [&[u8]; 2] =
        [&[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 5], &[6, 10, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 12]];
    if der.first() != Some(&0x30) {
        return None;
    }
    match content(der) {
        [2, 1, 0 | 1, 0x30, ..] => Some("PRIVATE KEY"),
        [2, 1, 1, 4, ..] => Some("EC PRIVATE KEY"),
        [2, 1, 0, 2, ..] => Some("RSA PRIVATE KEY"),
        inner @ [0x30, ..] => match content(inner) {
            [0xa0 | 2, ..] => Some("CERTIFICATE"),
            scheme if PBE.iter().any(|oid| scheme.starts_with(oid)) => Some("ENCRYPTED PRIVATE KEY"),
            [6, ..] => Some("PUBLIC KEY"),
            _ => None,
        },
        _ => None,
    }
}

/// The arc of PKCS#7, in DER.
const PKCS7: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 7];

/// Returns whether a file begins as PKCS#12 does: version 3, then PKCS#7.
pub(super) fn is_pkcs12(bytes: &[u8]) -> bool {
    let behind = content(bytes).strip_prefix(&[2, 1, 3]);
    bytes.first() == Some(&0x30) && behind.is_some_and(|behind| content(behind).starts_with(PKCS7))
}

/// Describes a DER file by the values with which it begins.
fn der(bytes: &[u8]) -> (&'static str, &'static str) {
    let inner = content(bytes);
    if is_pkcs12(bytes) {
        return (
            "a PKCS#12 file (.p12, .pfx)",
            "PEM: openssl pkcs12 -in FILE -nodes -out new.pem asks for its password and writes the key and the certificates",
        );
    }
    if inner.starts_with(PKCS7) {
        return (
            "certificates as PKCS#7 (.p7b) in DER",
            "PEM: openssl pkcs7 -inform DER -in FILE -print_certs -out new.pem converts it",
        );
    }
    ("other DER, or binary data", "a PEM file, or a certificate or key in DER")
}

/// Returns the content of a value: the bytes after its tag and length.
pub(crate) fn content(value: &[u8]) -> &[u8] {
    let behind = match value {
        [_, 0x80, rest @ ..] | [_, 0x81, _, rest @ ..] | [_, 0x82, _, _, rest @ ..] | [_, 0x83, _, _, _, rest @ ..] => {
            Some(rest)
        }
        [_, length, rest @ ..] if *length < 0x80 => Some(rest),
        _ => None,
    };
    behind.unwrap_or_default()
}

/// Splits the value at the beginning of `bytes` from the rest.
pub(super) fn split_value(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let header = bytes.len() - content(bytes).len();
    let length = match bytes.get(1..header)? {
        [short] => usize::from(*short),
        [_, long @ ..] => long.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)),
        [] => return None,
    };
    bytes.split_at_checked(header + length)
}

/// Returns whether all of a text is base64 of something that may be DER.
pub(super) fn is_base64_of_der(text: &str) -> bool {
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=\r\n ".contains(&byte);
    // 0x30, and a length in one to three bytes.
    text.trim_start().starts_with('M') && text.bytes().all(is_base64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATA: [u8; 11] = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 7, 2];

    fn seq(inner: &[u8]) -> Vec<u8> {
        [&[0x30, u8::try_from(inner.len()).unwrap()], inner].concat()
    }

    #[test]
    fn other_formats_than_pem_are_named_with_the_command_that_converts_them() {
        for (bytes, found, command) in [
            (seq(&[&[2, 1, 3][..], &seq(&DATA)].concat()), "a PKCS#12 file (.p12, .pfx)", "openssl pkcs12 "),
            (seq(&DATA), "certificates as PKCS#7 (.p7b) in DER", "openssl pkcs7 -inform DER"),
            (vec![0x30, 0x82], "other DER, or binary data", "PEM"),
            (b"\xff\xfe-\0-\0".to_vec(), "text in UTF-16", "iconv"),
            (b"\0-\0-".to_vec(), "text in UTF-16", "iconv"),
            (vec![0xfe, 0xed, 0xfe, 0xed, 0, 0], "a Java keystore (JKS)", "keytool"),
            (vec![0xce, 0xce, 0xce, 0xce, 0, 0], "a Java keystore (JCEKS)", "keytool"),
            (vec![0, 0, 0, 2, 0, 0, 0, 20, 7], "a keystore of Bouncy Castle (BKS)", "keytool"),
        ] {
            let (name, wanted) = foreign(&bytes).expect(found);
            assert!(name == found && wanted.contains(command), "{name}, {wanted}");
            assert_eq!(label(&bytes), None);
        }
        assert_eq!(foreign(b"-----BEGIN"), None);
    }

    #[test]
    fn certificates_and_keys_in_der_are_recognized() {
        for (bytes, found) in [
            (seq(&seq(&[0xa0, 3, 2, 1, 2])), "CERTIFICATE"),
            (seq(&seq(&[2, 1, 9])), "CERTIFICATE"),
            (seq(&[2, 1, 1, 4, 0]), "EC PRIVATE KEY"),
            (seq(&[2, 1, 0, 0x30, 0]), "PRIVATE KEY"),
            (seq(&[2, 1, 0, 2, 1, 5]), "RSA PRIVATE KEY"),
            (seq(&seq(&[6, 1, 0])), "PUBLIC KEY"),
            (seq(&seq(&[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 5, 13])), "ENCRYPTED PRIVATE KEY"),
        ] {
            assert_eq!((label(&bytes), foreign(&bytes)), (Some(found), None));
        }
    }

    #[test]
    fn a_value_is_split_from_the_bytes_after_it() {
        assert_eq!(split_value(&[0x30, 1, 7, 9]), Some((&[0x30, 1, 7][..], &[9][..])));
        assert_eq!(split_value(&[0x30, 0x81, 1, 7]), Some((&[0x30, 0x81, 1, 7][..], &[][..])));
        assert_eq!(split_value(&[0x30, 2, 7]), None);
        assert_eq!(split_value(&[0x30]), None);
    }
}
