//! Code for both programs of `GnuTLS`.

use crate::process::{Process, print_of};
use crate::table::End;

/// Its name in the table: `GnuTLS 3.7.9 gnutls-cli`.
pub(crate) fn version(program: &str) -> Result<String, String> {
    let printed = print_of(program, &["--version"])?;
    let version = printed.split_whitespace().nth(1).ok_or("no version")?;
    Ok(format!("GnuTLS {version} {program}"))
}

/// The end of a connection for `GnuTLS`, from its log at level 5.
pub(crate) fn end(log: &str) -> End {
    let mut end = End::Failed("no close_notify came".into());
    for line in log.lines() {
        let came = line.contains("was received");
        let Some((_, alert)) = line.split_once("Alert[") else { continue };
        let (level, rest) = alert.split_once('|').unwrap_or_default();
        let number = rest.split_once(']').and_then(|(number, _)| number.parse().ok());
        match (level, number) {
            ("2", Some(number)) if came => return End::Got(number),
            ("2", Some(number)) => return End::Sent(number),
            ("1", Some(0)) if came => end = End::Done,
            _ => {}
        }
    }
    end
}

/// Waits until the log has the end of a connection.
pub(crate) fn await_end(process: &mut Process) -> End {
    let known = |process: &Process| !matches!(end(&process.stderr()), End::Failed(_));
    match process.await_sign("told how it ended", known) {
        Ok(()) => end(&process.stderr()),
        Err(problem) => End::Failed(problem),
    }
}

/// Returns the messages of interest that it has logged.
pub(crate) fn facts(log: &str) -> Vec<String> {
    let count = |words: [&str; 2]| log.lines().filter(|line| words.iter().all(|word| line.contains(word))).count();
    let counts = [
        (count(["HELLO RETRY REQUEST", "was "]), "HelloRetryRequest"),
        (count(["KEY_UPDATE", "was received"]), "KeyUpdate from us"),
        (count(["KEY_UPDATE", "was queued"]), "KeyUpdate from it"),
    ];
    counts.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect()
}
