//! The records of a blob, each with its reader.

use embedded_mtls::credential::Chain;
use embedded_mtls::{ClientConfig, Credential, Error, KeyHandle, ServerConfig};

use crate::error::{BlobError, Fault};
use crate::reader::{Reader, number};

pub(crate) const ENDPOINT: u8 = 1;
pub(crate) const POLICY: u8 = 2;
pub(crate) const ANCHORS: u8 = 3;
pub(crate) const PIN: u8 = 4;
pub(crate) const IDENTITY: u8 = 5;
pub(crate) const DENIED: u8 = 6;

/// The server to which the device connects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint<'a> {
    /// The host name or the address to connect to.
    pub host: &'a str,
    /// The port.
    pub port: u16,
    /// The name that the server's certificate has to have.
    pub server_name: &'a str,
    /// The path of the requests.
    pub path: &'a str,
    /// The time server, as `ADDRESS:PORT`; empty if there is none.
    pub time_server: &'a str,
}

/// The rules of the owner of the fleet, which no site can change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Forbids every waiver of a check, whatever the firmware is built with.
    pub enforce: bool,
    /// Lets a site choose another alias of this blob.
    pub site_chooses_alias: bool,
    /// Lets a site choose another endpoint.
    pub site_chooses_endpoint: bool,
    /// The maximum number of authorities above the peer's certificate, if it is not the default.
    pub max_depth: Option<u8>,
    /// The maximum validity of the peer's certificate in days, if it is limited.
    pub max_validity_days: Option<u16>,
}

/// A certificate or a key of the peer that is trusted without an issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pin<'a> {
    /// The SHA-256 fingerprint of a certificate.
    Fingerprint([u8; 32]),
    /// The DER of a `SubjectPublicKeyInfo`.
    Key(&'a [u8]),
}

/// An identity of the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity<'a> {
    /// The name by which it is chosen.
    pub alias: &'a str,
    /// Its private key, or where that is.
    pub key: StoredKey<'a>,
    /// Its certificates in DER, one behind the other: the leaf, then its intermediates, without the root.
    pub chain: &'a [u8],
}

/// A private key in a blob.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum StoredKey<'a> {
    /// The number of a key that never leaves the device or its secure element.
    Handle(u32),
    /// The scalar of a key on P-256, in the clear.
    P256(&'a [u8; 32]),
    /// A key of another kind in PKCS#8, in the clear.
    Pkcs8(&'a [u8]),
    /// A key that a key of the device has wrapped, in a form that the firmware knows.
    Wrapped(&'a [u8]),
}

/// Prints the kind, never the key.
impl core::fmt::Debug for StoredKey<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Handle(handle) => write!(f, "Handle({handle})"),
            Self::P256(_) => f.write_str("P256"),
            Self::Pkcs8(_) => f.write_str("Pkcs8"),
            Self::Wrapped(_) => f.write_str("Wrapped"),
        }
    }
}

impl<'a> StoredKey<'a> {
    pub(crate) const P256_SCALAR: u8 = 1;
    pub(crate) const HANDLE: u8 = 2;
    pub(crate) const WRAPPED: u8 = 3;
    pub(crate) const PKCS8: u8 = 4;

    /// Returns whether anyone who can read the flash has the key.
    pub const fn is_in_the_clear(&self) -> bool {
        matches!(self, Self::P256(_) | Self::Pkcs8(_))
    }

    fn parse(reader: &mut Reader<'a>) -> Result<Self, BlobError> {
        let start = reader.clone();
        let kind = reader.u8()?;
        let of_length = reader.clone();
        let bytes = reader.vec16()?;
        let length = |wanted: u64| of_length.fault(Fault::Length, number(bytes.len()), wanted);
        match kind {
            Self::P256_SCALAR => bytes.try_into().map(Self::P256).map_err(|_| length(32)),
            Self::HANDLE => {
                bytes.try_into().map(|handle| Self::Handle(u32::from_be_bytes(handle))).map_err(|_| length(4))
            }
            Self::WRAPPED if !bytes.is_empty() => Ok(Self::Wrapped(bytes)),
            Self::PKCS8 if !bytes.is_empty() => Ok(Self::Pkcs8(bytes)),
            Self::WRAPPED | Self::PKCS8 => Err(length(1)),
            unknown => Err(start.fault(Fault::Kind, unknown, 4_u8)),
        }
    }
}

impl<'a> Endpoint<'a> {
    pub(crate) fn parse(mut reader: Reader<'a>) -> Result<Self, BlobError> {
        let host = reader.name()?;
        let port = reader.u16()?;
        let [server_name, path, time_server] = [reader.name()?, reader.name()?, reader.text()?];
        reader.finish()?;
        Ok(Self { host, port, server_name, path, time_server })
    }
}

impl Policy {
    pub(crate) const ENFORCE: u16 = 1;
    pub(crate) const SITE_ALIAS: u16 = 2;
    pub(crate) const SITE_ENDPOINT: u16 = 4;
    /// The depth that stands for the default.
    pub(crate) const DEFAULT_DEPTH: u8 = 0xff;

    pub(crate) fn parse(mut reader: Reader<'_>) -> Result<Self, BlobError> {
        let start = reader.clone();
        let flags = reader.u16()?;
        let unknown = flags & !(Self::ENFORCE | Self::SITE_ALIAS | Self::SITE_ENDPOINT);
        if unknown != 0 {
            return Err(start.fault(Fault::Reserved, unknown, 0_u8));
        }
        let max_depth = Some(reader.u8()?).filter(|depth| *depth != Self::DEFAULT_DEPTH);
        let reserved = reader.clone();
        let padding = reader.u8()?;
        if padding != 0 {
            return Err(reserved.fault(Fault::Reserved, padding, 0_u8));
        }
        let max_validity_days = Some(reader.u16()?).filter(|days| *days != 0);
        reader.finish()?;
        let has = |flag| flags & flag != 0;
        let (site_chooses_alias, site_chooses_endpoint) = (has(Self::SITE_ALIAS), has(Self::SITE_ENDPOINT));
        Ok(Self {
            enforce: has(Self::ENFORCE),
            site_chooses_alias,
            site_chooses_endpoint,
            max_depth,
            max_validity_days,
        })
    }

    /// Applies the limits to the configuration of a client, and removes its waivers if the policy is to be enforced. Call it
    /// last: waivers that are set afterwards stay.
    #[must_use]
    pub fn of_client<'c>(&self, mut config: ClientConfig<'c>) -> ClientConfig<'c> {
        if let Some(depth) = self.max_depth {
            config = config.with_max_depth(depth);
        }
        if let Some(days) = self.max_validity_days {
            config = config.with_max_validity_days(days);
        }
        if self.enforce { config.without_waivers() } else { config }
    }

    /// Applies the limits to the configuration of a server, and removes its waivers if the policy is to be enforced. Call it
    /// last: waivers that are set afterwards stay.
    #[must_use]
    pub fn of_server<'c>(&self, mut config: ServerConfig<'c>) -> ServerConfig<'c> {
        if let Some(depth) = self.max_depth {
            config = config.with_max_depth(depth);
        }
        if let Some(days) = self.max_validity_days {
            config = config.with_max_validity_days(days);
        }
        if self.enforce { config.without_waivers() } else { config }
    }
}

impl<'a> Pin<'a> {
    pub(crate) const FINGERPRINT: u8 = 1;
    pub(crate) const KEY: u8 = 2;

    pub(crate) fn parse(mut reader: Reader<'a>) -> Result<Self, BlobError> {
        let start = reader.clone();
        match reader.u8()? {
            Self::FINGERPRINT => {
                let pin = Self::Fingerprint(reader.array()?);
                reader.finish().map(|()| pin)
            }
            Self::KEY => Ok(Self::Key(reader.rest())),
            unknown => Err(start.fault(Fault::Kind, unknown, 2_u8)),
        }
    }
}

impl<'a> Identity<'a> {
    pub(crate) fn parse(mut reader: Reader<'a>) -> Result<Self, BlobError> {
        let alias = reader.name()?;
        let key = StoredKey::parse(&mut reader)?;
        Ok(Self { alias, key, chain: reader.rest() })
    }

    /// Makes the credential that a handshake sends.
    ///
    /// # Errors
    /// As of [`Credential::new`]: a certificate that cannot be sent.
    pub fn credential(&self, key: KeyHandle) -> Result<Credential<'a>, Error> {
        Credential::new(Chain::joined(self.chain), key)
    }
}
