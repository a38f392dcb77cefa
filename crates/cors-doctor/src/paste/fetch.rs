//! A `fetch()` call: what a browser's "Copy as fetch" writes, for the browser and for Node.js, and what people write.

use fetch_cors::browser::{Credentials, Mode, PageOrigin, Redirect};

use super::{
    Body, PasteError, PastedRequest, encode, excerpt,
    js::{Js, Parser},
};

/// Reads a call.
///
/// ```
/// let call = r#"fetch("https://api.example/", { method: "PUT", body: JSON.stringify({ a: 1 }), credentials: "include" })"#;
/// let request = cors_doctor::paste::fetch::parse(call).unwrap();
/// assert_eq!((request.method.as_str(), request.body.unwrap().bytes.as_slice()), ("PUT", &b"{\"a\":1}"[..]));
/// ```
///
/// # Errors
///
/// If it is not a call of `fetch` with a URL that is written out, or not JavaScript.
pub fn parse(text: &str) -> Result<PastedRequest, PasteError> {
    let start = find_call(text).ok_or_else(|| {
        PasteError::new(format!(
            "\"{}\" has no call of fetch(). Paste what \"Copy as fetch\" writes",
            excerpt(text)
        ))
    })?;
    let mut arguments = Parser::new(text.get(start..).unwrap_or_default()).arguments()?.into_iter();
    let url = match arguments.next() {
        Some(Js::Text(url)) => url,
        Some(Js::Call(_, argument)) if matches!(*argument, Js::Text(_)) => text_of(&argument),
        Some(Js::Expression(source)) => {
            return Err(PasteError::new(format!(
                "the URL of the fetch() call is the expression {}, whose value is not known here. Write the URL itself in quotation marks",
                excerpt(&source)
            )));
        }
        _ => {
            return Err(PasteError::new(
                "the fetch() call has no URL. Write it as the first argument, in quotation marks",
            ));
        }
    };
    let mut request = PastedRequest::new("GET", url);
    match arguments.next() {
        None | Some(Js::Nothing) => {}
        Some(Js::Object(members)) => {
            for (name, value) in members {
                request.option(&name, value);
            }
        }
        Some(other) => request.notes.push(format!(
            "the options of the fetch() call are the expression {}, which is left out",
            excerpt(&text_of(&other))
        )),
    }
    let credentials = request.credentials;
    request.settle();
    if credentials == Credentials::Omit {
        request.credentials = Credentials::Omit;
    }
    Ok(request)
}

/// The place after the parenthesis of the first call.
pub(super) fn find_call(text: &str) -> Option<usize> {
    text.match_indices("fetch").find_map(|(place, name)| {
        let before = text[..place].chars().next_back();
        let rest = &text[place + name.len()..];
        let space = rest.len() - rest.trim_start().len();
        let is_whole =
            !before.is_some_and(|before| before.is_alphanumeric() || before == '_' || before == '$');
        (is_whole && rest[space..].starts_with('(')).then_some(place + name.len() + space + 1)
    })
}

impl PastedRequest {
    fn option(&mut self, name: &str, value: Js) {
        match (name, value) {
            ("method", Js::Text(method)) => self.method = method,
            ("headers", value) => self.add_headers(value),
            ("body", value) => self.body = body(value, &mut self.notes),
            ("mode", Js::Text(mode)) => match mode.as_str() {
                "no-cors" => self.mode = Mode::NoCors,
                "same-origin" => self.mode = Mode::SameOrigin,
                "cors" => self.mode = Mode::Cors,
                other => self.notes.push(format!(
                    "the mode \"{}\" is not one of cors, no-cors and same-origin",
                    excerpt(other)
                )),
            },
            ("credentials", Js::Text(credentials)) => match credentials.as_str() {
                "include" => self.credentials = Credentials::Include,
                "omit" => self.credentials = Credentials::Omit,
                "same-origin" => self.credentials = Credentials::SameOrigin,
                other => self.notes.push(format!(
                    "the credentials mode \"{}\" is not one of omit, same-origin and include",
                    excerpt(other)
                )),
            },
            ("redirect", Js::Text(redirect)) => match redirect.as_str() {
                "error" => self.redirect = Redirect::Error,
                "manual" => self.redirect = Redirect::Manual,
                _ => self.redirect = Redirect::Follow,
            },
            ("referrer", Js::Text(referrer)) => {
                self.page = self.page.take().or_else(|| PageOrigin::of(&referrer));
            }
            ("method" | "mode" | "credentials" | "redirect", Js::Expression(source)) => {
                self.notes.push(format!("{name} is the expression {}, which is left out", excerpt(&source)));
            }
            _ => {}
        }
    }

    fn add_headers(&mut self, value: Js) {
        let pairs = match value {
            Js::Object(members) => members,
            Js::Call(name, argument) if name == "Headers" => return self.add_headers(*argument),
            Js::List(list) => list.into_iter().filter_map(pair).collect(),
            Js::Nothing => return,
            other => {
                self.notes.push(format!(
                    "the headers are the expression {}, which is left out",
                    excerpt(&text_of(&other))
                ));
                return;
            }
        };
        for (name, value) in pairs {
            if !matches!(value, Js::Nothing) || !name.is_empty() {
                self.headers.push((name, text_of(&value)));
            }
        }
    }
}

fn pair(entry: Js) -> Option<(String, Js)> {
    let Js::List(entry) = entry else { return None };
    let mut entry = entry.into_iter();
    Some((text_of(&entry.next()?), entry.next()?))
}

/// As `String(value)` writes it.
fn text_of(value: &Js) -> String {
    match value {
        Js::Nothing => "null".to_owned(),
        Js::Bool(value) => value.to_string(),
        Js::Number(text) | Js::Text(text) | Js::Expression(text) => text.clone(),
        Js::List(list) => list.iter().map(text_of).collect::<Vec<_>>().join(","),
        Js::Object(_) => "[object Object]".to_owned(),
        Js::Call(name, argument) => format!("{name}({})", text_of(argument)),
    }
}

fn body(value: Js, notes: &mut Vec<String>) -> Option<Body> {
    let text = |bytes: String, content_type: &str| {
        Some(Body { bytes: bytes.into_bytes(), content_type: Some(content_type.to_owned()) })
    };
    match value {
        Js::Nothing => None,
        Js::Call(name, argument) => match name.as_str() {
            "JSON.stringify" => text(json(&argument), PLAIN),
            "URLSearchParams" => text(search(&argument), "application/x-www-form-urlencoded;charset=UTF-8"),
            "FormData" => {
                notes.push("the fields of the FormData are not known here; the body is empty".to_owned());
                text(String::new(), "multipart/form-data; boundary=----cors-doctor-form-boundary")
            }
            _ => Some(Body { bytes: Vec::new(), content_type: None }),
        },
        Js::Expression(source) => {
            notes.push(format!("the body is the expression {}; it is taken for a text", excerpt(&source)));
            text(String::new(), PLAIN)
        }
        other => text(text_of(&other), PLAIN),
    }
}

/// The type of a text.
const PLAIN: &str = "text/plain;charset=UTF-8";

/// As `JSON.stringify` writes it; an expression is written as a string.
fn json(value: &Js) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    match value {
        Js::Nothing => "null".to_owned(),
        Js::Bool(value) => value.to_string(),
        Js::Number(text) => text.clone(),
        Js::Text(text) | Js::Expression(text) => quoted(text),
        Js::List(list) => format!("[{}]", list.iter().map(json).collect::<Vec<_>>().join(",")),
        Js::Object(members) => {
            let members = members.iter().map(|(name, value)| format!("{}:{}", quoted(name), json(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        }
        Js::Call(..) => quoted(&text_of(value)),
    }
}

fn search(value: &Js) -> String {
    match value {
        Js::Text(text) => text.trim_start_matches('?').to_owned(),
        Js::Object(members) => {
            let pairs = members.iter().map(|(name, value)| {
                format!("{}={}", encode::percent(name), encode::percent(&text_of(value)))
            });
            pairs.collect::<Vec<_>>().join("&")
        }
        _ => String::new(),
    }
}
