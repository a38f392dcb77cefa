//! A site can let its own name lead to this machine (DNS rebinding). To the browser its pages are then of the same origin as
//! whatever listens here, so CORS has no say. That needs a name: an IP address can't be made to lead elsewhere, and names below
//! `localhost` are nobody's. So the API and the attacker's server respond under those and under their own name.

use actix_web::{
    Error, ResponseError as _,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{self, HeaderValue},
    },
    middleware::Next,
    web::Data,
};
use url::{Host, Url};

use crate::{json_error::JsonError, listeners::is_localhost};

/// A server's origin, and the flag that sets it.
#[derive(Clone, Debug)]
pub(crate) struct OwnName {
    pub(crate) origin: String,
    pub(crate) flag: &'static str,
}

/// Refuses requests under another name.
///
/// # Errors
///
/// None of its own: what the application returns goes on as it is.
pub(crate) async fn require(
    own: Data<OwnName>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let mut hosts = request.headers().get_all(header::HOST).map(HeaderValue::to_str);
    let is_own =
        matches!((hosts.next(), hosts.next()), (Some(Ok(host)), None) if is_own_name(host, &own.origin));
    if is_own {
        return Ok(next.call(request).await?.map_into_left_body());
    }
    let OwnName { origin, flag } = &**own;
    let refusal = JsonError::new(
        StatusCode::MISDIRECTED_REQUEST,
        format!("this server is {origin}; to reach it by another name, start it there: {flag} NAME:PORT"),
    );
    Ok(request.into_response(refusal.error_response()).map_into_right_body())
}

/// The port is not compared: a container or a tunnel may lead to this server from another one.
fn is_own_name(host: &str, origin: &str) -> bool {
    let read = |url: &str| Url::parse(url).ok().and_then(|url| url.host().map(|host| host.to_owned()));
    if host.contains(['/', '\\', '?', '#', '@']) {
        return false;
    }
    match read(&format!("http://{host}")) {
        Some(Host::Domain(name)) => is_localhost(&name) || read(origin) == Some(Host::Domain(name)),
        address => address.is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_its_own_or_nobodys() {
        for (host, expected) in [
            ("api.example:8080", true),
            ("API.example", true),
            ("api.example:9", true),
            ("localhost:8080", true),
            ("LOCALHOST.", true),
            ("app.localhost", true),
            ("127.0.0.1:8080", true),
            ("192.168.1.20:8080", true),
            ("[::1]:8080", true),
            ("0x7f.1", true),
            ("evil.example:8080", false),
            ("api.example.evil.example", false),
            ("evil-api.example", false),
            ("www.api.example", false),
            ("localhost.evil.example", false),
            ("notlocalhost", false),
            ("127.0.0.1.evil.example", false),
            ("evil.example@localhost", false),
            ("localhost/@evil.example", false),
            ("localhost\\.evil.example", false),
            ("localhost:x", false),
            ("", false),
            ("api.example api.example", false),
        ] {
            assert_eq!(is_own_name(host, "http://api.example:8080"), expected, "{host:?}");
        }
    }
}
