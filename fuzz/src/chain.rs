//! Lists of certificates from choices: most of them a good path, with a few things changed.
//!
//! Changes are of two kinds. On the *common ground* two validators have to agree. What goes beyond is an
//! [`Oddity`], and can be left out again: a difference is put down to those without which there is none.

use crate::choices::Choices;
use crate::template::{GENERALIZED, Oddity, Template, Time, UTC, extension_of, name, sequence, tlv};
use std::rc::Rc;

/// The planned input of two validators.
pub(crate) struct Plan {
    /// The leaf first.
    sent: Vec<Planned>,
    anchors: Vec<Planned>,
    server_name: Option<&'static str>,
}

/// The input of two validators.
pub(crate) struct Case<'n> {
    pub(crate) sent: Vec<Vec<u8>>,
    pub(crate) anchors: Vec<Vec<u8>>,
    pub(crate) server_name: Option<&'n str>,
}

/// A certificate of the common ground, and what is odd about it.
#[derive(Clone)]
struct Planned {
    template: Template,
    edits: Vec<(Oddity, Edit)>,
}

type Edit = Rc<dyn Fn(&mut Template)>;

/// Seconds since 1970 at which good certificates are valid.
pub(crate) const NOW: u64 = 1_800_000_000;

const PAST: [Time; 2] = [(UTC, "200101000000Z"), (UTC, "210101000000Z")];
const PRESENT: [Time; 2] = [(UTC, "200101000000Z"), (UTC, "400101000000Z")];
const FUTURE: [Time; 2] = [(UTC, "350101000000Z"), (GENERALIZED, "20600101000000Z")];
const ODD_TIMES: &[Time] = &[
    (GENERALIZED, "20400101000000Z"),
    (GENERALIZED, "20600101000000.5Z"),
    (UTC, "4001010000Z"),
    (UTC, "400101000000+0000"),
    (UTC, "400230000000Z"),
    (UTC, "400101240000Z"),
    (GENERALIZED, "99991231235959Z"),
    (UTC, "491231235959Z"),
    (4, "400101000000Z"),
];

const AUTHORITIES: [&str; 6] = ["Leaf", "Ca A", "Ca B", "Ca C", "Ca D", "Ca E"];
const WANTED: [&str; 3] = ["supplier.example.com", "supplier.example.org", "10.1.2.3"];
const PRINTABLE: u8 = 0x13;
const UTF8: u8 = 0x0c;

const SERVER: &[u8] = b"\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01";
const CLIENT: &[u8] = b"\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x02";
const MAIL: &[u8] = b"\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x04";
const ANY: &[u8] = b"\x06\x04\x55\x1d\x25\x00";

type Form = (u8, &'static [u8]);

/// Names and bases that everybody reads alike.
const NAMES: &[Form] = &[
    (2, b"supplier.example.com"),
    (2, b"*.example.com"),
    (2, b"supplier.example.org"),
    (2, b"SUPPLIER.example.COM"),
    (2, b"a.b.example.com"),
    (7, &[10, 1, 2, 3]),
    (7, &[10, 9, 2, 3]),
    (7, &[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7]),
];
const BASES: &[Form] = &[
    (2, b"example.com"),
    (2, b"example.org"),
    (2, b"com"),
    (2, b"supplier.example.com"),
    (2, b"ample.com"),
    (2, b""),
    (7, &[10, 1, 0, 0, 255, 255, 0, 0]),
    (7, &[10, 0, 0, 0, 255, 0, 0, 0]),
    (7, &[0; 8]),
    (7, &[0; 32]),
];
const ODD_NAMES: &[(Oddity, Form)] = &[
    (Oddity::NameForm, (1, b"ops@example.com")),
    (Oddity::NameForm, (1, b"a@b@example.com")),
    (Oddity::NameForm, (6, b"https://example.com/x")),
    (Oddity::NameForm, (6, b"urn:x")),
    (Oddity::NameForm, (8, b"\x2a\x03")),
    (Oddity::DnsNameSyntax, (2, b"*.com")),
    (Oddity::DnsNameSyntax, (2, b"*")),
    (Oddity::DnsNameSyntax, (2, b"sup*.example.com")),
    (Oddity::DnsNameSyntax, (2, b"supplier.*.com")),
    (Oddity::DnsNameSyntax, (2, b"under_score.example.com")),
    (Oddity::DnsNameSyntax, (2, b"supplier.example.com.")),
    (Oddity::DnsNameSyntax, (2, b"")),
    (Oddity::DnsNameSyntax, (2, b".example.com")),
    (Oddity::DnsNameSyntax, (2, b"a b.example.com")),
    (Oddity::DnsNameSyntax, (2, b"10.1.2.3")),
    (Oddity::IpSyntax, (7, &[10, 1, 2, 3, 4])),
    (Oddity::IpSyntax, (7, &[])),
];
const ODD_BASES: &[(Oddity, Form)] = &[
    (Oddity::ConstraintForm, (1, b"example.com")),
    (Oddity::ConstraintForm, (1, b".com")),
    (Oddity::ConstraintForm, (6, b"example.com")),
    (Oddity::ConstraintForm, (8, b"\x2a\x03")),
    (Oddity::ConstraintSyntax, (2, b".example.com")),
    (Oddity::ConstraintSyntax, (2, b"*.example.com")),
    (Oddity::ConstraintSyntax, (2, b"example.com.")),
    (Oddity::ConstraintSyntax, (2, b"10.1.2.3")),
    (Oddity::ConstraintSyntax, (7, &[10, 1, 0, 0])),
    (Oddity::ConstraintSyntax, (7, &[10, 1, 0, 0, 255, 0, 255, 0])),
];
const ODD_EXTENSIONS: &[(Oddity, u8, &[u8])] = &[
    (Oddity::ExtensionSyntax, 19, b"\x30\x03\x01\x01\x00"),
    (Oddity::ExtensionSyntax, 19, b"\x30\x03\x01\x01\x01"),
    (Oddity::ExtensionSyntax, 19, b"\x30\x06\x01\x01\xff\x02\x01\xff"),
    (Oddity::ExtensionSyntax, 19, b"\x30\x07\x01\x01\xff\x02\x02\x01\x00"),
    (Oddity::ExtensionSyntax, 19, b"\x30\x03\x02\x01\x00"),
    (Oddity::ExtensionSyntax, 37, b"\x30\x00"),
    (Oddity::ExtensionSyntax, 17, b"\x30\x00"),
    (Oddity::ExtensionSyntax, 30, b"\x30\x00"),
    (Oddity::ExtensionSyntax, 30, b"\x30\x02\xa0\x00"),
    (Oddity::ExtensionSyntax, 14, b"\x05\x00"),
    (Oddity::ExtensionSyntax, 35, b"\x30\x02\x05\x00"),
    (Oddity::KeyUsage, 15, &[3, 2, 3, 8]),
    (Oddity::KeyUsage, 15, &[3, 2, 1, 2]),
    (Oddity::KeyUsage, 15, &[3, 2, 0, 0]),
    (Oddity::KeyUsage, 15, &[3, 1, 0]),
    (Oddity::KeyUsage, 15, &[3, 3, 7, 0, 0x80]),
    (Oddity::KeyUsage, 15, &[5, 0]),
    (Oddity::Policies, 32, b"\x30\x04\x30\x02\x06\x00"),
    (Oddity::Policies, 33, b"\x30\x00"),
    (Oddity::Policies, 36, b"\x30\x03\x80\x01\x00"),
    (Oddity::Policies, 54, b"\x02\x01\x00"),
    (Oddity::Policies, 31, b"\x30\x00"),
    (Oddity::Policies, 9, b"\x30\x00"),
];

impl Plan {
    /// A chain on the common ground, or with any oddity.
    pub(crate) fn new(choices: &mut Choices<'_>, odd: bool) -> Self {
        let top = 1 + choices.below(4);
        let mut all: Vec<_> = (0..=top).map(|place| certificate(choices, place, top, odd)).collect();
        // Other certificates of the same authorities: renewed, cross-signed, or wrong.
        for _ in 0..choices.below(3) {
            let place = 1 + choices.below(top);
            all.push(certificate(choices, place, top, odd));
        }
        let mut anchors = vec![anchor(&all[top], odd)];
        if choices.rarely(8) {
            let place = 1 + choices.below(all.len() - 1);
            anchors.push(anchor(&all[place], odd));
        }
        if choices.rarely(2) {
            all.remove(top);
        }
        if choices.rarely(20) && all.len() > 1 {
            all.remove(1 + choices.below(all.len() - 1));
        }
        for _ in 0..choices.below(3) {
            if all.len() > 2 {
                let (a, b) = (1 + choices.below(all.len() - 1), 1 + choices.below(all.len() - 1));
                all.swap(a, b);
            }
        }
        let server_name = match choices.below(16) {
            0 => None,
            1 => Some(choices.one_of(&WANTED)),
            _ => Some(WANTED[0]),
        };
        Self { sent: all, anchors, server_name }
    }

    /// Its oddities, each once.
    pub(crate) fn oddities(&self) -> Vec<Oddity> {
        let edits = self.sent.iter().chain(&self.anchors).flat_map(|planned| &planned.edits);
        let mut oddities: Vec<_> = edits.map(|(oddity, _)| *oddity).collect();
        oddities.sort_unstable();
        oddities.dedup();
        oddities
    }

    /// The certificates, without some of their oddities.
    pub(crate) fn issue(&self, without: &[Oddity]) -> Case<'static> {
        let all = |list: &[Planned]| list.iter().map(|planned| planned.template(without).issue()).collect();
        let anchors = self.anchors.iter().map(|planned| {
            let mut template = planned.template(without);
            if without.contains(&Oddity::LimitsOfAnchor) || !planned.has(Oddity::LimitsOfAnchor) {
                [template.not_before, template.not_after] = PRESENT;
                template.extensions = vec![(19, true, tlv(0x30, &[1, 1, 0xff]))];
                template.other_extensions.clear();
            }
            template.issue()
        });
        Case { sent: all(&self.sent), anchors: anchors.collect(), server_name: self.server_name }
    }

    /// A description for debugging.
    pub(crate) fn describe(&self) -> String {
        let mut text = format!("name {:?}\n", self.server_name);
        for (kind, list) in [("sent", &self.sent), ("anchor", &self.anchors)] {
            for planned in list {
                let oddities: Vec<_> = planned.edits.iter().map(|(oddity, _)| oddity).collect();
                text += &format!("{kind}: {oddities:?} {:02x?}\n", planned.template(&[]));
            }
        }
        text
    }
}

impl<'n> Case<'n> {
    /// A leaf below an anchor.
    pub(crate) fn of(leaf: &Template, anchor: &Template, server_name: Option<&'n str>) -> Self {
        Self { sent: vec![leaf.issue()], anchors: vec![anchor.issue()], server_name }
    }
}

impl Planned {
    fn odd(&mut self, oddity: Oddity, edit: impl Fn(&mut Template) + 'static) {
        self.edits.push((oddity, Rc::new(edit)));
    }

    fn has(&self, oddity: Oddity) -> bool {
        self.edits.iter().any(|(one, _)| *one == oddity)
    }

    fn template(&self, without: &[Oddity]) -> Template {
        let mut template = self.template.clone();
        for (_, edit) in self.edits.iter().filter(|(oddity, _)| !without.contains(oddity)) {
            edit(&mut template);
        }
        template
    }
}

/// An anchor that has no limits of its own but name constraints, unless it may be odd.
fn anchor(planned: &Planned, odd: bool) -> Planned {
    let mut planned = planned.clone();
    if odd && planned.template.serial[0] & 1 == 0 {
        planned.odd(Oddity::LimitsOfAnchor, |_| {});
    }
    planned
}

/// A leaf without names, below `root`.
pub(crate) fn leaf() -> Template {
    plain(0, 1)
}

/// An authority that signed itself.
pub(crate) fn root() -> Template {
    Template { extensions: vec![(19, true, tlv(0x30, &[1, 1, 0xff]))], ..plain(1, 1) }
}

/// A certificate without extensions.
fn plain(place: usize, issuer: usize) -> Template {
    Template {
        version: Some(2),
        serial: vec![1],
        issuer: name(UTF8, AUTHORITIES[issuer]),
        not_before: PRESENT[0],
        not_after: PRESENT[1],
        subject: name(UTF8, AUTHORITIES[place]),
        key: number(place),
        signer: number(issuer),
        extensions: Vec::new(),
        other_extensions: Vec::new(),
        names: Vec::new(),
        critical_names: false,
        permitted: Vec::new(),
        excluded: Vec::new(),
        flipped: None,
    }
}

fn number(place: usize) -> u8 {
    u8::try_from(place).expect("few")
}

/// The certificate of an authority, or the leaf at place 0.
fn certificate(choices: &mut Choices<'_>, place: usize, top: usize, odd: bool) -> Planned {
    let mut issuer = (place + 1).min(top);
    if choices.rarely(24) {
        issuer = 1 + choices.below(top);
    }
    // Only a root is its own issuer.
    if issuer == place && place < top {
        issuer = top;
    }
    let other_key = if choices.rarely(20) && issuer != place { 0x10 } else { 0 };
    let other_signer = if choices.rarely(20) { 0x10 } else { 0 };
    let dates = if choices.rarely(20) { choices.one_of(&[PAST, FUTURE]) } else { PRESENT };
    let template = Template {
        serial: vec![1 + choices.byte() % 0x7f],
        not_before: dates[0],
        not_after: dates[1],
        key: number(place) + other_key,
        signer: number(issuer) + other_signer,
        ..plain(place, issuer)
    };
    let mut planned = Planned { template, edits: Vec::new() };
    extensions(&mut planned.template, choices, place);
    names(&mut planned.template, choices, place);
    if odd {
        odd_fields(&mut planned, choices, place, issuer);
        odd_extensions(&mut planned, choices, place);
        odd_names(&mut planned, choices, place);
    }
    planned
}

fn extensions(template: &mut Template, choices: &mut Choices<'_>, place: usize) {
    let mut basic = Vec::new();
    if place > 0 && !choices.rarely(20) {
        basic.extend([1, 1, 0xff]);
        if choices.rarely(4) {
            basic.extend([2, 1, choices.one_of(&[3, 2, 1, 0])]);
        }
    }
    if !basic.is_empty() || choices.rarely(2) {
        template.extensions.push((19, true, tlv(0x30, &basic)));
    }
    if !choices.rarely(3) {
        let usage = if place == 0 { vec![3, 2, 7, 0x80] } else { vec![3, 2, 1, 6] };
        template.extensions.push((15, true, usage));
    }
    if choices.rarely(if place == 0 { 2 } else { 6 }) {
        let (server, both, last) = ([SERVER].concat(), [SERVER, CLIENT].concat(), [MAIL, SERVER].concat());
        let purposes = match choices.below(12) {
            0..=4 => server,
            5..=7 => both,
            8..=10 => last,
            _ => choices.one_of(&[CLIENT, MAIL]).to_vec(),
        };
        template.extensions.push((37, choices.rarely(2), tlv(0x30, &purposes)));
    }
    // Key identifiers, right or wrong: they decide nothing.
    for (id, key) in [(14, template.key), (35, template.signer)] {
        if choices.rarely(2) {
            let identifier = [if choices.rarely(8) { 0x77 } else { key }; 20];
            let value = if id == 14 { tlv(4, &identifier) } else { tlv(0x30, &tlv(0x80, &identifier)) };
            template.extensions.push((id, false, value));
        }
    }
    if choices.rarely(16) {
        template.other_extensions.push(extension_of(&[0x2a, 3, 4], choices.rarely(3), &[5, 0]));
    }
}

fn names(template: &mut Template, choices: &mut Choices<'_>, place: usize) {
    let general_name = |(form, value): Form| tlv(0x80 | form, value);
    if place == 0 {
        if !choices.rarely(8) {
            template.names.push(general_name(NAMES[0]));
        }
        for _ in 0..choices.below(3) {
            template.names.push(general_name(choices.one_of(NAMES)));
        }
    } else if choices.rarely(5) {
        for _ in 0..choices.below(4) {
            template.permitted.push(general_name(choices.one_of(BASES)));
        }
        for _ in 0..choices.below(3) {
            template.excluded.push(general_name(choices.one_of(BASES)));
        }
    }
}

fn odd_fields(planned: &mut Planned, choices: &mut Choices<'_>, place: usize, issuer: usize) {
    if choices.rarely(50) {
        let serial = choices.one_of(&[&[0][..], &[0x80], &[1; 21], &[0x7f; 20], &[], &[0, 1]]);
        planned.odd(Oddity::Serial, |template| template.serial = serial.to_vec());
    }
    if choices.rarely(80) {
        let version = choices.one_of(&[None, Some(0), Some(1), Some(3)]);
        planned.odd(Oddity::Version, move |template| template.version = version);
    }
    if choices.rarely(50) {
        let time = choices.one_of(ODD_TIMES);
        planned.odd(Oddity::DateForm, move |template| template.not_after = time);
    }
    if choices.rarely(80) {
        planned.odd(Oddity::DateOrder, |template| template.not_before = (UTC, "450101000000Z"));
    }
    if choices.rarely(50) {
        planned.odd(Oddity::NoSubject, |template| template.subject = sequence(&[]));
    }
    if choices.rarely(30) {
        let (tag, text) = (choices.one_of(&[PRINTABLE, UTF8]), AUTHORITIES[issuer].to_uppercase().replace(' ', "  "));
        planned.odd(Oddity::NameInAnotherCase, move |template| template.issuer = name(tag, &text));
    }
    if choices.rarely(40) && place > 0 {
        let (key, signer) = (choices.byte() % 32, choices.byte() % 32);
        planned.odd(Oddity::SelfIssued, move |template| {
            template.issuer.clone_from(&template.subject);
            (template.key, template.signer) = (key, signer);
        });
    }
    if choices.rarely(30) {
        let flipped = (choices.below(256) * 256 + choices.below(256), 1 << choices.below(8));
        planned.odd(Oddity::FlippedBit, move |template| template.flipped = Some(flipped));
    }
}

fn odd_extensions(planned: &mut Planned, choices: &mut Choices<'_>, place: usize) {
    if choices.rarely(12) {
        let ((oddity, id, value), critical) = (choices.one_of(ODD_EXTENSIONS), choices.rarely(2));
        planned.odd(oddity, move |template| {
            // In place of the one that is there.
            template.extensions.retain(|extension| extension.0 != id);
            match id {
                17 => template.names.clear(),
                30 => [&mut template.permitted, &mut template.excluded].into_iter().for_each(Vec::clear),
                _ => {}
            }
            template.extensions.push((id, critical, value.to_vec()));
        });
    }
    if choices.rarely(50) {
        let place = usize::from(choices.byte());
        planned.odd(Oddity::DuplicateExtension, move |template| {
            let twice = template.extensions.get(place % template.extensions.len().max(1)).cloned();
            template.extensions.extend(twice);
        });
    }
    if choices.rarely(30) {
        planned.odd(Oddity::PurposeAny, |template| {
            template.extensions.retain(|extension| extension.0 != 37);
            template.extensions.push((37, false, tlv(0x30, ANY)));
        });
    }
    if choices.rarely(40) && place == 0 {
        planned.odd(Oddity::LeafIsCa, |template| {
            template.extensions.retain(|extension| extension.0 != 19);
            template.extensions.push((19, true, tlv(0x30, &[1, 1, 0xff])));
        });
    }
}

fn odd_names(planned: &mut Planned, choices: &mut Choices<'_>, place: usize) {
    if choices.rarely(10) {
        let (oddity, (form, value)) = choices.one_of(ODD_NAMES);
        let first = choices.rarely(2);
        planned.odd(oddity, move |template| {
            let place = if first { 0 } else { template.names.len() };
            template.names.insert(place, tlv(0x80 | form, value));
        });
    }
    if choices.rarely(if place == 0 { 80 } else { 12 }) {
        let (oddity, (form, value)) = choices.one_of(ODD_BASES);
        let directory = choices.rarely(5).then(|| tlv(0xa4, &name(UTF8, choices.one_of(&AUTHORITIES))));
        let oddity = if directory.is_some() { Oddity::ConstraintForm } else { oddity };
        let oddity = if place == 0 { Oddity::ConstraintOnLeaf } else { oddity };
        let base = directory.unwrap_or_else(|| tlv(0x80 | form, value));
        let excluded = choices.rarely(2);
        planned.odd(oddity, move |template| {
            let list = if excluded { &mut template.excluded } else { &mut template.permitted };
            list.push(base.clone());
        });
    }
}
