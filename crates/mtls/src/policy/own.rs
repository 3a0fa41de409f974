//! Checks of our own identities: validity, role, and chain.

use embedded_mtls::credential::{Admission, Expiry, ProofOfPossession};
use embedded_mtls::crypto::rustcrypto::RustCrypto;
use embedded_mtls::io::SigningKey as _;
use embedded_mtls::io::std::system_time;
use embedded_mtls::x509::{Name, Time, TrustAnchor, UnixTime};
use embedded_mtls::{Credential, KeyHandle, Role};
use mtls_pki::pem::{FileError, Identity};

use super::super::own_key::OwnKey;
use super::super::report::printable;

/// Number of days before the expiry at which a warning starts.
const WARNING_DAYS: u16 = 30;

/// Checks an identity as a device does before a reference changes to it; returns the last second at which it is valid.
pub(super) fn admit(identity: &Identity, role: Role) -> Result<UnixTime, String> {
    let chain: Vec<&[u8]> = identity.chain.iter().map(Vec::as_slice).collect();
    let credential = Credential::new(&chain, KeyHandle(0)).map_err(|error| error.to_string())?;
    let signature = OwnKey::of(identity)?.sign(Admission::TEST_MESSAGE, &[]).ok_or("its key cannot sign")?;
    let admission = Admission { role, time: system_time(), key: ProofOfPossession::Signature(&signature) };
    admission.check(RustCrypto, &credential).map_err(|error| error.to_string())?;
    Ok(credential.not_after())
}

/// Explains that intermediates seem to be missing: there is only a leaf, though its predecessors had intermediates, and
/// its issuer neither ended a previous chain nor is trusted by us. Only the peers know whom they trust.
pub(super) fn missing_issuer(identity: &Identity, before: &[Identity], authorities: &[Vec<u8>]) -> Option<String> {
    let [leaf] = &identity.chain[..] else { return None };
    if before.iter().all(|before| before.chain.len() < 2) {
        return None;
    }
    let leaf = [leaf.as_slice()];
    let leaf = Credential::new(&leaf, KeyHandle(0)).ok()?;
    let is_end = |before: &Identity| {
        let top = before.chain.last().map(|top| [top.as_slice()]);
        let top = top.as_ref().and_then(|top| Credential::new(top, KeyHandle(0)).ok()?.issuers().next());
        top.is_some_and(|top| leaf.certificate_of(&top).is_some())
    };
    let is_trusted = |authority: &Vec<u8>| {
        let anchor = TrustAnchor::from_certificate(authority).ok();
        anchor
            .and_then(|anchor| anchor.subject())
            .is_some_and(|subject: Name<'_>| leaf.certificate_of(&subject).is_some())
    };
    let is_known = before.iter().any(is_end) || authorities.iter().any(is_trusted);
    let issuer = leaf.issuers().next().filter(|_| !is_known)?;
    Some(format!("the certificate of its issuer {} is missing after it", printable(&issuer.to_string())))
}

/// Returns the warnings for the start of a program: certificates that peers reject, or soon will.
pub(crate) fn warnings<'i>(identities: impl IntoIterator<Item = (&'i str, &'i Identity)>, role: Role) -> Vec<String> {
    let warning = |(name, identity)| {
        let why = match admit(identity, role) {
            Ok(not_after) => soon(not_after)?,
            Err(why) => format!("cannot be sent: {why}"),
        };
        Some(format!("warning: our certificate '{name}' {}", printable(&why)))
    };
    identities.into_iter().filter_map(warning).collect()
}

/// Writes the warnings about certificates that cannot be trusted.
pub(crate) fn passed_over(errors: &[FileError]) -> impl Iterator<Item = String> {
    errors.iter().map(|error| format!("warning: skipped: {error}"))
}

/// Writes the warnings about authorities whose own certificate has expired, so that they are no longer trusted.
pub(crate) fn expired(authorities: &[Vec<u8>]) -> Vec<String> {
    let Time::Trusted(now) = system_time() else { return Vec::new() };
    let warning = |certificate: &Vec<u8>| {
        let anchor = TrustAnchor::from_certificate(certificate).ok()?;
        let end = anchor.not_after().filter(|end| *end < now)?;
        let name = anchor.subject().map(|name| name.to_string()).unwrap_or_default();
        Some(format!("warning: the trusted CA {name} has expired ({end}): it is no longer trusted"))
    };
    authorities.iter().filter_map(warning).collect()
}

/// Returns the expiry, if it is near.
fn soon(not_after: UnixTime) -> Option<String> {
    match system_time() {
        Time::Trusted(now) => Some(Expiry::within(not_after, now, WARNING_DAYS)?.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mtls_pki::throw_away::{Authority, Leaf, Pki};
    use rcgen::ExtendedKeyUsagePurpose::{ClientAuth, ServerAuth};
    use time::Duration;

    fn leaf(from: i64, to: i64) -> Leaf {
        Leaf { valid: (Duration::days(from), Duration::days(to)), ..Leaf::new("shop", ServerAuth) }
    }

    #[test]
    fn a_certificate_of_ours_that_is_or_will_soon_be_rejected_causes_a_warning() {
        let root = Authority::root("Root").unwrap();
        let warned = |leaf: &Leaf| warnings([("shop", &root.leaf(leaf).unwrap())], Role::Server).pop();
        assert_eq!(warned(&leaf(-1, 31)), None);
        for (given, words) in [
            (leaf(-1, 29), "warning: our certificate 'shop' expires in 2"),
            (leaf(-9, -1), "warning: our certificate 'shop' cannot be sent: "),
            (leaf(1, 90), "warning: our certificate 'shop' cannot be sent: "),
            (Leaf::new("shop", ClientAuth), "warning: our certificate 'shop' cannot be sent: "),
        ] {
            let warning = warned(&given).expect(words);
            assert!(warning.starts_with(words), "{warning}");
        }
        let pki = Pki::new().unwrap();
        assert_eq!(warnings([("x", &pki.supplier)], Role::Server), [""; 0], "a new PKI warns of nothing");
        let [as_client] = &warnings([("x", &pki.supplier)], Role::Client)[..] else { panic!("no warning") };
        assert!(as_client.starts_with("warning: our certificate 'x' cannot be sent: "), "{as_client}");
    }

    #[test]
    fn an_expired_ca_causes_a_warning() {
        let root = Authority::root("Root").unwrap().certificate().to_vec();
        assert_eq!(expired(std::slice::from_ref(&root)), [""; 0]);
        // The end of the validity, some seconds later than its beginning: digits of the year become older.
        let year = time::OffsetDateTime::now_utc().year().rem_euclid(100);
        let [old, new, next, after] = [year - 1, year, year + 1, year + 2].map(|year| format!("{year:02}"));
        let mut ended = root.clone();
        let times: Vec<_> = (0..root.len()).filter(|at| root[*at..].starts_with(&[0x17, 13])).collect();
        for at in times {
            if [&new, &next, &after].iter().any(|year| *year.as_bytes() == ended[at + 2..at + 4]) {
                ended[at + 2..at + 4].copy_from_slice(old.as_bytes());
            }
        }
        let [told] = &expired(&[root, ended])[..] else { panic!("nothing is told") };
        assert!(told.starts_with("warning: the trusted CA CN=Root,O=Example Bottling has expired (20"), "{told}");
    }

    #[test]
    fn an_intermediate_is_missing_only_where_there_was_one_and_the_issuer_is_not_known() {
        let root = Authority::root("Root").unwrap();
        let [issuing, next] = ["Issuing", "Next"].map(|name| root.intermediate(name).unwrap());
        let [whole, mut alone] = [&issuing, &next].map(|authority| authority.leaf(&leaf(-1, 90)).unwrap());
        assert_eq!(missing_issuer(&alone, std::slice::from_ref(&whole), &[]), None, "its intermediate is there");
        alone.chain.truncate(1);
        let missing = missing_issuer(&alone, std::slice::from_ref(&whole), &[root.certificate().to_vec()]).unwrap();
        assert!(missing.contains("CN=Next"), "{missing}");
        let trusted = [next.certificate().to_vec()];
        assert_eq!(
            missing_issuer(&alone, std::slice::from_ref(&whole), &trusted),
            None,
            "an intermediate that is trusted"
        );
        assert_eq!(missing_issuer(&alone, &[alone.clone()], &[]), None, "as before");
        let mut direct = root.leaf(&leaf(-1, 90)).unwrap();
        direct.chain.truncate(1);
        assert_eq!(missing_issuer(&direct, &[whole], &[]), None, "of the root with which the others ended");
    }
}
