//! Code for both programs of OpenSSL.

use crate::process::{Process, print_of};
use crate::table::End;
use crate::world::World;

const CLOSE_NOTIFY: u8 = 0;

/// The file in which they list the messages.
pub(crate) const MESSAGES: &str = "openssl.msg";

/// `OpenSSL 3.0.19`.
pub(crate) fn version() -> Result<String, String> {
    let printed = print_of("openssl", &["version"])?;
    Ok(printed.split_whitespace().take(2).collect::<Vec<_>>().join(" "))
}

/// The end of a connection for OpenSSL, from the messages that `-msg` has listed: `<<<` was received, `>>>` sent.
pub(crate) fn end(messages: &str) -> End {
    let mut end = End::Failed("no close_notify came".into());
    let mut lines = messages.lines();
    while let Some(line) = lines.next() {
        if !line.contains(", Alert [") {
            continue;
        }
        // The bytes of the alert: not all of them have a name in the line above.
        let number = lines.next().and_then(|bytes| bytes.split_whitespace().last());
        match number.and_then(|number| u8::from_str_radix(number, 16).ok()) {
            Some(CLOSE_NOTIFY) if line.starts_with("<<<") => end = End::Done,
            Some(CLOSE_NOTIFY) | None => {}
            Some(number) if line.starts_with("<<<") => return End::Got(number),
            Some(number) => return End::Sent(number),
        }
    }
    end
}

/// Waits until new keys were taken by either side.
pub(crate) fn await_key_update(process: &mut Process, world: &World) -> Result<(), String> {
    process.await_sign("saw new keys", |_| world.files.read(MESSAGES).contains("KeyUpdate"))
}

/// The number of hellos and of new keys, and the lengths of records.
pub(crate) fn facts(messages: &str) -> Vec<String> {
    let of = |way: &str, kind: &str| {
        let of_kind = |line: &&str| line.starts_with(way) && line.contains("Handshake") && line.ends_with(kind);
        messages.lines().filter(of_kind).count()
    };
    let counts = [
        (of("", "ClientHello"), "ClientHello"),
        (of("<<<", "KeyUpdate"), "KeyUpdate from us"),
        (of(">>>", "KeyUpdate"), "KeyUpdate from it"),
    ];
    let counts = counts.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
    counts.chain([format!("its records up to {} bytes", largest_record(messages))]).collect()
}

/// The length of the content of its longest encrypted record.
fn largest_record(messages: &str) -> usize {
    const TYPE_AND_TAG: usize = 17;
    let lines: Vec<_> = messages.lines().collect();
    let headers = lines.windows(2).filter(|pair| pair[0].starts_with(">>>") && pair[0].contains("RecordHeader"));
    let lengths = headers.filter_map(|pair| {
        let bytes: Vec<_> = pair[1].split_whitespace().filter_map(|byte| u8::from_str_radix(byte, 16).ok()).collect();
        let [0x17, _, _, high, low] = bytes[..] else { return None };
        usize::from(u16::from_be_bytes([high, low])).checked_sub(TYPE_AND_TAG)
    });
    lengths.max().unwrap_or(0)
}
