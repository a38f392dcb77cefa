//! The document's ports, and those that stand in for them while it is tried: others may use 3000 and 8080 on this machine.

use std::{
    io,
    net::{Ipv4Addr, TcpListener},
    ops::Range,
    process,
};

/// Above what programs usually listen on, below what systems take for connections.
const RANGE: Range<u16> = 20000..30000;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Ports {
    /// 3000 in the document.
    pub(crate) page: u16,
    /// 4000 in the document.
    pub(crate) second: u16,
    /// 8080 in the document's Rust.
    pub(crate) api: u16,
    /// 8080 in the document's page: it reaches the API through [`Wire`](crate::wire::Wire).
    pub(crate) wire: u16,
}

impl Ports {
    /// Four that are free now.
    pub(crate) fn find() -> io::Result<Self> {
        // Others who try the document at the same time begin elsewhere.
        let first = usize::try_from(process::id() % 1000 * 10).unwrap_or_default();
        let mut free = RANGE
            .skip(first)
            .chain(RANGE.take(first))
            .filter(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok());
        let mut next = || free.next().ok_or_else(|| io::Error::other("no port is free"));
        Ok(Self { page: next()?, second: next()?, api: next()?, wire: next()? })
    }

    /// A text of the document as the program has it.
    pub(crate) fn in_rust(self, text: &str) -> String {
        self.replace(text, self.api)
    }

    /// A text of the document as the browser has it.
    pub(crate) fn in_browser(self, text: &str) -> String {
        self.replace(text, self.wire)
    }

    fn replace(self, text: &str, api: u16) -> String {
        let mut replaced = String::with_capacity(text.len());
        for word in text.split_inclusive(|character: char| !character.is_ascii_digit()) {
            let digits = word.trim_end_matches(|character: char| !character.is_ascii_digit());
            match digits {
                "3000" => replaced += &self.page.to_string(),
                "4000" => replaced += &self.second.to_string(),
                "8080" => replaced += &api.to_string(),
                _ => replaced += digits,
            }
            replaced += &word[digits.len()..];
        }
        replaced
    }
}

pub(crate) fn are_replaced_where_they_stand_alone() -> Result<(), String> {
    let ports = Ports { page: 1, second: 2, api: 3, wire: 4 };
    let text = "http://localhost:3000/, (\"127.0.0.1\", 8080), 4000 13000 30001 3000";
    let replaced = ports.in_rust(text);
    if replaced != "http://localhost:1/, (\"127.0.0.1\", 3), 2 13000 30001 1" {
        return Err(replaced);
    }
    if ports.in_browser("8080") == "4" { Ok(()) } else { Err(ports.in_browser("8080")) }
}
