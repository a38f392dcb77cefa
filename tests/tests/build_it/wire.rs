//! What goes over the wire between the browser and the API: forwards bytes as they are, and keeps them.

use std::{
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

/// A request and its response.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    /// The request line and header lines.
    pub(crate) request: Vec<String>,
    /// The status line, header lines, an empty line, and the body's lines.
    pub(crate) response: Vec<String>,
}

#[derive(Default)]
struct Connection {
    sent: Vec<u8>,
    /// Where in `sent` a piece begins, and its number among the pieces of all connections.
    pieces: Vec<(usize, usize)>,
    received: Vec<u8>,
}

struct State {
    connections: Mutex<Vec<Arc<Mutex<Connection>>>>,
    pieces: AtomicUsize,
    is_over: AtomicBool,
}

/// It listens until it is dropped.
pub(crate) struct Wire {
    port: u16,
    state: Arc<State>,
}

impl Wire {
    pub(crate) fn start(port: u16, upstream: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let state = Arc::new(State {
            connections: Mutex::default(),
            pieces: AtomicUsize::new(0),
            is_over: AtomicBool::new(false),
        });
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for browser in listener.incoming() {
                if shared.is_over.load(Ordering::SeqCst) {
                    return;
                }
                // A browser that gives up, or an API that doesn't run, is the end of one connection only.
                if let Ok(browser) = browser {
                    let _ = shared.forward(browser, upstream);
                }
            }
        });
        Ok(Self { port, state })
    }

    /// All requests for the path that have a response, in the order in which they were sent.
    pub(crate) fn exchanges(&self, path: &str) -> Vec<Exchange> {
        let connections = lock(&self.state.connections);
        let mut all: Vec<_> = connections.iter().flat_map(|one| lock(one).exchanges()).collect();
        all.sort_by_key(|(piece, _)| *piece);
        let is_wanted =
            |exchange: &Exchange| exchange.request[0].split(' ').nth(1).is_some_and(|target| target == path);
        all.into_iter().map(|(_, exchange)| exchange).filter(is_wanted).collect()
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.state.is_over.store(true, Ordering::SeqCst);
        // The listener notices at its next connection.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
    }
}

impl State {
    fn forward(self: &Arc<Self>, browser: TcpStream, upstream: u16) -> io::Result<()> {
        let api = TcpStream::connect((Ipv4Addr::LOCALHOST, upstream))?;
        let connection = Arc::new(Mutex::new(Connection::default()));
        lock(&self.connections).push(Arc::clone(&connection));
        let (from_browser, to_browser) = (browser.try_clone()?, browser);
        let (from_api, to_api) = (api.try_clone()?, api);
        let (state, requests) = (Arc::clone(self), Arc::clone(&connection));
        thread::spawn(move || {
            copy(from_browser, to_api, |bytes| {
                let mut connection = lock(&requests);
                let start = connection.sent.len();
                connection.pieces.push((start, state.pieces.fetch_add(1, Ordering::SeqCst)));
                connection.sent.extend(bytes);
            });
        });
        thread::spawn(move || copy(from_api, to_browser, |bytes| lock(&connection).received.extend(bytes)));
        Ok(())
    }
}

fn copy(mut from: TcpStream, mut to: TcpStream, keep: impl Fn(&[u8])) {
    let mut buffer = [0; 8192];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        keep(&buffer[..length]);
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
    let _ = from.shutdown(Shutdown::Read);
}

impl Connection {
    /// Each with the number of the piece in which its request begins. Requests here have no bodies.
    fn exchanges(&self) -> Vec<(usize, Exchange)> {
        let (mut sent, mut received) = (0, 0);
        let mut exchanges = Vec::new();
        while let Some(request) = head(&self.sent[sent..]) {
            let Some(response) = head(&self.received[received..]) else { break };
            let length = response.iter().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
            });
            let body = received + size(&response);
            let end = body + length.unwrap_or(0);
            let Some(body) = self.received.get(body..end) else { break };
            let piece = self.pieces.iter().rev().find(|(start, _)| *start <= sent).map_or(0, |piece| piece.1);
            sent += size(&request);
            received = end;
            let mut lines = response;
            lines.push(String::new());
            lines.extend(String::from_utf8_lossy(body).lines().map(str::to_owned));
            exchanges.push((piece, Exchange { request, response: lines }));
        }
        exchanges
    }
}

/// The lines of the head at the start, if it is complete.
fn head(bytes: &[u8]) -> Option<Vec<String>> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    Some(String::from_utf8_lossy(&bytes[..end]).split("\r\n").map(str::to_owned).collect())
}

fn size(head: &[String]) -> usize {
    head.iter().map(|line| line.len() + 2).sum::<usize>() + 2
}

/// The first wanted line that is not among the lines. Header names may be in any case.
pub(crate) fn lacks(lines: &[String], wanted: &str) -> Option<String> {
    let wanted = wanted.lines().filter(|line| !line.is_empty());
    wanted.map(folded).find(|wanted| !lines.iter().any(|line| folded(line) == *wanted))
}

/// With the name of a header in lower case.
fn folded(line: &str) -> String {
    match line.split_once(": ") {
        Some((name, value)) => format!("{}: {value}", name.to_ascii_lowercase()),
        None => line.to_owned(),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
