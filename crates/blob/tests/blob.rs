//! Blobs as hosts write them and devices read them, and what devices refuse.

use embedded_mtls::crypto::rustcrypto::{P256SigningKey, RustCrypto};
use embedded_mtls::x509::{Name, PeerIdentity, UnixTime, Validator};
use embedded_mtls::{AlertDescription, ApiMisuse, Error, KeyHandle};
use embedded_mtls_blob::{
    Blob, BlobError, Content, Denied, Endpoint, Fault, FleetKey, Identity, Pin, Policy, Serials, Site, SiteError,
    StoredKey, WriteError,
};

static ROOT: &[u8] = include_bytes!("../../../boards/budget/pki/root.der");
static INTERMEDIATE: &[u8] = include_bytes!("../../../boards/budget/pki/intermediate.der");
static CLIENT: &[u8] = include_bytes!("../../../boards/budget/pki/client.der");
static SERVER: &[u8] = include_bytes!("../../../boards/budget/pki/server.der");
static SCALAR: [u8; 32] = [0x42; 32];

fn fleet() -> P256SigningKey {
    P256SigningKey::from_bytes(&[7; 32]).unwrap()
}

fn fleet_key() -> FleetKey {
    FleetKey::new(fleet().public_key())
}

fn seal(content: &Content<'_>) -> Result<Vec<u8>, WriteError> {
    content.seal(RustCrypto, |digest| fleet().sign_digest(digest, &[1; 32]).ok())
}

fn open(bytes: &[u8], at_least: u64) -> Result<Blob<'_>, BlobError> {
    Blob::open(RustCrypto, bytes, &fleet_key(), at_least)
}

fn endpoint() -> Endpoint<'static> {
    let (host, server_name) = ("192.0.2.7", "supplier.example");
    Endpoint { host, port: 8443, server_name, path: "/orders", time_server: "192.0.2.1:123" }
}

fn chain() -> Vec<u8> {
    [CLIENT, INTERMEDIATE].concat()
}

/// A blob with one of everything.
fn content(chain: &[u8]) -> Content<'_> {
    let wrapped = Identity { alias: "spare", key: StoredKey::Wrapped(b"wrapped"), chain: &[] };
    Content {
        version: 4,
        renew_by: Some(UnixTime(1_900_000_000)),
        active: Some(1),
        endpoint: Some(endpoint()),
        policy: Policy { enforce: true, max_depth: Some(3), max_validity_days: Some(398), ..Policy::default() },
        anchors: vec![ROOT],
        pins: vec![Pin::Fingerprint([9; 32])],
        denied: vec![Denied::Key([5; 32])],
        identities: vec![
            wrapped,
            Identity { alias: "orders", key: StoredKey::P256(&SCALAR), chain },
            Identity { alias: "chip", key: StoredKey::Handle(3), chain: CLIENT },
            Identity { alias: "other", key: StoredKey::Pkcs8(b"der"), chain: &[] },
        ],
    }
}

#[test]
fn a_device_reads_what_a_host_has_written() {
    let chain = chain();
    let content = content(&chain);
    // The slot in flash is longer than the blob.
    let mut flash = seal(&content).unwrap();
    let size = flash.len();
    flash.resize(4096, 0xff);
    let blob = open(&flash, 4).unwrap();
    assert_eq!(blob.size(), size);
    assert_eq!(Content { version: 5, ..content.clone() }, Content::after(&blob));
    assert_eq!(blob.active().unwrap().alias, "orders");
    assert_eq!(blob.identity("chip").unwrap().key, StoredKey::Handle(3));
    assert_eq!(blob.identity("none"), None);
    let credential = blob.active().unwrap().credential(KeyHandle(0)).unwrap();
    assert!(credential.chain().iter().eq([CLIENT, INTERMEDIATE]));
    assert_eq!(blob.trust::<2>().unwrap().len(), 2);
    assert_eq!(blob.trust::<1>().unwrap_err(), Error::ApiMisuse(ApiMisuse::AuthoritiesTooLong));
}

#[test]
fn everything_may_be_left_out_but_the_policy() {
    let bytes = seal(&Content { version: 1, ..Content::default() }).unwrap();
    assert_eq!(bytes.len(), 32 + 10 + 32 + 64);
    let blob = open(&bytes, 0).unwrap();
    assert_eq!((blob.active(), blob.endpoint, blob.renew_by), (None, None, None));
    assert_eq!(blob.trust::<1>().unwrap_err(), Error::ApiMisuse(ApiMisuse::NoTrustAnchors));
}

#[test]
fn only_keys_in_a_form_that_anybody_can_read_are_in_the_clear() {
    let chain = chain();
    let clear = content(&chain).identities.into_iter().map(|identity| identity.key.is_in_the_clear());
    assert_eq!(clear.collect::<Vec<_>>(), [false, true, false, true]);
    assert!(!format!("{:?}", content(&chain)).contains("66, 66"), "a key is printed");
}

#[test]
fn every_truncation_is_refused() {
    let chain = chain();
    let bytes = seal(&content(&chain)).unwrap();
    for len in 0..bytes.len() {
        let error = open(&bytes[..len], 0).unwrap_err();
        let wanted = if len < 32 { Fault::Length } else { Fault::Size };
        assert_eq!(error.fault, wanted, "{len}: {error}");
        // As flash is where the power failed.
        let mut torn = bytes.clone();
        torn[len..].fill(0xff);
        assert!(open(&torn, 0).is_err(), "{len} bytes were written");
    }
}

#[test]
fn every_flipped_bit_is_refused() {
    let chain = chain();
    let bytes = seal(&content(&chain)).unwrap();
    for at in 0..bytes.len() {
        for bit in [1, 0x80] {
            let mut flipped = bytes.clone();
            flipped[at] ^= bit;
            let error = open(&flipped, 0).unwrap_err();
            let wanted = match at {
                0..8 => Fault::Magic,
                8..10 => Fault::Format,
                10 => Fault::Reserved,
                12..16 => error.fault,
                _ if at < bytes.len() - 64 => Fault::Checksum,
                _ => Fault::Signature,
            };
            assert_eq!(error.fault, wanted, "byte {at}: {error}");
        }
    }
}

#[test]
fn a_blob_of_another_fleet_is_refused() {
    let other = P256SigningKey::from_bytes(&[8; 32]).unwrap();
    let content = Content { version: 1, ..Content::default() };
    let foreign = content.seal(RustCrypto, |digest| other.sign_digest(digest, &[1; 32]).ok()).unwrap();
    let error = open(&foreign, 0).unwrap_err();
    assert_eq!((error.fault, error.offset), (Fault::Signature, foreign.len() - 64));
    assert!(error.to_string().ends_with("found one that the key of the fleet did not make"), "{error}");
    assert!(Blob::dangerous_unsigned(RustCrypto, &foreign).is_ok());
    // No key at all accepts nothing.
    assert!(Blob::open(RustCrypto, &foreign, &FleetKey::new([4; 65]), 0).is_err());
}

#[test]
fn going_back_is_refused() {
    let chain = chain();
    let bytes = seal(&content(&chain)).unwrap();
    assert!(open(&bytes, 4).is_ok());
    let error = open(&bytes, 5).unwrap_err();
    assert_eq!(error.to_string(), "byte 16: the version: found 4, wanted at least 5: this is an older blob");
}

#[test]
fn a_site_changes_only_what_the_fleet_leaves_to_it() {
    let chain = chain();
    let locked = seal(&content(&chain)).unwrap();
    let locked = open(&locked, 0).unwrap();
    let open_to = Policy { site_chooses_alias: true, site_chooses_endpoint: true, ..Policy::default() };
    let left = seal(&Content { policy: open_to, ..content(&chain) }).unwrap();
    let left = open(&left, 0).unwrap();
    let here = Endpoint { host: "10.0.0.9", ..endpoint() };
    let [alias, unknown] = ["chip", "none"].map(|alias| Site { alias: Some(alias), endpoint: None });
    let moved = Site { alias: None, endpoint: Some(here) };
    let none = locked.at_site(&Site::default()).unwrap();
    assert_eq!((none.identity.unwrap().alias, none.endpoint), ("orders", Some(endpoint())));
    assert_eq!(locked.at_site(&alias), Err(SiteError::AliasLocked));
    assert_eq!(locked.at_site(&moved), Err(SiteError::EndpointLocked));
    assert_eq!(left.at_site(&alias).unwrap().identity.unwrap().alias, "chip");
    assert_eq!(left.at_site(&unknown), Err(SiteError::AliasUnknown));
    assert_eq!(left.at_site(&moved).unwrap().endpoint, Some(here));
}

fn identity<'a>(alias: &'a str, chain: &'a [u8]) -> Identity<'a> {
    Identity { alias, key: StoredKey::Handle(0), chain }
}

#[test]
fn a_content_that_no_device_would_accept_is_not_written() {
    let chain = chain();
    let good = content(&chain);
    let fault = |content: Content<'_>| match seal(&content) {
        Err(WriteError::Invalid(error)) => error.fault,
        other => panic!("{other:?}"),
    };
    let with = |identities: Vec<Identity<'static>>| Content { active: None, identities, ..Content::default() };
    assert_eq!(fault(with(vec![identity("a", CLIENT), identity("a", CLIENT)])), Fault::Alias);
    assert_eq!(fault(with(vec![identity("a b", CLIENT)])), Fault::Text);
    assert_eq!(fault(with(vec![identity("", CLIENT)])), Fault::Length);
    assert_eq!(fault(with(vec![identity("a", &CLIENT[1..])])), Fault::Length);
    assert_eq!(fault(Content { active: Some(4), ..good.clone() }), Fault::ActiveIdentity);
    assert_eq!(fault(Content { anchors: vec![ROOT, &[0x30]], ..good.clone() }), Fault::Length);
    let long = "x".repeat(256);
    let endpoint = Endpoint { path: &long, ..endpoint() };
    let too_long = WriteError::TooLong { field: "the path", found: 256, wanted: 255 };
    assert_eq!(too_long.to_string(), "the length of the path: found 256 bytes, wanted at most 255");
    assert_eq!(seal(&Content { endpoint: Some(endpoint), ..good.clone() }), Err(too_long));
    let aliases: Vec<_> = (0..255).map(|number| number.to_string()).collect();
    let many = |count| {
        let identities = aliases.iter().take(count).map(|alias| identity(alias, CLIENT)).collect();
        Content { version: 1, identities, ..Content::default() }
    };
    assert!(seal(&many(254)).is_ok());
    let Err(WriteError::Invalid(error)) = seal(&many(255)) else { panic!("255 identities") };
    assert!(error.to_string().ends_with(": the number of identities: found 255, wanted at most 254"), "{error}");
    assert_eq!(good.seal(RustCrypto, |_| None), Err(WriteError::Unsigned));
}

#[test]
fn a_value_that_stands_for_none_is_not_written() {
    let chain = chain();
    let good = content(&chain);
    let policy = |max_depth, max_validity_days| Policy { max_depth, max_validity_days, ..good.policy };
    for content in [
        Content { version: 0, ..good.clone() },
        Content { active: Some(255), ..good.clone() },
        Content { policy: policy(Some(255), None), ..good.clone() },
        Content { policy: policy(None, Some(0)), ..good.clone() },
        Content { renew_by: Some(UnixTime(0)), ..good.clone() },
    ] {
        assert_eq!(seal(&content), Err(WriteError::Reserved), "{content:?}");
    }
}

/// The name CN=a.
const ISSUER: [u8; 13] = [0x30, 11, 0x31, 9, 0x30, 7, 6, 3, 0x55, 4, 3, 12, 0];

/// A record that denies certificates of this issuer with these serial numbers.
fn denied(serials: &[u8]) -> Vec<u8> {
    let content = [&[1, 0, 13], &ISSUER[..], serials].concat();
    [&[6, 0, 0, u8::try_from(content.len()).unwrap()], &content[..]].concat()
}

#[test]
fn certificates_and_keys_of_the_deny_list_are_refused_and_others_of_the_same_issuer_are_not() {
    let identity_of = |der: &[u8], look: &dyn Fn(&PeerIdentity<'_>)| {
        let mut memory = [0; 2048];
        let mut validator = Validator::new(&mut memory);
        validator.push(RustCrypto, der).unwrap();
        look(&validator.identity().unwrap());
    };
    identity_of(CLIENT, &|stolen| {
        let serials = Serials::encode([&[1][..], stolen.serial(), &[2, 3]]).unwrap();
        let serials = Serials::parse(&serials).unwrap();
        assert!(serials.iter().eq([&[1][..], stolen.serial(), &[2, 3]]));
        let key = Denied::Key(stolen.sha256_key_info(RustCrypto).unwrap());
        let by_serial = Denied::Certificates { issuer: stolen.issuer(), serials };
        let of_another = Denied::Certificates { issuer: Name::from_der(&ISSUER).unwrap(), serials };
        for (denied, alert) in [
            (vec![], None),
            (vec![of_another, Denied::Key([7; 32])], None),
            (vec![of_another, by_serial, key], Some(AlertDescription::CERTIFICATE_REVOKED)),
            (vec![Denied::Key([7; 32]), key], Some(AlertDescription::ACCESS_DENIED)),
        ] {
            let content = Content { version: 1, denied: denied.clone(), ..Content::default() };
            let bytes = seal(&content).unwrap();
            let list = open(&bytes, 0).unwrap().deny_list();
            assert!(list.iter().eq(denied));
            assert_eq!(list.authorize(RustCrypto, stolen).err(), alert);
            identity_of(SERVER, &|other| {
                assert_eq!(other.issuer(), stolen.issuer());
                assert_eq!(list.denies(RustCrypto, other), None);
            });
        }
    });
    assert!(Serials::parse(&[]).is_none() && Serials::encode([&[7; 21][..]]).is_err());
}

/// Signs records as they are.
fn signed(records: &[u8]) -> Vec<u8> {
    use embedded_mtls::crypto::{CryptoProvider as _, HashAlgorithm};
    let len = u32::try_from(32 + records.len()).unwrap();
    let head = [&b"eMTLSblb"[..], &[0, 1, 0, 0xff], &len.to_be_bytes(), &[0; 16]].concat();
    let content = [&head[..], records].concat();
    let digest = RustCrypto.digest(HashAlgorithm::Sha256, &[&content]).unwrap();
    let signature = fleet().sign_digest(digest.as_bytes().try_into().unwrap(), &[]).unwrap();
    [&content[..], digest.as_bytes(), &signature].concat()
}

#[test]
fn records_that_a_newer_or_careless_tool_has_signed_are_refused_with_their_place() {
    let policy = [2, 0, 0, 6, 0, 0, 0xff, 0, 0, 0];
    assert!(open(&signed(&policy), 0).is_ok());
    let behind = |record: &[u8]| [&policy[..], record].concat();
    for (records, told) in [
        (Vec::new(), "byte 32: the number of a record: found 0, wanted one of 2 to 6"),
        (behind(&policy), "byte 42: the number of a record: found 2, wanted one of 3 to 6"),
        (behind(&[7, 0, 0, 0]), "byte 42: the number of a record: found 7, wanted one of 3 to 6"),
        (behind(&[3, 0, 0, 9, 0]), "byte 46: a length: found 1, wanted 9"),
        (behind(&[4, 0, 0, 1, 3]), "byte 46: the kind of a key, pin or denial: found 3, wanted 1 to 2"),
        (behind(&[5, 0, 0, 5, 1, b'a', 9, 0, 0]), "byte 48: the kind of a key, pin or denial: found 9, wanted 1 to 4"),
        (behind(&[5, 0, 0, 6, 1, b'a', 1, 0, 1, 7]), "byte 49: a length: found 1, wanted 32"),
        (behind(&[5, 0, 0, 5, 1, b'a', 3, 0, 0]), "byte 49: a length: found 0, wanted 1"),
        (behind(&[6, 0, 0, 1, 3]), "byte 46: the kind of a key, pin or denial: found 3, wanted 1 to 2"),
        (behind(&[6, 0, 0, 2, 2, 7]), "byte 47: a length: found 1, wanted 32"),
        (
            behind(&[6, 0, 0, 5, 1, 0, 2, 0x30, 0]),
            "byte 47: the name of an issuer: found 2 bytes that are no name, wanted a name in DER",
        ),
        (behind(&denied(&[])), "byte 62: a length: found 0, wanted 1"),
        (behind(&denied(&[0])), "byte 62: a length: found 0, wanted 1"),
        (behind(&denied(&[[21].as_slice(), &[7; 21]].concat())), "byte 62: a length: found 21, wanted 20"),
        (behind(&denied(&[2, 7])), "byte 63: a length: found 1, wanted 2"),
        // The server name, and the alias.
        (
            [&[1, 0, 0, 8, 1, b'h', 1, 0xbb, 0, 1, b'/', 0], &policy[..]].concat(),
            "byte 40: a length: found 0, wanted 1",
        ),
        (behind(&[5, 0, 0, 4, 0, 2, 0, 0]), "byte 46: a length: found 0, wanted 1"),
        (vec![2, 0, 0, 6, 0, 8, 0xff, 0, 0, 0], "byte 36: reserved bits: found 0x8, wanted 0"),
        (vec![2, 0, 0, 7, 0, 0, 0xff, 0, 0, 0, 0], "byte 42: a length: found 1, wanted 0"),
    ] {
        assert_eq!(open(&signed(&records), 0).unwrap_err().to_string(), told, "{records:?}");
    }
    let erased = open(&[0xff; 256], 0).unwrap_err();
    assert_eq!(erased.to_string(), "byte 0: the first bytes: found erased flash, wanted a blob");
}

#[test]
fn the_page_about_the_crate_has_the_measured_sizes() {
    let page = include_str!("../README.md");
    let policy = Content { version: 1, ..Content::default() };
    let chain = chain();
    let client = Content {
        active: Some(0),
        endpoint: Some(Endpoint { time_server: "", ..endpoint() }),
        anchors: vec![ROOT],
        identities: vec![Identity { alias: "orders", key: StoredKey::P256(&SCALAR), chain: &chain }],
        ..policy.clone()
    };
    let size = |content: &Content<'_>| seal(content).unwrap().len();
    let row = |size: usize| {
        let digits = if size < 1000 { size.to_string() } else { format!("{},{:03}", size / 1000, size % 1000) };
        assert!(page.contains(&format!(" | {digits} |\n")), "{digits} is in no row of the table");
    };
    row(size(&policy));
    row(size(&client));
    row(size(&Content { denied: vec![Denied::Key([7; 32])], ..policy.clone() }) - size(&policy));
    let more = Content {
        identities: [&client.identities[..], &[Identity { alias: "a", ..client.identities[0] }]].concat(),
        ..client.clone()
    };
    assert_eq!(size(&more) - size(&client), chain.len() + 32 + 1 + 8);
    let serials = Serials::encode([&[7; 16][..]]).unwrap();
    let denied =
        Denied::Certificates { issuer: Name::from_der(&ISSUER).unwrap(), serials: Serials::parse(&serials).unwrap() };
    assert_eq!(size(&Content { denied: vec![denied], ..policy.clone() }) - size(&policy), 17 + ISSUER.len() + 7);
}
