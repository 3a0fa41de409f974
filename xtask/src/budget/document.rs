//! The page of figures, and the copy of its first table in the README.

use super::builds::Choice;
use super::chains::Chain;
use super::peers::{CLIENTS, FIRST_BAR, GOAL, Peer};
use super::replay::Cost;
use super::{Measured, TypeSize};
use crate::features::MEASURED_TARGET;
use crate::run::{Failure, Result, root};
use std::fmt::Write;

const PAGE: &str = "docs/budget.md";
const README: &str = "README.md";

/// The figures between these lines are the same in the page and in the README.
const BEGIN: &str = "<!-- figures: cargo xtask budget --write -->\n";
const END: &str = "<!-- end of figures -->\n";

/// How it was measured.
const METHOD: &str = "\
The work is the same for every implementation: one full handshake of TLS 1.3 in which both sides show a leaf and an intermediate, all
with P-256 keys, and all checks are on; then twice a request and an answer of 1 KiB each. Records of 2 KiB are received, of 1 KiB sent.

- **Flash** is what an image is larger than an empty one in the same frame (start-up code, UART, certificates, keys, request):
  fat LTO, one codegen unit, panic = abort. The images are in `boards/budget`; nothing of the measuring is in them.
- **Instructions** are counted in QEMU's `mps2-an386` (Cortex-M4F) with `-icount shift=6`: each takes the same virtual time, so a hardware
  timer read before and after counts them exactly. An image holds one side only and hears what was recorded of the other on the
  host; entropy, clock, keys and signatures are fixed, so every run is the same run, and each figure is measured twice and has to be
  the same twice. Left out: parsing our own certificates and key, the transport, start-up. They are instructions and not cycles: on a
  Cortex-M4 without wait states an instruction takes about 1.4 cycles.
- **RAM** is static memory, which the images use for the buffers alone, and the painted peak of the stack over handshake and data,
  in which the handshake and the session lie.

Figures that get worse by more than 2 % fail `cargo xtask budget`.
";

/// The whole page.
pub(crate) fn page(types: &[TypeSize], measured: &[Measured], chains: &[Chain]) -> String {
    let mut page = format!(
        "# Budget\n\nWritten by `cargo xtask budget --write`; all of this crate's figures are measured, for \
         `{MEASURED_TARGET}`. Flash and RAM in bytes.\n\n{METHOD}\n## Client and server\n\n{BEGIN}{}{END}\n",
        figures(measured)
    );
    page.push_str(&parts(measured));
    page.push_str(&compared(measured));
    page.push_str(&validators(chains));
    page.push_str(&sizes(types));
    page
}

fn validators(chains: &[Chain]) -> String {
    let mut table = String::from(
        "## A chain without TLS\n\nA leaf and an intermediate to the root, time, key usages and the name of the server, at opt-level s \
         with compact SHA-2. Of the instructions, the rest is what is no verification of a signature.\n\n\
         | Validator | Flash | Stack | Instructions | Rest |\n|---|---:|---:|---:|---:|\n",
    );
    for Chain { name, flash, stack, instructions, rest } in chains {
        line(&mut table, [String::from(*name)], &[*flash, *stack, *instructions, *rest]);
    }
    table.push('\n');
    table
}

/// A row for each build and what is negotiated in it.
fn figures(measured: &[Measured]) -> String {
    let mut table = String::from(
        "| Compiled in | opt-level | Negotiated | Flash of a client | of a server | of both | RAM of a client | of a server \
         | Instructions, client | server | for 1 KiB |\n|---|---|---|---:|---:|---:|---:|---:|---:|---:|---:|\n",
    );
    for Measured { build, sizes, handshakes } in measured {
        for (choice, [client, server]) in handshakes {
            let text = [build.algorithms, build.what, &negotiated(*choice)].map(String::from);
            let [flash_client, flash_server, flash_both] = sizes.flash;
            let numbers = [
                flash_client,
                flash_server,
                flash_both,
                sizes.statics + client.stack,
                sizes.statics + server.stack,
                client.handshake,
                server.handshake,
                client.record.max(server.record),
            ];
            line(&mut table, text, &numbers);
        }
    }
    table
}

fn negotiated(choice: Choice) -> String {
    let suite = match choice.suite {
        "aes128-gcm" => "AES-128-GCM",
        "chacha20-poly1305" => "ChaCha20-Poly1305",
        other => other,
    };
    format!("{suite}, {}", choice.group)
}

/// Where the instructions of a handshake go.
fn parts(measured: &[Measured]) -> String {
    let mut table = String::from(
        "### Parts of a handshake\n\nInstructions of each public-key operation and of all the rest; bytes of stack, and on the \
         wire.\n\n| Role | Compiled in | opt-level | Negotiated | Key share | ECDH | Chain | CertificateVerify | Signature | Rest \
         | Stack | Sent | Received |\n|---|---|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n",
    );
    for Measured { build, handshakes, .. } in measured {
        for (choice, costs) in handshakes {
            for (role, cost) in ["client", "server"].into_iter().zip(costs) {
                let text = [role, build.algorithms, build.what, &negotiated(*choice)].map(String::from);
                let Cost { share, agree, chain, certificate_verify, sign, stack, sent, received, .. } = *cost;
                let rest = cost.rest();
                let numbers = [share, agree, chain, certificate_verify, sign, rest, stack, sent, received];
                line(&mut table, text, &numbers);
            }
        }
    }
    table.push('\n');
    table
}

fn compared(measured: &[Measured]) -> String {
    let mut table = String::from(
        "### A client beside others\n\nWith AES-128-GCM and P-256. The other implementations were measured once, with the same \
         method; the bars are this project's own.\n\n\
         | Client | Flash | RAM | Instructions | for 1 KiB |\n|---|---:|---:|---:|---:|\n",
    );
    for Measured { build, sizes, handshakes } in measured {
        for (_, [client, _]) in handshakes.iter().take(1) {
            let name = format!("**embedded-mtls**, {}, opt-level {}", build.algorithms, build.what);
            let [flash, ..] = sizes.flash;
            line(&mut table, [name], &[flash, sizes.statics + client.stack, client.handshake, client.record]);
        }
    }
    for Peer { name, flash, ram, handshake, record } in [GOAL, FIRST_BAR].iter().chain(CLIENTS) {
        line(&mut table, [String::from(*name)], &[*flash, *ram, *handshake, *record]);
    }
    table.push('\n');
    table
}

fn sizes(types: &[TypeSize]) -> String {
    let mut table = String::from(
        "## Sizes of the public types\n\nBytes that a value takes where it lies; what is lent to it comes on top.\n\n\
         | Type | Device | 64-bit host |\n|---|---:|---:|\n",
    );
    for size in types {
        line(&mut table, [format!("`{}`", size.name)], &[size.device, size.host]);
    }
    table
}

/// A row of some words and some numbers.
fn line<const N: usize>(table: &mut String, text: [String; N], numbers: &[u64]) {
    let cells: Vec<_> = text.into_iter().chain(numbers.iter().copied().map(grouped)).collect();
    row(table, &cells);
}

fn row(table: &mut String, cells: &[String]) {
    table.push('|');
    for cell in cells {
        // Writing to a string cannot fail.
        let _ = write!(table, " {cell} |");
    }
    table.push('\n');
}

/// The page as it was kept.
pub(crate) fn kept() -> Result<String> {
    std::fs::read_to_string(root().join(PAGE)).map_err(|error| Failure::new(format!("{PAGE}: {error}")))
}

/// Keeps `page`, and its figures in the README.
pub(crate) fn write(page: &str) -> Result<()> {
    save(PAGE, page)?;
    let path = root().join(README);
    let readme = std::fs::read_to_string(&path).map_err(|error| Failure::new(format!("{README}: {error}")))?;
    save(README, &with_figures(&readme, page)?)
}

fn with_figures(readme: &str, page: &str) -> Result<String> {
    let (_, figures, _) = around(page).ok_or_else(|| Failure::new(format!("{PAGE} has no figures")))?;
    let (before, _, after) =
        around(readme).ok_or_else(|| Failure::new(format!("{README} has no place for the figures: {BEGIN}")))?;
    Ok(format!("{before}{BEGIN}{figures}{END}{after}"))
}

/// What stands before, between and after the two lines.
fn around(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (figures, after) = rest.split_once(END)?;
    Some((before, figures, after))
}

fn save(name: &str, text: &str) -> Result<()> {
    std::fs::write(root().join(name), text).map_err(|error| Failure::new(format!("{name}: {error}")))
}

/// Digits in groups of three.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_three() {
        assert_eq!([0, 999, 1_000, 43_308, 1_234_567].map(grouped).join(" "), "0 999 1,000 43,308 1,234,567");
    }

    #[test]
    fn the_readme_states_the_figures_that_were_measured() {
        let read = |name: &str| std::fs::read_to_string(root().join(name)).unwrap();
        let (page, readme) = (read(PAGE), read(README));
        let figures = |text: &str| around(text).map(|(_, figures, _)| figures.to_owned());
        assert!(figures(&page).is_some_and(|figures| figures.contains("| Flash of a client |")));
        assert_eq!(figures(&page), figures(&readme), "run: cargo xtask budget --write");
    }

    #[test]
    fn writing_replaces_only_the_figures() {
        let readme = format!("before\n{BEGIN}old\n{END}after\n");
        let page = format!("page\n{BEGIN}new\n{END}rest\n");
        assert_eq!(with_figures(&readme, &page).unwrap(), format!("before\n{BEGIN}new\n{END}after\n"));
        assert!(with_figures("no place", &page).is_err());
    }
}
