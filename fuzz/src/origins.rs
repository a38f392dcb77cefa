//! Origins and patterns made of few parts, so that they often match or nearly match.

use arbitrary::Arbitrary;

const SCHEMES: [&str; 10] = [
    "https",
    "http",
    "chrome-extension",
    "moz-extension",
    "safari-web-extension",
    "vscode-webview",
    "tauri",
    "file",
    "com.acme.app",
    "htps",
];
const LABELS: [&str; 24] = [
    "a",
    "b",
    "aa",
    "ab",
    "example",
    "com",
    "co",
    "uk",
    "github",
    "io",
    "localhost",
    "xn--bcher-kva",
    "xn--a",
    "a-b",
    "-",
    "_a",
    "",
    "10",
    "192",
    "168",
    "0",
    "255",
    "256",
    "A",
];
const PIECES: [&str; 12] = ["", "a", "b", "-", "_", "ab", "pr-", "xn--", "xn--bcher-", "-web", "0", "."];
const STARS: [&str; 16] =
    ["a", "b", "0", "-", "a.b", "a.b.a", "", "_", "kva", "255", "256", "01", "xn--a", "a.", ".a", "A"];
const PORTS: [&str; 12] = ["", "", "", ":8443", ":*", ":1", ":65535", ":65536", ":443", ":80", ":08443", ":"];
const EXTENSIONS: [&str; 5] = [
    "abcdefghijklmnopabcdefghijklmnop",
    "0b1f5e1c-5b5c-4b5c-8b5c-0b1f5e1c5b5c",
    "0B1F5E1C-5B5C-4B5C-8B5C-0B1F5E1C5B5C",
    "[::1]",
    "[2001:db8::1]",
];

/// An entry of `allow_origins`.
#[derive(Arbitrary, Clone, Debug)]
pub enum Entry {
    /// Of parts.
    Built {
        scheme: u8,
        front: Front,
        labels: Vec<u8>,
        port: u8,
    },
    /// A name of an extension, or an address.
    Named {
        scheme: u8,
        name: u8,
        port: u8,
    },
    /// A host around the longest one.
    Long {
        label: u8,
        labels: u8,
        last: u8,
        wildcard: bool,
    },
    Any,
    Text(String),
}

/// What stands at the beginning of a host.
#[derive(Arbitrary, Clone, Debug)]
pub enum Front {
    Nothing,
    Subdomains,
    InLabel(u8, u8),
    /// So many octets at the end are `*`.
    Octets(u8),
}

fn choose<'a>(choices: &[&'a str], choice: u8) -> &'a str {
    choices[usize::from(choice) % choices.len()]
}

impl Entry {
    pub fn text(&self) -> String {
        match self {
            Self::Built { scheme, front, labels, port } => {
                let labels: Vec<&str> = labels.iter().take(4).map(|label| choose(&LABELS, *label)).collect();
                let host = match front {
                    Front::Nothing => labels.join("."),
                    Front::Subdomains => format!("*.{}", labels.join(".")),
                    Front::InLabel(prefix, suffix) => {
                        format!(
                            "{}*{}.{}",
                            choose(&PIECES, *prefix),
                            choose(&PIECES, *suffix),
                            labels.join(".")
                        )
                    }
                    Front::Octets(stars) => {
                        let mut octets = ["10", "192", "168", "1"];
                        for (octet, label) in octets.iter_mut().zip(&labels) {
                            *octet = label;
                        }
                        octets[4 - usize::from(stars % 5)..].fill("*");
                        octets.join(".")
                    }
                };
                format!("{}://{host}{}", choose(&SCHEMES, *scheme), choose(&PORTS, *port))
            }
            Self::Named { scheme, name, port } => {
                let name = if *name == u8::MAX { "*" } else { choose(&EXTENSIONS, *name) };
                format!("{}://{name}{}", choose(&SCHEMES, *scheme), choose(&PORTS, *port))
            }
            Self::Long { label, labels, last, wildcard } => {
                let start =
                    format!("{}.", "l".repeat(usize::from(label % 66))).repeat(usize::from(labels % 5));
                let star = if *wildcard { "*." } else { "" };
                format!("https://{star}{start}{}.example.com", "k".repeat(usize::from(last % 66)))
            }
            Self::Any => "*".to_owned(),
            Self::Text(text) => text.clone(),
        }
    }
}

/// An origin that an entry may match.
#[derive(Arbitrary, Clone, Debug)]
pub struct Instance {
    pub entry: u8,
    stars: [u8; 3],
    port: u8,
    change: Option<(u8, u8)>,
    raw: Option<Vec<u8>>,
}

impl Instance {
    /// One that is made of one of these entries.
    pub fn of(&self, entries: &[String]) -> Vec<u8> {
        if let Some(raw) = &self.raw {
            return raw.clone();
        }
        let Some(entry) = entries.get(usize::from(self.entry) % entries.len().max(1)) else {
            return b"https://a.example".to_vec();
        };
        let mut text = match entry.strip_suffix(":*") {
            Some(rest) => format!("{rest}{}", choose(&PORTS, self.port)),
            None => entry.clone(),
        };
        for star in self.stars {
            let star = match star {
                255 => "abcdefghijklmnopabcdefghijklmnop",
                254 => "0b1f5e1c-5b5c-4b5c-8b5c-0b1f5e1c5b5c",
                253 => "llllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll",
                _ => choose(&STARS, star),
            };
            text = text.replacen('*', star, 1);
        }
        let mut bytes = text.into_bytes();
        if let Some((place, byte)) = self.change
            && !bytes.is_empty()
        {
            let place = usize::from(place) % bytes.len();
            if byte == 0 {
                {
                    bytes.remove(place);
                }
            } else {
                bytes[place] = byte
            }
        }
        bytes
    }
}
