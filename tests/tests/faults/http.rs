//! Small servers on loopback, whose every byte is chosen here. HTTP/1.1, one request per connection.

use std::{
    fmt::Write as _,
    io::{Read as _, Write as _},
    net::TcpStream as BlockingStream,
    sync::{Arc, Mutex, OnceLock},
    thread,
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    runtime::{Builder, Handle},
    task::JoinHandle,
    time,
};

/// The longest head or body of a request that is read.
const LONGEST: usize = 1 << 20;
/// How long a connection may stay open.
const PATIENCE: Duration = Duration::from_secs(30);

/// A request that came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    headers: Vec<(String, String)>,
    /// All of it, as it came.
    bytes: Vec<u8>,
    body: usize,
}

impl Request {
    /// The value of a header, by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(listed, _)| listed == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn origin(&self) -> &str {
        self.header("origin").unwrap_or_default()
    }

    pub(crate) fn is_preflight(&self) -> bool {
        self.method == "OPTIONS" && self.header("access-control-request-method").is_some()
    }

    pub(crate) fn body_length(&self) -> usize {
        self.body
    }
}

/// A response, with as many lines of one name as it is given.
#[derive(Clone, Debug, Default)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Response {
    pub(crate) fn new(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    /// What an API responds with.
    pub(crate) fn json() -> Self {
        Self::new(200).header("Content-Type", "application/json").body("{\"id\":7}")
    }

    pub(crate) fn html(status: u16, body: &str) -> Self {
        Self::new(status).header("Content-Type", "text/html; charset=utf-8").body(body)
    }

    /// Adds a line, whatever is there.
    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn body(mut self, body: &str) -> Self {
        body.clone_into(&mut self.body);
        self
    }

    /// The lines of this name.
    pub(crate) fn lines(&self, name: &str) -> impl Iterator<Item = &str> {
        let named = self.headers.iter().filter(move |(listed, _)| listed.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str())
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(listed, _)| !listed.eq_ignore_ascii_case(name));
        self
    }

    fn bytes(&self, is_head: bool) -> Vec<u8> {
        let mut text = format!("HTTP/1.1 {} Status\r\nConnection: close\r\n", self.status);
        for (name, value) in &self.headers {
            let _ = write!(text, "{name}: {value}\r\n");
        }
        if self.status == 204 || self.status == 304 {
            return (text + "\r\n").into_bytes();
        }
        let _ = write!(text, "Content-Length: {}\r\n\r\n", self.body.len());
        if !is_head {
            text += &self.body;
        }
        text.into_bytes()
    }
}

/// What comes of a request.
pub(crate) enum Outcome {
    Response(Response),
    /// The connection is closed.
    Close,
    /// Bytes that are not HTTP.
    Bytes(&'static [u8]),
    /// The connection stays open, and nothing comes.
    Hang,
}

impl From<Response> for Outcome {
    fn from(response: Response) -> Self {
        Self::Response(response)
    }
}

/// What a server, or a layer of one, makes of a request.
pub(crate) type Handler = Arc<dyn Fn(&Request) -> Outcome + Send + Sync>;

pub(crate) fn handler<O: Into<Outcome>>(respond: impl Fn(&Request) -> O + Send + Sync + 'static) -> Handler {
    Arc::new(move |request| respond(request).into())
}

/// A request's origin, and the lines of `Access-Control-Allow-Origin` that it was sent.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) origin: String,
    pub(crate) lines: Vec<String>,
}

/// A server. It stops when it is dropped.
pub(crate) struct Server {
    told: Arc<Mutex<Vec<Told>>>,
    accepting: JoinHandle<()>,
}

impl Server {
    /// Starts it on a listener that is bound already, because a handler may need the port.
    pub(crate) fn start(listener: std::net::TcpListener, handler: Handler) -> Self {
        let told = Arc::new(Mutex::new(Vec::new()));
        let log = told.clone();
        let accepting = runtime().spawn(async move {
            listener.set_nonblocking(true).expect("a listener that doesn't block");
            let listener = TcpListener::from_std(listener).expect("a listener");
            while let Ok((stream, _)) = listener.accept().await {
                let (handler, log) = (handler.clone(), log.clone());
                tokio::spawn(time::timeout(PATIENCE, async move {
                    // A client that goes away is not an error of the server.
                    let _ = serve(stream, &handler, &log).await;
                }));
            }
        });
        Self { told, accepting }
    }

    /// What it told whom so far.
    pub(crate) fn told(&self) -> Vec<Told> {
        self.told.lock().expect("the log").clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// One thread for all servers.
fn runtime() -> &'static Handle {
    static RUNTIME: OnceLock<Handle> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let handle = runtime.handle().clone();
        thread::spawn(move || runtime.block_on(std::future::pending::<()>()));
        handle
    })
}

async fn serve(mut stream: TcpStream, handler: &Handler, log: &Mutex<Vec<Told>>) -> std::io::Result<()> {
    let Some(request) = read(&mut stream).await? else {
        // What came is not HTTP: the start of TLS, for example.
        stream.write_all(&Response::new(400).bytes(false)).await?;
        return stream.shutdown().await;
    };
    match handler(&request) {
        Outcome::Response(response) => {
            let lines = response.lines("access-control-allow-origin").map(str::to_owned).collect();
            let told = Told { origin: request.origin().to_owned(), lines };
            log.lock().expect("the log").push(told);
            stream.write_all(&response.bytes(request.method == "HEAD")).await?;
        }
        Outcome::Bytes(bytes) => stream.write_all(bytes).await?,
        Outcome::Close => return Ok(()),
        Outcome::Hang => time::sleep(PATIENCE).await,
    }
    stream.shutdown().await
}

/// The request; none if the connection is closed before it is complete, or if it is not one.
async fn read(stream: &mut TcpStream) -> std::io::Result<Option<Request>> {
    let mut bytes = Vec::new();
    loop {
        if let Some(request) = parse(&bytes) {
            return Ok(Some(request));
        }
        let count = stream.read_buf(&mut bytes).await?;
        if count == 0 || bytes.len() > LONGEST || !bytes[0].is_ascii_alphabetic() {
            return Ok(None);
        }
    }
}

/// The request; none if it is not complete.
fn parse(bytes: &[u8]) -> Option<Request> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let (first, headers) = head(&bytes[..end]);
    let mut words = first.split(' ');
    let method = words.next().unwrap_or_default().to_owned();
    let (path, query) = words.next().map(|target| target.split_once('?').unwrap_or((target, "")))?;
    let mut request = Request {
        method,
        path: path.to_owned(),
        query: query.to_owned(),
        headers,
        bytes: bytes.to_vec(),
        body: 0,
    };
    request.body = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    (bytes.len() >= end + 4 + request.body).then_some(request)
}

/// The first line, and the header lines with names in lower case.
fn head(bytes: &[u8]) -> (String, Vec<(String, String)>) {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.split("\r\n");
    let first = lines.next().unwrap_or_default().to_owned();
    let headers = lines.filter_map(|line| line.split_once(':'));
    (first, headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect())
}

/// Passes a request on to a server on this port, as a reverse proxy does. The server has a thread of its own.
pub(crate) fn forward(port: u16, request: &Request) -> Outcome {
    let exchange = || -> std::io::Result<Vec<u8>> {
        let mut stream = BlockingStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let end = request.bytes.windows(2).position(|window| window == b"\r\n").unwrap_or_default();
        stream.write_all(&request.bytes[..end])?;
        // Before the browser's own line, which says that the connection is kept.
        stream.write_all(b"\r\nConnection: close")?;
        let rest = String::from_utf8_lossy(&request.bytes[end..]);
        stream.write_all(rest.replace("\r\nConnection: keep-alive", "").as_bytes())?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let Ok(bytes) = exchange() else { return Outcome::Close };
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { return Outcome::Close };
    let (first, headers) = head(&bytes[..end]);
    let status = first.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    let own = ["connection", "content-length", "transfer-encoding"];
    let headers = headers.into_iter().filter(|(name, _)| !own.contains(&name.as_str())).collect();
    Response { status, headers, body: String::from_utf8_lossy(&bytes[end + 4..]).into_owned() }.into()
}
