//! A HAR file, as a browser's developer tools save it: each request of a page to another origin becomes one that can be
//! judged without a network.

use fetch_cors::browser::{PageOrigin, Url};
use serde::Deserialize;

use super::{Body, PasteError, PastedRequest};

/// The longest HAR file that is read, in bytes.
pub const MAX_HAR: usize = 64 << 20;

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
        self.method == "OPTIONS" && self.request_header("access-control-request-method").is_some()
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
    let mut is_used = vec![false; entries.len()];
    let mut recordings = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        if is_used[index] || entry.is_preflight() {
            continue;
        }
        let Some(page) = page_of(log, index, entry) else { continue };
        if !is_http(&entry.url) || PageOrigin::of(&entry.url).as_ref() == Some(&page) {
            continue;
        }
        let mut exchanges = Vec::new();
        // A browser may list the preflight after the request that it is for.
        let preflight = (0..index)
            .rev()
            .chain(index + 1..entries.len().min(index + 3))
            .find(|&other| !is_used[other] && is_preflight_of(&entries[other], entry));
        if let Some(preflight) = preflight {
            is_used[preflight] = true;
            exchanges.push(entries[preflight].clone());
        }
        is_used[index] = true;
        exchanges.push(entry.clone());
        follow(&entries, index, &mut is_used, &mut exchanges);
        let request = log.entries[index].pasted(page);
        recordings.push(Recording { request, exchanges });
    }
    // What stopped at its preflight may have no entry of its own.
    for (index, entry) in entries.iter().enumerate() {
        if is_used[index] || !entry.is_preflight() {
            continue;
        }
        if let Some(page) = page_of(log, index, entry) {
            let request = log.entries[index].pasted(page);
            recordings.push(Recording { request, exchanges: vec![entry.clone()] });
        }
    }
    recordings
}

/// Adds what the redirects of a request led to.
fn follow(entries: &[Recorded], start: usize, is_used: &mut [bool], exchanges: &mut Vec<Recorded>) {
    let mut current = start;
    for _ in 0..=20 {
        let entry = &entries[current];
        let Some(location) = location(entry) else { return };
        let next = (current + 1..entries.len())
            .find(|&next| !is_used[next] && !entries[next].is_preflight() && entries[next].url == location);
        let Some(next) = next else { return };
        if let Some(preflight) = (current + 1..next)
            .find(|&other| !is_used[other] && is_preflight_of(&entries[other], &entries[next]))
        {
            is_used[preflight] = true;
            exchanges.push(entries[preflight].clone());
        }
        is_used[next] = true;
        exchanges.push(entries[next].clone());
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

fn is_preflight_of(preflight: &Recorded, request: &Recorded) -> bool {
    preflight.is_preflight()
        && preflight.url == request.url
        && preflight.request_header("access-control-request-method") == Some(request.method.as_str())
}

fn is_http(url: &str) -> bool {
    url.starts_with("http://") || url.starts_with("https://")
}

/// The origin of the page: what the request says, or else what the file says about the page.
fn page_of(log: &Log, index: usize, entry: &Recorded) -> Option<PageOrigin> {
    let header = |name| entry.request_header(name).and_then(PageOrigin::of);
    let title = || {
        let reference = log.entries[index].pageref.as_deref()?;
        let page = log.pages.iter().find(|page| page.id == reference)?;
        PageOrigin::of(&page.title)
    };
    // After a redirect between other origins, `Origin` is `null`, and the page says more.
    let origin = header("origin").filter(|origin| *origin != PageOrigin::Opaque);
    let mode = entry.request_header("sec-fetch-mode");
    let is_navigation = matches!(mode, Some("navigate"))
        || mode.is_none() && log.entries[index].resource_type.as_deref() == Some("document");
    origin
        .or_else(|| header("referer"))
        .or_else(title)
        .or_else(|| header("origin"))
        .filter(|_| !is_navigation)
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
