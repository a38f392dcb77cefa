//! Servers of other makers, started from their packages.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use end_to_end::{
    peer::{Peer, required_peers_or_exit},
    trial_of,
};
use libtest_mimic::{Arguments, Failed};

fn main() {
    let arguments = Arguments::from_args();
    let required = required_peers_or_exit();
    let trials = Peer::ALL.into_iter().map(|peer| {
        let name = format!("{peer} responds");
        let runtime = peer.runtime();
        trial_of(name, runtime.find(), required.contains(&runtime), move |_| responds(peer))
    });
    libtest_mimic::run(&arguments, trials.collect()).exit();
}

fn responds(peer: Peer) -> Result<(), Failed> {
    let behind = match peer {
        Peer::Nginx | Peer::Caddy => Some(Peer::Express5.start(Peer::Express5.bare(), None)?),
        _ => None,
    };
    let running = peer.start(peer.bare(), behind.as_ref().map(end_to_end::peer::Running::port))?;
    let mut socket = TcpStream::connect(("127.0.0.1", running.port()))?;
    write!(socket, "GET /items HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\n\r\n", running.port())?;
    let mut response = String::new();
    socket.read_to_string(&mut response)?;
    if response.starts_with("HTTP/1.1 200") {
        Ok(())
    } else {
        Err(format!("{response}\n{}", running.printed()).into())
    }
}
