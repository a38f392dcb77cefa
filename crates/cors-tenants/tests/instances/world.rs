//! The processes.

use std::{
    fs::{self, File},
    io,
    net::{Ipv4Addr, TcpListener, TcpStream},
    process::Command,
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use end_to_end::{
    kept::{Ending, Kept},
    peer::{Peer, Running},
    postgres::Postgres,
};
use libtest_mimic::Failed;
use tempfile::TempDir;

use crate::proxy::Proxy;

pub(crate) struct World {
    /// Between each instance and the database.
    pub(crate) proxies: Vec<Proxy>,
    /// Where each instance listens.
    pub(crate) ports: Vec<u16>,
    pub(crate) nginx: Running,
    /// What browsers take all of it for: the host and the port of nginx.
    pub(crate) site: String,
    instances: Mutex<Vec<Option<Kept>>>,
    database: Mutex<Postgres>,
    folder: TempDir,
    max_stale: Duration,
}

impl World {
    pub(crate) const INSTANCES: usize = 3;

    pub(crate) fn start(max_stale: Duration) -> Result<Self, Failed> {
        let database = Postgres::start()?;
        let mut proxies = Vec::new();
        let mut ports = Vec::new();
        for _ in 0..Self::INSTANCES {
            proxies.push(Proxy::start(database.port())?);
            ports.push(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port());
        }
        let servers: Vec<_> = ports.iter().map(|port| format!("  server 127.0.0.1:{port};")).collect();
        let around = format!("upstream instances {{\n{}\n}}\n", servers.join("\n"));
        // Whatever is asked for is proxied to all of them, in turn.
        let location = "location ~ . {\n  proxy_set_header Host $http_host;\n  proxy_connect_timeout 1s;\n  proxy_pass http://instances;\n}\n";
        let nginx = Peer::Nginx.start(&format!("{around}# in the location\n{location}"), Some(ports[0]))?;
        let site = format!("localhost:{}", nginx.port());
        let world = Self {
            proxies,
            ports,
            nginx,
            site,
            instances: Mutex::new((0..Self::INSTANCES).map(|_| None).collect()),
            database: Mutex::new(database),
            folder: TempDir::new()?,
            max_stale,
        };
        for instance in 0..Self::INSTANCES {
            world.start_instance(instance)?;
        }
        Ok(world)
    }

    /// Starts an instance, and waits until it listens.
    pub(crate) fn start_instance(&self, number: usize) -> Result<(), Failed> {
        let port = self.ports[number];
        let database = format!("postgres://postgres@127.0.0.1:{}/postgres", self.proxies[number].port());
        let mut command = Command::new(env!("CARGO_BIN_EXE_cors-tenants"));
        command.args(["--listen", &format!("127.0.0.1:{port}"), "--database", &database]);
        command.args(["--max-stale", &self.max_stale.as_secs().to_string()]);
        command.args(["--public-url", &format!("http://{}", self.site)]);
        command.args(["--name", &format!("instance-{number}")]);
        command.env_remove("DATABASE_URL").env_remove("RUST_LOG").current_dir(self.folder.path());
        let log = self.folder.path().join(format!("instance-{number}.log"));
        let written: File = fs::OpenOptions::new().create(true).append(true).open(&log)?;
        let mut kept = Kept::start(&command, Ending::Kill, &written)?;
        let deadline = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            if !kept.is_running() || Instant::now() > deadline {
                let printed = fs::read_to_string(&log)?;
                return Err(format!("instance {number} does not listen. It printed:\n{printed}").into());
            }
            thread::sleep(Duration::from_millis(20));
        }
        self.instances()[number] = Some(kept);
        Ok(())
    }

    pub(crate) fn kill_instance(&self, number: usize) {
        self.instances()[number] = None;
    }

    pub(crate) fn kill_database(&self) {
        self.database().kill();
    }

    pub(crate) fn resume_database(&self) -> io::Result<()> {
        self.database().resume()
    }

    /// What the instances printed, for a test that fails.
    pub(crate) fn printed(&self) -> String {
        let printed = (0..Self::INSTANCES).map(|number| {
            let log = self.folder.path().join(format!("instance-{number}.log"));
            format!("instance {number}:\n{}", fs::read_to_string(log).unwrap_or_default())
        });
        printed.collect::<Vec<_>>().join("\n")
    }

    fn instances(&self) -> MutexGuard<'_, Vec<Option<Kept>>> {
        self.instances.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn database(&self) -> MutexGuard<'_, Postgres> {
        self.database.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
