//! The layers of `src/`, and of the programs: a module may use those below it, never one above.
//!
//! `ARCHITECTURE.md` describes each layer. `lib.rs` is exempt, and so are test modules.

use std::fs;
use std::path::{Path, PathBuf};

/// From the top to the bottom. Modules in one row may use each other.
const LAYERS: &[&[&str]] = &[
    &["io"],
    &["connection"],
    &["handshake"],
    &["events"],
    &["record"],
    &["credential"],
    &["x509"],
    &["key_schedule"],
    &["transcript"],
    &["crypto"],
    &["wire"],
    &["der"],
    &["codec", "error", "limits", "fmt", "pem", "role", "text"],
];

/// Those of the programs, in `crates/mtls/src`.
const PROGRAM_LAYERS: &[&[&str]] = &[
    &["program"],
    &["page"],
    &["inspect"],
    &["attempt", "check", "journal", "provision"],
    &["order", "supplier"],
    &["responder", "late", "terms", "tickets"],
    &["verdict"],
    &["policy"],
    &["tap", "tls", "watch"],
    &["blobs", "deny"],
    &["args"],
    &["certificate", "redact"],
    &["cxml", "http", "mime"],
    &["capture", "course", "events", "files", "key_log", "own_key", "report"],
];

/// Crates that only the back ends in `src/crypto/` may name.
const CRYPTOGRAPHY: &[&str] = &[
    "aead",
    "aes",
    "aes_gcm",
    "chacha20poly1305",
    "ed25519_dalek",
    "embedded_mtls_aead",
    "hmac",
    "ml_kem",
    "p256",
    "ecdsa",
    "p384",
    "poly1305",
    "sha2",
    "x25519_dalek",
];

/// A module above the one that names it, or one that has no layer.
#[derive(Debug, PartialEq)]
struct Upward {
    from: String,
    to: String,
}

/// The upward arrows of one source text. `module` is its path below `crate`, as in `["wire", "record"]`.
fn upward_arrows(layers: &[&[&str]], module: &[&str], source: &str) -> Vec<Upward> {
    let Some((from, _)) = module.split_first() else { return Vec::new() };
    let depth = |name: &str| layers.iter().position(|layer| layer.contains(&name));
    let arrow = |to: String| match (depth(from), depth(&to)) {
        (Some(here), Some(there)) if here <= there => None,
        _ => Some(Upward { from: module.join("::"), to }),
    };
    used_modules(module.len(), &code_of(source)).into_iter().filter_map(arrow).collect()
}

/// Returns the first names after `crate::`, and after as many `super::` as lead to the root from `depth` levels down.
fn used_modules(depth: usize, code: &str) -> Vec<String> {
    let to_root = "super::".repeat(depth);
    ["crate::", to_root.as_str()]
        .iter()
        .flat_map(|prefix| code.match_indices(prefix).map(|(at, found)| code.split_at(at + found.len())))
        .filter(|(before, _)| {
            let start = before.trim_end_matches("super::").trim_end_matches("crate::");
            !start.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$')
        })
        .flat_map(|(_, rest)| first_names(rest))
        .collect()
}

/// `a` of `a::b`, `a` and `b` of `{a::{c, d}, b}`.
fn first_names(path: &str) -> Vec<String> {
    let name =
        |text: &str| -> String { text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect() };
    let Some(group) = path.strip_prefix('{') else { return vec![name(path)] };
    let (mut names, mut level, mut start) = (Vec::new(), 0_usize, 0);
    for (at, c) in group.char_indices() {
        match c {
            '{' => level += 1,
            '}' if level > 0 => level -= 1,
            ',' | '}' if level == 0 => {
                names.push(name(&group[start..at]));
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

/// The source without comments and without the test module at its end.
fn code_of(source: &str) -> String {
    let mut code = String::new();
    let mut lines = source.lines().map(|line| line.split("//").next().unwrap_or_default()).peekable();
    while let Some(line) = lines.next() {
        let opens_tests = lines.peek().is_some_and(|next| next.starts_with("mod ") && next.trim_end().ends_with('{'));
        if line == "#[cfg(test)]" && opens_tests {
            break;
        }
        code.push_str(line);
        code.push('\n');
    }
    code
}

/// Files below `directory`, with their path below `crate`; without those that are compiled for tests only.
fn sources(directory: &Path) -> Vec<(Vec<String>, String)> {
    let mut files = Vec::new();
    collect(directory, &mut files);
    let tests: Vec<String> = files.iter().flat_map(|file| test_modules(&read(file))).collect();
    let path = |file: &PathBuf| -> Vec<String> {
        let inside = file.strip_prefix(directory).unwrap().with_extension("");
        let names = inside.iter().map(|part| part.to_string_lossy().into_owned());
        names.filter(|name| name != "mod").collect()
    };
    let modules = files.iter().map(|file| (path(file), read(file)));
    modules.filter(|(path, _)| path != &["lib"] && !path.iter().any(|name| tests.contains(name))).collect()
}

/// Names of the modules declared with `#[cfg(test)] mod name;`.
fn test_modules(source: &str) -> Vec<String> {
    let declared = |(attribute, line): (&str, &str)| {
        let name = line.trim().strip_prefix("mod ")?.strip_suffix(';')?;
        (attribute.trim() == "#[cfg(test)]").then(|| String::from(name))
    };
    source.lines().zip(source.lines().skip(1)).filter_map(declared).collect()
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
}

fn read(file: &PathBuf) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

#[test]
fn no_module_uses_one_above_it() {
    for (folder, layers) in [("src", LAYERS), ("crates/mtls/src", PROGRAM_LAYERS)] {
        let sources = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder));
        assert!(sources.len() > 10, "only {} files were found", sources.len());
        // Binaries are other crates.
        let modules = sources.iter().filter(|(path, _)| path[0] != "bin");
        let found: Vec<String> = modules
            .flat_map(|(path, source)| {
                let path: Vec<&str> = path.iter().map(String::as_str).collect();
                upward_arrows(layers, &path, source)
            })
            .map(|Upward { from, to }| format!("{from} uses {to}, which is above it or has no layer"))
            .collect();
        assert!(found.is_empty(), "\n{}\nNames that lib.rs re-exports are used by their module.", found.join("\n"));
    }
}

#[test]
fn only_the_back_ends_name_crates_of_cryptography() {
    let names = |code: &str, name: &&&str| {
        code.match_indices(&format!("{name}::"))
            .any(|(at, _)| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':'))
    };
    for (path, source) in sources(&src()) {
        let found: Vec<_> = CRYPTOGRAPHY.iter().filter(|name| names(&code_of(&source), name)).collect();
        let inside = path.first().is_some_and(|layer| layer == "crypto");
        assert!(inside || found.is_empty(), "{} names {found:?}", path.join("::"));
    }
}

/// Programs and products of operators, which the core does not know: their names belong into `crates/operator`.
const OPERATORS: &[&str] = &["apache", "apigee", "mod_ssl", "nginx", "ssl_client", "sslverify"];
/// The lines that name one anyway: implementations count a limit in different ways, and the documentation names ours.
const NAMED: &[(&str, &str)] = &[(
    "x509/path/rules.rs",
    "/// This is how Apache's `SSLVerifyDepth` counts, which compares the place of each certificate in",
)];

#[test]
fn the_core_does_not_mention_the_programs_of_operators() {
    let mut files = Vec::new();
    collect(&src(), &mut files);
    let mut found = Vec::new();
    for file in files {
        let text = read(&file);
        let named = |line: &&str| OPERATORS.iter().any(|word| line.to_lowercase().contains(word));
        let name = file.strip_prefix(src()).unwrap().to_string_lossy().into_owned();
        found.extend(text.lines().map(str::trim).filter(named).map(|line| (name.clone(), String::from(line))));
    }
    let allowed: Vec<_> = NAMED.iter().map(|(file, line)| (String::from(*file), String::from(*line))).collect();
    assert_eq!(found, allowed);
}

#[test]
fn an_upward_arrow_is_found() {
    let up = |to: &str| vec![Upward { from: String::from("wire::record"), to: String::from(to) }];
    let arrows = |source| upward_arrows(LAYERS, &["wire", "record"], source);
    assert_eq!(arrows("use crate::handshake::State;"), up("handshake"));
    assert_eq!(arrows("fn f() { crate::record::seal() }"), up("record"));
    assert_eq!(arrows("use crate::{\n    codec::{Reader, Writer},\n    x509::Name,\n};"), up("x509"));
    assert_eq!(arrows("use super::super::io;"), up("io"));
    assert_eq!(arrows("use crate::Session;"), up("Session"));
}

#[test]
fn arrows_down_comments_and_tests_are_no_upward_arrows() {
    let arrows = |source| upward_arrows(LAYERS, &["wire", "record"], source);
    assert_eq!(arrows("use crate::{codec, error::{Error, InvalidMessage}};\nuse super::enums::X;"), []);
    assert_eq!(arrows("/// See [`crate::io`].\nfn f() {} // crate::io"), []);
    assert_eq!(arrows("#[cfg(test)]\nmod tests {\n    use crate::io::x;\n}"), []);
    assert_eq!(arrows("macro_rules! m { () => { $crate::io::x() } }"), []);
    assert_eq!(test_modules("#[cfg(test)]\nmod rfc8448;\nmod wire;"), ["rfc8448"]);
}
