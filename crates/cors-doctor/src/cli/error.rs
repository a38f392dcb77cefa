//! What is wrong with how the program was called.

use std::fmt;

/// A mistake in the arguments or in what they name, with what to write instead.
#[derive(Debug)]
pub(crate) struct Fault(pub(crate) String);

impl Fault {
    /// The exit status.
    pub(crate) const STATUS: u8 = 2;

    pub(crate) fn new(message: impl fmt::Display) -> Self {
        Self(message.to_string())
    }
}
