//! Running a role on the recording of its peer, in an emulator that counts instructions.

use super::builds::{Build, Choice, GCM_P256, HYBRID};
use super::cores::{CORTEX_M4, Core};
use super::{CRATE, host, images, target_directory};
use crate::run::{Failure, Result, Run, root};
use std::path::Path;

/// Each instruction takes 2^6 ns of virtual time, which the images know.
const QEMU: &str = "-nographic -monitor none -serial none -icount shift=6 -M";

/// The word for the recording of a connection with Mbed TLS.
pub(crate) const MBED_TLS: &str = "mbedtls";

/// The word for the recording of a connection that resumes a session.
pub(crate) const RESUMED: &str = "resumed";

/// The cost of a role.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Cost {
    /// Instructions of the handshake, and of its parts.
    pub(crate) handshake: u64,
    pub(crate) share: u64,
    pub(crate) agree: u64,
    /// The figures of both signatures in the chain.
    pub(crate) chain: u64,
    pub(crate) certificate_verify: u64,
    pub(crate) sign: u64,
    /// Instructions for 1 KiB: the mean of all records that were sent and received.
    pub(crate) record: u64,
    /// Bytes on the wire in the handshake.
    pub(crate) sent: u64,
    pub(crate) received: u64,
    /// Bytes of stack, and of a heap where there is one.
    pub(crate) stack: u64,
    pub(crate) heap: u64,
}

impl Cost {
    /// Returns the cost outside of public-key operations.
    pub(crate) fn rest(&self) -> u64 {
        self.handshake - self.share - self.agree - self.chain - self.certificate_verify - self.sign
    }
}

/// Records both sides of a handshake, with what comes after it. `peer` is the client, ours if it is empty, or `RESUMED`.
pub(crate) fn record(choice: Choice, peer: &str) -> Result<()> {
    let directory = root().join(recordings(choice, peer)).to_string_lossy().into_owned();
    let words = [&directory, choice.suite, choice.group, peer];
    // A server seals tickets with the first suite of its provider, which the image has to have as well.
    let features = match choice {
        GCM_P256 if peer == RESUMED => "record",
        _ if peer == MBED_TLS => "record,mbedtls",
        Choice { group: HYBRID, .. } => "record,default-algorithms,mlkem",
        _ => "record,default-algorithms",
    };
    on_host("record", features, if peer.is_empty() { &words[..3] } else { &words })
}

/// Runs a program of the crate on this machine.
pub(crate) fn on_host(program: &str, features: &str, words: &[&str]) -> Result<()> {
    let target = host()?;
    let line = format!("run --quiet --locked --bin {program} --features {features} --profile record --target {target}");
    let run = Run::cargo(&line).arg("--target-dir").arg(target_directory().to_string_lossy()).arg("--");
    words.iter().fold(run, |run, word| run.arg(*word)).within(CRATE).succeed()
}

/// Runs the role `client` or `server`.
pub(crate) fn run(core: &Core, build: &Build, role: &str, choice: Choice) -> Result<Cost> {
    let image = images::image(core, build, &format!("replay_{role}"));
    let output = twice(core, &image, &words(choice), &recordings(choice, ""))?;
    let cost = parse(&output).and_then(Output::with_parts);
    cost.ok_or_else(|| Failure::new(format!("{} printed what is not understood:\n{output}", image.display())))
}

/// Runs the role `client` or `server` of a resumed session, which verifies and signs nothing.
pub(crate) fn run_resumed(build: &Build, role: &str, choice: Choice) -> Result<Cost> {
    let image = images::image(&CORTEX_M4, build, &format!("replay_resuming_{role}"));
    let output = twice(&CORTEX_M4, &image, &words(choice), &recordings(choice, RESUMED))?;
    let cost = parse(&output).filter(|output| output.verified.is_empty() && output.cost.sign == 0);
    let cost = cost.ok_or_else(|| Failure::new(format!("{} did not resume a session:\n{output}", image.display())))?;
    Ok(cost.cost)
}

/// Runs another client, whose public-key operations are not counted apart.
pub(crate) fn run_peer(build: &Build, image: &str, choice: Choice, peer: &str) -> Result<Cost> {
    let image = images::image(&CORTEX_M4, build, image);
    let output = twice(&CORTEX_M4, &image, &words(choice), &recordings(choice, peer))?;
    let cost = parse(&output).map(|output| output.cost);
    cost.ok_or_else(|| Failure::new(format!("{} printed what is not understood:\n{output}", image.display())))
}

/// Returns the output of an image, which has to be the same in two runs.
pub(crate) fn twice(core: &Core, image: &Path, words: &[&str], directory: &str) -> Result<String> {
    let output = emulate(core, image, words, directory)?;
    if emulate(core, image, words, directory)? == output {
        return Ok(output);
    }
    Err(Failure::new(format!("two runs of {} gave different figures", image.display())))
}

/// Runs an image on the machine of a core, in a directory, and gives what it prints.
pub(crate) fn emulate(core: &Core, image: &Path, words: &[&str], directory: &str) -> Result<String> {
    let words: Vec<_> = words.iter().map(|word| format!(",arg={word}")).collect();
    Run::new(core.emulator)
        .words(QEMU)
        .words(core.machine)
        .arg("-semihosting-config")
        .arg(format!("enable=on,target=native{}", words.concat()))
        .arg("-kernel")
        .arg(image.to_string_lossy())
        .within(directory)
        .read()
}

/// Returns the words of an image that replays a handshake.
pub(crate) fn words(choice: Choice) -> [&'static str; 3] {
    ["replay", choice.suite, choice.group]
}

/// Returns the directory with what was recorded.
pub(crate) fn recordings(choice: Choice, peer: &str) -> String {
    let words = [choice.suite, choice.group, peer];
    format!("target/budget/{}", words.join("-").trim_end_matches('-'))
}

/// The output of a role.
#[derive(Debug, PartialEq, Eq)]
struct Output {
    /// Without what the signatures cost that were verified.
    cost: Cost,
    verified: Vec<u64>,
}

impl Output {
    /// Of the verified signatures, those of the chain come before the proof that the peer has the key of its leaf.
    fn with_parts(self) -> Option<Cost> {
        let [leaf, intermediate, certificate_verify] = self.verified.try_into().ok()?;
        Some(Cost { chain: leaf + intermediate, certificate_verify, ..self.cost })
    }
}

/// Parses lines of a name and a number.
fn parse(output: &str) -> Option<Output> {
    let mut cost = Cost::default();
    let (mut verified, mut records) = (Vec::new(), Vec::new());
    for line in output.lines() {
        let (name, number) = line.split_once(' ')?;
        let number = number.parse::<u64>().ok()?;
        match name {
            "handshake" => cost.handshake = number,
            "share" => cost.share = number,
            "agree" => cost.agree = number,
            "verify" => verified.push(number),
            "sign" => cost.sign = number,
            "record" => records.push(number),
            "sent" => cost.sent = number,
            "received" => cost.received = number,
            "stack" => cost.stack = number,
            "heap" => cost.heap = number,
            _ => return None,
        }
    }
    cost.record = records.iter().sum::<u64>().checked_div(u64::try_from(records.len()).ok()?)?;
    Some(Output { cost, verified })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "handshake 100\nrecord 4\nrecord 6\nshare 10\nagree 11\nverify 20\nverify 21\nverify 12\n\
                          sign 13\nsent 1297\nreceived 1329\nstack 7840\n";

    #[test]
    fn the_last_of_three_verifications_is_that_of_certificate_verify() {
        let cost = parse(OUTPUT).and_then(Output::with_parts).unwrap();
        assert_eq!((cost.chain, cost.certificate_verify, cost.rest(), cost.record), (41, 12, 13, 5));
    }

    #[test]
    fn output_of_another_form_is_rejected() {
        let of_two = parse(&OUTPUT.replace("verify 12\n", "")).unwrap();
        assert_eq!(of_two.with_parts(), None);
        assert_eq!(parse(&OUTPUT.replace("stack 7840", "no stack")), None);
        assert_eq!(parse(""), None);
    }
}
