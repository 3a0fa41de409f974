//! The targets about certificates on inputs that are the same each time. `FUZZ_ROUNDS=100` makes a hundred times as many.

use fuzz::{Random, Verdicts, agreement, blob, der, differential, name_constraints, rounds, server_name};

const WORDS: &[&[u8]] = &[
    b"supplier.example.com",
    b"SUPPLIER.Example.com",
    b"*.example.com",
    b"*.com",
    b"example.com",
    b".example.com",
    b"com",
    b"a.supplier.example.com",
    b"*",
    b"",
    b"sup*.example.com",
    b"xn--mller-kva.example",
    b"under_score.example.com",
    b"10.1.2.3",
    b"\x0a\x01\x02\x03",
    b"\x0a\x01\x00\x00\xff\xff\x00\x00",
    b"2001:db8::7",
    b"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07",
    b"ops@example.com",
    b"a@b@example.com",
    b"\"a@b\"@example.com",
    b"https://example.com:1/x",
    b"https://ops@a.example.com",
    b"Ca A",
];
const VALUES: &[&[u8]] = &[
    b"\x30\x06\x01\x01\xff\x02\x01\x00",
    b"\x03\x02\x07\x80",
    b"\x30\x14\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x02",
    b"\x30\x1f\xa0\x0d\x30\x0b\x82\x09ample.com\xa1\x0e\x30\x0c\x87\x08\x0a\x01\0\0\xff\xff\0\0",
    b"\x30\x0f\x31\x0d\x30\x0b\x06\x03\x55\x04\x03\x0c\x04Ca A",
    b"\x30\x16\x80\x14aaaaaaaaaaaaaaaaaaaa",
    b"\xa4\x11\x30\x0f\x31\x0d\x30\x0b\x06\x03\x55\x04\x03\x0c\x04Ca A",
    b"\x30\x22\x30\x20\xa0\x1e\xa0\x1c\x86\x1ahttp://example.com/list.crl",
];
/// Records of blobs, of which identities with certificates are the longest.
const RECORDS: &[&[u8]] = &[
    b"\x01\0\0\x1b\x09192.0.2.7\x20\xfb\x09a.example\x02/o\0",
    b"\x02\0\0\x06\0\x07\x03\0\x01\x8e",
    b"\x02\0\0\x06\0\0\xff\0\0\0",
    b"\x03\0\0\x04\x30\0\x30\0",
    b"\x04\0\0\x21\x0100000000000000000000000000000000",
    b"\x04\0\0\x03\x02\x30\0",
    b"\x05\0\0\x0b\x01a\x02\0\x04\0\0\0\x01\x30\0",
    b"\x05\0\0\x09\x01b\x03\0\x02ab\x30\0",
    b"\x05\0\0\x07\x01c\x04\0\x02ab",
];

/// Returns one of them, changed in some places or not.
fn like_one_of(random: &mut Random, words: &[&[u8]]) -> Vec<u8> {
    let mut word = words[random.below(words.len())].to_vec();
    for _ in 0..random.below(4).saturating_sub(1) {
        let at = random.below(word.len() + 1);
        match (random.below(4), word.get_mut(at)) {
            (0, Some(byte)) => *byte ^= 1 << (at % 8),
            (1, Some(byte)) => *byte = b".*@-_a0 "[at % 8],
            (2, Some(_)) => drop(word.remove(at)),
            _ => word.insert(at, b".*@-_a0:"[at % 8]),
        }
    }
    word
}

fn verdicts(target: fn(&[u8]) -> Verdicts, count: usize) -> Vec<Verdicts> {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    (0..rounds(count)).map(|_| target(&random.bytes(400))).collect()
}

#[test]
fn paths_on_the_common_ground_have_the_verdict_of_rustls_webpki() {
    let verdicts = verdicts(agreement, 10_000);
    let count = |wanted| verdicts.iter().filter(|verdict| **verdict == wanted).count();
    assert!(count(Verdicts::BothAccept) > rounds(3_000) && count(Verdicts::BothRefuse) > rounds(3_000));
    assert_eq!(count(Verdicts::BothAccept) + count(Verdicts::BothRefuse), verdicts.len());
}

#[test]
fn each_difference_to_rustls_webpki_has_its_reason() {
    let verdicts = verdicts(differential, 10_000);
    let count = |wanted: fn(&Verdicts) -> bool| verdicts.iter().filter(|verdict| wanted(verdict)).count();
    assert!(count(|verdict| matches!(verdict, Verdicts::BothAccept)) > rounds(1_000));
    assert!(count(|verdict| matches!(verdict, Verdicts::WeRefuse(Some(_), _))) > rounds(100));
    assert!(count(|verdict| matches!(verdict, Verdicts::TheyRefuse(Some(_), _))) > rounds(100));
}

#[test]
fn an_input_that_is_used_up_is_a_good_path() {
    assert_eq!(agreement(&[]), Verdicts::BothAccept);
    assert_eq!(differential(&[]), Verdicts::BothAccept);
}

#[test]
fn der_of_any_kind_neither_panics_nor_leaves_anything_behind() {
    let mut random = Random(0x1234_5678);
    for round in 0..rounds(40_000) {
        let mut input = vec![random.byte()];
        input.extend(if round % 4 == 0 {
            let length = random.below(64);
            random.bytes(length)
        } else {
            like_one_of(&mut random, VALUES)
        });
        der(&input);
    }
}

#[test]
fn server_names_match_the_same_certificates_as_in_rustls_webpki() {
    let mut random = Random(0xfeed_beef);
    for _ in 0..rounds(40_000) {
        let (wanted, presented) = (like_one_of(&mut random, WORDS), like_one_of(&mut random, WORDS));
        let length = u8::try_from(wanted.len()).unwrap();
        server_name(&[&[length], &wanted[..], &presented].concat());
    }
}

#[test]
fn no_name_is_inside_and_outside_of_a_constraint() {
    let mut random = Random(0xc0ff_ee00);
    for _ in 0..rounds(40_000) {
        let (forms, presented, base) =
            (random.bytes(3), like_one_of(&mut random, WORDS), like_one_of(&mut random, WORDS));
        let length = u8::try_from(presented.len()).unwrap();
        name_constraints(&[&forms[..], &[length], &presented, &base].concat());
    }
}

#[test]
fn a_blob_that_is_accepted_has_one_encoding() {
    let mut random = Random(0xb10b);
    let mut accepted = 0;
    for _ in 0..rounds(40_000) {
        let mut records = Vec::new();
        for record in RECORDS {
            match random.below(16) {
                0..9 => records.extend_from_slice(record),
                9 => records.extend(like_one_of(&mut random, &[record])),
                _ => {}
            }
        }
        accepted += usize::from(blob(&records));
    }
    assert!((rounds(2_000)..rounds(30_000)).contains(&accepted), "{accepted} were accepted");
}
