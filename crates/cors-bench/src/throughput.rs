//! Requests per second of a whole server, bare and with each Actix middleware, driven by `wrk` over loopback. Every figure
//! is a ratio to the bare server of the same round, as machines drift; nothing about time is asserted, and no traffic
//! leaves the machine.
//!
//! A round starts new servers, as two processes of one program differ by how their memory happens to lie. One of them is
//! bare a second time: how far its ratios are from 1 is how far chance alone goes. The floor says what the headers cost
//! whoever writes them, on the wire and in the client too.

use std::{
    env,
    fmt::Write as _,
    future::{Ready, ready},
    io::{self, BufRead as _, BufReader, ErrorKind, Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use actix_web::{
    App, Error, HttpResponse, HttpServer,
    body::{EitherBody, MessageBody},
    dev::{Service, ServiceRequest, ServiceResponse, Transform},
    rt::System,
    web,
};
use actix_web_cors::Cors;
use tempfile::NamedTempFile;

use crate::{
    cases::{Asked, ORIGIN, Setup},
    contenders::{Contender, actix_cors},
    floor::Floor,
};

/// Alternations: a multiple of the number of servers, so that each stands in each place equally often.
const ROUNDS: usize = 10;
/// How long each server is driven for each kind of request, in each round.
const SECONDS: u32 = 2;
const CONNECTIONS: u32 = 16;

/// The first is what the others are compared with.
const SERVERS: [(&str, Contender); 5] = [
    ("bare", Contender::Bare),
    ("bare, once more", Contender::Bare),
    ("floor", Contender::Floor),
    ("actix-web-cors", Contender::Ours),
    ("actix-cors", Contender::ActixCors),
];

/// Prints the section, after as many rounds of as many seconds as the arguments say, or, if told so by its own parent,
/// is one of the servers.
///
/// # Panics
///
/// When arguments are neither, a server answers wrongly, or `wrk` is not installed.
pub fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve", name] => serve(name).expect("a server on a free port of 127.0.0.1"),
        [] => println!("{}", section()),
        [rounds, seconds] => {
            let rounds = rounds.parse().ok().filter(|rounds| *rounds > 0);
            let seconds = seconds.parse().ok().filter(|seconds| (1..=60).contains(seconds));
            println!(
                "{}",
                section_of(
                    rounds.expect("the number of rounds, 1 or more"),
                    seconds.expect("the seconds for each measurement, 1 to 60")
                )
            );
        }
        _ => panic!(
            "write `throughput`, or `throughput ROUNDS SECONDS`, such as `throughput {ROUNDS} {SECONDS}`"
        ),
    }
}

/// The table, in Markdown.
///
/// # Panics
///
/// When a server answers wrongly, or `wrk` is not installed.
pub fn section() -> String {
    section_of(ROUNDS, SECONDS)
}

/// The same in so many rounds of so many seconds.
///
/// # Panics
///
/// As [`section`].
pub fn section_of(rounds: usize, seconds: u32) -> String {
    let kinds = [
        ("GET, allowed origin", Asked::get(Some(ORIGIN))),
        ("GET, no `Origin`", Asked::get(None)),
        ("preflight, allowed", Asked::preflight(ORIGIN, "content-type,x-request-id")),
    ];
    let mut text = format!(
        "## Whole-server throughput\n\n\
         An Actix server with one worker answers a small JSON body, driven by `wrk` with one thread over {CONNECTIONS} \
         connections that are kept alive. {rounds} rounds, each with new servers, driven in turn for {seconds} s for each \
         kind of request. Ratios are to *bare* in the same round: the median of the rounds, and their least and \
         greatest. *Bare, once more* is a second server of the same kind: what chance alone does. The *floor* sends the same \
         headers for this one policy, with constants, and does nothing else. Bare answers preflights by running the \
         handler.\n\n\
         | request | server | requests per second | p50 latency | p99 latency |\n\
         |---|---|---:|---:|---:|\n"
    );
    // By kind of request, then by round.
    let mut measured = kinds.each_ref().map(|_| Vec::with_capacity(rounds));
    for round in 0..rounds {
        let servers = SERVERS.map(|(_, contender)| Server::start(contender));
        for ((_, asked), measured) in kinds.iter().zip(&mut measured) {
            for server in &servers {
                server.check(asked);
            }
            let mut samples = [[0.0; 3]; SERVERS.len()];
            for place in 0..SERVERS.len() {
                let turn = (round + place) % SERVERS.len();
                samples[turn] = servers[turn].drive(asked, seconds);
            }
            measured.push(samples);
        }
    }
    for ((kind, _), measured) in kinds.iter().zip(&measured) {
        let bare =
            [0, 1, 2].map(|figure| median(measured.iter().map(|samples| samples[0][figure]).collect()));
        let [per_second, p50, p99] = bare;
        let _ = writeln!(text, "| {kind} | bare | {per_second:.0} | {p50:.0} µs | {p99:.0} µs |");
        for (number, (name, _)) in SERVERS.iter().enumerate().skip(1) {
            let ratios = [0, 1, 2].map(|figure| {
                ratio(measured.iter().map(|samples| samples[number][figure] / samples[0][figure]).collect())
            });
            let _ = writeln!(text, "| {kind} | {name} | {} |", ratios.join(" | "));
        }
    }
    text
}

/// The median, the least and the greatest.
fn ratio(ratios: Vec<f64>) -> String {
    let least = ratios.iter().copied().fold(f64::INFINITY, f64::min);
    let greatest = ratios.iter().copied().fold(0.0, f64::max);
    format!("× {:.3} ({least:.3}–{greatest:.3})", median(ratios))
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    let half = figures.len() / 2;
    if figures.len() % 2 == 1 { figures[half] } else { f64::midpoint(figures[half - 1], figures[half]) }
}

/// A server that runs until this is dropped.
struct Server {
    contender: Contender,
    process: Child,
    port: u16,
}

impl Server {
    fn start(contender: Contender) -> Self {
        let program = env::current_exe().expect("a running program has a path").with_file_name("throughput");
        let process = Command::new(&program)
            .args(["serve", contender.name()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("{}: {error}. Run `cargo build --release -p cors-bench` first", program.display())
            });
        let mut server = Self { contender, process, port: 0 };
        let mut line = String::new();
        if let Some(said) = server.process.stdout.as_mut() {
            BufReader::new(said).read_line(&mut line).expect("a line of text");
        }
        server.port = line.trim().parse().expect("the server says its port");
        server
    }

    /// A wrong answer may be as fast as it likes.
    fn check(&self, asked: &Asked) {
        let mut request = format!("{} /api/notes HTTP/1.1\r\n", asked.method());
        for (name, value) in asked.lines() {
            let value = if name == "connection" { "close" } else { &value };
            let _ = write!(request, "{name}: {value}\r\n");
        }
        let answer = || -> io::Result<String> {
            let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
            stream.set_read_timeout(Some(Duration::from_secs(10)))?;
            stream.write_all(format!("{request}\r\n").as_bytes())?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            Ok(answer)
        };
        let answer = answer().expect("an answer");
        let is_bare = self.contender == Contender::Bare;
        let allowed = format!("\r\naccess-control-allow-origin: {ORIGIN}\r\n");
        let right = answer.starts_with("HTTP/1.1 20")
            && answer.contains(&allowed) == (!is_bare && asked.origin.is_some())
            && answer.ends_with(NOTES) == (is_bare || asked.preflight.is_none());
        assert!(right, "{}, asked {asked:?}, answers\n{answer}", self.contender.name());
    }

    /// Requests per second, and the 50th and 99th percentile of latency in microseconds.
    fn drive(&self, asked: &Asked, seconds: u32) -> [f64; 3] {
        let mut script = NamedTempFile::new().expect("a temporary file");
        script.write_all(wrk_script(asked).as_bytes()).expect("room for a short file");
        let output = Command::new("wrk")
            .args(["--threads=1", &format!("--connections={CONNECTIONS}"), &format!("--duration={seconds}s")])
            .arg("--script")
            .arg(script.path())
            .arg(format!("http://127.0.0.1:{}/api/notes", self.port))
            .output()
            .unwrap_or_else(|error| match error.kind() {
                ErrorKind::NotFound => panic!("wrk is not installed. Run `apt-get install wrk`"),
                _ => panic!("wrk: {error}"),
            });
        let said = String::from_utf8_lossy(&output.stdout);
        let figures: Vec<f64> = said
            .lines()
            .find_map(|line| line.strip_prefix("figures: "))
            .map(|line| line.split(' ').filter_map(|figure| figure.parse().ok()).collect())
            .unwrap_or_default();
        let [requests, microseconds, errors, p50, p99] = figures[..] else {
            panic!("wrk says no figures: {said}{}", String::from_utf8_lossy(&output.stderr));
        };
        assert!(errors < 1.0, "{}, asked {asked:?}: {said}", self.contender.name());
        [requests / (microseconds / 1e6), p50, p99]
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; there is nobody left to tell.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// In Lua. Without a function of its own for requests or responses `wrk` runs none of it while it measures. Its own text
/// rounds latencies.
fn wrk_script(asked: &Asked) -> String {
    let mut script = format!("wrk.method = {:?}\n", asked.method());
    // It sends its own `Host`, and would send both.
    for (name, value) in asked.lines().into_iter().filter(|(name, _)| *name != "host") {
        let _ = writeln!(script, "wrk.headers[{name:?}] = {value:?}");
    }
    script.push_str(
        r#"
function done(summary, latency, requests)
    local errors = summary.errors
    local wrong = errors.status + errors.connect + errors.read + errors.write
    io.write(string.format("figures: %.0f %.0f %.0f %.0f %.0f\n", summary.requests, summary.duration, wrong,
        latency:percentile(50), latency:percentile(99)))
end
"#,
    );
    script
}

const NOTES: &str = r#"{"notes":[{"id":1,"text":"Buy milk"},{"id":2,"text":"Read the Fetch Standard"}]}"#;

async fn notes() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(NOTES)
}

/// Says its port, then serves until its parent ends it, or ends.
fn serve(name: &str) -> io::Result<()> {
    thread::spawn(|| {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        std::process::exit(0);
    });
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    println!("{}", listener.local_addr()?.port());
    let api = || web::resource("/api/notes").to(notes);
    System::new().block_on(async move {
        let (_, contender) = SERVERS.into_iter().find(|(known, _)| *known == name).expect("a server's name");
        match contender {
            Contender::Ours => {
                let policy = Setup::listed().policy();
                let app = move || App::new().wrap(Cors::new(policy.clone())).service(api());
                HttpServer::new(app).workers(1).listen(listener)?.run().await
            }
            Contender::Floor => {
                let app = move || App::new().wrap(WithFloor).service(api());
                HttpServer::new(app).workers(1).listen(listener)?.run().await
            }
            Contender::ActixCors => {
                let app = move || App::new().wrap(actix_cors(&Setup::listed())).service(api());
                HttpServer::new(app).workers(1).listen(listener)?.run().await
            }
            _ => HttpServer::new(move || App::new().service(api())).workers(1).listen(listener)?.run().await,
        }
    })
}

struct WithFloor;

impl<S, B> Transform<S, ServiceRequest> for WithFloor
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Transform = Floor<S>;
    type InitError = ();
    type Future = Ready<Result<Floor<S>, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(Floor::new(service)))
    }
}
