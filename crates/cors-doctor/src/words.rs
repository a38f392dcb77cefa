//! Words that several parts share.

use fetch_cors::{
    browser::Engine,
    diagnosis::{Failure, Purpose},
};

/// The browser that people know, by its engine.
pub fn browser(engine: Engine) -> &'static str {
    match engine {
        Engine::Chromium => "Chrome",
        Engine::Firefox => "Firefox",
        Engine::WebKit => "Safari",
        _ => "another browser",
    }
}

/// Why there was no response, in a few words.
pub fn failure(failure: &Failure) -> String {
    match failure {
        Failure::NameNotResolved => "the host's name has no address".to_owned(),
        Failure::Refused => "connection refused: nothing listens there".to_owned(),
        Failure::Closed => "the connection was closed without a response".to_owned(),
        Failure::Tls { why, .. } => format!("TLS failed: {why}"),
        Failure::TimedOut => "no response in time".to_owned(),
        Failure::NotHttp => "what came is not HTTP".to_owned(),
        Failure::Unknown(why) => why.clone(),
        _ => "no response".to_owned(),
    }
}

/// What a probe asks, in a few words.
pub fn purpose(purpose: &Purpose) -> String {
    match purpose {
        Purpose::PlainGet => "asking for GET".to_owned(),
        Purpose::Method => "asking for the method alone".to_owned(),
        Purpose::Header { name } => format!("asking for {name} alone"),
        Purpose::UnlistedOrigin => "from an origin that nobody lists".to_owned(),
        Purpose::NoOrigin => "without an Origin".to_owned(),
        Purpose::NearMiss { origin } => format!("from {origin}"),
        Purpose::Actual => "the request again".to_owned(),
        Purpose::ActualWithSecrets => "the request again, with its session".to_owned(),
        Purpose::OpenPath => "a path that needs no session".to_owned(),
        _ => "a probe".to_owned(),
    }
}
