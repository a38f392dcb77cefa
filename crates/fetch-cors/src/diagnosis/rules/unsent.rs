//! Nothing was sent: the browser itself refuses the request.

use super::{Finding, redirect};
use crate::{
    browser::{Blocked, PageOrigin, Reason, Url},
    diagnosis::{cause::Cause, facts::Facts},
};

pub(super) fn find(facts: &Facts<'_>, blocked: &Blocked) -> Finding {
    // A server behind a proxy that ends TLS believes that it is requested over http, and redirects there.
    if blocked.reason == Reason::MixedContent
        && let (Some(from), Some(to)) = (facts.url(), &blocked.url)
    {
        return redirect::led_to(from, to);
    }
    Finding::certain(match &blocked.reason {
        // The URL is relative, and the page is a file.
        Reason::SchemeNotHttp { scheme } if scheme == "file" && blocked.page == PageOrigin::Opaque => {
            Cause::OpaqueOrigin
        }
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
