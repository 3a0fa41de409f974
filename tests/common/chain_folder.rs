//! The cases as files, for whoever wants to judge the same chains: `tests/data/chains/ROLE/CASE.pem`, and beside it
//! `CASE.txt` with one line of what is expected and under which rules.
//!
//! ```text
//! Refused(0, Expired); name supplier.example.com; time Trusted(1795320000); depth 10
//! ```
//! The tables make the files: `REWRITE_CHAINS=1 cargo test --test x509_cases folder` writes them.

use crate::*;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path as FilePath, PathBuf};

/// Larger ones are made when the tests run, and not kept: a repository should not hold them.
const LARGEST: usize = 20_000;

/// What stands in front of each list of a file, and the label of its blocks (RFC 7468).
const LISTS_OF_FILE: [(&str, &str); 4] =
    [("sent", "CERTIFICATE"), ("trusted", "CERTIFICATE"), ("pinned", "CERTIFICATE"), ("pinned keys", "PUBLIC KEY")];

impl Made {
    fn lists(&self) -> [&Vec<Vec<u8>>; 4] {
        [&self.sent, &self.trusted, &self.pinned, &self.pinned_keys]
    }

    fn write(&self) -> String {
        let mut text = String::new();
        for ((title, label), list) in LISTS_OF_FILE.into_iter().zip(self.lists()) {
            let blocks = list.iter().map(|der| pem::encode(&pem::Pem::new(label, &der[..])).replace("\r\n", "\n"));
            text.extend([format!("{title}:\n")].into_iter().chain(blocks));
        }
        text
    }

    fn read(text: &str) -> Self {
        let mut rest = text;
        let mut lists = LISTS_OF_FILE.iter().rev().map(|(title, _)| {
            let (before, list) = rest.rsplit_once(&format!("{title}:\n")).expect("each list has its title");
            rest = before;
            pem::parse_many(list).expect("PEM").into_iter().map(pem::Pem::into_contents).collect()
        });
        let mut next = || lists.next().expect("four lists");
        let (pinned_keys, pinned, trusted, sent) = (next(), next(), next(), next());
        Self { sent, trusted, pinned, pinned_keys }
    }
}

impl World {
    /// What it is held to, as the line of its file says it.
    fn rules_in_words(&self) -> String {
        let time = match self.time {
            Time::Trusted(time) => format!("Trusted({})", time.seconds()),
            Time::AtLeast(time) => format!("AtLeast({})", time.seconds()),
            Time::Unknown(_) => "unknown".to_owned(),
        };
        let mut words = format!("name {}; time {time}; depth {}", self.name, self.max_depth);
        if let Some(name) = &self.common_name {
            let text = name.to_string();
            let kind = if CommonName::exact(&text) == Ok(*name) { "" } else { "like " };
            words.extend(["; common name ", kind, &text]);
        }
        if let Some(days) = self.max_validity_days {
            words.extend(["; days ", &days.to_string()]);
        }
        words + if self.strict { "; strict" } else { "" }
    }

    /// The world of a line, without its certificates.
    fn of_words(role: Role, words: &str) -> Self {
        let mut world = Self::new(role);
        for word in words.split("; ") {
            let (kind, value) = word.split_once(' ').unwrap_or((word, ""));
            let number = || value.trim_end_matches(')').rsplit('(').next().unwrap().parse::<i64>().expect(word);
            match kind {
                "name" => world.name = value.to_owned().leak(),
                "time" if value.starts_with("Trusted") => world.time = at(number()),
                "time" if value.starts_with("AtLeast") => world.time = Time::AtLeast(UnixTime::from_seconds(number())),
                "time" => world.time = Time::dangerous_unknown(),
                "depth" => world.max_depth = value.parse().unwrap(),
                "common" => world.common_name = Some(asked_for(value.strip_prefix("name ").unwrap())),
                "days" => world.max_validity_days = Some(value.parse().unwrap()),
                "strict" => world.strict = true,
                _ => panic!("{word}"),
            }
        }
        world
    }
}

/// `pattern *.example.com` or the name itself.
fn asked_for(text: &str) -> CommonName<'static> {
    let text: &'static str = text.to_owned().leak();
    text.strip_prefix("like ").map_or_else(|| exactly(text), like)
}

fn folder() -> PathBuf {
    FilePath::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/chains")
}

/// What the tables make: for each path in the folder its text.
fn made() -> BTreeMap<PathBuf, String> {
    let mut files = BTreeMap::new();
    for (role, Row(name, expected, change)) in rows() {
        let mut world = World::new(role);
        change(&mut world);
        let text = world.make().write();
        if text.len() > LARGEST {
            continue;
        }
        let slug: String =
            name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
        let directory = folder().join(format!("{role:?}").to_lowercase());
        // "The same, strictly" is a name of several.
        let path =
            (1..).map(|number| directory.join(if number == 1 { slug.clone() } else { format!("{slug}-{number}") }));
        let path = path.map(|path| path.with_extension("pem")).find(|path| !files.contains_key(path)).unwrap();
        files.insert(path.with_extension("txt"), format!("{expected:?}; {}\n", world.rules_in_words()));
        files.insert(path, text);
    }
    files
}

fn files(directory: &FilePath) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn the_folder_of_chains_is_what_the_tables_make() {
    let made = made();
    if std::env::var_os("REWRITE_CHAINS").is_some() {
        let _none_yet = fs::remove_dir_all(folder());
        for (path, text) in &made {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }
    for (path, text) in &made {
        let found = fs::read_to_string(path).unwrap_or_default();
        assert!(found == *text, "{}: REWRITE_CHAINS=1 cargo test --test x509_cases folder", path.display());
    }
    assert_eq!(files(&folder()).len(), made.len(), "files that no table makes");
}

#[test]
fn each_chain_of_the_folder_is_answered_as_its_line_says() {
    let mut count = 0;
    for path in files(&folder()).into_iter().filter(|path| path.extension().is_some_and(|end| end == "txt")) {
        let line = fs::read_to_string(&path).unwrap();
        let (expected, words) = line.trim_end().split_once("; ").unwrap();
        let role = if path.parent().unwrap().ends_with("client") { Role::Client } else { Role::Server };
        let chain = Made::read(&fs::read_to_string(path.with_extension("pem")).unwrap());
        let (found, _) = World::of_words(role, words).judge_made(&chain, |_, _| ());
        assert_eq!(format!("{found:?}"), expected, "{}", path.display());
        count += 1;
    }
    assert!(count > 400, "{count}");
}
