//! What libraries, services and platforms are known to respond with. Facts from their sources and documents.

use super::facts::Seen;

/// What a CORS library says when it refuses a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OwnRefusal {
    /// It doesn't say why.
    Any,
    Origin,
    Method,
    Headers,
    MethodAndHeaders,
    /// A service that knows CORS, where it is not turned on.
    TurnedOff,
}

/// Pieces of bodies, in lower case. The first that is found counts.
const BODIES: [(&str, OwnRefusal); 16] = [
    // Amazon S3 and what copies it.
    ("cors is not enabled for this bucket", OwnRefusal::TurnedOff),
    ("corsresponse: this cors request is not allowed", OwnRefusal::Any),
    // Express, where `origin` is a function that calls back with an error, as the README of `cors` shows.
    ("not allowed by cors", OwnRefusal::Origin),
    // Starlette and FastAPI. It names all that is not allowed, the origin first.
    ("disallowed cors origin", OwnRefusal::Origin),
    ("disallowed cors method, headers", OwnRefusal::MethodAndHeaders),
    ("disallowed cors method", OwnRefusal::Method),
    ("disallowed cors headers", OwnRefusal::Headers),
    // Spring.
    ("invalid cors request", OwnRefusal::Any),
    // actix-cors.
    ("origin is not allowed to make this request", OwnRefusal::Origin),
    ("requested method is not allowed", OwnRefusal::Method),
    ("one or more request headers are not allowed", OwnRefusal::Headers),
    // aiohttp-cors.
    ("cors preflight request failed: origin", OwnRefusal::Origin),
    ("cors preflight request failed: request method", OwnRefusal::Method),
    ("cors preflight request failed: headers", OwnRefusal::Headers),
    ("cors preflight request failed", OwnRefusal::Any),
    ("cross-origin request blocked", OwnRefusal::Any),
];

/// What a CORS library says in this response, if it is known.
pub(super) fn own_refusal(seen: &Seen<'_>) -> Option<OwnRefusal> {
    if (200..=399).contains(&seen.status()) {
        return None;
    }
    let text = seen.text();
    BODIES.iter().find(|(piece, _)| text.contains(piece)).map(|(_, refusal)| *refusal)
}

/// Who shows a page of their own before the server is reached.
pub(super) fn interstitial(seen: &Seen<'_>) -> Option<&'static str> {
    let text = || seen.text();
    if seen.header("ngrok-error-code").is_some() || seen.is_html() && text().contains("err_ngrok_6024") {
        Some("ngrok")
    } else if seen.is_html() && text().contains("loca.lt") || seen.header("bypass-tunnel-reminder").is_some()
    {
        Some("localtunnel")
    } else {
        None
    }
}

/// Whose tunnel leads to this host, of those that show a page of their own first.
pub(super) fn tunnel(url: &url::Url) -> Option<&'static str> {
    const SUFFIXES: [(&str, &str); 6] = [
        (".ngrok.io", "ngrok"),
        (".ngrok.app", "ngrok"),
        (".ngrok-free.app", "ngrok"),
        (".ngrok-free.dev", "ngrok"),
        (".ngrok.dev", "ngrok"),
        (".loca.lt", "localtunnel"),
    ];
    let host = url.host_str()?;
    SUFFIXES.iter().find(|(suffix, _)| host.ends_with(suffix)).map(|(_, by)| *by)
}

/// Whether nginx says that the client sent no certificate.
pub(super) fn wants_client_certificate(seen: &Seen<'_>) -> bool {
    seen.status() == 400 && seen.text().contains("no required ssl certificate was sent")
}

/// Whether the response is of Amazon S3, or of what copies it.
pub(super) fn is_s3(seen: &Seen<'_>) -> bool {
    seen.header("server").is_some_and(|server| server == "AmazonS3")
        || seen.header("x-amz-request-id").is_some()
}

/// Whether a firewall says that it was the firewall.
pub(super) fn is_firewall(seen: &Seen<'_>) -> bool {
    seen.header("cf-mitigated").is_some()
        || seen.header("x-sucuri-block").is_some()
        || seen.header("server").is_some_and(|server| server.eq_ignore_ascii_case("AkamaiGHost"))
            && seen.text().contains("access denied")
        || seen.header("x-amzn-waf-action").is_some()
}

/// Whether authentication says that it was authentication.
pub(super) fn is_authentication(seen: &Seen<'_>) -> bool {
    seen.header("www-authenticate").is_some() || seen.header("proxy-authenticate").is_some()
}

/// Statuses that a proxy makes when the server behind it fails, or that are made before any application runs.
pub(super) fn is_made_in_front(status: u16) -> bool {
    matches!(status, 413 | 431 | 502..=504 | 520..=530)
}

/// Whether a URL looks like a login page, and whether it also says where to go back to, which only a login page needs.
pub(super) fn login(location: &url::Url) -> Option<bool> {
    const WORDS: [&str; 14] = [
        "auth",
        "authenticate",
        "authorize",
        "login",
        "log-in",
        "logon",
        "oauth",
        "oauth2",
        "saml",
        "saml2",
        "signin",
        "sign-in",
        "sign_in",
        "sso",
    ];
    const BACK: [&str; 12] = [
        "back",
        "continue",
        "dest",
        "from",
        "next",
        "rd",
        "redirect",
        "redirect_to",
        "redirect_uri",
        "return",
        "return_to",
        "returnurl",
    ];
    let is_word = |part: &str| {
        let part = part.to_ascii_lowercase();
        let part = part.split_once('.').map_or(part.as_str(), |(stem, _)| stem);
        WORDS.contains(&part)
    };
    let in_path = location.path_segments().is_some_and(|mut segments| segments.any(is_word));
    let in_host = location.host_str().is_some_and(|host| host.split('.').next().is_some_and(is_word));
    (in_path || in_host)
        .then(|| location.query_pairs().any(|(name, _)| BACK.contains(&name.to_ascii_lowercase().as_str())))
}
