//! The parts of a client, by the functions in its image.

use super::builds::MICRO;
use super::cores::CORTEX_M4;
use super::table::{Table, grouped};
use super::{Extent, elf, images, prose};
use crate::run::{Failure, Result};

/// A part, and the beginnings of the paths of its functions. A function belongs to the longest one.
type Part = (&'static str, &'static [&'static str]);

const CORE: &str = "embedded_mtls::";
const MICRO_CRATE: &str = "embedded_mtls_micro::";
/// Crates whose types may be arguments of functions of others.
const CRATES: [&str; 2] = [CORE, MICRO_CRATE];

const PARTS: &[Part] = &[
    ("certificates: DER, fields, extensions, algorithms, dates, anchors", &["x509::", "der::"]),
    ("the search for a path, its rules and checks", &["x509::path::"]),
    ("summaries, which allow certificates in any order", &["x509::path::summar"]),
    ("names: host names, common names, equality", &["x509::name::"]),
    ("name constraints", &["x509::name::constraints::"]),
    ("IP addresses in text", &["x509::name::address::"]),
    ("excerpts of rejected certificates, for the explanation", &["x509::verdict::", "x509::certificate::found::"]),
    ("the choice of a credential by the server's request", &["credential::", "handshake::client::issuers::"]),
    ("states of the handshake", &["handshake::"]),
    ("HelloRetryRequest", &["handshake::client::retry::"]),
    ("key schedule and transcript", &["key_schedule::", "transcript::"]),
    ("messages, and their readers and writers", &["wire::", "codec::", "handshake::client::offer::"]),
    ("records", &["record::"]),
    ("connection, session, driver, host", &["connection::", "io::"]),
    ("errors and their alerts", &["error::"]),
    ("calls of the provider, logging", &["crypto::", "text::", "fmt::", "role::"]),
];

const MICRO_PARTS: &[Part] = &[
    ("P-256", &["p256::", "assembly::p256::", "assembly::inverse::", "number::", "words::"]),
    ("SHA-256, HMAC", &["sha256::", "assembly::sha256::"]),
    ("ChaCha20-Poly1305", &["chacha20", "poly1305::", "assembly::chacha20::", "assembly::poly1305::"]),
    ("its provider, and wiping the stack", &["provider::", "stack::", "assembly::stack::"]),
];

/// The bytes of each part, and those of functions of neither crate.
#[derive(Default)]
struct Account {
    core: [u64; PARTS.len()],
    micro: [u64; MICRO_PARTS.len()],
    /// Sequences of instructions that the compiler shares among functions.
    outlined: u64,
    /// The program, the standard library and other crates.
    others: u64,
}

impl Account {
    fn of(functions: &[(String, u64)]) -> Self {
        let mut account = Self::default();
        for (name, size) in functions {
            let path = path(name);
            let start = CRATES.iter().filter_map(|name| path.find(name)).min();
            let path = path.get(start.unwrap_or(0)..).unwrap_or_default();
            let place = if let Some(path) = path.strip_prefix(CORE) {
                part(PARTS, path).and_then(|part| account.core.get_mut(part))
            } else if let Some(path) = path.strip_prefix(MICRO_CRATE) {
                part(MICRO_PARTS, path).and_then(|part| account.micro.get_mut(part))
            } else if path.starts_with("OUTLINED_FUNCTION") {
                Some(&mut account.outlined)
            } else {
                None
            };
            *place.unwrap_or(&mut account.others) += size;
        }
        account
    }
}

/// Returns the part with the longest beginning of a path.
fn part(parts: &[Part], path: &str) -> Option<usize> {
    let beginnings = parts.iter().enumerate().flat_map(|(index, (_, all))| all.iter().map(move |begin| (index, begin)));
    let longest = beginnings.filter(|(_, begin)| path.starts_with(**begin)).max_by_key(|(_, begin)| begin.len());
    longest.map(|(index, _)| index)
}

/// Returns the path in a symbol that the compiler mangled (`_ZN`, then each name behind its length), or the symbol as it is.
fn path(symbol: &str) -> String {
    let Some(mut rest) = symbol.strip_prefix("_ZN") else { return symbol.to_owned() };
    let mut names = Vec::new();
    while let Some(digits) = rest.find(|letter: char| !letter.is_ascii_digit()).filter(|digits| *digits > 0) {
        let (len, behind) = rest.split_at(digits);
        let Some((name, behind)) = len.parse().ok().and_then(|len| behind.split_at_checked(len)) else { break };
        names.push(name);
        rest = behind;
    }
    names.join("::").replace("..", "::")
}

/// Builds the client, and writes its parts.
pub(crate) fn measure(_: Extent) -> Result<String> {
    eprintln!("building: the client whose flash is accounted for");
    images::compile(&MICRO, &["empty", "client"], "")?;
    let [empty, client] = ["empty", "client"].map(|name| images::image(&CORTEX_M4, &MICRO, name));
    let whole = images::flash_over_empty(&CORTEX_M4, &MICRO, "client")?;
    let frame: u64 = elf::functions(&empty)?.iter().map(|(_, size)| size).sum();
    let account = Account::of(&elf::functions(&client)?);
    let [core, micro] = [account.core.iter().sum::<u64>(), account.micro.iter().sum()];
    if core == 0 || micro == 0 {
        return Err(Failure::new("no function of the image has a name that is understood"));
    }
    let functions = core + micro + account.outlined + account.others;
    let others = account.others.saturating_sub(frame);
    let constants = whole.saturating_sub(functions.saturating_sub(frame));

    let mut table = Table::new(&["Part"], &["Size"]);
    let mut line = |name: &str, size: u64| table.row([name.to_owned(), format!("{} B", grouped(size))]);
    PARTS.iter().zip(account.core).for_each(|((name, _), size)| line(name, size));
    line("**core**", core);
    MICRO_PARTS.iter().zip(account.micro).for_each(|((name, _), size)| line(name, size));
    line("**cryptography of `embedded-mtls-micro`**", micro);
    line("sequences of instructions that functions share", account.outlined);
    line("program, standard library, `memcpy` and the like, `zeroize`, `subtle`", others);
    line("constants, with 1,536 B of tables for the curve, and padding", constants);
    line("**whole client**", whole);
    Ok(format!("{}{}\n{}", prose::ACCOUNT, table.into_text(), prose::FORM))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_belongs_to_the_longest_beginning() {
        let search = "_ZN13embedded_mtls4x5094path6search6Search7advance17h0123456789abcdefE";
        let append = "_ZN13embedded_mtls4x5094path9summaries9Summaries6append17h0123456789abcdefE";
        let names = [search, append, "OUTLINED_FUNCTION_3", "memcpy"].map(|name| (name.to_owned(), 10));
        let Account { core, outlined, others, .. } = Account::of(&names);
        let parts: Vec<_> = PARTS.iter().zip(core).filter(|(_, size)| *size > 0).map(|((name, _), _)| *name).collect();
        assert_eq!(parts, [PARTS[1].0, PARTS[2].0]);
        assert_eq!((outlined, others), (10, 10));
    }

    #[test]
    fn a_method_of_a_trait_belongs_to_the_type() {
        let verify = "_ZN100_$LT$embedded_mtls_micro..provider..Micro$u20$as$u20$embedded_mtls..crypto..CryptoProvider$GT$6verify17h0E";
        assert!(path(verify).starts_with("_$LT$embedded_mtls_micro::provider::Micro$u20$as$u20$embedded_mtls::"));
        assert_eq!(Account::of(&[(verify.to_owned(), 7)]).micro, [0, 0, 0, 7]);
    }
}
