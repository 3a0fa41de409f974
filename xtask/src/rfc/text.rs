//! The sentences of an RFC, from its plain text, its XML, or the Markdown that it was made from.

/// A sentence, and the section it is in.
pub(crate) struct Sentence {
    pub(crate) section: String,
    pub(crate) text: String,
}

impl Sentence {
    pub(crate) fn has_must(&self) -> bool {
        self.text.split(|c: char| !c.is_alphanumeric()).any(|word| word == "MUST")
    }
}

/// Returns the number of an RFC from the name of a file.
pub(crate) fn number(file: &str) -> String {
    let name = file.rsplit('/').next().unwrap_or_default();
    name.chars().filter(char::is_ascii_digit).collect()
}

/// Splits a text into its sentences.
pub(crate) fn sentences(file: &str, text: &str) -> Vec<Sentence> {
    let paragraphs = match file.rsplit('.').next() {
        Some("md") => of_markdown(text),
        Some("xml") => of_xml(text),
        _ => of_plain_text(text),
    };
    let split = |(section, text): (String, String)| {
        let parts: Vec<String> = split(&plain(&text)).into_iter().map(String::from).collect();
        parts.into_iter().map(move |text| Sentence { section: section.clone(), text })
    };
    paragraphs.into_iter().flat_map(split).collect()
}

/// Joins lines, and drops what only one of the forms of a text has: references, code spans, and curly quotation marks.
pub(crate) fn plain(text: &str) -> String {
    let mut text = text.replace(['`', '*'], "").replace(['\u{201c}', '\u{201d}'], "\"").replace('\u{2019}', "'");
    while let Some((before, rest)) = text.split_once("{{") {
        let after = rest.split_once("}}").map_or("", |(_, after)| after);
        text = format!("{before}{after}");
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    let mut from = 0;
    while let Some(found) = rest.get(from..).and_then(|tail| tail.find(['.', '!', '?'])) {
        let end = from + found + 1;
        let (head, tail) = rest.split_at(end);
        let closed = tail.trim_start_matches([')', '"']);
        let ends = closed
            .strip_prefix(' ')
            .is_some_and(|next| next.starts_with(|c: char| c.is_uppercase() || matches!(c, '"' | '(' | '-')));
        if ends {
            let (sentence, after) = rest.split_at(head.len() + tail.len() - closed.len());
            parts.push(sentence);
            rest = after.trim_start();
            from = 0;
        } else {
            from = end;
        }
    }
    parts.push(rest);
    parts
}

/// The section one is in, counted by the depth of headings.
#[derive(Default)]
struct Counter {
    numbers: Vec<u32>,
    is_appendix: bool,
}

impl Counter {
    fn enter(&mut self, depth: usize) {
        self.numbers.resize(depth, 0);
        if let Some(last) = self.numbers.last_mut() {
            *last += 1;
        }
    }

    fn section(&self) -> String {
        let first = self.numbers.first().copied().unwrap_or_default();
        let letter = char::from_digit(first + 9, 36).map(|letter| letter.to_ascii_uppercase());
        let first = match letter {
            Some(letter) if self.is_appendix => letter.to_string(),
            _ => first.to_string(),
        };
        let rest = self.numbers.iter().skip(1).map(u32::to_string);
        std::iter::once(first).chain(rest).collect::<Vec<_>>().join(".")
    }
}

fn of_markdown(text: &str) -> Vec<(String, String)> {
    let mut paragraphs = vec![(String::new(), String::new())];
    let mut counter = Counter::default();
    let mut is_figure = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with("~~~") || line.starts_with("```") {
            is_figure = !is_figure;
        } else if is_figure {
            continue;
        } else if line.starts_with("--- back") {
            counter = Counter { is_appendix: true, ..Counter::default() };
        } else if line.starts_with('#') {
            counter.enter(line.chars().take_while(|c| *c == '#').count());
        } else if !line.is_empty() {
            if let Some((_, paragraph)) = paragraphs.last_mut() {
                *paragraph = format!("{paragraph} {line}");
            }
            continue;
        }
        paragraphs.push((counter.section(), String::new()));
    }
    paragraphs
}

/// Splits plain text into paragraphs, which may go on over a page break.
fn of_plain_text(text: &str) -> Vec<(String, String)> {
    let pages = text.split('\u{c}').map(|page| {
        let lines: Vec<&str> =
            page.lines().filter(|line| !line.trim_end().ends_with(']') || !line.contains("[Page ")).collect();
        let is_header = |line: &&&str| line.starts_with("RFC ") || line.is_empty();
        let from = lines.iter().take_while(is_header).count();
        lines.get(from..).unwrap_or_default().join("\n").trim_end().to_owned()
    });
    let mut paragraphs = vec![(String::new(), String::new())];
    let mut section = String::new();
    for line in pages.collect::<Vec<_>>().join("\n").lines() {
        let number = line.strip_prefix("Appendix ").unwrap_or(line).split_once(".  ").map(|(number, _)| number);
        let is_number = |number: &&str| {
            let is_label = |part: &str| part.chars().all(|c| c.is_ascii_digit()) || part.len() == 1;
            !number.is_empty() && number.split('.').all(is_label)
        };
        if let Some(number) = number.filter(is_number) {
            section = number.into();
        } else if !line.is_empty() {
            if let Some((_, paragraph)) = paragraphs.last_mut() {
                *paragraph = format!("{paragraph} {}", line.trim());
            }
            continue;
        }
        paragraphs.push((section.clone(), String::new()));
    }
    paragraphs
}

/// Splits XML into paragraphs, and counts the sections.
fn of_xml(text: &str) -> Vec<(String, String)> {
    let mut paragraphs = vec![(String::new(), String::new())];
    let mut counter = Counter::default();
    let mut depth = 0;
    for part in text.split('<').skip(1) {
        let (tag, words) = part.split_once('>').unwrap_or((part, ""));
        let name = tag.split([' ', '\n', '/']).next().unwrap_or_default();
        match name {
            "back" => counter = Counter { is_appendix: true, ..Counter::default() },
            "section" => {
                depth += 1;
                counter.enter(depth);
            }
            "" if tag == "/section" => depth -= 1,
            _ => {}
        }
        if matches!(name, "t" | "li" | "section" | "dt" | "dd" | "sourcecode" | "artwork" | "") && !is_inline(tag) {
            paragraphs.push((counter.section(), String::new()));
        }
        if let Some((_, paragraph)) = paragraphs.last_mut() {
            paragraph.push_str(&words.replace("&quot;", "\"").replace("&apos;", "'").replace("&amp;", "&"));
        }
    }
    paragraphs
}

fn is_inline(tag: &str) -> bool {
    ["/bcp14", "/em", "/tt", "/xref", "/strong", "/sub", "/sup"].contains(&tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(file: &str, text: &str) -> Vec<String> {
        let of = |sentence: &Sentence| format!("{} {}", sentence.section, sentence.text);
        sentences(file, text).iter().filter(|sentence| !sentence.text.is_empty()).map(of).collect()
    }

    #[test]
    fn each_form_of_a_text_has_the_same_sentences() {
        let wanted = ["1.1 A \"peer\" MUST answer.", "1.1 It waits (i.e., sleeps) for 1.5 seconds.", "A MUST it?"];
        let markdown = "# One\n\n## In it {#in-it}\n\nA \"peer\" MUST\nanswer. It waits (i.e., sleeps) for 1.5 seconds{{ref}}.\n\n\
                        ~~~\nMUST NOT\n~~~\n\n--- back\n\n# Else\n\nMUST it?\n";
        let plain = "Contents\n\n   1.1.  In it ..... 3\n\n1.  One\n\n1.1.  In it\n\n   A \"peer\" MUST\n\n\nName [Page 1]\n\u{c}\nRFC 1  A text\n\n\
                     \n   answer.  It waits (i.e., sleeps) for 1.5 seconds.\n\nAppendix A.  Else\n\n   MUST it?\n";
        let xml = "<middle><section><name>One</name><section><name>In it</name><t>A \"peer\" <bcp14>MUST</bcp14>\nanswer. It waits \
                   (i.e., sleeps) for 1.5 seconds.</t></section></section></middle><back><section><t>MUST it?</t></section></back>";
        for (file, text) in [("rfc1.md", markdown), ("rfc1.txt", plain), ("rfc1.xml", xml)] {
            let found = list(file, text);
            assert!(wanted.iter().all(|wanted| found.iter().any(|found| found == wanted)), "{file}: {found:?}");
        }
        assert_eq!(number("/some/where/rfc9846.md"), "9846");
    }
}
