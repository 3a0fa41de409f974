//! The answers in `answers.txt`, with which the HTTP readers of the host programs and of the firmware are tested.

/// An answer to an order.
pub struct Case {
    /// The description of the case.
    pub name: &'static str,
    /// The word for its meaning.
    pub outcome: &'static str,
    /// Head and body as received.
    pub bytes: Vec<u8>,
    /// True if the connection breaks after the last byte.
    pub is_cut: bool,
}

/// Reads the table.
pub fn cases() -> Vec<Case> {
    let table = include_str!("../answers.txt");
    table.split("\n\n").filter(|block| block.starts_with("name: ")).map(case).collect()
}

fn case(block: &'static str) -> Case {
    let field = |wanted: &str| block.lines().find_map(|line| line.split_once(':').filter(|(key, _)| *key == wanted));
    let value = |wanted: &str| field(wanted).map_or("", |(_, value)| value.strip_prefix(' ').unwrap_or(value));
    let wide = |key: &str| bytes(value(key)).into_iter().map(u16::from).collect::<Vec<_>>();
    let (little, big) = (wide("utf-16le"), wide("utf-16be"));
    let body = [
        bytes(value("body")),
        if little.is_empty() { Vec::new() } else { vec![0xff, 0xfe] },
        little.into_iter().chain(wide("utf-16le-unmarked")).flat_map(u16::to_le_bytes).collect(),
        if big.is_empty() { Vec::new() } else { vec![0xfe, 0xff] },
        big.into_iter().chain(wide("utf-16be-unmarked")).flat_map(u16::to_be_bytes).collect(),
    ]
    .concat();
    let head = value("head").replace("{n}", &body.len().to_string());
    let (name, outcome) = (value("name"), value("outcome"));
    Case { name, outcome, bytes: [bytes(&head), body].concat(), is_cut: value("end") == "cut" }
}

/// Returns the bytes that `text` describes.
fn bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let number = |from: usize, radix| {
            u16::from_str_radix(rest.get(from..)?.get(..if radix == 16 { 2 } else { 3 })?, radix).ok()
        };
        let taken = match (first, rest.as_bytes().get(1), number(1, 10)) {
            ('{', _, Some(status)) if rest.as_bytes().get(4) == Some(&b'}') => {
                let response =
                    format!("<cXML><Response><Status code=\"{status}\" text=\"Text\">more</Status></Response></cXML>");
                bytes.extend(response.bytes());
                5
            }
            ('\\', Some(b'x'), _) => {
                bytes.extend(number(2, 16).and_then(|byte| u8::try_from(byte).ok()));
                4
            }
            ('\\', Some(escaped), _) => {
                bytes.push(match escaped {
                    b'r' => b'\r',
                    b'n' => b'\n',
                    b't' => b'\t',
                    other => *other,
                });
                2
            }
            _ => {
                bytes.extend(first.to_string().bytes());
                first.len_utf8()
            }
        };
        rest = rest.get(taken..).unwrap_or_default();
    }
    bytes
}
