//! The blob of a device, in place of the options that it replaces.

use std::path::PathBuf;

use clap::Args;
use embedded_mtls::crypto::rustcrypto::RustCrypto;
use embedded_mtls_blob::{Blob, Pin, Site};
use mtls_pki::pem::{self, Password};

use super::drafts::at;
use crate::args::{UsageError, unfit};
use crate::check::{Own, Plan, Target, Trust};
use crate::deny::Denials;
use crate::provision::{Fleet, own_identity};
use crate::report::printable;

/// The blob of a device.
#[derive(Args, Debug)]
#[allow(clippy::doc_markdown, reason = "the documentation is the help text")]
pub(super) struct DeviceArgs {
    /// Connects as a device with this blob: to its endpoint, unless a HOST is given, with its trust anchors, its active identity
    /// or that of --alias, its policy, and what it denies
    #[arg(long, value_name = "FILE", conflicts_with_all = ["ca", "pin", "cert", "key", "key-password", "hosts", "sni", "common_name", "max_depth", "max_validity"])]
    pub(super) blob: Option<PathBuf>,
    /// PEM: the public key of the fleet, which has to have signed the blob
    #[arg(long, value_name = "FILE", requires = "blob")]
    fleet_key_pub: Option<String>,
}

/// The settings in a blob.
pub(super) struct Device {
    /// The server, its name, and the path of the requests.
    endpoint: Option<(Target, String, String)>,
    trust: Trust,
    identity: Option<Own>,
    denied: Denials,
    max_depth: Option<u8>,
    max_validity: Option<u16>,
}

impl DeviceArgs {
    /// Reads the blob, if there is one.
    pub(super) fn read(&self, alias: Option<&str>) -> Result<Option<Device>, UsageError> {
        let Some(file) = &self.blob else { return Ok(None) };
        let bytes = std::fs::read(file).map_err(|error| at(file, &error))?;
        let name = file.display().to_string();
        let opened = if let Some(key) = &self.fleet_key_pub {
            let fleet = Fleet::read(key, &Password::ask())?;
            Blob::open(RustCrypto, &bytes, fleet.public(), 0)
        } else {
            eprintln!("mtls: warning: the signature of {} is not checked: no --fleet-key-pub", printable(&name));
            Blob::dangerous_unsigned(RustCrypto, &bytes)
        };
        let blob = opened.map_err(|error| UsageError(format!("{name}: {error}")))?;
        Device::of(&blob, &name, alias).map(Some)
    }
}

impl Device {
    /// Takes the settings as a device does at a site with this alias.
    fn of(blob: &Blob<'_>, name: &str, alias: Option<&str>) -> Result<Self, UsageError> {
        let failed = |why: String| UsageError(format!("{name}: {why}"));
        let chosen = blob.at_site(&Site { alias, endpoint: None }).map_err(|error| failed(error.to_string()))?;
        let identity = match chosen.identity {
            None => None,
            Some(identity) => {
                let own = own_identity(&identity).map_err(failed)?;
                if own.is_none() {
                    let alias = printable(identity.alias);
                    eprintln!(
                        "mtls: warning: the key of {alias} is not here, but in the device: no certificate is sent"
                    );
                }
                let alias = identity.alias.to_owned();
                own.map(|own| Own { alias, files: (String::new(), String::new()), identity: own })
            }
        };
        // What a device with room for all anchors refuses.
        blob.trust::<255>().map_err(|error| failed(error.to_string()))?;
        let pins = blob.pins().map(|pin| match pin {
            Pin::Fingerprint(sha256) => pem::Pin::Fingerprint(sha256),
            Pin::Key(info) => pem::Pin::Key(info.to_vec()),
        });
        Ok(Self {
            endpoint: chosen.endpoint.map(|endpoint| {
                let target = Target { host: endpoint.host.to_owned(), port: endpoint.port };
                (target, endpoint.server_name.to_owned(), endpoint.path.to_owned())
            }),
            trust: Trust {
                authorities: blob.anchors().map(<[u8]>::to_vec).collect(),
                pins: pins.collect(),
                origin: name.to_owned(),
                files: Vec::new(),
            },
            identity,
            denied: Denials::of_blob(blob.deny_list()),
            max_depth: blob.policy.max_depth,
            max_validity: blob.policy.max_validity_days,
        })
    }

    /// Puts the settings into a plan; without a target of the command line, it is that of the blob.
    pub(super) fn plans(self, template: Plan, targets: &[Target], default_path: bool) -> Result<Vec<Plan>, UsageError> {
        let mut plan = Plan {
            trust: self.trust,
            identities: self.identity.into_iter().collect(),
            denied: self.denied,
            ..template
        };
        plan.preferences.max_depth = self.max_depth;
        plan.preferences.max_validity = self.max_validity;
        match (targets, self.endpoint) {
            ([], None) => Err(unfit("--blob", "no endpoint in it", "one, or a HOST")),
            ([], Some((target, server_name, path))) => {
                plan.path = plan.path.map(|given| if default_path { path } else { given });
                Ok(vec![Plan { target, server_name: Some(server_name), ..plan }])
            }
            (targets, _) => Ok(targets.iter().map(|target| Plan { target: target.clone(), ..plan.clone() }).collect()),
        }
    }
}
