//! `source_with_cache`.

use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::running::{Example, Reply};

struct Server {
    example: Example,
    folder: TempDir,
    asked: AtomicUsize,
}

impl Server {
    fn start(cache_seconds: &str) -> Self {
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().to_str().expect("a path in UTF-8");
        let variables = [("TENANTS", path), ("CACHE_SECONDS", cache_seconds)];
        let example = Example::start("source_with_cache", &[], &variables);
        Self { example, folder, asked: AtomicUsize::default() }
    }

    fn tenant(&self, name: &str, origins: &str) {
        fs::write(self.file(name), origins).expect("a file");
    }

    fn file(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn get(&self, path: &str, origin: &str) -> Reply {
        self.example.get(path, &[&format!("Origin: {origin}")])
    }

    /// All that it printed, also what is still in the pipe: a load that nobody else asks for comes after it.
    fn printed(&self) -> String {
        let number = self.asked.fetch_add(1, Relaxed);
        self.example.get(&format!("/last{number}/notes"), &[]);
        self.example.wait_until_printed(&format!("loading last{number}\n"));
        self.example.printed()
    }

    /// How many times a tenant was loaded.
    fn loads(&self, name: &str) -> usize {
        let line = format!("loading {name}");
        self.printed().lines().filter(|printed| **printed == line).count()
    }
}

pub(crate) fn each_tenant_has_its_origins() {
    let server = Server::start("3600");
    server.tenant("acme", "https://acme.example\nhttps://www.acme.example\n");
    server.tenant("bolt", "https://bolt.example");
    for _ in 0..3 {
        server.get("/acme/notes", "https://acme.example").is_allowed(200, "https://acme.example");
        server.get("/acme/notes", "https://www.acme.example").is_allowed(200, "https://www.acme.example");
        server.get("/acme/notes", "https://bolt.example").is_refused(200);
        server
            .example
            .preflight("PUT", "/bolt/notes", "https://bolt.example", &[])
            .is_allowed(204, "https://bolt.example");
        server.example.preflight("PUT", "/bolt/notes", "https://acme.example", &[]).is_refused(403);
        server.get("/nobody/notes", "https://acme.example").is_refused(200);
        // 403 and not 503: the store has not failed.
        server.example.preflight("PUT", "/nobody/notes", "https://acme.example", &[]).is_refused(403);
    }
    // Kept, also that a tenant doesn't exist.
    for name in ["acme", "bolt", "nobody"] {
        assert_eq!(server.loads(name), 1, "{}", server.example.printed());
    }

    let server = Server::start("1");
    server.tenant("acme", "https://acme.example");
    server.get("/acme/notes", "https://acme.example").is_allowed(200, "https://acme.example");
    server.tenant("acme", "https://new.example");
    thread::sleep(Duration::from_millis(1200));
    server.get("/acme/notes", "https://new.example").is_allowed(200, "https://new.example");
    server.get("/acme/notes", "https://acme.example").is_refused(200);
}

pub(crate) fn what_a_tenant_must_not_get() {
    let server = Server::start("3600");
    // A pattern, any origin, a mistake.
    for (name, origins) in [("a", "https://*.example.com"), ("b", "*"), ("c", "acme.example"), ("d", "null")]
    {
        server.tenant(name, origins);
        for origin in ["https://x.example.com", "https://acme.example", "null"] {
            server.get(&format!("/{name}/notes"), origin).is_refused(200);
        }
    }
    // An empty list is not a failure.
    server.tenant("e", "");
    server.example.preflight("PUT", "/e/notes", "https://acme.example", &[]).is_refused(403);
    // A file outside of the folder.
    let outside = server.folder.path().with_extension("outside");
    fs::write(&outside, "https://acme.example").expect("a file");
    let name = outside.file_name().and_then(|name| name.to_str()).expect("a name");
    for path in [
        format!("/..%2f{name}/notes"),
        format!("/../{name}/notes"),
        "/../notes".to_owned(),
        "//notes".to_owned(),
    ] {
        let reply = server.get(&path, "https://acme.example");
        assert!(reply.lines("access-control-allow-origin").is_empty(), "{path}: {reply:?}");
    }
    fs::remove_file(outside).expect("the file");
    let printed = server.printed();
    assert!(!printed.contains("loading .") && !printed.contains("loading \n"), "{printed}");
    // Names that nobody has, one more than are kept: the one that was requested first is forgotten.
    server.tenant("acme", "https://acme.example");
    server.get("/acme/notes", "https://acme.example").is_allowed(200, "https://acme.example");
    for number in 0..1000 {
        server.get(&format!("/made{number}/notes"), "https://acme.example").is_refused(200);
    }
    assert_eq!(server.loads("acme"), 1);
    server.get("/acme/notes", "https://acme.example").is_allowed(200, "https://acme.example");
    assert_eq!(server.loads("acme"), 2);
    assert_eq!(server.loads("made999"), 1);
    server.get("/made999/notes", "https://acme.example").is_refused(200);
    assert_eq!(server.loads("made999"), 1);
}

pub(crate) fn a_failing_store() {
    let server = Server::start("1");
    server.tenant("acme", "https://acme.example");
    server.get("/acme/notes", "https://acme.example").is_allowed(200, "https://acme.example");
    // What can't be read is a folder: the store fails, for one that was there and for one that never was.
    fail(&server.file("acme"));
    fail(&server.file("bolt"));
    thread::sleep(Duration::from_millis(1200));
    server.get("/acme/notes", "https://acme.example").is_allowed(200, "https://acme.example");
    server.example.wait_until_printed("the previous policy stays in force");

    let refused = server.get("/bolt/notes", "https://bolt.example");
    refused.is_refused(200);
    assert_eq!(refused.lines("cache-control"), ["no-store"]);
    server.example.preflight("PUT", "/bolt/notes", "https://bolt.example", &[]).is_refused(503);
    // Curl, and pages of the same origin.
    assert_eq!(server.example.get("/bolt/notes", &[]).body, "milk");
    // Within a second of a failure the store is left alone.
    let (loads, start) = (server.loads("bolt"), Instant::now());
    for _ in 0..10 {
        server.get("/bolt/notes", "https://bolt.example").is_refused(200);
    }
    let seconds = 1 + usize::try_from(start.elapsed().as_secs()).expect("a number");
    assert!(server.loads("bolt") <= loads + seconds, "{}", server.example.printed());

    // The store is there again.
    for name in ["acme", "bolt"] {
        fs::remove_dir(server.file(name)).expect("the folder");
    }
    server.tenant("acme", "https://new.example");
    server.tenant("bolt", "https://bolt.example");
    thread::sleep(Duration::from_millis(1200));
    server.get("/acme/notes", "https://new.example").is_allowed(200, "https://new.example");
    server.get("/bolt/notes", "https://bolt.example").is_allowed(200, "https://bolt.example");
}

fn fail(file: &Path) {
    // It may not be there.
    let _ = fs::remove_file(file);
    fs::create_dir(file).expect("a folder");
}

/// Reading a FIFO waits for somebody who writes, as a slow store would.
#[cfg(unix)]
pub(crate) fn one_load_for_all_that_wait() {
    let server = Server::start("3600");
    let fifo = server.file("slow");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status();
    assert!(made.is_ok_and(|status| status.success()), "mkfifo");
    thread::scope(|scope| {
        let requests: Vec<_> =
            (0..20).map(|_| scope.spawn(|| server.get("/slow/notes", "https://slow.example"))).collect();
        server.example.wait_until_printed("loading slow");
        thread::sleep(Duration::from_millis(300));
        // A writer that finds nobody who reads would wait for ever.
        let mut fifo = fs::File::options().read(true).write(true).open(&fifo).expect("the FIFO");
        std::io::Write::write_all(&mut fifo, b"https://slow.example").expect("somebody reads");
        drop(fifo);
        for request in requests {
            request.join().expect("a response").is_allowed(200, "https://slow.example");
        }
    });
    assert_eq!(server.loads("slow"), 1, "{}", server.example.printed());
}
