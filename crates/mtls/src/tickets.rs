//! Tickets, with which later connections resume a session (RFC 9846 section 2.2): a client's file, and a server's keys.

use std::fs;
use std::io;
use std::path::Path;

use embedded_mtls::x509::Time;
use embedded_mtls::{Client, Credential, Handshake, Session, Ticket, TicketError, TicketKey, TicketKeys};

use super::args::{UsageError, unfit};
use super::files::replace;
use super::verdict::Trouble;

/// The bytes of a client's ticket, in as many copies as there are credentials that the server could know us by.
pub(crate) struct Stored(Vec<Vec<u8>>);

impl Stored {
    /// Takes the ticket out of `file`, since it is used only once. Empty if there is no file.
    pub(crate) fn take(file: Option<&str>, credentials: usize) -> Result<Self, Trouble> {
        let Some(file) = file else { return Ok(Self::of(None, credentials)) };
        let bytes = match fs::read(file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self(Vec::new())),
            read => read.and_then(|bytes| fs::remove_file(file).map(|()| bytes)),
        };
        let bytes = bytes.map_err(|error| Trouble::Setup(format!("--ticket {file}: {error}")))?;
        Ok(Self::of(Some(bytes), credentials))
    }

    /// Stores a ticket, if there is one, for this number of credentials.
    pub(crate) fn of(ticket: Option<Vec<u8>>, credentials: usize) -> Self {
        Self(ticket.map(|bytes| vec![bytes; credentials + 1]).unwrap_or_default())
    }

    /// Returns `true` if there is no ticket.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Offers to resume the session of the ticket, if there is one, as the client that the server knows from it.
    pub(crate) fn offer<'b>(
        &'b mut self,
        handshake: &mut Handshake<'b, Client>,
        credentials: &'b [Credential<'b>],
        time: Time,
    ) -> Result<(), TicketError> {
        let Time::Trusted(now) = time else { return Ok(()) };
        let candidates = credentials.iter().map(Some).chain([None]);
        let mut outcome = Ok(());
        for (bytes, credential) in self.0.iter_mut().zip(candidates) {
            outcome = handshake.resume(Ticket::new(bytes), credential, now);
            if outcome != Err(TicketError::OtherCredential) {
                break;
            }
        }
        outcome
    }
}

/// Returns the last ticket of the session, if one has arrived and the time is known.
pub(crate) fn take(session: &mut Session<'_, Client>, time: Time) -> io::Result<Option<Vec<u8>>> {
    let Time::Trusted(now) = time else { return Ok(None) };
    let mut bytes = vec![0; Ticket::MAX_LEN];
    let taken = session.take_ticket(now, &mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(taken.map(|len| {
        bytes.truncate(len);
        bytes
    }))
}

/// Writes the last ticket of the session to `file`, readable only by its owner. Keeps no ticket if none has arrived.
pub(crate) fn store(session: &mut Session<'_, Client>, time: Time, file: &str) -> io::Result<()> {
    let Some(ticket) = take(session, time)? else { return Ok(()) };
    replace(Path::new(file), &ticket)
}

/// Reads the keys of a server's tickets: one or two lines of 96 hexadecimal digits, of which the first seals tickets and
/// both open them.
///
/// # Errors
/// The file cannot be read, or has other content, which is not quoted.
pub fn keys(option: &str, file: &str) -> Result<TicketKeys, UsageError> {
    let text = fs::read_to_string(file).map_err(|error| UsageError(format!("{option} {file}: {error}")))?;
    let wrong =
        || unfit(option, file, "one or two lines of 96 hexadecimal digits each, as openssl rand -hex 48 prints");
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let current = lines.next().and_then(key).ok_or_else(wrong)?;
    let keys = TicketKeys::new(current);
    let keys = match lines.next() {
        Some(previous) => keys.with_previous(key(previous).ok_or_else(wrong)?),
        None => keys,
    };
    if lines.next().is_some() { Err(wrong()) } else { Ok(keys) }
}

fn key(digits: &str) -> Option<TicketKey> {
    let mut bytes = [0; TicketKey::LEN];
    if digits.len() != 2 * bytes.len() || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(TicketKey::new(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_lines_of_digits() {
        let file = std::env::temp_dir().join(format!("embedded-mtls-ticket-keys-{}", std::process::id()));
        let file = file.to_str().unwrap();
        let line = "0a".repeat(TicketKey::LEN);
        for (text, accepted) in [
            (line.clone(), true),
            (format!("{line}\n\n{}\n", "Ff".repeat(TicketKey::LEN)), true),
            (String::new(), false),
            (line[1..].to_owned(), false),
            (line.replace("0a", "+a"), false),
            (format!("{line}\n{line}\n{line}"), false),
            (format!("{line}\nx"), false),
        ] {
            fs::write(file, &text).unwrap();
            let error = keys("--ticket-keys", file).err().map(|error| error.to_string());
            assert_eq!(error.is_none(), accepted, "{text}: {error:?}");
            assert!(error.is_none_or(|error| error.contains("96 hexadecimal digits") && !error.contains("0a0a")));
        }
        fs::remove_file(file).unwrap();
    }
}
