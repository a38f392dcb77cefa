//! What must not be shown, and what is sent only to the origin that it was given for.

use fetch_cors::browser::{Url, readable};
use serde_json::Value;

use super::needles::Needles;
use crate::paste::PastedRequest;

/// The secrets of a request: cookies, credentials in headers, and parameters that look like keys.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    /// The origin that they were given for.
    origin: Option<String>,
    cookies: Option<String>,
    /// What is replaced in all output.
    values: Needles,
}

/// Shorter values are of no use as secrets, and would be replaced in the middle of words.
const SHORTEST: usize = 4;
const MASK: &str = "***";

impl Secrets {
    /// Those of a request.
    pub fn of(request: &PastedRequest) -> Self {
        let url = Url::parse(&request.url).ok();
        let mut values = Vec::new();
        for pair in request.cookies.iter().flat_map(|cookies| cookies.split(';')) {
            let value = pair.split_once('=').map_or(pair, |(_, value)| value);
            values.push(value.trim().trim_matches('"').to_owned());
        }
        for (name, value) in &request.headers {
            if is_secret_name(name) {
                values.extend(value.split([' ', ',', ';']).map(ToOwned::to_owned));
                values.push(value.clone());
            }
        }
        if let Some(url) = &url {
            values.extend(user_and_password(&request.url).map(ToOwned::to_owned));
            // As the URL is shown: what had to be encoded is encoded.
            values.extend(url.password().map(ToOwned::to_owned));
            values.push(url.username().to_owned());
            for (name, value) in url.query_pairs() {
                if is_secret_name(&name) {
                    values.push(value.into_owned());
                }
            }
            for pair in url.query().unwrap_or_default().split('&') {
                if let Some((name, value)) = pair.split_once('=')
                    && is_secret_name(name)
                {
                    values.push(value.to_owned());
                }
            }
        }
        // As a message shows them: one line, without control characters.
        let shown: Vec<String> = values.iter().map(|value| readable(value.as_bytes(), usize::MAX)).collect();
        values.extend(shown);
        let is_word = |value: &str| {
            ["bearer", "basic", "digest", "token"].contains(&value.to_ascii_lowercase().as_str())
        };
        values.retain(|value| value.len() >= SHORTEST && !is_word(value));
        let values = Needles::new(values.iter().map(String::as_str));
        let origin = url.map(|url| url.origin().ascii_serialization());
        Self { origin, cookies: request.cookies.clone(), values }
    }

    /// The cookies for a URL, if they were given for its origin.
    pub fn cookies_for(&self, url: &Url) -> Option<&str> {
        let is_same = self.origin.as_ref() == Some(&url.origin().ascii_serialization());
        self.cookies.as_deref().filter(|_| is_same)
    }

    /// The same in every text of a JSON value. What stays as it is: names of members, and the members with one of these names,
    /// whose values are words of the program's own, by which others decide.
    pub fn mask_value(&self, value: Value, own: &[&str]) -> Value {
        match value {
            Value::String(text) => Value::String(self.mask(&text)),
            Value::Array(list) => list.into_iter().map(|entry| self.mask_value(entry, own)).collect(),
            Value::Object(members) => members
                .into_iter()
                .map(|(name, member)| {
                    let is_own = own.contains(&name.as_str());
                    (name, if is_own { member } else { self.mask_value(member, own) })
                })
                .collect(),
            other => other,
        }
    }

    /// The text without secrets: the known ones, and parameters of URLs that look like keys.
    ///
    /// ```
    /// use cors_doctor::{paste::PastedRequest, probe::Secrets};
    ///
    /// let mut request = PastedRequest::new("GET", "https://api.example/?api_key=abcdef&page=2");
    /// request.headers.push(("Authorization".to_owned(), "Bearer abc.def".to_owned()));
    /// let secrets = Secrets::of(&request);
    /// assert_eq!(secrets.mask("GET /?api_key=abcdef&page=2 as abc.def"), "GET /?api_key=***&page=2 as ***");
    /// assert_eq!(Secrets::default().mask("'Authorization: Bearer eyJhbGci.x'"), "'Authorization: Bearer ***'");
    /// assert_eq!(secrets.mask("location: /login?token=xyz#top"), "location: /login?token=***#top");
    /// ```
    pub fn mask(&self, text: &str) -> String {
        // The known ones first: what else looks like one may end in the middle of them.
        mask_schemes(&mask_parameters(&self.values.replace(text, MASK)))
    }
}

/// The user name and the password of a URL, as they were written.
fn user_and_password(url: &str) -> impl Iterator<Item = &str> {
    let rest = url.split_once(':').map_or("", |(_, rest)| rest.trim_start_matches(['/', '\\']));
    let authority = rest.split(['/', '\\', '?', '#']).next().unwrap_or_default();
    let both = authority.rsplit_once('@').map_or("", |(both, _)| both);
    let (user, password) = both.split_once(':').unwrap_or((both, ""));
    [user, password].into_iter()
}

/// Replaces what follows the name of an authentication scheme.
fn mask_schemes(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut is_credential = false;
    for word in
        text.split_inclusive(|character: char| character.is_whitespace() || "'\",;".contains(character))
    {
        let bare =
            word.trim_end_matches(|character: char| character.is_whitespace() || "'\",;".contains(character));
        // Shorter words are of a sentence about it.
        if is_credential
            && bare.len() >= 8
            && bare.chars().any(|character| character.is_ascii_digit() || "=._-".contains(character))
        {
            masked.extend([MASK, &word[bare.len()..]]);
        } else {
            masked.push_str(word);
        }
        is_credential =
            ["bearer", "basic", "digest"].iter().any(|scheme| bare.to_ascii_lowercase().ends_with(scheme));
    }
    masked
}

/// Replaces the values of parameters that look like keys.
fn mask_parameters(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(place) = rest.find(['?', '&']) {
        let (before, after) = rest.split_at(place + 1);
        masked.push_str(before);
        rest = after;
        let is_end = |character: char| "&# '\"<>)".contains(character) || character.is_control();
        // The name alone first: a value is read to its end only if it is masked, so that nothing is read again and again.
        let name_end = rest.find(|character: char| "=?".contains(character) || is_end(character));
        if let Some((name, value)) = name_end.and_then(|end| rest.split_at_checked(end))
            && let Some(value) = value.strip_prefix('=')
            && is_secret_name(name)
            && let value = value.split(is_end).next().unwrap_or_default()
            && !value.is_empty()
        {
            let end = name.len() + "=".len() + value.len();
            masked.extend([name, "=", MASK]);
            // A full stop after a URL is the sentence's.
            rest = &rest[if value.len() > 1 && value.ends_with('.') { end - 1 } else { end }..];
        }
    }
    masked + rest
}

/// Whether a header or a parameter of this name usually has a secret as its value.
pub fn is_secret_name(name: &str) -> bool {
    const PARTS: &[&str] = &[
        "auth",
        "cookie",
        "credential",
        "jwt",
        "passw",
        "secret",
        "session",
        "signature",
        "ticket",
        "token",
        "apikey",
        "accesskey",
        "csrf",
        "xsrf",
    ];
    let name: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|character| character.to_ascii_lowercase())
        .collect();
    PARTS.iter().any(|part| name.contains(part))
        || matches!(name.as_str(), "key" | "sig" | "code" | "pwd" | "otp" | "sid")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In a sentence, a parameter ends where a URL would: at a bracket, a quotation mark or white space.
    #[test]
    fn a_known_secret_is_masked_as_a_whole() {
        for value in
            ["abcd).%20efgh", "abcd)efgh", "abcd'efgh", "ab'cd", "abcd.", "Bearer%20abcd)ef", "abcd(e)fgh)ij"]
        {
            let url = format!("https://api.example/a?token={value}&b=1");
            let secrets = Secrets::of(&PastedRequest::new("GET", &url));
            for text in [url.clone(), Url::parse(&url).unwrap().to_string()] {
                let masked =
                    secrets.mask(&format!("Access to fetch at '{text}' from origin 'https://app.example'"));
                assert_eq!(
                    masked,
                    "Access to fetch at 'https://api.example/a?token=***&b=1' from origin 'https://app.example'",
                    "{value}"
                );
            }
        }
    }

    #[test]
    fn user_names_and_passwords_are_masked_as_written_and_as_encoded() {
        for (url, shown) in [
            ("https://[alice:wonder land@api.example/", "https://***:***@api.example/"),
            ("https://al|ce:w^nder@api.example/a?b#c", "https://***:***@api.example/a?b#c"),
            ("https://alice:w@nder@api.example", "https://***:***@api.example"),
            ("https:alice:wonder@api.example/", "https:***:***@api.example/"),
            (r"https:\\alice:wonder[@api.example/", r"https:\\***:***@api.example/"),
            ("https://al%69ce:wonder:land@api.example/", "https://***:***@api.example/"),
            ("https://alice:won\u{1}der\u{85}@api.example/", "https://***:***@api.example/"),
            ("https://api.example/alice:wonder@x", "https://api.example/alice:wonder@x"),
        ] {
            let secrets = Secrets::of(&PastedRequest::new("GET", url));
            assert_eq!(secrets.mask(url), shown);
            // As the verdict says it.
            assert_eq!(secrets.mask(&readable(url.as_bytes(), usize::MAX)), shown);
            let encoded = Url::parse(url).unwrap();
            let masked = secrets.mask(encoded.as_str());
            for secret in [encoded.username(), encoded.password().unwrap_or_default()] {
                assert!(secret.is_empty() || !masked.contains(secret), "{masked}");
            }
        }
    }
}
