//! The supplier's web server: mutual TLS 1.3, HTTP/1.1, cXML orders. Try `--help`.

use std::net::TcpListener;
use std::process::ExitCode;

use embedded_mtls::{Role, Server};
use mtls_pki::pem::{self, Identity};

use crate::args::{self, PREFERENCES_HELP, Preferences, UsageError};
use crate::policy::{Around, Rules, SslInfo, expired, passed_over, warnings};
use crate::report::say;
use crate::supplier::{ClientAuthMode, Setup, serve};

const HELP: &str = "\
supplier - accepts cXML orders over mutual TLS 1.3

Usage: supplier --listen ADDRESS:PORT --cert FILE --key FILE [--client-ca FILE] [options]
   or: supplier --listen ADDRESS:PORT --policy FILE [--site FILE] [options]

  --listen A          address and port, such as 127.0.0.1:8443; port 0 selects a free one, printed in the first line
  --cert FILE         PEM: our certificate, then its intermediates; may be repeated, for --sni
  --key FILE          PEM: the key of the preceding --cert, PKCS#8 or SEC1, on P-256
  --sni NAME=ALIAS    clients that request NAME get the --cert FILE whose name without extension is ALIAS; others get the
                      first one
  --client-ca FILE    PEM: trusted authorities for clients; may be repeated
  --client-auth MODE  none, optional or required; by default required, or none without --client-ca
  --policy FILE       XML: an <SSLInfo>; its stores are next to the file, as crates/mtls/README.md describes, with the file
                      names of Kubernetes, certbot or AWS; replaces --cert, --key, --sni, --client-ca, --client-auth and
                      --post-handshake-auth. References are resolved for each connection
  --site FILE         XML: an <SSLInfo> with the <KeyAlias> of this site; the rest of the policy is locked
  --require-cn NAME   the common name that a client must have, otherwise it gets HTTP 403; may be repeated: any of them
  --post-handshake-auth PATH
                      request a client's certificate after the handshake, only when it requests PATH or a path below it, as
                      Apache does with SSLVerifyClient in a <Location>; may be repeated. A client that does not offer this
                      gets HTTP 403, and so does one that posts an order to another path. The handshake then requests a
                      certificate only with --client-auth; --require-cn applies to these paths
  --refuse-early      a client with another common name gets alert 49 in the handshake instead of HTTP 403
  --once N            end after N connections
{preferences}
  --help              this text

GET answers with a page about the client. POST accepts a cXML OrderRequest and answers with a cXML Response: HTTP 200
and cXML status 200 (accepted; the same answer to a repetition), 406 (cannot be read), 409 (payloadID used before for
another document) or 450 (not an order).
";

/// The setup that the command line describes.
struct Options {
    listen: String,
    setup: Setup,
    once: Option<usize>,
    /// Warnings about files that can be used in part only.
    warnings: Vec<String>,
}

/// Runs the supplier with the options of the process.
pub fn supplier() -> ExitCode {
    let outcome = match options(lexopt::Parser::from_env()) {
        Ok(None) => Ok(()),
        Ok(Some(options)) => run(&options),
        Err(UsageError(error)) => Err(UsageError(format!("{error}\nTry: supplier --help"))),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("supplier: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Reads the command line; returns `None` if it requests help, which is printed.
fn options(mut parser: lexopt::Parser) -> Result<Option<Options>, UsageError> {
    let (mut listen, mut once, mut client_auth, mut policy, mut site) = (None, None, None, None, None);
    let (mut files, mut names) = (Vec::<(String, Option<String>)>::new(), Vec::new());
    let (mut client_authorities, mut required_names, mut refuse_early) = (Vec::new(), Vec::new(), false);
    let (mut late_paths, mut of_files) = (Vec::new(), Vec::new());
    let mut preferences = Preferences::default();
    while let Some(argument) = parser.next()? {
        let lexopt::Arg::Long(name) = argument else { return Err(argument.unexpected().into()) };
        match name.to_owned().as_str() {
            "help" => {
                say!("{}", HELP.replace("{preferences}", PREFERENCES_HELP).trim_end());
                return Ok(None);
            }
            "listen" => listen = Some(args::text(&mut parser)?),
            "cert" => files.push((args::text(&mut parser)?, None)),
            "key" => match files.last_mut() {
                Some((_, key @ None)) => *key = Some(args::text(&mut parser)?),
                _ => return Err(UsageError("--key must follow the --cert it belongs to".to_owned())),
            },
            "sni" => names.push(args::text(&mut parser)?),
            "client-ca" => take_authorities(&args::text(&mut parser)?, &mut client_authorities, &mut of_files)?,
            "client-auth" => client_auth = Some(mode(&args::text(&mut parser)?)?),
            "policy" => policy = Some(args::text(&mut parser)?),
            "site" => site = Some(args::text(&mut parser)?),
            "require-cn" => required_names.push(args::text(&mut parser)?),
            "post-handshake-auth" => late_paths.push(late_path(&args::text(&mut parser)?)?),
            "refuse-early" => refuse_early = true,
            "once" => once = Some(args::parsed(&mut parser, "--once", "a number of connections")?),
            other => {
                if !preferences.take(other, &mut parser)? {
                    return Err(UsageError(format!("no such option: --{other}")));
                }
            }
        }
    }
    let has_own =
        !files.is_empty() || !client_authorities.is_empty() || client_auth.is_some() || !late_paths.is_empty();
    let rules = rules(policy, site, has_own || !names.is_empty())?;
    let asks_later = client_authorities.is_empty() || !late_paths.is_empty();
    let client_auth = client_auth.unwrap_or(if asks_later { ClientAuthMode::No } else { ClientAuthMode::Required });
    if client_authorities.is_empty() && (client_auth != ClientAuthMode::No || !late_paths.is_empty()) {
        let who = "--client-auth optional and required, and --post-handshake-auth, need --client-ca";
        return Err(UsageError(who.to_owned()));
    }
    let (identity, by_name) = match &rules {
        Some(_) => (None, Vec::new()),
        None => identities(files, &names).map(|(first, others)| (Some(first), others))?,
    };
    let setup = Setup {
        identity,
        named: by_name,
        client_authorities,
        client_auth,
        required_names,
        refuse_early,
        late_paths,
        preferences,
        rules,
    };
    Ok(Some(Options { listen: args::required(listen, "--listen")?, setup, once, warnings: of_files }))
}

/// Adds the authorities of a file, and the warnings about it.
fn take_authorities(file: &str, known: &mut Vec<Vec<u8>>, warnings: &mut Vec<String>) -> Result<(), UsageError> {
    let mut found = pem::authorities(file)?;
    known.append(&mut found.usable);
    warnings.extend(passed_over(&found.passed_over));
    Ok(())
}

/// Reads the policy, if there is one. It then provides identities and trust.
fn rules(policy: Option<String>, site: Option<String>, has_own: bool) -> Result<Option<Rules>, UsageError> {
    let Some(file) = policy else {
        let lonely = UsageError("--site needs --policy".to_owned());
        return if site.is_none() { Ok(None) } else { Err(lonely) };
    };
    if has_own {
        let found = "--cert, --sni, --client-ca, --client-auth or --post-handshake-auth beside it";
        return Err(UsageError(format!("--policy: found {found}, wanted one of the two ways")));
    }
    let info = SslInfo::read(&file, Around::Host)?;
    let site = site.map(|file| SslInfo::read_site(&file, Around::Host)).transpose()?;
    let rules = Rules::new(&file, info, site, None);
    rules.check::<Server>()?;
    Ok(Some(rules))
}

/// Reads the first identity, and those that `--sni` names.
fn identities(
    files: Vec<(String, Option<String>)>,
    names: &[String],
) -> Result<(Identity, Vec<(String, Identity)>), UsageError> {
    let mut known = Vec::new();
    for (cert, key) in files {
        let key = args::required(key, "--key")?;
        known.push((args::alias(&cert).to_owned(), pem::identity(&cert, &key)?));
    }
    let (_, first) = args::required(known.first(), "--cert")?;
    let mut by_name = Vec::new();
    for name in names {
        let unfit = || args::unfit("--sni", name, "NAME=ALIAS, ALIAS being the name of a --cert FILE without its end");
        let (name, alias) = name.split_once('=').ok_or_else(unfit)?;
        let (_, identity) = known.iter().find(|(found, _)| found == alias).ok_or_else(unfit)?;
        by_name.push((name.to_owned(), identity.clone()));
    }
    Ok((first.clone(), by_name))
}

/// Parses the value of `--post-handshake-auth`.
#[cfg(feature = "post-handshake-auth")]
fn late_path(path: &str) -> Result<String, UsageError> {
    let wanted = "a path from the root as in /orders, without any of ? # % \\ ; // /. and characters beyond ASCII";
    if crate::late::can_guard(path) {
        Ok(path.to_owned())
    } else {
        Err(args::unfit("--post-handshake-auth", path, wanted))
    }
}

/// Rejects `--post-handshake-auth`, which this build does not support.
#[cfg(not(feature = "post-handshake-auth"))]
fn late_path(path: &str) -> Result<String, UsageError> {
    let how = "this build asks nobody after the handshake; one that does is made with cargo build --features \
               post-handshake-auth";
    Err(UsageError(format!("--post-handshake-auth {path}: {how}")))
}

/// Parses the value of `--client-auth`.
fn mode(found: &str) -> Result<ClientAuthMode, UsageError> {
    match found {
        "none" => Ok(ClientAuthMode::No),
        "optional" => Ok(ClientAuthMode::Optional),
        "required" => Ok(ClientAuthMode::Required),
        _ => Err(args::unfit("--client-auth", found, "none, optional or required")),
    }
}

/// Lists the warnings to print at the start: certificates of ours that clients reject or soon will, and trust anchors
/// that cannot be used.
fn warnings_of(Options { setup, warnings: of_files, .. }: &Options) -> Result<Vec<String>, UsageError> {
    if let Some(rules) = &setup.rules {
        return rules.warnings::<Server>();
    }
    let named = setup.named.iter().map(|(name, identity)| (name.as_str(), identity));
    // An identity of --sni may also be the first.
    let first = setup.identity.iter().filter(|first| setup.named.iter().all(|(_, other)| other.chain != first.chain));
    let own = warnings(first.map(|first| ("--cert", first)).chain(named), Role::Server);
    Ok([of_files.clone(), own, expired(&setup.client_authorities)].concat())
}

/// Listens and serves.
fn run(options: &Options) -> Result<(), UsageError> {
    let failed = |error: std::io::Error| UsageError(format!("--listen {}: {error}", options.listen));
    let listener = TcpListener::bind(&options.listen).map_err(failed)?;
    say!("listening on {}", listener.local_addr().map_err(failed)?);
    for warning in warnings_of(options)? {
        eprintln!("supplier: {warning}");
    }
    serve(&options.setup, &listener, options.once, &|from, event| {
        // One write per report, so that reports of several threads do not mix.
        say!("{from} {event}");
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_stands_instead_of_other_options() {
        let pki = mtls_pki::throw_away::Pki::new().unwrap();
        let folder = std::env::temp_dir().join(format!("embedded-mtls-supplier-{}", std::process::id()));
        pki.write(&folder).unwrap();
        let file = |name: &str| folder.join(name).to_str().unwrap().to_owned();
        let joined = [file("supplier.pem"), file("supplier.key")].map(|file| std::fs::read_to_string(file).unwrap());
        std::fs::write(file("own.pem"), joined.concat()).unwrap();
        let text = "<SSLInfo><Enabled>true</Enabled><ClientAuthEnabled>true</ClientAuthEnabled><KeyStore>own</KeyStore>\
                    <TrustStore>root</TrustStore></SSLInfo>";
        std::fs::write(file("policy.xml"), text).unwrap();
        std::fs::write(file("bad.xml"), text.replace("<TrustStore>root</TrustStore>", "")).unwrap();
        let read = |line: &[&str]| {
            let options = options(lexopt::Parser::from_args(line)).map_err(|error| error.to_string());
            options.map(|options| options.expect("no help").setup.rules.is_some())
        };
        let (policy, bad, chain) = (file("policy.xml"), file("bad.xml"), file("supplier.pem"));
        assert_eq!(read(&["--listen", "127.0.0.1:0", "--policy", &policy]), Ok(true));
        let warned = |line: &[&str]| {
            let options = options(lexopt::Parser::from_args(line)).unwrap().expect("no help");
            warnings_of(&options).unwrap().pop()
        };
        assert_eq!(warned(&["--listen", "127.0.0.1:0", "--policy", &policy]), None);
        let [cert, key] = ["gateway.pem", "gateway.key"].map(file);
        let of_client = warned(&["--listen", "127.0.0.1:0", "--cert", &cert, "--key", &key]).expect("a warning");
        assert!(of_client.starts_with("warning: our certificate '--cert' cannot be sent: "), "{of_client}");
        let both = read(&["--listen", "127.0.0.1:0", "--policy", &policy, "--cert", &chain]).unwrap_err();
        assert!(both.ends_with("--post-handshake-auth beside it, wanted one of the two ways"), "{both}");
        let wrong = read(&["--listen", "127.0.0.1:0", "--policy", &bad]).unwrap_err();
        assert!(
            wrong.contains("bad.xml:1:33: ClientAuthEnabled 'true': found true on a server without TrustStore"),
            "{wrong}"
        );
        std::fs::remove_dir_all(folder).unwrap();
    }
}
