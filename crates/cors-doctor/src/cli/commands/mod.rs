//! One module per command.

pub(super) mod audit;
pub(super) mod check;
pub(super) mod completions;
pub(super) mod diff;
pub(super) mod explain;
pub(super) mod pasted;
pub(super) mod policy;
