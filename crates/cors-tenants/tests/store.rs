//! The store, on SQLite always and on PostgreSQL where it is installed. `REQUIRE_PEERS=postgres` makes it mandatory.

#![allow(clippy::doc_markdown, reason = "PostgreSQL and SQLite are names, not code")]

use std::time::Duration;

use cors_tenants::{
    replica::{State, Version},
    store::{
        Store,
        accounts::SignedIn,
        changes::{Actor, Change, MAX_CHANGES, MAX_ORIGINS, NotChanged},
        notes::MAX_NOTES,
        watch::News,
    },
};
use tokio::task::JoinSet;

use crate::common::{Database, tests};

mod common;

const ADA: Actor<'_> = Actor { account: "ada", instance: "one" };
const CREATE: Change<'_> = Change::Create { password_hash: "not a hash" };

fn main() {
    let on_both = tests![
        changes_become_visible_in_the_order_of_their_versions,
        a_change_that_fails_leaves_nothing,
        a_tenant_that_was_removed_leaves_a_tombstone,
        changes_are_read_in_pages,
        origins_are_limited_in_number_and_rate,
        each_change_is_in_the_audit_log_of_its_tenant_only,
        a_session_belongs_to_one_tenant,
        notes_belong_to_one_tenant,
        news_come_from_another_connection,
        tables_are_made_once,
    ];
    common::run(on_both, vec![]);
}

async fn tenants(database: &Database, names: &[&str]) -> Store {
    let store = database.open();
    for name in names {
        store.change(name, CREATE, ADA).await.expect("created");
    }
    store
}

async fn changes_become_visible_in_the_order_of_their_versions(database: Database) {
    const WRITERS: i64 = 4;
    const CHANGES: i64 = 10;
    let store = tenants(&database, &["acme"]).await;
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let store = database.open();
        writers.spawn_local(async move {
            for number in 0..CHANGES {
                let tenant = format!("t{writer}-{number}");
                store.change(&tenant, CREATE, ADA).await.expect("created");
            }
        });
    }
    // A reader that goes on from the clock it has seen must see every change.
    let (mut seen, mut after) = (Vec::new(), Version(0));
    while after < Version(WRITERS * CHANGES + 1) {
        let changes = store.changes(Some(after), 1000, &[]).await.expect("read");
        for row in &changes.rows {
            assert!(row.version > after, "{} after {after}", row.version);
            after = row.version;
            seen.push(row.version.0);
        }
        // The clock may be behind the rows, never ahead of them.
        assert!(changes.as_of <= after, "the clock shows {} and the rows end at {after}", changes.as_of);
    }
    assert_eq!(seen, (1..=WRITERS * CHANGES + 1).collect::<Vec<_>>());
    while let Some(writer) = writers.join_next().await {
        writer.expect("no panic");
    }
}

async fn a_change_that_fails_leaves_nothing(database: Database) {
    let store = tenants(&database, &["acme"]).await;
    store.change("acme", Change::Register("https://a.example"), ADA).await.expect("registered");
    for (tenant, change, expected) in [
        ("acme", CREATE, "this name is taken"),
        ("acme", Change::Register("https://a.example"), "registered already"),
        ("acme", Change::Revoke("https://b.example"), "not registered"),
        ("acme", Change::Revoke("https://A.example"), "not registered"),
        ("nobody", Change::Register("https://a.example"), "no such tenant"),
        ("nobody", Change::Revoke("https://a.example"), "no such tenant"),
        ("nobody", Change::Remove, "no such tenant"),
    ] {
        let error = store.change(tenant, change, ADA).await.expect_err("not changed").to_string();
        assert!(error.contains(expected), "{tenant}, {change:?}: {error}");
    }
    let changes = store.changes(Some(Version(0)), 10, &[]).await.expect("read");
    assert_eq!((changes.as_of, changes.rows.len()), (Version(2), 1));
    assert_eq!(store.audit("acme", i64::MAX, 10).await.expect("read").len(), 2);
    assert_eq!(store.audit("nobody", i64::MAX, 10).await.expect("read").len(), 0);
}

async fn a_tenant_that_was_removed_leaves_a_tombstone(database: Database) {
    let store = tenants(&database, &["acme", "other"]).await;
    let signed_in = SignedIn { account: "ada".to_owned(), manages: true };
    store.begin_session("hash", "acme", &signed_in).await.expect("begun");
    store.add_note("acme", "secret").await.expect("added");
    assert_eq!(store.load("acme").await.expect("read").found, Some((Version(1), vec![])));
    store.change("acme", Change::Remove, ADA).await.expect("removed");

    let loaded = store.load("acme").await.expect("read");
    assert_eq!((loaded.as_of, loaded.found), (Version(3), None));
    let compare = ["acme", "nobody", "other"].map(Into::into);
    let changes = store.changes(Some(Version(2)), 10, &compare).await.expect("read");
    assert_eq!(&*changes.rows[0].tenant, "acme");
    assert!(matches!(changes.rows[0].state, State::Removed) && changes.rows.len() == 1);
    let compared: Vec<_> = changes.compared.iter().map(|(name, version)| (&**name, *version)).collect();
    assert_eq!(compared, [("acme", None), ("nobody", None), ("other", Some(Version(2)))]);
    assert_eq!(store.session("hash", "acme").await.expect("read"), None);
    assert_eq!(store.password_hash("acme", "ada").await.expect("read"), None);
    assert_eq!(store.notes("acme").await.expect("read"), []);
    // Whoever took the name now would be trusted by the front ends of the first owner.
    assert!(matches!(store.change("acme", CREATE, ADA).await, Err(NotChanged::NameTaken)));
    for change in [Change::Remove, Change::Register("https://a.example")] {
        assert!(matches!(store.change("acme", change, ADA).await, Err(NotChanged::NoTenant)));
    }
}

async fn changes_are_read_in_pages(database: Database) {
    let store = tenants(&database, &["aa", "bb", "cc"]).await;
    let clock = store.changes(None, 10, &[]).await.expect("read");
    assert_eq!((clock.as_of, clock.rows.len(), clock.more), (Version(3), 0, false));
    let page = store.changes(Some(Version(0)), 2, &[]).await.expect("read");
    assert_eq!((page.rows.len(), page.more, page.history), (2, true, clock.history));
    // A tenant that changes between two pages comes again, later.
    store.change("aa", Change::Register("https://a.example"), ADA).await.expect("registered");
    let page = store.changes(Some(page.rows[1].version), 3, &[]).await.expect("read");
    let names: Vec<_> = page.rows.iter().map(|row| &*row.tenant).collect();
    assert_eq!((names, page.more), (vec!["cc", "aa"], false));
}

async fn origins_are_limited_in_number_and_rate(database: Database) {
    let store = tenants(&database, &["acme", "other"]).await;
    let register = async |tenant: &'static str, number: usize| {
        let origin = format!("https://a{number}.example");
        store.change(tenant, Change::Register(&origin), ADA).await
    };
    let most = usize::try_from(MAX_CHANGES).expect("small");
    for number in 0..most {
        register("acme", number).await.expect("registered");
    }
    assert!(matches!(register("acme", most).await, Err(NotChanged::TooManyChanges)));
    // Nobody is kept from letting less in, and one tenant's rate is not another's.
    store.change("acme", Change::Revoke("https://a0.example"), ADA).await.expect("revoked");
    register("other", 0).await.expect("registered");

    store.forget_times().await.expect("a minute later");
    for number in most..=MAX_ORIGINS {
        register("acme", number).await.expect("registered");
    }
    store.forget_times().await.expect("a minute later");
    assert!(matches!(register("acme", 999).await, Err(NotChanged::TooManyOrigins)));
}

async fn each_change_is_in_the_audit_log_of_its_tenant_only(database: Database) {
    let store = tenants(&database, &["acme", "other"]).await;
    let eve = Actor { account: "eve", instance: "two" };
    store.change("acme", Change::Register("https://a.example"), eve).await.expect("registered");
    store.change("acme", Change::Revoke("https://a.example"), ADA).await.expect("revoked");
    let log = store.audit("acme", i64::MAX, 10).await.expect("read");
    let said: Vec<_> = log
        .iter()
        .map(|entry| (&*entry.what, &*entry.who, &*entry.instance, entry.origin.as_deref(), entry.version))
        .collect();
    let origin = Some("https://a.example");
    assert_eq!(
        said,
        [
            ("revoke", "ada", "one", origin, 4),
            ("register", "eve", "two", origin, 3),
            ("create", "ada", "one", None, 1)
        ]
    );
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    assert!(log.iter().all(|entry| entry.at.abs_diff(now.as_secs().cast_signed()) < 60), "{log:?}");
    let older = store.audit("acme", 4, 1).await.expect("read");
    assert_eq!(older.iter().map(|entry| entry.version).collect::<Vec<_>>(), [3]);
    assert_eq!(store.audit("other", i64::MAX, 10).await.expect("read").len(), 1);
}

async fn a_session_belongs_to_one_tenant(database: Database) {
    let store = tenants(&database, &["acme", "other"]).await;
    let manages = SignedIn { account: "ada".to_owned(), manages: true };
    let uses = SignedIn { account: "ada".to_owned(), manages: false };
    store.begin_session("one", "acme", &manages).await.expect("begun");
    store.begin_session("two", "acme", &uses).await.expect("begun");
    assert_eq!(store.session("one", "acme").await.expect("read"), Some(manages.clone()));
    assert_eq!(store.session("two", "acme").await.expect("read"), Some(uses.clone()));
    // The account "ada" exists there, too.
    assert_eq!(store.session("one", "other").await.expect("read"), None);
    store.end_session("one", "other").await.expect("nothing to end");
    assert!(store.session("one", "acme").await.expect("read").is_some());
    store.end_session("one", "acme").await.expect("ended");
    assert_eq!(store.session("one", "acme").await.expect("read"), None);
    let nobody = SignedIn { account: "nobody".to_owned(), manages: true };
    assert!(store.begin_session("three", "acme", &nobody).await.is_err());
    for number in 0..30 {
        store.begin_session(&format!("s{number}"), "acme", &uses).await.expect("begun");
    }
    store.forget_times().await.expect("later");
    assert_eq!(store.session("s29", "acme").await.expect("read"), None, "it has ended");
}

async fn notes_belong_to_one_tenant(database: Database) {
    let store = tenants(&database, &["acme", "other"]).await;
    assert_eq!(store.add_note("acme", "one").await.expect("added"), Some(1));
    assert_eq!(store.add_note("acme", "two").await.expect("added"), Some(2));
    assert_eq!(store.add_note("other", "their own").await.expect("added"), Some(1));
    assert!(!store.delete_note("other", 2).await.expect("no such note"));
    assert!(store.delete_note("acme", 1).await.expect("deleted"));
    let texts = async |tenant: &'static str| -> Vec<String> {
        store.notes(tenant).await.expect("read").into_iter().map(|note| note.text).collect()
    };
    assert_eq!(texts("acme").await, ["two"]);
    assert_eq!(texts("other").await, ["their own"]);
    for _ in 1..MAX_NOTES {
        assert!(store.add_note("acme", "x").await.expect("added").is_some());
    }
    assert_eq!(store.add_note("acme", "one too many").await.expect("no room"), None);
}

async fn news_come_from_another_connection(database: Database) {
    let store = tenants(&database, &["acme"]).await;
    let mut watch = store.watch().await.expect("watching");
    let quiet = tokio::time::timeout(Duration::from_millis(200), watch.next()).await;
    assert!(quiet.is_err(), "what was committed before is no news: {quiet:?}");
    for (writer, origin) in [(&store, "https://a.example"), (&database.open(), "https://b.example")] {
        let version = writer.change("acme", Change::Register(origin), ADA).await.expect("registered");
        match watch.next().await.expect("news") {
            News::Of { tenant, version: of } => assert_eq!((&*tenant, of), ("acme", version)),
            News::Some => {}
        }
    }
}

async fn tables_are_made_once(database: Database) {
    let mut instances = JoinSet::new();
    for _ in 0..4 {
        let store = database.open();
        instances.spawn_local(async move { store.changes(None, 1, &[]).await.expect("read").history });
    }
    let mut histories = instances.join_all().await;
    histories.dedup();
    assert_eq!(histories.len(), 1);
}
