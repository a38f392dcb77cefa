//! Turns headers as they went over the wire into a request as a script made it: a browser writes many headers itself, and
//! a copied request does not say which.

use std::collections::HashSet;

use fetch_cors::browser::{Credentials, Mode, PageOrigin, Url};

use super::PastedRequest;

/// Headers that browsers write, which a script could set, too. In a copied request they are the browser's.
const BROWSERS_OWN: &[&str] = &[
    "accept",
    "accept-language",
    "cache-control",
    "if-modified-since",
    "if-none-match",
    "pragma",
    "priority",
    "purpose",
    "rtt",
    "downlink",
    "ect",
    "device-memory",
    "dpr",
    "save-data",
    "upgrade-insecure-requests",
    "viewport-width",
    "user-agent",
];

impl PastedRequest {
    /// Reads what the headers say about the page and about how the request was made, and leaves out those that a browser
    /// writes itself. To be called once, after all headers are known.
    pub(super) fn settle(&mut self) {
        let headers = std::mem::take(&mut self.headers);
        let is_copied = headers.iter().any(|(name, value)| {
            let name = name.to_ascii_lowercase();
            name.starts_with("sec-fetch-") || name == "user-agent" && value.starts_with("Mozilla/")
        });
        let mut requested = (None, None);
        for (name, value) in headers {
            match name.to_ascii_lowercase().as_str() {
                "origin" => self.page = PageOrigin::of(&value).or(self.page.take()),
                "referer" => self.page = self.page.take().or_else(|| PageOrigin::of(&value)),
                "cookie" => self.cookies = Some(value),
                "sec-fetch-mode" => self.settle_mode(&value),
                "access-control-request-method" => requested.0 = Some(value),
                "access-control-request-headers" => requested.1 = Some(value),
                "host" | "content-length" | "connection" | "accept-encoding" | "dnt" | "keep-alive"
                | "te" | "transfer-encoding" => {}
                lower if lower.starts_with("sec-") || lower.starts_with(':') => {}
                lower if is_copied && BROWSERS_OWN.contains(&lower) => {}
                "user-agent" => self.notes.push("User-Agent is left out: browsers send their own".to_owned()),
                _ => self.headers.push((name, value)),
            }
        }
        self.is_preflight = self.method.eq_ignore_ascii_case("OPTIONS");
        if let (true, Some(method)) = (self.is_preflight, requested.0) {
            self.become_actual(method, requested.1.as_deref().unwrap_or_default());
        }
        if self.cookies.is_some() && self.is_to_another_origin() {
            self.credentials = Credentials::Include;
        }
    }

    fn settle_mode(&mut self, value: &str) {
        match value {
            "no-cors" => self.mode = Mode::NoCors,
            "same-origin" => self.mode = Mode::SameOrigin,
            "navigate" | "websocket" => self.notes.push(format!(
                "the copied request has the mode {value}, to which CORS does not apply; it is checked as a fetch()"
            )),
            _ => self.mode = Mode::Cors,
        }
    }

    /// Somebody copied the preflight: what matters is the request that it is for.
    fn become_actual(&mut self, method: String, names: &str) {
        self.notes.push(format!(
            "what was pasted is a preflight; the request that it is for, a {method}, is checked"
        ));
        self.method = method;
        let mut listed: HashSet<String> =
            self.headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
        for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            if listed.insert(name.to_ascii_lowercase()) {
                let value = if name == "content-type" { "application/json" } else { "1" };
                self.headers.push((name.to_owned(), value.to_owned()));
            }
        }
    }

    fn is_to_another_origin(&self) -> bool {
        let (Some(page), Ok(url)) = (&self.page, Url::parse(&self.url)) else { return false };
        PageOrigin::of(url.as_str()).as_ref() != Some(page)
    }
}
