//! The key of a fleet on the command line.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::drafts::Drafts;
use super::options::say_json;
use crate::args::{self, UsageError};
use crate::files::Readers;
use crate::provision::{Fleet, rust_module};
use crate::report::say;

/// The options of `mtls provision fleet-key`.
#[derive(Args, Debug)]
pub(super) struct FleetKeyArgs {
    /// The file of the private key, which is created
    file: PathBuf,
    /// Also writes the public key as a Rust module
    #[arg(long, value_name = "FILE")]
    rust: Option<PathBuf>,
    /// Lists the files as JSON
    #[arg(long)]
    json: bool,
}

/// The files that were written, for `--json`.
#[derive(Serialize)]
struct Written {
    private: String,
    public: String,
    rust: Option<String>,
}

/// The key of the fleet.
#[derive(Args, Debug)]
#[allow(clippy::doc_markdown, reason = "the documentation is the help text")]
pub(super) struct FleetArgs {
    /// PEM: the private key of the fleet, on P-256, with which the blob is signed
    #[arg(long, value_name = "FILE")]
    fleet_key: String,
    /// The password of the fleet's key: env:NAME, file:FILE or prompt
    #[arg(long, value_name = "SOURCE")]
    fleet_key_password: Option<String>,
}

impl FleetKeyArgs {
    pub(super) fn run(&self) -> Result<u8, UsageError> {
        let (fleet, [private, public]) = Fleet::generate()?;
        let mut public_file = self.file.clone().into_os_string();
        public_file.push(".pub");
        let public_file = PathBuf::from(public_file);
        let mut drafts = Drafts::default();
        if let Some(file) = &self.rust {
            drafts.replacing(file, rust_module(fleet.public(), None).as_bytes(), Readers::All)?;
        }
        drafts.new_file(&public_file, public.as_bytes(), Readers::All)?;
        drafts.new_file(&self.file, private.as_bytes(), Readers::Owner)?;
        drafts.keep()?;
        if self.json {
            let [private, public] = [&self.file, &public_file].map(|file| file.display().to_string());
            say_json(&Written { private, public, rust: self.rust.as_ref().map(|file| file.display().to_string()) })?;
            return Ok(0);
        }
        say!("{}: the private key; keep it as you keep the key that signs firmware", self.file.display());
        say!("{}: the public key, for images and for mtls provision show", public_file.display());
        Ok(0)
    }
}

impl FleetArgs {
    pub(super) fn read(&self) -> Result<Fleet, UsageError> {
        let password = args::password("--fleet-key-password", self.fleet_key_password.as_deref())?;
        Fleet::read(&self.fleet_key, &password)
    }
}
