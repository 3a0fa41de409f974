//! What becomes of an order, told apart by layer, and what helps.

use core::fmt;
use embedded_mtls::{AlertDescription, Error};

/// The supplier has the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Acceptance {
    /// It was accepted.
    Delivered,
    /// An intermediary has it; a `StatusUpdate` follows.
    Pending,
}

/// Why an order is not known to be delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trouble {
    /// The cXML `Response` has this status.
    Cxml(u16),
    /// The body of the HTTP response is neither empty nor a cXML `Response` with a `Status`.
    CxmlUnreadable,
    /// The HTTP response has this status.
    Http(u16),
    /// The HTTP response has this status and asks to wait so many seconds (RFC 9110 section 10.2.3).
    HttpLater {
        /// From 500 to 599: for others no time helps.
        status: u16,
        /// From the response on.
        seconds: u32,
    },
    /// What came is not HTTP, or is larger than the memory for it.
    HttpUnreadable,
    /// The server refused us after our side of the handshake was done, with this alert.
    LateRejection(AlertDescription),
    /// Nobody listens at the address, or the connection broke.
    Network,
    /// The name servers know no address of the server's name.
    NoAddress,
    /// No name server answers, or none is known.
    NoNameServer,
    /// The server proved who it is, and asked for no certificate of ours: this is not mutual TLS, nothing was sent.
    NotMutual,
    /// The device is not set up: nothing was sent.
    Setup,
    /// It took longer than it may.
    Timeout,
    /// The handshake failed, or the protocol was broken.
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
    /// Whether another try may help. A status that is unknown counts as the first of its hundred.
    pub fn remedy(&self) -> Remedy {
        let again = match self {
            Self::Cxml(status) | Self::Http(status) => (500..600).contains(status),
            Self::CxmlUnreadable | Self::HttpUnreadable | Self::NotMutual | Self::Setup => false,
            Self::LateRejection(alert) => passes(*alert),
            Self::HttpLater { .. } | Self::Network | Self::NoAddress | Self::NoNameServer | Self::Timeout => true,
            Self::Tls(error) => match error {
                Error::AlertReceived(alert) => passes(*alert),
                // Something on the way changed the bytes, or was not the server at all: another connection may be good.
                Error::ConnectionTruncated | Error::DecryptFailed | Error::InvalidMessage(_) => true,
                _ => false,
            },
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
            Self::Http(_) | Self::HttpLater { .. } | Self::HttpUnreadable => 30 + later,
            Self::Cxml(_) | Self::CxmlUnreadable => 40 + later,
        }
    }
}

/// Whether an alert is about the state of the peer and not about us.
fn passes(alert: AlertDescription) -> bool {
    [
        AlertDescription::BAD_RECORD_MAC,
        AlertDescription::CLOSE_NOTIFY,
        AlertDescription::DECODE_ERROR,
        AlertDescription::INTERNAL_ERROR,
        AlertDescription::USER_CANCELED,
    ]
    .contains(&alert)
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cxml(409) => f.write_str("cXML status 409: probably delivered before, a human has to look"),
            Self::Cxml(status) => write!(f, "cXML status {status}"),
            Self::CxmlUnreadable => f.write_str("cXML: the answer is no Response"),
            Self::Http(status) => write!(f, "HTTP status {status}"),
            Self::HttpLater { status, seconds } => write!(f, "HTTP status {status}, the server asks for {seconds} s"),
            Self::HttpUnreadable => f.write_str("HTTP: the answer cannot be read"),
            Self::LateRejection(alert) => {
                write!(f, "TLS: the server refused us after our side of the handshake was done: {alert}")
            }
            Self::Network => f.write_str("network: no connection, or it broke"),
            Self::NoAddress => f.write_str("DNS: the name has no address"),
            Self::NoNameServer => f.write_str("DNS: no name server answers"),
            Self::NotMutual => f.write_str("TLS: the server asked for no certificate, this is not mutual TLS"),
            Self::Setup => f.write_str("the settings cannot be used"),
            Self::Timeout => f.write_str("network: no answer in time"),
            Self::Tls(Error::AlertReceived(alert)) => write!(f, "TLS: the server refused us: {alert}"),
            Self::Tls(error) => write!(f, "TLS: we refused the server: {error}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use embedded_mtls::{InvalidMessage, PeerIncompatible};
    use std::format;

    #[test]
    fn four_hundreds_wait_for_a_human_and_five_hundreds_for_time() {
        let remedies = |status| [Trouble::Http(status).remedy(), Trouble::Cxml(status).remedy()];
        for status in [302, 400, 401, 403, 404, 406, 408, 409, 429, 450, 499] {
            assert_eq!(remedies(status), [Remedy::Human; 2], "{status}");
        }
        for status in [500, 502, 503, 550, 560, 599] {
            assert_eq!(remedies(status), [Remedy::Again; 2], "{status}");
        }
    }

    #[test]
    fn what_another_connection_may_mend_is_tried_again() {
        for trouble in [
            Trouble::HttpLater { status: 503, seconds: 7 },
            Trouble::Network,
            Trouble::NoAddress,
            Trouble::NoNameServer,
            Trouble::Timeout,
            Trouble::Tls(Error::ConnectionTruncated),
            Trouble::Tls(Error::InvalidMessage(InvalidMessage::UnknownType)),
            Trouble::Tls(Error::AlertReceived(AlertDescription::INTERNAL_ERROR)),
        ] {
            assert_eq!(trouble.remedy(), Remedy::Again, "{trouble}");
        }
        for trouble in [
            Trouble::NotMutual,
            Trouble::Setup,
            Trouble::LateRejection(AlertDescription::CERTIFICATE_EXPIRED),
            Trouble::Tls(Error::AlertReceived(AlertDescription::UNKNOWN_CA)),
            Trouble::Tls(Error::PeerIncompatible(PeerIncompatible::NoCipherSuite)),
            Trouble::CxmlUnreadable,
            Trouble::HttpUnreadable,
        ] {
            assert_eq!(trouble.remedy(), Remedy::Human, "{trouble}");
        }
    }

    #[test]
    fn exit_statuses_tell_the_layers_apart() {
        let statuses = [Trouble::Http(404), Trouble::Http(503), Trouble::Cxml(401), Trouble::Cxml(560)];
        assert_eq!(statuses.map(|trouble| trouble.exit_status()), [30, 31, 40, 41]);
        assert!(format!("{}", Trouble::Cxml(409)).contains("probably delivered"));
    }
}
