//! The rules for certificates of a path: time, depth, purposes, names, and the limits of CAs.

use embedded_mtls::x509::{Time, UnixTime};
use embedded_mtls::{CertificateError, CertificateProblem, Malformation};
use test_support::chain_case::Case;
use test_support::pki::{Pki, SERVER_NAME, Template};

#[test]
fn each_certificate_of_the_path_has_to_be_valid_now() {
    let pki = Pki::new();
    let at = |seconds| Time::Trusted(UnixTime(seconds));
    let case = |time| Case::new(&[&pki.server, &pki.intermediate], &[&pki.root]).at(time);
    let (first, last) = (1_577_836_800, 2_208_988_800);
    assert_eq!(case(at(first)).accepted(), (2, 0));
    assert_eq!(case(at(last)).accepted(), (2, 0));
    case(at(first - 1)).refused(0, CertificateProblem::NotYetValid);
    case(at(last + 1)).refused(0, CertificateProblem::Expired);
    assert_eq!(case(Time::AtLeast(UnixTime(0))).accepted(), (2, 0));
    case(Time::AtLeast(UnixTime(last + 1))).refused(0, CertificateProblem::Expired);
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
fn a_root_that_its_old_key_has_certified_is_no_root() {
    let (root, stranger) = (Template::ca("Root").self_signed(), Template::ca("Stranger").self_signed());
    let rekeyed = Template::ca("Root").key("new key").signed_by(&root);
    let leaf = Template::server(SERVER_NAME).signed_by(&rekeyed);
    assert_eq!(Case::new(&[&leaf, &rekeyed], &[&root]).accepted(), (2, 0));
    Case::new(&[&leaf, &rekeyed], &[&stranger]).refused(1, CertificateProblem::UnknownIssuer);
    let leaf = Template::server(SERVER_NAME).signed_by(&root);
    Case::new(&[&leaf, &root], &[&stranger]).refused(1, CertificateProblem::UntrustedRoot);
}

#[test]
fn an_issuer_that_cannot_be_read_is_blamed_before_other_certificates_that_cannot() {
    let root = Template::ca("Root").self_signed();
    // No month has number 13.
    let garbled = |name: &str| Template::ca(name).patched(b"200101000000Z", b"201301000000Z").signed_by(&root);
    let (issuer, other) = (garbled("Intermediate"), garbled("Other"));
    let leaf = Template::server(SERVER_NAME).signed_by(&Template::ca("Intermediate").signed_by(&root));
    let malformed = CertificateProblem::Malformed(Malformation::NotBefore);
    Case::new(&[&leaf, &issuer, &other], &[&root]).refused(1, malformed);
    Case::new(&[&leaf, &other, &issuer], &[&root]).refused(2, malformed);
    Case::new(&[&leaf, &other], &[&root]).refused(0, CertificateProblem::UnknownIssuer);
}

#[test]
fn purposes_are_required_of_intermediates_and_anchors_too() {
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
fn server_names_are_searched_only_in_the_alternative_names() {
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
fn constraints_on_hosts_hold_for_common_names_of_clients_that_are_host_names() {
    use rcgen::{GeneralSubtree, SanType};
    let root = Template::ca("Root").self_signed();
    let permitted = [GeneralSubtree::DnsName("example.com".into())];
    let ca = Template::ca("Intermediate").constraints(&permitted, &[]).signed_by(&root);
    let ask = |template: Template| {
        let names = [SanType::DnsName(SERVER_NAME.try_into().unwrap())];
        Case::new(&[&template.alternatives(&names).signed_by(&ca), &ca], &[&root])
    };
    // Of a server the alternative names count, and of a client the common name, if it has the form of a host name.
    assert_eq!(ask(Template::server("supplier.example.org")).accepted(), (2, 0));
    assert_eq!(ask(Template::client("gateway.example.com")).client().accepted(), (2, 0));
    assert_eq!(ask(Template::client("gateway.7")).client().accepted(), (2, 0));
    ask(Template::client("gateway.example.org")).client().refused(0, CertificateProblem::NameNotPermitted);
}

#[test]
fn a_leaf_may_not_hold_name_constraints() {
    let root = Template::ca("Root").self_signed();
    // subtree: dNSName "a.b"
    let value = [0x30, 9, 0xa0, 7, 0x30, 5, 0x82, 3, b'a', b'.', b'b'];
    let leaf = Template::server(SERVER_NAME).extension(&[2, 5, 29, 30], true, &value).signed_by(&root);
    Case::new(&[&leaf], &[&root]).refused(0, CertificateProblem::NameConstraintsOnLeaf);
}
