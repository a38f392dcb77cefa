//! Three instances, `PostgreSQL` and nginx, as processes: origins are registered and revoked while requests flow and everything
//! fails that may, and nobody is let in by what was revoked more than `max_stale` ago.
//!
//! Where `PostgreSQL` or nginx is not installed this is ignored, with the command that installs it; `REQUIRE_PEERS` turns that into
//! a failure.

use std::{
    panic::{self, AssertUnwindSafe},
    process::ExitCode,
    sync::atomic::{AtomicBool, Ordering::SeqCst},
    thread,
    time::{Duration, Instant},
};

use end_to_end::{
    peer::{Runtime, required_peers_or_exit},
    trial_of,
};
use libtest_mimic::{Arguments, Failed};

mod client;
mod proxy;
mod traffic;
mod world;

use traffic::Traffic;
use world::World;

/// What the instances are started with. In whole seconds, because a command line has them.
const MAX_STALE: Duration = Duration::from_secs(3);

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let required = required_peers_or_exit();
    let missing = [Runtime::Postgres, Runtime::Nginx]
        .into_iter()
        .filter_map(|runtime| Some((required.contains(&runtime), runtime.find().err()?)))
        .max_by_key(|(is_required, _)| *is_required);
    let name = "nobody_is_let_in_by_what_was_revoked";
    let (is_required, found) =
        missing.map_or((false, Ok(())), |(is_required, missing)| (is_required, Err(missing)));
    let trial = trial_of(name, found, is_required, |()| nobody_is_let_in_by_what_was_revoked());
    libtest_mimic::run(&arguments, vec![trial]).exit_code()
}

fn nobody_is_let_in_by_what_was_revoked() -> Result<(), Failed> {
    let world = World::start(MAX_STALE)?;
    let traffic = Traffic::new(&world)?;
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        for tenant in 0..Traffic::TENANTS {
            let (traffic, is_over) = (&traffic, &is_over);
            scope.spawn(move || traffic.change(tenant, is_over));
        }
        for target in 0..=World::INSTANCES {
            let (traffic, is_over) = (&traffic, &is_over);
            scope.spawn(move || traffic.request(target, is_over));
        }
        // However it ends, so do the others.
        let faults = panic::catch_unwind(AssertUnwindSafe(|| faults(&world, &traffic)));
        is_over.store(true, SeqCst);
        faults.unwrap_or_else(|panic| panic::resume_unwind(panic))
    })?;
    // What was revoked last is out of force everywhere.
    thread::sleep(MAX_STALE);
    traffic.all_agree()?;
    let count = traffic.judge(MAX_STALE)?;
    println!("{count}");
    Ok(())
}

/// Everything that may fail, one after the other, with what must be seen meanwhile.
fn faults(world: &World, traffic: &Traffic<'_>) -> Result<(), Failed> {
    let all = 0..World::INSTANCES;

    thread::sleep(Duration::from_secs(2));
    traffic.is_allowed_by(all.clone())?;

    // Notifications don't arrive: checks find the changes.
    world.proxies[1].lose_notifications(true);
    thread::sleep(Duration::from_secs(5));
    world.proxies[1].lose_notifications(false);
    if world.proxies[1].lost() == 0 {
        return Err("no notification was lost".into());
    }

    // One instance is cut off, without being told: the others go on, and its policies lapse.
    world.proxies[2].hold();
    thread::sleep(MAX_STALE * 2);
    traffic.is_allowed_by(0..2)?;
    traffic.fails_at(2)?;
    world.proxies[2].flow();
    traffic.recovers(all.clone())?;

    // The same, with broken connections.
    world.proxies[0].cut();
    thread::sleep(MAX_STALE + Duration::from_secs(1));
    traffic.is_allowed_by(1..3)?;
    traffic.fails_at(0)?;
    world.proxies[0].flow();
    traffic.recovers(all.clone())?;

    // The database is killed, and is back before the lease is over: policies stay in force.
    world.kill_database();
    let killed = Instant::now();
    thread::sleep(MAX_STALE / 2);
    traffic.is_allowed_by(all.clone())?;
    if killed.elapsed() + Duration::from_millis(500) > MAX_STALE {
        return Err("this machine is too slow for what is to be seen here".into());
    }
    world.resume_database()?;
    traffic.recovers(all.clone())?;

    // The database is killed, and is not.
    world.kill_database();
    thread::sleep(MAX_STALE + Duration::from_secs(1));
    for instance in all.clone() {
        traffic.fails_at(instance)?;
    }
    world.resume_database()?;
    traffic.recovers(all.clone())?;

    // An instance is killed: nginx sends its requests to the others. Then it is started again.
    world.kill_instance(0);
    traffic.is_allowed_by_nginx()?;
    thread::sleep(Duration::from_secs(1));
    world.start_instance(0)?;
    traffic.recovers(all.clone())?;

    // An instance that is started without the database allows nothing.
    world.kill_instance(1);
    world.proxies[1].cut();
    world.start_instance(1)?;
    traffic.fails_at(1)?;
    world.proxies[1].flow();
    traffic.recovers(all)?;

    thread::sleep(Duration::from_secs(2));
    Ok(())
}
