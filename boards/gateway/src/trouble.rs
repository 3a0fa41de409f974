//! What becomes of an order, told apart by layer, and what helps.

use core::fmt;
use embedded_mtls::{AlertClass, AlertDescription, Error};
use mtls_cxml::{Class, Outcome};

/// The supplier has the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Acceptance {
    /// It was accepted.
    Delivered,
    /// An intermediary has it; a `StatusUpdate` follows.
    Pending,
    /// It is delivered by the word of HTTP, and what the supplier says cannot be read: somebody has to ask.
    Unread,
}

impl Acceptance {
    /// The exit status of the firmware where it has one, as that of [`Trouble`].
    pub const fn exit_status(self) -> u8 {
        match self {
            Self::Delivered | Self::Pending => 0,
            Self::Unread => 42,
        }
    }
}

/// Why an order is not known to be delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trouble {
    /// The HTTP response has this status, a success, and the connection ended before it did.
    AnswerCut(u16),
    /// The cXML `Response` has this status.
    Cxml(u16),
    /// The HTTP response has this status.
    Http(u16),
    /// The HTTP response has this status and asks to wait so many seconds (RFC 9110 section 10.2.3).
    HttpLater {
        /// One that passes with time.
        status: u16,
        /// From the response on.
        seconds: u32,
    },
    /// The answer is not HTTP.
    HttpUnreadable,
    /// The server proved who it is, and ended the connection with this alert.
    LateRejection(AlertDescription),
    /// Nobody listens at the address, or the connection broke.
    Network,
    /// The name servers know no address of the server's name.
    NoAddress,
    /// No name server answers, or none is known.
    NoNameServer,
    /// The server proved who it is, and asked for no certificate of ours: this is not mutual TLS, nothing was sent.
    NotMutual,
    /// The HTTP response is a success, and its body a page for people instead of a `Response`.
    Page,
    /// The device is not set up: nothing was sent.
    Setup,
    /// It took longer than it may.
    Timeout,
    /// The handshake failed before the server had proved who it is, or the protocol was broken.
    Tls(Error),
}

/// What helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Remedy {
    /// Another try later, with the same bytes.
    Again,
    /// Somebody who changes something: trying again as it is only wastes time and energy.
    Human,
}

impl Trouble {
    /// Returns whether another try may help.
    ///
    /// Only what the server says once it has proved who it is can be for good, and only what it alone can have caused: that it
    /// refuses what we showed. An alert from before, a certificate in the place of its own, and records in between are within the
    /// power of whoever is on the way. Of an unknown status of cXML the hundreds count.
    pub fn remedy(&self) -> Remedy {
        let again = match self {
            Self::Cxml(status) => Outcome::of(*status) == Outcome::Later,
            Self::Http(status) => Class::of(*status, false) == Class::Later,
            Self::HttpUnreadable | Self::NotMutual | Self::Page | Self::Setup => false,
            Self::LateRejection(alert) => alert.class() != AlertClass::Credential,
            Self::AnswerCut(_)
            | Self::HttpLater { .. }
            | Self::Network
            | Self::NoAddress
            | Self::NoNameServer
            | Self::Timeout => true,
            Self::Tls(error) => !matches!(error, Error::ApiMisuse(_) | Error::ProviderFailed),
        };
        if again { Remedy::Again } else { Remedy::Human }
    }

    /// The exit status of the firmware where it has one: 10 network, 20 TLS, 30 HTTP, 40 cXML, as the examples.
    pub fn exit_status(&self) -> u8 {
        let later = u8::from(self.remedy() == Remedy::Again);
        match self {
            Self::Setup => 1,
            Self::Network | Self::NoAddress | Self::NoNameServer => 10,
            Self::Timeout => 11,
            Self::Tls(_) => 20,
            Self::LateRejection(_) => 21,
            Self::NotMutual => 22,
            Self::AnswerCut(_) | Self::Http(_) | Self::HttpLater { .. } => 30 + later,
            Self::HttpUnreadable => 32,
            Self::Cxml(_) | Self::Page => 40 + later,
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cxml(409) => f.write_str("cXML status 409: probably delivered before, a person has to check"),
            Self::Cxml(status) => write!(f, "cXML status {status}"),
            Self::AnswerCut(status) => {
                write!(f, "HTTP status {status}: probably delivered, but the answer was cut off")
            }
            Self::Http(401) => f.write_str("HTTP status 401: the server requires a password, too"),
            Self::Http(status @ (407 | 511)) => write!(f, "HTTP status {status}: a proxy in between requires a password"),
            Self::Http(421) => f.write_str("HTTP status 421: the server does not serve this name here"),
            Self::Http(status) => write!(f, "HTTP status {status}"),
            Self::HttpLater { status, seconds } => write!(f, "HTTP status {status}, the server asks for {seconds} s"),
            Self::HttpUnreadable => f.write_str("HTTP: the answer is not HTTP"),
            Self::LateRejection(alert) => write!(f, "TLS: the authenticated server rejected us: {alert}"),
            Self::Network => f.write_str("network: no connection, or a broken one"),
            Self::NoAddress => f.write_str("DNS: the name has no address"),
            Self::NoNameServer => f.write_str("DNS: no name server answers"),
            Self::NotMutual => f.write_str("TLS: the server requested no certificate, this is not mutual TLS"),
            Self::Page => f.write_str("cXML: the answer is an HTML page, from something in front of the supplier"),
            Self::Setup => f.write_str("the settings cannot be used"),
            Self::Timeout => f.write_str("network: no answer in time"),
            Self::Tls(Error::AlertReceived(alert)) => {
                write!(f, "TLS: refused before the server was authenticated: {alert}")
            }
            Self::Tls(error) => write!(f, "TLS: we rejected the server: {error}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use embedded_mtls::{ApiMisuse, InvalidMessage, PeerIncompatible};
    use std::format;

    #[test]
    fn a_status_waits_for_a_human_or_for_time() {
        for status in [301, 404, 413, 501] {
            assert_eq!(Trouble::Http(status).remedy(), Remedy::Human, "{status}");
        }
        for status in [408, 429, 500, 503] {
            assert_eq!(Trouble::Http(status).remedy(), Remedy::Again, "{status}");
        }
        for status in [400, 401, 403, 406, 409, 429, 450, 499] {
            assert_eq!(Trouble::Cxml(status).remedy(), Remedy::Human, "{status}");
        }
        for status in [500, 550, 551, 560, 599] {
            assert_eq!(Trouble::Cxml(status).remedy(), Remedy::Again, "{status}");
        }
    }

    #[test]
    fn what_another_connection_may_mend_is_tried_again() {
        for trouble in [
            Trouble::AnswerCut(200),
            Trouble::HttpLater { status: 503, seconds: 7 },
            Trouble::LateRejection(AlertDescription::INTERNAL_ERROR),
            Trouble::LateRejection(AlertDescription::BAD_RECORD_MAC),
            Trouble::Network,
            Trouble::NoAddress,
            Trouble::NoNameServer,
            Trouble::Timeout,
            Trouble::Tls(Error::AlertReceived(AlertDescription::UNKNOWN_CA)),
            Trouble::Tls(Error::ConnectionTruncated),
            Trouble::Tls(Error::InvalidMessage(InvalidMessage::UnknownType)),
            Trouble::Tls(Error::PeerIncompatible(PeerIncompatible::NoCipherSuite)),
            Trouble::Tls(Error::SigningFailed),
        ] {
            assert_eq!(trouble.remedy(), Remedy::Again, "{trouble}");
        }
        for trouble in [
            Trouble::HttpUnreadable,
            Trouble::LateRejection(AlertDescription::CERTIFICATE_EXPIRED),
            Trouble::NotMutual,
            Trouble::Page,
            Trouble::Setup,
            Trouble::Tls(Error::ApiMisuse(ApiMisuse::NoTrustAnchors)),
        ] {
            assert_eq!(trouble.remedy(), Remedy::Human, "{trouble}");
        }
    }

    #[test]
    fn exit_statuses_tell_the_layers_apart() {
        let statuses = [Trouble::Http(404), Trouble::Http(503), Trouble::Cxml(401), Trouble::Cxml(560)];
        assert_eq!(statuses.map(|trouble| trouble.exit_status()), [30, 31, 40, 41]);
        assert_eq!([Trouble::AnswerCut(200), Trouble::HttpUnreadable].map(|trouble| trouble.exit_status()), [31, 32]);
        assert_eq!([Acceptance::Pending, Acceptance::Unread].map(Acceptance::exit_status), [0, 42]);
        assert!(format!("{}", Trouble::Cxml(409)).contains("probably delivered"));
    }
}
