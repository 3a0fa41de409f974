//! The messages of a handshake as a diagram: a line for each side, and an arrow for each message.

use embedded_mtls::events::{Direction, LogEvent};
use maud::{Markup, html};

use super::super::report::printable;

/// The width of the diagram, and the lines of the two sides.
const WIDTH: u32 = 760;
const OURS: u32 = 190;
const THEIRS: u32 = 570;
/// The height of a row, and of the names of the sides.
const ROW: u32 = 24;
const HEAD: u32 = 34;

/// A row of the diagram.
enum Row {
    /// A message or an alert with its text; at the last one of a flight, the bytes of the whole flight.
    Arrow { direction: Direction, text: String, is_alert: bool, flight: Option<u32> },
    /// The end of a handshake, good or bad.
    End { text: String, failed: bool },
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
fn rows(events: &[LogEvent]) -> Vec<Row> {
    let mut rows = Vec::new();
    for event in events {
        if let LogEvent::Flight { direction: of, bytes } = event {
            let last = rows.iter_mut().rev().find_map(|row| match row {
                Row::Arrow { direction, flight, .. } if direction == of => Some(flight),
                _ => None,
            });
            if let Some(flight) = last {
                *flight = Some(flight.unwrap_or(0).saturating_add(*bytes));
            }
        }
        rows.extend(Row::of(event));
    }
    rows
}

/// Draws the diagram.
pub(super) fn ladder(events: &[LogEvent]) -> Markup {
    let rows = rows(events);
    let count = u32::try_from(rows.len()).unwrap_or(u32::MAX);
    let height = HEAD + ROW.saturating_mul(count) + ROW / 2;
    html! {
        figure {
            svg viewBox={ "0 0 " (WIDTH) " " (height) } role="img" aria-label="the messages of the handshake" {
                text.middle.head x=(OURS) y="20" { "this side" }
                text.middle.head x=(THEIRS) y="20" { "server" }
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
                        (Some(bytes), Direction::Sent) => text.end x=(OURS - 12) y=(y + 10) { "flight of " (bytes) " bytes" }
                        (Some(bytes), Direction::Received) => text x=(THEIRS + 12) y=(y + 10) { "flight of " (bytes) " bytes" }
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
        let flights = rows(&events).into_iter().map(|row| match row {
            Row::Arrow { flight, .. } => flight,
            Row::End { .. } => None,
        });
        assert_eq!(flights.collect::<Vec<_>>(), [Some(220), None, Some(1500), Some(74)]);
    }
}
