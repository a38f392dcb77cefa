//! The servers that the vectors script: HTTP/1.1 by hand, because a response must have exactly the lines that its vector
//! states, or there may be none at all. Requests are recorded and responded to here, and judged elsewhere.

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinSet,
    time,
};

/// How long a connection may be idle: browsers open some that they never use.
const IDLE: Duration = Duration::from_secs(60);
const LARGEST_HEAD: usize = 256 * 1024;

/// What the pages of a run load, other than responses of vectors.
#[derive(Debug)]
pub(super) struct Pages {
    pub(super) top: String,
    pub(super) frame: String,
    pub(super) plan: String,
}

/// A request that is expected, and its response.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) method: String,
    /// Mapped, without a fragment.
    pub(super) url: String,
    pub(super) is_preflight: bool,
    /// The bytes of the response; `None` if the connection closes without one.
    pub(super) response: Option<Vec<u8>>,
}

/// A request that arrived.
#[derive(Clone, Debug)]
pub(super) struct Arrived {
    /// Which fetch of its vector was under way.
    pub(super) fetch: usize,
    pub(super) head: Head,
    pub(super) has_body: bool,
    /// The same request arrived before, and its connection closed without a response: browsers may then send it once more. <https://www.rfc-editor.org/rfc/rfc9110#section-9.2.2>
    pub(super) is_retry: bool,
}

/// A request's head, its bytes as code points.
#[derive(Clone, Debug)]
pub(super) struct Head {
    pub(super) method: String,
    target: String,
    headers: Vec<(String, String)>,
}

#[derive(Debug, Default)]
struct Script {
    fetches: Vec<Vec<Item>>,
    fetch: usize,
    next: usize,
    arrived: Vec<Arrived>,
}

/// A vector's number and its outcomes, as the page reports them; `None` when it has played all.
pub(super) type Reported = Option<(usize, Value)>;

/// What servers and the run share.
#[derive(Debug)]
pub(super) struct Servers {
    pages: Pages,
    scripts: Mutex<BTreeMap<usize, Script>>,
    reports: mpsc::UnboundedSender<Reported>,
}

impl Servers {
    /// Starts to serve, for as long as the set of tasks is kept. What the page reports comes through the channel.
    pub(super) fn start(
        listeners: Vec<std::net::TcpListener>,
        pages: Pages,
        scripts: BTreeMap<usize, Vec<Vec<Item>>>,
    ) -> io::Result<(Arc<Self>, mpsc::UnboundedReceiver<Reported>, JoinSet<()>)> {
        let (reports, received) = mpsc::unbounded_channel();
        let scripts = scripts
            .into_iter()
            .map(|(vector, fetches)| (vector, Script { fetches, ..Script::default() }))
            .collect();
        let servers = Arc::new(Self { pages, scripts: Mutex::new(scripts), reports });
        let mut tasks = JoinSet::new();
        for listener in listeners {
            listener.set_nonblocking(true)?;
            let listener = TcpListener::from_std(listener)?;
            let servers = Arc::clone(&servers);
            tasks.spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    let servers = Arc::clone(&servers);
                    tokio::spawn(async move {
                        // A browser that hangs up is not an error.
                        let _ = time::timeout(IDLE, servers.serve(stream)).await;
                    });
                }
            });
        }
        Ok((servers, received, tasks))
    }

    /// What has arrived for a vector so far.
    pub(super) fn arrived(&self, vector: usize) -> Vec<Arrived> {
        self.scripts().get(&vector).map(|script| script.arrived.clone()).unwrap_or_default()
    }

    fn scripts(&self) -> MutexGuard<'_, BTreeMap<usize, Script>> {
        self.scripts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One request. No connection is used twice, so that it is never a matter of chance which one closes.
    async fn serve(&self, mut stream: TcpStream) -> io::Result<()> {
        let Some((head, body)) = read(&mut stream).await? else { return Ok(()) };
        let response = match self.own(&head, &body) {
            Some(response) => Some(response),
            None => match head.vector() {
                Some(vector) => self.scripted(vector, head, !body.is_empty()),
                // Usually a favicon.
                None => Some(response_of(404, &[], b"")),
            },
        };
        if let Some(response) = response {
            stream.write_all(&response).await?;
        }
        stream.shutdown().await
    }

    /// The responses that the pages need for themselves.
    fn own(&self, head: &Head, body: &[u8]) -> Option<Vec<u8>> {
        let html = |text: &str| {
            // This cookie shows whether a request has credentials: cookies are sent to all ports of a host.
            let headers = [("content-type", "text/html"), ("set-cookie", "conformance=1; Path=/")];
            Some(response_of(
                200,
                &headers.map(|(name, value)| (name.to_owned(), value.to_owned())),
                text.as_bytes(),
            ))
        };
        let mut segments = head.target.split('/').skip(1);
        let (first, second, third) = (segments.next()?, segments.next(), segments.next());
        let number = |segment: Option<&str>| segment.and_then(|segment| segment.parse::<usize>().ok());
        match first {
            "top" => html(&self.pages.top),
            "frame" => html(&self.pages.frame),
            "plan" => Some(response_of(200, &[], self.pages.plan.as_bytes())),
            "at" => {
                let (vector, fetch) = (number(second)?, number(third)?);
                if let Some(script) = self.scripts().get_mut(&vector) {
                    (script.fetch, script.next) = (fetch, 0);
                }
                Some(response_of(204, &[], b""))
            }
            "report" => {
                let outcomes = serde_json::from_slice(body).unwrap_or_default();
                // This fails if the run is over.
                let _ = self.reports.send(Some((number(second)?, outcomes)));
                Some(response_of(204, &[], b""))
            }
            "done" => {
                let _ = self.reports.send(None);
                Some(response_of(204, &[], b""))
            }
            _ => None,
        }
    }

    fn scripted(&self, vector: usize, head: Head, has_body: bool) -> Option<Vec<u8>> {
        let mut scripts = self.scripts();
        let unexpected = || Some(response_of(599, &[], b""));
        let Some(script) = scripts.get_mut(&vector) else { return unexpected() };
        let items = script.fetches.get(script.fetch).map(Vec::as_slice).unwrap_or_default();
        let is_meant = |item: &Item| {
            item.method == head.method && item.url == head.url() && item.is_preflight == head.is_preflight()
        };
        let found = items.iter().skip(script.next).position(is_meant).map(|at| at + script.next);
        let is_retry = found.is_none()
            && items[..script.next].iter().any(|item| is_meant(item) && item.response.is_none());
        let response = match found {
            Some(at) => {
                script.next = at + 1;
                items[at].response.clone()
            }
            None if is_retry => None,
            None => unexpected(),
        };
        script.arrived.push(Arrived { fetch: script.fetch, head, has_body, is_retry });
        response
    }
}

impl Head {
    /// All lines of a name, combined as `Headers` combines them.
    pub(super) fn header(&self, name: &str) -> Option<String> {
        let values: Vec<_> = self
            .headers
            .iter()
            .filter(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
            .collect();
        (!values.is_empty()).then(|| values.join(", "))
    }

    /// Where it went.
    pub(super) fn url(&self) -> String {
        once(&format!("http://{}{}", self.header("host").unwrap_or_default(), self.target))
    }

    /// A script's own `OPTIONS` request is not one: scripts can't set `Access-Control-Request-Method`.
    pub(super) fn is_preflight(&self) -> bool {
        self.method == "OPTIONS" && self.header("access-control-request-method").is_some()
    }

    /// Whether the request has the cookie of the pages.
    pub(super) fn has_cookie(&self) -> bool {
        self.header("cookie").is_some_and(|cookies| cookies.contains("conformance=1"))
    }

    fn vector(&self) -> Option<usize> {
        self.target.strip_prefix("/v/")?.split('/').next()?.parse().ok()
    }
}

/// A URL with its vector's own path no more than once: an engine that reads two `Location` lines as one has it twice.
pub(super) fn once(url: &str) -> String {
    let Some(start) = url.find("/v/") else { return url.to_owned() };
    let digits = url[start + 3..].bytes().take_while(u8::is_ascii_digit).count();
    let (own, rest) = url.split_at(start + 3 + digits);
    own.to_owned() + &rest.replace(&own[start..], "")
}

/// A response after which the connection closes. Its last header says so, and is the only one that the vector does not state.
pub(super) fn response_of(status: u16, headers: &[(String, String)], body: &[u8]) -> Vec<u8> {
    let encode = |text: &str| text.chars().map(|c| u8::try_from(c).unwrap_or(b'?')).collect::<Vec<u8>>();
    let mut response = format!("HTTP/1.1 {status} \r\n").into_bytes();
    for (name, value) in headers {
        response.extend(encode(name));
        response.extend(b": ");
        response.extend(encode(value));
        response.extend(b"\r\n");
    }
    response.extend(b"connection: close\r\n\r\n");
    response.extend(body);
    response
}

/// A request with all of its body; `None` if the connection closes before it is complete.
async fn read(stream: &mut TcpStream) -> io::Result<Option<(Head, Vec<u8>)>> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at;
        }
        if bytes.len() > LARGEST_HEAD || stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    };
    let text: String = bytes[..end].iter().map(|&byte| char::from(byte)).collect();
    let mut body = bytes.split_off(end + 4);
    let mut lines = text.split("\r\n");
    let mut words = lines.next().unwrap_or_default().split(' ');
    let (Some(method), Some(target)) = (words.next(), words.next()) else { return Ok(None) };
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.trim_matches([' ', '\t']).to_owned()))
        .collect();
    let head = Head { method: method.to_owned(), target: target.to_owned(), headers };
    let length = head.header("content-length").and_then(|length| length.parse::<usize>().ok());
    let is_chunked = head.header("transfer-encoding").is_some();
    let is_whole = |body: &[u8]| match length {
        _ if is_chunked => body.ends_with(b"0\r\n\r\n"),
        length => body.len() >= length.unwrap_or_default(),
    };
    while !is_whole(&body) {
        if stream.read_buf(&mut body).await? == 0 {
            return Ok(None);
        }
    }
    Ok(Some((head, body)))
}
