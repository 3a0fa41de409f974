//! Faults on the way: the order arrives, or stays queued.

use crate::rows::Row;

/// All of them.
pub(crate) fn rows() -> Vec<Row> {
    Vec::new()
}
