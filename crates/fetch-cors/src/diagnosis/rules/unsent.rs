//! Nothing was sent: the browser itself refuses the request.

use super::Finding;
use crate::{
    browser::{Blocked, Reason, Url},
    diagnosis::cause::Cause,
};

pub(super) fn find(blocked: &Blocked) -> Finding {
    Finding::certain(match &blocked.reason {
        Reason::MixedContent => Cause::MixedContent,
        Reason::LocalNetworkAccess { .. } => Cause::LocalNetworkAccess,
        // `localhost:8080/items` has the scheme `localhost`, `api.example/items` is relative.
        Reason::SchemeNotHttp { scheme } | Reason::LocationNotHttp { scheme } if is_host(scheme) => {
            Cause::UrlWithoutScheme
        }
        Reason::InvalidUrl { url } if lacks_scheme(url) => Cause::UrlWithoutScheme,
        _ => Cause::RequestRefused,
    })
}

/// Whether it ends the name of a file, not that of a host.
fn is_extension(label: &str) -> bool {
    const EXTENSIONS: [&str; 18] = [
        "asp", "aspx", "css", "csv", "geojson", "htm", "html", "js", "json", "jsp", "map", "mjs", "php",
        "png", "svg", "txt", "wasm", "xml",
    ];
    EXTENSIONS.contains(&label.to_ascii_lowercase().as_str())
}

fn is_host(scheme: &str) -> bool {
    scheme == "localhost" || scheme.contains('.')
}

/// Whether the URL would be a valid one with `https://` in front.
pub(super) fn lacks_scheme(url: &str) -> bool {
    let text = url.trim().trim_start_matches('/');
    let first = text.split(['/', '?', '#']).next().unwrap_or_default();
    let host = first.split(':').next().unwrap_or_default();
    let looks_like_host = host == "localhost"
        || host.parse::<std::net::Ipv4Addr>().is_ok()
        || host.contains('.')
            && host.split('.').all(|label| !label.is_empty())
            && host.rsplit('.').next().is_some_and(|last| {
                last.len() > 1 && last.bytes().all(|byte| byte.is_ascii_alphabetic()) && !is_extension(last)
            });
    !url.contains("://") && looks_like_host && Url::parse(&format!("https://{text}")).is_ok()
}
