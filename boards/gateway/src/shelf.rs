//! A board for tests.

use crate::settings::{Board, Unreadable};
use embedded_mtls::KeyHandle;
use mtls_order::Journal;
use std::vec::Vec;
use zeroize::Zeroizing;

/// A board that gives what a test has put there, and keeps a key and a blob unless it is broken.
#[derive(Default)]
pub(crate) struct Shelf {
    /// The random bytes that are left.
    pub(crate) random: Vec<[u8; 32]>,
    pub(crate) key: Option<[u8; 32]>,
    /// It keeps no key, and refuses blobs.
    pub(crate) is_broken: bool,
    /// It does not return the key.
    pub(crate) is_unreadable: bool,
    /// It signs with key 7.
    pub(crate) signs: bool,
    pub(crate) memory: Vec<u8>,
    /// The last blob that has come.
    pub(crate) stored: Vec<u8>,
}

impl Journal for Shelf {
    fn load(&mut self, _: &mut [u8]) -> Option<usize> {
        None
    }
    fn store(&mut self, _: &[u8]) -> bool {
        false
    }
    fn clear(&mut self) -> bool {
        false
    }
}

impl Board for Shelf {
    fn entropy(&mut self, out: &mut [u8]) -> bool {
        let Some(bytes) = self.random.pop() else { return false };
        out.copy_from_slice(&bytes);
        true
    }
    fn blob_memory(&mut self) -> &mut [u8] {
        &mut self.memory
    }
    fn take_blob(&mut self, len: usize) -> bool {
        self.stored = self.memory[..len].to_vec();
        !self.is_broken
    }
    fn own_key(&mut self) -> Result<Option<Zeroizing<[u8; 32]>>, Unreadable> {
        if self.is_unreadable { Err(Unreadable) } else { Ok(self.key.map(Zeroizing::new)) }
    }
    fn keep_own_key(&mut self, key: &[u8; 32]) -> bool {
        self.key = Some(*key).filter(|_| !self.is_broken);
        !self.is_broken
    }
    async fn sign(&mut self, key: KeyHandle, _: &[u8; 32], _: &[u8]) -> Option<[u8; 64]> {
        (self.signs && key == KeyHandle(7)).then_some([1; 64])
    }
    fn stack(&self) -> Option<(usize, usize)> {
        None
    }
}
