//! Coverage of the fuzz targets: the lines of each module that run on the inputs which were found.

use super::{CORPUS, FUZZ};
use crate::run::{Failure, Result, Run, root, told};
use serde_json::Value;
use std::collections::BTreeMap;

/// The beginnings of the paths that count: the core, and what reads what somebody else wrote.
const COUNTED: [&str; 7] = [
    "src/",
    "crates/blob/src/",
    "crates/cxml/src/",
    "crates/micro/src/",
    "crates/mtls/src/cxml.rs",
    "crates/mtls/src/policy/",
    "crates/order/src/",
];

/// Lines of a module, and how many of them ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Lines {
    pub(super) all: u64,
    pub(super) reached: u64,
}

/// Runs each target on its inputs in a build that counts, and adds up the lines of each module that one of them reaches.
pub(super) fn measure(targets: &[String]) -> Result<BTreeMap<String, Lines>> {
    let tools = Run::new("rustc").words("+nightly --print target-libdir").read()?;
    let tool = |name: &str| format!("{}/../bin/{name}", tools.trim());
    if !std::path::Path::new(&tool("llvm-cov")).exists() {
        return Err(Failure::new(
            "the tools of LLVM are needed: `rustup component add llvm-tools --toolchain nightly`",
        ));
    }
    let host = super::host()?;
    let merged = root().join("target/fuzz.profdata").display().to_string();
    let mut merge = Run::new(&tool("llvm-profdata")).words("merge -o").arg(&*merged);
    let mut report = Run::new(&tool("llvm-cov")).words("export --summary-only --instr-profile").arg(merged);
    for (index, target) in targets.iter().enumerate() {
        let run =
            Run::cargo("+nightly fuzz coverage").words(super::BUILD).arg(target).arg(format!("{CORPUS}/{target}"));
        let run = run.within(FUZZ);
        println!("  $ {run}");
        let done = run.finish()?;
        if !done.is_good {
            return Err(Failure::new(format!("this failed: {run}\n{}", done.stderr)));
        }
        merge = merge.arg(format!("{FUZZ}/coverage/{target}/coverage.profdata"));
        let built = format!("{FUZZ}/target/{host}/coverage/{host}/release/{target}");
        // The first is an argument, others are options.
        report = if index == 0 { report } else { report.arg("--object") }.arg(built);
    }
    merge.succeed()?;
    let json = report.read()?;
    told("the report of llvm-cov", add_up(&json, &root().display().to_string()))
}

/// Adds up the files of a report that belong to the repository in this folder, by module.
fn add_up(json: &str, root: &str) -> std::result::Result<BTreeMap<String, Lines>, String> {
    let report: Value = serde_json::from_str(json).map_err(|error| error.to_string())?;
    let files = report.pointer("/data/0/files").and_then(Value::as_array).ok_or("it lists no files")?;
    let mut modules = BTreeMap::<String, Lines>::new();
    for file in files {
        let name = file.get("filename").and_then(Value::as_str).ok_or("a file without a name")?;
        let Some(path) = name.strip_prefix(root).and_then(|path| path.strip_prefix('/')) else { continue };
        let Some(module) = module(path) else { continue };
        let count = |what| file.pointer(what).and_then(Value::as_u64).ok_or("a file without lines");
        let lines = modules.entry(module).or_default();
        lines.all += count("/summary/lines/count")?;
        lines.reached += count("/summary/lines/covered")?;
    }
    Ok(modules)
}

/// Returns the module of a file: its beginning, of the core a folder or file at its top, and of `handshake` a folder.
fn module(path: &str) -> Option<String> {
    let counted = COUNTED.iter().find(|counted| path.starts_with(*counted))?;
    if *counted != "src/" {
        let name = counted.trim_end_matches('/');
        return Some(name.strip_suffix("/src").unwrap_or(name).to_owned());
    }
    let mut parts = path.split('/').skip(1);
    let first = parts.next()?.trim_end_matches(".rs");
    let second = parts.next().filter(|part| first == "handshake" && !part.contains('.'));
    Some(second.map_or_else(|| format!("src/{first}"), |second| format!("src/{first}/{second}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_is_a_crate_or_a_part_of_one() {
        let modules = [
            ("src/record/inbound/message.rs", Some("src/record")),
            ("src/record/mod.rs", Some("src/record")),
            ("src/codec.rs", Some("src/codec")),
            ("src/handshake/mod.rs", Some("src/handshake")),
            ("src/handshake/client/late.rs", Some("src/handshake/client")),
            ("crates/blob/src/read.rs", Some("crates/blob")),
            ("crates/mtls/src/policy/stores.rs", Some("crates/mtls/src/policy")),
            ("crates/mtls/src/cxml.rs", Some("crates/mtls/src/cxml.rs")),
            ("crates/mtls/src/args.rs", None),
            ("fuzz/src/lib.rs", None),
        ];
        for (path, wanted) in modules {
            assert_eq!(module(path).as_deref(), wanted, "{path}");
        }
    }

    #[test]
    fn lines_of_a_module_add_up() {
        let report = r#"{"data":[{"files":[
            {"filename":"/here/src/record/mod.rs","summary":{"lines":{"count":10,"covered":7}}},
            {"filename":"/here/src/record/inbound.rs","summary":{"lines":{"count":5,"covered":5}}},
            {"filename":"/cargo/webpki/src/lib.rs","summary":{"lines":{"count":90,"covered":1}}}]}]}"#;
        let wanted = BTreeMap::from([("src/record".to_owned(), Lines { all: 15, reached: 12 })]);
        assert_eq!(add_up(report, "/here"), Ok(wanted));
        assert_eq!(add_up("{}", "/here"), Err("it lists no files".into()));
    }
}
