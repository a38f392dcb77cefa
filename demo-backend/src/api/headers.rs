//! The header names and values of the API that are written in one place and read in another.

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{self, HeaderMap, HeaderName, HeaderValue},
    middleware::Next,
};

use crate::{
    api_path::{ApiPath, ServerKind, forgets_vary},
    session::cache,
};

/// The cookie by which the API knows a visitor. Cookies ignore ports: the page's server gets it as well.
pub const VISITOR_COOKIE: &str = "lab_session";
/// The cookie of the user who is signed in.
pub const USER_COOKIE: &str = "lab_user";
/// Says what the shared cache did.
pub const CACHE_OUTCOME: &str = "x-lab-cache";
/// What an API says to shared caches alone ([RFC 9213](https://httpwg.org/specs/rfc9213.html)).
pub const CDN_CACHE_CONTROL: HeaderName = HeaderName::from_static("cdn-cache-control");
/// For a browser's own cache, which stays out of the picture.
pub const NO_STORE: &str = "no-store";

/// What every response at this path says to caches, even a preflight's: browsers store nothing of it, and shared caches only
/// what goes through ours.
pub fn cache_headers(is_cached: bool) -> Vec<(HeaderName, String)> {
    let mut headers = vec![(header::CACHE_CONTROL, NO_STORE.to_owned())];
    if is_cached {
        headers.push((CDN_CACHE_CONTROL, format!("max-age={}", cache::MAX_AGE.as_secs())));
    }
    headers
}

/// Adds [`cache_headers`]. Removes `Vary` if the query says so: servers that write their CORS headers themselves often forget it.
/// The server written by hand has the former already, and forgets the latter on its own.
///
/// # Errors
///
/// None of its own: what the application returns goes on as it is.
pub async fn add_cache_headers<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let path = ApiPath::parse(request.path());
    if path.is_some_and(|path| path.server == ServerKind::Hand) {
        return next.call(request).await;
    }
    let is_cached = path.is_some_and(|path| path.is_cached);
    let forgets_vary = forgets_vary(request.query_string());
    change_headers(next.call(request).await, move |headers| {
        for (name, value) in cache_headers(is_cached) {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        }
        if forgets_vary {
            headers.remove(header::VARY);
        }
    })
}

/// Changes the headers of a response, or of the response that will be made of an error.
pub(super) fn change_headers<B>(
    result: Result<ServiceResponse<B>, Error>,
    change: impl Fn(&mut HeaderMap) + Send + 'static,
) -> Result<ServiceResponse<B>, Error> {
    match result {
        Ok(mut response) => {
            change(response.headers_mut());
            Ok(response)
        }
        Err(mut error) => {
            error.add_response_mapper(move |mut response| {
                change(response.headers_mut());
                response
            });
            Err(error)
        }
    }
}

/// A message's header lines as text and bytes.
pub(super) fn lines(headers: &HeaderMap) -> impl Iterator<Item = (&str, &[u8])> {
    headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()))
}
