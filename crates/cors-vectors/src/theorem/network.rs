//! What is between a browser and a handler: a server that follows the policy's decision, a proxy that rewrites as much as
//! RFC 9110 allows, and a shared cache that follows `Vary`.

use std::cell::Cell;

use fetch_cors::{
    Policy,
    browser::{Browser, Credentials, Exchange, Next, Response, Step, Verdict},
    server::{RequestField, RequestHead, decide, fields},
};

use super::meaning::{Headers, Outcome, PageRequest};

/// A handler's response. It is the same for every request, which makes no difference for CORS.
#[derive(Clone, Debug)]
pub struct Handler {
    pub status: u16,
    pub headers: Vec<(&'static str, &'static str)>,
}

/// A request as the server receives it.
pub struct Incoming {
    pub method: String,
    pub headers: Headers,
}

impl RequestHead for Incoming {
    fn is_options(&self) -> bool {
        self.method == "OPTIONS"
    }

    fn lines(&self, field: RequestField) -> impl Iterator<Item = &[u8]> {
        self.headers.iter().filter(move |(name, _)| name == field.name()).map(|(_, value)| value.as_slice())
    }
}

impl Incoming {
    pub fn of(exchange: &Exchange) -> Self {
        let headers = exchange.headers().iter().map(|(name, value)| (name.to_owned(), value.to_vec()));
        Self { method: exchange.method().to_owned(), headers: headers.collect() }
    }

    fn header(&self, name: &str) -> Vec<u8> {
        combined(&self.headers, name)
    }
}

fn combined(headers: &Headers, name: &str) -> Vec<u8> {
    let lines: Vec<&[u8]> = headers.iter().filter(|(n, _)| n == name).map(|(_, v)| v.as_slice()).collect();
    lines.join(&b", "[..])
}

/// A response, as the server sends it or as the browser receives it.
#[derive(Clone, Debug)]
pub struct ServerResponse {
    pub status: u16,
    pub headers: Headers,
}

impl ServerResponse {
    /// The response as a browser reads it.
    pub fn response(&self) -> Response {
        let response = Response::new(self.status);
        self.headers.iter().fold(response, |response, (name, value)| response.header(name, value))
    }
}

/// A server with a policy, like every adapter.
pub fn serve(policy: &Policy, handler: &Handler, request: &Incoming) -> ServerResponse {
    let decision = decide(policy, request);
    let is_preflight = !request.header("access-control-request-method").is_empty();
    assert_eq!(
        decision.is_preflight(),
        is_preflight,
        "the handler gets every request that is not a preflight"
    );
    let mut headers = Headers::new();
    let status = match (is_preflight, decision.is_allowed()) {
        (true, true) => 204,
        (true, false) => 403,
        (false, _) => {
            let own = handler.headers.iter();
            headers.extend(own.map(|(name, value)| (name.to_ascii_lowercase(), value.as_bytes().to_vec())));
            handler.status
        }
    };
    let own_names: Vec<String> = headers.iter().map(|(name, _)| name.clone()).collect();
    let own_names = if status == 304 { None } else { Some(&own_names[..]) };
    let fields = fields(policy, request, decision, own_names).into_iter();
    headers.extend(fields.map(|(name, value)| (name.name().to_owned(), value)));
    ServerResponse { status, headers }
}

/// The source of a proxy's choices. When it is exhausted, the proxy changes nothing; so shrinking a case removes changes.
#[derive(Debug, Default)]
pub struct Noise {
    bytes: Vec<u8>,
    taken: Cell<usize>,
}

impl Noise {
    pub fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, taken: Cell::new(0) }
    }

    fn next(&self) -> u8 {
        let taken = self.taken.replace(self.taken.get() + 1);
        self.bytes.get(taken).copied().unwrap_or(0)
    }

    /// One of these, the first if there is no noise.
    fn pick<'a>(&self, choices: &[&'a str]) -> &'a str {
        choices[usize::from(self.next()) % choices.len()]
    }

    /// The same headers as a proxy may rewrite them: names in another case, white space around values, lists over
    /// several lines and with empty elements (RFC 9110, sections 5.1, 5.3, 5.5 and 5.6.1), and the order of headers with
    /// different names changed.
    pub fn scatter(&self, headers: &Headers) -> Headers {
        // The other headers are not lists, so splitting them would change their meaning.
        const LISTS: [&str; 5] = [
            "access-control-allow-headers",
            "access-control-allow-methods",
            "access-control-expose-headers",
            "access-control-request-headers",
            "vary",
        ];
        let mut scattered = Headers::new();
        for (name, value) in headers {
            let mut lines = vec![Vec::new()];
            if LISTS.contains(&name.as_str()) {
                for (index, element) in value.split(|&byte| byte == b',').enumerate() {
                    match self.pick(&["", "", "line", "empty", "empty line"]) {
                        "line" => lines.push(Vec::new()),
                        "empty line" => lines.extend([Vec::new(), Vec::new()]),
                        "empty" => lines.last_mut().unwrap().extend(b" ,,\t, "),
                        _ if index > 0 => lines.last_mut().unwrap().extend(b", "),
                        _ => {}
                    }
                    lines.last_mut().unwrap().extend(self.pick(&["", "", " ", "\t \t"]).bytes());
                    let element = str::from_utf8(element.trim_ascii()).expect("lists are text");
                    // Header names are case-insensitive, methods are not.
                    let is_method = name == "access-control-allow-methods";
                    let element = if is_method { element.to_owned() } else { self.recase(element) };
                    lines.last_mut().unwrap().extend(element.bytes());
                    lines.last_mut().unwrap().extend(self.pick(&["", "", "\t", "  ", ",", " , ,"]).bytes());
                }
            } else {
                lines = vec![value.clone()];
            }
            for line in lines {
                let space = self.pick(&["", " ", "\t\t"]).as_bytes();
                scattered.push((self.recase(name), [space, &line, space].concat()));
            }
        }
        for index in 1..scattered.len() {
            let is_other = !scattered[index - 1].0.eq_ignore_ascii_case(&scattered[index].0);
            if is_other && self.next() % 2 == 1 {
                scattered.swap(index - 1, index);
            }
        }
        scattered
    }

    fn recase(&self, name: &str) -> String {
        match self.pick(&["lower", "upper", "title"]) {
            "upper" => name.to_ascii_uppercase(),
            "title" => {
                let (first, rest) = name.split_at(name.len().min(1));
                first.to_ascii_uppercase() + rest
            }
            _ => name.to_owned(),
        }
    }
}

/// Headers as every HTTP parser returns them.
pub fn parsed(headers: &Headers) -> Headers {
    headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.trim_ascii().to_vec())).collect()
}

/// A cache that many browsers share. It stores responses for ever and distinguishes them only by what `Vary` names (RFC
/// 9111, section 4.1). It even stores preflight responses, as some CDNs can be configured to.
#[derive(Debug, Default)]
pub struct SharedCache(Vec<(String, String, Headers, ServerResponse)>);

impl SharedCache {
    pub fn respond(
        &mut self,
        exchange: &Exchange,
        serve: impl Fn(&Incoming) -> ServerResponse,
    ) -> ServerResponse {
        let (request, url) = (Incoming::of(exchange), exchange.url().to_string());
        // HTTP doesn't allow caching the response to an `OPTIONS`. A cache that still stores preflight responses must not
        // use them for a page's own `OPTIONS`, whose `Vary` does not name the headers that make a preflight.
        let is_cacheable = exchange.is_preflight() || ["GET", "HEAD"].contains(&exchange.method());
        let kept = self.0.iter().filter(|_| is_cacheable).find(|(method, at, headers, response)| {
            let vary = combined(&response.headers, "vary");
            let vary = String::from_utf8(vary).expect("what a policy writes is text");
            let mut names = vary.split(',').map(str::trim).filter(|name| !name.is_empty());
            *method == request.method
                && *at == url
                && names.all(|name| combined(headers, name) == request.header(name))
        });
        if let Some((.., response)) = kept {
            return response.clone();
        }
        let response = serve(&request);
        if is_cacheable {
            self.0.push((request.method, url, request.headers, response.clone()));
        }
        response
    }
}

/// What was observed of a request.
#[derive(Debug)]
pub struct Seen {
    pub outcome: Outcome,
    pub preflights: usize,
    /// The status of the response to the actual request.
    pub status: u16,
    /// The headers of the response to the actual request.
    pub response: Headers,
}

/// Lets a browser send a request, with the preflight that it may need.
pub fn browse(
    browser: &mut Browser,
    page_request: &PageRequest,
    now: std::time::Duration,
    mut respond: impl FnMut(&Exchange) -> ServerResponse,
) -> Seen {
    let (mut preflights, mut requests, mut last) = (0, 0, None);
    let mut next = browser.fetch(page_request.request(), now);
    let verdict = loop {
        match next {
            Next::Send(exchange) => {
                let with_credentials = match page_request.credentials {
                    Credentials::Omit => false,
                    Credentials::SameOrigin => page_request.is_same_origin(),
                    Credentials::Include => true,
                };
                let is_preflight = exchange.is_preflight();
                assert_eq!(exchange.includes_credentials(), with_credentials && !is_preflight);
                *(if is_preflight { &mut preflights } else { &mut requests }) += 1;
                assert!(preflights <= 1 && requests <= 1);
                let sent = respond(&exchange);
                if !is_preflight {
                    last = Some((sent.status, parsed(&sent.headers)));
                }
                let response = sent.response();
                next = exchange.receive(browser, &response, now);
            }
            Next::Done(verdict) => break verdict,
        }
    };
    let (status, response) = last.unwrap_or_default();
    let outcome = match verdict {
        Verdict::Allowed(allowed) => {
            assert_eq!(allowed.status, status);
            Outcome::Readable(allowed.readable_headers.into_iter().collect())
        }
        Verdict::Blocked(blocked) => match blocked.step {
            Step::Preflight => Outcome::NeverSent,
            Step::CorsCheck => Outcome::Withheld,
            _ => panic!("{blocked}"),
        },
    };
    assert_eq!(requests == 0, outcome == Outcome::NeverSent);
    Seen { outcome, preflights, status, response }
}
