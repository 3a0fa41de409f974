//! The page of figures, and the copy of its shortest table in the README.

use super::builds::{CHACHA_P256, COMPACT, Choice, GCM_P256, TUNED};
use super::chains::Chain;
use super::peers::{CLIENTS, FIRST_BAR, FIRST_BAR_CHACHA, GOAL, Peer};
use super::replay::Cost;
use super::resumed::{self, Resumed};
use super::{CRATE, Measured, TypeSize};
use crate::features::MEASURED_TARGET;
use crate::run::{Failure, Result, root};
use std::fmt::Write;

const PAGE: &str = "docs/budget.md";
const README: &str = "README.md";

/// The table between this line and `END` is the same in the page and in the README.
const SHORT: &str = "<!-- figures: cargo xtask budget --write -->\n";
const END: &str = "<!-- end of figures -->\n";

/// The method of measurement.
const METHOD: &str = "\
The task is the same for every implementation: one full TLS 1.3 handshake in which both sides send a leaf and an intermediate with P-256
keys and all checks are enabled, followed by two requests and two responses of 1 KiB each. Records of 2 KiB are received, of 1 KiB sent.

- **Flash** is the size of an image beyond that of an empty one in the same frame (start-up code, UART, certificates, keys, request):
  fat LTO, one codegen unit, panic = abort. The images are in `boards/budget` and contain no code for measuring.
- **Instructions** are counted in QEMU's `mps2-an386` (Cortex-M4F) with `-icount shift=6`. Each takes the same virtual time, so a hardware
  timer, read before and after, counts them exactly. An image contains one side only and receives a recording of the other side from the
  host. Entropy, clock, keys and signatures are fixed, so all runs are identical; each figure is measured twice, and both results have to
  agree. Parsing our own certificates and key, the transport and start-up are not counted. These are instructions, not cycles: on a
  Cortex-M4 without wait states an instruction takes about 1.4 cycles.
- **RAM** is static memory, which the images use only for the buffers, plus the painted peak of the stack during handshake and data; the
  handshake and the session are on the stack.

`cargo xtask budget` fails if a figure gets worse by more than 2 %.
";

/// The columns of the tables of clients.
const CLIENT_COLUMNS: &str = "| Client | Flash | RAM | Instructions | for 1 KiB |\n|---|---:|---:|---:|---:|\n";

/// Advice below the settings of the recommended profile.
const CHOICE: &str = "\
- *small* omits the package settings: for a device that rarely opens a connection and has no flash to spare.
- *fast* is `opt-level = 3` and none of the flags: for a device with plenty of flash.
- The packages listed are those whose own code benefits. `aes`, `aes-gcm`, `chacha20`, `ctr` and similar crates are generic, and generic
  code is compiled with the settings of the crate that uses it: here `embedded-mtls-aead`, which exists for this purpose.
- With P-256 in assembly (`cortex-m4`), `crypto-bigint` and `p256` hardly matter.
- With `embedded-mtls-micro`, which is **unaudited**, that package alone matters, at `opt-level = \"s\"`. Its images
  have its feature `compact-memory`, which replaces `memcpy` and the like.
- *Device profile* is a client with one identity for one kind of server (docs/support.md): the images lack the feature `any-peer`, and their
  host has one credential.
- The images run `Stream::establish`, in which the handshake and the stream have one place.
- The buffers are aligned so that the content of a record, after its header of 5 bytes, begins at a multiple of 4 (`ForRecords` in
  `boards/budget/src/roles.rs`): with ChaCha20-Poly1305 that saves a sixth of the instructions for 1 KiB.
";

/// The reasons why figures miss their bar.
const WHY_MISSED: &str = "\
- Flash: P-256 takes 13 KB, AES-GCM 11 KB; the account below has the core.
- AES-128-GCM: the time is spent in the crates. For 16 bytes, GHASH takes 1,170 instructions, because its multiplication also suits cores
  without a long multiply, and AES takes 1,600; each record begins with the key expansion, which is 5 %.
- ChaCha20-Poly1305: of 48 instructions per byte, the rounds take 20 and the tag 10. Another ten are the XOR of the key stream, which
  the crates do byte by byte.
";

/// The bytes of each part of a client, from the symbols and the debug information of one image.
const ACCOUNT: &str = "\
### Account of the flash

Bytes of a client with ChaCha20-Poly1305 and P-256 of `embedded-mtls-micro`, in the profile *tuned*, by the file whose code they are according
to the debug information, code that was inlined included. Counted once, at 72,800 bytes.

| Part | Bytes |
|---|---:|
| certificates: DER, fields, extensions, algorithms, dates, anchors | 5,102 |
| the search for a path, its rules and checks | 4,884 |
| summaries, which allow certificates in any order | 2,636 |
| names: host names, common names, equality | 1,856 |
| name constraints, with the comparison of directory names | 4,034 |
| IP addresses in text | 812 |
| excerpts of rejected certificates, for the explanation | 1,260 |
| the choice of a credential by the server's request | 3,044 |
| states of the handshake | 6,658 |
| HelloRetryRequest | 486 |
| key schedule and transcript | 2,146 |
| messages, and their readers and writers | 5,176 |
| records | 4,878 |
| connection, session, driver, host | 3,856 |
| errors and their alerts | 514 |
| calls of the provider, logging | 882 |
| **core** | **48,224** |
| cryptography of `embedded-mtls-micro` | 15,096 |
| inlined code of the standard library | 2,786 |
| `memcpy` and the like | 1,888 |
| `zeroize`, `subtle` | 718 |
| program, traits of transports, padding | 672 |
| constants, with 1,536 bytes of tables for the curve | 3,416 |

A client in the device profile goes without most of the constraints, the choice of a credential, addresses and HelloRetryRequest.

BearSSL's TLS 1.2 and X.509 take 18 KB. Of the difference of 30 KB, 12 KB are completeness: constraints (4,034 bytes), any order of the certificates
(2,636), the choice of a credential (3,044), explanations (1,260), IP addresses (812) and HelloRetryRequest (486). BearSSL rejects critical
constraints, expects certificates in order, and names an error but not the certificate.

The rest is form:

- Most of BearSSL's 18 KB are bytecode, for an interpreter of its own, in which a step of a parser takes one or two bytes. Our parsers are
  machine code: a field that is read, checked and reported takes 20 to 40 bytes.
- The propagation of `Result` and `Option` takes 6.5 KB of the whole image, as the debug information attributes it to these types; C does
  the same with one error variable of the whole connection.
- Keys belong to the state that may use them, so that a key of the wrong stage cannot be used: each step to the next keys copies what
  remains, on a stack that is otherwise low at that time.
- Of the standard functions, `memcpy` and the like took 1,888 bytes. Since this was counted, the feature `compact-memory` has loops of 150
  bytes in their place, which take fewer instructions as well.

";

/// The meaning of the parts of a handshake.
const PARTS: &str = "\
### Parts of a handshake

Instructions of each public-key operation and of everything else; bytes of stack, and bytes on the wire.

";

/// The task of the programs with a hybrid key exchange.
const HYBRID: &str = "\
### A hybrid handshake

With the feature `mlkem`, in the profile *tuned*: the key exchange is X25519MLKEM768. RAM is mostly the stack of ML-KEM, during the key exchange
alone; 466 bytes are `tx` for the ClientHello. A client makes its decapsulation key twice, since its seed takes a twentieth of the memory between
the hellos. `ml-kem` and its dependencies at `opt-level = 3` save 5 % of the instructions and take 6 KB more.

";

/// The task of the programs that resume a session.
const RESUMPTION: &str = "\
### A resumed handshake

With the feature `resumption`, in the profile *tuned*: the second connection of a session, with a new key exchange on P-256 but without
certificates and signatures. Opening the stored ticket is part of the client's handshake. The images contain the full handshake as well,
and take, store and issue the next ticket. The RAM of a client includes memory for the longest ticket that may be stored, 2,560 bytes.

| Role | Compiled in | Negotiated | Flash | RAM | Instructions | Key share | ECDH | Rest | Sent | Received |
|---|---|---|---:|---:|---:|---:|---:|---:|---:|---:|
";

/// The whole page.
pub(crate) fn page(
    types: &[TypeSize],
    measured: &[Measured],
    resumed: &[Resumed],
    hybrid: &[Measured],
    chains: &[Chain],
    peers: &[Peer],
) -> Result<String> {
    let mut page = format!(
        "# Budget\n\n`cargo xtask budget --write` writes this page. All figures for this crate are measured, for \
         `{MEASURED_TARGET}`. Flash and RAM are in bytes.\n\n{METHOD}\n## In short\n\n{SHORT}{}{END}\n## Client and server\n\n{}\n{}",
        short(measured, peers),
        figures(measured),
        profiles()?,
    );
    page.push_str(PARTS);
    page.push_str(&parts(measured));
    page.push_str(&resumption(resumed));
    let _ = write!(page, "{HYBRID}{}\n{}", figures(hybrid), parts(hybrid));
    page.push_str(&compared(measured, peers));
    page.push_str(&bars(measured));
    page.push_str(ACCOUNT);
    page.push_str(&validators(chains));
    page.push_str(&sizes(types));
    Ok(page)
}

/// Compares the recommended profile with the first bar.
fn bars(measured: &[Measured]) -> String {
    let of = |suite| {
        let tuned = measured.iter().filter(|Measured { build, .. }| build.profile == TUNED.profile);
        tuned
            .flat_map(|one| one.handshakes.iter().map(move |(choice, [client, _])| (one, choice, client)))
            .find(|(_, choice, _)| choice.suite == suite)
    };
    let mut table = String::from(
        "### Comparison with the first bar\n\nFor a client in the profile *tuned*.\n\n| | Bar | Measured | |\n|---|---:|---:|---|\n",
    );
    let mut bar = |name: &str, bar: u64, value: u64| {
        // In tenths of a percent.
        let over = value.saturating_sub(bar) * 1_000 / bar;
        let verdict = if value <= bar { "met".to_owned() } else { format!("missed by {}.{} %", over / 10, over % 10) };
        row(&mut table, &[name.to_owned(), grouped(bar), grouped(value), verdict]);
    };
    if let Some((Measured { sizes, .. }, _, client)) = of(GCM_P256.suite) {
        let [flash, ..] = sizes.flash;
        bar("Flash", FIRST_BAR.flash, flash);
        bar("RAM", FIRST_BAR.ram, sizes.statics + client.stack);
        bar("Instructions of a handshake", FIRST_BAR.handshake, client.handshake);
        bar("for 1 KiB, AES-128-GCM", FIRST_BAR.record, client.record);
    }
    if let Some((_, _, client)) = of(CHACHA_P256.suite) {
        bar("for 1 KiB, ChaCha20-Poly1305", FIRST_BAR_CHACHA, client.record);
    }
    table.push('\n');
    table.push_str(WHY_MISSED);
    table.push('\n');
    table
}

/// Writes the settings of the profiles, from the manifest of the images.
fn profiles() -> Result<String> {
    let manifest = root().join(CRATE).join("Cargo.toml");
    let text = std::fs::read_to_string(&manifest).map_err(|error| Failure::new(format!("{CRATE}: {error}")))?;
    let packages = text.split_once("[profile.tuned.package]\n").and_then(|(_, rest)| rest.split_once("\n\n"));
    let (packages, _) = packages.ok_or_else(|| Failure::new(format!("{} has no tuned profile", manifest.display())))?;
    Ok(format!(
        "### Profiles\n\nBegin with *tuned*: it optimizes for size, except for the few crates in which most of the time is spent. \
         In the `Cargo.toml` of the program:\n\n```toml\n[profile.release]\nopt-level = \"z\"\nlto = \"fat\"\n\
         codegen-units = 1\npanic = \"abort\"\n\n[profile.release.package]\n{packages}\n```\n\nand in its \
         `.cargo/config.toml`:\n\n```toml\n[target.{MEASURED_TARGET}]\nrustflags = [{COMPACT}]\n```\n\n{CHOICE}\n"
    ))
}

fn validators(chains: &[Chain]) -> String {
    let mut table = String::from(
        "## A chain without TLS\n\nValidates a leaf and an intermediate up to the root: signatures, time, key usages and the name of \
         the server, in the profile *tuned*. *Rest* counts the instructions outside of signature verification.\n\n\
         | Validator | Flash | Stack | Instructions | Rest |\n|---|---:|---:|---:|---:|\n",
    );
    for Chain { name, flash, stack, instructions, rest } in chains {
        line(&mut table, [String::from(*name)], &[*flash, *stack, *instructions, *rest]);
    }
    table.push('\n');
    table
}

/// Three numbers of a client, ours in portable code and in assembly, and embedded-tls beside them.
fn short(measured: &[Measured], peers: &[Peer]) -> String {
    let mut table = String::from(
        "| Client on a Cortex-M4 | Flash | RAM with stack | Instructions of a handshake |\n|---|---:|---:|---:|\n",
    );
    let tuned = measured.iter().filter(|Measured { build, .. }| build.profile == TUNED.profile);
    for Measured { build, sizes, handshakes } in tuned.filter(|one| one.handshakes.len() == 1) {
        for (_, [client, _]) in handshakes {
            let [flash, ..] = sizes.flash;
            line(
                &mut table,
                [format!("embedded-mtls, {}", build.algorithms)],
                &[flash, sizes.statics + client.stack, client.handshake],
            );
        }
    }
    for Peer { name, flash, ram, handshake, .. } in peers.iter().take(1) {
        line(&mut table, [String::from(*name)], &[*flash, *ram, *handshake]);
    }
    table
}

/// A row for each build and what is negotiated in it.
fn figures(measured: &[Measured]) -> String {
    let mut table = String::from(
        "| Compiled in | Profile | Negotiated | Flash of a client | of a server | of both | RAM of a client | of a server \
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

/// Writes the parts of a handshake with their instructions.
fn parts(measured: &[Measured]) -> String {
    let mut table = String::from(
        "| Role | Compiled in | Profile | Negotiated | Key share | ECDH | Chain | CertificateVerify | Signature | Rest \
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

/// Writes the cost of connections that resume a session.
fn resumption(resumed: &[Resumed]) -> String {
    let mut table = String::from(RESUMPTION);
    for Resumed { build, choice, flash, statics, costs } in resumed {
        for (index, role) in ["client", "server"].into_iter().enumerate() {
            let (Some(cost), Some(flash), Some(statics)) = (costs.get(index), flash.get(index), statics.get(index))
            else {
                continue;
            };
            let text = [role, build.algorithms, &negotiated(*choice)].map(String::from);
            let numbers = [
                *flash,
                statics + cost.stack,
                cost.handshake,
                cost.share,
                cost.agree,
                cost.rest(),
                cost.sent,
                cost.received,
            ];
            line(&mut table, text, &numbers);
        }
    }
    let _ = write!(
        table,
        "\nThe bar for a client with `embedded-mtls-micro` is {} instructions, and the goal {}.\n\n",
        grouped(resumed::BAR),
        grouped(resumed::GOAL)
    );
    table
}

fn compared(measured: &[Measured], peers: &[Peer]) -> String {
    let mut table = String::from(
        "### Comparison with other clients\n\nWith AES-128-GCM and P-256. The same command measures embedded-tls, in the same frame \
         and profiles and with a recording of the same server.\n\n\
         embedded-tls (with `rustpki`) performs part of the checks: signatures from the root down, in the order in which the \
         certificates are sent, validity, and host name; it does not check issuers, basic constraints, path lengths, key usages, \
         name constraints and critical extensions. It sends its leaf without the intermediate, and accepts a handshake message \
         only in a single record.\n\n",
    );
    table.push_str(CLIENT_COLUMNS);
    for Measured { build, sizes, handshakes } in measured {
        for (_, [client, _]) in handshakes.iter().take(1) {
            let name = format!("**embedded-mtls**, {}, {}", build.algorithms, build.what);
            let [flash, ..] = sizes.flash;
            line(&mut table, [name], &[flash, sizes.statics + client.stack, client.handshake, client.record]);
        }
    }
    let client = |table: &mut String, Peer { name, flash, ram, handshake, record }: &Peer| {
        line(table, [String::from(*name)], &[*flash, *ram, *handshake, *record]);
    };
    for peer in peers {
        client(&mut table, peer);
    }
    table.push_str("\nThe other clients were measured once, by the same method. *Goal* and *first bar* are this project's targets.\n\n");
    table.push_str(CLIENT_COLUMNS);
    for peer in [GOAL, FIRST_BAR].iter().chain(CLIENTS) {
        client(&mut table, peer);
    }
    table.push('\n');
    table
}

fn sizes(types: &[TypeSize]) -> String {
    let mut table = String::from(
        "## Sizes of the public types\n\nSize of a value in bytes, without the memory lent to it.\n\n\
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

/// Keeps `page`, and its shortest table in the README.
pub(crate) fn write(page: &str) -> Result<()> {
    save(PAGE, page)?;
    let path = root().join(README);
    let readme = std::fs::read_to_string(&path).map_err(|error| Failure::new(format!("{README}: {error}")))?;
    save(README, &with_table(&readme, page)?)
}

fn with_table(readme: &str, page: &str) -> Result<String> {
    let (_, table, _) = around(page, SHORT).ok_or_else(|| Failure::new(format!("{PAGE} has no table: {SHORT}")))?;
    let (before, _, after) =
        around(readme, SHORT).ok_or_else(|| Failure::new(format!("{README} has no place for a table: {SHORT}")))?;
    Ok(format!("{before}{SHORT}{table}{END}{after}"))
}

/// Divides a text into what is before `begin`, between it and the next `END`, and behind that.
fn around<'t>(text: &'t str, begin: &str) -> Option<(&'t str, &'t str, &'t str)> {
    let (before, rest) = text.split_once(begin)?;
    let (table, after) = rest.split_once(END)?;
    Some((before, table, after))
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
    fn the_readme_states_what_was_measured() {
        let read = |name: &str| std::fs::read_to_string(root().join(name)).unwrap();
        let table = |name: &str| around(&read(name), SHORT).map(|(_, table, _)| table.to_owned());
        assert!(table(PAGE).is_some_and(|table| table.contains("| Client on a Cortex-M4 | Flash |")));
        assert_eq!(table(PAGE), table(README), "run: cargo xtask budget --write");
    }

    #[test]
    fn writing_replaces_only_the_table() {
        let text = |table: &str| format!("before\n{SHORT}{table}{END}after\n");
        assert_eq!(with_table(&text("old\n"), &text("new\n")).unwrap(), text("new\n"));
        assert!(with_table("no place", &text("")).is_err());
    }
}
