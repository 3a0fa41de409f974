//! Passwords of encrypted private keys. They never come from the command line, which other users of the machine can read.

use core::fmt;
use std::io::IsTerminal as _;
use std::sync::OnceLock;

use zeroize::Zeroizing;

use super::FileError;

/// The password of encrypted private keys, read from its source when it is first needed, and wiped when dropped.
#[derive(Clone)]
pub struct Password {
    source: Source,
    read: OnceLock<Result<Zeroizing<Vec<u8>>, FileError>>,
}

/// The source of a password.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Source {
    Unknown,
    Variable(String),
    File(String),
    Terminal,
}

/// The sources that can be named, for errors.
const SOURCES: &str = "env:NAME, file:FILE or prompt";

impl Password {
    /// Has no password: an encrypted key is refused.
    pub const fn none() -> Self {
        Self::from(Source::Unknown)
    }

    /// Asks on the terminal if there is one; otherwise an encrypted key is refused.
    pub fn ask() -> Self {
        let is_terminal = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        Self::from(if is_terminal { Source::Terminal } else { Source::Unknown })
    }

    /// Parses a source: `env:NAME` for an environment variable, `file:FILE` for the first line of a file, `prompt` for the
    /// terminal. `option` names the option in the error.
    ///
    /// # Errors
    /// Any other text, which is not quoted: it may be a password.
    pub fn parse(option: &str, text: &str) -> Result<Self, FileError> {
        let source = match text.split_once(':') {
            Some(("env", name)) if !name.is_empty() => Source::Variable(name.to_owned()),
            Some(("file", file)) if !file.is_empty() => Source::File(file.to_owned()),
            None if text == "prompt" => Source::Terminal,
            _ => return Err(FileError::new(option, "an unknown password source", SOURCES)),
        };
        Ok(Self::from(source))
    }

    const fn from(source: Source) -> Self {
        Self { source, read: OnceLock::new() }
    }

    /// Returns whether there is a source.
    pub fn is_given(&self) -> bool {
        self.source != Source::Unknown
    }

    /// Returns the password of `what`, which is `file`: a prompt names it.
    pub(super) fn of(&self, what: &str, file: &str) -> Result<&[u8], FileError> {
        let read = self.read.get_or_init(|| match &self.source {
            Source::Unknown => Err(FileError::new(file, format!("{what} without a password"), WANTED)),
            Source::Variable(name) => match std::env::var(name) {
                Ok(password) => Ok(Zeroizing::new(password.into_bytes())),
                Err(_) => Err(FileError::new(name, "no text in this environment variable", "the password of the key")),
            },
            Source::File(name) => first_line(name),
            Source::Terminal => match rpassword::prompt_password(format!("Password of {}: ", file.escape_debug())) {
                Ok(password) => Ok(Zeroizing::new(password.into_bytes())),
                Err(error) => Err(FileError::new("the terminal", error.to_string(), "the password of the key")),
            },
        });
        read.as_ref().map(|password| password.as_slice()).map_err(Clone::clone)
    }
}

/// The ways to give a password, or to do without one.
const WANTED: &str = "one: --key-password env:NAME, file:FILE or prompt; or a key without one, as openssl pkey -in FILE \
                      -out plain.pem writes it";

/// Reads a password as OpenSSL does: the first line, without its end.
fn first_line(name: &str) -> Result<Zeroizing<Vec<u8>>, FileError> {
    let mut text = super::read(name)?;
    if let Some(end) = text.iter().position(|byte| *byte == b'\n') {
        text.truncate(end);
    }
    if text.last() == Some(&b'\r') {
        text.pop();
    }
    Ok(text)
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Password").field("source", &self.source).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_named_and_a_password_on_the_command_line_is_rejected_without_quoting_it() {
        assert_eq!(Password::parse("-p", "env:PASS").unwrap().source, Source::Variable("PASS".into()));
        assert_eq!(Password::parse("-p", "file:C:\\pass").unwrap().source, Source::File("C:\\pass".into()));
        assert_eq!(Password::parse("-p", "prompt").unwrap().source, Source::Terminal);
        for text in ["hunter2", "pass:hunter2", "env:", "file:", ""] {
            let error = Password::parse("--key-password", text).unwrap_err().to_string();
            assert!(
                error.starts_with("--key-password: found an unknown password source") && !error.contains("hunter2"),
                "{error}"
            );
        }
    }

    #[test]
    fn a_variable_that_is_not_set_is_named() {
        let password = Password::parse("-p", "env:EMBEDDED_MTLS_NEVER_SET").unwrap();
        let error = password.of("a key", "key.pem").unwrap_err().to_string();
        assert!(error.starts_with("EMBEDDED_MTLS_NEVER_SET: found no text in this environment variable"), "{error}");
    }

    #[test]
    fn a_password_is_printed_nowhere() {
        let password = Password::none();
        password.read.set(Ok(Zeroizing::new(b"hunter2".to_vec()))).unwrap();
        assert!(!format!("{password:?}").contains("hunter2"));
        assert_eq!(password.of("a key", "key.pem").unwrap(), b"hunter2");
    }
}
