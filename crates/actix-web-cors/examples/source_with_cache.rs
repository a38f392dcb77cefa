//! A source of policies of your own: each tenant's origins come from a store, behind a cache.
//!
//!     mkdir /tmp/tenants && echo https://acme.example > /tmp/tenants/acme
//!     TENANTS=/tmp/tenants cargo run -p actix-web-cors --example source_with_cache
//!     curl -i http://127.0.0.1:8080/acme/notes -H 'Origin: https://acme.example'
//!
//! A folder with one file per tenant stands in for your database. The cache
//!
//! - **keeps a policy** for a minute (`CACHE_SECONDS`): a change takes effect at the latest then. It also keeps that a tenant doesn't
//!   exist, so that requests for made-up names don't reach the store each time;
//! - **is bounded:** when it is full, it forgets the tenant that nobody requested for the longest time;
//! - **loads each tenant once**, however many requests wait for it;
//! - **outlives a failure:** if the store fails, a tenant's previous policy stays in force until it is ten minutes old. Without one, the
//!   source fails, and nothing is allowed: preflights get a 503, other requests are handled without CORS headers. Pages of other
//!   origins see a CORS error; curl and same-origin pages notice nothing. The next try is a second later, so that requests don't
//!   pile up in front of a store that is down.
//!
//! Where there is nothing to keep, `Cors::per_request_async` with a closure is shorter.

use std::{
    collections::HashMap,
    env,
    error::Error,
    fs, io,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use actix_web::{App, HttpServer, dev::ServiceRequest, rt::time::timeout, web};
use actix_web_cors::{BoxedLookup, Cors, Lookup, Origin, Policy, PolicySource};

const MOST_TENANTS: usize = 1000;
const STORE_MAY_TAKE: Duration = Duration::from_secs(2);
const AFTER_A_FAILURE: Duration = Duration::from_secs(1);
const OUTLIVES: Duration = Duration::from_secs(600);

struct Kept {
    /// Or why the store failed.
    policy: Result<Policy, String>,
    /// When the store said so.
    loaded: Instant,
    good_until: Instant,
}

/// Whoever holds the lock of a tenant loads its policy. The others wait for the lock, and then find the policy.
type Tenant = tokio::sync::Mutex<Option<Kept>>;

struct Tenants {
    folder: PathBuf,
    keep: Duration,
    /// Each with the time of its last request.
    cache: Mutex<HashMap<String, (Instant, Arc<Tenant>)>>,
}

impl Tenants {
    fn tenant(&self, name: &str) -> Arc<Tenant> {
        let (mut cache, now) = (self.cache.lock().unwrap_or_else(PoisonError::into_inner), Instant::now());
        if !cache.contains_key(name) && cache.len() >= MOST_TENANTS {
            let oldest =
                cache.iter().min_by_key(|(_, (requested, _))| *requested).map(|(name, _)| name.clone());
            oldest.and_then(|oldest| cache.remove(&oldest));
        }
        let (requested, tenant) = cache.entry(name.to_owned()).or_insert_with(|| (now, Arc::default()));
        *requested = now;
        Arc::clone(tenant)
    }

    async fn load(&self, name: &str) -> Result<Policy, String> {
        println!("loading {name}");
        let file = self.folder.join(name);
        let read = timeout(STORE_MAY_TAKE, web::block(|| fs::read_to_string(file))).await;
        let text = match read.map_err(|_| "the store is too slow")?.map_err(|error| error.to_string())? {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Policy::deny_all()),
            Err(error) => return Err(error.to_string()),
        };
        // Parsed as origins, not as patterns: a tenant who writes `https://*.example.com` must not let in its neighbours.
        let origins: Result<Vec<Origin>, _> = text.split_whitespace().map(str::parse).collect();
        Policy::allow_origins(origins.map_err(|error| error.to_string())?).map_err(|error| error.to_string())
    }

    async fn policy(&self, tenant: &Tenant, name: &str) -> Result<Policy, String> {
        let mut kept = tenant.lock().await;
        if let Some(kept) = kept.as_ref().filter(|kept| kept.good_until > Instant::now()) {
            return kept.policy.clone();
        }
        let (found, now) = (self.load(name).await, Instant::now());
        let previous = kept.take().filter(|kept| kept.policy.is_ok() && kept.loaded.elapsed() < OUTLIVES);
        let next = match (found, previous) {
            (Ok(policy), _) => Kept { policy: Ok(policy), loaded: now, good_until: now + self.keep },
            (Err(error), Some(previous)) => {
                eprintln!("{name}: {error}; the previous policy stays in force");
                Kept { good_until: now + AFTER_A_FAILURE, ..previous }
            }
            (Err(error), None) => Kept { policy: Err(error), loaded: now, good_until: now + AFTER_A_FAILURE },
        };
        kept.insert(next).policy.clone()
    }
}

/// One for all workers.
#[derive(Clone)]
struct ByTenant(Arc<Tenants>);

impl PolicySource for ByTenant {
    type Future = BoxedLookup;

    fn lookup(&self, request: &ServiceRequest) -> Lookup<'_, BoxedLookup> {
        let name = request.path().split('/').nth(1).unwrap_or_default().to_owned();
        // The name becomes part of a file's path.
        if !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()) || name.is_empty() {
            return Lookup::Ready(Some(Policy::deny_all()));
        }
        let (tenants, tenant) = (Arc::clone(&self.0), self.0.tenant(&name));
        // Most requests find a policy in the cache, and don't wait.
        if let Ok(kept) = tenant.try_lock()
            && let Some(Kept { policy: Ok(policy), good_until, .. }) = kept.as_ref()
            && *good_until > Instant::now()
        {
            return Lookup::Ready(Some(policy.clone()));
        }
        Lookup::Later(Box::pin(async move { Ok(Some(tenants.policy(&tenant, &name).await?)) }))
    }

    /// Each worker keeps the headers of so many policies ready to be sent.
    fn keeps(&self) -> usize {
        100
    }
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().init();
    let folder =
        env::var_os("TENANTS").ok_or("TENANTS is not set. Set it to a folder with one file per tenant")?;
    let seconds: u32 = env::var("CACHE_SECONDS").map_or(Ok(60), |seconds| seconds.parse())?;
    let keep = Duration::from_secs(seconds.into());
    let source = ByTenant(Arc::new(Tenants { folder: folder.into(), keep, cache: Mutex::default() }));
    let cors = Cors::new(source);

    let port = env::var("PORT").map_or(Ok(8080), |port| port.parse())?;
    let server = HttpServer::new(move || {
        App::new().wrap(cors.clone()).route("/{tenant}/notes", web::get().to(|| async { "milk" }))
    })
    .bind(("127.0.0.1", port))?;
    println!("listening on http://{}", server.addrs()[0]);
    server.run().await?;
    Ok(())
}
