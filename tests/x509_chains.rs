//! Certificate paths, through the public validator.

mod common;

use common::pki::{self, BadChain, Defect, Issued, NOW, Pki, Role, SERVER_NAME, Template};
use embedded_mtls::crypto::rustcrypto::RustCrypto;
use embedded_mtls::x509::{PathFound, Rules, ServerName, Time, TrustAnchor, UnixTime, Validator};
use embedded_mtls::{CertificateError, CertificateProblem, Error};

/// One question to the validator. Starts as the client's question about `supplier.example.com`, today.
struct Case {
    chain: Vec<Vec<u8>>,
    anchors: Vec<Vec<u8>>,
    role: Role,
    name: &'static str,
    time: Time,
    max_depth: u8,
}

impl Case {
    fn new(chain: &[&Issued], anchors: &[&Issued]) -> Self {
        let ders = |list: &[&Issued]| list.iter().map(|issued| issued.der.clone()).collect();
        Self::of(ders(chain), ders(anchors), Role::Server)
    }

    fn of(chain: Vec<Vec<u8>>, anchors: Vec<Vec<u8>>, role: Role) -> Self {
        let time = Time::Trusted(UnixTime::from_seconds(NOW));
        Self { chain, anchors, role, name: SERVER_NAME, time, max_depth: 10 }
    }

    fn client(self) -> Self {
        Self { role: Role::Client, ..self }
    }

    fn named(self, name: &'static str) -> Self {
        Self { name, ..self }
    }

    fn at(self, time: Time) -> Self {
        Self { time, ..self }
    }

    fn depth(self, max_depth: u8) -> Self {
        Self { max_depth, ..self }
    }

    fn run(&self) -> Result<PathFound, Error> {
        self.run_in(&mut vec![0; 64 * 1024])
    }

    fn run_in(&self, memory: &mut [u8]) -> Result<PathFound, Error> {
        let anchors = self.anchors.iter().map(|der| TrustAnchor::from_certificate(der));
        let anchors: Vec<_> = anchors.collect::<Result<_, _>>()?;
        let name = ServerName::parse(self.name)?;
        let mut rules = match self.role {
            Role::Server => Rules::server(&anchors, &name, self.time),
            Role::Client => Rules::client(&anchors, self.time),
        };
        rules.max_depth = self.max_depth;
        let mut validator = Validator::new(memory);
        for certificate in &self.chain {
            validator.push::<RustCrypto>(certificate)?;
        }
        validator.validate::<RustCrypto>(&rules)
    }

    #[track_caller]
    fn accepted(&self) -> (u8, u8) {
        let path = self.run().unwrap_or_else(|error| panic!("{error}"));
        (path.depth, path.anchor.expect("nothing was waived"))
    }

    #[track_caller]
    fn refused(&self, index: u8, problem: CertificateProblem) {
        assert_eq!(self.run(), Err(Error::Certificate(CertificateError { index, problem })));
    }
}

#[test]
fn a_good_chain_is_accepted_in_both_roles() {
    let pki = Pki::new();
    for role in Role::ALL {
        let case = Case::of(pki.chain(role), vec![pki.root.der.clone()], role);
        assert_eq!(case.accepted(), (2, 0));
    }
}

#[test]
fn each_of_the_ten_bad_chains_is_refused_for_its_own_reason_in_both_roles() {
    for role in Role::ALL {
        let mut seen = Vec::new();
        for defect in Defect::ALL {
            let bad = BadChain::new(defect, role);
            let case = Case::of(bad.chain, vec![bad.anchor], role);
            println!("{role:?} {defect:?}: {}", case.run().unwrap_err());
            case.refused(bad.index, bad.problem);
            assert!(!seen.contains(&bad.problem), "{:?} is said twice", bad.problem);
            seen.push(bad.problem);
        }
    }
}

#[test]
fn the_order_of_the_list_does_not_matter_and_extra_certificates_do_no_harm() {
    let root = Template::ca("Root").self_signed();
    let upper = Template::ca("Upper").signed_by(&root);
    let lower = Template::ca("Lower").signed_by(&upper);
    let leaf = Template::server(SERVER_NAME).signed_by(&lower);
    let stranger = Template::ca("Stranger").self_signed();
    let strange_leaf = Template::server("stranger.example").signed_by(&stranger);
    for chain in [
        vec![&leaf, &lower, &upper],
        vec![&leaf, &upper, &lower],
        vec![&leaf, &lower, &upper, &root],
        vec![&leaf, &root, &stranger, &upper, &strange_leaf, &lower],
        vec![&leaf, &leaf, &lower, &lower, &upper, &upper, &root, &root],
    ] {
        assert_eq!(Case::new(&chain, &[&root]).accepted(), (3, 0));
    }
}

#[test]
fn an_intermediate_may_be_the_anchor() {
    let pki = Pki::new();
    assert_eq!(Case::new(&[&pki.server], &[&pki.intermediate]).accepted(), (1, 0));
    assert_eq!(Case::new(&[&pki.server, &pki.intermediate, &pki.root], &[&pki.intermediate]).accepted(), (1, 0));
}

#[test]
fn all_anchors_of_the_same_name_are_tried() {
    let pki = Pki::new();
    let twins: Vec<_> = (0..3).map(|n| Template::ca("Example Root").key(&n.to_string()).self_signed()).collect();
    let chain = [&pki.server, &pki.intermediate];
    assert_eq!(Case::new(&chain, &[&twins[0], &twins[1], &twins[2], &pki.root]).accepted(), (2, 3));
    assert_eq!(Case::new(&chain, &[&pki.root, &twins[0]]).accepted(), (2, 0));
    Case::new(&chain, &[&twins[0], &twins[1]]).refused(1, CertificateProblem::AnchorSignatureInvalid);
}

#[test]
fn key_identifiers_that_lie_only_change_the_order() {
    let mut root = Template::ca("Root");
    let twin = Template::ca("Root").key("twin").self_signed();
    // First the identifier of the twin in the certificates of the root, then one that fits nobody.
    root.params.key_identifier_method = twin.key_identifier();
    let root = root.self_signed();
    let leaf = Template::server(SERVER_NAME).signed_by(&root);
    assert_eq!(Case::new(&[&leaf], &[&twin, &root]).accepted(), (1, 1));
    let mut liar = Template::ca("Root").self_signed();
    liar.set_key_identifier(&[7; 20]);
    let leaf = Template::server(SERVER_NAME).signed_by(&liar);
    assert_eq!(Case::new(&[&leaf], &[&twin, &root]).accepted(), (1, 1));
}

#[test]
fn key_identifiers_find_the_right_anchor_among_forty() {
    let roots: Vec<_> = (0..40).map(|n| Template::ca("Root").key(&n.to_string()).self_signed()).collect();
    let anchors: Vec<_> = roots.iter().collect();
    let leaf = Template::server(SERVER_NAME).signed_by(&roots[39]);
    assert_eq!(Case::new(&[&leaf], &anchors).accepted(), (1, 39));
    // Without one, each costs a signature, and those are bounded.
    let mut anonymous = Template::server(SERVER_NAME);
    anonymous.params.use_authority_key_identifier_extension = false;
    let leaf = anonymous.clone().signed_by(&roots[39]);
    Case::new(&[&leaf], &anchors).refused(0, CertificateProblem::SearchExhausted);
    let leaf = anonymous.signed_by(&roots[31]);
    assert_eq!(Case::new(&[&leaf], &anchors).accepted(), (1, 31));
}

#[test]
fn a_cross_signed_intermediate_leads_to_either_root() {
    let old = Template::ca("Old Root").self_signed();
    let new = Template::ca("New Root").self_signed();
    let by_old = Template::ca("Intermediate").signed_by(&old);
    let by_new = Template::ca("Intermediate").signed_by(&new);
    let leaf = Template::server(SERVER_NAME).signed_by(&by_old);
    for chain in [[&leaf, &by_old, &by_new], [&leaf, &by_new, &by_old]] {
        assert_eq!(Case::new(&chain, &[&old]).accepted(), (2, 0));
        assert_eq!(Case::new(&chain, &[&new]).accepted(), (2, 0));
    }
    let new_by_old = Template::ca("New Root").signed_by(&old);
    assert_eq!(Case::new(&[&leaf, &by_new, &new_by_old], &[&old]).accepted(), (3, 0));
}

#[test]
fn a_renewed_intermediate_stands_in_for_the_expired_one() {
    let root = Template::ca("Root").self_signed();
    let expired = Template::ca("Intermediate").years(2010, 2020).signed_by(&root);
    let renewed = Template::ca("Intermediate").signed_by(&root);
    let leaf = Template::server(SERVER_NAME).signed_by(&expired);
    assert_eq!(Case::new(&[&leaf, &expired, &renewed], &[&root]).accepted(), (2, 0));
    Case::new(&[&leaf, &expired], &[&root]).refused(1, CertificateProblem::Expired);
}

#[test]
fn nothing_in_the_list_is_trusted_by_itself() {
    let root = Template::ca("Root").self_signed();
    let other = Template::ca("Other Root").self_signed();
    let intermediate = Template::ca("Intermediate").signed_by(&root);
    let leaf = Template::server(SERVER_NAME).signed_by(&intermediate);
    Case::new(&[&leaf, &intermediate, &root], &[&other]).refused(2, CertificateProblem::UntrustedRoot);
    Case::new(&[&leaf, &intermediate], &[&other]).refused(1, CertificateProblem::UnknownIssuer);
    Case::new(&[&leaf], &[&root]).refused(0, CertificateProblem::UnknownIssuer);
    Case::new(&[&leaf, &intermediate], &[]).refused(1, CertificateProblem::UnknownIssuer);
    let lonely = Template::server(SERVER_NAME).self_signed();
    Case::new(&[&lonely], &[&root]).refused(0, CertificateProblem::SelfSigned);
    Case::new(&[&lonely, &lonely], &[&root]).refused(0, CertificateProblem::SelfSigned);
}

#[test]
fn loops_end() {
    let root = Template::ca("Root").self_signed();
    let (a, b) = (Template::ca("A"), Template::ca("B"));
    let a_self = a.clone().self_signed();
    let b_by_a = b.signed_by(&a_self);
    let a_by_b = a.signed_by(&b_by_a);
    let leaf = Template::server(SERVER_NAME).signed_by(&a_by_b);
    Case::new(&[&leaf, &a_by_b, &b_by_a], &[&root]).refused(2, CertificateProblem::UnknownIssuer);
}

#[test]
fn a_thicket_of_certificates_of_one_name_is_given_up() {
    let root = Template::ca("Root").self_signed();
    let cas: Vec<_> = (0..40).map(|n| Template::ca("Thicket").key(&n.to_string()).self_signed()).collect();
    let leaf = Template::server(SERVER_NAME).signed_by(&cas[0]);
    let mut templates = vec![&leaf];
    templates.extend(&cas);
    // By name alone each may have issued each: more paths than there are atoms.
    Case::new(&templates, &[&root]).refused(0, CertificateProblem::SearchExhausted);
}

#[test]
fn a_forged_signature_anywhere_is_found() {
    let root = Template::ca("Root").self_signed();
    let intermediate = Template::ca("Intermediate").signed_by(&root);
    let impostor = Template::ca("Intermediate").key("impostor").self_signed();
    let leaf = Template::server(SERVER_NAME).signed_by(&impostor);
    Case::new(&[&leaf, &intermediate], &[&root]).refused(0, CertificateProblem::SignatureInvalid);
    let forged = Template::ca("Intermediate").signed_by(&Template::ca("Root").key("impostor").self_signed());
    let leaf = Template::server(SERVER_NAME).signed_by(&forged);
    Case::new(&[&leaf, &forged], &[&root]).refused(1, CertificateProblem::AnchorSignatureInvalid);
}

#[test]
fn a_signature_counts_only_for_the_key_that_made_it() {
    // Two anchors of one name; the first, which issued Y, allows two authorities below it.
    let strict = Template::ca("Root").path_len(2).self_signed();
    let twin = Template::ca("Root").key("twin").self_signed();
    let y = Template::ca("Y").signed_by(&strict);
    let z = Template::ca("Z").signed_by(&y);
    // The first X did not issue the leaf, but its path is tried first, and Y is verified on the way.
    let wrong_x = Template::ca("X").key("wrong").signed_by(&y);
    let x = Template::ca("X").signed_by(&z);
    let mut leaf = Template::server(SERVER_NAME);
    leaf.params.use_authority_key_identifier_extension = false;
    let leaf = leaf.signed_by(&x);
    let case = Case::new(&[&leaf, &wrong_x, &x, &y, &z], &[&strict, &twin]);
    case.refused(2, CertificateProblem::PathLengthExceeded);
}

#[test]
fn a_validator_may_be_asked_again_with_other_anchors() {
    let pki = Pki::new();
    let twin = Template::ca("Example Root").key("twin").self_signed();
    let name = ServerName::parse(SERVER_NAME).unwrap();
    let time = Time::Trusted(UnixTime::from_seconds(NOW));
    let mut memory = [0; 1024];
    let mut validator = Validator::new(&mut memory);
    for certificate in pki.chain(Role::Server) {
        validator.push::<RustCrypto>(&certificate).unwrap();
    }
    for (anchor, good) in [(&pki.root, true), (&twin, false), (&pki.root, true)] {
        let anchors = [TrustAnchor::from_certificate(&anchor.der).unwrap()];
        assert_eq!(validator.validate::<RustCrypto>(&Rules::server(&anchors, &name, time)).is_ok(), good);
    }
}

#[test]
fn each_certificate_of_the_path_has_to_be_valid_now() {
    let pki = Pki::new();
    let at = |seconds| Time::Trusted(UnixTime::from_seconds(seconds));
    let case = |time| Case::new(&[&pki.server, &pki.intermediate], &[&pki.root]).at(time);
    let (first, last) = (1_577_836_800, 2_208_988_800);
    assert_eq!(case(at(first)).accepted(), (2, 0));
    assert_eq!(case(at(last)).accepted(), (2, 0));
    case(at(first - 1)).refused(0, CertificateProblem::NotYetValid);
    case(at(last + 1)).refused(0, CertificateProblem::Expired);
    assert_eq!(case(Time::AtLeast(UnixTime::from_seconds(0))).accepted(), (2, 0));
    case(Time::AtLeast(UnixTime::from_seconds(last + 1))).refused(0, CertificateProblem::Expired);
    assert_eq!(case(Time::dangerous_unknown()).accepted(), (2, 0));

    let future = Template::ca("Intermediate").years(2030, 2040).signed_by(&pki.root);
    let leaf = Template::server(SERVER_NAME).signed_by(&future);
    Case::new(&[&leaf, &future], &[&pki.root]).refused(1, CertificateProblem::NotYetValid);
    for (from, to, problem) in
        [(2010, 2020, CertificateProblem::AnchorExpired), (2030, 2040, CertificateProblem::AnchorNotYetValid)]
    {
        let root = Template::ca("Root").years(from, to).self_signed();
        let leaf = Template::server(SERVER_NAME).signed_by(&root);
        Case::new(&[&leaf], &[&root]).refused(0, problem);
    }
}

#[test]
fn depth_counts_the_authorities_above_the_leaf() {
    let pki = Pki::new();
    let case = |depth| Case::new(&[&pki.server, &pki.intermediate], &[&pki.root]).depth(depth);
    assert_eq!(case(2).accepted(), (2, 0));
    case(1).refused(0, CertificateProblem::DepthExceeded);
    case(0).refused(0, CertificateProblem::DepthExceeded);
    let direct = Template::server(SERVER_NAME).signed_by(&pki.root);
    assert_eq!(Case::new(&[&direct], &[&pki.root]).depth(1).accepted(), (1, 0));
    Case::new(&[&direct], &[&pki.root]).depth(0).refused(0, CertificateProblem::DepthExceeded);
}

#[test]
fn ten_authorities_are_the_most() {
    let mut cas = vec![Template::ca("CA 0").self_signed()];
    for n in 1..11 {
        cas.push(Template::ca(&format!("CA {n}")).signed_by(&cas[n - 1]));
    }
    let chain = |top: usize| {
        let leaf = Template::server(SERVER_NAME).signed_by(&cas[top]);
        let mut chain = vec![leaf];
        chain.extend(cas[1..=top].iter().rev().cloned());
        Case::new(&chain.iter().collect::<Vec<_>>(), &[&cas[0]]).depth(255)
    };
    assert_eq!(chain(9).accepted(), (10, 0));
    chain(10).refused(0, CertificateProblem::DepthExceeded);
}

#[test]
fn a_path_length_counts_what_is_not_self_issued() {
    let root = Template::ca("Root").path_len(1).self_signed();
    let upper = Template::ca("Upper").path_len(1).signed_by(&root);
    // The same authority with a new key: it does not count.
    let rekeyed = Template::ca("Upper").key("new key").path_len(0).signed_by(&upper);
    let leaf = Template::server(SERVER_NAME).signed_by(&rekeyed);
    assert_eq!(Case::new(&[&leaf, &rekeyed, &upper], &[&root]).accepted(), (3, 0));
    let lower = Template::ca("Lower").signed_by(&upper);
    let leaf = Template::server(SERVER_NAME).signed_by(&lower);
    Case::new(&[&leaf, &lower, &upper], &[&root]).refused(1, CertificateProblem::PathLengthExceeded);
}

#[test]
fn purposes_are_asked_of_intermediates_and_anchors_too() {
    use rcgen::ExtendedKeyUsagePurpose as Purpose;
    let for_clients = [Purpose::ClientAuth];
    let root = Template::ca("Root").self_signed();
    let intermediate = Template::ca("Intermediate").purposes(&for_clients).signed_by(&root);
    let server = Template::server(SERVER_NAME).signed_by(&intermediate);
    let client = Template::client("client").signed_by(&intermediate);
    Case::new(&[&server, &intermediate], &[&root]).refused(1, CertificateProblem::ExtendedKeyUsage);
    assert_eq!(Case::new(&[&client, &intermediate], &[&root]).client().accepted(), (2, 0));
    Case::new(&[&server], &[&intermediate]).refused(0, CertificateProblem::ExtendedKeyUsage);

    let any = Template::server(SERVER_NAME).purposes(&[Purpose::Any]).signed_by(&root);
    assert_eq!(Case::new(&[&any], &[&root]).accepted(), (1, 0));
    let none = Template::server(SERVER_NAME).purposes(&[]).key_usages(&[]).signed_by(&root);
    assert_eq!(Case::new(&[&none], &[&root]).accepted(), (1, 0));
    let mail = Template::server(SERVER_NAME).purposes(&[Purpose::EmailProtection]).signed_by(&root);
    Case::new(&[&mail], &[&root]).refused(0, CertificateProblem::ExtendedKeyUsage);
}

#[test]
fn a_critical_extension_matters_only_on_the_path() {
    let root = Template::ca("Root").self_signed();
    let odd = Template::ca("Intermediate").extension(&[1, 3, 6, 1, 4, 1, 32_473, 1], true, &[5, 0]).signed_by(&root);
    let plain = Template::ca("Intermediate").signed_by(&root);
    let leaf = Template::server(SERVER_NAME).signed_by(&plain);
    Case::new(&[&leaf, &odd], &[&root]).refused(1, CertificateProblem::UnknownCriticalExtension);
    assert_eq!(Case::new(&[&leaf, &odd, &plain], &[&root]).accepted(), (2, 0));
    let harmless =
        Template::server(SERVER_NAME).extension(&[1, 3, 6, 1, 4, 1, 32_473, 1], false, &[5, 0]).signed_by(&plain);
    assert_eq!(Case::new(&[&harmless, &plain], &[&root]).accepted(), (2, 0));
}

#[test]
fn names_of_servers_are_looked_for_in_the_alternative_names_only() {
    use rcgen::SanType;
    let root = Template::ca("Root").self_signed();
    let dns = |name: &str| SanType::DnsName(name.try_into().unwrap());
    let ip = |address: &str| SanType::IpAddress(address.parse().unwrap());
    let ask = |names: &[SanType], name| {
        Case::new(&[&Template::server(SERVER_NAME).alternatives(names).signed_by(&root)], &[&root]).named(name).run()
    };
    let mismatch = Err(CertificateError { index: 0, problem: CertificateProblem::NameMismatch }.into());
    assert!(ask(&[dns("a.example"), dns("B.example")], "b.EXAMPLE").is_ok());
    assert!(ask(&[dns("*.example.com")], SERVER_NAME).is_ok());
    assert_eq!(ask(&[dns("*.example.com")], "example.com"), mismatch);
    assert_eq!(ask(&[dns("*.example.com")], "a.b.example.com"), mismatch);
    assert!(ask(&[ip("10.0.0.1")], "10.0.0.1").is_ok());
    assert!(ask(&[ip("2001:db8::1")], "2001:db8::1").is_ok());
    assert_eq!(ask(&[ip("10.0.0.1")], "10.0.0.2"), mismatch);
    assert_eq!(ask(&[dns("10.0.0.1")], "10.0.0.1"), mismatch);
    // The common name is the right one, and is not looked at.
    assert_eq!(ask(&[], SERVER_NAME), mismatch);
}

#[test]
fn name_constraints_hold_for_all_below() {
    use rcgen::{CidrSubnet, GeneralSubtree, SanType};
    let dns = |name: &str| GeneralSubtree::DnsName(name.into());
    let net = |address: [u8; 4], prefix| GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix(address, prefix));
    let ask = |permitted: &[GeneralSubtree], excluded: &[GeneralSubtree], anchored: bool| {
        let root = Template::ca("Root").self_signed();
        let ca = Template::ca("Intermediate").constraints(permitted, excluded).signed_by(&root);
        let names =
            [SanType::DnsName(SERVER_NAME.try_into().unwrap()), SanType::IpAddress("10.1.2.3".parse().unwrap())];
        let leaf = Template::server(SERVER_NAME).alternatives(&names).signed_by(&ca);
        let case = if anchored { Case::new(&[&leaf], &[&ca]) } else { Case::new(&[&leaf, &ca], &[&root]) };
        case.run().map(|_| ())
    };
    let forbidden = Err(CertificateError { index: 0, problem: CertificateProblem::NameNotPermitted }.into());
    for anchored in [false, true] {
        let ask = |permitted: &[_], excluded: &[_]| ask(permitted, excluded, anchored);
        assert_eq!(ask(&[dns("example.com")], &[]), Ok(()));
        assert_eq!(ask(&[dns("example.org")], &[]), forbidden);
        assert_eq!(ask(&[dns("example.org"), dns("example.com")], &[]), Ok(()));
        assert_eq!(ask(&[], &[dns("example.com")]), forbidden);
        assert_eq!(ask(&[dns("example.com")], &[dns(SERVER_NAME)]), forbidden);
        assert_eq!(ask(&[net([10, 0, 0, 0], 8)], &[]), Ok(()));
        assert_eq!(ask(&[net([192, 168, 0, 0], 16)], &[]), forbidden);
        assert_eq!(ask(&[dns("example.com")], &[net([10, 1, 0, 0], 16)]), forbidden);
        assert_eq!(ask(&[GeneralSubtree::Rfc822Name("example.org".into())], &[]), Ok(()));
    }
}

#[test]
fn a_leaf_may_not_hold_name_constraints() {
    let root = Template::ca("Root").self_signed();
    // subtree: dNSName "a.b"
    let value = [0x30, 9, 0xa0, 7, 0x30, 5, 0x82, 3, b'a', b'.', b'b'];
    let leaf = Template::server(SERVER_NAME).extension(&[2, 5, 29, 30], true, &value).signed_by(&root);
    Case::new(&[&leaf], &[&root]).refused(0, CertificateProblem::NameConstraintsOnLeaf);
}

#[test]
fn issuers_are_matched_without_regard_to_case_space_and_string_type() {
    use rcgen::{DnType, DnValue};
    let printable = DnValue::PrintableString("example  ROOT".try_into().unwrap());
    let root = Template::ca("Root").subject(&[(DnType::CommonName, DnValue::Utf8String("Example Root".into()))]);
    let same = root.clone().subject(&[(DnType::CommonName, printable)]).self_signed();
    let leaf = Template::server(SERVER_NAME).signed_by(&root.self_signed());
    assert_eq!(Case::new(&[&leaf], &[&same]).accepted(), (1, 0));
}

#[test]
fn a_broken_certificate_is_an_error_only_where_it_is_the_leaf() {
    let pki = Pki::new();
    let broken = pki.server.der[..100].to_vec();
    let good = pki.chain(Role::Server);
    let anchors = vec![pki.root.der.clone()];
    let case = |chain| Case::of(chain, anchors.clone(), Role::Server);
    case(vec![broken.clone()]).refused(0, CertificateProblem::Malformed);
    case(vec![]).refused(0, CertificateProblem::Malformed);
    assert_eq!(case(vec![good[0].clone(), broken.clone(), good[1].clone()]).accepted(), (2, 0));
    case(vec![good[0].clone(), broken]).refused(1, CertificateProblem::Malformed);
}

#[test]
fn a_huge_certificate_is_passed_over() {
    let pki = Pki::new();
    let huge = vec![0; 70_000];
    let anchors = vec![pki.root.der.clone()];
    let [leaf, intermediate] = pki.chain(Role::Server).try_into().unwrap();
    assert_eq!(Case::of(vec![leaf, huge.clone(), intermediate], anchors.clone(), Role::Server).accepted(), (2, 0));
    Case::of(vec![huge], anchors, Role::Server).refused(0, CertificateProblem::TooLarge);
}

#[test]
fn what_rfc_5280_forbids_in_a_certificate_is_refused() {
    let root = Template::ca("Root").self_signed();
    let ask = |template: Template| Case::new(&[&template.signed_by(&root)], &[&root]);
    let server = || Template::server(SERVER_NAME);
    let serial = |bytes: &[u8]| {
        let mut template = server();
        template.params.serial_number = Some(rcgen::SerialNumber::from_slice(bytes));
        template
    };
    assert!(ask(serial(&[0x7f; 20])).run().is_ok());
    ask(serial(&[0x7f; 21])).refused(0, CertificateProblem::SerialNumber);
    ask(serial(&[0])).refused(0, CertificateProblem::SerialNumber);
    ask(serial(&[0x11; 8]).patched(&[2, 8, 0x11], &[2, 8, 0x91])).refused(0, CertificateProblem::SerialNumber);
    // Version 2.
    ask(server().patched(&[0xa0, 3, 2, 1, 2], &[0xa0, 3, 2, 1, 1])).refused(0, CertificateProblem::UnsupportedVersion);
    // ecdsa-with-SHA384 inside, ecdsa-with-SHA256 outside.
    let (sha256, sha384) = (b"\x2a\x86\x48\xce\x3d\x04\x03\x02", b"\x2a\x86\x48\xce\x3d\x04\x03\x03");
    ask(server().patched(sha256, sha384)).refused(0, CertificateProblem::SignatureAlgorithmMismatch);
    // A second key usage.
    ask(server().extension(&[2, 5, 29, 15], true, &[3, 2, 7, 0x80])).refused(0, CertificateProblem::DuplicateExtension);
    // A time zone.
    ask(server().patched(b"200101000000Z", b"2001010000+01")).refused(0, CertificateProblem::Malformed);
    // secp256k1.
    let (p256, k256) = (b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07", b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x01");
    ask(server().patched(p256, k256)).refused(0, CertificateProblem::UnsupportedKey);
}

#[test]
fn what_stands_behind_the_last_field_is_refused() {
    let root = Template::ca("Root").self_signed();
    let leaf = Template::server(SERVER_NAME).signed_by(&root);
    let null = [5, 0];
    // Both have a length of three bytes behind their tag.
    let signed = pki::tlv(0x30, &[&pki::tbs(&leaf.der)[4..], &null].concat());
    let inside = pki::sign(&signed, &root.key);
    let outside = pki::tlv(0x30, &[&leaf.der[4..], &null].concat());
    let good = pki::sign(pki::tbs(&leaf.der), &root.key);
    let case = |der| Case::of(vec![der], vec![root.der.clone()], Role::Server);
    assert_eq!(case(good).accepted(), (1, 0));
    case(inside).refused(0, CertificateProblem::Malformed);
    case(outside).refused(0, CertificateProblem::Malformed);
}

#[test]
fn an_issuer_has_a_name() {
    let root = Template::ca("Root").self_signed();
    let nameless = Template::ca("Nameless").subject(&[]).signed_by(&root);
    let leaf = Template::server(SERVER_NAME).signed_by(&nameless);
    Case::new(&[&leaf, &nameless], &[&root]).refused(0, CertificateProblem::Malformed);
}

#[test]
fn a_certificate_may_hold_thirty_two_extensions() {
    let root = Template::ca("Root").self_signed();
    let with = |count| {
        let mut template = Template::server(SERVER_NAME);
        // It has six: both key identifiers, both usages, alternative name and basic constraints.
        for n in 6..count {
            template = template.extension(&[1, 3, 6, 1, 4, 1, 32_473, n], false, &[5, 0]);
        }
        Case::new(&[&template.signed_by(&root)], &[&root])
    };
    assert_eq!(with(32).accepted(), (1, 0));
    with(33).refused(0, CertificateProblem::Malformed);
}

#[test]
fn a_bit_that_is_flipped_is_never_accepted() {
    let pki = Pki::new();
    let leaf = &pki.server.der;
    for at in 0..leaf.len() {
        let mut der = leaf.clone();
        der[at] ^= 1 << (at % 8);
        let case = Case::of(vec![der], vec![pki.intermediate.der.clone()], Role::Server);
        assert!(case.run().is_err(), "byte {at}");
    }
}

#[test]
fn every_prefix_of_a_certificate_is_malformed() {
    let pki = Pki::new();
    for der in [&pki.root.der, &pki.intermediate.der] {
        for len in 0..der.len() {
            assert!(TrustAnchor::from_certificate(&der[..len]).is_err(), "{len} bytes");
        }
        let longer = [&der[..], &[0]].concat();
        assert!(TrustAnchor::from_certificate(&longer).is_err());
    }
}

#[test]
fn memory_that_does_not_suffice_is_an_error_that_names_the_size() {
    let pki = Pki::new();
    let case = Case::of(pki.chain(Role::Server), vec![pki.root.der.clone()], Role::Server);
    let mut size = 0;
    let mut tries = 0;
    while let Err(error) = case.run_in(&mut vec![0; size]) {
        let Error::BufferTooSmall { buffer: embedded_mtls::BufferKind::Peer, need } = error else {
            panic!("{error}");
        };
        let need = usize::try_from(need).unwrap();
        assert!(need > size);
        assert!(case.run_in(&mut vec![0; need - 1]).is_err());
        size = need;
        tries += 1;
    }
    println!("leaf and intermediate: {size} bytes");
    assert_eq!(tries, 2);
    assert!(size < 700, "{size}");
}

#[test]
fn the_identity_is_what_the_leaf_says() {
    use embedded_mtls::x509::{KeyAlgorithm, SubjectAltName};
    let root = Template::ca("Root").self_signed();
    let names = [
        rcgen::SanType::DnsName("gateway.example".try_into().unwrap()),
        rcgen::SanType::IpAddress("10.0.0.7".parse().unwrap()),
        rcgen::SanType::URI("urn:gateway:7".try_into().unwrap()),
        rcgen::SanType::Rfc822Name("ops@example.com".try_into().unwrap()),
    ];
    let leaf = Template::client("gateway-7").alternatives(&names).signed_by(&root);
    let mut memory = [0; 1024];
    let mut validator = Validator::new(&mut memory);
    assert!(validator.identity().is_none());
    validator.push::<RustCrypto>(&leaf.der).unwrap();
    validator.push::<RustCrypto>(&root.der).unwrap();
    let identity = validator.identity().unwrap();
    assert_eq!(identity.subject().to_string(), "CN=gateway-7,O=Example");
    assert_eq!(identity.common_name(), Some("gateway-7"));
    assert_eq!(identity.issuer().to_string(), "CN=Root,O=Example");
    assert_eq!(identity.serial().len(), 8);
    assert_eq!(identity.not_before().to_string(), "2020-01-01T00:00:00Z");
    assert_eq!(identity.not_after().to_string(), "2040-01-01T00:00:00Z");
    assert_eq!(identity.key_algorithm(), KeyAlgorithm::EcP256);
    assert_eq!(identity.public_key(), leaf.key.point());
    assert_eq!(identity.sha256_fingerprint()[..], *<sha2::Sha256 as sha2::Digest>::digest(&leaf.der));
    let names: Vec<_> = identity.subject_alt_names().collect();
    assert_eq!(
        names,
        [
            SubjectAltName::Dns("gateway.example"),
            SubjectAltName::Ip("10.0.0.7".parse().unwrap()),
            SubjectAltName::Uri("urn:gateway:7"),
            SubjectAltName::Email("ops@example.com"),
        ]
    );
}

#[test]
fn a_certificate_that_is_no_authority_is_no_anchor() {
    let unusable = |issued: &Issued| match TrustAnchor::from_certificate(&issued.der) {
        Err(Error::ApiMisuse(embedded_mtls::ApiMisuse::TrustAnchorUnusable(problem))) => Some(problem),
        _ => None,
    };
    let pki = Pki::new();
    assert_eq!(unusable(&pki.root), None);
    assert_eq!(unusable(&pki.server), Some(CertificateProblem::NotACa));
    let usages = [rcgen::KeyUsagePurpose::CrlSign];
    let no_signer = Template::ca("Root").key_usages(&usages).self_signed();
    assert_eq!(unusable(&no_signer), Some(CertificateProblem::MissingCertSign));
    let odd = Template::ca("Root").extension(&[1, 3, 6, 1, 4, 1, 32_473, 1], true, &[5, 0]).self_signed();
    assert_eq!(unusable(&odd), Some(CertificateProblem::UnknownCriticalExtension));
}

#[test]
fn an_anchor_of_a_name_and_a_key_has_no_limits() {
    use rcgen::PublicKeyData;
    let root = Template::ca("Root").path_len(0).years(2010, 2020).self_signed();
    let intermediate = Template::ca("Intermediate").signed_by(&root);
    let leaf = Template::server(SERVER_NAME).signed_by(&intermediate);
    let chain = [&leaf, &intermediate];
    Case::new(&chain, &[&root]).refused(1, CertificateProblem::AnchorExpired);
    let with_limits = TrustAnchor::from_certificate(&root.der).unwrap();
    let key = root.key.subject_public_key_info();
    let subject = with_limits.subject().expect("an authority has a name").as_der();
    let anchors = [TrustAnchor::from_name_and_key(subject, &key).unwrap()];
    let name = ServerName::parse(SERVER_NAME).unwrap();
    let mut memory = [0; 1024];
    let mut validator = Validator::new(&mut memory);
    for issued in chain {
        validator.push::<RustCrypto>(&issued.der).unwrap();
    }
    let rules = Rules::server(&anchors, &name, Time::Trusted(UnixTime::from_seconds(NOW)));
    assert!(validator.validate::<RustCrypto>(&rules).is_ok());
    assert!(TrustAnchor::from_name_and_key(&[0x30, 0], &key).is_err());
    assert!(TrustAnchor::from_name_and_key(subject, &key[1..]).is_err());
}
