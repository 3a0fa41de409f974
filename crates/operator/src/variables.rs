//! The facts in a peer's certificate as variables, under the names of Apache's `mod_ssl`.

use core::fmt;
use core::net::IpAddr;

use embedded_mtls::Escaped;
use embedded_mtls::x509::{
    Attribute, Civil, KeyAlgorithm, Name, PeerIdentity, SignatureKind, SubjectAltName, UnixTime,
};

const SECONDS_A_DAY: i64 = 86_400;

/// Attributes of one name, and alternative names, that become variables; further ones are omitted.
const MAX_OF_A_KIND: usize = 64;

/// The result of verifying the peer, as in `SSL_CLIENT_VERIFY`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Verify {
    /// The path was not verified, as for [`ConnectionFailure::claimed_peer`](embedded_mtls::ConnectionFailure::claimed_peer).
    Failed,
    /// Something was waived.
    Generous,
    /// The peer is authenticated.
    Success,
}

/// One fact of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variable<'a> {
    /// Its name, without the prefix `SSL_CLIENT_` or `SSL_SERVER_`.
    pub name: VariableName,
    /// Its value.
    pub value: VariableValue<'a>,
}

/// The name of a variable; `Display` writes it: `S_DN_OU_1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VariableName {
    stem: &'static str,
    part: &'static str,
    number: Option<usize>,
}

/// The value of a variable; `Display` writes it in one line, as Apache does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VariableValue<'a> {
    /// An attribute of a name.
    Attribute(Attribute<'a>),
    /// Days.
    Days(i64),
    /// Bytes, in capital digits.
    Hex(&'a [u8]),
    /// An address.
    Ip(IpAddr),
    /// A distinguished name.
    Name(Name<'a>),
    /// A digest, in capital digits.
    Sha256([u8; 32]),
    /// Text.
    Text(&'a str),
    /// A point in time: `Nov 22 04:00:00 2026 GMT`.
    Time(UnixTime),
}

impl<'a> Variable<'a> {
    /// Lists the facts of a peer's certificate under the names of Apache's variables: `SSL_CLIENT_` and the name on a
    /// server, `SSL_SERVER_` on a client.
    ///
    /// | Name | Value |
    /// |---|---|
    /// | `VERIFY` | `verify`, as `SUCCESS`, `GENEROUS` or `FAILED`; without a certificate it would be `NONE` |
    /// | `M_VERSION` `M_SERIAL` | version and serial number of the certificate |
    /// | `S_DN` `I_DN` | subject and issuer |
    /// | `S_DN_CN` `I_DN_O` … | their parts `C` `ST` `L` `O` `OU` `CN` `T` `I` `G` `S` `D` `UID` `Email`; the second of its kind is `S_DN_OU_1` |
    /// | `V_START` `V_END` | the validity |
    /// | `V_REMAIN` | whole days from `now` until it ends; 0 if it has ended |
    /// | `A_SIG` `A_KEY` | the kinds of the signature and of the key |
    /// | `SAN_Email_0` `SAN_DNS_0` … | alternative names, each kind counted from 0 |
    /// | `SAN_IP_0` `SAN_URI_0` … `SHA256` | not in Apache: addresses, URIs, the fingerprint |
    ///
    /// Apache also has `CERT`, `CERT_CHAIN_n` and `CERT_RFC4523_CEA`, whole certificates, which the core does not keep,
    /// and `SAN_OTHER_msUPN_n`. If a name has several common names, `S_DN_CN` is the first, like
    /// [`common_name`](PeerIdentity::common_name).
    pub fn all_of(peer: &PeerIdentity<'a>, now: UnixTime, verify: Verify) -> impl Iterator<Item = Self> + use<'a> {
        use VariableValue as Value;
        let remain = peer.not_after().0.saturating_sub(now.0) / SECONDS_A_DAY;
        let front = [
            Self::new("VERIFY", Value::Text(verify.as_str())),
            // Peers send certificates of version 3 only.
            Self::new("M_VERSION", Value::Text("3")),
            Self::new("M_SERIAL", Value::Hex(peer.serial())),
            Self::new("S_DN", Value::Name(peer.subject())),
        ];
        let middle = [Self::new("I_DN", Value::Name(peer.issuer()))];
        let back = [
            Some(Self::new("V_START", Value::Time(peer.not_before()))),
            Some(Self::new("V_END", Value::Time(peer.not_after()))),
            Some(Self::new("V_REMAIN", Value::Days(remain.max(0)))),
            signature_name(peer.signature_kind()).map(|name| Self::new("A_SIG", Value::Text(name))),
            key_name(peer.key_algorithm()).map(|name| Self::new("A_KEY", Value::Text(name))),
            Some(Self::new("SHA256", Value::Sha256(peer.sha256_fingerprint()))),
        ];
        front
            .into_iter()
            .chain(parts("S_DN", peer.subject()))
            .chain(middle)
            .chain(parts("I_DN", peer.issuer()))
            .chain(back.into_iter().flatten())
            .chain(alternatives(*peer))
    }

    const fn new(stem: &'static str, value: VariableValue<'a>) -> Self {
        Self { name: VariableName { stem, part: "", number: None }, value }
    }
}

/// Lists the parts of a name for which Apache has a variable.
fn parts<'a>(stem: &'static str, name: Name<'a>) -> impl Iterator<Item = Variable<'a>> {
    name.attributes().take(MAX_OF_A_KIND).enumerate().filter_map(move |(place, attribute)| {
        let part = part_name(&attribute)?;
        let before = name.attributes().take(place).filter(|before| before.oid == attribute.oid).count();
        let number = (before > 0).then_some(before);
        Some(Variable { name: VariableName { stem, part, number }, value: VariableValue::Attribute(attribute) })
    })
}

/// Lists the alternative names, each kind counted from 0.
fn alternatives(peer: PeerIdentity<'_>) -> impl Iterator<Item = Variable<'_>> {
    let kinds = ["Email", "DNS", "IP", "URI"];
    kinds.into_iter().flat_map(move |part| {
        let values = peer.subject_alt_names().take(MAX_OF_A_KIND).filter_map(move |name| match (name, part) {
            (SubjectAltName::Email(text), "Email")
            | (SubjectAltName::Dns(text), "DNS")
            | (SubjectAltName::Uri(text), "URI") => Some(VariableValue::Text(text)),
            (SubjectAltName::Ip(address), "IP") => Some(VariableValue::Ip(address)),
            _ => None,
        });
        (0..).zip(values).map(move |(number, value)| {
            let name = VariableName { stem: "SAN", part, number: Some(number) };
            Variable { name, value }
        })
    })
}

impl Verify {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "FAILED",
            Self::Generous => "GENEROUS",
            Self::Success => "SUCCESS",
        }
    }
}

/// Returns the names in which Apache differs from RFC 4514, or has in addition.
const fn part_name(attribute: &Attribute<'_>) -> Option<&'static str> {
    match attribute.oid {
        [0x55, 0x04, 0x04] => Some("S"),
        [0x55, 0x04, 0x0c] => Some("T"),
        [0x55, 0x04, 0x0d] => Some("D"),
        [0x55, 0x04, 0x2a] => Some("G"),
        [0x55, 0x04, 0x2b] => Some("I"),
        // serialNumber, STREET and DC have no variable.
        [0x55, 0x04, 0x05 | 0x09] | [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 0x19] => None,
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x01] => Some("Email"),
        _ => attribute.short_name(),
    }
}

/// Returns OpenSSL's name for a kind of signature.
const fn signature_name(kind: SignatureKind) -> Option<&'static str> {
    match kind {
        SignatureKind::EcdsaSha256 => Some("ecdsa-with-SHA256"),
        SignatureKind::EcdsaSha384 => Some("ecdsa-with-SHA384"),
        SignatureKind::Ed25519 => Some("ED25519"),
        SignatureKind::RsaPkcs1Sha256 => Some("sha256WithRSAEncryption"),
        SignatureKind::RsaPkcs1Sha384 => Some("sha384WithRSAEncryption"),
        SignatureKind::RsaPkcs1Sha512 => Some("sha512WithRSAEncryption"),
        SignatureKind::RsaPssSha256 | SignatureKind::RsaPssSha384 | SignatureKind::RsaPssSha512 => Some("rsassaPss"),
        _ => None,
    }
}

/// Returns OpenSSL's name for a kind of key.
const fn key_name(algorithm: KeyAlgorithm) -> Option<&'static str> {
    match algorithm {
        KeyAlgorithm::EcP256 | KeyAlgorithm::EcP384 => Some("id-ecPublicKey"),
        KeyAlgorithm::Ed25519 => Some("ED25519"),
        KeyAlgorithm::Rsa => Some("rsaEncryption"),
        KeyAlgorithm::RsaPss | KeyAlgorithm::RsaPssSha256 | KeyAlgorithm::RsaPssSha384 | KeyAlgorithm::RsaPssSha512 => {
            Some("rsassaPss")
        }
        _ => None,
    }
}

impl fmt::Display for VariableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.stem)?;
        if !self.part.is_empty() {
            write!(f, "_{}", self.part)?;
        }
        self.number.map_or(Ok(()), |number| write!(f, "_{number}"))
    }
}

impl fmt::Display for VariableValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attribute(attribute) => match attribute.text() {
                Some(text) => Escaped(text).fmt(f),
                None => write_hex(f, attribute.value),
            },
            Self::Days(days) => days.fmt(f),
            // DER puts a zero in front of a number whose first bit is set.
            Self::Hex([0, number @ ..]) if !number.is_empty() => write_hex(f, number),
            Self::Hex(bytes) => write_hex(f, bytes),
            Self::Ip(address) => address.fmt(f),
            Self::Name(name) => name.fmt(f),
            Self::Sha256(digest) => write_hex(f, digest),
            Self::Text(text) => Escaped(text).fmt(f),
            Self::Time(time) => write_time(f, *time),
        }
    }
}

fn write_hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
}

fn write_time(f: &mut fmt::Formatter<'_>, time: UnixTime) -> fmt::Result {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let Civil { year, month, day, hour, minute, second } = time.into();
    let month = usize::try_from(month.saturating_sub(1)).ok().and_then(|month| MONTHS.get(month));
    write!(f, "{} {day:2} {hour:02}:{minute:02}:{second:02} {year} GMT", month.unwrap_or(&"?"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn times_and_numbers_are_written_as_apache_does() {
        let time = UnixTime::from_civil(2026, 1, 2, 3, 4, 5).unwrap();
        assert_eq!(VariableValue::Time(time).to_string(), "Jan  2 03:04:05 2026 GMT");
        assert_eq!(VariableValue::Hex(&[0, 0xab, 1]).to_string(), "AB01");
        assert_eq!(VariableValue::Hex(&[0]).to_string(), "00");
        assert_eq!(VariableValue::Text("a\nb\u{85}c").to_string(), "a\\0Ab\\C2\\85c");
        let name = VariableName { stem: "S_DN", part: "OU", number: Some(1) };
        assert_eq!(name.to_string(), "S_DN_OU_1");
    }
}
