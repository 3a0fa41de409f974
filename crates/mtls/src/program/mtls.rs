//! `mtls`: one program with a subcommand for each task. Try `--help`.

use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use clap::{Args, CommandFactory as _, Parser, Subcommand};
use mtls_pki::pem;

use super::device::DeviceArgs;
use super::explain::explain;
use super::inspect::{self, InspectArgs};
use super::options::{IdentityArgs, TrustArgs, path, say_json, warn_of, write_page};
use super::order::OrderTask;
use super::pki::PkiTask;
use super::progress;
use super::provision::ProvisionTask;
use super::run;
use super::serve::{ANSWERS, ServeArgs, take_orders};
use crate::args::{self, Preferences, UsageError};
use crate::check::{Own, Plan, Report, Target, Trust, check};
use crate::order::Wanted;
use crate::page::of_checks;
use crate::policy::{Anchors, passed_over};
use crate::report::{printable, say};

/// Exit codes, for the help and the manual page.
const EXIT_CODES: &str = "\
Exit codes, which are stable:
   0  all checks passed
   1  wrong options, or a file that cannot be used: nothing was sent
   2  it works, but needs attention: a certificate expires soon
  10  network: no address, no connection, a rejection by the proxy, or a broken connection
  20  TLS: the server does not speak TLS, or the handshake failed
  21  the authenticated server rejected our certificate or required one
  22  the server's certificate, or one above it, has expired or is not yet valid
  23  the server's certificate is self-signed
  24  the server's certificate was issued by a CA that we do not trust
  25  the server's certificate is for another name
  26  the server's certificate violates another rule
  27  the server never requested our certificate; --one-way accepts that
  30  HTTP: refused because of TLS, a proxy or the server's access rules
  31  HTTP: server trouble (5xx, 408, 425, 429)
  32  the response is not HTTP; --no-http ends the check before this step
With several hosts, the first code in command-line order that is neither 0 nor 2 counts.";

/// Mutual TLS 1.3 from the command line: reports what is wrong with a connection, which certificate is at fault, and who has to act.
#[derive(Debug, Parser)]
#[command(name = "mtls", version, max_term_width = 100, disable_help_subcommand = true)]
struct Mtls {
    #[command(subcommand)]
    task: Task,
}

/// The tasks.
#[derive(Debug, Subcommand)]
enum Task {
    /// Probes a server step by step, and reports where the connection fails, why, and who has to act
    ///
    /// DNS, TCP, TLS versions, chain, name, dates, purposes, client authentication, ALPN, HTTP, records, resumption: the
    /// check stops at the first cause of failure. It sends a `ClientHello` of TLS 1.2 on a separate connection, performs
    /// a TLS 1.3 handshake with the certificate that the server's request selects, and sends a GET request. Two more
    /// handshakes tell whether a device with little memory is served, and whether the server resumes the session.
    #[command(after_help = EXIT_CODES)]
    Check(Box<CheckArgs>),
    /// Writes, checks, posts and retries cXML orders
    Order {
        /// The task
        #[command(subcommand)]
        task: OrderTask,
    },
    /// Accepts cXML orders over mutual TLS 1.3, as a supplier's web server does
    #[command(after_help = ANSWERS)]
    Serve(Box<ServeArgs>),
    /// Names the content of files, puts chains in order, and reports what is wrong
    #[command(after_help = inspect::EXIT_CODES)]
    Inspect(InspectArgs),
    /// Creates a throw-away CA, and good and bad certificates from it, to try mutual TLS out with
    Pki {
        /// The task
        #[command(subcommand)]
        task: PkiTask,
    },
    /// Makes one signed blob of all that a device has to know: identities, trust anchors, endpoint, policy
    Provision {
        /// The task
        #[command(subcommand)]
        task: Box<ProvisionTask>,
    },
    /// Explains an alert (by number or name), a diagnosis, or the words of a web server or of another program
    Explain {
        /// For example 116, `certificate_required`, `OursMissing`, "The SSL certificate error", "PKIX path building failed"
        #[arg(required = true)]
        words: Vec<String>,
        /// Writes the explanation as JSON
        #[arg(long)]
        json: bool,
    },
    /// Writes shell completions to standard output
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Writes the manual page of a subcommand, or of all of them, to standard output
    Man {
        /// The subcommand
        subcommand: Option<String>,
    },
}

/// The options of `mtls check`.
#[derive(Args, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is an option of its own")]
struct CheckArgs {
    /// Servers: HOST, HOST:PORT or a URL; port 443 unless given
    #[arg(value_name = "HOST[:PORT]", required_unless_present_any = ["hosts", "blob"])]
    targets: Vec<String>,
    /// Reads further servers from a file: one per line, with comments after #
    #[arg(long, value_name = "FILE")]
    hosts: Option<String>,
    #[command(flatten)]
    device: DeviceArgs,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    identities: IdentityArgs,
    /// Sends the --cert FILE whose name without extension is NAME, regardless of the CAs that the server names
    #[arg(long, value_name = "NAME")]
    alias: Option<String>,
    /// Connects to this host or address under the name of the server, to test a single hop
    #[arg(long, value_name = "HOST[:PORT]")]
    connect_to: Option<String>,
    /// Connects through a proxy with HTTP CONNECT
    #[arg(long, value_name = "HOST:PORT")]
    proxy: Option<String>,
    /// Requests this server name, and requires it in the certificate, instead of the host
    #[arg(long, visible_alias = "server-name", value_name = "NAME")]
    sni: Option<String>,
    /// Requires this common name, literally, instead of the server name
    #[arg(long = "cn", visible_alias = "common-name", value_name = "NAME")]
    common_name: Option<String>,
    /// The common name is a pattern: *.example.com accepts abc.example.com
    #[arg(long, requires = "common_name")]
    wildcard_match: bool,
    /// Warns of certificates that expire within this time
    #[arg(long, value_name = "DAYS", default_value_t = 30)]
    warn_days: u16,
    /// After a fault in the server's certificates, looks for more faults, without sending our certificate
    #[arg(long)]
    insecure: bool,
    /// Accepts a server that requests no certificate
    #[arg(long)]
    one_way: bool,
    /// Requests this path by HTTP; by default that of the endpoint of --blob, else /
    #[arg(long, conflicts_with = "no_http", value_parser = path)]
    path: Option<String>,
    /// Ends the check after the handshake, for servers that do not speak HTTP
    #[arg(long)]
    no_http: bool,
    /// Limits the time of each step
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..))]
    timeout: u16,
    /// Maximum number of CA certificates above the server's, including the trust anchor
    #[arg(long, value_name = "N")]
    max_depth: Option<u8>,
    /// Maximum validity of the server's certificate in days, for example 398
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..))]
    max_validity: Option<u16>,
    /// Rejects certificates that RFC 5280 forbids CAs to issue, even if path validation accepts them
    #[arg(long)]
    strict: bool,
    /// Writes the report as JSON: an array with one object per server
    #[arg(long)]
    json: bool,
    /// Also writes the report to this file as a page of HTML, which needs nothing else
    #[arg(long, value_name = "FILE")]
    report: Option<String>,
}

/// Runs the program with the options of the process.
pub fn mtls() -> ExitCode {
    run(std::env::args_os(), |Mtls { task }| task.run())
}

impl Task {
    /// Performs the task.
    fn run(self) -> ExitCode {
        let done = match self {
            Self::Order { task } => return task.run(),
            Self::Serve(args) => return take_orders(*args, "mtls"),
            Self::Check(args) => check_all(&args),
            Self::Inspect(args) => args.run(),
            Self::Pki { task } => task.run(),
            Self::Provision { task } => task.run(),
            Self::Explain { words, json } => explained(&words.join(" "), json),
            Self::Completions { shell } => {
                clap_complete::generate(shell, &mut Mtls::command(), "mtls", &mut std::io::stdout());
                Ok(0)
            }
            Self::Man { subcommand } => manual(subcommand.as_deref()).map(|()| 0),
        };
        match done {
            Ok(code) => ExitCode::from(code),
            Err(error) => {
                eprintln!("mtls: {}", printable(&error.to_string()));
                ExitCode::from(1)
            }
        }
    }
}

/// Explains a word, or lists what can be explained.
fn explained(word: &str, json: bool) -> Result<u8, UsageError> {
    let wanted = "an alert, a name in docs/diagnoses.md, or words of a web server or of another program";
    let explanation = explain(word).ok_or_else(|| args::unfit("explain", word, wanted))?;
    if json {
        say_json(&explanation)?;
    } else {
        say!("{explanation}");
    }
    Ok(0)
}

/// Writes the manual page.
fn manual(subcommand: Option<&str>) -> Result<(), UsageError> {
    let mut command = Mtls::command();
    command.build();
    let page = match subcommand {
        None => command,
        Some(name) => command
            .find_subcommand(name)
            .cloned()
            .ok_or_else(|| args::unfit("man", name, "the name of a subcommand"))?,
    };
    clap_mangen::Man::new(page).render(&mut std::io::stdout()).map_err(|error| UsageError(error.to_string()))
}

/// Checks all servers in parallel, and writes the reports in the order of the arguments.
fn check_all(args: &CheckArgs) -> Result<u8, UsageError> {
    let plans = args.plans()?;
    let reports = side_by_side(&plans);
    if args.json {
        let json = serde_json::to_string_pretty(&reports).map_err(|error| UsageError(error.to_string()))?;
        say!("{json}");
    } else {
        for report in &reports {
            say!("{report}");
        }
        if reports.len() > 1 {
            let width = reports.iter().map(|report| report.target.len()).max().unwrap_or_default();
            for report in &reports {
                say!("{:<width$}  {:>3}  {}", report.target, report.exit_code, printable(&report.summary()));
            }
        }
    }
    if let Some(file) = &args.report {
        warn_of(write_page(file, &of_checks(&reports)));
    }
    Ok(exit_code(&reports))
}

/// Maximum number of servers that are checked at once.
const AT_ONCE: usize = 8;

/// Runs the checks on a few threads.
fn side_by_side(plans: &[Plan]) -> Vec<Report> {
    let next = AtomicUsize::new(0);
    let line = match plans {
        [one] => progress::wait(format!("checking {}", printable(&one.target.authority()))),
        _ => progress::count("servers checked", plans.len()),
    };
    let work = || {
        let mut done = Vec::new();
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(plan) = plans.get(place) else { return done };
            done.push((place, check(plan)));
            line.inc(1);
        }
    };
    let mut reports = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..plans.len().min(AT_ONCE)).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect::<Vec<_>>()
    });
    line.finish_and_clear();
    reports.sort_unstable_by_key(|(place, _)| *place);
    reports.into_iter().map(|(_, report)| report).collect()
}

/// Returns the exit code of all reports: the first failure, else a warning.
fn exit_code(reports: &[Report]) -> u8 {
    let of = |wanted: fn(&Report) -> bool| reports.iter().find(|report| wanted(report)).map(|report| report.exit_code);
    of(|report| report.fault.is_some()).or_else(|| of(|report| report.exit_code != 0)).unwrap_or_default()
}

impl CheckArgs {
    /// A plan for each server.
    fn plans(&self) -> Result<Vec<Plan>, UsageError> {
        let target = |option: &str, text: &str| {
            Target::parse(text, 443).ok_or_else(|| args::unfit(option, text, "HOST or HOST:PORT"))
        };
        let targets: Result<Vec<_>, _> = self.targets()?.iter().map(|text| target("HOST[:PORT]", text)).collect();
        let (targets, device) = (targets?, self.device.read(self.alias.as_deref())?);
        let (trust, identities) = match &device {
            None => (self.trust()?, self.identities()?),
            Some(_) => (Trust::default(), Vec::new()),
        };
        let preferences = Preferences {
            max_depth: self.max_depth,
            max_validity: self.max_validity,
            strict: self.strict,
            alpn: if self.no_http { Vec::new() } else { Preferences::default().alpn },
            ..Preferences::default()
        };
        let [connect_to, proxy] = [("--connect-to", &self.connect_to), ("--proxy", &self.proxy)]
            .map(|(option, text)| text.as_deref().map(|text| target(option, text)).transpose());
        let template = Plan {
            connect_to: connect_to?,
            proxy: proxy?,
            server_name: self.sni.clone(),
            common_name: self.common_name.clone().map(|name| Wanted { name, is_pattern: self.wildcard_match }),
            identities,
            insists: self.alias.is_some(),
            path: (!self.no_http).then(|| self.path.clone().unwrap_or_else(|| "/".to_owned())),
            patience: Duration::from_secs(u64::from(self.timeout)),
            warn_days: self.warn_days,
            one_way: self.one_way,
            insecure: self.insecure,
            preferences,
            ..Plan::new(Target { host: String::new(), port: 0 }, trust)
        };
        match device {
            None => Ok(targets.into_iter().map(|target| Plan { target, ..template.clone() }).collect()),
            Some(device) => device.plans(template, &targets, self.path.is_none()),
        }
    }

    /// Lists the servers of the command line and of the file.
    fn targets(&self) -> Result<Vec<String>, UsageError> {
        let mut targets = self.targets.clone();
        if let Some(file) = &self.hosts {
            let text = std::fs::read_to_string(file).map_err(|error| UsageError(format!("{file}: {error}")))?;
            let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
            targets.extend(lines.filter(|line| !line.is_empty()).map(str::to_owned));
        }
        if targets.is_empty() && self.device.blob.is_none() {
            return Err(UsageError("--hosts: found no server in the file, wanted one HOST[:PORT] per line".to_owned()));
        }
        Ok(targets)
    }

    /// Reads the trust anchors: from files, or from the store of the system.
    fn trust(&self) -> Result<Trust, UsageError> {
        let TrustArgs { ca, pin } = &self.trust;
        let Anchors { authorities, pins, passed_over: unusable } = self.trust.read()?;
        passed_over(&unusable).for_each(|warning| eprintln!("mtls: {warning}"));
        let origin = [&ca[..], &pin[..]].concat().join(", ");
        let mut trust = Trust { authorities, pins, files: ca.clone(), origin };
        if trust.origin.is_empty() {
            trust = of_system()?;
        }
        Ok(trust)
    }

    /// Reads the identities.
    fn identities(&self) -> Result<Vec<Own>, UsageError> {
        let read = self.identities.read(self.alias.as_deref())?;
        let own = |(identity, [cert, key]): (_, [String; 2])| Own {
            alias: args::alias(&cert).to_owned(),
            identity,
            files: (cert, key),
        };
        Ok(read.into_iter().map(own).collect())
    }
}

/// Maximum number of trust anchors of the core.
const MAX_ANCHORS: usize = 255;

/// Reads the store of the system. Unusable certificates are skipped: the user did not choose them.
fn of_system() -> Result<Trust, UsageError> {
    let found = rustls_native_certs::load_native_certs();
    let usable = found.certs.iter().map(|certificate| certificate.to_vec());
    let authorities: Vec<_> =
        usable.filter(|der| pem::standing(der) == pem::Standing::Authority).take(MAX_ANCHORS).collect();
    if authorities.is_empty() {
        let why = found.errors.first().map_or_else(|| "it is empty".to_owned(), ToString::to_string);
        return Err(UsageError(format!(
            "the store of the operating system: {why}; name the trusted CAs with --ca FILE"
        )));
    }
    Ok(Trust { authorities, origin: "the store of the operating system".to_owned(), ..Trust::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Mtls::command().debug_assert();
    }

    #[test]
    fn each_subcommand_has_a_manual_page() {
        for name in ["check", "completions", "explain", "inspect", "man", "order", "pki", "provision", "serve"] {
            assert_eq!(manual(Some(name)), Ok(()));
        }
        assert!(manual(Some("chekc")).is_err());
    }

    #[test]
    fn the_help_and_the_readme_list_the_same_exit_codes() {
        let readme = include_str!("../../README.md");
        let table = readme.split("The exit codes of `mtls check`").nth(1).expect("the table");
        let table = table.split("\n## ").next().expect("the table");
        let codes = table.lines().filter_map(|line| line.strip_prefix("| ")?.split(" |").next()?.parse::<u8>().ok());
        let help = EXIT_CODES
            .lines()
            .filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next()?.parse::<u8>().ok());
        assert!(codes.eq(help));
    }
}
