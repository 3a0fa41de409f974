//! The cases as data, for other implementations that validate the same chains: `tests/data/chains/ROLE.txt` has all of a role, each with its
//! name, a line of what is expected and under which rules, and its certificates.
//!
//! ```text
//! case: a leaf that has expired
//! Refused(0, Expired); name supplier.example.com; time Trusted(1795320000); depth 10
//! sent:
//! -----BEGIN CERTIFICATE-----
//! ```
//! The tables make the files: `REWRITE_CHAINS=1 cargo test --test x509_cases chains` writes them.

use crate::*;
use std::fs;
use std::path::{Path as FilePath, PathBuf};

/// Larger ones are made when the tests run, and not kept: a repository should not hold them.
const LARGEST: usize = 20_000;

/// In front of each case.
const CASE: &str = "case: ";

/// The title of each list of a case, and the label of its blocks (RFC 7468).
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
    /// The rules that apply to it, as its line in the file states them.
    fn rules_in_words(&self) -> String {
        let time = match self.time {
            Time::Trusted(time) => format!("Trusted({})", time.0),
            Time::AtLeast(time) => format!("AtLeast({})", time.0),
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
                "time" if value.starts_with("AtLeast") => world.time = Time::AtLeast(UnixTime(number())),
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

fn path(role: Role) -> PathBuf {
    FilePath::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/data/chains/{role:?}.txt").to_lowercase())
}

/// The cases of a role, as the tables make them.
fn made(role: Role) -> Vec<String> {
    let of_role = rows().filter(|(of, _)| *of == role);
    let cases = of_role.map(|(_, Row(name, expected, change))| {
        let mut world = World::new(role);
        change(&mut world);
        let made = world.make().write();
        (made.len() <= LARGEST).then(|| format!("{CASE}{name}\n{expected:?}; {}\n{made}", world.rules_in_words()))
    });
    cases.flatten().collect()
}

/// The cases of a file.
fn kept(role: Role) -> Vec<String> {
    let text = fs::read_to_string(path(role)).unwrap_or_default();
    let (mut cases, mut rest) = (Vec::new(), &text[..]);
    while !rest.is_empty() {
        let end = rest.find(&format!("\n{CASE}")).map_or(rest.len(), |at| at + 1);
        cases.push(rest[..end].to_owned());
        rest = &rest[end..];
    }
    cases
}

#[test]
fn the_files_of_chains_are_generated_by_the_tables() {
    for role in [Role::Client, Role::Server] {
        let made = made(role);
        if std::env::var_os("REWRITE_CHAINS").is_some() {
            fs::create_dir_all(path(role).parent().unwrap()).unwrap();
            fs::write(path(role), made.concat()).unwrap();
        }
        let kept = kept(role);
        for (made, kept) in made.iter().zip(&kept) {
            let name = made.lines().next().unwrap();
            assert!(made == kept, "{role:?}, {name}: REWRITE_CHAINS=1 cargo test --test x509_cases chains");
        }
        assert_eq!(made.len(), kept.len(), "{role:?}: cases that no table makes, or that are missing");
    }
}

#[test]
fn each_chain_of_the_files_is_answered_as_its_line_says() {
    let mut count = 0;
    for role in [Role::Client, Role::Server] {
        for case in kept(role) {
            let (name, rest) = case.split_once('\n').unwrap();
            let (line, chain) = rest.split_once('\n').unwrap();
            let (expected, words) = line.split_once("; ").unwrap();
            let (found, _) = World::of_words(role, words).judge_made(&Made::read(chain), |_, _| ());
            assert_eq!(format!("{found:?}"), expected, "{role:?}, {name}");
            count += 1;
        }
    }
    assert!(count > 400, "{count}");
}
