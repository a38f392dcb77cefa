//! Those who send: steadily, slowly, over HTTP/2, and those who leave before the end.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinHandle,
    time::{sleep, timeout},
};

use super::requests::{Failure, Random, Request};

/// A response that takes longer is an error.
const LONGEST: Duration = Duration::from_secs(20);
/// Requests over one connection.
const A_CONNECTION: usize = 200;
/// So that two cores are busy, and the machine is not exhausted.
const PAUSE: Duration = Duration::from_millis(2);

/// What was sent, and what went wrong.
#[derive(Default)]
pub(super) struct Counts {
    requests: AtomicU64,
    errors: Mutex<BTreeMap<Failure, u64>>,
}

impl Counts {
    /// Requests, errors.
    pub(super) fn read(&self) -> (u64, u64) {
        (self.requests.load(Ordering::Relaxed), self.errors().values().sum())
    }

    pub(super) fn errors(&self) -> BTreeMap<Failure, u64> {
        self.errors.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn add(&self, result: Tried<()>) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        if let Err(failure) = result {
            *self.errors.lock().unwrap_or_else(PoisonError::into_inner).entry(failure).or_default() += 1;
        }
    }
}

type Tried<T> = Result<T, Failure>;

/// Starts all clients of one server; each ends at `until`.
pub(super) fn start(
    address: SocketAddr,
    ours: bool,
    until: Instant,
    counts: &Arc<Counts>,
) -> Vec<JoinHandle<()>> {
    let mut clients = Vec::new();
    for seed in 0..4 {
        let counts = Arc::clone(counts);
        clients.push(tokio::spawn(async move {
            let mut random = Random::new(seed + 1);
            while Instant::now() < until {
                let result = steady(address, ours, until, &mut random, &counts).await;
                result.unwrap_or_else(|failure| counts.add(Err(failure)));
            }
        }));
    }
    for seed in 0..8 {
        let counts = Arc::clone(counts);
        clients.push(tokio::spawn(async move {
            let mut random = Random::new(seed + 100);
            while Instant::now() < until {
                counts.add(slow(address, ours, &mut random).await);
            }
        }));
    }
    for seed in 0..4 {
        let counts = Arc::clone(counts);
        clients.push(tokio::spawn(async move {
            let mut random = Random::new(seed + 200);
            while Instant::now() < until {
                counts.add(leave(address, &mut random).await);
                sleep(Duration::from_millis(20)).await;
            }
        }));
    }
    let counts = Arc::clone(counts);
    clients.push(tokio::spawn(async move {
        let mut random = Random::new(300);
        while Instant::now() < until {
            let result = http2(address, ours, until, &mut random, &counts).await;
            result.unwrap_or_else(|failure| counts.add(Err(failure)));
        }
    }));
    clients
}

fn head(request: &Request) -> String {
    let lines: Vec<String> =
        request.fields().iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let lines = lines.concat();
    format!(
        "{} {} HTTP/1.1\r\nhost: api.example\r\n{lines}\r\n{}",
        request.method, request.path, request.body
    )
}

async fn connect(address: SocketAddr) -> Result<TcpStream, String> {
    TcpStream::connect(address).await.map_err(|error| format!("connect: {}", error.kind()))
}

async fn write(stream: &mut TcpStream, bytes: &[u8]) -> Result<(), String> {
    stream.write_all(bytes).await.map_err(|error| format!("write: {}", error.kind()))
}

/// Reads a response as HTTP/1.1: its status and fields; the body by its length.
async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<(u16, Vec<(String, String)>), String> {
    let end = loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        more(stream, buffer).await?;
    };
    let text = String::from_utf8_lossy(&buffer[..end]).into_owned();
    let mut lines = text.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| "no status line".to_owned())?;
    let fields: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length =
        fields.iter().find(|(name, _)| name == "content-length").and_then(|(_, value)| value.parse().ok());
    let total = end + 4 + length.unwrap_or(0_usize);
    while buffer.len() < total {
        more(stream, buffer).await?;
    }
    buffer.drain(..total);
    Ok((status, fields))
}

async fn more(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<(), String> {
    match timeout(LONGEST, stream.read_buf(buffer)).await {
        Ok(Ok(0)) => Err("the connection ended before the response".to_owned()),
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(format!("read: {}", error.kind())),
        Err(_) => Err("no response in time".to_owned()),
    }
}

/// Requests one after another over a connection that is kept.
async fn steady(
    address: SocketAddr,
    ours: bool,
    until: Instant,
    random: &mut Random,
    counts: &Counts,
) -> Tried<()> {
    let mut stream = connect(address).await?;
    let mut buffer = Vec::new();
    for _ in 0..A_CONNECTION {
        if Instant::now() >= until {
            break;
        }
        let request = Request::any(random);
        write(&mut stream, head(&request).as_bytes()).await?;
        let (status, fields) = read(&mut stream, &mut buffer).await.map_err(|kind| request.failed(kind))?;
        counts.add(request.judge(ours, status, &fields));
        sleep(PAUSE).await;
    }
    Ok(())
}

/// A head that takes two seconds, and a response that is read late.
async fn slow(address: SocketAddr, ours: bool, random: &mut Random) -> Tried<()> {
    let request = Request::any(random);
    let mut stream = connect(address).await?;
    let head = head(&request);
    for part in head.as_bytes().chunks(head.len() / 10 + 1) {
        write(&mut stream, part).await?;
        sleep(Duration::from_millis(200)).await;
    }
    let (status, fields) = read(&mut stream, &mut Vec::new()).await.map_err(|kind| request.failed(kind))?;
    request.judge(ours, status, &fields)
}

/// Leaves: in the middle of the head, right after it, or in the middle of the response.
async fn leave(address: SocketAddr, random: &mut Random) -> Tried<()> {
    let mut stream = connect(address).await?;
    let request =
        Request { path: "/big", method: "GET", preflight_for: None, body: "", ..Request::any(random) };
    let head = head(&request);
    let part = *random.of(&[head.len() / 2, head.len(), head.len()]);
    write(&mut stream, &head.as_bytes()[..part]).await?;
    if part == head.len() && random.below(2) == 0 {
        let mut some = [0; 1024];
        let read =
            timeout(LONGEST, stream.read(&mut some)).await.map_err(|_| "no response in time".to_owned())?;
        read.map_err(|error| format!("read: {}", error.kind()))?;
    }
    Ok(())
}

/// Several requests at once over one connection of HTTP/2, some of which are cancelled.
async fn http2(
    address: SocketAddr,
    ours: bool,
    until: Instant,
    random: &mut Random,
    counts: &Counts,
) -> Tried<()> {
    let said = |error: h2::Error| format!("HTTP/2: {error}");
    let (mut sender, connection) = h2::client::handshake(connect(address).await?).await.map_err(said)?;
    let driver = tokio::spawn(connection);
    for _ in 0..A_CONNECTION {
        if Instant::now() >= until {
            break;
        }
        let mut waiting = Vec::new();
        for _ in 0..8 {
            let request = Request::any(random);
            let mut built = http::Request::builder()
                .method(request.method)
                .uri(format!("http://api.example{}", request.path));
            for (name, value) in request.fields() {
                built = built.header(name, value);
            }
            let built = built.body(()).map_err(|error| error.to_string())?;
            sender = sender.ready().await.map_err(said)?;
            let (response, mut body) = sender.send_request(built, request.body.is_empty()).map_err(said)?;
            if !request.body.is_empty() {
                body.send_data(request.body.into(), true).map_err(said)?;
            }
            waiting.push((request, response, random.below(10) == 0));
        }
        // All at once: data of one that nobody reads would fill the window of the connection.
        let results = join_all(
            waiting.into_iter().map(|(request, response, cancel)| receive(ours, request, response, cancel)),
        );
        results.await.into_iter().for_each(|result| counts.add(result));
        sleep(PAUSE * 8).await;
    }
    drop(sender);
    let _ = timeout(LONGEST, driver).await;
    Ok(())
}

/// Reads a response; if it is cancelled, nothing of its body.
async fn receive(
    ours: bool,
    request: Request,
    response: h2::client::ResponseFuture,
    cancel: bool,
) -> Tried<()> {
    let said = |error: h2::Error| request.failed(format!("HTTP/2: {error}"));
    let late = |_| request.failed("HTTP/2: no response in time".to_owned());
    let response = timeout(LONGEST, response).await.map_err(late)?.map_err(said)?;
    let fields: Vec<(String, String)> = response
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    let status = response.status().as_u16();
    let mut body = response.into_body();
    if cancel {
        // Dropping it resets the stream.
        return request.judge(ours, status, &fields);
    }
    while let Some(data) = timeout(LONGEST, body.data()).await.map_err(late)? {
        let length = data.map_err(said)?.len();
        body.flow_control().release_capacity(length).map_err(said)?;
    }
    request.judge(ours, status, &fields)
}
