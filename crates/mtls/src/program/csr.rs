//! `mtls provision csr`: a request for a certificate, for a key in a file or outside of this program.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use clap::Args;
use embedded_mtls::Signature;
use embedded_mtls::credential::{CertificationRequest, CertificationSubject};
use embedded_mtls::crypto::rustcrypto::{P256SigningKey, RustCrypto};
use mtls_pki::key::{Key, KeyKind};
use mtls_pki::pem::{self, Held, Password};

use crate::args::{self, UsageError};
use crate::provision::{point, write_new};
use crate::report::say;

/// The options of `mtls provision csr`.
#[derive(Args, Debug)]
#[command(group = clap::ArgGroup::new("source").required(true).args(["new_key", "key", "signer"]))]
#[allow(clippy::doc_markdown, reason = "the documentation is the help text")]
pub(super) struct CsrArgs {
    /// The file of the request, in PEM, which is created
    request: PathBuf,
    /// The common name
    #[arg(long = "cn", visible_alias = "common-name", value_name = "NAME")]
    common_name: String,
    /// The organization
    #[arg(long, value_name = "NAME", default_value = "")]
    organization: String,
    /// A DNS name to ask for; may be repeated
    #[arg(long, value_name = "NAME")]
    dns: Vec<String>,
    /// Makes a key on P-256, and writes it to this file
    #[arg(long, value_name = "FILE")]
    new_key: Option<PathBuf>,
    /// PEM, DER or PKCS#12: the key on P-256
    #[arg(long, value_name = "FILE")]
    key: Option<String>,
    /// The password of an encrypted key: env:NAME, file:FILE or prompt
    #[arg(long, value_name = "SOURCE", requires = "key")]
    key_password: Option<String>,
    /// Has this command sign with a key that stays where it is: it reads the message, and writes an ECDSA signature with
    /// SHA-256 in DER, as openssl dgst -sha256 -sign does
    #[arg(long, value_name = "COMMAND", requires = "public_key")]
    signer: Option<String>,
    /// PEM: the public key of --signer
    #[arg(long, value_name = "FILE", requires = "signer")]
    public_key: Option<String>,
}

/// The signer of a request.
enum Signer<'a> {
    Key(Box<P256SigningKey>),
    Command(&'a str),
}

/// Bytes of a request beside its names.
const REQUEST: usize = 512;

impl CsrArgs {
    pub(super) fn run(&self) -> Result<u8, UsageError> {
        let (signer, public) = self.signer()?;
        let dns: Vec<&str> = self.dns.iter().map(String::as_str).collect();
        let names =
            self.common_name.len() + self.organization.len() + dns.iter().map(|name| name.len() + 8).sum::<usize>();
        let mut memory = vec![0; REQUEST + names];
        let subject =
            CertificationSubject { common_name: &self.common_name, organization: &self.organization, dns_names: &dns };
        let failed = |error| UsageError(format!("the request cannot be written: {error}"));
        let request = CertificationRequest::new(&subject, &public, &mut memory).map_err(failed)?;
        let signature = signer.sign(&request)?;
        let der = request.complete(&signature).map_err(failed)?;
        let text = pem::encode("CERTIFICATE REQUEST", [der]);
        let file = self.request.display();
        write_new(&self.request, text.as_bytes()).map_err(|error| UsageError(format!("{file}: {error}")))?;
        say!("{file}: a request for CN={}; send it to your CA", crate::report::printable(&self.common_name));
        Ok(0)
    }

    /// Returns the signer, and its public key.
    fn signer(&self) -> Result<(Signer<'_>, [u8; 65]), UsageError> {
        let unfit = |file: &str| UsageError(format!("{file}: found no key or another key, wanted one on P-256"));
        if let (Some(command), Some(file)) = (&self.signer, &self.public_key) {
            let held = Held::read(file, &Password::none())?;
            let point = held.public_keys.first().and_then(|info| point(info)).ok_or_else(|| unfit(file))?;
            return Ok((Signer::Command(command), point));
        }
        let (key, file) = match (&self.new_key, &self.key) {
            (Some(file), _) => {
                let key = Key::generate(KeyKind::P256).map_err(|error| UsageError(error.to_string()))?;
                let name = file.display().to_string();
                let written = write_new(file, key.to_pem().as_bytes());
                written.map_err(|error| UsageError(format!("{name}: {error}")))?;
                (Some(key), name)
            }
            (None, Some(file)) => {
                let source = self.key_password.as_deref();
                let password =
                    source.map_or_else(|| Ok(Password::ask()), |source| Password::parse("--key-password", source))?;
                (Held::read(file, &password)?.key, file.clone())
            }
            (None, None) => return Err(args::unfit("csr", "no key", "--key, --new-key or --signer")),
        };
        let scalar = key.and_then(|key| key.p256()).ok_or_else(|| unfit(&file))?;
        let key = P256SigningKey::from_bytes(&scalar).map_err(|_| unfit(&file))?;
        let public = key.public_key();
        Ok((Signer::Key(Box::new(key)), public))
    }
}

impl Signer<'_> {
    fn sign(&self, request: &CertificationRequest<'_>) -> Result<Signature, UsageError> {
        match self {
            Self::Key(key) => {
                let mut hedge = [0; 32];
                let random = getrandom::fill(&mut hedge);
                let digest = request.digest(RustCrypto).ok();
                let digest = digest.as_ref().and_then(|digest| digest.as_bytes().first_chunk());
                let signature =
                    digest.filter(|_| random.is_ok()).and_then(|digest| key.sign_digest(digest, &hedge).ok());
                signature.map(Signature::P256).ok_or_else(|| UsageError("the key cannot sign".to_owned()))
            }
            Self::Command(command) => sign_by(command, request.message()),
        }
    }
}

/// Has a command sign: through its standard input and output.
fn sign_by(command: &str, message: &[u8]) -> Result<Signature, UsageError> {
    let failed = |why: String| UsageError(format!("--signer {command}: {why}"));
    let mut words = command.split_whitespace();
    let program = words.next().ok_or_else(|| failed("found no program".to_owned()))?;
    let child = Command::new(program).args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = child.map_err(|error| failed(error.to_string()))?;
    // A command that does not read is judged by what it writes.
    let _ = child.stdin.take().map(|mut input| input.write_all(message));
    let output = child.wait_with_output().map_err(|error| failed(error.to_string()))?;
    let signature = Signature::encoded(&output.stdout).filter(|_| output.status.success());
    let wanted = "a signature in DER";
    signature
        .ok_or_else(|| failed(format!("found {} and {} bytes, wanted {wanted}", output.status, output.stdout.len())))
}
