//! Alerts (RFC 9846 section 6).

use crate::codec::read_all;
use crate::error::{AlertDescription, InvalidMessage};

/// Length of an alert in bytes.
pub(crate) const ALERT_LEN: usize = 2;

/// Parses an alert. The level is ignored.
///
/// RFC 9846 section 6: "In TLS 1.3, the severity is implicit in the type of alert being sent, and
/// the 'level' field can safely be ignored.".
///
/// RFC 9846 section 5.1.
pub(crate) fn parse(bytes: &[u8]) -> Result<AlertDescription, InvalidMessage> {
    read_all(bytes, |reader| {
        let _level = reader.u8()?;
        reader.u8().map(AlertDescription)
    })
    .map_err(|_| InvalidMessage::AlertLength)
}

/// Writes an alert with the level its description implies.
///
/// RFC 9846 section 6.1.
pub(crate) fn emit(description: AlertDescription) -> [u8; ALERT_LEN] {
    const WARNING: u8 = 1;
    const FATAL: u8 = 2;
    let level = match description {
        AlertDescription::CLOSE_NOTIFY | AlertDescription::USER_CANCELED => WARNING,
        _ => FATAL,
    };
    [level, description.0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_is_two_bytes_and_its_level_does_not_matter() {
        assert_eq!(parse(&[1, 42]), Ok(AlertDescription::BAD_CERTIFICATE));
        assert_eq!(parse(&[77, 42]), Ok(AlertDescription::BAD_CERTIFICATE));
        assert_eq!(parse(&[2]), Err(InvalidMessage::AlertLength));
        assert_eq!(parse(&[2, 42, 2, 42]), Err(InvalidMessage::AlertLength));
        assert_eq!(parse(&emit(AlertDescription::CLOSE_NOTIFY)), Ok(AlertDescription::CLOSE_NOTIFY));
    }
}
