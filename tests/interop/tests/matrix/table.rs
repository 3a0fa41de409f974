//! Expectations, observations, and the table of both.

use embedded_mtls::AlertDescription;
use std::fmt;

/// The end of one side of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// All data went through, and the connection was closed in order.
    Done,
    /// It ended the connection with this fatal alert.
    Sent(u8),
    /// The other side ended the connection with this fatal alert.
    Got(u8),
    /// It rejected the other side; its alert is visible only there.
    Refused(String),
    /// It ended in another way.
    Failed(String),
}

/// The observation of a connection, or the expectation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Our side.
    pub(crate) us: End,
    /// The peer.
    pub(crate) peer: End,
    /// Other facts that matter in this case: for example `HTTP 200`.
    pub(crate) facts: Vec<String>,
}

/// Our role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Client,
    Server,
}

/// The rows so far. A row that is wrong ends nothing.
pub(crate) struct Table {
    filter: Vec<String>,
    rows: Vec<Row>,
}

struct Row {
    cells: [String; 5],
    passed: bool,
}

impl Outcome {
    /// Both sides are content.
    pub(crate) fn done(facts: &[&str]) -> Self {
        Self::of(End::Done, End::Done, facts)
    }

    /// We end the connection with `alert`, and the peer learns it.
    pub(crate) fn we_send(alert: AlertDescription) -> Self {
        Self::of(End::Sent(alert.0), End::Got(alert.0), &[])
    }

    /// The peer ends the connection with `alert`, and we learn it.
    pub(crate) fn peer_sends(alert: AlertDescription) -> Self {
        Self::of(End::Got(alert.0), End::Sent(alert.0), &[])
    }

    pub(crate) fn of(us: End, peer: End, facts: &[&str]) -> Self {
        Self { us, peer, facts: facts.iter().map(ToString::to_string).collect() }
    }

    /// The same ends, and these facts among others.
    fn satisfies(&self, expected: &Self) -> bool {
        let facts = expected.facts.iter().all(|fact| self.facts.contains(fact));
        self.us == expected.us && self.peer == expected.peer && facts
    }

    /// The same with more facts.
    pub(crate) fn and(mut self, facts: &[impl ToString]) -> Self {
        self.facts.extend(facts.iter().map(ToString::to_string));
        self
    }
}

impl Table {
    /// Runs all rows, or only those that contain one of the words in `filter`.
    pub(crate) const fn new(filter: Vec<String>) -> Self {
        Self { filter, rows: Vec::new() }
    }

    /// Runs one case and adds its row.
    pub(crate) fn row(
        &mut self,
        peer: &str,
        role: Role,
        case: &str,
        expected: &Outcome,
        run: impl FnOnce() -> Result<Outcome, String>,
    ) {
        let line = format!("{peer} | {} | {case}", role.name());
        if !self.filter.is_empty() && !self.filter.iter().any(|word| line.contains(word)) {
            return;
        }
        let (seen, passed) = match run() {
            Ok(seen) => (seen.to_string(), seen.satisfies(expected)),
            Err(problem) => (problem, false),
        };
        let verdict = if passed { "pass" } else { "FAIL" };
        println!("{verdict}: {line}");
        let cells = [peer, role.name(), case, &expected.to_string(), &seen].map(|cell| cell.trim().to_owned());
        self.rows.push(Row { cells, passed });
    }

    /// Prints the table and its sum; `true` if all is as expected.
    pub(crate) fn print(&self) -> bool {
        const HEAD: [&str; 5] = ["peer", "we are", "case", "expected", "seen"];
        let widths: [usize; 5] = std::array::from_fn(|column| {
            let cells = self.rows.iter().map(|row| row.cells[column].chars().count());
            cells.chain([HEAD[column].len()]).max().unwrap_or_default()
        });
        let print = |cells: [&str; 5], verdict: &str| {
            for (cell, width) in cells.iter().zip(widths) {
                print!("| {cell:width$} ");
            }
            println!("| {verdict:7} |");
        };
        println!();
        print(HEAD, "verdict");
        let rules = widths.map(|width| "-".repeat(width));
        print(rules.each_ref().map(String::as_str), "-------");
        for row in &self.rows {
            print(row.cells.each_ref().map(String::as_str), if row.passed { "pass" } else { "FAIL" });
        }
        let passed = self.rows.iter().filter(|row| row.passed).count();
        let failed = self.rows.len() - passed;
        println!("\n{passed} passed, {failed} failed");
        failed == 0
    }
}

impl Role {
    const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (verb, alert) = match self {
            Self::Done => return f.write_str("done"),
            Self::Failed(why) => return write!(f, "failed: {}", why.replace('\n', " / ")),
            Self::Refused(why) => return write!(f, "refused: {why}"),
            Self::Sent(alert) => ("sent", alert),
            Self::Got(alert) => ("got", alert),
        };
        write!(f, "{verb} {alert} {}", alert_name(*alert))
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "we {}; peer {}", self.us, self.peer)?;
        for fact in &self.facts {
            write!(f, "; {fact}")?;
        }
        Ok(())
    }
}

/// Returns the name in the RFC.
pub(crate) fn alert_name(alert: u8) -> String {
    AlertDescription(alert).to_string().to_lowercase()
}
