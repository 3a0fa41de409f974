//! Certificates around bytes of the fuzzer: as the value of an extension, as a name, as a constraint.

use crate::chain::{self, Case};
use crate::choices::Choices;
use crate::differential::{ours, theirs};
use crate::tagged::Tagged;
use crate::template::{name, sequence, tlv};
use embedded_mtls::x509::{Name, ServerName, TrustAnchor, Validator};

const UTF8: u8 = 0x0c;
/// Extensions that are read, by the last byte of their identifiers.
const READ: &[u8] = &[14, 15, 17, 19, 29, 30, 31, 32, 33, 35, 36, 37, 46, 54];
/// Forms of a `GeneralName` that constraints are judged for: mailbox, host, directory name, URI, address.
const JUDGED: &[u8] = &[0x81, 0x82, 0xa4, 0x86, 0x87];

/// DER of any kind, where the reader looks for it: as an extension, a subject, a key, a whole certificate.
pub fn der(input: &[u8]) {
    let Some((first, rest)) = input.split_first() else { return };
    let mut template = chain::leaf();
    match first % 4 {
        0 => template.extensions.push((READ[usize::from(first / 4) % READ.len()], first & 0x80 != 0, rest.to_vec())),
        1 => template.subject = rest.to_vec(),
        2 => template.names = vec![rest.to_vec()],
        _ => template.serial = rest.to_vec(),
    }
    let mut memory = [0; 16 * 1024];
    for certificate in [template.issue(), rest.to_vec()] {
        let mut validator = Validator::new(&mut memory);
        let read = validator.push(Tagged, &certificate);
        // Nothing is kept of what could not be read.
        assert_eq!(read.is_ok(), validator.identity().is_some());
        if let Some(leaf) = validator.identity() {
            print(leaf.subject());
            let _ = leaf.subject_alt_names().map(|name| format!("{name:?}")).collect::<String>();
        }
        if let Ok(anchor) = TrustAnchor::from_certificate(&certificate) {
            anchor.subject().into_iter().for_each(print);
        }
    }
    let (subject, key) = rest.split_at(rest.len() / 2);
    let _ = TrustAnchor::from_name_and_key(subject, key).map(|anchor| anchor.subject().map(print));
}

fn print(name: Name<'_>) {
    let attributes = name.attributes().count();
    assert!(name.to_string().len() >= attributes, "an attribute is not shown");
}

/// The name of a server, and the one name of a certificate: this crate and webpki agree on whether it is held.
pub fn server_name(input: &[u8]) {
    let Some((length, rest)) = input.split_first() else { return };
    let (wanted, presented) = rest.split_at(usize::from(*length).min(rest.len()));
    let Ok(wanted) = std::str::from_utf8(wanted) else { return };
    let (known, theirs_known) = (ServerName::parse(wanted), rustls_pki_types::ServerName::try_from(wanted));
    let (Ok(_), Ok(_)) = (&known, &theirs_known) else {
        // Our host names are host names to others, but not vice versa.
        assert!(known.is_err() || theirs_known.is_ok(), "{wanted:?} is a name to us alone");
        return;
    };
    // A plain host name, and a name of the form that is asked for: both are read alike.
    let tag =
        if wanted.contains(':') || wanted.split('.').all(|label| label.parse::<u8>().is_ok()) { 0x87 } else { 0x82 };
    let mut leaf = chain::leaf();
    leaf.names = vec![tlv(tag, presented)];
    let case = Case::of(&leaf, &chain::root(), Some(wanted));
    assert_eq!(ours(&case).is_ok(), theirs(&case).is_ok(), "{wanted:?} and {:?}", String::from_utf8_lossy(presented));
}

/// A name, and a base of the same form or another: nothing is inside and outside of the same base, and for
/// hosts and addresses webpki permits what we permit.
pub fn name_constraints(input: &[u8]) {
    let mut choices = Choices::new(input);
    let (form, base_form) = (choices.one_of(JUDGED), choices.one_of(JUDGED));
    let base_form = if choices.rarely(4) { base_form } else { form };
    let length = choices.below(64);
    let rest = choices.rest();
    let (presented, base) = rest.split_at(length.min(rest.len()));
    let general_name = |form: u8, value: &[u8]| {
        let text = String::from_utf8_lossy(value);
        tlv(form, if form == 0xa4 { name(UTF8, &text) } else { value.to_vec() }.as_slice())
    };
    let accepted = |permitted: bool| {
        let (mut leaf, mut root) = (chain::leaf(), chain::root());
        leaf.names = vec![general_name(form, presented)];
        // Constraints on directory names are applied to subjects: then there is none.
        if base_form == 0xa4 {
            leaf.subject = sequence(&[]);
            leaf.critical_names = true;
        }
        if permitted { &mut root.permitted } else { &mut root.excluded }.push(general_name(base_form, base));
        let case = Case::of(&leaf, &root, None);
        (ours(&case).is_ok(), theirs(&case).is_ok())
    };
    let (permitted, excluded) = (accepted(true), accepted(false));
    let said = || format!("{form:x} {:?} and {base_form:x} {:?}", show(presented), show(base));
    if form == base_form {
        assert!(!(permitted.0 && excluded.0), "inside and outside: {}", said());
    } else {
        assert_eq!(permitted.0, excluded.0, "of another form: {}", said());
    }
    // Where we accept, they do, except for `*.com` (see `differences`); they accept more, since they read names and
    // bases later.
    let below_top = presented.strip_prefix(b"*.").is_some_and(|parent| !parent.contains(&b'.'));
    if !below_top && [form, base_form].iter().all(|form| [0x82, 0x87].contains(form)) {
        assert!((!permitted.0 || permitted.1) && (!excluded.0 || excluded.1), "we alone accept: {}", said());
    }
}

fn show(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
