//! The options of faults and answers on request.

use std::path::Path;

use clap::Args;
use mtls_pki::pem::{self, Identity};
use mtls_pki::throw_away::ExtendedKeyUsagePurpose::ServerAuth;
use mtls_pki::throw_away::{Flaw, Leaf, Tree};

use super::options::IdentityArgs;
use crate::args::{UsageError, unfit};
use crate::certificate::Certificate;
use crate::supplier::{Answer, Fault};

/// Faults and answers.
#[derive(Args, Debug)]
pub(super) struct ScriptArgs {
    /// The fault of the first connection; may be repeated, for the next ones; the last one stays. For laboratories
    #[arg(long, value_name = "FAULT")]
    fault: Vec<String>,
    /// The answer to the first order; may be repeated, for the next ones; the last one stays
    #[arg(long, value_name = "ANSWER", value_parser = Answer::parse)]
    pub(super) answer: Vec<Answer>,
}

impl ScriptArgs {
    /// Returns the faults. Those of certificates are in files beside the first one, or are made by the authority that is there.
    pub(super) fn faults(&self, identities: &IdentityArgs, has_policy: bool) -> Result<Vec<Fault>, UsageError> {
        let fault = |word: &String| {
            let flaw = Flaw::parse(word).filter(|flaw| *flaw != Flaw::MissingIntermediate);
            if has_policy && (flaw.is_some() || word == "missing-intermediate") {
                return Err(UsageError(format!("--fault {word}: found --policy beside it, wanted --cert")));
            }
            match flaw {
                Some(flaw) => faulty(flaw, identities),
                None => Fault::parse(word).ok_or_else(|| unfit("--fault", word, "one that --help lists")),
            }
        };
        self.fault.iter().map(fault).collect()
    }
}

/// Reads the identity with a fault.
fn faulty(flaw: Flaw, identities: &IdentityArgs) -> Result<Fault, UsageError> {
    let (cert, _) = identities.files.first().ok_or_else(|| UsageError("--cert is missing".to_owned()))?;
    let path = Path::new(cert);
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let file = |ending: &str| path.with_file_name(format!("{stem}-{}.{ending}", flaw.name())).display().to_string();
    let (chain, key) = (file("pem"), file("key"));
    let password = identities.password()?;
    let identity = if Path::new(&chain).exists() {
        pem::identity(&chain, &key, &password)?
    } else if let Ok(tree) = Tree::read(path.parent().unwrap_or(Path::new(""))) {
        let (_, key) = identities.files.first().map_or((cert, None), |(cert, key)| (cert, key.as_ref()));
        made(flaw, &tree, &pem::identity(cert, key.unwrap_or(cert), &password)?)?
    } else {
        let how = format!("that file: mtls pki issue FOLDER --server NAME --bad {} writes it", flaw.name());
        return Err(UsageError(format!("--fault {}: found no {chain}, wanted {how}", flaw.name())));
    };
    Ok(Fault::Identity(flaw.name().to_owned(), identity))
}

/// Makes an identity with a fault for the names of the usual one.
fn made(flaw: Flaw, tree: &Tree, usual: &Identity) -> Result<Identity, UsageError> {
    let failed = |why: String| UsageError(format!("--fault {}: {why}", flaw.name()));
    let read = usual.chain.first().and_then(|der| Certificate::read(der));
    let names = read.map(|read| read.names).unwrap_or_default();
    let names = names.iter().filter_map(|name| name.strip_prefix("DNS:").or(name.strip_prefix("IP:")));
    let names: Vec<_> = names.map(str::to_owned).collect();
    let first = names.first().ok_or_else(|| failed("found no name in the certificate of --cert".to_owned()))?;
    let leaf = Leaf { names: names.clone(), ..Leaf::new(first, ServerAuth) };
    tree.flawed(flaw, &leaf, usual.key.kind()).map_err(|error| failed(error.to_string()))
}
