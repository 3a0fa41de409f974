//! A capture of the simulated network opens in tshark, decrypted.

#![allow(missing_docs)]

use std::cell::RefCell;
use std::process::Command;
use std::rc::Rc;
use std::time::Duration;

use embedded_mtls_sim::{Report, Run, Scenario};

const HOUR: Duration = Duration::from_secs(3600);

/// Returns the fields of each packet that `filter` lets through, as tshark reads them.
fn dissect(report: &Report, name: &str, filter: &str, fields: &[&str]) -> Vec<Vec<String>> {
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&file, report.capture.as_ref().unwrap().bytes()).unwrap();
    let mut tshark = Command::new("tshark");
    tshark.arg("-n").arg("-r").arg(&file).args(["-Y", filter, "-T", "fields"]);
    tshark.args(fields.iter().flat_map(|field| ["-e", field]));
    let output = tshark.output().unwrap_or_else(|error| panic!("tshark ({error}): install it by `cargo xtask setup`"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    printed.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

#[test]
fn a_capture_shows_orders_and_answers_of_the_gateways_that_were_asked_for() {
    let scenario = Scenario::calm(1, 4, HOUR);
    let report = Run::new(&scenario).capture(1..3).finish().unwrap();
    let fields = ["ip.src", "ip.dst", "tcp.dstport", "http.request.method", "http.response.code", "frame.time_epoch"];
    let seen = dissect(&report, "calm.pcapng", "http", &fields);
    let of = |from: &str, to: &str| seen.iter().filter(|row| (row[0].as_str(), row[1].as_str()) == (from, to)).count();
    assert_eq!(
        (of("10.1.0.1", "10.0.0.1"), of("10.1.0.2", "10.0.0.1"), of("10.0.0.1", "10.1.0.2")),
        (2, 2, 2),
        "{seen:?}"
    );
    assert_eq!(seen.len(), 8, "{seen:?}");
    assert!(seen.iter().all(|row| row[3] == "POST" && row[2] == "443" || row[4] == "200"), "{seen:?}");
    assert!(seen.iter().all(|row| row[5].starts_with("1795320") || row[5].starts_with("179532")), "{seen:?}");
    let names = dissect(&report, "names.pcapng", "tls.handshake.type == 11", &["x509sat.uTF8String"]).concat().concat();
    assert!(names.contains("gateway-1.plant.example") && names.contains("supplier.example"), "{names}");
    // Nothing is wrong with a calm network: no missing bytes, checksums or sequence numbers.
    let odd = dissect(
        &report,
        "odd.pcapng",
        "tcp.analysis.flags || _ws.malformed || tls.alert_message.level == 2",
        &["frame.number"],
    );
    assert!(odd.is_empty(), "{odd:?}");
}

#[test]
fn a_capture_says_which_packets_the_network_spoiled() {
    let report = Run::new(&Scenario::storm(1, 8, HOUR * 4)).capture(0..8).finish().unwrap();
    let said = dissect(&report, "storm.pcapng", "frame.comment", &["frame.comment"]).concat();
    let count = |words: &str| u64::try_from(said.iter().filter(|comment| comment.contains(words)).count()).unwrap();
    assert_eq!(
        (count("bit is flipped") > 0, count("attacker"), count("lost")),
        (true, report.network.forged, report.network.lost)
    );
    let seen = dissect(&report, "again.pcapng", "tcp.analysis.retransmission", &["frame.number"]);
    assert!(!seen.is_empty());
    let resets = dissect(&report, "resets.pcapng", "tcp.flags.reset == 1", &["frame.number"]);
    assert!(u64::try_from(resets.len()).unwrap() >= report.network.reset && report.network.reset > 0, "{resets:?}");
}

#[test]
fn neither_a_capture_nor_a_listener_changes_the_run() {
    let scenario = Scenario::storm(5, 3, HOUR);
    let heard = Rc::new(RefCell::new(Vec::new()));
    let listener = Rc::clone(&heard);
    let run = Run::new(&scenario).capture(0..3).on_progress(HOUR, move |progress| listener.borrow_mut().push(progress));
    let mut captured = run.finish().unwrap();
    captured.capture = None;
    assert_eq!(captured, embedded_mtls_sim::run(&scenario).unwrap());
    let heard = heard.borrow();
    assert_eq!(
        heard.iter().map(|progress| progress.time).collect::<Vec<_>>(),
        [1, 2, 3, 4, 5].map(|hours| HOUR * hours)
    );
    assert!(heard.iter().all(|progress| progress.end == HOUR * 5 && progress.stored == 6), "{heard:?}");
    assert_eq!(heard[4].to_string(), format!("5.0 of 5.0 h: 6 orders, 6 accepted, {} attempts", captured.attempts));
}
