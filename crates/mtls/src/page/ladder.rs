//! The messages of a handshake as a diagram: a line for each side, and an arrow for each message.

use embedded_mtls::events::{Direction, LogEvent};
use maud::{Markup, html};

use super::super::course::{Course, Passed};
use super::super::report::{printable, thousands};

/// The width of the diagram, and the lines of the two sides.
const WIDTH: u32 = 1000;
const OURS: u32 = 290;
const THEIRS: u32 = 710;
/// The height of a row, and of the names of the sides.
const ROW: u32 = 24;
const HEAD: u32 = 34;

/// A row of the diagram.
enum Row {
    /// A message or an alert with its text; at the last one of a flight, the size of the whole flight.
    Arrow { direction: Direction, text: String, is_alert: bool, flight: Option<Flight> },
    /// The end of a handshake, good or bad.
    End { text: String, failed: bool },
}

/// The messages of one side before the direction changes.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Flight {
    bytes: u32,
    /// Its records, and the milliseconds since the connection at which the last one passed.
    records: Option<(usize, f64)>,
    /// It ends with this message, and begins with application data.
    has_data: bool,
}

impl Flight {
    /// Describes it in a few words.
    fn words(self) -> String {
        let data = if self.has_data { "with data, " } else { "" };
        let bytes = format!("{data}{}", thousands(usize::try_from(self.bytes).unwrap_or(usize::MAX)));
        match self.records {
            None => format!("{bytes} bytes"),
            Some((count, at)) => {
                let unit = if count == 1 { "record" } else { "records" };
                format!("{bytes} bytes, {count} {unit}, {at:.1} ms")
            }
        }
    }
}

/// The records of a course that belong to no flight yet.
struct Unclaimed<'c> {
    records: Vec<&'c Passed>,
}

impl Unclaimed<'_> {
    /// Takes the next records in this direction that make up these bytes; `None` if none do.
    fn take(&mut self, of: Direction, bytes: u32) -> Option<(usize, f64)> {
        let wanted = usize::try_from(bytes).ok()?;
        let (mut sum, mut count, mut at) = (0, 0, None);
        for record in self.records.iter().filter(|record| record.direction == of) {
            if sum >= wanted {
                break;
            }
            (sum, count, at) = (sum + record.bytes, count + 1, Some(record.at));
        }
        let at = at.filter(|_| sum == wanted)?;
        let mut left = count;
        self.records.retain(|record| {
            let is_taken = record.direction == of && left > 0;
            left -= usize::from(is_taken);
            !is_taken
        });
        Some((count, at.as_secs_f64() * 1000.0))
    }
}

impl Row {
    /// Returns the row of an event; `None` if it has none.
    fn of(event: &LogEvent) -> Option<Self> {
        let text = event.to_string();
        let bare = |direction: Direction| text.strip_prefix(&format!("{direction} ")).unwrap_or(&text).to_owned();
        Some(match event {
            LogEvent::Message { direction, .. } => {
                Self::Arrow { direction: *direction, text: bare(*direction), is_alert: false, flight: None }
            }
            LogEvent::Alert { direction, description } => {
                let is_alert = *description != embedded_mtls::AlertDescription::CLOSE_NOTIFY;
                Self::Arrow { direction: *direction, text: bare(*direction), is_alert, flight: None }
            }
            LogEvent::Done => Self::End { text, failed: false },
            LogEvent::Failed { .. } => Self::End { text, failed: true },
            _ => return None,
        })
    }
}

/// Converts the events to rows.
fn rows(course: &Course) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut unclaimed = Unclaimed { records: course.records.iter().collect() };
    let mut is_done = false;
    for event in &course.events {
        is_done |= matches!(event, LogEvent::Done);
        if let LogEvent::Flight { direction: of, bytes } = event {
            let last = rows.iter_mut().rev().find_map(|row| match row {
                Row::Arrow { direction, flight, .. } if direction == of => Some(flight),
                _ => None,
            });
            if let Some(flight) = last {
                let before = flight.take();
                let records = unclaimed.take(*of, *bytes);
                let bytes = before.map_or(*bytes, |before| before.bytes.saturating_add(*bytes));
                // What follows the last message is its data.
                let records = records.filter(|_| before.is_none());
                *flight = Some(Flight { bytes, records, has_data: is_done });
            }
        }
        rows.extend(Row::of(event));
    }
    rows
}

/// Draws the diagram.
pub(super) fn ladder(course: &Course, [ours, theirs]: [&str; 2]) -> Markup {
    let rows = rows(course);
    let count = u32::try_from(rows.len()).unwrap_or(u32::MAX);
    let height = HEAD + ROW.saturating_mul(count) + ROW / 2;
    html! {
        figure {
            svg viewBox={ "0 0 " (WIDTH) " " (height) } role="img" aria-label="the messages of the handshake" {
                text.middle.head x=(OURS) y="20" { (printable(ours)) }
                text.middle.head x=(THEIRS) y="20" { (printable(theirs)) }
                @for x in [OURS, THEIRS] { line.life x1=(x) y1="28" x2=(x) y2=(height) {} }
                @for (row, place) in rows.iter().zip(0..) { (draw(row, HEAD + ROW * place + ROW / 2)) }
            }
        }
    }
}

/// Draws a row whose middle is at `y`.
fn draw(row: &Row, y: u32) -> Markup {
    let middle = u32::midpoint(OURS, THEIRS);
    match row {
        Row::Arrow { direction, text, is_alert, flight } => {
            let (from, to, back) = match direction {
                Direction::Sent => (OURS, THEIRS, THEIRS - 8),
                Direction::Received => (THEIRS, OURS, OURS + 8),
            };
            let class = if *is_alert { "alert" } else { "message" };
            html! {
                g class=(class) {
                    line x1=(from) y1=(y + 6) x2=(to) y2=(y + 6) {}
                    polygon points={ (to) "," (y + 6) " " (back) "," (y + 2) " " (back) "," (y + 10) } {}
                    text.middle x=(middle) y=(y) { (printable(text)) }
                    @match (flight, direction) {
                        (None, _) => {}
                        (Some(flight), Direction::Sent) => text.end x=(OURS - 12) y=(y + 10) { (flight.words()) }
                        (Some(flight), Direction::Received) => text x=(THEIRS + 12) y=(y + 10) { (flight.words()) }
                    }
                }
            }
        }
        Row::End { text, failed } => {
            let class = if *failed { "middle failed" } else { "middle passed" };
            html! { text class=(class) x=(middle) y=(y + 4) { @if *failed { "✗ " } @else { "✓ " } (printable(text)) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_bytes_of_a_flight_stand_at_its_last_message() {
        let message = |direction, kind| LogEvent::Message { direction, kind, length: 36 };
        let flight = |direction, bytes| LogEvent::Flight { direction, bytes };
        let (sent, received) = (Direction::Sent, Direction::Received);
        let events = [
            message(sent, 1),
            flight(sent, 220),
            message(received, 2),
            message(received, 20),
            message(sent, 20),
            // The direction has changed only now.
            flight(received, 1500),
            flight(sent, 74),
        ];
        let record = |direction, bytes, at| Passed { direction, bytes, at: Duration::from_millis(at) };
        let records = [
            record(sent, 220, 1),
            record(received, 500, 2),
            record(received, 1000, 3),
            record(received, 90, 4),
            record(sent, 70, 5),
        ];
        let course = Course { events: events.to_vec(), records: records.to_vec(), ..Course::default() };
        let flights = rows(&course).into_iter().map(|row| match row {
            Row::Arrow { flight, .. } => flight.map(Flight::words),
            Row::End { .. } => None,
        });
        let [first, second, third] = ["220 bytes, 1 record, 1.0 ms", "1,500 bytes, 2 records, 3.0 ms", "74 bytes"]
            .map(|words| Some(words.to_owned()));
        assert_eq!(flights.collect::<Vec<_>>(), [first, None, second, third]);
    }
}
