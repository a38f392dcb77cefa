//! Two tenants with their data and their origins, and a browser in front of an instance.

#![allow(dead_code, reason = "not every file of tests uses all of it")]

use std::time::Duration;

use actix_web::{rt, test::init_service};
use actix_web_cors::testing::{Browser, Outcome, Request, post};
use cors_tenants::{
    api::{self, Service},
    instance::{Instance, settings},
    replica::Source,
    site::Site,
    store::changes::{Actor, Change},
};
use serde_json::{Value, json};

use crate::common::Database;

pub(crate) const SERVICE: &str = "https://api.example.com";
/// Of the same site as the service, so that browsers send cookies.
pub(crate) const ACME: &str = "https://acme.example.com";
pub(crate) const OTHER: &str = "https://other.example.com";
/// Registered by both.
pub(crate) const SHARED: &str = "https://shared.example.com";
pub(crate) const EVIL: &str = "https://evil.example";
pub(crate) const PASSWORD: &str = "correct horse battery";
pub(crate) const SECRET: &str = "the secret of ";

/// An instance that runs, and has seen its database.
pub(crate) async fn instance(database: &Database, name: &str, max_stale: Duration) -> Instance {
    let instance = started(database, name, max_stale);
    until("it has seen its database", || instance.health().source == Source::Fresh).await;
    instance
}

pub(crate) fn started(database: &Database, name: &str, max_stale: Duration) -> Instance {
    let instance = Instance::new(name, database.open(), settings(max_stale).expect("settings"));
    let running = instance.clone();
    rt::spawn(async move { Box::pin(running.run()).await });
    instance
}

pub(crate) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(tokio::time::Instant::now() < deadline, "waiting: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A browser in front of an instance, with the service's own host and those of two tenants.
pub(crate) async fn browser(instance: &Instance) -> Browser {
    let service = Service::new(instance.clone(), Site::parse(SERVICE).expect("a site"));
    let at = |()| init_service(api::app(service.clone()));
    Browser::at(SERVICE, at(()).await)
        .also_at("https://acme.api.example.com", at(()).await)
        .also_at("https://other.api.example.com", at(()).await)
}

/// Two tenants, each with a note, an origin of its own, and one that both have.
pub(crate) async fn two_tenants(instance: &Instance) -> Browser {
    let browser = browser(instance).await;
    for (tenant, origin) in [("acme", ACME), ("other", OTHER)] {
        let made = own(
            &browser,
            post("/tenants").json(&json!({ "tenant": tenant, "account": "ada", "password": PASSWORD })),
        )
        .await;
        assert_eq!(made.status(), Some(201), "{made}");
        for origin in [origin, SHARED] {
            change(instance, tenant, Change::Register(origin)).await;
        }
        instance.store().add_note(tenant, &format!("{SECRET}{tenant}")).await.expect("added");
    }
    browser
}

pub(crate) async fn change(instance: &Instance, tenant: &str, change: Change<'_>) {
    let actor = Actor { account: "ada", instance: instance.name() };
    let version = instance.store().change(tenant, change, actor).await.expect("changed");
    instance.changed(tenant, version);
}

/// What one of the service's own pages sends.
pub(crate) async fn own(browser: &Browser, request: Request) -> Outcome {
    browser.page(SERVICE).fetch(request).await
}

pub(crate) fn credentials() -> Value {
    json!({ "account": "ada", "password": PASSWORD })
}

/// A token that manages the tenant.
pub(crate) async fn managing_token(browser: &Browser, tenant: &str) -> String {
    let made = own(browser, post(format!("/t/{tenant}/manage/token")).json(&credentials())).await;
    made.json::<Value>().expect("JSON")["token"].as_str().expect("a token").to_owned()
}

/// Signs in at a tenant's page; returns what changes carry.
pub(crate) async fn sign_in(browser: &Browser, tenant: &str) -> String {
    let signed_in = own(browser, post(format!("/t/{tenant}/manage/session")).json(&credentials())).await;
    signed_in.expect_allowed();
    signed_in.json::<Value>().expect("JSON")["csrf"].as_str().expect("a token").to_owned()
}

/// A token, as a front end gets one.
pub(crate) async fn token(browser: &Browser, tenant: &str, origin: &str) -> String {
    let response =
        browser.page(origin).fetch(post(format!("/t/{tenant}/api/token")).json(&credentials())).await;
    response.expect_allowed();
    response.json::<Value>().expect("JSON")["token"].as_str().expect("a token").to_owned()
}

/// What a page can read of a response.
pub(crate) fn readable(outcome: &Outcome) -> String {
    if outcome.is_allowed() { outcome.text().unwrap_or_default() } else { String::new() }
}
