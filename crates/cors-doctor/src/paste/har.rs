//! A HAR file, as a browser's developer tools save it: each request of a page to another origin becomes one that can be
//! judged without a network.

use std::{
    collections::{BTreeSet, HashMap},
    ops::Range,
};

use fetch_cors::browser::{PageOrigin, Url};
use serde::Deserialize;

use super::{Body, PasteError, PastedRequest};

/// The longest HAR file that is read, in bytes.
pub const MAX_HAR: usize = 64 << 20;

const REQUEST_METHOD: &str = "access-control-request-method";

/// A request to another origin, with all that was recorded of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Recording {
    /// What the page's script requested.
    pub request: PastedRequest,
    /// What went over the wire, in order: preflights, the request, and what redirects led to.
    pub exchanges: Vec<Recorded>,
}

/// A request with its response.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recorded {
    /// The method.
    pub method: String,
    /// The URL.
    pub url: String,
    /// The request's headers.
    pub request_headers: Vec<(String, String)>,
    /// The response's status; none if no response was recorded, such as that of a blocked request.
    pub status: Option<u16>,
    /// The response's headers.
    pub response_headers: Vec<(String, String)>,
    /// The first characters of the body, if they were recorded.
    pub body: String,
    /// What the browser says about it instead of a response, such as `net::ERR_CONNECTION_REFUSED`.
    pub error: Option<String>,
}

impl Recorded {
    /// Whether it is a preflight.
    pub fn is_preflight(&self) -> bool {
        self.method == "OPTIONS" && self.request_header(REQUEST_METHOD).is_some()
    }

    fn request_header(&self, name: &str) -> Option<&str> {
        let mut lines = self.request_headers.iter();
        lines.find(|(listed, _)| listed.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// Reads a file.
///
/// # Errors
///
/// If it is not a HAR file, or has no request of a page to another origin.
pub fn parse(text: &str) -> Result<Vec<Recording>, PasteError> {
    if text.len() > MAX_HAR {
        return Err(PasteError::new(format!(
            "the HAR file is longer than {} MB. Save it again with fewer requests: clear the list, and repeat only what fails",
            MAX_HAR >> 20
        )));
    }
    let file: File = serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| {
        PasteError::new(format!(
            "this is not a HAR file: {error}. Save it with \"Save all as HAR\" in the network panel of the developer tools"
        ))
    })?;
    let recordings = recordings(&file.log);
    if recordings.is_empty() {
        return Err(PasteError::new(
            "the HAR file has no request from a page to another origin. Open the developer tools first, repeat what fails, \
             and save the file then",
        ));
    }
    Ok(recordings)
}

fn recordings(log: &Log) -> Vec<Recording> {
    /// The bytes of a body that say what it is.
    const BODY: usize = 2048;
    let entries: Vec<Recorded> = log.entries.iter().map(|entry| entry.recorded(BODY)).collect();
    let pages = Pages::of(log);
    let mut unused = Unused::of(&entries);
    let mut recordings = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        if !unused.is_left[index] || entry.is_preflight() {
            continue;
        }
        let Some(page) = pages.page_of(&log.entries[index], entry) else { continue };
        if !is_http(&entry.url) || PageOrigin::of(&entry.url).as_ref() == Some(&page) {
            continue;
        }
        let mut exchanges = Vec::new();
        // A browser may list the preflight after the request that it is for.
        let preflight = unused
            .last_preflight(entry, 0..index)
            .or_else(|| unused.first_preflight(entry, index + 1..index + 3));
        exchanges.extend(preflight.map(|preflight| unused.take(preflight)));
        exchanges.push(unused.take(index));
        follow(&mut unused, index, &mut exchanges);
        let request = log.entries[index].pasted(page);
        recordings.push(Recording { request, exchanges });
    }
    // What stopped at its preflight may have no entry of its own.
    for (index, entry) in entries.iter().enumerate() {
        if !unused.is_left[index] || !entry.is_preflight() {
            continue;
        }
        if let Some(page) = pages.page_of(&log.entries[index], entry) {
            let request = log.entries[index].pasted(page);
            recordings.push(Recording { request, exchanges: vec![entry.clone()] });
        }
    }
    recordings
}

/// The entries that are not part of a recording yet, by what they are looked for: a file may have hundreds of thousands.
struct Unused<'a> {
    entries: &'a [Recorded],
    is_left: Vec<bool>,
    /// By URL.
    requests: HashMap<&'a str, BTreeSet<usize>>,
    /// By URL, and by the method that they ask for.
    preflights: HashMap<(&'a str, &'a str), BTreeSet<usize>>,
}

impl<'a> Unused<'a> {
    fn of(entries: &'a [Recorded]) -> Self {
        let is_left = vec![true; entries.len()];
        let mut unused = Self { entries, is_left, requests: HashMap::new(), preflights: HashMap::new() };
        for (index, entry) in entries.iter().enumerate() {
            unused.places(entry).insert(index);
        }
        unused
    }

    fn places(&mut self, entry: &'a Recorded) -> &mut BTreeSet<usize> {
        let method = entry.request_header(REQUEST_METHOD).filter(|_| entry.is_preflight());
        match method {
            Some(method) => self.preflights.entry((&entry.url, method)).or_default(),
            None => self.requests.entry(&entry.url).or_default(),
        }
    }

    fn take(&mut self, index: usize) -> Recorded {
        let entry = &self.entries[index];
        self.is_left[index] = false;
        self.places(entry).remove(&index);
        entry.clone()
    }

    fn preflights(&self, request: &'a Recorded) -> Option<&BTreeSet<usize>> {
        self.preflights.get(&(request.url.as_str(), request.method.as_str()))
    }

    fn first_preflight(&self, request: &'a Recorded, among: Range<usize>) -> Option<usize> {
        self.preflights(request)?.range(among).next().copied()
    }

    fn last_preflight(&self, request: &'a Recorded, among: Range<usize>) -> Option<usize> {
        self.preflights(request)?.range(among).next_back().copied()
    }

    fn first_request(&self, url: &str, after: usize) -> Option<usize> {
        self.requests.get(url)?.range(after + 1..).next().copied()
    }
}

/// Adds what the redirects of a request led to.
fn follow(unused: &mut Unused<'_>, start: usize, exchanges: &mut Vec<Recorded>) {
    let mut current = start;
    for _ in 0..=20 {
        let Some(location) = location(&unused.entries[current]) else { return };
        let Some(next) = unused.first_request(&location, current) else { return };
        let preflight = unused.first_preflight(&unused.entries[next], current + 1..next);
        exchanges.extend(preflight.map(|preflight| unused.take(preflight)));
        exchanges.push(unused.take(next));
        current = next;
    }
}

fn location(entry: &Recorded) -> Option<String> {
    let is_redirect = matches!(entry.status?, 301 | 302 | 303 | 307 | 308);
    let mut lines = entry.response_headers.iter();
    let (_, location) = lines.find(|(name, _)| is_redirect && name.eq_ignore_ascii_case("location"))?;
    let mut url = Url::parse(&entry.url).ok()?.join(location).ok()?;
    url.set_fragment(None);
    Some(url.into())
}

fn is_http(url: &str) -> bool {
    url.starts_with("http://") || url.starts_with("https://")
}

/// The titles of the file's pages, by their names.
struct Pages<'a>(HashMap<&'a str, &'a str>);

impl<'a> Pages<'a> {
    fn of(log: &'a Log) -> Self {
        // Of two of one name, the first counts.
        Self(log.pages.iter().rev().map(|page| (page.id.as_str(), page.title.as_str())).collect())
    }

    /// The origin of the page: what the request says, or else what the file says about the page.
    fn page_of(&self, entry: &Entry, recorded: &Recorded) -> Option<PageOrigin> {
        let header = |name| recorded.request_header(name).and_then(PageOrigin::of);
        let title = || PageOrigin::of(self.0.get(entry.pageref.as_deref()?)?);
        // After a redirect between other origins, `Origin` is `null`, and the page says more.
        let origin = header("origin").filter(|origin| *origin != PageOrigin::Opaque);
        let mode = recorded.request_header("sec-fetch-mode");
        let is_navigation = matches!(mode, Some("navigate"))
            || mode.is_none() && entry.resource_type.as_deref() == Some("document");
        origin
            .or_else(|| header("referer"))
            .or_else(title)
            .or_else(|| header("origin"))
            .filter(|_| !is_navigation)
    }
}

#[derive(Deserialize)]
struct File {
    log: Log,
}

#[derive(Deserialize)]
struct Log {
    #[serde(default)]
    pages: Vec<Page>,
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    id: String,
    #[serde(default)]
    title: String,
}

#[derive(Deserialize)]
struct Entry {
    request: Request,
    response: Response,
    pageref: Option<String>,
    #[serde(rename = "_resourceType")]
    resource_type: Option<String>,
}

#[derive(Deserialize)]
struct Request {
    method: String,
    url: String,
    #[serde(default)]
    headers: Vec<Header>,
    #[serde(rename = "postData")]
    post_data: Option<PostData>,
}

#[derive(Deserialize)]
struct PostData {
    #[serde(default, rename = "mimeType")]
    mime_type: String,
    #[serde(default)]
    text: String,
}

#[derive(Deserialize)]
struct Response {
    /// Zero, or less, where there was no response.
    #[serde(default)]
    status: i64,
    #[serde(default)]
    headers: Vec<Header>,
    content: Option<Content>,
    #[serde(rename = "_error")]
    error: Option<String>,
}

#[derive(Deserialize)]
struct Content {
    text: Option<String>,
    encoding: Option<String>,
}

#[derive(Deserialize)]
struct Header {
    name: String,
    #[serde(default)]
    value: String,
}

impl Entry {
    fn recorded(&self, body: usize) -> Recorded {
        let lines = |headers: &[Header]| -> Vec<(String, String)> {
            // HTTP/2's own fields are not headers.
            let lines = headers.iter().filter(|header| !header.name.starts_with(':'));
            // Some browsers join several lines of one name with a line break.
            lines
                .flat_map(|header| {
                    header.value.split('\n').map(|value| (header.name.clone(), value.to_owned()))
                })
                .collect()
        };
        let content = self.response.content.as_ref();
        let text =
            content.filter(|content| content.encoding.is_none()).and_then(|content| content.text.as_deref());
        let mut url = self.request.url.clone();
        if let Some((before, _)) = self.request.url.split_once('#') {
            before.clone_into(&mut url);
        }
        Recorded {
            method: self.request.method.clone(),
            url,
            request_headers: lines(&self.request.headers),
            status: u16::try_from(self.response.status).ok().filter(|status| (100..1000).contains(status)),
            response_headers: lines(&self.response.headers),
            body: text.unwrap_or_default().chars().take(body).collect(),
            error: self.response.error.clone().filter(|error| !error.is_empty()),
        }
    }

    fn pasted(&self, page: PageOrigin) -> PastedRequest {
        let mut request = PastedRequest::new(self.request.method.clone(), self.request.url.clone());
        let lines = self.request.headers.iter().filter(|header| !header.name.starts_with(':'));
        request.headers = lines.map(|header| (header.name.clone(), header.value.clone())).collect();
        // A browser wrote the file, even if it lists no header that only browsers write.
        if !request.has_header("sec-fetch-mode") {
            request.headers.push(("Sec-Fetch-Mode".to_owned(), "cors".to_owned()));
        }
        if let Some(data) = &self.request.post_data {
            let content_type = Some(data.mime_type.clone()).filter(|mime_type| !mime_type.is_empty());
            request.body = Some(Body { bytes: data.text.clone().into_bytes(), content_type });
        }
        request.settle();
        request.page = Some(page);
        request
    }
}
