//! A blob that is refused: what is wrong, where, what was found there and what was wanted.

use core::fmt;

/// The reason why a blob is refused.
///
/// `Display` writes one line: `byte 16: the version: found 3, wanted at least 4: this is an older blob`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlobError {
    /// The rule that is broken.
    pub fault: Fault,
    /// The place of the fault, in bytes from the beginning of the blob.
    pub offset: usize,
    /// The number that was found there; the first eight bytes, if there are more; 0 if the rule has no number.
    pub found: u64,
    /// The number that is wanted instead, or the limit; 0 if the rule has no number.
    pub wanted: u64,
}

/// The rules for blobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The active identity is one of those in the blob.
    ActiveIdentity,
    /// No two identities have the same alias.
    Alias,
    /// The checksum is that of the content: the flash is not torn, worn or erased.
    Checksum,
    /// The firmware knows the format.
    Format,
    /// There are no more identities than a number can say.
    Identities,
    /// The firmware knows the kind of a key, a pin or what is denied.
    Kind,
    /// A field is as long as its length, and nothing follows the last one.
    Length,
    /// A blob begins with eight bytes that nothing else begins with.
    Magic,
    /// The name of an issuer is a name in DER.
    Name,
    /// The provider of cryptography works.
    Provider,
    /// Records are in the order of their numbers; a policy is always there.
    Record,
    /// Bits without a meaning are zero.
    Reserved,
    /// The key of the fleet has signed the content.
    Signature,
    /// All of the blob is there.
    Size,
    /// Texts are printable ASCII without spaces.
    Text,
    /// The version is not lower than the last one.
    Version,
}

impl Fault {
    /// The subject of the sentence.
    const fn subject(self) -> &'static str {
        match self {
            Self::ActiveIdentity => "the number of the active identity",
            Self::Alias => "an alias",
            Self::Checksum => "the checksum",
            Self::Format => "the format",
            Self::Identities => "the number of identities",
            Self::Kind => "the kind of a key, pin or denial",
            Self::Length => "a length",
            Self::Magic => "the first bytes",
            Self::Name => "the name of an issuer",
            Self::Provider => "the hash",
            Self::Record => "the number of a record",
            Self::Reserved => "reserved bits",
            Self::Signature => "the signature",
            Self::Size => "the length of the content",
            Self::Text => "a text",
            Self::Version => "the version",
        }
    }
}

impl fmt::Display for BlobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { fault, offset, found, wanted } = *self;
        write!(f, "byte {offset}: {}: ", fault.subject())?;
        match fault {
            Fault::ActiveIdentity => write!(f, "found {found}, wanted one below {wanted}, or 255 for none"),
            Fault::Alias => write!(f, "found that of identity {found} again, wanted each once"),
            Fault::Checksum => {
                write!(f, "found {wanted:016x}… for a content with {found:016x}…: it is damaged or incomplete")
            }
            Fault::Format => {
                write!(f, "found {found}, wanted {wanted}: the tool writes a format that this firmware does not know")
            }
            Fault::Identities => write!(f, "found {found}, wanted at most {wanted}"),
            Fault::Kind => write!(f, "found {found}, wanted 1 to {wanted}"),
            Fault::Length => write!(f, "found {found}, wanted {wanted}"),
            Fault::Magic if found == u64::MAX => write!(f, "found erased flash, wanted a blob"),
            Fault::Magic => write!(f, "found {found:016x}, wanted {wanted:016x}: this is no blob"),
            Fault::Name => write!(f, "found {found} bytes that are no name, wanted a name in DER"),
            Fault::Provider => write!(f, "found a provider that fails"),
            Fault::Record => write!(f, "found {found}, wanted one of {wanted} to 6"),
            Fault::Reserved => write!(f, "found {found:#x}, wanted {wanted}"),
            Fault::Signature => write!(f, "found one that the key of the fleet did not make"),
            Fault::Size => write!(f, "found {found}, wanted at most {wanted}: the end of the blob is missing"),
            Fault::Text => write!(f, "found the byte {found:#04x}, wanted printable ASCII without spaces"),
            Fault::Version => write!(f, "found {found}, wanted at least {wanted}: this is an older blob"),
        }
    }
}

impl core::error::Error for BlobError {}
