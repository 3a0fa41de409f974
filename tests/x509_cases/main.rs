//! Expected results for certificate paths, one line each, for servers and for clients.
//!
//! Each row changes one thing about a good chain and states the result.
//!
//! ```text
//! root (anchor) <- upper <- lower <- leaf       sent: 0 leaf, 1 lower, 2 upper
//! ```

mod chain_files;
mod path_cases;
mod policy_cases;
mod verdict_cases;
mod verdict_page;

use embedded_mtls::CertificateProblem as Problem;
use embedded_mtls::crypto::rustcrypto::RustCrypto;
use embedded_mtls::x509::{CommonName, Rules, ServerName, Time, TrustAnchor, UnixTime, Validator};
use embedded_mtls::{ApiMisuse, CertificateError, Error};
use path_cases::{
    ANCHORS, AUTHORITIES, CLIENT_NAMES, EXTENSIONS, FIELDS, KEYS, LISTS, MALFORMED, NAMES, PROFILE, SERVER_NAMES,
    TOLERATED, UNREADABLE, USES, VALIDITY,
};
use policy_cases::{COMMON_NAMES, PINS};
use rcgen::{
    BasicConstraints, CidrSubnet, DistinguishedName, DnType, DnValue, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa,
    KeyUsagePurpose, PublicKeyData as _, SanType, SerialNumber,
};
use test_support::pki::{Issued, Key, NOW, Role, SERVER_NAME, Template, tlv, version_1};
use verdict_cases::LIMITS;

const BASIC_CONSTRAINTS: &[u64] = &[2, 5, 29, 19];
const KEY_USAGE: &[u64] = &[2, 5, 29, 15];
const NAME_CONSTRAINTS: &[u64] = &[2, 5, 29, 30];
const POLICIES: &[u64] = &[2, 5, 29, 32];
const PRIVATE: &[u64] = &[1, 3, 6, 1, 4, 1, 32_473, 1];
const SUBJECT_ALT_NAME: &[u64] = &[2, 5, 29, 17];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Expected {
    /// Accepted, with this number of CAs above the leaf.
    Path(u8),
    /// Refused, with the certificate to blame.
    Refused(u8, Problem),
    /// The certificate of the anchor is not taken.
    NoAnchor(Problem),
}
use Expected::{NoAnchor, Path, Refused};

/// A case: its name, what is expected, and what is changed for it.
struct Row(&'static str, Expected, fn(&mut World));

/// A certificate that is sent, or trusted.
#[derive(Clone, Copy)]
enum Who {
    Leaf,
    Lower,
    Upper,
    Root,
    /// Another root of the same name.
    Twin,
    Stranger,
    /// The name of the lower authority, another key.
    Impostor,
    /// The lower authority again, expired.
    Expired,
    /// A stranger whose certificate cannot be read.
    Garbled,
    /// The leaf again, for another year.
    Renewed,
    /// The leaf, signed with an unsupported algorithm.
    Odd,
}

struct World {
    role: Role,
    root: Template,
    upper: Template,
    lower: Template,
    leaf: Template,
    leaf_signs_itself: bool,
    sent: Vec<Who>,
    trusted: Vec<Who>,
    /// Certificates that are pinned, in the list in front of those that are trusted.
    pinned: Vec<Who>,
    /// Keys that are pinned, after them.
    pinned_keys: Vec<Who>,
    common_name: Option<CommonName<'static>>,
    name: &'static str,
    time: Time,
    max_depth: u8,
    strict: bool,
    max_validity_days: Option<u16>,
}

/// The certificates of a case in DER, and the keys that are pinned.
#[derive(Debug, Default, PartialEq)]
struct Made {
    sent: Vec<Vec<u8>>,
    trusted: Vec<Vec<u8>>,
    pinned: Vec<Vec<u8>>,
    pinned_keys: Vec<Vec<u8>>,
}

impl World {
    fn new(role: Role) -> Self {
        let host = match role {
            Role::Server => SERVER_NAME,
            Role::Client => "gateway-7.example.com",
        };
        Self {
            role,
            root: Template::ca("Root"),
            upper: Template::ca("Upper"),
            lower: Template::ca("Lower"),
            leaf: role.template().alternatives(&[dns(host)]),
            leaf_signs_itself: false,
            sent: vec![Who::Leaf, Who::Lower, Who::Upper],
            trusted: vec![Who::Root],
            pinned: vec![],
            pinned_keys: vec![],
            common_name: None,
            name: SERVER_NAME,
            time: at(NOW),
            max_depth: 10,
            strict: false,
            max_validity_days: None,
        }
    }

    fn leaf(&mut self, change: impl FnOnce(Template) -> Template) {
        self.leaf = change(self.leaf.clone());
    }

    fn lower(&mut self, change: impl FnOnce(Template) -> Template) {
        self.lower = change(self.lower.clone());
    }

    fn upper(&mut self, change: impl FnOnce(Template) -> Template) {
        self.upper = change(self.upper.clone());
    }

    fn root(&mut self, change: impl FnOnce(Template) -> Template) {
        self.root = change(self.root.clone());
    }

    /// One more name in the leaf.
    fn holds(&mut self, name: SanType) {
        self.leaf.params.subject_alt_names.push(name);
    }

    fn own_purpose(&self) -> ExtendedKeyUsagePurpose {
        match self.role {
            Role::Server => ExtendedKeyUsagePurpose::ServerAuth,
            Role::Client => ExtendedKeyUsagePurpose::ClientAuth,
        }
    }

    fn other_purpose(&self) -> ExtendedKeyUsagePurpose {
        match self.role {
            Role::Server => ExtendedKeyUsagePurpose::ClientAuth,
            Role::Client => ExtendedKeyUsagePurpose::ServerAuth,
        }
    }

    fn run(self) -> Expected {
        self.judge(|_, _| ()).0
    }

    /// Makes its certificates.
    fn make(&self) -> Made {
        let root = self.root.clone().self_signed();
        let upper = self.upper.clone().signed_by(&root);
        let lower = self.lower.clone().signed_by(&upper);
        let leaf =
            if self.leaf_signs_itself { self.leaf.clone().self_signed() } else { self.leaf.clone().signed_by(&lower) };
        let issued = |who: &Who| -> Issued {
            match who {
                Who::Leaf => leaf.clone(),
                Who::Lower => lower.clone(),
                Who::Upper => upper.clone(),
                Who::Root => root.clone(),
                Who::Twin => self.root.clone().key("twin").self_signed(),
                Who::Stranger => Template::ca("Stranger").self_signed(),
                Who::Impostor => self.lower.clone().key("impostor").signed_by(&upper),
                Who::Expired => self.lower.clone().years(2010, 2020).signed_by(&upper),
                Who::Garbled => Template::ca("Garbled").patched(b"200101000000Z", b"201301000000Z").self_signed(),
                Who::Renewed => self.leaf.clone().years(2020, 2041).signed_by(&lower),
                Who::Odd => with_odd_algorithm(leaf.clone()),
            }
        };
        let all = |who: &[Who]| who.iter().map(|who| issued(who).der).collect();
        let key = |who: &Who| issued(who).key.subject_public_key_info();
        Made {
            sent: all(&self.sent),
            pinned: all(&self.pinned),
            trusted: all(&self.trusted),
            pinned_keys: self.pinned_keys.iter().map(key).collect(),
        }
    }

    /// Returns the result, and that of a second call of the validator, if it came that far.
    fn judge<T>(self, look: impl FnOnce(&mut Validator<'_>, Rules<'_>) -> T) -> (Expected, Option<T>) {
        let made = self.make();
        self.judge_made(&made, look)
    }

    fn judge_made<T>(
        &self,
        made: &Made,
        look: impl FnOnce(&mut Validator<'_>, Rules<'_>) -> T,
    ) -> (Expected, Option<T>) {
        let pins = made.pinned.iter().map(|der| TrustAnchor::from_pinned_certificate(RustCrypto, der));
        let authorities = made.trusted.iter().map(|der| TrustAnchor::from_certificate(der));
        let keys = made.pinned_keys.iter().map(|key| TrustAnchor::from_pinned_key(key));
        let anchors = match pins.chain(authorities).chain(keys).collect::<Result<Vec<_>, _>>() {
            Ok(anchors) => anchors,
            Err(Error::ApiMisuse(ApiMisuse::TrustAnchorUnusable(problem))) => return (NoAnchor(problem), None),
            Err(error) => panic!("{error}"),
        };
        let name = ServerName::parse(self.name).unwrap();
        let mut rules = match self.role {
            Role::Server => Rules::server(&anchors, &name, self.time),
            Role::Client => Rules::client(&anchors, self.time),
        };
        assert_eq!(rules.role == embedded_mtls::Role::Server, self.role == Role::Server);
        rules.max_depth = self.max_depth;
        rules.common_name = self.common_name;
        rules.strict_profile = self.strict;
        rules.max_validity_days = self.max_validity_days;
        let mut memory = vec![0; 256 * 1024];
        let mut validator = Validator::new(&mut memory);
        let pushed = made.sent.iter().try_for_each(|der| validator.push(RustCrypto, der));
        let validated = pushed.and_then(|()| Ok(validator.validate(RustCrypto, rules)?.found));
        let outcome = match validated {
            Ok(path) => Path(path.depth),
            Err(Error::Certificate(CertificateError { index, problem })) => Refused(index, problem),
            Err(error) => panic!("{error}"),
        };
        (outcome, Some(look(&mut validator, rules)))
    }
}

/// The same with ecdsa-with-SHA224 in both places.
fn with_odd_algorithm(mut issued: Issued) -> Issued {
    const SHA256: &[u8] = b"\x2a\x86\x48\xce\x3d\x04\x03\x02";
    for at in 0..issued.der.len() {
        if issued.der[at..].starts_with(SHA256) {
            issued.der[at + SHA256.len() - 1] = 1;
        }
    }
    issued
}

fn exactly(name: &'static str) -> CommonName<'static> {
    CommonName::exact(name).unwrap()
}

fn like(pattern: &'static str) -> CommonName<'static> {
    CommonName::wildcard(pattern).unwrap()
}

/// A subject of common names, in their order.
fn common_names(template: Template, names: &[DnValue]) -> Template {
    // rcgen keeps one attribute of each type; a second common name needs a type of its own until it is patched.
    const STAND_IN: &[u64] = &[2, 5, 4, 99];
    let kinds = [DnType::CommonName, DnType::CustomDnType(STAND_IN.to_vec())];
    let attributes: Vec<_> = kinds.into_iter().zip(names.iter().cloned()).collect();
    let several = attributes.len() > 1;
    let template = template.subject(&attributes);
    if several { template.patched(b"\x55\x04\x63", b"\x55\x04\x03") } else { template }
}

fn at(seconds: i64) -> Time {
    Time::Trusted(UnixTime(seconds))
}

fn dns(name: &str) -> SanType {
    SanType::DnsName(name.try_into().unwrap())
}

fn below(name: &str) -> GeneralSubtree {
    GeneralSubtree::DnsName(name.into())
}

fn net(address: [u8; 4], prefix: u8) -> GeneralSubtree {
    GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix(address, prefix))
}

fn mail(domain: &str) -> GeneralSubtree {
    GeneralSubtree::Rfc822Name(domain.into())
}

fn organisation(name: &str) -> GeneralSubtree {
    let mut base = DistinguishedName::new();
    base.push(DnType::OrganizationName, name);
    GeneralSubtree::DirectoryName(base)
}

fn email_address() -> DnType {
    DnType::CustomDnType(vec![1, 2, 840, 113_549, 1, 9, 1])
}

/// An authority whose basic constraints are these bytes; rcgen writes no key identifier then.
fn plain_ca(template: Template, critical: bool) -> Template {
    let mut template = template.extension(BASIC_CONSTRAINTS, critical, &[0x30, 3, 1, 1, 0xff]);
    template.params.is_ca = IsCa::NoCa;
    template
}

/// Name constraints with one permitted base, in DER.
fn permits(base: &[u8]) -> Vec<u8> {
    tlv(0x30, &tlv(0xa0, &tlv(0x30, base)))
}

/// A certificate whose basic constraints are these bytes.
fn constrained(template: Template, value: &[u8]) -> Template {
    let mut template = template.extension(BASIC_CONSTRAINTS, true, value);
    template.params.is_ca = IsCa::NoCa;
    template
}

fn negative_serial(template: Template) -> Template {
    serial(template, &[0x11; 8]).patched(&[2, 8, 0x11], &[2, 8, 0x91])
}

/// The content of what is signed, with the first UTCTime as GeneralizedTime.
fn generalized_time(tbs: &[u8]) -> Vec<u8> {
    replaced(tbs, b"\x30\x1e\x17\x0d200101000000Z", b"\x30\x20\x18\x0f20200101000000Z")
}

/// The same with NULL after ecdsa-with-SHA256.
fn null_parameters(tbs: &[u8]) -> Vec<u8> {
    const ECDSA: &[u8] = b"\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02";
    replaced(tbs, &tlv(0x30, ECDSA), &tlv(0x30, &[ECDSA, &[5, 0]].concat()))
}

/// The same with FALSE in the extended key usage, which is not critical.
fn critical_false(tbs: &[u8]) -> Vec<u8> {
    const OID: &[u8] = b"\x06\x03\x55\x1d\x25";
    let at = position(tbs, OID) - 2;
    let extension = &tbs[at..][..2 + usize::from(tbs[at + 1])];
    let (oid, value) = extension[2..].split_at(OID.len());
    extensions(&replaced(tbs, extension, &tlv(0x30, &[oid, &[1, 1, 0], value].concat())), |list| tlv(0x30, list))
}

/// The same with a `subjectUniqueID`, after the public key.
fn with_unique_identifier(tbs: &[u8], bits: &[u8]) -> Vec<u8> {
    let key = position(tbs, b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01");
    let (front, extensions) = tbs.split_at(key + 2 + 0x59);
    [front, &tlv(0x82, bits), extensions].concat()
}

/// The same with another public key.
fn with_key(tbs: &[u8], info: &[u8]) -> Vec<u8> {
    let at = position(tbs, b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01");
    [&tbs[..at], info, &tbs[at + 2 + 0x59..]].concat()
}

/// A `SubjectPublicKeyInfo` of this number of bits.
fn rsa_key(bits: usize) -> Vec<u8> {
    let modulus = tlv(2, &[&[0][..], &vec![0xc5; bits / 8]].concat());
    let key = tlv(0x30, &[&modulus, &[2, 3, 1, 0, 1][..]].concat());
    let algorithm = tlv(0x30, b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00");
    tlv(0x30, &[algorithm, tlv(3, &[&[0][..], &key].concat())].concat())
}

/// A `SubjectPublicKeyInfo` of a point on a curve.
fn ec_key(curve: &[u8], point: &[u8]) -> Vec<u8> {
    let algorithm = tlv(0x30, &[b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01", &tlv(6, curve)[..]].concat());
    tlv(0x30, &[algorithm, tlv(3, &[&[0][..], point].concat())].concat())
}

/// The same with another tag around the list of extensions.
fn extensions_as(tbs: &[u8], tag: u8) -> Vec<u8> {
    extensions(tbs, |list| tlv(tag, list))
}

/// The same with the list of extensions, which is at the end after two heads of four bytes, as `wrap` writes it.
fn extensions(tbs: &[u8], wrap: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let at = (0..tbs.len()).rfind(|&at| tbs[at] == 0xa3 && tbs[at..].starts_with(&[0xa3, 0x81]) && tbs[at + 3] == 0x30);
    let at = at.expect("extensions of 128 to 255 bytes");
    [&tbs[..at], &tlv(0xa3, &wrap(&tbs[at + 6..]))].concat()
}

fn position(bytes: &[u8], part: &[u8]) -> usize {
    (0..bytes.len()).find(|&at| bytes[at..].starts_with(part)).expect("it is there")
}

fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = position(bytes, from);
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}

fn without_authority_key(mut template: Template) -> Template {
    template.params.use_authority_key_identifier_extension = false;
    template
}

/// A leaf without a subject, with these names as they are.
fn nameless(template: Template, critical: bool, names: &[u8]) -> Template {
    template.subject(&[]).alternatives(&[]).extension(SUBJECT_ALT_NAME, critical, &tlv(0x30, names))
}

fn serial(mut template: Template, bytes: &[u8]) -> Template {
    template.params.serial_number = Some(SerialNumber::from_slice(bytes));
    template
}

const FOR_BOTH_ROLES: &[&[Row]] = &[
    LIMITS,
    LISTS,
    ANCHORS,
    PINS,
    VALIDITY,
    AUTHORITIES,
    USES,
    NAMES,
    EXTENSIONS,
    PROFILE,
    FIELDS,
    TOLERATED,
    KEYS,
    MALFORMED,
    UNREADABLE,
];

fn rows() -> impl Iterator<Item = (Role, &'static Row)> {
    let both =
        Role::ALL.into_iter().flat_map(|role| FOR_BOTH_ROLES.iter().copied().flatten().map(move |row| (role, row)));
    let of_servers = SERVER_NAMES.iter().chain(COMMON_NAMES).map(|row| (Role::Server, row));
    both.chain(of_servers).chain(CLIENT_NAMES.iter().map(|row| (Role::Client, row)))
}

#[test]
fn each_case_is_answered_as_its_line_says() {
    let (mut count, mut wrong) = (0, Vec::new());
    for (role, Row(name, expected, change)) in rows() {
        let mut world = World::new(role);
        change(&mut world);
        let actual = world.run();
        println!("{role:?}: {name}: {actual:?}");
        if actual != *expected {
            wrong.push(format!("{role:?}: {name}: expected {expected:?}, got {actual:?}"));
        }
        count += 1;
    }
    println!("{count} cases");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 150, "{count}");
}

#[test]
fn a_server_does_not_ask_for_a_host_name() {
    for Row(name, _, change) in SERVER_NAMES {
        let mut world = World::new(Role::Client);
        change(&mut world);
        assert_eq!(world.run(), Path(3), "{name}");
    }
}

/// The causes that a program can waive, for the same cases.
#[cfg(feature = "dangerous-waivers")]
mod waived {
    use super::*;
    use embedded_mtls::x509::{WaivableCause, Waivers};

    const CAUSES: [WaivableCause; 4] =
        [WaivableCause::Expired, WaivableCause::Invalid, WaivableCause::SelfSigned, WaivableCause::UntrustedRoot];

    fn waivers(causes: &[WaivableCause]) -> Waivers {
        causes.iter().fold(Waivers::NONE, |waivers, cause| waivers.dangerous_waive(*cause))
    }

    fn judge(role: Role, change: fn(&mut World), waivers: Waivers) -> Result<embedded_mtls::x509::PathFound, Error> {
        let mut world = World::new(role);
        change(&mut world);
        let (_, judged) = world.judge(|validator, mut rules| {
            rules.waivers = waivers;
            let strictly = validator.validate(RustCrypto, rules).map(|path| path.found);
            let strictly = strictly.map_err(|refusal| refusal.error());
            let judged = validator.dangerous_validate_waived(RustCrypto, rules).map(|path| path.found);
            let judged = judged.map_err(Error::from);
            // Who does not ask for what was waived does not get it.
            assert_eq!(strictly.ok(), judged.ok().filter(|path| path.waived.is_empty()));
            judged
        });
        judged.expect("the anchors are usable")
    }

    #[test]
    fn a_waiver_covers_what_its_cause_covers_and_reports_it() {
        let mut seen = Vec::new();
        for (role, Row(name, expected, change)) in rows() {
            let Refused(index, problem) = *expected else { continue };
            let Some(cause) = WaivableCause::of(problem) else { continue };
            let path = judge(role, *change, waivers(&[cause]));
            let path = path.unwrap_or_else(|refused| panic!("{role:?}: {name}: {cause:?} is waived: {refused:?}"));
            assert_eq!(path.waived.causes(), waivers(&[cause]), "{role:?}: {name}");
            assert_eq!(path.waived.refusal(), Some(CertificateError { index, problem }), "{role:?}: {name}");
            seen.push(problem);
        }
        for problem in [Problem::Expired, Problem::SelfSigned, Problem::UntrustedRoot, Problem::SignatureInvalid] {
            assert!(seen.contains(&problem), "{problem:?}");
        }
    }

    #[test]
    fn faults_that_are_not_waived_remain_whatever_else_is() {
        for (role, Row(name, expected, change)) in rows() {
            let Refused(index, problem) = *expected else { continue };
            let cause = WaivableCause::of(problem);
            // A certificate whose key did not sign is not the issuer, which is then unknown. And a certificate that cannot be parsed is not
            // there.
            let unknown = matches!(problem, Problem::SignatureInvalid)
                || cause.is_none() && index > 0 && {
                    !matches!(problem, Problem::NameNotPermitted | Problem::DepthExceeded)
                };
            let others = CAUSES.into_iter().filter(|other| Some(*other) != cause);
            let others: Vec<_> = others.filter(|other| !unknown || *other != WaivableCause::UntrustedRoot).collect();
            let judged = judge(role, *change, waivers(&others));
            // A leaf that cannot be read is refused before a path is looked for.
            let unread = (index == 0 || problem == Problem::ListTooLong) && cause.is_none() && judged.is_err();
            let expected = Err(CertificateError { index, problem }.into());
            assert!(unread || judged == expected, "{role:?}: {name}: {judged:?}");
        }
    }

    #[test]
    fn a_good_path_is_accepted_without_a_waiver_though_all_are_there() {
        for (role, Row(name, expected, change)) in rows() {
            let Path(depth) = *expected else { continue };
            let path = judge(role, *change, waivers(&CAUSES)).unwrap();
            assert!(path.waived.is_empty(), "{role:?}: {name}: {}", path.waived);
            assert_eq!(path.depth, depth, "{role:?}: {name}");
        }
    }

    #[test]
    fn a_signature_that_is_waived_costs_the_anchor_only_if_it_is_that_of_the_anchor() {
        let by_lower: fn(&mut World) = |world| world.sent[0] = Who::Odd;
        let by_anchor: fn(&mut World) = |world| (world.sent, world.trusted) = (vec![Who::Odd], vec![Who::Lower]);
        for role in Role::ALL {
            let found = |change| judge(role, change, waivers(&[WaivableCause::Invalid])).unwrap();
            assert_eq!((found(by_lower).anchor, found(by_lower).depth), (Some(0), 3));
            assert_eq!((found(by_anchor).anchor, found(by_anchor).depth), (None, 0));
        }
    }

    #[test]
    fn an_anchor_that_has_only_the_name_gives_way_to_the_right_one() {
        let faulty: fn(&mut World) = |world| {
            let other = world.other_purpose();
            world.leaf(|t| t.purposes(&[other]));
            world.trusted = vec![Who::Twin, Who::Root];
            // Otherwise the right key would be tried first.
            world.upper.params.use_authority_key_identifier_extension = false;
        };
        for role in Role::ALL {
            let found = judge(role, faulty, waivers(&CAUSES)).unwrap();
            assert_eq!((found.anchor, found.waived.causes()), (Some(1), waivers(&[WaivableCause::Invalid])));
        }
    }

    #[test]
    fn all_causes_of_a_path_have_to_be_waived_and_are_reported() {
        let faulty: fn(&mut World) = |world| {
            let other = world.other_purpose();
            world.leaf(|t| t.years(2010, 2020).purposes(&[other]));
            world.trusted = vec![Who::Stranger];
        };
        let met = [WaivableCause::Expired, WaivableCause::Invalid, WaivableCause::UntrustedRoot];
        for role in Role::ALL {
            for subset in 0..16_u8 {
                let all = CAUSES.into_iter().enumerate();
                let some: Vec<_> = all.filter(|(bit, _)| subset >> bit & 1 == 1).map(|(_, cause)| cause).collect();
                let judged = judge(role, faulty, waivers(&some));
                if met.iter().all(|cause| some.contains(cause)) {
                    assert_eq!(judged.unwrap().waived.causes(), waivers(&met), "{some:?}");
                    assert_eq!(judged.unwrap().waived.to_string(), "expired, invalid, untrusted root");
                    assert_eq!(judged.unwrap().anchor, None);
                } else {
                    assert!(judged.is_err(), "{some:?}");
                }
            }
        }
    }

    #[test]
    fn a_path_with_less_to_waive_is_preferred() {
        // Sent first: a namesake that did not sign, and an expired copy that did.
        let change: fn(&mut World) =
            |world| world.sent = vec![Who::Leaf, Who::Impostor, Who::Expired, Who::Upper, Who::Stranger];
        for role in Role::ALL {
            let path = judge(role, change, waivers(&CAUSES)).unwrap();
            assert_eq!(path.waived.causes(), waivers(&[WaivableCause::Expired]));
            assert_eq!((path.depth, path.anchor), (3, Some(0)));
        }
    }
}
