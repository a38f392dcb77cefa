//! The mix of requests, and what a response to each may be.

use std::fmt;

/// An origin that every policy allows, except for the one that allows none.
pub(super) const ALLOWED: &str = "https://app.example";
/// A pattern, by which `https://pr-7.app.example` is allowed, too.
pub(super) const PATTERN: &str = "https://pr-*.app.example";
/// Bytes of the large response.
pub(super) const BIG: usize = 256 * 1024;

const ORIGINS: [Option<&str>; 5] =
    [None, Some(ALLOWED), Some("https://pr-7.app.example"), Some("https://evil.example"), Some("null")];

/// What went wrong, and with which request, if it was one's. A busy machine chooses the request, so only kinds can be compared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Failure {
    pub(super) kind: String,
    pub(super) request: Option<String>,
}

impl From<String> for Failure {
    fn from(kind: String) -> Self {
        Self { kind, request: None }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.request {
            Some(request) => write!(f, "{}: {request}", self.kind),
            None => f.write_str(&self.kind),
        }
    }
}

/// What is sent.
pub(super) struct Request {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) origin: Option<&'static str>,
    /// The method that a preflight asks about.
    pub(super) preflight_for: Option<&'static str>,
    pub(super) body: &'static str,
}

impl Request {
    /// One of the mix.
    pub(super) fn any(random: &mut Random) -> Self {
        let (method, path, preflight_for, body) = *random.of(&[
            ("GET", "/notes", None, ""),
            ("GET", "/notes", None, ""),
            ("POST", "/notes", None, r#"{"text": "milk"}"#),
            ("PUT", "/notes/7", None, "bread"),
            ("DELETE", "/notes/7", None, ""),
            ("OPTIONS", "/notes/7", Some("PUT"), ""),
            ("OPTIONS", "/notes", Some("PATCH"), ""),
            ("GET", "/fail", None, ""),
            ("GET", "/nothing", None, ""),
            ("GET", "/big", None, ""),
        ]);
        Self { method, path, origin: *random.of(&ORIGINS), preflight_for, body }
    }

    /// The lines of its header section, after the request line and `Host`.
    pub(super) fn fields(&self) -> Vec<(&'static str, String)> {
        let mut fields = Vec::new();
        if let Some(origin) = self.origin {
            fields.push(("origin", origin.to_owned()));
        }
        if let Some(method) = self.preflight_for {
            fields.push(("access-control-request-method", method.to_owned()));
            fields.push(("access-control-request-headers", "content-type,x-request-id".to_owned()));
        }
        if !self.body.is_empty() {
            fields.push(("content-length", self.body.len().to_string()));
        }
        fields
    }

    /// It went wrong in this way.
    pub(super) fn failed(&self, kind: String) -> Failure {
        let request = format!("{} {} from {}", self.method, self.path, self.origin.unwrap_or("no origin"));
        Failure { kind, request: Some(request) }
    }

    /// Whether this is a response that some policy of the rotation gives. `fields` has lower-case names.
    pub(super) fn judge(&self, ours: bool, status: u16, fields: &[(String, String)]) -> Result<(), Failure> {
        let is_preflight = self.preflight_for.is_some() && self.origin.is_some();
        let statuses: &[u16] = match (self.method, self.path) {
            ("OPTIONS", _) if ours && is_preflight => &[204, 403],
            ("OPTIONS", _) => &[405],
            ("POST", _) => &[201],
            ("PUT" | "DELETE", _) => &[204],
            (_, "/fail") => &[500],
            (_, "/nothing") => &[404],
            _ => &[200],
        };
        if !statuses.contains(&status) {
            return Err(self.failed(format!("status {status}")));
        }
        let allowed: Vec<&str> = values(fields, "access-control-allow-origin").collect();
        let is_listed = self.origin.is_some_and(|origin| origin.ends_with("app.example"));
        let is_right = match allowed[..] {
            [] => status != 204 || !is_preflight,
            ["*"] => ours && values(fields, "access-control-allow-credentials").next().is_none(),
            [one] => {
                ours && is_listed
                    && Some(one) == self.origin
                    && values(fields, "vary").any(|vary| vary.contains("origin"))
            }
            _ => false,
        };
        if is_right { Ok(()) } else { Err(self.failed(format!("status {status}, allowed {allowed:?}"))) }
    }
}

fn values<'a>(fields: &'a [(String, String)], name: &'a str) -> impl Iterator<Item = &'a str> {
    fields.iter().filter(move |(own, _)| own == name).map(|(_, value)| value.as_str())
}

/// Xorshift: the same requests in each run.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or_default() % bound
    }

    pub(super) fn of<'a, T>(&mut self, among: &'a [T]) -> &'a T {
        &among[self.below(among.len())]
    }
}
