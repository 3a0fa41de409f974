//! The search for a path: any order, several anchors, what leads nowhere, what is forged.

use embedded_mtls::CertificateProblem;
use embedded_mtls::crypto::rustcrypto::RustCrypto;
use embedded_mtls::x509::{Rules, ServerName, Time, TrustAnchor, UnixTime, Validator};
use test_support::chain_case::Case;
use test_support::pki::{BadChain, Defect, NOW, Pki, Role, SERVER_NAME, Template};

#[test]
fn a_good_chain_is_accepted_in_both_roles() {
    let pki = Pki::new();
    for role in Role::ALL {
        let case = Case::of(pki.chain(role), vec![pki.root.der.clone()], role);
        assert_eq!(case.accepted(), (2, 0));
    }
}

#[test]
fn each_of_the_ten_bad_chains_is_rejected_for_its_own_reason_in_both_roles() {
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
fn wrong_key_identifiers_only_change_the_order() {
    let mut root = Template::ca("Root");
    let twin = Template::ca("Root").key("twin").self_signed();
    // First the identifier of the twin in the certificates of the root, then one that matches none.
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

/// An authority without a subject key identifier, which rcgen writes into every other.
fn without_key_identifier(name: &str) -> Template {
    let mut template = Template::ca(name).extension(&[2, 5, 29, 19], true, &[0x30, 3, 1, 1, 0xff]);
    template.params.is_ca = rcgen::IsCa::NoCa;
    template
}

#[test]
fn signatures_are_spent_on_the_key_that_is_named_first() {
    let root = Template::ca("Root").self_signed();
    let issuer = Template::ca("Issuing").signed_by(&root);
    let leaf = Template::server(SERVER_NAME).signed_by(&issuer);
    let namesakes: Vec<_> =
        (0..40).map(|n| without_key_identifier("Issuing").key(&n.to_string()).signed_by(&root)).collect();
    let mut chain = vec![&leaf];
    chain.extend(&namesakes);
    chain.push(&issuer);
    assert_eq!(Case::new(&chain, &[&root]).accepted(), (2, 0));
    // As anchors, too.
    let mut anchors: Vec<_> = namesakes.iter().collect();
    anchors.push(&issuer);
    assert_eq!(Case::new(&[&leaf], &anchors).accepted(), (1, 40));
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
fn nothing_in_the_list_is_trusted_because_it_was_sent() {
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
fn a_search_among_many_certificates_of_one_name_is_given_up() {
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
    let time = Time::Trusted(UnixTime(NOW));
    let mut memory = [0; 1024];
    let mut validator = Validator::new(&mut memory);
    for certificate in pki.chain(Role::Server) {
        validator.push(RustCrypto, &certificate).unwrap();
    }
    for (anchor, good) in [(&pki.root, true), (&twin, false), (&pki.root, true)] {
        let anchors = [TrustAnchor::from_certificate(&anchor.der).unwrap()];
        assert_eq!(validator.validate(RustCrypto, Rules::server(&anchors, &name, time)).is_ok(), good);
    }
}
