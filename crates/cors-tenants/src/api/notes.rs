//! The tenant's data, for its front ends.

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Data, Path, ServiceConfig},
};
use serde::Deserialize;
use serde_json::json;

use super::{ApiError, Service, body::Body, session::Session};
use crate::store::notes::MAX_NOTES;

/// The longest note, in characters.
const MAX_LENGTH: usize = 1000;

/// Below `api`.
pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(web::resource("/notes").route(web::get().to(list)).route(web::post().to(add)))
        .service(web::resource("/notes/{id}").route(web::delete().to(delete)));
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewNote {
    text: String,
}

async fn list(service: Data<Service>, session: Session) -> Result<HttpResponse, ApiError> {
    let notes = service.instance().store().notes(&session.tenant).await?;
    Ok(HttpResponse::Ok().json(json!({ "tenant": &*session.tenant, "notes": notes })))
}

async fn add(
    service: Data<Service>,
    session: Session,
    Body(NewNote { text }): Body<NewNote>,
) -> Result<HttpResponse, ApiError> {
    // PostgreSQL keeps no NUL.
    if text.chars().count() > MAX_LENGTH || text.contains('\0') {
        return Err(ApiError::bad_request(format!(
            "a note has at most {MAX_LENGTH} characters, and none is NUL"
        )));
    }
    let id = service.instance().store().add_note(&session.tenant, &text).await?;
    let id = id.ok_or_else(|| {
        ApiError::new(StatusCode::CONFLICT, format!("a tenant has at most {MAX_NOTES} notes; delete one"))
    })?;
    Ok(HttpResponse::Created().json(json!({ "id": id, "text": text })))
}

async fn delete(
    service: Data<Service>,
    session: Session,
    path: Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let missing = || ApiError::new(StatusCode::NOT_FOUND, "there is no such note");
    let id = path.1.parse().map_err(|_| missing())?;
    if service.instance().store().delete_note(&session.tenant, id).await? {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(missing())
    }
}
