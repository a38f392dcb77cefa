//! What stands between an instance and its database: it can hold everything back, break all connections, and lose notifications.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

/// How long a thread waits before it looks again whether something has changed.
const PAUSE: Duration = Duration::from_millis(10);

/// A request for TLS, which is the first thing that some clients send.
const TLS_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

#[derive(Clone, Copy)]
enum Mode {
    Flows,
    Holds,
    Breaks,
}

#[derive(Default)]
struct State {
    mode: AtomicU8,
    loses_notifications: AtomicBool,
    lost: AtomicU64,
}

impl State {
    fn is(&self, mode: Mode) -> bool {
        self.mode.load(SeqCst) == mode as u8
    }
}

/// It runs until the test ends.
pub(crate) struct Proxy {
    port: u16,
    state: Arc<State>,
}

impl Proxy {
    /// Between a free port and this one.
    pub(crate) fn start(to: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let state = Arc::<State>::default();
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                thread::spawn(move || {
                    // A connection that breaks is what it is for.
                    let _ = connect(&client, to, &state);
                });
            }
        });
        Ok(Self { port, state })
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Everything arrives, and what was held back, too.
    pub(crate) fn flow(&self) {
        self.state.mode.store(Mode::Flows as u8, SeqCst);
    }

    /// Nothing arrives, and nobody is told.
    pub(crate) fn hold(&self) {
        self.state.mode.store(Mode::Holds as u8, SeqCst);
    }

    /// All connections break, new ones, too.
    pub(crate) fn cut(&self) {
        self.state.mode.store(Mode::Breaks as u8, SeqCst);
    }

    pub(crate) fn lose_notifications(&self, loses: bool) {
        self.state.loses_notifications.store(loses, SeqCst);
    }

    /// How many notifications were lost.
    pub(crate) fn lost(&self) -> u64 {
        self.state.lost.load(SeqCst)
    }
}

fn connect(client: &TcpStream, to: u16, state: &Arc<State>) -> io::Result<()> {
    while state.is(Mode::Holds) {
        thread::sleep(PAUSE);
    }
    if state.is(Mode::Breaks) {
        return client.shutdown(Shutdown::Both);
    }
    let server = TcpStream::connect((Ipv4Addr::LOCALHOST, to))?;
    for stream in [client, &server] {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PAUSE))?;
    }
    let asks_for_tls = Arc::new(AtomicBool::new(false));
    let (from_server, to_client) = (server.try_clone()?, client.try_clone()?);
    let (shared, asks) = (Arc::clone(state), Arc::clone(&asks_for_tls));
    thread::spawn(move || {
        let mut messages = Messages { asks_for_tls: asks, held: Vec::new(), is_first: true };
        forward(&from_server, &to_client, &shared, |bytes| messages.pass(bytes, &shared));
    });
    let mut is_first = true;
    forward(client, &server, state, |bytes| {
        if std::mem::take(&mut is_first) && bytes == TLS_REQUEST {
            asks_for_tls.store(true, SeqCst);
        }
        bytes.to_vec()
    });
    Ok(())
}

/// Until one end closes; then the other one is closed.
fn forward(mut from: &TcpStream, mut to: &TcpStream, state: &State, mut pass: impl FnMut(&[u8]) -> Vec<u8>) {
    let mut buffer = [0; 16 * 1024];
    loop {
        if state.is(Mode::Breaks) {
            break;
        }
        if state.is(Mode::Holds) {
            thread::sleep(PAUSE);
            continue;
        }
        match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => {
                let bytes = pass(&buffer[..length]);
                // What was read before everything is held back is held back, too.
                while state.is(Mode::Holds) {
                    thread::sleep(PAUSE);
                }
                if state.is(Mode::Breaks) || to.write_all(&bytes).is_err() {
                    break;
                }
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {}
            Err(_) => break,
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}

/// The server's messages: a letter, the length of what follows with its own four bytes, and what follows.
struct Messages {
    asks_for_tls: Arc<AtomicBool>,
    held: Vec<u8>,
    is_first: bool,
}

impl Messages {
    /// All of them that are whole, without notifications if they are to be lost.
    fn pass(&mut self, bytes: &[u8], state: &State) -> Vec<u8> {
        let mut passed = Vec::new();
        self.held.extend_from_slice(bytes);
        if std::mem::take(&mut self.is_first) && self.asks_for_tls.load(SeqCst) {
            // One letter alone says whether there is TLS.
            passed.push(self.held.remove(0));
        }
        while let Some(length) = self.held.get(1..5) {
            let length =
                1 + usize::try_from(u32::from_be_bytes([length[0], length[1], length[2], length[3]]))
                    .unwrap_or(0);
            if self.held.len() < length {
                break;
            }
            let message: Vec<u8> = self.held.drain(..length).collect();
            if message[0] == b'A' && state.loses_notifications.load(SeqCst) {
                state.lost.fetch_add(1, SeqCst);
            } else {
                passed.extend_from_slice(&message);
            }
        }
        passed
    }
}
