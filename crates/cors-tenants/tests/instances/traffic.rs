//! Those who change policies, those who send requests, and the judge.

use std::{
    fmt, io,
    ops::Range,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use libtest_mimic::Failed;
use serde_json::{Value, json};

use crate::{
    client::{Response, send},
    world::World,
};

const PASSWORD: &str = "correct horse battery";
/// How long an instance may take until it allows again what it should.
const RECOVERY: Duration = Duration::from_secs(10);

/// An origin that is registered once, and revoked once.
struct Registered {
    tenant: usize,
    origin: String,
    /// When registering it began.
    from: Instant,
    /// When it was known to be revoked.
    revoked: Option<Instant>,
}

/// A preflight that got a response.
struct Seen {
    registered: usize,
    target: usize,
    started: Instant,
    ended: Instant,
    is_allowed: bool,
    status: u16,
}

pub(crate) struct Traffic<'a> {
    world: &'a World,
    tokens: Vec<String>,
    registered: Mutex<Vec<Registered>>,
    seen: Mutex<Vec<Seen>>,
    /// Numbers that differ, to choose by.
    chosen: AtomicU64,
}

/// What happened.
pub(crate) struct Count {
    registered: usize,
    revoked: usize,
    requests: usize,
    allowed: usize,
    stale: usize,
    stalest: Duration,
    failed: usize,
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} origins registered, {} revoked; {} preflights: {} allowed, {} of them by what was revoked, {:?} before at most; {} failed with 503",
            self.registered, self.revoked, self.requests, self.allowed, self.stale, self.stalest, self.failed
        )
    }
}

impl<'a> Traffic<'a> {
    pub(crate) const TENANTS: usize = 4;

    /// Makes the tenants, each with an origin that stays.
    pub(crate) fn new(world: &'a World) -> Result<Self, Failed> {
        let mut traffic = Self {
            world,
            tokens: Vec::new(),
            registered: Mutex::default(),
            seen: Mutex::default(),
            chosen: AtomicU64::new(0),
        };
        for tenant in 0..Self::TENANTS {
            let new = json!({ "tenant": name(tenant), "account": "ada", "password": PASSWORD });
            expect(traffic.own("POST /tenants", "", &new.to_string())?, 201)?;
            let credentials = json!({ "account": "ada", "password": PASSWORD });
            let sign_in = format!("POST /t/{}/manage/token", name(tenant));
            let token = expect(traffic.own(&sign_in, "", &credentials.to_string())?, 200)?;
            let token: Value = serde_json::from_str(&token.body)?;
            traffic.tokens.push(token["token"].as_str().ok_or("no token")?.to_owned());
            expect(traffic.register(tenant, &stays(tenant))?, 201)?;
        }
        Ok(traffic)
    }

    /// A request to nginx, as one of the service's own pages or a program sends it.
    fn own(&self, line: &str, token: &str, body: &str) -> io::Result<Response> {
        let bearer = format!("Bearer {token}");
        let headers = [("Authorization", bearer.as_str())];
        let headers = if token.is_empty() { &[][..] } else { &headers[..] };
        send(self.world.nginx.port(), &self.world.site, line, headers, body)
    }

    fn register(&self, tenant: usize, origin: &str) -> io::Result<Response> {
        let line = format!("POST /t/{}/manage/origins", name(tenant));
        self.own(&line, &self.tokens[tenant], &json!({ "origin": origin }).to_string())
    }

    fn revoke(&self, tenant: usize, origin: &str) -> io::Result<Response> {
        let origin = origin.replace(':', "%3A").replace('/', "%2F");
        let line = format!("DELETE /t/{}/manage/origins?origin={origin}", name(tenant));
        self.own(&line, &self.tokens[tenant], "")
    }

    /// Registers and revokes until it is over, whatever fails.
    pub(crate) fn change(&self, tenant: usize, is_over: &AtomicBool) {
        for number in 0.. {
            let origin = format!("https://front-{number}.{}.example", name(tenant));
            let index = {
                let mut registered = self.registered();
                registered.push(Registered {
                    tenant,
                    origin: origin.clone(),
                    from: Instant::now(),
                    revoked: None,
                });
                registered.len() - 1
            };
            // Conflict: it was registered although nobody could say so.
            self.insist(is_over, &[201, 409], || self.register(tenant, &origin));
            self.pause(300, 2000);
            // Even when it is over, so that nothing stays. Not found: it was revoked, or never registered.
            let forever = AtomicBool::new(false);
            self.insist(&forever, &[200, 404], || self.revoke(tenant, &origin));
            self.registered()[index].revoked = Some(Instant::now());
            if is_over.load(SeqCst) {
                return;
            }
            // A tenant may make 30 changes in a minute.
            self.pause(1000, 3000);
        }
    }

    fn insist(&self, is_over: &AtomicBool, good: &[u16], send: impl Fn() -> io::Result<Response>) {
        while !is_over.load(SeqCst) && !send().is_ok_and(|response| good.contains(&response.status)) {
            self.pause(50, 200);
        }
    }

    fn pause(&self, least: u64, most: u64) {
        thread::sleep(Duration::from_millis(least + self.choose(most - least)));
    }

    fn choose(&self, below: u64) -> u64 {
        let number = self.chosen.fetch_add(1, SeqCst);
        (number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33) % below
    }

    /// Sends preflights to an instance, or to nginx, until it is over.
    pub(crate) fn request(&self, target: usize, is_over: &AtomicBool) {
        while !is_over.load(SeqCst) {
            let chosen = {
                let registered = self.registered();
                // Most of the last ones, because they were revoked lately or are about to be.
                let among = if self.choose(4) == 0 { registered.len() } else { registered.len().min(12) };
                let back = usize::try_from(self.choose(among.max(1) as u64)).unwrap_or(0) + 1;
                let index = registered.len().checked_sub(back);
                index.map(|index| (index, registered[index].tenant, registered[index].origin.clone()))
            };
            if let Some((index, tenant, origin)) = chosen {
                let started = Instant::now();
                if let Ok(response) = self.preflight(target, tenant, &origin) {
                    let ended = Instant::now();
                    let seen = Seen {
                        registered: index,
                        target,
                        started,
                        ended,
                        is_allowed: response.has("access-control-allow-origin"),
                        status: response.status,
                    };
                    self.seen.lock().unwrap_or_else(PoisonError::into_inner).push(seen);
                }
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn preflight(&self, target: usize, tenant: usize, origin: &str) -> io::Result<Response> {
        let port = self.world.ports.get(target).copied().unwrap_or(self.world.nginx.port());
        let headers = [("Origin", origin), ("Access-Control-Request-Method", "GET")];
        send(port, &self.world.site, &format!("OPTIONS /t/{}/api/notes", name(tenant)), &headers, "")
    }

    // What must be seen.

    /// The origins that stay are allowed by these instances, whatever is wrong with others.
    pub(crate) fn is_allowed_by(&self, instances: Range<usize>) -> Result<(), Failed> {
        for target in instances {
            self.allows_what_stays(target)?;
        }
        Ok(())
    }

    pub(crate) fn is_allowed_by_nginx(&self) -> Result<(), Failed> {
        for _ in 0..10 {
            self.allows_what_stays(World::INSTANCES)?;
        }
        Ok(())
    }

    fn allows_what_stays(&self, target: usize) -> Result<(), Failed> {
        for tenant in 0..Self::TENANTS {
            let response = self.preflight(target, tenant, &stays(tenant))?;
            if response.status != 204 || !response.has("access-control-allow-origin") {
                let message = format!("{target} responds with {} to what is allowed", response.status);
                return Err(format!("{message}\n{}", self.world.printed()).into());
            }
        }
        Ok(())
    }

    /// An instance whose policies can't be used allows nothing, says so, and serves whoever needs none.
    pub(crate) fn fails_at(&self, target: usize) -> Result<(), Failed> {
        for tenant in 0..Self::TENANTS {
            let response = self.preflight(target, tenant, &stays(tenant))?;
            let is_kept = response.header("cache-control") != Some("no-store");
            if response.status != 503 || response.has("access-control-allow-origin") || is_kept {
                let message = format!("{target} responds with {} although it can't know", response.status);
                return Err(format!("{message}\n{}", self.world.printed()).into());
            }
        }
        let health = expect(send(self.world.ports[target], &self.world.site, "GET /health", &[], "")?, 200)?;
        let health: Value = serde_json::from_str(&health.body)?;
        if health["allows_origins"] != json!(false) {
            return Err(format!("instance {target} says {health}").into());
        }
        let page = send(self.world.ports[target], &self.world.site, "GET /", &[], "")?;
        expect(page, 200)?;
        Ok(())
    }

    /// These instances allow again what stays.
    pub(crate) fn recovers(&self, instances: Range<usize>) -> Result<(), Failed> {
        let deadline = Instant::now() + RECOVERY;
        loop {
            match self.is_allowed_by(instances.clone()) {
                Err(_) if Instant::now() < deadline => thread::sleep(Duration::from_millis(50)),
                result => return result,
            }
        }
    }

    /// At the end, nothing that was revoked is allowed, what stays is, and all have seen the same version.
    pub(crate) fn all_agree(&self) -> Result<(), Failed> {
        self.is_allowed_by(0..World::INSTANCES + 1)?;
        let mut versions = Vec::new();
        for target in 0..World::INSTANCES {
            for one in &*self.registered() {
                let response = self.preflight(target, one.tenant, &one.origin)?;
                if response.status != 403 {
                    return Err(
                        format!("{target} responds with {} to {}", response.status, one.origin).into()
                    );
                }
            }
            let health = send(self.world.ports[target], &self.world.site, "GET /health", &[], "")?;
            let health: Value = serde_json::from_str(&health.body)?;
            if health["checks"]["healed"] != json!(0) || health["policies"] != json!("fresh") {
                return Err(format!("instance {target} says {health}").into());
            }
            versions.push(health["version"].clone());
        }
        versions.dedup();
        if versions.len() > 1 {
            return Err(format!("the instances have seen the versions {versions:?}").into());
        }
        Ok(())
    }

    /// Holds each response against what was registered when.
    pub(crate) fn judge(&self, max_stale: Duration) -> Result<Count, Failed> {
        let registered = self.registered();
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let mut count = Count {
            registered: registered.len(),
            revoked: registered.iter().filter(|one| one.revoked.is_some()).count(),
            requests: seen.len(),
            allowed: 0,
            stale: 0,
            stalest: Duration::ZERO,
            failed: seen.iter().filter(|seen| seen.status == 503).count(),
        };
        for Seen { registered: index, target, started, ended, .. } in
            seen.iter().filter(|seen| seen.is_allowed)
        {
            let one = &registered[*index];
            count.allowed += 1;
            if *ended < one.from {
                return Err(format!("{target} allowed {} before it was registered", one.origin).into());
            }
            let stale = one.revoked.and_then(|revoked| started.checked_duration_since(revoked));
            let Some(stale) = stale else { continue };
            count.stale += 1;
            count.stalest = count.stalest.max(stale);
            if stale > max_stale {
                let message = format!("{target} allowed {} {stale:?} after it was revoked", one.origin);
                return Err(format!("{message}; max_stale is {max_stale:?}\n{}", self.world.printed()).into());
            }
        }
        // Otherwise nothing was shown.
        if count.allowed < 100 || count.stale == 0 || count.failed == 0 || count.revoked < 20 {
            return Err(format!("too little happened: {count}").into());
        }
        Ok(count)
    }

    fn registered(&self) -> MutexGuard<'_, Vec<Registered>> {
        self.registered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn name(tenant: usize) -> String {
    format!("tenant-{tenant}")
}

/// The origin that a tenant never revokes.
fn stays(tenant: usize) -> String {
    format!("https://stays.{}.example", name(tenant))
}

fn expect(response: Response, status: u16) -> Result<Response, Failed> {
    if response.status == status {
        return Ok(response);
    }
    Err(format!("{} instead of {status}: {}", response.status, response.body).into())
}
