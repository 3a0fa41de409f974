//! Checks that statements of the documents about the repository are true.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Lines of a table of a manifest, such as `[features]`.
fn section<'a>(manifest: &'a str, name: &str) -> Vec<&'a str> {
    let heading = format!("[{name}]");
    let lines = manifest.lines().skip_while(move |line| *line != heading).skip(1);
    lines.take_while(|line| !line.starts_with('[')).collect()
}

/// Keys of a table of a manifest.
fn keys<'a>(manifest: &'a str, name: &str) -> Vec<&'a str> {
    let entry = |line: &'a str| line.split_once('=').map(|(key, _)| key.trim_end().trim_end_matches(".workspace"));
    section(manifest, name).into_iter().filter(|line| !line.starts_with('#')).filter_map(entry).collect()
}

/// Rows of the tables below a heading, as name in the first column and the rest.
fn rows<'a>(document: &'a str, heading: &str) -> Vec<(&'a str, &'a str)> {
    let below = document.split_once(&format!("\n{heading}\n")).map_or("", |(_, below)| below);
    let part = below.split("\n## ").next().unwrap_or_default();
    part.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`')).collect()
}

#[test]
fn every_dependency_has_its_reason() {
    let page = read("docs/dependencies.md");
    let reasons: Vec<_> = ["## Of the library", "## Of programs, tests, examples and commands"]
        .iter()
        .flat_map(|heading| rows(&page, heading))
        .collect();
    let mut used = Vec::new();
    let manifests = [
        "crates/test-support/Cargo.toml",
        "crates/benchmarks/Cargo.toml",
        "Cargo.toml",
        "crates/aead/Cargo.toml",
        "crates/blob/Cargo.toml",
        "crates/cortex-m4/Cargo.toml",
        "crates/connect/Cargo.toml",
        "crates/cxml/Cargo.toml",
        "crates/embedded-tls-verifier/Cargo.toml",
        "crates/host/Cargo.toml",
        "crates/journal/Cargo.toml",
        "crates/micro/Cargo.toml",
        "crates/mtls/Cargo.toml",
        "crates/operator/Cargo.toml",
        "crates/order/Cargo.toml",
        "crates/pki/Cargo.toml",
        "crates/sim/Cargo.toml",
        "xtask/Cargo.toml",
        "tests/bogo/Cargo.toml",
        "tests/device/Cargo.toml",
        "tests/interop/Cargo.toml",
        "tests/qemu/Cargo.toml",
        "tests/vectors/Cargo.toml",
    ];
    for manifest in manifests.into_iter().filter(|name| root().join(name).exists()) {
        let manifest = read(manifest);
        let headings = manifest.lines().filter_map(|line| line.strip_prefix('[')?.strip_suffix(']'));
        for table in headings.filter(|name| name.ends_with("dependencies") && !name.starts_with("workspace")) {
            used.extend(keys(&manifest, table).into_iter().map(String::from));
        }
    }
    assert!(used.len() > 10, "{used:?}");
    for name in &used {
        let reason = reasons.iter().find(|(row, _)| row == name).map(|(_, reason)| reason.trim_matches([' ', '|']));
        assert!(reason.is_some_and(|reason| !reason.is_empty()), "no reason for the dependency `{name}`");
    }
    for (name, _) in reasons {
        assert!(used.iter().any(|used| used == name), "`{name}` has a reason and is no dependency");
    }
}

#[test]
fn every_feature_is_explained_in_the_crate_documentation() {
    let (manifest, documentation) = (read("Cargo.toml"), read("src/lib.rs"));
    for name in keys(&manifest, "features") {
        assert!(documentation.contains(&format!("//! | `{name}` |")), "the feature `{name}` is not in the table");
    }
}

#[test]
fn every_program_that_the_readmes_run_exists() {
    let mut count = 0;
    for document in ["README.md", "boards/README.md", "crates/mtls/README.md", "examples/README.md"] {
        let text = read(document);
        for (option, folder) in [("--example ", "examples"), ("--bin ", "crates/mtls/src/bin")] {
            let names = text.split(option).skip(1).filter_map(|rest| rest.split([' ', '\n', '`']).next());
            for name in names.filter(|name| *name != "throw-away") {
                let file = root().join(format!("{folder}/{name}.rs"));
                let directory = root().join(format!("{folder}/{name}/main.rs"));
                assert!(file.exists() || directory.exists(), "{document} runs `{name}`, which does not exist");
                count += 1;
            }
        }
    }
    assert!(count > 5, "only {count} were found");
}

#[test]
fn the_client_on_a_board_is_the_one_that_is_built() {
    let (readme, built) = (read("README.md"), read("boards/quick-start/src/lib.rs"));
    let (_, block) = readme.split_once("```rust,ignore\n").expect("a block that is not run");
    let block = block.split("```").next().unwrap_or_default();
    let built: Vec<&str> = built.lines().map(str::trim).collect();
    for line in block.lines().map(str::trim) {
        assert!(built.contains(&line), "this line of README.md is not in lib.rs: {line}");
    }
    assert!(block.lines().count() <= 25);
}

#[test]
fn an_example_is_short() {
    let mut files = Vec::new();
    collect(&root().join("examples"), &mut files);
    assert!(files.len() > 4, "{files:?}");
    for file in files {
        let length = fs::read_to_string(&file).unwrap().lines().count();
        assert!(length < 150, "{} has {length} lines: an example shows one thing", file.display());
    }
}

#[test]
fn every_example_names_the_features_it_needs() {
    let manifest = read("Cargo.toml");
    let files = fs::read_dir(root().join("examples")).unwrap().map(|entry| entry.unwrap().path());
    let is_example =
        |path: &PathBuf| path.extension().is_some_and(|extension| extension == "rs") || path.join("main.rs").exists();
    for file in files.filter(is_example) {
        let name = file.file_stem().unwrap().to_str().unwrap();
        let needs = format!("[[example]]\nname = \"{name}\"\nrequired-features = [\"all-algorithms\"");
        assert!(
            manifest.contains(&needs),
            "without its features in Cargo.toml, `{name}` of a published package does not build"
        );
    }
}

#[test]
fn every_option_of_the_programs_is_in_their_readme() {
    let readme = read("crates/mtls/README.md");
    let mut count = 0;
    for file in ["program/options.rs", "program/post.rs", "program/serve.rs"] {
        let source = read(&format!("crates/mtls/src/{file}"));
        let lines: Vec<_> = source.lines().map(str::trim).collect();
        // A field with an attribute of clap, which takes its name from it.
        for fields in lines.windows(2).filter(|lines| lines[0].starts_with("#[arg(long")) {
            let name = fields[1].trim_start_matches("pub(super) ").split(':').next().unwrap_or_default();
            let name = name.replace('_', "-");
            assert!(readme.contains(&format!("--{name}")), "crates/mtls/README.md does not have --{name} of {file}");
            count += 1;
        }
    }
    assert!(count > 25, "only {count} options were found");
}

/// A test runs the guide.
#[test]
fn the_commands_of_the_readme_are_those_of_the_guide() {
    let (readme, guide) = (read("README.md"), read("docs/guide.md"));
    let (_, section) = readme.split_once("## From nothing to an order").unwrap();
    let (_, block) = section.split_once("```sh\n").unwrap();
    let lines: Vec<_> = block.lines().take_while(|line| *line != "```").collect();
    assert!(lines.len() > 5);
    for line in lines {
        assert!(guide.lines().any(|command| command == line), "docs/guide.md does not have: {line}");
    }
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut documents: Vec<_> =
        ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"].map(PathBuf::from).into();
    documents.extend(
        [
            "boards/README.md",
            "boards/quick-start/README.md",
            "crates/connect/README.md",
            "crates/mtls/README.md",
            "examples/README.md",
        ]
        .map(PathBuf::from),
    );
    let pages = fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    documents.extend(pages.filter(|path| path.extension().is_some_and(|extension| extension == "md")));
    for path in documents.iter().map(|document| root().join(document)) {
        let document = fs::read_to_string(&path).unwrap();
        for target in document.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
            let local = !target.is_empty() && !target.contains("://");
            let exists = path.parent().is_some_and(|folder| folder.join(target).exists());
            assert!(!local || exists, "{} links to {target}, which does not exist", path.display());
        }
    }
}

#[test]
fn nothing_outside_of_the_core_takes_a_module_by_path() {
    let mut files = Vec::new();
    for directory in ["boards", "crates", "examples", "fuzz", "tests", "xtask"] {
        collect(&root().join(directory), &mut files);
    }
    assert!(files.len() > 200, "only {} files were found", files.len());
    for file in &files {
        let text = fs::read_to_string(file).unwrap();
        let takes = text.lines().any(|line| line.trim_start().starts_with("#[path"));
        assert!(!takes, "{} takes a module by path: what two crates use is a crate", file.display());
    }
}

#[test]
fn nothing_outside_of_the_core_allows_dead_code_as_a_whole() {
    let mut files = Vec::new();
    for directory in ["boards", "crates", "examples", "fuzz", "tests", "xtask"] {
        collect(&root().join(directory), &mut files);
    }
    for file in files.iter().filter(|file| !file.ends_with("repository.rs")) {
        let text = fs::read_to_string(file).unwrap();
        let allows = text.lines().any(|line| line.starts_with("#![allow(") && line.contains("dead_code"));
        assert!(!allows, "{} allows dead code: what it shares is a crate", file.display());
    }
}

#[test]
fn only_the_source_the_examples_and_the_documents_are_published() {
    let manifest = read("Cargo.toml");
    let include = manifest.lines().find_map(|line| line.strip_prefix("include = [")?.strip_suffix(']')).unwrap();
    let mut files = Vec::new();
    for entry in include.split(", ").filter_map(|entry| entry.strip_prefix("\"/")?.strip_suffix('"')) {
        let generated =
            ["boards", "crates", "docs", "fuzz", "tests", "xtask"].iter().any(|name| entry.starts_with(name));
        assert!(!generated, "the package includes {entry}");
        collect(&root().join(entry), &mut files);
    }
    assert!((100..230).contains(&files.len()), "{} files of source are in the package", files.len());
}

/// Words that begin a clause, not a sentence.
const HEADLESS: [&str; 7] = ["How", "That", "What", "Where", "Whether", "Which", "Who"];

/// The first lines of all blocks of documentation.
fn openings(text: &str) -> impl Iterator<Item = &str> {
    let documentation = |line: &'_ str| line.starts_with("///") || line.starts_with("//!");
    let lines = text.lines().map(str::trim_start);
    let before = std::iter::once("").chain(lines.clone());
    lines
        .zip(before)
        .filter(move |(line, before)| documentation(line) && !documentation(before))
        .map(|(line, _)| line.trim_start_matches(['/', '!', ' ']))
}

#[test]
fn documentation_begins_with_a_verb_or_a_noun() {
    let mut files = Vec::new();
    for directory in ["src", "examples", "fuzz/src", "xtask/src"] {
        collect(&root().join(directory), &mut files);
    }
    for members in ["crates", "boards"] {
        for member in fs::read_dir(root().join(members)).unwrap() {
            collect(&member.unwrap().path().join("src"), &mut files);
        }
    }
    assert!(files.len() > 200);
    for file in &files {
        let text = fs::read_to_string(file).unwrap();
        let found = openings(&text).find(|line| HEADLESS.contains(&word(line)));
        assert_eq!(found, None, "in {}", file.display());
    }
    let text = "/// What it is.\n/// Who knows.\nfn a() {}\n    //! Whether.\n";
    assert_eq!(openings(text).collect::<Vec<_>>(), ["What it is.", "Whether."]);
}

#[test]
fn no_file_is_longer_than_one_can_keep_in_mind() {
    let mut files = Vec::new();
    for directory in ["src", "crates", "examples", "xtask", "boards"] {
        collect(&root().join(directory), &mut files);
    }
    assert!(files.len() > 20);
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let code = text.split("\nmod tests {").next().unwrap_or_default();
        let length = code.lines().count();
        assert!(length < 550, "{} has {length} lines of code; CONTRIBUTING.md allows 550", file.display());
    }
}

#[test]
fn an_example_is_read_in_a_few_minutes() {
    let mut files = Vec::new();
    collect(&root().join("examples"), &mut files);
    collect(&root().join("crates"), &mut files);
    files.retain(|file| file.components().any(|part| part.as_os_str() == "examples"));
    assert!(files.len() >= 12);
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let is_code = |line: &&str| !line.is_empty() && !line.starts_with("//");
        let count = text.lines().map(str::trim).filter(is_code).count();
        assert!(count <= 120, "{} has {count} lines of code; an example has 120 at most", file.display());
    }
}

/// The variants of each public enum of a source, with the name of the enum.
fn public_enums(source: &str) -> Vec<(&str, Vec<&str>)> {
    let code = source.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let enums = code.split("\npub enum ").skip(1).filter_map(|rest| rest.split_once("{\n"));
    enums
        .map(|(head, rest)| {
            let lines = rest.lines().take_while(|line| *line != "}").filter_map(|line| line.strip_prefix("    "));
            let variants = lines.filter(|line| line.starts_with(|first: char| first.is_ascii_uppercase()));
            (word(head), variants.map(word).collect())
        })
        .collect()
}

/// The letters and digits at the beginning.
fn word(text: &str) -> &str {
    text.split(|next: char| !next.is_alphanumeric()).next().unwrap_or_default()
}

#[test]
fn variants_of_public_enums_are_in_alphabetical_order() {
    let mut files = Vec::new();
    collect(&root().join("src"), &mut files);
    let mut count = 0;
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        for (name, variants) in public_enums(&text) {
            // States and steps of a connection are in the order of the protocol.
            let of_protocol = match name {
                "State" | "Step" => true,
                "Event" => file.iter().any(|part| part == "connection"),
                _ => false,
            };
            assert!(of_protocol || variants.is_sorted(), "{name} in {}: {variants:?}", file.display());
            count += usize::from(variants.len() > 1);
        }
    }
    assert!(count > 40, "only {count} enums were found");
    assert_eq!(
        public_enums("\npub enum A<'a> {\n    /// A\n    B(u8),\n    A {\n        C: u8,\n    },\n}\n"),
        [("A", vec!["B", "A"])]
    );
}

#[test]
fn no_two_public_types_have_the_same_name() {
    let mut files = Vec::new();
    collect(&root().join("src"), &mut files);
    // Public within the handshake only, which is a private module.
    let is_inner =
        |file: &Path, name: &str| file.iter().any(|part| part == "handshake") && ["Choice", "State"].contains(&name);
    // Two drivers with the same methods; a program has one of them.
    let is_twin = |name: &str| name == "Stream";
    let mut found: Vec<(String, PathBuf)> = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let code = text.split("\nmod tests {").next().unwrap_or_default();
        let kinds = ["pub struct ", "pub enum ", "pub trait ", "pub type "];
        for name in code.lines().filter_map(|line| kinds.iter().find_map(|kind| line.strip_prefix(kind))).map(word) {
            if is_inner(&file, name) || is_twin(name) {
                continue;
            }
            let twin = found.iter().find(|(other, _)| other == name);
            assert_eq!(twin, None, "{name} is in {}, too", file.display());
            found.push((name.to_owned(), file.clone()));
        }
    }
    assert!(found.len() > 150, "only {} types were found", found.len());
}

#[test]
fn every_problem_of_a_certificate_is_on_the_page_of_verdicts() {
    let page = read("docs/verdicts.md");
    let (problems, fields) = (read("src/error/certificate.rs"), read("src/error/malformation.rs"));
    let variants = |source, wanted| {
        let found = public_enums(source).into_iter().find(|(name, _)| *name == wanted);
        found.map(|(_, variants)| variants).unwrap_or_default()
    };
    let problems = variants(&problems, "CertificateProblem");
    let fields = variants(&fields, "Malformation");
    assert!(problems.len() > 30 && fields.len() > 20, "{problems:?} {fields:?}");
    let names = problems.iter().filter(|name| **name != "Malformed").map(|name| format!("| `{name}` |"));
    for name in names.chain(fields.iter().map(|field| format!("| `Malformed({field})` |"))) {
        assert!(page.contains(&name), "docs/verdicts.md has no row {name}");
    }
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// Returns the tests that a row of `docs/needs.md` or `docs/flaws.md` names: the file, and the text in it.
fn named_tests(row: &str) -> Vec<(&str, &str)> {
    row.split('`').filter_map(|text| text.split_once(".rs: ")).collect()
}

#[test]
fn every_need_is_walked_by_its_number_and_every_test_that_is_named_is_there() {
    let page = read("docs/needs.md");
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| U")).collect();
    let number = |row: &str| row.trim_start_matches("| ").split([' ', '|']).next().unwrap_or_default().to_owned();
    let found: Vec<String> = rows.iter().map(|row| number(row)).collect();
    let of_programs = 43..=64;
    let wanted =
        (1..=42).chain([65]).chain(of_programs.clone()).map(|number| format!("U{number:02}")).collect::<Vec<_>>();
    assert_eq!(found, wanted, "each row once, in order");
    for row in rows {
        let (number, tests) = (number(row).to_lowercase(), named_tests(row));
        let walked = |(file, test): &(&str, &str)| file.starts_with("tests/needs/") && *test == format!("{number}_");
        // The programs have tests of their own.
        let is_of_program = of_programs.clone().any(|program| number == format!("u{program}"));
        assert!(!tests.is_empty() && (is_of_program || tests.iter().any(walked)), "{number} names no walk");
        for (file, test) in tests {
            let source = read(&format!("{file}.rs"));
            // Rows of the tables of interoperation and of firmware have names of their own.
            let wanted = match file {
                file if file.starts_with("tests/interop/") => test.to_owned(),
                file if file.starts_with("tests/qemu/") => format!("\"{test}\""),
                file if file.starts_with("tests/needs/") => format!("fn {test}"),
                _ => format!("fn {test}()"),
            };
            assert!(source.contains(&wanted), "{number}: `{wanted}` is not in {file}.rs");
        }
    }
}

#[test]
fn every_walk_of_a_need_is_on_the_page() {
    let page = read("docs/needs.md");
    for file in ["handshakes", "credentials", "network", "policies"] {
        let source = read(&format!("tests/needs/{file}.rs"));
        let tests = source.split("\n#[test]\nfn ").skip(1).filter_map(|rest| rest.split('(').next());
        for test in tests {
            let walk = format!("`tests/needs/{file}.rs: {}_`", test.split('_').next().unwrap_or_default());
            assert!(page.contains(&walk), "{test} is not on the page: {walk}");
        }
    }
}

/// Returns whether a source has what a page names: a test is a function, or a row of a table whose name is quoted; a type begins with
/// a capital.
fn is_there(file: &str, name: &str) -> bool {
    let source = read(&format!("{file}.rs"));
    match name {
        name if name.contains(' ') => source.contains(&format!("\"{name}\"")),
        name if name.starts_with(|first: char| first.is_uppercase()) => {
            ["struct", "enum"].iter().any(|kind| source.contains(&format!("{kind} {name} {{")))
        }
        name => source.contains(&format!("fn {name}()")),
    }
}

#[test]
fn whatever_excludes_a_flaw_is_there() {
    let page = read("docs/flaws.md");
    for row in page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| Flaw |")) {
        let named = named_tests(row);
        assert!(!named.is_empty(), "nothing excludes: {row}");
        for (file, name) in named {
            assert!(is_there(file, name), "`{name}` is not in {file}.rs");
        }
    }
}

#[test]
fn whatever_shows_a_claim_about_security_is_there() {
    let page = read("SECURITY.md");
    let (_, claims) = page.split_once("| Guarantee | Ensured by | Shown by |").unwrap();
    let (table, _) = claims.split_once("\n## ").unwrap();
    for row in table.lines().filter(|line| line.starts_with("| No ")) {
        assert!(!named_tests(row).is_empty(), "nothing shows: {row}");
    }
    let named = named_tests(claims);
    assert!(named.len() > 40, "{}", named.len());
    for (file, name) in named {
        assert!(is_there(file, name), "`{name}` is not in {file}.rs");
    }
    // The figures are those of the tests.
    let count = |text: &str| claims.contains(text);
    assert!(read("tests/secrets/tests/wiped.rs").contains("assert_eq!(secrets.len(), 21);") && count("for 21 secrets"));
    assert!(read("tests/secrets/tests/constant_time.rs").contains("REVEALED: [(&str, &str); 17]") && count("(17 rows"));
    assert!(
        read("tests/secrets/tests/constant_time.rs").contains("REVEALED_OF_P384: [(&str, &str); 6]")
            && count("(6 rows")
    );
    assert!(read("src/limits.rs").contains("MAX_POST_HANDSHAKE_REQUESTS: u8 = 8;") && count("at most 8 requests"));
}
