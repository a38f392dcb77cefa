//! The replica, one rule at a time. `simulation.rs` has them all at once.

use std::time::Duration;

use cors_tenants::replica::{
    Change, Changes, Check, Checked, Failed, Flight, Load, Loaded, Looked, Replica, Settings, Source, State,
    Time, Version,
};

const HISTORY: u64 = 7;

/// A replica, and a clock in milliseconds.
struct World {
    replica: Replica<&'static str>,
    now: u64,
}

fn settings() -> Settings {
    Settings {
        max_stale: Duration::from_secs(60),
        interval: Duration::from_secs(5),
        patience: Duration::from_secs(3),
        gap: Duration::from_millis(20),
        known: 3,
        unknown: 2,
        loads: 2,
        changes: 3,
        compared: 10,
    }
}

impl World {
    /// One that has seen version 10.
    fn new() -> Self {
        let mut world = Self { replica: Replica::new(settings()), now: 0 };
        let check = world.check();
        world.checked(check, changes(10, []));
        world
    }

    fn time(&self) -> Time {
        Time::after_start(Duration::from_millis(self.now))
    }

    fn lookup(&self, tenant: &str) -> Looked<&'static str> {
        self.replica.lookup(tenant, self.time())
    }

    fn check(&mut self) -> Check {
        let time = self.time();
        self.replica.check(time).expect("a check is due")
    }

    fn is_due(&mut self) -> bool {
        let time = self.time();
        self.replica.check(time).is_some()
    }

    fn checked(&mut self, check: Check, changes: Changes<&'static str>) -> Checked {
        let time = self.time();
        self.replica.checked(check, changes, time)
    }

    /// The next check, as soon as it is due, returns this.
    fn next(&mut self, changes: Changes<&'static str>) -> Checked {
        let wakes = self.replica.wakes().since_start();
        self.now = self.now.max(u64::try_from(wakes.as_millis()).unwrap());
        let check = self.check();
        self.checked(check, changes)
    }

    fn flight(&mut self, tenant: &str) -> Flight<&'static str> {
        let time = self.time();
        self.replica.load(tenant, time)
    }

    fn load(&mut self, tenant: &str) -> Load {
        match self.flight(tenant) {
            Flight::Start(load) => load,
            other => panic!("{other:?}"),
        }
    }

    fn loaded(&mut self, load: Load, as_of: i64, found: Option<(i64, &'static str)>) -> Looked<&'static str> {
        let time = self.time();
        let found = found.map(|(version, policy)| (Version(version), policy));
        self.replica.loaded(load, Loaded { as_of: Version(as_of), found }, time)
    }

    /// Loads and holds a policy of version 5.
    fn hold(&mut self, tenant: &str, policy: &'static str) {
        let load = self.load(tenant);
        self.loaded(load, 10, Some((5, policy)));
    }
}

fn changes<const N: usize>(as_of: i64, rows: [Change<&'static str>; N]) -> Changes<&'static str> {
    Changes { history: HISTORY, as_of: Version(as_of), rows: rows.into(), more: false, compared: Vec::new() }
}

fn change(tenant: &str, version: i64, state: State<&'static str>) -> Change<&'static str> {
    Change { tenant: tenant.into(), version: Version(version), state }
}

fn lapsed(seconds: u64) -> Looked<&'static str> {
    Looked::Failed(Failed::Lapsed(Duration::from_secs(seconds)))
}

#[test]
fn without_its_database_nothing_is_allowed() {
    let mut world = World { replica: Replica::new(settings()), now: 0 };
    assert_eq!(world.lookup("a"), Looked::Failed(Failed::Starting));
    assert!(matches!(world.flight("a"), Flight::Landed(Looked::Failed(Failed::Starting))));
    assert_eq!(world.replica.health(world.time()).source, Source::Starting);
    let check = world.check();
    assert_eq!(check.after, None);
    world.replica.check_failed(&check);
    world.now = 3_600_000;
    assert_eq!(world.lookup("a"), Looked::Failed(Failed::Starting));
    world.next(changes(10, []));
    assert_eq!(world.lookup("a"), Looked::Load);
    assert_eq!(world.replica.health(world.time()).source, Source::Fresh);
}

#[test]
fn a_lost_database_leaves_policies_in_force_until_the_lease_is_over() {
    let mut world = World::new();
    world.hold("a", "A");
    let load = world.load("b");
    assert_eq!(world.loaded(load, 10, None), Looked::Unknown);
    world.now = 5000;
    let check = world.check();
    world.replica.check_failed(&check);
    for (now, source) in [
        (5000, Source::Stale(Duration::from_secs(5))),
        (59_000, Source::Stale(Duration::from_secs(59))),
        (60_000, Source::Lapsed(Duration::from_secs(60))),
        (90_000, Source::Lapsed(Duration::from_secs(90))),
    ] {
        world.now = now;
        assert_eq!(world.replica.health(world.time()).source, source);
        if now < 60_000 {
            assert_eq!(world.lookup("a"), Looked::Policy("A"), "{now}");
            assert_eq!(world.lookup("b"), Looked::Unknown, "{now}");
            assert_eq!(world.lookup("c"), Looked::Load, "{now}");
        } else {
            for tenant in ["a", "b", "c"] {
                assert_eq!(world.lookup(tenant), lapsed(now / 1000), "{tenant}, {now}");
            }
        }
    }
    // What did not change is confirmed again, without being loaded.
    world.next(changes(10, []));
    assert_eq!(world.lookup("a"), Looked::Policy("A"));
    assert_eq!(world.replica.health(world.time()).failed_checks, 1);
}

#[test]
fn a_lease_is_over_before_clocks_can_have_missed_the_end() {
    let mut world = World::new();
    world.hold("a", "A");
    world.now = 59_899;
    assert_eq!(world.lookup("a"), Looked::Policy("A"));
    // What a clock does not count as a jump is taken from the lease.
    world.now = 59_900;
    assert_eq!(world.lookup("a"), Looked::Failed(Failed::Lapsed(Duration::from_millis(59_900))));
}

#[test]
fn a_lease_begins_when_the_read_starts_not_when_it_ends() {
    let mut world = World::new();
    world.now = 5000;
    let load = world.load("a");
    world.now = 7900;
    assert_eq!(world.loaded(load, 10, Some((5, "A"))), Looked::Policy("A"));
    world.now = 64_899;
    assert_eq!(world.lookup("a"), Looked::Policy("A"));
    world.now = 64_900;
    assert!(matches!(world.lookup("a"), Looked::Failed(_)));

    let check = world.check();
    world.now = 67_000;
    world.checked(check, changes(10, []));
    world.now = 124_799;
    assert_eq!(world.lookup("a"), Looked::Policy("A"));
    world.now = 124_800;
    assert!(matches!(world.lookup("a"), Looked::Failed(_)));
}

#[test]
fn a_load_whose_lease_is_over_when_it_ends_allows_nothing() {
    let mut settings = settings();
    settings.patience = Duration::from_secs(100);
    let mut world = World { replica: Replica::new(settings), now: 0 };
    world.next(changes(10, []));
    let load = world.load("a");
    world.now = 61_000;
    assert_eq!(world.loaded(load, 10, Some((5, "A"))), lapsed(61));
}

#[test]
fn time_that_goes_back_makes_no_lease_longer() {
    let mut world = World::new();
    world.hold("a", "A");
    world.now = 61_000;
    assert_eq!(world.lookup("a"), lapsed(61));
    world.now = 1000;
    assert_eq!(world.lookup("a"), lapsed(61));
    // Nor is a check that is made then good for longer.
    let check = world.check();
    world.now = 62_000;
    world.checked(check, changes(10, []));
    assert_eq!(world.lookup("a"), Looked::Policy("A"));
    world.now = 121_000;
    assert!(matches!(world.lookup("a"), Looked::Failed(_)));
}

#[test]
fn a_change_reaches_what_is_held() {
    let mut world = World::new();
    world.hold("a", "A");
    world.hold("b", "B");
    world.hold("c", "C");
    let load = world.load("d");
    world.loaded(load, 10, None);
    let checked = world.next(changes(
        15,
        [
            change("a", 11, State::Policy("A2")),
            change("b", 12, State::Removed),
            change("c", 13, State::Unread),
            change("d", 14, State::Policy("D")),
            change("elsewhere", 15, State::Policy("E")),
        ],
    ));
    assert_eq!(checked.changed, 4);
    for (tenant, expected) in [
        ("a", Looked::Policy("A2")),
        ("b", Looked::Unknown),
        ("c", Looked::Load),
        ("d", Looked::Policy("D")),
        ("elsewhere", Looked::Load),
    ] {
        assert_eq!(world.lookup(tenant), expected, "{tenant}");
    }
    let seen = world.replica.health(world.time()).seen;
    assert_eq!(seen, Some(Version(15)));
}

#[test]
fn a_load_never_puts_back_what_was() {
    for (name, newest, loaded, expected) in [
        ("revoked", State::Policy("A2"), Some((5, "A")), Looked::Policy("A2")),
        ("removed", State::Removed, Some((5, "A")), Looked::Unknown),
        ("made", State::Policy("A2"), None, Looked::Policy("A2")),
        ("changed, and nobody looked", State::Unread, Some((5, "A")), Looked::Load),
        ("the load is newer", State::Policy("A2"), Some((12, "A3")), Looked::Policy("A3")),
        ("the load is newer than the removal", State::Removed, Some((12, "A3")), Looked::Policy("A3")),
    ] {
        let mut world = World::new();
        let load = world.load("a");
        world.next(changes(11, [change("a", 11, newest)]));
        let as_of = loaded.map_or(10, |(version, _): (i64, _)| version.max(10));
        assert_eq!(world.loaded(load, as_of, loaded), expected, "{name}");
        assert_eq!(world.lookup("a"), expected, "{name}");
    }
}

#[test]
fn a_load_from_a_database_that_lags_behind_is_refused() {
    let mut world = World::new();
    world.next(changes(12, [change("a", 12, State::Removed)]));
    let load = world.load("a");
    assert_eq!(world.loaded(load, 11, Some((5, "A"))), Looked::Failed(Failed::NotLoaded));
    assert_eq!(world.lookup("a"), Looked::Load);
    // The next check is to find out.
    world.now += 20;
    assert!(world.is_due());
}

#[test]
fn another_history_makes_it_forget_everything() {
    for (name, history, as_of) in [("another history", 8, 20), ("versions went back", HISTORY, 9)] {
        let mut world = World::new();
        world.hold("a", "A");
        let load = world.load("b");
        let checked = world.next(Changes { history, ..changes(as_of, []) });
        assert!(checked.is_reset, "{name}");
        assert_eq!(world.lookup("a"), Looked::Load, "{name}");
        assert_eq!(world.loaded(load, 30, Some((5, "B"))), Looked::Failed(Failed::NotLoaded), "{name}");
        assert_eq!(world.lookup("b"), Looked::Load, "{name}");
        assert_eq!(world.replica.health(world.time()).resets, 1, "{name}");
    }
}

#[test]
fn a_page_of_changes_confirms_nothing_before_the_last() {
    let mut world = World::new();
    world.hold("a", "A");
    world.now = 59_000;
    let check = world.check();
    assert_eq!((check.after, check.at_most), (Some(Version(10)), 3));
    let rows = [11, 12, 13].map(|version| change("other", version, State::Removed));
    world.checked(check, Changes { more: true, ..changes(14, rows) });
    assert_eq!(world.replica.health(world.time()).seen, Some(Version(13)));
    // The next page is due at once, and until it is here the old lease runs.
    world.now = 59_020;
    let check = world.check();
    assert_eq!(check.after, Some(Version(13)));
    world.now = 60_500;
    assert!(matches!(world.lookup("a"), Looked::Failed(_)));
    world.checked(check, changes(14, [change("a", 14, State::Policy("A2"))]));
    assert_eq!(world.lookup("a"), Looked::Policy("A2"));
}

#[test]
fn a_check_that_is_given_up_changes_nothing_when_it_arrives() {
    let mut world = World::new();
    world.hold("a", "A");
    world.now = 5000;
    let late = world.check();
    world.now = 7999;
    assert!(!world.is_due());
    world.now = 8000;
    let check = world.check();
    assert!(world.checked(late, changes(11, [change("a", 11, State::Removed)])).is_refused);
    assert_eq!(world.lookup("a"), Looked::Policy("A"));
    assert!(!world.checked(check, changes(12, [change("a", 12, State::Policy("A2"))])).is_refused);
    assert_eq!(world.lookup("a"), Looked::Policy("A2"));
    assert_eq!(world.replica.health(world.time()).failed_checks, 1);
}

#[test]
fn a_notification_makes_a_check_due_if_it_concerns_what_is_held() {
    let mut world = World::new();
    world.hold("a", "A");
    world.now = 1000;
    for (tenant, version, expected) in [("b", 11, false), ("a", 10, false), ("a", 9, false), ("a", 11, true)]
    {
        assert_eq!(world.replica.notified(tenant, Version(version)), expected, "{tenant} {version}");
        assert_eq!(world.replica.wakes() <= world.time(), expected, "{tenant} {version}");
    }
    let check = world.check();
    // What comes while a check is under way may tell of what it does not see.
    assert!(world.replica.notified("a", Version(12)));
    world.checked(check, changes(11, [change("a", 11, State::Policy("A2"))]));
    assert!(!world.is_due());
    world.now += 20;
    let check = world.check();
    world.checked(check, changes(12, []));
    // It is done with; the next one is periodic.
    world.now += 4999;
    assert!(!world.is_due());
}

#[test]
fn a_database_that_is_down_is_asked_once_a_second_whatever_is_notified() {
    let mut world = World::new();
    world.hold("a", "A");
    world.now = 5000;
    let mut checks = 0;
    while world.now < 15_000 {
        world.replica.notified("a", Version(11));
        let time = world.time();
        if let Some(check) = world.replica.check(time) {
            checks += 1;
            world.replica.check_failed(&check);
        }
        world.now += 10;
    }
    assert_eq!(checks, 10);
}

#[test]
fn a_tenant_is_loaded_once() {
    let mut world = World::new();
    let load = world.load("a");
    match world.flight("a") {
        Flight::Wait(id) => assert_eq!(id, load.id()),
        other => panic!("{other:?}"),
    }
    // Not for ever: whoever was to load it may be gone.
    world.now = 3000;
    let again = world.load("a");
    assert_eq!(world.loaded(load, 10, Some((5, "A"))), Looked::Failed(Failed::NotLoaded));
    assert_eq!(world.loaded(again, 10, Some((6, "A2"))), Looked::Policy("A2"));
    assert!(matches!(world.flight("a"), Flight::Landed(Looked::Policy("A2"))));
}

#[test]
fn loads_are_bounded_and_one_that_fails_makes_room() {
    let mut world = World::new();
    let a = world.load("a");
    let _b = world.load("b");
    assert!(matches!(world.flight("c"), Flight::Landed(Looked::Failed(Failed::Busy))));
    assert!(matches!(world.flight("a"), Flight::Wait(_)));
    assert_eq!(world.replica.load_failed(&a), Looked::Failed(Failed::NotLoaded));
    let _c = world.load("c");
    assert!(matches!(world.flight("d"), Flight::Landed(Looked::Failed(Failed::Busy))));
    world.now = 3000;
    let _d = world.load("d");
}

#[test]
fn a_flood_of_unknown_names_leaves_known_tenants_where_they_are() {
    let mut world = World::new();
    for tenant in ["a", "b", "c"] {
        world.hold(tenant, "held");
    }
    for number in 0..1000 {
        let load = world.load(&format!("no-{number}"));
        assert_eq!(world.loaded(load, 10, None), Looked::Unknown);
    }
    let health = world.replica.health(world.time());
    assert_eq!((health.known, health.unknown, health.loading), (3, 2, 0));
    for tenant in ["a", "b", "c"] {
        assert_eq!(world.lookup(tenant), Looked::Policy("held"), "{tenant}");
    }
}

#[test]
fn a_comparison_heals_what_the_changes_missed() {
    for (name, tenant, found, heals) in [
        ("the same", "a", Some(5), 0),
        ("a change was missed", "a", Some(9), 1),
        ("a removal was missed", "a", None, 1),
        ("versions went back", "a", Some(4), 1),
        ("unknown as before", "b", None, 0),
        ("it was made, and that was missed", "b", Some(10), 1),
        ("not held", "c", Some(10), 0),
    ] {
        let mut world = World::new();
        world.hold("a", "A");
        let load = world.load("b");
        world.loaded(load, 10, None);
        world.now = 5000;
        let check = world.check();
        let mut compare: Vec<_> = check.compare.iter().map(ToString::to_string).collect();
        compare.sort();
        assert_eq!(compare, ["a", "b"]);
        let compared = vec![(tenant.into(), found.map(Version))];
        let checked = world.checked(check, Changes { compared, ..changes(10, []) });
        assert_eq!(checked.healed, heals, "{name}");
        assert_eq!(world.lookup(tenant) == Looked::Load, heals == 1 || tenant == "c", "{name}");
    }
}

#[test]
fn a_comparison_does_not_undo_what_is_newer() {
    let mut world = World::new();
    world.hold("a", "A");
    world.now = 5000;
    let check = world.check();
    let load = world.load("b");
    world.loaded(load, 12, Some((12, "B")));
    let compared = vec![("b".into(), None), ("a".into(), Some(Version(5)))];
    assert_eq!(world.checked(check, Changes { compared, ..changes(11, []) }).healed, 0);
    assert_eq!(world.lookup("b"), Looked::Policy("B"));
}

#[test]
fn settings_that_would_lapse_while_the_database_responds_are_refused() {
    let valid = Settings::default();
    assert_eq!(valid.validate(), Ok(()));
    let seconds = Duration::from_secs;
    for (settings, expected) in [
        (
            Settings { max_stale: seconds(14), ..valid.clone() },
            "max_stale is 14s, but one check that fails and one that takes as long as it may take 15s together (2 × interval + patience), so policies would lapse while the database responds. Write a max_stale of at least 15s, or a shorter interval or patience",
        ),
        (
            Settings { interval: Duration::ZERO, ..valid.clone() },
            "interval is 0, so nothing would ever be read. Write at least 1 ms",
        ),
        (
            Settings { patience: Duration::ZERO, ..valid.clone() },
            "patience is 0, so nothing would ever be read. Write at least 1 ms",
        ),
        (
            Settings { loads: 0, ..valid.clone() },
            "loads is 0, which leaves no room for a tenant. Write at least 1",
        ),
    ] {
        assert_eq!(settings.validate().unwrap_err().to_string(), expected);
    }
    assert_eq!(Settings { max_stale: seconds(15), ..valid }.validate(), Ok(()));
}
