//! The cause behind a verdict: not only the rule that blocked a request, but why the server, something in front of it, or the
//! page broke that rule, with evidence and a remedy. Without I/O.
//!
//! **Use it** where a person reads a verdict. Most CORS errors are not a wrong policy: a preflight that gets 401 because
//! authentication runs first, a 502 whose page has no CORS headers, a redirect to a login page. The browser reports the same
//! rule for all of them.
//!
//! The examples of [`diagnose`] and [`Examination`] show both ways to use it.
//!
//! [`diagnose`] is a pure function of a [`Case`]. If two causes look alike, it says so ([`Certainty::Likely`]) and names the
//! [`Probe`]s that would tell them apart; [`Examination`] is the loop that sends them. It never asks for more than `n + 4` of
//! them for `n` request headers (36, if there are more than 32), and eight more for origins that are easily confused. None is sent to a URL that looks signed
//! or one-time, and secrets go only to the origin that they were given for.
//!
//! - What is given: [`case`](Case), [`Probed`].
//! - What comes out: [`Diagnosis`], with a [`Cause`], a [`Remedy`], [`Evidence`] and [`Note`]s, each with words in `Display`.

mod case;
mod cause;
mod examination;
mod facts;
mod known;
mod notes;
mod probe;
mod remedy;
mod report;
mod rules;
mod signed;
mod words;

pub use case::{Case, Exchanged, Failure, Hints, Probed, Received, Sent};
pub use cause::{Cause, RedirectKind};
pub use examination::{Examination, WantedRequest};
pub use probe::{Probe, Purpose};
pub use report::{Certainty, Diagnosis, Evidence, Note, Place, Remedy};
pub use rules::diagnose;
