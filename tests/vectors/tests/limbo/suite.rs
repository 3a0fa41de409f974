//! Cases in the format of x509-limbo: reading them, and putting their question to the validator.

use crate::pki::{self, BadChain, Defect, Issued, NOW, Pki, Role, SERVER_NAME, Template};
use crate::reissue;
use embedded_mtls::crypto::CryptoProvider;
use embedded_mtls::crypto::rustcrypto::RustCrypto;
use embedded_mtls::x509::{Rules, ServerName, SubjectAltName, Time, TrustAnchor, UnixTime, Validator};
use embedded_mtls::{ApiMisuse, CertificateProblem, Error};
use embedded_mtls_micro::Micro;
use rcgen::{CidrSubnet, GeneralSubtree, SanType};
use serde::Deserialize;
use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

/// A file.
#[derive(Deserialize)]
pub(crate) struct Suite {
    pub(crate) testcases: Vec<Case>,
}

#[derive(Deserialize)]
pub(crate) struct Case {
    pub(crate) id: String,
    pub(crate) expected_result: Verdict,
    validation_kind: Kind,
    trusted_certs: Vec<String>,
    untrusted_intermediates: Vec<String>,
    peer_certificate: String,
    validation_time: Option<String>,
    signature_algorithms: Vec<String>,
    key_usage: Vec<String>,
    extended_key_usage: Vec<String>,
    expected_peer_name: Option<PeerName>,
    expected_peer_names: Vec<PeerName>,
    max_chain_depth: Option<u8>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Verdict {
    Success,
    Failure,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "UPPERCASE")]
enum Kind {
    Client,
    Server,
}

#[derive(Clone, Deserialize)]
struct PeerName {
    kind: NameKind,
    value: String,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "UPPERCASE")]
enum NameKind {
    Dns,
    Ip,
    Rfc822,
}

/// The outcome of a case.
pub(crate) struct Outcome {
    pub(crate) verdict: Verdict,
    /// The result of the validator.
    pub(crate) why: String,
    /// Set if the case has no verdict.
    pub(crate) skipped: bool,
    /// Set if it has none for lack of an algorithm that a feature compiles in.
    pub(crate) waits: bool,
    /// Set if `embedded-mtls-micro` has all algorithms of the case, and so the same answer.
    pub(crate) same_by_micro: bool,
    problem: Option<CertificateProblem>,
}

impl Outcome {
    fn skipped(why: String) -> Self {
        Self { verdict: Verdict::Failure, why, skipped: true, waits: false, same_by_micro: false, problem: None }
    }

    /// Returns whether the name of the leaf decided, which is checked first.
    pub(crate) fn rests_on_the_name(&self) -> bool {
        self.problem == Some(CertificateProblem::NameMismatch)
    }

    /// Returns whether the extended key usage decided.
    pub(crate) fn rests_on_the_purpose(&self) -> bool {
        self.problem == Some(CertificateProblem::ExtendedKeyUsage)
    }
}

/// The parameters of a path validation.
struct Question<'a> {
    strict: bool,
    purposes: &'a [embedded_mtls::Role],
    server_name: Option<&'a str>,
    /// Names that the leaf has to hold besides.
    names: &'a [PeerName],
}

/// The answer to a question: the path that was found, in words.
type Answer = Result<String, Refusal>;

enum Refusal {
    Path(Error),
    /// The certificate of an anchor is not one to trust.
    Anchor(Error),
    /// The name of the peer is none.
    Name(Error),
    /// The path is good, and the leaf does not hold this name.
    NameNotHeld(String),
}

impl Refusal {
    fn problem(&self) -> Option<CertificateProblem> {
        match self {
            Self::Path(Error::Certificate(error)) => Some(error.problem),
            Self::Anchor(Error::ApiMisuse(ApiMisuse::TrustAnchorUnusable(problem))) => Some(*problem),
            Self::Name(_) | Self::NameNotHeld(_) => Some(CertificateProblem::NameMismatch),
            Self::Path(_) | Self::Anchor(_) => None,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(error) | Self::Name(error) => error.fmt(f),
            Self::Anchor(error) => write!(f, "trust anchor: {error}"),
            Self::NameNotHeld(name) => write!(f, "the leaf does not hold {name}"),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Success => "SUCCESS",
            Self::Failure => "FAILURE",
        })
    }
}

impl Case {
    pub(crate) fn is_for_a_client(&self) -> bool {
        self.validation_kind == Kind::Client
    }

    /// The case unchanged, or with all of RFC 5280's profile for CAs.
    pub(crate) fn ask(&self, strict: bool, memory: &mut [u8]) -> Outcome {
        let mut purposes = Vec::new();
        for usage in &self.extended_key_usage {
            match usage.as_str() {
                "serverAuth" => purposes.push(embedded_mtls::Role::Server),
                "clientAuth" => purposes.push(embedded_mtls::Role::Client),
                other => return Outcome::skipped(format!("asks for the extended key usage {other}")),
            }
        }
        if purposes.is_empty() {
            purposes.push(match self.validation_kind {
                Kind::Server => embedded_mtls::Role::Server,
                Kind::Client => embedded_mtls::Role::Client,
            });
        }
        // digitalSignature is what TLS 1.3 asks of a leaf, and always asked.
        if let Some(usage) = self.key_usage.iter().find(|usage| *usage != "digitalSignature") {
            return Outcome::skipped(format!("asks for the key usage {usage}"));
        }
        if !self.signature_algorithms.is_empty() {
            return Outcome::skipped(format!("asks for nothing but {:?}", self.signature_algorithms));
        }
        // RFC 9525 knows names of servers only; a mailbox is looked for like the names of a client.
        let server_name = self.expected_peer_name.as_ref().filter(|name| name.kind != NameKind::Rfc822);
        let mailbox = self.expected_peer_name.as_slice().iter().filter(|name| name.kind == NameKind::Rfc822);
        let names: Vec<_> = self.expected_peer_names.iter().chain(mailbox).cloned().collect();
        let server_name = server_name.map(|name| name.value.as_str());
        let (anchors, chain) = self.certificates();
        self.outcome(&Question { strict, purposes: &purposes, server_name, names: &names }, &anchors, &chain, memory)
    }

    /// The same path, as a server asks about its client; and whether its certificates could be issued
    /// again for that role.
    pub(crate) fn ask_as_client(&self, memory: &mut [u8]) -> (Outcome, bool) {
        let question =
            Question { strict: false, purposes: &[embedded_mtls::Role::Client], server_name: None, names: &[] };
        let (anchors, chain) = self.certificates();
        let Some(mut reissued) = reissue::for_the_other_role(&[anchors.clone(), chain.clone()].concat()) else {
            return (self.outcome(&question, &anchors, &chain, memory), false);
        };
        let chain = reissued.split_off(anchors.len());
        (self.outcome(&question, &reissued, &chain, memory), true)
    }

    /// The anchors, and what the peer sends.
    fn certificates(&self) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
        let chain = std::iter::once(&self.peer_certificate).chain(&self.untrusted_intermediates);
        (self.trusted_certs.iter().map(|pem| der(pem)).collect(), chain.map(|pem| der(pem)).collect())
    }

    fn outcome(&self, question: &Question<'_>, anchors: &[Vec<u8>], chain: &[Vec<u8>], memory: &mut [u8]) -> Outcome {
        let answer = self.answer(RustCrypto, question, anchors, chain, memory);
        let by_micro = self.answer(Micro, question, anchors, chain, memory);
        let same_by_micro = missing_algorithm::<Micro>(anchors.iter().chain(chain)).is_none();
        if same_by_micro {
            let [ours, theirs] = [&by_micro, &answer].map(|answer| answer.as_ref().map_err(ToString::to_string));
            assert_eq!(ours, theirs, "{}: embedded-mtls-micro, and RustCrypto", self.id);
        } else {
            assert!(answer.is_ok() || by_micro.is_err(), "{}: only embedded-mtls-micro accepts it", self.id);
        }
        let problem = answer.as_ref().err().and_then(Refusal::problem);
        let unsupported =
            matches!(problem, Some(CertificateProblem::UnsupportedKey | CertificateProblem::UnsupportedSignature));
        let missing = if unsupported { missing_algorithm::<RustCrypto>(anchors.iter().chain(chain)) } else { None };
        let verdict = if answer.is_ok() { Verdict::Success } else { Verdict::Failure };
        let why = match (missing, answer) {
            (Some(algorithm), _) => format!("{algorithm} is not compiled in"),
            (None, Ok(path)) => path,
            (None, Err(refusal)) => refusal.to_string(),
        };
        Outcome { verdict, why, skipped: missing.is_some(), waits: missing.is_some(), same_by_micro, problem }
    }

    fn answer<P: CryptoProvider + Copy>(
        &self,
        provider: P,
        question: &Question<'_>,
        anchors: &[Vec<u8>],
        chain: &[Vec<u8>],
        memory: &mut [u8],
    ) -> Answer {
        let name = question.server_name.map(ServerName::parse).transpose().map_err(Refusal::Name)?;
        // An anchor that cannot be used is not trusted; the others are.
        let (usable, unusable): (Vec<_>, Vec<_>) =
            anchors.iter().map(|der| TrustAnchor::from_certificate(der)).partition(Result::is_ok);
        let anchors: Vec<_> = usable.into_iter().flatten().collect();
        if let (true, Some(Err(error))) = (anchors.is_empty(), unusable.into_iter().next()) {
            return Err(Refusal::Anchor(error));
        }
        let mut rules = Rules::client(&anchors, Time::Trusted(self.time()));
        rules.server_name = name.as_ref();
        rules.strict_profile = question.strict;
        // The format counts intermediates, we the anchor too.
        rules.max_depth = self.max_chain_depth.map_or(u8::MAX, |depth| depth.saturating_add(1));
        let mut validator = Validator::new(memory);
        for certificate in chain {
            validator.push(provider, certificate).map_err(Refusal::Path)?;
        }
        let mut found = String::new();
        for &purpose in question.purposes {
            rules.role = purpose;
            let path = validator.validate(provider, rules).map_err(|refusal| Refusal::Path(refusal.into()))?;
            found = format!("{:?}", path.found);
        }
        let identity = validator.identity().expect("a leaf was judged");
        match question.names.iter().find(|name| !identity.subject_alt_names().any(|held| name.is(held))) {
            Some(name) => Err(Refusal::NameNotHeld(name.value.clone())),
            None => Ok(found),
        }
    }

    fn time(&self) -> UnixTime {
        self.validation_time
            .as_deref()
            .map_or_else(now, |time| parse_time(time).unwrap_or_else(|| panic!("{}: `{time}` is no time", self.id)))
    }
}

impl PeerName {
    fn is(&self, held: SubjectAltName<'_>) -> bool {
        match (self.kind, held) {
            (NameKind::Dns, SubjectAltName::Dns(name)) => name.eq_ignore_ascii_case(&self.value),
            (NameKind::Ip, SubjectAltName::Ip(address)) => self.value.parse() == Ok(address),
            (NameKind::Rfc822, SubjectAltName::Email(mailbox)) => mailbox == self.value,
            _ => false,
        }
    }
}

/// An algorithm that the certificates need, that a feature of the core compiles in, and that the provider does not have.
fn missing_algorithm<'a, P: CryptoProvider>(
    mut certificates: impl Iterator<Item = &'a Vec<u8>>,
) -> Option<&'static str> {
    // By the object identifiers of their keys and signatures (RFC 3279, 5480, 5758, 8410).
    const ALGORITHMS: [(&str, &str, &[u8]); 4] = [
        ("RSA", "Rsa", &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01]),
        ("P-384", "EcdsaP384", &[0x2b, 0x81, 0x04, 0x00, 0x22]),
        ("SHA-384", "EcdsaP256Sha384", &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03]),
        ("Ed25519", "Ed25519", &[0x06, 0x03, 0x2b, 0x65, 0x70]),
    ];
    let has = |name: &str| P::SIGNATURE_ALGORITHMS.iter().any(|have| format!("{have:?}").starts_with(name));
    let off: Vec<_> = ALGORITHMS.into_iter().filter(|(_, name, _)| !has(name)).collect();
    certificates.find_map(|der| {
        let needs = |oid: &[u8]| der.windows(oid.len()).any(|bytes| bytes == oid);
        off.iter().find(|(_, _, oid)| needs(oid)).map(|(algorithm, _, _)| *algorithm)
    })
}

/// A certificate in PEM. One that cannot be read is no certificate to us either.
fn der(certificate: &str) -> Vec<u8> {
    pem::parse(certificate).map_or_else(|_| Vec::new(), pem::Pem::into_contents)
}

fn now() -> UnixTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970");
    UnixTime(i64::try_from(since.as_secs()).expect("it is not that late"))
}

/// RFC 3339; fractions of a second are cut off, since a second is not over before it is over.
fn parse_time(text: &str) -> Option<UnixTime> {
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<u16>().ok();
    let small = |from: usize| number(from, from + 2).and_then(|value| u8::try_from(value).ok());
    let local = UnixTime::from_civil(number(0, 4)?, small(5)?, small(8)?, small(11)?, small(14)?, small(17)?)?;
    let zone = text.get(19..)?.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
    let offset = match zone.split_at_checked(1)? {
        ("Z", "") => 0,
        (sign @ ("+" | "-"), rest) => {
            let (hours, minutes) = rest.split_once(':')?;
            let seconds = (hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?) * 60;
            if sign == "+" { seconds } else { -seconds }
        }
        _ => return None,
    };
    Some(UnixTime(local.0 - offset))
}

pub(crate) fn read(file: &str) -> Suite {
    println!("{file}");
    parse(&std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{file}: {error}")))
}

pub(crate) fn parse(json: &str) -> Suite {
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}"))
}

/// The chains of the throw-away PKI, good and bad, in both roles, in the same format.
pub(crate) fn own_cases() -> String {
    let pki = Pki::new();
    let mut cases = Vec::new();
    for role in Role::ALL {
        cases.push(own_case(&format!("own::{role:?}::good"), role, "SUCCESS", &pki.root.der, &pki.chain(role)));
        for defect in Defect::ALL {
            let bad = BadChain::new(defect, role);
            cases.push(own_case(&format!("own::{role:?}::{defect:?}"), role, "FAILURE", &bad.anchor, &bad.chain));
        }
    }
    for role in Role::ALL {
        cases.extend(limits(role).map(|(name, expected, root, leaf)| {
            own_case(&format!("own::{role:?}::{name}"), role, expected, &root.der, &[leaf.der])
        }));
    }
    serde_json::json!({ "version": 1, "testcases": cases }).to_string()
}

/// The subject of a case, what is expected, the root and the leaf that it issued.
type Limit = (&'static str, &'static str, Issued, Issued);

/// Limits of a root, kept and broken, and a leaf that cannot have any.
fn limits(role: Role) -> impl Iterator<Item = Limit> {
    let host = "a.example.com";
    let root = |permitted: &[GeneralSubtree], excluded: &[GeneralSubtree]| {
        Template::ca("Limited").constraints(permitted, excluded).self_signed()
    };
    let domain = |name: &str| GeneralSubtree::DnsName(name.into());
    let network = |mask| GeneralSubtree::IpAddress(CidrSubnet::V4([10, 0, 0, 0], mask));
    let names = [SERVER_NAME, host].map(|name| SanType::DnsName(name.try_into().expect("ASCII")));
    let leaf = move || role.template().alternatives(&names);
    let mut version_1 = role.template();
    version_1.rewrites.push(pki::version_1);
    let own_name = leaf().named("Limited");
    let rows = [
        ("permitted", "SUCCESS", root(&[domain("example.com")], &[]), leaf()),
        ("not-permitted", "FAILURE", root(&[domain(SERVER_NAME)], &[]), leaf()),
        ("excluded", "FAILURE", root(&[], &[domain(host)]), leaf()),
        ("another-excluded", "SUCCESS", root(&[], &[domain("example.org")]), leaf()),
        ("excluded-and-self-issued", "FAILURE", root(&[], &[domain(host)]), own_name.clone()),
        ("self-issued", "SUCCESS", root(&[], &[domain("example.org")]), own_name),
        ("version-1", "FAILURE", Template::ca("Limited").self_signed(), version_1),
        ("mask", "SUCCESS", root(&[network([255, 255, 0, 0])], &[]), leaf()),
        ("mask-that-is-no-prefix", "FAILURE", root(&[network([255, 0, 255, 0])], &[]), leaf()),
    ];
    rows.into_iter().map(|(name, expected, root, leaf)| {
        let leaf = leaf.signed_by(&root);
        (name, expected, root, leaf)
    })
}

fn own_case(id: &str, role: Role, expected: &str, anchor: &[u8], chain: &[Vec<u8>]) -> serde_json::Value {
    let pem = |der: &[u8]| pem::encode(&pem::Pem::new("CERTIFICATE", der));
    let server = role == Role::Server;
    serde_json::json!({
        "id": id,
        "features": [],
        "importance": "undetermined",
        "description": "",
        "validation_kind": if server { "SERVER" } else { "CLIENT" },
        "trusted_certs": [pem(anchor)],
        "untrusted_intermediates": chain[1..].iter().map(|der| pem(der)).collect::<Vec<_>>(),
        "peer_certificate": pem(&chain[0]),
        "validation_time": format!("{}", UnixTime(NOW)),
        "signature_algorithms": [],
        "key_usage": ["digitalSignature"],
        "extended_key_usage": [if server { "serverAuth" } else { "clientAuth" }],
        "expected_result": expected,
        "expected_peer_name": server.then(|| serde_json::json!({ "kind": "DNS", "value": SERVER_NAME })),
        "expected_peer_names": [],
        "max_chain_depth": null,
        "crls": [],
    })
}
