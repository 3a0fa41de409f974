//! Our side, of either role, as people run it: the programs `gateway` and `supplier`. What became of a connection is read
//! from their events; the facts are the diagnosis and the exit code, too.

use crate::built;
use crate::pki::SERVER_NAME;
use crate::process::{LIMIT, Process};
use crate::table::{End, Outcome};
use crate::world::World;
use embedded_mtls::Diagnosis;
use embedded_mtls_operator::Finding;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread::{self, JoinHandle};

/// The order that gateways of either side post, and suppliers of either side take.
const ORDER: &str = include_str!("../../../../examples/data/order.xml");
/// Its name among the files of the world.
pub(crate) const ORDER_FILE: &str = "order.xml";
/// Whom both programs trust.
const AUTHORITIES: [&str; 2] = ["root.pem", "rsa-root.pem"];
/// The fact that there was one.
pub(crate) const RETRY: &str = "HelloRetryRequest";
/// The name for a side that sends no certificate.
pub(crate) const NOTHING: &str = "-";

/// The programs, which are built in the background.
pub(crate) struct Programs {
    build: Mutex<Option<JoinHandle<Result<PathBuf, String>>>>,
    directory: OnceLock<Result<PathBuf, String>>,
}

/// The observations on our side.
pub(crate) struct Seen {
    end: End,
    facts: Vec<String>,
}

impl Programs {
    pub(crate) fn build() -> Self {
        Self { build: Mutex::new(Some(thread::spawn(built::build))), directory: OnceLock::new() }
    }

    fn path(&self, program: &str) -> Result<String, String> {
        let finish = || {
            let build = self.build.lock().unwrap_or_else(PoisonError::into_inner).take();
            build.and_then(|thread| thread.join().ok()).unwrap_or_else(|| Err("the build panicked".into()))
        };
        let directory = self.directory.get_or_init(finish).as_ref().map_err(Clone::clone)?;
        Ok(directory.join(program).display().to_string())
    }

    /// Posts the order to the listener at `port`, as `shows`.
    pub(crate) fn post(&self, world: &World, port: u16, shows: &str, options: &[&str]) -> Result<Seen, String> {
        let order = world.files.write(ORDER_FILE, ORDER)?;
        let address = format!("127.0.0.1:{port}");
        let mut arguments = usual(world, shows, options);
        arguments.extend(["--connect", &address, "--server-name", SERVER_NAME, "--order", &order].map(String::from));
        arguments.extend(AUTHORITIES.into_iter().flat_map(|file| ["--ca".into(), world.file(file)]));
        let mut gateway = Process::start(&self.path("gateway")?, arguments)?;
        let status = gateway.await_status(LIMIT)?;
        let mut seen = Seen::of(&printed(&gateway));
        seen.facts.push(format!("exit {}", status.code().unwrap_or(-1)));
        Ok(seen)
    }

    /// Listens as `shows` for one connection, which `connect` makes to the port; also returns the result of that.
    pub(crate) fn serve<T>(
        &self,
        world: &World,
        shows: &str,
        options: &[&str],
        connect: impl FnOnce(u16) -> Result<T, String>,
    ) -> Result<(Seen, T), String> {
        world.files.write(ORDER_FILE, ORDER)?;
        let mut arguments = usual(world, shows, options);
        arguments.extend(["--listen", "127.0.0.1:0", "--once", "1"].map(String::from));
        arguments.extend(AUTHORITIES.into_iter().flat_map(|file| ["--client-ca".into(), world.file(file)]));
        let mut supplier = Process::start(&self.path("supplier")?, arguments)?;
        let port = |supplier: &Process| {
            let printed = String::from_utf8_lossy(&supplier.stdout()).into_owned();
            let (line, _) = printed.split_once('\n')?;
            line.rsplit_once(':')?.1.parse().ok()
        };
        supplier.await_sign("listened", |supplier| port(supplier).is_some())?;
        let theirs = connect(port(&supplier).unwrap_or_default())?;
        supplier.await_status(LIMIT)?;
        Ok((Seen::of(&printed(&supplier)), theirs))
    }
}

/// Builds the options that both programs take.
fn usual(world: &World, shows: &str, options: &[&str]) -> Vec<String> {
    let file = |end: &str| world.file(&format!("{shows}.{end}"));
    let own = (shows != NOTHING).then(|| ["--cert".into(), file("pem"), "--key".into(), file("key")]);
    let options = options.iter().map(ToString::to_string).chain(["--events".into()]);
    own.into_iter().flatten().chain(options).collect()
}

fn printed(program: &Process) -> String {
    String::from_utf8_lossy(&program.stdout()).into_owned() + &program.stderr()
}

impl Seen {
    fn of(printed: &str) -> Self {
        // The final message: among the events, a server that knows no time yet may name it differently.
        let told = |diagnosis: &&Diagnosis| printed.contains(&format!("That means: {}", Finding::from(**diagnosis)));
        let diagnosis = Diagnosis::ALL.iter().find(told);
        let name = diagnosis.map(|diagnosis| format!("{diagnosis:?}"));
        let agreed = after(printed, " agreed on ").into_iter().flat_map(|agreed| agreed.split(" and "));
        let retried = printed.contains(RETRY).then_some(RETRY);
        let client = after(printed, "client CN ").map(|name| format!("CN={name}"));
        let facts = agreed.chain(retried).map(str::to_owned).chain(client).chain(name).collect();
        Self { end: end(printed), facts }
    }

    /// Together with how it ended for the peer.
    pub(crate) fn with_peer(self, peer: End, facts: &[String]) -> Outcome {
        Outcome { us: self.end, peer, facts: self.facts }.and(facts)
    }
}

/// Reads from the events how the connection ended.
fn end(printed: &str) -> End {
    let fatal = |way: &str| {
        let numbers = printed.split(way).skip(1).filter_map(|rest| rest.split_once(' ')?.0.parse().ok());
        numbers.into_iter().find(|number| *number != 0)
    };
    if let Some(alert) = fatal(" received alert ") {
        End::Got(alert)
    } else if let Some(alert) = fatal(" sent alert ") {
        End::Sent(alert)
    } else if printed.contains("HTTP 200") {
        End::Done
    } else {
        End::Failed("without an alert".into())
    }
}

/// The rest of the first line with these words in it.
fn after<'a>(printed: &'a str, words: &str) -> Option<&'a str> {
    printed.split_once(words)?.1.lines().next()
}
