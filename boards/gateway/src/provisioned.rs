//! The settings of a device that are in its blob.

use core::net::SocketAddrV4;
use embassy_net::{IpAddress, IpEndpoint};
use embedded_mtls::credential::{Admission, AnchorSet, ProofOfPossession, SlotError};
use embedded_mtls::x509::{Time, UnixTime};
use embedded_mtls::{Credential, Error, KeyHandle};
use embedded_mtls_blob::{Blob, DenyList, Policy, Site, SiteError, StoredKey};
use mtls_order::Endpoint;

use crate::provider::{Provider, SigningKey};
use crate::settings::Role;

/// The settings in a blob, with at most `K` trust anchors. They borrow from it.
pub struct Provisioned<'a, const K: usize> {
    /// The version of the blob.
    pub version: u64,
    /// The alias of the identity.
    pub alias: &'a str,
    /// The endpoint to which the device posts.
    pub endpoint: Endpoint<'a>,
    /// The trust anchors.
    pub anchors: AnchorSet<'a, K>,
    /// The certificates of the device.
    pub credential: Credential<'a>,
    /// The key of the certificate, or where it is.
    pub key: StoredKey<'a>,
    /// The rules of the owner of the fleet.
    pub policy: Policy,
    /// The certificates and keys that are trusted no longer.
    pub denied: DenyList<'a>,
    /// The time server, if there is one.
    pub time_server: Option<IpEndpoint>,
    /// The time by which the owner of the fleet wants to have renewed the blob.
    pub renew_by: Option<UnixTime>,
}

/// A blob without what a device needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotProvisioned {
    /// The anchors cannot be used.
    Anchors(Error),
    /// No peer accepts the certificates, or they are not of this key.
    Certificates(SlotError),
    /// The certificates cannot be sent.
    Chain(Error),
    /// The board cannot sign with a key of this kind, or with this one.
    Key(&'static str),
    /// There is no endpoint.
    NoEndpoint,
    /// There is no active identity.
    NoIdentity,
    /// The site overrides what its fleet has locked, or names an unknown alias.
    Site(SiteError),
    /// The time server is not an IPv4 address and a port.
    TimeServer,
}

impl core::fmt::Display for NotProvisioned {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Anchors(error) => write!(f, "the trust anchors are unusable: {error}"),
            Self::Certificates(error) => error.fmt(f),
            Self::Chain(error) => error.fmt(f),
            Self::Key(found) => write!(f, "the key: found {found}, wanted one that this board signs with"),
            Self::NoEndpoint => f.write_str("the blob has no endpoint"),
            Self::NoIdentity => f.write_str("the blob has no active identity"),
            Self::Site(error) => error.fmt(f),
            Self::TimeServer => {
                f.write_str("the time server: wanted an IPv4 address and a port, such as 192.0.2.1:123")
            }
        }
    }
}

impl NotProvisioned {
    /// Names the kind of a key, of which nothing else may be told.
    pub(crate) const fn of_key(key: StoredKey<'_>) -> Self {
        Self::Key(match key {
            StoredKey::Handle(_) => "a handle of a key that is not here",
            StoredKey::P256(_) => "a scalar that is 0 or not below the order of P-256",
            StoredKey::Pkcs8(_) => "a key in PKCS#8",
            StoredKey::Wrapped(_) => "a wrapped key",
        })
    }
}

/// Returns the key of a blob that software signs with: one on P-256, in the clear.
pub fn software_key(key: StoredKey<'_>) -> Option<SigningKey> {
    match key {
        StoredKey::P256(scalar) => SigningKey::from_bytes(scalar).ok(),
        StoredKey::Handle(_) | StoredKey::Pkcs8(_) | StoredKey::Wrapped(_) => None,
    }
}

impl<'a, const K: usize> Provisioned<'a, K> {
    /// Takes the settings from a blob, with those that the site overrides.
    ///
    /// # Errors
    /// [`NotProvisioned`] if something is missing or unusable.
    pub fn new(blob: &Blob<'a>, site: &Site<'a>) -> Result<Self, NotProvisioned> {
        let chosen = blob.at_site(site).map_err(NotProvisioned::Site)?;
        let identity = chosen.identity.ok_or(NotProvisioned::NoIdentity)?;
        let found = chosen.endpoint.ok_or(NotProvisioned::NoEndpoint)?;
        let time_server = match found.time_server {
            "" => None,
            text => Some(time_server(text).ok_or(NotProvisioned::TimeServer)?),
        };
        let handle = match identity.key {
            StoredKey::Handle(number) => KeyHandle(number),
            StoredKey::P256(_) | StoredKey::Pkcs8(_) | StoredKey::Wrapped(_) => KeyHandle(0),
        };
        Ok(Self {
            version: blob.version,
            alias: identity.alias,
            endpoint: Endpoint { host: found.host, port: found.port, server_name: found.server_name, path: found.path },
            anchors: blob.trust().map_err(NotProvisioned::Anchors)?,
            credential: identity.credential(handle).map_err(NotProvisioned::Chain)?,
            key: identity.key,
            policy: blob.policy,
            denied: blob.deny_list(),
            time_server,
            renew_by: blob.renew_by,
        })
    }

    /// Checks that a device can use a blob in its role: that the peers, too, can accept its certificates, and that these are of a key of
    /// the board, whose point `public_key` returns.
    ///
    /// # Errors
    /// [`NotProvisioned`] if something is missing or unusable.
    #[inline(never)]
    pub fn check(
        blob: &Blob<'a>,
        site: &Site<'a>,
        role: Role,
        built: UnixTime,
        public_key: impl FnOnce(StoredKey<'a>) -> Option<[u8; 65]>,
    ) -> Result<(), NotProvisioned> {
        let Self { credential, key, .. } = Self::new(blob, site)?;
        let point = public_key(key).ok_or(NotProvisioned::of_key(key))?;
        let (role, key) = (role.side(), ProofOfPossession::PublicKey(&point));
        let admission = Admission { role, time: Time::AtLeast(built), key };
        admission.check(Provider, &credential).map_err(NotProvisioned::Certificates)
    }
}

/// Parses an IPv4 address and a port, such as `192.0.2.1:123`; `None` for anything else.
pub fn time_server(text: &str) -> Option<IpEndpoint> {
    let found: SocketAddrV4 = text.parse().ok()?;
    Some(IpEndpoint::new(IpAddress::Ipv4(*found.ip()), found.port()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enrolment;
    use crate::settings::Unreadable;
    use embassy_net::Ipv4Address;
    use embedded_mtls_blob::{Content, FleetKey, Identity};
    use std::string::ToString as _;
    use std::vec;
    use std::vec::Vec;
    use zeroize::Zeroizing;

    const ROOT: &[u8] = include_bytes!("../../../tests/data/algorithms/p256-sha384/root.der");
    const CLIENT: &[u8] = include_bytes!("../../../tests/data/algorithms/p256-sha384/client.der");
    /// The key of the client, in PKCS#8.
    const KEY: &[u8] = include_bytes!("../../../tests/data/algorithms/p256-sha384/leaf-key.der");
    /// 2026-01-01.
    const BUILT: UnixTime = UnixTime(1_767_225_600);

    fn fleet() -> SigningKey {
        SigningKey::from_bytes(&[1; 32]).unwrap()
    }

    /// Returns the scalar of the client's key.
    fn scalar() -> &'static [u8; 32] {
        // RFC 5958 section 2 and RFC 5915 section 3: it is behind two versions.
        let at = KEY.windows(5).position(|window| window == [2, 1, 1, 4, 32]).unwrap() + 5;
        KEY[at..].first_chunk().unwrap()
    }

    /// Makes a blob with this key and the chain of the client.
    fn blob(key: StoredKey<'_>, time_server: &str) -> Vec<u8> {
        let endpoint = embedded_mtls_blob::Endpoint { host: "h", port: 1, server_name: "s", path: "/", time_server };
        let identities = vec![Identity { alias: "a", key, chain: CLIENT }];
        let (active, endpoint, anchors) = (Some(0), Some(endpoint), vec![ROOT]);
        let content = Content { version: 1, active, endpoint, anchors, identities, ..Content::default() };
        content.seal(Provider, |digest| fleet().sign_digest(digest, &[]).ok()).unwrap()
    }

    /// Checks a blob for a board whose keys have these points.
    fn check(blob: &[u8], role: Role, built: UnixTime, point: Option<[u8; 65]>) -> Result<(), NotProvisioned> {
        let blob = Blob::open(Provider, blob, &FleetKey::new(fleet().public_key()), 0).unwrap();
        Provisioned::<1>::check(&blob, &Site::default(), role, built, |_| point)
    }

    #[test]
    fn a_blob_fits_a_device_that_can_send_its_certificates_and_has_their_key() {
        let own = SigningKey::from_bytes(scalar()).unwrap().public_key();
        let (good, other) = (blob(StoredKey::Handle(0), ""), fleet().public_key());
        assert_eq!(check(&good, Role::Gateway, BUILT, Some(own)), Ok(()));
        let supplier = Role::Supplier { port: 1, connections: 1 };
        for (role, built, point, told) in [
            (Role::Gateway, BUILT, None, "the key: found a handle of a key that is not here"),
            (Role::Gateway, BUILT, Some(other), "the key does not match the first certificate"),
            (supplier, BUILT, Some(own), "not meant"),
            (Role::Gateway, UnixTime(i64::MAX), Some(own), "expired"),
        ] {
            let problem = check(&good, role, built, point).unwrap_err().to_string();
            assert!(problem.contains(told), "{problem}, expected {told}");
        }
        let bad = blob(StoredKey::Handle(0), "time.example");
        assert_eq!(check(&bad, Role::Gateway, BUILT, Some(own)), Err(NotProvisioned::TimeServer));
    }

    #[test]
    fn an_own_key_is_lost_if_it_is_not_here_or_another_one_is() {
        type Own = Result<Option<[u8; 32]>, Unreadable>;
        let is_lost = |key, own: Own| {
            let blob = blob(key, "");
            let blob = Blob::open(Provider, &blob, &FleetKey::new(fleet().public_key()), 0).unwrap();
            let public_key = |key: StoredKey<'_>| software_key(key).map(|key| key.public_key());
            let own = own.map(|own| own.map(Zeroizing::new));
            enrolment::is_key_lost(&blob, &Site::default(), Role::Gateway, own, public_key)
        };
        assert!(!is_lost(StoredKey::Handle(0), Ok(Some(*scalar()))));
        assert!(is_lost(StoredKey::Handle(0), Ok(None)));
        assert!(is_lost(StoredKey::Handle(0), Ok(Some([8; 32]))));
        assert!(!is_lost(StoredKey::Handle(0), Err(Unreadable)));
        // Nobody has lost a key that the device never had.
        assert!(!is_lost(StoredKey::Handle(1), Ok(None)) && !is_lost(StoredKey::P256(&[8; 32]), Ok(None)));
    }

    #[test]
    fn a_time_server_is_an_ipv4_address_and_a_port() {
        let wanted = IpEndpoint::new(IpAddress::Ipv4(Ipv4Address::new(192, 0, 2, 1)), 123);
        assert_eq!(time_server("192.0.2.1:123"), Some(wanted));
        for bad in ["", "192.0.2.1", "192.0.2.1:", "192.0.2.1:65536", "[::1]:123", "time.example:123"] {
            assert_eq!(time_server(bad), None, "{bad}");
        }
    }
}
