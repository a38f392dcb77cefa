//! Says how an instance is. It always responds with 200: an instance without its database still serves whoever needs no policy,
//! and a balancer that took all of them away would leave nobody.

use actix_web::{HttpResponse, http::header, web::Data};
use serde_json::json;

use super::Service;
use crate::{replica::Source, store::Kind};

pub(super) async fn show(service: Data<Service>) -> HttpResponse {
    let instance = service.instance();
    let health = instance.health();
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(json!({
        "instance": instance.name(),
        "policies": words(health.source),
        "allows_origins": matches!(health.source, Source::Fresh | Source::Stale(_)),
        "max_stale": instance.settings().max_stale.as_secs(),
        "database": match instance.store().kind() { Kind::Sqlite => "sqlite", Kind::Postgres => "postgres" },
        "version": health.seen.map(|version| version.0),
        "tenants": { "known": health.known, "unknown": health.unknown, "loading": health.loading },
        "checks": { "failed": health.failed_checks, "healed": health.healed, "resets": health.resets },
    }))
}

fn words(source: Source) -> String {
    match source {
        Source::Starting => {
            "no response from the database since the start, so no origin is allowed".to_owned()
        }
        Source::Fresh => "fresh".to_owned(),
        Source::Stale(stale) => format!("stale for {} s", stale.as_secs()),
        Source::Lapsed(stale) => format!("stale for {} s, so no origin is allowed", stale.as_secs()),
    }
}
