//! Translates a vector into the model's types, for everything that plays vectors.

use fetch_cors::browser::{AddressSpace, Credentials, Mode, PageOrigin, Redirect, Request, Response};

use crate::format::{self, Fetch, isomorphic_encode};

/// The request as the page's script makes it.
///
/// # Errors
///
/// If the vector has an unknown value.
pub fn request(fetch: &Fetch) -> Result<Request, String> {
    let described = &fetch.request;
    let page = PageOrigin::of(&fetch.page).ok_or("the page is not a valid URL")?;
    let mut request = Request::new(page, &described.method, &described.url)
        .mode(match described.mode.as_deref() {
            None | Some("cors") => Mode::Cors,
            Some("no-cors") => Mode::NoCors,
            Some("same-origin") => Mode::SameOrigin,
            Some(other) => return Err(format!("no mode {other:?}")),
        })
        .credentials(match described.credentials.as_deref() {
            None | Some("same-origin") => Credentials::SameOrigin,
            Some("include") => Credentials::Include,
            Some("omit") => Credentials::Omit,
            Some(other) => return Err(format!("no credentials mode {other:?}")),
        })
        .redirect(match described.redirect.as_deref() {
            None | Some("follow") => Redirect::Follow,
            Some("error") => Redirect::Error,
            Some("manual") => Redirect::Manual,
            Some(other) => return Err(format!("no redirect mode {other:?}")),
        });
    if let Some(name) = fetch.page_address_space.as_deref() {
        let space = address_space(name)?;
        request = request.page_address_space(space);
    }
    for (name, value) in &described.headers {
        request = request.header(isomorphic_encode(name), isomorphic_encode(value));
    }
    match described.body.as_deref() {
        None => {}
        Some("") => request = request.body(None),
        Some(content_type) => request = request.body(Some(content_type)),
    }
    Ok(if described.upload_listener { request.upload_listener() } else { request })
}

/// An address space by its name.
///
/// # Errors
///
/// If there is none.
pub fn address_space(name: &str) -> Result<AddressSpace, String> {
    [AddressSpace::Public, AddressSpace::Local, AddressSpace::Loopback]
        .into_iter()
        .find(|space| space.name() == name)
        .ok_or_else(|| format!("no address space {name:?}"))
}

/// What a server responds.
pub fn response(scripted: &format::Response) -> Response {
    scripted.headers.iter().fold(Response::new(scripted.status), |response, (name, value)| {
        response.header(isomorphic_encode(name), isomorphic_encode(value))
    })
}
