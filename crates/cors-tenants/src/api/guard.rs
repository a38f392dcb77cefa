//! Keeps other origins' pages from the routes that manage a tenant. There is no CORS policy there, so they can't read anything;
//! this also keeps their requests from doing anything.

use actix_web::{
    Error, ResponseError as _,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{StatusCode, header, header::HeaderMap},
    middleware::Next,
    web::Data,
};

use super::{ApiError, Service};
use crate::site::Site;

/// Lets requests of the service's own pages pass, and those of programs that are not browsers.
pub(crate) async fn same_origin<B: MessageBody>(
    service: Data<Service>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    if is_same_origin(request.headers(), service.site(), request.method().is_safe()) {
        return next.call(request).await.map(ServiceResponse::map_into_left_body);
    }
    let refused = ApiError::new(
        StatusCode::FORBIDDEN,
        "only the service's own pages may do this; pages of other origins may use /api, as the tenant's policy says",
    );
    Ok(request.into_response(refused.error_response()).map_into_right_body())
}

/// Whether a browser says that the page is the service's own. A browser sends `Sec-Fetch-Site` with every request, and an older
/// one `Origin` with every request that is not safe; whoever sends neither is not a browser, or only reads.
fn is_same_origin(headers: &HeaderMap, site: &Site, is_safe: bool) -> bool {
    let only = |name| {
        let mut values = headers.get_all(name).map(|value| value.to_str().unwrap_or_default());
        (values.next(), values.next().is_some())
    };
    let (host, hosts) = only(header::HOST);
    let (fetch_site, fetch_sites) = only(header::HeaderName::from_static("sec-fetch-site"));
    let (origin, origins) = only(header::ORIGIN);
    if hosts || fetch_sites || origins {
        return false;
    }
    // `none`: the user typed the address. That changes nothing.
    let is_site = fetch_site.is_none_or(|value| value == "same-origin" || (is_safe && value == "none"));
    let is_origin = origin.is_none_or(|value| host.is_some_and(|host| value == site.origin_at(host)));
    is_site && is_origin
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn only_the_services_own_pages_pass() {
        const OWN: &str = "http://localhost:8090";
        let site = Site::parse(OWN).expect("a site");
        for (site_header, origin, is_read, is_change) in [
            (None, None, true, true),
            (None, Some(OWN), true, true),
            (Some("same-origin"), None, true, true),
            (Some("same-origin"), Some(OWN), true, true),
            (Some("none"), None, true, false),
            (Some("same-site"), None, false, false),
            (Some("cross-site"), None, false, false),
            (Some(""), None, false, false),
            (Some("SAME-ORIGIN"), None, false, false),
            (Some("cross-site"), Some(OWN), false, false),
            (Some("same-origin"), Some("https://evil.example"), false, false),
            (None, Some("null"), false, false),
            (None, Some(""), false, false),
            (None, Some("https://localhost:8090"), false, false),
            (None, Some("http://localhost"), false, false),
            (None, Some("http://localhost:8091"), false, false),
            (None, Some("http://acme.localhost:8090"), false, false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static("localhost:8090"));
            if let Some(value) = site_header {
                headers.insert(HeaderName::from_static("sec-fetch-site"), HeaderValue::from_static(value));
            }
            if let Some(value) = origin {
                headers.insert(header::ORIGIN, HeaderValue::from_static(value));
            }
            assert_eq!(is_same_origin(&headers, &site, true), is_read, "read: {site_header:?}, {origin:?}");
            assert_eq!(
                is_same_origin(&headers, &site, false),
                is_change,
                "change: {site_header:?}, {origin:?}"
            );
        }
        let mut twice = HeaderMap::new();
        twice.insert(header::HOST, HeaderValue::from_static("localhost:8090"));
        twice.append(header::ORIGIN, HeaderValue::from_static(OWN));
        twice.append(header::ORIGIN, HeaderValue::from_static("https://evil.example"));
        assert!(!is_same_origin(&twice, &site, true));
    }
}
