//! What OpenSSL's two programs have in common.

use crate::process::print_of;
use crate::table::{End, alert_number};

/// The file in which they list the messages.
pub(crate) const MESSAGES: &str = "openssl.msg";

/// `OpenSSL 3.0.19`.
pub(crate) fn version() -> Result<String, String> {
    let printed = print_of("openssl", &["version"])?;
    Ok(printed.split_whitespace().take(2).collect::<Vec<_>>().join(" "))
}

/// How a connection ended for OpenSSL, from the messages that `-msg` has listed: `<<<` came, `>>>` went.
pub(crate) fn end(messages: &str) -> End {
    let mut end = End::Failed("no close_notify came".into());
    for (way, alert) in messages.lines().filter_map(|line| line.split_once("Alert [length 0002], ")) {
        let came = way.starts_with("<<<");
        match alert.strip_prefix("fatal ").and_then(|name| alert_number(name.trim())) {
            Some(number) => return if came { End::Got(number) } else { End::Sent(number) },
            None if came => end = End::Done,
            None => {}
        }
    }
    end
}

/// How often the hello was sent, and new keys were taken.
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
    counts.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect()
}
