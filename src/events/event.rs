//! Events of a connection, as data, bytes and text.

use super::code::{codes, error_code, error_of, mismatch_code, mismatch_of};
use super::text::Text;
use crate::codec::{Reader, Writer};
use crate::credential::{Expiry, KeyHandle, Mismatch};
use crate::error::{AlertDescription, Code, Diagnosis, Error, InvalidMessage, Stage, WaivableCause};
use crate::wire::enums::{CipherSuite, HandshakeType, NamedGroup, SignatureScheme};
use crate::x509::{Time, UnixTime};
use core::fmt;

/// An event of one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Record {
    /// The number of the connection, counted from 1 in its ring; 0 follows 65,535. Records that belong to no connection
    /// have the number of the last one.
    pub connection: u16,
    /// The event.
    pub event: LogEvent,
}

/// One event. Names come from certificates and messages as the peer sent them: **none of them is verified** before
/// [`Path`](Self::Path) and the CertificateVerify behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum LogEvent {
    /// On a client: the server has accepted our certificate.
    Accepted,
    /// ServerHello: the parameters of the connection.
    Agreed {
        /// The cipher suite.
        suite: CipherSuite,
        /// The group of the key exchange.
        group: NamedGroup,
    },
    /// An alert, including `close_notify`.
    Alert {
        /// The direction.
        direction: Direction,
        /// Its description.
        description: AlertDescription,
    },
    /// Our certificate was requested.
    Asked {
        /// The number of authorities named; the first four follow as [`LogEvent::Name`].
        authorities: u16,
        /// After the handshake.
        late: bool,
    },
    /// The application has authorized the authenticated peer.
    Authorized,
    /// A connection was given the ring.
    Began {
        /// `true` on a client, `false` on a server.
        client: bool,
    },
    /// A certificate was requested, and we sent none.
    Declined,
    /// The diagnosis of the failure.
    Diagnosed(Diagnosis),
    /// The handshake is over on our side.
    Done,
    /// A chain expires soon, or has expired, at the time given for this connection.
    Expiring {
        /// The owner of the chain.
        whose: Whose,
        /// The end of its validity.
        expiry: Expiry,
    },
    /// The connection has failed.
    Failed {
        /// The stage at which it failed.
        stage: Stage,
        /// The cause.
        error: Error,
    },
    /// The bytes of one flight, that is, sent in one direction before the direction changes. For a session, the total
    /// in this direction.
    Flight {
        /// The direction.
        direction: Direction,
        /// Their number, headers of records included.
        bytes: u32,
    },
    /// A handshake message: one that was written completely, or one whose header was received.
    Message {
        /// The direction.
        direction: Direction,
        /// Its type (RFC 9846 section 4).
        kind: u8,
        /// Its length with its header.
        length: u32,
    },
    /// Another credential of ours does not match the request.
    Mismatch {
        /// The handle of its key.
        key: KeyHandle,
        /// Its alias; empty without a keystore.
        alias: Text,
        /// The reason.
        reason: Mismatch,
    },
    /// A name that belongs to the events around it.
    Name {
        /// The owner of the name.
        of: NameOf,
        /// The common name, or the first attribute that is text; for a host its name.
        text: Text,
    },
    /// A path from the peer's certificate to a trust anchor was found.
    Path {
        /// CA certificates above the leaf.
        depth: u8,
        /// The position of the anchor in the configuration; `None` if that was waived.
        anchor: Option<u8>,
        /// The last second at which all of it is valid.
        not_after: UnixTime,
    },
    /// The ring was resumed with its content, usually after a reset.
    Resumed,
    /// HelloRetryRequest, sent or received.
    Retried {
        /// The group for which a key share is requested, if any.
        group: Option<NamedGroup>,
    },
    /// The credential that we send.
    Selected {
        /// The handle of its key.
        key: KeyHandle,
        /// Certificates in its chain.
        certificates: u8,
        /// Its signature scheme.
        scheme: SignatureScheme,
    },
    /// A ticket was accepted: the connection resumes a session, in which the peer proved its identity.
    SessionResumed {
        /// The seconds since its proof.
        proof_age: u32,
    },
    /// The time at which certificates are validated, as provided by the application.
    Time(Time),
    /// An event of a later version.
    Unknown(u8),
    /// The path was accepted despite this cause.
    Waived(WaivableCause),
}

/// The direction of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Direction {
    /// To us.
    Received,
    /// From us.
    Sent,
}

/// The owner of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Whose {
    /// The chain of the credential that we send.
    Ours,
    /// The chain of the peer, with its trust anchor.
    Theirs,
}

/// The owner of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum NameOf {
    /// A CA whose certificates the server accepts.
    Authority,
    /// The issuer of the peer's certificate, as named there.
    Issuer,
    /// The server name that the client requests.
    Server,
    /// The subject of the peer's certificate.
    Subject,
}

codes!(Direction { Received = 0, Sent = 1 });

codes!(Whose { Ours = 0, Theirs = 1 });

codes!(NameOf { Authority = 0, Issuer = 1, Server = 2, Subject = 3 });

/// The largest record: `Mismatch` with a long alias.
pub(super) const MAX_BODY: usize = 1 + 4 + 3 + 1 + Text::MAX;

impl LogEvent {
    /// Writes a number for the kind of event, and its fields.
    pub(super) fn emit(&self, w: &mut Writer<'_>) {
        match *self {
            Self::Accepted => w.u8(1),
            Self::Agreed { suite, group } => tagged(w, 2, &[&suite.0.to_be_bytes(), &group.0.to_be_bytes()]),
            Self::Alert { direction, description } => tagged(w, 3, &[&[direction.code(), description.0]]),
            Self::Asked { authorities, late } => tagged(w, 4, &[&authorities.to_be_bytes(), &[late.into()]]),
            Self::Authorized => w.u8(5),
            Self::Began { client } => tagged(w, 6, &[&[client.into()]]),
            Self::Declined => w.u8(7),
            Self::Done => w.u8(8),
            Self::Expiring { whose, expiry } => {
                let times = [expiry.not_after.0.to_be_bytes(), expiry.seconds_left.to_be_bytes()];
                tagged(w, 9, &[&[whose.code()], times.as_flattened()]);
            }
            Self::Failed { stage, error } => {
                let (kind, which, more) = error_code(error);
                tagged(w, 10, &[&[stage.code(), kind, which], &more.to_be_bytes()]);
            }
            Self::Flight { direction, bytes } => tagged(w, 11, &[&[direction.code()], &bytes.to_be_bytes()]),
            Self::Message { direction, kind, length } => {
                tagged(w, 12, &[&[direction.code(), kind], &length.to_be_bytes()]);
            }
            Self::Name { of, ref text } => tagged(w, 13, &[&[of.code()], text.as_bytes()]),
            Self::Path { depth, anchor, not_after } => {
                let anchor = anchor.map_or([0, 0], |anchor| [1, anchor]);
                tagged(w, 14, &[&[depth], &anchor, &not_after.0.to_be_bytes()]);
            }
            Self::Resumed => w.u8(15),
            // 0 is not a group.
            Self::Retried { group } => tagged(w, 16, &[&group.map_or(0, |group| group.0).to_be_bytes()]),
            Self::Selected { key, certificates, scheme } => {
                tagged(w, 17, &[&key.0.to_be_bytes(), &[certificates], &scheme.0.to_be_bytes()]);
            }
            Self::Time(time) => {
                let (kind, time) = match time {
                    Time::Trusted(time) => (0, time),
                    Time::AtLeast(time) => (1, time),
                    Time::Unknown(_) => (2, UnixTime(0)),
                };
                tagged(w, 18, &[&[kind], &time.0.to_be_bytes()]);
            }
            Self::Mismatch { key, ref alias, reason } => {
                tagged(w, 19, &[&key.0.to_be_bytes(), &mismatch_code(reason), alias.as_bytes()]);
            }
            Self::Unknown(kind) => w.u8(kind),
            Self::Waived(cause) => tagged(w, 20, &[&[cause.code()]]),
            Self::Diagnosed(diagnosis) => tagged(w, 21, &[&[diagnosis.code()]]),
            Self::SessionResumed { proof_age } => tagged(w, 22, &[&proof_age.to_be_bytes()]),
        }
    }

    /// Reads an event written by [`Self::emit`]. Events of later versions are [`Self::Unknown`].
    pub(super) fn parse(bytes: &[u8]) -> Self {
        let mut reader = Reader::new(bytes);
        let kind = reader.u8().unwrap_or(0);
        match Self::parse_body(kind, &mut reader) {
            Ok(Some(event)) => event,
            Ok(None) | Err(_) => Self::Unknown(kind),
        }
    }

    fn parse_body(kind: u8, r: &mut Reader<'_>) -> Result<Option<Self>, InvalidMessage> {
        Ok(Some(match kind {
            1 => Self::Accepted,
            2 => Self::Agreed { suite: CipherSuite(r.u16()?), group: NamedGroup(r.u16()?) },
            3 => {
                let (direction, description) = (Direction::of(r.u8()?), AlertDescription(r.u8()?));
                return Ok(direction.map(|direction| Self::Alert { direction, description }));
            }
            4 => Self::Asked { authorities: r.u16()?, late: r.u8()? != 0 },
            5 => Self::Authorized,
            6 => Self::Began { client: r.u8()? != 0 },
            7 => Self::Declined,
            8 => Self::Done,
            9 => {
                let whose = Whose::of(r.u8()?);
                let expiry = Expiry { not_after: time(r)?, seconds_left: time(r)?.0 };
                return Ok(whose.map(|whose| Self::Expiring { whose, expiry }));
            }
            10 => {
                let (stage, error) = (Stage::of(r.u8()?), error_of((r.u8()?, r.u8()?, number(r)?)));
                return Ok(stage.zip(error).map(|(stage, error)| Self::Failed { stage, error }));
            }
            11 => {
                let (direction, bytes) = (Direction::of(r.u8()?), number(r)?);
                return Ok(direction.map(|direction| Self::Flight { direction, bytes }));
            }
            12 => {
                let (direction, kind, length) = (Direction::of(r.u8()?), r.u8()?, number(r)?);
                return Ok(direction.map(|direction| Self::Message { direction, kind, length }));
            }
            13 => {
                let (of, text) = (NameOf::of(r.u8()?), text(r));
                return Ok(of.zip(text).map(|(of, text)| Self::Name { of, text }));
            }
            14 => {
                let (depth, known, anchor) = (r.u8()?, r.u8()?, r.u8()?);
                Self::Path { depth, anchor: (known != 0).then_some(anchor), not_after: time(r)? }
            }
            15 => Self::Resumed,
            16 => Self::Retried { group: Some(NamedGroup(r.u16()?)).filter(|group| group.0 != 0) },
            17 => {
                Self::Selected { key: KeyHandle(number(r)?), certificates: r.u8()?, scheme: SignatureScheme(r.u16()?) }
            }
            18 => match (r.u8()?, time(r)?) {
                (0, time) => Self::Time(Time::Trusted(time)),
                (1, time) => Self::Time(Time::AtLeast(time)),
                _ => Self::Time(Time::dangerous_unknown()),
            },
            19 => {
                let (key, reason, alias) = (KeyHandle(number(r)?), mismatch_of(*r.array()?), text(r));
                return Ok(reason.zip(alias).map(|(reason, alias)| Self::Mismatch { key, alias, reason }));
            }
            20 => return Ok(<WaivableCause as Code>::of(r.u8()?).map(Self::Waived)),
            21 => return Ok(Diagnosis::of(r.u8()?).map(Self::Diagnosed)),
            22 => Self::SessionResumed { proof_age: number(r)? },
            _ => return Ok(None),
        }))
    }
}

fn tagged(w: &mut Writer<'_>, kind: u8, parts: &[&[u8]]) {
    w.u8(kind);
    for part in parts {
        w.bytes(part);
    }
}

fn number(r: &mut Reader<'_>) -> Result<u32, InvalidMessage> {
    r.array().map(|bytes| u32::from_be_bytes(*bytes))
}

fn time(r: &mut Reader<'_>) -> Result<UnixTime, InvalidMessage> {
    r.array().map(|bytes| UnixTime(i64::from_be_bytes(*bytes)))
}

/// Reads the rest as text.
fn text(r: &mut Reader<'_>) -> Option<Text> {
    core::str::from_utf8(r.rest()).ok().map(Text::new)
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{} {}", self.connection, self.event)
    }
}

/// One line.
impl fmt::Display for LogEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted => f.write_str("the server accepted our certificate"),
            Self::Agreed { suite, group } => write!(f, "agreed on {suite} and {group}"),
            Self::Alert { direction, description } => write!(f, "{direction} alert {} ({description})", description.0),
            Self::Asked { authorities, late } => {
                f.write_str("our certificate requested, ")?;
                match authorities {
                    0 => f.write_str("from any CA")?,
                    1 => f.write_str("from one CA")?,
                    more => write!(f, "from one of {more} CAs")?,
                }
                f.write_str(if *late { ", after the handshake" } else { "" })
            }
            Self::Authorized => f.write_str("peer authorized"),
            Self::Began { client } => write!(f, "new connection as {}", if *client { "client" } else { "server" }),
            Self::Declined => f.write_str("no certificate of ours selected"),
            Self::Diagnosed(diagnosis) => write!(f, "diagnosis: {diagnosis}"),
            Self::Done => f.write_str("handshake complete"),
            Self::Expiring { whose, expiry } => write!(f, "{whose} {expiry}"),
            Self::Failed { stage: Stage::Done, error } => write!(f, "failed after the handshake: {error}"),
            Self::Failed { stage, error } => write!(f, "failed at {stage}: {error}"),
            Self::Flight { direction, bytes } => write!(f, "{direction} a flight of {bytes} bytes"),
            Self::Message { direction, kind, length } => {
                write!(f, "{direction} {}, {length} bytes", MessageName(*kind))
            }
            Self::Name { of, text } => write!(f, "{of} {text}"),
            Self::Path { depth, anchor, not_after } => {
                write!(f, "path found: depth {depth}, ")?;
                match anchor {
                    Some(anchor) => write!(f, "trust anchor {anchor}, ")?,
                    None => f.write_str("no trust anchor, ")?,
                }
                write!(f, "valid until {not_after}")
            }
            Self::Resumed => f.write_str("recording resumed after earlier events"),
            Self::Retried { group: Some(group) } => write!(f, "HelloRetryRequest for a key share of {group}"),
            Self::Retried { group: None } => f.write_str("HelloRetryRequest with a cookie"),
            Self::Selected { key, certificates, scheme } => {
                write!(f, "credential of key {} selected: {certificates} certificates, {scheme}", key.0)
            }
            Self::Time(Time::Trusted(time)) => write!(f, "certificates validated at {time}"),
            Self::Time(Time::AtLeast(time)) => write!(f, "certificates validated at {time} or later"),
            Self::Time(Time::Unknown(_)) => f.write_str("certificates validated without a time"),
            Self::Mismatch { key, alias, reason } if alias.is_empty() => {
                write!(f, "credential of key {} rejected: {reason}", key.0)
            }
            Self::Mismatch { alias, reason, .. } => write!(f, "credential {alias} rejected: {reason}"),
            Self::SessionResumed { proof_age } => {
                write!(f, "session resumed, peer authenticated {proof_age} seconds ago")
            }
            Self::Unknown(kind) => write!(f, "unknown event of kind {kind}, from a later version"),
            Self::Waived(cause) => write!(f, "WAIVED: {cause}"),
        }
    }
}

/// The name of a message as RFC 9846 writes it in its text.
struct MessageName(u8);

impl fmt::Display for MessageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match HandshakeType(self.0) {
            HandshakeType::CERTIFICATE => "Certificate",
            HandshakeType::CERTIFICATE_REQUEST => "CertificateRequest",
            HandshakeType::CERTIFICATE_VERIFY => "CertificateVerify",
            HandshakeType::CLIENT_HELLO => "ClientHello",
            HandshakeType::ENCRYPTED_EXTENSIONS => "EncryptedExtensions",
            HandshakeType::FINISHED => "Finished",
            HandshakeType::KEY_UPDATE => "KeyUpdate",
            HandshakeType::NEW_SESSION_TICKET => "NewSessionTicket",
            HandshakeType::SERVER_HELLO => "ServerHello",
            other => return other.fmt(f),
        })
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Received => "received",
            Self::Sent => "sent",
        })
    }
}

impl fmt::Display for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ours => "our chain",
            Self::Theirs => "the peer's chain",
        })
    }
}

impl fmt::Display for NameOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Authority => "accepted CA",
            Self::Issuer => "issued by",
            Self::Server => "server name",
            Self::Subject => "peer claims to be",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::PeerIncompatible;
    use std::string::ToString;
    use std::vec::Vec;

    /// One of each.
    fn events() -> Vec<LogEvent> {
        let (at, text) = (UnixTime(1_795_000_000), Text::new("Example Root CA"));
        let direction = Direction::Sent;
        std::vec![
            LogEvent::Accepted,
            LogEvent::Agreed { suite: CipherSuite::TLS_AES_128_GCM_SHA256, group: NamedGroup::X25519 },
            LogEvent::Alert { direction: Direction::Received, description: AlertDescription::UNKNOWN_CA },
            LogEvent::Asked { authorities: 300, late: true },
            LogEvent::Authorized,
            LogEvent::Began { client: true },
            LogEvent::Declined,
            LogEvent::Diagnosed(Diagnosis::InterposedProxy),
            LogEvent::Done,
            LogEvent::Expiring { whose: Whose::Theirs, expiry: Expiry { not_after: at, seconds_left: -5 } },
            LogEvent::Failed { stage: Stage::ServerHello, error: PeerIncompatible::Tls13NotSelected.into() },
            LogEvent::Flight { direction, bytes: 70_000 },
            LogEvent::Message { direction, kind: 11, length: 900 },
            LogEvent::Name { of: NameOf::Authority, text },
            LogEvent::Path { depth: 2, anchor: Some(0), not_after: at },
            LogEvent::Path { depth: 2, anchor: None, not_after: at },
            LogEvent::Resumed,
            LogEvent::Retried { group: Some(NamedGroup::SECP256R1) },
            LogEvent::Retried { group: None },
            LogEvent::Selected { key: KeyHandle(7), certificates: 2, scheme: SignatureScheme::ECDSA_SECP256R1_SHA256 },
            LogEvent::SessionResumed { proof_age: 70_000 },
            LogEvent::Time(Time::Trusted(at)),
            LogEvent::Time(Time::AtLeast(at)),
            LogEvent::Time(Time::dangerous_unknown()),
            LogEvent::Mismatch { key: KeyHandle(9), alias: Text::new(&"a".repeat(99)), reason: Mismatch::Issuer },
            LogEvent::Mismatch { key: KeyHandle(9), alias: Text::new(""), reason: Mismatch::CertificateScheme(1) },
            LogEvent::Unknown(250),
            LogEvent::Waived(WaivableCause::Expired),
        ]
    }

    #[test]
    fn each_event_comes_back_from_its_bytes_and_fits() {
        for event in events() {
            let mut bytes = [0; MAX_BODY];
            let mut writer = Writer::new(&mut bytes);
            event.emit(&mut writer);
            let len = writer.finish().unwrap();
            assert_eq!(LogEvent::parse(&bytes[..len]), event);
            // What was cut is never taken for something else.
            for len in 1..len {
                let cut = LogEvent::parse(&bytes[..len]);
                assert!(
                    matches!(cut, LogEvent::Unknown(_) | LogEvent::Name { .. } | LogEvent::Mismatch { .. }),
                    "{cut:?}"
                );
            }
        }
        assert_eq!(LogEvent::parse(&[]), LogEvent::Unknown(0));
    }

    #[test]
    fn each_event_is_one_line_that_differs_from_the_others() {
        let lines: Vec<_> = events().iter().map(|event| Record { connection: 3, event: *event }.to_string()).collect();
        for (place, line) in lines.iter().enumerate() {
            assert!(line.starts_with("#3 ") && !line.contains('\n'), "{line}");
            assert!(!lines[..place].contains(line), "{line}");
        }
        assert!(lines.contains(&"#3 received alert 48 (unknown_ca)".to_string()));
        assert!(lines.contains(&"#3 sent Certificate, 900 bytes".to_string()), "{lines:#?}");
        let failed = "#3 failed at ServerHello: incompatible peer: the server selected TLS 1.2 or older";
        assert!(lines.contains(&failed.to_string()));
    }
}
