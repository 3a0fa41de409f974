//! The charts of a page, as SVG.

use core::fmt::{self, Formatter};
use core::time::Duration;

use crate::report::Report;
use crate::timeline::{Delivery, Outage};

use super::{CAUSES, Escaped, OUTCOMES, Span, cause_names, outcome_class};

/// The width of each chart, and of the space at its left and right.
const WIDTH: f64 = 960.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 25.0;
/// The height of the charts with a scale, and of the space above and below.
const HEIGHT: f64 = 220.0;
const TOP: f64 = 15.0;
const BOTTOM: f64 = 25.0;
/// The height of a gateway, and the number of gateways that are shown.
const ROW: f64 = 16.0;
const ROWS: usize = 40;
/// The number of bars, and of points of a line.
const BARS: usize = 48;
const POINTS: u32 = 480;

/// The time on the horizontal axis.
struct Axis {
    end: f64,
}

impl Axis {
    /// Returns the axis to the last event of a run.
    fn of(report: &Report) -> Self {
        let attempts = report.timeline.attempts.iter().map(|attempt| attempt.end);
        let orders = report.timeline.orders.iter().map(|order| order.stored + wait(report, order));
        let end = attempts.chain(orders).fold(report.scenario.duration, Duration::max);
        Self { end: end.as_secs_f64().max(1.0) }
    }

    fn x(&self, time: Duration) -> f64 {
        LEFT + (WIDTH - LEFT - RIGHT) * (time.as_secs_f64() / self.end).min(1.0)
    }

    /// Draws vertical lines with their times, to this height.
    fn draw(&self, f: &mut Formatter<'_>, height: f64) -> fmt::Result {
        const STEPS: [u64; 11] = [60, 300, 600, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400, 604_800];
        let limit = Duration::from_secs_f64(self.end / 12.0).as_secs();
        let step = STEPS.into_iter().find(|step| *step >= limit).unwrap_or(604_800 * (limit / 604_800 + 1));
        let times = (0..).map(|number| Duration::from_secs(step * number));
        for time in times.take_while(|time| time.as_secs_f64() <= self.end) {
            let (x, seconds) = (self.x(time), time.as_secs());
            writeln!(f, "<line class=\"grid\" x1=\"{x:.1}\" y1=\"{TOP}\" x2=\"{x:.1}\" y2=\"{height:.1}\"/>")?;
            let (hours, minutes, y) = (seconds / 3600, seconds / 60 % 60, height + 15.0);
            writeln!(f, "<text class=\"middle\" x=\"{x:.1}\" y=\"{y:.1}\">{hours}:{minutes:02}</text>")?;
        }
        Ok(())
    }
}

/// Draws a figure: a heading, its content, its legends and a caption.
fn figure(
    f: &mut Formatter<'_>,
    (heading, caption): (&str, &str),
    (height, class): (f64, &str),
    legends: &[&[(&str, &str)]],
    content: impl FnOnce(&mut Formatter<'_>) -> fmt::Result,
) -> fmt::Result {
    let heading = Escaped(heading);
    writeln!(f, "<h2>{heading}</h2>\n<figure class=\"{class}\">")?;
    writeln!(f, "<svg viewBox=\"0 0 {WIDTH} {height:.0}\" role=\"img\" aria-label=\"{heading}\">")?;
    content(f)?;
    writeln!(f, "</svg>")?;
    for legend in legends {
        writeln!(f, "<ul class=\"legend\">")?;
        for (class, name) in *legend {
            writeln!(f, "<li><i class=\"{class}\"></i>{}</li>", Escaped(name))?;
        }
        writeln!(f, "</ul>")?;
    }
    writeln!(f, "<figcaption>{}</figcaption>\n</figure>", Escaped(caption))
}

/// Draws the scale from zero to `most` at the left.
fn scale(f: &mut Formatter<'_>, most: usize) -> fmt::Result {
    let step = (1..).map(|power| 10_usize.saturating_pow(power / 3) * [1, 2, 5][power as usize % 3]);
    let step = step.into_iter().find(|step| most / step <= 5).unwrap_or(most).max(1);
    for value in (0..=most).step_by(step) {
        let y = y(value, most);
        let (right, left, base) = (WIDTH - RIGHT, LEFT - 6.0, y + 4.0);
        writeln!(f, "<line class=\"grid\" x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{right}\" y2=\"{y:.1}\"/>")?;
        writeln!(f, "<text class=\"end\" x=\"{left}\" y=\"{base:.1}\">{value}</text>")?;
    }
    Ok(())
}

/// Returns the height at which a value is drawn.
fn y(value: usize, most: usize) -> f64 {
    HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share(value, most)
}

#[allow(clippy::cast_precision_loss, reason = "a drawing")]
fn share(value: usize, most: usize) -> f64 {
    value as f64 / most.max(1) as f64
}

fn rectangle(f: &mut Formatter<'_>, class: &str, [x, y, width, height]: [f64; 4], title: &str) -> fmt::Result {
    writeln!(
        f,
        "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"><title>{}</title></rect>",
        Escaped(title)
    )
}

/// Draws outages as wide as they last.
fn outages(f: &mut Formatter<'_>, axis: &Axis, outages: &[Outage], y: f64, height: f64) -> fmt::Result {
    writeln!(f, "<g class=\"outages\">")?;
    for outage in outages {
        let (start, (class, name)) = (axis.x(outage.start), cause_names(outage.cause));
        let title = format!("{name}: {} from {}", Span(outage.end.saturating_sub(outage.start)), Span(outage.start));
        rectangle(f, class, [start, y, (axis.x(outage.end) - start).max(0.5), height], &title)?;
    }
    writeln!(f, "</g>")
}

/// Draws how many orders wait.
pub(super) fn orders(f: &mut Formatter<'_>, report: &Report) -> fmt::Result {
    let axis = Axis::of(report);
    let stored: Vec<_> = report.timeline.orders.iter().map(|order| order.stored).collect();
    let mut accepted: Vec<_> = report.timeline.orders.iter().filter_map(|order| order.accepted).collect();
    accepted.sort_unstable();
    let times = (0..=POINTS).map(|point| Duration::from_secs_f64(axis.end * f64::from(point) / f64::from(POINTS)));
    let before = |times: &[Duration], time| times.partition_point(|earlier| *earlier <= time);
    let points = times.map(|time| (time, before(&stored, time).saturating_sub(before(&accepted, time))));
    let points: Vec<_> = points.collect();
    let most = points.iter().map(|(_, count)| *count).max().unwrap_or(0);
    let names = ("Waiting orders", "Orders that a journal has and the supplier has not, in the whole fleet.");
    figure(f, names, (HEIGHT, ""), &[&[("supplier", "supplier down")]], |f| {
        outages(f, &axis, &report.timeline.supplier, TOP, HEIGHT - TOP - BOTTOM)?;
        axis.draw(f, HEIGHT - BOTTOM)?;
        scale(f, most)?;
        write!(f, "<polyline class=\"line\" points=\"")?;
        points.iter().try_for_each(|(time, count)| write!(f, "{:.1},{:.1} ", axis.x(*time), y(*count, most)))?;
        writeln!(f, "\"/>")
    })
}

/// Draws the attempts of each part of the time by their outcomes.
pub(super) fn attempts(f: &mut Formatter<'_>, report: &Report) -> fmt::Result {
    let axis = Axis::of(report);
    let mut bars = [[0_usize; OUTCOMES.len()]; BARS];
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a drawing")]
    for attempt in &report.timeline.attempts {
        let bar = (attempt.end.as_secs_f64() / axis.end * share(BARS, 1)) as usize;
        let kind = OUTCOMES.iter().position(|(outcome, ..)| *outcome == attempt.outcome);
        if let Some(count) = kind.and_then(|kind| bars[bar.min(BARS - 1)].get_mut(kind)) {
            *count += 1;
        }
    }
    let most = bars.iter().map(|bar| bar.iter().sum()).max().unwrap_or(0);
    let legend = OUTCOMES.map(|(_, class, name)| (class, name));
    let length = Duration::from_secs_f64(axis.end * share(1, BARS));
    let caption = format!("Attempts of all gateways by their end, for each {}.", Span(length));
    figure(f, ("Attempts", &caption), (HEIGHT, ""), &[&legend], |f| {
        axis.draw(f, HEIGHT - BOTTOM)?;
        scale(f, most)?;
        let width = (WIDTH - LEFT - RIGHT) * share(1, BARS);
        for (number, bar) in (0_u32..).zip(&bars) {
            let mut below = 0;
            for (count, (_, class, name)) in bar.iter().zip(OUTCOMES).filter(|(count, _)| **count > 0) {
                let (top, bottom) = (y(below + count, most), y(below, most));
                let place = [LEFT + width * f64::from(number) + 1.0, top, width - 2.0, bottom - top];
                rectangle(f, class, place, &format!("{count} {name}, from {}", Span(length * number)))?;
                below += count;
            }
        }
        Ok(())
    })
}

/// Draws how long orders took.
pub(super) fn waits(f: &mut Formatter<'_>, report: &Report) -> fmt::Result {
    const LIMITS: [(u64, &str); 9] = [
        (1, "1 s"),
        (10, "10 s"),
        (60, "1 min"),
        (300, "5 min"),
        (900, "15 min"),
        (1800, "30 min"),
        (3600, "1 h"),
        (7200, "2 h"),
        (u64::MAX, "longer"),
    ];
    let waits = report.waits();
    let bars = LIMITS.map(|(limit, _)| waits.partition_point(|wait| wait.as_secs() < limit));
    let bars: Vec<_> = bars.iter().zip([0].iter().chain(&bars)).map(|(to, from)| to - from).collect();
    let most = bars.iter().copied().max().unwrap_or(0);
    let names =
        ("Time to delivery", "Orders by the time from their storage to their arrival: below the time under each bar.");
    figure(f, names, (HEIGHT, ""), &[], |f| {
        scale(f, most)?;
        let width = (WIDTH - LEFT - RIGHT) * share(1, LIMITS.len());
        for ((number, count), (_, name)) in (0_u32..).zip(&bars).zip(LIMITS) {
            let (x, top) = (LEFT + width * f64::from(number), y(*count, most));
            rectangle(f, "delivered", [x + 8.0, top, width - 16.0, HEIGHT - BOTTOM - top], &format!("{count} orders"))?;
            let (middle, above, below) = (x + width / 2.0, top - 3.0, HEIGHT - 10.0);
            writeln!(f, "<text class=\"middle\" x=\"{middle:.1}\" y=\"{above:.1}\">{count}</text>")?;
            writeln!(f, "<text class=\"middle\" x=\"{middle:.1}\" y=\"{below:.1}\">{name}</text>")?;
        }
        Ok(())
    })
}

/// Draws the time lines of the gateways whose orders waited longest.
pub(super) fn gateways(f: &mut Formatter<'_>, report: &Report) -> fmt::Result {
    let (axis, timeline) = (Axis::of(report), &report.timeline);
    let mut rows: Vec<(Duration, u32)> =
        (0..report.scenario.gateways).map(|gateway| (Duration::ZERO, gateway)).collect();
    for order in &timeline.orders {
        if let Some(row) = usize::try_from(order.gateway).ok().and_then(|gateway| rows.get_mut(gateway)) {
            row.0 = row.0.max(wait(report, order));
        }
    }
    rows.sort_by_key(|(wait, gateway)| (core::cmp::Reverse(*wait), *gateway));
    rows.truncate(ROWS);
    let areas = CAUSES.map(|(_, class, name)| (class, name));
    let dots = OUTCOMES.map(|(_, class, name)| (class, name));
    let caption = format!(
        "The {} gateways with the longest waits, of {}. Areas: nothing can be delivered. Lines: an order waits; a thick line is past its \
         deadline. Dots: an attempt ends.",
        rows.len(),
        report.scenario.gateways
    );
    let bottom = TOP + ROW * share(rows.len() + 1, 1);
    figure(f, ("Time lines", &caption), (bottom + BOTTOM, "long"), &[&areas, &dots], |f| {
        axis.draw(f, bottom)?;
        writeln!(f, "<text class=\"end\" x=\"{:.1}\" y=\"{:.1}\">supplier</text>", LEFT - 6.0, TOP + 12.0)?;
        outages(f, &axis, &timeline.supplier, TOP + 2.0, ROW - 4.0)?;
        for (number, (_, gateway)) in (1_u32..).zip(&rows) {
            let top = TOP + ROW * f64::from(number);
            writeln!(f, "<text class=\"end\" x=\"{:.1}\" y=\"{:.1}\">{gateway}</text>", LEFT - 6.0, top + 12.0)?;
            row(f, report, &axis, *gateway, top)?;
        }
        Ok(())
    })
}

/// Draws the time line of a gateway.
fn row(f: &mut Formatter<'_>, report: &Report, axis: &Axis, gateway: u32, top: f64) -> fmt::Result {
    let timeline = &report.timeline;
    let own = usize::try_from(gateway).ok().and_then(|gateway| timeline.gateways.get(gateway));
    outages(f, axis, own.map_or(&[], Vec::as_slice), top + 2.0, ROW - 4.0)?;
    let middle = top + ROW / 2.0;
    for order in timeline.orders.iter().filter(|order| order.gateway == gateway) {
        let end = order.stored + wait(report, order);
        let is_late = timeline.deliverable(gateway, order.stored, end) > report.scenario.deadline;
        writeln!(
            f,
            "<line class=\"{}\" x1=\"{:.1}\" y1=\"{middle:.1}\" x2=\"{:.1}\" y2=\"{middle:.1}\"><title>{}: {}</title></line>",
            if is_late { "late" } else { "waiting" },
            axis.x(order.stored),
            axis.x(end),
            Escaped(&order.order),
            Span(end.saturating_sub(order.stored))
        )?;
    }
    for attempt in timeline.attempts.iter().filter(|attempt| attempt.gateway == gateway) {
        let (x, class) = (axis.x(attempt.end), outcome_class(attempt.outcome));
        writeln!(f, "<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{middle:.1}\" r=\"2.5\"/>")?;
    }
    Ok(())
}

/// Returns how long an order took, or has waited until the end.
fn wait(report: &Report, order: &Delivery) -> Duration {
    let end = order.accepted.unwrap_or(report.scenario.duration + report.scenario.calm);
    end.saturating_sub(order.stored)
}
