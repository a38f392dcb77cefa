//! Responds as the reader has written.

use std::{sync::Arc, time::Duration};

use actix_web::{
    Error, HttpMessage as _, HttpRequest, HttpResponse,
    http::{Method, StatusCode, header},
    rt::time::sleep,
    web::{Bytes, Data, ReqData},
};

use super::respond::{HandReply, HandRequest, chosen, respond};
use crate::{
    api::{closed::ClosedConnection, record::Reached},
    api_path::ApiPath,
    origins::Origins,
    session::Session,
};

/// Any request to the server written by hand. Its body is read and dropped, so that the connection can be used again.
pub async fn by_hand(
    session: ReqData<Arc<Session>>,
    origins: Data<Origins>,
    request: HttpRequest,
    _body: Result<Bytes, Error>,
) -> HttpResponse {
    let hand = session.state().hand.clone();
    let is_options = request.method() == Method::OPTIONS;
    if !is_options {
        request.extensions_mut().insert(Reached);
    }
    // Other requests are served meanwhile.
    sleep(Duration::from_millis(u64::from(chosen(&hand, is_options).delay_ms))).await;
    let Some(path) = ApiPath::parse(request.path()) else { return HttpResponse::NotFound().finish() };
    let reply = respond(
        &hand,
        &HandRequest {
            is_options,
            path,
            query: request.query_string(),
            origin: request.headers().get(header::ORIGIN).map(header::HeaderValue::as_bytes),
            origins: &origins,
        },
    );
    match reply {
        HandReply::Closed => HttpResponse::Ok().body(ClosedConnection),
        HandReply::Response { status, headers, body } => {
            let mut response = HttpResponse::build(StatusCode::from_u16(status).unwrap_or_default());
            for line in headers {
                response.append_header(line);
            }
            response.body(body)
        }
    }
}
