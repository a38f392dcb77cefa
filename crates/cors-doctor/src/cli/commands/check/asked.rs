//! The request to check: what was pasted, with what the options add.

use cors_doctor::{
    paste::{Body, PastedRequest},
    probe::Secrets,
};
use fetch_cors::browser::{Credentials, PageOrigin};

use crate::cli::{arguments::Check, error::Fault};

/// The request to check.
pub(super) struct Asked {
    pub(super) request: PastedRequest,
    pub(super) page: PageOrigin,
    pub(super) secrets: Secrets,
}

impl Asked {
    pub(super) fn new(arguments: &Check, mut request: PastedRequest) -> Result<Self, Fault> {
        for line in &arguments.headers {
            let (name, value) = line.split_once(':').ok_or_else(|| {
                // The line is not shown, because it may be a secret.
                Fault::new("-H: a header has a colon, such as 'Content-Type: application/json'")
            })?;
            if name.trim().eq_ignore_ascii_case("cookie") {
                return Err(Fault::new(
                    "-H 'Cookie: …': scripts can't set this header. Write -b 'name=value' for cookies",
                ));
            }
            request.headers.push((name.trim().to_owned(), value.trim().to_owned()));
        }
        if let Some(data) = &arguments.data {
            let content_type = Some("text/plain;charset=UTF-8".to_owned());
            request.body = Some(Body { bytes: data.clone().into_bytes(), content_type });
        }
        match &arguments.method {
            Some(method) => request.method.clone_from(method),
            None if request.method.is_empty() => {
                let method = if request.body.is_some() { "POST" } else { "GET" };
                method.clone_into(&mut request.method);
            }
            None => {}
        }
        if let Some(cookie) = &arguments.cookie {
            request.cookies = Some(cookie.clone());
            request.credentials = Credentials::Include;
        }
        if let Some(credentials) = arguments.credentials {
            request.credentials = credentials.into();
        }
        if let Some(mode) = arguments.mode {
            request.mode = mode.into();
        }
        if let Some(redirect) = arguments.redirect {
            request.redirect = redirect.into();
        }
        let page = page(arguments, &request)?;
        let secrets = Secrets::of(&request);
        Ok(Self { request, page, secrets })
    }
}

fn page(arguments: &Check, request: &PastedRequest) -> Result<PageOrigin, Fault> {
    match (&arguments.origin, &request.page) {
        (Some(origin), _) => PageOrigin::of(origin).filter(|page| *page != PageOrigin::Opaque || origin == "null").ok_or_else(|| {
            Fault(format!("--origin {origin}: not an origin. Write scheme, host and port of the page, such as http://localhost:3000"))
        }),
        (None, Some(page)) => Ok(page.clone()),
        (None, None) => Err(Fault::new(
            "whose page sends the request? Add --origin with the page's origin, such as --origin http://localhost:3000",
        )),
    }
}
