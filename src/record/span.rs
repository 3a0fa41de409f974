//! A range of a lent buffer, stored as positions so that it borrows nothing.

use crate::codec::move_to_front;
use core::ops::Range;

/// `start..end`, with `start <= end`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Span {
    pub(super) const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    pub(super) const fn len(self) -> usize {
        self.end.saturating_sub(self.start)
    }

    pub(super) const fn is_empty(self) -> bool {
        self.start >= self.end
    }

    pub(super) const fn range(self) -> Range<usize> {
        self.start..self.end
    }

    /// Drops `count` bytes from the front.
    pub(super) fn consume(&mut self, count: usize) {
        self.start = self.start.saturating_add(count).min(self.end);
    }

    pub(super) fn of(self, buffer: &[u8]) -> &[u8] {
        buffer.get(self.range()).unwrap_or(&[])
    }

    pub(super) fn of_mut(self, buffer: &mut [u8]) -> &mut [u8] {
        buffer.get_mut(self.range()).unwrap_or(&mut [])
    }

    /// Moves the bytes to `to`, which must be closer to the front, and returns their new span.
    pub(super) fn move_to(self, buffer: &mut [u8], to: usize) -> Self {
        if to < self.start && self.end <= buffer.len() {
            move_to_front(buffer, self.range(), to);
            Self::new(to, to.saturating_add(self.len()))
        } else {
            self
        }
    }
}
