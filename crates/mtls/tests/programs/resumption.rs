//! Resumption: a gateway's ticket, and suppliers that share the keys of theirs.

use std::sync::mpsc::Receiver;

use mtls::args::Preferences;
use mtls::order::{Delivery, Progress, connect, post};
use mtls::supplier::{Event, Setup};
use mtls::tickets::keys;
use mtls::tls::{Deadline, HostMemory, Timed};
use mtls_pki::throw_away::Pki;

use super::{PATIENCE, delivery, setup, start};

/// Starts a supplier whose tickets are sealed with a key of this digit.
fn supplier(pki: &Pki, folder: &std::path::Path, digit: &str) -> (String, Receiver<Event>) {
    let file = folder.join(format!("{digit}.keys"));
    std::fs::write(&file, digit.repeat(96)).unwrap();
    let tickets = Some((keys("--ticket-keys", file.to_str().unwrap()).unwrap(), 600));
    start(Setup { tickets, ..setup(pki) })
}

/// Posts an order; gives whether the session was resumed, for both sides, and the reason why the ticket was not used.
fn order(pki: &Pki, ticket: &str, (address, events): &(String, Receiver<Event>)) -> (bool, bool, Option<String>) {
    let preferences = Preferences { ticket: Some(ticket.to_owned()), ..Preferences::default() };
    let delivery = Delivery { preferences, ..delivery(pki, address) };
    let (mut resumed, mut unused) = (None, None);
    let stream = connect(&delivery.address, PATIENCE).unwrap();
    let mut memory = HostMemory::new();
    post(&delivery, Timed::new(stream, Deadline::new(PATIENCE)), memory.lend(), None, &mut |progress| match progress {
        Progress::Open(link, asked) => {
            assert_eq!(link.resumed.is_some(), asked.is_none());
            resumed = Some(link.resumed.is_some());
        }
        Progress::TicketUnused(error) => unused = Some(error.to_string()),
        _ => {}
    })
    .unwrap();
    let Event::Opened(link) = events.recv_timeout(PATIENCE).unwrap() else { panic!("not opened") };
    assert_eq!(link.peer.unwrap().common_name.unwrap(), "gateway-0042.plant.example");
    while !matches!(events.recv_timeout(PATIENCE).unwrap(), Event::Closed) {}
    (resumed.unwrap(), link.resumed.is_some(), unused)
}

#[test]
fn suppliers_that_share_keys_resume_each_others_sessions() {
    let pki = Pki::new().unwrap();
    let folder = std::env::temp_dir().join(format!("embedded-mtls-tickets-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let [one, two, other] = ["1", "1", "2"].map(|digit| supplier(&pki, &folder, digit));
    let file = folder.join("ticket");
    let ticket = file.to_str().unwrap();
    let (full, resumed) = ((false, false, None), (true, true, None));
    assert_eq!(order(&pki, ticket, &one), full);
    let first = std::fs::read(&file).unwrap();
    assert_eq!(order(&pki, ticket, &two), resumed);
    assert_eq!(order(&pki, ticket, &one), resumed);
    assert_ne!(std::fs::read(&file).unwrap(), first, "each is used once");
    assert_eq!(order(&pki, ticket, &other), full, "it has another key");
    assert_eq!(order(&pki, ticket, &other), resumed);

    // What is no ticket is not fatal, and what another identity got is not used.
    std::fs::write(&file, "no ticket").unwrap();
    let damaged = order(&pki, ticket, &one);
    assert_eq!(damaged, (false, false, Some("the ticket is corrupt, or from another version".to_owned())));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    std::fs::remove_dir_all(folder).unwrap();
}
