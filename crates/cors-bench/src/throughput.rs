//! Requests per second of a whole server, bare and with each Actix middleware, driven by `wrk` over loopback. Every figure
//! is a ratio to the bare server of the same round; nothing about time is asserted, and no traffic leaves the machine.
//!
//! A virtual machine's speed jumps by ten percent and more from one moment to the next, over milliseconds as over seconds,
//! so servers that are driven a second each, one after the other, are not driven by the same machine. Here all servers of
//! a round live at once, each with a `wrk` of its own, and signals pause all `wrk` but one: the servers take turns of
//! milliseconds, hundreds of them in a round, and the machine's moods come to all alike. After each turn `/proc` says how
//! many requests it had; the median of a server's turns stands for it, as what disturbs a turn only ever makes it slower.
//! The servers have one core, and `wrk` another.
//!
//! A round starts new servers, as two processes of one program differ by how their memory happens to lie. One of them is
//! bare a second time: how far its ratios are from 1 is how far chance alone goes. The floor says what the headers cost
//! whoever writes them, on the wire and in the client too.
//!
//! Beside requests per second stands the CPU time that a server takes for each, from the scheduler's own clock: it doesn't
//! count the time in which others have the core, or the server waits for `wrk`, which needs about as much for a request as
//! the server. So this is the sharper figure, above all on a machine that does something else, too.
//!
//! `wrk` takes a pause for a slow answer, so latencies are measured apart, a second for each server without a pause.

use std::{
    env,
    fmt::Write as _,
    fs,
    future::{Ready, ready},
    io::{self, BufRead as _, BufReader, ErrorKind, Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
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
    measure,
};

const ROUNDS: usize = 20;
/// How long the servers take turns for each kind of request, in each round.
const SECONDS: u32 = 5;
/// In how many of the rounds latencies are measured as well: as many as there are servers, so that each stands in each place
/// once.
const LATENCY_ROUNDS: usize = SERVERS.len();
const TURN: Duration = Duration::from_millis(10);
/// How long the server that was driven has to answer what is under way, one request on each connection.
const REST: Duration = Duration::from_millis(1);
/// How long a new `wrk` is given to start and connect, as its first turn.
const START: Duration = Duration::from_millis(30);
/// Enough that neither server nor `wrk` often waits for the other.
const CONNECTIONS: u32 = 64;

/// How many there are must be prime: see [`take_turns`].
const SERVERS: [(&str, Contender); 5] = [
    ("bare", Contender::Bare),
    ("bare, once more", Contender::Bare),
    ("floor", Contender::Floor),
    ("actix-web-cors", Contender::Ours),
    ("actix-cors", Contender::ActixCors),
];
// Their places in it.
const BARE: usize = 0;
const FLOOR: usize = 2;
const OURS: usize = 3;
const ACTIX_CORS: usize = 4;

/// Prints the section, after as many rounds of as many seconds of turns as the arguments say, or, if told so by its own
/// parent, is one of the servers.
///
/// # Panics
///
/// When arguments are neither, a server answers wrongly, or `wrk` is not installed.
pub fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve", name, core] => serve(name, core.parse().expect("the number of a core"))
            .expect("a server on a free port of 127.0.0.1"),
        [] => println!("{}", section()),
        [rounds, seconds] => {
            let rounds = rounds.parse().ok().filter(|rounds| *rounds > 0);
            let seconds = seconds.parse().ok().filter(|seconds| (1..=60).contains(seconds));
            println!(
                "{}",
                section_of(
                    rounds.expect("the number of rounds, 1 or more"),
                    seconds.expect("the seconds of turns for each kind of request, 1 to 60")
                )
            );
        }
        _ => panic!(
            "write `throughput`, or `throughput ROUNDS SECONDS`, such as `throughput {ROUNDS} {SECONDS}`"
        ),
    }
}

/// The tables, in Markdown.
///
/// # Panics
///
/// When a server answers wrongly, or `wrk` is not installed.
pub fn section() -> String {
    section_of(ROUNDS, SECONDS)
}

/// The same after so many rounds, in which the servers take turns for so many seconds for each kind of request.
///
/// # Panics
///
/// As [`section`].
pub fn section_of(rounds: usize, seconds: u32) -> String {
    let kinds = [
        ("GET, no `Origin`", Asked::get(None)),
        ("GET, allowed origin", Asked::get(Some(ORIGIN))),
        ("preflight, allowed", Asked::preflight(ORIGIN, "content-type,x-request-id")),
    ];
    let mut measured = kinds.each_ref().map(|_| Measured::default());
    let mut uses = Vec::new();
    let pinned = os::Pinned::to_last_core();
    for round in 0..rounds {
        let servers = SERVERS.map(|(_, contender)| Server::start(contender, pinned.other_core()));
        for ((_, asked), measured) in kinds.iter().zip(&mut measured) {
            for server in &servers {
                server.check(asked);
            }
            let (samples, busy) = take_turns(&servers, asked, seconds);
            measured.turns.push(samples);
            uses.push(busy);
            if round < LATENCY_ROUNDS {
                let mut latencies = [[0.0; 2]; SERVERS.len()];
                for place in 0..SERVERS.len() {
                    let turn = (round + place) % SERVERS.len();
                    latencies[turn] = servers[turn].latencies(asked);
                }
                measured.latencies.push(latencies);
            }
        }
    }
    drop(pinned);

    let mut text = format!(
        "## Whole-server throughput\n\n\
         An Actix server with one worker answers a small JSON body, driven by `wrk` with one thread over {CONNECTIONS} \
         connections that are kept alive; each of the two has a core. {rounds} rounds, each with new servers, which take \
         turns of {turn} ms for {seconds} s for each kind of request, as machines drift; the median of its turns stands for \
         a server. Ratios are to *bare* in the same round: the median of the rounds, in square brackets {interval}, \
         and in parentheses the least and greatest. *CPU time* is what the server's process takes for a request, its own and \
         the kernel's for it. *Bare, once more* is a second server of the same kind: what chance alone does. The *floor* \
         sends the same headers for this one policy, with constants, and does nothing else. Bare answers preflights by \
         running the handler. Latencies are of another second for each server, without turns, in {latency_rounds} of the \
         rounds; all connections are always busy, so each is that of a queue of {CONNECTIONS}, and *bare, once more* says \
         how little they decide.\n\n{uses}\n\n\
         | request | server | requests per second | CPU time per request | p50 latency | p99 latency |\n\
         |---|---|---:|---:|---:|---:|\n",
        turn = TURN.as_millis(),
        latency_rounds = rounds.min(LATENCY_ROUNDS),
        interval = interval_in_words(rounds),
        uses = Use::in_words(&uses),
    );
    for ((kind, _), Measured { turns, latencies }) in kinds.iter().zip(&measured) {
        let bare = |figure: fn(&Sample) -> f64| {
            Spread::of(turns.iter().map(|samples| figure(&samples[BARE]))).median
        };
        let [p50, p99] =
            [0, 1].map(|which| Spread::of(latencies.iter().map(|latency| latency[BARE][which])).median);
        let (per_second, cpu) = (bare(|of| of.per_second), bare(|of| of.cpu));
        let _ =
            writeln!(text, "| {kind} | bare | {per_second:.0} | {cpu:.2} µs | {p50:.0} µs | {p99:.0} µs |");
        for (number, (name, _)) in SERVERS.iter().enumerate().skip(1) {
            let ratio = |figure: fn(&Sample) -> f64| {
                let ratio = |samples: &Samples| figure(&samples[number]) / figure(&samples[BARE]);
                Spread::of(turns.iter().map(ratio)).as_ratio()
            };
            let [p50, p99] = [0, 1].map(|which| {
                let ratio = |latency: &Latencies| latency[number][which] / latency[BARE][which];
                Spread::of(latencies.iter().map(ratio)).as_rough_ratio()
            });
            let (per_second, cpu) = (ratio(|of| of.per_second), ratio(|of| of.cpu));
            let _ = writeln!(text, "| {kind} | {name} | {per_second} | {cpu} | {p50} | {p99} |");
        }
    }

    text.push_str(
        "\nWhere the CPU time goes, in percent of bare's CPU time per request. What the floor takes beyond bare is the \
         price of the headers, whoever writes them, and of being a middleware at all; what a middleware takes beyond the \
         floor is its own. For preflights there is no such share of the headers, as bare's handler sends a body instead.\n\n\
         | request | floor − bare: the headers | actix-web-cors − floor | actix-cors − floor | actix-web-cors − bare |\n\
         |---|---:|---:|---:|---:|\n",
    );
    for ((kind, _), Measured { turns, .. }) in kinds.iter().zip(&measured) {
        let differences =
            [(FLOOR, BARE), (OURS, FLOOR), (ACTIX_CORS, FLOOR), (OURS, BARE)].map(|(of, from)| {
                let difference =
                    |samples: &Samples| (samples[of].cpu - samples[from].cpu) / samples[BARE].cpu * 100.0;
                Spread::of(turns.iter().map(difference)).as_percent()
            });
        let _ = writeln!(text, "| {kind} | {} |", differences.join(" | "));
    }
    text
}

/// Of one kind of request, round by round.
#[derive(Debug, Default)]
struct Measured {
    turns: Vec<Samples>,
    latencies: Vec<Latencies>,
}

/// The medians of a server's turns in one round.
#[derive(Clone, Copy, Debug)]
struct Sample {
    per_second: f64,
    /// Of the server's process, for each request, in microseconds.
    cpu: f64,
}

type Samples = [Sample; SERVERS.len()];
/// The 50th and the 99th percentile, in microseconds.
type Latencies = [[f64; 2]; SERVERS.len()];

/// What the machine did while servers took turns, each as a share of what was there.
#[derive(Clone, Copy, Debug)]
struct Use {
    /// Of a core, by bare servers when it is their turn.
    server: f64,
    /// Of a core, by their `wrk`.
    wrk: f64,
    /// Of all cores, by whoever has nothing to do with this.
    others: f64,
    /// Of all cores, by the hypervisor, for other machines.
    stolen: f64,
}

impl Use {
    fn in_words(uses: &[Self]) -> String {
        let of = |figure: fn(&Self) -> f64| Spread::of(uses.iter().map(|used| figure(used) * 100.0));
        let (server, wrk) = (of(|used| used.server).median, of(|used| used.wrk).median);
        let (others, stolen) = (of(|used| used.others), of(|used| used.stolen));
        format!(
            "While it was a bare server's turn, it used {server:.0} % of its core, and `wrk` {wrk:.0} % of the other. Other \
             programs used {:.1} % of all cores meanwhile ({:.1}–{:.1} %), and the hypervisor kept back {:.1} % \
             ({:.1}–{:.1} %).",
            others.median,
            others.least.max(0.0),
            others.greatest,
            stolen.median,
            stolen.least,
            stolen.greatest,
        )
    }
}

/// Each server is driven for a turn, again and again. With `n` servers, `n` a prime number, a stride that is no multiple of it
/// visits all; with each stride in its turn, every server comes after every other equally often.
fn take_turns(servers: &[Server; SERVERS.len()], asked: &Asked, seconds: u32) -> (Samples, Use) {
    let machine = Machine::now();
    let idle = servers.each_ref().map(Server::cpu_time);
    let begin = Instant::now();
    let time = Duration::from_secs(seconds.into());
    let mut clients = servers.each_ref().map(|server| {
        let mut client = Drive::start(server, asked, seconds);
        thread::sleep(START);
        client.pause();
        thread::sleep(REST);
        client
    });
    let mut turns = servers.each_ref().map(|_| Turns::default());
    let mut before: Vec<_> =
        servers.iter().zip(&clients).map(|(server, client)| (client.requests(), server.cpu_time())).collect();
    let round = (TURN + 2 * REST).mul_f64(number(SERVERS.len()));
    let mut cycle = 0;
    // None may end by itself in the middle of a turn, even when turns are late.
    while begin.elapsed() + 4 * round < time {
        for place in 0..SERVERS.len() {
            let stride = 1 + cycle % (SERVERS.len() - 1);
            let turn = (cycle + stride * place) % SERVERS.len();
            let client = &mut clients[turn];
            client.resume();
            thread::sleep(TURN);
            let time = client.pause();
            thread::sleep(REST);
            let now = (client.requests(), servers[turn].cpu_time());
            turns[turn].add(time, now.0 - before[turn].0, now.1 - before[turn].1);
            before[turn] = now;
        }
        cycle += 1;
    }
    let used: Vec<f64> = servers.iter().zip(idle).map(|(server, idle)| server.cpu_time() - idle).collect();
    let used_by_wrk = clients.each_ref().map(|client| cpu_time(&client.wrk));
    let turn = clients[BARE].driven.as_secs_f64();
    let (others, stolen) = machine.used_beyond(used.iter().chain(&used_by_wrk).sum());
    let used = Use { server: turns[BARE].busy / turn, wrk: used_by_wrk[BARE] / turn, others, stolen };

    // Now all end at once when they are let on, and say whether there were errors.
    thread::sleep((time + START.mul_f64(number(SERVERS.len() + 1))).saturating_sub(begin.elapsed()));
    for client in clients {
        client.end();
    }
    let samples = turns.map(|turns| Sample {
        per_second: Spread::of(turns.per_second.into_iter()).median,
        cpu: Spread::of(turns.cpu.into_iter()).median,
    });
    (samples, used)
}

/// What a server did, turn by turn.
#[derive(Debug, Default)]
struct Turns {
    per_second: Vec<f64>,
    /// For each request, in microseconds.
    cpu: Vec<f64>,
    /// How long it was at work in its turns.
    busy: f64,
}

impl Turns {
    fn add(&mut self, time: Duration, requests: u32, cpu: f64) {
        // Those on the way when its turn ends it answers in the rest that follows.
        let (served, requests) = (f64::from(requests.saturating_sub(CONNECTIONS)), f64::from(requests));
        self.per_second.push(served / time.as_secs_f64());
        // Others may have had the core for all of the turn.
        if requests > 0.0 {
            self.cpu.push(cpu * 1e6 / requests);
            self.busy += cpu * served / requests;
        }
    }
}

/// The CPU time in seconds of all threads of a process, by the scheduler's clock; that of the process itself counts in
/// hundredths of a second.
fn cpu_time(process: &Child) -> f64 {
    let threads =
        fs::read_dir(format!("/proc/{}/task", process.id())).expect("a process that runs, on Linux");
    threads
        .map(|thread| {
            let path = thread.expect("a thread").path().join("schedstat");
            let text =
                fs::read_to_string(path).expect("a thread that runs, on a kernel that counts its time");
            let nanoseconds = text.split(' ').next().and_then(|first| first.parse::<f64>().ok());
            nanoseconds.expect("nanoseconds")
        })
        .sum::<f64>()
        / 1e9
}

/// What all cores together did since the machine started, in ticks.
struct Machine {
    at: Instant,
    cores: f64,
    all: f64,
    idle: f64,
    stolen: f64,
}

impl Machine {
    fn now() -> Self {
        let text = fs::read_to_string("/proc/stat").expect("Linux");
        let ticks: Vec<f64> = text
            .lines()
            .next()
            .map(|line| {
                line.split_ascii_whitespace().skip(1).filter_map(|field| field.parse().ok()).collect()
            })
            .unwrap_or_default();
        // Guests' time is in users' time already.
        let [user, nice, system, idle, waiting, interrupts, soft_interrupts, stolen, ..] = ticks[..] else {
            panic!("/proc/stat says {text}");
        };
        let all = user + nice + system + idle + waiting + interrupts + soft_interrupts + stolen;
        let cores = number(text.lines().filter(|line| line.starts_with("cpu")).count() - 1);
        Self { at: Instant::now(), cores, all, idle: idle + waiting, stolen }
    }

    /// Since then, the shares of all cores that others used beyond so many seconds of our own, and that were stolen.
    fn used_beyond(&self, own: f64) -> (f64, f64) {
        let now = Self::now();
        let all = now.all - self.all;
        let stolen = (now.stolen - self.stolen) / all;
        let used = 1.0 - (now.idle - self.idle) / all - stolen;
        (used - own / (now.cores * (now.at - self.at).as_secs_f64()), stolen)
    }
}

/// The median of figures, an interval around it, and their least and greatest.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Spread {
    median: f64,
    low: f64,
    high: f64,
    least: f64,
    greatest: f64,
}

impl Spread {
    fn of(figures: impl Iterator<Item = f64>) -> Self {
        let mut figures: Vec<f64> = figures.collect();
        assert!(!figures.is_empty(), "others kept the cores from every turn of a server");
        figures.sort_by(f64::total_cmp);
        let last = figures.len() - 1;
        let (cut, _) = interval(figures.len());
        Self {
            median: f64::midpoint(figures[last / 2], figures[last.div_ceil(2)]),
            low: figures[cut],
            high: figures[last - cut],
            least: figures[0],
            greatest: figures[last],
        }
    }

    fn as_ratio(&self) -> String {
        let Self { median, low, high, least, greatest } = self;
        format!("× {median:.3} [{low:.3}–{high:.3}] ({least:.3}–{greatest:.3})")
    }

    fn as_rough_ratio(&self) -> String {
        let Self { median, least, greatest, .. } = self;
        format!("× {median:.2} ({least:.2}–{greatest:.2})")
    }

    fn as_percent(&self) -> String {
        let Self { median, low, high, least, greatest } = self;
        format!("{median:+.1} [{low:+.1} to {high:+.1}] ({least:+.1} to {greatest:+.1})")
    }
}

/// How many of the least and of the greatest of `count` figures lie outside of an interval that the true median is in with at
/// least 95 % confidence, and the confidence. Nothing is assumed about how the figures are distributed: each is as likely
/// above the true median as below it, so how many are below is a matter of tossing coins. Fewer than six can't say so much;
/// then it is from the least to the greatest.
fn interval(count: usize) -> (usize, f64) {
    // How likely it is that so many or fewer are below.
    let (mut exactly, mut at_most) = ((0..count).map(|_| 0.5_f64).product::<f64>(), 0.0);
    let mut best = (0, 0.0);
    for below in 0..count.div_ceil(2) {
        at_most += exactly;
        if below > 0 && at_most > 0.025 {
            break;
        }
        best = (below, 1.0 - 2.0 * at_most);
        exactly *= number(count - below) / number(below + 1);
    }
    best
}

fn number(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}

fn interval_in_words(count: usize) -> String {
    let (_, confidence) = interval(count);
    format!("its {:.0} % confidence interval, from order statistics", confidence * 100.0)
}

/// A server that runs until this is dropped.
struct Server {
    contender: Contender,
    process: Child,
    port: u16,
}

impl Server {
    fn start(contender: Contender, core: usize) -> Self {
        let program = env::current_exe().expect("a running program has a path").with_file_name("throughput");
        let process = Command::new(&program)
            .args(["serve", contender.name(), &core.to_string()])
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

    fn cpu_time(&self) -> f64 {
        cpu_time(&self.process)
    }

    /// The 50th and 99th percentile of latency in microseconds, driven for a second without a pause.
    fn latencies(&self, asked: &Asked) -> [f64; 2] {
        Drive::start(self, asked, 1).end()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; there is nobody left to tell.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A `wrk` that drives a server; it may be paused.
struct Drive {
    wrk: Child,
    /// `wrk` may still have to read it.
    _script: NamedTempFile,
    /// When it was let on, if it isn't paused.
    since: Option<Instant>,
    /// How long it drove, without its pauses.
    driven: Duration,
    /// What it does, if it fails.
    what: String,
}

impl Drive {
    fn start(server: &Server, asked: &Asked, seconds: u32) -> Self {
        let mut script = NamedTempFile::new().expect("a temporary file");
        script.write_all(wrk_script(asked).as_bytes()).expect("room for a short file");
        let since = Some(Instant::now());
        let mut wrk = Command::new("wrk");
        os::outlive_nobody(&mut wrk);
        let wrk = wrk
            .args(["--threads=1", &format!("--connections={CONNECTIONS}"), &format!("--duration={seconds}s")])
            .arg("--script")
            .arg(script.path())
            .arg(format!("http://127.0.0.1:{}/api/notes", server.port))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| match error.kind() {
                ErrorKind::NotFound => panic!("wrk is not installed. Run `apt-get install wrk`"),
                _ => panic!("wrk: {error}"),
            });
        let what = format!("{}, asked {asked:?}", server.contender.name());
        Self { wrk, _script: script, since, driven: Duration::ZERO, what }
    }

    /// How long it drove since it was let on.
    fn pause(&mut self) -> Duration {
        os::pause(&self.wrk);
        let time = self.since.take().map(|since| since.elapsed()).unwrap_or_default();
        self.driven += time;
        time
    }

    fn resume(&mut self) {
        self.since = Some(Instant::now());
        os::resume(&self.wrk);
    }

    /// How many requests it sent: each is one call of `write`, and it writes nothing else before its end.
    fn requests(&self) -> u32 {
        let text = fs::read_to_string(format!("/proc/{}/io", self.wrk.id()))
            .expect("a process of our own, on a kernel that counts its calls");
        let calls = text.lines().find_map(|line| line.strip_prefix("syscw: "));
        calls.and_then(|calls| calls.parse().ok()).expect("a number")
    }

    /// Waits for its end. The 50th and 99th percentile of latency in microseconds.
    fn end(mut self) -> [f64; 2] {
        if self.since.is_none() {
            self.resume();
        }
        let mut said = String::new();
        if let Some(output) = self.wrk.stdout.as_mut() {
            output.read_to_string(&mut said).expect("text");
        }
        let figures: Vec<f64> = said
            .lines()
            .find_map(|line| line.strip_prefix("figures: "))
            .map(|line| line.split(' ').filter_map(|figure| figure.parse().ok()).collect())
            .unwrap_or_default();
        let [errors, p50, p99] = figures[..] else {
            panic!("{}: wrk says no figures: {said}", self.what);
        };
        assert!(errors < 1.0, "{}: {said}", self.what);
        [p50, p99]
    }
}

impl Drop for Drive {
    fn drop(&mut self) {
        // As above.
        let _ = self.wrk.kill();
        let _ = self.wrk.wait();
    }
}

/// What the standard library can't ask of Linux.
#[cfg(target_os = "linux")]
mod os {
    use std::{
        os::unix::process::CommandExt as _,
        process::{Child, Command},
    };

    use rustix::{
        process::{Pid, Signal, kill_process},
        thread::{CpuSet, sched_getaffinity, sched_setaffinity},
    };

    /// Lets a process end with this one even if it is paused then and this one is killed: the system ends what is paused in
    /// a process group of its own whose parent is gone, as nobody else could let it on.
    pub(super) fn outlive_nobody(command: &mut Command) {
        command.process_group(0);
    }

    pub(super) fn pause(process: &Child) {
        kill_process(Pid::from_child(process), Signal::STOP).expect("a process of our own");
    }

    pub(super) fn resume(process: &Child) {
        kill_process(Pid::from_child(process), Signal::CONT).expect("a process of our own");
    }

    /// Until this is dropped, the thread that made it stays on one core, and so do processes that it starts.
    pub(super) struct Pinned {
        before: CpuSet,
    }

    impl Pinned {
        pub(super) fn to_last_core() -> Self {
            let before = sched_getaffinity(None).expect("a thread knows its cores");
            let last = (0..CpuSet::MAX_CPU).rev().find(|core| before.is_set(*core));
            pin(last.expect("a core"));
            Self { before }
        }

        /// The first, which is another one where there are several.
        pub(super) fn other_core(&self) -> usize {
            (0..CpuSet::MAX_CPU).find(|core| self.before.is_set(*core)).expect("a core")
        }
    }

    impl Drop for Pinned {
        fn drop(&mut self) {
            // It could before.
            let _ = sched_setaffinity(None, &self.before);
        }
    }

    /// Keeps this thread, and those that it starts, on a core.
    pub(super) fn pin(core: usize) {
        let mut cores = CpuSet::new();
        cores.set(core);
        sched_setaffinity(None, &cores).expect("a core of this machine");
    }
}

/// For everything else in this package there is no need of Linux.
#[cfg(not(target_os = "linux"))]
mod os {
    use std::process::{Child, Command};

    const WHERE: &str = "throughput is measured on Linux";

    pub(super) fn outlive_nobody(_: &mut Command) {
        panic!("{WHERE}");
    }

    pub(super) fn pause(_: &Child) {
        panic!("{WHERE}");
    }

    pub(super) fn resume(_: &Child) {
        panic!("{WHERE}");
    }

    pub(super) struct Pinned;

    impl Pinned {
        pub(super) fn to_last_core() -> Self {
            panic!("{WHERE}");
        }

        pub(super) fn other_core(&self) -> usize {
            panic!("{WHERE}");
        }
    }

    pub(super) fn pin(_: usize) {
        panic!("{WHERE}");
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
    io.write(string.format("figures: %.0f %.0f %.0f\n", wrong, latency:percentile(50), latency:percentile(99)))
end
"#,
    );
    script
}

const NOTES: &str = r#"{"notes":[{"id":1,"text":"Buy milk"},{"id":2,"text":"Read the Fetch Standard"}]}"#;

async fn notes() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(NOTES)
}

/// Says its port, then serves on one core until its parent ends it, or ends.
fn serve(name: &str, core: usize) -> io::Result<()> {
    os::pin(core);
    measure::log_errors_alone();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_those_of_tables_for_the_sign_test() {
        let confidence = |count| {
            let (cut, confidence) = interval(count);
            (cut, (confidence * 1000.0).round())
        };
        assert_eq!(confidence(1), (0, 0.0));
        assert_eq!(confidence(5), (0, 938.0));
        assert_eq!(confidence(6), (0, 969.0));
        assert_eq!(confidence(9), (1, 961.0));
        assert_eq!(confidence(12), (2, 961.0));
        assert_eq!(confidence(20), (5, 959.0));
    }

    #[test]
    fn a_spread_has_the_median_and_an_interval_around_it() {
        let spread = Spread::of((1..=12).rev().map(f64::from));
        assert_eq!(spread, Spread { median: 6.5, low: 3.0, high: 10.0, least: 1.0, greatest: 12.0 });
        let spread = Spread::of([2.0, 1.0, 3.0].into_iter());
        assert_eq!(spread, Spread { median: 2.0, low: 1.0, high: 3.0, least: 1.0, greatest: 3.0 });
    }
}
