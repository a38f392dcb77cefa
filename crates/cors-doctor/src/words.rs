//! Words that several parts share.

use fetch_cors::{browser::Engine, diagnosis::Failure};

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
