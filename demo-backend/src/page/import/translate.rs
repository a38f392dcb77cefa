//! From the reader's terms to the Lab's: their page becomes this page, their URL a path of the server written by hand, and what
//! that server refuses is left out. Secrets are masked, because what comes of this stands in a link.

use cors_doctor::{
    paste::Body,
    probe::{Secrets, is_secret_name},
};
use fetch_cors::browser::{Credentials, Mode, PageOrigin, Redirect, Url};

use super::{
    MOST_HEADERS, is_short,
    request::is_some_page,
    shown,
    situation::{ALLOW_ORIGIN, Situation},
};
use crate::{
    api::{hand, redirect::is_redirect},
    api_path::ServerKind,
    origins::Origins,
    page::{
        kinds::{BodyType, CredentialsMode, RedirectMode, RequestKind, RequestMode, SendingPage},
        lab_request::{LabRequest, RequestBody},
    },
    session::hand_written::{HandResponse, HandWritten},
};

/// The path that stands for the reader's.
const PATH: &str = "notes";
/// Stands for an origin that is this page's here and another one's there.
const ANOTHER: &str = "https://another.example";
/// The longest method, in bytes.
const MAX_METHOD: usize = 40;
/// The most bytes of a request header's value.
const MAX_VALUE: usize = 200;

/// A situation in the Lab's terms.
pub(super) struct Translated {
    pub(super) request: LabRequest,
    pub(super) hand: HandWritten,
    /// What is lost, a sentence each.
    pub(super) left_out: Vec<String>,
}

/// Puts it in the Lab's terms.
pub(super) fn to_lab(
    situation: &Situation,
    secrets: &Secrets,
    session: &str,
    origins: &Origins,
) -> Translated {
    let mut left_out = Vec::new();
    let request = request(situation, secrets, &mut left_out);
    let page = Pages { reader: situation.page(), lab: origins.page.clone() };
    let mut hand = HandWritten {
        preflight: response(&situation.hand.preflight, situation, &page, secrets, origins),
        response: response(&situation.hand.response, situation, &page, secrets, origins),
    };
    let mut names = Vec::new();
    for written in [&mut hand.preflight, &mut hand.response] {
        take_secrets(written, &mut names);
        possible_status(written, &mut left_out);
    }
    take_refused(&mut hand, session, origins, &mut names, &mut left_out);
    names.sort_unstable();
    names.dedup();
    if !names.is_empty() {
        left_out.push(format!(
            "The server written by hand doesn't send {}: CORS doesn't read them.",
            shown(&names.join(", "))
        ));
    }
    Translated { request, hand, left_out }
}

/// The origins that trade places.
struct Pages {
    reader: String,
    lab: String,
}

impl Pages {
    /// A value of a header, with this page's origin for the reader's.
    fn translate(&self, value: &str) -> String {
        let is_end = |letter: char| ", ;|\"'".contains(letter);
        let mut translated = String::with_capacity(value.len());
        for part in value.split_inclusive(is_end) {
            let (from, to) = if begins_with_origin(part.trim_end_matches(is_end), &self.reader) {
                (&self.reader, self.lab.as_str())
            } else if begins_with_origin(part.trim_end_matches(is_end), &self.lab) {
                // It is not the reader's page that this would allow.
                (&self.lab, if is_some_page(&self.reader) { ANOTHER } else { self.reader.as_str() })
            } else {
                translated.push_str(part);
                continue;
            };
            translated.extend([to, &part[from.len()..]]);
        }
        translated
    }
}

/// Whether a word is this origin, perhaps with a slash or a path after it.
fn begins_with_origin(word: &str, origin: &str) -> bool {
    origin != "null" && word.strip_prefix(origin).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn response(
    written: &HandResponse,
    situation: &Situation,
    page: &Pages,
    secrets: &Secrets,
    origins: &Origins,
) -> HandResponse {
    let line = |(name, value): &(String, String)| {
        let is_cors = is_read_by_cors(name);
        // Braces stand for something in the server written by hand.
        let value = page.translate(value).replace("{origin}", "{ORIGIN}");
        (name.clone(), if is_cors { value } else { secrets.mask(&value) })
    };
    let target = |to: &String| target(to, situation, origins);
    HandResponse {
        headers: written.headers.iter().map(line).collect(),
        redirect: written.redirect.as_ref().filter(|_| is_redirect(written.status)).map(target),
        ..written.clone()
    }
}

fn is_read_by_cors(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.starts_with("access-control-") || name == "vary"
}

/// Where a redirect leads to in the Lab: the same server, this page, or another origin.
fn target(to: &str, situation: &Situation, origins: &Origins) -> String {
    let base = Url::parse(&situation.request.url).or_else(|_| Url::parse("https://api.invalid/items"));
    let (Ok(base), false) = (base, to.is_empty()) else { return PATH.to_owned() };
    let Ok(url) = base.join(to) else { return "elsewhere".to_owned() };
    let is_login = ["login", "signin", "sign-in", "/sso", "/auth"]
        .iter()
        .any(|word| url.path().to_ascii_lowercase().contains(word));
    let path = if is_login { "login" } else { "elsewhere" };
    let origin = url.origin().ascii_serialization();
    if origin == base.origin().ascii_serialization() {
        let without_slash = |url: &Url| url.path().trim_end_matches('/').to_owned();
        return match (url.path() == base.path(), without_slash(&url) == without_slash(&base)) {
            (true, _) => PATH.to_owned(),
            (false, true) => format!("{PATH}/"),
            (false, false) => path.to_owned(),
        };
    }
    let is_page = situation.request.page.as_ref().is_some_and(|page| page.to_string() == origin);
    format!("{}/{path}", if is_page { &origins.page } else { &origins.attacker })
}

/// Leaves out lines that may have secrets in them.
fn take_secrets(written: &mut HandResponse, names: &mut Vec<String>) {
    written.headers.retain(|(name, _)| {
        let lower = name.to_ascii_lowercase();
        let is_secret = is_secret_name(name) && lower != "www-authenticate";
        let keeps = is_read_by_cors(name) || !is_secret;
        if !keeps {
            names.push(lower);
        }
        keeps
    });
}

/// The Lab's server sends only statuses that browsers hand on as they are.
fn possible_status(written: &mut HandResponse, left_out: &mut Vec<String>) {
    let instead = match written.status {
        0..=199 | 206 | 304 => 200,
        407 => 401,
        408 | 421 | 425 => 400,
        600.. => 500,
        _ => return,
    };
    left_out.push(format!("The status {} can't be sent here; {instead} stands for it.", written.status));
    written.status = instead;
}

/// Leaves out what the server written by hand refuses.
fn take_refused(
    written: &mut HandWritten,
    session: &str,
    origins: &Origins,
    names: &mut Vec<String>,
    left_out: &mut Vec<String>,
) {
    // Each round takes something out, and there are few things.
    for _ in 0..4 {
        let problems = hand::problems(written, session, origins);
        if problems.is_empty() {
            return;
        }
        for part in ["preflight", "response"] {
            let response = if part == "preflight" { &mut written.preflight } else { &mut written.response };
            let of_part = || problems.iter().filter(|problem| problem.part == part);
            let lines: Vec<usize> = of_part()
                .filter(|problem| problem.field == "headers")
                .filter_map(|problem| problem.line)
                .collect();
            let mut index = 0;
            response.headers.retain(|(name, value)| {
                let is_refused = lines.contains(&index);
                index += 1;
                if is_refused && is_read_by_cors(name) {
                    left_out.push(format!("{}: {} can't be sent here.", shown(name), shown(value)));
                } else if is_refused {
                    names.push(name.to_ascii_lowercase());
                }
                !is_refused
            });
            if of_part().any(|problem| problem.field == "headers" && problem.line.is_none()) {
                make_short(response, names);
            }
            if of_part().any(|problem| matches!(problem.field, "redirect" | "status"))
                && response.redirect.is_some()
            {
                response.redirect = None;
                left_out.push("The redirect can't lead there here.".to_owned());
            }
        }
    }
    // What is refused even then is not sent at all.
    if !hand::problems(written, session, origins).is_empty() {
        *written = HandWritten::default();
        left_out.push("The headers can't be sent here at all.".to_owned());
    }
}

/// There are too many lines: those that CORS doesn't read go, and if the others are too long, they go, too.
fn make_short(response: &mut HandResponse, names: &mut Vec<String>) {
    let mut keep = |keeps: fn(&(String, String)) -> bool| {
        let before = response.headers.len();
        response.headers.retain(|line| {
            let keeps = keeps(line);
            if !keeps {
                names.push(line.0.to_ascii_lowercase());
            }
            keeps
        });
        response.headers.len() < before
    };
    if !keep(|(name, _)| is_read_by_cors(name)) && !keep(|(_, value)| value.len() <= MAX_VALUE) {
        keep(|(name, _)| name.eq_ignore_ascii_case(ALLOW_ORIGIN));
        response.headers.truncate(2);
    }
}

fn request(situation: &Situation, secrets: &Secrets, left_out: &mut Vec<String>) -> LabRequest {
    let pasted = &situation.request;
    // As long as no real one is.
    let method = if pasted.method.len() > MAX_METHOD {
        left_out.push("The method is too long to be one; here it is PUT.".to_owned());
        "PUT".to_owned()
    } else {
        pasted.method.clone()
    };
    let page = match pasted.page {
        Some(PageOrigin::Opaque) => SendingPage::Sandbox,
        _ => SendingPage::Lab,
    };
    let is_content_type = |name: &str| name.eq_ignore_ascii_case("content-type");
    let own_type =
        pasted.headers.iter().find(|(name, _)| is_content_type(name)).map(|(_, value)| value.as_str());
    let body = pasted.body.as_ref().map(|pasted| body(pasted, own_type));
    let is_json = body.as_ref().is_some_and(|body| body.body_type == BodyType::Json);
    let headers = pasted
        .headers
        .iter()
        .filter(|line| is_short(line))
        .take(MOST_HEADERS)
        .filter(|(name, _)| !(is_json && is_content_type(name)));
    let mut headers: Vec<_> =
        headers.map(|(name, value)| (name.clone(), header_value(name, value, secrets))).collect();
    // The Lab has no bodies of several parts, but browsers treat a text of that type in the same way.
    let by_browser = pasted.body.as_ref().and_then(|body| body.content_type.as_deref()).unwrap_or_default();
    if own_type.is_none() && by_browser.starts_with("multipart/") {
        headers.push(("content-type".to_owned(), "multipart/form-data".to_owned()));
    }
    if pasted.headers.len() > MOST_HEADERS {
        left_out.push(format!("Of the request's headers, only {MOST_HEADERS} are set here."));
    }
    if pasted.cookies.is_some() {
        left_out.push("The cookies: the Lab has its own.".to_owned());
    }
    let path = if situation.loads == RequestKind::Fetch || situation.loads == RequestKind::Xhr {
        PATH
    } else {
        situation.loads.rules().path
    };
    LabRequest {
        server: ServerKind::Hand,
        kind: situation.loads,
        method,
        path: path.to_owned(),
        headers,
        body,
        credentials: match pasted.credentials {
            Credentials::Omit => CredentialsMode::Omit,
            Credentials::SameOrigin => CredentialsMode::SameOrigin,
            Credentials::Include => CredentialsMode::Include,
        },
        mode: match pasted.mode {
            Mode::Cors => RequestMode::Cors,
            Mode::NoCors => RequestMode::NoCors,
            Mode::SameOrigin => RequestMode::SameOrigin,
        },
        redirect: match pasted.redirect {
            Redirect::Follow => RedirectMode::Follow,
            Redirect::Manual => RedirectMode::Manual,
            Redirect::Error => RedirectMode::Error,
        },
        page,
        ..LabRequest::default()
    }
}

/// A value that says no secret, and that a header can have.
fn header_value(name: &str, value: &str, secrets: &Secrets) -> String {
    let lower = name.to_ascii_lowercase();
    if is_secret_name(name) {
        return "***".to_owned();
    }
    let is_long_or_odd = value.len() > MAX_VALUE || !value.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    match lower.as_str() {
        _ if is_long_or_odd => "1".to_owned(),
        // Whether these are safelisted depends on their values.
        "content-type" | "accept" | "accept-language" | "content-language" | "range" => value.to_owned(),
        _ => secrets.mask(value),
    }
}

/// A body of the same type; its text plays no part.
fn body(pasted: &Body, own_type: Option<&str>) -> RequestBody {
    let by_browser = pasted.content_type.as_deref().unwrap_or_default();
    let (body_type, text) = if own_type == BodyType::Json.content_type().script {
        (BodyType::Json, "{}")
    } else if by_browser.starts_with("application/x-www-form-urlencoded") {
        (BodyType::Form, "a=1")
    } else {
        (BodyType::Text, "text")
    };
    RequestBody { body_type, text: text.to_owned() }
}
