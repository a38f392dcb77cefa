//! Words that several parts share.

use fetch_cors::browser::Engine;

/// The browser that people know, by its engine.
pub fn browser(engine: Engine) -> &'static str {
    match engine {
        Engine::Chromium => "Chrome",
        Engine::Firefox => "Firefox",
        Engine::WebKit => "Safari",
        _ => "another browser",
    }
}
