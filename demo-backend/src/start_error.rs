//! Why the Lab could not be started, in words that say what to do.

use std::{fmt, io, net::SocketAddr};

use crate::session::policy_file::PolicyFileError;

/// Why nothing was started.
#[derive(Debug)]
pub enum StartError {
    /// The text is not an address, and why.
    BadAddress(String, String),
    /// Another program listens there, or the system doesn't allow it.
    CannotListen(SocketAddr, io::Error),
    /// The policy can't be read.
    Policy(PolicyFileError),
    /// A folder or file of the Lab's own is not where it should be.
    Missing(&'static str),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadAddress(address, why) => {
                write!(
                    f,
                    "{address:?} is not an address to listen at ({why}); write one such as localhost:8080"
                )
            }
            Self::CannotListen(address, error) if error.kind() == io::ErrorKind::AddrInUse => {
                write!(
                    f,
                    "{address} is taken by another program; stop that one, or choose another port with --api, --page or --attacker"
                )
            }
            Self::CannotListen(address, error) => write!(f, "can't listen at {address}: {error}"),
            Self::Policy(error) => error.fmt(f),
            Self::Missing(what) => {
                write!(f, "{what} was not found; start the demo from the project's folder")
            }
        }
    }
}

impl std::error::Error for StartError {}
