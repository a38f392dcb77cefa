//! Why a browser blocks a request, really. This is the library behind the command-line tool `cors-doctor`, without I/O:
//!
//! - [`paste`] reads what people have at hand: a `curl` command, a `fetch()` call, a HAR file, the output of `curl -i`;
//! - [`explain`] reads console messages of three engines;
//! - [`audit`] plans the requests that show what a server lets other sites do, and judges the responses.

pub mod audit;
pub mod command;
pub mod explain;
pub mod paste;
pub mod probe;
pub mod recipes;
pub mod report;
pub mod terminal;
pub mod words;
