//! Path validation: the list of summaries, the rules, the checks, the search, and the path that it finds.

mod checks;
pub(super) mod issuer;
mod judge;
pub(super) mod levels;
pub(super) mod proof;
pub(super) mod rules;
pub(super) mod search;
pub(super) mod summaries;
pub(super) mod summary;
pub(super) mod trace;
pub(super) mod verified;
pub(super) mod waiver;
