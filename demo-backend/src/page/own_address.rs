//! The page has one origin, and predictions are for that one. Opened by another name of this machine, such as
//! `http://127.0.0.1:3000`, its requests would come from another origin than it predicts for.

use actix_web::{
    Error, HttpResponse,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{self, ContentType},
    },
    middleware::Next,
    web::Data,
};
use url::{Host, Url};

use crate::{api::headers::NO_STORE, listeners::is_localhost};

/// The page's own origin.
#[derive(Clone, Debug)]
pub(crate) struct OwnOrigin(pub(crate) String);

/// Leads whoever opened the page by another name of this machine to the same path and query at its own origin; browsers keep
/// the fragment. By any other name the page can't work, and says how it could.
///
/// # Errors
///
/// None of its own: what the application returns goes on as it is.
pub(crate) async fn keep(
    own: Data<OwnOrigin>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let OwnOrigin(origin) = &**own;
    // Not the control API, whose guard has its own words for a wrong name.
    if host.is_empty()
        || origin.strip_prefix("http://") == Some(host)
        || request.path().starts_with("/control/")
    {
        return Ok(next.call(request).await?.map_into_left_body());
    }
    let response = if is_this_machine(host, origin) && matches!(*request.method(), Method::GET | Method::HEAD)
    {
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        HttpResponse::TemporaryRedirect()
            .insert_header((header::LOCATION, format!("{origin}{path}")))
            .insert_header((header::CACHE_CONTROL, NO_STORE))
            .finish()
    } else {
        HttpResponse::MisdirectedRequest().content_type(ContentType::plaintext()).body(format!(
            "CORS Lab's page is at {origin}, and its predictions are for that origin. To open it at another address, start \
             it there: --page HOST:PORT, with --api and --attacker to match.\n"
        ))
    };
    Ok(request.into_response(response).map_into_right_body())
}

/// Whether a `Host` leads to this machine wherever it is used, at the page's port.
fn is_this_machine(host: &str, origin: &str) -> bool {
    let port = |text: &str| Url::parse(text).ok().and_then(|url| url.port_or_known_default());
    let url = format!("http://{host}");
    let is_loopback = match Url::parse(&url).as_ref().ok().and_then(Url::host) {
        Some(Host::Domain(name)) => is_localhost(name),
        Some(Host::Ipv4(address)) => address.is_loopback() || address.is_unspecified(),
        Some(Host::Ipv6(address)) => address.to_canonical().is_loopback() || address.is_unspecified(),
        None => false,
    };
    is_loopback && port(&url) == port(origin)
}
