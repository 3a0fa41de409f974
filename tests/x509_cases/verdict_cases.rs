//! Verdicts as data: the certificate to blame, what was found and what is required.

use crate::*;
use embedded_mtls::x509::{Evidence, KeyAlgorithm, NameLimit, NearMiss, Place, SignatureKind, TraceEvent, Verdict};

/// Limits of this implementation.
pub(crate) const LIMITS: &[Row] = &[
    Row("more than 255 certificates", Refused(255, Problem::ListTooLong), |w| {
        w.sent = vec![Who::Leaf; 256];
    }),
    Row("a certificate of 65,000 bytes and more", Refused(0, Problem::TooLarge), |w| {
        w.leaf(|t| t.extension(PRIVATE, false, &[0; 65_000]));
    }),
    Row("a large certificate that is not needed", Path(3), |w| {
        w.sent.push(Who::Root);
        w.root(|t| t.extension(PRIVATE, false, &[0; 65_000]));
    }),
    Row("forty CAs with the name of the root", Refused(0, Problem::SearchExhausted), |w| {
        w.trusted = vec![Who::Twin; 40];
    }),
    Row("an unsupported algorithm", Refused(0, Problem::UnsupportedSignature), |w| w.sent[0] = Who::Odd),
];

/// Passes the verdict on the chain of a server to `look`, and returns its result.
#[track_caller]
fn verdict<T>(change: impl FnOnce(&mut World), look: impl FnOnce(Verdict<'_>) -> T) -> T {
    let mut world = World::new(Role::Server);
    change(&mut world);
    let (_, seen) =
        world.judge(|validator, rules| look(validator.validate(RustCrypto, rules).expect_err("it was refused")));
    seen.expect("the anchors are good")
}

fn text(change: impl FnOnce(&mut World)) -> String {
    verdict(change, |verdict| verdict.to_string())
}

fn time(year: u16) -> UnixTime {
    UnixTime::from_civil(year, 1, 1, 0, 0, 0).unwrap()
}

#[test]
fn a_verdict_names_the_certificate_and_its_issuer() {
    verdict(
        |w| w.lower(|t| t.years(2010, 2020)),
        |verdict| {
            assert_eq!(verdict.error(), CertificateError { index: 1, problem: Problem::Expired });
            assert_eq!(verdict.subject().unwrap().to_string(), "CN=Lower,O=Example");
            assert_eq!(verdict.issuer().unwrap().to_string(), "CN=Upper,O=Example");
            assert_eq!(verdict.error().problem.section(), Some("RFC 5280 section 4.1.2.5"));
            assert_eq!(verdict.authority(), None);
        },
    );
}

#[test]
fn a_verdict_on_a_malformed_certificate_names_the_field_and_the_certificate() {
    let leaf: fn(&mut World) = |w| w.leaf(|t| serial(t, &[0x7f; 21]));
    let lower: fn(&mut World) = |w| w.lower(|t| serial(t, &[0x7f; 21]));
    for (change, name) in [(leaf, "CN=supplier.example.com,O=Example"), (lower, "CN=Lower,O=Example")] {
        verdict(change, |verdict| {
            assert_eq!(verdict.subject().unwrap().to_string(), name);
            assert!(verdict.issuer().is_none());
            let Evidence::Field { found, .. } = verdict.evidence() else { panic!("{verdict:?}") };
            assert_eq!(found, [0x7f; 21]);
        });
    }
    verdict(
        |w| w.leaf(|t| t.patched(b"200101000000Z", b"2001010000+01")),
        |verdict| assert!(verdict.to_string().contains("found '2001010000+01', wanted YYMMDDHHMMSSZ or"), "{verdict}"),
    );
    // Nothing of a key is printed.
    let key = text(|w| w.leaf.spoil = Some(|_| tlv(0x30, &[&[2, 1, 1][..], &tlv(4, &[0x55; 32])].concat())));
    assert!(key.contains("found 30 25 02 01, wanted"), "{key}");
}

#[test]
fn a_certificate_without_a_path_is_explained_on_its_own() {
    let told = |issued: &Issued| {
        let Err(Error::ApiMisuse(ApiMisuse::TrustAnchorUnusable(problem))) = TrustAnchor::from_certificate(&issued.der)
        else {
            panic!("it is usable")
        };
        Verdict::of_certificate(&issued.der, CertificateError { index: 3, problem }).to_string()
    };
    let root = Template::ca("Root");
    let usages = [KeyUsagePurpose::DigitalSignature];
    for (template, expected) in [
        (
            root.clone().key_usages(&usages),
            "certificate 3 (CN=Root,O=Example) may not sign certificates: its key usage lacks keyCertSign: found \
             digitalSignature, wanted keyCertSign (RFC 5280 section 4.2.1.3)",
        ),
        (
            root.clone().patched(b"200101000000Z", b"201301000000Z"),
            "certificate 3 (CN=Root,O=Example) has a notBefore that is not a date: found '201301000000Z', wanted \
             YYMMDDHHMMSSZ or YYYYMMDDHHMMSSZ (RFC 5280 section 4.1.2.5)",
        ),
        (
            root.clone().extension(KEY_USAGE, true, &[3, 2, 2, 4]),
            "certificate 3 (CN=Root,O=Example) contains a duplicate extension: found 2.5.29.15 (RFC 5280 section 4.2)",
        ),
    ] {
        assert_eq!(told(&template.self_signed()), expected);
    }
}

#[test]
fn a_verdict_on_validity_has_the_dates_and_the_time() {
    let dates = |verdict: Verdict<'_>| match verdict.evidence() {
        Evidence::Validity { not_before, not_after, time } => (not_before, not_after, time),
        other => panic!("{other:?}"),
    };
    assert_eq!(verdict(|w| w.leaf(|t| t.years(2010, 2020)), dates), (time(2010), time(2020), at(NOW)));
    assert_eq!(verdict(|w| w.upper(|t| t.years(2030, 2040)), dates), (time(2030), time(2040), at(NOW)));
    let root = |w: &mut World| w.root(|t| t.years(2010, 2020));
    assert_eq!(verdict(root, dates), (time(2010), time(2020), at(NOW)));
    let authority = verdict(root, |verdict| verdict.authority().map(|found| (found.place, found.subject.to_string())));
    assert_eq!(authority, Some((Place::Anchor(0), "CN=Root,O=Example".to_owned())));
    let late = text(|w| w.leaf(|t| t.years(2010, 2020)));
    assert!(late.contains("the current time is 2026-11-22T04:00:00Z, 2517 days past notAfter"), "{late}");
    let early = text(|w| w.leaf(|t| t.years(2030, 2040)));
    assert!(early.contains("1135 days before notBefore"), "{early}");
    let build = text(|w| {
        w.leaf(|t| t.years(2010, 2020));
        w.time = Time::AtLeast(UnixTime(NOW));
    });
    assert!(build.contains("the current time is at least 2026"), "{build}");
}

#[test]
fn a_verdict_on_names_has_those_found_and_the_one_required() {
    verdict(
        |w| {
            w.name = "other.example.com";
            w.holds(SanType::IpAddress([10, 0, 0, 1].into()));
        },
        |verdict| {
            let Evidence::ServerName { wanted, found } = verdict.evidence() else { panic!("{verdict:?}") };
            assert_eq!(wanted, ServerName::parse("other.example.com").unwrap());
            let found: Vec<_> = found.iter().map(|name| name.to_string()).collect();
            assert_eq!(found, ["DNS:supplier.example.com", "IP:10.0.0.1"]);
            assert_eq!(verdict.near_miss(), None);
        },
    );
}

#[test]
fn a_name_that_is_nearly_right_is_pointed_out() {
    let miss = |name: &'static str, names: &'static [&'static str], wanted: Option<NearMiss<'static>>| {
        let change = move |w: &mut World| {
            w.name = name;
            w.leaf(|t| t.alternatives(&names.iter().map(|name| dns(name)).collect::<Vec<_>>()));
        };
        verdict(change, |verdict| assert_eq!(verdict.near_miss(), wanted));
    };
    miss(SERVER_NAME, &[], Some(NearMiss::CommonName(SERVER_NAME)));
    miss("Supplier.example.com", &["other.example"], Some(NearMiss::CommonName(SERVER_NAME)));
    miss("a.b.example.com", &["*.example.com"], Some(NearMiss::WildcardDepth("*.example.com")));
    miss("example.com", &["x.org", "*.example.com"], Some(NearMiss::WildcardDepth("*.example.com")));
    miss("badexample.com", &["*.example.com"], None);
    miss("10.0.0.1", &["10.0.0.1"], Some(NearMiss::AddressAsHostName("10.0.0.1")));
    miss("10.0.0.1", &["10.0.0.2"], None);
}

/// RFC 5280 section 7.1 has PrintableString and UTF8String compared as text, and no other type.
#[test]
fn a_ca_whose_name_differs_in_its_string_type_is_pointed_out() {
    // T61String, IA5String.
    for other in [b"\x14\x04Root", b"\x16\x04Root"] {
        verdict(
            |w| w.upper(|t| t.patched(b"\x0c\x04Root", other)),
            |verdict| {
                assert_eq!(verdict.error(), CertificateError { index: 2, problem: Problem::UnknownIssuer });
                let authority = verdict.authority().expect("the root");
                assert_eq!(
                    (authority.place, authority.subject.to_string()),
                    (Place::Anchor(0), "CN=Root,O=Example".into())
                );
                assert_eq!(verdict.near_miss(), Some(NearMiss::IssuerName(authority)));
                let text = verdict.to_string();
                let hint = "; trust anchor 0 (CN=Root,O=Example) has a similar name, which differs in string type";
                assert!(text.contains(hint), "{text}");
            },
        );
    }
    // Of a certificate that was sent.
    verdict(
        |w| w.leaf(|t| t.patched(b"\x0c\x05Lower", b"\x14\x05LOWER")),
        |verdict| {
            assert_eq!(verdict.error(), CertificateError { index: 0, problem: Problem::UnknownIssuer });
            let Some(NearMiss::IssuerName(authority)) = verdict.near_miss() else { panic!("{verdict}") };
            assert_eq!(authority.place, Place::Sent(1));
        },
    );
    // The root, certified by its old key, has the name itself.
    verdict(
        |w| {
            w.upper(|t| t.named("Root").key("new key"));
            w.trusted = vec![Who::Stranger];
        },
        |verdict| {
            assert_eq!(verdict.error(), CertificateError { index: 2, problem: Problem::UnknownIssuer });
            assert!(verdict.near_miss().is_none() && verdict.authority().is_none(), "{verdict}");
        },
    );
    for other in [b"\x14\x04Roof", b"\x0c\x04Roof"] {
        verdict(
            |w| w.upper(|t| t.patched(b"\x0c\x04Root", other)),
            |verdict| assert!(verdict.near_miss().is_none() && verdict.authority().is_none(), "{verdict}"),
        );
    }
}

#[test]
fn a_verdict_on_depth_or_path_length_names_the_limit_and_its_ca() {
    verdict(
        |w| w.max_depth = 2,
        |verdict| assert!(matches!(verdict.evidence(), Evidence::Depth { found: 3, limit: 2 }), "{verdict:?}"),
    );
    verdict(
        |w| w.upper(|t| t.path_len(0)),
        |verdict| {
            assert!(matches!(verdict.evidence(), Evidence::PathLength { limit: 0 }), "{verdict:?}");
            assert_eq!(verdict.authority().unwrap().place, Place::Sent(2));
        },
    );
    verdict(
        |w| w.root(|t| t.path_len(1)),
        |verdict| {
            assert!(matches!(verdict.evidence(), Evidence::PathLength { limit: 1 }), "{verdict:?}");
            assert_eq!(verdict.authority().unwrap().place, Place::Anchor(0));
        },
    );
}

#[test]
fn usages_and_purposes_are_listed() {
    let usage = |verdict: Verdict<'_>| match verdict.evidence() {
        Evidence::KeyUsage { found, wanted } => (found.to_string(), wanted.to_string()),
        other => panic!("{other:?}"),
    };
    let leaf =
        |w: &mut World| w.leaf(|t| t.key_usages(&[KeyUsagePurpose::KeyAgreement, KeyUsagePurpose::DecipherOnly]));
    assert_eq!(verdict(leaf, usage), ("keyAgreement, decipherOnly".into(), "digitalSignature".into()));
    let lower = |w: &mut World| w.lower(|t| t.key_usages(&[KeyUsagePurpose::DigitalSignature]));
    assert_eq!(verdict(lower, usage), ("digitalSignature".into(), "keyCertSign".into()));

    let purpose = |verdict: Verdict<'_>| match verdict.evidence() {
        Evidence::Purpose { found, wanted } => (found.to_string(), wanted, verdict.authority().map(|a| a.place)),
        other => panic!("{other:?}"),
    };
    let mail = [ExtendedKeyUsagePurpose::EmailProtection, ExtendedKeyUsagePurpose::ClientAuth];
    let found = verdict(|w| w.leaf(|t| t.purposes(&mail)), purpose);
    assert_eq!(found, ("clientAuth, emailProtection".into(), embedded_mtls::Role::Server, None));
    let root = |w: &mut World| w.root(|t| t.purposes(&[ExtendedKeyUsagePurpose::CodeSigning]));
    assert_eq!(verdict(root, purpose), ("codeSigning".into(), embedded_mtls::Role::Server, Some(Place::Anchor(0))));
    let text = text(root);
    assert!(text.starts_with("trust anchor 0 (CN=Root,O=Example), issuer of certificate 2 (CN=Upper"), "{text}");
}

#[test]
fn an_anchor_that_violates_the_profile_is_itself_to_blame() {
    let number: fn(&mut World) = |w| w.root(|t| serial(t, &[0]));
    let date: fn(&mut World) = |w| w.root.rewrites.push(generalized_time);
    for change in [number, date] {
        let strictly = |w: &mut World| {
            change(w);
            w.strict = true;
        };
        verdict(strictly, |verdict| {
            assert_eq!((verdict.error().index, verdict.authority().unwrap().place), (2, Place::Anchor(0)));
            // Not the field of the certificate that it issued.
            assert!(matches!(verdict.evidence(), Evidence::Field { found, .. } if found.is_empty()));
            let blamed = "trust anchor 0 (CN=Root,O=Example), issuer of certificate 2 (CN=Upper,O=Example)";
            assert!(verdict.to_string().starts_with(blamed), "{verdict}");
        });
    }
}

#[test]
fn the_serial_number_of_the_leaf_is_not_taken_for_that_of_the_anchor_above_it() {
    verdict(
        |w| {
            (w.sent, w.trusted, w.strict) = (vec![Who::Leaf], vec![Who::Lower], true);
            w.lower(|t| serial(t, &[0]));
        },
        |verdict| {
            assert_eq!(verdict.error(), CertificateError { index: 0, problem: Problem::SerialNumber });
            assert!(matches!(verdict.evidence(), Evidence::Field { found, .. } if found.is_empty()), "{verdict}");
        },
    );
}

#[test]
fn limits_and_lists_are_written_out() {
    let allows = text(|w| w.root(|t| t.path_len(1)));
    assert!(allows.contains(" allows 1 CA certificate below it, found 2 or more"), "{allows}");
    let allows = text(|w| w.upper(|t| t.path_len(0)));
    assert!(allows.contains(" allows 0 CA certificates below it, found 1 or more"), "{allows}");
    let listed = |count: usize| {
        text(|w| {
            w.name = "other.example";
            w.leaf(|t| t.alternatives(&(0..count).map(|number| dns(&format!("{number}.example"))).collect::<Vec<_>>()));
        })
    };
    assert!(listed(0).contains("wanted other.example, found none"), "{}", listed(0));
    assert!(listed(2).contains("wanted other.example, found DNS:0.example, DNS:1.example ("), "{}", listed(2));
    assert!(listed(8).contains("DNS:6.example, DNS:7.example ("), "{}", listed(8));
    assert!(listed(10).contains("DNS:6.example, DNS:7.example and 2 more ("), "{}", listed(10));
}

#[test]
fn a_verdict_on_a_constraint_names_the_name_and_the_ca() {
    let constraint = |verdict: Verdict<'_>| match verdict.evidence() {
        Evidence::NameConstraint { name, limit } => {
            let limit = match limit {
                NameLimit::Excluded(subtree) => format!("not {subtree}"),
                NameLimit::Permitted(subtrees) => {
                    subtrees.iter().map(|s| s.to_string()).collect::<Vec<_>>().join(" or ")
                }
            };
            (name.to_string(), limit, verdict.authority().unwrap().place)
        }
        other => panic!("{other:?}"),
    };
    let permitted = |w: &mut World| w.lower(|t| t.constraints(&[below("example.org"), net([10, 1, 0, 0], 16)], &[]));
    let name = "DNS:supplier.example.com".to_owned();
    let limit = "DNS:example.org or IP:10.1.0.0/16".to_owned();
    assert_eq!(verdict(permitted, constraint), (name.clone(), limit, Place::Sent(1)));
    let excluded = |w: &mut World| w.root(|t| t.constraints(&[], &[below("org"), below("example.com")]));
    assert_eq!(verdict(excluded, constraint), (name, "not DNS:example.com".to_owned(), Place::Anchor(0)));
    let common_name = |w: &mut World| {
        w.lower(|t| t.constraints(&[below("partner.example")], &[]));
        w.leaf(|t| t.alternatives(&[dns("a.partner.example")]));
        w.common_name = Some(exactly(SERVER_NAME));
    };
    let found = verdict(common_name, constraint);
    assert_eq!(found, ("DNS:supplier.example.com".into(), "DNS:partner.example".into(), Place::Sent(1)));
    let subject = |w: &mut World| w.upper(|t| t.constraints(&[organisation("Other")], &[]));
    let (name, limit, place) = verdict(subject, constraint);
    assert_eq!((&name[..], &limit[..], place), ("DirName:CN=Lower,O=Example", "DirName:O=Other", Place::Sent(2)));
}

#[test]
fn issuers_keys_and_algorithms_are_named() {
    verdict(
        |w| w.sent = vec![Who::Leaf],
        |verdict| match verdict.evidence() {
            Evidence::Issuer(name) => assert_eq!(name.to_string(), "CN=Lower,O=Example"),
            other => panic!("{other:?}"),
        },
    );
    for (who, place) in [(Who::Impostor, Place::Sent(1)), (Who::Twin, Place::Anchor(0))] {
        let change = |w: &mut World| match who {
            Who::Twin => w.trusted = vec![Who::Twin],
            _ => w.sent[1] = who,
        };
        verdict(change, |verdict| {
            assert_eq!(verdict.authority().unwrap().place, place);
            let Evidence::Signature { found, algorithm, key } = verdict.evidence() else { panic!("{verdict:?}") };
            assert_eq!((found, algorithm, key), (SignatureKind::EcdsaSha256, None, Some(KeyAlgorithm::EcP256)));
        });
    }
    verdict(
        |w| w.sent[0] = Who::Odd,
        |verdict| match verdict.evidence() {
            Evidence::Signature { found: SignatureKind::Unsupported, algorithm: Some(oid), .. } => {
                assert_eq!(oid.to_string(), "1.2.840.10045.4.3.1");
            }
            other => panic!("{other:?}"),
        },
    );
    let curve = |w: &mut World| {
        w.leaf(|t| t.patched(b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07", b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x01"));
    };
    verdict(curve, |verdict| match verdict.evidence() {
        Evidence::Key(oid) => assert_eq!(oid.to_string(), "1.2.840.10045.3.1.1"),
        other => panic!("{other:?}"),
    });
    verdict(
        |w| w.lower(|t| t.extension(PRIVATE, true, &[5, 0])),
        |verdict| match verdict.evidence() {
            Evidence::Extension(oid) => assert_eq!(oid.to_string(), "1.3.6.1.4.1.32473.1"),
            other => panic!("{other:?}"),
        },
    );
}

#[test]
fn a_verdict_explains_why_a_key_is_not_supported() {
    let (rsa_1024, rsa_8192) = if cfg!(feature = "rsa") {
        ("found RSA of 1024 bits, wanted 2048 to 4096", "found RSA of 8192 bits, wanted 2048 to 4096")
    } else {
        let lacking = "found 1.2.840.113549.1.1.1 (RSA, which needs the feature `rsa`)";
        (lacking, lacking)
    };
    let texts =
        [rsa_1024, rsa_8192, "found 1.3.132.0.35 (P-521)", "found a compressed point, wanted an uncompressed one"];
    assert_eq!(KEYS.len(), texts.len());
    for (Row(name, _, change), expected) in KEYS.iter().zip(texts) {
        let said = text(change);
        assert!(said.contains(&format!(" this build does not support: {expected} (RFC 5280")), "{name}: {said}");
    }
}

#[test]
fn the_hard_limit_of_the_depth_is_named_as_such() {
    let cap = |w: &mut World| w.max_depth = 200;
    let mut above: Vec<Issued> = vec![Template::ca("CA 0").self_signed()];
    for level in 1..=10 {
        above.push(Template::ca(&format!("CA {level}")).signed_by(&above[level - 1]));
    }
    let leaf = Template::server(SERVER_NAME).signed_by(&above[10]);
    let made = Made {
        sent: [&leaf].into_iter().chain(above[1..].iter().rev()).map(|issued| issued.der.clone()).collect(),
        trusted: vec![above[0].der.clone()],
        ..Made::default()
    };
    let mut world = World::new(Role::Server);
    cap(&mut world);
    let (expected, said) = world.judge_made(&made, |validator, rules| {
        validator.validate(RustCrypto, rules).err().map(|verdict| verdict.to_string())
    });
    assert_eq!(expected, Refused(0, Problem::DepthExceeded));
    let said = said.flatten().unwrap();
    assert!(said.ends_with("found 11 or more, wanted at most 10, the hard limit"), "{said}");
}

#[test]
fn a_verdict_has_sizes_days_and_the_cost_of_the_search() {
    verdict(LIMITS[0].2, |verdict| {
        assert!(matches!(verdict.evidence(), Evidence::Size { found: 256, limit: 255 }), "{verdict:?}");
    });
    verdict(LIMITS[1].2, |verdict| {
        let Evidence::Size { found, limit: 65_000 } = verdict.evidence() else { panic!("{verdict:?}") };
        assert!((65_000..66_000).contains(&found), "{found}");
    });
    verdict(LIMITS[3].2, |verdict| {
        let Evidence::Search { signatures: 32, steps } = verdict.evidence() else { panic!("{verdict:?}") };
        assert!((30..100).contains(&steps), "{steps}");
    });
    let long = |w: &mut World| {
        w.leaf(|t| t.years(2026, 2027));
        w.max_validity_days = Some(90);
    };
    verdict(long, |verdict| {
        assert!(matches!(verdict.evidence(), Evidence::ValidityDays { found: 366, limit: 90 }), "{verdict:?}");
    });
    let name = |w: &mut World| w.common_name = Some(exactly("another"));
    verdict(name, |verdict| {
        let Evidence::CommonName { wanted, found } = verdict.evidence() else { panic!("{verdict:?}") };
        assert_eq!((wanted, found), (CommonName::exact("another").unwrap(), Some(SERVER_NAME)));
    });
}

#[test]
fn a_path_that_was_found_is_listed_from_the_leaf_to_the_anchor() {
    let mut world = World::new(Role::Server);
    world.max_depth = 5;
    world.sent.insert(1, Who::Expired);
    world.lower(|t| t.years(2020, 2027));
    let (_, seen) = world.judge(|validator, rules| {
        let path = validator.validate(RustCrypto, rules).expect("the expired copy was a detour");
        let found = path.found;
        assert_eq!((found.depth, path.max_depth, found.anchor, found.not_after), (3, 5, Some(0), time(2027)));
        path.certificates()
            .map(|c| (c.place, c.subject.common_name().unwrap().to_owned(), c.validity))
            .collect::<Vec<_>>()
    });
    let row = |place, name: &str, end| (place, name.to_owned(), Some((time(2020), time(end))));
    assert_eq!(
        seen.unwrap(),
        [
            row(Place::Sent(0), SERVER_NAME, 2040),
            row(Place::Sent(2), "Lower", 2027),
            row(Place::Sent(3), "Upper", 2040),
            row(Place::Anchor(0), "Root", 2040),
        ]
    );
}

#[test]
fn a_pinned_leaf_is_a_path_of_its_own() {
    let mut world = World::new(Role::Server);
    (world.pinned, world.trusted) = (vec![Who::Leaf], vec![]);
    let (_, seen) = world.judge(|validator, rules| {
        let path = validator.validate(RustCrypto, rules).unwrap();
        (path.found.depth, path.certificates().map(|certificate| certificate.place).collect::<Vec<_>>())
    });
    assert_eq!(seen.unwrap(), (0, vec![Place::Sent(0)]));
}

#[test]
fn a_verdict_is_small() {
    assert!(size_of::<Verdict<'_>>() <= 144, "{}", size_of::<Verdict<'_>>());
}

/// The search for a path, line by line.
pub(crate) fn trace(change: impl FnOnce(&mut World)) -> Vec<String> {
    let mut world = World::new(Role::Server);
    change(&mut world);
    let root = world.root.self_signed();
    let upper = world.upper.signed_by(&root);
    let lower = world.lower.signed_by(&upper);
    let leaf = world.leaf.signed_by(&lower);
    let anchors = [TrustAnchor::from_certificate(&root.der).unwrap()];
    let name = ServerName::parse(world.name).unwrap();
    let rules = Rules::server(&anchors, &name, world.time);
    let mut memory = [0; 4096];
    let mut lines = Vec::new();
    let mut validator = Validator::new(&mut memory).with_trace(|event: TraceEvent<'_>| lines.push(event.to_string()));
    for certificate in [leaf, lower, upper] {
        validator.push(RustCrypto, &certificate.der).unwrap();
    }
    let _ = validator.validate(RustCrypto, rules);
    lines
}

#[test]
fn the_search_for_a_path_is_traced_in_few_lines() {
    assert_eq!(
        trace(|_| {}),
        [
            "read certificate 0: CN=supplier.example.com,O=Example, issued by CN=Lower,O=Example",
            "read certificate 1: CN=Lower,O=Example, issued by CN=Upper,O=Example",
            "read certificate 2: CN=Upper,O=Example, issued by CN=Root,O=Example",
            "candidate issuer of certificate 0: certificate 1, CN=Lower,O=Example",
            "candidate issuer of certificate 1: certificate 2, CN=Upper,O=Example",
            "candidate issuer of certificate 2: trust anchor 0, CN=Root,O=Example",
            "reached trust anchor 0 at depth 3, verifying signatures",
            "verified the signature of trust anchor 0 on certificate 2",
            "verified the signature of certificate 2 on certificate 1",
            "verified the signature of certificate 1 on certificate 0",
            "path found: depth 3, trust anchor 0, valid until 2040-01-01T00:00:00Z; 3 signatures, 3 steps",
        ]
    );
    let lines = trace(|w| w.upper(|t| t.years(2010, 2020)));
    assert!(lines.iter().any(|line| line.contains("as the issuer of certificate 1: certificate 2 has expired")));
    assert!(lines.last().unwrap().starts_with("no path: certificate 2 has expired"), "{lines:#?}");

    let told = |change: fn(&mut World), line: &str| {
        let lines = trace(change);
        assert_eq!(lines.iter().filter(|other| other.starts_with(line)).count(), 1, "{lines:#?}");
    };
    told(
        |w| w.lower(|t| t.patched(b"200101000000Z", b"201301000000Z")),
        "could not read a certificate: certificate 1 ",
    );
    let forged: fn(&mut World) = |w| {
        w.leaf.spoil = Some(|der| {
            let (last, before) = der.split_last().unwrap();
            [before, &[last ^ 1]].concat()
        });
    };
    told(forged, "rejected certificate 1 as the issuer of certificate 0: certificate 0, the leaf, was not signed ");
}
