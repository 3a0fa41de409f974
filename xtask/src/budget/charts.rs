//! The charts of size and speed, drawn from the rows of the page.

use super::derived::{Client, clients};
use super::table::{Row, grouped};
use std::fmt::Write;

/// The files of the charts, beside the page.
pub(crate) const SIZE: &str = "docs/budget-size.svg";
pub(crate) const SPEED: &str = "docs/budget-speed.svg";

/// Width of the drawing, of the names, and of the longest bar; height of a row, and of a title.
const WIDTH: u64 = 930;
const NAMES: u64 = 460;
const LONGEST: u64 = 365;
const ROW: u64 = 19;
const TITLE: u64 = 34;

/// The colours of text, of our bars and of others, on a light and on a dark page.
const STYLE: &str = "\
<style>
  text { font: 12px system-ui, sans-serif; fill: #656d76 }
  .title { font-weight: 600; font-size: 14px }
  .name { text-anchor: end }
  .ours { fill: #0969da }
  .other { fill: #8c959f }
  @media (prefers-color-scheme: dark) {
    text { fill: #c9d1d9 }
    .ours { fill: #58a6ff }
    .other { fill: #6e7681 }
  }
</style>
";

/// One figure of all clients, with a scale of its own.
struct Panel {
    title: &'static str,
    value: fn(&Client) -> u64,
}

/// Draws flash and RAM.
pub(crate) fn size(rows: &[Row<'_>]) -> String {
    let flash = Panel { title: "Flash of a client on a Cortex-M4, in bytes", value: |client| client.flash };
    let ram = Panel { title: "RAM with stack, in bytes", value: |client| client.ram };
    chart(&clients(rows), &[flash, ram])
}

/// Draws instructions.
pub(crate) fn speed(rows: &[Row<'_>]) -> String {
    let handshake =
        Panel { title: "Instructions of a handshake of a client on a Cortex-M4", value: |client| client.handshake };
    let record = Panel { title: "Instructions for 1 KiB of data", value: |client| client.record };
    chart(&clients(rows), &[handshake, record])
}

fn chart(clients: &[Client], panels: &[Panel]) -> String {
    let rows = u64::try_from(clients.len()).unwrap_or_default();
    let height = (TITLE + rows * ROW) * u64::try_from(panels.len()).unwrap_or_default() + ROW / 2;
    let mut drawing = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\">\n{STYLE}"
    );
    let mut top = 0;
    for panel in panels {
        panel.draw(clients, top, &mut drawing);
        top += TITLE + rows * ROW;
    }
    drawing.push_str("</svg>\n");
    drawing
}

impl Panel {
    /// Draws a bar for each client, the shortest first.
    fn draw(&self, clients: &[Client], top: u64, drawing: &mut String) {
        let mut sorted: Vec<_> = clients.iter().map(|client| ((self.value)(client), client)).collect();
        sorted.sort_by_key(|(value, _)| *value);
        let values: Vec<_> = sorted.iter().map(|(value, _)| *value).collect();
        let end = scale(&values);
        // Writing to a string cannot fail.
        let _ = writeln!(drawing, "<text class=\"title\" x=\"8\" y=\"{}\">{}</text>", top + TITLE - 12, self.title);
        for (index, (value, client)) in (0_u64..).zip(sorted) {
            let y = top + TITLE + index * ROW;
            let name = escaped(&client.name);
            let _ = writeln!(drawing, "<text class=\"name\" x=\"{}\" y=\"{}\">{name}</text>", NAMES - 8, y + 12);
            let class = if client.is_ours { "ours" } else { "other" };
            let width = (value.min(end) * LONGEST / end).max(1);
            bar(class, NAMES, width.min(if value > end { LONGEST - 24 } else { LONGEST }), y, drawing);
            if value > end {
                // It is longer than there is room for.
                bar(class, NAMES + LONGEST - 18, 18, y, drawing);
            }
            let _ = writeln!(drawing, "<text x=\"{}\" y=\"{}\">{}</text>", NAMES + width + 6, y + 12, grouped(value));
        }
    }
}

fn bar(class: &str, x: u64, width: u64, y: u64, drawing: &mut String) {
    // Writing to a string cannot fail.
    let _ = writeln!(drawing, "<rect class=\"{class}\" x=\"{x}\" y=\"{}\" width=\"{width}\" height=\"13\"/>", y + 2);
}

/// Returns the value of the longest bar, from sorted ones: the largest, or the one before if that is not even half of it.
fn scale(values: &[u64]) -> u64 {
    match values {
        [.., before, last] if before * 2 < *last => *before,
        [.., last] => *last,
        [] => 1,
    }
    .max(1)
}

/// Writes a name for a drawing, where there is less room for it.
fn escaped(name: &str) -> String {
    let short = name.replace("P-256 of `embedded-mtls-micro`, unaudited", "micro (unaudited)");
    short.replace('`', "").replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_far_above_the_others_does_not_shorten_their_bars() {
        assert_eq!([scale(&[]), scale(&[5]), scale(&[5, 10]), scale(&[5, 11])], [1, 5, 10, 5]);
    }

    #[test]
    fn bars_are_as_long_as_their_values() {
        let client =
            |name: &str, flash| Client { name: name.into(), is_ours: false, flash, ram: 0, handshake: 0, record: 0 };
        let panel = Panel { title: "Flash", value: |client| client.flash };
        let drawing = chart(&[client("twice", 2_000), client("`once` & <", 1_000)], &[panel]);
        let widths: Vec<_> = drawing.lines().filter(|line| line.starts_with("<rect")).collect();
        assert!(
            widths[0].contains(&format!("width=\"{}\"", LONGEST / 2))
                && widths[1].contains(&format!("width=\"{LONGEST}\""))
        );
        assert!(drawing.contains(">once &amp; &lt;</text>") && drawing.contains(">1,000</text>"), "{drawing}");
    }
}
