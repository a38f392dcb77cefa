//! A `curl` command line: what a browser's "Copy as cURL" writes, for bash and for `cmd`, and what people type.

mod options;

use std::collections::HashSet;

use fetch_cors::browser::{PageOrigin, Url};

use options::{WITH_ARGUMENT, WITHOUT_ARGUMENT, long_name};

use super::{Body, PasteError, PastedRequest, encode, excerpt, shell::words};

/// Reads a command line.
///
/// ```
/// let request = cors_doctor::paste::curl::parse("curl -X PUT https://api.example/items/1 -H 'X-A: 1' -d '{}'").unwrap();
/// assert_eq!(request.method, "PUT");
/// assert_eq!(request.headers[0], ("X-A".to_owned(), "1".to_owned()));
/// ```
///
/// # Errors
///
/// If a quote is not closed, an option is not one of `curl`'s, or there is no URL.
pub fn parse(text: &str) -> Result<PastedRequest, PasteError> {
    let words = words(text)?;
    let start = words.iter().position(|word| is_curl(word)).ok_or_else(|| {
        PasteError::new(format!("\"{}\" is not a curl command line, which begins with curl", excerpt(text)))
    })?;
    let mut command = Command::default();
    command.read(words.into_iter().skip(start + 1))?;
    command.into_request()
}

fn is_curl(word: &str) -> bool {
    let program = word.rsplit(['/', '\\']).next().unwrap_or(word);
    program.eq_ignore_ascii_case("curl") || program.eq_ignore_ascii_case("curl.exe")
}

/// What the options of the first request say.
#[derive(Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is an option of its own")]
struct Command {
    url: Option<String>,
    method: Option<String>,
    headers: Vec<(String, String)>,
    removed: HashSet<String>,
    data: Vec<String>,
    query: Vec<String>,
    form: Vec<(String, String)>,
    is_json: bool,
    is_get: bool,
    is_head: bool,
    is_upload: bool,
    insecure: bool,
    cookies: Vec<String>,
    referer: Option<String>,
    notes: Vec<String>,
}

impl Command {
    fn read(&mut self, words: impl Iterator<Item = String>) -> Result<(), PasteError> {
        let mut words = words;
        let mut only_urls = false;
        while let Some(word) = words.next() {
            if only_urls || !word.starts_with('-') || word == "-" {
                self.url.get_or_insert(word);
            } else if word == "--" {
                only_urls = true;
            } else if let Some(long) = word.strip_prefix("--") {
                let (name, inline) = match long.split_once('=') {
                    Some((name, value)) => (name, Some(value.to_owned())),
                    None => (long, None),
                };
                if name == "next" {
                    break;
                }
                self.option(name, &word, || inline.or_else(|| words.next()))?;
            } else if self.letters(&word, &mut words)? {
                break;
            }
        }
        Ok(())
    }

    /// Letters may be joined, and the last one's argument may follow at once. Whether the next request begins.
    fn letters(&mut self, word: &str, words: &mut impl Iterator<Item = String>) -> Result<bool, PasteError> {
        let mut letters = word.strip_prefix('-').unwrap_or(word).chars();
        while let Some(letter) = letters.next() {
            let name = long_name(letter).ok_or_else(|| unknown(&format!("-{letter}")))?;
            if name == "next" {
                return Ok(true);
            }
            let mut took = false;
            self.option(name, word, || {
                took = true;
                let attached = letters.as_str();
                if attached.is_empty() { words.next() } else { Some(attached.to_owned()) }
            })?;
            if took {
                break;
            }
        }
        Ok(false)
    }

    fn option(
        &mut self,
        name: &str,
        written: &str,
        argument: impl FnOnce() -> Option<String>,
    ) -> Result<(), PasteError> {
        let argument = || {
            argument().ok_or_else(|| {
                PasteError::new(format!(
                    "curl's option {} needs an argument, and the command line ends there. Paste the whole command",
                    excerpt(written)
                ))
            })
        };
        match name {
            "url" => {
                let url = argument()?;
                self.url.get_or_insert(url);
            }
            "request" => self.method = Some(argument()?),
            "header" => self.header(&argument()?),
            "data" | "data-ascii" => {
                let data = argument()?;
                // As curl does with what it reads from a file, and with nothing else.
                self.add_data(data, true);
            }
            "data-raw" => self.data.push(argument()?),
            "data-binary" => {
                let data = argument()?;
                self.add_data(data, true);
            }
            "json" => {
                self.is_json = true;
                let data = argument()?;
                self.add_data(data, true);
            }
            "data-urlencode" => {
                let data = argument()?;
                self.add_encoded(&data);
            }
            "url-query" => {
                let query = argument()?;
                self.query.push(encoded(&query));
            }
            "form" | "form-string" => {
                let part = argument()?;
                let (name, value) = part.split_once('=').unwrap_or((part.as_str(), ""));
                if !name.is_empty() && value.starts_with(['@', '<']) && name_is_form(written) {
                    self.notes.push(format!("the file of the form field {} is not read", excerpt(name)));
                }
                self.form.push((name.to_owned(), value.to_owned()));
            }
            "upload-file" => {
                argument()?;
                self.is_upload = true;
                self.notes.push("the file that is uploaded is not read; its body is empty here".to_owned());
            }
            "user" => {
                let user = argument()?;
                self.headers
                    .push(("Authorization".to_owned(), format!("Basic {}", encode::base64(user.as_bytes()))));
            }
            "oauth2-bearer" => {
                let token = argument()?;
                self.headers.push(("Authorization".to_owned(), format!("Bearer {token}")));
            }
            "cookie" => {
                let cookie = argument()?;
                if cookie.contains('=') {
                    self.cookies.push(cookie);
                } else {
                    self.notes.push("the file with cookies is not read".to_owned());
                }
            }
            "user-agent" => {
                argument()?;
            }
            "referer" => self.referer = Some(argument()?),
            "get" => self.is_get = true,
            "head" => self.is_head = true,
            "insecure" => self.insecure = true,
            _ if WITHOUT_ARGUMENT.contains(&name) => {}
            _ if WITH_ARGUMENT.contains(&name) => {
                argument()?;
            }
            // `--no-` turns off what an option without an argument turns on.
            _ if name.strip_prefix("no-").is_some_and(|name| WITHOUT_ARGUMENT.contains(&name)) => {}
            _ => return Err(unknown(&format!("--{name}"))),
        }
        Ok(())
    }

    fn header(&mut self, line: &str) {
        if line.starts_with('@') {
            self.notes.push("the file with headers is not read".to_owned());
        } else if let Some((name, value)) = line.split_once(':').filter(|(name, _)| !name.is_empty()) {
            let (name, value) = (name.trim(), value.trim());
            if value.is_empty() {
                self.removed.insert(name.to_ascii_lowercase());
            } else {
                self.headers.push((name.to_owned(), value.to_owned()));
            }
        } else if let Some(name) = line.strip_suffix(';') {
            self.headers.push((name.trim().to_owned(), String::new()));
        } else {
            self.notes.push(format!(
                "\"{}\" is not a header, as it has no colon; curl leaves it out",
                excerpt(line)
            ));
        }
    }

    fn add_data(&mut self, data: String, reads_files: bool) {
        if reads_files && data.starts_with('@') {
            self.notes.push("the file with the body is not read; the body is empty here".to_owned());
            self.data.push(String::new());
        } else {
            self.data.push(data);
        }
    }

    fn add_encoded(&mut self, data: &str) {
        self.data.push(encoded(data));
    }

    fn into_request(self) -> Result<PastedRequest, PasteError> {
        let url = self.url.ok_or_else(|| {
            PasteError::new(
                "the curl command line has no URL. Paste the whole command, or add the URL to its end",
            )
        })?;
        // Without a scheme, curl sends an `http` request.
        let mut url = if url.contains("://") { url } else { format!("http://{url}") };
        let has_data = !self.data.is_empty();
        let body_text = self.data.join(if self.is_json { "" } else { "&" });
        let mut query = self.query;
        if self.is_get && has_data {
            query.push(body_text.clone());
        }
        if !query.is_empty() {
            url = with_query(&url, &query.join("&"));
        }
        let sends_data = has_data && !self.is_get;
        let default_method = match () {
            () if self.is_head => "HEAD",
            () if self.is_upload => "PUT",
            () if sends_data || !self.form.is_empty() => "POST",
            () => "GET",
        };
        let mut request = PastedRequest::new(self.method.as_deref().unwrap_or(default_method), url);
        request.headers = self.headers;
        request.insecure = self.insecure;
        request.notes = self.notes;
        if self.is_json {
            for (name, value) in [("Content-Type", "application/json"), ("Accept", "application/json")] {
                if !request.has_header(name) {
                    request.headers.push((name.to_owned(), value.to_owned()));
                }
            }
        }
        if !self.form.is_empty() {
            request.body = Some(multipart(&self.form));
        } else if sends_data {
            let content_type = "application/x-www-form-urlencoded".to_owned();
            request.body = Some(Body { bytes: body_text.into_bytes(), content_type: Some(content_type) });
        } else if self.is_upload {
            request.body = Some(Body { bytes: Vec::new(), content_type: None });
        }
        request.headers.retain(|(name, _)| !self.removed.contains(&name.to_ascii_lowercase()));
        request.page = self.referer.as_deref().and_then(PageOrigin::of);
        if !self.cookies.is_empty() {
            request.headers.push(("Cookie".to_owned(), self.cookies.join("; ")));
        }
        request.settle();
        Ok(request)
    }
}

fn name_is_form(written: &str) -> bool {
    !written.starts_with("--form-string")
}

fn unknown(option: &str) -> PasteError {
    PasteError::new(format!(
        "{} is not an option of curl that is known here. Leave it out and try again",
        excerpt(option)
    ))
}

/// `content`, `=content`, `name=content`; files are not read.
fn encoded(data: &str) -> String {
    match data.split_once('=') {
        Some(("", content)) => encode::percent(content),
        Some((name, content)) => format!("{name}={}", encode::percent(content)),
        None => encode::percent(data),
    }
}

fn with_query(url: &str, query: &str) -> String {
    let Ok(mut parsed) = Url::parse(url) else { return url.to_owned() };
    let query = match parsed.query() {
        Some(before) if !before.is_empty() => format!("{before}&{query}"),
        _ => query.to_owned(),
    };
    parsed.set_query(Some(&query));
    parsed.to_string()
}

fn multipart(fields: &[(String, String)]) -> Body {
    const BOUNDARY: &str = "----cors-doctor-form-boundary";
    let mut text = String::new();
    for (name, value) in fields {
        text.extend([
            "--",
            BOUNDARY,
            "\r\nContent-Disposition: form-data; name=\"",
            name,
            "\"\r\n\r\n",
            value,
            "\r\n",
        ]);
    }
    text.extend(["--", BOUNDARY, "--\r\n"]);
    Body { bytes: text.into_bytes(), content_type: Some(format!("multipart/form-data; boundary={BOUNDARY}")) }
}
