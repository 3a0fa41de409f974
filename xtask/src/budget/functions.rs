//! The stack of each public function.

use super::builds::{Build, CHACHA_P256, GCM_P256, MICRO, TUNED};
use super::cores::CORTEX_M4;
use super::table::{Table, grouped};
use super::{Extent, images, replay};
use crate::run::{Failure, Result};

/// The forms in which the image runs: on the sans-I/O API, on a stream, and without a connection.
const FORMS: [&[&str]; 2] = [&["client", "client_stream", "validator"], &["server", "server_stream"]];

/// The rules of the table.
const TEXT: &str = "\
The most bytes of stack that a call takes below its caller, on a Cortex-M4 in the profile *tuned*: the space for what it returns is in the frame
of the caller. The functions are in the order of their first call, with the stage of the handshake where it matters. A program on the
sans-I/O API needs the largest of these beside its own frames, with the handshake in one of them; for `Stream::establish` it is in the place that
the caller lends. The entry points of `embedded-mtls-micro` are in [its README](../crates/micro/README.md).

";

/// A function and its bytes: with `embedded-mtls-micro` and with RustCrypto, as client and as server.
struct Function {
    name: String,
    peaks: [Option<u64>; 4],
}

/// Builds and runs the image with both cryptographies.
pub(crate) fn measure(_: Extent) -> Result<String> {
    let mut functions = Vec::new();
    for (half, (build, choice)) in [(MICRO, CHACHA_P256), (TUNED, GCM_P256)].into_iter().enumerate() {
        eprintln!("building and running: the public functions, with {}", build.algorithms);
        replay::record(choice, "")?;
        images::compile(&build, &["replay_functions"], "replay")?;
        for (role, forms) in FORMS.iter().enumerate() {
            for form in *forms {
                read(&run(&build, form)?, half * FORMS.len() + role, &mut functions)?;
            }
        }
    }
    let columns = ["`embedded-mtls-micro`, client", "server", "RustCrypto, client", "server"];
    let mut table = Table::new(&["Function"], &columns);
    for Function { name, peaks } in functions {
        let cells = peaks.map(|peak| peak.map_or_else(|| "-".into(), grouped));
        table.row([name].into_iter().chain(cells));
    }
    Ok(format!("{TEXT}{}", table.into_text()))
}

fn run(build: &Build, form: &str) -> Result<String> {
    let choice = build.first_choice();
    let image = images::image(&CORTEX_M4, build, "replay_functions");
    let words = replay::words(choice);
    replay::twice(&CORTEX_M4, &image, &[&words[..], &[form]].concat(), &replay::recordings(choice, ""))
}

/// Reads lines of a number and a name into a column, of each function the largest one.
fn read(output: &str, column: usize, functions: &mut Vec<Function>) -> Result<()> {
    for line in output.lines() {
        let parsed = line.split_once(' ').and_then(|(peak, name)| Some((peak.parse::<u64>().ok()?, name)));
        let (peak, name) = parsed.ok_or_else(|| Failure::new(format!("the image printed: {line}")))?;
        let name = match name.split_once(" at ") {
            None => format!("`{name}`"),
            Some((name, stage)) if stage.starts_with("after ") => format!("`{name}` {stage}"),
            Some((name, stage)) => format!("`{name}` at {stage}"),
        };
        let index = functions.iter().position(|function| function.name == name).unwrap_or_else(|| {
            functions.push(Function { name, peaks: [None; 4] });
            functions.len() - 1
        });
        if let Some(place) = functions.get_mut(index).and_then(|function| function.peaks.get_mut(column)) {
            *place = (*place).max(Some(peak));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_of_all_calls_counts() {
        let mut functions = Vec::new();
        read("10 poll at Time\n7 write\n12 poll at Time\n11 poll at Time\n", 0, &mut functions).unwrap();
        read("8 write\n", 1, &mut functions).unwrap();
        let all: Vec<_> = functions.iter().map(|function| (&*function.name, function.peaks)).collect();
        assert_eq!(
            all,
            [("`poll` at Time", [Some(12), None, None, None]), ("`write`", [Some(7), Some(8), None, None])]
        );
        assert!(read("no number\n", 0, &mut functions).is_err());
    }
}
