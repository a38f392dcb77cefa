//! An example as a process: started on a free port, and ended by its id.

use std::{
    env,
    fmt::Write as _,
    fs,
    io::{self, BufRead as _, BufReader, Read, Write as _},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant, SystemTime},
};

/// How long a process may take to listen, to print or to end, and a response to come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// An example that listens. It ends when it is dropped.
pub(crate) struct Example {
    child: Child,
    printed: Arc<Mutex<String>>,
    address: SocketAddr,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Example {
    /// Starts it with these arguments and variables.
    pub(crate) fn start(name: &str, arguments: &[&Path], variables: &[(&str, &str)]) -> Self {
        let (mut child, printed, _) = spawn(name, arguments, variables);
        let address = wait_for(&printed, |text| {
            let (_, address) = text.split_once("listening on http://")?;
            address.split_once('\n')?.0.parse().ok()
        });
        let Some(address) = address else {
            end(&mut child);
            panic!("{name} does not listen. It printed:\n{}", read(&printed));
        };
        Self { child, printed, address }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    #[cfg(unix)]
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it printed so far.
    pub(crate) fn printed(&self) -> String {
        read(&self.printed)
    }

    /// Waits until it has printed `text`.
    pub(crate) fn wait_until_printed(&self, text: &str) {
        let found = wait_for(&self.printed, |printed| printed.contains(text).then_some(()));
        assert!(found.is_some(), "expected {text:?}, printed:\n{}", self.printed());
    }

    /// Sends one request on a connection of its own. `request` is its method and path.
    pub(crate) fn send(&self, request: &str, headers: &[&str], body: &str) -> Reply {
        send(self.address, request, headers, body)
    }

    pub(crate) fn get(&self, path: &str, headers: &[&str]) -> Reply {
        self.send(&format!("GET {path}"), headers, "")
    }

    /// Sends a preflight for a request with this method.
    pub(crate) fn preflight(&self, method: &str, path: &str, origin: &str, headers: &[&str]) -> Reply {
        let (origin, method) =
            (format!("Origin: {origin}"), format!("Access-Control-Request-Method: {method}"));
        let headers = [&[origin.as_str(), method.as_str()], headers].concat();
        self.send(&format!("OPTIONS {path}"), &headers, "")
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// Starts an example that must not start, and returns whether it failed, and what it printed.
pub(crate) fn fails(name: &str, arguments: &[&Path], variables: &[(&str, &str)]) -> (bool, String) {
    let (mut child, printed, readers) = spawn(name, arguments, variables);
    let deadline = Instant::now() + PATIENCE;
    let mut status: Option<ExitStatus> = None;
    while status.is_none() && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(10));
        status = child.try_wait().expect("the status of a child");
    }
    end(&mut child);
    for reader in readers {
        reader.join().expect("a thread that reads to the end");
    }
    (status.is_some_and(|status| !status.success()), read(&printed))
}

/// The process, what it prints, and who reads that.
type Spawned = (Child, Arc<Mutex<String>>, [JoinHandle<()>; 2]);

fn spawn(name: &str, arguments: &[&Path], variables: &[(&str, &str)]) -> Spawned {
    let mut command = Command::new(program(name));
    command.args(arguments).env("PORT", "0").envs(variables.iter().copied());
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    let printed = Arc::default();
    let readers = [
        collect(child.stdout.take().expect("a pipe"), &printed),
        collect(child.stderr.take().expect("a pipe"), &printed),
    ];
    (child, printed, readers)
}

/// Where Cargo puts examples: next to the folder of this test's program.
fn program(name: &str) -> PathBuf {
    let this = env::current_exe().expect("the path of this program");
    let profile = this.parent().and_then(Path::parent).expect("a profile's folder");
    let program = profile.join("examples").join(format!("{name}{}", env::consts::EXE_SUFFIX));
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let source = changed(&package.join("examples").join(name).with_extension("rs"));
    let sources = source.max(files(&package.join("src")).iter().map(|file| changed(file)).max().flatten());
    // Cargo builds them for all of a package's tests, but not for `--test examples` alone. Then an old program would be tried.
    assert!(
        changed(&program) >= sources,
        "{} is missing, or older than its source: run `cargo build -p actix-web-cors --examples` first",
        program.display()
    );
    program
}

fn changed(file: &Path) -> Option<SystemTime> {
    fs::metadata(file).and_then(|metadata| metadata.modified()).ok()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Reads what a process prints, so that its pipe is never full.
fn collect(from: impl Read + Send + 'static, printed: &Arc<Mutex<String>>) -> JoinHandle<()> {
    let printed = Arc::clone(printed);
    thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            let mut printed = printed.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = writeln!(printed, "{line}");
        }
    })
}

fn read(printed: &Mutex<String>) -> String {
    printed.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

fn wait_for<T>(printed: &Mutex<String>, find: impl Fn(&str) -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let found = find(&read(printed));
        if found.is_some() || Instant::now() > deadline {
            return found;
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// Kills a child of this process, and no other.
pub(crate) fn end(child: &mut Child) {
    // It fails only if the child has ended already.
    let _ = child.kill();
    let _ = child.wait();
}

/// Sends one request on a connection of its own.
pub(crate) fn send(address: SocketAddr, request: &str, headers: &[&str], body: &str) -> Reply {
    let mut bytes = format!("{request} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    for header in headers {
        let _ = write!(bytes, "{header}\r\n");
    }
    if !body.is_empty() {
        let _ = write!(bytes, "Content-Length: {}\r\n", body.len());
    }
    let mut stream = connect(address);
    stream.write_all(format!("{bytes}\r\n{body}").as_bytes()).expect("the server reads");
    let head = read_head(&mut stream).expect("the server responds");
    let mut reply = Reply::parse(&head);
    // Not until the connection closes: Actix Web takes a second to close one whose body no handler read.
    let length = reply.lines("content-length").first().and_then(|length| length.parse().ok());
    let length = if matches!(reply.status, 204 | 304) { 0 } else { length.expect("a Content-Length") };
    let mut body = vec![0; length];
    stream.read_exact(&mut body).expect("the server sends all of the body");
    reply.body = String::from_utf8_lossy(&body).into_owned();
    reply
}

pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect_timeout(&address, PATIENCE).expect("the server listens");
    stream
        .set_read_timeout(Some(PATIENCE))
        .and_then(|()| stream.set_write_timeout(Some(PATIENCE)))
        .expect("a timeout");
    stream
}

/// A response's head, as it comes.
pub(crate) fn read_head(stream: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    Ok(head)
}

impl Reply {
    /// Of its head.
    pub(crate) fn parse(head: &[u8]) -> Self {
        let text = String::from_utf8_lossy(head);
        let mut lines = text.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
        let header =
            |line: &str| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()));
        let headers = lines.filter_map(header).collect();
        Self { status: status.unwrap_or_else(|| panic!("no status: {text:?}")), headers, body: String::new() }
    }

    /// The values of a header, one per line.
    pub(crate) fn lines(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(other, _)| other == name).map(|(_, value)| value.as_str()).collect()
    }

    /// The names of the CORS headers.
    fn cors_headers(&self) -> Vec<&str> {
        let names = self.headers.iter().map(|(name, _)| name.as_str());
        names.filter(|name| name.starts_with("access-control-")).collect()
    }

    /// Asserts the status, and that this origin, or `*`, may read the response.
    #[track_caller]
    pub(crate) fn is_allowed(&self, status: u16, origin: &str) {
        assert_eq!(
            (self.status, self.lines("access-control-allow-origin")),
            (status, vec![origin]),
            "{self:?}"
        );
    }

    /// Asserts the status, and that no other origin may read the response.
    #[track_caller]
    pub(crate) fn is_refused(&self, status: u16) {
        assert_eq!((self.status, self.cors_headers()), (status, Vec::new()), "{self:?}");
    }
}
