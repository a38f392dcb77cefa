//! `behind_nginx`, behind the nginx of this machine with the file next to the example.

use std::{
    fs::{self, File},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::{
    commands::statuses,
    running::{Example, PATIENCE, end, send},
};

const PAGE: &str = "https://app.example.com";

struct Nginx {
    child: Child,
    api: SocketAddr,
    site: SocketAddr,
    folder: TempDir,
}

impl Drop for Nginx {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

impl Nginx {
    /// Starts it with the example's ports replaced by free ones.
    fn start(program: &Path, application: u16) -> Self {
        // Somebody else may take a free port before nginx does.
        (0..3).find_map(|_| Self::try_start(program, application)).expect("nginx listens")
    }

    fn try_start(program: &Path, application: u16) -> Option<Self> {
        let folder = TempDir::new().expect("a folder");
        let mut text = include_str!("../../examples/nginx.conf").to_owned();
        let free = [free_address(), free_address()];
        for (old, new) in [(8080, application), (8001, free[0].port()), (8002, free[1].port())] {
            let (old, new) = (format!("127.0.0.1:{old}"), format!("127.0.0.1:{new}"));
            assert!(text.contains(&old), "{old}");
            text = text.replace(&old, &new);
        }
        let file = folder.path().join("nginx.conf");
        fs::write(&file, text).expect("a file");
        let mut command = Command::new(program);
        // One process, which can be ended by its id.
        command.arg("-p").arg(folder.path()).arg("-c").arg(&file).args(["-g", "master_process off;"]);
        let log = File::create(folder.path().join("log")).expect("a file");
        let child = command.stdin(Stdio::null()).stderr(log).spawn().expect("nginx");
        let mut nginx = Self { child, api: free[0], site: free[1], folder };
        let deadline = Instant::now() + PATIENCE;
        while free.iter().any(|address| TcpStream::connect(address).is_err()) {
            let has_ended = nginx.child.try_wait().expect("the status of a child").is_some();
            if has_ended || Instant::now() > deadline {
                eprintln!("{}", fs::read_to_string(nginx.folder.path().join("log")).unwrap_or_default());
                return None;
            }
            thread::sleep(Duration::from_millis(20));
        }
        Some(nginx)
    }
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("its address")
}

pub(crate) fn both_ways(program: &Path) {
    let example = Example::start("behind_nginx", &[], &[]);
    let nginx = Nginx::start(program, example.port());

    // The API at an origin of its own: each CORS header once, and preflights reach the application.
    let origin = format!("Origin: {PAGE}");
    let read = send(
        nginx.api,
        "GET /notes",
        &[&origin, "X-Forwarded-For: 6.6.6.6", "X-Forwarded-Host: evil.example"],
        "",
    );
    read.is_allowed(200, PAGE);
    assert_eq!(read.body, format!("notes for 127.0.0.1, from http://{}\n", nginx.api));
    let preflight = send(nginx.api, "OPTIONS /notes", &[&origin, "Access-Control-Request-Method: PUT"], "");
    preflight.is_allowed(204, PAGE);
    assert_eq!(preflight.lines("access-control-allow-methods"), ["PUT"]);
    send(nginx.api, "PUT /notes", &[&origin], "").is_allowed(204, PAGE);
    let other = "Origin: https://other.example";
    send(nginx.api, "GET /notes", &[other], "").is_refused(403);
    send(nginx.api, "OPTIONS /notes", &[other, "Access-Control-Request-Method: PUT"], "").is_refused(403);

    // One origin: the page's own requests pass, also without `Sec-Fetch-Site`, and need no CORS header.
    let page = send(nginx.site, "GET /", &[], "");
    assert!(page.status == 200 && page.body.contains("fetch('/api/notes', {method: 'PUT'})"), "{page:?}");
    let own = format!("Origin: http://{}", nginx.site);
    send(nginx.site, "PUT /api/notes", &[&own], "").is_refused(204);
    send(nginx.site, "PUT /api/notes", &[&own, "Sec-Fetch-Site: same-origin"], "").is_refused(204);
    send(nginx.site, "PUT /api/notes", &[other], "").is_refused(403);
    // The other server is another origin: only the port differs.
    let api = format!("Origin: http://{}", nginx.api);
    send(nginx.site, "PUT /api/notes", &[&api], "").is_refused(403);

    let ports = [(8001, nginx.api.port()), (8002, nginx.site.port())];
    assert_eq!(statuses("behind_nginx", &ports), [200, 204, 204, 403]);

    // nginx's own errors have no CORS headers.
    drop(example);
    send(nginx.api, "GET /notes", &[&origin], "").is_refused(502);
}
