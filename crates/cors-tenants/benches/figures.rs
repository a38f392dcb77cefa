//! Prints the figures of `docs/scaling.md`:
//!
//! ```sh
//! cargo bench -p cors-tenants --bench figures
//! ```
//!
//! It takes some minutes; with `-- 100000` at the end there are no more tenants than that. It starts a server of `PostgreSQL`, which
//! `tools/install-peers` installs, in a folder of its own.

use std::{
    env,
    error::Error,
    fs,
    hint::black_box,
    process::Command,
    time::{Duration, Instant},
};

use actix_web::{
    App, HttpResponse, Responder,
    dev::{Service, ServiceResponse},
    http::Method,
    rt,
    test::{TestRequest, init_service},
    web,
};
use actix_web_cors::{Cors, Policy, PolicySource};
use cors_tenants::{
    api::policies::TenantPolicies,
    instance::{Instance, settings},
    origins,
    replica::{Changes, Flight, Loaded, Looked, Replica, Settings, Source, State, Tenant, Time, Version},
    store::{
        Store,
        changes::{Actor, Change},
    },
};
use end_to_end::postgres::Postgres;
use futures_util::future::join_all;
use sqlx::{Connection as _, PgConnection};
use tempfile::TempDir;
use tokio::task::JoinHandle;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const SIZES: [u32; 2] = [100_000, 1_000_000];
const ACTOR: Actor<'_> = Actor { account: "ada", instance: "figures" };
const CREATE: Change<'_> = Change::Create { password_hash: "none" };
/// What each tenant has; the second is a pattern.
const ORIGINS: [&str; 3] =
    ["https://app.NAME.example", "https://*.preview.NAME.example", "http://localhost:3000"];

/// What every tenant of those that get requests has.
const ORIGIN: &str = "https://app.example.com";

fn main() -> Result<()> {
    // `cargo bench` adds a flag of its own.
    let numbers: Vec<u32> = env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    if let Ok(size) = env::var("FIGURES_MEMORY") {
        return memory(size.parse()?);
    }
    let most = numbers.first().copied().unwrap_or(u32::MAX);
    let sizes: Vec<u32> = SIZES.into_iter().filter(|size| *size <= most).collect();
    println!("processors: {}", std::thread::available_parallelism()?);
    println!("\nwhat an instance holds, without a database; 3 origins each");
    for size in &sizes {
        // In a process of its own, because memory that is free is rarely given back.
        let status = Command::new(env::current_exe()?).env("FIGURES_MEMORY", size.to_string()).status()?;
        if !status.success() {
            return Err("a part failed".into());
        }
    }
    rt::System::new().block_on(async {
        println!("\nrequests of one thread, in memory");
        requests().await?;
        println!("\nuntil three instances agree");
        let folder = TempDir::new()?;
        agreement(&folder.path().join("tenants.sqlite").display().to_string(), "SQLite").await?;
        let server = Postgres::start()?;
        agreement(&server.url(), "PostgreSQL").await?;
        for size in sizes {
            println!("\nPostgreSQL with {size} tenants");
            let server = Postgres::start()?;
            database(&server, size).await?;
        }
        Ok(())
    })
}

fn name(number: u32) -> String {
    format!("tenant-{number}")
}

fn entries(name: &str) -> Vec<String> {
    ORIGINS.iter().map(|origin| origin.replace("NAME", name)).collect()
}

fn policy(name: &str) -> Policy {
    origins::policy(&entries(name), Duration::from_secs(60)).0
}

/// The `percent`th of a hundred, in milliseconds.
fn percentile(sorted: &[Duration], percent: usize) -> f64 {
    let index = sorted.len().saturating_sub(1) * percent / 100;
    sorted.get(index).map_or(0.0, Duration::as_secs_f64) * 1e3
}

// What an instance holds.

fn resident() -> Result<u64> {
    let pages: u64 =
        fs::read_to_string("/proc/self/statm")?.split(' ').nth(1).ok_or("no second field")?.parse()?;
    Ok(pages * 4096)
}

fn empty<P: Clone>(known: u32) -> Replica<P> {
    let known = usize::try_from(known).unwrap_or(usize::MAX);
    let mut replica = Replica::new(Settings { known, ..Settings::default() });
    if let Some(check) = replica.check(Time::default()) {
        let changes =
            Changes { history: 1, as_of: Version(0), rows: Vec::new(), more: false, compared: Vec::new() };
        replica.checked(check, changes, Time::default());
    }
    replica
}

fn memory(size: u32) -> Result<()> {
    let mut replica = empty(size);
    let before = resident()?;
    let started = Instant::now();
    for number in 0..size {
        let name = name(number);
        if let Flight::Start(load) = replica.load(&name, Time::default()) {
            let loaded = Loaded { as_of: Version(0), found: Some((Version(0), policy(&name))) };
            replica.loaded(load, loaded, Time::default());
        }
    }
    let filled = started.elapsed();
    let bytes = resident()? - before;
    let names: Vec<String> =
        (0..size).map(|number| name(number.wrapping_mul(2_654_435_761) % size)).collect();
    let started = Instant::now();
    for name in &names {
        assert!(matches!(black_box(replica.lookup(name, Time::default())), Looked::Policy(_)));
    }
    println!(
        "  {size} tenants: {} MB, {} bytes each; policies built in {:.1} s, {:.1} µs each; a look-up of a random one takes {} ns",
        bytes / 1_000_000,
        bytes / u64::from(size),
        filled.as_secs_f64(),
        filled.as_secs_f64() * 1e6 / f64::from(size),
        started.elapsed().as_nanos() / u128::from(size)
    );
    Ok(())
}

// Requests.

async fn handler() -> impl Responder {
    HttpResponse::Ok().body("[]")
}

async fn requests() -> Result<()> {
    const TENANTS: u32 = 10_000;
    let folder = TempDir::new()?;
    let url = folder.path().join("tenants.sqlite").display().to_string();
    let store = Store::new(&url.parse()?)?;
    for number in 0..TENANTS {
        store.change(&name(number), CREATE, ACTOR).await?;
        store.change(&name(number), Change::Register(ORIGIN), ACTOR).await?;
    }
    let (instance, task) = instance(store, "one").await?;
    let one: Vec<String> = vec![format!("/t/{}/notes", name(0))];
    let many: Vec<String> = (0..TENANTS).map(|number| format!("/t/{}/notes", name(number))).collect();
    for path in &many {
        let tenant = path.split('/').nth(2).unwrap_or_default();
        instance.policy(tenant).await?;
    }
    for method in [Method::OPTIONS, Method::GET] {
        let one_policy = origins::policy(&[ORIGIN.to_owned()], Duration::from_secs(60)).0;
        let plain = rate(Cors::new(one_policy), &method, &one).await?;
        println!("  {method}, one policy for all: {plain:.0} requests/s");
        for (what, paths) in [("one tenant", &one), ("10 000 tenants in turn", &many)] {
            let source = Cors::new(TenantPolicies::new(instance.clone()));
            let rate = rate(source, &method, paths).await?;
            println!("  {method}, {what}: {rate:.0} requests/s, {:.2} of that", rate / plain);
        }
    }
    end([task]).await;
    Ok(())
}

async fn rate<S: PolicySource>(cors: Cors<S>, method: &Method, paths: &[String]) -> Result<f64> {
    let routes = web::scope("/t/{tenant}").wrap(cors).route("/notes", web::get().to(handler));
    let service = init_service(App::new().service(routes)).await;
    let send = async |path: &str| {
        let request = TestRequest::with_uri(path)
            .method(method.clone())
            .insert_header(("Origin", ORIGIN))
            .insert_header(("Access-Control-Request-Method", "GET"))
            .to_request();
        service.call(request).await
    };
    let response: ServiceResponse<_> = send(&paths[0]).await?;
    if !response.headers().contains_key("access-control-allow-origin") {
        return Err("the response is not what is to be measured".into());
    }
    let mut best = 0.0_f64;
    for _ in 0..5 {
        const COUNT: u32 = 40_000;
        let started = Instant::now();
        for path in paths.iter().cycle().take(COUNT as usize) {
            black_box(send(path).await?);
        }
        best = best.max(f64::from(COUNT) / started.elapsed().as_secs_f64());
    }
    Ok(best)
}

// Agreement.

/// An instance, and the task that keeps it up to date. End it within the runtime: only there connections can be dropped.
async fn instance(store: Store, name: &str) -> Result<(Instance, JoinHandle<()>)> {
    let instance = Instance::new(name, store, settings(Duration::from_secs(60))?);
    let running = instance.clone();
    let task = rt::spawn(async move { running.run().await });
    let deadline = Instant::now() + Duration::from_secs(20);
    while instance.health().source != Source::Fresh {
        if Instant::now() > deadline {
            return Err("an instance does not see its database".into());
        }
        rt::time::sleep(Duration::from_millis(5)).await;
    }
    // Until it listens to news, too.
    rt::time::sleep(Duration::from_millis(500)).await;
    Ok((instance, task))
}

async fn end(tasks: impl IntoIterator<Item = JoinHandle<()>>) {
    for task in tasks {
        task.abort();
        let _ = task.await;
    }
}

async fn agreement(url: &str, what: &str) -> Result<()> {
    const CHANGES: u32 = 300;
    let (mut instances, mut tasks) = (Vec::new(), Vec::new());
    for number in 0..3 {
        let (instance, task) = instance(Store::new(&url.parse()?)?, &format!("instance-{number}")).await?;
        instances.push(instance);
        tasks.push(task);
    }
    let (mut commits, mut agreements) = (Vec::new(), Vec::new());
    for number in 0..CHANGES {
        let tenant = name(number);
        let through = &instances[number as usize % instances.len()];
        // All of them know that there is no such tenant.
        for instance in &instances {
            instance.policy(&tenant).await?;
        }
        let started = Instant::now();
        let version = through.store().change(&tenant, CREATE, ACTOR).await?;
        through.changed(&tenant, version);
        let committed = Instant::now();
        while !instances.iter().all(|instance| matches!(instance.lookup(&tenant), Looked::Policy(_))) {
            rt::time::sleep(Duration::from_micros(200)).await;
        }
        commits.push(committed - started);
        agreements.push(committed.elapsed());
    }
    commits.sort();
    agreements.sort();
    println!(
        "  {what}, after the commit: {:.1} ms at the median, {:.1} ms at 99 %, {:.1} ms at most, of {CHANGES}; a commit takes {:.1} ms at the median",
        percentile(&agreements, 50),
        percentile(&agreements, 99),
        percentile(&agreements, 100),
        percentile(&commits, 50)
    );
    end(tasks).await;
    Ok(())
}

// The database.

async fn database(server: &Postgres, size: u32) -> Result<()> {
    let store = Store::new(&server.url().parse()?)?;
    let first = store.change("first", CREATE, ACTOR).await?;
    let mut connection = PgConnection::connect(&server.url()).await?;
    let origins = entries("' || name || '").join("\n");
    sqlx::query("UPDATE clock SET version = version + $1")
        .bind(i64::from(size))
        .execute(&mut connection)
        .await?;
    let insert = format!(
        "INSERT INTO tenants (name, version, origins)
         SELECT name, {first} + number, '{origins}'
         FROM (SELECT 'tenant-' || (number - 1) AS name, number FROM generate_series(1, {size}) AS number) AS made"
    );
    sqlx::raw_sql(&insert).execute(&mut connection).await?;
    sqlx::raw_sql("VACUUM ANALYZE tenants").execute(&mut connection).await?;

    let started = Instant::now();
    let (mut after, mut read) = (Version(0), 0_usize);
    loop {
        let changes = store.changes(Some(after), Settings::default().changes, &[]).await?;
        read += changes.rows.len();
        for row in &changes.rows {
            after = row.version;
            if let State::Policy(origins) = &row.state {
                black_box(origins::policy(origins, Duration::from_secs(60)));
            }
        }
        if !changes.more {
            break;
        }
    }
    println!(
        "  all {read} read as changes, with the policies built: {:.1} s",
        started.elapsed().as_secs_f64()
    );

    let (loading, task) = instance(Store::new(&server.url().parse()?)?, "loading").await?;
    let loads = 20_000.min(size);
    let started = Instant::now();
    for chunk in 0..loads / 20 {
        let names: Vec<String> =
            (0..20).map(|number| name((chunk * 20 + number).wrapping_mul(2_654_435_761) % size)).collect();
        for policy in join_all(names.iter().map(|name| loading.policy(name))).await {
            policy?.ok_or("a tenant is missing")?;
        }
    }
    println!("  loads, 20 at the same time: {:.0}/s", f64::from(loads) / started.elapsed().as_secs_f64());
    end([task]).await;

    let clock = store.changes(None, 1, &[]).await?.as_of;
    let held: Vec<Tenant> = (0..100).map(|number| name(number * (size / 100)).into()).collect();
    for (what, after, compare) in [
        ("nothing changed", clock, &[][..]),
        ("nothing changed, 100 tenants compared", clock, &held[..]),
        ("100 changes, 100 tenants compared", Version(clock.0 - 100), &held[..]),
        ("10 000 changes", Version(clock.0 - 10_000), &[]),
    ] {
        let mut times = Vec::new();
        for _ in 0..300 {
            let started = Instant::now();
            black_box(store.changes(Some(after), 10_000, compare).await?);
            times.push(started.elapsed());
        }
        times.sort();
        println!(
            "  a check, {what}: {:.2} ms at the median, {:.2} ms at 99 %",
            percentile(&times, 50),
            percentile(&times, 99)
        );
    }
    Ok(())
}
