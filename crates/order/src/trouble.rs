//! The outcome of an order, by layer, and the remedy.

use core::fmt;
use embedded_mtls::{AlertClass, AlertDescription, Error};
use mtls_cxml::{Class, Outcome};

/// The supplier has accepted the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Acceptance {
    /// It was accepted.
    Delivered,
    /// An intermediary has accepted it; a `StatusUpdate` follows.
    Pending,
    /// It is delivered according to HTTP, but the supplier's answer cannot be read: a person has to ask.
    Unread,
}

impl Acceptance {
    /// Returns the exit status of the firmware, on targets that have one, like [`Trouble`].
    pub const fn exit_status(self) -> u8 {
        match self {
            Self::Delivered | Self::Pending => 0,
            Self::Unread => 42,
        }
    }
}

/// The reason why an order is not known to be delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trouble {
    /// The HTTP response has this successful status, but the connection ended before the response did.
    AnswerCut(u16),
    /// The cXML `Response` has this status.
    Cxml(u16),
    /// The HTTP response has this status.
    Http(u16),
    /// The HTTP response has this status and asks for a delay in seconds (RFC 9110 section 10.2.3).
    HttpLater {
        /// A temporary status.
        status: u16,
        /// The delay from the response on.
        seconds: u32,
    },
    /// The answer is not HTTP.
    HttpUnreadable,
    /// The authenticated server ended the connection with this alert.
    LateRejection(AlertDescription),
    /// Nothing listens at the address, or the connection broke.
    Network,
    /// The name servers have no address for the server's name.
    NoAddress,
    /// No name server answers, or none is known.
    NoNameServer,
    /// The authenticated server requested no certificate: this is not mutual TLS, and nothing was sent.
    NotMutual,
    /// The HTTP response is successful, but its body is an HTML page instead of a `Response`.
    Page,
    /// The device is not set up: nothing was sent.
    Setup,
    /// The time limit was exceeded.
    Timeout,
    /// The handshake failed before the server was authenticated, or the protocol was violated.
    Tls(Error),
}

/// The remedy for a failed delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Remedy {
    /// A retry later, with the same bytes.
    Again,
    /// A person has to change something: an unchanged retry only wastes time and energy.
    Human,
}

impl Trouble {
    /// Returns whether a retry may help.
    ///
    /// Only the authenticated server's rejection of our certificate is permanent, since only the server can cause it.
    /// Anyone on the network path can send an earlier alert, another certificate, or records. For an unknown cXML
    /// status the hundreds digit counts.
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

    /// Returns the exit status of the firmware, on targets that have one: 10 network, 20 TLS, 30 HTTP, 40 cXML, as in
    /// the host programs.
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
            Self::Http(status @ (407 | 511)) => {
                write!(f, "HTTP status {status}: a proxy in between requires a password")
            }
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
    fn faults_that_another_connection_may_fix_are_retried() {
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
    fn exit_statuses_distinguish_the_layers() {
        let statuses = [Trouble::Http(404), Trouble::Http(503), Trouble::Cxml(401), Trouble::Cxml(560)];
        assert_eq!(statuses.map(|trouble| trouble.exit_status()), [30, 31, 40, 41]);
        assert_eq!([Trouble::AnswerCut(200), Trouble::HttpUnreadable].map(|trouble| trouble.exit_status()), [31, 32]);
        assert_eq!([Acceptance::Pending, Acceptance::Unread].map(Acceptance::exit_status), [0, 42]);
        assert!(format!("{}", Trouble::Cxml(409)).contains("probably delivered"));
    }
}
