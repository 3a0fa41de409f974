//! Reads the ring of events of a device from its bytes, and prints what happened there. Try `--help`.

use std::process::ExitCode;

use embedded_mtls::events::EventDump;

const HELP: &str = "\
events - tells what happened on the connections of a device

Usage: events FILE

FILE holds all bytes of the ring, the memory that the device lends to its connections: as they are, or as hexadecimal digits
with or without spaces, as they come over a serial line. Bytes that are damaged are not guessed at.";

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let told = match (words.next(), words.next()) {
        (Some(help), None) if help == "--help" => Ok(HELP.to_owned()),
        (Some(file), None) => std::fs::read(&file)
            .map_err(|error| error.to_string())
            .and_then(|bytes| tell(&bytes))
            .map_err(|error| format!("{file}: {error}")),
        _ => Err("one file is wanted. Try: events --help".to_owned()),
    };
    match told {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("events: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A line for each event.
fn tell(bytes: &[u8]) -> Result<String, String> {
    let from_text = digits(bytes);
    let dump = EventDump::parse(from_text.as_deref().unwrap_or(bytes)).map_err(|error| error.to_string())?;
    let lost = Some(dump.lost()).filter(|lost| *lost != 0).map(|lost| format!("{lost} older events were lost"));
    let lines: Vec<_> = lost.into_iter().chain(dump.records().map(|record| record.to_string())).collect();
    Ok(if lines.is_empty() { "nothing has happened".to_owned() } else { lines.join("\n") })
}

/// The bytes of a text of hexadecimal digits; `None` if it is something else.
fn digits(text: &[u8]) -> Option<Vec<u8>> {
    let text: Vec<_> = text.iter().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let value = |digit: &u8| char::from(*digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let pair = |pair: &[&u8]| match pair {
        [high, low] => Some(value(high)? << 4 | value(low)?),
        _ => None,
    };
    text.chunks(2).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::sync::atomic::AtomicU8;
    use embedded_mtls::events::EventRing;

    #[test]
    fn a_ring_is_told_from_its_bytes_and_from_their_digits() {
        let atomic = [const { AtomicU8::new(0) }; 200];
        EventRing::new(&atomic).unwrap();
        let mut memory = [0; 200];
        EventRing::resume(&atomic).unwrap().copy_to(&mut memory);
        let text: String = memory.iter().map(|byte| format!("{byte:02x} ")).collect();
        let told = Ok("#0 recording resumed after earlier events".to_owned());
        assert_eq!((tell(&memory), tell(text.as_bytes())), (told.clone(), told));
        memory[60] ^= 1;
        assert!(tell(b"00 11").is_err() && tell(&[]).is_err());
    }
}
