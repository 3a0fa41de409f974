//! `mtls provision csr`: a request for a certificate, for a key in a file or outside of this program.

use std::path::PathBuf;

use clap::Args;
use embedded_mtls::Signature;
use embedded_mtls::credential::{CertificationRequest, CertificationSubject};
use embedded_mtls::crypto::rustcrypto::{P256SigningKey, RustCrypto};
use embedded_mtls::crypto::{CryptoProvider, SignatureAlgorithm};
use mtls_pki::key::{Key, KeyKind};
use mtls_pki::pem::{self, Held, Password};
use serde::Serialize;

use super::drafts::Drafts;
use super::options::say_json;
use crate::args::{self, UsageError};
use crate::files::Readers;
use crate::provision::{point, through};
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
    /// Lists the files as JSON
    #[arg(long)]
    json: bool,
}

/// The files that were written, for `--json`.
#[derive(Serialize)]
struct Written<'a> {
    request: String,
    common_name: &'a str,
    new_key: Option<String>,
}

/// The signer of a request.
enum Signer<'a> {
    Key(Box<P256SigningKey>),
    /// A command, and the public key of what it signs with.
    Command(&'a str, [u8; 65]),
}

/// A new key: its file, and the content of that.
type NewKey<'a> = (&'a PathBuf, String);

/// Bytes of a request beside its names.
const REQUEST: usize = 512;

impl CsrArgs {
    pub(super) fn run(&self) -> Result<u8, UsageError> {
        let (signer, new_key) = self.signer()?;
        let public = signer.public();
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
        // Both files or none: a key without its request is of no use, and stands in the way of the next attempt.
        let mut drafts = Drafts::default();
        if let Some((file, pem)) = &new_key {
            drafts.new_file(file, pem.as_bytes(), Readers::Owner)?;
        }
        drafts.new_file(&self.request, text.as_bytes(), Readers::All)?;
        drafts.keep()?;
        if self.json {
            let key_file = self.new_key.as_ref().map(|file| file.display().to_string());
            say_json(&Written { request: file.to_string(), common_name: &self.common_name, new_key: key_file })?;
            return Ok(0);
        }
        say!("{file}: a request for CN={}; send it to your CA", crate::report::printable(&self.common_name));
        Ok(0)
    }

    /// Returns the signer, and the key that is made for it.
    fn signer(&self) -> Result<(Signer<'_>, Option<NewKey<'_>>), UsageError> {
        let unfit = |file: &str| UsageError(format!("{file}: found no key or another key, wanted one on P-256"));
        if let (Some(command), Some(file)) = (&self.signer, &self.public_key) {
            let held = Held::read(file, &Password::none())?;
            let [info] = &held.public_keys[..] else {
                let found = held.public_keys.len();
                return Err(UsageError(format!("{file}: found {found} public keys, wanted one")));
            };
            return Ok((Signer::Command(command, point(info).ok_or_else(|| unfit(file))?), None));
        }
        let (key, file) = match (&self.new_key, &self.key) {
            (Some(file), _) => {
                let key = Key::generate(KeyKind::P256).map_err(|error| UsageError(error.to_string()))?;
                (Some(key), file.display().to_string())
            }
            (None, Some(file)) => {
                let password = args::password("--key-password", self.key_password.as_deref())?;
                (Held::read(file, &password)?.key, file.clone())
            }
            (None, None) => return Err(args::unfit("csr", "no key", "--key, --new-key or --signer")),
        };
        let key = key.ok_or_else(|| unfit(&file))?;
        let new_key = self.new_key.as_ref().map(|file| (file, key.to_pem()));
        let key = key.p256().and_then(|scalar| P256SigningKey::from_bytes(&scalar).ok()).ok_or_else(|| unfit(&file))?;
        Ok((Signer::Key(Box::new(key)), new_key))
    }
}

impl Signer<'_> {
    fn public(&self) -> [u8; 65] {
        match self {
            Self::Key(key) => key.public_key(),
            Self::Command(_, public) => *public,
        }
    }

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
            Self::Command(command, public) => sign_by(command, public, request),
        }
    }
}

/// Has a command sign, and verifies its signature: a CA would reject the request of another key.
fn sign_by(command: &str, public: &[u8], request: &CertificationRequest<'_>) -> Result<Signature, UsageError> {
    let failed = |why: &str| UsageError(format!("--signer {command}: {why}"));
    let der = through("--signer", command, request.message(), "a signature in DER")?;
    let unfit = || failed(&format!("found {} bytes, wanted a signature in DER", der.len()));
    let signature = Signature::encoded(&der).ok_or_else(unfit)?;
    let digest = request.digest(RustCrypto).map_err(|_| failed("the request cannot be hashed"))?;
    let signed = if RustCrypto::VERIFIES_MESSAGES { request.message() } else { digest.as_bytes() };
    let verified = RustCrypto.verify(SignatureAlgorithm::EcdsaP256Sha256, public, signed, &der);
    verified.map_err(|_| failed("found a signature that --public-key does not verify"))?;
    Ok(signature)
}
