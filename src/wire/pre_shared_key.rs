//! `pre_shared_key` and `psk_key_exchange_modes` (RFC 9846 sections 4.3.9 and 4.3.11).

use super::enums::ExtensionType;
use super::extension::write;
use crate::codec::{Reader, Writer, read_all};
use crate::error::{Error, InvalidMessage};

/// PSK with (EC)DHE key establishment, the only mode that this crate has.
const PSK_DHE_KE: u8 = 1;
/// The shortest binder: a MAC of SHA-256.
const MIN_BINDER: usize = 32;

/// The pre-shared keys that a ClientHello offers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OfferedPsks<'a> {
    identities: &'a [u8],
    binders: &'a [u8],
}

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OfferedPsk<'a> {
    pub(crate) identity: &'a [u8],
    pub(crate) obfuscated_age: u32,
    pub(crate) binder: &'a [u8],
}

impl<'a> OfferedPsks<'a> {
    pub(crate) fn parse(body: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(body);
        let offered = Self { identities: reader.vec16()?, binders: reader.vec16()? };
        reader.finish()?;
        let identities = count(offered.identities, read_identity)?;
        let binders = count(offered.binders, read_binder)?;
        // RFC 9846 section 4.3.11: the binders are "one for each value in the identities list".
        if identities != binders {
            return Err(InvalidMessage::IllegalValue.into());
        }
        Ok(offered)
    }

    /// Lists what is offered, the best first.
    pub(crate) fn iter(self) -> impl Iterator<Item = OfferedPsk<'a>> {
        let (mut identities, mut binders) = (Reader::new(self.identities), Reader::new(self.binders));
        core::iter::from_fn(move || {
            let (identity, obfuscated_age) = read_identity(&mut identities).ok()?;
            Some(OfferedPsk { identity, obfuscated_age, binder: read_binder(&mut binders).ok()? })
        })
    }

    /// Returns the length of the binders list, which no binder covers (RFC 9846 section 4.3.11.2).
    pub(crate) const fn binders_len(self) -> usize {
        self.binders.len().saturating_add(2)
    }
}

impl OfferedPsk<'_> {
    /// Writes the extension that offers this one alone.
    pub(crate) fn emit(&self, w: &mut Writer<'_>) {
        write(w, ExtensionType::PRE_SHARED_KEY, |w| {
            w.vec16(|w| {
                w.vec16(|w| w.bytes(self.identity));
                w.bytes(&self.obfuscated_age.to_be_bytes());
            });
            w.vec16(|w| w.vec8(|w| w.bytes(self.binder)));
        });
    }

    /// Returns the length of the binders list as it is [written](Self::emit).
    pub(crate) const fn binders_len(&self) -> usize {
        self.binder.len().saturating_add(3)
    }
}

/// Writes the `psk_key_exchange_modes` of a client.
pub(crate) fn emit_modes(w: &mut Writer<'_>) {
    write(w, ExtensionType::PSK_KEY_EXCHANGE_MODES, |w| w.vec8(|w| w.u8(PSK_DHE_KE)));
}

/// Tells whether `psk_key_exchange_modes` has the mode with a key exchange.
pub(crate) fn has_key_exchange(body: &[u8]) -> Result<bool, InvalidMessage> {
    let modes = read_all(body, Reader::vec8)?;
    if modes.is_empty() { Err(InvalidMessage::EmptyVector) } else { Ok(modes.contains(&PSK_DHE_KE)) }
}

fn read_identity<'a>(reader: &mut Reader<'a>) -> Result<(&'a [u8], u32), InvalidMessage> {
    let identity = reader.vec16()?;
    // "opaque identity<1..2^16-1>"
    if identity.is_empty() { Err(InvalidMessage::EmptyVector) } else { Ok((identity, reader.u32()?)) }
}

fn read_binder<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], InvalidMessage> {
    let binder = reader.vec8()?;
    // "opaque PskBinderEntry<32..255>"
    if binder.len() < MIN_BINDER { Err(InvalidMessage::Truncated) } else { Ok(binder) }
}

/// Counts the entries of a list, all of which have to be right.
fn count<'a, T>(
    list: &'a [u8],
    read: impl Fn(&mut Reader<'a>) -> Result<T, InvalidMessage>,
) -> Result<usize, InvalidMessage> {
    let mut reader = Reader::new(list);
    let mut count = 0_usize;
    if reader.is_empty() {
        return Err(InvalidMessage::EmptyVector);
    }
    while !reader.is_empty() {
        read(&mut reader)?;
        count = count.saturating_add(1);
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn body(identities: &[&[u8]], binders: &[&[u8]]) -> Vec<u8> {
        let mut buffer = [0; 1024];
        let mut writer = Writer::new(&mut buffer);
        writer.vec16(|w| {
            for identity in identities {
                w.vec16(|w| w.bytes(identity));
                w.bytes(&[0, 0, 0, 7]);
            }
        });
        writer.vec16(|w| binders.iter().for_each(|binder| w.vec8(|w| w.bytes(binder))));
        writer.written().to_vec()
    }

    #[test]
    fn content_is_read_as_it_was_written() {
        let offered = OfferedPsk { identity: b"ticket", obfuscated_age: 0x0102_0304, binder: &[9; 48] };
        let mut buffer = [0; 128];
        let mut writer = Writer::new(&mut buffer);
        offered.emit(&mut writer);
        let extension = writer.written();
        let read = OfferedPsks::parse(&extension[4..]).unwrap();
        assert!(read.iter().eq([offered]));
        assert_eq!(read.binders_len(), offered.binders_len());
        for end in 4..extension.len() {
            assert!(OfferedPsks::parse(&extension[4..end]).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn each_identity_has_a_binder_of_the_length_of_a_hash() {
        let parse = |identities: &[&[u8]], binders: &[&[u8]]| {
            OfferedPsks::parse(&body(identities, binders)).map(|offered| offered.iter().count())
        };
        assert_eq!(parse(&[b"a", b"b"], &[&[0; 32], &[0; 255]]), Ok(2));
        assert_eq!(parse(&[b"a", b"b"], &[&[0; 32]]), Err(InvalidMessage::IllegalValue.into()));
        assert_eq!(parse(&[b"a"], &[&[0; 32], &[0; 32]]), Err(InvalidMessage::IllegalValue.into()));
        assert_eq!(parse(&[], &[&[0; 32]]), Err(InvalidMessage::EmptyVector.into()));
        assert_eq!(parse(&[b"a"], &[]), Err(InvalidMessage::EmptyVector.into()));
        assert_eq!(parse(&[b""], &[&[0; 32]]), Err(InvalidMessage::EmptyVector.into()));
        assert_eq!(parse(&[b"a"], &[&[0; 31]]), Err(InvalidMessage::Truncated.into()));
        let trailing = [&body(&[b"a"], &[&[0; 32]])[..], &[0]].concat();
        assert_eq!(OfferedPsks::parse(&trailing).err(), Some(InvalidMessage::TrailingBytes.into()));
    }

    #[test]
    fn the_mode_without_a_key_exchange_does_not_count() {
        assert_eq!(has_key_exchange(&[2, 0, 1]), Ok(true));
        assert_eq!(has_key_exchange(&[1, 0]), Ok(false));
        assert_eq!(has_key_exchange(&[0]), Err(InvalidMessage::EmptyVector));
        assert_eq!(has_key_exchange(&[1, 1, 1]), Err(InvalidMessage::TrailingBytes));
        let mut buffer = [0; 8];
        let mut writer = Writer::new(&mut buffer);
        emit_modes(&mut writer);
        assert_eq!(has_key_exchange(&writer.written()[4..]), Ok(true));
    }
}
